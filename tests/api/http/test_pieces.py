"""Long answers go in pieces, so that nobody fills the memory by asking for them and fetching nothing."""

import asyncio
from typing import Any

import pytest

from tests.api.world import World
from tests.helpers.patience import SOON_SECONDS
from timebank.api.http.answering import pieces
from timebank.api.http.answering.in_progress import OF_A_PERSON
from timebank.api.http.answering.pieces import PIECE_BYTES


@pytest.mark.parametrize("path", ["/schema/openapi.json", "/assets/rapidoc.js"])
async def test_a_long_answer_waits_for_whoever_fetches_it(world: World, path: str) -> None:
    """No piece is long, none is made before the one before it was taken, and together they are the whole."""
    whole = (await world.http.get(path)).content
    taken: list[Any] = []

    async def take(message: Any) -> None:
        taken.append(message)

    await world.app(_asked(path), _nothing, take)  # type: ignore[arg-type]
    bodies = [each["body"] for each in taken[1:]]
    assert b"".join(bodies) == whole
    assert len(whole) > max(map(len, bodies)) == PIECE_BYTES
    assert [each["more_body"] for each in taken[1:]] == [True] * (len(bodies) - 1) + [False]


@pytest.mark.parametrize("what", ["statement", "statement.csv"])
async def test_what_is_not_fetched_is_broken_off(world: World, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Whoever has somebody's token, and fetches nothing, does not keep that one from asking, who has signed in anew."""
    monkeypatch.setattr(pieces, "FETCHING_SECONDS", 0.02)
    somebody = await world.somebody()
    path = f"/v1/volunteers/{somebody.id}"

    asked_often = [_asked(f"{path}/{what}", Authorization=f"Bearer {somebody.token}") for _ in range(OF_A_PERSON)]

    async def never(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    unread = [asyncio.create_task(world.app(asked, _waiting, never)) for asked in asked_often]  # type: ignore[arg-type]
    try:
        assert (await asyncio.wait_for(somebody.get(path), SOON_SECONDS))["volunteer_id"] == somebody.id
        await asyncio.wait_for(asyncio.gather(*unread), SOON_SECONDS)
    finally:
        for each in unread:
            each.cancel()


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _waiting() -> Any:
    await asyncio.Event().wait()


def _asked(path: str, **headers: str) -> dict[str, Any]:
    """A question as the server passes it on."""
    said = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "http_version": "1.1", "scheme": "http", "headers": [(b"host", b"bank.example"), *said],
        "client": ("192.0.2.7", 1), "server": ("bank.example", 80), "state": {}, "extensions": {},
    }  # fmt: skip
