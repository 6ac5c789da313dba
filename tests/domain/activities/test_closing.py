from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    WANG,
    ZHAO,
    acting,
    at,
    confirm_service,
    correct_service,
    member,
    registered,
    standing,
)
from tests.controls.activities import ELEVEN, NINE, SWEEPING, came, left, published, signed_up
from tests.given import given
from timebank.domain.activities.closing import CloseActivity, LogPresence
from timebank.domain.activities.refusals import (
    ActivityNotOpen,
    ActivityUnknown,
    LeftUnsaid,
    NotCheckedIn,
    OutsideItsTime,
    PresenceAlreadyLogged,
    StillRunning,
    TooLateToSay,
)
from timebank.domain.facts.activities import ActivityClosed
from timebank.domain.facts.people import VolunteerSuspended
from timebank.domain.facts.service import ServiceLogged
from timebank.domain.identifiers import ActorId, RecordId, VolunteerId, numbered
from timebank.domain.service.amending import AmendService
from timebank.domain.service.refusals import (
    LeaderWasAbsent,
    OutsideTheActivity,
    RecorderIsBeneficiary,
    RecorderIsVerifier,
)

FIRST = RecordId("rec_00000000000000000000000000fffffe")
NOON = at(20, 12)
TEN = at(20, 10)
DAY = date(2026, 11, 20)


def closing(by: Any = GARDENERS_PROGRAM, when: datetime = NOON) -> CloseActivity:
    """The garden closes it at noon."""
    return CloseActivity(by=by, at=when, activity_id=SWEEPING, first_record_id=FIRST)


def saying(by: Any = GARDENERS_PROGRAM, when: datetime = NOON, **said: Any) -> LogPresence:
    """The garden logs Wang's presence by hand."""
    said = {"volunteer_id": WANG} | said
    return LogPresence(by=by, at=when, activity_id=SWEEPING, first_record_id=FIRST, **said)


def record(volunteer_id: VolunteerId, number: int = 0, minutes: int = 120, **changes: Any) -> ServiceLogged:
    """What closing logs of somebody who was there from nine until eleven."""
    said: dict[str, Any] = {
        "record_id": numbered(FIRST, number),
        "volunteer_id": volunteer_id,
        "organisation_id": GARDEN,
        "recorder_id": ActorId(GARDEN),
        "activity": "楼道清扫",
        "category": "公益慈善",
        "capacity": "resident",
        "started_at": NINE,
        "ended_at": NINE + timedelta(minutes=minutes),
        "minutes": minutes,
        "minutes_by_day": {DAY: minutes},
        "local_date": DAY,
        "place": "三号楼",
        "content": "擦洗扶手",
        "person_in_charge_id": ActorId(ZHAO),
        "activity_id": SWEEPING,
        "activity_span": (NINE, ELEVEN),
        "leader_was_there": False,
    }
    return ServiceLogged(**(said | changes))


def closed(**who: Any) -> ActivityClosed:
    """The garden closed it."""
    return ActivityClosed(activity_id=SWEEPING, organisation_id=GARDEN, closed_by=ActorId(GARDEN), **who)


WANG_WAS_THERE = registered(), signed_up(), came(), left()


