"""The activities of the demo world: each community's in the month before, and one that is to come."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from timebank.demo.bodies import Body
from timebank.demo.names import ACTIVITIES
from timebank.demo.places import Town
from timebank.demo.teams import Teams
from timebank.domain.acting import Acting
from timebank.domain.activities.activities import PlanActivity, PublishActivity
from timebank.domain.activities.attendance import CheckIn, CheckOut
from timebank.domain.activities.closing import CloseActivity
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.facts.activities import Plan
from timebank.domain.identifiers import (
    ActivityId,
    ActorId,
    NodeId,
    RecordId,
    VolunteerId,
    new_activity_id,
    new_entry_id,
    new_record_id,
    numbered,
)
from timebank.domain.kernel import Command
from timebank.domain.service.reviews import ConfirmService

DAYS_AGO = (26, 19, 12, 5)
"""Weeks apart; of each community's activities one more is to come in a week."""

COMERS = 6


def a_month(bodies: list[Body], squads: list[Teams], town: Town, now: datetime, random: Random) -> list[list[Command]]:
    """All of it, step by step: what is planned and attended, what is closed, and what is confirmed."""
    happening: list[Command] = []
    closing: list[Command] = []
    confirming: list[Command] = []
    for body, teams, community in zip(bodies, squads, town.communities, strict=True):
        for days_ago in DAYS_AGO:
            starts_at = now.replace(hour=15, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
            activity_id, first = new_activity_id(), new_record_id()
            comers = random.sample(body.neighbours, COMERS)
            happening += [*_planned(body, teams, community, activity_id, starts_at, random)]
            happening += [*_attended(body, activity_id, starts_at, comers, random)]
            closing.append(_closed(body, activity_id, starts_at, first))
            confirming += _confirmed(body, first, now)
        happening += _planned(body, teams, community, new_activity_id(), now + timedelta(days=7), random)
    return [happening, closing, confirming]


def _leader(body: Body) -> Acting:
    return Acting(ActorId(body.member), "volunteer")


def _program(body: Body) -> Acting:
    return Acting(ActorId(body.organisation_id), "organisation")


def _planned(
    body: Body, teams: Teams, community: NodeId, activity_id: ActivityId, starts_at: datetime, random: Random
) -> Iterator[Command]:
    name, category, programme = random.choice(ACTIVITIES)
    plan = Plan(
        name=name,
        category=category,
        content=f"{name},请穿志愿者马甲",
        place="社区服务中心",
        node_id=community,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        leader_id=ActorId(body.member),
        seats=20,
        programmes=(programme,) if programme else (),
        is_insured=True,
        team_id=teams.patrol if category == "治安巡逻" else None,
    )
    then: dict[str, Any] = {"by": _program(body), "at": starts_at - timedelta(days=7), "activity_id": activity_id}
    yield PlanActivity(**then, organisation_id=body.organisation_id, plan=plan)
    yield PublishActivity(**then)


def _attended(
    body: Body, activity_id: ActivityId, starts_at: datetime, comers: list[VolunteerId], random: Random
) -> Iterator[Command]:
    """The leader and those who signed up come and leave; now and then one does not come."""
    for person in (body.member, *comers):
        own: dict[str, Any] = {"by": Acting(ActorId(person), "volunteer"), "activity_id": activity_id}
        own |= {"volunteer_id": person}
        yield SignUp(**own, at=starts_at - timedelta(days=2))
        if person != body.member and random.random() < 0.1:
            continue
        came, left = starts_at + timedelta(minutes=random.randrange(-20, 10)), starts_at + timedelta(minutes=119)
        yield CheckIn(**own, at=came, proof="code", entry_id=new_entry_id())
        yield CheckOut(**own, at=left, proof="code", entry_id=new_entry_id())


def _closed(body: Body, activity_id: ActivityId, starts_at: datetime, first: RecordId) -> Command:
    at = starts_at + timedelta(hours=3)
    return CloseActivity(by=_leader(body), at=at, activity_id=activity_id, first_record_id=first)


def _confirmed(body: Body, first: RecordId, now: datetime) -> list[Command]:
    """Another confirms all there are; of those who did not come there is none, which is refused."""
    verifier = Acting(ActorId(body.verifier), "volunteer")
    return [ConfirmService(by=verifier, at=now, record_id=numbered(first, each)) for each in range(COMERS)]
