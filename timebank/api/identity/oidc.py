"""Signing in by OpenID Connect: off to the provider, and back; and linking an account there with oneself."""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery, QueryParameter
from litestar.response import Redirect

from timebank.access.table import PEOPLE, PROVED_PEOPLE, PUBLIC
from timebank.api.http.problems import READS, WRITES, answers
from timebank.api.http.requests import BankRequest
from timebank.api.identity.cookies import cookie, own_cookies
from timebank.api.identity.sessions import Done, SignedIn, Stranger, signed_in
from timebank.identity.oidc import LOGIN_SECONDS, OpenIdProvider
from timebank.runtime.composition import Services

COOKIE = "timebank_oidc"
OFF = answers(400, 401, 422, 429, 500, 503)
BACK = answers(400, 401, 403, 409, 429, 500, 503)

Returned = Annotated[str | None, QueryParameter(max_length=4000)]


class Linking(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser has to go now, to sign in to the account that is to be linked."""

    location: str


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """From now on the volunteer can sign in by this account at the provider."""

    volunteer_id: str
    issuer: str


class OidcController(Controller):
    """`/v1/oidc`, and `/v1/me/oidc`"""

    tags = ("Signing in",)

    @get("/oidc/start", status_code=303, responses=OFF, security=[{}], access=PUBLIC)
    async def start_oidc(self, request: Stranger, bank_id: FromQuery[UUID | None] = None) -> Redirect:
        """Go to the provider to sign in."""
        services: Services = request.services
        beginning = await _provider(services).begin(await services.sign_in.the_bank(bank_id), None, request.visit)
        return Redirect(beginning.location, status_code=303, cookies=[_cookie(services.public_url, beginning.state)])

    @get("/oidc/callback", responses=BACK, security=[{}], access=PUBLIC, takes_more=True)
    async def finish_oidc(
        self,
        request: Stranger,
        code: Returned = None,
        returned: Annotated[str, QueryParameter(name="state", max_length=200)] = "",
        error: Returned = None,
        issuer: Annotated[str | None, QueryParameter(name="iss", max_length=4000)] = None,
    ) -> Response[SignedIn | Linked]:
        """Come back from the provider: signed in, or with the account there linked.

        What else a provider sends along is ignored (RFC 6749, section 4.1.2); which issuer it says it is has to be the
        one that was asked (RFC 9207).
        """
        services: Services = request.services
        provider, coming = _provider(services), request.visit
        ending = await provider.finish(_kept(request), returned, code, error, coming, issuer=issuer)
        answer: SignedIn | Linked = Linked(volunteer_id=ending.volunteer_id, issuer=provider.issuer)
        if not ending.is_linking:
            tokens = await services.sign_in.from_provider(ending.bank_id, ending.volunteer_id, coming)
            answer = signed_in(ending.volunteer_id, tokens)
        return Response(answer, cookies=[_cookie(services.public_url, "")])

    @post("/me/oidc", status_code=200, responses=WRITES, access=PROVED_PEOPLE)
    async def link_oidc(self, request: BankRequest) -> Response[Linking]:
        """Begin to link an account at the provider with oneself, to sign in by it from then on."""
        services, user = request.services, request.user
        beginning = await _provider(services).begin(user.bank_id, user.actor, request.visit)
        kept = _cookie(services.public_url, beginning.state)
        return Response(Linking(location=beginning.location), cookies=[kept])

    @delete("/me/oidc", status_code=200, responses=READS, access=PEOPLE)
    async def unlink_oidc(self, request: BankRequest) -> Done:
        """Sign in by an account at the provider no more, until one is linked again; all other sessions end."""
        user, services = request.user, request.services
        is_unlinked = await _provider(services).unlink(user.bank_id, user.actor, request.visit)
        if is_unlinked:
            await services.sign_in.sign_out_elsewhere(user.bank_id, user.actor, user.credential, request.visit)
        return Done(is_unlinked)


def _provider(services: Services) -> OpenIdProvider:
    assert services.oidc is not None, "these handlers are there only with a provider"
    return services.oidc


def _kept(request: Stranger) -> str:
    """The state that the browser kept, if it is this one's: no other site of the domain plants one that it began."""
    secure = request.services.public_url.startswith("https:")
    return own_cookies(request.scope["headers"], secure=secure).get(COOKIE, "")


def _cookie(public_url: str, state: str) -> Cookie:
    """What binds a sign-in to the browser it was begun in; without a state: that it is over."""
    path, secure = f"{urlsplit(public_url).path}/v1/oidc", public_url.startswith("https:")
    return cookie(COOKIE, state, secure=secure, seconds=LOGIN_SECONDS, path=path)
