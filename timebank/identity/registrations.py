"""Whether somebody who registers themselves has the phone that they say: by a code that is sent there.

Nobody is told by this who has an account. So many codes go to one phone, and so many are asked for from one address;
only keyed hashes of them are kept, for a day.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from timebank.db.commits import writing
from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import CodesHandedOut, PhoneCodeNotValid
from timebank.identity.limits.alone import account
from timebank.identity.limits.attempts import Attempts
from timebank.identity.phones import (
    CODES_A_DAY,
    CODES_AN_HOUR,
    DAY,
    HOUR,
    MINUTES,
    OF_A_PHONE,
    TRIES,
    PhoneCode,
    must_have_room,
)
from timebank.identity.security_log import SecurityLog, Visit
from timebank.identity.senders import Sender
from timebank.vault.people import People, digits

SQL = load_statements("timebank.identity", "registrations.sql")

OF_AN_ADDRESS, OF_A_NETWORK = 20, 80
"""So many codes an hour are asked for from one address, or one IPv6 network of 48 bits: a table at a street fair."""


class Registrations:
    """Sends codes to phones of people who are not known yet, and takes them for proof."""

    def __init__(self, pool: Pool, people: People, attempts: Attempts, log: SecurityLog, sender: Sender | None) -> None:
        self._pool = pool
        self._people = people
        self._attempts = attempts
        self._log = log
        self._sender = sender

    @property
    def way(self) -> str:
        """How codes come to people; `office` where none are sent, so that nobody can register themselves."""
        return self._sender.way if self._sender else "office"

    async def send(self, bank_id: UUID, phone: str, visit: Visit) -> PhoneCode:
        """Send a code to a phone. Raises `CodesHandedOut`, `TooManyAttempts` or `CodeNotSent`."""
        if self._sender is None:
            raise CodesHandedOut
        code, until, key = f"{secrets.randbelow(10**6):06}", visit.at + timedelta(minutes=MINUTES), self._key
        places = self._attempts.address(visit.address), self._attempts.network(visit.address)
        async with account(self._pool, f"registering {places[0]}") as connection:
            await connection.execute(SQL["one_at_a_time"], bank_id)
            phones = self._people.phone_indexes(phone)
            row = await connection.fetchrow(SQL["so_far"], bank_id, phones, *places, visit.at - DAY, visit.at - HOUR)
            _must_not_be_too_many(row, visit.at)
            hashed = key.index("registration-code", _said(bank_id, phone, code))
            index = key.index("phone", digits(phone))
            await connection.execute(SQL["issue"], bank_id, index, hashed, *places, visit.at, until)
            await self._log.record(bank_id, "phone-code-sent", visit, to=connection)
        await self._sender.send(phone, code, MINUTES)
        return PhoneCode(code, phone, until)

    async def check(self, bank_id: UUID, phone: str, code: str, visit: Visit) -> int:
        """Which code it is, that came to this phone. Raises `PhoneCodeNotValid`.

        Strangers who try leave those tries alone that are made from where the code was asked for.
        """
        phones, address = self._people.phone_indexes(phone), self._attempts.address(visit.address)
        async with writing(self._pool) as connection:
            tried = await connection.fetch(SQL["try"], bank_id, phones, visit.at, TRIES, address)
        right = self._people.keyring.indexes("registration-code", _said(bank_id, phone, code))
        found: list[int] = [
            row["code_id"] for row in tried if any(hmac.compare_digest(row["code_hash"], each) for each in right)
        ]
        if not found:
            raise PhoneCodeNotValid
        return max(found)

    async def use(self, bank_id: UUID, code_id: int, at: datetime) -> None:
        """Use up all codes that came to a phone: they are good for one account, or to be told of one name.

        Raises `PhoneCodeNotValid`.
        """
        async with writing(self._pool) as connection:
            if not await connection.fetchval(SQL["use"], bank_id, code_id, at):
                raise PhoneCodeNotValid

    async def sweep(self, at: datetime) -> None:
        """Remove codes that are over."""
        await self._pool.execute(SQL["sweep"], at)

    @property
    def _key(self) -> Any:
        return self._people.keyring.current


def _must_not_be_too_many(row: Any, at: datetime) -> None:
    """Refuse one code more; but where others have asked for all there are, who asks for the first one that day gets it.

    Until so many went there that day: nobody is flooded. Raises `TooManyAttempts`.
    """
    in_all = CODES_A_DAY * OF_A_PHONE
    a_day, an_hour = (CODES_A_DAY, CODES_AN_HOUR) if row["asked_before"] else (in_all, in_all)
    must_have_room(
        at,
        (row["of_phone"], a_day, DAY),
        (row["of_phone_lately"], an_hour, HOUR),
        (row["of_address"], OF_AN_ADDRESS, HOUR),
        (row["of_network"], OF_A_NETWORK, HOUR),
    )


def _said(bank_id: UUID, phone: str, code: str) -> str:
    """What a code says: that whoever has it has this phone."""
    return f"{bank_id}/{digits(phone)}/{code}"
