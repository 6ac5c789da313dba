from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import (
    CLINIC,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    WANG,
    ZHAO,
    acting,
    adopted,
    at,
    member,
    registered,
    standing,
)
from tests.controls.activities import ELEVEN, NINE, SWEEPING, came, left, published, signed_up
from tests.controls.facts import membership_of
from tests.given import Book, given
from timebank.domain.activities.activities import Activity
from timebank.domain.activities.attendance import CheckIn, CheckOut
from timebank.domain.activities.refusals import (
    ActivityNotOpen,
    ActivityUnknown,
    AlreadyCheckedIn,
    AlreadySignedUp,
    CheckedInElsewhere,
    CodeNotValid,
    EntryDiffers,
    ForMembersOnly,
    NotCheckedIn,
    NotSignedUp,
    OutsideItsTime,
    TooManySignUps,
)
from timebank.domain.activities.sign_ups import SignUp, WithdrawSignUp
from timebank.domain.facts.activities import (
    ActivityCancelled,
    CheckedIn,
    CheckedOut,
    SignUpMade,
    SignUpMovedUp,
    SignUpWithdrawn,
)
from timebank.domain.facts.organisations import MembershipEnded
from timebank.domain.facts.people import VolunteerSuspended
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId
from timebank.domain.organisations.refusals import RoleMissing
from timebank.domain.people.refusals import VolunteerIsSuspended, VolunteerUnknown
from timebank.domain.refusals import YouAreSuspended
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import RecorderIsBeneficiary

EIGHT, TEN = at(20, 8), at(20, 10)
OTHER = ActivityId("act_other")
IDS: dict[str, Any] = {"activity_id": SWEEPING, "organisation_id": GARDEN}
OPEN = (registered(), *published())
LED = (*standing(), *member(ZHAO, "member"))


def do(kind: Any, when: datetime = EIGHT, by: Any = None, **said: Any) -> Any:
    """Wang does something about the activity themselves."""
    who = said.get("volunteer_id", WANG)
    return kind(**({"by": by or acting(who), "at": when, "activity_id": SWEEPING, "volunteer_id": who} | said))


def check(kind: Any = CheckIn, when: datetime = NINE, **said: Any) -> Any:
    """Wang signs in or out by the code."""
    return do(kind, when, **({"proof": "code", "entry_id": "e"} | said))


