"""What happened on an account, and why is on it what is on it? Told from the log itself, so never behind it."""

from datetime import tzinfo
from uuid import UUID

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.credit.statements import TOLD, Entry
from timebank.ledger.codec import decode

SQL = load_statements("timebank.projections.credit", "statements.sql")

_TOPICS = [fact.TOPIC for fact in TOLD]


async def entries(pool: Pool, bank_id: UUID, volunteer_id: str, zone: tzinfo) -> list[Entry]:
    """All facts that a volunteer's statement is made of, with their times in the bank's zone."""
    rows = await pool.fetch(SQL["entries"], bank_id, volunteer_id, _TOPICS)
    return [
        Entry(row["position"], row["recorded_at"].astimezone(zone), decode(row["topic"], row["data"])) for row in rows
    ]
