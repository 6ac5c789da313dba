"""The guard: finds out who is asking, and by which rights of the operation's row in the access table they may.

Every handler carries its row, as `access=…` in its decorator; `table_of` collects them.
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute

from timebank.access.known import KINDS
from timebank.access.rights import NotAllowed, must_be_open_to_proxies, right_of_proxy, rights_of
from timebank.access.table import Access
from timebank.api.http import named
from timebank.api.http.answering import in_progress
from timebank.api.http.answering.rates import spend
from timebank.api.http.lists import FORMAT, item_of
from timebank.api.http.positions import MIN_POSITION, is_question, position_of
from timebank.api.http.requests import BankRequest, visit
from timebank.api.http.strict_json import STILL, TURN
from timebank.api.http.telling.shapes import InvalidRequestError, shortened
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.domain.acting import Acting
from timebank.domain.refusing import Forbidden
from timebank.identity.failures import SecondFactorNeeded, SecondFactorRequired
from timebank.identity.principals import Principal
from timebank.projections.people import proxies, volunteers
from timebank.runtime.composition import Services

Connection = ASGIConnection[Any, Any, Any, Any]

NOT_VALID = "This access token or API key is not valid, or not any more."

NOTE_USE_SECONDS = 60.0
MOST_TAGS = 20
"""So many ids a question about the history names at most."""

PREFIX = "/v1"


def table_of(app: Litestar) -> dict[str, Access]:
    """The access table: the row of every operation that is served, by its name, in the order of names.

    Raises `AssertionError` for an operation that nobody has said who may use.
    """
    table: dict[str, Access] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith(PREFIX):
            for handler in route.route_handlers:
                if handler.http_methods != {"OPTIONS"}:
                    row = handler.opt.get("access")
                    assert isinstance(row, Access), f"say with access=… who may {handler.handler_name}"
                    table[handler.handler_name] = row
    return dict(sorted(table.items()))


async def authorised(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let in whoever the table lets in, and say who they are and by which right they act."""
    if connection.scope.get("method") == "OPTIONS":
        return  # which methods there are is no secret, and is on the API page
    access: Access = handler.opt["access"]
    if access.public:
        _must_know_parameters(connection, handler)
        return
    principal = await _who(connection)
    connection.scope["state"]["principal"] = connection.scope["user"] = principal
    in_progress.is_known(connection.scope)
    _must_not_owe_factor(principal, access)
    assert isinstance(connection, BankRequest), "it is the class of all requests"
    await _wait_for_a_place(connection, handler, principal)
    behalf = await _name_by_id(connection)
    _must_know_parameters(connection, handler)
    principal = await _with_whom_they_act_for(connection, principal, behalf)
    acting, *also = await _rights(connection, principal, access, behalf)
    connection.scope["state"][STILL] = partial(_must_be_let_in_still, connection, principal, access, behalf)
    if access.proof:
        services: Services = connection.app.state.services
        await services.sign_in.sessions.must_be_proved(principal.credential, services.ledger.clock())
    connection.scope["user"] = msgspec.structs.replace(principal, acting=acting, acting_also=tuple(also))
    may_be_behind = not handler.opt.get("never_behind")
    if is_question(handler) and (may_be_behind or position_of(connection.scope["query_string"])):
        await connection.wait_for_reads()
    await _must_be_about_something(connection)
    if is_question(handler):
        await _note_whom_it_names(connection)


async def _wait_for_a_place(connection: Connection, handler: BaseRouteHandler, principal: Principal) -> None:
    """Wait until a question may begin; what a command says is to wait once all of it is here."""
    if handler.parsed_data_field:
        connection.scope["state"][TURN] = partial(in_progress.turn, connection, principal)
    elif is_question(handler) and await in_progress.begin(connection, principal):
        await _found(connection)  # they may have signed out since


