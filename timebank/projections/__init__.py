"""Read models: one module per question asked, its SQL beside it. All can be thrown away and rebuilt from the log."""

from timebank.projections import (
    api_keys,
    balances,
    funds,
    leaderboards,
    memberships,
    offices,
    organisations,
    proxies,
    redemptions,
    rewards,
    service_records,
    transfers,
    volunteers,
)
from timebank.projections.projection import Projection

FOLLOWING: tuple[Projection, ...] = (
    volunteers.PROJECTION,
    organisations.PROJECTION,
    memberships.PROJECTION,
    service_records.PROJECTION,
    leaderboards.PROJECTION,
    rewards.PROJECTION,
    redemptions.PROJECTION,
    funds.PROJECTION,
    transfers.PROJECTION,
)
"""The projections that follow the log, a moment behind it."""

INLINE: tuple[Projection, ...] = (balances.PROJECTION, offices.PROJECTION, proxies.PROJECTION, api_keys.PROJECTION)
"""The projections that are written in the append transaction itself, and so never behind the log."""

EVERY: tuple[Projection, ...] = (*INLINE, *FOLLOWING)
"""All of them."""