class TestSigningUp:
    """People sign up and off."""

    def test_has_a_seat_or_waits(self) -> None:
        """Whoever comes while there are seats has one; others wait."""
        made = SignUpMade(**IDS, volunteer_id=WANG, made_by=acting(WANG).actor, until=ELEVEN)
        given(*OPEN).when(do(SignUp)).then(made)
        full = registered(), *published(seats=1), signed_up(LI)
        assert given(*full).when(do(SignUp)).fact.is_waiting
        given(*OPEN, made).when(do(SignUp)).then_refused(AlreadySignedUp)

    def test_when_it_can_be(self) -> None:
        """Nobody signs up for what is not published, is over or cancelled; nor who is unknown or suspended."""
        planned = OPEN[1]
        given(registered(), planned).when(do(SignUp)).then_refused(ActivityUnknown)
        given(*OPEN).when(do(SignUp, ELEVEN)).then_refused(ActivityNotOpen, status="over")
        gone = ActivityCancelled(**IDS, reason="暴雨")
        given(*OPEN, gone).when(do(SignUp)).then_refused(ActivityNotOpen, status="cancelled")
        given(*published()).when(do(SignUp)).then_refused(VolunteerUnknown)
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="-")
        given(*OPEN, suspended).when(do(SignUp)).then_refused(VolunteerIsSuspended)

    def test_for_members(self) -> None:
        """What is for members is for members."""
        theirs = registered(), *published(open_to="members")
        given(*theirs).when(do(SignUp)).then_refused(ForMembersOnly)
        given(*theirs, *member(WANG, "member")[1:]).when(do(SignUp)).fact  # noqa: B018

    def test_for_members_on_its_day(self) -> None:
        """Whose term as a member is over by its day does not sign up for what is for members."""
        theirs, day = (registered(), *published(open_to="members")), NINE.date()
        assert given(*theirs, *member(WANG, "member", valid_until=day)[1:]).when(do(SignUp)).fact
        over = member(WANG, "member", valid_until=day - timedelta(days=1))[1:]
        given(*theirs, *over).when(do(SignUp)).then_refused(ForMembersOnly)

    def test_by_the_leader(self) -> None:
        """The leader, and whoever logs for the organisation, sign somebody up; a stranger does not."""
        for by, has_right in ((acting(ZHAO), LED), (GARDENERS_PROGRAM, standing())):
            assert given(*has_right, *OPEN).when(do(SignUp, by=by)).fact.made_by == by.actor
        given(*OPEN, registered(LI)).when(do(SignUp, by=acting(LI))).then_refused(ActivityUnknown)

    def test_so_many_at_once(self) -> None:
        """Nobody keeps all seats from others; what is over, or others did for them, does not count."""
        rules = adopted(open_sign_ups=2)
        others = [signed_up(activity_id=ActivityId(f"act_{n}"), until=ELEVEN) for n in range(3)]
        what = *OPEN, rules, others[0]
        given(*what).when(do(SignUp)).fact  # noqa: B018
        given(*what, others[1]).when(do(SignUp)).then_refused(TooManySignUps, open=2, most=2)
        by_others = (signed_up(activity_id=ActivityId(f"act_{n}"), until=ELEVEN, made_by=ActorId(ZHAO)) for n in (4, 5))
        given(*what, *by_others).when(do(SignUp)).fact  # noqa: B018
        over = signed_up(activity_id=ActivityId("act_over"), until=EIGHT - timedelta(hours=1))
        given(*what, over).when(do(SignUp)).fact  # noqa: B018
        off = SignUpWithdrawn(
            activity_id=others[1].activity_id, organisation_id=GARDEN, volunteer_id=WANG, withdrawn_by=ActorId(WANG)
        )
        given(*what, others[1], off).when(do(SignUp)).fact  # noqa: B018
        by_leader = do(SignUp, by=GARDENERS_PROGRAM)
        given(*standing(), *OPEN).when(by_leader).fact  # noqa: B018

    def test_off(self) -> None:
        """Whoever signs off gives their seat to whoever waited longest; who waits, or is there, gives none."""
        gone = SignUpWithdrawn(**IDS, volunteer_id=WANG, withdrawn_by=acting(WANG).actor)
        full = registered(), *published(seats=1), signed_up()
        waiting = [signed_up(each, is_waiting=True) for each in (LI, ZHAO)]
        up = SignUpMovedUp(**IDS, volunteer_id=LI)
        given(*full, *waiting).when(do(WithdrawSignUp)).then(gone, up)
        given(*full).when(do(WithdrawSignUp)).then(gone)
        given(*OPEN).when(do(WithdrawSignUp)).then_refused(NotSignedUp)
        given(*full, came()).when(do(WithdrawSignUp)).then_refused(AlreadyCheckedIn)


