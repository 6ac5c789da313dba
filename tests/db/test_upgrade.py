"""A log that the version before wrote is read, proved, and written on by this one."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from tests.controls import ADMINISTRATOR, acting
from tests.controls.town import do
from tests.data import KEYS_BEFORE, VERSION, load
from tests.db.test_migrations import SCHEMA
from tests.helpers.databases import database, database_name
from tests.helpers.dump import pg_dump, schema_of
from timebank.db import migrations
from timebank.db.connections import Pool
from timebank.db.migrations import migrate, migration_files
from timebank.domain.credit.transfers import DonateCredit
from timebank.domain.identifiers import (
    AppointmentId,
    FundId,
    RecordId,
    TransferId,
    VolunteerId,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.offices import Appoint
from timebank.domain.people.volunteers import RegisterVolunteer, SetConsent
from timebank.domain.refusing import Refusal
from timebank.domain.service.reviews import ConfirmService
from timebank.domain.vocabulary import FACTS
from timebank.ledger.audit import check_log
from timebank.ledger.codec import decode
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Bank, Store
from timebank.ledger.submission import IdempotencyKey
from timebank.ledger.wake import Waker
from timebank.projections import EVERY, FOLLOWING
from timebank.projections.credit import balances
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import outdated, rebuild, verify
from timebank.projections.machinery.runner import Runner
from timebank.projections.people import volunteers
from timebank.runtime.composition import hooks
from timebank.vault.keyring import keyring_for
from timebank.vault.people import People

pytestmark = [pytest.mark.drill, pytest.mark.release]

EVENTS, TOPICS, PEOPLE, KEPT_ANSWERS = 1420, 47, 185, 12
"""How much there is of what the version before wrote."""

NEW_SINCE: dict[str, dict[str, Any]] = {
    "service-logged": {
        "key_issued_by": None,
        "person_in_charge_id": None,
        "is_subsidised": False,
        "activity_id": None,
        "activity_span": None,
        "leader_was_there": None,
        "entered_by": [],
        "team_id": None,
    },
    "volunteer-registered": {"agreed_to": None, "is_waiting": False, "invitation_id": None, "registered_by": None},
    "volunteer-left": {"seen_off_by": None},
    "membership-requested": {"proposed_by": None},
    "membership-invited": {"invited_by": None},
    "proxy-appointed": {"is_guardian": False},
    "appointment-made": {"node_id": None, "source": None, "duties": []},
    "service-confirmed": {"signed_by": None},
    "service-corrected": {
        "person_in_charge_id": None,
        "account_id": None,
        "team_id": None,
        "previous_team_id": None,
        "is_subsidised": None,
    },
    "service-voided": {"account_id": None},
    "volunteer-erased": {"earlier_ids": []},
}
"""What facts say now that they did not then, and what it is where nothing was said."""

NEW_RULES: dict[str, Any] = {
    "categories": [],
    "activities": [],
    "check_in_minutes": 60,
    "presence_days": 14,
    "registration": "office",
    "registration_waits": True,
    "place_levels": ["社区", "片区", "楼院", "楼栋", "单元"],
    "open_reservations": 20,
    "open_sign_ups": 60,
    "call_ups_per_day": 10,
    "called_at_once": 100,
}
"""The same of the rules in a rule book."""

NEW_MODELS = {"activities", "employments", "invitations", "merges", "proposals", "teams"}
"""The read models of what there was not then."""


@pytest.fixture(scope="module")
def upgraded(cluster: str) -> Iterator[str]:
    """The name of a database that was filled at the version before and then migrated; others are cloned from it."""
    with database(cluster) as url:
        with asyncio.Runner() as runner:
            runner.run(upgrade(url))
        yield database_name(url)


async def upgrade(url: str) -> None:
    """Make a database as it was at the version before, and bring it up to date as `timebank serve` does."""
    before = [file for file in migration_files() if file.name.partition("_")[0] <= VERSION]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "migration_files", lambda: before)
        assert await migrate(url) == [file.name.partition("_")[0] for file in before]
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool, pool.acquire() as connection:
        await load(connection)
    assert len(await migrate(url)) == len(migration_files()) - len(before)
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        for projection in await outdated(pool, EVERY):
            await rebuild(pool, projection)
        await Runner(Store(pool, Waker()), FOLLOWING).catch_up_all()


@pytest.fixture
def template(upgraded: str) -> str:
    """The database that the test's own is cloned from."""
    return upgraded


