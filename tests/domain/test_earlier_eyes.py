"""Whoever was registered twice is one person since: what they did under the number that went, they did."""

from datetime import date
from typing import Any

import pytest

from tests.controls import (
    CLINIC,
    GARDEN,
    LI,
    NOON,
    NUMBER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    acting,
    confirmed,
    correct_service,
    logged,
    member,
    membership_of,
    proxy,
    registered,
    standing,
)
from tests.controls.commands import fulfil
from tests.controls.credit import reserved
from tests.given import Book
from timebank.domain.acting import Acting
from timebank.domain.credit.refusals import FulfillerIsBeneficiary
from timebank.domain.facts.employments import EmploymentDeclared
from timebank.domain.facts.organisations import MembershipRequested
from timebank.domain.facts.people import RegistrationsMerged
from timebank.domain.facts.teams import CaptainNamed, TeamFounded, TeamMemberAsked, TeamMemberJoined, TeamProposed
from timebank.domain.identifiers import ActorId, EmploymentId, MergeId, TeamId, VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.domain.organisations.employments import EndEmployment, NoteLeave
from timebank.domain.organisations.memberships import AddMember, ApproveMembership, ChangeRole
from timebank.domain.organisations.refusals import EmployeeIsDeclarer, KeyOfTheirOwn
from timebank.domain.organisations.teams import AcceptTeam, AskTeamMember, NameCaptain
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import RecorderIsBeneficiary
from timebank.domain.service.reviews import ConfirmService

GONE = VolunteerId("vol_gone")
TODAY = NOON.date()
PEOPLE = (*standing(), registered(), registered(GONE))
WORKS = EmploymentDeclared(
    employment_id=EmploymentId("emp_1"),
    volunteer_id=GONE,
    organisation_id=GARDEN,
    kind="contract",
    hours=(),
    from_day=date(2026, 1, 1),
)
EMPLOYMENT: dict[str, Any] = {"employment_id": WORKS.employment_id, "organisation_id": GARDEN}
TEAM: dict[str, Any] = {"team_id": TeamId("team_1"), "organisation_id": GARDEN}
GUIDED = TeamFounded(**TEAM, name="合唱队", founded_by=ActorId(ZHAO), from_day=TODAY, is_guided=True)


def merged(merged_id: VolunteerId = GONE, kept_id: VolunteerId = WANG, **more: Any) -> RegistrationsMerged:
    """Two registrations became one."""
    return RegistrationsMerged(
        merge_id=MergeId(f"mrg_{merged_id}"), kept_id=kept_id, merged_id=merged_id, kept_number=NUMBER,
        approved_by=ActorId(ZHAO), **more,
    )  # fmt: skip


MERGED = merged()


def must_be_refused(command: Command, refusal: type[Refusal], *facts: Fact) -> None:
    """After these facts a command is refused."""
    with pytest.raises(refusal):
        Book(*facts).do(command)


@pytest.mark.parametrize(
    "eyes",
    [
        {"recorder_id": ActorId(GONE)},
        {"recorder_id": ActorId(GARDEN), "key_issued_by": ActorId(GONE)},
        {"recorder_id": ActorId(GARDEN), "entered_by": (ActorId(GONE),)},
    ],
    ids=["recorder", "key", "who entered it at the activity"],
)
def test_what_they_logged_for_themselves_is_not_confirmed(eyes: dict[str, Any]) -> None:
    """Whoever recorded it turns out to be whoever served: nobody else has seen it, so it waits until it is rejected."""
    confirm = ConfirmService(by=acting(ZHAO), at=NOON, record_id=RECORD)
    waits = *PEOPLE, *member(ZHAO, "verifier"), logged(**eyes)
    assert Book(*waits).do(confirm).credited_minutes == 120
    must_be_refused(confirm, RecorderIsBeneficiary, *waits, MERGED)
    longer = merged(GONE, LI), merged(LI, WANG, earlier_ids=(GONE,))
    must_be_refused(confirm, RecorderIsBeneficiary, *waits, registered(LI), *longer)


def test_nor_is_it_raised() -> None:
    """Of what was confirmed before they were known to be one person nothing is made more afterwards; less, it is."""
    half = confirmed(minutes=60, minutes_by_day={THURSDAY: 60}, credited_minutes=60)
    found = *PEOPLE, *member(ZHAO, "verifier"), logged(recorder_id=ActorId(GONE)), half
    more = correct_service(by=acting(ZHAO), minutes=90)
    assert Book(*found).do(more).credited_minutes == 90
    must_be_refused(more, RecorderIsBeneficiary, *found, MERGED)
    assert Book(*found, MERGED).do(correct_service(by=acting(ZHAO), minutes=30)).credited_minutes == 30


