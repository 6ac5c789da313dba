"""Lists: pages of items, with the names of whom they are about; or all of them, as a table for a spreadsheet."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, cast, get_args, get_origin

import msgspec
from litestar.handlers.base import BaseRouteHandler

from timebank.api.http.requests import BankRequest, Page
from timebank.api.http.streams import Pieces, Streamed, as_table, started
from timebank.api.http.telling.shapes import InvalidRequestError
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.exchange.spreadsheets.tables import MEDIA_TYPES, Form, Reader, columns_of, headings, rows_of, table
from timebank.exchange.spreadsheets.writing import Cell

S = TypeVar("S", bound=msgspec.Struct)
A = TypeVar("A")

FORMAT = "format"
"""The parameter that every list has: in which form it is wanted."""

FORMS = ("json", *MEDIA_TYPES)

STRETCH = 500
"""How many items of a table are read at once; each such stretch counts as a request."""


def item_of(handler: BaseRouteHandler) -> type[msgspec.Struct] | None:
    """What an operation lists: as it says itself (`lists=…`), or by what it returns; None where it lists nothing."""
    if "lists" in handler.opt:
        return cast("type[msgspec.Struct]", handler.opt["lists"])
    kind = handler.parsed_return_field.annotation
    if get_origin(kind) not in (list, Page):
        return None
    (item,) = get_args(kind)
    return item if isinstance(item, type) and issubclass(item, msgspec.Struct) else None


def form_of(request: BankRequest) -> Form | None:
    """The form of table that is wanted; None for JSON. Raises `InvalidRequestError`."""
    wanted = request.query_params.get(FORMAT, "json")
    if wanted not in FORMS:
        template, allowed = "Invalid enum value {value}: choose one of {allowed}", ", ".join(FORMS)
        raise InvalidRequestError(FieldTrouble(FORMAT, template, {"value": repr(wanted), "allowed": allowed}, FORMS))
    return None if wanted == "json" else cast("Form", wanted)


def newest_of(lists: Iterable[Sequence[S]], by: str, limit: int) -> list[S]:
    """The newest items of several lists, by the field with the id that they are continued after; each of them once."""
    items = {getattr(each, by): each for some in lists for each in some}
    return [items[each] for each in sorted(items, reverse=True)[:limit]]


async def listed(
    request: BankRequest,
    page: Callable[[A, int], Awaitable[Sequence[S]]],
    after: A,
    limit: int,
    cursor: str | Callable[[S], str],
    *,
    note: Callable[[int], Awaitable[None]] | None = None,
    unnamed: type[msgspec.Struct] | None = None,
) -> Page[S]:
    """The items after one, at most so many; `cursor` is the field that the list is continued after, or makes it.

    As a table it is all items after that one. A list of people says itself, with `note`, how it is written down that so
    many of them are read; one of `unnamed` items is shown as it is, with their fields.
    """

    async def shown(items: Sequence[S]) -> list[S]:
        if note:
            await note(len(items))
        return await request.named(items, is_noted=note is not None) if unnamed is None else list(items)

    form = form_of(request)
    if form:
        stretches = _stretches(request, page, after, cursor, shown)
        return cast("Page[S]", await tabled(request, form, unnamed or _kind(request), stretches))
    found = page_of(await page(after, limit + 1), limit, cursor)
    return Page(await shown(found.items), found.next)


def not_together(one: str, *others: str) -> InvalidRequestError:
    """What is raised where filters are asked for that no index serves together."""
    message = "This filter is not to be had together with {others}."
    return InvalidRequestError(FieldTrouble(one, message, {"others": list(others)}))


class Paged(Protocol):
    """A page that says more than its items."""

    @property
    def items(self) -> Sequence[Any]:
        """What is on it."""

    @property
    def next(self) -> str | None:
        """The cursor of the page that follows."""


P = TypeVar("P", bound=Paged)


async def paged(
    request: BankRequest, page: Callable[[str | None, int], Awaitable[P]], after: str | None, limit: int
) -> P:
    """A page that says more than its items; as a table, the items of it and all that follow."""
    form = form_of(request)
    if not form:
        return await page(after, limit)

    async def stretches() -> AsyncIterator[Sequence[Any]]:
        cursor = after
        while True:
            found = await page(cursor, STRETCH)
            yield found.items
            if found.next is None:
                return
            cursor = found.next
            await request.pace()

    return cast("P", await tabled(request, form, _kind(request), stretches()))


async def whole(request: BankRequest, items: Sequence[S], *, is_named: bool = False) -> list[S]:
    """A list that is short enough to be one page; with the names of whom it is about, unless it has them already."""
    form, shown = form_of(request), list(items) if is_named else await request.named(items)
    if not form:
        return shown

    async def at_once() -> AsyncIterator[Sequence[S]]:
        yield shown

    return cast("list[S]", await tabled(request, form, _kind(request), at_once()))


def _kind(request: BankRequest) -> type[msgspec.Struct]:
    kind = item_of(request.route_handler)
    assert kind is not None, "only what lists something comes here"
    return kind


async def tabled(
    request: BankRequest, form: Form, kind: type[msgspec.Struct], stretches: AsyncIterator[Sequence[S]]
) -> Streamed[bytes]:
    """Items as a table that is sent while it is made, in the language and the zone of whoever asks."""
    reader, columns = Reader(request.listener.language, request.zone), columns_of(kind)

    def rows(items: Sequence[S]) -> list[list[Cell]]:
        return rows_of(items, columns, reader)

    _, _, name = request.route_handler.handler_name.replace("_", "-").partition("-")
    make = partial(table, form, headings(columns, reader, with_zone=form == "xlsx"), name)
    return sent(
        form, name, await started(as_table(make, stretches, rows, request.app.state.tables, request.user.turn_of))
    )


def sent(form: Form, name: str, pieces: Pieces) -> Streamed[bytes]:
    """A table as a file of some name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Vary": "Accept-Language"}
    return Streamed(pieces, MEDIA_TYPES[form], headers)


async def _stretches(
    request: BankRequest,
    page: Callable[[Any, int], Awaitable[Sequence[S]]],
    after: Any,
    cursor: str | Callable[[S], str],
    shown: Callable[[Sequence[S]], Awaitable[Sequence[S]]],
) -> AsyncIterator[Sequence[S]]:
    """All items after one, as they are `shown`; whoever reads people is written down before they are sent."""
    while True:
        found = page_of(await page(after, STRETCH + 1), STRETCH, cursor)
        yield await shown(found.items)
        if found.next is None:
            return
        last = found.items[-1]
        after = getattr(last, cursor) if isinstance(cursor, str) else cursor(last)
        await request.pace()


def page_of(items: Sequence[A], limit: int, cursor: str | Callable[[A], str]) -> Page[A]:
    """A page out of one item more than fits on it; `cursor` is the field a page can be continued after, or makes it."""
    more = len(items) > limit
    kept = list(items[:limit])
    cursor_of = (lambda item: str(getattr(item, cursor))) if isinstance(cursor, str) else cursor
    return Page(kept, cursor_of(kept[-1]) if more else None)


def no_cursor() -> InvalidRequestError:
    """What is raised where a list is to go on after what is none of its items."""
    return InvalidRequestError(FieldTrouble("after", "This is not the `next` of a page before.", {}))
