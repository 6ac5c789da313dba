from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    acting,
    at,
    confirm_service,
    confirmed,
    correct_service,
    enter,
    log_service,
    logged,
    member,
    membership_of,
    registered,
    standing,
)
from tests.controls.activities import came, left, plan, published, signed_up
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.activities.activities import PlanActivity
from timebank.domain.activities.closing import CloseActivity
from timebank.domain.facts.organisations import MembershipEnded, OrganisationSuspended
from timebank.domain.facts.people import VolunteerLeft, VolunteerSuspended
from timebank.domain.facts.service import ServiceLogged, team_after
from timebank.domain.facts.teams import (
    CaptainNamed,
    ShiftEnded,
    ShiftSet,
    TeamDeclined,
    TeamDissolved,
    TeamFounded,
    TeamMemberAsked,
    TeamMemberJoined,
    TeamMemberLeft,
    TeamProposed,
    TeamRenamed,
)
from timebank.domain.identifiers import ActivityId, ActorId, RecordId, ShiftId, TeamId
from timebank.domain.kernel import Fact
from timebank.domain.leaving import LeaveBank
from timebank.domain.organisations.memberships import EndMembership
from timebank.domain.organisations.refusals import (
    InTeamAlready,
    InvitedInVain,
    KeyOfTheirOwn,
    NotAsked,
    NotInTeam,
    OrganisationNotApproved,
    OrganisationUnknown,
    RoleMissing,
    ShiftsOverlap,
    ShiftUnknown,
    TeamNotActive,
    TeamTakesMembers,
    TeamUnknown,
    TooManyShifts,
)
from timebank.domain.organisations.rotas import MOST_SHIFTS, EndShift, SetShift, _is_over, _meet, is_on
from timebank.domain.organisations.teams import (
    AcceptTeam,
    ApproveTeamMember,
    AskTeamMember,
    DeclineTeam,
    DissolveTeam,
    EndTeamMember,
    FoundTeam,
    NameCaptain,
    ProposeTeam,
    RenameTeam,
)
from timebank.domain.people.refusals import VolunteerIsSuspended
from timebank.domain.refusals import NothingChanges, TermEndsBeforeItStarts, YouAreSuspended
from timebank.domain.service.amending import AmendService
from timebank.domain.service.records import NO_TEAM
from timebank.domain.service.refusals import DuplicateRecord, RecordDiffers

PATROL, CHOIR, SHIFT = TeamId("tea_patrol"), TeamId("tea_choir"), ShiftId("shf_1")
IDS: dict[str, Any] = {"team_id": PATROL, "organisation_id": GARDEN}
TODAY = NOON.date()
BY: Any = {"founded_by": ADMINISTRATOR.actor}
FOUNDED = TeamFounded(**IDS, **BY, name="巡逻队", from_day=date(2026, 1, 1))
GUIDED = TeamFounded(**IDS, **BY, name="合唱队", from_day=date(2026, 1, 1), is_guided=True)
JOINED = TeamMemberJoined(**IDS, volunteer_id=WANG)
CAPTAIN = CaptainNamed(**IDS, volunteer_id=WANG, from_day=date(2026, 1, 1))
TEAM = (*standing(), FOUNDED, JOINED, CAPTAIN)
"""The garden's patrol, which Wang leads."""
WANGS = member(WANG, "member")
LED = (*TEAM, *WANGS)
"""The same, with what is known of Wang, where it is they who act."""


def do(command: Any, by: Acting = ADMINISTRATOR, **said: Any) -> Any:
    """Something is done about the patrol."""
    return command(**({"by": by, "at": NOON} | IDS | said))


def asked(is_invited: bool, volunteer_id: Any = LI) -> TeamMemberAsked:
    """Somebody asks to join, or is asked to."""
    return TeamMemberAsked(**IDS, volunteer_id=volunteer_id, is_invited=is_invited)


