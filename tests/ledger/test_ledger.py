"""The ledger: batches, refusals, promises kept once, and what happens when the connection is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.controls import ADMINISTRATOR, GARDEN, KEY_FILE, NOON, confirmed
from tests.controls.town import Town, confirm, consent, correct, do, found, log, number_of, register, void, volunteer
from tests.helpers.flaky import Relay, relayed
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.db.connections import Connection, Pool
from timebank.domain.facts.people import PersonalDataChanged
from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import RegisterOrganisation
from timebank.domain.people.refusals import VolunteerNumberTaken, VolunteerUnknown
from timebank.domain.people.volunteers import RegisterVolunteer, SuspendVolunteer
from timebank.domain.person import Person
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import DayIsFull, DuplicateRecord, RecordUnknown
from timebank.ledger import idempotency, writer
from timebank.ledger.audit import check_log
from timebank.ledger.codec import Event, Recorded, encode
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import (
    IdempotencyKey,
    Outcome,
    QueueFullError,
    Receipt,
    StoreUnavailableError,
)
from timebank.ledger.wake import Waker
from timebank.projections.credit import balances
from timebank.projections.machinery.rebuild import verify
from timebank.runtime.composition import hooks
from timebank.vault.keyring import Keyring
from timebank.vault.people import People

Make = Callable[..., Ledger]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@pytest.fixture
async def make(store: Store, people: People) -> AsyncIterator[Make]:
    """Makes ledgers that are closed in the end."""
    made: list[Ledger] = []

    def make(store: Any = store, **options: Any) -> Ledger:
        made.append(Ledger(store, people, **({"clock": now, "hooks": hooks(people)} | options)))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def transactions(pool: Pool, bank_id: UUID) -> int:
    """In how many transactions the log was written."""
    count: int = await pool.fetchval("select count(distinct xmin::text) from event where bank_id = $1", bank_id)
    return count


async def log_of(pool: Pool, bank_id: UUID) -> list[tuple[str, str]]:
    """Topics and data of all that happened."""
    rows = await pool.fetch("select topic, data from event where bank_id = $1 order by position", bank_id)
    return [(row["topic"], row["data"].decode()) for row in rows]


async def must_be_sound(pool: Pool, bank_id: UUID) -> None:
    """The log has no gap and no flaw, and the balances are what it comes to."""
    assert [finding async for finding in check_log(pool, bank_id)] == []
    assert (await verify(pool, balances.PROJECTION, bank_id)).differences == []


def plain(outcomes: Sequence[Outcome]) -> list[Any]:
    """Outcomes as they can be compared: receipts without their leaves, and refusals by kind and details."""
    return [(each.kind, each.details) if isinstance(each, Refusal) else each._replace(leaf=b"") for each in outcomes]


# Batches


async def test_a_bank_is_not_opened_in_a_zone_that_postgresql_does_not_know(store: Store) -> None:
    """Its read models could never tell which day it is there."""
    bank_id = uuid7()
    with pytest.raises(ValueError, match="does not know the time zone Europe/Wuhan"):
        await store.open_bank(bank_id, "Bank", "Europe/Wuhan")
    assert await store.bank(bank_id) is None


async def test_concurrent_commands_share_transactions(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A thousand commands at once are committed in a handful of transactions, each answered with its own position."""
    receipts = await asyncio.gather(*(ledger.execute(bank_id, register(n)) for n in range(1_000)))
    assert [receipt.position for receipt in receipts] == list(range(2, 1_002))
    assert await transactions(pool, bank_id) <= 8
    await must_be_sound(pool, bank_id)


async def test_refusals_fail_alone(ledger: Ledger, bank_id: UUID) -> None:
    """Of many commands at once the impossible ones are refused, and all others done."""
    commands = [
        register(n) if n % 3 else SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(999), reason="-")
        for n in range(90)
    ]
    results = await asyncio.gather(*(ledger.execute(bank_id, each) for each in commands), return_exceptions=True)
    assert [isinstance(result, Receipt) for result in results] == [n % 3 > 0 for n in range(90)]
    assert {type(result) for result in results} == {Receipt, VolunteerUnknown}


