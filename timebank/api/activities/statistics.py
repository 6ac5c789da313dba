"""Statistics: what came of activities, self-reports, teams and duty, by month; of an organisation and of the bank."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, cast

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from timebank import words
from timebank.access.table import AUDITORS, VIEW_STATISTICS
from timebank.api.http.lists import form_of, listed, no_cursor, tabled
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit, Page, WantedId
from timebank.domain.identifiers import OrganisationId
from timebank.projections.activities import statistics
from timebank.projections.activities.statistics import WHOLE_BANK, MonthFigures, TeamMonth

FirstMonth = Annotated[date | None, QueryParameter(name="from", description="A day of the first month.")]
LastMonth = Annotated[date | None, QueryParameter(name="until", description="A day of the last month.")]


class MonthlyStatistics(msgspec.Struct, frozen=True):
    """What came of each month, and of all of them."""

    items: list[MonthFigures]
    total: MonthFigures


class OrganisationStatisticsController(Controller):
    """`/v1/organisations/{organisation_id}/statistics`"""

    path = "/organisations/{organisation_id:str}/statistics"
    tags = ("Statistics",)

    @get(responses=READS, access=VIEW_STATISTICS, lists=MonthFigures)
    async def get_organisation_statistics(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        first: FirstMonth = None,
        last: LastMonth = None,
    ) -> MonthlyStatistics:
        """What came of an organisation's activities, self-reports and service by month. In a table the last row is all.

        For whoever records, verifies or manages for it.
        """
        await request.wait_for_reads()
        await _must_see(request, organisation_id)
        return await _told(request, organisation_id, first, last)

    @get("/teams", responses=READS, access=VIEW_STATISTICS)
    async def get_team_statistics(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        first: FirstMonth = None,
        last: LastMonth = None,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[TeamMonth]:
        """What service in the name of each of the organisation's teams comes to by month, without paid duty."""
        _must_be_place(after)
        await request.wait_for_reads()
        await _must_see(request, organisation_id)

        async def page(after: str | None, limit: int) -> list[TeamMonth]:
            return await statistics.teams(request.pool, request.bank_id, organisation_id, first, last, after, limit)

        return await listed(request, page, after, limit, statistics.cursor_of)


class BankStatisticsController(Controller):
    """`/v1/statistics`"""

    path = "/statistics"
    tags = ("Statistics",)

    @get(responses=READS, access=AUDITORS, lists=MonthFigures)
    async def get_bank_statistics(
        self,
        request: BankRequest,
        first: FirstMonth = None,
        last: LastMonth = None,
    ) -> MonthlyStatistics:
        """The same of the whole bank: the sums of all organisations, for administrators and auditors."""
        await request.wait_for_reads()
        return await _told(request, WHOLE_BANK, first, last)


async def _told(request: BankRequest, organisation_id: str, first: date | None, last: date | None) -> MonthlyStatistics:
    items = await statistics.months(request.pool, request.bank_id, organisation_id, first, last)
    total, form = statistics.whole_of(items), form_of(request)
    if not form:
        return MonthlyStatistics(items, total)

    async def at_once() -> AsyncIterator[list[MonthFigures]]:
        whole = words.translated("Total", request.listener.language)
        yield [*items, msgspec.structs.replace(total, month=whole)]

    return cast("MonthlyStatistics", await tabled(request, form, MonthFigures, at_once()))


async def _must_see(request: BankRequest, organisation_id: str) -> None:
    """Refuse for an organisation that there is not, and whoever does nothing for it."""
    await request.must_be_known("organisation_id", organisation_id)
    await request.sight.must_see_statistics(OrganisationId(organisation_id))


def _must_be_place(cursor: str | None) -> None:
    """Raises `InvalidRequestError` where it is not the place of a team's month."""
    try:
        statistics.place_of(cursor or "2000-01/")
    except ValueError:
        raise no_cursor() from None
