from datetime import date
from typing import Any

from tests.controls import (
    GARDEN,
    LI,
    NOON,
    RECORD,
    WANG,
    ZHAO,
    acting,
    adopted,
    logged,
    member,
    registered,
    span,
    standing,
)
from tests.domain.people.test_merges import merged
from tests.given import given
from timebank.domain.credit.refusals import CategoryNotListed
from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.domain.facts.teams import TeamDissolved, TeamFounded
from timebank.domain.identifiers import ActorId, ProposalId, TeamId, VolunteerNumber
from timebank.domain.organisations.refusals import OrganisationNotApproved, RoleMissing, TeamNotActive, TeamUnknown
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.refusals import NotYourOwn
from timebank.domain.service.proposals import DeclineProposal, ProposeService, TakeUpProposal, WithdrawProposal
from timebank.domain.service.refusals import (
    DuplicateRecord,
    ProposalNotOpen,
    ProposalUnknown,
    RecorderIsBeneficiary,
    ServiceInTheFuture,
    WitnessIsBeneficiary,
)

PROPOSAL = ProposalId("pro_1")
IDS: dict[str, Any] = {"proposal_id": PROPOSAL, "volunteer_id": WANG, "organisation_id": GARDEN}
SAID: dict[str, Any] = IDS | {"activity": "公共设施擦洗", "category": "公益慈善", **span()}
PEOPLE = (*standing(), registered())


def proposing(by: Any = None, **changes: Any) -> ProposeService:
    """Wang says that they served in the garden yesterday morning."""
    return ProposeService(by=by or acting(WANG), at=NOON, **(SAID | changes))


def proposed(**changes: Any) -> ServiceProposed:
    """Wang said so."""
    return ServiceProposed(**(SAID | {"proposed_by": ActorId(WANG), "minutes": 120} | changes))


def deciding(kind: Any, by: Any = None, **said: Any) -> Any:
    """Li decides on it."""
    said = {"record_id": RECORD} | said if kind is TakeUpProposal else said
    return kind(by=by or acting(LI), at=NOON, proposal_id=PROPOSAL, **said)


def test_somebody_says_what_they_did() -> None:
    """Nothing is credited by it, and no record is made."""
    given(*PEOPLE).when(proposing()).then(proposed())
    seen = proposing(witness_id=ActorId(ZHAO), minutes=60)
    given(*PEOPLE, registered(ZHAO)).when(seen).then(proposed(witness_id=ActorId(ZHAO), minutes=60))


def test_only_what_can_be() -> None:
    """It is over, in a category there is, for a body that may log, not logged already, and about oneself."""
    given(*PEOPLE).when(proposing(acting(LI))).then_refused(NotYourOwn)
    given(*PEOPLE[:1], registered()).when(proposing()).then_refused(OrganisationNotApproved)
    given(*PEOPLE).when(proposing(**span(2, days_ago=0, hour=11))).then_refused(ServiceInTheFuture)
    lists = adopted(categories=("治安巡逻",))
    given(*PEOPLE, lists).when(proposing()).then_refused(CategoryNotListed, nearest="治安巡逻")
    given(*PEOPLE, logged()).when(proposing()).then_refused(DuplicateRecord, record_id=RECORD)


def test_who_saw_it_is_somebody_else() -> None:
    """The witness is a volunteer, and not whoever says so."""
    given(*PEOPLE).when(proposing(witness_id=ActorId(WANG))).then_refused(WitnessIsBeneficiary)
    given(*PEOPLE).when(proposing(witness_id=ActorId(ZHAO))).then_refused(VolunteerUnknown, volunteer_id=ZHAO)


def test_who_saw_it_is_nobody_under_another_number() -> None:
    """Whoever was registered twice is one person, and no witness of what they did themselves."""
    earlier = registered(LI, VolunteerNumber("223456789014"))
    seen = proposing(witness_id=ActorId(LI))
    given(*PEOPLE, earlier).when(seen).then(proposed(witness_id=ActorId(LI)))
    given(*PEOPLE, earlier, merged()).when(seen).then_refused(WitnessIsBeneficiary)


def test_the_organisation_takes_it_up() -> None:
    """It becomes a record that the organisation has logged, and that waits to be confirmed; once."""
    recorder = member(LI, "recorder")
    taken = ProposalTakenUp(**IDS, record_id=RECORD, taken_up_by=ActorId(LI))
    what = *PEOPLE, *recorder, proposed()
    given(*what).when(deciding(TakeUpProposal)).then(logged(recorder_id=ActorId(LI)), taken)
    given(*what, taken).when(deciding(TakeUpProposal)).then_refused(ProposalNotOpen, status="taken up")


def test_it_may_be_in_the_name_of_a_team() -> None:
    """Of a team that the organisation had on that day, and the record that comes of it is of that team too."""
    team_id = TeamId("tea_1")
    founded = TeamFounded(
        team_id=team_id, organisation_id=GARDEN, name="巡逻队", founded_by=ActorId(LI), from_day=date(2026, 1, 1)
    )
    given(*PEOPLE, founded).when(proposing(team_id=team_id)).then(proposed(team_id=team_id))
    given(*PEOPLE).when(proposing(team_id=team_id)).then_refused(TeamUnknown)
    gone = TeamDissolved(team_id=team_id, organisation_id=GARDEN, on_day=date(2026, 1, 2), reason="人太少")
    given(*PEOPLE, founded, gone).when(proposing(team_id=team_id)).then_refused(TeamNotActive)
    taken = ProposalTakenUp(**IDS, record_id=RECORD, taken_up_by=ActorId(LI))
    what = *PEOPLE, *member(LI, "recorder"), founded, proposed(team_id=team_id)
    given(*what).when(deciding(TakeUpProposal)).then(logged(recorder_id=ActorId(LI), team_id=team_id), taken)


def test_the_organisation_declines_it() -> None:
    """It is declined with a reason."""
    what = *standing(), *member(LI, "recorder"), proposed()
    declined = ProposalDeclined(**IDS, declined_by=ActorId(LI), reason="没有人见到")
    given(*what).when(deciding(DeclineProposal, reason="没有人见到")).then(declined)
    given(*what, declined).when(deciding(DeclineProposal, reason="x")).then_refused(ProposalNotOpen)


def test_nobody_takes_up_their_own() -> None:
    """A recorder does not take up what they have proposed themselves; and who has no role finds nothing."""
    own = deciding(TakeUpProposal, acting(WANG))
    given(*standing(), *member(WANG, "recorder"), proposed()).when(own).then_refused(RecorderIsBeneficiary)
    given(*PEOPLE, *member(LI, "member"), proposed()).when(deciding(TakeUpProposal)).then_refused(RoleMissing)
    given(*PEOPLE, registered(LI), proposed()).when(deciding(TakeUpProposal)).then_refused(ProposalUnknown)


def test_it_is_taken_back() -> None:
    """Whoever proposed it takes it back as long as it waits, and nobody else does."""
    back = WithdrawProposal(by=acting(WANG), at=NOON, proposal_id=PROPOSAL)
    gone = ProposalWithdrawn(**IDS)
    given(proposed()).when(back).then(gone)
    given(proposed(), gone).when(back).then_refused(ProposalNotOpen)
    given(proposed()).when(WithdrawProposal(by=acting(LI), at=NOON, proposal_id=PROPOSAL)).then_refused(ProposalUnknown)
