"""Hooks: what else happens with facts, in the transaction that records them, or right after it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Connection
from timebank.ledger.codec import Recorded


class Hook(NamedTuple):
    """Something that happens with all facts that are recorded; a ledger runs its hooks in the order of their list."""

    in_transaction: Callable[[Connection, UUID, Sequence[Recorded]], Awaitable[None]] | None = None
    """Takes part in the transaction: takes effect with the facts, or not at all."""
    after_commit: Callable[[UUID, Sequence[Recorded]], None] | None = None
    """Runs in this process before anybody is answered; must not fail."""
    leaves: Callable[[UUID, int, Sequence[bytes]], None] | None = None
    """Is told, likewise, the position of the first fact, and the leaves of all of them."""
