"""Problems (RFC 9457): every way a request can fail, and how it is told to whoever asked."""

import errno
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap, Scope, Send

from timebank import words
from timebank.access.rights import NotAllowed
from timebank.api.http.strict_json import ClientGoneError
from timebank.api.http.telling.shapes import InvalidRequestError, field_trouble, invalid
from timebank.api.http.telling.troubles import FieldTrouble, Problem, Trouble, listener_of, refusal_of, title_of, told
from timebank.db.connections import CONNECTION_LOST
from timebank.domain.refusing import Refusal
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError
from timebank.identity import failures
from timebank.identity.limits.throttle import TooManyRequestsError, TooMuchAtOnceError
from timebank.ledger.daily_facts import DailyLimitReachedError
from timebank.ledger.submission import ClockError, QueueFullError, StandbyAwayError, StoreUnavailableError
from timebank.proofs.notes import NoteError
from timebank.proofs.tiles import LogDamagedError
from timebank.words import OneOf, Phrase

PROBLEM_JSON = "application/problem+json"

CLIENT_GONE = 499
"""The status, in logs only, of a request whose sender went away."""

FAILURES: dict[type[failures.AccessFailure], HTTPStatus] = {
    failures.SignInRefused: HTTPStatus.UNAUTHORIZED,
    failures.RefreshNotValid: HTTPStatus.UNAUTHORIZED,
    failures.ProofNeeded: HTTPStatus.UNAUTHORIZED,
    failures.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    failures.OneTimeCodeNotValid: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.PasswordTooWeak: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.SecondFactorNeeded: HTTPStatus.UNAUTHORIZED,
    failures.SecondFactorRefused: HTTPStatus.UNAUTHORIZED,
    failures.SecondFactorCodeWrong: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.SecondFactorMissing: HTTPStatus.CONFLICT,
    failures.SecondFactorRequired: HTTPStatus.FORBIDDEN,
    failures.PhoneCodeNotValid: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.PhoneMissing: HTTPStatus.CONFLICT,
    failures.PhoneShared: HTTPStatus.CONFLICT,
    failures.AlreadyRegistered: HTTPStatus.CONFLICT,
    failures.CodesHandedOut: HTTPStatus.CONFLICT,
    failures.CodeNotSent: HTTPStatus.SERVICE_UNAVAILABLE,
    failures.NotForYourself: HTTPStatus.FORBIDDEN,
    failures.BankNotNamed: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.ProviderRefused: HTTPStatus.UNAUTHORIZED,
    failures.IdentityNotLinked: HTTPStatus.FORBIDDEN,
    failures.IdentityTaken: HTTPStatus.CONFLICT,
}
"""Which status it has when somebody is not let in."""

OTHERS: dict[str, tuple[int, str]] = {
    "invalid-request": (400, "The request does not have the shape it should have: errors names each field."),
    "too-many-requests": (429, "Too many requests; try again in {seconds} seconds."),
    "daily-limit-reached": (
        429,
        "You have done {most} things today, which is as much as one person can; go on tomorrow.",
    ),
    "too-much-at-once": (413, "This counts as {cost} {what}, and {most} are allowed in a minute: divide it."),
    "list-unreadable": (422, "{said}"),
    "list-not-clear": (422, "{said}"),
    "queue-full": (429, "Too much is waiting to be written. Nothing was done; try again in a moment."),
    "database-unavailable": (
        503,
        "The database does not answer. Try again; with the same Idempotency-Key nothing is done twice.",
    ),
    "no-room": (
        503,
        "The service has no room on its disk for this list or table. Ask again once there is: no row is taken twice.",
    ),
    "clock-off": (503, "Nothing can be recorded now: {why}. Nothing was done."),
    "standby-away": (503, "Nothing can be recorded now: {why}. Nothing was done."),
    "log-damaged": (503, "The log is not what was signed before: nothing is proved by it until that is cleared up."),
    "not-ready": (503, "The service cannot do all of its work: {troubles}."),
    "projection-behind": (503, "The answer is not yet as new as position {position}."),
}
"""What can go wrong besides refusals and failures to be let in, by kind: the status, and what is said."""

log = structlog.get_logger("timebank.api")

AnyRequest = Request[Any, Any, Any]


