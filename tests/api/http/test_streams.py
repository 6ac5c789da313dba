"""Answers that are sent while they are read give back what they took, however they end."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from timebank.api.http.streams import Streamed, started


class Endless:
    """A body without an end, and whether it is being made still."""

    def __init__(self) -> None:
        self.is_open = True

    async def pieces(self) -> AsyncGenerator[bytes]:
        """It."""
        try:
            while True:
                yield b"x"
        finally:
            self.is_open = False


@pytest.mark.parametrize("sent", [0, 1, 2, 5])
async def test_whoever_hangs_up_ends_what_is_made(sent: int) -> None:
    """At whatever is being sent then, its head or a piece; nobody waits for the collector of cycles."""
    body, waits = Endless(), asyncio.Event()
    answer = Streamed(await started(body.pieces()), "text/plain").to_asgi_response(app=None, request=None)
    came: list[Any] = []

    async def send(message: Any) -> None:
        if len(came) == sent:
            waits.set()
            await asyncio.Event().wait()
        came.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    gc.disable()
    try:
        sending = asyncio.create_task(answer({"type": "http"}, receive, send))  # type: ignore[arg-type]
        await waits.wait()
        assert body.is_open
        sending.cancel()
        await asyncio.wait({sending})
        assert not body.is_open
    finally:
        gc.enable()
