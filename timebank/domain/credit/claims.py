"""Claims: what one person has of a reward whose quota is for each person: what they paid for, and what was for them."""

from datetime import date
from typing import NamedTuple

from timebank.domain.credit.refusals import NO_MORE_FOR_ONE, PersonalQuotaReached
from timebank.domain.credit.rewards import until_when
from timebank.domain.facts.credit import (
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
    RewardTerms,
)
from timebank.domain.identifiers import RedemptionId, RewardId, VolunteerId
from timebank.domain.kernel import Known, Memory, event
from timebank.domain.people.volunteers import registrations_of


class ByAnother(NamedTuple):
    """What somebody reserved for another, and with whose credit."""

    redemption_id: RedemptionId
    payer_id: VolunteerId


class RewardClaims(Memory):
    """Which reservations of a reward one number paid for or was given, by period of the reward's quota.

    Which, and not how many: a person with two numbers who paid under one for the other has taken one, and not two.
    `payers` has who pays for what others have reserved for them and nobody has come for yet.
    """

    def __init__(self, reward_id: RewardId, volunteer_id: VolunteerId) -> None:
        super().__init__(reward_id, volunteer_id)
        self.volunteer_id = volunteer_id
        self.taken: dict[str, set[RedemptionId]] = {}
        self.payers: dict[RedemptionId, VolunteerId] = {}

    @event(RewardReserved)
    def _(self, redemption_id: RedemptionId, period: str, volunteer_id: VolunteerId) -> None:
        self.taken.setdefault(period, set()).add(redemption_id)
        if volunteer_id != self.volunteer_id:
            self.payers[redemption_id] = volunteer_id

    @event(RewardFulfilled)
    def _(self, redemption_id: RedemptionId) -> None:
        self.payers.pop(redemption_id, None)

    @event(ReservationCancelled)
    def _(self, redemption_id: RedemptionId, period: str) -> None:
        self._release(redemption_id, period)

    @event(ReservationExpired)
    def _(self, redemption_id: RedemptionId, period: str) -> None:
        self._release(redemption_id, period)

    def _release(self, redemption_id: RedemptionId, period: str) -> None:
        self.taken.setdefault(period, set()).discard(redemption_id)
        self.payers.pop(redemption_id, None)


def must_have_left(known: Known, reward_id: RewardId, person: VolunteerId, terms: RewardTerms, today: date) -> None:
    """Refuse where a person has used up their quota of the period, under all of their numbers together."""
    if terms.quota_per_person is not None and _too_many(known, reward_id, person, terms, today) > 0:
        raise PersonalQuotaReached(quota=terms.quota_per_person, **until_when(terms, today, NO_MORE_FOR_ONE))


def what_gives_way(
    known: Known, reward_id: RewardId, person: VolunteerId, terms: RewardTerms, today: date
) -> ByAnother | None:
    """What somebody else reserved for a person in the period of today, if without it they could have one more."""
    people = registrations_of(known, person)
    claims = [each for one in people if (each := known.find(RewardClaims, reward_id, one))]
    if len(claims) < len(people) or _too_many(known, reward_id, person, terms, today) != 1:
        return None
    theirs = set().union(*(each.taken.get(terms.period(today), ()) for each in claims))
    found = (ByAnother(*item) for each in claims for item in each.payers.items())
    return min((each for each in found if each.redemption_id in theirs and each.payer_id not in people), default=None)


def _too_many(known: Known, reward_id: RewardId, person: VolunteerId, terms: RewardTerms, today: date) -> int:
    """How many more a person would have with one more than they can have."""
    claims = [known(RewardClaims, reward_id, each) for each in registrations_of(known, person)]
    taken = set().union(*(each.taken.get(terms.period(today), ()) for each in claims))
    return len(taken) + 1 - (terms.quota_per_person or 0)