@pytest.fixture
async def bank(store: Store) -> Bank:
    """The bank whose log it is."""
    (bank,) = await store.banks()
    return bank


@pytest.fixture
async def people(pool: Pool) -> People:
    """What opens its personal data, with the keys of then."""
    async with pool.acquire() as connection:
        return People(await keyring_for(connection, KEYS_BEFORE))


@pytest.fixture
async def ledger(store: Store, people: People, pool: Pool) -> AsyncIterator[Ledger]:
    """What writes on: an hour after the last event."""
    last = await pool.fetchval("select max(recorded_at) from event")
    ledger = Ledger(store, people, clock=lambda: last + timedelta(hours=1), hooks=hooks(people))
    yield ledger
    await ledger.close()


async def rows_of(pool: Pool, projection: Projection) -> list[str]:
    """All rows of a read model, to the byte."""
    return sorted(
        [row["t"] for table in projection.tables for row in await pool.fetch(f"select t::text from {table} t")]
    )


async def must_be_sound(pool: Pool, bank_id: UUID) -> None:
    """Nothing is wrong with the log, every read model is what the log says, and the accounts sum to zero."""
    assert [finding async for finding in check_log(pool, bank_id)] == []
    for projection in EVERY:
        compared = await verify(pool, projection, bank_id)
        assert compared.is_equal, (projection.name, compared.differences)
    assert await balances.trial_balance(pool, bank_id) == 0


async def test_records_that_got_no_place_are_made_anew(pool: Pool, bank: Bank, url: str) -> None:
    """Where a migration found no fact by which a record was logged, a later one has the records made anew."""
    nowhere = "select count(*) from service_record where logged_position = 0"
    assert await pool.fetchval(nowhere) == 0
    await pool.execute("delete from schema_migrations where version = '0080'")
    assert await migrate(url) == ["0080"]
    assert await outdated(pool, EVERY) == []
    await pool.execute("update service_record set logged_position = 0 where record_id like '%1'")
    assert await pool.fetchval(nowhere) > 0
    await pool.execute("delete from schema_migrations where version = '0080'")
    assert await migrate(url) == ["0080"]
    (projection,) = await outdated(pool, EVERY)
    await rebuild(pool, projection)
    await must_be_sound(pool, bank.bank_id)


async def test_all_of_it_is_proved(pool: Pool, bank: Bank) -> None:
    """Every row has the hash it was sealed with, and every read model equals one that is made anew."""
    assert bank.head == EVENTS
    await must_be_sound(pool, bank.bank_id)


@pytest.mark.skipif(pg_dump() is None, reason="there is no pg_dump")
def test_the_schema_is_that_of_a_new_database(url: str) -> None:
    """Whoever comes from the version before has the same tables as whoever begins with this one."""
    assert schema_of(url) == SCHEMA.read_text(encoding="utf8")


async def test_facts_mean_what_they_meant(pool: Pool) -> None:
    """Each stored fact says what it said, with what facts say since then at its default, under the same tags."""
    rows = await pool.fetch("select topic, data, tags from event")
    assert (len(rows), len({row["topic"] for row in rows})) == (EVENTS, TOPICS)
    for row in rows:
        fact = decode(row["topic"], row["data"])
        assert type(fact) is FACTS[row["topic"]]
        said, says = json.loads(row["data"]), json.loads(msgspec.json.encode(msgspec.structs.asdict(fact)))
        said |= {name: NEW_RULES | said[name] for name in said if name == "rules"}
        assert says | said == says
        assert {name: says[name] for name in set(says) - set(said)} == NEW_SINCE.get(row["topic"], {})
        assert list(fact.tags()) == row["tags"]


