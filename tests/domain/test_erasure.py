from datetime import date, timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    WANG,
    ZHAO,
    acting,
    appointed,
    in_office,
    log_service,
    membership_of,
    on_behalf,
    proxy,
    registered,
    standing,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import (
    AppointmentEnded,
    AppointmentMade,
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
)
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    ProxyAppointed,
    ProxyEnded,
    VolunteerErased,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, AppointmentId, ProxyId
from timebank.domain.kernel import Command, Fact
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.organisations.offices import EndAppointment
from timebank.domain.organisations.refusals import LastAdministrator
from timebank.domain.people.refusals import VolunteerIsErased, VolunteerUnknown
from timebank.domain.people.volunteers import ChangePersonalData, SuspendVolunteer
from timebank.domain.refusals import NotYourOwn

IN_GARDEN = membership_of(WANG)
IN_CLINIC = membership_of(WANG, CLINIC)
ERASED = VolunteerErased(volunteer_id=WANG)
GIVEN = ConsentGiven(volunteer_id=WANG, purpose="leaderboard")
WITHDRAWN = ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard")
LEADS = appointed("node-leader", WANG, organisation_id=GARDEN)
DEPUTY = appointed(
    "node-leader", LI, organisation_id=GARDEN, appointed_by=ActorId(WANG), delegated_from=LEADS.appointment_id
)


def erase(by: Acting | None = None) -> EraseVolunteer:
    """Wang wants to be forgotten."""
    return EraseVolunteer(by=by or acting(WANG), at=NOON, volunteer_id=WANG)


def laid_down(appointment: AppointmentMade, by: Acting) -> AppointmentEnded:
    """The appointment is over."""
    return AppointmentEnded(
        appointment_id=appointment.appointment_id,
        volunteer_id=appointment.volunteer_id,
        ended_by=by.actor,
        delegated_from=appointment.delegated_from,
    )


def proxy_ended(appointment: ProxyAppointed, by: Acting) -> ProxyEnded:
    """They act for one another no more."""
    return ProxyEnded(
        proxy_id=appointment.proxy_id,
        volunteer_id=appointment.volunteer_id,
        proxy_volunteer_id=appointment.proxy_volunteer_id,
        ended_by=by.actor,
    )


