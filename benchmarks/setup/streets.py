"""What there is in a large bank besides service: the tree of places, who lives where, activities, duty, proposals."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from timebank.domain.facts.activities import ActivityPlanned, ActivityPublished, Plan, SignUpMade
from timebank.domain.facts.employments import DutyHours, EmploymentDeclared
from timebank.domain.facts.organisations import AppointmentMade
from timebank.domain.facts.people import ConsentGiven
from timebank.domain.facts.places import NodeOpened, ResidenceSet
from timebank.domain.facts.proposals import ServiceProposed
from timebank.domain.identifiers import (
    ActivityId,
    ActorId,
    AppointmentId,
    EmploymentId,
    NodeId,
    OrganisationId,
    ProposalId,
    VolunteerId,
)
from timebank.domain.kernel import Fact

LEVELS = ("社区", "楼院", "楼栋", "单元")
BELOW = (10, 3, 4)
"""How many places are below one of each level but the last."""

PEOPLE_A_COMMUNITY = 3_000


class Streets(NamedTuple):
    """The places of so many people, by number: those of a level follow each other."""

    people: int
    beginning: date
    now: datetime

    @property
    def communities(self) -> int:
        """How many places of the first level there are."""
        return max(2, self.people // PEOPLE_A_COMMUNITY)

    def node(self, depth: int, n: int) -> NodeId:
        """A place of a level."""
        return NodeId(f"nod_{depth}{n:031x}")

    def home(self, n: int) -> NodeId:
        """Where the volunteer lives."""
        return self.node(len(BELOW), n % self._of_level(len(BELOW)))

    def near(self, n: int) -> list[NodeId]:
        """Where the volunteer lives, and all that is above it."""
        at, nodes = n % self._of_level(len(BELOW)), [self.home(n)]
        for depth in range(len(BELOW) - 1, -1, -1):
            at //= BELOW[depth]
            nodes.append(self.node(depth, at))
        return nodes

    def _of_level(self, depth: int) -> int:
        count = self.communities
        for below in BELOW[:depth]:
            count *= below
        return count

    def places(self, by: ActorId, leader: VolunteerId) -> Iterator[Fact]:
        """The tree; two of three buildings have a leader."""
        for depth, level in enumerate(LEVELS):
            for n in range(self._of_level(depth)):
                node_id = self.node(depth, n)
                yield NodeOpened(
                    node_id=node_id,
                    parent_id=self.node(depth - 1, n // BELOW[depth - 1]) if depth else None,
                    level=level,
                    depth=depth,
                    name=f"{level}{n}",
                    from_day=self.beginning,
                )
                if depth == 2 and n % 3:
                    yield AppointmentMade(
                        appointment_id=AppointmentId(f"app_{n:032x}"),
                        volunteer_id=leader,
                        office="node-leader",
                        appointed_by=by,
                        node_id=node_id,
                        source="recommended",
                    )

    def activity(self, n: int, organisation_id: OrganisationId, by: ActorId) -> Iterator[Fact]:
        """An activity at a place, which is still open; each begins at another time of the next days."""
        activity_id = ActivityId(f"act_{n:032x}")
        starts_at = self.now + timedelta(minutes=30 * (n % 480) - 15)
        plan = Plan(
            name="楼道扶手擦洗",
            category="公共设施擦洗",
            content="带上抹布",
            place="社区服务中心",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=8),
            leader_id=by,
            node_id=self.near(n)[n % 2],
            seats=100_000,
        )
        yield ActivityPlanned(activity_id=activity_id, organisation_id=organisation_id, planned_by=by, plan=plan)
        yield ActivityPublished(activity_id=activity_id, organisation_id=organisation_id)

    def life(self, n: int, volunteer_id: VolunteerId, organisation_id: OrganisationId, activity: int) -> Iterator[Fact]:
        """What there is about a volunteer; of some more than of others."""
        if n % 2:
            yield ResidenceSet(volunteer_id=volunteer_id, node_id=self.home(n), from_day=self.beginning)
        if n % 10 == 3:
            yield ConsentGiven(volunteer_id=volunteer_id, purpose="be-asked")
        if n % 10 == 7:
            yield SignUpMade(
                activity_id=ActivityId(f"act_{activity:032x}"),
                volunteer_id=volunteer_id,
                organisation_id=organisation_id,
                made_by=ActorId(volunteer_id),
            )
        if n % 50 == 9:
            yield EmploymentDeclared(
                employment_id=EmploymentId(f"emp_{n:032x}"),
                volunteer_id=volunteer_id,
                organisation_id=organisation_id,
                kind="contract",
                hours=tuple(DutyHours(weekday=day, from_minute=540, until_minute=1020) for day in range(1, 6)),
                from_day=self.beginning,
            )
        if n % 50 == 11:
            yield ServiceProposed(
                proposal_id=ProposalId(f"pro_{n:032x}"),
                volunteer_id=volunteer_id,
                organisation_id=organisation_id,
                proposed_by=ActorId(volunteer_id),
                activity="邻里守望",
                category="邻里守望",
                started_at=self.now - timedelta(days=2),
                ended_at=self.now - timedelta(days=2, hours=-1),
                minutes=60,
            )
