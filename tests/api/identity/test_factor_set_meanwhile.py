"""A second factor that is set while somebody else has a session, or is just getting in, with the password alone."""

from typing import Any

import pytest

from tests.api.identity.door import (
    OTHER,
    PASSWORD,
    Clock,
    Somebody,
    carrying,
    code_for,
    problem,
    settled_in,
    sign_in,
    use_code,
)
from tests.api.world import World, said
from tests.helpers.authenticator import shown

MY = "/v1/me/second-factor"
PROVE = "/v1/sessions/current/prove"
NEEDED = 401, "second-factor-needed"


async def arm(somebody: Somebody, clock: Clock) -> str:
    """Set a second factor; its secret. The next code that its authenticator shows is a new one."""
    secret: str = (await somebody.caller.post(MY, expect=200))["secret"]
    await somebody.caller.post(f"{MY}/confirm", {"code": shown(secret, clock.now)}, expect=200)
    clock.goes_on(seconds=30)
    return secret


class TestAnotherSession:
    """Who is in with the password alone, and has proved it a moment ago, says the second factor first from now on."""

    async def test_takes_the_account_over_no_more(self, door: World, clock: Clock) -> None:
        """Neither another second factor nor another password comes from there; the owner goes on, and gets in."""
        owner = await settled_in(door)
        thief = carrying(door, said(await sign_in(door, owner.number), 201))
        await thief.get("/v1/me")
        secret = await arm(owner, clock)
        change = {"old_password": PASSWORD, "new_password": OTHER}
        assert problem(await thief.ask("GET", "/v1/me")) == NEEDED
        assert problem(await thief.ask("POST", MY)) == NEEDED
        assert problem(await thief.ask("POST", "/v1/passwords/change", json=change)) == NEEDED
        await owner.caller.get("/v1/me")
        said(await sign_in(door, owner.number, second_factor=shown(secret, clock.now)), 201)

    async def test_goes_on_once_it_is_said(self, door: World, clock: Clock) -> None:
        """The owner's other devices are asked for it once."""
        owner = await settled_in(door)
        tablet = carrying(door, said(await sign_in(door, owner.number), 201))
        secret = await arm(owner, clock)
        await tablet.post(PROVE, {"second_factor": shown(secret, clock.now)}, expect=200)
        await tablet.get("/v1/me")


class TestOnTheWayIn:
    """Whoever was asked for no second factor, since there was none yet, has it to say where their act takes effect."""

    @pytest.fixture
    async def owner(self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Somebody:
        """Somebody who sets a second factor just after another was asked for none."""
        owner, factors, left = await settled_in(door), door.services.second_factors, ["once"]
        check = factors.check

        async def asked_just_before(*given: Any) -> bool:
            was_said = await check(*given)
            if left:
                left.clear()
                await arm(owner, clock)
            return was_said

        monkeypatch.setattr(factors, "check", asked_just_before)
        return owner

    async def test_signing_in(self, door: World, owner: Somebody) -> None:
        """They are half-way in."""
        caller = carrying(door, said(await sign_in(door, owner.number), 201))
        assert problem(await caller.ask("GET", "/v1/me")) == NEEDED

    async def test_a_one_time_code(self, door: World, owner: Somebody) -> None:
        """It sets no password."""
        assert problem(await use_code(door, await code_for(door, owner.id), OTHER)) == NEEDED
        assert problem(await sign_in(door, owner.number, OTHER)) == (401, "sign-in-refused")

    async def test_proving_by_the_password(self, door: World, owner: Somebody) -> None:
        """It is no proof any more."""
        assert problem(await owner.caller.ask("POST", PROVE, json={"password": PASSWORD})) == NEEDED


async def test_changing_the_password_meanwhile(door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says the old one, while a second factor is set elsewhere, does not put theirs over it."""
    owner, sign = await settled_in(door), door.services.sign_in
    thief, prove = carrying(door, said(await sign_in(door, owner.number), 201)), sign.prove

    async def proved_just_before(*given: Any) -> str:
        kept = await prove(*given)
        await arm(owner, clock)
        return kept

    monkeypatch.setattr(sign, "prove", proved_just_before)
    change = {"old_password": PASSWORD, "new_password": OTHER}
    assert problem(await thief.ask("POST", "/v1/passwords/change", json=change)) == NEEDED
