"""Problems (RFC 9457): the one table from refusals to HTTP statuses, and every other way a request can fail."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from timebank.access.rights import NotAllowed
from timebank.api.http.strict_json import ClientGoneError
from timebank.db.connections import CONNECTION_LOST
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound, Refusal
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError
from timebank.identity import failures
from timebank.identity.limits.throttle import TooManyRequestsError, TooMuchAtOnceError
from timebank.ledger.daily import DailyLimitReachedError
from timebank.ledger.submission import ClockError, QueueFullError, StandbyAwayError, StoreUnavailableError
from timebank.proofs.notes import NoteError
from timebank.proofs.tiles import LogDamagedError

PROBLEM_JSON = "application/problem+json"

CLIENT_GONE = 499
"""The status, in logs only, of a request whose sender went away."""

STATUSES: dict[type[Refusal], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Which status a refusal has, by the branch of the tree it is on."""

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
    failures.CodesHandedOut: HTTPStatus.CONFLICT,
    failures.CodeNotSent: HTTPStatus.SERVICE_UNAVAILABLE,
    failures.NotForYourself: HTTPStatus.FORBIDDEN,
    failures.BankNotNamed: HTTPStatus.UNPROCESSABLE_ENTITY,
    failures.ProviderRefused: HTTPStatus.UNAUTHORIZED,
    failures.IdentityNotLinked: HTTPStatus.FORBIDDEN,
    failures.IdentityTaken: HTTPStatus.CONFLICT,
}
"""Which status it has when somebody is not let in."""

log = structlog.get_logger("timebank.api")


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request failed. `type` is stable: programs tell problems apart by it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class ProjectionBehindError(Exception):
    """A read model has not come to the position asked for."""


class NotReadyError(Exception):
    """The service cannot do all of its work; each trouble is what is not well, and in what way."""

    def __init__(self, troubles: Sequence[tuple[str, str]]) -> None:
        self.troubles = troubles
        super().__init__("; ".join(f"{what} {why}" for what, why in troubles))


def of_refusal(refusal: Refusal, said: Mapping[str, str]) -> Problem:
    """Maps a refusal to a problem of RFC 9457; people are called what the request called them (`said`, by id)."""
    status = next(STATUSES[kind] for kind in type(refusal).__mro__ if kind in STATUSES)
    title = refusal.kind.replace("-", " ").capitalize()
    detail = refusal.told({name: said.get(str(value), value) for name, value in refusal.details.items()})
    errors = [FieldError(refusal.field, detail)] if refusal.field else []
    return Problem(type=f"/problems/{refusal.kind}", title=title, status=status, detail=detail, errors=errors)


def of_invalid(message: str, field: str | None = None) -> Problem:
    """The problem of a request that does not have the shape it should have."""
    reason, _, path = message.partition(" - at `")
    if reason.startswith("Expected `str` matching regex"):
        reason = "This is not written in the form that is expected here"
    if reason == "Invalid RFC3339 encoded datetime":
        reason = f"{reason}: write it with an offset, as 2026-03-01T08:30:00+08:00"
    reason = reason if len(reason) <= 200 else f"{reason[:200]}…"
    if reason in _NO_BODY:
        reason = "This needs a body of JSON"
    named = re.search(r"(?:missing required|unknown) field `([^`]*)`", reason)
    place = path.rstrip("`").removeprefix("$").lstrip(".")
    if named:
        place = f"{place}.{named[1]}".lstrip(".")
    place = place or _OUTSIDE_NAMES.get(field or "", field) or "body"
    detail = reason if place == "body" else f"{place}: {reason}"
    errors = [FieldError(place, reason)]
    return Problem(type="/problems/invalid-request", title="Invalid request", status=400, detail=detail, errors=errors)


_OUTSIDE_NAMES = {
    "data": "body",
    "search": "query",
    "first_day": "from",
    "last_day": "until",
    "idempotency_key": "Idempotency-Key",
}
"""Parameters that are called otherwise in handlers than in requests."""

_NO_BODY = {"'data'", "data"}
"""How a missing body shows: as a missing argument of the handler."""


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response[Problem]:
    """A response that says so."""
    return Response(problem, status_code=problem.status, media_type=PROBLEM_JSON, headers=headers or {})


def _plain(status: int, detail: str, *, kind: str = "about:blank") -> Problem:
    return Problem(type=kind, title=HTTPStatus(status).phrase, status=status, detail=detail)


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Problem]:
    return respond(of_refusal(refusal, request.scope["state"].get("said", {})))


def _not_let_in(_: Request[Any, Any, Any], failure: failures.AccessFailure) -> Response[Problem]:
    status = FAILURES[type(failure)]
    headers = {"WWW-Authenticate": failure.challenge} if status == HTTPStatus.UNAUTHORIZED else {}
    if "seconds" in failure.details:
        headers["Retry-After"] = str(failure.details["seconds"])
    title = failure.kind.replace("-", " ").capitalize()
    problem = Problem(type=f"/problems/{failure.kind}", title=title, status=status, detail=str(failure))
    return respond(problem, headers)


class SlowBodyError(Exception):
    """The body of a request did not come in time."""


def _too_slow(_: Request[Any, Any, Any], __: SlowBodyError) -> Response[Problem]:
    return respond(_plain(408, "The body of the request did not come in time."), {"Connection": "close"})


def too_many_requests(seconds: float) -> Problem:
    """The problem of asking too often."""
    detail = f"Too many requests; try again in {math.ceil(seconds)} seconds."
    return _plain(429, detail, kind="/problems/too-many-requests")


