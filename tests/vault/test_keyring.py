"""The key file: made once, whole and for its owner only; what it seals opens at its own place only."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.db.connections import Pool
from timebank.domain.identifiers import VolunteerId
from timebank.domain.person import Person
from timebank.vault import keyring as keyrings
from timebank.vault.keyring import NONCE_BYTES, Key, Keyring, KeyringError, keyring_for
from timebank.vault.people import People

KEY = Key("k1", bytes(range(32)))
OTHER_KEY = Key("k2", bytes(range(1, 33)))
PLACE = "bank/vol_1/person"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a key file is to be."""
    return tmp_path / "deep" / "keys.json"


async def ring_of(pool: Pool, file: Path) -> Keyring:
    """The keyring of a database, as a service gets it at its start."""
    async with pool.acquire() as connection:
        return await keyring_for(connection, file)


def written(file: Path) -> Any:
    """What is in a key file."""
    return json.loads(file.read_bytes())


# The file


def test_a_new_key_file_is_for_its_owner_only(file: Path) -> None:
    """The file is made with its folder, whole, with mode 0600 whatever the umask, and nothing is left beside it."""
    before = os.umask(0)
    try:
        made = Keyring.create(file)
        made.add()
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["keys.json"]
    assert written(file).keys() == {"current", "keys", "lasting"}
    assert [key.key_id for key in Keyring(file)] == [key.key_id for key in made]
    assert Keyring(file).current.check_value == made.current.check_value


def test_a_file_that_cannot_be_written_stays_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails half way, the file is the old one, and no draft of the new one, with keys in it, is left."""
    keyring = Keyring.create(file)
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            keyring.add()
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == ["keys.json"]


def test_the_current_key_comes_first_and_a_dropped_one_is_gone(file: Path) -> None:
    """A key that is added seals from then on, the old ones open; one that is dropped is in the file no more."""
    keyring = Keyring.create(file)
    old = keyring.current
    sealed = old.seal(b"x", PLACE)
    new = keyring.add()
    assert [key.key_id for key in keyring] == [new.key_id, old.key_id]
    assert keyring.get(old.key_id).open(sealed, PLACE) == b"x"
    secret = written(file)["keys"][old.key_id]
    keyring.drop(old.key_id)
    assert secret not in file.read_text()
    with pytest.raises(KeyringError, match=f"{old.key_id} is not in {file}"):
        keyring.get(old.key_id)


def test_a_key_that_another_process_added_is_found(file: Path) -> None:
    """Whoever asks for a key that is new in the file gets it."""
    ours, theirs = Keyring.create(file), Keyring(file)
    assert ours.get(theirs.add().key_id).check_value == theirs.current.check_value
    assert ours.current.key_id == theirs.current.key_id


def test_strangers_cannot_make_us_read_the_file_all_the_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For names of keys that nobody has, the file is not read; a new key is found a second later."""
    keyring, clock, reads = Keyring.create(file), [1_000.0], 0
    reload = keyring.reload

    def counted() -> None:
        nonlocal reads
        reads += 1
        reload()

    monkeypatch.setattr(keyring, "reload", counted)
    monkeypatch.setattr("timebank.vault.keyring.time.monotonic", lambda: clock[0])
    assert [keyring.find(f"k{n}") for n in range(50)] == [None] * 50
    assert reads == 0, "it has not changed"
    new = Keyring(file).add()
    assert keyring.find(new.key_id) is None
    clock[0] += 1.01
    assert keyring.find(new.key_id) is not None
    assert keyring.find(new.key_id) is not None
    assert reads == 1


def test_a_key_file_is_never_made_in_anothers_place(file: Path) -> None:
    """Of two that make the file at once, for two new databases, the second does not take the key of the first away."""
    first = Keyring.create(file)
    with contextlib.suppress(KeyringError, OSError):
        Keyring.create(file)
    assert Keyring(file).get(first.current.key_id).check_value == first.current.check_value


# Sealing


@given(data=st.binary(max_size=200), place=st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_sealed_opens_again(data: bytes, place: str) -> None:
    """What was sealed for a place opens there, and does not show."""
    sealed = KEY.seal(data, place)
    assert KEY.open(sealed, place) == data
    assert len(data) < 8 or data not in sealed


@given(data=st.binary(max_size=40), flip=st.data())
def test_every_flipped_bit_is_noticed(data: bytes, flip: st.DataObject) -> None:
    """No bit of what is sealed can be changed, and no end of it cut off, without its being noticed."""
    sealed = bytearray(KEY.seal(data, PLACE))
    bit = flip.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyringError, match=PLACE):
        KEY.open(bytes(sealed), PLACE)


