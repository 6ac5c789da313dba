"""Whether anything is slower in a bank of a million than in one of ten thousand: questions, commands, rebuilds."""

import itertools
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from benchmarks.setup.city import City
from benchmarks.setup.measure import Bench, Row, seconds_for
from benchmarks.setup.questions import Question, questions
from benchmarks.setup.world import new_world
from timebank.domain.acting import Acting
from timebank.domain.activities.attendance import CheckIn
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.credit.redemptions import ReserveReward
from timebank.domain.credit.transfers import DonateCredit
from timebank.domain.identifiers import (
    ActivityId,
    ActorId,
    CodeHash,
    RecordId,
    VolunteerId,
    new_redemption_id,
    new_transfer_id,
)
from timebank.domain.kernel import Command
from timebank.domain.service.reviews import ConfirmService
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import rebuild
from timebank.runtime.composition import hooks

SMALL = 10_000
TIMES = 40
COLD_TIMES = 5
LARGEST_RATIO, UNNOTICED_MS = 1.3, 2.0
"""A question may take so many times as long, or so many milliseconds."""

SIZES = """
    select c.relname, pg_table_size(c.oid) as table_size, pg_indexes_size(c.oid) as index_size
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' and pg_total_relation_size(c.oid) > 1000000 order by 1"""

SHARES = """
    select sum(size) filter (where is_service)::float8 / sum(size) as event,
           sum(tags) filter (where is_service)::float8 / sum(tags) as event_tag
      from (select pg_column_size(e.*) as size, cardinality(tags) as tags,
                   topic in ('service-logged', 'service-confirmed') as is_service
              from event e) e"""
"""Which share of the log is about records: by bytes, and of the index of tags by tags."""

OF_RECORDS = (
    *("service_record", "service_total", "served_month", "leaderboard", "leaderboard_step", "leaderboard_total"),
    *("place_day", "place_total"),
)
"""The read models that hold what was served, and nothing else that grows."""


class Measured(NamedTuple):
    """What was found of one bank."""

    milliseconds: dict[str, float]
    cold: dict[str, float]
    rebuilt: dict[str, float]
    sizes: tuple[str, ...]
    record_bytes: float
    events: int


async def rows(bench: Bench) -> list[Row]:
    """A small bank, then a large one; each in a database of its own, which is gone before the next."""
    large = max(bench.sized(bench.volunteers), SMALL)
    small = await _measure(bench, SMALL)
    big = await _measure(bench, large)
    counterpart = f"{SMALL:,}"
    asked = [
        Row(
            work=f"{what}, {large:,} volunteers",
            ours=ms,
            unit=" ms",
            counterpart=counterpart,
            theirs=small.milliseconds[what],
            ratio=ms / small.milliseconds[what],
            at_most=LARGEST_RATIO,
            unnoticed=UNNOTICED_MS,
        )
        for what, ms in big.milliseconds.items()
    ]
    cold = [
        Row(work=f"first after a start: {what}", ours=ms, unit=" ms", at_most=20, notes=_note(what, small.cold[what]))
        for what, ms in big.cold.items()
    ]
    rebuilt = [
        Row(work=f"rebuild of {name}, {big.events:,} events", ours=rate, unit=" events/s", at_least=150_000)
        for name, rate in big.rebuilt.items()
    ]
    size = Row(
        work="bytes on disk a confirmed record", ours=big.record_bytes, unit=" B", at_most=3072, notes=(*big.sizes,)
    )
    return [*asked, *cold, *rebuilt, size]


def _note(what: str, ms: float) -> tuple[str]:
    return (f"first after a start, small bank: {what}: {ms:.1f} ms",)


