"""Whoever records, whoever verifies and whoever benefits are three persons, through whatever key or proxy they act."""

from typing import Any

import msgspec
import pytest

from tests.controls import (
    GARDEN,
    LI,
    NOON,
    OTHER,
    RECORD,
    WANG,
    ZHAO,
    acting,
    enter,
    log_service,
    logged,
    member,
    registered,
    standing,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import MembershipApproved, MembershipRequested
from timebank.domain.identifiers import ActorId
from timebank.domain.organisations.memberships import ChangeRole
from timebank.domain.organisations.refusals import KeyOfTheirOwn
from timebank.domain.service.records import ConfirmService, RejectService
from timebank.domain.service.refusals import RecorderIsBeneficiary, RecorderIsVerifier, VerifierIsBeneficiary

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
