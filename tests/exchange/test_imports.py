"""Importing, where the database is part of the question and the command line is not."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.controls import ADMINISTRATOR
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import OrganisationId, new_bank_id
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.exchange.imports import import_records, import_volunteers
from timebank.exchange.spreadsheets import RECORD_COLUMNS, VOLUNTEER_COLUMNS, read_table
from timebank.ledger.ledger import Ledger
from timebank.runtime.composition import Services, running_services
from timebank.runtime.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
BODY = OrganisationId("org_1")


@pytest.fixture
async def berlin(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Services, UUID]]:
    """A bank where clocks change, with an organisation, at a known time."""
    monkeypatch.setattr("timebank.runtime.composition.utc_now", lambda: NOW)
    bank_id = UUID(new_bank_id())
    async with running_services(Settings(database_url=url), follow=False) as services:
        await services.ledger.store.open_bank(bank_id, "Berlin", str(BERLIN))
        await do(services.ledger, bank_id)
        yield services, bank_id


async def do(ledger: Ledger, bank_id: UUID) -> None:
    """What has to have happened."""
    for command in (
        OpenBank(by=ADMINISTRATOR, at=NOW, name="Berlin", timezone=str(BERLIN)),
        RegisterOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=BODY, name="x", kind="enterprise"),
        ApproveOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=BODY),
    ):
        await ledger.execute(bank_id, command)


async def people(services: Services, bank_id: UUID, text: str) -> tuple[int, int, dict[int, str]]:
    """Import a list of people."""
    by = ADMINISTRATOR
    return await import_volunteers(services, bank_id, read_table(text.encode(), VOLUNTEER_COLUMNS), by)


async def records(services: Services, bank_id: UUID, text: str) -> tuple[int, int, dict[int, str]]:
    """Import a list of service."""
    return await import_records(services, bank_id, read_table(text.encode(), RECORD_COLUMNS), BODY)


async def test_somebody_twice_on_one_list_is_one_person(berlin: tuple[Services, UUID]) -> None:
    """The same name and phone, spelt in whichever way, is registered once; another phone is another person."""
    taken, known, refused = await people(*berlin, "姓名,手机\n张三,139 0000 1111\n张三,13900001111\n张三,13900002222\n")
    assert (taken, known, refused) == (2, 1, {})


async def test_a_shared_phone_does_not_tell_who_it_was(berlin: tuple[Services, UUID]) -> None:
    """Where two people have one phone, the row says that the number is needed."""
    await people(*berlin, "姓名,手机\n张三,13900001111\n李四,13900001111\n")
    _, _, refused = await records(*berlin, "手机,活动,类别,开始,分钟\n13900001111,清扫,公益,2026/3/1 8:30,60\n")
    assert "several volunteers" in refused[2]


async def test_a_duration_counts_through_a_clock_change(berlin: tuple[Services, UUID]) -> None:
    """Two hours from half past one, in the night when an hour is left out, are two hours; and when one comes twice."""
    await people(*berlin, "姓名,手机\n张三,13900001111\n")
    taken, _, refused = await records(
        *berlin,
        "手机,活动,类别,开始,分钟\n13900001111,守夜,公益,2026/3/29 1:30,120\n"
        "13900001111,守夜,公益,2026/10/25 1:30,120\n",
    )
    assert (taken, refused) == (2, {})
    services, bank_id = berlin
    while await services.runner.catch_up(bank_id):
        pass
    rows = await services.pool.fetch("select minutes, ended_at - started_at as lasted from service_record")
    assert [(row["minutes"], row["lasted"].total_seconds() / 60) for row in rows] == [(120, 120), (120, 120)]


async def test_clock_times_beside_a_date_go_past_midnight(berlin: tuple[Services, UUID]) -> None:
    """From ten in the evening until two is four hours, on the day it started."""
    await people(*berlin, "姓名,手机\n张三,13900001111\n")
    taken, _, refused = await records(
        *berlin, "手机,活动,类别,日期,开始,结束\n13900001111,守夜,公益,2026/3/1,22:00,2:00\n"
    )
    assert (taken, refused) == (1, {})
    services, bank_id = berlin
    while await services.runner.catch_up(bank_id):
        pass
    (row,) = await services.pool.fetch("select minutes, local_date::text from service_record")
    assert tuple(row) == (240, "2026-03-01")
