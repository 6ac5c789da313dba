"""Signing in and out: what happens at the door, each step in the security log, in the transaction of its effect."""

import contextlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from timebank.db.commits import writing
from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.identifiers import is_volunteer_number
from timebank.domain.people.refusals import VolunteerIsErased
from timebank.domain.person import Person
from timebank.identity import codes
from timebank.identity.failures import (
    BankNotNamed,
    IdentityNotLinked,
    OneTimeCodeNotValid,
    RefreshNotValid,
    SecondFactorNeeded,
    SecondFactorRefused,
    SignInRefused,
    TooManyAttempts,
)
from timebank.identity.limits.alone import account, entering
from timebank.identity.limits.attempts import Attempts, spelt
from timebank.identity.limits.throttle import Rate, wide
from timebank.identity.passwords import Passwords
from timebank.identity.phones import SHARE_A_PHONE
from timebank.identity.principals import tell
from timebank.identity.second_factor import SecondFactors
from timebank.identity.security_log import SecurityLog, Visit
from timebank.identity.sessions import Reused, Sessions, Tokens
from timebank.vault.people import People

SQL = load_statements("timebank.identity", "signing_in.sql")

KNOCKS_OF_A_NETWORK = 1_200
"""So many attempts a minute are looked at of one address, or one IPv6 network of 48 bits: an office, or a campus."""

ENTRIES_A_MINUTE = 30
"""So often a minute somebody signs in, or says their password again: each time stays in the security log for years."""

CHOICES_A_MINUTE = 10
"""So many passwords a minute are judged that somebody chooses: it is work. As many of whoever has a code for them."""


