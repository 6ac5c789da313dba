"""Which API keys does an organisation have? Kept in the append transaction: a revoked key opens nothing any more."""

from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.organisations import ApiKeyIssued, ApiKeyReplaced, ApiKeyRevoked
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "api_keys.sql")

PROJECTION = SetProjection(
    name="api_keys",
    version=1,
    tables=("api_key",),
    steps=(
        Step(SQL["issue"], (ApiKeyIssued,)),
        Step(SQL["replace"], (ApiKeyReplaced,)),
        Step(SQL["revoke"], (ApiKeyRevoked,)),
    ),
    is_inline=True,
)


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without its secret: nobody but the program has that."""

    key_id: str
    organisation_id: str
    label: str
    permissions: list[str]
    status: str
    issued_at: datetime
    expires_at: datetime | None
    replaces: str | None
    replaced_by: str | None


async def page(pool: Pool, bank_id: UUID, organisation_id: str, after: str, limit: int) -> list[ApiKeyView]:
    """An organisation's keys, in the order they were issued, after the one given."""
    rows = await pool.fetch(SQL["page"], bank_id, organisation_id, after, limit)
    return [ApiKeyView(**row) for row in rows]
