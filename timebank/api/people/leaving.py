"""Leaving the bank, and being erased."""

from typing import Any, Literal

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import PROVED_OWN_OR_ADMINISTRATORS
from timebank.api.http.problems import WRITES
from timebank.api.http.requests import BankRequest, Id, IdempotencyHeader
from timebank.domain.facts.people import VolunteerLeft
from timebank.domain.identifiers import VolunteerId, new_transfer_id
from timebank.domain.leaving import EraseVolunteer, LeaveBank, Rest


class DepartureRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become of credit that is left: `hold` keeps it on the account, `donate` gives it to a fund."""

    rest: Rest | None = None
    fund_id: Id | None = None


class Left(msgspec.Struct, frozen=True):
    """The volunteer has left; `held_minutes` wait for them."""

    volunteer_id: str
    status: Literal["left"]
    held_minutes: int
    position: int


class Erased(msgspec.Struct, frozen=True):
    """The account is left, and says what was; nothing says whose it was."""

    volunteer_id: str
    status: Literal["erased"]
    position: int


class LeavingController(Controller):
    """`/v1/volunteers/{volunteer_id}/leave` and `…/erase`"""

    path = "/volunteers"
    tags = ("Volunteers",)

    @post("/{volunteer_id:str}/leave", status_code=200, responses=WRITES, access=PROVED_OWN_OR_ADMINISTRATORS)
    async def leave_bank(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[DepartureRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Left:
        """Leave the bank: memberships, offices and proxies end, what is reserved is given back. One can come back."""
        command = LeaveBank(**request.stamp, volunteer_id=VolunteerId(volunteer_id), **_departure(data))
        receipt = await request.execute(command, idempotency_key)
        fact = receipt.facts[-1]
        assert isinstance(fact, VolunteerLeft)
        return Left(volunteer_id, "left", fact.held_minutes, receipt.position)

    @post("/{volunteer_id:str}/erase", status_code=200, responses=WRITES, access=PROVED_OWN_OR_ADMINISTRATORS)
    async def erase_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[DepartureRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Erased:
        """Erase all that is personal about a volunteer, for good; the account and the history stay, and name nobody.

        If there is credit left, say what is to become of it.
        """
        command = EraseVolunteer(**request.stamp, volunteer_id=VolunteerId(volunteer_id), **_departure(data))
        receipt = await request.execute(command, idempotency_key)
        themselves = request.user.actor == volunteer_id
        await request.note("volunteer-erased", with_address=not themselves, volunteer=volunteer_id)
        return Erased(volunteer_id, "erased", receipt.position)


def _departure(data: DepartureRequest | None) -> dict[str, Any]:
    """What is to become of the credit."""
    if data is None:
        return {}
    transfer_id = new_transfer_id() if data.rest == "donate" else None
    return {"rest": data.rest, "fund_id": data.fund_id, "transfer_id": transfer_id}
