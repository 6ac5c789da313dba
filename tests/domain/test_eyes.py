"""Whoever records, whoever verifies and whoever benefits are three persons, through whatever key or proxy they act."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    LI,
    LIN,
    NOON,
    NUMBER,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    acting,
    confirmed,
    correct_service,
    enter,
    log_service,
    logged,
    member,
    proxy,
    registered,
    standing,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import MembershipApproved, MembershipRequested
from timebank.domain.facts.people import ProxyEnded, RegistrationsMerged
from timebank.domain.identifiers import ActorId, MergeId, VolunteerId
from timebank.domain.organisations.memberships import ChangeRole
from timebank.domain.organisations.refusals import KeyOfTheirOwn
from timebank.domain.service.refusals import RecorderIsBeneficiary, RecorderIsVerifier, VerifierIsBeneficiary
from timebank.domain.service.reviews import ConfirmService, RejectService

PEOPLE = (*standing(), registered())
LI_COORDINATES, ZHAO_COORDINATES = member(LI, "coordinator"), member(ZHAO, "coordinator")


def program(issued_by: Any) -> Acting:
    """The garden's own program, with a key that somebody issued."""
    return Acting(ActorId(GARDEN), "organisation", key_issued_by=issued_by)


def confirm(by: Acting) -> ConfirmService:
    """A record is found to be right."""
    return ConfirmService(by=by, at=NOON, record_id=RECORD)


class TestAKeyAndItsIssuer:
    """A key and whoever issued it look with one pair of eyes."""

    def test_the_fact_says_who_issued_the_key(self) -> None:
        """That a program recorded is not all there is to know: somebody made its key."""
        given(*PEOPLE).when(log_service(by=program(LI))).then(logged(key_issued_by=LI))

    def test_the_issuer_does_not_confirm_what_the_key_logged(self) -> None:
        """One coordinator alone does not mint hours by logging with a key of their own making."""
        book = Book(*PEOPLE, *LI_COORDINATES, *ZHAO_COORDINATES)
        book.do(log_service(by=program(LI)))
        with pytest.raises(RecorderIsVerifier):
            book.do(confirm(acting(LI)))
        assert book.do(confirm(acting(ZHAO))).credited_minutes == 120

    def test_the_key_does_not_confirm_what_its_issuer_logged(self) -> None:
        """The other way round it is the same person, too."""
        book = Book(*PEOPLE, *LI_COORDINATES)
        book.do(log_service(by=acting(LI)))
        with pytest.raises(RecorderIsVerifier):
            book.do(confirm(program(LI)))

    def test_another_key_of_the_same_issuer_does_not_confirm(self) -> None:
        """Two keys that one person issued are that person twice."""
        book = Book(*PEOPLE)
        book.do(log_service(by=program(LI)))
        with pytest.raises(RecorderIsVerifier):
            book.do(confirm(program(LI)))

    def test_the_key_decides_nothing_about_its_issuer(self) -> None:
        """Who lost a role does not take it back with a key that they made while they had it."""
        was_coordinator = [
            each for each in member(LI, "member") if isinstance(each, MembershipRequested | MembershipApproved)
        ]
        command = ChangeRole(by=program(LI), at=NOON, organisation_id=GARDEN, volunteer_id=LI, role="coordinator")
        given(*was_coordinator).when(command).then_refused(KeyOfTheirOwn)
        by_another = msgspec.structs.replace(command, by=program(ZHAO))
        assert given(*was_coordinator).when(by_another).fact.role == "coordinator"

    def test_nobody_signs_a_list_that_their_own_key_sends(self) -> None:
        """Logged with a key and signed by its issuer: two names, one person."""
        command = enter(log_service(by=program(LI), record_id=OTHER), signer=acting(LI))
        given(*PEOPLE, *LI_COORDINATES).when(command).then_refused(RecorderIsVerifier)

    def test_nobody_logs_their_own_service_with_their_key(self) -> None:
        """Whoever issued the key does not benefit from what it logs."""
        decided = given(*PEOPLE).when(log_service(by=program(WANG)))
        decided.then_refused(RecorderIsBeneficiary)

    @pytest.mark.parametrize("review", [ConfirmService, RejectService])
    def test_nobody_reviews_their_own_service_with_their_key(self, review: type[Any]) -> None:
        """Nor from what it confirms, or rejects."""
        reason = {"reason": "不对"} if review is RejectService else {}
        command = review(by=program(WANG), at=NOON, record_id=RECORD, **reason)
        given(*standing(), logged(recorder_id=ActorId(ZHAO))).when(command).then_refused(VerifierIsBeneficiary)


