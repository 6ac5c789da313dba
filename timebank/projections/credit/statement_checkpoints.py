"""What was on an account, and why, every so many facts: from there statements are told, instead of from the beginning.

Worked out by what tells statements, so that there is one place that knows what facts do to accounts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.domain.credit.accounts import POSTED
from timebank.ledger.codec import Recorded
from timebank.projections.credit.statements import CHECKPOINTS, CHECKPOINTS_VERSION, earlier, entries, from_checkpoint

SQL = load_statements("timebank.projections.credit", "statement_checkpoints.sql")

FACTS_APART = 128
"""How many facts that move credit are between a checkpoint of an account and the next."""

LOOKED_AT = 16
"""In how many of an account's facts there is one, on the average, at which it is looked whether another is due."""

_TOPICS: Final = [fact.TOPIC for fact in POSTED]


class _StatementCheckpoints:
    """A row for every so many facts about a volunteer; where it is, and since when, is decided by the log alone."""

    name = CHECKPOINTS
    version = CHECKPOINTS_VERSION
    tables = ("statement_checkpoint",)
    is_inline = False

    async def apply(
        self, connection: Connection, bank_id: UUID, after: int, until: int, topics: frozenset[str]
    ) -> None:
        """Take in a stretch of the log."""
        if topics.isdisjoint(_TOPICS):
            return
        for row in await connection.fetch(SQL["due"], bank_id, after, until, _TOPICS, FACTS_APART, LOOKED_AT):
            volunteer_id = row["volunteer_id"]
            running, position = from_checkpoint(volunteer_id, row)
            async for found in entries(connection, bank_id, volunteer_id, position, row["until"], at_once=FACTS_APART):
                if len(found) < FACTS_APART:
                    break
                running.recall(await earlier(connection, bank_id, found))
                for entry in found:
                    running.take(entry.fact)
                kept = _json(running.accounts), _json(running.causes)
                await connection.execute(SQL["keep"], bank_id, volunteer_id, found[-1].position, *kept)

    async def keep(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take in what is being appended: nothing, since it follows the log."""


PROJECTION = _StatementCheckpoints()


def _json(minutes: Mapping[Any, int]) -> str:
    """What is not nothing, so that it does not matter what was there for a while."""
    return msgspec.json.encode({name: each for name, each in minutes.items() if each}).decode()
