"""Starting: what cannot be is one sentence, and what can wait keeps nobody from serving."""

import asyncio
import time
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.cli.program import Program, Served, enter
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.projections.organisations import memberships
from timebank.projections.recognition import leaderboards


def change(url: str, *statements: str) -> list[asyncpg.Record]:
    """Run statements on a connection of their own; what the last one gives."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return list(await connection.fetch(statements[-1]))
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.mark.parametrize("command", ["serve", "verify", "migrate"])
def test_a_server_that_is_not_there_is_one_sentence(program: Program, command: str) -> None:
    """Where nobody listens the program says so, names setting and host, keeps the password to itself, and ends."""
    program.environment["TIMEBANK_DATABASE_URL"] = "postgresql://me:secret@127.0.0.1:1/bank"
    told = program.run(command, expect=1)
    assert told.failure.startswith("TIMEBANK_DATABASE_URL: 127.0.0.1:1: cannot connect: ")
    assert "secret" not in told.err


def test_a_standby_is_one_sentence(program: Program, url: str) -> None:
    """A server on which nothing can be written is refused in one sentence."""
    name = urlsplit(url).path[1:]
    change(url, f"alter database {name} set default_transaction_read_only = on", "select 1")
    told = program.run("serve", "--port", "0", expect=1)
    assert told.failure.startswith("TIMEBANK_DATABASE_URL: ")
    assert "is read-only" in told.failure


def test_grants_are_printed(program: Program) -> None:
    """The rights that a role needs are printed as SQL, and no right to change or delete a fact is among them."""
    told = program.run("grants", 'the "service"').out.splitlines()
    assert told[0] == 'grant usage on schema public to "the ""service""";'
    assert 'grant select, insert on event to "the ""service""";' in told
    assert all(line.endswith(";") for line in told)


def wait_for_ready(served: Served, seconds: float = PATIENCE_SECONDS) -> dict[str, object]:
    """What readiness says once all is well."""
    until = time.monotonic() + seconds
    while (answer := httpx.get(f"{served.url}/health/ready")).status_code != 200 or answer.json().get("notes"):
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)
    body: dict[str, object] = answer.json()
    return body


@pytest.mark.release
def test_a_fact_that_cannot_be_taken_in_keeps_nobody_from_serving(program: Program, url: str) -> None:
    """With a read model that is stuck the service starts, serves everything else, and readiness names it."""
    program.environment["TIMEBANK_PUBLIC_URL"] = "http://bank.example"
    bank = program.run("init", "甲", "--json").json
    with program.serving("serve", "--port", "0") as served:
        headers = enter(served.url, bank)
        served.stop()
    change(url, "delete from leaderboard", "delete from checkpoint", "delete from volunteer", "select 1")
    change(url, "alter table volunteer add constraint poison check (number is null)", "select 1")
    with program.serving("serve", "--port", "0") as served:
        answer = httpx.get(f"{served.url}/health/ready")
        assert answer.status_code == 503
        (told,) = answer.json()["errors"]
        assert told["field"] == "projection volunteers"
        assert "volunteer-registered at position 2 of bank" in told["reason"]
        headers = headers | {"Idempotency-Key": "x"}
        made = httpx.post(f"{served.url}/v1/volunteers", headers=headers, json={"name": "甲"})
        assert made.status_code == 201
        assert httpx.get(f"{served.url}/v1/organisations", headers=headers).status_code == 200
        change(url, "alter table volunteer drop constraint poison", "select 1")
        wait_for_ready(served)
        seen = httpx.get(f"{served.url}/v1/volunteers", headers=headers).json()["items"]
        assert [each["name"] for each in seen] == ["管理员", "甲"]
        assert served.stop() == 0


@pytest.mark.release
def test_what_another_version_made_is_rebuilt(program: Program, url: str) -> None:
    """Read models of another version are made anew by whoever serves, and readiness says so until they are."""
    program.environment["TIMEBANK_PUBLIC_URL"] = "http://bank.example"
    bank = program.run("init", "甲", "--json").json
    with program.serving("serve", "--port", "0") as served:
        headers = enter(served.url, bank)
        httpx.post(f"{served.url}/v1/organisations", headers=headers, json={"name": "甲", "kind": "enterprise"})
        assert served.stop() == 0
    stale = "update checkpoint set version = 77 where projection in ('leaderboards', 'memberships', 'organisations')"
    change(url, stale, "delete from organisation")
    with program.serving("serve", "--port", "0") as served:
        assert wait_for_ready(served) == {"status": "ok"}
        rows = change(url, "select distinct projection, version from checkpoint where projection <> 'organisations'")
        versions = {row["projection"]: row["version"] for row in rows}
        assert versions["leaderboards"] == leaderboards.PROJECTION.version
        assert versions["memberships"] == memberships.PROJECTION.version
        assert len(httpx.get(f"{served.url}/v1/organisations", headers=headers).json()["items"]) == 1
        assert served.stop() == 0
