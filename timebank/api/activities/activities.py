"""Activities: finding them, and what their organisation does with them."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from timebank.access.table import EVERYBODY, LOG_SERVICE, PEOPLE, VIEW_ACTIVITY, VIEW_RECORDS
from timebank.api.http.lists import listed, newest_of, paged
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    PRINTABLE,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WantedId,
)
from timebank.domain.activities.activities import CancelActivity, ChangeActivity, PlanActivity, PublishActivity
from timebank.domain.activities.refusals import ActivityUnknown
from timebank.domain.facts.activities import OpenTo, Plan, Seats
from timebank.domain.identifiers import ActivityId, ActorId, NodeId, OrganisationId, TeamId, new_activity_id
from timebank.domain.kernel import Moment
from timebank.domain.organisations.memberships import EVERY_ROLE, LOGS_SERVICE
from timebank.domain.person import Skills
from timebank.domain.refusals import UnbelievableTime
from timebank.domain.refusing import Refusal
from timebank.domain.service.descriptions import Programmes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable
from timebank.ledger.submission import Receipt
from timebank.projections.activities import activities
from timebank.projections.activities.activities import ActivityView
from timebank.projections.places import nodes, residences

REPEATED = 60


class Repeating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An activity that repeats: how many days lie between one and the next, and how many there are in all."""

    every_days: Annotated[int, Meta(ge=1, le=366)]
    times: Annotated[int, Meta(ge=2, le=REPEATED)]


class PlanRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an activity is to be: what, where, when, for how many (null: any number), and who leads it.

    `place` says where in words, `node_id` at which place of the tree; `team_id` in the name of which team. Where
    `signs_out` is false whoever signed in is there until the end.
    """

    name: Line
    category: Line
    content: Text
    place: Line
    starts_at: Moment
    ends_at: Moment
    leader_id: Somebody
    node_id: Id | None = None
    seats: Seats | None = None
    skills: Skills = ()
    programmes: Programmes = ()
    open_to: OpenTo = "everybody"
    is_insured: bool = False
    signs_out: bool = True
    team_id: Id | None = None

    def plan(self, days: int = 0) -> Plan:
        """The plan, so many days later than it says. Raises `UnbelievableTime`."""
        must_be_believable(starts_at=self.starts_at, ends_at=self.ends_at)
        later = timedelta(days=days)
        said: dict[str, Any] = {name: getattr(self, name) for name in Plan.__struct_fields__}
        said |= {"leader_id": ActorId(self.leader_id), "node_id": NodeId(self.node_id) if self.node_id else None}
        said |= {"team_id": TeamId(self.team_id) if self.team_id else None}
        return Plan(**(said | {"starts_at": self.starts_at + later, "ends_at": self.ends_at + later}))


class PlanAgainRequest(PlanRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an activity is to be, and how often."""

    repeats: Repeating | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """The activities that are planned now; whoever plans them has still to publish them."""

    activity_ids: list[str]
    status: str
    position: int


class ActivityStatus(Status, frozen=True, kw_only=True):
    """How the activity stands now."""

    activity_id: str


