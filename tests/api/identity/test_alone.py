"""What requests of one person wait for, one after the other, they wait for without a connection to the database.

What very many people's wait for, such as a standby that is away, they wait for in few.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

import pytest

from tests.api.world import Caller, World
from timebank.domain.identifiers import new_volunteer_number
from timebank.identity.limits import alone
from timebank.identity.limits.alone import account
from timebank.identity.limits.throttle import TooManyRequestsError
from timebank.identity.principals import SQL as PRINCIPALS
from timebank.identity.sessions import SQL as SESSIONS

MANY = 30
SECONDS = 30.0

HOLD_PERSON = "select from person where volunteer_id = $1 for update"
HOLD_READ = "lock table notice_read in share row exclusive mode"
HOLD_ATTEMPTS = "lock table sign_in_attempt in share row exclusive mode"

Asked = Callable[[World, Caller], Awaitable[Any]]


async def _begins_factor(_: World, somebody: Caller) -> Any:
    return await somebody.ask("POST", "/v1/me/second-factor")


async def _reads(_: World, somebody: Caller) -> Any:
    return await somebody.ask("POST", "/v1/volunteers/me/notices/read", json={"up_to": "1-1"})


async def _proves(_: World, somebody: Caller) -> Any:
    return await somebody.ask("POST", "/v1/sessions/current/prove", json={"password": "wrong, and long"})


async def _guesses(world: World, somebody: Caller) -> Any:
    said = {"login": "123456789012", "password": "wrong, and long", "bank_id": str(world.bank_id)}
    return await world.http.post("/v1/sessions", json=said)


async def _guess_one_after_the_other(world: World, _: Caller) -> Any:
    said = {"login": new_volunteer_number(), "password": "wrong, and long", "bank_id": str(world.bank_id)}
    return await world.http.post("/v1/sessions", json=said)


@pytest.mark.parametrize(
    ("ask", "hold"),
    [
        (_begins_factor, HOLD_PERSON),
        (_reads, HOLD_READ),
        (_proves, HOLD_ATTEMPTS),
        (_guesses, HOLD_ATTEMPTS),
        (_guess_one_after_the_other, HOLD_ATTEMPTS),
    ],
)
async def test_what_waits_for_one_row_leaves_room_for_others(own_world: World, ask: Asked, hold: str) -> None:
    """Of very many that wait for each other, or for the same, few keep a connection: others are answered meanwhile."""
    somebody, other = await own_world.somebody(), await own_world.somebody()
    await other.get("/v1/sessions")
    async with asyncio.timeout(SECONDS):
        async with own_world.services.pool.acquire() as apart, apart.transaction():
            await apart.execute(hold, *([somebody.id] if "$1" in hold else []))
            asking = [asyncio.create_task(ask(own_world, somebody)) for _ in range(MANY)]
            await asyncio.wait(asking, timeout=0.5)
            await asyncio.wait_for(other.get("/v1/sessions"), 3)
            assert not all(each.done() for each in asking)
        await asyncio.gather(*asking)


async def test_reading_waits_for_no_standby(world: World) -> None:
    """That a session, or a key, is being used is noted without waiting for a standby, which may be away."""
    at, somebody = world.services.ledger.clock(), world.volunteer
    noted = await world.services.pool.fetchrow("select bank_id, key_id from api_key limit 1")
    used = {SESSIONS["used"]: (somebody.session_id, at, "", None), PRINCIPALS["key_used"]: (*noted, at)}
    for note, said in used.items():
        async with world.services.pool.acquire() as connection, connection.transaction():
            await connection.execute(note, *said)
            assert await connection.fetchval("show synchronous_commit") == "local"


async def test_no_more_wait_than_make_sense(own_world: World) -> None:
    """Whoever has very many waiting is refused, and nothing is left of them afterwards."""
    pool = own_world.services.pool
    with patch.object(alone, "WAITING", 1), patch.dict(alone._BUSY, clear=True):  # its whole state
        async with account(pool, "x"):
            waiting = asyncio.create_task(anext(_once(pool)))
            await asyncio.sleep(0)
            with pytest.raises(TooManyRequestsError):
                await anext(_once(pool))
        assert await waiting
        assert alone._BUSY[pool].people == 0


async def _once(pool: Any) -> Any:
    async with account(pool, "x") as connection:
        found = await connection.fetchval("select true")
    yield found
