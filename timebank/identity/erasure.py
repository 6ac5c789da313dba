"""Erasure: with the fact that says so, all that is personal about somebody goes, and all they sign in with."""

from collections.abc import Sequence
from uuid import UUID

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.domain.facts.people import VolunteerErased
from timebank.ledger.codec import Recorded
from timebank.vault.people import People

SQL = load_statements("timebank.identity", "erasure.sql")


class Erasure:
    """Erases whom the facts that are being recorded say to be erased."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def erase(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take part in the transaction that records the facts."""
        gone = [fact.volunteer_id for _, fact in recorded if isinstance(fact, VolunteerErased)]
        if gone:
            await self._people.forget(connection, bank_id, gone)
            await connection.execute(SQL["erase"], bank_id, gone)