class TestFounding:
    """An organisation founds its teams, and takes groups under its guidance that ask for it."""

    def test_by_those_who_manage_members(self) -> None:
        """A coordinator founds a team, from a day on, that may be long ago; a recorder does not."""
        found = do(FoundTeam, acting(LI), name="巡逻队", from_day=date(2019, 3, 1))
        fact = given(*standing(), *member(LI, "coordinator")).when(found).fact
        assert fact == TeamFounded(**IDS, name="巡逻队", founded_by=ActorId(LI), from_day=date(2019, 3, 1))
        given(*standing(), *member(LI, "recorder")).when(found).then_refused(RoleMissing)
        given(*standing(), registered(LI)).when(found).then_refused(OrganisationUnknown)

    def test_a_group_asks_for_guidance(self) -> None:
        """Whoever asks for it is captain and member of the group once the organisation agrees; not before."""
        propose = do(ProposeTeam, acting(WANG), name="合唱队")
        proposed = TeamProposed(**IDS, volunteer_id=WANG, name="合唱队")
        given(*standing(), registered()).when(propose).then(proposed)
        accepted = (
            TeamFounded(**IDS, **BY, name="合唱队", from_day=TODAY, is_guided=True, volunteer_id=WANG),
            JOINED,
            CaptainNamed(**IDS, volunteer_id=WANG, from_day=TODAY),
        )
        given(*standing(), registered(), proposed).when(do(AcceptTeam)).then(*accepted)
        given(*standing(), registered(), proposed, *accepted).when(do(AcceptTeam)).then_refused(TeamNotActive)
        own = do(AcceptTeam, acting(WANG))
        given(*standing(), *member(WANG, "coordinator"), proposed).when(own).then_refused(KeyOfTheirOwn)
        invite = do(AskTeamMember, acting(WANG), volunteer_id=LI)
        given(*standing(), registered(), registered(LI), proposed).when(invite).then_refused(OrganisationUnknown)

    def test_a_group_is_declined_or_takes_it_back(self) -> None:
        """The organisation declines, or whoever asked takes it back; a stranger does neither."""
        before = (*standing(), registered(), TeamProposed(**IDS, volunteer_id=WANG, name="合唱队"))
        declined = TeamDeclined(**IDS, volunteer_id=WANG, reason="场地已满")
        given(*before[:2], before[3]).when(do(DeclineTeam, reason="场地已满")).then(declined)
        own = do(DeclineTeam, acting(WANG))
        given(*before).when(own).then(TeamDeclined(**IDS, volunteer_id=WANG))
        given(*before[:2], before[3], registered(LI)).when(do(DeclineTeam, acting(LI))).then_refused(
            OrganisationUnknown
        )

    def test_of_another_organisation_there_is_no_such_team(self) -> None:
        """A team is one of its own organisation only."""
        rename = do(RenameTeam, name="x", organisation_id=CLINIC)
        given(*standing(CLINIC), FOUNDED).when(rename).then_refused(TeamUnknown)
        given(*standing()).when(do(RenameTeam, name="x")).then_refused(TeamUnknown)


