"""The index of tags made anew from the events: what `append` writes, for a rebuild, and for what is restored."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.ledger.codec import Recorded

SQL = load_statements("timebank.ledger", "tags.sql")


class Tags(NamedTuple):
    """What makes projections anew can make this anew; it is no read model: nobody but `append` keeps it."""

    name: str = "tags"
    version: int = 2
    tables: tuple[str, ...] = ("event_tag",)
    is_inline: bool = True

    async def apply(
        self, connection: Connection, bank_id: UUID, after: int, until: int, topics: frozenset[str]
    ) -> None:
        """Tag the events after one position, up to another."""
        await connection.execute(SQL["tag"], bank_id, after, until)

    async def keep(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Do nothing: `append` writes the tags of new events."""


TAGS = Tags()
