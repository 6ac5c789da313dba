"""Every list, with every filter it has, is read by an index that serves it, however large the tables are."""

import ast
import asyncio
import importlib
import inspect
import itertools
import json
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import timebank.projections
from tests.controls import KEY_FILE
from tests.helpers.databases import database
from timebank.db.connections import SETTINGS, Pool
from timebank.identity.security_log import SecurityLog
from timebank.ledger import store
from timebank.projections.activities import activities
from timebank.projections.activities import statistics as activity_statistics
from timebank.projections.credit import funds, redemptions, rewards, statements, transfers
from timebank.projections.organisations import (
    api_keys,
    employments,
    invitations,
    memberships,
    offices,
    organisations,
    teams,
)
from timebank.projections.people import merges, volunteers
from timebank.projections.places import hours, leaders, nodes, residences
from timebank.projections.recognition import leaderboards
from timebank.projections.service import overlaps, proposals, records, statistics
from timebank.projections.supervision import history, notices
from timebank.vault.keyring import keyring_for
from timebank.vault.people import People

pytestmark = pytest.mark.drill

PAGE = 21
ROWS_FOR_ONE, ROWS_FOR_NONE = 10, 100
"""How many rows may be looked at for each that is returned, and for an answer that has hardly any."""
SORTED_PAGES = 10
"""How many pages of rows may be sorted for one: each index that is looked into gives one."""

BANK = UUID(int=1)
MANY_FACTS = "vol_00101"
"""About whom there are a thousand times as many facts as about others."""