def test_every_bit_of_one_value_is_noticed() -> None:
    """All bits of one sealed value, one after the other: nonce, text and tag; and every length but the whole."""
    sealed = KEY.seal("张三".encode(), PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(KeyringError):
            KEY.open(bytes(changed), PLACE)
    for length in range(NONCE_BYTES, len(sealed)):
        with pytest.raises(KeyringError):
            KEY.open(sealed[:length], PLACE)


@pytest.mark.parametrize("place", ["bank2/vol_1/person", "bank/vol_2/person", "bank/vol_1/document", "", PLACE + "/"])
def test_what_is_sealed_opens_at_its_place_only(place: str) -> None:
    """In another bank, at another volunteer, or as another thing about the same one, it does not open."""
    with pytest.raises(KeyringError, match="was changed, or was moved"):
        KEY.open(KEY.seal(b"x", PLACE), place)


def test_another_key_does_not_open_it() -> None:
    """Neither another key opens it, nor one of the same name with another secret."""
    for other in (OTHER_KEY, Key("k1", bytes(32))):
        with pytest.raises(KeyringError):
            other.open(KEY.seal(b"x", PLACE), PLACE)


def test_nonces_differ() -> None:
    """The same thing sealed a thousand times is a thousand different things."""
    sealed = [KEY.seal(b"x", PLACE) for _ in range(1_000)]
    assert len({each[:NONCE_BYTES] for each in sealed}) == len({each[NONCE_BYTES:] for each in sealed}) == 1_000


# Keyed hashes


@given(value=st.text(st.characters(codec="utf-8"), max_size=30))
def test_keyed_hashes_tell_kinds_and_keys_apart(value: str) -> None:
    """A value has another hash for each kind and under each key, always the same, of 22 characters without padding."""
    hashes = [key.index(kind, value) for key in (KEY, OTHER_KEY) for kind in ("name", "beginning", "phone")]
    assert len(set(hashes)) == 6
    assert hashes[0] == KEY.index("name", value.encode()) == Key("any", bytes(range(32))).index("name", value)
    assert {len(each) for each in hashes} == {22}


def test_kinds_do_not_run_into_values() -> None:
    """The end of a kind is not mistaken for the beginning of a value, nor one derived key for another."""
    assert KEY.index("a", "bc") != KEY.index("ab", "c")
    assert len({KEY.signing, OTHER_KEY.signing, KEY.check_value.encode(), OTHER_KEY.check_value.encode()}) == 4
    assert KEY.check_value not in KEY.signing.hex()


def test_all_keys_hash_what_is_looked_for(file: Path) -> None:
    """What is looked for is hashed under every key, since any of them may have sealed it."""
    keyring = Keyring.create(file)
    keyring.add()
    assert keyring.indexes("phone", "110") == [key.index("phone", "110") for key in keyring]
    assert len(keyring.indexes("phone", "110")) == 2


# At the start


async def test_a_new_database_gets_a_key(pool: Pool, file: Path) -> None:
    """The file is made at the first start, and is the one at the next."""
    first, second = await ring_of(pool, file), await ring_of(pool, file)
    assert first.current.check_value == second.current.check_value
    assert await pool.fetchval("select array_agg(key_id) from sealing_key") == [first.current.key_id]


async def test_a_new_database_takes_the_file_there_is(pool: Pool, file: Path) -> None:
    """A file that is there is used for a new database, and left as it is."""
    made = Keyring.create(file)
    before = file.read_bytes()
    assert (await ring_of(pool, file)).current.key_id == made.current.key_id
    assert file.read_bytes() == before


AT_ONCE = """
import asyncio, sys
from pathlib import Path
import asyncpg
from timebank.vault.keyring import keyring_for

async def start():
    connection = await asyncpg.connect(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    print((await keyring_for(connection, Path(sys.argv[2]))).current.check_value)
    await connection.close()

asyncio.run(start())
"""


async def test_processes_that_start_at_once_agree(url: str, file: Path) -> None:
    """Three processes that start at once on a new database make one key, and all have it."""
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", AT_ONCE, url, str(file), stdin=pipe, stdout=pipe)
        for _ in range(3)
    ]
    for each in started:
        assert each.stdout
        assert await each.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(each.communicate(b"\n") for each in started))
    assert {out.decode().strip() for out, _ in told} == {Keyring(file).current.check_value}
    assert [each.name for each in file.parent.iterdir()] == ["keys.json"]


def _without_current(text: str) -> str:
    return json.dumps(json.loads(text) | {"current": "k0"})


def _short_key(text: str) -> str:
    found = json.loads(text)
    return json.dumps(found | {"keys": {name: key[:20] for name, key in found["keys"].items()}})


def _another_secret(text: str) -> str:
    found = json.loads(text)
    return json.dumps(found | {"keys": dict.fromkeys(found["keys"], "A" * 43 + "=")})