def test_whoever_recorded_it_spends_it_under_none_of_their_numbers() -> None:
    """What somebody logged is neither confirmed nor raised while they may spend it by the number they have now."""
    waits = *PEOPLE, *member(ZHAO, "verifier"), logged(recorder_id=ActorId(GONE))
    half = confirmed(minutes=60, minutes_by_day={THURSDAY: 60}, credited_minutes=60)
    confirm = ConfirmService(by=acting(ZHAO), at=NOON, record_id=RECORD)
    raise_it = correct_service(by=acting(ZHAO), minutes=90)
    last = VolunteerId("vol_last")
    for chain in ([merged(GONE, LI)], [merged(GONE, last), merged(last, LI, earlier_ids=(GONE,))]):
        known = *waits, registered(LI), registered(last), *chain
        assert Book(*known).do(confirm).credited_minutes == 120
        spends = proxy(proxy_volunteer_id=LI, scopes=("view", "give"))
        must_be_refused(confirm, RecorderIsBeneficiary, *known, spends)
        must_be_refused(raise_it, RecorderIsBeneficiary, *known, half, spends)


def test_nobody_accepts_a_code_of_whom_they_spend_for() -> None:
    """Nor one that is for a number that went, and whose other number went as well."""
    last = VolunteerId("vol_last")
    code = reserved(volunteer_id=LI, beneficiary_id=GONE)
    waits = *standing(CLINIC), *PEOPLE[-2:], registered(LI), *member(ZHAO, "merchant", CLINIC), code
    chain = merged(), merged(WANG, last, earlier_ids=(GONE,))
    assert Book(*waits, registered(last), *chain).do(fulfil(acting(ZHAO))).beneficiary_id == GONE
    spends = proxy(volunteer_id=last, proxy_volunteer_id=ZHAO, scopes=("view", "redeem"))
    must_be_refused(fulfil(acting(ZHAO)), FulfillerIsBeneficiary, *waits, registered(last), *chain, spends)


@pytest.mark.parametrize(
    "command",
    [
        NoteLeave(
            by=acting(LI), at=NOON, volunteer_id=GONE, first_day=TODAY, last_day=TODAY, **EMPLOYMENT
        ),
        EndEmployment(by=acting(LI), at=NOON, volunteer_id=GONE, until_day=TODAY, **EMPLOYMENT),
    ],
)  # fmt: skip
def test_nobody_keeps_the_register_about_whom_they_spend_for(command: Command) -> None:
    """Nor under the number that went: what is no duty any more is credited to the account they spend."""
    works = *PEOPLE, *member(LI, "coordinator"), WORKS, MERGED
    assert Book(*works).do(command).employment_id == WORKS.employment_id
    spends = proxy(proxy_volunteer_id=LI, scopes=("view", "give"))
    must_be_refused(command, EmployeeIsDeclarer, *works, spends)
    chain = merged(WANG, ZHAO, earlier_ids=(GONE,)), proxy(volunteer_id=ZHAO, proxy_volunteer_id=LI, scopes=("give",))
    must_be_refused(command, EmployeeIsDeclarer, *works, registered(ZHAO), *chain)


KEY = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(GONE))
OWN = {"at": NOON, "organisation_id": GARDEN, "volunteer_id": WANG}
REQUESTED = MembershipRequested(**membership_of(WANG), role="verifier")
ASKED = TeamMemberAsked(**TEAM, volunteer_id=WANG, is_invited=False)
PROPOSED = TeamProposed(**TEAM, volunteer_id=WANG, name="合唱队")


@pytest.mark.parametrize(
    ("before", "decide"),
    [
        ((), lambda by: AddMember(by=by, membership_id=membership_of(WANG)["membership_id"], role="verifier", **OWN)),
        ((REQUESTED,), lambda by: ApproveMembership(by=by, **OWN)),
        (member(WANG, "member")[1:], lambda by: ChangeRole(by=by, role="coordinator", **OWN)),
        ((GUIDED,), lambda by: AskTeamMember(by=by, **OWN, team_id=TEAM["team_id"])),
        (
            (GUIDED, TeamMemberJoined(**TEAM, volunteer_id=WANG)),
            lambda by: NameCaptain(by=by, from_day=TODAY, **OWN, team_id=TEAM["team_id"]),
        ),
        ((PROPOSED,), lambda by: AcceptTeam(by=by, at=NOON, **TEAM)),
    ],
    ids=["invites", "lets in", "gives a role", "invites to a team", "names captain", "takes a team in"],
)
def test_no_key_decides_about_whoever_issued_it(before: Any, decide: Any) -> None:
    """A key that somebody issued under the number that went gives them no role under the one that stays."""
    kept = *PEOPLE, *before
    must_be_refused(decide(KEY), KeyOfTheirOwn, *kept, MERGED)
    anothers = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(ZHAO))
    assert Book(*kept, MERGED).do(decide(anothers))


def test_a_captain_is_not_meant() -> None:
    """Whom a key's issuer is not is decided about as before."""
    name = NameCaptain(by=KEY, from_day=TODAY, **OWN, team_id=TEAM["team_id"])
    named = Book(*PEOPLE, GUIDED, TeamMemberJoined(**TEAM, volunteer_id=WANG)).do(name)
    assert named == CaptainNamed(**TEAM, volunteer_id=WANG, from_day=TODAY)
