from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    CATEGORIES,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    OTHER,
    THURSDAY,
    WANG,
    ZHAO,
    at,
    confirmed,
    corrected,
    enter,
    log_service,
    logged,
    registered,
    rejected,
    rule_books,
    standing,
    voided,
)
from tests.given import Book
from timebank.domain.credit.preview import Change, Effects, Replay
from timebank.domain.facts.credit import PolicyAdopted, RuleEffect, Rules
from timebank.domain.identifiers import RecordId, VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.domain.refusing import Refusal
from timebank.domain.service.records import LogService
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService

TODAY = NOON.date()
DAY = timedelta(days=1)
WEDNESDAY = THURSDAY - DAY
EVER = date(2026, 1, 1)


def replayed(draft: Rules, *facts: Fact, since: date = EVER) -> Replay:
    """A log that was replayed under a draft."""
    replay = Replay(draft, since)
    for fact in facts:
        replay.take(fact)
    return replay


def effects(draft: Rules, *facts: Fact, since: date = EVER, largest: int = 10) -> Effects:
    """What a draft would change."""
    return replayed(draft, *facts, since=since).effects(largest)


def by_person(found: Effects) -> dict[VolunteerId, tuple[int, int]]:
    """Whose credit would be another."""
    return {change.volunteer_id: change[1:] for change in found.largest_changes}


def record(number: int, **changes: Any) -> tuple[Fact, Fact]:
    """A record that was logged and confirmed, two hours on Thursday."""
    record_id = RecordId(f"rec_{number}")
    said = {name: changes.pop(name) for name in ("activity", "category") if name in changes}
    shared = {name: changes[name] for name in ("volunteer_id", "organisation_id", "local_date") if name in changes}
    return logged(record_id=record_id, **said, **shared), confirmed(record_id=record_id, **changes)


