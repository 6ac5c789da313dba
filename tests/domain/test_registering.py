from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    LI,
    NOON,
    NUMBER,
    WANG,
    ZHAO,
    acting,
    adopted,
    in_office,
    registered,
    standing,
)
from tests.controls.places import EAST, EAST_1, NEW_YEAR, WEST, nodes
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import InvitationMade, InvitationWithdrawn, OrganisationSuspended
from timebank.domain.facts.people import (
    ConsentGiven,
    ProxyAppointed,
    ProxyEnded,
    RegistrationAccepted,
    RegistrationDeclined,
    VolunteerErased,
    VolunteerRegistered,
)
from timebank.domain.facts.places import ResidenceSet
from timebank.domain.identifiers import ActorId, InvitationId, ProxyId, VolunteerId, VolunteerNumber
from timebank.domain.organisations.refusals import InvitationNotGood
from timebank.domain.people.refusals import (
    GuardianNeeded,
    InvitationNeeded,
    IsOfAge,
    RegistrationByOffice,
    RegistrationNotWaiting,
    TooManyWards,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerNotTakenIn,
    VolunteerNumberTaken,
)
from timebank.domain.people.volunteers import SuspendVolunteer, VolunteerSuspended
from timebank.domain.person import Person
from timebank.domain.places.refusals import NodeUnknown, NotWithinYourNode
from timebank.domain.refusals import NotWellFormed, NotYourOwn, OfficeMissing
from timebank.domain.registering import (
    MOST_WARDS,
    OF_AGE,
    AcceptRegistration,
    DeclineRegistration,
    RegisterOneself,
    RegisterWard,
)

OPEN = adopted(registration="open", registration_waits=False)
WAITS = adopted(registration="open")
BY_INVITATION = adopted(registration="invitation")
INVITATION = InvitationId("inv_1")
INVITED = InvitationMade(
    invitation_id=INVITATION, organisation_id=GARDEN, made_by=ActorId(LI), people=1, until_day=NOON.date()
)
TERMS = "2026-11"
GUARDIAN = registered(LI, VolunteerNumber("2"))
CHILD = NOON.year - OF_AGE + 1
ACCEPTED = RegistrationAccepted(volunteer_id=WANG, accepted_by=ADMINISTRATOR.actor)
DECLINED = RegistrationDeclined(volunteer_id=WANG, declined_by=ADMINISTRATOR.actor, reason="不在本社区居住")


def registering(**changes: Any) -> RegisterOneself:
    """Wang, born in 1960, registers himself."""
    said: dict[str, Any] = {
        "by": acting(WANG), "at": NOON, "volunteer_id": WANG, "number": NUMBER, "name": "王五", "birth_year": 1960,
        "agreed_to": TERMS, "phone": "13800001111",
    }  # fmt: skip
    return RegisterOneself(**(said | changes))


def warding(**changes: Any) -> RegisterWard:
    """Li registers Wang, a child of hers."""
    said: dict[str, Any] = {
        "by": acting(LI), "at": NOON, "volunteer_id": WANG, "number": NUMBER, "name": "王小五", "birth_year": CHILD,
        "agreed_to": TERMS, "proxy_id": ProxyId("prx_1"), "guardian_id": LI,
    }  # fmt: skip
    return RegisterWard(**(said | changes))


def known(**changes: Any) -> VolunteerRegistered:
    """Wang registered himself."""
    return VolunteerRegistered(volunteer_id=WANG, number=NUMBER, agreed_to=TERMS, **changes)


def test_who_registers_agreed_to_what_is_kept() -> None:
    """Where the rule book is open to it people register themselves; what they said of themselves is in no fact."""
    registering_with_all = registering(purposes=("be-asked",), node_id=EAST_1)
    given(OPEN, *nodes(EAST_1)).when(registering_with_all).then(
        known(),
        ConsentGiven(volunteer_id=WANG, purpose="be-asked"),
        ResidenceSet(volunteer_id=WANG, node_id=EAST_1, from_day=NOON.date(), tie="lives"),
    )
    assert registering().personal() == Person(
        volunteer_id=WANG, name="王五", phone="13800001111", birth_year=1960, skills=()
    )