async def _measure(bench: Bench, size: int) -> Measured:
    name = f"scale_{size}"
    async with new_world(await bench.new_database(name)) as world:
        city = City(world, size)
        await city.build()
        store, pool = world.services.ledger.store, world.services.owner
        events = await store.head(world.bank_id)
        rebuilt = {}
        for projection in EVERY:
            rebuilt[projection.name] = events / await seconds_for(rebuild(pool, projection))
        async with pool.acquire() as connection:
            await connection.execute("set statement_timeout = 0")
            await connection.execute("vacuum analyze", timeout=7200)
            of_log: dict[str, float] = dict(**(await connection.fetch(SHARES, timeout=7200))[0])
            await connection.execute("reset statement_timeout")
        await bench.settle()
        milliseconds = {what: await _median(ask) for what, ask in questions(city).items()}
        cold: dict[str, float] = {}
        for what, make in _commands(city).items():
            first, milliseconds[f"command: {what}"] = await _commanded(city, make)
            cold[what] = first
        sizes = await pool.fetch(SIZES)
        confirmed = await pool.fetchval("select count(*) from service_record where status = 'confirmed'")
        room = {row["relname"]: row["table_size"] + row["index_size"] for row in sizes}
        shares = {**dict.fromkeys(OF_RECORDS, 1.0), **of_log}
        told = (
            *(
                f"{row['relname']}: {row['table_size'] / events:,.0f} + {row['index_size'] / events:,.0f} B a fact; "
                f"of a confirmed record {shares.get(row['relname'], 0) * room[row['relname']] / confirmed:,.0f} B"
                for row in sizes
            ),
            f"all there is, by confirmed record: {sum(room.values()) / confirmed:,.0f} B",
        )
        of_records = sum(room.get(name, 0) * share for name, share in shares.items())
    await bench.drop_database(name)
    return Measured(milliseconds, cold, rebuilt, told, of_records / confirmed, events)


async def _median(ask: Question) -> float:
    """Milliseconds of a question, each time about somebody else; the first few find their way to memory."""
    times = []
    for n in range(TIMES + 5):
        started = time.perf_counter()
        await ask(n * 7919 + 7)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[5:])


async def _commanded(city: City, make: Callable[[int], Command]) -> tuple[float, float]:
    """Milliseconds of the first command of a ledger that remembers nothing, and of later ones: medians."""
    services, bank_id = city.world.services, city.world.bank_id
    first, later, numbers = [], [], itertools.count(1)
    for _ in range(COLD_TIMES):
        ledger = Ledger(
            services.ledger.store, services.people, clock=services.ledger.clock, hooks=hooks(services.people)
        )
        try:
            times = [await seconds_for(ledger.execute(bank_id, make(next(numbers)))) * 1000 for _ in range(3)]
        finally:
            await ledger.close()
        first.append(times[0])
        later += times[1:]
    return statistics.median(first), statistics.median(later)


def _commands(city: City) -> dict[str, Callable[[int], Command]]:
    """What is done, and, by a number, once more; the last ones rest on very many facts."""
    world, office, at = city.world, city.world.administrator, city.world.at
    yesterday = at.replace(hour=1, minute=0) - timedelta(days=1)

    def own(n: int) -> dict[str, Any]:
        volunteer_id = city.volunteer(n * 1009)
        return {"by": Acting(ActorId(volunteer_id), "volunteer"), "at": at, "volunteer_id": volunteer_id}

    crowded = ActivityId(f"act_{0:032x}")

    def there(n: int) -> VolunteerId:
        return city.volunteer(n * 100 + 7)

    def confirm(record: int) -> ConfirmService:
        return ConfirmService(by=office, at=at, record_id=RecordId(f"rec_{record:032x}"))

    return {
        "logging": lambda n: world.service_of(city.volunteer(n * 1009), city.organisation(n), yesterday),
        "confirming": lambda n: confirm(n * 100),
        "confirming, an account with a twentieth of all records": lambda n: confirm(city.volunteers + n * 10),
        "reserving a reward that a fifth has taken": lambda n: ReserveReward(
            redemption_id=new_redemption_id(),
            reward_id=city.reward_id,
            beneficiary_id=city.volunteer(n * 1009),
            code_hash=CodeHash(new_redemption_id().ljust(64, "0")),
            **own(n),
        ),
        "donating to a fund that a fifth gave to": lambda n: DonateCredit(
            transfer_id=new_transfer_id(), fund_id=city.fund_id, minutes=1, **own(n)
        ),
        "signing up for an activity": lambda n: SignUp(activity_id=crowded, **own(n)),
        "signing in at an activity that a hundredth signed up for": lambda n: CheckIn(
            **{**own(0), "by": Acting(ActorId(there(n)), "volunteer"), "volunteer_id": there(n)},
            activity_id=crowded,
            proof="code",
            entry_id=new_transfer_id(),
        ),
    }
