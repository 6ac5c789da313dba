"""Plans: what an activity is to be, in one form, and whether it can be carried out."""

from datetime import datetime, timedelta

import msgspec

from timebank.domain.activities.refusals import ActivityInThePast, LeaderNotMember
from timebank.domain.credit.categories import must_be_listed
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.activities import Plan
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.domain.kernel import Key, Known, about, must_fit
from timebank.domain.organisations.memberships import Membership
from timebank.domain.organisations.rosters import Team, memories_of_team
from timebank.domain.places.nodes import Node
from timebank.domain.text import Line, Text, normal
from timebank.domain.times import must_be_believable

LONGEST = timedelta(hours=24)


def checked(plan: Plan) -> Plan:
    """This plan with all names in their normal form. Raises `NotWellFormed` or `UnbelievableTime`."""
    must_be_believable(starts_at=plan.starts_at, ends_at=plan.ends_at)
    must_fit(plan.content, Text, "content")
    names = {field: normal(getattr(plan, field)) for field in ("name", "category", "place")}
    lists = {field: tuple(map(normal, getattr(plan, field))) for field in ("skills", "programmes")}
    said = [*names.items(), *((field, each) for field, several in lists.items() for each in several)]
    for field, each in said:
        must_fit(each, Line, field)
    return msgspec.structs.replace(plan, **names, **lists)


def memories_of(plan: Plan, organisation_id: OrganisationId) -> tuple[Key, ...]:
    """What has to be known of whoever leads it, of its team, and of where it is."""
    node = (about(Node, plan.node_id),) if plan.node_id else ()
    leader = about(Membership, organisation_id, VolunteerId(plan.leader_id))
    return about(RuleBook), leader, *node, *memories_of_team(plan.team_id)


def must_be_possible(plan: Plan, known: Known, organisation_id: OrganisationId, at: datetime) -> None:
    """Refuse what cannot be carried out: times, category, leader, team or place. `known` has its memories."""
    if not timedelta(0) < plan.ends_at - plan.starts_at <= LONGEST or plan.ends_at <= at:
        raise ActivityInThePast
    day = plan.starts_at.astimezone(at.tzinfo).date()
    must_be_listed(known(RuleBook).on(day).rules, category=plan.category, activity=plan.name)
    if not known(Membership, organisation_id, VolunteerId(plan.leader_id)).lasts(day):
        raise LeaderNotMember
    if plan.team_id:
        known(Team, plan.team_id).must_have_been(organisation_id, day)
    if plan.node_id:
        known(Node, plan.node_id).must_be_open(day)
