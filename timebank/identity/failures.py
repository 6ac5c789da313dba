"""Why somebody is not let in. None of these says whether an account exists."""

from typing import Any


class AccessFailure(Exception):  # noqa: N818  # an answer, not an error of ours
    """Not let in."""

    kind = "access-failure"
    challenge = "Bearer"
    """What the header `WWW-Authenticate` says with it, where the status is 401."""

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.template.format(**details))

    @property
    def template(self) -> str:
        """The message, with blanks for the details."""
        return " ".join((type(self).__doc__ or "").split())


class SignInRefused(AccessFailure):
    """The number or phone and the password do not belong together."""

    kind = "sign-in-refused"


class TooManyAttempts(AccessFailure):
    """There were too many attempts; try again in {seconds} seconds."""

    kind = "too-many-attempts"


class OneTimeCodeNotValid(AccessFailure):
    """This code is not valid: it was used, it has expired, or it never was one."""

    kind = "one-time-code-not-valid"


class RefreshNotValid(AccessFailure):
    """This refresh token is not valid; sign in again."""

    kind = "refresh-not-valid"


class ProofNeeded(AccessFailure):
    """Prove once more that it is you (POST /v1/sessions/current/prove), and do this within {minutes} minutes."""

    kind = "proof-needed"
    challenge = 'Bearer error="insufficient_user_authentication"'


class SecondFactorNeeded(AccessFailure):
    """Your second factor (second_factor) is needed too; if you are signed in, for POST /v1/sessions/current/prove."""

    kind = "second-factor-needed"


class SecondFactorRefused(AccessFailure):
    """This code is not right, or was used before; your authenticator shows a new one every half minute."""

    kind = "second-factor-refused"


class SecondFactorCodeWrong(AccessFailure):
    """This is no code of the authenticator that was told the secret; see that its clock is right."""

    kind = "second-factor-code-wrong"


class SecondFactorMissing(AccessFailure):
    """There is no second factor here, nor was one begun."""

    kind = "second-factor-missing"


class SecondFactorRequired(AccessFailure):
    """Administrators need a second factor: set yours (POST /v1/me/second-factor), then your office is usable again."""

    kind = "second-factor-required"


class PasswordTooWeak(AccessFailure):
    """A password has {shortest} to {longest} characters and is hard to guess. {why}"""

    kind = "password-too-weak"


class PhoneCodeNotValid(AccessFailure):
    """This code is not right, or was used, has expired, or was tried too often; have another one sent."""

    kind = "phone-code-not-valid"


class PhoneMissing(AccessFailure):
    """There is no phone on file that could be verified."""

    kind = "phone-missing"


class PhoneShared(AccessFailure):
    """{most} people sign in with this phone already; more than these need their numbers."""

    kind = "phone-shared"


class AlreadyRegistered(AccessFailure):
    """You are registered already: sign in with number or phone; your office has a code if you forgot the password."""

    kind = "already-registered"


class CodesHandedOut(AccessFailure):
    """No codes are sent from here: ask your office for one."""

    kind = "codes-handed-out"


class CodeNotSent(AccessFailure):
    """The code could not be sent; try again later, or ask your office for one."""

    kind = "code-not-sent"


class NotForYourself(AccessFailure):
    """Somebody else has to do this: for you, and for whom you spend."""

    kind = "not-for-yourself"


class BankNotNamed(AccessFailure):
    """There are several banks here: say in which one, with bank_id."""

    kind = "bank-not-named"


class IdentityNotLinked(AccessFailure):
    """This account at the provider belongs to no volunteer here; sign in with number and password first and link it."""

    kind = "identity-not-linked"


class IdentityTaken(AccessFailure):
    """This account at the provider belongs to another volunteer already."""

    kind = "identity-taken"


class ProviderRefused(AccessFailure):
    """Signing in at the provider came to nothing: {why}."""

    kind = "provider-refused"
