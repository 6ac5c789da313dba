"""Call-up: in an emergency those are asked to come who agreed to be asked, by where they live and what they can."""

from collections.abc import Iterator, Sequence

from timebank.domain.activities.activities import OnActivity
from timebank.domain.facts.activities import CallMade
from timebank.domain.identifiers import NodeId
from timebank.domain.kernel import Fact, Key, Known, about
from timebank.domain.places.nodes import Node
from timebank.domain.text import Line, Text


class CallUp(OnActivity, frozen=True, kw_only=True):
    """Ask those who live at a node or below it, and can do something, if that is needed, to come to an activity."""

    node_id: NodeId
    skill: Line | None = None
    reason: Text

    def also_needs(self, known: Known) -> Sequence[Key]:
        return *super().also_needs(known), about(Node, self.node_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known, or_lead=True)
        activity.must_be("published")
        known(Node, self.node_id).must_be_open(self.at.date())
        yield CallMade(
            activity_id=self.activity_id,
            organisation_id=activity.organisation_id,
            called_by=self.by.actor,
            node_id=self.node_id,
            skill=self.skill,
            reason=self.reason,
        )
