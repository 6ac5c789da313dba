"""A request that begins while somebody is let in, and is whole only when they are not any more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from litestar.exceptions import LitestarException

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
from timebank.api.http import streams
from timebank.api.service import importing
from timebank.api.supervision import history
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


async def taken_slowly(
    world: World, scope: dict[str, Any], body: bytes, meanwhile: Callable[[], Awaitable[Any]]
) -> bytes:
    """What is sent of an answer, once something else has happened after its first piece."""
    pieces: list[bytes] = []
    coming = [{"type": "http.disconnect"}, {"type": "http.request", "body": body, "more_body": False}]
    is_over = asyncio.Event()

    async def receive() -> Any:
        if len(coming) == 1:
            await is_over.wait()
        return coming.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            pieces.append(message["body"])
            if len(pieces) == 1:
                await meanwhile()
            if not message.get("more_body"):
                is_over.set()

    common = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""}
    peers = {"client": ("192.0.2.1", 1), "server": ("test", 80)}
    with contextlib.suppress(LitestarException):  # an answer that has begun breaks off
        await world.app(common | peers | {"raw_path": scope["path"].encode()} | scope, receive, send)
    return b"".join(pieces)


class TestALongAnswer:
    """It goes to nobody who is signed out while it is on its way, and takes in nothing more of theirs."""

    async def test_is_not_sent_on_to_a_session_that_ended(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a history that somebody fetches slowly the rest stays here."""
        monkeypatch.setattr(streams, "STRETCH", 2)
        monkeypatch.setattr(history, "STRETCH", 2)
        auditor = await settled_in(door)
        await door.administrator.post("/v1/appointments", {"volunteer_id": auditor.id, "office": "auditor"}, expect=201)
        again = await once_more(door, auditor)
        scope = {
            "method": "GET",
            "path": "/v1/audit/events.ndjson",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {again.tokens['access_token']}".encode())],
        }

        async def out() -> None:
            await auditor.caller.ask("DELETE", f"/v1/sessions/{again.tokens['session_id']}")

        async def nothing() -> None:
            pass

        assert (await taken_slowly(door, scope, b"", nothing)).count(b"\n") > 2
        assert (await taken_slowly(door, scope, b"", out)).count(b"\n") == 2

    async def test_goes_on_when_the_token_runs_out_and_not_when_the_office_ends(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a token let in goes on for as long as its session does, and the right by which they were let in."""
        monkeypatch.setattr(streams, "STRETCH", 2)
        monkeypatch.setattr(history, "STRETCH", 2)

        async def told(meanwhile: Callable[[str], Awaitable[Any]]) -> int:
            auditor = await settled_in(door)
            asked = {"volunteer_id": auditor.id, "office": "auditor"}
            appointed = await door.administrator.post("/v1/appointments", asked, expect=201)
            token = (await once_more(door, auditor)).tokens["access_token"]
            scope = {
                "method": "GET", "path": "/v1/audit/events.ndjson", "query_string": b"",
                "headers": [(b"authorization", f"Bearer {token}".encode())],
            }  # fmt: skip
            happens = partial(meanwhile, appointed["appointment_id"])
            return (await taken_slowly(door, scope, b"", happens)).count(b"\n")

        async def ended(appointment_id: str) -> None:
            await door.administrator.post(f"/v1/appointments/{appointment_id}/end", expect=200)

        async def later(_: str) -> None:
            clock.goes_on(minutes=11)

        assert await told(ended) == 2
        assert await told(later) > 2

    async def test_takes_no_more_rows_by_a_key_that_was_revoked(
        self, door: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of a list whose verdicts somebody fetches slowly the rows that follow are not taken."""
        monkeypatch.setattr(importing, "CHUNK", 1)
        administrator, ours = door.administrator, f"/v1/organisations/{door.garden}"
        made = await administrator.post(f"{ours}/keys", {"label": "程序", "permissions": ["log-service"]}, expect=201)
        served = (await settled_in(door)).number
        rows = [f"{served},居民,讲座,讲座,2026-03-0{day},09:00,10:00" for day in (2, 3, 4)]
        body = "\r\n".join(["志愿者编号,身份,活动,类别,日期,开始时间,结束时间", *rows]).encode()
        scope = {
            "method": "POST",
            "path": f"{ours}/service-records/import",
            "query_string": b"answer=lines",
            "headers": [
                (b"authorization", f"Bearer {made['api_key']}".encode()),
                (b"content-type", b"text/csv"),
                (b"content-length", str(len(body)).encode()),
            ],
        }

        async def revoked() -> None:
            await administrator.post(f"{ours}/keys/{made['key_id']}/revoke", {}, expect=200)

        said = await taken_slowly(door, scope, body, revoked)
        assert said.count(b'"status"') == 0, said


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