class TestCaptain:
    """A captain leads the team within their time, and no longer."""

    def test_leads_within_their_time(self) -> None:
        """From the first day until the last one; whoever is named later for a day leads instead."""
        rename, renamed = do(RenameTeam, acting(WANG), name="夜巡队"), TeamRenamed(**IDS, name="夜巡队")
        people = (*standing(), *member(WANG, "member"), FOUNDED, JOINED)
        for until, leads in ((TODAY, True), (TODAY - timedelta(days=1), False)):
            named = CaptainNamed(**IDS, volunteer_id=WANG, from_day=date(2026, 1, 1), until_day=until)
            decided = given(*people, named).when(rename)
            decided.then(renamed) if leads else decided.then_refused(RoleMissing)
        next_one = CaptainNamed(**IDS, volunteer_id=LI, from_day=TODAY)
        given(*LED, TeamMemberJoined(**IDS, volunteer_id=LI), next_one).when(rename).then_refused(RoleMissing)
        tomorrow = CaptainNamed(**IDS, volunteer_id=LI, from_day=TODAY + timedelta(days=1))
        given(*LED, TeamMemberJoined(**IDS, volunteer_id=LI), tomorrow).when(rename).then(renamed)

    def test_leads_no_longer_who_left(self) -> None:
        """Whoever left is captain no more, not even when they come back; and nobody before them is again."""
        rename, left_it = do(RenameTeam, acting(WANG), name="x"), TeamMemberLeft(**IDS, volunteer_id=WANG)
        given(*LED, left_it).when(rename).then_refused(RoleMissing)
        given(*LED, left_it, JOINED).when(rename).then_refused(RoleMissing)
        later = (TeamMemberJoined(**IDS, volunteer_id=LI), CaptainNamed(**IDS, volunteer_id=LI, from_day=TODAY))
        gone = TeamMemberLeft(**IDS, volunteer_id=LI)
        given(*LED, *later, gone).when(rename).then_refused(RoleMissing)

    def test_is_a_member_named_by_the_organisation(self) -> None:
        """The organisation names a member of the team; the captain does not pass it on, nor is a stranger named."""
        name = do(NameCaptain, volunteer_id=WANG, from_day=TODAY)
        program = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(WANG))
        by_own_key = do(NameCaptain, program, volunteer_id=WANG, from_day=TODAY)
        given(*LED).when(by_own_key).then_refused(KeyOfTheirOwn)
        people = (*standing(), *member(WANG, "member"), FOUNDED)
        given(*people, JOINED).when(name).then(CaptainNamed(**IDS, volunteer_id=WANG, from_day=TODAY))
        given(*people).when(name).then_refused(NotInTeam)
        on = do(NameCaptain, acting(WANG), volunteer_id=WANG, from_day=TODAY)
        given(*LED).when(on).then_refused(RoleMissing)
        backwards = do(NameCaptain, volunteer_id=WANG, from_day=TODAY, until_day=THURSDAY)
        given(*people, JOINED).when(backwards).then_refused(TermEndsBeforeItStarts)

    def test_leads_nobody_while_suspended(self) -> None:
        """A captain who is suspended leads nobody."""
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="-")
        given(*LED, suspended).when(do(RenameTeam, acting(WANG), name="x")).then_refused(YouAreSuspended)

    def test_gives_another_name(self) -> None:
        """A name that it has already changes nothing."""
        given(*standing(), FOUNDED).when(do(RenameTeam, name=" 巡逻队 ")).then_refused(NothingChanges)


