"""An account told at once, from all its facts: what every page, stretch and checkpoint has to agree with."""

from collections import Counter
from collections.abc import Iterable
from datetime import tzinfo
from uuid import UUID

from timebank.db.connections import Pool
from timebank.domain.credit.accounts import POSTED
from timebank.domain.credit.causes import Cause
from timebank.domain.credit.statements import Entry, Line
from timebank.domain.facts.service import ServiceLogged
from timebank.ledger.codec import decode

TOLD = (ServiceLogged, *POSTED)
"""The facts a statement is made of; what was logged says what the service was."""

ENTRIES = """
select e.position, e.recorded_at, e.topic, e.data
  from event_tag t join event e using (bank_id, position)
 where t.bank_id = $1 and t.key in (select tag_key($2, topic) from unnest($3::text[]) topic) order by e.position
"""


async def entries(pool: Pool, bank_id: UUID, volunteer_id: str, zone: tzinfo) -> list[Entry]:
    """All facts that a volunteer's statement is made of, with their times in the bank's zone."""
    rows = await pool.fetch(ENTRIES, bank_id, volunteer_id, [fact.TOPIC for fact in TOLD])
    return [Entry(r["position"], r["recorded_at"].astimezone(zone), decode(r["topic"], r["data"])) for r in rows]


def sums(told: Iterable[Line]) -> dict[Cause, int]:
    """The parts of many lines, added up by cause."""
    total: Counter[Cause] = Counter()
    for line in told:
        for part in line.parts:
            total[part.cause] += part.minutes
    return {cause: minutes for cause, minutes in total.items() if minutes}
