"""What else is sealed for a volunteer, by what it is for. It goes with the person, and follows the keys."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.vault.keyring import Key, Keyring, KeyringError, usable_key

SQL = load_statements("timebank.vault", "secrets.sql")

AT_ONCE = 1_000

Place = tuple[UUID, str, str]
"""Where a secret is kept: bank, volunteer, and what it is for."""


class Secrets:
    """Seals and opens secrets; each can be opened only in its own place: for this volunteer, and for what it is for."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def put(self, connection: Connection, bank_id: UUID, volunteer_id: str, kind: str, secret: bytes) -> None:
        """Keep a secret in the place of the one there was, in the transaction that is open on the connection."""
        key = await usable_key(connection, self._keyring)
        sealed = key.seal(secret, _place(bank_id, volunteer_id, kind))
        await connection.execute(SQL["put"], bank_id, volunteer_id, kind, key.key_id, sealed)

    async def get(self, connection: "Connection | Pool", bank_id: UUID, volunteer_id: str, kind: str) -> bytes | None:
        """A secret; None where there is none."""
        row = await connection.fetchrow(SQL["get"], bank_id, volunteer_id, kind)
        return _opened(self._keyring, row, _place(bank_id, volunteer_id, kind)) if row else None

    async def drop(self, connection: Connection, bank_id: UUID, volunteer_id: str, kinds: Sequence[str]) -> bool:
        """Forget secrets; says whether there were any."""
        return bool(await connection.fetchval(SQL["drop"], bank_id, volunteer_id, kinds))


async def reseal(connection: Connection, keyring: Keyring, key: Key, damaged: set[Place]) -> int:
    """Seal some of what is sealed with other keys with this one; says how many there were.

    What cannot be opened stays as it was, and is added to the damaged.
    """
    skipped = [[place[n] for place in damaged] for n in range(3)]
    rows = await connection.fetch(SQL["others"], key.key_id, AT_ONCE, *skipped)
    for row in rows:
        whose = row["bank_id"], row["volunteer_id"], row["kind"]
        try:
            secret = _opened(keyring, row, _place(*whose))
        except KeyringError:
            damaged.add(whose)
        else:
            await connection.execute(SQL["put"], *whose, key.key_id, key.seal(secret, _place(*whose)))
    return len(rows)


def _opened(keyring: Keyring, row: Any, place: str) -> bytes:
    return keyring.get(row["key_id"]).open(row["sealed"], place)


def _place(bank_id: UUID, volunteer_id: str, kind: str) -> str:
    return f"{bank_id}/{volunteer_id}/secret/{kind}"
