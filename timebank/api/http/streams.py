"""Answers that are sent while they are read: however long they are, little of them is in memory at once."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, closing
from datetime import tzinfo
from typing import Any, Protocol, TypeVar, cast

import msgspec
from anyio import CancelScope
from litestar import Response
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from timebank.api.http.replies import in_zone
from timebank.exchange.spreadsheets.tables import CsvTable, XlsxTable
from timebank.exchange.spreadsheets.writing import Cell
from timebank.identity.limits.turns import Turns, beside

STRETCH = 200
"""How many items of a long list are read at once."""

TOLD_AT_ONCE = 12
"""So many long answers, that are sent while they are read, are on their way to one person."""

T = TypeVar("T")
C = TypeVar("C")
S = TypeVar("S")


class Pieces(Protocol):
    """A body, piece by piece; what it needs is given back when it is closed, whether or not all of it was fetched."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def __anext__(self) -> Awaitable[bytes]: ...

    async def aclose(self) -> None:
        """Make no more of it."""


class Streamed(Response[T]):
    """A body in pieces, which together are a `T`; they are closed however it ends, also where nobody fetches them.

    What can be refused has to be before the first piece: after it the status has been sent, and a failure shows only as
    an answer that breaks off.
    """

    def __init__(self, pieces: Pieces, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(cast("T", b""), media_type=media_type, headers=headers)
        self._pieces = pieces

    def to_asgi_response(self, *arguments: Any, **options: Any) -> ASGIResponse:
        """The pieces as an answer of Litestar, with the media type given here instead of that of the operation."""
        whole = Stream(self._pieces, media_type=self.media_type, headers=self.headers)
        answer = whole.to_asgi_response(*arguments, **(options | {"media_type": self.media_type}))

        async def sent(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await answer(scope, receive, send)
            finally:
                with CancelScope(shield=True):
                    await self._pieces.aclose()

        return cast("ASGIResponse", sent)  # Litestar calls it, and asks nothing else of it


async def in_stretches(
    page: Callable[[C], Awaitable[Sequence[T]]], start: C, cursor: str
) -> AsyncIterator[Sequence[T]]:
    """All of a list: each stretch of `STRETCH` items continues after a field, the cursor, of the last item before."""
    while items := await page(start):
        yield items
        if len(items) < STRETCH:
            return
        start = getattr(items[-1], cursor)


async def json_object(
    small: Mapping[str, object], long: Mapping[str, AsyncIterator[Sequence[object]]], zone: tzinfo
) -> AsyncGenerator[bytes]:
    """A JSON object: what is at hand first, then the long lists, whose items come some at a time; times in a zone."""
    text = msgspec.json.encode(in_zone(small, zone))[:-1]
    for name, stretches in long.items():
        text += b"," * (text != b"{") + msgspec.json.encode(name) + b":["
        is_first = True
        async for items in stretches:
            if items:
                yield text + b"," * (not is_first) + msgspec.json.encode(in_zone(items, zone))[1:-1]
                text, is_first = b"", False
        text += b"]"
    yield text + b"}"


async def of_few(pieces: Pieces, long_answers: Turns, who: str) -> AsyncGenerator[bytes]:
    """These pieces. Raises `TooManyRequestsError` where one person has many long answers sent at once."""
    with long_answers.begun(who, TOLD_AT_ONCE):
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece


async def as_table(
    make: Callable[[], CsvTable | XlsxTable],
    stretches: AsyncIterator[S],
    rows: Callable[[S], list[list[Cell]]],
    making: Turns,
    who: str,
) -> AsyncGenerator[bytes]:
    """Rows as a file that a spreadsheet opens; it is made beside the loop that serves others, when it is one's turn.

    It may be made to its end though nobody fetches it any more. Raises `TooManyRequestsError` where one person has
    several made.
    """
    with making.begun(who), closing(make()) as sheet:

        async def made(work: Callable[..., bytes | None], *given: Any) -> bytes | None:
            async with making.turn(who):
                return await beside(work, *given)

        async for some in stretches:
            if ready := await made(lambda some: sheet.add(rows(some)), some):
                yield ready
        rest = sheet.rest()
        while (piece := await made(next, rest, None)) is not None:
            yield piece


class _Started:
    """Pieces of which the first is made already."""

    def __init__(self, first: bytes, pieces: Pieces) -> None:
        self._first, self._pieces = first, pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, b""
        return first or await anext(self._pieces)

    async def aclose(self) -> None:
        """Make no more of them, though nobody has fetched the first."""
        await self._pieces.aclose()


async def started(pieces: Pieces) -> Pieces:
    """These pieces, the first of them made now: if that fails, the answer can still be a problem."""
    return _Started(await anext(pieces, b""), pieces)
