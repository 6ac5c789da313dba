"""Hours by place: what those served who lived there then, as long as it does not tell what one person served."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from timebank.access.rights import LEAST_PEOPLE, MONTHS_ONLY, NOT_OVER, TOO_FEW, NotAllowed
from timebank.access.table import VIEW_HOURS
from timebank.api.http.lists import page_of
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit, WantedId
from timebank.api.http.telling.shapes import InvalidRequestError
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.api.places.nodes import Level, leads, node_on
from timebank.domain.refusals import OfficeMissing
from timebank.projections.credit import policies
from timebank.projections.machinery.periods import is_months, last_over
from timebank.projections.places import nodes
from timebank.projections.places.nodes import WHOLE_BANK, PlaceMinutes

MOST_PLACES = 500
"""So many places of the first level are shown to everybody."""

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
        Administrators and auditors see all; others whole months that are over, of those nodes of the first level at
        which many are, on one page.
        """
        bank, sees_all = (request.pool, request.bank_id), request.sight.sees_all
        span = (first_day, last_day) if sees_all else _months_over(request, first_day, last_day)
        total = await nodes.minutes_of(*bank, WHOLE_BANK, *span)
        if not sees_all:
            await _must_be_the_first(request, level)
            _, places = await nodes.minutes_at_level(*bank, level, *span, None, MOST_PLACES)
            found = sorted((each for each in places if each.minutes), key=lambda each: -each.minutes)
            return _hours(span, total, await _of_many(request, found, span))
        try:
            there, places = await nodes.minutes_at_level(*bank, level, *span, after, limit + 1)
        except ValueError:
            raise InvalidRequestError(FieldTrouble("after", "This is not the `next` of a page before.", {})) from None
        page = page_of(places, limit, nodes.rank_of)
        hours = _hours(span, total, page.items)
        return msgspec.structs.replace(hours, elsewhere_minutes=total - there, next=page.next)

    @get("/{node_id:str}/hours", responses=READS, access=VIEW_HOURS)
    async def hours_of_node(
        self, request: BankRequest, node_id: FromPath[str], first_day: First, last_day: Last
    ) -> HoursByPlace:
        """Service minutes of those who lived at a node, or below it, by what was directly below it then.

        Where few people are, or were in a month in which they served, those who lead the node or one above it see it,
        and the bank's offices; others see whole months that are over.
        """
        await node_on(request, node_id, last_day)
        sees_all = request.sight.sees_all or await leads(request, node_id)
        span = (first_day, last_day) if sees_all else _months_over(request, first_day, last_day)
        if not sees_all and await _crowd(request, [node_id], span) != {node_id: LEAST_PEOPLE}:
            raise NotAllowed(TOO_FEW, least=LEAST_PEOPLE)
        total = await nodes.minutes_of(request.pool, request.bank_id, node_id, *span)
        found = await nodes.minutes_below(request.pool, request.bank_id, node_id, *span)
        return _hours(span, total, found if sees_all else await _of_many(request, found, span))


async def _must_be_the_first(request: BankRequest, level: str) -> None:
    """Refuse another level than the first one: below it there are places with few people. Raises `OfficeMissing`."""
    levels = (await policies.in_force(request.pool, request.bank_id, request.today)).rules.place_levels
    if level != levels[0]:
        raise OfficeMissing(office="administrator or auditor")


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
    return await nodes.crowd(request.pool, request.bank_id, *span, node_ids, LEAST_PEOPLE)


async def _of_many(request: BankRequest, found: Sequence[PlaceMinutes], span: tuple[date, date]) -> list[PlaceMinutes]:
    """Those places at which so many are, unless what is left out could be told from them: then one fewer, the least."""
    crowd = await _crowd(request, [each.node_id for each in found], span)
    shown = [each for each in found if crowd[each.node_id] >= LEAST_PEOPLE]
    hidden = sum(people for people in crowd.values() if people < LEAST_PEOPLE)
    is_told = len(shown) < len(found) and hidden < LEAST_PEOPLE
    return shown[:-1] if is_told else shown


def _hours(span: tuple[date, date], total: int, places: Iterable[PlaceMinutes]) -> HoursByPlace:
    shown = list(places)
    elsewhere = total - sum(each.minutes for each in shown)
    return HoursByPlace(
        first_day=span[0], last_day=span[1], minutes=total, places=shown, elsewhere_minutes=elsewhere, next=None
    )