def _asks_too_often(_: Request[Any, Any, Any], error: TooManyRequestsError) -> Response[Problem]:
    return respond(too_many_requests(error.seconds), {"Retry-After": str(error.seconds)})


def _did_too_much(request: Request[Any, Any, Any], error: DailyLimitReachedError) -> Response[Problem]:
    now = request.user.local(request.app.state.services.ledger.clock())
    tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    # Both in UTC: of two times in one zone Python takes the difference by the clock on the wall, changed or not.
    seconds = math.ceil((tomorrow.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
    return respond(_plain(429, str(error), kind="/problems/daily-limit-reached"), {"Retry-After": str(seconds)})


def _asks_too_much(_: Request[Any, Any, Any], error: TooMuchAtOnceError) -> Response[Problem]:
    return respond(_plain(413, str(error), kind="/problems/too-much-at-once"))


def _invalid(_: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    problem = of_invalid(error.detail)
    if isinstance(error.extra, list) and error.extra:
        found = [of_invalid(item["message"], item.get("key")) for item in error.extra]
        detail = "; ".join(each.detail for each in found)
        problem = msgspec.structs.replace(problem, detail=detail, errors=[each.errors[0] for each in found])
    return respond(problem)


def _not_allowed(_: Request[Any, Any, Any], error: NotAllowed) -> Response[Problem]:
    return respond(_plain(403, str(error)))


def _unreadable_list(_: Request[Any, Any, Any], error: SpreadsheetError) -> Response[Problem]:
    return respond(Problem(type="/problems/list-unreadable", title="List unreadable", status=422, detail=str(error)))


def _unclear_list(_: Request[Any, Any, Any], error: QuestionsError) -> Response[Problem]:
    questions = [
        FieldError(question.about, f"{question.text} Say {' or '.join(question.answers)}.")
        for question in error.questions
    ]
    problem = Problem(
        type="/problems/list-not-clear", title="List not clear", status=422, detail=str(error), errors=questions
    )
    return respond(problem)


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unexpected(_, error)
    return respond(_plain(error.status_code, error.detail), headers)


def _queue_full(_: Request[Any, Any, Any], _error: QueueFullError) -> Response[Problem]:
    detail = "Too much is waiting to be written. Nothing was done; try again in a moment."
    return respond(_plain(429, detail, kind="/problems/queue-full"), {"Retry-After": "1"})


def _unavailable(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.warning("PostgreSQL does not answer", error=repr(error))
    detail = "The database does not answer. Try again; with the same Idempotency-Key nothing is done twice."
    return respond(_plain(503, detail, kind="/problems/database-unavailable"), {"Retry-After": "2"})


def _clock_is_off(_: Request[Any, Any, Any], error: ClockError) -> Response[Problem]:
    detail = f"Nothing can be recorded now: {error}. Nothing was done."
    return respond(_plain(503, detail, kind="/problems/clock-off"), {"Retry-After": "10"})


def _standby_is_away(_: Request[Any, Any, Any], error: StandbyAwayError) -> Response[Problem]:
    detail = f"Nothing can be recorded now: {error}. Nothing was done."
    return respond(_plain(503, detail, kind="/problems/standby-away"), {"Retry-After": "2"})


def _not_ready(_: Request[Any, Any, Any], error: NotReadyError) -> Response[Problem]:
    """Where the database is what is not well, the problem is the one that all other requests get."""
    is_database = any(what == "database" for what, _ in error.troubles)
    problem = Problem(
        type="/problems/database-unavailable" if is_database else "/problems/not-ready",
        title=HTTPStatus.SERVICE_UNAVAILABLE.phrase,
        status=503,
        detail=str(error),
        errors=[FieldError(what, why) for what, why in error.troubles],
    )
    return respond(problem, {"Retry-After": "2"})


def _behind(_: Request[Any, Any, Any], error: ProjectionBehindError) -> Response[Problem]:
    return respond(_plain(503, str(error), kind="/problems/projection-behind"), {"Retry-After": "1"})


def _cannot_prove(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error("the log cannot be proved", why=str(error))
    detail = "The log is not what was signed before, so nothing is proved by it until that is cleared up."
    return respond(_plain(503, detail, kind="/problems/log-damaged"))


def _client_gone(_: Request[Any, Any, Any], _error: ClientGoneError) -> Response[Problem]:
    detail = "The connection was closed before the whole request was here. Nothing was done."
    problem = Problem(type="about:blank", title="Client closed request", status=CLIENT_GONE, detail=detail)
    return respond(problem)


def _unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error("unexpected error", exc_info=error)
    return respond(_plain(500, "Something went wrong on our side; it has been logged."))


def _unreadable(_: Request[Any, Any, Any], _error: Exception) -> Response[Problem]:
    return respond(of_invalid("The body is no JSON in UTF-8, or is nested too deeply.", "body"))


HANDLERS: ExceptionHandlersMap = {
    Refusal: _refused,
    NotAllowed: _not_allowed,
    failures.AccessFailure: _not_let_in,
    TooManyRequestsError: _asks_too_often,
    SlowBodyError: _too_slow,
    ClientGoneError: _client_gone,
    TooMuchAtOnceError: _asks_too_much,
    DailyLimitReachedError: _did_too_much,
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


def answers(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems an operation can answer with, for the OpenAPI document."""
    return {
        status: ResponseSpec(
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
