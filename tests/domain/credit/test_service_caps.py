from datetime import date
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    NOON,
    OTHER,
    RECORD,
    THURSDAY,
    at,
    logged,
    registered,
    standing,
)
from tests.controls.credit import adopted
from tests.given import Book
from timebank.domain.credit.preview import Replay
from timebank.domain.credit.service_caps import Counted, Kept, kept, seen_after
from timebank.domain.facts.credit import Rules
from timebank.domain.service.reviews import ConfirmService, CorrectService, VoidService

WEDNESDAY = date(2026, 11, 18)
SWEEPING, PATROL = (GARDEN, "扫楼道"), (GARDEN, "巡逻")
CAPS = [
    pytest.param({"cap_per_activity_minutes": 60}, {"activity": "巡逻"}, id="activity"),
    pytest.param({"cap_per_day_minutes": 60}, {"started_at": at(18, 9), "ended_at": at(18, 11)}, id="day"),
    pytest.param({"cap_per_activity_minutes": 60}, {"started_at": at(18, 9), "ended_at": at(18, 11)}, id="both"),
]
"""A cap, and how a record is moved from under it."""


def of(kind: Any, record_id: Any = RECORD, **fields: Any) -> Any:
    """The administrator decides on a record."""
    reason = {} if kind is ConfirmService else {"reason": "补签"}
    return kind(by=ADMINISTRATOR, at=NOON, record_id=record_id, **(reason | fields))


def book(**rules: Any) -> Book:
    """Two records of two hours of one morning and afternoon wait, under rules."""
    second = logged(record_id=OTHER, started_at=at(19, 14), ended_at=at(19, 16))
    return Book(*standing(), registered(), adopted(**rules), logged(), second)


@pytest.mark.parametrize(("rules", "elsewhere"), CAPS)
class TestMovedRecords:
    """Whoever corrects a record alone makes no credit by it, neither of that record nor of another."""

    def test_free_no_room_for_another(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """What a cap had cut of another record is not credited once the first is moved, and the other corrected."""
        decided = book(**rules)
        for command in (of(ConfirmService), of(ConfirmService, OTHER), of(CorrectService, **elsewhere)):
            decided.do(command)
        assert decided.do(of(CorrectService, OTHER, minutes=119)).credited_minutes == 0
        assert decided.minutes("issued") == -60

    def test_free_no_room_for_what_waits(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """Nor for a record that is confirmed afterwards."""
        decided = book(**rules)
        decided.do(of(ConfirmService))
        decided.do(of(CorrectService, **elsewhere))
        assert decided.do(of(ConfirmService, OTHER)).credited_minutes == 0

    def test_keep_no_more_than_they_have(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """What they have no credit for any more is free."""
        decided = book(**rules)
        decided.do(of(ConfirmService))
        decided.do(of(CorrectService, minutes=20, **elsewhere))
        assert decided.do(of(ConfirmService, OTHER)).credited_minutes == 40

    def test_keep_nothing_once_they_are_void(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """Voided, to be logged anew, they leave the room to others."""
        decided = book(**rules)
        for command in (of(ConfirmService), of(CorrectService, **elsewhere), of(VoidService)):
            decided.do(command)
        assert decided.do(of(ConfirmService, OTHER)).credited_minutes == 60

    def test_count_once_where_they_were_moved_back(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """Moved there and back they take up what they did before."""
        decided = book(**rules)
        back = {"activity": logged().activity, "started_at": logged().started_at, "ended_at": logged().ended_at}
        decided.do(of(ConfirmService, minutes=40))
        decided.do(of(CorrectService, minutes=40, **elsewhere))
        decided.do(of(CorrectService, minutes=40, **back))
        assert decided.do(of(ConfirmService, OTHER)).credited_minutes == 20

    def test_come_to_the_same_in_a_preview(self, rules: dict[str, Any], elsewhere: dict[str, Any]) -> None:
        """A preview of the rules in force finds no difference."""
        decided = book(**rules)
        for command in (of(ConfirmService), of(CorrectService, **elsewhere), of(ConfirmService, OTHER)):
            decided.do(command)
        replay = Replay(Rules(**rules), date.min)
        for fact in decided.facts:
            replay.take(fact)
        assert replay.effects(3).records_changed == 0


class TestKept:
    """What a record takes up where two people have seen it."""

    @pytest.mark.parametrize(
        ("activity", "now", "of_day", "of_activity"),
        [
            (SWEEPING, {THURSDAY: 60}, {}, {}),
            (SWEEPING, {THURSDAY: 30}, {}, {}),
            (SWEEPING, {WEDNESDAY: 60}, {THURSDAY: 60}, {THURSDAY: 60}),
            (SWEEPING, {WEDNESDAY: 20}, {THURSDAY: 20}, {THURSDAY: 20}),
            (SWEEPING, {WEDNESDAY: 20, THURSDAY: 40}, {THURSDAY: 20}, {THURSDAY: 20}),
            (PATROL, {THURSDAY: 60}, {}, {THURSDAY: 60}),
            (PATROL, {THURSDAY: 10}, {}, {THURSDAY: 10}),
        ],
    )
    def test_as_far_as_it_was_moved(
        self, activity: Any, now: dict[date, int], of_day: dict[date, int], of_activity: dict[date, int]
    ) -> None:
        """It is as much as was moved away, and no more than it has."""
        assert kept(Counted(SWEEPING, {THURSDAY: 60}), Counted(activity, now)) == Kept(of_day, of_activity)

    def test_more_may_be_seen_where_it_was(self) -> None:
        """Raised where it was, all of it is seen there; elsewhere nothing is."""
        seen = Counted(SWEEPING, {THURSDAY: 60})
        assert seen_after(seen, Counted(SWEEPING, {THURSDAY: 90})).by_day == {THURSDAY: 90}
        assert seen_after(seen, Counted(SWEEPING, {THURSDAY: 20})).by_day == {THURSDAY: 60}
        assert seen_after(seen, Counted(PATROL, {THURSDAY: 90})) == seen
        assert seen_after(seen, Counted(SWEEPING, {WEDNESDAY: 90})) == seen
