"""Statistics of the bank: what is kept is what would be counted, whatever was put right since."""

import calendar
from collections.abc import Iterable
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls.people import CLINIC, CLINICS_PROGRAM
from tests.controls.town import Town, found
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.domain.kernel import Command
from timebank.domain.service.records import LogService
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.projections import FOLLOWING
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner
from timebank.projections.service import records
from timebank.projections.service.records import COUNTED, Wanted
from timebank.projections.service.statistics import PROJECTION, By, Figures, figures, is_kept


def some_service(seed: int) -> Iterable[Command]:
    """Few people serve for two organisations; much of it is confirmed, then moved to other days, changed or voided."""
    chance, town = Random(seed), Town(seed, volunteers=3)
    yield from found(3)
    for _ in range(40):
        command = town._review() if chance.random() < 0.75 else town._log()
        if isinstance(command, LogService) and chance.random() < 0.5:
            command = msgspec.structs.replace(
                command, organisation_id=CLINIC, by=CLINICS_PROGRAM, category=chance.choice(("医疗护理", "公益慈善"))
            )
        yield command


async def in_pages(pool: Pool, bank_id: UUID, wanted: Wanted, by: By, limit: int) -> list[Figures]:
    """The whole, and all parts, read in pages of so many."""
    page = await figures(pool, bank_id, wanted, by, None, limit)
    found = [page.total, *page.items]
    while page.next:
        page = await figures(pool, bank_id, wanted, by, page.next, limit)
        assert page.total == found[0]
        found += page.items
    return found


async def counted(pool: Pool, bank_id: UUID, wanted: Wanted, by: By) -> list[Figures]:
    """The same as the records come to when they are counted."""
    rows: list[Any] = await pool.fetch(records.SQL["figures"], bank_id, *wanted, by, "", "", 0, 1000, None)
    return [Figures(**{name: value for name, value in row.items() if name != "part"}) for row in rows]


def periods() -> list[tuple[date | None, date | None]]:
    """All times, years and months."""
    months = [
        (date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        for year, month in ((2025, 10), *((2026, month) for month in range(8, 12)))
    ]
    return [(None, None), *((date(year, 1, 1), date(year, 12, 31)) for year in (2025, 2026)), *months]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@for_all(seed=st.integers(0, 10**9), batch=st.sampled_from([1, 7, 400]))
async def test_what_is_kept_is_what_is_counted(ledger: Ledger, store: Store, pool: Pool, seed: int, batch: int) -> None:
    """Of every period totals and parts, in pages, are those of the records; and so they are made anew."""
    bank_id = UUID(new_bank_id())
    await store.open_bank(bank_id, "Test bank", "Asia/Shanghai")
    commands, runner = list(some_service(seed)), Runner(store, FOLLOWING)
    for start in range(0, len(commands), batch):
        await ledger.submit(bank_id, commands[start : start + batch])
        while await runner.catch_up(bank_id):
            pass
    for first, last in periods():
        wanted = Wanted(statuses=COUNTED, first_day=first, last_day=last)
        assert is_kept(wanted)
        for by in ("month", "category", "programme"):
            expected = await counted(pool, bank_id, wanted, by)
            assert await in_pages(pool, bank_id, wanted, by, 3) == expected, (wanted, by)
    compared = await verify(pool, PROJECTION, bank_id)
    assert compared.is_equal, compared.differences
