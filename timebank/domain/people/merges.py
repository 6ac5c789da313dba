"""Merges: two registrations of one person become one. Somebody proposes it, another approves or declines.

Doubles are never merged silently; what approving one comes to is in `merging.py`, above all that it concerns.
"""

from collections.abc import Iterator, Sequence

from timebank.domain.acting import must_govern
from timebank.domain.facts.people import MergeDeclined, MergeProposed, RegistrationsMerged
from timebank.domain.identifiers import MergeId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.refusals import (
    MergeAlreadyProposed,
    MergeNotOpen,
    MergeOfOneself,
    MergeUnknown,
    ProposerDecides,
    SameRegistration,
)
from timebank.domain.people.volunteers import Volunteer, is_one_of
from timebank.domain.refusals import OfficeMissing
from timebank.domain.text import Text


class Merge(Memory):
    """One proposal, as it now stands."""

    status = "unknown"
    proposed: MergeProposed

    def __init__(self, merge_id: MergeId) -> None:
        super().__init__(merge_id)
        self.merge_id = merge_id

    @event(MergeProposed)
    def _(self, fact: MergeProposed) -> None:
        self.status, self.proposed = "proposed", fact

    @event(MergeDeclined)
    def _(self) -> None:
        self.status = "declined"

    @event(RegistrationsMerged)
    def _(self) -> None:
        self.status = "approved"

    def must_be_open(self) -> MergeProposed:
        """The proposal. Refuses where there is none, or where it was decided on."""
        if self.status == "unknown":
            raise MergeUnknown(merge_id=self.merge_id)
        if self.status != "proposed":
            raise MergeNotOpen(merge_id=self.merge_id, status=self.status)
        return self.proposed


class ProposedMerges(Memory):
    """What is proposed of one registration, and not decided on."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.open: dict[MergeId, frozenset[VolunteerId]] = {}
        self.merges: dict[MergeId, VolunteerId] = {}

    @event(MergeProposed)
    def _(self, fact: MergeProposed) -> None:
        self.open[fact.merge_id] = frozenset((fact.kept_id, fact.merged_id))
        self.merges[fact.merge_id] = fact.merged_id

    @event(MergeDeclined)
    def _(self, merge_id: MergeId) -> None:
        self.open.pop(merge_id, None)

    @event(RegistrationsMerged)
    def _(self, merge_id: MergeId) -> None:
        self.open.pop(merge_id, None)

    def must_be_the_first(self, kept_id: VolunteerId, merged_id: VolunteerId) -> None:
        """Refuse a second proposal for two registrations, or to merge the same one."""
        for merge_id, both in self.open.items():
            if both == {kept_id, merged_id} or self.merges[merge_id] == merged_id:
                raise MergeAlreadyProposed(merge_id=merge_id)


class ProposeMerge(Command, frozen=True, kw_only=True):
    """Say that two registrations are one person's, and which of them is to be kept: by whoever registers people.

    Nobody proposes it of themselves, or of whom they spend for: somebody else's credit would come to them.
    """

    merge_id: MergeId
    kept_id: VolunteerId
    merged_id: VolunteerId
    reason: Text

    def needs(self) -> Sequence[Key]:
        return (
            about(Volunteer, self.kept_id),
            about(Volunteer, self.merged_id),
            about(ProposedMerges, self.merged_id),
            *(key for each in (self.kept_id, self.merged_id) for key in memories_of_benefit(self.by, each)),
        )

    def decide(self, known: Known) -> Iterator[Fact]:
        if self.by.authority not in {"operator", "administrator", "node-leader", "organisation"}:
            raise OfficeMissing(office="administrator or node-leader")
        must_be_mergeable(known, self.kept_id, self.merged_id)
        if self.kept_id == self.merged_id:
            raise SameRegistration
        if any(benefits(known, self.by, each, self.at.date()) for each in (self.kept_id, self.merged_id)):
            raise MergeOfOneself
        known(ProposedMerges, self.merged_id).must_be_the_first(self.kept_id, self.merged_id)
        yield MergeProposed(
            merge_id=self.merge_id,
            kept_id=self.kept_id,
            merged_id=self.merged_id,
            proposed_by=self.by.actor,
            reason=self.reason,
            key_issued_by=self.by.key_issued_by,
        )


def must_be_mergeable(known: Known, kept_id: VolunteerId, merged_id: VolunteerId) -> None:
    """Refuse if the one to keep is not active, or the other is erased, or suspended: merging would undo that."""
    known(Volunteer, kept_id).must_be_active()
    merged = known(Volunteer, merged_id)
    merged.must_not_be_erased()
    merged.must_not_be_suspended()


class OnMerge(Command, frozen=True, kw_only=True):
    """What approving and declining have in common: an administrator does it, about other people's registrations."""

    merge_id: MergeId

    def needs(self) -> Sequence[Key]:
        return (about(Merge, self.merge_id),)

    def decided_on(self, known: Known) -> MergeProposed:
        """The proposal. Refuses whoever may not decide on it."""
        must_govern(self.by)
        proposed = known(Merge, self.merge_id).must_be_open()
        if any(is_one_of(known, each, self.by.eyes) for each in (proposed.kept_id, proposed.merged_id)):
            raise MergeOfOneself
        return proposed


class DeclineMerge(OnMerge, frozen=True, kw_only=True):
    """Find that the two are not to be merged; whoever proposed it can take it back so."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        proposed = self.decided_on(known)
        yield MergeDeclined(
            merge_id=self.merge_id,
            kept_id=proposed.kept_id,
            merged_id=proposed.merged_id,
            declined_by=self.by.actor,
            reason=self.reason,
        )


def must_be_anothers(command: Command, proposed: MergeProposed, known: Known) -> None:
    """Refuse whoever proposed it, under whichever of their numbers, or issued the key by which it was proposed."""
    if any(is_one_of(known, VolunteerId(each), command.by.eyes) for each in proposed.proposers):
        raise ProposerDecides
