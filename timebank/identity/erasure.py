"""Erasure: with the fact that says so, all that is personal about somebody goes, and all they sign in with.

Where registrations are merged, what they sign in with goes with the one that goes, and who it is moves to the other.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import RegistrationsMerged, VolunteerErased, VolunteerSuspended
from timebank.identity.sessions import CHANNEL
from timebank.ledger.codec import Recorded
from timebank.vault.erased import Whom
from timebank.vault.people import People

SQL = load_statements("timebank.identity", "erasure.sql")


class Erasure:
    """Erases whom the facts that are being recorded say to be erased."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def erase(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take part in the transaction that records the facts."""
        gone = [each for _, fact in recorded if isinstance(fact, VolunteerErased) for each in fact.everybody]
        if gone:
            await self._forget(connection, bank_id, gone)

    async def merge(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Move or delete what is personal of registrations that these facts merge, in the same transaction."""
        merged = [fact for _, fact in recorded if isinstance(fact, RegistrationsMerged)]
        for fact in merged:
            await self._people.merge(connection, bank_id, fact.kept_id, fact.merged_id)
        if merged:
            await connection.execute(SQL["shut_out"], bank_id, [fact.merged_id for fact in merged])

    async def sign_out(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """End the sessions of who is suspended, in the same transaction: somebody else may have got in as them.

        They may sign in again. Whoever leaves looks at what is theirs on, in the session in which they do it.
        """
        gone = [fact.volunteer_id for _, fact in recorded if isinstance(fact, VolunteerSuspended)]
        if gone:
            await connection.execute(SQL["sign_out"], bank_id, gone, CHANNEL)

    async def _forget(self, connection: Connection, bank_id: UUID, gone: Sequence[str]) -> None:
        await self._people.forget(connection, bank_id, gone)
        await connection.execute(SQL["erase"], bank_id, gone)

    async def forget(self, pool: Pool, bank_id: UUID, gone: Sequence[str]) -> None:
        """Delete all that is personal about some people without a fact, where none can be recorded yet."""
        async with pool.acquire() as connection, connection.transaction():
            await self._forget(connection, bank_id, gone)

    async def erased(self, pool: Pool) -> set[Whom]:
        """All whom the logs say to be erased."""
        return {(row["bank_id"], row["volunteer_id"]) for row in await pool.fetch(SQL["erased"])}

    async def not_erased(self, pool: Pool, whom: Iterable[Whom]) -> set[Whom]:
        """Which of some people the log has as registered, and neither erased nor merged into another registration."""
        banks, volunteers = [bank_id for bank_id, _ in whom], [volunteer_id for _, volunteer_id in whom]
        rows = await pool.fetch(SQL["not_erased"], banks, volunteers)
        return {(row["bank_id"], row["volunteer_id"]) for row in rows}
