"""A spreadsheet of service records, read, decided, logged and projected, next to PostgreSQL's raw COPY of such rows."""

import io
import statistics
import time
from datetime import timedelta

from benchmarks.setup.measure import Bench, Row, compare, in_turns
from benchmarks.setup.world import World, new_world
from timebank.domain.identifiers import new_record_id
from timebank.exchange.imports.lists import open_records
from timebank.exchange.imports.records import RecordsImport, zone_of
from timebank.exchange.spreadsheets.headings import Said
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.runtime.founding import OPERATOR

HEADER = "编号,活动,类别,身份,开始,结束,地点"
PLAIN_TABLE = """
    create table plain_record (
        record_id text primary key, volunteer text not null, activity text not null, category text not null,
        capacity text not null, started_at timestamptz not null, ended_at timestamptz not null, place text
    )"""


async def rows(bench: Bench) -> list[Row]:
    """Both ways, in turns, each time with other rows."""
    number = bench.sized(20_000)
    async with new_world(await bench.new_database("importing")) as world:
        await world.project()
        await world.services.owner.execute(PLAIN_TABLE)
        ours, theirs = await in_turns(bench, lambda: _import(world, number), lambda: _copy(world, number))
    return [
        Row(
            work=f"import of {number:,} records: reading, decisions, projections",
            ours=statistics.median(ours),
            unit=" rows/s",
            counterpart="raw COPY",
            theirs=statistics.median(theirs),
            ratio=compare(ours, theirs),
            at_least=0.04,
        )
    ]


async def _import(world: World, number: int) -> float:
    data = _csv(world, number)
    started = time.perf_counter()
    opened = open_records(io.BytesIO(data), Said(), await zone_of(world.services, world.bank_id))
    run = RecordsImport(world.services, world.bank_id, world.organisations[0], OPERATOR, allowed=EVERYTHING)
    taken = [verdict async for judged in run.verdicts(opened) for _, verdict in judged if verdict.status == "logged"]
    await world.project()
    elapsed = time.perf_counter() - started
    assert len(taken) == number
    return number / elapsed


def _csv(world: World, number: int) -> bytes:
    lines = [HEADER]
    for _ in range(number):
        volunteer, start = world.when()
        day = f"{start.year}/{start.month}/{start.day}"
        lines.append(f"{world.numbers[volunteer]},楼道扶手擦洗,公共设施擦洗,居民,{day} 8:00,{day} 9:00,社区服务中心")
    return "\r\n".join(lines).encode("gb18030")


async def _copy(world: World, number: int) -> float:
    records = []
    for _ in range(number):
        volunteer, start = world.when()
        who, end = world.numbers[volunteer], start + timedelta(hours=1)
        records.append((new_record_id(), who, "楼道扶手擦洗", "公共设施擦洗", "resident", start, end, "社区服务中心"))
    async with world.services.owner.acquire() as connection:
        started = time.perf_counter()
        await connection.copy_records_to_table("plain_record", records=records)
        return number / (time.perf_counter() - started)
