"""What there is: whoever asks about something else is told so, instead of being shown an empty list."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from timebank.db.connections import Pool
from timebank.domain.credit.refusals import RewardUnknown
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.refusing import NotFound
from timebank.projections.credit import rewards
from timebank.projections.organisations import organisations
from timebank.projections.people import volunteers

_Looks = Callable[[Pool, UUID, str], Awaitable[bool]]

KINDS: dict[str, tuple[str, _Looks, type[NotFound]]] = {
    "volunteer_id": ("volunteer_id", volunteers.is_known, VolunteerUnknown),
    "organisation_id": ("organisation_id", organisations.is_known, OrganisationUnknown),
    "provider_id": ("organisation_id", organisations.is_known, OrganisationUnknown),
    "reward_id": ("reward_id", rewards.is_known, RewardUnknown),
}
"""By the name of a parameter: what it names, how to find out whether there is such a thing, and what to say if not."""


async def must_be_known(pool: Pool, bank_id: UUID, parameter: str, value: str) -> None:
    """Raise the `NotFound` of a parameter whose value names nothing in the bank."""
    name, is_known, unknown = KINDS[parameter]
    if not await is_known(pool, bank_id, value):
        refusal = unknown(**{name: value})
        refusal.field = parameter
        raise refusal