class TestAProxyAndWhomTheyActFor:
    """Who spends what somebody has, as a guardian does, benefits from what is credited to them."""

    SPENDS = proxy(proxy_volunteer_id=LI, scopes=("view", "give"))
    DOES_NOT = (
        (proxy(proxy_volunteer_id=LI, scopes=("view", "personal-data")),),
        (
            SPENDS,
            ProxyEnded(proxy_id=SPENDS.proxy_id, volunteer_id=WANG, proxy_volunteer_id=LI, ended_by=ActorId(WANG)),
        ),
        (proxy(proxy_volunteer_id=LI, scopes=("view", "give"), valid_until=NOON.date() - timedelta(days=1)),),
    )

    @pytest.mark.parametrize(("by", "right"), [(acting(LI), LI_COORDINATES), (program(LI), ())])
    def test_logs_no_service_of_theirs(self, by: Acting, right: Any) -> None:
        """In whatever role, or by a key: what they log they could spend."""
        command = log_service(by=by)
        given(*PEOPLE, *right, self.SPENDS).when(command).then_refused(RecorderIsBeneficiary)
        for other in self.DOES_NOT:
            assert given(*PEOPLE, *right, *other).when(command).fact.volunteer_id == WANG

    @pytest.mark.parametrize(("by", "right"), [(acting(LI), LI_COORDINATES), (program(LI), ())])
    def test_confirms_none_of_it(self, by: Acting, right: Any) -> None:
        """Nor what somebody else has logged."""
        waits = *standing(), logged(recorder_id=ActorId(ZHAO)), *right
        given(*waits, self.SPENDS).when(confirm(by)).then_refused(VerifierIsBeneficiary)
        for other in self.DOES_NOT:
            assert given(*waits, *other).when(confirm(by)).fact.credited_minutes == 120

    @pytest.mark.parametrize("recorder", [{"recorder_id": ActorId(LI)}, {"key_issued_by": ActorId(LI)}])
    def test_whoever_recorded_it_does_not_become_one_while_it_waits(self, recorder: Any) -> None:
        """What somebody logged, themselves or by their key, is not confirmed while they may spend what it comes to."""
        waits = *standing(), logged(**recorder)
        given(*waits, self.SPENDS).when(confirm(ADMINISTRATOR)).then_refused(RecorderIsBeneficiary)
        for other in self.DOES_NOT:
            assert given(*waits, *other).when(confirm(ADMINISTRATOR)).fact.credited_minutes == 120

    def test_nor_before_a_list_is_signed_or_it_is_raised(self) -> None:
        """What waits is not confirmed by a list that has it again either; and what was confirmed is made no more."""
        waits = *PEOPLE, *LI_COORDINATES, logged(recorder_id=ActorId(LIN))
        spends = proxy(proxy_volunteer_id=LIN, scopes=("view", "give"))
        signed = enter(log_service(record_id=OTHER), signer=acting(LI))
        given(*waits, spends).when(signed).then_refused(RecorderIsBeneficiary)
        assert given(*waits).when(signed).fact.record_id == RECORD
        half: dict[str, Any] = {"minutes": 60, "minutes_by_day": {THURSDAY: 60}, "credited_minutes": 60}
        was = *waits, confirmed(**half)
        given(*was, spends).when(correct_service(by=acting(LI), minutes=120)).then_refused(RecorderIsBeneficiary)
        assert given(*was, spends).when(correct_service(by=acting(LI), minutes=30)).fact.credited_minutes == 30

    def test_signs_no_list_with_it(self) -> None:
        """Nor is it signed by them when a list is entered."""
        command = enter(log_service(record_id=OTHER), signer=acting(LI))
        given(*PEOPLE, *LI_COORDINATES, self.SPENDS).when(command).then_refused(VerifierIsBeneficiary)

    def test_corrects_none_of_it_under_an_earlier_number(self) -> None:
        """Nor what was served under a number that was merged: its credit is on the account they spend."""
        earlier = VolunteerId("vol_earlier")
        half: dict[str, Any] = {"minutes": 60, "minutes_by_day": {THURSDAY: 60}, "credited_minutes": 60}
        one = RegistrationsMerged(
            merge_id=MergeId("mrg_1"), kept_id=WANG, merged_id=earlier, kept_number=NUMBER, approved_by=ActorId(ZHAO)
        )
        served = (
            *standing(),
            logged(volunteer_id=earlier, recorder_id=ActorId(ZHAO)),
            confirmed(volunteer_id=earlier, **half),
            one,
        )
        correct = correct_service(by=program(LI), minutes=120)
        given(*served, self.SPENDS).when(correct).then_refused(VerifierIsBeneficiary)
        assert given(*served).when(correct).fact.credited_minutes == 120
