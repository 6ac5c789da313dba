"""What is not restored: what is not whole, not a backup, newer than the program, or has no place."""

import contextlib
import errno
import gc
import gzip
import io
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from tests.controls import KEY_FILE, NOON
from tests.controls.town import do, found
from tests.exchange.backups.test_rehearsal import backed_up, usable
from timebank.db.connections import Connection, Pool, connected
from timebank.db.migrations import migrate
from timebank.exchange.backups import BackupError, put_keys, restore
from timebank.exchange.backups.archive import Manifest, Writer
from timebank.exchange.backups.tables import LEFT_OUT, kept_tables
from timebank.ledger.ledger import Ledger
from timebank.runtime.settings import Settings
from timebank.vault.keyring import KeyringError, keyring_for

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture
async def backup(ledger: Ledger, pool: Pool, bank_id: UUID) -> bytes:
    """A backup of a small bank."""
    await do(ledger, bank_id, *found(3))
    return (await backed_up(pool))[1]


async def tables_in(url: str) -> int:
    """How many tables a database has."""
    connection = await connected(url)
    count: int = await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'")
    await connection.close()
    return count


def without(backup: bytes, end: int) -> bytes:
    """The backup without its end, but whole for whoever only unpacks it."""
    return gzip.compress(gzip.decompress(backup)[:end])


async def test_what_is_not_whole(backup: bytes, empty: str) -> None:
    """Cut anywhere, or with a byte changed, a backup is refused, and the database is as empty as before."""
    whole, middle = gzip.decompress(backup), len(backup) // 2
    changed = [backup[:at] + bytes([backup[at] ^ 1]) + backup[at + 1 :] for at in range(99, len(backup) - 9, 4_001)]
    end = whole.rindex(b"end.json")
    last = whole.rindex(b'"event":')
    fewer = whole[: last + 8] + b"9" + whole[last + 9 :]
    for broken in (
        b"", b"no backup", backup[:20], backup[:middle], backup[:-9], *changed, without(backup, end),
        without(backup, end // 2), gzip.compress(b"x" * 2048), gzip.compress(fewer),
    ):  # fmt: skip
        with pytest.raises(BackupError, match=r"^(this is no backup|the backup is not whole)"):
            await restore(empty, io.BytesIO(broken), usable)
        assert await tables_in(empty) == 0
    await restore(empty, io.BytesIO(backup), usable)


async def test_what_a_newer_version_took(backup: bytes, empty: str) -> None:
    """A backup of a later format, or with later migrations, is refused with a sentence that says which."""
    manifest = Manifest(1, "9", NOON.isoformat(), ["0001", "9999"], [], {})
    for newer, said in ((manifest, "9999"), (msgspec.structs.replace(manifest, format=2), "format 2")):
        stream = io.BytesIO()
        Writer(stream, newer).close()
        with pytest.raises(BackupError, match=said):
            await restore(empty, io.BytesIO(stream.getvalue()), usable)
        assert await tables_in(empty) == 0


def test_a_full_disk_is_said_once() -> None:
    """Where there is no room the backup ends with that; nothing tries to write the rest of it afterwards."""

    class Full(io.BytesIO):
        def write(self, some: Any) -> int:
            if self.tell() > 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(some)

    def take() -> None:
        writer = Writer(Full(), Manifest(1, "9", NOON.isoformat(), [], [], {}))
        with contextlib.closing(writer):
            pass

    with pytest.raises(OSError, match="No space left"):
        take()
    gc.collect()  # what is said beside is an error here


async def test_where_something_is_already(backup: bytes, pool: Pool, url: str, emptied: list[str]) -> None:
    """A database with a bank, or with tables of others, is left as it is; one that was only migrated is taken."""
    with pytest.raises(BackupError, match="there are banks"):
        await restore(url, io.BytesIO(backup), usable)
    assert await pool.fetchval("select count(*) from bank") == 1
    connection = await connected(emptied[0])
    await connection.execute("create table somebody (elses text)")
    with pytest.raises(BackupError, match=re.escape("something else in this database (somebody)")):
        await restore(emptied[0], io.BytesIO(backup), usable)
    await connection.close()
    await migrate(emptied[1])
    async with asyncpg.create_pool(emptied[1], min_size=1, max_size=1) as started, started.acquire() as used:
        await keyring_for(used, KEY_FILE)
    await restore(emptied[1], io.BytesIO(backup), usable)


async def test_without_its_keys(backup: bytes, empty: str, folders: list[Path]) -> None:
    """Without the keys that opens what is sealed in it, or with others, nothing is restored."""
    (folders[1] / "keys.json").write_text('{"current": "k1", "keys": {"k1": "' + "A" * 43 + '="}}')

    for keys in (folders[0] / "away.json", folders[1] / "keys.json"):

        async def must_have_keys(connection: Connection, keys: Path = keys) -> None:
            await keyring_for(connection, keys)

        with pytest.raises(KeyringError, match=re.escape(str(keys))):
            await restore(empty, io.BytesIO(backup), must_have_keys)
        assert await tables_in(empty) == 0


def test_keys_are_put_without_losing_others(folders: list[Path]) -> None:
    """Where other keys are already, they are kept under another name; the same ones are left alone."""
    file = folders[1] / "keys.json"
    settings = Settings(key_file=str(file))
    keys = b'{"keys": {"current": "k1", "keys": {"k1": "x"}}, "signing": {"current": "y"}}'
    assert put_keys(settings, keys, NOON) == []
    assert put_keys(settings, keys, NOON) == []
    before = file.read_text()
    (moved,) = put_keys(settings, keys.replace(b'"x"', b'"z"'), NOON)
    assert (moved.read_text(), '"z"' in file.read_text()) == (before, True)
    (also,) = put_keys(settings, keys, NOON)
    assert moved.read_text() == before
    assert '"z"' in also.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupError, match="no keys"):
        put_keys(settings, b"{}", NOON)


def test_keys_behind_a_link_are_put_there(folders: list[Path]) -> None:
    """The link stays one: what it leads to is kept, and backed up, by whoever set it."""
    file, link = folders[1] / "kept.json", folders[0] / "link.json"
    link.symlink_to(file)
    settings = Settings(key_file=str(link))
    keys = b'{"keys": {"current": "k1", "keys": {"k1": "x"}}}'
    put_keys(settings, keys, NOON)
    (moved,) = put_keys(settings, keys.replace(b'"x"', b'"z"'), NOON)
    assert (link.is_symlink(), moved.parent, moved.is_symlink()) == (True, file.parent, False)
    assert ('"z"' in file.read_text(), '"x"' in moved.read_text()) == (True, True)


async def test_the_docs_name_what_is_kept(pool: Pool) -> None:
    """The page on running it names exactly the tables that are in a backup, and those that are left out of it."""
    text = DOCS.read_text(encoding="utf8")
    kept, left_out = (
        set(re.findall(r"`(\w+)`", line))
        for line in re.findall(r"^\| tables (?:kept|left out) \| (.*) \|", text, re.MULTILINE)
    )
    async with pool.acquire() as connection:
        assert kept == {table.name for table in await kept_tables(connection)}
    assert left_out == LEFT_OUT