BROKEN: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "truncated": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: text.replace("{", "[", 1),
    "without its current key": _without_current,
    "a key too short": _short_key,
    "no base64": lambda text: text.replace('": "', '": "!', 2),
    "no keys": lambda _: '{"current": "k1", "keys": {}}',
    "the same name, another secret": _another_secret,
    "binary": lambda _: "\0\x7f\x10",
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_wrong_key_file_stops_the_start(pool: Pool, file: Path, broken: str) -> None:
    """A key file that is not the whole of what sealed the database is an error that names it, and stays as it is."""
    await ring_of(pool, file)
    file.write_text(BROKEN[broken](file.read_text()))
    before = file.read_bytes()
    with pytest.raises(KeyringError, match=str(file)):
        await ring_of(pool, file)
    assert file.read_bytes() == before
    assert await pool.fetchval("select count(*) from sealing_key") == 1


async def test_a_missing_key_file_is_not_made_anew(pool: Pool, file: Path) -> None:
    """Where something is sealed already, a missing file is an error that says which, and what to do; none is made."""
    await ring_of(pool, file)
    file.unlink()
    with pytest.raises(KeyringError, match=rf"no key file {file}.*put it back"):
        await ring_of(pool, file)
    assert not file.exists()


async def test_another_databases_key_file_is_refused(pool: Pool, file: Path, tmp_path: Path) -> None:
    """The key file of another database is an error that names it; neither file nor database is changed."""
    await ring_of(pool, file)
    foreign = Keyring.create(tmp_path / "foreign.json")
    before = foreign.path.read_bytes()
    with pytest.raises(KeyringError, match=str(foreign.path)):
        await ring_of(pool, foreign.path)
    assert foreign.path.read_bytes() == before
    assert await pool.fetchval("select count(*) from sealing_key") == 1


async def test_a_broken_file_is_not_replaced_for_a_new_database(pool: Pool, file: Path) -> None:
    """Even where nothing is sealed yet, a file that cannot be read is not made anew: it may be somebody's."""
    file.parent.mkdir()
    file.write_text("{")
    with pytest.raises(KeyringError, match=str(file)):
        await ring_of(pool, file)
    assert file.read_text() == "{"
    assert await pool.fetchval("select count(*) from sealing_key") == 0


async def test_an_older_copy_of_the_key_file_is_refused(pool: Pool, file: Path) -> None:
    """A backup of the file from before the last key is refused, since it cannot open what was sealed since."""
    keyring = await ring_of(pool, file)
    before = file.read_bytes()
    new = keyring.add()
    await ring_of(pool, file)
    file.write_bytes(before)
    with pytest.raises(KeyringError, match=f"{new.key_id} is not in {file}"):
        await ring_of(pool, file)


async def test_an_interrupted_rotation_is_mended_at_the_next_start(pool: Pool, file: Path) -> None:
    """A new key that came into the file, but not into the database, is in both after the next start, beside the old."""
    keyring = await ring_of(pool, file)
    old, new = keyring.current, keyring.add()
    started = await ring_of(pool, file)
    assert [key.key_id for key in started] == [new.key_id, old.key_id]
    rows = await pool.fetch("select key_id, check_value, retired_at from sealing_key order by since")
    assert [tuple(row) for row in rows] == [(key.key_id, key.check_value, None) for key in (old, new)]


async def test_a_rotation_that_was_interrupted_stops_nobody(pool: Pool, file: Path) -> None:
    """While a new key is in the file, and not in the database, a running service that has read it writes on."""
    keyring = await ring_of(pool, file)
    Keyring(file).add()
    assert keyring.find("k0") is None
    person = Person(volunteer_id=VolunteerId("vol_1"), name="王芳")
    async with pool.acquire() as connection, connection.transaction():
        await People(keyring).keep(connection, UUID(int=1), [person])


async def test_a_retired_key_that_seals_nothing_may_be_gone(pool: Pool, file: Path) -> None:
    """The start asks for those keys only that something may be sealed with."""
    keyring = await ring_of(pool, file)
    old, new = keyring.current, keyring.add()
    await ring_of(pool, file)
    await pool.execute(keyrings.SQL["retire"], new.key_id)
    keyring.drop(old.key_id)
    assert [key.key_id for key in await ring_of(pool, file)] == [new.key_id]


async def test_the_database_keeps_nothing_of_the_keys(pool: Pool, file: Path) -> None:
    """Of a key the database knows the name and a check value, from which nothing can be opened."""
    keyring = await ring_of(pool, file)
    row: asyncpg.Record = await pool.fetchrow("select * from sealing_key")
    assert set(row.keys()) == {"key_id", "check_value", "since", "retired_at"}
    assert written(file)["keys"][keyring.current.key_id] not in str(row)
    assert len(row["check_value"]) == 16
