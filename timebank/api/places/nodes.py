"""Nodes: the tree of places, who leads each, and who lives there."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.rights import LEAST_PEOPLE
from timebank.access.table import ADMINISTRATORS, APPOINT_LEADER, EVERYBODY, LEAD_NODE, VIEW_NODE
from timebank.api.http.lists import listed, page_of, paged
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    PRINTABLE,
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    Somebody,
    Status,
    WantedId,
    happened,
)
from timebank.domain.facts.organisations import AppointmentMade, Source
from timebank.domain.identifiers import AppointmentId, NodeId, VolunteerId, new_appointment_id, new_node_id
from timebank.domain.places.leaders import AppointLeader, Duties
from timebank.domain.places.nodes import CloseNode, MergeNode, MoveNode, OpenNode, RenameNode
from timebank.domain.places.refusals import NodeUnknown, NotWithinYourNode
from timebank.domain.text import Line
from timebank.projections.people import volunteers
from timebank.projections.places import leaders, nodes, residences
from timebank.projections.places.hours import WHOLE_BANK
from timebank.projections.places.leaders import LeaderView
from timebank.projections.places.nodes import NodeView
from timebank.projections.places.residences import Resident

On = Annotated[date | None, QueryParameter(name="on", description="As of which local day; today, if none is said.")]
Level = Annotated[
    str, QueryParameter(min_length=1, max_length=200, pattern=PRINTABLE, description="One of the bank's levels.")
]


class OpenNodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node to be opened: its level and name, below which other, from which local day on."""

    parent_id: Id | None = None
    level: Line
    name: Line
    from_day: date


class RenameNodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is called from a day on."""

    name: Line
    from_day: date


class MoveNodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Below which node it is from a day on."""

    parent_id: Id
    from_day: date


class MergeNodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which node it becomes a part of from a day on."""

    into_id: Id
    from_day: date


class CloseNodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last day on which it is there."""

    until_day: date


class AppointLeaderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to lead, how they came to it, what they are to see to, and for which days (both included)."""

    volunteer_id: Somebody
    source: Source
    duties: Duties = ()
    valid_from: date | None = None
    valid_until: date | None = None


class NodeStatus(Status, frozen=True, kw_only=True):
    """How the node stands after what was asked for."""

    node_id: str


class LeaderStatus(Status, frozen=True, kw_only=True):
    """How the appointment stands now."""

    appointment_id: str


class NodeAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its people, duties and tasks (人员、职责、任务): who leads it, how many live there, what is below.

    `path` are the nodes above it, from the top down. `people` are told exactly to who leads it, administrators and
    auditors; to others in whole tens, and not where there are fewer: nobody learns when somebody came, or left.
    """

    node: NodeView
    path: list[NodeView]
    leaders: list[LeaderView]
    people: int | None


