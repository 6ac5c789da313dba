"""Bearer tokens: opaque, shown once, kept as their SHA-256 (a fast hash is enough for 256 random bits)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from timebank.domain.identifiers import ActorId
from timebank.domain.kernel import Acting
from timebank.ledger.statements import load_statements
from timebank.ledger.store import Pool

SQL = load_statements("timebank.ledger", "tokens.sql")

Role = Literal["administrator", "organisation", "volunteer"]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking: in which bank, in which role, and as whom."""

    bank_id: UUID
    role: Role
    actor: ActorId
    timezone: str

    @property
    def acting(self) -> Acting:
        """How commands name them."""
        return Acting(self.actor, self.role)

    def local(self, moment: datetime) -> datetime:
        """A moment in the bank's local time."""
        return moment.astimezone(ZoneInfo(self.timezone))


async def create_token(pool: Pool, bank_id: UUID, role: Role, actor: str, label: str) -> str:
    """Make a token; its text is returned here and kept nowhere."""
    token = f"tb_{secrets.token_urlsafe(32)}"
    await pool.execute(SQL["add"], _hash(token), bank_id, role, actor, label)
    return token


async def find_principal(pool: Pool, token: str) -> Principal | None:
    """Whose token it is; None if it is nobody's, or no longer."""
    row = await pool.fetchrow(SQL["find"], _hash(token))
    return Principal(**row) if row else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def actors_by_label(pool: Pool, labels: Sequence[str]) -> dict[str, tuple[UUID, str]]:
    """Bank and actor of the tokens with these labels, in the bank whose tokens were made last."""
    rows = await pool.fetch(SQL["labelled"], labels)
    return {row["label"]: (row["bank_id"], row["actor"]) for row in rows}
