"""Who may do what. The table says it for every operation; the documentation's access page is written from it.

The guard finds out who is asking, and by which right of the table they may. What rests on memberships is decided in
the domain, from facts, and so are offices and proxies, once more, in the very decision they are used for.
"""

import time
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException, ValidationException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter

from timebank.api.http.requests import BankRequest, now, services, visit
from timebank.domain.acting import Acting, Office
from timebank.domain.credit.redemptions import FULFILS_REWARDS
from timebank.domain.facts.organisations import Permission, Role
from timebank.domain.facts.people import ProxyScope
from timebank.domain.identifiers import OrganisationId, VolunteerId, is_volunteer_number
from timebank.domain.organisations.memberships import LOGS_SERVICE, MANAGES_MEMBERS, VERIFIES_SERVICE
from timebank.domain.organisations.refusals import OrganisationUnknown, RoleMissing
from timebank.domain.people.refusals import ProxyNotAllowed, VolunteerUnknown
from timebank.domain.refusals import YouAreSuspended
from timebank.domain.refusing import Forbidden
from timebank.identity.principals import Principal
from timebank.identity.security_log import Kind
from timebank.identity.throttle import TooManyRequestsError
from timebank.projections.organisations import memberships
from timebank.projections.people import proxies, volunteers
from timebank.runtime.composition import Services

Connection = ASGIConnection[Any, Any, Any, Any]

SEES_RECORDS: tuple[Role, ...] = (*LOGS_SERVICE, *VERIFIES_SERVICE)
NOTE_USE_SECONDS = 60.0


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do something. Any one of these is enough; what is not said is not so."""

    public: bool = False
    """Anybody, without signing in."""
    everybody: bool = False
    """Whoever is signed in, and every program."""
    people: bool = False
    """Whoever is signed in; about themselves."""
    own: bool = False
    """The volunteer whose matter it is."""
    proxy: ProxyScope | None = None
    """Their proxy, in this scope."""
    offices: tuple[Office, ...] = ()
    """Who holds one of these offices; a node leader for their own organisation."""
    roles: tuple[Role, ...] = ()
    """Members of the organisation concerned, in one of these roles."""
    permission: Permission | None = None
    """The organisation's own programs, with a key that has this permission."""


_ADMINISTRATORS = Access(offices=("administrator",))
_MEMBERS = Access(
    own=True,
    proxy="memberships",
    offices=("administrator", "node-leader"),
    roles=MANAGES_MEMBERS,
    permission="manage-members",
)
_REVIEW = Access(offices=("administrator",), roles=VERIFIES_SERVICE, permission="verify-service")
_LOGGING = Access(offices=("administrator",), roles=LOGS_SERVICE, permission="log-service")
_RECORDS = Access(own=True, proxy="view", offices=("administrator", "auditor"), roles=SEES_RECORDS, permission="read")
_FULFILMENT = Access(offices=("administrator",), roles=FULFILS_REWARDS, permission="fulfil-rewards")
_REDEMPTIONS = Access(
    own=True, proxy="view", offices=("administrator", "auditor"), roles=FULFILS_REWARDS, permission="fulfil-rewards"
)
_ACCOUNT = Access(own=True, proxy="view", offices=("administrator", "auditor"))
_KEYS = Access(offices=("administrator",), roles=MANAGES_MEMBERS)

