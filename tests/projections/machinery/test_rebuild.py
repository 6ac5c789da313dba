"""Throwing a read model away and making it again, while the world goes on."""

import asyncio
import re
from contextlib import suppress
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.controls.market import Market
from tests.controls.town import confirm, consent, do, found, log, register, volunteer
from tests.helpers.dump import pg_dump, schema_of
from tests.helpers.effort import more
from tests.helpers.patience import PATIENCE_SECONDS
from tests.projections.conftest import Compare, Play
from timebank.db.connections import Connection, Pool
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.tags import TAGS
from timebank.projections import EVERY, FOLLOWING, INLINE
from timebank.projections.credit import balances, statement_checkpoints
from timebank.projections.machinery import rebuild as module
from timebank.projections.machinery import shadow
from timebank.projections.machinery.projection import Projection, SetProjection
from timebank.projections.machinery.rebuild import make_current, outdated, rebuild, verify
from timebank.projections.machinery.runner import Runner
from timebank.projections.organisations import memberships
from timebank.projections.people import volunteers
from timebank.projections.recognition import leaderboards
from timebank.runtime.composition import hooks
from timebank.vault.people import People

pytestmark = pytest.mark.drill

both_kinds = pytest.mark.parametrize(
    "projection", [balances.PROJECTION, leaderboards.PROJECTION], ids=lambda projection: projection.name
)


LEFT = """
    select relname from pg_class where relpersistence = 'u' and relnamespace = 'public'::regnamespace
     union all select projection from rebuild.begun union all select projection from rebuild.reached"""
"""Tables in use that a crash would empty, and what is noted of rebuilds that are not over."""


async def rows_of(pool: Pool, projection: Projection) -> list[str]:
    """All rows of a read model, in some order that does not change."""
    return sorted(
        [row["t"] for table in projection.tables for row in await pool.fetch(f"select t::text from {table} t")]
    )


async def catch_up(runner: Runner, bank_id: UUID) -> None:
    """Bring the projections to the head."""
    while await runner.catch_up(bank_id):
        pass


