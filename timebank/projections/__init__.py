"""Read models: one module per question asked, its SQL beside it. All can be thrown away and rebuilt from the log."""

from timebank.projections import balances, leaderboards, memberships, organisations, service_records, volunteers
from timebank.projections.projection import Projection

FOLLOWING: tuple[Projection, ...] = (
    volunteers.PROJECTION,
    organisations.PROJECTION,
    memberships.PROJECTION,
    service_records.PROJECTION,
    leaderboards.PROJECTION,
)
"""The projections that follow the log, a moment behind it."""

EVERY: tuple[Projection, ...] = (balances.PROJECTION, *FOLLOWING)
"""All of them; balances are written in the append transaction itself."""
