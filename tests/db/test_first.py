"""From the first version that was used: whoever follows the upgrade guide has a bank that goes on."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tests.cli.program import Program, enter
from tests.data import BANK_FIRST, load
from tests.db.test_migrations import SCHEMA
from tests.db.test_upgrade import must_be_sound
from tests.helpers.dump import pg_dump, schema_of
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.db.connections import Connection, connected
from timebank.db.migrations import apply
from timebank.exchange.backups import restore
from timebank.projections.people import volunteers
from timebank.vault.keyring import keyring_for
from timebank.vault.people import People

pytestmark = pytest.mark.drill

GUIDE = Path(__file__).parents[2] / "docs" / "upgrading.md"
EVENTS, PEOPLE = 539, 45
"""How much there was."""

SOMEBODY = "select number from volunteer join person using (bank_id, volunteer_id) where name = '上官婉儿'"
PROGRAM = "select actor from token where role = 'organisation'"
"""Who is to be administrator, and whose program had a token."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the program is run."""
    with watched_folder() as folder:
        yield folder


def steps(heading: str) -> list[str]:
    """The commands of a section of the guide, block by block."""
    section = GUIDE.read_text(encoding="utf8").partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def follow(script: str, program: Program, **given: str) -> str:
    """Type what the guide says; what was said to that."""
    shell = f'timebank() {{ "{sys.executable}" -m timebank "$@"; }}\n{script}'
    done = subprocess.run(
        ["bash", "-eu", "-c", shell], env=program.environment | given, cwd=program.folder, capture_output=True,
        text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


async def given_by_the_first_version(url: str) -> dict[str, str]:
    """Make a database as the first version left it; who is named in the guide."""
    connection = await connected(url)
    assert await apply(connection, only=["0001", "0002"]) == ["0001", "0002"]
    await load(connection, BANK_FIRST)
    found = {"NUMBER": await connection.fetchval(SOMEBODY), "ORGANISATION": await connection.fetchval(PROGRAM)}
    await connection.close()
    return found


@pytest.mark.release
async def test_the_guide_leads_here(emptied: list[str], folder: Path) -> None:
    """Its database becomes one of this version: sound, sealed, signed in to; and the backup of before is, too."""
    url, another = emptied
    program = Program(folder, database_url=url, key_file=str(folder / "keys.json"), public_url="http://bank.example")
    given = await given_by_the_first_version(url)
    first, last = steps("From the first version")
    told = follow(first, program, **given)
    follow(last, program)
    assert "log: sound" in told
    assert "DIFFERS" not in told
    with program.serving("serve", "--port", "0") as served, served.client() as http:
        code = re.search(r"#([\w-]+)", told)
        assert code is not None
        headers = enter(served.url, {"code": code[1]})
        found = http.get("/v1/volunteers", params={"query": "上官婉儿"}, headers=headers).json()["items"]
        assert [each["number"] for each in found] == [given["NUMBER"]]
        served.stop()
    bank_id = await must_be_as_of_now(url, folder, EVENTS + 2)

    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()

    async def with_new_keys(connection: Connection) -> None:
        await keyring_for(connection, elsewhere / "keys.json")

    with (folder / "before.backup").open("rb") as stream:
        await restore(another, stream, with_new_keys)
    Program(elsewhere, database_url=another, key_file=str(elsewhere / "keys.json")).run("verify")
    assert await must_be_as_of_now(another, elsewhere, EVENTS) == bank_id


async def must_be_as_of_now(url: str, folder: Path, head: int) -> UUID:
    """Everybody is there, sealed, in the schema of now, and all is as the log says; says which bank it is."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            people = People(await keyring_for(connection, folder / "keys.json"))
        bank = await pool.fetchrow("select bank_id, head from bank")
        assert bank["head"] == head
        everybody = await volunteers.page(pool, people, bank["bank_id"], None, "", 1_000)
        assert len([view for view in everybody if view.name]) == PEOPLE
        await must_be_sound(pool, bank["bank_id"])
        if pg_dump():
            assert schema_of(url) == SCHEMA.read_text(encoding="utf8")
        found: UUID = bank["bank_id"]
        return found