class ResidentView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who lives, or works, at a node or below it."""

    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    volunteer_status: str | None = None
    phone: str | None = None
    door: str | None = None
    node_id: str
    from_day: date
    tie: str


class NodeController(Controller):
    """`/v1/nodes`"""

    path = "/nodes"
    tags = ("Places",)

    @get(responses=READS, access=EVERYBODY)
    async def list_nodes(
        self, request: BankRequest, below: WantedId = None, on: On = None, after: After = "", limit: Limit = 50
    ) -> Page[NodeView]:
        """What is directly below a node, or at the top."""
        day = on or request.today

        async def page(after: str, limit: int) -> list[NodeView]:
            return await nodes.below(request.pool, request.bank_id, day, below or WHOLE_BANK, after, limit)

        return await listed(request, page, after, limit, "node_id")

    @post(responses=WRITES, access=ADMINISTRATORS)
    async def open_node(
        self, request: BankRequest, data: JSONBody[OpenNodeRequest], idempotency_key: IdempotencyHeader = None
    ) -> NodeStatus:
        """Open a node, below another or at the top."""
        node_id = new_node_id()
        command = OpenNode(
            **request.stamp,
            node_id=node_id,
            parent_id=NodeId(data.parent_id) if data.parent_id else None,
            level=data.level,
            name=data.name,
            from_day=data.from_day,
        )
        receipt = await request.execute(command, idempotency_key)
        opened: Any = receipt.facts[0]
        return NodeStatus(node_id=opened.node_id, status="open", position=receipt.position)

    @get("/vacant", responses=READS, access=EVERYBODY)
    async def list_vacant_nodes(
        self, request: BankRequest, level: Level, on: On = None, after: After = "", limit: Limit = 50
    ) -> Page[NodeView]:
        """Nodes of a level that nobody leads. A page may have fewer than asked for, or none, and yet a `next`."""
        day = on or request.today

        async def page(after: str | None, limit: int) -> Page[NodeView]:
            return Page(*await nodes.vacant(request.pool, request.bank_id, day, level, after or "", limit))

        return await paged(request, page, after, limit)

    @get("/{node_id:str}", responses=READS, access=VIEW_NODE)
    async def get_node(self, request: BankRequest, node_id: FromPath[str], on: On = None) -> NodeAtAGlance:
        """A node as it is on a day, with who leads it and how many live there."""
        node = await node_on(request, node_id, on or request.today)
        day, pool, bank_id = on or request.today, request.pool, request.bank_id
        above = [await node_on(request, each, day) for each in await nodes.chain(pool, bank_id, day, node_id)]
        led = await request.named(await leaders.leaders(pool, bank_id, day, node_id))
        exactly = request.sight.sees_all or await leads(request, node_id)
        people = await residences.count_people(pool, bank_id, day, node_id, all_of_them=exactly)
        told = people if exactly else _in_tens(people)
        return NodeAtAGlance(node=node, path=above[:0:-1], leaders=led, people=told)

    @get("/{node_id:str}/people", responses=READS, access=LEAD_NODE)
    async def list_people_of_node(
        self, request: BankRequest, node_id: FromPath[str], after: After = "", limit: Limit = 50
    ) -> Page[ResidentView]:
        """Who lives, or works, at a node or below it: for administrators, and for whoever leads it or one above.

        That somebody reads names and phones is written to the security log.
        """
        await node_on(request, node_id, request.today)
        await _must_lead(request, node_id)

        async def page(after: str | None, limit: int) -> Page[ResidentView]:
            binds = request.pool, request.bank_id, request.today, node_id, after or "", limit + 1
            found = page_of(await residences.people(*binds), limit, residences.place_of)
            await request.note_again("people-read", people=len(found.items))
            return Page(await _shown(request, found.items), found.next)

        return await paged(request, page, after, limit)

    @post("/{node_id:str}/rename", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def rename_node(
        self,
        request: BankRequest,
        node_id: FromPath[str],
        data: JSONBody[RenameNodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> NodeStatus:
        """Call a node otherwise from a day on that has not begun."""
        command = RenameNode(**request.stamp, node_id=NodeId(node_id), name=data.name, from_day=data.from_day)
        receipt = await request.execute(command, idempotency_key)
        return NodeStatus(node_id=node_id, status="open", position=receipt.position)

    @post("/{node_id:str}/move", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def move_node(
        self,
        request: BankRequest,
        node_id: FromPath[str],
        data: JSONBody[MoveNodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> NodeStatus:
        """Have a node, with all below it, below another from a day on that has not begun."""
        parent_id = NodeId(data.parent_id)
        command = MoveNode(**request.stamp, node_id=NodeId(node_id), parent_id=parent_id, from_day=data.from_day)
        receipt = await request.execute(command, idempotency_key)
        return NodeStatus(node_id=node_id, status="open", position=receipt.position)

    @post("/{node_id:str}/merge", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def merge_node(
        self,
        request: BankRequest,
        node_id: FromPath[str],
        data: JSONBody[MergeNodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> NodeStatus:
        """Make a node a part of another of its level from a day on that has not begun, with its people."""
        into_id = NodeId(data.into_id)
        command = MergeNode(**request.stamp, node_id=NodeId(node_id), into_id=into_id, from_day=data.from_day)
        receipt = await request.execute(command, idempotency_key)
        return NodeStatus(node_id=node_id, status="merged", position=receipt.position)

    @post("/{node_id:str}/close", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def close_node(
        self,
        request: BankRequest,
        node_id: FromPath[str],
        data: JSONBody[CloseNodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> NodeStatus:
        """Close a node at the end of a day, once nobody is at it any more."""
        command = CloseNode(**request.stamp, node_id=NodeId(node_id), until_day=data.until_day)
        receipt = await request.execute(command, idempotency_key)
        return NodeStatus(node_id=node_id, status="closed", position=receipt.position)

    @post("/{node_id:str}/leaders", responses=WRITES, access=APPOINT_LEADER)
    async def appoint_leader(
        self,
        request: BankRequest,
        node_id: FromPath[str],
        data: JSONBody[AppointLeaderRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> LeaderStatus:
        """Appoint somebody to lead a node; whoever leads it, or one above, appoints deputies within their own term."""
        command = AppointLeader(
            **request.stamp,
            appointment_id=AppointmentId(new_appointment_id()),
            volunteer_id=VolunteerId(data.volunteer_id),
            node_id=NodeId(node_id),
            source=data.source,
            duties=data.duties,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, AppointmentMade)
        return LeaderStatus(appointment_id=fact.appointment_id, status="in force", position=receipt.position)


async def node_on(request: BankRequest, node_id: str, day: date) -> NodeView:
    """A node as it is on a day. Raises `NodeUnknown`."""
    found = await nodes.one(request.pool, request.bank_id, day, node_id)
    if found is None:
        raise NodeUnknown(node_id=node_id)
    return found


async def _shown(request: BankRequest, residents: list[Resident]) -> list[ResidentView]:
    """Residents with names, numbers, phones and doors."""
    pool, bank_id, people = request.pool, request.bank_id, request.services.people
    briefs = await volunteers.briefly(pool, people, bank_id, [each.volunteer_id for each in residents])
    numbers = [each.number for each in briefs.values() if each.number]
    meant = await volunteers.meant_by(pool, people, bank_id, numbers=numbers)
    reached = {each.volunteer_id: each for each in meant}
    return [
        ResidentView(
            **msgspec.structs.asdict(each),
            volunteer_name=briefs[each.volunteer_id].name if each.volunteer_id in briefs else None,
            volunteer_number=briefs[each.volunteer_id].number if each.volunteer_id in briefs else None,
            volunteer_status=briefs[each.volunteer_id].status if each.volunteer_id in briefs else None,
            phone=reached[each.volunteer_id].phone if each.volunteer_id in reached else None,
            door=reached[each.volunteer_id].door if each.volunteer_id in reached else None,
        )
        for each in residents
    ]


async def _must_lead(request: BankRequest, node_id: str) -> None:
    """Refuse whoever leads neither a node nor one above it. Raises `NotWithinYourNode`."""
    if not await leads(request, node_id):
        raise NotWithinYourNode


def _in_tens(people: int) -> int | None:
    """As many people as are told to everybody."""
    return people // LEAST_PEOPLE * LEAST_PEOPLE or None


async def leads(request: BankRequest, node_id: str) -> bool:
    """Whether whoever asks leads a node, or one above it, or governs the bank."""
    rights = (request.acting, *request.user.acting_also)
    if any(each.governs for each in rights):
        return True
    above = await nodes.chain(request.pool, request.bank_id, request.today, node_id)
    return any(each.node_id in above for each in rights if each.node_id)
