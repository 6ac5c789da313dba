"""Secrets of volunteers: sealed in their place, sealed anew with new keys, gone with the person."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.controls.town import do
from tests.vault.test_people import fresh, joins, volunteer
from timebank.db.connections import Pool
from timebank.ledger.ledger import Ledger
from timebank.vault import rotation, secrets
from timebank.vault.keyring import Keyring, KeyringError
from timebank.vault.people import People
from timebank.vault.rotation import rotate
from timebank.vault.secrets import Secrets

SECRET = b"twenty bytes, or some"


@pytest.fixture
async def people(pool: Pool, tmp_path: Path) -> People:
    """What seals and opens the test's people, with keys of their own."""
    return await fresh(pool, tmp_path / "keys.json")


async def put(pool: Pool, people: People, bank_id: UUID, number: int, kind: str = "test") -> None:
    """Keep a secret of somebody's."""
    async with pool.acquire() as connection, connection.transaction():
        await Secrets(people.keyring).put(connection, bank_id, volunteer(number), kind, SECRET)


async def test_a_secret_is_sealed_in_its_place(ledger: Ledger, pool: Pool, people: People, bank_id: UUID) -> None:
    """It is nowhere in clear, and opens for whom and for what it was kept, nowhere else."""
    await do(ledger, bank_id, joins(1), joins(2))
    await put(pool, people, bank_id, 1)
    await put(pool, people, bank_id, 2)
    kept = Secrets(people.keyring)
    assert await kept.get(pool, bank_id, volunteer(1), "test") == SECRET
    assert await kept.get(pool, bank_id, volunteer(1), "other") is None
    assert SECRET.hex() not in str(await pool.fetch("select s::text as row from sealed_secret s"))
    first = "(select sealed from sealed_secret where volunteer_id = $1)"
    await pool.execute(f"update sealed_secret set sealed = {first} where volunteer_id = $2", volunteer(1), volunteer(2))
    with pytest.raises(KeyringError, match="was moved there"):
        await kept.get(pool, bank_id, volunteer(2), "test")
    await pool.execute("update sealed_secret set kind = 'other' where volunteer_id = $1", volunteer(1))
    with pytest.raises(KeyringError, match="was moved there"):
        await kept.get(pool, bank_id, volunteer(1), "other")


async def test_a_new_key_seals_secrets_too(ledger: Ledger, pool: Pool, people: People, bank_id: UUID) -> None:
    """After a rotation all secrets open with the new key, the only one that is left in the file."""
    await do(ledger, bank_id, *(joins(n) for n in range(5)))
    for n in range(5):
        await put(pool, people, bank_id, n)
    told: list[tuple[int, int]] = []
    await rotate(people, pool, lambda done, total: told.append((done, total)))
    new = people.keyring.current.key_id
    assert [key.key_id for key in Keyring(people.keyring.path)] == [new]
    assert told[-1] == (10, 10)
    rows = await pool.fetch("select distinct key_id from sealed_secret")
    assert [row["key_id"] for row in rows] == [new]
    for n in range(5):
        assert await Secrets(people.keyring).get(pool, bank_id, volunteer(n), "test") == SECRET


async def test_a_secret_that_cannot_be_opened_stops_no_rotation(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are sealed anew, whose it is is said, and the key of that one stays in the file."""
    monkeypatch.setattr(secrets, "AT_ONCE", 1)
    monkeypatch.setattr(rotation, "LOOK_SECONDS", 0)
    old = people.keyring.current.key_id
    await do(ledger, bank_id, joins(1))
    for kind in ("a", "b", "c"):
        await put(pool, people, bank_id, 1, kind)
    await pool.execute("update sealed_secret set sealed = 'x' where kind = 'a'")
    assert await rotate(people, pool, lambda *_: None) == [volunteer(1)]
    rows = await pool.fetch("select kind from sealed_secret where key_id <> $1", old)
    assert sorted(row["kind"] for row in rows) == ["b", "c"]
    assert {key.key_id for key in Keyring(people.keyring.path)} == {old, people.keyring.current.key_id}


async def test_a_secret_goes_with_the_person(ledger: Ledger, pool: Pool, people: People, bank_id: UUID) -> None:
    """Whoever is erased leaves no secrets."""
    await do(ledger, bank_id, joins(1), joins(2))
    await put(pool, people, bank_id, 1)
    await put(pool, people, bank_id, 2)
    async with pool.acquire() as connection:
        await people.forget(connection, bank_id, [volunteer(1)])
    rows = await pool.fetch("select volunteer_id from sealed_secret")
    assert [row["volunteer_id"] for row in rows] == [volunteer(2)]


async def test_a_retired_key_seals_no_secret(ledger: Ledger, pool: Pool, people: People, bank_id: UUID) -> None:
    """A secret that is sealed while keys are rotated is sealed with a key that stays."""
    await do(ledger, bank_id, joins(1))
    await pool.execute("update sealing_key set retired_at = now()")
    new = people.keyring.add()
    await pool.execute("insert into sealing_key (key_id, check_value) values ($1, $2)", new.key_id, new.check_value)
    await put(pool, people, bank_id, 1)
    assert await pool.fetchval("select key_id from sealed_secret") == new.key_id
