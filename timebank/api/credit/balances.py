"""Balances: what a volunteer can spend, has reserved and owes."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from timebank.access.table import VIEW_ACCOUNT
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.projections.credit import statements
from timebank.projections.credit.balances import Balance


class BalanceController(Controller):
    """`/v1/volunteers/{volunteer_id}/balance`"""

    path = "/volunteers"
    tags = ("Volunteers",)
    opt = NEVER_BEHIND

    @get("/{volunteer_id:str}/balance", responses=READS, access=VIEW_ACCOUNT)
    async def get_balance(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        as_of: Annotated[
            date | None, QueryParameter(description="Also what it was at the end of this local day, in both times.")
        ] = None,
    ) -> Balance:
        """What a volunteer can spend, has reserved and owes, in minutes; never older than the log."""
        balance = await request.services.balances.of(request.bank_id, volunteer_id)
        if balance is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        if as_of is None:
            return balance
        recorded, effective = await statements.at_end_of(
            request.pool, request.bank_id, volunteer_id, as_of, request.zone, balance.position
        )
        return msgspec.structs.replace(balance, as_of=as_of, as_recorded=recorded, as_effective=effective)