async def test_a_rebuild_gives_the_same_rows(pool: Pool) -> None:
    """What is there after the upgrade is, to the byte, what this version makes of the log."""
    for projection in EVERY:
        before = await rows_of(pool, projection)
        assert bool(before) == (projection.name not in NEW_MODELS), projection.name
        await rebuild(pool, projection)
        assert await rows_of(pool, projection) == before


async def test_people_are_opened_and_found(pool: Pool, people: People, bank: Bank) -> None:
    """With the key file of then every name is opened, and everybody is found by name, by number and by phone."""
    everybody = await volunteers.page(pool, people, bank.bank_id, None, "", 10_000)
    named = [view for view in everybody if view.name]
    assert len(named) == PEOPLE
    assert {view.status for view in everybody if not view.name} == {"erased"}
    for view in named:
        assert view in await volunteers.page(pool, people, bank.bank_id, view.name, "", 10_000)
        for said in {view.number, view.phone} - {None}:
            assert view in await volunteers.exactly(pool, people, bank.bank_id, said)
        assert await people.one(pool, bank.bank_id, view.volunteer_id)


async def test_answers_are_given_again(pool: Pool, ledger: Ledger, bank: Bank) -> None:
    """Whoever repeats a request of then under its key is told what they were told."""
    rows = await pool.fetch("select principal, key, fingerprint from idempotency")
    assert len(rows) == KEPT_ANSWERS
    for row in rows:
        key = IdempotencyKey(row["principal"], row["key"], (row["fingerprint"],))
        outcomes = await ledger.submit(bank.bank_id, [], key=key)
        assert outcomes
        assert all(isinstance(each, Refusal) or 0 < each.position <= EVENTS for each in outcomes)
    assert await ledger.store.head(bank.bank_id) == EVENTS


async def test_it_goes_on_being_written(pool: Pool, store: Store, ledger: Ledger, bank: Bank) -> None:
    """Commands are decided from facts of then, appended, and projected; and all is as it should be."""
    await do(ledger, bank.bank_id, *await commands(pool, ledger, bank))
    assert ledger.head(bank.bank_id) > EVENTS
    runner = Runner(store, FOLLOWING)
    while await runner.catch_up(bank.bank_id):
        pass
    await must_be_sound(pool, bank.bank_id)


async def commands(pool: Pool, ledger: Ledger, bank: Bank) -> list[Command]:
    """Somebody new comes; a record of then is confirmed, credit of then donated, and an office given."""
    office: dict[str, Any] = {"by": ADMINISTRATOR, "at": ledger.clock().astimezone(ZoneInfo(bank.timezone))}
    old = VolunteerId(await pool.fetchval(SOMEBODY))
    own = office | {"by": acting(old), "volunteer_id": old}
    new = new_volunteer_id()
    return [
        RegisterVolunteer(volunteer_id=new, number=new_volunteer_number(), name="新来的", **office),
        ConfirmService(record_id=RecordId(await pool.fetchval(RECORD)), **office),
        DonateCredit(transfer_id=TransferId("trf_new"), fund_id=FundId(await pool.fetchval(FUND)), minutes=5, **own),
        SetConsent(purpose="leaderboard", granted=True, alias="兰", **own),
        Appoint(appointment_id=AppointmentId("app_new"), volunteer_id=new, office="auditor", **office),
    ]


SOMEBODY = """
select volunteer_id from balance join volunteer using (bank_id, volunteer_id)
 where status = 'active' and available_minutes > 60 and not on_leaderboards order by volunteer_id limit 1
"""
RECORD = """
select record_id from service_record join volunteer v using (bank_id, volunteer_id)
  join organisation o using (bank_id, organisation_id)
 where service_record.status = 'logged' and v.status = 'active' and o.status = 'approved'
 order by record_id desc limit 1
"""
FUND = "select fund_id from fund where status = 'open' order by fund_id limit 1"
