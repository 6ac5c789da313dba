"""A crowd at the door: whoever guesses, and however many they are, whoever lives there gets in."""

import asyncio
import time
from itertools import count

import httpx
import pytest

from tests.api.identity.door import WRONG, Somebody, settled_in, sign_in
from tests.api.world import World, said, settled
from tests.helpers.effort import more
from timebank.identity import passwords
from timebank.identity.limits.throttle import Rate

GUESSERS = 100
ENTRIES = 20
PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 3.0
HOME = "192.0.2.7"


@pytest.mark.drill
@pytest.mark.usefixtures("usual_passwords")
@pytest.mark.parametrize("whence", ["10.{0}.{1}.9", *more("2001:db8:{0:x}:{1:x}::1", "2001:db8:1:{1:x}::1")])
async def test_a_crowd_of_guessers_closes_the_door_to_nobody_who_is_known(url: str, whence: str) -> None:
    """While many guess at once, from ever new addresses, an owner gets in from a known address each time, and soon."""
    async with settled(url, trusted_proxies="127.0.0.1") as world:
        owner = await settled_in(world)
        await seconds_to_enter(world, owner)
        # On a machine that is busy with other things everything takes longer.
        patience = max(PATIENCE_SECONDS, 20 * await seconds_to_enter(world, owner))
        crowd = [asyncio.create_task(guess(world, whence, n)) for n in range(GUESSERS)]
        try:
            await asyncio.sleep(1)
            for _ in range(ENTRIES):
                assert await seconds_to_enter(world, owner) < patience
        finally:
            for each in crowd:
                each.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)


async def seconds_to_enter(world: World, owner: Somebody) -> float:
    """How long it takes an owner to sign in at home."""
    begun = time.monotonic()
    said(await sign_in(world, owner.number, address=HOME), 201)
    return time.monotonic() - begun


async def guess(world: World, whence: str, guesser: int) -> None:
    """Guess on and on, somebody's password from somewhere else each time."""
    for n in count():
        await sign_in(world, f"9{guesser:05}{n:06}", WRONG, address=whence.format(guesser, n % 250))
        await asyncio.sleep(PAUSE_SECONDS)


async def test_one_network_knocks_so_often_a_minute(door: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond that it is told to wait before anything is looked up, whichever accounts it tries; others go on."""
    monkeypatch.setattr(door.services.sign_in, "_knocks", Rate(per_minute=5))
    owner, network = await settled_in(door), "2001:db8:5:{}::1"
    tried = [(await sign_in(door, f"99999999999{n}", WRONG, address=network.format(n))).status_code for n in range(7)]
    assert tried == [401] * 5 + [429] * 2
    said(await sign_in(door, owner.number), 201)


async def test_of_one_network_only_some_wait_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers of one network leave places to those of others: of two networks at once both get some in."""
    monkeypatch.setattr(passwords, "OF_ONE_NETWORK", 3)
    lane = passwords._Lane("test", passwords.OF_ONE_NETWORK)
    held = [asyncio.create_task(lane.run("crowd", time.sleep, 0.2)) for _ in range(3)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    with pytest.raises(passwords.TooManyAttempts):
        await lane.run("crowd", str.upper, "x")
    assert await lane.run("somebody", str.upper, "x") == "X"
    await asyncio.gather(*held)
    assert await lane.run("crowd", str.upper, "x") == "X"
    lane.close()


async def test_strangers_who_fill_their_queue_are_told_when_to_come_again(
    door: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where too many strangers wait, the next is told to come in two seconds, and whoever is known is let in."""
    owner = await settled_in(door)
    said(await sign_in(door, owner.number, address=HOME), 201)
    strangers = door.services.sign_in._passwords._strangers
    monkeypatch.setitem(strangers._waiting, "crowd", passwords.LONGEST_QUEUE)
    told: httpx.Response = await sign_in(door, "999999999999", WRONG)
    assert (told.status_code, told.headers["retry-after"]) == (429, "2")
    said(await sign_in(door, owner.number, address=HOME), 201)