FILL = """
insert into bank (bank_id, head, name, timezone) values ($bank, 40000, 'x', 'Asia/Shanghai');
insert into organisation select $bank, 'org_' || lpad(n::text, 5, '0'), 'x', 'enterprise', null,
       (array['approved','approved','approved','registered','suspended'])[1 + n % 5], now()
  from generate_series(1, 8000) n;
insert into volunteer select $bank, 'vol_' || lpad(n::text, 5, '0'), n::text, 'active', false, now()
  from generate_series(1, 20000) n;
insert into person (bank_id, volunteer_id, key_id, sealed, phone_index, document_index, name_keys)
select $bank, 'vol_' || lpad(n::text, 5, '0'), (select key_id from sealing_key), decode(repeat('00', 40), 'hex'),
       'p' || n, 'd' || n, array[n % 40]
  from generate_series(1, 20000) n;
insert into double_registration select $bank, 'vol_' || lpad(n::text, 5, '0'), 'vol_' || lpad((n + 1)::text, 5, '0'),
       n % 3 = 0, n % 3 > 0 from generate_series(1, 19999) n where n % 4 < 2;
insert into merge select $bank, 'mrg_' || lpad(n::text, 5, '0'), 'vol_' || lpad(n::text, 5, '0'),
       'vol_' || lpad((n + 1)::text, 5, '0'), (array['declined','proposed','approved','approved'])[1 + n % 4], 'x', 'x',
       now(), null, null, n from generate_series(1, 12000) n where n % 3 = 0;
insert into person_name select bank_id, name_keys[1], volunteer_id from person;
insert into membership select $bank, 'mem_' || lpad(n::text, 6, '0'), 'org_' || lpad((1 + n % 20)::text, 5, '0'),
       'vol_' || lpad((1 + n * 7 % 20000)::text, 5, '0'),
       (array['member','member','member','member','recorder','verifier','coordinator','merchant'])[1 + n / 20 % 8],
       (array['approved','approved','approved','approved','approved','requested','invited','declined','ended'])
       [1 + n / 160 % 9] from generate_series(1, 40000) n;
insert into service_record (bank_id, record_id, volunteer_id, organisation_id, recorder_id, activity, category,
       capacity, started_at, ended_at, minutes, local_date, is_late, programmes, status, position, logged_position)
select $bank, 'rec_' || lpad(n::text, 6, '0'),
       case when n % 21 = 0 then 'vol_00001' else 'vol_' || lpad((1 + n * 7919 % 20000)::text, 5, '0') end,
       'org_' || lpad((1 + n / 3 % 20)::text, 5, '0'), 'x', 'x', 'x', 'resident', now(), now(), 60,
       date '2026-01-01' + (n * 7919 % 300), n % 101 < 2, '{}',
       case when n % 103 < 2 then 'logged'
            when n % 103 < 10 then (array['withdrawn','rejected','corrected','voided'])[1 + n % 4]
            else 'confirmed' end, n, n
  from generate_series(1, 60000) n;
insert into service_total
select bank_id, case when grouping(organisation_id) = 0 then organisation_id else '' end,
       case when grouping(organisation_id) = 0 then to_char(local_date, 'YYYY-MM') else 'all' end,
       count(distinct volunteer_id), count(*), sum(minutes), 0, 0
  from service_record where status in ('confirmed', 'corrected')
 group by grouping sets ((bank_id, organisation_id, to_char(local_date, 'YYYY-MM')), (bank_id));
insert into service_total select $bank, 'org_' || lpad(n::text, 5, '0'), '2026-' || lpad(month::text, 2, '0'),
       1, 1, 1, 0, 0 from generate_series(100, 2000) n, generate_series(1, 12) month;
insert into proposal select $bank, 'pro_' || lpad(n::text, 6, '0'), 'vol_' || lpad((1 + n % 9000)::text, 5, '0'),
       'org_' || lpad((1 + n % 20)::text, 5, '0'), null, 'x', 'x', now(), now(), 60, null, null,
       case when n % 400 < 20 then 'proposed' else 'taken-up' end, null, null, n, null from generate_series(1, 20000) n;
insert into reward select $bank, 'rew_' || lpad(n::text, 5, '0'), 'org_00001',
       (array['published','paused','withdrawn'])[1 + n % 3], jsonb_build_object('name', 'x', 'cost_minutes', 1,
       'provider_id', 'org_00001', 'kind',
       (array['health-check','travel','goods','service','voucher','honour'])[1 + n / 3 % 6]), null, n
  from generate_series(1, 10000) n;
insert into redemption (bank_id, redemption_id, reward_id, volunteer_id, beneficiary_id, provider_id, name, kind,
       cost_minutes, period, status, reserved_by, reserved_at, expires_at, position)
select $bank, 'red_' || lpad(n::text, 6, '0'), 'rew_' || lpad((1 + n % 4)::text, 5, '0'),
       'vol_' || lpad((1 + n % 8000)::text, 5, '0'), 'vol_' || lpad((1 + n * 7 % 8000)::text, 5, '0'),
       'org_' || lpad((1 + n % 4)::text, 5, '0'), 'x', 'service', 10, 'all',
       case when n % 50 = 0 then 'expired' when n % 50 = 1 then 'cancelled'
            when n % 10 = 2 then 'reserved' else 'fulfilled' end, 'x', now(), now() - n / 4000 * interval '1 minute', n
  from generate_series(1, 40000) n;
insert into reward_taken select bank_id, reward_id, 'all', '-infinity', 1 from reward;
insert into transfer select $bank, 'trf_' || lpad(n::text, 6, '0'), 'gift',
       'vol_' || lpad((1 + n % 9000)::text, 5, '0'), null,
       'vol_' || lpad((1 + n * 7 % 9000)::text, 5, '0'), null, 5, null, now(), n from generate_series(1, 2000) n;
insert into transfer select $bank, 'trf_' || lpad(n::text, 6, '0'), 'donation',
       'vol_' || lpad((1 + n % 9000)::text, 5, '0'), null, null, 'fnd_1', 5, null, now(), n
  from generate_series(2001, 60000) n;
insert into transfer select $bank, 'trf_' || lpad(n::text, 6, '0'), 'grant', null, 'fnd_1', null, 'fnd_2', 5, null,
       now(), n from generate_series(60001, 60100) n;
insert into fund select $bank, 'fnd_' || n, 'x', 'project', null, null, 'open' from generate_series(1, 5000) n;
insert into fund_balance select $bank, 'fnd_' || n, 0 from generate_series(1, 5000) n;
insert into api_key select $bank, 'key_' || lpad(n::text, 5, '0'), 'org_' || lpad((1 + n % 500)::text, 5, '0'), 'x',
       '{}', 'x', null, null, null, 'in force', now() from generate_series(1, 10000) n;
insert into appointment select $bank, 'app_' || lpad(n::text, 5, '0'), 'vol_' || lpad((1 + n % 900)::text, 5, '0'),
       'auditor', null, null, null, 'x', null, 'in force' from generate_series(1, 10000) n;
insert into team (bank_id, team_id, organisation_id, name, status, is_guided, from_day, members)
select $bank, 'tea_' || lpad(n::text, 5, '0'), 'org_' || lpad((1 + n % 500)::text, 5, '0'), 'x', 'active', true,
       '2026-01-01', 20 from generate_series(1, 10000) n;
insert into captaincy (bank_id, team_id, position, volunteer_id, from_day) select bank_id, team_id, n, 'vol_1', from_day
  from team, generate_series(1, 3) n;
insert into team_member (bank_id, team_id, volunteer_id, organisation_id, status)
select $bank, 'tea_' || lpad((1 + n % 100)::text, 5, '0'), 'vol_' || lpad((1 + n / 100)::text, 5, '0'), 'org_00001',
       case when n % 7 = 0 then 'joined' else 'left' end from generate_series(1, 40000) n;
insert into shift (bank_id, shift_id, team_id, organisation_id, volunteer_id, from_day, until_day, from_minute, minutes,
       position)
select $bank, 'shf_' || lpad(n::text, 6, '0'), 'tea_' || lpad((1 + n % 100)::text, 5, '0'), 'org_00001',
       'vol_' || lpad((1 + n % 7000)::text, 5, '0'), date '2026-01-01' + n % 300,
       case when n % 10 > 0 then date '2026-01-01' + n % 300 end, 60, 60, n from generate_series(1, 40000) n;
update service_record set team_id = 'tea_' || lpad((substring(record_id from 5)::int % 900)::text, 5, '0')
 where substring(record_id from 5)::int % 5 = 0;
insert into leaderboard select $bank, period, 'vol_' || lpad(n::text, 5, '0'), 1 + n % 600, n, n % 4 = 0
  from generate_series(1, 20000) n, unnest(array['all', '2026', '2026-11']) period;
insert into leaderboard_step select $bank, period, level, minutes >> (6 * level), count(*)
  from leaderboard, generate_series(0, 3) level where is_visible group by 2, 3, 4;
insert into leaderboard_step select $bank, 'of ' || n, level, step, people
  from leaderboard_step, generate_series(1, 100) n where period = 'all';
insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id, command_id,
       recorded_at, leaf)
select $bank, n, gen_random_uuid(), (array['service-logged','service-confirmed','service-voided','volunteer-suspended'])
       [1 + n % 4], '{}', array['vol_' || lpad((1 + n % 100)::text, 5, '0')], 'vol_' || (n % 50), '', '',
       gen_random_uuid(), now(), '' from generate_series(1, 40000) n;
insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id, command_id,
       recorded_at, leaf)
select $bank, n, gen_random_uuid(), 'service-confirmed', '{}', array['rec_' || n, 'vol_00101'],
       'vol_' || (n % 50), '', '', gen_random_uuid(), now(), '' from generate_series(40001, 60000) n;
insert into event_tag (bank_id, key, position)
select bank_id, tag_key(tag, topic), position from event, unnest(tags) tag;
insert into security_event (bank_id, recorded_at, kind, actor, request_id)
select $bank, now(), (array['signed-in','people-read','signed-out'])[1 + n % 3], 'vol_' || (n % 50), ''
  from generate_series(1, 30000) n;
insert into activity select $bank, 'act_' || lpad(n::text, 5, '0'), 'org_' || lpad((1 + n % 200)::text, 5, '0'),
       case when n % 4 = 0 then 'published' else 'closed' end, 'x', 'x', 'x', 'x',
       'nod_' || lpad((1 + n % 900)::text, 5, '0'), now() + n * interval '1 minute', now() + n * interval '2 minutes',
       null, '{}', '{}', 'x', 'all', true, true, null, n from generate_series(1, 20000) n;
insert into sign_up select $bank, 'act_' || lpad(n::text, 5, '0'), 'vol_' || lpad((1 + n * k % 2000)::text, 5, '0'),
       'signed-up', n from generate_series(1, 20000) n, generate_series(1, 2) k on conflict do nothing;
insert into presence select bank_id, activity_id, volunteer_id, now(), now(), 'code', 'code', false from sign_up;
insert into organisation_month (bank_id, organisation_id, month)
select $bank, case when n > 0 then 'org_' || lpad(n::text, 5, '0') else '' end,
       date '2020-01-01' + k * interval '1 month'
  from generate_series(0, 400) n, generate_series(0, 83) k;
insert into team_month select $bank, 'org_' || lpad((1 + n % 50)::text, 5, '0'),
       date '2020-01-01' + k * interval '1 month', 'tea_' || lpad(n::text, 5, '0'), 60
  from generate_series(1, 400) n, generate_series(0, 83) k;
insert into proposal (bank_id, proposal_id, volunteer_id, organisation_id, activity, category, started_at, ended_at,
       minutes, status, position)
select $bank, 'pro_' || lpad(n::text, 5, '0'), 'vol_' || lpad((1 + n % 500)::text, 5, '0'),
       'org_' || lpad((1 + n % 200)::text, 5, '0'), 'x', 'x', now(), now(), 60, 'waiting', n
  from generate_series(1, 20000) n;
insert into invitation (bank_id, invitation_id, organisation_id, made_by, people, until_day, position)
select $bank, 'inv_' || lpad(n::text, 5, '0'), 'org_' || lpad((1 + n % 200)::text, 5, '0'), 'x', 5, '2026-12-01', n
  from generate_series(1, 20000) n;
update volunteer set status = 'applied' where number::int % 50 = 0;
update service_record set activity_id = 'act_' || lpad((position % 900)::text, 5, '0') where position % 5 = 1;
insert into employment (bank_id, employment_id, volunteer_id, organisation_id, kind, hours, from_day, position)
select $bank, 'emp_' || lpad(n::text, 5, '0'), 'vol_' || lpad((1 + n % 5000)::text, 5, '0'),
       'org_' || lpad((1 + n % 200)::text, 5, '0'), 'x', '[]', '2026-01-01', n from generate_series(1, 20000) n;
insert into node select $bank, 'nod_' || lpad(n::text, 5, '0'), 'community', 4, '2026-01-01', null
  from generate_series(1, 20000) n;
insert into place_day select $bank, 'nod_' || lpad(n::text, 5, '0'), date '2026-01-01' + day, 60
  from generate_series(1, 2000) n, generate_series(0, 300, 30) day;
insert into place_total (bank_id, level, node_id, period, minutes)
select $bank, level, 'nod_' || lpad(n::text, 5, '0'), period, n % 7 * 60
  from generate_series(1, 2000) n, unnest(array['community', 'house']) level,
       unnest(array['2026', '2026-05', '2026-06']) period;
insert into place_total (bank_id, level, node_id, period, minutes)
select $bank, 'community', '', to_char(date '2026-01-01' + n, 'YYYY-MM-DD'), 60 from generate_series(0, 999) n;
insert into node_name select bank_id, node_id, from_day, 'x' from node;
insert into node_stand (bank_id, node_id, level, from_day, parent_id)
select $bank, 'nod_' || lpad(n::text, 5, '0'), 'community', '2026-01-01', 'nod_' || lpad((n / 50)::text, 5, '0')
  from generate_series(1, 20000) n;
insert into appointment (bank_id, appointment_id, volunteer_id, office, appointed_by, status, node_id)
select $bank, 'led_' || lpad(n::text, 5, '0'), 'vol_' || lpad((1 + n % 9000)::text, 5, '0'), 'node-leader', 'x',
       'in force', 'nod_' || lpad(n::text, 5, '0') from generate_series(1, 20000) n where n % 3 <> 1;
insert into residence select $bank, 'vol_' || lpad(n::text, 5, '0'), '2026-01-01',
       'nod_' || lpad((1 + n * 7 % 900)::text, 5, '0'), 'lives', n % 5 = 0 from generate_series(1, 20000) n;
insert into proxy (bank_id, proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, status)
select $bank, 'prx_' || lpad(n::text, 5, '0'), 'vol_' || 20000 + n, 'vol_' || lpad(n::text, 5, '0'), '{view,give}', 9,
       'in force' from generate_series(1, 20000) n;
analyze;
"""

