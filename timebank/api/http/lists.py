"""Lists: pages of items, with the names of whom they are about."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from timebank.api.http.requests import BankRequest, Page, page_of

S = TypeVar("S", bound=msgspec.Struct)
A = TypeVar("A")


async def listed(
    request: BankRequest,
    page: Callable[[A, int], Awaitable[Sequence[S]]],
    after: A,
    limit: int,
    cursor: str,
    *,
    note: Callable[[int], Awaitable[None]] | None = None,
) -> Page[S]:
    """The items after one, at most so many; `cursor` is the field that the list is continued after.

    A list of people says itself, with `note`, how it is written down that so many of them are read.
    """
    shown = page_of(await page(after, limit + 1), limit, cursor)
    if note:
        await note(len(shown.items))
    return Page(await request.named(shown.items, is_noted=note is not None), shown.next)
