"""Phones: somebody signs in with one only after a code was sent there, or handed out by their office, and came back.

So nobody gets in another's way by putting in their phone. A code has six digits and is good for minutes and few tries;
only a keyed hash of it is kept, with the phone and the volunteer in it.
"""

import hmac
import math
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from timebank.db.commits import writing
from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.people.refusals import VolunteerIsErased
from timebank.domain.person import Person
from timebank.identity.failures import (
    CodesHandedOut,
    NotForYourself,
    PhoneCodeNotValid,
    PhoneMissing,
    PhoneShared,
    TooManyAttempts,
)
from timebank.identity.limits.alone import account, alone, entering
from timebank.identity.security_log import SecurityLog, Visit
from timebank.identity.senders import Sender
from timebank.vault.people import People, digits

SQL = load_statements("timebank.identity", "phones.sql")

SHARE_A_PHONE = 4
"""So many with one phone can sign in with it, each with their own password; more need their numbers."""
MINUTES = 15
TRIES = 5
CODES_AN_HOUR, CODES_A_DAY = 5, 10
"""For one volunteer: so guessing is hopeless."""
OF_A_PHONE = 2
"""So many times as many are sent to one phone: nobody is flooded, and no one account uses up what is the others'."""
OF_A_PHONE_A_DAY = CODES_A_DAY * (OF_A_PHONE + 1)
"""So many in all, a day: where others have used up what is sent to a phone, who had no code that day still gets one.

Codes for registering (`registrations.py`) are counted by themselves.
"""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class PhoneCode(NamedTuple):
    """A code that was made, for which phone, and until when it is good."""

    code: str
    phone: str
    until: datetime


