from datetime import timedelta
from typing import Any

import pytest

from tests.controls import (
    CLINICS_PROGRAM,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    RECORD,
    THURSDAY,
    WANG,
    acting,
    confirm_service,
    confirmed,
    log_service,
    logged,
    member,
    registered,
    rejected,
    said,
    span,
    standing,
)
from tests.given import Book, given, recall
from timebank.domain.acting import Acting
from timebank.domain.facts.service import ServiceAmended, ServiceWithdrawn
from timebank.domain.identifiers import ActorId, RecordId
from timebank.domain.organisations.refusals import RoleMissing
from timebank.domain.refusals import NothingChanges
from timebank.domain.service.amending import AmendService, WithdrawService
from timebank.domain.service.records import ServiceRecord
from timebank.domain.service.refusals import (
    DayIsFull,
    DuplicateRecord,
    RecordAmended,
    RecorderIsBeneficiary,
    RecorderIsVerifier,
    RecordNotPending,
    RecordUnknown,
    ServiceInTheFuture,
    TooManyMinutes,
)

WAITING = (*standing(), logged())
LI_RECORDS, WANG_RECORDS = member(LI, "recorder"), member(WANG, "recorder")


def amend(by: Acting = GARDENERS_PROGRAM, **changes: Any) -> AmendService:
    """The garden puts the record right."""
    return said(AmendService, {"record_id": RECORD}, changes, by)


def withdraw(by: Acting = GARDENERS_PROGRAM, **changes: Any) -> WithdrawService:
    """The garden takes the record back."""
    return said(WithdrawService, {"record_id": RECORD, "reason": "wrong person"}, changes, by)


def digest_in(book: Book) -> str:
    """The digest of the record as it is now."""
    known, _ = recall(confirm_service(), book.facts)
    return known(ServiceRecord, RECORD).digest


def amended(**changes: Any) -> ServiceAmended:
    """What `amend(minutes=60)` comes to."""
    was = logged()
    fields: dict[str, Any] = {
        name: getattr(was, name)
        for name in ("record_id", "volunteer_id", "organisation_id", "activity", "category", "capacity", "local_date")
    }
    times = {"started_at": was.started_at, "ended_at": was.ended_at}
    minutes = {"minutes": 60, "minutes_by_day": {THURSDAY: 60}, "previous_minutes_by_day": {THURSDAY: 120}}
    return ServiceAmended(**({"amended_by": GARDENERS_PROGRAM.actor} | fields | times | minutes | changes))