def test_the_rule_book_says_how_people_register() -> None:
    """Unless it says so offices register people; some need an invitation; some are taken in by an office."""
    given().when(registering()).then_refused(RegistrationByOffice)
    given(BY_INVITATION).when(registering()).then_refused(InvitationNeeded)
    given(BY_INVITATION, INVITED).when(registering(invitation_id=INVITATION)).then(
        known(invitation_id=INVITATION, is_waiting=True)
    )
    given(WAITS).when(registering()).then(known(is_waiting=True))


@pytest.mark.parametrize(
    "before",
    [
        (),
        (INVITED, InvitationWithdrawn(invitation_id=INVITATION, organisation_id=GARDEN, withdrawn_by=ActorId(LI))),
        (INVITED, VolunteerRegistered(volunteer_id=LI, number=VolunteerNumber("2"), invitation_id=INVITATION)),
        (
            InvitationMade(
                invitation_id=INVITATION,
                organisation_id=GARDEN,
                made_by=ActorId(LI),
                people=1,
                until_day=NOON.date() - timedelta(days=1),
            ),
        ),
        (INVITED, *standing(GARDEN), OrganisationSuspended(organisation_id=GARDEN, reason="核查")),
    ],
    ids=["unknown", "withdrawn", "used up", "over", "suspended"],
)
def test_an_invitation_has_to_be_good(before: tuple[Any, ...]) -> None:
    """One that nobody made, that was taken back, is used up or over, or is of a suspended body, is worth nothing."""
    for rules in (OPEN, BY_INVITATION):
        given(rules, *before).when(registering(invitation_id=INVITATION)).then_refused(InvitationNotGood)


def test_everybody_registers_themselves_once() -> None:
    """Nobody registers somebody else so, or under a number that is taken, or at a place that there is not."""
    given(OPEN).when(registering(by=acting(LI))).then_refused(NotYourOwn)
    given(OPEN, registered(LI, number=NUMBER)).when(registering()).then_refused(VolunteerNumberTaken)
    given(OPEN).when(registering(node_id=EAST_1)).then_refused(NodeUnknown)


def test_minors_are_registered_by_their_guardian() -> None:
    """Whoever is not 18 this year is registered by a guardian, who acts for them until the end of the year before."""
    given(OPEN).when(registering(birth_year=CHILD)).then_refused(GuardianNeeded, age=OF_AGE)
    assert given(OPEN).when(registering(birth_year=CHILD - 1)).fact
    happened: Any = given(OPEN, GUARDIAN).when(warding()).outcome
    assert [type(each) for each in happened] == [VolunteerRegistered, ProxyAppointed]
    proxy = happened[1]
    assert isinstance(proxy, ProxyAppointed)
    assert (proxy.volunteer_id, proxy.proxy_volunteer_id) == (WANG, LI)
    assert proxy.valid_until == date(NOON.year, 12, 31)
    given(OPEN, GUARDIAN).when(warding(birth_year=CHILD - 1)).then_refused(IsOfAge)


def test_nobody_is_registered_before_they_are_born() -> None:
    """A child of a year to come would have a guardian for as long as that."""
    given().when(warding(birth_year=NOON.year + 1)).then_refused(NotWellFormed, field="birth_year")


