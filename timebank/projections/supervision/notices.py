"""What did others do that concerns somebody? Facts about them, and about activities that they signed up for."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.activities import ActivityCancelled, ActivityChanged
from timebank.domain.facts.credit import RewardReserved
from timebank.domain.facts.people import ProxyAppointed
from timebank.domain.vocabulary import TOLD

SQL = load_statements("timebank.projections.supervision", "notices.sql")

OF_ACTIVITIES = (ActivityChanged.TOPIC, ActivityCancelled.TOPIC)
"""What is told to all who signed up: the fact does not name them, however many they are."""


OF_THEIR_PROXIES = (RewardReserved.TOPIC,)
"""What is told to those alone for whom it was done, and not to others whom it names."""


OF_THEIR_OWN = (ProxyAppointed.TOPIC,)
"""What is told also to whoever did it: it lasts, and somebody else may have done it as them."""


class ByOthers(NamedTuple):
    """A fact about somebody, and whose act it is."""

    position: int
    recorded_at: datetime
    topic: str
    actor: str
    authority: str
    on_behalf_of: str | None
    data: bytes


async def page(
    pool: Pool, bank_id: UUID, volunteer_id: str, *, before: int, after: int, limit: int
) -> Sequence[ByOthers]:
    """What others did that concerns a volunteer, latest first, between two positions (neither included)."""
    topics = TOLD, before, after, limit, OF_ACTIVITIES, OF_THEIR_PROXIES, OF_THEIR_OWN
    rows = await pool.fetch(SQL["page"], bank_id, volunteer_id, *topics)
    return [ByOthers(**row) for row in rows]
