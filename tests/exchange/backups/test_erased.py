"""Whoever was erased stays erased, whatever is restored."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.exchange.backups.test_rehearsal import backed_up, must_be_sound, usable
from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.identifiers import (
    AppointmentId,
    VolunteerId,
    new_appointment_id,
    new_merge_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.merging import ApproveMerge
from timebank.domain.organisations.offices import Appoint
from timebank.domain.people.merges import ProposeMerge
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.exchange.backups import keys_of, put_keys, restore
from timebank.identity.security_log import Visit
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import Services, running_services
from timebank.runtime.founding import OPERATOR, Founded, found_bank
from timebank.runtime.settings import Settings
from timebank.vault.erased import Erased

ZONE = ZoneInfo("Asia/Shanghai")


def settings(url: str, folder: Path) -> Settings:
    """Settings with the keys in a folder."""
    return Settings(database_url=url, key_file=str(folder / "keys.json"), project=False)


def now() -> dict[str, Any]:
    """In whose name, and when."""
    return {"by": OPERATOR, "at": utc_now().astimezone(ZONE)}


async def founded(services: Services) -> tuple[Founded, VolunteerId]:
    """A bank with an administrator, and somebody who has a name, a phone, and a password."""
    bank = await found_bank(services, "甲", str(ZONE), "管理员")
    volunteer_id = new_volunteer_id()
    register = RegisterVolunteer(
        volunteer_id=volunteer_id, number=new_volunteer_number(), name="上官婉儿", phone="13912345678", **now()
    )
    await services.ledger.execute(bank.bank_id, register, request_id="test")
    await services.pool.execute(
        "insert into credential (bank_id, volunteer_id, password_hash, changed_at) values ($1, $2, 'x', now())",
        bank.bank_id,
        volunteer_id,
    )
    return bank, volunteer_id


async def erase(services: Services, bank_id: UUID, volunteer_id: VolunteerId, *before: Command) -> None:
    """Erase somebody, after something else."""
    for command in (*before, EraseVolunteer(volunteer_id=volunteer_id, rest="hold", **now())):
        await services.ledger.execute(bank_id, command, request_id="test")


async def started(settings: Settings) -> None:
    """A service that was started, and has moved its read models on."""
    async with running_services(settings) as services:
        for bank in await services.ledger.store.banks():
            while await services.runner.catch_up(bank.bank_id):
                pass


async def left_of(pool: Pool, volunteer_id: VolunteerId) -> tuple[int, int, int]:
    """How many rows there are of what is personal, of passwords, and of facts that say somebody is erased."""
    return (
        await pool.fetchval("select count(*) from person where volunteer_id = $1", volunteer_id),
        await pool.fetchval("select count(*) from credential where volunteer_id = $1", volunteer_id),
        await pool.fetchval("select count(*) from event_tag where key = tag_key($1, 'volunteer-erased')", volunteer_id),
    )


async def test_erasures_since_are_repeated(url: str, emptied: list[str], folders: list[Path]) -> None:
    """The database before the erasure comes back, here or on another machine; who was erased since does not."""
    here, elsewhere = folders
    async with running_services(settings(url, here)) as services:
        bank, volunteer_id = await founded(services)
        _, backup = await backed_up(services.owner)
        await erase(services, bank.bank_id, volunteer_id)
    keys = keys_of(settings(url, here))
    assert b"13912345678" not in keys
    assert put_keys(settings(emptied[1], elsewhere), keys, utc_now()) == []
    for empty, folder in zip(emptied, folders, strict=True):
        await restore(empty, io.BytesIO(backup), usable)
        async with asyncpg.create_pool(empty, min_size=1, max_size=2) as pool:
            assert await left_of(pool, volunteer_id) == (1, 1, 0)
            await asyncio.gather(*(started(settings(empty, folder)) for _ in range(2)))
            assert await left_of(pool, volunteer_id) == (0, 0, 1)
            await started(settings(empty, folder))
            assert await left_of(pool, volunteer_id) == (0, 0, 1)
            await must_be_sound(pool, bank.bank_id)
            rows = json.dumps([dict(row) for row in await pool.fetch("select * from person")], default=str)
            assert volunteer_id not in rows


async def test_who_was_registered_twice_is_erased_under_both_numbers(url: str, empty: str, folders: list[Path]) -> None:
    """The database from before two registrations were merged comes back: neither brings back who was erased since."""
    here = settings(url, folders[0])
    async with running_services(here) as services:
        bank, kept_id = await founded(services)
        merged_id, merge_id = new_volunteer_id(), new_merge_id()
        register = RegisterVolunteer(
            volunteer_id=merged_id, number=new_volunteer_number(), name="上官婉儿", phone="13912345679", **now()
        )
        await services.ledger.execute(bank.bank_id, register, request_id="test")
        _, backup = await backed_up(services.owner)
        propose = ProposeMerge(merge_id=merge_id, kept_id=kept_id, merged_id=merged_id, reason="同一个人", **now())
        office = {"by": Acting(bank.administrator, "administrator"), "at": now()["at"]}
        seen = Visit(utc_now(), "192.0.2.7", "test")
        await services.security_log.record(bank.bank_id, "signed-in", seen, actor=merged_id)
        await erase(services, bank.bank_id, kept_id, propose, ApproveMerge(merge_id=merge_id, **office))
        addresses = "select address from security_event where actor = $1"
        assert [each["address"] for each in await services.pool.fetch(addresses, merged_id)] == [None]
        assert {each for _, each in Erased(here.erased).read()} == {kept_id, merged_id}
    async with running_services(here) as services:
        assert await left_of(services.pool, merged_id) == (0, 0, 0)
    await restore(empty, io.BytesIO(backup), usable)
    async with asyncpg.create_pool(empty, min_size=1, max_size=2) as pool:
        assert await left_of(pool, merged_id) == (1, 0, 0)
        await started(settings(empty, folders[0]))
        for volunteer_id in (kept_id, merged_id):
            assert await left_of(pool, volunteer_id) == (0, 0, 1)


async def test_who_cannot_leave_yet_is_erased_nevertheless(url: str, empty: str, folders: list[Path]) -> None:
    """Who was the last administrator then is nobody at once, and recorded as erased when there is another."""
    here = settings(url, folders[0])
    async with running_services(here) as services:
        bank, volunteer_id = await founded(services)
        _, backup = await backed_up(services.owner)
        appoint = Appoint(
            appointment_id=new_appointment_id(), volunteer_id=volunteer_id, office="administrator", **now()
        )
        await erase(services, bank.bank_id, bank.administrator, appoint)
    await restore(empty, io.BytesIO(backup), usable)
    there = settings(empty, folders[0])
    async with running_services(there) as services:
        assert await left_of(services.pool, bank.administrator) == (0, 0, 0)
        again = Appoint(
            appointment_id=AppointmentId(new_appointment_id()),
            volunteer_id=volunteer_id,
            office="administrator",
            **now(),
        )
        await services.ledger.execute(bank.bank_id, again, request_id="test")
    async with running_services(there) as services:
        assert await left_of(services.pool, bank.administrator) == (0, 0, 1)


async def test_the_list_is_written_again(url: str, folders: list[Path]) -> None:
    """Where the list was lost, or could not be written, the next start makes it from the log."""
    here = settings(url, folders[0])
    async with running_services(here) as services:
        bank, volunteer_id = await founded(services)
        await erase(services, bank.bank_id, volunteer_id)
    line = f"{bank.bank_id} {volunteer_id}\n"
    assert here.erased.read_text() == line
    here.erased.write_text(line[:40])
    async with running_services(here):
        assert (bank.bank_id, volunteer_id) in Erased(here.erased).read()


async def test_a_list_that_cannot_be_written_stops_nobody(
    url: str, folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the keys lie in a folder that is only to be read, erasing goes on."""

    def refuse(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("timebank.vault.erased.Erased.add", refuse)
    async with running_services(settings(url, folders[0])) as services:
        bank, volunteer_id = await founded(services)
        await erase(services, bank.bank_id, volunteer_id)
        assert await left_of(services.pool, volunteer_id) == (0, 0, 1)


async def test_whose_row_is_damaged_is_erased_all_the_same(url: str, empty: str, folders: list[Path]) -> None:
    """What cannot be opened need not be opened to be deleted: when it is asked for, and again after a restore."""
    here = settings(url, folders[0])
    damage = "update person set sealed = 'x', document = 'y' where volunteer_id = $1"
    async with running_services(here) as services:
        bank, volunteer_id = await founded(services)
        _, backup = await backed_up(services.owner)
        await services.owner.execute(damage, volunteer_id)
        await erase(services, bank.bank_id, volunteer_id)
        assert await left_of(services.pool, volunteer_id) == (0, 0, 1)
    await restore(empty, io.BytesIO(backup), usable)
    async with asyncpg.create_pool(empty, min_size=1, max_size=2) as pool:
        await pool.execute(damage, volunteer_id)
        await started(settings(empty, folders[0]))
        assert await left_of(pool, volunteer_id) == (0, 0, 1)


@pytest.mark.parametrize("damage", [b"garbage", b"\xff", b'{"earlier_ids": "x"}', b"{}", b""])
async def test_a_damaged_fact_keeps_nothing_from_starting(url: str, folders: list[Path], damage: bytes) -> None:
    """Of an erasure, or of a merge: the other erasures are on the list, and whom its tags name is too."""
    here = settings(url, folders[0])
    async with running_services(here) as services:
        bank, volunteer_id = await founded(services)
        another = new_volunteer_id()
        register = RegisterVolunteer(
            volunteer_id=another, number=new_volunteer_number(), name="陈静", phone="13912345670", **now()
        )
        await services.ledger.execute(bank.bank_id, register, request_id="test")
        for each in (volunteer_id, another):
            await erase(services, bank.bank_id, each)
        async with services.owner.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            damaged = "update event set data = $1 where topic = 'volunteer-erased' and $2 = any (tags)"
            assert await connection.execute(damaged, damage, volunteer_id) == "UPDATE 1"
            made_up = """
                insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id,
                                   command_id, recorded_at, leaf)
                select bank_id, position + 1000, gen_random_uuid(), 'registrations-merged', $1, array[$2], actor,
                       authority, request_id, gen_random_uuid(), recorded_at, leaf
                  from event where topic = 'volunteer-erased' and $2 = any (tags)
                """
            assert await connection.execute(made_up, damage, another) == "INSERT 0 1"
    here.erased.unlink()
    async with running_services(here) as services:
        listed = {each for _, each in Erased(here.erased).read()}
        assert listed == {volunteer_id, another}