Ask = Callable[..., Awaitable[Any]]


class Explaining:
    """A pool that does what it is asked to, and keeps how PostgreSQL went about it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def fetch(self, statement: str, *binds: Any) -> list[Any]:
        """The rows, after the plan was noted."""
        (row,) = await self._pool.fetch(f"explain (analyze, timing off, format json) {statement}", *binds)
        self.told.append((statement, json.loads(row[0])[0]["Plan"]))
        return await self._pool.fetch(statement, *binds)

    async def fetchval(self, statement: str, *binds: Any) -> Any:
        """The first value of the first row, if there is one, after the plan was noted."""
        rows = await self.fetch(statement, *binds)
        return rows[0][0] if rows else None


@pytest.fixture(scope="module")
def url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a database with large tables; it is only read."""
    with database(cluster, template) as url:
        with asyncio.Runner() as runner:
            runner.run(fill(url))
        yield url


async def fill(url: str) -> None:
    """Fill the tables."""
    connection = await asyncpg.connect(url)
    await keyring_for(connection, KEY_FILE)
    await connection.execute(FILL.replace("$bank", f"'{BANK}'"))
    await connection.close()


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    """Connections as the service has them."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2, server_settings=SETTINGS) as pool:
        yield pool


def parts_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from parts_of(part)


def amiss(plan: dict[str, Any]) -> list[str]:
    """What is wrong with a plan: whole tables read, much sorted, or more rows looked at than are returned."""
    found, returned = [], plan["Actual Rows"] * plan["Actual Loops"]
    for node in parts_of(plan):
        kind, loops = node["Node Type"], node["Actual Loops"]
        if kind == "Seq Scan" and loops and node["Relation Name"] not in {"bank", "checkpoint"}:
            found.append(f"reads all of {node['Relation Name']}")
        if kind in {"Sort", "Incremental Sort"} and loops:
            sorted_rows = sum(part["Actual Rows"] for part in node["Plans"])
            if sorted_rows > PAGE * SORTED_PAGES:
                found.append(f"sorts {sorted_rows} rows")
    if touched(plan) > max(ROWS_FOR_ONE * returned, ROWS_FOR_NONE):
        found.append(f"looks at {touched(plan):.0f} rows for {returned}")
    return found


def touched(plan: dict[str, Any]) -> float:
    """How many rows are looked at."""
    return sum(
        node["Actual Loops"]
        * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0))
        for node in parts_of(plan)
        if "Relation Name" in node or node["Node Type"] == "Bitmap Index Scan"
    )


def every(**filters: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Every combination of filters: each with each of its values, or not asked for."""
    for values in itertools.product(*filters.values()):
        yield dict(zip(filters, values, strict=True))


