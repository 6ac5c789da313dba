"""Call-up: asking those to come who agreed to be asked, by where they live and what they can."""

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from timebank.access.table import TAKE_PART
from timebank.api.http.problems import WRITES
from timebank.api.http.requests import BankRequest, Id, IdempotencyHeader
from timebank.domain.activities.calls import CallUp
from timebank.domain.identifiers import ActivityId, NodeId
from timebank.domain.refusing import Refusal
from timebank.domain.text import Line, Text, normal
from timebank.ledger.submission import Repeated
from timebank.projections.people import volunteers
from timebank.projections.places import nodes

LOOKED_AT, AT_ONCE = 5_000, 500


class CallRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked: of which place, and with which skill, if one is needed; why, and how many at the most."""

    node_id: Id
    skill: Line | None = None
    reason: Text
    people: Annotated[int, Meta(ge=1, le=AT_ONCE)] = AT_ONCE


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who agreed to be asked, and can be called."""

    volunteer_id: str
    volunteer_name: str | None
    volunteer_number: str
    phone: str | None
    skills: list[str]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be called; who comes signs up, and the roll says who is there."""

    called: list[Called]
    position: int


class CallController(Controller):
    """`/v1/activities/{activity_id}/calls`"""

    path = "/activities/{activity_id:str}/calls"
    tags = ("Activities",)

    @post(responses=WRITES, access=TAKE_PART)
    async def call_up(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[CallRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Call:
        """Ask people to come, in an emergency: those who agreed to be asked; that they are named is noted.

        Who is named is who agrees now: whoever repeats it has still to be allowed to ask.
        """
        command = CallUp(
            **request.stamp,
            activity_id=ActivityId(activity_id),
            node_id=NodeId(data.node_id),
            skill=data.skill,
            reason=data.reason,
        )
        receipt = await request.execute(command, idempotency_key)
        if isinstance(receipt, Repeated):
            await _must_be_possible(request, command)
        await request.wait_for_reads()
        called = await _candidates(request, data)
        await request.note("people-read", people=len(called))
        return Call(called=called, position=receipt.position)


async def _must_be_possible(request: BankRequest, command: CallUp) -> None:
    """Refuse what would be refused now, whatever was answered under the caller's key before."""
    (tried,) = await request.submit([command], None, dry_run=True)
    if isinstance(tried, Refusal):
        raise tried


async def _candidates(request: BankRequest, data: CallRequest) -> list[Called]:
    pool, bank_id, people = request.pool, request.bank_id, request.services.people
    ids = await nodes.willing(pool, bank_id, request.today, data.node_id, LOOKED_AT)
    briefs = await volunteers.briefly(pool, people, bank_id, ids)
    numbers = [each.number for each in briefs.values() if each.number and each.status == "active"]
    found = await volunteers.meant_by(pool, people, bank_id, numbers=numbers)
    wanted = normal(data.skill) if data.skill else None
    return [
        Called(
            volunteer_id=each.volunteer_id,
            volunteer_name=each.name,
            volunteer_number=each.number,
            phone=each.phone,
            skills=list(each.skills),
        )
        for each in found
        if wanted is None or wanted in map(normal, each.skills)
    ][: data.people]
