"""Sessions: signing in, staying in, signing out; and the passwords and one-time codes that it takes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import ADMINISTRATORS, PEOPLE, PEOPLE_HALF_WAY, PROVED_ADMINISTRATORS, PUBLIC
from timebank.api.http.lists import whole
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES, answers
from timebank.api.http.requests import BankRequest
from timebank.api.http.strict_json import STRANGERS_BYTES
from timebank.domain.people.proxies import SPENDING
from timebank.domain.people.refusals import RegistrationMerged, VolunteerIsErased, VolunteerUnknown
from timebank.identity.codes import welcome_link
from timebank.identity.failures import NotForYourself, SecondFactorNeeded
from timebank.identity.sessions import SessionView, Tokens
from timebank.projections.people import proxies, volunteers

Stranger = BankRequest
"""A request of somebody who has not signed in."""

Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
SIGNING_IN = answers(400, 401, 413, 422, 429, 500, 503)


class SignInRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A volunteer number or a phone, and the password; the second factor of whoever has one; the bank of several."""

    login: Secret
    password: Secret
    second_factor: Secret | None = None
    bank_id: UUID | None = None


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token that came last."""

    refresh_token: Secret


class CodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A one-time code, and the password chosen with it; and the second factor of whoever has one."""

    one_time_code: Secret
    password: Secret
    second_factor: Secret | None = None


class PasswordRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The current and the new password."""

    old_password: Secret
    new_password: Secret


class ProofRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's second factor, if one has one; else one's password, once more."""

    password: Secret | None = None
    second_factor: Secret | None = None


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """An access token for the next `expires_in` seconds, and a refresh token with which to get the next pair, once."""

    volunteer_id: str
    session_id: str
    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    done: bool = True


class OneTimeCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code to choose a password with, once, and the link that carries it; shown only now."""

    volunteer_id: str
    one_time_code: str
    link: str
    expires_at: datetime


def signed_in(volunteer_id: str, tokens: Tokens) -> SignedIn:
    """The answer to somebody who was let in."""
    return SignedIn(volunteer_id=volunteer_id, **msgspec.structs.asdict(tokens))


class SessionController(Controller):
    """`/v1/sessions`"""

    path = "/sessions"
    tags = ("Signing in",)
    opt = NEVER_BEHIND

    @post(responses=SIGNING_IN, security=[{}], access=PUBLIC, request_max_body_size=STRANGERS_BYTES)
    async def sign_in(self, request: Stranger, data: JSONBody[SignInRequest]) -> SignedIn:
        """Sign in with number or phone, and password; `second-factor-needed` says that one has a second factor."""
        sign_in = request.services.sign_in
        bank_id = await sign_in.the_bank(data.bank_id)
        return signed_in(
            *await sign_in.with_password(bank_id, data.login.strip(), data.password, data.second_factor, request.visit)
        )

    @post("/refresh", responses=SIGNING_IN, security=[{}], access=PUBLIC, request_max_body_size=STRANGERS_BYTES)
    async def refresh_session(self, request: Stranger, data: JSONBody[RefreshRequest]) -> SignedIn:
        """Get new tokens. Each refresh token is good once; if one comes again, the session ends."""
        return signed_in(*await request.services.sign_in.refresh(data.refresh_token, request.visit))

    @get(responses=READS, access=PEOPLE)
    async def list_sessions(self, request: BankRequest) -> list[SessionView]:
        """One's own sessions in force: on which device, when used last, and whether from where one is now."""
        user, sessions = request.user, request.services.sign_in.sessions
        return await whole(request, await sessions.of(user.bank_id, user.actor, request.visit, user.credential))

    @delete("/{session_id:str}", status_code=200, responses=READS, access=PEOPLE_HALF_WAY)
    async def end_session(self, request: BankRequest, session_id: FromPath[str]) -> Done:
        """Sign out, at once: of the session one is in (`current`), of `all`, or of one by its id.

        Whoever owes a second factor yet signs out of the one they are in only.
        """
        user = request.user
        only = {"current": user.credential, "all": None}.get(session_id, session_id)
        if user.owes_factor and only != user.credential:
            raise SecondFactorNeeded
        ended = await request.services.sign_in.sign_out(user.bank_id, user.actor, only, request.visit)
        return Done(ended)

    @post("/current/prove", status_code=200, responses=WRITES, access=PEOPLE_HALF_WAY)
    async def prove_session(self, request: BankRequest, data: JSONBody[ProofRequest]) -> Done:
        """Prove once more who one is, for what is not to be done with a token that was stolen: in the next minutes."""
        user = request.user
        await request.services.sign_in.prove_session(
            user.bank_id, user.actor, user.credential, data.password, data.second_factor, request.visit
        )
        return Done()


