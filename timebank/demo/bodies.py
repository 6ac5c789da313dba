"""The bodies of the demo world: six kinds in each of twenty communities, with their members."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from timebank.demo.names import BODIES, COMMUNITIES
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import Kind, Role
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId, new_membership_id, new_organisation_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.memberships import AddMember, ApproveMembership, EndMembership
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation

LAST_STEP = "迁出本社区"
"""Why the membership ended that is made last: it marks a world that is complete, and whom to try it as."""


class Body(NamedTuple):
    """A body of a community: who verifies and who coordinates for it, who belongs to it, who serves in its name."""

    organisation_id: OrganisationId
    name: str
    kind: Kind
    verifier: VolunteerId
    coordinator: VolunteerId
    member: VolunteerId
    neighbours: list[VolunteerId]


def bodies_of(people: list[VolunteerId]) -> list[Body]:
    """The bodies of all communities, each of which has an equal share of the people."""
    bodies = []
    for index, community in enumerate(COMMUNITIES):
        neighbours = people[index :: len(COMMUNITIES)]
        for number, (kind, pattern) in enumerate(BODIES.items()):
            staff = neighbours[number], neighbours[number + len(BODIES)], neighbours[number - len(BODIES)]
            name = pattern.format(community)
            bodies.append(Body(new_organisation_id(), name, kind, *staff, neighbours[len(BODIES) :]))
    return bodies


def establish(by: Acting, now: datetime, bodies: list[Body]) -> list[Command]:
    """Register and approve bodies, each with a verifier, a coordinator and a member."""
    return [command for body in bodies for command in _establishment(by, now, body)]


def _establishment(by: Acting, now: datetime, body: Body) -> Iterator[Command]:
    yield RegisterOrganisation(by=by, at=now, organisation_id=body.organisation_id, name=body.name, kind=body.kind)
    yield ApproveOrganisation(by=by, at=now, organisation_id=body.organisation_id)
    yield from _join(by, now, body, body.verifier, "verifier")
    yield from _join(by, now, body, body.coordinator, "coordinator")
    yield from _join(by, now, body, body.member, "member")


def _join(by: Acting, now: datetime, body: Body, volunteer_id: VolunteerId, role: Role) -> Iterator[Command]:
    yield AddMember(
        by=by,
        at=now,
        membership_id=new_membership_id(),
        organisation_id=body.organisation_id,
        volunteer_id=volunteer_id,
        role=role,
    )
    own = Acting(ActorId(volunteer_id), "volunteer")
    yield ApproveMembership(by=own, at=now, organisation_id=body.organisation_id, volunteer_id=volunteer_id)


def join_and_leave(by: Acting, now: datetime, body: Body, volunteer_id: VolunteerId) -> list[Command]:
    """The last step: a membership that ended."""
    leaving = EndMembership(
        by=Acting(ActorId(volunteer_id), "volunteer"),
        at=now,
        organisation_id=body.organisation_id,
        volunteer_id=volunteer_id,
        reason=LAST_STEP,
    )
    return [*_join(by, now, body, volunteer_id, "member"), leaving]