async def _note_whom_it_names(request: BankRequest) -> None:
    """Write down whom the address names at whom an administrator or an auditor looks."""
    asked = request.query_params
    # Of a parameter that is there twice the last counts.
    last = [each for name in ("volunteer_id", "actor") for each in asked.getall(name, [])[-1:]]
    named = [str(each) for each in (*request.path_params.values(), *last, *asked.getall("tag", [])[:MOST_TAGS])]
    numbers = [each.removeprefix("number:") for each in named if each.startswith("number:")]
    theirs = await volunteers.by_numbers(request.pool, request.bank_id, numbers) if numbers else {}
    # What somebody did on a day has a tag of both.
    await note_whom(request, (each.partition("@")[0] for each in (*named, *theirs.values())))


async def note_whom(request: BankRequest, said: Iterable[str]) -> None:
    """Write to the security log at whom an administrator or an auditor looks, whether or not they are told a name.

    Of whom nobody knows yet, or ever, it is noted that somebody was looked at, and not whom: made-up ids would fill it.
    """
    if request.user.role not in {"administrator", "auditor"}:
        return
    for whom in dict.fromkeys(said):
        if whom.startswith("vol_") and whom != request.user.actor:
            is_known = await volunteers.is_known(request.pool, request.bank_id, whom)
            await request.note_again("people-read", people=1, **({"volunteer": whom} if is_known else {}))


async def _name_by_id(request: BankRequest) -> str | None:
    """Have the address name people by their ids, however it named them; and say for whom a proxy acts, if one does."""
    behalf: str | None = request.headers.get("on-behalf-of")
    if behalf is not None:
        behalf = (await request.meant([behalf], None))[behalf]
    said = set(named.in_address(request.scope))
    if said:
        named.put_in_address(request.scope, await request.meant(said, behalf or request.user.person_id))
    return behalf


async def _must_be_about_something(request: BankRequest) -> None:
    """Refuse filters that name what there is not."""
    for name, value in request.query_params.items():
        if name in KINDS:
            await request.must_be_known(name, value)