class Phones:
    """Sends codes to phones, and verifies the phones by them."""

    def __init__(self, pool: Pool, people: People, log: SecurityLog, sender: Sender | None) -> None:
        self._pool = pool
        self._people = people
        self._log = log
        self._sender = sender

    @property
    def way(self) -> str:
        """How codes come to people: by which sender, or from their `office`."""
        return self._sender.way if self._sender else "office"

    async def send(self, bank_id: UUID, volunteer_id: str, visit: Visit) -> PhoneCode:
        """Send somebody a code to the phone on file.

        Raises `PhoneMissing`, `TooManyAttempts`, `CodesHandedOut` where nothing is sent from here, or `CodeNotSent`.
        """
        if self._sender is None:
            raise CodesHandedOut
        async with account(self._pool, volunteer_id) as connection:
            made = await self._issue(connection, bank_id, volunteer_id, volunteer_id, visit.at, is_sent=True)
            await self._log.record(bank_id, "phone-code-sent", visit, actor=volunteer_id, to=connection)
        await self._sender.send(made.phone, made.code, MINUTES)
        return made

    async def hand_out(self, bank_id: UUID, volunteer_id: str, by: str, role: str, visit: Visit) -> PhoneCode:
        """Make a code that an office hands to somebody, having made sure that the phone is theirs; never to oneself.

        Raises `PhoneMissing`, `TooManyAttempts` or `NotForYourself`.
        """
        if volunteer_id == by:
            raise NotForYourself
        async with account(self._pool, entering(volunteer_id)) as connection:
            made = await self._issue(connection, bank_id, volunteer_id, by, visit.at, is_sent=False)
            told = {"actor": by, "subject": volunteer_id, "as": role}
            await self._log.record(bank_id, "phone-code-issued", visit, to=connection, **told)
        return made

    async def verify(self, bank_id: UUID, volunteer_id: str, code: str, visit: Visit) -> None:
        """Take a code for a proof that the phone is the volunteer's. Raises `PhoneCodeNotValid` or `PhoneShared`."""
        async with alone(self._pool, volunteer_id):
            async with writing(self._pool) as connection:
                tried = await connection.fetchrow(SQL["try"], bank_id, volunteer_id, visit.at, TRIES)
            if tried is None:
                raise PhoneCodeNotValid
            async with writing(self._pool) as connection, connection.transaction():
                person = await self._held(connection, bank_id, volunteer_id)
                right = self._people.keyring.indexes("phone-code", _said(bank_id, person, code))
                if not any(hmac.compare_digest(tried["code_hash"], each) for each in right):
                    raise PhoneCodeNotValid
                if not await connection.fetchval(SQL["use"], tried["code_id"], visit.at):
                    raise PhoneCodeNotValid
                if not await self._people.verify_phone(connection, bank_id, person, visit.at, SHARE_A_PHONE):
                    raise PhoneShared(most=SHARE_A_PHONE)
                await self._log.record(bank_id, "phone-verified", visit, actor=volunteer_id, to=connection)

    async def _issue(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, by: str, at: datetime, *, is_sent: bool
    ) -> PhoneCode:
        person = await self._held(connection, bank_id, volunteer_id)
        if not person.phone:
            raise PhoneMissing
        key = self._people.keyring.current
        phone = key.index("phone", digits(person.phone))
        await connection.execute(SQL["one_at_a_time"], bank_id, phone)
        theirs = await connection.fetchrow(SQL["so_far"], bank_id, volunteer_id, [], at - DAY, at - HOUR)
        _must_not_be_too_many(theirs, at, CODES_A_DAY, CODES_AN_HOUR)
        if is_sent:
            phones = self._people.phone_indexes(person.phone)
            sent = await connection.fetchrow(SQL["so_far"], bank_id, "", phones, at - DAY, at - HOUR)
            _must_not_be_too_many(sent, at, *_most_to_a_phone(theirs))
        code, until = f"{secrets.randbelow(10**6):06}", at + timedelta(minutes=MINUTES)
        hashed = key.index("phone-code", _said(bank_id, person, code))
        await connection.execute(SQL["issue"], bank_id, volunteer_id, phone, hashed, by, at, until)
        return PhoneCode(code, person.phone, until)

    async def _held(self, connection: Connection, bank_id: UUID, volunteer_id: str) -> Person:
        """The person, who neither is erased nor gets another phone before the transaction ends."""
        await self._people.hold(connection, bank_id, volunteer_id, alone=True)
        person = await self._people.one(connection, bank_id, volunteer_id)
        if person is None:
            raise VolunteerIsErased(volunteer_id=volunteer_id)
        return person


def _most_to_a_phone(theirs: Any) -> tuple[int, int]:
    """How many codes are sent to one phone in a day, and in an hour, by how many there were for whoever asks."""
    if theirs["in_all"]:
        return CODES_A_DAY * OF_A_PHONE, CODES_AN_HOUR * OF_A_PHONE
    return OF_A_PHONE_A_DAY, OF_A_PHONE_A_DAY


def _must_not_be_too_many(row: Any, at: datetime, a_day: int, an_hour: int) -> None:
    """Refuse one code more than so many. Raises `TooManyAttempts`."""
    must_have_room(at, (row["in_all"], a_day, DAY), (row["lately"], an_hour, HOUR))


def must_have_room(at: datetime, *limits: tuple[Sequence[datetime], int, timedelta]) -> None:
    """Refuse one more while a limit is reached: the times so far, the first one first, the most of them, and how long.

    Raises `TooManyAttempts`, with how long it is until fewer than the most are left of each.
    """
    waits = [times[-most] + window - at for times, most, window in limits if len(times) >= most]
    if waits:
        raise TooManyAttempts(seconds=math.ceil(max(waits).total_seconds()))


def _said(bank_id: UUID, person: Person, code: str) -> str:
    """What a code says: that whoever has it is this volunteer, and has this phone."""
    return f"{bank_id}/{person.volunteer_id}/{digits(person.phone or '')}/{code}"


def masked(phone: str) -> str:
    """A phone that only those recognise who know it: its last four digits."""
    return f"{'*' * max(0, len(phone) - 4)}{phone[-4:]}"
