"""Long answers go in pieces, so that nobody fills the memory by asking for them and fetching nothing."""

from typing import Any

import pytest

from tests.api.world import World
from timebank.api.http.answering.pieces import PIECE_BYTES


@pytest.mark.parametrize("path", ["/schema/openapi.json", "/assets/rapidoc.js"])
async def test_a_long_answer_waits_for_whoever_fetches_it(world: World, path: str) -> None:
    """No piece is long, none is made before the one before it was taken, and together they are the whole."""
    whole = (await world.http.get(path)).content
    taken: list[Any] = []

    async def take(message: Any) -> None:
        taken.append(message)

    async def nothing() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "http_version": "1.1", "scheme": "http", "headers": [(b"host", b"bank.example")], "client": ("192.0.2.7", 1),
        "server": ("bank.example", 80), "state": {}, "extensions": {},
    }  # fmt: skip
    await world.app(scope, nothing, take)  # type: ignore[arg-type]
    pieces = [each["body"] for each in taken[1:]]
    assert b"".join(pieces) == whole
    assert len(whole) > max(map(len, pieces)) == PIECE_BYTES
    assert [each["more_body"] for each in taken[1:]] == [True] * (len(pieces) - 1) + [False]