@pytest.fixture
async def history(ledger: Ledger, runner: Runner, bank_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happened, and was taken in; accounts are short, and so is the way from checkpoint to checkpoint."""
    monkeypatch.setattr(statement_checkpoints, "FACTS_APART", 3)
    await ledger.submit(bank_id, Market(seed=7).commands(150))
    await catch_up(runner, bank_id)


@pytest.mark.usefixtures("history")
async def test_a_stretch_that_takes_too_long_is_taken_in_by_parts(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a statement may not take as long as a stretch does, shorter ones are taken in, with the same outcome."""
    before, lengths, usual = await rows_of(pool, memberships.PROJECTION), list[int](), SetProjection.apply

    async def apply(
        self: SetProjection, connection: Connection, bank_id: UUID, after: int, until: int, topics: Any
    ) -> None:
        lengths.append(until - after)
        if until - after > 40:
            await connection.execute("set local statement_timeout = 1; select pg_sleep(1)")
        await usual(self, connection, bank_id, after, until, topics)

    monkeypatch.setattr(SetProjection, "apply", apply)
    await rebuild(pool, memberships.PROJECTION)
    assert lengths[0] > 40
    assert await rows_of(pool, memberships.PROJECTION) == before


@pytest.mark.usefixtures("history")
async def test_indexes_of_one_table_are_made_at_a_time(pool: Pool, url: str) -> None:
    """However many read models are rebuilt at once: each index takes much of the server's memory while it is made."""
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    other = await asyncpg.connect(url)
    await other.execute("select pg_advisory_lock(hashtext('timebank.rebuild.indexes'))")
    rebuilding = [
        asyncio.create_task(rebuild(pool, projection))
        for projection in (memberships.PROJECTION, leaderboards.PROJECTION)
    ]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await other.fetchval(waiting) < len(rebuilding):
            assert not any(each.done() for each in rebuilding)
            await asyncio.sleep(0.02)
        await other.close()
        await asyncio.gather(*rebuilding)


async def test_a_rebuild_gives_what_was_there(
    url: str, history: None, pool: Pool, compare: Compare, ledger: Ledger, runner: Runner, bank_id: UUID
) -> None:
    """A rebuilt read model has the same rows, outlives a crash, and goes on from there.

    What is not in the server's own log while it is made is, once it stands in the place of the other. Rebuilt twice,
    the schema is to the letter what the migrations made; once, it has the fill factors that they gave it.
    """
    shape, indexes_before = schema_of(url) if pg_dump() else "", await indexes(pool)
    for projection in (*EVERY, TAGS):
        before = await rows_of(pool, projection)
        for table in projection.tables:
            assert await pool.fetchval(f"select count(*) from {table}") > 0, f"the history says nothing about {table}"
        told: list[tuple[int, int]] = []
        await rebuild(pool, projection, lambda done, total, told=told: told.append((done, total)))
        assert await rows_of(pool, projection) == before, projection.name
        assert told[-1][0] == told[-1][1] == ledger.head(bank_id), projection.name
        assert await pool.fetch(LEFT) == [], projection.name
    if pg_dump():
        assert re.findall(r"fillfactor.*", schema_of(url)) == re.findall(r"fillfactor.*", shape)
    for projection in (*EVERY, TAGS):
        await rebuild(pool, projection)
    assert await indexes(pool) == indexes_before
    assert not pg_dump() or without_options(schema_of(url)) == without_options(shape)
    await ledger.submit(bank_id, [register(20), consent(volunteer(20)), log("rec_new", volunteer(20))])
    await ledger.submit(bank_id, [confirm("rec_new"), consent(volunteer(20), granted=False)])
    await catch_up(runner, bank_id)
    assert [each.differences for each in await compare() if not each.is_equal] == []


@pytest.mark.release
async def test_a_rebuild_repairs(history: None, pool: Pool, compare: Compare) -> None:
    """Rows that were lost are made again: of the read model that is rebuilt, and of no other."""
    names = [projection.name for projection in EVERY]
    for projection in EVERY:
        for table in projection.tables:
            await pool.execute(f"delete from {table} where ctid in (select ctid from {table} limit 3)")
    assert [each.projection for each in await compare() if not each.is_equal] == names
    for projection in EVERY[::2]:
        await rebuild(pool, projection)
    assert [each.projection for each in await compare() if not each.is_equal] == names[1::2]
    for projection in EVERY[1::2]:
        await rebuild(pool, projection)
    assert [each.projection for each in await compare() if not each.is_equal] == []


async def test_a_rebuild_repairs_the_tags(
    history: None, pool: Pool, compare: Compare, ledger: Ledger, bank_id: UUID
) -> None:
    """Tags that were lost, added or spoilt are those of the events again, and commands find by them what they need."""
    before = await rows_of(pool, TAGS)
    await pool.execute("delete from event_tag where ctid in (select ctid from event_tag limit 3)")
    await pool.execute("update event_tag set key = key + 1 where ctid in (select ctid from event_tag limit 3)")
    assert [finding async for finding in check_log(pool, bank_id)]
    await rebuild(pool, TAGS)
    assert [finding async for finding in check_log(pool, bank_id)] == []
    assert await rows_of(pool, TAGS) == before
    await do(ledger, bank_id, register(20), log("rec_new", volunteer(20)), confirm("rec_new"))
    assert [finding async for finding in check_log(pool, bank_id)] == []


async def indexes(pool: Pool) -> list[tuple[str, str]]:
    """Names and definitions of all indexes."""
    return [
        tuple(row)
        for row in await pool.fetch("select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1")
    ]


def without_options(schema: str) -> str:
    """The schema without its storage parameters."""
    return re.sub(r"\nWITH \(fillfactor='\d+'\)", "", schema)


async def test_a_rebuild_keeps_who_may_read(history: None, pool: Pool) -> None:
    """Whoever was allowed to read a table may read it after a rebuild; whoever read a view of it reads the new one."""
    role = f"reader_{UUID(new_bank_id()).hex}"
    await pool.execute(f"create role {role}")
    try:
        await pool.execute(f"grant select on volunteer to {role}; grant select on audit_tag to {role}")
        tags = await pool.fetch("select * from audit_tag order by tag, position")
        await rebuild(pool, volunteers.PROJECTION)
        await pool.execute("update event_tag set key = key + 1")
        assert await pool.fetch("select * from audit_tag") == []
        await rebuild(pool, TAGS)
        assert await pool.fetchval("select has_table_privilege($1, 'volunteer', 'select')", role)
        assert await pool.fetchval("select has_table_privilege($1, 'audit_tag', 'select')", role)
        assert await pool.fetch("select * from audit_tag order by tag, position") == tags
    finally:
        await pool.execute(f"drop owned by {role}")
        await pool.execute(f"drop role {role}")


@pytest.mark.parametrize(
    "projection", [leaderboards.PROJECTION, *more(balances.PROJECTION, TAGS)], ids=lambda projection: projection.name
)
async def test_a_rebuild_while_everybody_writes(
    projection: Projection,
    ledger: Ledger,
    runner: Runner,
    bank_id: UUID,
    pool: Pool,
    compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While writers append and the runner follows, rebuilds go through, nothing fails, and nothing is lost."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 50)
    await do(ledger, bank_id, *found(5))
    town, is_over = Market(seed=4, volunteers=5), asyncio.Event()
    sizes = Random(4)

    async def write() -> None:
        while not is_over.is_set():
            await ledger.submit(bank_id, [town.next() for _ in range(sizes.randint(1, 12))])

    async def follow() -> None:
        while not is_over.is_set():
            await runner.catch_up(bank_id)
            await asyncio.sleep(0)

    busy = [asyncio.create_task(each()) for each in (write, write, follow)]
    try:
        for _ in range(4):
            await asyncio.wait_for(rebuild(pool, projection), PATIENCE_SECONDS)
            compared = await verify(pool, projection, bank_id)
            assert compared.is_equal, compared.differences
        async with asyncio.timeout(PATIENCE_SECONDS):
            while ledger.head(bank_id) <= 30:
                await asyncio.sleep(0.01)
    finally:
        is_over.set()
        await asyncio.gather(*busy)
    await catch_up(runner, bank_id)
    assert [each.differences for each in await compare() if not each.is_equal] == []


@both_kinds
async def test_a_bank_that_opens_during_a_rebuild(
    projection: Projection,
    history: None,
    ledger: Ledger,
    runner: Runner,
    store: Store,
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What happens in a bank that is opened while the new table is about to be swapped in is not lost."""
    new_bank = UUID(new_bank_id())

    async def open_another() -> None:
        await store.open_bank(new_bank, "New bank", "Asia/Shanghai")
        await do(ledger, new_bank, *found(2), log("rec_1", volunteer(1)), confirm("rec_1"))
        await catch_up(runner, new_bank)

    opening: list[asyncio.Task[None]] = []
    swap = shadow.swap

    async def swap_late(*binds: Any) -> None:
        if not opening:
            opening.append(asyncio.create_task(open_another()))
            await asyncio.wait(opening, timeout=0.5)
        await swap(*binds)

    monkeypatch.setattr(shadow, "swap", swap_late)
    await rebuild(pool, projection)
    await opening[0]
    await catch_up(runner, new_bank)
    compared = await verify(pool, projection, new_bank)
    assert compared.is_equal, compared.differences


@pytest.mark.release
@both_kinds
async def test_an_interrupted_rebuild_changes_nothing(
    projection: Projection, history: None, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild that is cancelled, or fails, at any point leaves the live tables alone, and can be run again."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 20)
    before, indexes_before = await rows_of(pool, projection), await indexes(pool)
    for step in range(1, 5):
        reached = asyncio.Event()

        def progress(done: int, _total: int, until: int = 20 * step, reached: asyncio.Event = reached) -> None:
            if done >= until:
                reached.set()

        task = asyncio.create_task(rebuild(pool, projection, progress))
        await reached.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    swap = shadow.swap

    async def fail(*binds: Any) -> None:
        await swap(*binds)
        raise ZeroDivisionError

    monkeypatch.setattr(shadow, "swap", fail)
    with pytest.raises(ZeroDivisionError):
        await rebuild(pool, projection)
    monkeypatch.setattr(shadow, "swap", swap)
    assert await rows_of(pool, projection) == before
    assert await indexes(pool) == indexes_before
    assert await pool.fetchval("show search_path") == '"$user", public'
    await rebuild(pool, projection)
    assert await rows_of(pool, projection) == before
    assert await indexes(pool) == indexes_before
    assert [each.projection for each in await compare() if not each.is_equal] == []


Starts = list[int]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """After which facts stretches are taken in; each is of twenty facts."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 20)
    usual, found = module._apply, Starts()

    async def apply(connection: Connection, projection: Projection, bank_id: UUID, after: int, until: int) -> None:
        found.append(after)
        await usual(connection, projection, bank_id, after, until)

    monkeypatch.setattr(module, "_apply", apply)
    return found


async def interrupted(pool: Pool, projection: Projection, wanted: int = 60) -> None:
    """A rebuild that ends in the middle, once so many facts are taken in."""

    def stop(done: int, _total: int) -> None:
        if done >= wanted:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await rebuild(pool, projection, stop)


@pytest.mark.parametrize(
    "projection", [balances.PROJECTION, *more(leaderboards.PROJECTION, TAGS)], ids=lambda projection: projection.name
)
async def test_an_interrupted_rebuild_is_gone_on_with(
    projection: Projection, history: None, pool: Pool, compare: Compare, starts: Starts
) -> None:
    """What was taken in is not taken in once more, however often it is interrupted; unless that is asked for."""
    before, indexes_before = await rows_of(pool, projection), await indexes(pool)
    for wanted, first in ((60, 0), (100, 60), (160, 100)):
        starts.clear()
        await interrupted(pool, projection, wanted)
        assert starts[0] == first
    starts.clear()
    await rebuild(pool, projection)
    assert starts[0] == 160
    assert await rows_of(pool, projection) == before
    assert await indexes(pool) == indexes_before
    assert [each.differences for each in await compare() if not each.is_equal] == []
    starts.clear()
    await interrupted(pool, projection)
    await rebuild(pool, projection, from_start=True)
    assert starts.count(0) == 2
    starts.clear()
    await rebuild(pool, projection)
    assert starts[0] == 0, "what is done is done"


async def test_a_rebuild_is_gone_on_with_after_its_indexes(
    history: None, pool: Pool, compare: Compare, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted when the new tables have their indexes, it takes in what came since, and has each index once."""
    projection, indexes_before, swap = leaderboards.PROJECTION, await indexes(pool), shadow.swap

    async def fail(*binds: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(shadow, "swap", fail)
    with pytest.raises(ZeroDivisionError):
        await rebuild(pool, projection)
    monkeypatch.setattr(shadow, "swap", swap)
    starts.clear()
    await rebuild(pool, projection)
    assert starts[0] > 20
    assert await indexes(pool) == indexes_before
    assert [each.differences for each in await compare() if not each.is_equal] == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        "update rebuild.begun set version = version + 1",
        *more(
            "drop table rebuild.volunteer",
            "alter table volunteer add column told text",
            "drop index {index}",
            "truncate rebuild.reached",
            "update rebuild.reached set event_id = gen_random_uuid()",
            "update rebuild.reached set position = 1000000",
        ),
    ],
)
async def test_a_rebuild_that_cannot_be_gone_on_with_begins_anew(
    meanwhile: str, history: None, pool: Pool, starts: Starts
) -> None:
    """Of another version or shape, after a crash, or where the end of the log was lost: from the start, and right."""
    projection = volunteers.PROJECTION
    await interrupted(pool, projection)
    others = "select indexrelid::regclass::text from pg_index where indrelid = 'volunteer'::regclass"
    await pool.execute(meanwhile.format(index=await pool.fetchval(f"{others} and not indisunique")))
    starts.clear()
    before, indexes_before = await rows_of(pool, projection), await indexes(pool)
    await rebuild(pool, projection)
    assert starts[0] == 0
    assert await rows_of(pool, projection) == before
    assert await indexes(pool) == indexes_before


@pytest.mark.release
@both_kinds
async def test_two_rebuilds_at_once(
    projection: Projection, history: None, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that rebuild the same read model at the same time do not spoil it."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 60)
    before = await rows_of(pool, projection)
    apply, has_begun, made = module._apply, asyncio.Event(), 0
    make, both_made = shadow.make, asyncio.Event()

    async def make_and_tell(*binds: Any) -> None:
        nonlocal made
        await make(*binds)
        made += 1
        if made == 2:
            both_made.set()

    async def apply_and_wait(*binds: Any) -> None:
        await apply(*binds)
        has_begun.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(both_made.wait(), 0.3)

    monkeypatch.setattr(shadow, "make", make_and_tell)
    monkeypatch.setattr(module, "_apply", apply_and_wait)
    first = asyncio.create_task(rebuild(pool, projection))
    await has_begun.wait()
    await asyncio.gather(first, rebuild(pool, projection), return_exceptions=True)
    assert await rows_of(pool, projection) == before
    assert [each.projection for each in await compare() if not each.is_equal] == []


@pytest.mark.release
async def test_all_banks_are_rebuilt(ledger: Ledger, runner: Runner, store: Store, pool: Pool) -> None:
    """A rebuild is of all banks; one that was empty and one nobody has followed yet included."""
    followed, _, empty = banks = [UUID(new_bank_id()) for _ in range(3)]
    for n, each in enumerate(banks):
        await store.open_bank(each, "Bank", "Asia/Shanghai")
        await ledger.submit(each, Market(seed=n).commands(50) if each != empty else [])
    await catch_up(runner, followed)
    for projection in EVERY:
        await rebuild(pool, projection)
        for each in banks:
            compared = await verify(pool, projection, each)
            assert compared.is_equal, compared.differences
            assert compared.position == await store.head(each)
    for each in banks:
        await catch_up(runner, each)
        assert all([(await verify(pool, projection, each)).is_equal for projection in EVERY])


async def test_another_version_is_outdated_until_rebuilt(
    history: None, pool: Pool, runner: Runner, bank_id: UUID, ledger: Ledger
) -> None:
    """Rows made by another version are known to be outdated, and no longer after a rebuild, from where all goes on."""
    assert await outdated(pool, EVERY) == []
    await pool.execute("update checkpoint set version = 7 where projection in ('memberships', 'leaderboards')")
    assert await outdated(pool, EVERY) == [leaderboards.PROJECTION, memberships.PROJECTION]
    await rebuild(pool, leaderboards.PROJECTION)
    assert await outdated(pool, EVERY) == [memberships.PROJECTION]
    await rebuild(pool, memberships.PROJECTION)
    assert await outdated(pool, EVERY) == []


async def test_all_of_another_version_are_made_current(
    history: None, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another version made is rebuilt, by one of two at once; one that fails holds up none, and is tried again."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    await pool.execute("update checkpoint set version = 7 where projection in ('leaderboards', 'memberships')")
    rebuilt: list[str] = []
    original = module._rebuild

    async def fail_once(connection: Connection, projection: Projection, progress: Any, **how: bool) -> None:
        rebuilt.append(projection.name)
        if rebuilt == ["leaderboards"]:
            raise ZeroDivisionError
        await original(connection, projection, progress, **how)

    monkeypatch.setattr(module, "_rebuild", fail_once)
    await asyncio.wait_for(asyncio.gather(make_current(pool, EVERY), make_current(pool, EVERY)), 20)
    assert await outdated(pool, EVERY) == []
    assert sorted(rebuilt) == ["leaderboards", "leaderboards", "memberships"]
    assert [each.differences for each in await compare() if not each.is_equal] == []


# Verify


async def test_verify_names_the_differences(play: Play, pool: Pool, bank_id: UUID, compare: Compare) -> None:
    """A balance that somebody has changed is reported, as it is and as it should be; nothing is repaired by looking."""
    await play(log("rec_1", volunteer(1)), confirm("rec_1"))
    await pool.execute("update balance set available_minutes = 6000 where volunteer_id = $1", volunteer(1))
    for _ in range(2):
        (compared,) = [each for each in await compare() if not each.is_equal]
        assert compared.projection == "balances"
        assert len(compared.differences) == 2
        live, rebuilt = compared.differences
        assert live.startswith("live:")
        assert f"{volunteer(1)},6000,0,0,60,60" in live
        assert rebuilt.startswith("rebuilt:")
        assert f"{volunteer(1)},60,0,0,60,60" in rebuilt
        assert not await pool.fetchval(
            "select count(*) from pg_class where relname = 'balance' and relpersistence = 't'"
        )


async def test_verify_finds_added_and_missing_rows(play: Play, pool: Pool, bank_id: UUID, compare: Compare) -> None:
    """A row too many and a row too few are both found."""
    await pool.execute("delete from volunteer where volunteer_id = $1", volunteer(1))
    await pool.execute("insert into balance values ($1, 'vol_ghost', 1, 0, 0, 0, 1)", bank_id)
    differing = {each.projection: each.differences for each in await compare() if not each.is_equal}
    assert set(differing) == {"volunteers", "balances"}
    assert [line.split(":")[0] for line in differing["volunteers"]] == ["rebuilt"]
    assert [line.split(":")[0] for line in differing["balances"]] == ["live"]


async def test_verify_on_a_connection_that_has_followed(url: str, bank_id: UUID, ledger: Ledger) -> None:
    """On one and the same connection, following and comparing can alternate: neither disturbs the other."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as single:
        follower = Runner(Store(single, ledger.store.waker), FOLLOWING)
        await single.execute("create temp table some_of_our_own ()")  # the place for such tables is there from now on
        await do(ledger, bank_id, *found(3))
        for n in range(3):
            await do(ledger, bank_id, log(f"rec_{n}", volunteer(1), days_ago=n + 1), confirm(f"rec_{n}"))
            await do(ledger, bank_id, consent(volunteer(1), granted=n % 2 == 0), register(20 + n))
            await catch_up(follower, bank_id)
            for projection in EVERY:
                compared = await verify(single, projection, bank_id)
                assert compared.is_equal, (n, compared.projection, compared.differences)


@pytest.mark.release
async def test_verify_while_everybody_writes(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare
) -> None:
    """Live and made anew are compared as of one moment, however much is written meanwhile."""
    await do(ledger, bank_id, *found(4))
    town, is_over = Market(seed=9, volunteers=4), asyncio.Event()

    async def write() -> None:
        while not is_over.is_set():
            await ledger.submit(bank_id, [town.next() for _ in range(5)])
            await runner.catch_up(bank_id)

    writing = asyncio.create_task(write())
    try:
        for _ in range(6):
            assert [each.differences for each in await compare() if not each.is_equal] == []
    finally:
        is_over.set()
        await writing


async def test_verify_while_rebuilding(
    history: None, pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison during which the table is rebuilt and swapped does not find differences that are not there."""
    position_of = module._position_of
    rebuilding: list[asyncio.Task[None]] = []

    async def and_then_rebuild(*binds: Any) -> int:
        position = await position_of(*binds)
        rebuilding.append(asyncio.create_task(rebuild(pool, leaderboards.PROJECTION)))
        await asyncio.sleep(0.3)
        return position

    monkeypatch.setattr(module, "_position_of", and_then_rebuild)
    compared = await asyncio.wait_for(verify(pool, leaderboards.PROJECTION, bank_id), PATIENCE_SECONDS)
    assert compared.is_equal, compared.differences
    await asyncio.wait_for(rebuilding[0], PATIENCE_SECONDS)
    compared = await verify(pool, leaderboards.PROJECTION, bank_id)
    assert compared.is_equal, compared.differences


async def test_every_read_model_follows_or_is_kept_with_the_log(people: People) -> None:
    """No read model is left out, and none is moved on twice."""
    assert sorted(each.name for each in EVERY) == sorted(each.name for each in (*INLINE, *FOLLOWING))
    assert set(INLINE).isdisjoint(FOLLOWING)
    kept = {getattr(hook.in_transaction, "__self__", None) for hook in hooks(people)}
    assert set(INLINE) <= kept
