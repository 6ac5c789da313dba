"""Hours by place: what those served who lived there then, as long as it does not tell what one person served."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from timebank.access.rights import LEAST_PEOPLE, MONTHS_ONLY, NOT_OVER, TELLS_OTHERS, TOO_FEW, NotAllowed
from timebank.access.table import VIEW_HOURS
from timebank.api.http.lists import no_cursor, page_of
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit, WantedId
from timebank.api.places.nodes import Level, leads, node_on
from timebank.domain.refusals import OfficeMissing
from timebank.projections.credit import policies
from timebank.projections.machinery.periods import is_months, last_over
from timebank.projections.places import hours, nodes, residences
from timebank.projections.places.hours import WHOLE_BANK, PlaceMinutes

LOOKED_AT = 20
"""At so many places it is looked at once for one of many; the first hardly ever is of few."""

First = Annotated[date, QueryParameter(name="from", description="The first local day of service.")]
Last = Annotated[date, QueryParameter(name="until", description="The last local day of service.")]


class HoursByPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Service minutes between two days, by where people lived when they served.

    `minutes` are those of all; the `places` of all pages and `elsewhere_minutes` sum to them. Elsewhere lives who lives
    at no such node, or where so few do that it would tell what one of them served.
    """

    first_day: date
    last_day: date
    minutes: int
    places: list[PlaceMinutes]
    elsewhere_minutes: int
    next: str | None


