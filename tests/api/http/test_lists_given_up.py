"""Lists whose answer nobody fetches to its end: nothing of them stays on the disk, nor keeps a place."""

import asyncio
import gc
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.api.http.test_no_room import workbook
from tests.api.world import World
from timebank.api.http.answering import pieces


@pytest.mark.parametrize("sent", [4, 5, 8])
@pytest.mark.parametrize("answer", ["verdicts", "lines"])
async def test_what_is_not_fetched_leaves_nothing(
    world: World, answer: str, sent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as it is broken off, and not when the collector of cycles comes by."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pieces, "FETCHING_SECONDS", 0.2)
    monkeypatch.setattr(pieces, "SLOWEST_BYTES", 1024 * 1024)
    body, came, had = workbook(1_500), 0, False
    path = f"/v1/organisations/{world.garden}/service-records/import"
    named = {"authorization": f"Bearer {world.recorder.token}", "content-type": "application/octet-stream"}
    scope: Any = {
        "type": "http", "asgi": {}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": f"dry_run=true&answer={answer}".encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 1), "server": ("test", 80), "extensions": {}, "state": {},
    }  # fmt: skip
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        if message := next(asked, None):
            return message
        return await asyncio.Event().wait()

    async def send(_: Any) -> None:
        nonlocal came, had
        came += 1
        if came > sent:
            had = any(tmp_path.iterdir())
            await asyncio.Event().wait()

    gc.disable()
    try:
        await world.app(scope, receive, send)
        assert had, "it was in the middle of it"
        assert not any(tmp_path.iterdir())
        assert not world.app.state.writing_lists._begun[world.recorder.id]
    finally:
        gc.enable()
