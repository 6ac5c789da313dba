"""What pages ask the API in the same process: answers are handed on while they are made."""

import asyncio
from typing import Any

from litestar import Litestar

from timebank.web.http.asking import Api

OUTER: dict[str, Any] = {"asgi": {}, "scheme": "http", "state": {"request_id": "r", "address": "a"}}


async def test_no_more_is_made_than_is_taken() -> None:
    """A long answer is made piece by piece as it is taken; whoever stops taking ends what makes it."""
    made: list[int] = []
    ended = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
            while True:
                made.append(len(made))
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        finally:
            ended.set()

    opened = await Api(Litestar(), endless).ask(OUTER, "GET", "/service-records", {}, {}, b"")
    assert (opened.status, opened.headers) == (200, {"content-type": "text/csv"})
    for _ in range(3):
        assert len(await anext(opened.pieces)) == 1000
    assert len(made) <= 6
    await opened.pieces.aclose()
    await asyncio.wait_for(ended.wait(), 5)


async def test_an_answer_of_which_nothing_is_taken_is_ended() -> None:
    """Whoever asked is gone before the first piece: what makes it does not wait for them."""
    ended = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.set()

    opened = await Api(Litestar(), endless).ask(OUTER, "GET", "/service-records", {}, {}, b"")
    await opened.pieces.aclose()
    await asyncio.wait_for(ended.wait(), 5)


async def test_what_breaks_off_is_no_whole_answer() -> None:
    """An answer that fails before its head, or within its body, fails for whoever asked."""

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("late"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise LookupError

    api = Api(Litestar(), failing)
    for path in ("/early", "/late"):
        try:
            await (await api.ask(OUTER, "GET", path, {}, {}, b"")).whole()
        except LookupError:
            continue
        raise AssertionError(path)