class ProjectionBehindError(Exception):
    """A read model has not come to the position asked for."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"The answer is not yet as new as position {position}.")


class NotReadyError(Exception):
    """The service cannot do all of its work; each trouble is what is not well, and in what way."""

    def __init__(self, troubles: Sequence[tuple[str, str]]) -> None:
        self.troubles = troubles
        super().__init__("; ".join(f"{what} {why}" for what, why in troubles))


class SlowBodyError(Exception):
    """The body of a request did not come in time."""


def respond(request: AnyRequest, trouble: Trouble, headers: dict[str, str] | None = None) -> Response[Problem]:
    """A response that says what went wrong, in the language of whoever asked."""
    listener = listener_of(request.scope)
    said = {"Content-Language": "zh-Hans" if listener.language == "zh" else "en", "Vary": "Accept-Language"}
    return Response(
        told(trouble, listener), status_code=trouble.status, media_type=PROBLEM_JSON, headers=said | (headers or {})
    )


async def send_problem(scope: Scope, send: Send, trouble: Trouble, retry_after: int | None = None) -> None:
    """Answer with a problem before the application is asked."""
    body = msgspec.json.encode(told(trouble, listener_of(scope)))
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": trouble.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def other(kind: str, **details: Any) -> Trouble:
    """One of those other troubles."""
    status, template = OTHERS[kind]
    return Trouble(status, template, details, kind=kind, title=HTTPStatus(status).phrase)


def _plain(status: int, template: str, **details: Any) -> Trouble:
    """A trouble of which the status says all."""
    return Trouble(status, template, details)


def _refused(request: AnyRequest, refusal: Refusal) -> Response[Problem]:
    return respond(request, refusal_of(refusal))


def _not_let_in(request: AnyRequest, failure: failures.AccessFailure) -> Response[Problem]:
    status = FAILURES[type(failure)]
    headers = {"WWW-Authenticate": failure.challenge} if status == HTTPStatus.UNAUTHORIZED else {}
    if "seconds" in failure.details:
        headers["Retry-After"] = str(failure.details["seconds"])
    return respond(request, Trouble(status, failure.template, failure.details, kind=failure.kind), headers)


def _too_slow(request: AnyRequest, _: SlowBodyError) -> Response[Problem]:
    return respond(request, _plain(408, "The body of the request did not come in time."), {"Connection": "close"})


def too_many_requests(seconds: float) -> Trouble:
    """Somebody asks too often."""
    return other("too-many-requests", seconds=math.ceil(seconds))


def _asks_too_often(request: AnyRequest, error: TooManyRequestsError) -> Response[Problem]:
    return respond(request, too_many_requests(error.seconds), {"Retry-After": str(error.seconds)})


def _did_too_much(request: AnyRequest, error: DailyLimitReachedError) -> Response[Problem]:
    now = request.user.local(request.app.state.services.ledger.clock())
    tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    # Both in UTC: of two times in one zone Python takes the difference by the clock on the wall, changed or not.
    seconds = math.ceil((tomorrow.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
    return respond(request, other("daily-limit-reached", most=error.most), {"Retry-After": str(seconds)})


def _asks_too_much(request: AnyRequest, error: TooMuchAtOnceError) -> Response[Problem]:
    return respond(request, other("too-much-at-once", cost=error.cost, most=error.most, what=error.what))


def _wrong(request: AnyRequest, error: InvalidRequestError) -> Response[Problem]:
    return respond(request, invalid(*error.fields))


def _invalid(request: AnyRequest, error: ValidationException) -> Response[Problem]:
    """What Litestar found: it names handlers' arguments, whose types are known."""
    if not isinstance(error.extra, list) or not error.extra:
        return respond(request, invalid(field_trouble(error.detail, kind=_body_of(request))))
    parameters = request.route_handler.parsed_fn_signature.parameters
    found = []
    for item in error.extra:
        name = item.get("key", "")
        kind = parameters[name].annotation if name in parameters else Any
        found.append(field_trouble(item["message"], name, kind))
    return respond(request, invalid(*found))


def _body_of(request: AnyRequest) -> Any:
    field = request.route_handler.parsed_data_field
    return field.annotation if field else Any


def _not_allowed(request: AnyRequest, error: NotAllowed) -> Response[Problem]:
    return respond(request, _plain(403, error.template, **error.details))


def _unreadable_list(request: AnyRequest, error: SpreadsheetError) -> Response[Problem]:
    return respond(request, _of_list("list-unreadable", said=error.phrase))


def _unclear_list(request: AnyRequest, error: QuestionsError) -> Response[Problem]:
    questions = [
        FieldTrouble(question.about, "{question}", {"question": question.phrase}, question.answers)
        for question in error.questions
    ]
    said = {
        f"question_{number}": Phrase(
            "{question} Say {answers}.", {"question": question.phrase, "answers": OneOf(question.answers)}
        )
        for number, question in enumerate(error.questions)
    }
    told_of = Phrase(" ".join(f"{{{name}}}" for name in said), said)
    return respond(request, _of_list("list-not-clear", said=told_of)._replace(fields=questions))


def _of_list(kind: str, **details: Any) -> Trouble:
    return other(kind, **details)._replace(title=title_of(kind))


def _http(request: AnyRequest, error: HTTPException) -> Response[Problem]:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unexpected(request, error)
    template = "{said}" if words.is_translated(error.detail) else _SAID.get(error.status_code, "{said}")
    trouble = _plain(error.status_code, template, said=error.detail, path=request.scope["path"][:200])
    return respond(request, trouble, headers)


_SAID = {
    404: "There is nothing at {path}.",
    405: "This method is not possible at {path}; the header Allow says which are.",
    413: "The body of the request is too large.",
}
"""What is said of failures that Litestar finds, in the place of its own words."""