class TestClosing:
    """Of an activity that is over come records of those who were there."""

    def test_logs_each_who_was_there(self) -> None:
        """Each has a record, within the activity; who did not come has none, and who did not sign out waits."""
        early, late = at(20, 8, 30), at(20, 11, 30)
        li = registered(LI), signed_up(LI), came(LI, early), left(LI, late, early)
        forgot = VolunteerId("vol_forgot")
        others = signed_up(VolunteerId("vol_absent")), registered(forgot), signed_up(forgot), came(forgot)
        outcome = given(*standing(), *published(), *WANG_WAS_THERE, *li, *others).when(closing())
        outcome.then(
            closed(present=(WANG, LI), absent=(VolunteerId("vol_absent"),), unclosed=(forgot,)),
            record(WANG),
            record(LI, 1),
        )

    def test_without_signing_out(self) -> None:
        """Where nobody signs out, whoever came was there until the end, from when they came."""
        there = registered(), signed_up(), came(moment=TEN)
        then = closed(present=(WANG,)), record(WANG, minutes=60, started_at=TEN, ended_at=ELEVEN)
        given(*standing(), *published(signs_out=False), *there).when(closing()).then(*then)

    def test_never_the_closers_own(self) -> None:
        """Whoever closes it logs no record of themselves: that is left to somebody else."""
        leader = registered(ZHAO), signed_up(ZHAO), came(ZHAO), left(ZHAO)
        what = *standing(), *member(ZHAO, "member")[1:], *published(), *WANG_WAS_THERE, *leader
        by_leader = {"recorder_id": ActorId(ZHAO), "leader_was_there": True}
        outcome = given(*what).when(closing(acting(ZHAO)))
        by_zhao = ActivityClosed(
            activity_id=SWEEPING, organisation_id=GARDEN, closed_by=ActorId(ZHAO), present=(WANG,), left=(ZHAO,)
        )
        outcome.then(by_zhao, record(WANG, **by_leader))
        left_over = saying(volunteer_id=ZHAO)
        then = record(ZHAO, leader_was_there=True)
        others = registered(ZHAO), signed_up(ZHAO), came(ZHAO), left(ZHAO)
        given(*standing(), *published(), *others, by_zhao).when(left_over).then(then)

    def test_is_over(self) -> None:
        """It is closed once, when it is over, and by whoever organises or leads it."""
        what = *standing(), *published()
        given(*what).when(closing(when=TEN)).then_refused(StillRunning)
        given(*what, closed()).when(closing()).then_refused(ActivityNotOpen, status="closed")
        given(*what, registered(LI)).when(closing(acting(LI))).then_refused(ActivityUnknown)
        given().when(closing()).then_refused(ActivityUnknown)

    def test_one_person_stops_nobody(self) -> None:
        """What cannot be logged of one is left to somebody, and the others are logged."""
        suspended = registered(LI), VolunteerSuspended(volunteer_id=LI, reason="-"), signed_up(LI), came(LI), left(LI)
        outcome = given(*standing(), *published(), *suspended, *WANG_WAS_THERE).when(closing())
        outcome.then(closed(present=(WANG,), left=(LI,)), record(WANG))


class TestForgotten:
    """Whoever did not sign out waits for somebody to say when they left."""

    FORGOT = (*standing(), *published(), registered(), signed_up(), came(), closed(unclosed=(WANG,)))

    def test_somebody_says_when_they_left(self) -> None:
        """It is said with a time, within the activity, and soon; then there is a record."""
        gone = left(moment=TEN, entry_id=FIRST, proof="leader", entered_by=ActorId(GARDEN), is_taken_in_later=True)
        given(*self.FORGOT).when(saying(left_at=TEN)).then(gone, record(WANG, minutes=60))
        given(*self.FORGOT).when(saying()).then_refused(LeftUnsaid)
        for wrong in (at(20, 8), at(20, 11, 30)):
            given(*self.FORGOT).when(saying(left_at=wrong)).then_refused(OutsideItsTime)
        late = saying(when=ELEVEN + timedelta(days=14, minutes=1), left_at=TEN)
        given(*self.FORGOT).when(late).then_refused(TooLateToSay, days=14)

    def test_not_they_themselves(self) -> None:
        """Nobody says it of themselves, and nobody is credited by their own word."""
        own = saying(acting(WANG), left_at=TEN)
        recorder = member(WANG, "recorder")
        facts = (*standing(), *published(), *recorder, signed_up(), came(), closed(unclosed=(WANG,)))
        given(*facts).when(own).then_refused(RecorderIsBeneficiary)

    def test_once_and_of_who_was_there(self) -> None:
        """Of one presence there is one record, of who was not there none, and none before it is closed."""
        given(*self.FORGOT, record(WANG)).when(saying(left_at=TEN)).then_refused(PresenceAlreadyLogged)
        given(*standing(), *published(), registered(), closed()).when(saying()).then_refused(NotCheckedIn)
        given(*standing(), *published(), *WANG_WAS_THERE).when(saying()).then_refused(ActivityNotOpen)


