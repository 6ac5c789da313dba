"""Every table is written by one room, and read only by rooms that are named here, never from a floor below it.

A room is a package. The statements looked at are those of the `.sql` files, and those written out in a call.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from timebank.db.sql import load_statements

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "docs" / "schema.sql"

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["tool"]["importlinter"]["contracts"]
FLOORS: list[str] = next(each["layers"] for each in CONTRACTS if each["type"] == "layers")[::-1]
"""From the lowest up, as for imports: a room reads tables of its own floor and of those below, never of one above."""

DB, VAULT, LEDGER, IDENTITY = "timebank.db", "timebank.vault", "timebank.ledger", "timebank.identity"
DECISIONS = "timebank.ledger.decisions"
PROOFS = "timebank.proofs"
ACCESS = "timebank.access"
MACHINERY, CREDIT = "timebank.projections.machinery", "timebank.projections.credit"
PEOPLE, ORGANISATIONS = "timebank.projections.people", "timebank.projections.organisations"
SERVICE, RECOGNITION = "timebank.projections.service", "timebank.projections.recognition"
SUPERVISION, PLACES = "timebank.projections.supervision", "timebank.projections.places"
ACTIVITIES = "timebank.projections.activities"
BACKUPS = "timebank.exchange.backups"
PROJECTIONS = (MACHINERY, CREDIT, PEOPLE, ORGANISATIONS, SERVICE, RECOGNITION, SUPERVISION, PLACES, ACTIVITIES)


class Table(NamedTuple):
    """The one room that writes a table, and those that may read it besides."""

    writer: str
    readers: tuple[str, ...] = ()


TABLES = {
    "schema_migrations": Table(DB, readers=(BACKUPS,)),
    # What is personal, and the names of the keys that seal it.
    "person": Table(VAULT, readers=(PEOPLE, RECOGNITION, IDENTITY)),
    "person_name": Table(VAULT, readers=(PEOPLE,)),
    "person_in_clear": Table(VAULT),
    "double_registration": Table(VAULT, readers=(PEOPLE,)),
    "sealing_key": Table(VAULT),
    # The log.
    "bank": Table(LEDGER, readers=(PROOFS, MACHINERY, CREDIT, ACTIVITIES, IDENTITY, BACKUPS)),
    "event": Table(LEDGER, readers=(PROOFS, *PROJECTIONS, IDENTITY)),
    "event_tag": Table(LEDGER, readers=(PEOPLE, CREDIT, ACTIVITIES, SUPERVISION, IDENTITY, RECOGNITION, PLACES)),
    "memory_snapshot": Table(DECISIONS),
    "idempotency": Table(LEDGER),
    # The tree over it.
    "tile": Table(PROOFS),
    "signed_checkpoint": Table(PROOFS),
    "cosignature": Table(PROOFS),
    "witnessed_checkpoint": Table(PROOFS),
    # Read models; whatever makes them anew is told their names, and so is not seen here.
    "checkpoint": Table(MACHINERY, readers=(CREDIT, RECOGNITION)),
    "balance": Table(CREDIT),
    "fund": Table(CREDIT),
    "fund_balance": Table(CREDIT),
    "redemption": Table(CREDIT),
    "reward_taken": Table(CREDIT),
    "statement_checkpoint": Table(CREDIT),
    "reward": Table(CREDIT),
    "transfer": Table(CREDIT),
    "api_key": Table(ORGANISATIONS, readers=(IDENTITY,)),
    "appointment": Table(ORGANISATIONS, readers=(IDENTITY, PLACES)),
    "membership": Table(ORGANISATIONS, readers=(PEOPLE,)),
    "organisation": Table(ORGANISATIONS),
    "proxy": Table(PEOPLE, readers=(PLACES,)),
    "merge": Table(PEOPLE),
    "volunteer": Table(PEOPLE, readers=(IDENTITY, PLACES)),
    "leaderboard": Table(RECOGNITION),
    "leaderboard_total": Table(RECOGNITION),
    "leaderboard_step": Table(RECOGNITION),
    **dict.fromkeys(("service_record", "service_total", "served_month"), Table(SERVICE)),
    "proposal": Table(SERVICE),
    "employment": Table(ORGANISATIONS),
    "invitation": Table(ORGANISATIONS),
    **dict.fromkeys(("team", "captaincy", "team_member", "shift"), Table(ORGANISATIONS)),
    **dict.fromkeys(
        ("node", "node_name", "node_stand", "residence", "place_day", "place_total", "willing"),
        Table(PLACES),
    ),
    "sign_up": Table(ACTIVITIES, readers=(SUPERVISION,)),
    **dict.fromkeys(("activity", "presence"), Table(ACTIVITIES)),
    **dict.fromkeys(("organisation_month", "team_month", "uncounted", "marked_record"), Table(ACTIVITIES)),
    # Who is there.
    "api_key_use": Table(IDENTITY),
    "credential": Table(IDENTITY),
    "oidc_identity": Table(IDENTITY),
    "oidc_login": Table(IDENTITY),
    "one_time_code": Table(IDENTITY),
    "phone_code": Table(IDENTITY),
    "registration_code": Table(IDENTITY),
    "notice_read": Table(ACCESS),
    "sealed_secret": Table(VAULT, readers=(IDENTITY,)),
    "refresh_token": Table(IDENTITY),
    "security_event": Table(IDENTITY),
    "session": Table(IDENTITY),
    "sign_in_attempt": Table(IDENTITY),
    # How far a rebuild has come.
    "rebuild.begun": Table(MACHINERY),
    "rebuild.reached": Table(MACHINERY),
}

PASSING = {"person_in_clear", "rebuild.begun", "rebuild.reached"}
"""Tables that no migration makes for good: what the service drops at its start, and what a rebuild notes."""


# Which tables a statement names


class Named(NamedTuple):
    """The tables that a statement names; what it reads by way of a function or a view of ours counts as well."""

    written: frozenset[str]
    read: frozenset[str]


_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_TOKEN = re.compile(r'[\w.{}"]+|\S')
_NAMES = r'((?:[\w.{}"]+)(?: , [\w.{}"]+)*)'
_WRITTEN = re.compile(
    r"\b(?:insert into|merge into|delete from|truncate(?: table)?|alter table|drop table(?: if exists)?"
    r"|create table(?: if not exists)?|(?<!for )(?<!key )(?<!do )(?<!on )(?<!then )update)(?: only)? " + _NAMES
)
_LOCKED = re.compile(r"\block table(?: only)? " + _NAMES)
_COMMON = re.compile(r"(?:\bwith(?: recursive)?|,) (\w+) (?:\( [\w ,]+ \) )?as (?:(?:not )?materialized )?\(")
_NO_TABLE_FOLLOWS = re.compile(r"\bdelete from|\bdistinct from|\b(?:extract|substring|trim|overlay) \( [^()]*?from")

_ENDS_A_LIST = {
    *("where", "set", "group", "order", "having", "window", "limit", "offset", "for", "returning", "conflict"),
    *("select", "values", "union", "except", "intersect", "when", "with", ";"),
}


def named_in(sql: str) -> Named:
    """Which tables a statement writes, and which it reads."""
    written, read = _raw(sql)
    return Named(written, frozenset(table for name in read for table in made_of().get(name, {name})))


@cache
def made_of() -> dict[str, frozenset[str]]:
    """The tables behind each view and function of the schema."""
    texts = SCHEMA.read_text(encoding="utf8").split("\n\n")
    found = [(re.match(r"CREATE (?:FUNCTION|VIEW) public\.(\w+)", text), text) for text in texts]
    return {heading[1]: _raw(text)[1] for heading, text in found if heading}


def _raw(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    text = " ".join(_TOKEN.findall(_NOISE.sub(_quiet, sql).lower()))
    common = set(_COMMON.findall(text)) - TABLES.keys()
    written = [name for names in _WRITTEN.findall(text) for name in names.split(" , ")]
    locked = [name for names in _LOCKED.findall(text) for name in names.split(" , ")]
    read = {*locked, *_in_lists_of_tables(_NO_TABLE_FOLLOWS.sub(_opening, text).split())}
    return _plain(written), _plain(read - common)


def _quiet(match: re.Match[str]) -> str:
    """What is left of a text: an empty one; and of a comment: nothing."""
    return "''" if match[0].startswith("'") else " "


def _opening(match: re.Match[str]) -> str:
    """What is left of what is no list of tables: the parenthesis that it opens, if it opens one."""
    return "(" if "(" in match[0] else ""


def _plain(names: Iterable[str]) -> frozenset[str]:
    """Names without their schema; what is filled in later is left out, and so is what PostgreSQL has itself."""
    plain = (name.replace('"', "").removeprefix("public.").removeprefix("pg_temp.") for name in names)
    return frozenset(name for name in plain if "{" not in name and not name.startswith(("pg_", "information_schema.")))


def _in_lists_of_tables(tokens: list[str]) -> Iterator[str]:
    """What stands after `from`, `join` and `using`, and after the commas between; of functions, those of the schema."""
    lists, awaited = [False], False  # of each parenthesis that is open: whether it is within a list of tables
    for token, follower in pairwise([*tokens, ""]):
        if token == "(":
            lists.append(awaited)
        elif token == ")":
            lists.pop()
            awaited = False
        elif token in {"from", "join"} or (token == "using" and follower != "("):
            lists[-1] = awaited = True
        elif token in _ENDS_A_LIST:
            lists[-1] = awaited = False
        elif token == ",":
            awaited = lists[-1]
        elif awaited and token not in {"lateral", "only"}:
            awaited = False
            if follower != "(" or f"CREATE FUNCTION public.{token}(" in SCHEMA.read_text(encoding="utf8"):
                yield token


@pytest.mark.parametrize(
    ("sql", "written", "read"),
    [
        ("select 1", "", ""),
        ("select a, b from event, bank b where a in (select position from event_tag)", "", "event bank event_tag"),
        ("select a from event e join bank using (bank_id, head), person where x = 1", "", "event bank person"),
        ("select a from (event e join bank b on e.x = b.x), lateral (select from person) p", "", "event bank person"),
        ("insert into bank (bank_id, head) values (1, 2) on conflict (head) do update set head = 1", "bank", ""),
        ("insert into fund select f.*, 'from volunteer' from unnest($1) f (a, b) -- from proxy", "fund", ""),
        ("/* from a\n join b */ update bank b set head = 1, name = 'x' from event e where e.a = b.a", "bank", "event"),
        ("delete from session using person p, bank where true", "session", "person bank"),
        ("merge into event e using bank b on e.x = b.x when matched then delete", "event", "bank"),
        ("select true from session join person p on true for no key update of p", "", "session person"),
        ("select x from event where a is distinct from b and extract(year from c) = 1", "", "event"),
        ("select (extract(epoch from a) * 2)::int from event, bank", "", "event bank"),
        ("with a as (select 1 from event), b (x, y) as (delete from fund) select from a, b", "fund", "event"),
        ("with event as (select 1) select from event", "", "event"),
        (
            "select from lateral (with recursive a as (select 1 from event) select from a, bank) b, fund",
            "",
            "event bank fund",
        ),
        ("lock table bank, public.event in exclusive mode", "", "bank event"),
        ('truncate "person", fund', "person fund", ""),
        ("drop table if exists rebuild.{table}", "", ""),
        ("select from public.{table} t, pg_class c, volunteer", "", "volunteer"),
        ("select from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (a text, b text)", "", "event"),
        ("select from history union all select from unknown order by a, b", "", "event unknown"),
        ("select (select a from bank limit 1), b, c from event group by b, c", "", "bank event"),
        ("select from (select a, b from bank) x, event, (values (1, 2)) y, fund", "", "bank event fund"),
    ],
)
def test_tables_are_found_in_statements(sql: str, written: str, read: str) -> None:
    """What a statement writes and reads is told apart from functions, aliases, columns and names of its own."""
    assert named_in(sql) == (set(written.split()), set(read.split()))


# Who does what

CALLS = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "cursor", "prepare"}
"""What takes a statement."""


class Use(NamedTuple):
    """A statement of a room, and the tables it names."""

    place: str
    room: str
    named: Named


@cache
def uses() -> list[Use]:
    """Every statement there is."""
    return [Use(place, room, named_in(sql)) for place, room, sql in (*_in_files(), *_in_calls())]


ELSEWHERE = {"timebank/ledger/decisions/trial.py"}
"""Modules whose own statements are about a temporary file, and no table of a bank's."""