def test_a_guardian_has_so_many_wards() -> None:
    """Nobody gets what one person can have of everything time and again by registering children who are not there."""
    happened: Any = given(OPEN, GUARDIAN).when(warding()).outcome
    others = [
        msgspec.structs.replace(happened[1], volunteer_id=VolunteerId(f"vol_{n}"), proxy_id=ProxyId(f"prx_{n}"))
        for n in range(MOST_WARDS)
    ]
    given(OPEN, GUARDIAN, *others).when(warding()).then_refused(TooManyWards, most=MOST_WARDS)
    ended, given_up = (
        ProxyEnded(proxy_id=ProxyId("prx_0"), volunteer_id=VolunteerId("vol_0"), proxy_volunteer_id=LI, ended_by=by)
        for by in (ActorId(ZHAO), ActorId(LI))
    )
    given(OPEN, GUARDIAN, *others, given_up).when(warding()).then_refused(TooManyWards, most=MOST_WARDS)
    grown_up = msgspec.structs.replace(others[0], valid_until=NOON.date() - timedelta(days=1))
    given(OPEN, GUARDIAN, *others, ended).when(warding()).then(*happened)
    given(OPEN, GUARDIAN, grown_up, *others[1:]).when(warding()).then(*happened)


def test_a_guardian_has_an_account_of_their_own() -> None:
    """A guardian is an active volunteer who says so themselves; the rule book is the same for their child."""
    given(OPEN, GUARDIAN).when(warding(by=acting(WANG))).then_refused(NotYourOwn)
    suspended = VolunteerSuspended(volunteer_id=LI, reason="代签")
    given(OPEN, GUARDIAN, suspended).when(warding()).then_refused(VolunteerIsSuspended)
    given(GUARDIAN).when(warding()).then_refused(RegistrationByOffice)


def test_an_office_takes_them_in() -> None:
    """Who waits does nothing until an administrator took them in; one who was declined can still be."""
    wait: Book = given(known(is_waiting=True))
    suspending = SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="代签")
    accepting = AcceptRegistration(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG)
    declining = DeclineRegistration(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="不在本社区居住")
    wait.when(suspending).then_refused(VolunteerNotTakenIn)
    wait.when(accepting).then(ACCEPTED)
    wait.when(declining).then(DECLINED)
    declined = given(known(is_waiting=True), DECLINED)
    declined.when(suspending).then_refused(VolunteerNotTakenIn)
    declined.when(declining).then_refused(RegistrationNotWaiting)
    declined.when(accepting).then(ACCEPTED)
    taken_in = given(known(is_waiting=True), ACCEPTED)
    assert taken_in.when(suspending).fact
    for command in (accepting, declining):
        taken_in.when(command).then_refused(RegistrationNotWaiting)
        given(known(is_waiting=True), VolunteerErased(volunteer_id=WANG)).when(command).then_refused(VolunteerIsErased)


def test_who_leads_where_they_live_takes_them_in() -> None:
    """Whoever leads the place of a newcomer, or one above it, takes them in or not; nobody beside it does."""
    lives_there = ResidenceSet(volunteer_id=WANG, node_id=EAST_1, from_day=NEW_YEAR, tie="lives")
    waiting = given(known(is_waiting=True), *nodes(EAST, EAST_1), lives_there)
    leader = Acting(ActorId(LI), "node-leader", node_id=EAST)
    accepting = AcceptRegistration(by=leader, at=NOON, volunteer_id=WANG)
    waiting.when(accepting).then(RegistrationAccepted(volunteer_id=WANG, accepted_by=ActorId(LI)))
    beside = AcceptRegistration(by=Acting(ActorId(LI), "node-leader", node_id=WEST), at=NOON, volunteer_id=WANG)
    waiting.when(beside).then_refused(NotWithinYourNode)
    given(known(is_waiting=True)).when(accepting).then_refused(NotWithinYourNode)


@pytest.mark.parametrize("by", [acting(WANG), acting(LI), in_office("node-leader")])
def test_nobody_else_takes_them_in(by: Any) -> None:
    """Not they themselves, nor anybody who does not administer the bank."""
    for command in (
        AcceptRegistration(by=by, at=NOON, volunteer_id=WANG),
        DeclineRegistration(by=by, at=NOON, volunteer_id=WANG, reason="x"),
    ):
        given(known(is_waiting=True)).when(command).then_refused(OfficeMissing)