class SignIn:
    """Lets people in, gives them passwords, and sees them out."""

    def __init__(
        self,
        pool: Pool,
        people: People,
        passwords: Passwords,
        sessions: Sessions,
        attempts: Attempts,
        log: SecurityLog,
        factors: SecondFactors,
        forget: Callable[[str], None],
    ) -> None:
        self._pool = pool
        self._people = people
        self._passwords = passwords
        self._attempts = attempts
        self._log = log
        self._factors = factors
        self._forget = forget
        self._slowed = Rate(per_minute=1)
        self._knocks = Rate(per_minute=KNOCKS_OF_A_NETWORK)
        self._entries = Rate(per_minute=ENTRIES_A_MINUTE)
        self._choices = Rate(per_minute=CHOICES_A_MINUTE)
        self.sessions = sessions

    async def the_bank(self, bank_id: UUID | None) -> UUID:
        """The bank that is meant: without a name the only one. Raises `BankNotNamed` where there are several.

        Raises `SignInRefused` for a bank that is not here: nobody can sign in there.
        """
        rows = await self._pool.fetch(SQL["banks"], bank_id)
        if bank_id and not rows:
            raise SignInRefused
        if len(rows) != 1:
            raise BankNotNamed
        found: UUID = rows[0]["bank_id"]
        return found

    async def with_password(
        self, bank_id: UUID, login: str, password: str, second_factor: str | None, visit: Visit
    ) -> tuple[str, Tokens]:
        """A session for whoever has this number or phone, and this password: the volunteer and their tokens.

        Raises `SignInRefused`, which does not tell an unknown account from a wrong password, or `TooManyAttempts`; and,
        of whoever said the right password and has a second factor, `SecondFactorNeeded` or `SecondFactorRefused`.
        """
        login = spelt(login)
        meant = await self._whose(bank_id, login)
        right = await self._guess(bank_id, login, meant, password, visit)
        if len(right) != 1:
            somebody = meant[0] if meant else None
            await self._attempts.failed(bank_id, login, visit.address, somebody)
            await self._log.record(bank_id, "sign-in-refused", visit, subject=somebody)
            raise SignInRefused
        ((volunteer_id, kept),) = right.items()
        said = await self._say_factor(bank_id, login, volunteer_id, second_factor, visit)
        self._count_entry(volunteer_id, visit)
        async with account(self._pool, entering(volunteer_id)) as connection:
            tokens = await self._open(connection, bank_id, volunteer_id, visit, how="password", by=kept, said=said)
            await self._attempts.succeeded(
                connection, bank_id, login, visit.address, volunteer_id, visit.at, is_shared=len(meant) > 1
            )
        return volunteer_id, tokens

    async def _say_factor(self, bank_id: UUID, login: str, volunteer_id: str, given: str | None, visit: Visit) -> bool:
        """Ask whoever said the right password for the second factor; says whether there is one. Until they say it they
        have come in as little as with a wrong one: it stays a failure of theirs, and uses up nothing of who has both.
        """
        self._must_not_come_too_often([volunteer_id], visit)
        try:
            return await self._factors.check(bank_id, volunteer_id, given, visit)
        except (SecondFactorNeeded, SecondFactorRefused, TooManyAttempts):
            await self._attempts.failed(bank_id, login, visit.address, volunteer_id)
            raise

    async def let_in(self, bank_id: UUID, volunteer_id: str, visit: Visit, how: str) -> Tokens:
        """A session for somebody who has proved in another way who they are, though without their second factor."""
        async with account(self._pool, entering(volunteer_id)) as connection:
            return await self._open(connection, bank_id, volunteer_id, visit, how=how)

    async def from_provider(self, bank_id: UUID, volunteer_id: str, visit: Visit) -> Tokens:
        """A session for somebody whom their OpenID provider vouches for.

        Raises `TooManyAttempts`, or `IdentityNotLinked` for who was unlinked meanwhile.
        """
        is_half_way = await self._factors.state(bank_id, volunteer_id) is not None
        self._count_entry(f"half-way {volunteer_id}" if is_half_way else volunteer_id, visit)
        async with account(self._pool, entering(volunteer_id)) as connection:
            await self._people.hold(connection, bank_id, volunteer_id)
            if not await connection.fetchval(SQL["is_linked"], bank_id, volunteer_id):
                raise IdentityNotLinked
            return await self._open(connection, bank_id, volunteer_id, visit, how="oidc")

    async def refresh(self, refresh_token: str, visit: Visit) -> tuple[str, Tokens]:
        """New tokens. Raises `RefreshNotValid`; if the token had been used before, the session is over as well."""
        async with account(self._pool, refresh_token) as connection:
            bank_id, volunteer_id, tokens = await self.sessions.refresh(connection, refresh_token, visit)
            if isinstance(tokens, Reused):
                await self._log.record(bank_id, "refresh-reused", visit, subject=volunteer_id, to=connection)
        if isinstance(tokens, Reused):
            self._ended([tokens.session_id])
            raise RefreshNotValid
        return volunteer_id, tokens

    async def sign_out_elsewhere(self, bank_id: UUID, volunteer_id: str, session_id: str, visit: Visit) -> None:
        """End all sessions of a volunteer but the one they are in."""
        async with writing(self._pool) as connection, connection.transaction():
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at, but=session_id)
            if ended:
                await self._log.record(bank_id, "signed-out", visit, actor=volunteer_id, to=connection)
        self._ended(ended)

    async def sign_out(self, bank_id: UUID, volunteer_id: str, session_id: str | None, visit: Visit) -> bool:
        """End one session of a volunteer's, or (None) all of them; says whether there was any."""
        async with writing(self._pool) as connection, connection.transaction():
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at, only=session_id)
            if ended:
                await self._log.record(bank_id, "signed-out", visit, actor=volunteer_id, to=connection)
        return self._ended(ended)

    def _ended(self, session_ids: Sequence[str]) -> bool:
        """Forget who had sessions that have ended, without waiting to be told; says whether there were any."""
        for session_id in session_ids:
            self._forget(session_id)
        return bool(session_ids)

    async def end_sessions(self, bank_id: UUID, volunteer_id: str, by: str, role: str, visit: Visit) -> bool:
        """End all sessions of somebody else; says whether there were any."""
        async with writing(self._pool) as connection, connection.transaction():
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at)
            told = {"as": role, "sessions": len(ended)}
            await self._log.record(
                bank_id, "sessions-ended", visit, actor=by, subject=volunteer_id, to=connection, **told
            )
        return self._ended(ended)

    async def issue_code(self, bank_id: UUID, volunteer_id: str, by: str, visit: Visit) -> tuple[str, datetime]:
        """A one-time code with which the volunteer chooses a password, and until when it is good."""
        async with account(self._pool, entering(volunteer_id)) as connection:
            # Alone: of two that are made at once, the second takes back the first.
            if not await self._people.hold(connection, bank_id, volunteer_id, alone=True):
                raise VolunteerIsErased(volunteer_id=volunteer_id)
            code, until = await codes.issue(connection, bank_id, volunteer_id, by, visit.at)
            await self._log.record(bank_id, "code-issued", visit, actor=by, subject=volunteer_id, to=connection)
        return code, until

    async def use_code(self, code: str, password: str, second_factor: str | None, visit: Visit) -> tuple[str, Tokens]:
        """Choose a password with a one-time code: ends all sessions there were, and opens one.

        Whoever has a second factor needs it here as well: who gives out codes must not thereby get into accounts.
        Linked accounts are unlinked: where somebody else had got in, they may have linked one of theirs.
        """
        whose = await codes.whose(self._pool, code, visit.at)
        if whose is None:
            raise OneTimeCodeNotValid
        bank_id, volunteer_id = whose
        _must_not_wait(self._choices.wait(f"by code {volunteer_id}", visit.at.timestamp()))
        await self._must_be_good(bank_id, volunteer_id, password)
        said = await self._factors.check(bank_id, volunteer_id, second_factor, visit)
        password_hash = await self._passwords.hash(volunteer_id, password)
        async with account(self._pool, entering(volunteer_id)) as connection:
            there = await self._people.hold(connection, bank_id, volunteer_id, alone=True)
            if not there or not await codes.use(connection, code, visit.at):
                raise OneTimeCodeNotValid
            await self._factors.must_be_said(connection, bank_id, volunteer_id, said=said)
            await codes.withdraw(connection, bank_id, volunteer_id, visit.at)
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, visit.at)
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at)
            await self._log.record(bank_id, "password-set", visit, actor=volunteer_id, to=connection, how="code")
            if await connection.fetchval(SQL["unlink"], bank_id, volunteer_id):
                await self._log.record(bank_id, "identity-unlinked", visit, actor=volunteer_id, to=connection)
            tokens = await self._open(connection, bank_id, volunteer_id, visit, how="code", said=said)
        self._ended(ended)
        return volunteer_id, tokens

    async def change_password(
        self, bank_id: UUID, volunteer_id: str, session_id: str, old: str, new: str, visit: Visit
    ) -> None:
        """Change one's password: ends all sessions but the one it is done in. The old one is guarded like a sign-in."""
        old_hash = await self.prove(bank_id, volunteer_id, old, visit)
        _must_not_wait(self._choices.wait(volunteer_id, visit.at.timestamp()))
        await self._must_be_good(bank_id, volunteer_id, new)
        password_hash = await self._passwords.hash(volunteer_id, new)
        async with account(self._pool, entering(volunteer_id)) as connection:
            there = await self._people.hold(connection, bank_id, volunteer_id, alone=True)
            if not there or not await self._passwords.is_still(connection, bank_id, volunteer_id, old_hash):
                raise SignInRefused
            said = await self.sessions.is_proved(connection, session_id, visit.at)
            await self._factors.must_be_said(connection, bank_id, volunteer_id, said=said)
            await codes.withdraw(connection, bank_id, volunteer_id, visit.at)
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, visit.at)
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at, but=session_id)
            await self._log.record(
                bank_id, "password-set", visit, actor=volunteer_id, to=connection, how="old password"
            )
        self._ended(ended)

    async def prove(self, bank_id: UUID, volunteer_id: str, password: str, visit: Visit) -> str:
        """Have somebody who is signed in say their password once more; the hash that is kept of it.

        Raises `SignInRefused`, or `TooManyAttempts`.
        """
        self._must_not_come_too_often([volunteer_id], visit)
        async with self._noting_haste(bank_id, visit):
            await self._attempts.known(bank_id, volunteer_id, visit.address, visit.at, [volunteer_id])
            await self._attempts.begin(bank_id, volunteer_id, visit.address, visit.at)
        right = await self._passwords.whose(bank_id, [volunteer_id], password, times=1, stranger=None)
        if not right:
            await self._attempts.failed(bank_id, volunteer_id, visit.address, volunteer_id)
            await self._log.record(bank_id, "sign-in-refused", visit, subject=volunteer_id)
            raise SignInRefused
        self._count_entry(volunteer_id, visit)
        await self._attempts.succeeded(None, bank_id, volunteer_id, visit.address, volunteer_id, visit.at)
        return right[volunteer_id]

    async def prove_session(
        self, bank_id: UUID, volunteer_id: str, session_id: str, password: str | None, factor: str | None, visit: Visit
    ) -> None:
        """Have somebody prove who they are for some minutes of this session: by their second factor, or password."""
        said = await self._factors.check(bank_id, volunteer_id, factor, visit)
        if not said:
            await self.prove(bank_id, volunteer_id, password or "", visit)
        async with account(self._pool, entering(volunteer_id)) as connection:
            await self._people.hold(connection, bank_id, volunteer_id)
            await self._factors.must_be_said(connection, bank_id, volunteer_id, said=said)
            is_familiar = await self.sessions.is_familiar(connection, bank_id, volunteer_id, visit)
            await self.sessions.prove(connection, session_id, visit)
            await self._log.record(bank_id, "proof-given", visit, actor=volunteer_id, to=connection)
            if not is_familiar:
                await self._log.new_device(connection, bank_id, volunteer_id, visit, how="proof")
            await tell(connection, session_id)
        self._forget(session_id)

    async def set_password(self, bank_id: UUID, volunteer_id: str, password: str, at: datetime) -> None:
        """Give somebody a password that was made up for them, as the demo world does."""
        password_hash = await self._passwords.hash(volunteer_id, password)
        async with self._pool.acquire() as connection:
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, at)

    async def welcome(self, bank_id: UUID, volunteer_id: str, password: str, visit: Visit) -> Tokens:
        """The first password of somebody who has just registered with a phone that is theirs, and a session."""
        password_hash = await self._passwords.hash(volunteer_id, password)
        async with account(self._pool, entering(volunteer_id)) as connection:
            person = await self._people.one(connection, bank_id, volunteer_id)
            if person is None or not await self._people.hold(connection, bank_id, volunteer_id, alone=True):
                raise SignInRefused
            await self._people.verify_phone(connection, bank_id, person, visit.at, SHARE_A_PHONE)
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, visit.at)
            await self._log.record(bank_id, "password-set", visit, actor=volunteer_id, to=connection, how="registering")
            return await self._open(connection, bank_id, volunteer_id, visit, how="registering")

    async def must_be_good(self, person: Person, password: str, number: str | None = None) -> None:
        """Refuse a password that is easy to guess, for somebody who may not be known yet. Raises `PasswordTooWeak`."""
        own = [person.name, person.phone, person.document_number, person.alias, number]
        # A document number has the day of birth in it.
        born: list[str | None] = [str(person.birth_year or ""), (person.document_number or "")[6:14]]
        await self._passwords.must_be_good(person.volunteer_id, password, own + born)

    async def sweep(self, at: datetime) -> None:
        """Remove what is over: sessions, codes, attempts and sign-ins that nobody came back to."""
        for statement in (SQL["sweep_sessions"], SQL["sweep_codes"], SQL["sweep_attempts"], SQL["sweep_oidc"]):
            await self._pool.execute(statement, at)

    async def _guess(
        self, bank_id: UUID, login: str, meant: Sequence[str], password: str, visit: Visit
    ) -> dict[str, str]:
        """Whose password it is, of those whom a login may mean, with the hash that is kept of it.

        A phone costs the same, however many share it.
        """
        network, stranger = wide(visit.address), None
        async with self._noting_haste(bank_id, visit):
            _must_not_wait(self._knocks.wait(network, visit.at.timestamp()))
            if not await self._attempts.known(bank_id, login, visit.address, visit.at, meant):
                stranger = network
                self._passwords.must_have_room_for(stranger)
            else:
                self._must_not_come_too_often(meant, visit)
            await self._attempts.begin(bank_id, login, visit.address, visit.at)
        times = 1 if is_volunteer_number(login) else SHARE_A_PHONE
        return await self._passwords.whose(bank_id, meant, password, times=times, stranger=stranger)

    def _count_entry(self, volunteer_id: str, visit: Visit) -> None:
        """Count that somebody was right; others cannot use up what they have. Raises `TooManyAttempts`."""
        _must_not_wait(self._entries.wait(volunteer_id, visit.at.timestamp()))

    def _must_not_come_too_often(self, meant: Sequence[str], visit: Visit) -> None:
        """Refuse whoever was right too often lately, before their password is looked at. Raises `TooManyAttempts`."""
        _must_not_wait(min((self._entries.ahead(each, visit.at.timestamp()) for each in meant), default=0.0))

    @contextlib.asynccontextmanager
    async def _noting_haste(self, bank_id: UUID, visit: Visit) -> AsyncIterator[None]:
        """Whoever is told to wait in here is written to the security log, once a minute for each address."""
        try:
            yield
        except TooManyAttempts:
            if self._slowed.wait(wide(visit.address), visit.at.timestamp()) == 0:
                await self._log.record(bank_id, "sign-in-slowed", visit)
            raise

    async def _open(
        self,
        connection: Connection,
        bank_id: UUID,
        volunteer_id: str,
        visit: Visit,
        *,
        how: str,
        said: bool = False,
        by: str | None = None,
    ) -> Tokens:
        """A session, of somebody who has just proved who they are; for nobody who is erased, or being so.

        Who comes `by` a password, said by its hash, has it still: whoever changes it ends all sessions there are.
        Who has a second factor by now, and has not `said` it, has it still to say.
        """
        if not await self._people.hold(connection, bank_id, volunteer_id):
            raise SignInRefused
        if by is not None and not await self._passwords.is_still(connection, bank_id, volunteer_id, by):
            raise SignInRefused
        is_familiar = await self.sessions.is_familiar(connection, bank_id, volunteer_id, visit)
        proved = said or not await self._factors.is_set(connection, bank_id, volunteer_id)
        tokens = await self.sessions.open(connection, bank_id, volunteer_id, visit, proved=proved)
        await self._log.record(
            bank_id, "signed-in", visit, actor=volunteer_id, to=connection, how=how, device=visit.device
        )
        if not is_familiar:
            await self._log.new_device(connection, bank_id, volunteer_id, visit, how=how)
        return tokens

    async def _whose(self, bank_id: UUID, login: str) -> list[str]:
        """Who may be meant by a number or a phone: a family may share one."""
        if is_volunteer_number(login):
            rows = await self._pool.fetch(SQL["by_number"], bank_id, login)
        else:
            phones, called = self._people.phone_indexes(login), self._attempts.logins(login)
            rows = await self._pool.fetch(SQL["by_phone"], bank_id, phones, SHARE_A_PHONE, called)
        return [row["volunteer_id"] for row in rows]

    async def _must_be_good(self, bank_id: UUID, volunteer_id: str, password: str) -> None:
        person = await self._people.one(self._pool, bank_id, volunteer_id) or Person(volunteer_id=volunteer_id)  # type: ignore[arg-type]
        number = await self._pool.fetchval(SQL["number_of"], bank_id, volunteer_id)
        await self.must_be_good(person, password, number)


def _must_not_wait(seconds: float) -> None:
    if seconds:
        raise TooManyAttempts(seconds=math.ceil(seconds))
