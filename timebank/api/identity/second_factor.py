"""A second factor: set with an authenticator, asked for at every sign-in, and taken away again."""

from datetime import datetime

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import PEOPLE, PROVED_ADMINISTRATORS, PROVED_PEOPLE
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest
from timebank.api.identity.sessions import Done, Secret, must_be_for_another, must_be_there


class SecondFactorView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one has a second factor, how many recovery codes are left, and from when on one has to have one."""

    is_set: bool
    since: datetime | None
    recovery_codes_left: int
    required_from: datetime | None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What to tell an authenticator: the secret in base 32, or the same in an address to be shown as a QR code."""

    secret: str
    uri: str


class FactorRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code that the authenticator shows."""

    code: Secret


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes for when the authenticator is lost, each good once; they are shown only now."""

    recovery_codes: list[str]


class RemoveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's password, and a code of the authenticator or for recovery."""

    password: Secret
    second_factor: Secret


class SecondFactorController(Controller):
    """`/v1/me/second-factor`"""

    path = "/me/second-factor"
    tags = ("Signing in",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=PEOPLE)
    async def get_second_factor(self, request: BankRequest) -> SecondFactorView:
        """Whether one has a second factor, and whether one needs one."""
        user = request.user
        state = await request.services.second_factors.state(user.bank_id, user.actor)
        return SecondFactorView(
            is_set=state is not None,
            since=user.local(state[0]) if state else None,
            recovery_codes_left=state[1] if state else 0,
            required_from=user.local(user.factor_due) if user.factor_due else None,
        )

    @post(status_code=200, responses=WRITES, access=PROVED_PEOPLE)
    async def begin_second_factor(self, request: BankRequest) -> Secrets:
        """Begin to set a second factor, or another one: tell the secret to an authenticator, then confirm a code."""
        user = request.user
        made = await request.services.second_factors.begin(user.bank_id, user.actor, request.visit.at)
        return Secrets(secret=made.secret, uri=made.uri)

    @post("/confirm", status_code=200, responses=WRITES, access=PEOPLE)
    async def confirm_second_factor(self, request: BankRequest, data: JSONBody[FactorRequest]) -> RecoveryCodes:
        """Set the second factor that was begun; from now on it is asked for. Write the recovery codes down.

        In all other sessions it has to be said before anything else is done.
        """
        user, factors = request.user, request.services.second_factors
        codes = await factors.confirm(user.bank_id, user.actor, user.credential, data.code, request.visit)
        return RecoveryCodes(recovery_codes=codes)

    @post("/remove", status_code=200, responses=WRITES, access=PEOPLE)
    async def remove_second_factor(self, request: BankRequest, data: JSONBody[RemoveRequest]) -> Done:
        """Have no second factor any more; it takes the password and the factor itself."""
        user, found, visit = request.user, request.services, request.visit
        await found.sign_in.prove(user.bank_id, user.actor, data.password, visit)
        await found.second_factors.check(user.bank_id, user.actor, data.second_factor, visit)
        await found.second_factors.remove(user.bank_id, user.actor, user.actor, user.role, visit)
        return Done()


class ResetController(Controller):
    """`/v1/volunteers/{volunteer_id}/second-factor/reset`"""

    path = "/volunteers/{volunteer_id:str}/second-factor/reset"
    tags = ("Signing in",)

    @post(status_code=200, responses=WRITES, access=PROVED_ADMINISTRATORS)
    async def reset_second_factor(self, request: BankRequest, volunteer_id: FromPath[str]) -> Done:
        """Take away the second factor of somebody who lost it, having made sure that it is them. They are told."""
        user = request.user
        await must_be_there(request, volunteer_id)
        await must_be_for_another(request, volunteer_id)
        await request.services.second_factors.reset(user.bank_id, volunteer_id, user.actor, user.role, request.visit)
        return Done()