class TestAmending:
    """A record that waits can be put right by whoever may log it."""

    def test_what_is_said_is_otherwise_and_the_rest_stays(self) -> None:
        """Minutes, words and capacity are changed one by one; what is not given stays as it was logged."""
        given(*WAITING).when(amend(minutes=60)).then(amended())
        given(*WAITING).when(amend(minutes=60, place="三号楼", reason="对照签到表")).then(
            amended(place="三号楼", reason="对照签到表")
        )
        given(*WAITING).when(amend(capacity="staff-on-duty")).then(
            amended(capacity="staff-on-duty", minutes=120, minutes_by_day={THURSDAY: 120})
        )

    def test_other_times_are_taken_whole_and_may_be_another_day(self) -> None:
        """Without minutes new times are taken whole; the fact is found by the days it was on and by those it is on."""
        times = span(3, days_ago=2)
        decided = given(*WAITING).when(amend(**times))
        assert (decided.fact.minutes, decided.fact.local_date) == (180, THURSDAY - timedelta(days=1))
        tags = {f"{WANG}@{THURSDAY}", f"{WANG}@{THURSDAY - timedelta(days=1)}"}
        assert tags <= set(decided.fact.tags())

    def test_it_is_late_if_it_says_another_day_late(self) -> None:
        """On the same day it stays as late as it was; moved to a day long ago it is entered late."""
        assert not given(*WAITING).when(amend(minutes=60)).fact.is_late
        assert given(*standing(), logged(is_late=True)).when(amend(minutes=60)).fact.is_late
        assert given(*WAITING).when(amend(**span(2, days_ago=40))).fact.is_late

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({}, NothingChanges),
            ({"minutes": 120, "activity": "公共设施擦洗"}, NothingChanges),
            ({"minutes": 121}, TooManyMinutes),
            ({"ended_at": NOON + timedelta(hours=1), "started_at": NOON}, ServiceInTheFuture),
        ],
    )
    def test_it_has_to_say_something_that_can_be(self, changes: dict[str, Any], refusal: Any) -> None:
        """Nothing, more than there is, and what is to come is refused."""
        given(*WAITING).when(amend(**changes)).then_refused(refusal)

    def test_it_stays_within_the_day_and_is_no_other_record(self) -> None:
        """Moved to a day that others fill, or to what another record says already, it is refused."""
        times = span(2, days_ago=2)
        there = logged(record_id=RecordId("rec_2"), minutes_by_day={THURSDAY - timedelta(days=1): 120}, **times)
        given(*WAITING, there).when(amend(**times)).then_refused(DuplicateRecord, record_id="rec_2")
        full = logged(record_id=RecordId("rec_2"), minutes_by_day={THURSDAY - timedelta(days=1): 1400}, **times)
        given(*WAITING, full).when(amend(**span(3, days_ago=2, hour=9))).then_refused(DayIsFull)

    def test_what_it_was_on_is_free_again(self) -> None:
        """The time that the record was on before can be logged anew, and what it is on now cannot."""
        book = Book(*WAITING, registered())
        moved = span(2, days_ago=2)
        book.do(amend(**moved))
        with pytest.raises(DuplicateRecord):
            book.do(log_service(record_id=RecordId("rec_2"), **moved))
        book.do(log_service(record_id=RecordId("rec_2")))
        assert book.do(confirm_service()).minutes_by_day == {THURSDAY - timedelta(days=1): 120}

    @pytest.mark.parametrize(
        "change",
        [
            {"minutes": 90},
            span(2, days_ago=2),
            {"category": "邻里守望"},
            {"activity": "巡逻"},
            {"capacity": "staff-on-duty"},
            {"place": "三号楼"},
            {"content": "擦洗扶手"},
            {"programmes": ("红细胞",)},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_what_was_amended_since_is_not_confirmed_as_it_was_seen(self, change: Any) -> None:
        """A recorder logged an hour, waited until it was looked at, and made a day of it before it was confirmed."""
        book = Book(*WAITING, registered())
        seen = digest_in(book)
        book.do(amend(**change))
        with pytest.raises(RecordAmended):
            book.do(confirm_service(digest=seen))
        assert book.do(confirm_service(digest=digest_in(book)))

    def test_whoever_amends_does_not_confirm(self) -> None:
        """Whoever changed what a record says has recorded it too, and so has whoever issued their key."""
        coordinator = member(LI, "coordinator")
        facts = (*WAITING, *coordinator, amended(amended_by=LI))
        given(*facts).when(confirm_service(by=acting(LI))).then_refused(RecorderIsVerifier)
        by_key = (*WAITING, *coordinator, amended(key_issued_by=ActorId(LI)))
        given(*by_key).when(confirm_service(by=acting(LI))).then_refused(RecorderIsVerifier)


class TestWithdrawing:
    """A record that waits can be taken back by whoever may log it."""

    def test_it_counts_for_nothing_and_its_time_is_free(self) -> None:
        """The fact says who and why; the same service can be logged again."""
        withdrawn = ServiceWithdrawn(
            record_id=RECORD,
            volunteer_id=WANG,
            organisation_id=logged().organisation_id,
            withdrawn_by=GARDENERS_PROGRAM.actor,
            minutes_by_day={THURSDAY: 120},
            reason="wrong person",
        )
        given(*WAITING).when(withdraw()).then(withdrawn)
        again = logged(record_id=RecordId("rec_2"))
        given(*WAITING, registered(), withdrawn).when(log_service(record_id=RecordId("rec_2"))).then(again)
        given(*WAITING, withdrawn).when(confirm_service()).then_refused(RecordNotPending, status="withdrawn")


@pytest.mark.parametrize("command", [amend(minutes=60), withdraw()], ids=lambda command: type(command).__name__)
class TestWhoAndWhen:
    """Amending and withdrawing are for whoever may log, and only as long as nobody has decided."""

    def test_those_who_may_log_may(self, command: Any) -> None:
        """A recorder of the organisation may, whoever logged it; a verifier, a member and strangers may not."""

        def by(who: Acting) -> Any:
            return type(command)(**{name: getattr(command, name) for name in command.__struct_fields__} | {"by": who})

        assert given(*WAITING, *LI_RECORDS).when(by(acting(LI))).fact
        given(*WAITING, *member(LI, "verifier")).when(by(acting(LI))).then_refused(RoleMissing)
        given(*WAITING).when(by(acting(LI))).then_refused(RecordUnknown)
        given(*WAITING).when(by(CLINICS_PROGRAM)).then_refused(RecordUnknown)
        given(*WAITING, *WANG_RECORDS).when(by(acting(WANG))).then_refused(RecorderIsBeneficiary)

    def test_only_while_it_waits(self, command: Any) -> None:
        """What was confirmed or rejected stays as it was decided."""
        given(*WAITING, confirmed()).when(command).then_refused(RecordNotPending, status="confirmed")
        given(*WAITING, rejected()).when(command).then_refused(RecordNotPending, status="rejected")
        given().when(command).then_refused(RecordUnknown)