TABLE: dict[str, Access] = {
    # signing in
    "sign_in": Access(public=True),
    "refresh_session": Access(public=True),
    "use_code": Access(public=True),
    "start_oidc": Access(public=True),
    "finish_oidc": Access(public=True),
    "list_sessions": Access(people=True),
    "end_session": Access(people=True),
    "change_password": Access(people=True),
    "link_oidc": Access(people=True),
    "unlink_oidc": Access(people=True),
    "issue_code": _ADMINISTRATORS,
    # oneself
    "get_me": Access(everybody=True),
    "get_my_data": Access(people=True),
    # volunteers
    "register_volunteer": Access(offices=("administrator", "node-leader"), permission="register-volunteers"),
    "list_volunteers": Access(
        offices=("administrator", "node-leader"), roles=(*SEES_RECORDS, *MANAGES_MEMBERS), permission="read"
    ),
    "get_volunteer": Access(own=True, proxy="view", offices=("administrator",)),
    "get_balance": _ACCOUNT,
    "explain_balance": _ACCOUNT,
    "get_statement": _ACCOUNT,
    "get_statement_csv": _ACCOUNT,
    "change_personal_data": Access(own=True, proxy="personal-data", offices=("administrator",)),
    "suspend_volunteer": _ADMINISTRATORS,
    "reinstate_volunteer": _ADMINISTRATORS,
    "set_consent": Access(own=True, proxy="consents"),
    "leave_bank": Access(own=True, offices=("administrator",)),
    "erase_volunteer": Access(own=True, offices=("administrator",)),
    "list_memberships": Access(own=True, proxy="view", offices=("administrator",)),
    "list_proxies": Access(own=True, proxy="view", offices=("administrator",)),
    "appoint_proxy": Access(own=True, offices=("administrator",)),
    "end_proxy": Access(own=True, people=True, offices=("administrator",)),
    # offices
    "list_appointments": Access(offices=("administrator", "auditor")),
    "appoint": Access(offices=("administrator", "node-leader")),
    "end_appointment": Access(people=True, offices=("administrator",)),
    # organisations
    "register_organisation": _ADMINISTRATORS,
    "list_organisations": Access(everybody=True),
    "get_organisation": Access(everybody=True),
    "approve_organisation": _ADMINISTRATORS,
    "suspend_organisation": _ADMINISTRATORS,
    "reinstate_organisation": _ADMINISTRATORS,
    "add_member": _MEMBERS,
    "list_members": Access(
        offices=("administrator", "node-leader"), roles=(*SEES_RECORDS, *MANAGES_MEMBERS), permission="read"
    ),
    "approve_membership": _MEMBERS,
    "decline_membership": _MEMBERS,
    "end_membership": _MEMBERS,
    "change_role": Access(offices=("administrator", "node-leader"), roles=MANAGES_MEMBERS, permission="manage-members"),
    "list_keys": _KEYS,
    "issue_key": _KEYS,
    "rotate_key": _KEYS,
    "revoke_key": _KEYS,
    # service
    "log_service": _LOGGING,
    "log_batch": _LOGGING,
    "list_service_records": _RECORDS,
    "get_service_record": _RECORDS,
    "confirm_service": _REVIEW,
    "reject_service": _REVIEW,
    "correct_service": _REVIEW,
    "void_service": _REVIEW,
    # credit
    "list_policies": Access(everybody=True),
    "adopt_policy": _ADMINISTRATORS,
    "preview_policy": Access(offices=("administrator", "auditor")),
    "list_rewards": Access(everybody=True),
    "get_reward": Access(everybody=True),
    "publish_reward": _ADMINISTRATORS,
    "amend_reward": _ADMINISTRATORS,
    "pause_reward": _ADMINISTRATORS,
    "resume_reward": _ADMINISTRATORS,
    "withdraw_reward": _ADMINISTRATORS,
    "redeem_reward": Access(own=True, proxy="redeem"),
    "list_redemptions": _REDEMPTIONS,
    "get_redemption": _REDEMPTIONS,
    "draw_code": Access(own=True, proxy="redeem"),
    "cancel_redemption": Access(
        own=True, proxy="redeem", offices=("administrator",), roles=FULFILS_REWARDS, permission="fulfil-rewards"
    ),
    "fulfil_redemption": _FULFILMENT,
    "list_gifts": _ACCOUNT,
    "give_credit": Access(own=True, proxy="give"),
    "list_donations": _ACCOUNT,
    "donate_credit": Access(own=True, proxy="give"),
    "list_funds": Access(everybody=True),
    "open_fund": _ADMINISTRATORS,
    "close_fund": _ADMINISTRATORS,
    "list_grants": Access(offices=("administrator", "auditor"), roles=MANAGES_MEMBERS),
    "grant_credit": Access(offices=("administrator",), roles=MANAGES_MEMBERS),
    # reading
    "get_bank_leaderboard": Access(everybody=True),
    "list_events": Access(offices=("administrator", "auditor")),
    "list_security_events": Access(offices=("administrator", "auditor")),
}
"""What each operation asks for, by the name of its handler."""