Lists = dict[str, tuple[Ask, Iterator[dict[str, Any]]]]


def lists(pool: Pool, people: People) -> Lists:
    """Every list: how it is asked, with which filters, and how many indexes it looks into at the most."""
    some, none = "vol_00007", None
    body, bodies = "org_00003", ["org_00003", "org_00005"]
    statuses = (
        none,
        ["logged"],
        ["withdrawn"],
        ["rejected"],
        ["confirmed"],
        ["corrected"],
        ["voided"],
        records.COUNTED,
    )
    set_aside = (["withdrawn"], ["rejected"], ["corrected"], ["voided"])
    days = (none, date(2026, 6, 1))

    async def found(query: str, members_of: list[str] | None) -> None:
        asked = {"4711": ("4711", [], []), "p1": ("", ["p4711"], []), "d1": ("", [], ["d4711"]), "n": ("", [], [])}
        whose = BANK, "", PAGE
        if members_of is None:
            await pool.fetch(volunteers.SQL["found_by_name"], *whose, [7])
            await pool.fetch(volunteers.SQL["found"], *whose, [7] if query == "n" else [], *asked[query])
        elif query != "n":  # by name it looks at all members, as its comment says
            await pool.fetch(volunteers.SQL["found_members"], *whose, [], members_of, *asked[query][:2])

    security = SecurityLog(pool, people.keyring)
    return {
        "volunteers": (partial(volunteers.page, pool, people, BANK, none, "vol_15000", PAGE), every()),
        "members": (
            partial(volunteers.page, pool, people, BANK, none, "vol_00100", PAGE),
            every(members_of=([body], bodies)),
        ),
        "doubles": (
            lambda after: merges.doubles(pool, people, BANK, after, PAGE),
            every(after=("", "vol_15001.vol_15002")),
        ),
        "merges": (
            lambda status: merges.page(pool, BANK, none, PAGE, status),
            every(status=(none, "proposed", "approved", "declined")),
        ),
        "overlaps": (lambda: overlaps.between(pool, BANK, "vol_00003", "vol_00007"), every()),
        "people found": (found, every(query=("4711", "p1", "d1", "n"), members_of=(none, bodies))),
        "records": (
            lambda order, **asked: records.page(
                pool, BANK, records.Wanted(**asked), after=none, limit=PAGE, order=order
            ),
            (
                each
                for each in every(
                    volunteer_id=(none, "vol_00001"),
                    organisation_ids=(none, bodies),
                    statuses=statuses,
                    first_day=days,
                    last_day=(none, date(2026, 6, 30)),
                    late=(none, True, False),
                    order=("newest", "oldest"),
                )
                if not (each["late"] and each["statuses"] in set_aside)
                # Of one volunteer in an organisation all of the volunteer's are looked at.
                and not (each["volunteer_id"] == "vol_00001" and each["organisation_ids"])
            ),
        ),
        "statistics of the bank": (
            lambda days, after: statistics.figures(
                pool, BANK, records.Wanted(None, None, records.COUNTED, *days), "month", after, PAGE
            ),
            every(
                days=(
                    (none, none),
                    (date(2026, 1, 1), date(2026, 12, 31)),
                    (date(2026, 6, 1), date(2026, 6, 30)),
                ),
                after=(none, "org_01000/2026-06/1"),
            ),
        ),
        "proposals": (
            lambda waiting, after: (proposals.waiting_at if waiting else proposals.of_organisation)(
                pool, BANK, body, after, PAGE
            ),
            every(waiting=(False, True), after=(none, "pro_15000")),
        ),
        "memberships": (
            partial(memberships.page, pool, BANK, after="", limit=PAGE),
            itertools.chain(
                every(
                    organisation_id=(body,),
                    volunteer_id=(none,),
                    role=(none, "member", "merchant"),
                    status=(none, "approved", "requested", "ended"),
                ),
                every(organisation_id=(none,), volunteer_id=(some,)),
            ),
        ),
        "organisations": (
            lambda status: organisations.page(pool, BANK, status, "org_00100", PAGE),
            every(status=(none, "approved", "registered", "suspended")),
        ),
        "appointments": (
            lambda volunteer_id: offices.page(pool, BANK, volunteer_id, "", PAGE),
            every(volunteer_id=(none, some)),
        ),
        "teams": (lambda: teams.page(pool, BANK, date(2026, 6, 1), body, "", PAGE), every()),
        "people of a team": (lambda: teams.members(pool, BANK, "tea_00003", "vol_00010", PAGE), every()),
        "rota": (
            lambda only: teams.rota(pool, BANK, "tea_00003", date(2026, 10, 1), "", PAGE, only=only),
            every(only=(False, True)),
        ),
        "own rota": (lambda: teams.own_shifts(pool, BANK, "vol_00007", date(2026, 6, 1)), every()),
        "own teams": (lambda: teams.of_volunteer(pool, BANK, "vol_00007"), every()),
        "hours of a team": (
            lambda **asked: pool.fetch(records.SQL["of_team"], BANK, "tea_00003", *asked.values()),
            every(first_day=days, last_day=(none, date(2026, 6, 30))),
        ),
        "keys": (lambda: api_keys.page(pool, BANK, body, "", PAGE), every()),
        "rewards": (
            lambda statuses, kind: rewards.page(pool, BANK, statuses, kind, date(2026, 6, 1), "", PAGE),
            every(statuses=(["published", "paused"], ["published"], ["withdrawn"]), kind=(none, "travel")),
        ),
        "redemptions": (
            partial(redemptions.page, pool, BANK, limit=PAGE, before=none),
            (
                {"own_id": some if each["provider_ids"] else none, **each}
                for each in every(
                    volunteer_id=(none, some),
                    provider_ids=(none, [], ["org_00003"]),
                    reward_id=(none, "rew_00003"),
                    status=(none, "reserved", "fulfilled", "expired"),
                )
            ),
        ),
        "transfers": (
            partial(transfers.page, pool, BANK, before=none, limit=PAGE),
            itertools.chain(
                every(kind=(none, "gift", "donation", "grant"), volunteer_id=(none, some), fund_id=(none,)),
                every(kind=(none, "gift", "donation", "grant"), volunteer_id=(none,), fund_id=("fnd_1", "fnd_2")),
            ),
        ),
        "activities of a body": (
            lambda after: activities.of_organisation(pool, BANK, some, body, after, PAGE),
            every(after=(none, "act_15000")),
        ),
        "open activities": (
            lambda nodes: activities.open_ones(pool, BANK, some, datetime.now(UTC), none, PAGE, nodes),
            every(nodes=(none, ["nod_00005", "nod_00009"])),
        ),
        "own activities": (lambda: activities.own(pool, BANK, some, none, PAGE), every()),
        "statistics by month": (
            lambda whose, first, last: activity_statistics.months(pool, BANK, whose, first, last),
            every(whose=("", body), first=days, last=(none, date(2026, 6, 30))),
        ),
        "teams by month": (
            lambda first, last, after: activity_statistics.teams(pool, BANK, body, first, last, after, PAGE),
            every(first=days, last=(none, date(2026, 6, 30)), after=(none, "2026-06/tea_00010")),
        ),
        "roll": (lambda: activities.roll(pool, BANK, "act_00400"), every()),
        "records of an activity that wait": (lambda: records.waiting_of(pool, BANK, "act_00111", PAGE), every()),
        "invitations": (
            lambda after: invitations.of_organisation(pool, BANK, body, after, PAGE),
            every(after=(none, "inv_15000")),
        ),
        "who applied": (lambda: volunteers.applied(pool, people, BANK, "vol_10000", PAGE), every()),
        "codes that expire next": (
            lambda after: redemptions.expiring(pool, BANK, after, PAGE),
            every(after=(none, "red_015002")),
        ),
        "overdue redemptions": (lambda: redemptions.due(pool, datetime.now(UTC), PAGE), every()),
        "facts about one": (lambda: history.about(pool, BANK, some, 20000, PAGE), every()),
        "notices": (
            lambda whose: notices.page(pool, BANK, whose, before=2**53, after=0, limit=PAGE),
            every(whose=(some, MANY_FACTS)),
        ),
        "entries of a statement": (
            lambda whose, after: pool.fetch(
                statements.SQL["entries"], BANK, whose, ["service-confirmed", "service-voided"], after, 2**53, PAGE
            ),
            every(whose=(some, MANY_FACTS), after=(0, 30_000)),
        ),
        "latest facts before": (
            lambda whose: pool.fetch(statements.SQL["earlier"], BANK, [whose], ["service-confirmed"], [55_000]),
            every(whose=(some, MANY_FACTS)),
        ),
        "memories": (
            lambda whose: pool.fetch(store.SQL["recall"], BANK, 2**53, [whose], ["{service-confirmed}"], 0, PAGE),
            every(whose=(some, MANY_FACTS)),
        ),
        "own proposals": (lambda: proposals.of_volunteer(pool, BANK, some, none, PAGE), every()),
        "staff": (lambda: employments.staff(pool, BANK, body, "", PAGE), every()),
        "employments": (lambda: employments.of_volunteer(pool, BANK, some), every()),
        "hours by place of a level": (
            lambda days, after: hours.minutes_at_level(pool, BANK, "community", *days, after, PAGE),
            every(
                days=(
                    (date(2026, 6, 1), date(2026, 6, 30)),
                    (date(2026, 1, 1), date(2026, 12, 31)),
                    (date(2026, 4, 30), date(2026, 7, 1)),
                    (date(2026, 6, 3), date(2026, 6, 21)),
                ),
                after=(none, "180/nod_00500"),
            ),
        ),
        "hours below a place": (
            lambda: hours.minutes_below(pool, BANK, "nod_00009", date(2026, 6, 1), date(2026, 8, 31)),
            every(),
        ),
        "what a place was below": (
            lambda: nodes.stood_below(pool, BANK, date(2026, 1, 1), date(2026, 10, 31), "nod_00470"),
            every(),
        ),
        "people at a place itself": (
            lambda: residences.beside(pool, BANK, date(2026, 6, 1), date(2026, 6, 9), "nod_00009", 10),
            every(),
        ),
        "the fewest people of places": (
            lambda node_ids, last: residences.crowd(pool, BANK, date(2026, 1, 1), last, node_ids, 8),
            every(node_ids=(["nod_00009"], [f"nod_{n:05}" for n in range(1, 30)]), last=(date(2026, 10, 31),)),
        ),
        "places below": (lambda: nodes.below(pool, BANK, date(2026, 6, 1), "nod_00009", "", PAGE), every()),
        "changes of the tree": (lambda: nodes.changes(pool, BANK, 39_000), every()),
        "every place": (lambda: nodes.every(pool, BANK, date(2026, 6, 1), "nod_09000", PAGE), every()),
        "vacant places": (lambda: nodes.vacant(pool, BANK, date(2026, 6, 1), "community", "nod_09000", PAGE), every()),
        "people of a place": (
            lambda after: residences.people(pool, BANK, date(2026, 6, 1), "nod_00009", after, PAGE),
            every(after=("", "nod_00470/vol_10000")),
        ),
        "willing people of a place": (
            lambda: residences.willing(pool, BANK, date(2026, 6, 1), "nod_00009", PAGE),
            every(),
        ),
        "leaders": (lambda: leaders.leaders(pool, BANK, date(2026, 6, 1), "nod_00009"), every()),
        "funds": (lambda: funds.page(pool, BANK, "", PAGE), every()),
        "board": (
            lambda period, at: pool.fetch(leaderboards.SQL["ranked"], BANK, period, *at, PAGE),
            every(period=("all", "2026"), at=((none, none, none), (121, 3720, "vol_03720"))),
        ),
        "before one on the board": (
            lambda period: pool.fetch(leaderboards.SQL["above"], BANK, period, 61, 15060, "vol_15060", 2),
            every(period=("all", "2026")),
        ),
        "what is counted of the board": (
            lambda minutes: pool.fetch(leaderboards.SQL["counted"], BANK, "all", minutes),
            every(minutes=(1, 60, 180)),
        ),
        "events": (
            lambda newest, tags, **asked: history.page(
                pool, BANK, history.Wanted(tags=tags, **asked), history.Span(100), PAGE, newest=newest
            ),
            (
                each
                for each in every(
                    topic=(none, "service-voided"),
                    tags=((), ("vol_00007",), (MANY_FACTS,)),
                    actor=(none, "vol_3"),
                    request_id=(none, "x"),
                    newest=(False, True),
                )
                if not (each["actor"] and (each["tags"] or each["topic"]))
            ),
        ),
        "security events": (
            partial(security.page, BANK, before=2**53, limit=PAGE),
            every(kind=(none, "people-read"), actor=(none, "vol_3")),
        ),
    }