class TestSigningIn:
    """People sign in where they are, and are nowhere else."""

    def test_by_the_code(self) -> None:
        """Whoever has a seat signs in, from an hour before on."""
        what = given(*OPEN, signed_up())
        what.when(check()).then(came(entry_id="e"))
        assert what.when(check(when=EIGHT)).fact.moment == EIGHT
        for when in (EIGHT - timedelta(minutes=1), ELEVEN):
            what.when(check(when=when)).then_refused(OutsideItsTime)

    def test_with_a_seat(self) -> None:
        """Without a seat, or waiting for one, nobody signs in."""
        given(*OPEN).when(check()).then_refused(NotSignedUp)
        given(*OPEN, signed_up(is_waiting=True)).when(check()).then_refused(NotSignedUp)

    def test_once(self) -> None:
        """Nobody is there twice; whoever left comes back."""
        given(*OPEN, signed_up(), came()).when(check(when=TEN)).then_refused(AlreadyCheckedIn)
        back = check(when=at(20, 10, 30))
        assert given(*OPEN, signed_up(), came(), left(moment=TEN)).when(back).fact.moment == at(20, 10, 30)

    def test_not_in_two_places(self) -> None:
        """Who is at another activity signs in only after they signed out there, or it is over."""
        there = came(activity_id=OTHER, moment=EIGHT, until=TEN)
        what = *OPEN, signed_up()
        given(*what, there).when(check()).then_refused(CheckedInElsewhere)
        given(*what, there).when(check(when=TEN)).fact  # noqa: B018
        gone = left(activity_id=OTHER, since=EIGHT, moment=NINE)
        given(*what, there, gone).when(check()).fact  # noqa: B018

    def test_wherever_strangers_say_they_are(self) -> None:
        """A leader's word about who did not sign up there keeps nobody from the activities of other organisations."""
        word: dict[str, Any] = {"organisation_id": CLINIC, "proof": "leader", "entered_by": ActorId(LI)}
        there = came(activity_id=OTHER, moment=EIGHT, until=ELEVEN, **word)
        what = *OPEN, signed_up()
        by_them = signed_up(activity_id=OTHER, organisation_id=CLINIC, made_by=ActorId(LI))
        given(*what, by_them, there).when(check()).then(came(entry_id="e"))
        here = *LED, *what, came(), by_them, came(activity_id=OTHER, moment=TEN, until=ELEVEN, **word)
        given(*here).when(check(CheckOut, ELEVEN, by=acting(ZHAO), proof="leader")).fact  # noqa: B018
        own = signed_up(activity_id=OTHER, organisation_id=CLINIC)
        given(*what, own, there).when(check()).then_refused(CheckedInElsewhere)
        given(*what, by_them, came(activity_id=OTHER, moment=EIGHT, until=ELEVEN)).when(check()).then_refused(
            CheckedInElsewhere
        )

    def test_no_leader_learns_where_strangers_are(self) -> None:
        """What a leader enters of whom they signed up themselves is held against nothing at other organisations."""
        there = came(activity_id=OTHER, organisation_id=CLINIC, moment=EIGHT, until=ELEVEN)
        theirs = *OPEN, signed_up(made_by=ActorId(ZHAO)), there
        by_them = *LED, *theirs
        enters: dict[str, Any] = {"by": acting(ZHAO), "proof": "leader"}
        came_in = given(*by_them).when(check(**enters)).fact
        given(*by_them, came_in).when(check(CheckOut, TEN, **enters | {"entry_id": "f"})).fact  # noqa: B018
        given(*theirs).when(check()).then_refused(CheckedInElsewhere)
        given(*LED, *OPEN, signed_up(), there).when(check(**enters)).then_refused(CheckedInElsewhere)
        here = came(activity_id=OTHER, moment=EIGHT, until=ELEVEN)
        given(*by_them[:-1], here).when(check(**enters)).then_refused(CheckedInElsewhere)

    def test_not_by_somebody_else(self) -> None:
        """A code is good for whoever shows it, and for nobody else."""
        given(*OPEN, signed_up()).when(check(by=acting(ZHAO))).then_refused(CodeNotValid)

    def test_by_the_leader(self) -> None:
        """The leader enters whoever is there, but not themselves."""
        entry = check(by=acting(ZHAO), proof="leader")
        given(*LED, *OPEN, signed_up()).when(entry).then(
            came(entry_id="e", proof="leader", entered_by=acting(ZHAO).actor)
        )
        own = check(by=acting(ZHAO), proof="leader", volunteer_id=ZHAO)
        given(*LED, *published(), signed_up(ZHAO)).when(own).then_refused(RecorderIsBeneficiary)

    def test_by_a_leader_who_is_none_any_more(self) -> None:
        """Whoever leads does so as a member who is not suspended: else they enter, sign up and call nobody."""
        for command in (do(SignUp, by=acting(ZHAO)), check(by=acting(ZHAO), proof="leader")):
            there = *OPEN, *(() if isinstance(command, SignUp) else (signed_up(),))
            suspended = VolunteerSuspended(volunteer_id=ZHAO, reason="-")
            given(*LED, suspended, *there).when(command).then_refused(YouAreSuspended)
            given(*LED, MembershipEnded(**membership_of(ZHAO)), *there).when(command).then_refused(ActivityUnknown)
            over = *standing(), *member(ZHAO, "member", valid_until=NINE.date() - timedelta(days=1))
            given(*over, *there).when(command).then_refused(RoleMissing)

    def test_later(self) -> None:
        """What was entered without a network keeps its time, is marked, and counts once; never ahead of time."""
        entry = check(by=acting(ZHAO), proof="leader", when=TEN, moment=NINE)
        taken_in = given(*LED, *OPEN, signed_up()).when(entry).fact
        assert (taken_in.moment, taken_in.is_taken_in_later) == (NINE, True)
        given(*LED, *OPEN, signed_up(), taken_in).when(entry).then_nothing()
        again = *LED, *OPEN, signed_up(), taken_in
        for kind, moment in ((CheckIn, TEN), (CheckOut, NINE)):
            other = check(kind, by=acting(ZHAO), proof="leader", when=TEN, moment=moment)
            given(*again).when(other).then_refused(EntryDiffers, entry_id="e")
        of_li = check(by=acting(ZHAO), proof="leader", when=TEN, moment=NINE, volunteer_id=LI)
        given(*LED, *published(), registered(LI), signed_up(LI), taken_in).when(of_li).then_refused(EntryDiffers)
        ahead = check(by=acting(ZHAO), proof="leader", when=NINE, moment=TEN)
        given(*LED, *OPEN, signed_up()).when(ahead).then_refused(OutsideItsTime)


