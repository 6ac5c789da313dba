"""Answers that are sent while they are read: however long they are, little of them is in memory at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypeVar, cast

import msgspec
from litestar import Response
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from timebank.api.http.replies import in_zone
from timebank.exchange.spreadsheets.tables import CsvTable, XlsxTable
from timebank.exchange.spreadsheets.writing import Cell

STRETCH = 200
"""How many items of a long list are read at once."""

T = TypeVar("T")
C = TypeVar("C")


class Streamed(Response[T]):
    """A body in pieces, which together are a `T`.

    What can be refused has to be before the first piece: after it the status has been sent, and a failure shows only as
    an answer that breaks off.
    """

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(cast("T", b""), media_type=media_type, headers=headers)
        self._pieces = pieces

    def to_asgi_response(self, *arguments: Any, **options: Any) -> ASGIResponse:
        """The pieces as an answer of Litestar, with the media type given here instead of that of the operation."""
        whole = Stream(self._pieces, media_type=self.media_type, headers=self.headers)
        return whole.to_asgi_response(*arguments, **(options | {"media_type": self.media_type}))


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
) -> AsyncIterator[bytes]:
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


async def as_table(sheet: CsvTable | XlsxTable, stretches: AsyncIterator[list[list[Cell]]]) -> AsyncIterator[bytes]:
    """Rows as a file that a spreadsheet opens; it is made beside the loop that serves others."""
    try:
        async for rows in stretches:
            ready = await asyncio.to_thread(sheet.add, rows)
            if ready:
                yield ready
        rest = sheet.rest()
        while (piece := await asyncio.to_thread(next, rest, None)) is not None:
            yield piece
    finally:
        sheet.close()


async def started(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """These pieces, the first of them made now: if that fails, the answer can still be a problem."""
    first: Iterable[bytes] = [await anext(pieces)]

    async def all_of_them() -> AsyncIterator[bytes]:
        for piece in first:
            yield piece
        async for piece in pieces:
            yield piece

    return all_of_them()
