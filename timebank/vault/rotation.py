"""Another key for all that is sealed, while the service goes on."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from timebank.db.connections import Connection, Pool, session
from timebank.vault import secrets
from timebank.vault.keyring import LOOK_SECONDS, SQL, Key, KeyringError
from timebank.vault.people import SQL as PEOPLE_SQL
from timebank.vault.people import People


async def rotate(people: People, pool: Pool, progress: Callable[[int, int], None]) -> list[str]:
    """Make a new key, seal everything with it, and forget the old ones. Interrupted, it is simply run again.

    What cannot be opened stays sealed with its key, and that key in the file; says whose it is.
    Old backups stay readable with the old keys only: once those are gone everywhere, so is who was erased since.
    """
    async with session(pool) as connection:
        await connection.execute(SQL["one_rotation"])
        key = await _new_key(people, connection)
        damaged = await _reseal(people, connection, key, progress)
        for row in await connection.fetch(SQL["unused"]):
            if row["key_id"] in people.keyring.keys:
                people.keyring.drop(row["key_id"])
        return damaged


async def _new_key(people: People, connection: Connection) -> Key:
    """A key that everybody seals with from now on."""
    async with connection.transaction():
        await connection.execute(SQL["only_one"])
        key = people.keyring.add()
        await connection.execute(SQL["add"], key.key_id, key.check_value)
    # Processes look at the file once a second: from then on all of them find what is sealed with either key.
    await asyncio.sleep(LOOK_SECONDS * 1.1)
    await connection.execute(SQL["retire"], key.key_id)
    return key


async def _reseal(people: People, connection: Connection, key: Key, progress: Callable[[int, int], None]) -> list[str]:
    """Seal all that other keys sealed with this one; says of whom something cannot be opened."""
    persons: set[tuple[UUID, str]] = set()
    places: set[secrets.Place] = set()
    total, done = await connection.fetchval(PEOPLE_SQL["count_others"], key.key_id), 0
    while sealed := await _some(people, connection, key, persons, places):
        done += sealed
        progress(done, total)
    return sorted({volunteer_id for _, volunteer_id in persons} | {volunteer_id for _, volunteer_id, _ in places})


async def _some(
    people: People, connection: Connection, key: Key, persons: set[tuple[UUID, str]], places: set[secrets.Place]
) -> int:
    async with connection.transaction():
        if not await connection.fetchval(SQL["use"], key.key_id):
            msg = f"the key {key.key_id} was retired meanwhile; rotate again"
            raise KeyringError(msg)
        people_sealed = await people.reseal(connection, key, persons)
        return people_sealed or await secrets.reseal(connection, people.keyring, key, places)