async def authorised(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let in whoever the table lets in, and say who they are and by which right they act."""
    if connection.scope.get("method") == "OPTIONS":
        return  # which methods there are is no secret, and is on the API page
    access = TABLE[handler.handler_name]
    if access.public:
        _must_know(connection, handler)
        return
    principal = await _who(connection)
    _must_know(connection, handler)
    connection.scope["state"]["principal"] = principal
    found: Services = connection.app.state.services
    today = principal.local(found.ledger.clock()).date()
    behalf = connection.headers.get("on-behalf-of")
    if behalf is not None:
        acting = await _as_proxy(found, principal, access, behalf, connection.path_params)
    elif principal.kind == "program":
        acting = _as_program(principal, access)
        await _note_use(connection, found, principal)
    else:
        acting = _as_person(principal, access, connection.path_params, today)
    connection.scope["user"] = msgspec.structs.replace(principal, acting=acting)


def _must_know(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse parameters of the address that do not exist: whoever misspells a filter would believe the answer."""
    if not connection.query_params:
        return
    parameters = handler.parsed_fn_signature.parameters.items()
    known = {
        field.kwarg_definition.name or name
        for name, field in parameters
        if isinstance(field.kwarg_definition, QueryParameter)
    }
    for name in connection.query_params:
        if name not in known:
            told = f"There is no parameter {name!r}; there are: {', '.join(sorted(known)) or 'none'}."
            raise ValidationException(told, extra=[{"message": told, "key": name}])


async def _who(connection: Connection) -> Principal:
    scheme, _, carried = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not carried:
        raise NotAuthorizedException("This needs a header 'Authorization: Bearer <access token or API key>'.")
    found: Services = connection.app.state.services
    principal = await found.principals.find(carried, found.ledger.clock())
    if principal is None:
        raise NotAuthorizedException("This access token or API key is not valid, or not any more.")
    wait = connection.app.state.rate_per_principal.wait(principal.credential, time.monotonic())
    if wait:
        raise TooManyRequestsError(wait)
    return principal


def _as_person(principal: Principal, access: Access, path: dict[str, Any], today: Any) -> Acting:
    volunteer_id, organisation_id = path.get("volunteer_id"), path.get("organisation_id")
    if access.own and volunteer_id == principal.actor:
        return principal.acting
    for office in access.offices:
        for held in principal.offices:
            of_this = office != "node-leader" or organisation_id in (None, held.organisation_id)
            if held.office == office and of_this and held.in_force(today):
                scope = OrganisationId(held.organisation_id) if held.organisation_id else None
                return Acting(principal.actor, office, scope=scope)
    if access.everybody or access.people or access.roles or (access.own and volunteer_id is None):
        return principal.acting
    if access.own and volunteer_id is not None:
        # Others do not exist for those who have no business with them.
        raise VolunteerUnknown(volunteer_id=volunteer_id)
    raise PermissionDeniedException(f"This is for {_listed(access)} only.")


def _as_program(principal: Principal, access: Access) -> Acting:
    if access.everybody or (access.permission and access.permission in principal.permissions):
        return principal.acting
    if access.permission:
        raise PermissionDeniedException(f"This needs a key with the permission {access.permission}.")
    raise PermissionDeniedException(f"This is for {_listed(access)} only.")


async def _as_proxy(found: Services, principal: Principal, access: Access, behalf: str, path: dict[str, Any]) -> Acting:
    """The right of a proxy; whether they may once more today is decided in the domain."""
    if principal.is_suspended:
        raise YouAreSuspended
    if access.proxy is None:
        raise PermissionDeniedException("This cannot be done on behalf of somebody else.")
    today = principal.local(found.ledger.clock()).date()
    if is_volunteer_number(behalf):
        behalf = (await volunteers.by_numbers(found.pool, principal.bank_id, [behalf])).get(behalf, behalf)
    held = await proxies.of(found.pool, principal.bank_id, behalf)
    if not any(
        each.proxy_volunteer_id == principal.actor
        and each.volunteer_id == behalf
        and each.status == "in force"
        and access.proxy in each.scopes
        and (each.valid_until or today) >= today
        for each in held
    ):
        raise ProxyNotAllowed(volunteer_id=behalf)
    if path.get("volunteer_id", behalf) != behalf:
        raise VolunteerUnknown(volunteer_id=path["volunteer_id"])
    return Acting(principal.actor, "proxy", on_behalf_of=VolunteerId(behalf))


def _listed(access: Access) -> str:
    people = [f"{each}s".replace("-", " ") for each in (*access.offices, *dict.fromkeys(access.roles))]
    if access.permission:
        people.append("organisations' programs")
    if access.people or access.own:
        people.append("people about themselves")
    return " and ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people)


async def _note_use(connection: Connection, found: Services, principal: Principal) -> None:
    """Note, at most once a minute, that a key is used; the security log hears of it once an hour."""
    noted: dict[str, float] = connection.app.state.keys_noted
    if noted.get(principal.credential, 0.0) > time.monotonic():
        return
    noted[principal.credential] = time.monotonic() + NOTE_USE_SECONDS
    coming = visit(connection)
    if await found.principals.key_used(principal, coming.at):
        await found.security_log.record(
            principal.bank_id, "key-used", coming, actor=principal.actor, subject=principal.credential
        )


async def log_refusal(error: Exception, scope: Any) -> None:
    """Write to the security log that somebody who is known was refused."""
    principal: Principal | None = scope["state"].get("principal")
    if principal is None or not isinstance(error, PermissionDeniedException | Forbidden):
        return
    connection = ASGIConnection[Any, Any, Any, Any](scope)
    found: Services = connection.app.state.services
    await found.security_log.record(
        principal.bank_id,
        "access-refused",
        visit(connection),
        actor=principal.actor,
        subject=principal.credential,
        method=scope["method"],
        route=scope.get("path_template") or "-",
        why=type(error).__name__,
    )


async def note(request: BankRequest, kind: Kind, *, with_address: bool = True, **detail: Any) -> None:
    """Write to the security log what is done with personal data; of reading, before it is done."""
    coming, user = visit(request), request.user
    await services(request).security_log.record(
        user.bank_id,
        kind,
        coming if with_address else coming._replace(address=""),
        actor=user.actor,
        subject=user.acting.on_behalf_of,
        route=request.scope.get("path_template"),
        **({"as": user.role} | detail),
    )


def sees_all(request: BankRequest) -> bool:
    """Whether the asker's office lets them see the whole bank's service."""
    return request.user.role in {"administrator", "auditor"}


async def organisations_seen(request: BankRequest, roles: tuple[Role, ...] = SEES_RECORDS) -> list[str]:
    """The organisations whose affairs the asker may see: their own, or those they hold a role in."""
    acting = request.user.acting
    if acting.organisation_id:
        return [acting.organisation_id]
    if acting.authority == "node-leader":
        return [acting.scope] if acting.scope else []
    if acting.authority != "volunteer" or request.user.is_suspended:
        return []
    held = await memberships.roles_of(services(request).pool, request.user.bank_id, acting.actor, now(request).date())
    return [organisation_id for organisation_id, role in held.items() if role in roles]


async def must_manage(request: BankRequest, organisation_id: OrganisationId) -> None:
    """Refuse whoever does not manage an organisation: to strangers it does not exist."""
    if request.user.role == "administrator":
        return
    held = await organisations_seen(request, ("member", "recorder", "verifier", "coordinator", "merchant"))
    if organisation_id not in held:
        raise OrganisationUnknown(organisation_id=organisation_id)
    if organisation_id not in await organisations_seen(request, MANAGES_MEMBERS):
        raise RoleMissing(role=" or ".join(MANAGES_MEMBERS), organisation_id=organisation_id)


async def must_see_members(request: BankRequest, organisation_id: OrganisationId) -> None:
    """Refuse whoever has no business with an organisation's members: to them it has none, it does not exist."""
    if request.user.role == "administrator":
        return
    if organisation_id not in await organisations_seen(request, (*SEES_RECORDS, *MANAGES_MEMBERS)):
        raise OrganisationUnknown(organisation_id=organisation_id)