class TestMembers:
    """Both sides agree before somebody belongs to a team."""

    def test_join_when_both_sides_agree(self) -> None:
        """Who is invited accepts in person; whoever asks is let in by the captain, and not by themselves."""
        people = (*TEAM, *member(LI, "member"))
        given(*people, *WANGS).when(do(AskTeamMember, acting(WANG), volunteer_id=LI)).then(asked(True))
        given(*people).when(do(AskTeamMember, acting(LI), volunteer_id=LI)).then(asked(False))
        accept, let_in = (do(ApproveTeamMember, acting(each), volunteer_id=LI) for each in (LI, WANG))
        joined = TeamMemberJoined(**IDS, volunteer_id=LI)
        given(*people, asked(True)).when(accept).then(joined)
        given(*people, *WANGS, asked(True)).when(let_in).then_refused(NotAsked)
        given(*people, *WANGS, asked(False)).when(let_in).then(joined)
        given(*people, asked(False)).when(accept).then_refused(RoleMissing)
        given(*people).when(accept).then_refused(NotAsked)
        given(*people, *WANGS).when(let_in).then_refused(NotAsked)
        again = do(AskTeamMember, acting(LI), volunteer_id=LI)
        for there in (asked(True), joined):
            given(*people, there).when(again).then_refused(InTeamAlready)

    def test_are_invited_three_times(self) -> None:
        """After that they ask themselves, or an administrator invites; whoever asked, or joined, starts anew."""
        people = (*TEAM, *member(LI, "member"))
        invite = do(AskTeamMember, acting(WANG), volunteer_id=LI)
        left, joined = TeamMemberLeft(**IDS, volunteer_id=LI), TeamMemberJoined(**IDS, volunteer_id=LI)
        in_vain = (asked(True), left) * 3
        given(*people, *WANGS, *in_vain[2:]).when(invite).then(asked(True))
        given(*people, *WANGS, *in_vain).when(invite).then_refused(InvitedInVain, times=3)
        given(*people, *in_vain).when(do(AskTeamMember, volunteer_id=LI)).then(asked(True))
        given(*people, *WANGS, *in_vain, asked(False), left).when(invite).then(asked(True))
        given(*people, *WANGS, *in_vain, asked(True), joined, left).when(invite).then(asked(True))

    def test_of_its_own_are_the_organisations(self) -> None:
        """A team of its own takes the organisation's members only; a group that is guided takes anybody active."""
        ask = do(AskTeamMember, acting(LI), volunteer_id=LI)
        given(*standing(), FOUNDED, registered(LI)).when(ask).then_refused(TeamTakesMembers)
        given(*standing(), GUIDED, registered(LI)).when(ask).then(asked(False))
        suspended = VolunteerSuspended(volunteer_id=LI, reason="-")
        given(*standing(), GUIDED, registered(LI), suspended).when(ask).then_refused(VolunteerIsSuspended)
        ended = MembershipEnded(**membership_of(LI))
        gone = (*standing(), FOUNDED, *member(LI, "member"), asked(False), ended)
        given(*gone).when(do(ApproveTeamMember, volunteer_id=LI)).then_refused(TeamTakesMembers)

    def test_leave_and_are_taken_out(self) -> None:
        """One leaves at any time, while the organisation is suspended, too; a captain takes others out."""
        leave = do(EndTeamMember, acting(WANG), volunteer_id=WANG)
        gone = TeamMemberLeft(**IDS, volunteer_id=WANG)
        resting = OrganisationSuspended(organisation_id=GARDEN, reason="-")
        given(*LED, resting).when(leave).then(gone)
        given(*LED, resting).when(do(RenameTeam, acting(WANG), name="x")).then_refused(OrganisationNotApproved)
        others = (*member(LI, "member"), TeamMemberJoined(**IDS, volunteer_id=LI))
        take_out = do(EndTeamMember, acting(WANG), volunteer_id=LI, reason="总是缺席")
        given(*LED, *others).when(take_out).then(TeamMemberLeft(**IDS, volunteer_id=LI, reason="总是缺席"))
        given(*LED, *others).when(do(EndTeamMember, acting(LI), volunteer_id=WANG)).then_refused(RoleMissing)
        given(*standing(), FOUNDED, registered(LI)).when(do(EndTeamMember, volunteer_id=LI)).then_refused(NotInTeam)

    def test_no_key_decides_about_whoever_issued_it(self) -> None:
        """A program invites nobody who issued its key."""
        key = Acting(GARDENERS_PROGRAM.actor, "organisation", key_issued_by=ActorId(LI))
        ask = do(AskTeamMember, key, volunteer_id=LI)
        given(*standing(), GUIDED, registered(LI)).when(ask).then_refused(KeyOfTheirOwn)

    def test_leave_with_their_membership(self) -> None:
        """Whose membership ends leaves the organisation's own teams, and stays in the groups that it guides."""
        end = EndMembership(by=ADMINISTRATOR, at=NOON, organisation_id=GARDEN, volunteer_id=WANG)
        ended = MembershipEnded(**membership_of(WANG))
        people = member(WANG, "member")[1:]
        given(*people, FOUNDED, JOINED).when(end).then(TeamMemberLeft(**IDS, volunteer_id=WANG), ended)
        given(*people, GUIDED, JOINED).when(end).then(ended)

    def test_leave_with_the_bank(self) -> None:
        """Whoever leaves the bank leaves all teams."""
        facts = (registered(), JOINED)
        leave = LeaveBank(by=acting(WANG), at=NOON, volunteer_id=WANG)
        gone = TeamMemberLeft(**IDS, volunteer_id=WANG), VolunteerLeft(volunteer_id=WANG, held_minutes=0)
        given(*facts).when(leave).then(*gone)


