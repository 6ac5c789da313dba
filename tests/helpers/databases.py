"""Databases of the tests' own on a server they share: made, or cloned from another one, and taken again or dropped."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from tests.controls import KEY_FILE
from tests.helpers import pools

T = TypeVar("T")

SHAPE = """
select md5(string_agg(said, ',' order by said)) from (
    select concat(oid::regclass, relkind, relacl, reloptions, reloftype) from pg_class
    where relnamespace = 'public'::regnamespace
    union all select concat(attrelid::regclass, attname, atttypid, attnotnull, attisdropped, atthasdef, attstattarget)
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and attnum > 0
    union all select concat(conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace = 'public'::regnamespace
    union all select concat(indexrelid::regclass, indisvalid, indkey, pg_get_expr(indpred, indrelid)) from pg_index
    join pg_class on pg_class.oid = indexrelid where relnamespace = 'public'::regnamespace
    union all select concat(tgenabled, pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    union all select concat(viewname, definition) from pg_views where schemaname = 'public'
    union all select concat(adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) from pg_attrdef
    union all select concat(proacl, pg_get_functiondef(oid)) from pg_proc where pronamespace = 'public'::regnamespace
    union all select concat(nspname, nspacl) from pg_namespace where nspname !~ '^pg_(toast|temp)'
    union all select concat(extname, extversion) from pg_extension
    union all select concat(evtname) from pg_event_trigger
    union all select concat(setrole, setconfig) from pg_db_role_setting
    join pg_database on pg_database.oid = setdatabase where datname = current_database()
    union all select concat(m) from schema_migrations m
) as shape (said)
"""
"""What a test may have changed of a database that is not in its tables."""

_CATALOGUES = {
    **dict.fromkeys(
        ("class", "constraint", "trigger", "rewrite", "attrdef", "proc", "type", "extension"), "oid >= 16384"
    ),
    "attribute": "attrelid >= 16384",
    "index": "indexrelid >= 16384",
    "namespace": "nspname !~ '^pg_(toast|temp)'",
    "event_trigger": "true",
    "db_role_setting": "setdatabase = (select oid from pg_database where datname = current_database())",
}
"""Where PostgreSQL writes down what SHAPE tells of, and which rows there may be ours."""

_TRACE = "select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from {} where {}"
TRACE = "select md5(concat(array_agg(t))) from ({}) t".format(
    " union all ".join(
        _TRACE.format(*each)
        for each in [("schema_migrations", "true"), *((f"pg_{name}", ours) for name, ours in _CATALOGUES.items())]
    )
)
"""Which transactions have written the shape. Where it is the same nobody has touched it: that is seen at once."""

EMPTY = """
do $$
declare
    filled record;
begin
    set local session_replication_role = replica;
    set local lock_timeout = '5s';
    for filled in
        select oid::regclass as name, relkind, pg_relation_size(oid) as bytes from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'S') and relname <> 'schema_migrations'
    loop
        if filled.relkind = 'S' then
            perform setval(filled.name, 1, false);
        elsif filled.bytes > 65536 then
            execute format('truncate %s cascade', filled.name);
        elsif filled.bytes > 0 then
            execute format('delete from %s', filled.name);
        end if;
    end loop;
end $$
"""
"""Takes all rows out of all tables. To delete a few rows takes less than new files for the table and its indexes."""


@contextmanager
def database(cluster: str, template: str = "") -> Iterator[str]:
    """The URL of a database that is there while the block runs: one with nothing in it, or a clone of a template.

    A clone of a template without rows is emptied afterwards and taken again, unless more than its rows was changed, or
    somebody holds on to it: that is half of what it takes to make a world of one's own.
    """
    idle = _idle(cluster)[template]
    name = idle.pop() if idle else _made(cluster, template)
    if template:
        pools.keep(database_url(cluster, name))
    yield database_url(cluster, name)
    shutil.rmtree(_signing(name), ignore_errors=True)
    if template and _is_as_new(cluster, template, name):
        idle.append(name)
    else:
        _drop(cluster, name)


def _made(cluster: str, template: str) -> str:
    """A new database, copied as files: half the work of writing it into the log, where nobody waits for a disk."""
    name = f"test_{uuid4().hex}"
    copied = f" template {template}" if template else ""
    _server(cluster).execute(f"create database {name} strategy file_copy{copied}")
    return name


def _drop(cluster: str, name: str) -> None:
    pools.forget(database_url(cluster, name))
    _server(cluster).execute(f"drop database if exists {name} with (force)")


def _is_as_new(cluster: str, template: str, name: str) -> bool:
    """Whether a clone could be made as it was."""
    shape, traces = _shape(cluster, template), _traces(cluster)
    before, kept = traces.pop(name, shape.trace), pools.kept_by(database_url(cluster, name))
    if not shape.told:
        return False
    trace = _server(cluster).of(name, lambda connection: _emptied(connection, shape, before, kept))
    if trace:
        traces[name] = trace
    return bool(trace)


async def _emptied(connection: "asyncpg.Connection[Any]", shape: "_Shape", before: str, kept: list[int]) -> str:
    """Empty a database, if it still has its shape, and whoever else holds on to it lets go; its trace then."""
    others = "from pg_stat_activity where datname = current_database() and pid <> all($1)"
    await connection.execute(f"select pg_terminate_backend(pid, 5000) {others}", [connection.get_server_pid(), *kept])
    is_touched = await connection.fetchval(TRACE) != before
    if is_touched and await connection.fetchval(SHAPE) != shape.told:
        return ""
    await connection.execute(EMPTY)
    return str(await connection.fetchval(TRACE)) if is_touched else before


class _Shape(NamedTuple):
    """The shape of the clones of a template, told in full and by its trace; nothing where the template has rows."""

    told: str = ""
    trace: str = ""


@cache
def _shape(cluster: str, template: str) -> _Shape:
    name = _made(cluster, template)
    shape = _server(cluster).of(name, _shape_if_empty) or _Shape()
    _drop(cluster, name)
    return shape


async def _shape_if_empty(connection: "asyncpg.Connection[Any]") -> _Shape:
    filled = "relname <> 'schema_migrations' and relkind = 'r' and pg_relation_size(oid) > 0"
    of_ours = "relnamespace = 'public'::regnamespace"
    if await connection.fetchval(f"select exists (select from pg_class where {of_ours} and {filled})"):
        return _Shape()
    return _Shape(str(await connection.fetchval(SHAPE)), str(await connection.fetchval(TRACE)))


def database_url(cluster: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))


def signing_key_file(url: str) -> str:
    """The file of the keys that sign what is in a database: what was signed is remembered beside it."""
    folder = _signing(database_name(url))
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / "signing.json")


def _signing(name: str) -> Path:
    return KEY_FILE.parent / "signing" / name


def database_name(url: str) -> str:
    """The name of the database at a URL."""
    return urlsplit(url).path.removeprefix("/")


def administer(url: str, statement: str) -> None:
    """Run one statement outside any transaction, on a connection of its own."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(run())


class _Server:
    """A connection that is kept, since to connect takes as long as to clone a database."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = self._runner.run(asyncpg.connect(cluster))

    def execute(self, statement: str) -> None:
        self._runner.run(self._connection.execute(statement))

    def of(self, name: str, do: "Callable[[asyncpg.Connection[Any]], Awaitable[T]]") -> T | None:
        """What is done on a connection to another of its databases; None if PostgreSQL does not do it."""

        async def run() -> T | None:
            try:
                connection = await asyncpg.connect(database_url(self._cluster, name))
                try:
                    return await do(connection)
                finally:
                    await connection.close()
            except (asyncpg.PostgresError, OSError):
                return None

        return self._runner.run(run())

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


def leave(cluster: str) -> None:
    """Nothing more is made on a server, and what is idle on it is dropped."""
    for names in _idle(cluster).values():
        for name in names:
            _drop(cluster, name)
    _server(cluster).close()
    _server.cache_clear()
    _idle.cache_clear()
    _traces.cache_clear()
    _shape.cache_clear()


@cache
def _server(cluster: str) -> _Server:
    return _Server(cluster)


@cache
def _idle(cluster: str) -> defaultdict[str, list[str]]:
    """Of each template, the clones that nobody uses."""
    return defaultdict(list)


@cache
def _traces(cluster: str) -> dict[str, str]:
    """By which trace a clone that was used before is known, where that is not its template's."""
    return {}