async def test_commands_of_a_batch_see_the_earlier_ones(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Commands that are decided together are decided in order: each knows what the earlier ones did."""
    wang = volunteer(1)
    commands = [
        *found(1),
        log("rec_1", wang),
        confirm("rec_1"),
        confirm("rec_1"),
        log("rec_2", wang),
        correct("rec_1", minutes=30),
        void("rec_1"),
        void("rec_1"),
        log("rec_3", wang, hour=0, hours=12),
        log("rec_4", wang, hour=0, hours=13),
        consent(wang),
        consent(wang),
    ]
    before = await transactions(pool, bank_id)
    submitted = [asyncio.create_task(ledger.submit(bank_id, [command])) for command in commands]
    outcomes = [outcome for (outcome,) in await asyncio.gather(*submitted)][5:]
    kinds = [each.kind if isinstance(each, Refusal) else len(each.facts) for each in outcomes]
    # The voided record has freed its time, so that it can be logged anew only under another time: rec_2 stays refused.
    assert kinds == [
        1,
        1,
        "record-not-pending",
        "duplicate-record",
        1,
        1,
        "record-not-confirmed",
        1,
        "day-is-full",
        1,
        0,
    ]
    assert await transactions(pool, bank_id) == before + 1
    await must_be_sound(pool, bank_id)


async def test_many_callers_race_for_the_last_minutes(ledger: Ledger, bank_id: UUID) -> None:
    """Thirty records of an hour each fit into a day exactly 24 times, in whatever batches they come."""
    await do(ledger, bank_id, *found(1))
    tries = [
        log(f"rec_{n}", volunteer(1), days_ago=3, hour=n % 24, hours=1, organisation_id=org)
        for n in range(24)
        for org in (GARDEN,)
    ] + [log(f"more_{n}", volunteer(1), days_ago=3, hour=n, hours=1, minutes=60, place="x") for n in range(6)]
    results = await asyncio.gather(*(ledger.submit(bank_id, [each]) for each in tries))
    outcomes = [outcome for (outcome,) in results]
    assert sum(isinstance(each, Receipt) for each in outcomes) == 24
    assert {type(each) for each in outcomes[24:]} <= {DuplicateRecord, DayIsFull}


async def test_a_command_without_facts_is_answered(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Something that changes nothing is answered with the position of the log, and appends nothing."""
    await do(ledger, bank_id, *found(1), consent(volunteer(1)))
    head = ledger.head(bank_id)
    receipt = await ledger.execute(bank_id, consent(volunteer(1)))
    assert receipt == Receipt(head, ())
    assert await ledger.store.head(bank_id) == head


async def test_an_alias_leaves_a_fact(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """That somebody appears under another name is in the log; which name is not."""
    await do(ledger, bank_id, *found(1), consent(volunteer(1)))
    receipt = await ledger.execute(bank_id, consent(volunteer(1), alias="木棉"))
    assert receipt.facts == (PersonalDataChanged(volunteer_id=volunteer(1), fields=("alias",)),)
    assert (await kept_of(pool, bank_id, volunteer(1))).alias == "木棉"


async def test_banks_do_not_know_of_each_other(ledger: Ledger, store: Store, bank_id: UUID) -> None:
    """The same commands can be done in two banks of one database, each with its own positions."""
    another = UUID(int=bank_id.int ^ 1)
    await store.open_bank(another, "Another bank", "Asia/Shanghai")
    answers = await asyncio.gather(
        *(ledger.execute(each, register(n)) for n in range(20) for each in (bank_id, another))
    )
    assert sorted(answer.position for answer in answers[1::2]) == list(range(1, 21))
    assert sorted(answer.position for answer in answers[::2]) == list(range(2, 22))


async def test_an_unknown_bank_is_an_error(ledger: Ledger) -> None:
    """Nothing can be done in a bank that is not there."""
    with pytest.raises(LookupError):
        await ledger.execute(UUID(int=1), register(1))


# Dry runs


async def test_a_dry_run_decides_the_same_and_does_nothing(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A dry run gives the outcomes the run then gives, to the byte, and leaves nothing behind, not even a name."""
    commands = Town(seed=7).commands(60)
    before = await log_of(pool, bank_id)
    tried = await ledger.submit(bank_id, commands, dry_run=True)
    assert await log_of(pool, bank_id) == before
    assert await pool.fetchval("select count(*) from person") == 0
    tried_again = await ledger.submit(bank_id, commands, dry_run=True)
    done = await ledger.submit(bank_id, commands)
    assert plain(tried) == plain(tried_again) == plain(done)
    await must_be_sound(pool, bank_id)


async def test_dry_runs_among_others_disturb_nobody(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Dry runs that arrive between other commands neither see their own effects later nor change anyone's."""
    await do(ledger, bank_id, *found(3))
    runs = []
    for n in range(30):
        runs.append(ledger.submit(bank_id, [log(f"dry_{n}", volunteer(1), days_ago=n + 1)], dry_run=True))
        runs.append(ledger.submit(bank_id, [log(f"rec_{n}", volunteer(1), days_ago=n + 1)]))
    outcomes = [outcome for (outcome,) in await asyncio.gather(*runs)]
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert await pool.fetchval("select count(*) from event where topic = 'service-logged'") == 30
    await must_be_sound(pool, bank_id)


async def test_a_dry_run_keeps_its_key_free(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A dry run uses up no Idempotency-Key."""
    key = IdempotencyKey("adm", "k", (b"1",))
    await ledger.submit(bank_id, [register(1)], key=key, dry_run=True)
    assert await pool.fetchval("select count(*) from idempotency") == 0
    assert isinstance((await ledger.submit(bank_id, [register(1)], key=key))[0], Receipt)


# The queue


async def test_a_full_queue_refuses_and_does_nothing(make: Make, bank_id: UUID, pool: Pool) -> None:
    """Beyond its limit the ledger takes nothing on, says so at once, and later works as before."""
    ledger = make(queue_limit=10)
    await ledger.execute(bank_id, register(0))
    results = await asyncio.gather(
        *(ledger.execute(bank_id, register(n)) for n in range(1, 31)), return_exceptions=True
    )
    full = [n for n, result in enumerate(results, start=1) if isinstance(result, QueueFullError)]
    assert len(full) >= 1
    assert len(results) - len(full) >= 10
    registered = await pool.fetch("select data from event where topic = 'volunteer-registered'")
    assert len(registered) == 31 - len(full)
    for n in full:
        await ledger.execute(bank_id, register(n))
    assert await ledger.store.head(bank_id) == 31


async def test_one_large_submission_is_taken_when_nothing_waits(make: Make, bank_id: UUID) -> None:
    """A submission that is larger than the queue is taken on if it is alone."""
    ledger = make(queue_limit=10)
    assert len(await ledger.submit(bank_id, [register(n) for n in range(50)])) == 50


async def test_a_caller_who_gives_up_harms_nobody(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Callers that are cancelled while they wait change nothing for the others; what was queued may be done."""
    tasks = [asyncio.create_task(ledger.execute(bank_id, register(n))) for n in range(200)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, Receipt) for n, result in enumerate(results) if n % 3)
    await ledger.execute(bank_id, register(500))
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize("dry_run", [False, True])
async def test_closing_answers_everybody(make: Make, bank_id: UUID, dry_run: bool) -> None:
    """When the ledger is closed, nobody is left waiting: not those queued, and not those in the batch being written."""
    reached, never = asyncio.Event(), asyncio.Event()

    async def stall(*_: Any) -> None:
        reached.set()
        await never.wait()

    ledger = make(hooks=[Hook(stall)])
    callers = [asyncio.create_task(ledger.submit(bank_id, [register(1)]))]
    await reached.wait()
    callers.append(asyncio.create_task(ledger.submit(bank_id, [register(2)], dry_run=dry_run)))
    await asyncio.sleep(0.01)
    await ledger.close()
    _, waiting = await asyncio.wait(callers, timeout=PATIENCE_SECONDS)
    for caller in waiting:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailableError] * 2


async def test_closing_answers_a_dry_run_that_was_held_back(make: Make, bank_id: UUID) -> None:
    """A dry run that waits for the batch before it is told, too, that the ledger closes."""
    reached, never, stalls = asyncio.Event(), asyncio.Event(), False

    async def stall(*_: Any) -> None:
        if stalls:
            reached.set()
            await never.wait()

    ledger = make(hooks=[Hook(stall)])
    await ledger.execute(bank_id, register(0))
    stalls = True
    callers = [
        asyncio.create_task(ledger.submit(bank_id, [register(n)], dry_run=dry_run))
        for n, dry_run in ((1, False), (2, True))
    ]
    await reached.wait()
    await ledger.close()
    _, waiting = await asyncio.wait(callers, timeout=PATIENCE_SECONDS)
    for caller in waiting:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[1], StoreUnavailableError)


async def kept_of(pool: Pool, bank_id: UUID, volunteer_id: str) -> Person:
    """What is personal about a volunteer."""
    person = await People(Keyring(KEY_FILE)).one(pool, bank_id, volunteer_id)
    assert person is not None
    return person


# Idempotency

KEY = IdempotencyKey("operator", "a-key", (b"fingerprint",))


async def test_a_repeated_key_gives_the_same_receipt(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """The same key and request give the same receipt, whichever process is asked, and it is done once."""
    first = await ledger.execute(bank_id, register(1), key=KEY)
    await ledger.execute(bank_id, register(2))
    for each in (ledger, other, ledger):
        assert await each.execute(bank_id, register(1), key=KEY) == first
    assert await ledger.store.head(bank_id) == 3


async def test_a_repeated_key_in_one_batch_acts_once(ledger: Ledger, bank_id: UUID) -> None:
    """The same request many times at once is done once, and answered many times."""
    answers = await asyncio.gather(*(ledger.execute(bank_id, register(1), key=KEY) for _ in range(20)))
    assert len({str(Receipt(*each)) for each in answers}) == 1
    assert await ledger.store.head(bank_id) == 2


async def test_a_repeated_key_across_ledgers_acts_once(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """The same request to two processes at once is done once, and both give the same answer."""
    for n in range(20):
        key = KEY._replace(key=f"key-{n}")
        answers = await asyncio.gather(
            *(each.execute(bank_id, register(n), key=key) for each in (ledger, other, ledger, other))
        )
        assert len({str(Receipt(*each)) for each in answers}) == 1
    assert await ledger.store.head(bank_id) == 21


@pytest.mark.drill
async def test_a_repeated_key_without_facts_across_ledgers(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """A request that changes nothing, sent to two processes at once under one key, is answered alike by both."""
    await do(ledger, bank_id, *found(1), consent(volunteer(1)))
    for n in range(20):
        key = KEY._replace(key=f"key-{n}")
        answers = await asyncio.gather(
            *(each.execute(bank_id, consent(volunteer(1)), key=key) for each in (ledger, other)),
            return_exceptions=True,
        )
        assert [answer for answer in answers if not isinstance(answer, Receipt)] == []


async def test_a_key_for_another_request_is_refused(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """The same key with another fingerprint is refused, at once, in the same batch and by another process."""
    both = await asyncio.gather(
        ledger.submit(bank_id, [register(1)], key=KEY),
        ledger.submit(bank_id, [register(2), register(3)], key=KEY._replace(fingerprints=(b"another",))),
    )
    assert isinstance(both[0][0], Receipt)
    assert [type(each) for each in both[1]] == [IdempotencyKeyReused] * 2
    for each in (ledger, other):
        with pytest.raises(IdempotencyKeyReused):
            await each.execute(bank_id, register(4), key=KEY._replace(fingerprints=(b"another",)))
    assert await ledger.store.head(bank_id) == 2


async def test_keys_belong_to_a_principal_and_a_bank(ledger: Ledger, bank_id: UUID) -> None:
    """Two principals may use the same key for different things."""
    await ledger.execute(bank_id, register(1), key=KEY)
    await ledger.execute(bank_id, register(2), key=KEY._replace(principal="org_garden", fingerprints=(b"another",)))
    assert await ledger.store.head(bank_id) == 3


async def test_a_refused_request_keeps_its_key_free(ledger: Ledger, bank_id: UUID) -> None:
    """A refused command may be tried again under the same key, and then succeed."""
    suspend = SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(1), reason="-")
    for _ in range(2):
        with pytest.raises(VolunteerUnknown):
            await ledger.execute(bank_id, suspend, key=KEY)
    await ledger.execute(bank_id, register(1))
    receipt = await ledger.execute(bank_id, suspend, key=KEY)
    assert await ledger.execute(bank_id, suspend, key=KEY) == receipt


async def test_a_group_repeats_its_outcomes(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """A group with refusals repeats every outcome, facts and details included, however it would be decided now."""
    group: list[Command] = [
        *found(1),
        log("rec_1", volunteer(1)),
        log("rec_2", volunteer(1)),
        confirm("rec_9"),
        confirm("rec_1"),
        log("rec_3", volunteer(1), hour=0, hours=11, minutes=600),
        log("rec_4", volunteer(1), hour=0, hours=14),
        consent(volunteer(1)),
        consent(volunteer(1)),
    ]
    first = await ledger.submit(bank_id, group, key=KEY)
    assert [each.kind for each in first if isinstance(each, Refusal)] == [
        "duplicate-record",
        "record-unknown",
        "day-is-full",
    ]
    await do(ledger, bank_id, log("rec_9", volunteer(1), days_ago=5))
    for each in (ledger, other):
        assert plain(await each.submit(bank_id, group, key=KEY)) == plain(first)


async def test_kept_outcomes_can_be_read_back() -> None:
    """What is kept under a key says positions and refusals, and no facts."""
    outcomes: list[Outcome] = [Receipt(7, (confirmed(), confirmed())), RecordUnknown(record_id="rec_1"), Receipt(7, ())]
    receipt, refusal, empty = idempotency.decode(idempotency.encode(outcomes))
    assert (receipt.first, receipt.count, receipt.position) == (6, 2, 7)  # type: ignore[union-attr]
    assert (refusal.kind, refusal.details) == ("record-unknown", {"record_id": "rec_1"})  # type: ignore[union-attr]
    assert (empty.count, empty.position) == (0, 7)  # type: ignore[union-attr]


# Personal data


async def test_names_are_kept_with_the_facts_but_not_in_them(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A name is in the same transaction as the fact, and nowhere in the log."""
    await ledger.execute(bank_id, register(1))
    person, fact = await pool.fetchrow(
        "select p.xmin::text, e.xmin::text from person p, event e where topic = 'volunteer-registered'"
    )
    assert person == fact
    assert (await kept_of(pool, bank_id, volunteer(1))).name == "Volunteer 1"
    assert "Volunteer 1" not in str(await log_of(pool, bank_id))


async def test_names_of_the_refused_are_not_kept(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Of a refused command nothing personal stays."""
    await ledger.execute(bank_id, register(1))
    clash = RegisterVolunteer(
        by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(2), number=number_of(1), name="Nobody", phone="123"
    )
    with pytest.raises(VolunteerNumberTaken):
        await ledger.execute(bank_id, clash)
    assert [row["volunteer_id"] for row in await pool.fetch("select volunteer_id from person")] == [volunteer(1)]


async def test_personal_data_of_one_batch_add_up(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A registration and a consent with an alias that are written together leave name and alias."""
    joins = RegisterVolunteer(
        by=ADMINISTRATOR,
        at=NOON,
        volunteer_id=volunteer(1),
        number=number_of(1),
        name="王芳",
        phone="13800138000",
        skills=("急救", "书法"),
    )
    await do(ledger, bank_id, joins, consent(volunteer(1), alias="木棉"))
    person = await kept_of(pool, bank_id, volunteer(1))
    assert (person.name, person.phone, person.skills, person.alias) == ("王芳", "13800138000", ("急救", "书法"), "木棉")
    await do(ledger, bank_id, consent(volunteer(1), granted=False))
    person = await kept_of(pool, bank_id, volunteer(1))
    assert (person.name, person.phone, person.skills, person.alias) == ("王芳", "13800138000", ("急救", "书法"), None)


# Time


async def test_recorded_at_never_goes_back(make: Make, bank_id: UUID, pool: Pool) -> None:
    """If the clock goes back, records are made at the latest time so far; also across processes and restarts."""
    moments = iter([NOON, NOON - timedelta(hours=2), NOON + timedelta(seconds=1), NOON - timedelta(days=9)])
    latest = NOON

    def clock() -> datetime:
        nonlocal latest
        latest = next(moments, latest)
        return latest

    for n in range(12):
        if n % 3 == 0:
            ledger = make(clock=clock)
        await ledger.execute(bank_id, register(n))
    rows = await pool.fetch("select recorded_at from event order by position")
    times = [row["recorded_at"] for row in rows]
    assert times == sorted(times)
    await must_be_sound(pool, bank_id)


async def test_two_clocks_make_one_order(make: Make, store: Store, bank_id: UUID, pool: Pool) -> None:
    """Two processes whose clocks differ by an hour still make one order."""
    fast, slow = make(clock=lambda: now() + timedelta(hours=1)), make()
    for n in range(5):
        await asyncio.gather(slow.execute(bank_id, register(n)), fast.execute(bank_id, register(100 + n)))
    await must_be_sound(pool, bank_id)


# Failing statements


async def test_a_failing_statement_fails_only_its_own_submission(make: Make, bank_id: UUID, pool: Pool) -> None:
    """If one fact cannot be projected, its submission fails, and the others of the batch are done."""

    async def poison(connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        if any(getattr(fact, "volunteer_id", "") == volunteer(13) for _, fact in recorded):
            await connection.execute("select 1 / 0")

    ledger = make(hooks=[Hook(balances.PROJECTION.keep), Hook(poison)])
    await ledger.execute(bank_id, register(0))
    results = await asyncio.gather(
        *(ledger.execute(bank_id, register(n)) for n in range(1, 31)), return_exceptions=True
    )
    failed = [n for n, result in enumerate(results, start=1) if not isinstance(result, Receipt)]
    assert failed == [13]
    assert isinstance(results[12], asyncpg.DivisionByZeroError)
    await must_be_sound(pool, bank_id)


async def test_an_account_that_exists_cannot_be_opened_again(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A fault of ours that a constraint finds (an identifier used twice) fails alone, and takes nothing with it."""
    again = RegisterVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(1), number=number_of(77), name="Twice")
    results = await asyncio.gather(
        *(ledger.execute(bank_id, each) for each in (register(1), again, register(2))), return_exceptions=True
    )
    assert [type(result) for result in results] == [Receipt, asyncpg.UniqueViolationError, Receipt]
    assert await ledger.store.head(bank_id) == 3
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize(
    "odd",
    [
        {"request_id": "\ud800"},
        {"request_id": "\0"},
        {"key": IdempotencyKey("adm", "\0", (b"",))},
        {"key": IdempotencyKey("adm", "\ud800", (b"",))},
    ],
    ids=["half a letter in the request id", "zero in the request id", "zero in the key", "half a letter in the key"],
)
async def test_what_postgresql_cannot_take_fails_alone(make: Make, bank_id: UUID, odd: dict[str, Any]) -> None:
    """A value that cannot even be sent fails its own submission, at once, and no others of the batch."""
    ledger = make()
    await ledger.execute(bank_id, register(0))
    begun = asyncio.get_running_loop().time()
    results = await asyncio.gather(
        ledger.submit(bank_id, [register(1)]),
        ledger.submit(bank_id, [register(2)], **odd),
        ledger.submit(bank_id, [register(3)]),
        return_exceptions=True,
    )
    assert [isinstance(result, list) for result in results] == [True, False, True]
    assert asyncio.get_running_loop().time() - begun < writer.PATIENCE_SECONDS


async def test_a_decision_that_breaks_fails_alone(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A command whose decision raises an error of ours fails alone, and memories stay right."""

    class Broken(RegisterVolunteer, frozen=True, kw_only=True):
        def decide(self, *_: Any) -> Any:
            yield from ()
            raise ZeroDivisionError

    broken = Broken(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(2), number=number_of(2), name="-")
    results = await asyncio.gather(
        *(ledger.execute(bank_id, each) for each in (register(1), broken, register(1), register(3))),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [Receipt, ZeroDivisionError, VolunteerNumberTaken, Receipt]
    await must_be_sound(pool, bank_id)


async def test_a_tag_with_the_separator_in_it_stays_one_tag(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Whatever letters an official code has, the log that holds it is sound."""
    odd = RegisterOrganisation(
        by=ADMINISTRATOR, at=NOON, organisation_id=GARDEN, name="Garden", kind="enterprise", code="91\x1f42"
    )
    with suppress(Refusal):
        await ledger.execute(bank_id, odd)
    assert [finding async for finding in check_log(pool, bank_id)] == []


# Lost connections


@pytest.fixture
async def relay(url: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to the test's database, and its URL."""
    async with relayed(url) as both:
        yield both


@asynccontextmanager
async def through(url: str) -> AsyncIterator[Store]:
    """A store with connections of its own."""
    pool = await asyncpg.create_pool(url, min_size=1, max_size=3, command_timeout=PATIENCE_SECONDS)
    try:
        yield Store(pool, Waker())
    finally:
        pool.terminate()


async def test_a_connection_killed_before_the_commit(make: Make, bank_id: UUID, pool: Pool) -> None:
    """If the server ends the connection in the middle of an append, it is done again, once, and nobody notices."""
    deaths = 3

    async def die(connection: Connection, *_: Any) -> None:
        nonlocal deaths
        if deaths:
            deaths -= 1
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")

    ledger = make(hooks=[Hook(balances.PROJECTION.keep), Hook(die)])
    receipts = await asyncio.gather(*(ledger.execute(bank_id, register(n)) for n in range(20)))
    assert deaths == 0
    assert sorted(receipt.position for receipt in receipts) == list(range(1, 21))
    await must_be_sound(pool, bank_id)


async def test_a_connection_that_dies_while_it_is_taken_from_the_pool(make: Make, bank_id: UUID, pool: Pool) -> None:
    """If the driver finds a connection dying as it begins to use it, the append is done again, and nobody notices."""
    errors = [asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")]

    async def die(*_: Any) -> None:
        if errors:
            raise errors.pop()

    ledger = make(hooks=[Hook(balances.PROJECTION.keep), Hook(die)])
    assert (await ledger.execute(bank_id, register(1))).position == 1
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("could not extend file: No space left on device"),
        asyncpg.PostgresIOError("could not write to file"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidCatalogNameError("database does not exist"),
        asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_server_that_cannot_write_now_is_waited_for(
    make: Make, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch, error: asyncpg.PostgresError
) -> None:
    """A full disk, a standby, a wrong password: the same is tried again, and whoever waits for too long is told."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.3)
    errors = [error, error]

    async def fail(*_: Any) -> None:
        if errors:
            raise errors[-1]

    ledger = make(hooks=[Hook(balances.PROJECTION.keep), Hook(fail)])
    with pytest.raises(StoreUnavailableError):
        await ledger.execute(bank_id, register(1))
    errors.clear()
    assert (await ledger.execute(bank_id, register(1))).position == 1
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize("fault", ["before commit", "after commit"])
async def test_a_commit_whose_fate_is_unknown_is_resolved(
    make: Make, relay: tuple[Relay, str], bank_id: UUID, pool: Pool, fault: Any
) -> None:
    """If the connection breaks around the COMMIT, what was acknowledged is in the log exactly once."""
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        await ledger.execute(bank_id, register(0))
        for n in range(1, 6):
            between.fault = fault
            key = KEY._replace(key=f"key-{n}")
            receipt = await ledger.execute(bank_id, register(n), key=key)
            assert between.fault is None
            assert receipt.position == n + 1
            assert await ledger.execute(bank_id, register(n), key=key) == receipt
    assert await pool.fetchval("select count(*) from event") == 6
    await must_be_sound(pool, bank_id)


async def test_an_unknown_fate_while_others_append(
    make: Make, relay: tuple[Relay, str], bank_id: UUID, other: Ledger, pool: Pool
) -> None:
    """The same, while another process keeps appending: everything acknowledged is there once."""
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        await ledger.execute(bank_id, register(0))

        async def write(each: Ledger, first: int) -> list[Receipt]:
            return [await each.execute(bank_id, register(n)) for n in range(first, first + 40)]

        async def disturb() -> None:
            for n in range(10):
                between.fault = ("after commit", "before commit")[n % 2]
                while between.fault is not None:
                    await asyncio.sleep(0.005)
                await asyncio.sleep(0.02)

        disturbing = asyncio.create_task(disturb())
        receipts = await asyncio.gather(write(ledger, 1_000), write(other, 2_000), write(ledger, 3_000))
        disturbing.cancel()
        between.fault = None
    positions = [receipt.position for each in receipts for receipt in each]
    assert sorted(positions) == list(range(2, 122))
    rows = await pool.fetch("select position, tags from event")
    tags = {row["position"]: row["tags"] for row in rows}
    for first, each in zip((1_000, 2_000, 3_000), receipts, strict=True):
        assert all(volunteer(first + n) in tags[receipt.position] for n, receipt in enumerate(each))
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize("fault", ["before commit", "after commit"])
async def test_an_unknown_fate_without_facts(make: Make, relay: tuple[Relay, str], bank_id: UUID, fault: Any) -> None:
    """If the connection breaks around the COMMIT of a request that changes nothing, its caller is answered as ever."""
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        await do(ledger, bank_id, *found(1), consent(volunteer(1)))
        between.fault = fault
        receipt = await ledger.execute(bank_id, consent(volunteer(1)), key=KEY)
        assert receipt.facts == ()
        assert between.fault is None


async def test_postgresql_gone_for_long(
    make: Make, relay: tuple[Relay, str], bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When PostgreSQL stays away, callers are told so; when it is back, the ledger works, nothing is doubled."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        await ledger.execute(bank_id, register(0))
        between.go_down()
        for n in (1, 2):
            with pytest.raises(StoreUnavailableError):
                await ledger.execute(bank_id, register(n), key=KEY._replace(key=f"key-{n}"))
        between.come_back()
        for n in (1, 2, 3):
            assert (await ledger.execute(bank_id, register(n), key=KEY._replace(key=f"key-{n}"))).position == n + 1
    await must_be_sound(pool, bank_id)


async def test_postgresql_gone_before_the_first_command(make: Make, relay: tuple[Relay, str], bank_id: UUID) -> None:
    """A ledger that has not written yet says, too, that the store is not available, and recovers."""
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        between.go_down()
        await asyncio.sleep(0.05)
        with pytest.raises(StoreUnavailableError):
            await ledger.execute(bank_id, register(1))
        between.come_back()
        assert (await ledger.execute(bank_id, register(1))).position == 1


async def test_postgresql_gone_for_a_moment(make: Make, relay: tuple[Relay, str], bank_id: UUID) -> None:
    """When PostgreSQL is away for less than the patience, callers only wait."""
    between, url = relay
    async with through(url) as store:
        ledger = make(store)
        await ledger.execute(bank_id, register(0))
        between.go_down()
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(ledger.submit(bank_id, [register(1)], key=KEY))
        await asyncio.sleep(0.3)
        between.come_back()
        (outcome,) = await waiting
        assert isinstance(outcome, Receipt)


# Memories


class Counting:
    """A pool that counts the rows that are fetched through it."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self.rows = pool, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, *binds: Any, **options: Any) -> Any:
        rows = await self._pool.fetch(*binds, **options)
        self.rows += len(rows)
        return rows


async def long_account(store: Store, bank_id: UUID, facts: int) -> None:
    """An account with many confirmed records, each of which earned a minute."""
    tip = await store.tip(bank_id)
    events = []
    for n in range(facts):
        fact = confirmed(record_id=RecordId(f"old_{n}"), volunteer_id=volunteer(1), minutes=1, credited_minutes=1)
        events.append(
            Event(uuid7(), fact.TOPIC, encode(fact), (fact.volunteer_id, fact.record_id), "", "", "", uuid7())
        )
    async with store.pool.acquire() as connection, connection.transaction():
        assert await store.append_if_head(connection, bank_id, tip, events, NOON)


@pytest.fixture
async def counting(make: Make, pool: Pool, bank_id: UUID) -> tuple[Ledger, Counting]:
    """A ledger that knows an account with 10,000 facts already, and the count of what it fetches."""
    counting = Counting(pool)
    ledger = make(Store(counting, Waker()), hooks=())  # type: ignore[arg-type]
    await do(ledger, bank_id, *found(1))
    await long_account(ledger.store, bank_id, 10_000)
    await do(ledger, bank_id, log("rec_0", volunteer(1)), confirm("rec_0"))
    counting.rows = 0
    return ledger, counting


async def test_a_long_account_costs_no_more(counting: tuple[Ledger, Counting], bank_id: UUID) -> None:
    """Once known, an account with 10,000 facts is not read again: each command fetches next to nothing."""
    ledger, count = counting
    for n in range(1, 11):
        await do(ledger, bank_id, log(f"rec_{n}", volunteer(1), days_ago=n + 1), confirm(f"rec_{n}"))
    assert count.rows < 100


async def test_a_long_account_costs_no_more_when_others_write(
    counting: tuple[Ledger, Counting], other: Ledger, bank_id: UUID
) -> None:
    """When another process has appended, only what it appended is fetched, not the account anew."""
    ledger, count = counting
    for n in range(1, 4):
        await other.execute(bank_id, register(1_000 + n))
        await do(ledger, bank_id, log(f"rec_{n}", volunteer(1), days_ago=n + 1), confirm(f"rec_{n}"))
    assert count.rows < 100


async def test_few_memories_are_enough(make: Make, bank_id: UUID, pool: Pool) -> None:
    """With room for ten memories only, the ledger decides as one with room for all, and keeps to the limit."""
    commands = Town(seed=3).commands(150)
    forgetful, thorough = make(memories_limit=10), make()
    another = UUID(int=bank_id.int ^ 1)
    await forgetful.store.open_bank(another, "Another bank", "Asia/Shanghai")
    for command in commands:
        (outcome,) = await forgetful.submit(bank_id, [command])
        (expected,) = await thorough.submit(another, [command])
        assert plain([outcome]) == plain([expected])
        assert len(forgetful._writers[bank_id][0]._knowledge.memories) <= 10
    await must_be_sound(pool, bank_id)


@pytest.mark.parametrize("seed", range(3))
async def test_batches_decide_like_single_commands(make: Make, bank_id: UUID, seed: int, pool: Pool) -> None:
    """A history decided in batches, by two processes in turn, comes to the same facts as one decided singly."""
    commands = Town(seed).commands(200)
    one, two, single = make(memories_limit=50), make(), make()
    another = UUID(int=bank_id.int ^ 1)
    await single.store.open_bank(another, "Another bank", "Asia/Shanghai")
    expected = [(await single.submit(another, [command]))[0] for command in commands]
    outcomes: list[Outcome] = []
    sizes = Town(seed).random
    while len(outcomes) < len(commands):
        size = sizes.randint(1, 25)
        outcomes += await (one, two)[size % 2].submit(bank_id, commands[len(outcomes) : len(outcomes) + size])
    assert plain(outcomes) == plain(expected)
    assert await log_of(pool, bank_id) == await log_of(pool, another)
    await must_be_sound(pool, bank_id)