def test_a_captain_may_nothing_that_a_coordinator_may_not() -> None:
    """So it gives a coordinator nothing to name themselves: what a captain does they may do without being one."""
    facts = (*LED, *member(LI, "coordinator")[1:], registered(LI), *member(ZHAO, "member"))
    own = TeamMemberJoined(**IDS, volunteer_id=LI)
    Book(*facts, own).do(do(NameCaptain, acting(LI), volunteer_id=LI, from_day=TODAY))
    asks = TeamMemberAsked(**IDS, volunteer_id=ZHAO, is_invited=False)
    shift: Any = {"volunteer_id": WANG, "shift_id": SHIFT, "from_day": TODAY, "from_minute": 0, "minutes": 60}
    commands: Any = (
        ((), RenameTeam, {"name": "夜巡队"}),
        ((), AskTeamMember, {"volunteer_id": ZHAO}),
        ((asks,), ApproveTeamMember, {"volunteer_id": ZHAO}),
        ((), EndTeamMember, {"volunteer_id": WANG}),
        ((), SetShift, shift),
        ((ShiftSet(**IDS, **shift),), EndShift, {"volunteer_id": WANG, "shift_id": SHIFT}),
    )
    for further, kind, said in commands:
        for who in (WANG, LI):
            assert Book(*facts, *further).do(do(kind, acting(who), **said)), f"{kind.__name__} by {who}"


@pytest.mark.parametrize("founded", [FOUNDED, GUIDED])
def test_whose_membership_is_over_has_no_part_in_the_teams_of_members(founded: TeamFounded) -> None:
    """Its last day was yesterday, and nobody has ended it: they neither lead nor join; a guided group is no matter."""
    over = member(WANG, "member", valid_until=TODAY - timedelta(days=1))
    there, rename = (*standing(), founded, CAPTAIN, *over), do(RenameTeam, acting(WANG), name="夜巡队")
    asks = do(AskTeamMember, acting(WANG), volunteer_id=WANG)
    if founded.is_guided:
        given(*there, JOINED).when(rename).then(TeamRenamed(**IDS, name="夜巡队"))
        given(*there).when(asks).then(asked(is_invited=False, volunteer_id=WANG))
    else:
        given(*there, JOINED).when(rename).then_refused(RoleMissing)
        given(*there).when(asks).then_refused(TeamTakesMembers)


def test_a_dissolved_team_has_nobody() -> None:
    """When a team is dissolved all leave it, those who were asked as well, and nothing more is done with it."""
    dissolve = do(DissolveTeam, reason="人太少")
    ends = (*(TeamMemberLeft(**IDS, volunteer_id=each) for each in (LI, WANG)),)
    dissolved = TeamDissolved(**IDS, on_day=TODAY, reason="人太少")
    facts = (*standing(), FOUNDED, JOINED, asked(True))
    given(*facts).when(dissolve).then(*ends, dissolved)
    given(*facts, *ends, dissolved).when(do(RenameTeam, name="x")).then_refused(TeamNotActive)
    for command in (do(RenameTeam, acting(LIN), name="x"), do(AcceptTeam, acting(LIN)), do(DeclineTeam, acting(LIN))):
        given(*facts, *ends, dissolved, registered(LIN)).when(command).then_refused(OrganisationUnknown)
    given(*LED).when(do(DissolveTeam, acting(WANG), reason="-")).then_refused(RoleMissing)
    future = TeamFounded(**IDS, **BY, name="x", from_day=TODAY + timedelta(days=1))
    given(*standing(), future).when(dissolve).then_refused(TermEndsBeforeItStarts)