class PasswordController(Controller):
    """`/v1/passwords`"""

    path = "/passwords"
    tags = ("Signing in",)

    @post(responses=SIGNING_IN, security=[{}], access=PUBLIC, request_max_body_size=STRANGERS_BYTES)
    async def use_one_time_code(self, request: Stranger, data: JSONBody[CodeRequest]) -> SignedIn:
        """Choose a password with a one-time code, and be signed in; all other sessions end."""
        sign_in = request.services.sign_in
        return signed_in(*await sign_in.use_code(data.one_time_code, data.password, data.second_factor, request.visit))

    @post("/change", status_code=200, responses=WRITES, access=PEOPLE)
    async def change_password(self, request: BankRequest, data: JSONBody[PasswordRequest]) -> Done:
        """Change one's password; all other sessions end. Whoever has a second factor has just said it."""
        user = request.user
        if await request.services.second_factors.state(user.bank_id, user.actor):
            await request.must_be_proved()
        await request.services.sign_in.change_password(
            user.bank_id, user.actor, user.credential, data.old_password, data.new_password, request.visit
        )
        return Done()


class CodeController(Controller):
    """`/v1/volunteers/{volunteer_id}/codes`"""

    path = "/volunteers/{volunteer_id:str}/codes"
    tags = ("Signing in",)

    @post(responses=WRITES, access=PROVED_ADMINISTRATORS)
    async def issue_one_time_code(self, request: BankRequest, volunteer_id: FromPath[str]) -> OneTimeCode:
        """Make a one-time code for somebody who has no password yet, or forgot it; earlier codes are void.

        Nobody makes one for themselves, or for whom they spend.
        """
        found = request.services
        await must_be_there(request, volunteer_id)
        await must_be_for_another(request, volunteer_id)
        code, until = await found.sign_in.issue_code(request.bank_id, volunteer_id, request.user.actor, request.visit)
        return OneTimeCode(
            volunteer_id=volunteer_id,
            one_time_code=code,
            link=welcome_link(found.public_url, code),
            expires_at=until,
        )


class OthersSessionController(Controller):
    """`/v1/volunteers/{volunteer_id}/sessions`"""

    path = "/volunteers/{volunteer_id:str}/sessions"
    tags = ("Signing in",)

    @delete(status_code=200, responses=READS | answers(409), access=ADMINISTRATORS)
    async def end_sessions_of_another(self, request: BankRequest, volunteer_id: FromPath[str]) -> Done:
        """End all sessions of somebody, at once. They are told: it is in the list of what happened to their account."""
        user = request.user
        await must_be_there(request, volunteer_id)
        ended = await request.services.sign_in.end_sessions(
            user.bank_id, volunteer_id, user.actor, user.role, request.visit
        )
        return Done(ended)


async def must_be_there(request: BankRequest, volunteer_id: str) -> None:
    """Refuse for somebody whom nobody knows, who was erased, or has another number since registrations were merged.

    Raises `VolunteerUnknown`, `VolunteerIsErased` or `RegistrationMerged`.
    """
    await request.wait_for_reads()
    volunteer = await volunteers.one(request.pool, request.services.people, request.bank_id, volunteer_id)
    if volunteer is None:
        raise VolunteerUnknown(volunteer_id=volunteer_id)
    if volunteer.kept_number:
        raise RegistrationMerged(volunteer_id=volunteer_id, kept_number=volunteer.kept_number)
    if volunteer.status == "erased":
        raise VolunteerIsErased(volunteer_id=volunteer_id)


async def must_be_for_another(request: BankRequest, volunteer_id: str) -> None:
    """Refuse to give a way in to oneself, or to whom one spends for: with their eyes one would look as somebody else.

    Raises `NotForYourself`.
    """
    user, today = request.user, request.today
    theirs = [each for each in await proxies.of(request.pool, user.bank_id, volunteer_id) if each.in_force(today)]
    spends = {each.proxy_volunteer_id for each in theirs if not SPENDING.isdisjoint(each.scopes)}
    if user.actor in spends | {volunteer_id}:
        raise NotForYourself
