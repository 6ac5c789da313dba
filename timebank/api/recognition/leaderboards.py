"""Leaderboards: who served most, of those who agreed to be named."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from timebank.access.table import EVERYBODY, PEOPLE
from timebank.api.http.lists import paged
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest, Limit
from timebank.projections.recognition import leaderboards
from timebank.projections.recognition.leaderboards import Leaderboard, OwnPlace, Place

Period = Annotated[
    str,
    QueryParameter(
        pattern=r"^(all|[0-9]{4}(-(0[1-9]|1[0-2]))?)$(?!\n)",
        description="`all`, a year as `2026`, a month as `2026-11`.",
    ),
]

CURSOR = r"^[0-9]{1,15}\.[0-9]{1,15}$(?!\n)"
NEXT = "The `next` of the page before."


class LeaderboardController(Controller):
    """`/v1/leaderboards`"""

    path = "/leaderboards"
    tags = ("Leaderboards",)

    @get("/bank", responses=READS, access=EVERYBODY, lists=Place)
    async def get_bank_leaderboard(
        self,
        request: BankRequest,
        period: Period = "all",
        after: Annotated[str | None, QueryParameter(max_length=40, pattern=CURSOR, description=NEXT)] = None,
        limit: Limit = 50,
    ) -> Leaderboard:
        """The bank's board: minutes of confirmed service, rank 1-2-2-4; everybody counts in the total."""

        async def board(after: str | None, limit: int) -> Leaderboard:
            people, own_id = request.services.people, request.user.person_id
            return await leaderboards.leaderboard(request.pool, people, request.bank_id, period, after, limit, own_id)

        return await paged(request, board, after, limit)

    @get("/bank/me", responses=READS, access=PEOPLE)
    async def get_own_place(
        self,
        request: BankRequest,
        period: Period = "all",
        neighbours: Annotated[int, QueryParameter(ge=0, le=10, description="How many on each side.")] = 2,
    ) -> OwnPlace:
        """Where one stands oneself on the bank's board, and next to whom; only those who agreed to it are named."""
        own = request.user.person_id
        assert own is not None, "people are let in only"
        return await leaderboards.own_place(
            request.pool, request.services.people, request.bank_id, period, own, neighbours
        )
