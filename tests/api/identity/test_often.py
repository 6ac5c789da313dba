"""Whoever comes in over and over: each time stays in the security log for years, so there is a limit for one person."""

import asyncio
import time

import pytest

from tests.api.identity.door import (
    OTHER,
    PASSWORD,
    WRONG,
    Clock,
    log_of,
    must_be_out,
    problem,
    refresh,
    settled_in,
    sign_in,
)
from tests.api.world import World, said
from tests.helpers.authenticator import shown
from timebank.identity import passwords, sessions
from timebank.identity.limits.throttle import Rate
from timebank.identity.security_log import Visit

HOME = "192.0.2.77"
PROVE = "/v1/sessions/current/prove"
LATER = (429, "too-many-attempts")


async def test_somebody_comes_in_so_often_a_minute(door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """By signing in, proving who they are or changing the password; nobody else uses that up, and it goes on later."""
    monkeypatch.setattr(door.services.sign_in, "_entries", Rate(3))
    owner = await settled_in(door)
    for _ in range(4):
        assert problem(await sign_in(door, owner.number, WRONG)) == (401, "sign-in-refused")
    for _ in range(2):
        said(await sign_in(door, owner.number, address=HOME), 201)
    await owner.caller.post(PROVE, {"password": PASSWORD}, expect=200)
    assert problem(await sign_in(door, owner.number, address=HOME)) == LATER
    assert problem(await sign_in(door, owner.number)) == LATER
    assert problem(await owner.caller.ask("POST", PROVE, json={"password": PASSWORD})) == LATER
    change = {"old_password": PASSWORD, "new_password": OTHER}
    assert problem(await owner.caller.ask("POST", "/v1/passwords/change", json=change)) == LATER
    kinds = ("signed-in", "proof-given", "password-set")
    assert [len(await log_of(door, owner.id, kind)) for kind in kinds] == [3, 1, 1]
    clock.goes_on(minutes=1)
    said(await sign_in(door, owner.number, address=HOME), 201)


async def test_somebody_has_so_many_sessions(door: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more ends the oldest, at once; those of others stay."""
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
    owner, other = await settled_in(door), await settled_in(door)
    for _ in range(3):
        said(await sign_in(door, owner.number), 201)
    await must_be_out(owner.caller, within=5)
    newest = said(await sign_in(door, owner.number), 201)
    visit = Visit(door.services.ledger.clock(), "", "test")
    held = [each.session_id for each in await door.services.sign_in.sessions.of(door.bank_id, owner.id, visit)]
    assert len(held) == 3
    assert newest["session_id"] in held
    await other.caller.get("/v1/me")


async def test_a_session_is_prolonged_so_often_a_minute(
    door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came too early is not used up: it is good a minute later."""
    monkeypatch.setattr(door.services.sign_in.sessions, "_refreshed", Rate(2))
    token = (await settled_in(door)).tokens["refresh_token"]
    for _ in range(2):
        token = said(await refresh(door, token), 201)["refresh_token"]
    assert problem(await refresh(door, token)) == LATER
    clock.goes_on(minutes=1)
    said(await refresh(door, token), 201)


async def test_all_sessions_of_somebody_are_prolonged_so_often_a_minute(
    door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many sessions one person fills the table of tokens no faster, and others are not held up by it."""
    monkeypatch.setattr(door.services.sign_in.sessions, "_refreshed_of_one", Rate(3))
    somebody, other = await settled_in(door), await settled_in(door)
    tokens = [said(await sign_in(door, somebody.number), 201)["refresh_token"] for _ in range(4)]
    for token in tokens[:3]:
        said(await refresh(door, token), 201)
    assert problem(await refresh(door, tokens[3])) == LATER
    said(await refresh(door, other.tokens["refresh_token"]), 201)
    clock.goes_on(minutes=1)
    said(await refresh(door, tokens[3]), 201)


async def test_who_is_half_way_in_holds_up_nobody(door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions in which the second factor is still to be said use up none of what the others are prolonged by."""
    monkeypatch.setattr(door.services.sign_in.sessions, "_refreshed_of_one", Rate(2))
    owner = await settled_in(door)
    thief = [said(await sign_in(door, owner.number), 201)["refresh_token"] for _ in range(3)]
    secret = (await owner.caller.post("/v1/me/second-factor", expect=200))["secret"]
    await owner.caller.post("/v1/me/second-factor/confirm", {"code": shown(secret, clock.now)}, expect=200)
    for token in thief[:2]:
        said(await refresh(door, token), 201)
    assert problem(await refresh(door, thief[2])) == LATER
    said(await refresh(door, owner.tokens["refresh_token"]), 201)


async def test_of_those_who_are_known_each_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """However full the queue is of others: who is a stranger is told to come again, who is known gets in once."""
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 2)
    known, strangers = passwords._Lane("known", 2, sure=1), passwords._Lane("strangers", 2)
    for lane in (known, strangers):
        held = [asyncio.create_task(lane.run("crowd", time.sleep, 0.1)) for _ in range(2)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        with pytest.raises(passwords.TooManyAttempts):
            await lane.run("crowd", str.upper, "x")
        if lane is known:
            assert await lane.run("owner", str.upper, "x") == "X"
        else:
            with pytest.raises(passwords.TooManyAttempts):
                await lane.run("somebody", str.upper, "x")
        await asyncio.gather(*held)
        lane.close()
