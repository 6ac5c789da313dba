"""Signing in and out: what happens at the door, each step in the security log, in the transaction of its effect."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.domain.kernel import Person
from timebank.identity import codes, security_log
from timebank.identity.attempts import Attempts
from timebank.identity.failures import BankNotNamed, CodeNotValid, RefreshNotValid, SignInRefused, TooManyAttempts
from timebank.identity.passwords import Passwords, must_be_good
from timebank.identity.sessions import Sessions, SessionView, Tokens
from timebank.ledger.people import People
from timebank.ledger.statements import load_statements
from timebank.ledger.store import Pool

SQL = load_statements("timebank.identity", "signing_in.sql")


class Visit(NamedTuple):
    """When and whence somebody comes, and under which request id."""

    at: datetime
    address: str
    request_id: str


class Door:
    """Lets people in, gives them passwords, and sees them out."""

    def __init__(
        self, pool: Pool, people: People, passwords: Passwords, sessions: Sessions, attempts: Attempts
    ) -> None:
        self._pool = pool
        self._people = people
        self._passwords = passwords
        self._attempts = attempts
        self.sessions = sessions

    async def the_bank(self, bank_id: UUID | None) -> UUID:
        """The bank that is meant: without a name the only one. Raises `BankNotNamed` where there are several."""
        if bank_id:
            return bank_id
        rows = await self._pool.fetch(SQL["banks"])
        if len(rows) != 1:
            raise BankNotNamed
        found: UUID = rows[0]["bank_id"]
        return found

    async def sign_in(self, bank_id: UUID, login: str, password: str, visit: Visit) -> tuple[str, Tokens]:
        """A session for whoever has this number or phone, and this password: the volunteer and their tokens.

        Raises `SignInRefused`, which does not tell an unknown account from a wrong password, or `TooManyAttempts`.
        """
        try:
            await self._attempts.must_not_wait(bank_id, login, visit.address, visit.at)
        except TooManyAttempts:
            await self._record(bank_id, "sign-in-slowed", visit)
            raise
        volunteer_id = await self._whose(bank_id, login)
        if not await self._passwords.check(bank_id, volunteer_id, password) or volunteer_id is None:
            await self._attempts.failed(bank_id, login, visit.address, volunteer_id, visit.at)
            await self._record(bank_id, "sign-in-refused", visit, subject=volunteer_id)
            raise SignInRefused
        async with self._pool.acquire() as connection, connection.transaction():
            await self._attempts.succeeded(connection, bank_id, login, visit.address, volunteer_id, visit.at)
            tokens = await self.sessions.open(connection, bank_id, volunteer_id, visit.at)
            await self._record(bank_id, "signed-in", visit, actor=volunteer_id, to=connection, how="password")
        return volunteer_id, tokens

    async def let_in(self, bank_id: UUID, volunteer_id: str, visit: Visit, how: str) -> Tokens:
        """A session for somebody who has proved in another way who they are."""
        async with self._pool.acquire() as connection, connection.transaction():
            tokens = await self.sessions.open(connection, bank_id, volunteer_id, visit.at)
            await self._record(bank_id, "signed-in", visit, actor=volunteer_id, to=connection, how=how)
        return tokens

    async def refresh(self, refresh_token: str, visit: Visit) -> tuple[str, Tokens]:
        """New tokens. Raises `RefreshNotValid`; if the token had been used before, the session is over as well."""
        bank_id, volunteer_id, tokens = await self.sessions.refresh(refresh_token, visit.at)
        if tokens is None:
            await self._record(bank_id, "refresh-reused", visit, subject=volunteer_id)
            raise RefreshNotValid
        return volunteer_id, tokens

    async def sign_out(self, bank_id: UUID, volunteer_id: str, session_id: str | None, visit: Visit) -> bool:
        """End one session of a volunteer's, or (None) all of them; says whether there was any."""
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await self.sessions.end(connection, bank_id, volunteer_id, visit.at, only=session_id)
            if ended:
                await self._record(bank_id, "signed-out", visit, actor=volunteer_id, to=connection)
        return ended

    async def of(self, bank_id: UUID, volunteer_id: str, at: datetime) -> list[SessionView]:
        """A volunteer's sessions."""
        return await self.sessions.of(bank_id, volunteer_id, at)

    async def issue_code(self, bank_id: UUID, volunteer_id: str, by: str, visit: Visit) -> tuple[str, datetime]:
        """A one-time code with which the volunteer chooses a password, and until when it is good."""
        async with self._pool.acquire() as connection, connection.transaction():
            code, until = await codes.issue(connection, bank_id, volunteer_id, by, visit.at)
            await self._record(bank_id, "code-issued", visit, actor=by, subject=volunteer_id, to=connection)
        return code, until

    async def use_code(self, code: str, password: str, visit: Visit) -> tuple[str, Tokens]:
        """Choose a password with a one-time code: ends all sessions there were, and opens one."""
        whose = await codes.whose(self._pool, code, visit.at)
        if whose is None:
            raise CodeNotValid
        bank_id, volunteer_id = whose
        await self._must_be_good(bank_id, volunteer_id, password)
        password_hash = await self._passwords.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await codes.use(connection, code, visit.at):
                raise CodeNotValid
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, visit.at)
            await self.sessions.end(connection, bank_id, volunteer_id, visit.at)
            tokens = await self.sessions.open(connection, bank_id, volunteer_id, visit.at)
            await self._record(bank_id, "password-set", visit, actor=volunteer_id, to=connection, how="code")
        return volunteer_id, tokens

    async def change_password(
        self, bank_id: UUID, volunteer_id: str, session_id: str, old: str, new: str, visit: Visit
    ) -> None:
        """Change one's password: ends all sessions but the one it is done in. The old one is guarded like a sign-in."""
        await self._attempts.must_not_wait(bank_id, volunteer_id, visit.address, visit.at)
        if not await self._passwords.check(bank_id, volunteer_id, old):
            await self._attempts.failed(bank_id, volunteer_id, visit.address, volunteer_id, visit.at)
            await self._record(bank_id, "sign-in-refused", visit, subject=volunteer_id)
            raise SignInRefused
        await self._must_be_good(bank_id, volunteer_id, new)
        password_hash = await self._passwords.hash(new)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, visit.at)
            await self.sessions.end(connection, bank_id, volunteer_id, visit.at, but=session_id)
            await self._record(bank_id, "password-set", visit, actor=volunteer_id, to=connection, how="old password")

    async def set_password(self, bank_id: UUID, volunteer_id: str, password: str, at: datetime) -> None:
        """Give somebody a password that was made up for them, as the demo world does."""
        password_hash = await self._passwords.hash(password)
        async with self._pool.acquire() as connection:
            await self._passwords.set(connection, bank_id, volunteer_id, password_hash, at)

    async def sweep(self, at: datetime) -> None:
        """Remove what is over: sessions, codes, attempts and sign-ins that nobody came back to."""
        for statement in (SQL["sweep_sessions"], SQL["sweep_codes"], SQL["sweep_attempts"], SQL["sweep_oidc"]):
            await self._pool.execute(statement, at)

    async def _whose(self, bank_id: UUID, login: str) -> str | None:
        """Who signs in with a number or a phone; a phone that several have is nobody's."""
        rows = await self._pool.fetch(SQL["whose"], bank_id, login, self._people.phone_indexes(login))
        return rows[0]["volunteer_id"] if len(rows) == 1 else None

    async def _must_be_good(self, bank_id: UUID, volunteer_id: str, password: str) -> None:
        person = await self._people.one(self._pool, bank_id, volunteer_id) or Person(volunteer_id=volunteer_id)  # type: ignore[arg-type]
        number = await self._pool.fetchval(SQL["number_of"], bank_id, volunteer_id)
        must_be_good(password, [person.name, person.phone, person.document_number, number])

    async def _record(
        self,
        bank_id: UUID,
        kind: security_log.Kind,
        visit: Visit,
        *,
        actor: str | None = None,
        subject: str | None = None,
        to: object = None,
        **detail: str,
    ) -> None:
        await security_log.record(
            to or self._pool,  # type: ignore[arg-type]
            bank_id,
            visit.at,
            kind,
            actor=actor,
            subject=subject,
            address=self._attempts.address(visit.address) if visit.address else None,
            request_id=visit.request_id,
            detail=detail,
        )
