"""A log that went back (a restore, a promotion) is noticed, told loudly, and written on to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.controls.town import do, found, register, volunteer
from tests.ledger.conftest import set_back
from timebank.db.connections import Pool
from timebank.domain.people.refusals import VolunteerNumberTaken
from timebank.ledger import ledger as ledger_module
from timebank.ledger import submission, writer
from timebank.ledger.audit import check_log
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store, Tip
from timebank.ledger.submission import ClockError, IdempotencyKey, StoreUnavailableError
from timebank.ledger.writer import Loss
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import hooks
from timebank.vault.people import People

pytestmark = pytest.mark.drill

PATIENCE_SECONDS = writer.PATIENCE_SECONDS
"""That of the program itself, before the tests make it longer."""

KEY = IdempotencyKey("operator", "a-key", (b"fingerprint",))
Make = Callable[..., Ledger]


@pytest.fixture
async def make(store: Store, people: People) -> AsyncIterator[Make]:
    """Makes ledgers that are closed in the end."""
    made: list[Ledger] = []

    def make(**options: Any) -> Ledger:
        made.append(Ledger(store, people, **({"clock": utc_now, "hooks": hooks(people)} | options)))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def test_an_append_looks_at_the_last_event_itself(store: Store, bank_id: UUID, ledger: Ledger) -> None:
    """At the same number with another event nothing is appended."""
    await do(ledger, bank_id, *found(2))
    tip = await store.tip(bank_id)
    other = Tip(tip.position, UUID(int=1))
    async with store.pool.acquire() as connection:
        assert not await store.append_if_head(connection, bank_id, other, [], utc_now())
        assert not await store.append_if_head(connection, bank_id, Tip(tip.position, None), [], utc_now())
        assert await store.append_if_head(connection, bank_id, tip, [], utc_now())
    assert await store.tip(bank_id) == tip


async def test_the_head_names_the_last_event(store: Store, bank_id: UUID, ledger: Ledger, pool: Pool) -> None:
    """However many events are appended at once, the bank says which is the last; another one is found by the check."""
    for n in (1, 2, 5):
        await ledger.submit(bank_id, [register(10 * n + each) for each in range(n)])
        last = await pool.fetchval("select event_id from event order by position desc limit 1")
        assert await store.tip(bank_id) == Tip(ledger.head(bank_id), last)
    await pool.execute("update bank set head_event_id = gen_random_uuid()")
    (finding,) = [each async for each in check_log(pool, bank_id)]
    assert (finding.position, "head is said to be" in finding.what) == (9, True)


async def test_a_log_that_went_back_is_written_on_to(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """After the log went back the next command is decided by what is there, and answered at once."""
    await do(ledger, bank_id, *found(4))
    end = await set_back(pool, bank_id, 2)
    with capture_logs() as logs:
        receipt = await asyncio.wait_for(ledger.execute(bank_id, register(9)), 5)
    assert receipt.position == end + 1
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert (told["known_position"], told["found_position"]) == (end + 2, end)
    assert ledger.times_gone_back == {bank_id: 1}
    await do(ledger, bank_id, register(3), register(4))
    assert [each async for each in check_log(pool, bank_id)] == []


async def test_it_is_noticed_while_nobody_writes(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Whoever looks now and then notices without a command, once; and no alarm is raised while all is well."""
    await do(ledger, bank_id, *found(4))
    await ledger.look()
    end = await set_back(pool, bank_id, 3)
    for _ in range(3):
        await ledger.look()
        await asyncio.sleep(0.1)
    assert ledger.times_gone_back == {bank_id: 1}
    assert ledger.head(bank_id) == end


async def test_looking_while_everybody_writes_is_no_alarm(ledger: Ledger, other: Ledger, bank_id: UUID) -> None:
    """However writers of two processes race, a log that only grows is never taken for one that went back."""

    async def write(each: Ledger, first: int) -> None:
        for n in range(first, first + 40):
            await each.execute(bank_id, register(n))

    writing = asyncio.gather(write(ledger, 100), write(other, 200), write(ledger, 300))
    while not writing.done():
        await asyncio.gather(ledger.look(), other.look())
        await asyncio.sleep(0)
    await writing
    assert not ledger.times_gone_back
    assert not other.times_gone_back


async def test_the_same_number_with_other_events_is_not_the_same_log(
    ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool
) -> None:
    """After the log went back by two and another process wrote two, nothing is refused because of what is gone."""
    await do(ledger, bank_id, *found(4))
    head = ledger.head(bank_id)
    await set_back(pool, bank_id, 2)
    await do(other, bank_id, register(11), register(12))
    assert await ledger.store.head(bank_id) == head
    assert (await ledger.execute(bank_id, register(3))).position == head + 1
    with pytest.raises(VolunteerNumberTaken):
        await ledger.execute(bank_id, register(11))
    assert ledger.times_gone_back == {bank_id: 1}


