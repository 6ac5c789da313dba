"""The places of the demo world: communities with their five levels, a leader for each court, and who lives where."""

from collections.abc import Iterator
from datetime import date, datetime
from random import Random
from typing import NamedTuple

from timebank.demo.names import COMMUNITIES
from timebank.demo.people import COURT_LEADERS
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import Source
from timebank.domain.identifiers import NodeId, VolunteerId, new_appointment_id, new_node_id
from timebank.domain.kernel import Command
from timebank.domain.places.leaders import AppointLeader
from timebank.domain.places.nodes import OpenNode
from timebank.domain.places.residences import SetResidence

SINCE = date(2024, 1, 1)
AREAS = ("东区", "西区", "中区")
SOURCES: tuple[Source, ...] = ("self", "recommended", "recruited")
DUTIES = ("每周走访独居老人", "收集居民意见", "报告安全隐患")


class Town(NamedTuple):
    """The communities, the courts of each, and a unit to live in in each court."""

    communities: list[NodeId]
    courts: list[NodeId]
    units: list[NodeId]


class _Builder:
    """Opens nodes, and remembers in which order."""

    def __init__(self, by: Acting, now: datetime) -> None:
        self._stamp = {"by": by, "at": now}
        self.commands: list[Command] = []

    def open(self, level: str, name: str, parent_id: NodeId | None = None) -> NodeId:
        """A node, below another or at the top."""
        node_id = new_node_id()
        said = {"level": level, "name": name, "from_day": SINCE}
        self.commands.append(OpenNode(**self._stamp, node_id=node_id, parent_id=parent_id, **said))  # type: ignore[arg-type]
        return node_id


def build(by: Acting, now: datetime) -> tuple[Town, list[Command]]:
    """The whole tree: communities, three areas in each, and in these the courts, each with a building and a unit."""
    builder, town = _Builder(by, now), Town([], [], [])
    areas: list[NodeId] = []
    for community in COMMUNITIES:
        town.communities.append(builder.open("社区", f"{community}社区"))
        areas += [builder.open("片区", each, town.communities[-1]) for each in AREAS]
    for number in range(COURT_LEADERS):
        area = areas[(number % len(COMMUNITIES)) * len(AREAS) + number // len(COMMUNITIES) % len(AREAS)]
        town.courts.append(builder.open("楼院", f"{number // len(COMMUNITIES) + 1}号院", area))
        town.units.append(builder.open("单元", "1单元", builder.open("楼栋", "1栋", town.courts[-1])))
    return town, builder.commands


def settle(by: Acting, now: datetime, town: Town, people: list[VolunteerId], random: Random) -> list[Command]:
    """A leader for each court, who lives there; and a home for everybody else in their own community."""
    return [*_leaders(by, now, town, people), *_homes(by, now, town, people, random)]


def _leaders(by: Acting, now: datetime, town: Town, people: list[VolunteerId]) -> Iterator[Command]:
    for number, (court, person) in enumerate(zip(town.courts, people, strict=False)):
        yield AppointLeader(
            by=by,
            at=now,
            appointment_id=new_appointment_id(),
            volunteer_id=person,
            node_id=court,
            source=SOURCES[number % len(SOURCES)],
            duties=DUTIES[: 1 + number % len(DUTIES)],
        )


def _homes(by: Acting, now: datetime, town: Town, people: list[VolunteerId], random: Random) -> Iterator[Command]:
    communities = len(town.communities)
    for number, person in enumerate(people):
        own = range(number % communities, COURT_LEADERS, communities)
        unit = number if number < COURT_LEADERS else random.choice(own)
        yield SetResidence(by=by, at=now, volunteer_id=person, node_id=town.units[unit], from_day=SINCE)
