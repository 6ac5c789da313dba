"""Merging: what two registrations of one person become when somebody approves it.

What is open of the one that is merged ends as when somebody leaves; its credit and debt go to the one that is kept.
What it served stays recorded under it, and is the same person's from now on: it takes their time, and counts for them.
What was not agreed to under both numbers is agreed to no more: the person is asked anew.
"""

from collections.abc import Iterator, Sequence

from timebank.domain.credit.accounts import Balance
from timebank.domain.endings import all_that_ends, memories_of_each, memories_of_what_ends, released
from timebank.domain.facts.people import ConsentWithdrawn, MergeProposed, RegistrationsMerged
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact, Key, Known, about
from timebank.domain.people.merges import Merge, OnMerge, must_be_anothers, must_be_mergeable
from timebank.domain.people.proxies import benefits, memories_of_benefit, memories_of_spending, spends
from timebank.domain.people.refusals import MergeOfOneself, ProposerBenefits
from timebank.domain.people.volunteers import Consents, Volunteer, is_one_of
from timebank.domain.service.overlaps import ServedTimes, must_not_overlap

MERGED = "the registration was merged with another"


class ApproveMerge(OnMerge, frozen=True, kw_only=True):
    """Merge two registrations. It cannot be undone.

    Refused while records of the one that goes wait to be confirmed, or self-reports to be taken up, and while confirmed
    records of both overlap: one of them has to be voided first.
    """

    def also_needs(self, known: Known) -> Sequence[Key]:
        merge = known(Merge, self.merge_id)
        if merge.status != "proposed":
            return ()
        kept_id, merged_id = merge.proposed.kept_id, merge.proposed.merged_id
        ends = memories_of_what_ends(merged_id)
        people = [about(Volunteer, each) for each in (kept_id, merged_id)]
        kept = about(Balance, kept_id), about(Consents, kept_id)
        proposers = memories_of_spending(merge.proposed.proposers, kept_id, known)
        keys = [*people, *kept, *ends, *memories_of_benefit(self.by, kept_id), *proposers]
        if not all(map(known.knows, keys)):
            return keys
        keys += memories_of_each(known, merged_id)
        times = (kept_id, *known(Volunteer, kept_id).earlier, merged_id, *known(Volunteer, merged_id).earlier)
        return [*keys, *(about(ServedTimes, each) for each in times)]

    def benefits_proposer(self, known: Known, proposed: MergeProposed) -> bool:
        """Whether whoever proposed it turned out to be one of the two, or may spend by now what comes of it."""
        is_theirs = any(is_one_of(known, each, proposed.proposers) for each in (proposed.kept_id, proposed.merged_id))
        return is_theirs or spends(known, proposed.proposers, proposed.kept_id, self.at.date())

    def decide(self, known: Known) -> Iterator[Fact]:
        proposed = self.decided_on(known)
        must_be_anothers(self, proposed, known)
        kept_id, merged_id = proposed.kept_id, proposed.merged_id
        if benefits(known, self.by, kept_id, self.at.date()):
            raise MergeOfOneself
        if self.benefits_proposer(known, proposed):
            raise ProposerBenefits
        must_be_mergeable(known, kept_id, merged_id)
        kept, merged = known(Volunteer, kept_id), known(Volunteer, merged_id)
        known(ServedTimes, merged_id).must_be_decided()
        must_not_overlap(known, (kept_id, *kept.earlier), (merged_id, *merged.earlier))
        yield from all_that_ends(known, merged_id, self)
        yield from _not_agreed_to_twice(known, kept_id, merged_id)
        given_back, balance = released(known, merged_id, self.by.actor, MERGED)
        yield from given_back
        came = balance.available_minutes - balance.debt_minutes
        yield RegistrationsMerged(
            merge_id=self.merge_id,
            kept_id=kept_id,
            merged_id=merged_id,
            kept_number=kept.number,
            approved_by=self.by.actor,
            available_minutes=balance.available_minutes,
            debt_minutes=balance.debt_minutes,
            debt_change_minutes=known(Balance, kept_id).debt_change(came),
            earlier_ids=tuple(sorted(merged.earlier)),
        )


def _not_agreed_to_twice(known: Known, kept_id: VolunteerId, merged_id: VolunteerId) -> Iterator[Fact]:
    """What was private under the number that goes becomes private under the one that is kept."""
    alone = known(Consents, kept_id).purposes - known(Consents, merged_id).purposes
    for purpose in sorted(alone):
        yield ConsentWithdrawn(volunteer_id=kept_id, purpose=purpose)
