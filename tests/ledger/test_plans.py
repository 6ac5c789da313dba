"""The statements that every command waits for touch only the rows they are about, however large the log has grown."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.controls import ADMINISTRATOR, KEY_FILE, NOON, log_service
from tests.projections.test_plans import touched
from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.identifiers import (
    ActorId,
    new_organisation_id,
    new_record_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.refusing import Refusal
from timebank.identity.erasure import SQL as ERASURE
from timebank.ledger.daily_facts import SQL as DAILY
from timebank.ledger.dcb import SQL as DCB
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import SQL
from timebank.projections.people.volunteers import SQL as VOLUNTEERS
from timebank.projections.supervision.history import SQL as HISTORY
from timebank.projections.supervision.said import SQL as SAID
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings

SOMEBODY_ELSE = Acting(ActorId("another operator"), "operator")


@pytest.fixture
async def long_log(ledger: Ledger, bank_id: UUID) -> int:
    """A log of some thousand events about which PostgreSQL has no statistics yet."""
    people = [new_volunteer_id() for _ in range(100)]
    garden = new_organisation_id()
    commands: list[Command] = [
        RegisterOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=garden, name="花园", kind="enterprise"),
        ApproveOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=garden),
        *(
            RegisterVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=each, number=new_volunteer_number(), name="甲")
            for each in people
        ),
        *(
            log_service(
                by=ADMINISTRATOR,
                record_id=new_record_id(),
                volunteer_id=each,
                organisation_id=garden,
                started_at=NOON - timedelta(days=day, hours=4),
                ended_at=NOON - timedelta(days=day, hours=3),
            )
            for day in range(1, 31)
            for each in people
        ),
    ]
    one = new_volunteer_id()
    once = RegisterVolunteer(by=SOMEBODY_ELSE, at=NOON, volunteer_id=one, number=new_volunteer_number(), name="乙")
    outcomes = [*await ledger.submit(bank_id, [once], request_id="once"), *await ledger.submit(bank_id, commands)]
    assert not any(isinstance(outcome, Refusal) for outcome in outcomes)
    return ledger.head(bank_id)


async def plan_of(pool: Pool, statement: str, *binds: object) -> str:
    """How PostgreSQL would go about a statement."""
    rows = await pool.fetch(f"explain (costs off) {statement}", *binds)
    return "\n".join(row[0] for row in rows)


async def test_recalling_memories_probes_indexes(pool: Pool, bank_id: UUID, long_log: int) -> None:
    """What a decision needs is found through indexes."""
    tags, topics = ["vol_1", "vol_1@2026-11-19"], ["{volunteer-registered,volunteer-erased}", "{service-logged}"]
    plan = await plan_of(pool, SQL["recall"], bank_id, long_log, tags, topics, 0, None)
    assert not re.search(r"Seq Scan on event", plan), plan


async def test_recalling_many_memories_reads_only_their_events(pool: Pool, bank_id: UUID, long_log: int) -> None:
    """However many memories a batch needs, only the events they are made of are read, and not the log."""
    await pool.execute("analyze")
    rows = await pool.fetch("select data ->> 'record_id' as id from history where topic = 'service-logged' limit 500")
    topics = "{service-logged,service-confirmed,service-rejected,service-corrected,service-voided}"
    binds = [row["id"] for row in rows], [topics] * len(rows)
    explained = f"explain (analyze, costs off, timing off) {SQL['recall']}"
    rows = await pool.fetch(explained, bank_id, long_log, *binds, 0, None)
    plan = "\n".join(row[0] for row in rows)
    read = re.findall(r"Scan using event_pkey on event e.*?rows=([0-9.]+) loops=([0-9]+)", plan)
    assert read, plan
    assert sum(float(number) * int(loops) for number, loops in read) <= 500, plan


async def test_the_history_of_one_thing_probes_indexes(pool: Pool, bank_id: UUID, long_log: int) -> None:
    """What happened to one thing is found through indexes."""
    for statement in ("oldest_tagged", "newest_tagged"):
        binds = 0, 2**53, ["service-logged"], None, None, None, ["vol_1"], None, None, "UTC", 50
        plan = await plan_of(pool, HISTORY[statement], bank_id, *binds)
        assert not re.search(r"Seq Scan on event", plan), plan


async def test_who_is_to_be_erased_again_is_looked_up_one_by_one(pool: Pool, bank_id: UUID, long_log: int) -> None:
    """However many are on the list of the erased, each is found by its tags, after a restore too."""
    whom = [new_volunteer_id() for _ in range(1_000)]
    plan = await plan_of(pool, ERASURE["not_erased"], [bank_id] * len(whom), whom)
    assert re.search(r"event_tag_by_key(?: on event_tag t)?\n +Index Cond: \(key = ", plan), plan
    assert re.search(r"event_pkey on event\n +Index Cond: .*position\" = t", plan), plan
    assert not re.search(r"Seq Scan|Hash|Merge", plan), plan


SOMEBODY = """select data ->> 'number' as number, data ->> 'volunteer_id' as id
  from history where topic = 'volunteer-registered' limit 1"""

UNCOUNTED = """
do $$ begin
    set local allow_system_table_mods = on;
    delete from pg_statistic where starelid in ('event'::regclass, 'event_tag'::regclass, 'volunteer'::regclass);
    update pg_class set reltuples = -1, relpages = 0 where relname like 'event%' or relname like 'volunteer%';