class TestRecord:
    """A record of an activity."""

    MENDING: Any = (
        lambda **said: AmendService(by=GARDENERS_PROGRAM, at=NOON, record_id=numbered(FIRST, 0), **said),
        lambda **said: correct_service(at=NOON, record_id=numbered(FIRST, 0), **said),
    )

    @pytest.mark.parametrize("make", MENDING)
    def test_lies_within_it(self, make: Any) -> None:
        """However it is put right, it stays within the activity."""
        outside = make(started_at=at(20, 8), ended_at=TEN)
        waits = (*standing(), record(WANG, leader_was_there=True))
        if isinstance(outside, AmendService):
            given(*waits).when(outside).then_refused(OutsideTheActivity)
            given(*waits).when(make(started_at=NINE, ended_at=TEN)).fact  # noqa: B018
            return
        confirmed = given(*waits).when(confirm_service(at=NOON, record_id=numbered(FIRST, 0))).outcome
        assert isinstance(confirmed, tuple)
        given(*waits, *confirmed).when(outside).then_refused(OutsideTheActivity)

    def test_is_not_confirmed_by_who_entered_it(self) -> None:
        """By whose word, or key, it is known when somebody was there has recorded it too, whoever closed it."""
        word = {"proof": "leader", "entered_by": ActorId(ZHAO)}
        by_key = {"proof": "leader", "entered_by": ActorId(GARDEN), "key_issued_by": ActorId(ZHAO)}
        for entries, eyes in (
            ((came(**word), left()), (ActorId(ZHAO),)),
            ((came(), left(**word)), (ActorId(ZHAO),)),
            ((came(**by_key), left(**by_key)), (ActorId(GARDEN), ActorId(ZHAO))),
        ):
            there = registered(), signed_up(), *entries, registered(ZHAO), signed_up(ZHAO), came(ZHAO), left(ZHAO)
            closes = given(*standing(), *published(), *there).when(closing(by=ADMINISTRATOR)).outcome
            assert isinstance(closes, tuple)
            waits = next(fact for fact in closes if isinstance(fact, ServiceLogged) and fact.volunteer_id == WANG)
            assert waits.entered_by == eyes
            confirm = partial(confirm_service, at=NOON, record_id=waits.record_id)
            by_zhao, by_li = confirm(by=acting(ZHAO)), confirm(by=acting(LI))
            given(*standing(), *member(ZHAO, "verifier"), waits).when(by_zhao).then_refused(RecorderIsVerifier)
            given(*standing(), *member(LI, "verifier"), waits).when(by_li).fact  # noqa: B018

    def test_of_an_absent_leader(self) -> None:
        """Where the leader did not sign in an administrator has to look at it; where they did a verifier may."""
        verifier = (*standing(), *member(LI, "verifier"))
        confirm = confirm_service(by=acting(LI), at=NOON, record_id=numbered(FIRST, 0))
        given(*verifier, record(WANG)).when(confirm).then_refused(LeaderWasAbsent)
        given(*verifier, record(WANG, leader_was_there=True)).when(confirm).fact  # noqa: B018
        by_office = confirm_service(by=ADMINISTRATOR, at=NOON, record_id=numbered(FIRST, 0))
        given(*standing(), record(WANG)).when(by_office).fact  # noqa: B018


def test_records_follow_each_other() -> None:
    """Identifiers of records that are made at once are in order, and stay different where the digits run over."""
    assert [numbered(FIRST, n)[-7:] for n in range(3)] == ["0fffffe", "0ffffff", "0000000"]
