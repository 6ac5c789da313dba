"""Who is asking, and who may ask what. What rests on memberships is decided in the domain, from the facts.

| what                                            | who                                                           |
|-------------------------------------------------|---------------------------------------------------------------|
| register volunteers                             | administrators, organisations                                 |
| look volunteers up                              | administrators; organisations, without phones                 |
| one volunteer, their balance                    | administrators and that volunteer                             |
| consent                                         | that volunteer                                                |
| register, approve, suspend organisations        | administrators                                                |
| see organisations, leaderboards                 | everybody with a token                                        |
| members, service records of an organisation     | administrators, the organisation, its members in a role for it|
| own memberships, own service records            | that volunteer                                                |
| the event history                               | administrators                                                |
"""

import time
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from timebank.api.requests import BankRequest, now, services
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.domain.memberships import LOGS_SERVICE, MANAGES_MEMBERS, VERIFIES_SERVICE
from timebank.domain.refusals import OrganisationUnknown, VolunteerUnknown
from timebank.ledger.tokens import Principal, Role, find_principal
from timebank.projections import memberships

Connection = ASGIConnection[Any, Any, Any, Any]

REMEMBER_SECONDS = 5.0
"""How long a token is believed without asking again; a revoked one stops working after that."""

REMEMBER_TOKENS = 10_000

SEES_RECORDS = (*LOGS_SERVICE, *VERIFIES_SERVICE)


class KnownTokens:
    """The tokens seen in the last seconds, so that not every request asks the database."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Principal]] = {}

    def get(self, token: str) -> Principal | None:
        """Whose token it was a moment ago."""
        known = self._known.get(token)
        return known[1] if known and known[0] > time.monotonic() else None

    def put(self, token: str, principal: Principal) -> None:
        """Remember whose token it is."""
        if len(self._known) >= REMEMBER_TOKENS:
            self._known.clear()
        self._known[token] = time.monotonic() + REMEMBER_SECONDS, principal


async def authenticated(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let in whoever carries a valid bearer token, and say who it is."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthorizedException("This needs a header 'Authorization: Bearer <token>'.")
    state = connection.app.state
    principal: Principal | None = state.known_tokens.get(token)
    if principal is None:
        principal = await find_principal(state.services.pool, token)
        if principal is None:
            raise NotAuthorizedException("This token is not valid.")
        state.known_tokens.put(token, principal)
    connection.scope["user"] = principal
    connection.scope["state"]["principal"] = principal


def only(*roles: Role) -> Guard:
    """A guard that lets in these roles."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if connection.scope["user"].role not in roles:
            raise PermissionDeniedException(f"This is for {' and '.join(f'{role}s' for role in roles)} only.")

    return guard


def must_be_own(request: BankRequest, volunteer_id: VolunteerId) -> None:
    """Refuse volunteers what is not theirs: others do not exist for them."""
    if request.user.role == "volunteer" and request.user.acting.volunteer_id != volunteer_id:
        raise VolunteerUnknown(volunteer_id=volunteer_id)


async def organisations_seen(request: BankRequest) -> list[str]:
    """The organisations whose records the asker may see: their own, or those they hold a role in."""
    principal = request.user
    if principal.role == "organisation":
        return [principal.actor]
    return await _organisations_with_role(request, SEES_RECORDS)


async def must_see_members(request: BankRequest, organisation_id: OrganisationId) -> None:
    """Refuse whoever has no business with an organisation's members: to them it has none, it does not exist."""
    principal = request.user
    if principal.role == "administrator" or principal.acting.organisation_id == organisation_id:
        return
    if organisation_id not in await _organisations_with_role(request, (*SEES_RECORDS, *MANAGES_MEMBERS)):
        raise OrganisationUnknown(organisation_id=organisation_id)


async def _organisations_with_role(request: BankRequest, roles: tuple[str, ...]) -> list[str]:
    principal = request.user
    if principal.role != "volunteer":
        return []
    held = await memberships.roles_of(services(request).pool, principal.bank_id, principal.actor, now(request).date())
    return [organisation_id for organisation_id, role in held.items() if role in roles]
