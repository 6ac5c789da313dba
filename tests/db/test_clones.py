"""Databases that tests take one after the other: each is as its template, whatever was done in it before."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.helpers.databases import administer, database
from tests.helpers.effort import more

ALTERED = {
    "a table": "create table extra (x int)",
    "a column": "alter table bank add extra text",
    "an index": "create index on bank (name)",
    "a view": "drop view audit_tile",
    "a function": "create function extra() returns int language sql return 1",
    "a trigger": "alter table event disable trigger user",
    "a right": "grant delete on event to public",
    "a constraint": "alter table bank add check (name <> 'x')",
    "a schema": "create schema extra",
    "a migration": "insert into schema_migrations values ('99999999')",
}
AS_BEFORE = {
    "nothing": "select 1",
    "rows": "insert into sealing_key (key_id, check_value) values ('x', 'x')",
    "a trigger, and back": "alter table event disable trigger user; alter table event enable trigger user",
    "a passing table": "create temporary table extra (x int)",
}


def asked(url: str, question: str) -> Any:
    """The value that a statement gives."""

    async def ask() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(ask())


@pytest.mark.parametrize(
    "name", ["a column", "a right", *more(*[each for each in ALTERED if each not in ("a column", "a right")])]
)
def test_what_was_altered_is_taken_by_nobody(cluster: str, template: str, name: str) -> None:
    """A database that has another shape than its template is dropped."""
    with database(cluster, template) as url:
        administer(url, ALTERED[name])
    with database(cluster, template) as another:
        assert another != url


@pytest.mark.parametrize("statement", AS_BEFORE.values(), ids=AS_BEFORE)
def test_what_can_be_as_before_is_taken_again(cluster: str, template: str, statement: str) -> None:
    """A database that has the shape of its template is emptied, and taken again: however often."""
    with database(cluster, template) as url:
        administer(url, statement)
    for _ in range(2):
        with database(cluster, template) as again:
            assert again == url
            assert asked(again, "select count(*) from sealing_key") == 0