def _in_files() -> Iterator[tuple[str, str, str]]:
    for path in sorted((ROOT / "timebank").rglob("*.sql")):
        room = _room(path)
        for name, sql in load_statements(room, path.name).items():
            yield f"{name} in {path.relative_to(ROOT)}", room, sql


def _in_calls() -> Iterator[tuple[str, str, str]]:
    for path in sorted((ROOT / "timebank").rglob("*.py")):
        if path.relative_to(ROOT).as_posix() in ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in CALLS and node.args:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", _room(path), _written_out(node.args[0])


def _room(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def _lies_in(room: str, *rooms: str) -> bool:
    """Whether it is one of the rooms, or a part of one."""
    return any(room == each or room.startswith(f"{each}.") for each in rooms)


def _written_out(argument: ast.expr) -> str:
    """A string as it stands in the code, with {} for what is filled in; nothing if it comes from elsewhere."""
    if isinstance(argument, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in argument.values)
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def test_statements_in_calls_are_found() -> None:
    """Strings are taken as they stand, with blanks where something is filled in; other arguments are none."""
    calls = 'c.execute("select 1 from bank")', 'c.execute(f"drop table {x}.{y}")', "c.fetch(SQL['one'], 'x')"
    arguments = [ast.parse(call, mode="eval").body.args[0] for call in calls]  # type: ignore[attr-defined]
    assert [_written_out(argument) for argument in arguments] == ["select 1 from bank", "drop table {}.{}", ""]


def test_every_table_has_a_room() -> None:
    """The tables named here are those of the schema."""
    there = set(re.findall(r"CREATE TABLE public\.(\w+)", SCHEMA.read_text(encoding="utf8")))
    assert not there - TABLES.keys(), f"say which room writes {there - TABLES.keys()}"
    assert TABLES.keys() - there == PASSING, f"there is no table {TABLES.keys() - there - PASSING}: delete its entry"


def test_every_room_is_there() -> None:
    """A room is a package, on a floor that is named here."""
    rooms = {room for table in TABLES.values() for room in (table.writer, *table.readers)}
    missing = {room for room in rooms if not (ROOT.joinpath(*room.split(".")) / "__init__.py").exists()}
    assert not missing, f"there is no package {missing}"
    assert {_floor(room) for room in rooms} <= set(FLOORS)


def test_only_its_room_writes_a_table() -> None:
    """No statement writes a table of another room."""
    wrong = [
        f"{use.place} writes {table}, which is {TABLES[table].writer}'s: have that room do it"
        if table in TABLES
        else f"{use.place} writes {table}, a table that nobody has named"
        for use in uses()
        for table in use.named.written
        if table not in TABLES or not _lies_in(use.room, TABLES[table].writer)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_rooms_that_are_named_read_a_table() -> None:
    """No statement reads a table of another room, unless it is said here that the room may."""
    wrong = [
        f"{use.place} reads {table}: ask {TABLES[table].writer} for it, or name {use.room} among its readers"
        if table in TABLES
        else f"{use.place} reads {table}, a table that nobody has named"
        for use in uses()
        for table in use.named.read
        if table not in TABLES or not _lies_in(use.room, TABLES[table].writer, *TABLES[table].readers)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_permission_is_used() -> None:
    """Each room that may write or read a table does."""
    writing = {(table, use.room) for use in uses() for table in use.named.written}
    reading = {(table, use.room) for use in uses() for table in use.named.read}
    unused = [
        f"{table.writer} does not write {name}" for name, table in TABLES.items() if (name, table.writer) not in writing
    ]
    unused += [
        f"{reader} does not read {name}: take it from its readers"
        for name, table in TABLES.items()
        for reader in table.readers
        if (name, reader) not in reading
    ]
    assert not unused, "\n".join(unused)


def test_nobody_reads_upwards() -> None:
    """A room reads tables of its own floor and of the floors below, and never of one above it."""
    wrong = [
        f"{reader} may not read {name}: {table.writer} is on a floor above it"
        for name, table in TABLES.items()
        for reader in table.readers
        if FLOORS.index(_floor(reader)) < FLOORS.index(_floor(table.writer))
    ]
    assert not wrong, "\n".join(wrong)


def _floor(room: str) -> str:
    return room.split(".")[1]