class HoursController(Controller):
    """`/v1/nodes/hours`, and `/v1/nodes/{node_id}/hours`"""

    path = "/nodes"
    tags = ("Places",)

    @get("/hours", responses=READS, access=VIEW_HOURS)
    async def hours_by_place(
        self,
        request: BankRequest,
        level: Level,
        first_day: First,
        last_day: Last,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> HoursByPlace:
        """Service minutes of the whole bank, by node of a level: of a month or a year, those that have most first.

        Between other days all nodes of the level come as they were opened, those without any service too.
        Administrators and auditors see all; others whole months that are over, of those nodes at the top at
        which many are, on one page.
        """
        bank, sees_all = (request.pool, request.bank_id), request.sight.sees_all
        span = (first_day, last_day) if sees_all else _months_over(request, first_day, last_day)
        total = await hours.minutes_of(*bank, WHOLE_BANK, *span)
        if not sees_all:
            await _must_be_the_first(request, level)
            async with request.app.state.summing.turn(request.user.turn_of):
                return _hours(span, total, await _told_below(request, WHOLE_BANK, span))
        try:
            there, places = await hours.minutes_at_level(*bank, level, *span, after, limit + 1)
        except ValueError:
            raise no_cursor() from None
        page = page_of(places, limit, hours.rank_of)
        told = _hours(span, total, page.items)
        return msgspec.structs.replace(told, elsewhere_minutes=total - there, next=page.next)

    @get("/{node_id:str}/hours", responses=READS, access=VIEW_HOURS)
    async def hours_of_node(
        self, request: BankRequest, node_id: FromPath[str], first_day: First, last_day: Last
    ) -> HoursByPlace:
        """Service minutes of those who lived at a node, or below it, by what was directly below it then.

        Where few people are, or were in a month in which they served, those who lead the node or one above it see it,
        and the bank's offices; so it is where its hours would tell those of few beside it. Others see whole months that
        are over.
        """
        await node_on(request, node_id, last_day)
        sees_all = request.sight.sees_all or await leads(request, node_id)
        span = (first_day, last_day) if sees_all else _months_over(request, first_day, last_day)
        total = await hours.minutes_of(request.pool, request.bank_id, node_id, *span)
        if sees_all:
            return _hours(span, total, await _below(request, node_id, span))
        async with request.app.state.summing.turn(request.user.turn_of):
            await _must_tell_of_many(request, node_id, span)
            return _hours(span, total, await _told_below(request, node_id, span))


async def _must_be_the_first(request: BankRequest, level: str) -> None:
    """Refuse another level than the first one: below it there are places with few people. Raises `OfficeMissing`."""
    if level != await _first_level(request):
        raise OfficeMissing(office="administrator or auditor")


async def _first_level(request: BankRequest) -> str:
    return (await policies.in_force(request.pool, request.bank_id, request.today)).rules.place_levels[0]


def _months_over(request: BankRequest, first: date, last: date) -> tuple[date, date]:
    """The whole months between two days, as far as they are over. Raises `NotAllowed`.

    On single days one knows who served, and what a month comes to so far tells them from one day to the next.
    """
    if not is_months(first, last):
        raise NotAllowed(MONTHS_ONLY)
    over = min(last, last_over(request.today))
    if over < first:
        raise NotAllowed(NOT_OVER)
    return first, over


async def _crowd(request: BankRequest, node_ids: Sequence[str], span: tuple[date, date]) -> dict[str, int]:
    """How many live or work at nodes or below them when they are fewest, counted up to as many as have to be.

    What few people served before many came, or after many left, is theirs.
    """
    return await residences.crowd(request.pool, request.bank_id, *span, node_ids, LEAST_PEOPLE)


# What may be told takes many looks, month by month: those who ask have turns (`app.state.summing`), never two of one
# person, so that nobody keeps the database busy with it.


async def _must_tell_of_many(request: BankRequest, node_id: str, span: tuple[date, date]) -> None:
    """Refuse a node at which few are, and one that is left out above, or that is below such a one. Raises `NotAllowed`.

    Its hours would be the difference between two sums that are told, or make one: also where it was before it moved.
    """
    if await _crowd(request, [node_id], span) != {node_id: LEAST_PEOPLE}:
        raise NotAllowed(TOO_FEW, least=LEAST_PEOPLE)
    for each, above in await nodes.stood_below(request.pool, request.bank_id, *span, node_id):
        if each in await _left_out(request, await _below(request, above, span), above, span):
            raise NotAllowed(TELLS_OTHERS, least=LEAST_PEOPLE)


async def _below(request: BankRequest, node_id: str, span: tuple[date, date]) -> Sequence[PlaceMinutes]:
    """The places directly below a node where somebody served, most first; of the bank those at the top.

    All of them, whatever the levels are called by now.
    """
    return await hours.minutes_below(request.pool, request.bank_id, node_id, *span)


async def _told_below(request: BankRequest, node_id: str, span: tuple[date, date]) -> list[PlaceMinutes]:
    """Those of them of which everybody is told."""
    found = await _below(request, node_id, span)
    left_out = await _left_out(request, found, node_id, span)
    return [each for each in found if each.node_id not in left_out]


async def _left_out(
    request: BankRequest, found: Sequence[PlaceMinutes], above: str, span: tuple[date, date]
) -> set[str]:
    """Those at which few are; and of each month in which these served, the one besides without which it is not told.

    So it is where few live above itself, or nowhere. By the month, so that no two spans leave out others: what differs
    between them would tell it.
    """
    few, bank = await _few(request, found, span), (request.pool, request.bank_id)
    left_out = set(few)
    beside = await residences.beside(*bank, *span, above, LEAST_PEOPLE)
    months = await hours.months_served(*bank, [*few], *span) if few else []
    for month in {*months, *(each for each, people in beside.items() if people < LEAST_PEOPLE)}:
        left_out |= await _left_out_besides(request, above, month, beside.get(month))
    return left_out


async def _left_out_besides(request: BankRequest, above: str, month: tuple[date, date], beside: int | None) -> set[str]:
    """Where so few people are left out that their hours could be told from the others': the place opened first.

    `beside` are those who live at no place of these, if they served. Which place it is does not depend on whether, and
    how much, was served there: whoever moved with their hours, or logged some, would have another one left out, and see
    both.
    """
    few = await _few(request, await _below(request, above, month), month)
    is_one_hidden = bool(few) or beside is not None
    if not is_one_hidden or sum(few.values()) + (beside or 0) >= LEAST_PEOPLE:
        return set()
    first = await _first_of_many(request, above, month)
    return {first} if first else set()


async def _first_of_many(request: BankRequest, above: str, month: tuple[date, date]) -> str | None:
    """The place below a node, at the end of a month, that was opened first and is not of few; none if all are."""
    after = ""
    while places := await nodes.below(request.pool, request.bank_id, month[1], above, after, LOOKED_AT):
        crowd = await _crowd(request, [each.node_id for each in places], month)
        for each in places:
            if crowd.get(each.node_id) == LEAST_PEOPLE:
                return each.node_id
        after = places[-1].node_id
    return None


async def _few(request: BankRequest, found: Sequence[PlaceMinutes], span: tuple[date, date]) -> dict[str, int]:
    """How many are where few are."""
    crowd = await _crowd(request, [each.node_id for each in found], span)
    return {node_id: people for node_id, people in crowd.items() if people < LEAST_PEOPLE}


def _hours(span: tuple[date, date], total: int, places: Iterable[PlaceMinutes]) -> HoursByPlace:
    shown = list(places)
    elsewhere = total - sum(each.minutes for each in shown)
    return HoursByPlace(
        first_day=span[0], last_day=span[1], minutes=total, places=shown, elsewhere_minutes=elsewhere, next=None
    )
