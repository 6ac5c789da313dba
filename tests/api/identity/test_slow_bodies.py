"""A request that begins while somebody is let in, and is whole only when they are not any more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.identity.door import (
    Clock,
    Somebody,
    carrying,
    must_be_out,
    once_more,
    problem,
    settled_in,
    sign_in,
)
from tests.api.identity.test_factor_set_meanwhile import arm
from tests.api.world import World, said
from tests.helpers.authenticator import shown
from timebank.db.connections import Connection

AGREES = {"purpose": "leaderboard", "granted": True}
JSON = {"Content-Type": "application/json"}


async def slowly(
    world: World, token: str, path: str, body: bytes, headers: dict[str, str], meanwhile: Callable[[], Awaitable[Any]]
) -> httpx.Response:
    """The answer to a body of which the last byte comes after something else has happened."""

    async def parts() -> AsyncIterator[bytes]:
        yield body[:-1]
        await meanwhile()
        yield body[-1:]

    carried = {"Authorization": f"Bearer {token}", **headers}
    return await world.http.post(path, content=parts(), headers=carried)


class TestASession:
    """Signing out works at once: also for what somebody has begun to send before."""

    @pytest.mark.parametrize("which", ["current", "all"])
    async def test_that_ended_meanwhile_does_nothing(self, door: World, which: str) -> None:
        """Nothing is recorded, as with any other token that is not valid any more."""
        owner = await settled_in(door)
        head = await door.services.ledger.store.head(door.bank_id)

        async def out() -> None:
            await owner.caller.ask("DELETE", f"/v1/sessions/{which}")
            await must_be_out(owner.caller)

        path = f"/v1/volunteers/{owner.id}/consents"
        answer = await slowly(door, owner.tokens["access_token"], path, msgspec.json.encode(AGREES), JSON, out)
        assert answer.status_code == 401
        assert await door.services.ledger.store.head(door.bank_id) == head

    async def test_owes_the_second_factor_that_was_set_meanwhile(self, door: World, clock: Clock) -> None:
        """Who has proved who they are by the password alone does nothing with what they had begun to send."""
        owner = await settled_in(door)
        thief = said(await sign_in(door, owner.number), 201)

        async def armed() -> None:
            await arm(owner, clock)

        path = f"/v1/volunteers/{owner.id}/consents"
        answer = await slowly(door, thief["access_token"], path, msgspec.json.encode(AGREES), JSON, armed)
        assert problem(answer) == (401, "second-factor-needed")


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [("", "application/json", b"{}"), ("/import", "text/csv", b"a;b\r\n1;2\r\n")],
    ids=["record", "list"],
)
async def test_a_key_revoked_meanwhile_does_nothing(door: World, path: str, kind: str, body: bytes) -> None:
    """What its program had begun to send is not taken in, be it a record or a list."""
    administrator, ours = door.administrator, f"/v1/organisations/{door.garden}"
    made = await administrator.post(f"{ours}/keys", {"label": "程序", "permissions": ["log-service"]}, expect=201)

    async def revoked() -> None:
        await administrator.post(f"{ours}/keys/{made['key_id']}/revoke", {}, expect=200)

    headers = {"Content-Type": kind}
    answer = await slowly(door, made["api_key"], f"{ours}/service-records{path}", body, headers, revoked)
    assert answer.status_code == 401


class TestAnotherSecondFactor:
    """Who had got in locks nobody out by a second factor of theirs, once they are signed out."""

    @pytest.fixture
    async def owner(self, door: World) -> Somebody:
        """Somebody in whose account another is, who knows the password."""
        return await settled_in(door)

    async def test_is_not_set_from_a_session_that_ends_just_then(
        self, door: World, owner: Somebody, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is looked at in the transaction that sets it."""
        thief = carrying(door, said(await sign_in(door, owner.number), 201))
        secret = (await thief.post("/v1/me/second-factor", expect=200))["secret"]
        factors = door.services.second_factors
        hold = factors._hold  # the last moment before it takes effect

        async def ended_just_before(connection: Connection, *whose: Any) -> None:
            await owner.caller.ask("DELETE", f"/v1/sessions/{thief.session_id}")
            await hold(connection, *whose)

        monkeypatch.setattr(factors, "_hold", ended_just_before)
        code = {"code": shown(secret, clock.now)}
        refused = await thief.ask("POST", "/v1/me/second-factor/confirm", json=code)
        assert problem(refused) == (401, "second-factor-needed")
        await owner.caller.get("/v1/me")
        await (await once_more(door, owner)).caller.get("/v1/me")
