"""One-time codes: an invitation to somebody without a password, or a new password for one who forgot theirs."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements

SQL = load_statements("timebank.identity", "codes.sql")

HOURS = 72


async def issue(
    connection: Connection, bank_id: UUID, volunteer_id: str, by: str, at: datetime
) -> tuple[str, datetime]:
    """A new code, kept as its hash, and until when it is good; earlier ones of the volunteer are no longer."""
    code = secrets.token_urlsafe(24)
    until = at + timedelta(hours=HOURS)
    await withdraw(connection, bank_id, volunteer_id, at)
    await connection.execute(SQL["issue"], _hash(code), bank_id, volunteer_id, by, until)
    return code, until


async def withdraw(connection: Connection, bank_id: UUID, volunteer_id: str, at: datetime) -> None:
    """Take back all codes that a volunteer has not used."""
    await connection.execute(SQL["withdraw"], bank_id, volunteer_id, at)


async def whose(connection: Pool, code: str, at: datetime) -> tuple[UUID, str] | None:
    """The bank and the volunteer a code is for; None if it is not good, or no longer."""
    row = await connection.fetchrow(SQL["whose"], _hash(code), at)
    return (row["bank_id"], row["volunteer_id"]) if row else None


async def use(connection: Connection, code: str, at: datetime) -> bool:
    """Use a code up; False if it is not good any more."""
    return bool(await connection.fetchval(SQL["use"], _hash(code), at))


def welcome_link(public_url: str, code: str) -> str:
    """The page to choose a password on. The code is in the fragment, which browsers keep to themselves."""
    return f"{public_url}/welcome#{code}"


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
