"""A bank's log on the command line: exported, checked by a stranger, taken in by an empty server, and gone on with."""

import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.cli.program import Program
from tests.helpers import stranger
from tests.helpers.databases import database
from tests.proofs.test_signer import tamper


@pytest.fixture
def elsewhere_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of another server's database, where no bank is."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture
def elsewhere(elsewhere_url: str, folder: Path) -> Program:
    """The program of that server; its signing key is its own."""
    return Program(folder, database_url=elsewhere_url, signing_key_file=str(folder / "elsewhere" / "signing.json"))


@pytest.mark.release
async def test_a_bank_moves(program: Program, elsewhere: Program, elsewhere_url: str) -> None:
    """Taken in by a key that was told, a log has the same root, with its people; a later archive is gone on with."""
    folder, names = program.folder, program.folder / "people.csv"
    await program.arun("init", "甲")
    receiver = (await elsewhere.arun("archive", "receiver", "receiver.json")).out.strip()
    key = (await program.arun("signing", "keys")).out.strip()
    for times in (1, 2):
        names.write_text("姓名\n" + "".join(f"张三{chr(0x4E00 + n)}\n" for n in range(times * 5)))
        await program.arun("import", "volunteers", names)
        told = await program.arun("archive", "export", "archive", "--people-for", receiver)
        manifest = json.loads((folder / "archive" / "manifest.json").read_text())
        assert f"{manifest['size']} facts of {manifest['origin']}" in told.out
        assert "holds" in stranger.verify(folder, "--key", key, "--kept", folder / "kept", folder / "archive")
        taken = ("archive", "import", "archive", "--people-with", "receiver.json")
        if times == 1:
            refused = await elsewhere.arun(*taken, expect=1)
            assert "not by a key that is trusted here" in refused.sentence
            assert "There is no bank here" in (await elsewhere.arun("verify")).out
        for _ in range(2):
            said = (await elsewhere.arun(*taken, "--key", key)).out
            here = f"{manifest['size']} facts of {manifest['origin']} are here, under the root {manifest['root']}."
            assert here in said
            assert f"{1 + 5 * times} people are known by name." in said
        sound = (await elsewhere.arun("verify")).out
        assert "log: sound" in sound
        assert "DIFFERS" not in sound
    async with asyncpg.create_pool(elsewhere_url, min_size=1, max_size=1) as pool:
        assert await pool.fetchval("select count(*) from pg_stats where tablename = 'event_tag'")


async def test_a_bank_that_is_gone_is_told(program: Program, elsewhere: Program) -> None:
    """An empty database in the place of one whose log was signed with this key is not taken for nothing to verify."""
    key_file = str(program.folder / "signing" / "signing.json")
    for each in (program, elsewhere):
        each.environment["TIMEBANK_SIGNING_KEY_FILE"] = key_file
    bank_id = (await program.arun("init", "甲", "--json")).json["bank_id"]
    await program.arun("signing", "checkpoint")
    told = (await elsewhere.arun("verify", expect=1)).out
    assert f"{bank_id}: this bank was signed with this key, and is not in this database" in told


async def test_a_log_that_is_not_what_was_signed_is_told_in_a_sentence(program: Program, url: str) -> None:
    """Where facts that were signed are gone nothing is exported or signed, and it is said up to where the log goes."""
    await program.arun("init", "甲")
    await program.arun("signing", "checkpoint")
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        head = await pool.fetchval("select head from bank")
        await tamper(pool, "delete from event where position = $1", head)
        await pool.execute("update bank set head = head - 1")
    for command in (("archive", "export", "archive"), ("signing", "checkpoint")):
        told = await program.arun(*command, expect=1)
        assert told.failure == f"the log ends at position {head - 1}, but {head} facts were signed"