def act(kind: str, number: int, quarter: int, length: int, choice: int) -> Command:
    """One of the things that happen to records, on a few days before now."""
    started_at = NOON - timedelta(minutes=15 * (quarter + length))
    times: dict[str, Any] = {"started_at": started_at, "ended_at": started_at + timedelta(minutes=15 * length)}
    program, organisation = ((GARDENERS_PROGRAM, GARDEN), (CLINICS_PROGRAM, CLINIC))[choice % 2]
    of: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON, "record_id": RecordId(f"rec_{number}")}
    said: dict[str, Any] = {
        "activity": ("公共设施擦洗", "巡逻")[choice // 2 % 2],
        "category": CATEGORIES[choice // 4 % 2],
        "capacity": ("resident", "resident", "staff-on-duty")[choice % 3],
    }
    log = LogService(
        **(of | {"by": program}),
        volunteer_id=(WANG, LI)[number % 2],
        organisation_id=organisation,
        minutes=15 * length - choice,
        **said,
        **times,
    )
    because = {"reason": "补签"}
    commands: dict[str, Command] = {
        "log": log,
        "enter": enter(log, signer=ADMINISTRATOR),
        "confirm": ConfirmService(**of),
        "confirm less": ConfirmService(**of, minutes=1 + choice),
        "reject": RejectService(**of, **because),
        "correct": CorrectService(**of, **because, **times),
        "correct minutes": CorrectService(**of, **because, minutes=1 + 7 * choice),
        "correct words": CorrectService(**of, **because, **said),
        "void": VoidService(**of, **because),
    }
    return commands[kind]


KINDS = ["log", "enter", "enter", "confirm", "confirm less", "reject", "correct", "correct minutes", "correct words"]
ACTS = st.lists(
    st.builds(
        act,
        st.sampled_from([*KINDS, "void"]),
        st.integers(0, 4),
        st.integers(0, 200),
        st.integers(1, 24),
        st.integers(0, 11),
    ),
    max_size=20,
)


def history(acts: Sequence[Command], rules: Rules, since: date) -> Book:
    """What comes of it under rules that are in force from a day on; what is refused does not happen."""
    book = Book(*standing(GARDEN), *standing(CLINIC), registered(WANG), registered(LI))
    book.facts.append(PolicyAdopted(version=1, resolution="居民代表大会决议", effective_from=since, rules=rules))
    entered: set[RecordId] = set()
    for command in acts:
        log = getattr(command, "log", command)
        if isinstance(log, LogService) and log.record_id in entered:
            continue  # every record has an identifier of its own
        with suppress(Refusal):
            book.do(command)
            entered |= {log.record_id} if isinstance(log, LogService) else set()
    return book


class TestUnderTheRulesInForce:
    """A preview decides as the bank does."""

    @settings(max_examples=100)
    @for_all(ACTS, rule_books)
    def test_nothing_changes(self, acts: list[Command], rules: Rules) -> None:
        """Whatever happened, replayed under the very rules it happened under it comes to the same."""
        book = history(acts, rules, EVER)
        found = effects(rules, *book.facts)
        assert (found.people_changed, found.records_changed, found.largest_changes) == (0, 0, [])
        assert found.minutes_before == found.minutes_after == -book.minutes("issued")

    @settings(max_examples=100)
    @for_all(ACTS, rule_books, st.sampled_from([WEDNESDAY, THURSDAY, TODAY]))
    def test_nothing_changes_from_the_day_they_are_in_force(
        self, acts: list[Command], rules: Rules, since: date
    ) -> None:
        """So it does where the rules began in the middle of it, also for service over that midnight."""
        book = history(acts, rules, since)
        found = effects(rules, *book.facts, since=since)
        assert (found.people_changed, found.records_changed) == (0, 0)
        assert found.minutes_before == found.minutes_after == -book.minutes("issued")

    @settings(max_examples=50)
    @for_all(ACTS, rule_books, rule_books)
    def test_people_and_records_add_up(self, acts: list[Command], rules: Rules, draft: Rules) -> None:
        """The changes of all people sum to the change in all, whatever the draft."""
        book = history(acts, rules, EVER)
        found = effects(draft, *book.facts)
        change = sum(after - before for _, before, after in found.largest_changes)
        assert change == found.minutes_after - found.minutes_before
        assert found.minutes_before == -book.minutes("issued")
        assert len(found.largest_changes) == found.people_changed <= found.people
        assert found.records_changed <= found.records
        sizes = [abs(after - before) for _, before, after in found.largest_changes]
        assert sizes == sorted(sizes, reverse=True)
        assert all(sizes)

    def test_service_over_the_first_midnight(self) -> None:
        """What was credited to the first day by the rules before takes up room in the caps of that day."""
        rules = Rules(cap_per_day_minutes=150)
        watch = log_service(started_at=at(18, 22), ended_at=at(19, 2))
        acts = [enter(log, signer=ADMINISTRATOR) for log in (watch, log_service(record_id=OTHER))]
        book = history(acts, rules, THURSDAY)
        assert -book.minutes("issued") == 240 + 30
        assert effects(rules, *book.facts, since=THURSDAY).minutes_after == 270


class TestDraft:
    """What a draft would change."""

    def test_of_nothing(self) -> None:
        """Without service there is nothing to change."""
        assert effects(Rules(other_percent=50)) == Effects(0, 0, 0, 0, 0, 0, 0, 0, [])

    def test_a_coefficient(self) -> None:
        """A category that is worth another gives its records, and their people, another credit."""
        facts = (*record(1), *record(2, category="治安巡逻", volunteer_id=LI), *record(3, volunteer_id=LI))
        found = effects(Rules(credit_percent={"治安巡逻": 150}), *facts)
        assert found == Effects(2, 1, 3, 1, 360, 60, 0, 420, [Change(LI, 240, 300)])

    def test_leaves_what_was_before_alone(self) -> None:
        """Service from before the first day keeps its credit."""
        before = {"local_date": WEDNESDAY, "minutes_by_day": {WEDNESDAY: 120}}
        facts = (*record(1, **before), *record(2))
        assert effects(Rules(other_percent=50), *facts, since=THURSDAY).minutes_after == 120 + 60
        assert effects(Rules(other_percent=50), *facts, since=TODAY).minutes_after == 240

    @pytest.mark.parametrize(
        ("rules", "after"),
        [
            ({"cap_per_day_minutes": 150}, 150),
            ({"cap_total_minutes": 150}, 150),
            ({"cap_per_activity_minutes": 100}, 200),
            ({"cap_per_activity_minutes": 100, "cap_per_day_minutes": 150}, 150),
            ({"cap_per_day_minutes": 0}, 0),
        ],
    )
    def test_caps(self, rules: dict[str, Any], after: int) -> None:
        """Caps are filled in the order of the log."""
        facts = (*record(1), *record(2), *record(3, activity="巡逻"))
        assert by_person(effects(Rules(**rules), *facts)) == {WANG: (360, after)}

    def test_caps_are_each_persons(self) -> None:
        """What one is credited takes no room of another's."""
        facts = (*record(1), *record(2, volunteer_id=LI))
        assert effects(Rules(cap_per_day_minutes=120, cap_total_minutes=120), *facts).people_changed == 0

    def test_a_correction(self) -> None:
        """A corrected record counts as it was put right, and makes room for what comes after it."""
        draft = Rules(cap_per_day_minutes=130)
        correction = corrected(record_id=RecordId("rec_1"))
        found = effects(draft, *record(1), correction, *record(2))
        assert found == Effects(1, 1, 2, 1, 180, 0, 50, 130, [Change(WANG, 180, 130)])
        found = effects(draft, *record(1), *record(2), correction)
        assert by_person(found) == {WANG: (180, 70)}

    def test_a_void(self) -> None:
        """What was voided counts for nothing, and makes room."""
        draft = Rules(cap_per_day_minutes=130, other_percent=200)
        gone = voided(record_id=RecordId("rec_1"))
        found = effects(draft, *record(1), gone)
        assert found == Effects(1, 0, 0, 0, 0, 0, 0, 0, [])
        assert by_person(effects(draft, *record(1), gone, *record(2))) == {WANG: (120, 130)}
        assert by_person(effects(draft, *record(1), *record(2), gone)) == {WANG: (120, 0)}

    def test_what_was_rejected_or_is_pending(self) -> None:
        """Only confirmed service counts."""
        facts = (logged(), rejected(), logged(record_id=OTHER))
        assert effects(Rules(other_percent=50), *facts) == Effects(0, 0, 0, 0, 0, 0, 0, 0, [])

    def test_paid_duty(self) -> None:
        """No draft makes paid duty worth anything."""
        duty = record(
            1,
            capacity="staff-on-duty",
            credited_minutes=0,
            rules_applied=(RuleEffect("paid-duty", -120),),
            credited_by_day={THURSDAY: 0},
        )
        assert effects(Rules(other_percent=1000), *duty).minutes_after == 0

    def test_what_was_credited_by_other_rules(self) -> None:
        """A draft that takes rules back gives what they took, once."""
        capped = record(1, credited_minutes=50, policy_version=1, rules_applied=(RuleEffect("cap-per-day", -70),))
        assert effects(Rules(), *capped).minutes_after == 120
        again = corrected(record_id=RecordId("rec_1"), previous_credited_minutes=50, minutes=100, credited_minutes=50)
        found = effects(Rules(), *capped, again)
        assert found == Effects(1, 1, 1, 1, 50, 10, 0, 60, [Change(WANG, 50, 60)])

    def test_the_largest_changes_first(self) -> None:
        """Of the changes the largest are told, whether more or less, and as many as asked for."""
        facts = (
            *record(1, category="治安巡逻"),
            *record(2, volunteer_id=LI, category="文体娱乐"),
            *record(3, volunteer_id=ZHAO, category="调解"),
        )
        draft = Rules(credit_percent={"治安巡逻": 150, "文体娱乐": 0, "调解": 101})
        changes = [Change(LI, 120, 0), Change(WANG, 120, 180), Change(ZHAO, 120, 121)]
        assert effects(draft, *facts).largest_changes == changes
        assert effects(draft, *facts, largest=2).largest_changes == changes[:2]
        assert effects(draft, *facts, largest=0).people_changed == 3

    def test_counts_how_far_it_is(self) -> None:
        """How many confirmations were taken in is told as it goes."""
        assert replayed(Rules(), *record(1), logged(record_id=OTHER), *record(3)).replayed == 2
