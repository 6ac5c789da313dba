"""Residences: where somebody lives, or works, from which day on."""

from datetime import date

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import SET_RESIDENCE, VIEW_RESIDENCE
from timebank.api.http.lists import whole
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, Id, IdempotencyHeader, Status
from timebank.domain.facts.places import Tie
from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.places.residences import SetResidence
from timebank.domain.text import Line
from timebank.projections.places import nodes, residences
from timebank.projections.places.residences import ResidenceView


class ResidenceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where they live, or work, from a day on; null is nowhere the bank knows of.

    The door (门牌, 室号) is personal: it is sealed, erased with the person, and shown like their phone. Who moves, and
    does not say it, has none on file.
    """

    node_id: Id | None
    from_day: date
    tie: Tie = "lives"
    door: Line | None = None


class ResidenceController(Controller):
    """`/v1/volunteers/{volunteer_id}/residences`"""

    path = "/volunteers/{volunteer_id:str}/residences"
    tags = ("Places",)

    @get(responses=READS, access=VIEW_RESIDENCE)
    async def list_residences(self, request: BankRequest, volunteer_id: FromPath[str]) -> list[ResidenceView]:
        """Where somebody has lived and lives; a node leader sees it of whoever lives at their node or below it."""
        await request.must_be_known("volunteer_id", volunteer_id)
        lived = await residences.lives_at(request.pool, request.bank_id, volunteer_id)
        rights = (request.acting, *request.user.acting_also)
        if all(each.authority == "node-leader" for each in rights):
            here = next((each.node_id for each in reversed(lived) if each.from_day <= request.today), None)
            above = await nodes.chain(request.pool, request.bank_id, request.today, here) if here else []
            if not any(each.node_id in above for each in rights if each.node_id):
                raise VolunteerUnknown(volunteer_id=volunteer_id)
        return await whole(request, lived)

    @post(responses=WRITES, access=SET_RESIDENCE)
    async def set_residence(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ResidenceRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Status:
        """Say where somebody lives, or works, from a day on: oneself, an administrator, or who leads both places."""
        command = SetResidence(
            **request.stamp,
            volunteer_id=VolunteerId(volunteer_id),
            node_id=NodeId(data.node_id) if data.node_id else None,
            from_day=data.from_day,
            tie=data.tie,
            door=data.door,
        )
        receipt = await request.execute(command, idempotency_key)
        return Status(status="set", position=receipt.position)
