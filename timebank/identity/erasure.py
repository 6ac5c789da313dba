"""Erasure: with the fact that says so, all that is personal about somebody goes, and all they sign in with.

Where registrations are merged, what they sign in with goes with the one that goes, and who it is moves to the other.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
import structlog

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import RegistrationsMerged, VolunteerErased, VolunteerSuspended
from timebank.domain.kernel import Fact
from timebank.identity.sessions import CHANNEL
from timebank.ledger.codec import Recorded, decode
from timebank.vault.erased import Whom
from timebank.vault.people import People

SQL = load_statements("timebank.identity", "erasure.sql")

F = TypeVar("F", bound=Fact)

log = structlog.get_logger(__name__)


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
        """All whom the logs say to be erased, under all their numbers. Of a damaged fact it is whom its tags name."""
        gone: set[Whom] = set()
        for row in await pool.fetch(SQL["erased"]):
            fact = _read(VolunteerErased, row["data"])
            if fact is None:
                where = {"bank_id": str(row["bank_id"]), "position": row["position"]}
                log.error("a fact of an erasure is damaged: the history is to be verified", **where)
            gone |= {(row["bank_id"], each) for each in (*row["people"], *(fact.everybody if fact else ()))}
        return gone

    async def not_erased(self, pool: Pool, whom: Iterable[Whom]) -> set[Whom]:
        """Which of some people the log has as registered, and neither erased nor merged into another registration."""
        banks, volunteers = [bank_id for bank_id, _ in whom], [volunteer_id for _, volunteer_id in whom]
        rows = await pool.fetch(SQL["not_erased"], banks, volunteers)
        return {
            (row["bank_id"], row["volunteer_id"]) for row in rows if not _is_merged(row["volunteer_id"], row["merges"])
        }


def _is_merged(volunteer_id: str, merges: Iterable[bytes]) -> bool:
    """Whether a registration was merged into another, by the facts that say so."""
    facts = (_read(RegistrationsMerged, each) for each in merges)
    return any(fact is not None and fact.merged_id == volunteer_id for fact in facts)


def _read(kind: type[F], data: bytes) -> F | None:
    """A fact of a kind; None where what is in the log is none."""
    try:
        fact = decode(kind.TOPIC, data)
    except msgspec.MsgspecError:
        return None
    return fact if isinstance(fact, kind) else None