class TestSigningOut:
    """People sign out."""

    def test_by_the_code(self) -> None:
        """Whoever is there leaves, also some time after the end; who is not there does not."""
        there = *OPEN, signed_up(), came()
        given(*there).when(check(CheckOut, ELEVEN)).then(left(entry_id="e"))
        given(*there).when(check(CheckOut, at(20, 12))).fact  # noqa: B018
        given(*there).when(check(CheckOut, at(20, 12, 1))).then_refused(OutsideItsTime)
        given(*OPEN, signed_up()).when(check(CheckOut, TEN)).then_refused(NotCheckedIn)
        given(*there, left(moment=TEN)).when(check(CheckOut, ELEVEN)).then_refused(NotCheckedIn)

    def test_after_they_came(self) -> None:
        """Nobody leaves before they came, and an entry that comes twice counts once."""
        there = *LED, *OPEN, signed_up(), came()
        entry = check(CheckOut, TEN, by=acting(ZHAO), proof="leader", moment=EIGHT)
        given(*there).when(entry).then_refused(OutsideItsTime)
        again = check(CheckOut, ELEVEN)
        given(*OPEN, signed_up(), came(), left(entry_id="e")).when(again).then_nothing()

    def test_nobody_was_elsewhere_meanwhile(self) -> None:
        """A presence taken in later does not cover another; one that goes on after the end does not either."""
        there = *LED, *OPEN, signed_up(), came()
        other = came(activity_id=OTHER, moment=at(20, 10, 30), until=at(20, 12))
        entry = check(CheckOut, ELEVEN, by=acting(ZHAO), proof="leader")
        given(*there, other).when(entry).then_refused(CheckedInElsewhere)
        next_one = came(activity_id=OTHER, moment=ELEVEN, until=at(20, 12))
        given(*OPEN, signed_up(), came(), next_one).when(check(CheckOut, at(20, 11, 5))).fact  # noqa: B018


PEOPLE = [VolunteerId(f"vol_{n}") for n in range(4)]
MOMENTS = st.integers(-90, 240).map(lambda minutes: NINE + timedelta(minutes=minutes))
ACTS = st.tuples(
    st.sampled_from([SignUp, SignUp, WithdrawSignUp, CheckIn, CheckIn, CheckIn, CheckOut, CheckOut]),
    st.sampled_from(PEOPLE),
    st.sampled_from([SWEEPING, OTHER]),
    MOMENTS,
    st.booleans(),
)


@for_all(acts=st.lists(ACTS, max_size=40), seats=st.sampled_from([None, 1, 2]), signs_out=st.booleans())
def test_nobody_is_anywhere_twice(acts: list[Any], seats: int | None, signs_out: bool) -> None:
    """However people sign up, in and out: never twice at one time, never more than there are seats."""
    book = Book(*standing(), *standing(CLINIC), *map(registered, PEOPLE))
    later = {"seats": seats, "starts_at": TEN, "ends_at": at(20, 12), "signs_out": signs_out}
    book.facts += [*published(seats=seats, signs_out=signs_out), *published(OTHER, **later)]
    for n, (kind, who, activity_id, when, is_late) in enumerate(acts):
        said: dict[str, Any] = {"by": GARDENERS_PROGRAM, "at": when, "activity_id": activity_id, "volunteer_id": who}
        if kind in (CheckIn, CheckOut):
            said |= {"proof": "leader", "entry_id": f"e{n}"}
            said |= {"moment": when, "at": when + timedelta(hours=1)} if is_late else {}
        try:
            book.do(kind(**said))
        except Refusal:
            continue
    ends = {SWEEPING: ELEVEN, OTHER: at(20, 12)}
    for who in PEOPLE:
        counted = sorted(_counted(book.facts, who, ends, signs_out))
        assert all(first[1] <= second[0] for first, second in pairwise(counted)), counted
    for activity_id in ends:
        activity = Activity(activity_id)
        for fact in book.facts:
            if type(fact) in activity.remembered() and activity_id in fact.tags():
                activity.remember(fact)
        assert seats is None or max(len(activity.seated), len(activity.presences)) <= seats


def _counted(facts: Any, who: VolunteerId, ends: Any, signs_out: bool) -> Any:
    """The stretches of time that count for somebody: those that were ended, or else end with the activity."""
    own = [fact for fact in facts if isinstance(fact, CheckedIn | CheckedOut) and fact.volunteer_id == who]
    left = {(fact.activity_id, fact.since) for fact in own if isinstance(fact, CheckedOut)}
    for fact in own:
        if isinstance(fact, CheckedOut):
            yield fact.since, min(fact.moment, ends[fact.activity_id])
        elif not signs_out and (fact.activity_id, fact.moment) not in left:
            yield fact.moment, ends[fact.activity_id]
