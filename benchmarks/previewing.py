"""A draft of the rule book, tried on a whole history: a million confirmed records, read and credited once more."""

import statistics
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from benchmarks.setup.measure import Bench, Row, compare, in_turns, seconds_for
from benchmarks.setup.world import World, new_world
from timebank.domain.credit.preview import Effects
from timebank.domain.facts.credit import Rules
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.identifiers import ActorId
from timebank.ledger.codec import encode
from timebank.projections.credit import policies

BEGINNING = date(1900, 1, 1)
CATEGORIES = ("公共设施擦洗", "助老", "交通引导", "应急救援")
PLAIN = Rules(credit_percent={"应急救援": 200, "助老": 150})
CAPPED = Rules(
    credit_percent=PLAIN.credit_percent,
    cap_per_activity_minutes=100,
    cap_per_day_minutes=80,
    cap_total_minutes=20_000,
)
COLUMNS = (
    "bank_id",
    "position",
    "event_id",
    "topic",
    "data",
    "tags",
    "actor",
    "authority",
    "request_id",
    "command_id",
    "recorded_at",
    "leaf",
)
WINDOW = 5_000
FETCH = "select position, topic, data from event where bank_id = $1 and position > $2 order by position limit $3"


async def rows(bench: Bench) -> list[Row]:
    """Without caps and with all there are, in turns with a plain fetch of the same events."""
    number = bench.sized(1_000_000)
    async with new_world(await bench.new_database("previewing")) as world:
        await _fill(world, number)
        plain, capped, fetched = await in_turns(
            bench,
            lambda: _preview(world, PLAIN, number),
            lambda: _preview(world, CAPPED, number),
            lambda: _fetch(world, number),
            rounds=2 if bench.quick else 3,
        )
    return [
        Row(
            work=f"preview over {number:,} confirmations, {what}",
            ours=statistics.median(rates),
            unit=" records/s",
            at_least=50_000,
            notes=(f"preview {what}: {min(rates):,.0f} to {max(rates):,.0f} records/s; of a plain fetch: {share:.2f}",),
        )
        for what, rates in (("coefficients", plain), ("coefficients and caps", capped))
        for share in (compare(rates, fetched),)
    ]


async def _preview(world: World, draft: Rules, number: int) -> float:
    """Records a second."""
    found: list[Effects] = []

    async def preview() -> None:
        _, effects = await policies.preview(world.services.pool, world.bank_id, draft, BEGINNING, 20)
        found.append(effects)

    seconds = await seconds_for(preview())
    (effects,) = found
    assert effects.records == number
    assert effects.minutes_before == number * 60
    assert effects.records_changed > number // 10
    return number / seconds


async def _fetch(world: World, number: int) -> float:
    async def fetch() -> None:
        position = 0
        while found := await world.services.pool.fetch(FETCH, world.bank_id, position, WINDOW):
            position = found[-1]["position"]

    return number / await seconds_for(fetch())


async def _fill(world: World, number: int) -> None:
    """A history that was never decided, only written: nobody but the preview is to read it."""
    head = await world.services.ledger.store.head(world.bank_id)
    async with world.services.owner.acquire() as connection:
        await connection.execute("drop index event_by_actor; set synchronous_commit = off")
        await connection.copy_records_to_table(
            "event", records=_events(world, number, head), columns=COLUMNS, timeout=600
        )
        await connection.execute("update bank set head = head + $2 where bank_id = $1", world.bank_id, 2 * number)
        await connection.execute("reset synchronous_commit")
        await connection.execute("vacuum analyze event", timeout=600)


def _events(world: World, number: int, head: int) -> Iterator[tuple[Any, ...]]:
    nobody = uuid7()
    position = head
    for n in range(number):
        for fact in _facts(world, n):
            position += 1
            yield (
                world.bank_id, position, uuid7(), fact.TOPIC, encode(fact), (), "", "", "", nobody, world.at, b"",
            )  # fmt: skip


def _facts(world: World, n: int) -> tuple[ServiceLogged, ServiceConfirmed]:
    """An hour of somebody's day, logged and confirmed."""
    log = world.service()
    day = _day(log.started_at)
    common: dict[str, Any] = {
        "record_id": log.record_id,
        "volunteer_id": log.volunteer_id,
        "organisation_id": log.organisation_id,
        "capacity": log.capacity,
        "minutes": 60,
        "minutes_by_day": {day: 60},
        "local_date": day,
    }
    logged = ServiceLogged(
        recorder_id=ActorId(log.organisation_id),
        activity=log.activity,
        category=CATEGORIES[n % len(CATEGORIES)],
        started_at=log.started_at,
        ended_at=log.started_at + timedelta(hours=1),
        place=log.place,
        **common,
    )
    return logged, ServiceConfirmed(decided_by=world.administrator.actor, credited_minutes=60, **common)


def _day(moment: datetime) -> date:
    return moment.date()