end $$"""
"""PostgreSQL forgets how much is in the tables of the log, should it have counted it."""

FEW = 200
"""So many rows of the log may be read for an answer of a few facts: pages of it, whatever else is there."""


async def rows_read(pool: Pool, statement: str, *binds: object) -> float:
    """How many rows PostgreSQL reads for an answer, those included that it throws away."""
    rows = await pool.fetch(f"explain (analyze, timing off, format json) {statement}", *binds)
    return touched(json.loads(rows[0][0])[0]["Plan"])


async def test_before_postgresql_counted_anything_few_facts_are_read_for_few(
    pool: Pool, bank_id: UUID, long_log: int
) -> None:
    """Where a database was just restored, or made anew, what a few facts answer is found by them."""
    one = await pool.fetchrow(SOMEBODY)
    await pool.execute(UNCOUNTED)
    topics, item = ["volunteer-registered", "volunteer-erased"], '[{"types": ["volunteer-registered"], "tags": ["%s"]}]'
    asked = {
        "by_numbers": (VOLUNTEERS["by_numbers"], bank_id, [one["number"]]),
        "of": (SAID["of"], bank_id, one["id"], long_log, topics),
        "beside": (SAID["beside"], bank_id, one["id"], long_log, topics),
        "read": (DCB["read"], bank_id, 0, long_log, item % one["id"], None),
    }
    read = {name: await rows_read(pool, statement, *binds) for name, (statement, *binds) in asked.items()}
    assert {name: rows for name, rows in read.items() if rows > FEW} == {}


async def test_before_postgresql_counted_anything_what_one_actor_caused_is_found_by_them(
    pool: Pool, bank_id: UUID, long_log: int
) -> None:
    """Of one actor and of one request few facts are read, however many others the bank has."""
    await pool.execute(UNCOUNTED)
    few, until = SOMEBODY_ELSE.actor, datetime(2026, 1, 1, tzinfo=UTC)
    asked = {"since": (few, 0, until), "own": (few, until, 5)}
    read = {name: await rows_read(pool, DAILY[name], bank_id, *binds) for name, binds in asked.items()}
    for topics, actor, request_id in ((None, few, None), (None, None, "once"), (["service-logged"], None, "once")):
        for order in ("oldest", "newest"):
            binds = 0, 2**53, topics, actor, None, request_id, None, None, None, "UTC", 5
            read[f"{order} {topics} {actor} {request_id}"] = await rows_read(pool, HISTORY[order], bank_id, *binds)
    assert {name: rows for name, rows in read.items() if rows > FEW} == {}


async def test_plans_are_made_for_the_tables_as_they_are(url: str) -> None:
    """No connection keeps a plan that was made when the tables were small."""
    async with running_services(Settings(database_url=url, key_file=str(KEY_FILE)), follow=False) as services:
        assert await services.pool.fetchval("show plan_cache_mode") == "force_custom_plan"