class PlanningController(Controller):
    """`/v1/organisations/{organisation_id}/activities`"""

    path = "/organisations/{organisation_id:str}/activities"
    tags = ("Activities",)

    @get(responses=READS, access=VIEW_RECORDS)
    async def list_activities_of_organisation(
        self, request: BankRequest, organisation_id: FromPath[str], after: WantedId = None, limit: Limit = 50
    ) -> Page[ActivityView]:
        """All activities of an organisation, planned ones too, latest first; for whoever sees its records."""
        await request.sight.records(organisation_id, None)
        whoever = request.user.person_id

        async def page(after: str | None, limit: int) -> list[ActivityView]:
            return await activities.of_organisation(
                request.pool, request.bank_id, whoever, organisation_id, after, limit
            )

        return await listed(request, page, after, limit, "activity_id")

    @post(responses=WRITES, access=LOG_SERVICE)
    async def plan_activity(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[PlanAgainRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Planned:
        """Plan an activity, or one that repeats: each is one of its own from then on. All are planned, or none."""
        repeats = data.repeats or Repeating(every_days=1, times=2)
        days = [n * repeats.every_days for n in range(repeats.times if data.repeats else 1)]
        commands = [
            PlanActivity(
                **request.stamp,
                activity_id=new_activity_id(),
                organisation_id=OrganisationId(organisation_id),
                plan=data.plan(each),
            )
            for each in days
        ]
        if len(commands) == 1:
            receipt = await request.execute(commands[0], idempotency_key)
            return _planned([receipt])
        request.must_afford(len(commands))
        tried = await request.submit(commands, None, dry_run=True)
        refused = next((each for each in tried if isinstance(each, Refusal)), None)
        if refused:
            raise refused
        outcomes = await request.submit(commands, idempotency_key, dry_run=False)
        return _planned([each for each in outcomes if isinstance(each, Receipt)])


def _planned(receipts: list[Receipt]) -> Planned:
    facts: list[Any] = [fact for each in receipts for fact in each.facts]
    position = max(each.position for each in receipts)
    return Planned(activity_ids=[fact.activity_id for fact in facts], status="planned", position=position)


class ActivityController(Controller):
    """`/v1/activities`"""

    path = "/activities"
    tags = ("Activities",)

    @get(responses=READS, access=EVERYBODY)
    async def list_activities(
        self,
        request: BankRequest,
        near: Annotated[
            str | None,
            QueryParameter(
                min_length=1,
                max_length=100,
                pattern=PRINTABLE,
                description="Only at this node or above it; `me` is where I live.",
            ),
        ] = None,
        after: Annotated[
            str | None,
            QueryParameter(
                min_length=1, max_length=200, pattern=PRINTABLE, description="The `next` of the page before."
            ),
        ] = None,
        limit: Limit = 50,
    ) -> Page[ActivityView]:
        """What one can sign up for: published and not over, in the order in which it starts."""
        at = await _near(request, near) if near else None
        whoever = request.user.person_id

        async def page(after: str | None, limit: int) -> Page[ActivityView]:
            cursor = _cursor(after) if after else None
            found = await activities.open_ones(
                request.pool, request.bank_id, whoever, request.now, cursor, limit + 1, at
            )
            kept = found[:limit]
            following = f"{kept[-1].starts_at.isoformat()}|{kept[-1].activity_id}" if len(found) > limit else None
            return Page(await request.named(kept), following)

        return await paged(request, page, after, limit)

    @get("/mine", responses=READS, access=PEOPLE)
    async def list_own_activities(
        self, request: BankRequest, after: WantedId = None, limit: Limit = 50
    ) -> Page[ActivityView]:
        """What one signed up for, or waits for, the latest plan first."""
        theirs = request.sight.registrations

        async def page(after: str | None, limit: int) -> list[ActivityView]:
            asked = partial(activities.own, request.pool, request.bank_id, after=after, limit=limit)
            return newest_of([await asked(volunteer_id=each) for each in reversed(theirs)], "activity_id", limit)

        return await listed(request, page, after, limit, "activity_id")

    @get("/{activity_id:str}", responses=READS, access=VIEW_ACTIVITY)
    async def get_activity(self, request: BankRequest, activity_id: FromPath[str]) -> ActivityView:
        """One activity; before it is published only for whoever sees its organisation's records, or leads it."""
        found = await seen_activity(request, activity_id)
        (shown,) = await request.named([found])
        return shown

    @post("/{activity_id:str}/publish", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def publish_activity(
        self, request: BankRequest, activity_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> ActivityStatus:
        """Let everybody see the activity, and sign up."""
        command = PublishActivity(**request.stamp, activity_id=ActivityId(activity_id))
        receipt = await request.execute(command, idempotency_key)
        return ActivityStatus(activity_id=activity_id, status="published", position=receipt.position)

    @post("/{activity_id:str}/change", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def change_activity(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[PlanRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ActivityStatus:
        """Have an activity otherwise, until somebody is there; new seats go to those who waited longest."""
        command = ChangeActivity(**request.stamp, activity_id=ActivityId(activity_id), plan=data.plan())
        receipt = await request.execute(command, idempotency_key)
        return ActivityStatus(activity_id=activity_id, status="changed", position=receipt.position)

    @post("/{activity_id:str}/cancel", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def cancel_activity(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ActivityStatus:
        """Say that an activity does not take place, and why: whoever signed up reads it."""
        command = CancelActivity(**request.stamp, activity_id=ActivityId(activity_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return ActivityStatus(activity_id=activity_id, status="cancelled", position=receipt.position)


async def seen_activity(request: BankRequest, activity_id: str) -> ActivityView:
    """An activity that whoever asks may see. Raises `ActivityUnknown`."""
    await request.wait_for_reads()
    whoever = request.user.person_id
    found = await activities.one(request.pool, request.bank_id, whoever, activity_id)
    if found is None or (found.status == "planned" and not (request.sight.sees_all or await organises(request, found))):
        raise ActivityUnknown(activity_id=activity_id)
    return found


async def organises(request: BankRequest, activity: ActivityView) -> bool:
    """Whether whoever asks organises an activity, or leads it, as a member."""
    leads = activity.leader_id == request.user.person_id
    served = await request.sight.organisations(EVERY_ROLE if leads else LOGS_SERVICE)
    return request.sight.sees_people or activity.organisation_id in served


async def _near(request: BankRequest, near: str) -> list[str]:
    """The nodes that are near: a node and all above it, or where whoever asks lives today."""
    node_id: str | None = near
    if near == "me":
        own_id = request.user.person_id
        lived = await residences.lives_at(request.pool, request.bank_id, own_id) if own_id else []
        node_id = next((each.node_id for each in reversed(lived) if each.from_day <= request.today), None)
    return await nodes.chain(request.pool, request.bank_id, request.today, node_id) if node_id else []


def _cursor(after: str) -> tuple[datetime, str]:
    moment, _, activity_id = after.partition("|")
    try:
        start = msgspec.convert(moment, Moment)
        must_be_believable(after=start)
        return start, activity_id
    except (msgspec.ValidationError, UnbelievableTime):
        told = "This is not the `next` of a page."
        raise ValidationException(told, extra=[{"message": told, "key": "after"}]) from None