def _must_know_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Reject unknown query parameters: whoever misspells a filter would believe the answer."""
    if not connection.query_params or handler.opt.get("takes_more"):
        return
    functions: list[Any] = [handler, *handler.resolve_dependencies().values()]
    names = {
        field.kwarg_definition.name or name
        for function in functions
        for name, field in function.parsed_fn_signature.parameters.items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }
    if item_of(handler):
        names.add(FORMAT)
    if is_question(handler):
        names.add(MIN_POSITION)
    for name in connection.query_params:
        if name not in names:
            template = "There is no parameter {parameter}; there are: {parameters}."
            known = ", ".join(sorted(names)) or "none"
            called = shortened(name)
            raise InvalidRequestError(FieldTrouble(called, template, {"parameter": repr(called), "parameters": known}))


def _must_not_owe_factor(principal: Principal, access: Access) -> None:
    if principal.owes_factor and not access.half_way:
        raise SecondFactorNeeded


async def _must_be_let_in_still(connection: Connection, before: Principal, access: Access, behalf: str | None) -> None:
    """Refuse what comes or goes slowly, if meanwhile the session ended, the key was revoked, or the right was lost.

    Also if a second factor was set. A token that runs out meanwhile is no matter.
    """
    services: Services = connection.app.state.services
    principal = await services.principals.again(_carried(connection), before, services.ledger.clock())
    if principal is None:
        raise NotAuthorizedException(NOT_VALID)
    _must_not_owe_factor(principal, access)
    await _rights(connection, await _with_whom_they_act_for(connection, principal, behalf), access, behalf)


async def _with_whom_they_act_for(connection: Connection, principal: Principal, behalf: str | None) -> Principal:
    """Who asks, with what was merged with the registration of whom they act for, if they do, instead of their own."""
    if behalf is None:
        return principal
    services: Services = connection.app.state.services
    earlier = await services.principals.merged_with(principal.bank_id, behalf)
    return msgspec.structs.replace(principal, earlier_ids=earlier)


async def _who(connection: Connection) -> Principal:
    principal = await _found(connection)
    spend(connection, principal, 1)
    services: Services = connection.app.state.services
    sessions = services.sign_in.sessions
    if principal.kind == "volunteer" and sessions.is_to_be_noted(principal.credential):
        await sessions.used(principal.credential, visit(connection))
    return principal


async def _found(connection: Connection) -> Principal:
    """Whose token or key a request carries. Raises `NotAuthorizedException`."""
    services: Services = connection.app.state.services
    principal = await services.principals.find(_carried(connection), services.ledger.clock())
    if principal is None:
        raise NotAuthorizedException(NOT_VALID)
    return principal


def _carried(connection: Connection) -> str:
    scheme, _, carried = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not carried:
        raise NotAuthorizedException("This needs a header 'Authorization: Bearer <access token or API key>'.")
    return carried


async def bank_meant(connection: Connection, bank_id: UUID | None) -> UUID:
    """The bank that a public question is about: the one that is named, else that of whoever asks, else the only one.

    Raises `BankNotNamed` where there are several.
    """
    services: Services = connection.app.state.services
    if bank_id:
        if await services.ledger.store.bank(bank_id) is None:
            raise NotFoundException("There is no such bank here.")
        return bank_id
    if "authorization" in connection.headers:
        return (await _who(connection)).bank_id
    return await services.sign_in.the_bank(None)


async def _rights(connection: Connection, principal: Principal, access: Access, behalf: str | None) -> Sequence[Acting]:
    services: Services = connection.app.state.services
    today = principal.local(services.ledger.clock()).date()
    path = connection.path_params
    about = path.get("volunteer_id")
    if about in principal.earlier_ids and connection.scope.get("method") == "GET":
        about = behalf or principal.actor
    if behalf is not None:
        must_be_open_to_proxies(principal, access)
        held = await proxies.of(services.pool, principal.bank_id, behalf)
        return (right_of_proxy(principal, access, behalf, held, about, today),)
    _must_have_second_factor(principal, access, about)
    rights = rights_of(principal, access, about, today)
    if principal.kind == "program":
        await _note_use(connection, services, principal)
    return rights


def _must_have_second_factor(principal: Principal, access: Access, about: str | None) -> None:
    """Refuse what an administrator may whose second factor is overdue, except what concerns themselves."""
    is_own = access.own and about in (None, principal.actor)
    may_anyhow = is_own or access.people or access.everybody
    if principal.lacks_factor and "administrator" in access.offices and not may_anyhow:
        raise SecondFactorRequired


async def _note_use(connection: Connection, services: Services, principal: Principal) -> None:
    """Note, at most once a minute, that a key is used; the security log hears of it once an hour."""
    noted: dict[str, float] = connection.app.state.keys_noted
    if noted.get(principal.credential, 0.0) > time.monotonic():
        return
    noted[principal.credential] = time.monotonic() + NOTE_USE_SECONDS
    coming = visit(connection)
    if await services.principals.key_used(principal, coming.at):
        await services.security_log.record(
            principal.bank_id, "key-used", coming, actor=principal.actor, subject=principal.credential
        )


async def log_refusal(error: Exception, scope: Any) -> None:
    """Write to the security log that somebody who is known was refused; how often, if it is again and again."""
    principal: Principal | None = scope["state"].get("principal")
    if principal is None or not isinstance(error, NotAllowed | Forbidden):
        return
    connection = ASGIConnection[Any, Any, Any, Any](scope)
    services: Services = connection.app.state.services
    await services.repeated.record(
        principal.bank_id,
        "access-refused",
        visit(connection),
        actor=principal.actor,
        subject=principal.credential,
        method=scope["method"],
        route=scope.get("path_template") or "-",
        why=type(error).__name__,
    )
