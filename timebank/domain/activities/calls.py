"""Call-up: in an emergency those are asked to come who agreed to be asked, by where they live and what they can."""

from collections.abc import Iterator, Sequence
from datetime import date

from timebank.domain.activities.activities import Activity, OnActivity
from timebank.domain.activities.refusals import TooManyCalled, TooManyCallUps
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.activities import CallMade
from timebank.domain.facts.credit import CalledAtOnce
from timebank.domain.identifiers import NodeId, OrganisationId
from timebank.domain.kernel import Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import MANAGES_MEMBERS
from timebank.domain.places.nodes import Node
from timebank.domain.text import Line, Text


class CallUps(Memory):
    """How often an organisation has called people up on the local day on which it did so last."""

    day: date | None = None
    times = 0

    def __init__(self, organisation_id: OrganisationId) -> None:
        super().__init__(organisation_id)

    @event(CallMade)
    def _(self, local_date: date | None) -> None:
        self.times = self.times + 1 if local_date == self.day else 1
        self.day = local_date

    def must_be_fewer(self, most: int, today: date) -> None:
        """Refuse more call-ups than the rule book allows an organisation on a day."""
        if self.day == today and self.times >= most:
            raise TooManyCallUps(most=most)


class CallUp(OnActivity, frozen=True, kw_only=True):
    """Ask those who live at a node or below it, and can do something, if that is needed, to come to an activity.

    Coordinators do, and administrators: they see names and phones. So many `people` are named at most; as many as the
    rule book allows, where it is not said.
    """

    node_id: NodeId
    skill: Line | None = None
    reason: Text
    people: CalledAtOnce | None = None

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        theirs = () if activity.status == "unknown" else (about(CallUps, activity.organisation_id),)
        return *super().also_needs(known), about(Node, self.node_id), about(RuleBook), *theirs

    def decide(self, known: Known) -> Iterator[Fact]:
        activity, today = self.must_organise(known, MANAGES_MEMBERS), self.at.date()
        activity.must_be("published")
        known(Node, self.node_id).must_be_open(today)
        rules = known(RuleBook).on(today).rules
        people = rules.called_at_once if self.people is None else self.people
        if people > rules.called_at_once:
            raise TooManyCalled(most=rules.called_at_once)
        if not self.by.governs:
            known(CallUps, activity.organisation_id).must_be_fewer(rules.call_ups_per_day, today)
        yield CallMade(
            activity_id=self.activity_id,
            organisation_id=activity.organisation_id,
            called_by=self.by.actor,
            node_id=self.node_id,
            skill=self.skill,
            reason=self.reason,
            people=people,
            local_date=today,
        )