async def test_a_refusal_from_what_is_gone_is_not_given(
    ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool
) -> None:
    """What would be refused by memories of the lost events, and only that, is done instead."""
    await do(ledger, bank_id, *found(4))
    with pytest.raises(VolunteerNumberTaken):
        await ledger.execute(bank_id, register(4))
    await set_back(pool, bank_id, 2)
    await do(other, bank_id, register(11), register(12))
    await ledger.execute(bank_id, register(4))


async def test_a_key_of_what_is_gone_is_free_again(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """What was acknowledged and is lost is done anew when it is asked for again under its key."""
    await ledger.execute(bank_id, register(1), key=KEY)
    await set_back(pool, bank_id, 1)
    assert (await ledger.execute(bank_id, register(1), key=KEY)).position == ledger.head(bank_id) == 2


async def test_others_are_told(make: Make, bank_id: UUID, pool: Pool) -> None:
    """Whoever wants to know is told which event was the last, and which is; that they fail stops nothing."""
    told: list[Loss] = []

    async def went_back(loss: Loss) -> None:
        told.append(loss)
        raise ZeroDivisionError

    ledger = make(went_back=went_back)
    await do(ledger, bank_id, *found(3))
    before = await ledger.store.tip(bank_id)
    await set_back(pool, bank_id, 2)
    after = await ledger.store.tip(bank_id)
    await ledger.execute(bank_id, register(9))
    assert told == [Loss(bank_id, before, after, was_acknowledged=True)]


async def test_a_head_that_contradicts_the_log_is_no_hot_loop(
    make: Make, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the head was set back and the events are still there, whoever writes fails soon, without a hot loop."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 1.0)
    ledger = make()
    await do(ledger, bank_id, *found(3))
    await pool.execute(
        "update bank set head = head - 1, head_event_id ="
        " (select event_id from event where event.bank_id = bank.bank_id and position = head - 1)"
    )
    begun, asked = time.monotonic(), attempts(monkeypatch)
    with pytest.raises((asyncpg.UniqueViolationError, StoreUnavailableError)):
        await ledger.execute(bank_id, register(9))
    assert time.monotonic() - begun < 5
    assert 0 < len(asked) < 100


def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the writer has asked the log for since, each time it tried. The server's own counts come late."""
    asked: list[str] = []
    for name in ("append_if_head", "tip"):
        usual = getattr(Store, name)

        async def counted(store: Store, *given: Any, _usual: Any = usual, _name: str = name, **named: Any) -> Any:
            asked.append(_name)
            return await _usual(store, *given, **named)

        monkeypatch.setattr(Store, name, counted)
    return asked


async def test_a_bank_that_is_gone_is_no_hot_loop(
    make: Make, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bank itself is gone, whoever writes is told within the patience, without a hot loop."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 1.0)
    ledger = make()
    await do(ledger, bank_id, register(1))
    await pool.execute("delete from bank where bank_id = $1", bank_id)
    asked = attempts(monkeypatch)
    with pytest.raises(StoreUnavailableError):
        await ledger.execute(bank_id, register(2))
    assert 0 < len(asked) < 100


async def test_whoever_waits_is_answered(
    make: Make, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a writer hangs, whoever waits is told when time is up; what waits behind is not even begun."""
    monkeypatch.setattr(ledger_module, "WAIT_SECONDS", 0.3)
    goes_on = asyncio.Event()

    async def hang(*_: Any) -> None:
        await goes_on.wait()

    ledger = make(hooks=[Hook(hang)])
    begun = time.monotonic()
    answers = await asyncio.gather(*(ledger.submit(bank_id, [register(n)]) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in answers] == [StoreUnavailableError] * 3
    late = asyncio.create_task(ledger.submit(bank_id, [register(7)]))
    await asyncio.wait({late})
    assert time.monotonic() - begun < 2
    goes_on.set()
    monkeypatch.setattr(ledger_module, "WAIT_SECONDS", 9.0)
    await ledger.execute(bank_id, register(8))
    registered = {row["tag"] for row in await pool.fetch("select unnest(tags) as tag from event")}
    assert volunteer(8) in registered
    assert volunteer(7) not in registered


PATIENCE_SECONDS = writer.PATIENCE_SECONDS
"""Looked at when the tests are collected: after that writers are more patient."""


def test_nobody_waits_for_more_than_ten_seconds() -> None:
    """Whoever hands in one command is answered within ten seconds, and the writer has given it up by then."""
    longest = submission.patience(submission.WAIT_SECONDS, 1) + submission.TICK_SECONDS
    assert PATIENCE_SECONDS < longest < 10
    assert writer.COMMIT_SECONDS < PATIENCE_SECONDS


async def test_nothing_is_written_where_it_may_not_be(make: Make, bank_id: UUID) -> None:
    """Where nothing may be written whoever writes is told why, and nothing happened; later all is as ever."""
    forbidden = True

    def may_write() -> None:
        if forbidden:
            raise ClockError("the clock is off")

    ledger = make(may_write=may_write)
    with pytest.raises(ClockError, match="is off"):
        await ledger.execute(bank_id, register(1))
    assert len(await ledger.submit(bank_id, [register(1)], dry_run=True)) == 1
    assert await ledger.store.head(bank_id) == 0
    forbidden = False
    assert (await ledger.execute(bank_id, register(1))).position == 1