def shift(shift_id: str = SHIFT, **said: Any) -> ShiftSet:
    """Wang is on duty on Thursdays, from half past seven in the evening, for two and a half hours."""
    times = {"from_day": THURSDAY, "from_minute": 1170, "minutes": 150}
    return ShiftSet(**({"shift_id": shift_id, "volunteer_id": WANG} | IDS | times | said))


def set_shift(by: Acting = ADMINISTRATOR, **said: Any) -> Any:
    """Wang is put on duty so."""
    wanted = {name: getattr(shift(**said), name) for name in ShiftSet.__struct_fields__}
    return SetShift(by=by, at=NOON, **wanted)


class TestRota:
    """Who leads a team says who of it is on duty when."""

    def test_is_kept_by_who_leads(self) -> None:
        """A captain puts members on duty, and takes shifts from the rota; another member does not."""
        given(*LED).when(set_shift(acting(WANG))).then(shift())
        given(*TEAM, *member(LI, "member")).when(set_shift(acting(LI))).then_refused(RoleMissing)
        given(*standing(), FOUNDED).when(set_shift()).then_refused(NotInTeam)
        end = do(EndShift, acting(WANG), shift_id=SHIFT, volunteer_id=WANG)
        given(*LED, shift()).when(end).then(ShiftEnded(**IDS, shift_id=SHIFT, volunteer_id=WANG))
        given(*LED).when(end).then_refused(ShiftUnknown)
        given(*LED, shift(team_id=TeamId("tea_2"))).when(end).then_refused(ShiftUnknown)
        given(*TEAM).when(set_shift(until_day=date(2026, 1, 1))).then_refused(TermEndsBeforeItStarts)

    def test_nobody_is_on_duty_twice(self) -> None:
        """Shifts of one person do not meet, in another team neither, unless they ended or the person left it."""
        other = shift(ShiftId("shf_2"), team_id=TeamId("tea_2"), from_minute=1300)
        given(*TEAM, other).when(set_shift()).then_refused(ShiftsOverlap)
        given(*TEAM, shift(ShiftId("shf_2"), from_minute=1320)).when(set_shift()).then(shift())
        ended = ShiftEnded(**IDS, shift_id=SHIFT, volunteer_id=WANG)
        given(*TEAM, shift(), ended).when(set_shift()).then(shift())
        left_it = (TeamMemberLeft(**IDS, volunteer_id=WANG), JOINED)
        given(*TEAM, shift(), *left_it).when(set_shift()).then(shift())

    def test_has_an_end(self) -> None:
        """Nobody is on very many shifts that are not over: each that is set is compared with them."""
        there = [shift(ShiftId(f"shf_{n}"), from_minute=n, minutes=1) for n in range(2, MOST_SHIFTS + 2)]
        given(*TEAM, *there).when(set_shift()).then_refused(TooManyShifts)
        over = shift(ShiftId("shf_2"), from_day=date(2026, 1, 1), until_day=date(2026, 1, 1))
        given(*TEAM, *there[1:], over).when(set_shift()).then(shift())
        were = [
            shift(ShiftId(f"shf_{n}"), from_minute=n, minutes=1, until_day=THURSDAY) for n in range(2, MOST_SHIFTS + 2)
        ]
        given(*TEAM, *were).when(set_shift()).then_refused(TooManyShifts)

    @for_all(
        days=st.tuples(*[st.integers(0, 15)] * 2),
        lasting=st.tuples(*[st.none() | st.integers(0, 21)] * 2),
        starts=st.tuples(*[st.integers(0, 1439)] * 2),
        minutes=st.tuples(*[st.integers(1, 1440)] * 2),
    )
    def test_shifts_meet_where_some_of_their_times_do(self, days: Any, lasting: Any, starts: Any, minutes: Any) -> None:
        """Two shifts meet exactly if on some day of the weeks to come one is still on when the other is."""
        both = [
            shift(
                from_day=THURSDAY + timedelta(days=days[n]),
                until_day=None if lasting[n] is None else THURSDAY + timedelta(days=days[n] + lasting[n]),
                from_minute=starts[n],
                minutes=minutes[n],
            )
            for n in (0, 1)
        ]
        times = [
            [
                (day * 1440 + each.from_minute, each.minutes)
                for day in range(60)
                if is_on(each, THURSDAY + timedelta(day))
            ]
            for each in both
        ]
        meet = any(one < two + more and two < one + long for one, long in times[0] for two, more in times[1])
        assert _meet(*both) == _meet(*reversed(both)) == meet
        assert not (meet and _is_over(both[0], both[1].from_day))