class TestEraseVolunteer:
    """Forgetting a person."""

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR, in_office("administrator")])
    def test_erased_at_their_wish_or_by_an_administrator(self, by: Acting) -> None:
        """Volunteers have themselves erased, and administrators erase them."""
        given(registered()).when(erase(by)).then(ERASED)

    def test_possible_while_suspended(self) -> None:
        """A suspension takes nobody's right to be forgotten."""
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="代签")
        given(registered(), suspended).when(erase()).then(ERASED)

    def test_withdraws_consents(self) -> None:
        """What was consented to is not any more; what was withdrawn before is not withdrawn again."""
        given(registered(), GIVEN).when(erase()).then(WITHDRAWN, ERASED)
        given(registered(), GIVEN, WITHDRAWN).when(erase()).then(ERASED)

    @pytest.mark.parametrize("asked", [MembershipRequested, MembershipInvited])
    def test_closes_memberships(self, asked: type[Any]) -> None:
        """Memberships end, and what was only asked for is declined."""
        in_garden, in_clinic = asked(**IN_GARDEN, role="recorder"), asked(**IN_CLINIC, role="member")
        decided = given(registered(), in_garden, in_clinic, MembershipApproved(**IN_GARDEN)).when(erase())
        decided.then(MembershipEnded(**IN_GARDEN), MembershipDeclined(**IN_CLINIC), ERASED)

    def test_leaves_closed_memberships_alone(self) -> None:
        """What is over does not end again."""
        left = (
            MembershipRequested(**IN_GARDEN, role="recorder"),
            MembershipApproved(**IN_GARDEN),
            MembershipEnded(**IN_GARDEN),
        )
        declined = (MembershipInvited(**IN_CLINIC, role="member"), MembershipDeclined(**IN_CLINIC))
        given(registered(), *left, *declined).when(erase()).then(ERASED)

    def test_ends_appointments_and_what_was_passed_on(self) -> None:
        """Offices end, and with them those of deputies."""
        audits = appointed("auditor", WANG)
        decided = given(registered(), LEADS, audits, DEPUTY).when(erase())
        decided.then(*(laid_down(each, acting(WANG)) for each in (audits, LEADS, DEPUTY)), ERASED)

    @pytest.mark.parametrize("by", [acting(LI), acting(WANG), ADMINISTRATOR])
    def test_leaves_deputies_that_ended_alone(self, by: Acting) -> None:
        """Whoever ended a deputy's appointment, it does not end again when whoever passed it on is erased."""
        book = Book(registered(), LEADS, DEPUTY)
        book.do(EndAppointment(by=by, at=NOON, appointment_id=DEPUTY.appointment_id))
        given(*book.facts).when(erase()).then(laid_down(LEADS, acting(WANG)), ERASED)

    def test_leaves_what_a_deputy_stood_in_for_alone(self) -> None:
        """When a deputy is erased, the office they stood in for, and its other deputies, stay."""
        by = acting(LI)
        erase_deputy = EraseVolunteer(by=by, at=NOON, volunteer_id=LI)
        other = appointed(
            "node-leader",
            ZHAO,
            organisation_id=GARDEN,
            appointed_by=ActorId(WANG),
            delegated_from=LEADS.appointment_id,
        )
        book = Book(registered(LI), LEADS, DEPUTY, other)
        book.do(erase_deputy)
        assert book.facts[4:] == [laid_down(DEPUTY, by), VolunteerErased(volunteer_id=LI)]

    def test_leaves_appointments_that_ended_alone(self) -> None:
        """An office that was laid down is not laid down again."""
        audited = appointed("auditor", WANG)
        given(registered(), audited, laid_down(audited, acting(WANG))).when(erase()).then(ERASED)

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR])
    def test_ends_proxies_on_either_side(self, by: Acting) -> None:
        """Nobody acts any more for who was erased, and they act for nobody; it was whoever erased them who ended it."""
        theirs = proxy()
        for_another = proxy(proxy_id=ProxyId("prx_2"), volunteer_id=LI, proxy_volunteer_id=WANG)
        decided = given(registered(), theirs, for_another).when(erase(by))
        decided.then(proxy_ended(theirs, by), proxy_ended(for_another, by), ERASED)

    def test_leaves_proxies_that_ended_alone(self) -> None:
        """Who is proxy no more does not cease to be one again."""
        given(registered(), proxy(), proxy_ended(proxy(), acting(WANG))).when(erase()).then(ERASED)

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR])
    def test_refused_for_the_last_administrator(self, by: Acting) -> None:
        """The last administrator goes when there is another one."""
        theirs, another = appointed("administrator", WANG), appointed()
        for_now = appointed(valid_until=NOON.date() + timedelta(days=1))
        given(registered(), theirs).when(erase(by)).then_refused(LastAdministrator)
        given(registered(), theirs, for_now).when(erase(by)).then_refused(LastAdministrator)
        given(registered(), theirs, another).when(erase(by)).then(laid_down(theirs, by), ERASED)

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR])
    @pytest.mark.parametrize("until", [None, NOON.date()])
    def test_refused_for_the_last_administrator_who_is_it_twice(self, by: Acting, until: date | None) -> None:
        """Another appointment of the same person is nobody else: all of them go at once."""
        once = appointed("administrator", WANG, appointment_id=AppointmentId("app_1"), valid_until=until)
        again = appointed("administrator", WANG, appointment_id=AppointmentId("app_2"))
        for both in ((once, again), (again, once)):
            given(registered(), *both).when(erase(by)).then_refused(LastAdministrator)
            decided = given(registered(), *both, appointed()).when(erase(by))
            decided.then(laid_down(once, by), laid_down(again, by), ERASED)

    def test_possible_for_who_is_no_administrator(self) -> None:
        """Who is none, or not any more, is not the last one."""
        theirs = appointed("administrator", WANG)
        audits = appointed("auditor", WANG)
        by = acting(WANG)
        given(registered(), appointed(), theirs, laid_down(theirs, by), audits).when(erase()).then(
            laid_down(audits, by), ERASED
        )

    def test_refused_for_nobody(self) -> None:
        """Who is not registered cannot be erased."""
        given().when(erase()).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_when_erased_already(self) -> None:
        """Nobody is erased twice."""
        given(registered(), ERASED).when(erase()).then_refused(VolunteerIsErased, volunteer_id=WANG)

    @pytest.mark.parametrize(
        "by",
        [
            acting(LI),
            on_behalf(WANG, ZHAO),
            GARDENERS_PROGRAM,
            in_office("auditor"),
            in_office("auditor", WANG),
            in_office("node-leader"),
        ],
    )
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody has another erased, not even as their proxy, and in office one has no matters of one's own."""
        given(registered()).when(erase(by)).then_refused(NotYourOwn)

    @pytest.mark.parametrize(
        "command",
        [
            erase(ADMINISTRATOR),
            ChangePersonalData(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, name="王桂芳"),
            SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="代签"),
            log_service(),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_cannot_be_undone(self, command: Command) -> None:
        """To an account whose bearer was erased nothing happens any more."""
        history: tuple[Fact, ...] = (*standing(), registered(), GIVEN, MembershipRequested(**IN_GARDEN, role="member"))
        book = Book(*history, appointed("auditor", WANG, appointment_id=AppointmentId("app_1")), proxy())
        assert book.do(erase()) == ERASED
        with pytest.raises(VolunteerIsErased):
            book.do(command)
