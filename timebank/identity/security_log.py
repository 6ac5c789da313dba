"""The security log: who came in and who was turned away, what was read in bulk, which keys were used. For auditors."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from timebank.ledger.statements import load_statements
from timebank.ledger.store import Connection, Pool

SQL = load_statements("timebank.identity", "security_log.sql")

Kind = Literal[
    "signed-in",
    "sign-in-refused",
    "sign-in-slowed",
    "signed-out",
    "refresh-reused",
    "password-set",
    "code-issued",
    "identity-linked",
    "identity-unlinked",
    "key-used",
    "access-refused",
    "people-read",
    "data-exported",
    "volunteer-erased",
    "keys-rotated",
]


class SecurityEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at the door. `address` is a keyed hash: it tells addresses apart, and no more."""

    number: int
    recorded_at: datetime
    kind: str
    actor: str | None
    subject: str | None
    address: str | None
    request_id: str
    detail: msgspec.Raw


async def record(
    to: "Pool | Connection",
    bank_id: UUID,
    at: datetime,
    kind: Kind,
    *,
    actor: str | None = None,
    subject: str | None = None,
    address: str | None = None,
    request_id: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one down: on a connection, in the transaction that is open there."""
    said = msgspec.json.encode(detail or {}).decode()
    await to.execute(SQL["record"], bank_id, at, kind, actor, subject, address, request_id, said)


async def page(
    pool: Pool, bank_id: UUID, *, before: int, kind: str | None, actor: str | None, limit: int
) -> list[SecurityEvent]:
    """What happened, latest first, before the number given."""
    rows = await pool.fetch(SQL["page"], bank_id, before, kind, actor, limit)
    return [SecurityEvent(**{**row, "detail": msgspec.Raw(row["detail"].encode())}) for row in rows]


async def about(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[SecurityEvent]:
    """All that concerns one volunteer."""
    rows = await pool.fetch(SQL["about"], bank_id, volunteer_id)
    return [SecurityEvent(**{**row, "detail": msgspec.Raw(row["detail"].encode())}) for row in rows]
