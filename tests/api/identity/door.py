"""What happens at the door: signing in, choosing passwords, refreshing, each from an address of one's own."""

import asyncio
import time
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import httpx

from tests.api.world import Caller, World, said
from timebank.runtime.clock import utc_now

PASSWORD = "zhong hua lu 17"
OTHER = "bai hua yuan 42"
WRONG = "wrong wrong wrong"

ADDRESSES = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in count(1))
PHONES = (f"138{n:08}" for n in count(12_340_000))


class Somebody(NamedTuple):
    """A volunteer with a password, signed in."""

    id: str
    number: str
    caller: Caller
    tokens: dict[str, Any]


async def sign_in(
    world: World, login: str, password: str = PASSWORD, *, address: str | None = None, **named: Any
) -> httpx.Response:
    """The answer to somebody who signs in, from an address where nobody has been before unless one is given."""
    headers = {"X-Forwarded-For": address or next(ADDRESSES)}
    asked = {"login": login, "password": password, **named}
    return await world.http.post("/v1/sessions", json=asked, headers=headers)


async def code_for(world: World, volunteer_id: str) -> str:
    """A one-time code."""
    made = await world.administrator.post(f"/v1/volunteers/{volunteer_id}/codes", expect=201)
    code: str = made["one_time_code"]
    return code


async def use_code(world: World, code: str, password: str = PASSWORD) -> httpx.Response:
    """The answer to somebody who chooses a password with a code."""
    return await world.http.post("/v1/passwords", json={"one_time_code": code, "password": password})


async def settled_in(world: World, *, verified: bool = True, **personal: Any) -> Somebody:
    """Somebody new, who has chosen a password, and whose phone is verified, unless it is not to be."""
    made = await world.administrator.post("/v1/volunteers", {"name": "某某", **personal})
    volunteer_id = made["volunteer_id"]
    await world.administrator.get(f"/v1/volunteers/{volunteer_id}")
    tokens = said(await use_code(world, await code_for(world, volunteer_id)), 201)
    if verified:
        await world.verify_phone(volunteer_id)
    return Somebody(volunteer_id, made["number"], carrying(world, tokens), tokens)


def carrying(world: World, tokens: dict[str, Any]) -> Caller:
    """Whoever has these tokens."""
    return Caller(world.http, tokens["volunteer_id"], tokens["access_token"], tokens["session_id"])


async def once_more(world: World, somebody: Somebody) -> Somebody:
    """The same person, signed in once more."""
    tokens = said(await sign_in(world, somebody.number), 201)
    return somebody._replace(caller=carrying(world, tokens), tokens=tokens)


async def refresh(world: World, refresh_token: str, address: str = "192.0.2.1", device: str = "") -> httpx.Response:
    """The answer to a refresh token."""
    headers = {"X-Forwarded-For": address, "User-Agent": device}
    return await world.http.post("/v1/sessions/refresh", json={"refresh_token": refresh_token}, headers=headers)


async def must_be_out(caller: Caller, within: float = 0) -> None:
    """The caller is let in no more: at once, or soon."""
    until = time.monotonic() + within
    while (await caller.ask("GET", "/v1/me")).status_code != 401:
        assert time.monotonic() < until, "still let in"
        await asyncio.sleep(0.005)


async def log_of(world: World, volunteer_id: str, kind: str) -> list[dict[str, Any]]:
    """What the security log has of some kind by or about somebody, latest first."""
    items = (await world.administrator.get("/v1/audit/security", kind=kind, limit=500))["items"]
    return [each for each in items if volunteer_id in (each["actor"], each["subject"])]


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and type of a problem."""
    return response.status_code, response.json()["type"].removeprefix("/problems/")


class Clock:
    """A clock that the tests set."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)
