"""Call-up: asking those to come who agreed to be asked, by where they live and what they can."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import CALL_UP
from timebank.api.http.problems import WRITES
from timebank.api.http.requests import BankRequest, Id, IdempotencyHeader
from timebank.domain.activities.calls import CallUp
from timebank.domain.activities.refusals import TooManyCallUps
from timebank.domain.facts.credit import CalledAtOnce
from timebank.domain.identifiers import ActivityId, NodeId
from timebank.domain.refusing import Refusal
from timebank.domain.text import Line, Text, normal
from timebank.ledger.submission import Repeated
from timebank.projections.credit import policies
from timebank.projections.people import volunteers
from timebank.projections.places import residences

LOOKED_AT, STRETCH = 5_000, 250


class CallRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked: of which place, and with which skill, if one is needed; why, and how many at the most.

    Where that is not said, it is as many as the rule book allows.
    """

    node_id: Id
    skill: Line | None = None
    reason: Text
    people: CalledAtOnce | None = None


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

    @post(responses=WRITES, access=CALL_UP)
    async def call_up(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[CallRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Call:
        """Ask people to come, in an emergency: those who agreed to be asked; that they are named is noted.

        Coordinators do, as often a day and as many at once as the rule book allows; administrators as often as needed.
        Who is named is who agrees now: whoever repeats it has still to be allowed to ask.
        """
        command = CallUp(
            **request.stamp,
            activity_id=ActivityId(activity_id),
            node_id=NodeId(data.node_id),
            skill=data.skill,
            reason=data.reason,
            people=data.people,
        )
        receipt = await request.execute(command, idempotency_key)
        if isinstance(receipt, Repeated):
            await _must_be_possible(request, command)
        await request.wait_for_reads()
        called = await _candidates(request, data, await _most(request, data))
        await request.note_again("people-read", people=len(called))
        return Call(called=called, position=receipt.position)


async def _must_be_possible(request: BankRequest, command: CallUp) -> None:
    """Refuse what would be refused now, whatever was answered under the caller's key before."""
    (tried,) = await request.submit([command], None, dry_run=True)
    if isinstance(tried, Refusal) and not isinstance(tried, TooManyCallUps):  # it is none more
        raise tried


async def _most(request: BankRequest, data: CallRequest) -> int:
    """How many are named at the most."""
    if data.people is not None:
        return data.people
    version = await policies.in_force(request.pool, request.bank_id, request.today)
    return version.rules.called_at_once


async def _candidates(request: BankRequest, data: CallRequest, most: int) -> list[Called]:
    """Who agreed to be asked and can do what is needed; some at a time, since there may be very many."""
    ids = sorted({*await residences.willing(request.pool, request.bank_id, request.today, data.node_id, LOOKED_AT)})
    wanted, called = normal(data.skill) if data.skill else None, list[Called]()
    for start in range(0, len(ids), STRETCH):
        called += await _able(request, ids[start : start + STRETCH], wanted)
        if len(called) >= most:
            break
    return called[:most]


async def _able(request: BankRequest, ids: Sequence[str], wanted: str | None) -> list[Called]:
    """Those of some people who are active, and have a skill, if one is wanted."""
    pool, bank_id, people = request.pool, request.bank_id, request.services.people
    briefs = await volunteers.briefly(pool, people, bank_id, ids)
    numbers = [each.number for each in briefs.values() if each.number and each.status == "active"]
    found = await volunteers.meant_by(pool, people, bank_id, numbers=numbers)
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
    ]