def _queue_full(request: AnyRequest, _: QueueFullError) -> Response[Problem]:
    return respond(request, other("queue-full"), {"Retry-After": "1"})


def _unavailable(request: AnyRequest, error: Exception) -> Response[Problem]:
    log.warning("PostgreSQL does not answer", error=repr(error))
    return respond(request, other("database-unavailable"), {"Retry-After": "2"})


def _failing_file(request: AnyRequest, error: OSError) -> Response[Problem]:
    """Lists and tables are kept in files for a while; of what else fails so, the way to the database is the most."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        return _unavailable(request, error)
    log.error("no room for temporary files", error=repr(error))
    return respond(request, other("no-room"), {"Retry-After": "60"})


def _clock_is_off(request: AnyRequest, error: ClockError) -> Response[Problem]:
    return respond(request, other("clock-off", why=str(error)), {"Retry-After": "10"})


def _standby_is_away(request: AnyRequest, error: StandbyAwayError) -> Response[Problem]:
    return respond(request, other("standby-away", why=str(error)), {"Retry-After": "2"})


def _not_ready(request: AnyRequest, error: NotReadyError) -> Response[Problem]:
    """Where the database is what is not well, the problem is the one that all other requests get."""
    is_database = any(what == "database" for what, _ in error.troubles)
    trouble = Trouble(
        503,
        "{troubles}",
        {"troubles": str(error)},
        kind="database-unavailable" if is_database else "not-ready",
        title=HTTPStatus.SERVICE_UNAVAILABLE.phrase,
        fields=[FieldTrouble(what, "{why}", {"why": why}) for what, why in error.troubles],
    )
    return respond(request, trouble, {"Retry-After": "2"})


def _behind(request: AnyRequest, error: ProjectionBehindError) -> Response[Problem]:
    return respond(request, other("projection-behind", position=error.position), {"Retry-After": "1"})


def _cannot_prove(request: AnyRequest, error: Exception) -> Response[Problem]:
    log.error("the log cannot be proved", why=str(error))
    return respond(request, other("log-damaged"))


def _client_gone(request: AnyRequest, _: ClientGoneError) -> Response[Problem]:
    detail = "The connection was closed before the whole request was here. Nothing was done."
    return respond(request, Trouble(CLIENT_GONE, detail, {}, title="Client closed request"))


def _unexpected(request: AnyRequest, error: Exception) -> Response[Problem]:
    log.error("unexpected error", exc_info=error)
    return respond(request, _plain(500, "Something went wrong on our side; it has been logged."))


def _unreadable(request: AnyRequest, _: Exception) -> Response[Problem]:
    return respond(request, invalid(field_trouble("The body is no JSON in UTF-8, or is nested too deeply.")))


HANDLERS: ExceptionHandlersMap = {
    Refusal: _refused,
    NotAllowed: _not_allowed,
    failures.AccessFailure: _not_let_in,
    TooManyRequestsError: _asks_too_often,
    SlowBodyError: _too_slow,
    ClientGoneError: _client_gone,
    TooMuchAtOnceError: _asks_too_much,
    DailyLimitReachedError: _did_too_much,
    InvalidRequestError: _wrong,
    QuestionsError: _unclear_list,
    SpreadsheetError: _unreadable_list,
    ValidationException: _invalid,
    HTTPException: _http,
    QueueFullError: _queue_full,
    StoreUnavailableError: _unavailable,
    ClockError: _clock_is_off,
    StandbyAwayError: _standby_is_away,
    NotReadyError: _not_ready,
    ProjectionBehindError: _behind,
    **dict.fromkeys((LogDamagedError, NoteError), _cannot_prove),
    UnicodeDecodeError: _unreadable,
    RecursionError: _unreadable,
    Exception: _unexpected,
    **dict.fromkeys(CONNECTION_LOST, _unavailable),
    OSError: _failing_file,
}

_DESCRIPTIONS = {
    400: "The request does not have the shape it should have.",
    401: "There is no valid access token or API key; or the number or phone and the password do not belong together.",
    403: "You may not do this.",
    404: "There is no such thing, or not for you.",
    409: "This is not possible as things stand.",
    413: "The request is too large.",
    422: "The request contradicts itself, or its Idempotency-Key was used for another one.",
    429: "There are too many requests or attempts, or too much is waiting; nothing was done.",
    500: "Something went wrong on our side.",
    503: "The database, or a read model, is not there in time; or something else keeps the service from its work.",
}


class _Answer(ResponseSpec):
    """A description that nobody changes: the same for all, however often Litestar copies what it registers."""

    def __deepcopy__(self, _: Any) -> Self:
        return self


def answers(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems an operation can answer with, for the OpenAPI document."""
    return {
        status: _Answer(
            Problem,
            media_type=PROBLEM_JSON,
            description=_DESCRIPTIONS[status],
            generate_examples=False,
        )
        for status in statuses
    }


READS = answers(400, 401, 403, 404, 429, 500, 503)
WRITES = answers(400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
IMPORTS = answers(400, 401, 403, 404, 413, 422, 429, 500, 503)
