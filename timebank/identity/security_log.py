"""The security log: who came in and who was turned away, what was read in bulk, which keys were used. For auditors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.commits import writing
from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.vault.keyring import Keyring

SQL = load_statements("timebank.identity", "security_log.sql")

Kind = Literal[
    "signed-in",
    "new-device",
    "sign-in-refused",
    "sign-in-slowed",
    "signed-out",
    "sessions-ended",
    "proof-given",
    "refresh-reused",
    "password-set",
    "code-issued",
    "phone-code-sent",
    "phone-code-issued",
    "phone-verified",
    "second-factor-set",
    "second-factor-refused",
    "second-factor-removed",
    "second-factor-reset",
    "recovery-code-used",
    "identity-linked",
    "identity-unlinked",
    "key-used",
    "access-refused",
    "people-read",
    "data-exported",
    "list-signed",
    "volunteer-erased",
    "keys-rotated",
    "head-went-back",
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


class NamedSecurityEvent(SecurityEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the security log; with names, where they are asked for, as far as whoever asks may see them."""

    actor_number: str | None = None
    actor_name: str | None = None
    subject_number: str | None = None
    subject_name: str | None = None


class Visit(NamedTuple):
    """When and whence somebody comes, under which request id, and with what; the command line has no address."""

    at: datetime
    address: str
    request_id: str
    device: str = ""


class Stretch(NamedTuple):
    """A stretch of the security log: how many entries, the first one's time, the last one's number, their SHA-256."""

    entries: int
    since: datetime
    number: int
    digest: str


class SecurityLog:
    """Writes and reads the log."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def new_device(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, visit: Visit, *, how: str
    ) -> None:
        """Write down that somebody got in with another device, or from elsewhere: they read of it."""
        await self.record(bank_id, "new-device", visit, actor=volunteer_id, to=connection, how=how, device=visit.device)

    async def record(
        self,
        bank_id: UUID,
        kind: Kind,
        visit: Visit,
        *,
        actor: str | None = None,
        subject: str | None = None,
        to: "Connection | None" = None,
        **detail: Any,
    ) -> None:
        """Write something down; `to` a connection, as part of the transaction that is open there."""
        address = self._keyring.lasting("address", visit.address) if visit.address else None
        said = msgspec.json.encode(detail).decode()
        async with writing(self._pool, to) as connection:
            await connection.execute(
                SQL["record"], bank_id, visit.at, kind, actor, subject, address, visit.request_id, said
            )

    async def page(
        self, bank_id: UUID, *, before: int, kind: str | None, actor: str | None, limit: int
    ) -> list[NamedSecurityEvent]:
        """What happened, latest first, before the number given."""
        rows = await self._pool.fetch(SQL["page"], bank_id, before, kind, actor, limit)
        return [NamedSecurityEvent(**_fields(row)) for row in rows]

    async def notices(
        self, bank_id: UUID, volunteer_id: str, *, before: int, after: int, limit: int
    ) -> list[SecurityEvent]:
        """What somebody has to be told, latest first, between two numbers (neither included)."""
        return _events(await self._pool.fetch(SQL["notices"], bank_id, volunteer_id, before, after, limit))

    async def about(self, bank_id: UUID, volunteer_id: str, *, after: int, limit: int) -> list[SecurityEvent]:
        """What concerns one volunteer, in order, after the number given."""
        return _events(await self._pool.fetch(SQL["about"], bank_id, volunteer_id, after, limit))

    async def of_request(self, bank_id: UUID, request_id: str) -> list[SecurityEvent]:
        """What was written down about one request, in order, up to five hundred entries."""
        return _events(await self._pool.fetch(SQL["of_request"], bank_id, request_id, 500))

    async def stretch(
        self,
        bank_id: UUID,
        after: int,
        *,
        until: int | None = None,
        before: datetime | None = None,
        ahead: datetime | None = None,
    ) -> "Stretch | None":
        """What is written down after a number, up to another or to what happened before a time; None if nothing is.

        What is dated `ahead` of now, by a clock that was wrong or by whoever wants no more of it bound, ends nothing.
        Addresses are left out: they go when a person is erased.
        """
        row = await self._pool.fetchrow(SQL["stretch"], bank_id, after, until, before, ahead)
        return Stretch(*row) if row and row["count"] else None

    async def go_on_behind(self, owner: Connection, number: int) -> None:
        """Number what is written down from now on behind what was bound elsewhere."""
        await owner.execute(SQL["go_on_behind"], number)

    async def sweep(self, before: datetime, at_most: int) -> int:
        """Delete a stretch of what happened before a time; says how much. Nothing else can delete from the log."""
        gone: int = await self._pool.fetchval(SQL["sweep"], before, at_most)
        return gone


def _events(rows: Sequence[Any]) -> list[SecurityEvent]:
    return [SecurityEvent(**_fields(row)) for row in rows]


def _fields(row: Any) -> dict[str, Any]:
    return {**row, "detail": msgspec.Raw(row["detail"].encode())}