class TestService:
    """Service and activities can be in the name of a team."""

    def test_is_done_in_the_name_of_a_team(self) -> None:
        """A record says so, if the organisation had the team on that day."""
        log, people = log_service(team_id=PATROL), (*standing(), registered())
        assert given(*people, FOUNDED).when(log).then(logged(team_id=PATROL)) is None
        late = TeamFounded(**IDS, **BY, name="x", from_day=THURSDAY + timedelta(days=1))
        given(*people, late).when(log).then_refused(TeamNotActive)
        for day, is_good in ((THURSDAY, True), (THURSDAY - timedelta(days=1), False)):
            decided = given(*people, FOUNDED, TeamDissolved(**IDS, on_day=day, reason="-")).when(log)
            decided.fact if is_good else decided.then_refused(TeamNotActive)
        elsewhere = TeamFounded(**(IDS | {"organisation_id": CLINIC}), **BY, name="x", from_day=THURSDAY)
        given(*people, elsewhere).when(log).then_refused(TeamUnknown)

    def test_an_activity_of_a_team_yields_its_records(self) -> None:
        """What is planned for a team has to have one; what comes of it is done in its name."""
        wanted = PlanActivity(
            by=GARDENERS_PROGRAM, at=NOON - timedelta(days=1), activity_id=ActivityId("act_1"), organisation_id=GARDEN,
            plan=plan(team_id=PATROL),
        )  # fmt: skip
        given(*standing(), *member(ZHAO, "member")[1:], FOUNDED).when(wanted).fact  # noqa: B018
        given(*standing(), *member(ZHAO, "member")[1:]).when(wanted).then_refused(TeamUnknown)
        facts = (*standing(), FOUNDED, registered(), *published(team_id=PATROL), signed_up(), came(), left())
        close = CloseActivity(
            by=acting(LIN), at=NOON, activity_id=published()[0].activity_id, first_record_id=RecordId(f"rec_{1:032x}")
        )
        for dissolved, of_team in (((), PATROL), ((self._dissolved(THURSDAY),), None)):
            _, record = _outcome(given(*facts, *dissolved, *member(LIN, "recorder")).when(close))
            assert isinstance(record, ServiceLogged)
            assert record.team_id == of_team, "a team that was dissolved before is not there any more"

    def test_is_put_right_within_the_teams_time(self) -> None:
        """Service in the name of a team is put right as any; but not to a day on which there was no such team."""
        there = (*standing(), registered(), FOUNDED, self._dissolved(THURSDAY))
        waiting, of_old = logged(team_id=PATROL), {"started_at": at(20, 9), "ended_at": at(20, 10)}
        amend = AmendService(by=GARDENERS_PROGRAM, at=NOON, record_id=RECORD, content="东门到西门")
        assert given(*there, waiting).when(amend).fact.content == "东门到西门"
        assert given(*there, waiting, confirmed()).when(correct_service(minutes=60)).fact.minutes == 60
        moved = msgspec.structs.replace(amend, **of_old)
        given(*there, waiting).when(moved).then_refused(TeamNotActive)
        given(*there, waiting, confirmed()).when(correct_service(**of_old)).then_refused(TeamNotActive)

    @pytest.mark.parametrize("is_confirmed", [False, True])
    def test_its_team_can_be_put_right(self, is_confirmed: bool) -> None:
        """A record is told to be of another team of the organisation, of one at all, or of none; the fact says both."""
        choir = TeamFounded(**(IDS | {"team_id": CHOIR}), **BY, name="合唱队", from_day=FOUNDED.from_day)
        amend = partial(AmendService, by=GARDENERS_PROGRAM, at=NOON, record_id=RECORD)
        put_right: Any = correct_service if is_confirmed else amend

        def when(before: TeamId | None, after: TeamId | None, *further: Fact, **said: Any) -> Any:
            theirs = {PATROL: FOUNDED, CHOIR: choir}
            named = [theirs[each] for each in dict.fromkeys((before, after)) if each in theirs]
            waits = logged(team_id=before)
            confirming = (confirmed(),) if is_confirmed else ()
            there = (*standing(), registered(), *named, *further, waits, *confirming)
            return given(*there).when(put_right(team_id=after, **said))

        for before, after in ((PATROL, CHOIR), (None, CHOIR), (PATROL, NO_TEAM)):
            fact = when(before, after).fact
            assert (fact.previous_team_id, fact.team_id) == (before, after or None)
            assert {*filter(None, (before, after))} <= set(fact.tags())
            assert team_after(fact, before) == (after or None)
            assert fact.minutes == 120
        assert when(PATROL, None, minutes=60).fact.team_id is None, "what is not said stays, and is not said again"
        assert team_after(when(PATROL, None, minutes=60).fact, PATROL) == PATROL
        when(PATROL, PATROL).then_refused(NothingChanges)
        when(None, NO_TEAM).then_refused(NothingChanges)
        when(None, TeamId("tea_elsewhere")).then_refused(TeamUnknown)
        when(
            None, CHOIR, TeamDissolved(team_id=CHOIR, organisation_id=GARDEN, on_day=date(2026, 1, 2), reason="人太少")
        ).then_refused(TeamNotActive)

    def test_a_record_is_of_the_team_that_was_named_last(self) -> None:
        """Put right twice, it goes from the second team to the third; what names no team leaves it as it is."""
        choir = TeamFounded(**(IDS | {"team_id": CHOIR}), **BY, name="合唱队", from_day=FOUNDED.from_day)
        book = Book(*standing(), registered(), FOUNDED, choir, logged(team_id=PATROL))
        amend = AmendService(by=GARDENERS_PROGRAM, at=NOON, record_id=RECORD, team_id=NO_TEAM)
        book.do(amend)
        book.do(confirm_service())
        assert book.do(correct_service(team_id=CHOIR)).previous_team_id is None
        book.do(correct_service(minutes=60))
        assert book.do(correct_service(team_id=PATROL)).previous_team_id == CHOIR

    def test_named_otherwise_on_a_list_it_differs(self) -> None:
        """A list that comes again and names another team differs from the record; one that names none does not."""
        choir = TeamFounded(**(IDS | {"team_id": CHOIR}), **BY, name="合唱队", from_day=FOUNDED.from_day)
        there = (*standing(), registered(), FOUNDED)
        row = enter(log_service(record_id=OTHER, team_id=CHOIR))
        for before, of in (
            ((*there, logged(team_id=PATROL)), "巡逻队"),
            ((*standing(), registered(), logged()), "nothing"),
        ):
            said = given(*before, choir).when(row).outcome
            assert isinstance(said, RecordDiffers)
            assert said.details["differing"] == (("team", of, "合唱队"),)
        unsaid = enter(log_service(record_id=OTHER))
        given(*there, logged(team_id=PATROL)).when(unsaid).then_refused(DuplicateRecord)

    def _dissolved(self, day: date) -> TeamDissolved:
        return TeamDissolved(**IDS, on_day=day, reason="-")


def _outcome(decided: Any) -> Any:
    return decided.outcome
