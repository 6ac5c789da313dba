"""Leaderboards: who served most, of those who agreed to be named."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from timebank.access.table import EVERYBODY
from timebank.api.http.lists import paged
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit, MinPosition
from timebank.projections.recognition import leaderboards
from timebank.projections.recognition.leaderboards import Leaderboard, Place

Period = Annotated[
    str,
    QueryParameter(
        pattern=r"^(all|[0-9]{4}(-(0[1-9]|1[0-2]))?)$(?!\n)",
        description="`all`, a year as `2026`, a month as `2026-11`.",
    ),
]


class LeaderboardController(Controller):
    """`/v1/leaderboards`"""

    path = "/leaderboards"
    tags = ("Leaderboards",)

    @get("/bank", responses=READS, access=EVERYBODY, lists=Place)
    async def get_bank_leaderboard(
        self,
        request: BankRequest,
        period: Period = "all",
        after: Annotated[int, QueryParameter(ge=0, le=10_000_000, description="The `next` of the page before.")] = 0,
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Leaderboard:
        """The bank's board: minutes of confirmed service, rank 1-2-2-4; everybody counts in the total."""
        await request.wait_for_reads(min_position)

        async def board(offset: str | None, limit: int) -> Leaderboard:
            people, start = request.services.people, int(offset or 0)
            return await leaderboards.leaderboard(request.pool, people, request.bank_id, period, start, limit)

        return await paged(request, board, str(after), limit)
