"""Long lists: what a dry run says is what happens, whatever interrupts it; and it takes no more memory."""

import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.exchange.imports.office import BODY, Office, records_of
from tests.helpers.effort import more
from timebank.exchange.imports.records import RecordsImport
from timebank.exchange.imports.results import RowVerdict
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.runtime.founding import OPERATOR

PEOPLE = 100


def long_list(rows: int) -> Iterator[str]:
    """Every person serves several times a day; a few rows repeat others, and a few cannot be."""
    yield "手机,活动,类别,开始,结束\n"
    for number in range(rows):
        person, turn = number % PEOPLE, number // PEOPLE
        day, hour = divmod(turn, 10)
        start = f"2026/{1 + day // 28}/{1 + day % 28}"
        end = f"{2 * hour + 1}:30" if number % 97 else f"{2 * hour}:00"
        yield f"139{person:08},清扫,公益,{start} {2 * hour}:00,{start} {end}\n"
        if number % 211 == 0:
            yield f"139{person:08},清扫,公益,{start} {2 * hour}:00,{start} {end}\n"


async def people(office: Office) -> None:
    """Everybody on such a list is registered."""
    await office.people("姓名,手机\n" + "".join(f"某{n},139{n:08}\n" for n in range(PEOPLE)))


@pytest.mark.drill
@pytest.mark.parametrize("rows", [2_501, *more(10_001)])
async def test_a_dry_run_is_the_run_is_what_is_told_again(berlin: Office, rows: int) -> None:
    """Thousands of rows get the verdicts of their dry run; interrupted and run again, totals are the same."""
    await people(berlin)
    text = "".join(long_list(rows))
    dry = await berlin.records(text, dry_run=True)
    assert await berlin.ask("select count(*)::int from service_record") == [(0,)]
    half = RecordsImport(berlin.services, berlin.bank_id, BODY, OPERATOR, allowed=EVERYTHING)
    verdicts: list[RowVerdict] = []
    stream = half.verdicts(records_of(text))
    async for judged in stream:
        verdicts += [verdict for _, verdict in judged]
        if len(verdicts) > rows // 2:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert [each.status for each in verdicts] == [each.status for each in dry.verdicts[: len(verdicts)]]
    rest = await berlin.records(text)
    before = Counter(each.status for each in verdicts)
    assert rest.counts["refused"] == dry.counts["refused"]
    assert rest.counts["logged"] + before["logged"] == dry.counts["logged"]
    assert await berlin.ask("select count(*)::int from service_record") == [(dry.counts["logged"],)]
    again = await berlin.records(text)
    assert again.counts == {
        "waiting": dry.counts["logged"], "same": dry.counts["same"], "refused": dry.counts["refused"]
    }  # fmt: skip


@pytest.mark.release
@pytest.mark.drill
async def test_a_long_list_takes_no_more_memory_than_a_short_one(berlin: Office) -> None:
    """While a list is tried, little is kept of a row, and nothing of those that no memory needs any more."""
    await people(berlin)
    peaks = []
    for rows in (2_000, 8_000):
        text = "".join(long_list(rows)).encode()
        opened = records_of(text)
        run = RecordsImport(berlin.services, berlin.bank_id, BODY, OPERATOR, dry_run=True, allowed=EVERYTHING)
        tracemalloc.start()
        async for _ in run.verdicts(opened):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 6_000 * 1_500, peaks