BY_THEIR_STATEMENTS = {"recognition.leaderboards.leaderboard", "credit.statements.first_lines"}
"""Lists that are put together: of the former each statement is named, the latter stops at the page's end."""


def asked_by(code: str) -> set[str]:
    """What of the read models some code names; what its comments and texts say is not asked."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = globals().get(node.value.id)
            if inspect.ismodule(module):
                found.add(f"{module.__name__}.{node.attr}".removeprefix(f"{timebank.projections.__name__}."))
    return found


def test_what_a_comment_says_is_not_asked() -> None:
    """Only code asks: no comment, no text, and nothing of another module with a longer name."""
    code = "ask = teams.page  # offices.page\nsaid = 'funds.page'\nother = activity_statistics.months"
    assert asked_by(code) == {"organisations.teams.page", "activities.statistics.months"}


def test_every_list_is_named() -> None:
    """Whatever in a read model takes a limit is asked here."""
    asked = asked_by(inspect.getsource(lists))
    found = set()
    for each in pkgutil.walk_packages(timebank.projections.__path__, "timebank.projections."):
        for name, ask in vars(module := importlib.import_module(each.name)).items():
            is_own = inspect.iscoroutinefunction(ask) and ask.__module__ == module.__name__
            if is_own and name[0] != "_" and "limit" in inspect.signature(ask).parameters:
                found.add(f"{each.name}.{name}".removeprefix(f"{timebank.projections.__name__}."))
    assert found - asked == BY_THEIR_STATEMENTS


@pytest.mark.release
async def test_every_filter_has_its_index(pool: Pool, people: People) -> None:
    """No table is read whole, no more is sorted than some pages, and of ten rows looked at one at least is returned.

    One test for all of them: to fill the tables takes longer than to ask.
    """
    explaining = Explaining(pool)
    every_list = lists(explaining, people)  # type: ignore[arg-type]
    found = []
    for name, (ask, combinations) in every_list.items():
        for filters in combinations:
            explaining.told.clear()
            await ask(**filters)
            found += [(name, filters, each) for _, plan in explaining.told for each in amiss(plan)]
    assert found == [], "\n".join(map(str, found))


@pytest.mark.release
async def test_people_are_listed_from_the_key_alone(pool: Pool) -> None:
    """Of a registration all that a list shows stands in its key: the table is not read for it."""
    await pool.execute("vacuum analyze volunteer")
    explaining = Explaining(pool)
    for name, binds in (("page", ("vol_10000", PAGE)), ("members", ("", PAGE, ["org_00003"])), ("one", ("vol_00007",))):
        await explaining.fetch(volunteers.SQL[name], BANK, *binds)
    plans = [part for _, plan in explaining.told for part in parts_of(plan) if part["Actual Loops"]]
    assert {part["Node Type"] for part in plans if part.get("Index Name") == "volunteer_pkey"} == {"Index Only Scan"}


@pytest.mark.release
async def test_statistics_look_at_what_they_sum_up(pool: Pool) -> None:
    """Of ten records looked at one at least is summed up, whatever is asked for of what is counted, not kept."""
    explaining = Explaining(pool)
    found = []
    for filters in every(
        volunteer_id=(None, "vol_00001"),
        organisation_ids=(None, ["org_00003", "org_00005"]),
        statuses=(None, ["logged"], ["rejected"], records.COUNTED),
        first_day=(None, date(2026, 6, 1)),
        last_day=(None, date(2026, 6, 30)),
        late=(None, True, False),
    ):
        if filters["volunteer_id"] and filters["organisation_ids"]:
            continue  # all of the volunteer's are looked at
        if filters["late"] and filters["statuses"] == ["rejected"]:
            continue
        wanted = records.Wanted(**filters)
        is_kept = statistics.is_kept(wanted)
        for by in ("month", "category") if is_kept else ("month",):
            explaining.told.clear()
            figures = await statistics.figures(explaining, BANK, wanted, by, None, PAGE)  # type: ignore[arg-type]
            ((_, plan),) = explaining.told
            summed = sum(each.records for each in figures.items) if is_kept else figures.total.records
            if touched(plan) > max(ROWS_FOR_ONE * summed, ROWS_FOR_NONE):
                found.append((filters, by, touched(plan), summed))
    assert found == [], "\n".join(map(str, found))
