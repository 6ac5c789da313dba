"""When something goes wrong: a page that says what, and what to do next; problems as JSON for programs."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from timebank.api.http.problems import HANDLERS, PROBLEM_JSON
from timebank.web.http.asking import Refused
from timebank.web.http.forms import Unreadable
from timebank.web.http.safe import short
from timebank.web.http.tokens import ForeignForm, FormOfAnotherAccount
from timebank.web.http.visitors import VISITOR, FactorNeeded, PageRequest, SignInNeeded, Visitor


def _visitor(request: PageRequest) -> Visitor:
    found: Visitor | None = request.scope["state"].get(VISITOR)
    return found or Visitor(request)


def _page(request: PageRequest, problem: dict[str, Any]) -> Response[Any]:
    """The page about a problem; to programs, the problem itself."""
    status = int(problem["status"])
    if "text/html" not in request.headers.get("accept", ""):
        return Response(problem, status_code=status, media_type=PROBLEM_JSON)
    visitor = _visitor(request)
    visitor.problem = None
    return visitor.show("wrong.html", status=status, what=problem, advice=ADVICE.get(status, ADVICE[500]))


ADVICE = {
    400: "Go back, look at what you typed, and try again.",
    401: "Sign in again, and go on where you were.",
    403: "If you need this for your work, ask the office of your time bank.",
    404: "See whether the address is right, or start from the first page.",
    405: "Start from the first page.",
    409: "Go back and look how things stand now.",
    413: "Send less at once.",
    422: "Go back, look at what you typed, and try again.",
    429: "Wait a moment, and try again.",
    500: "It has been noted. Try again later; if it stays so, tell the office of your time bank.",
    503: "Try again in a moment. Nothing is done twice.",
}
"""What to do next, by status."""


def _refused(request: PageRequest, refused: Refused) -> Response[Any]:
    if refused.status == 401 and refused.kind in ("about:blank", "blank", ""):
        return _sign_in(request, SignInNeeded())
    return _page(request, refused.problem)


def _unreadable(request: PageRequest, unreadable: Unreadable) -> Response[Any]:
    return _page(request, unreadable.problem(_visitor(request).language))


def _sign_in(request: PageRequest, _: SignInNeeded) -> Response[Any]:
    visitor = _visitor(request)
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    back = quote(short(asked, "/")) if request.method == "GET" else "/"
    return visitor.go(f"/sign-in?next={back}", "Sign in first, then it goes on here.")


def _factor(request: PageRequest, _: FactorNeeded) -> Response[Any]:
    return _visitor(request).go(f"/prove?next={quote(request.url.path)}")


def _foreign(request: PageRequest, _: ForeignForm) -> Response[Any]:
    said = _visitor(request).say(
        "This page was open for too long, or you have signed in or out meanwhile, "
        "or may not act for somebody any more. Nothing was done."
    )
    return _page(request, {"status": 403, "title": "", "detail": said, "type": "/problems/foreign-form"})


def _of_another(request: PageRequest, told: FormOfAnotherAccount) -> Response[Any]:
    kind = "/problems/form-of-another-account"
    return _page(request, {"status": 409, "title": "", "detail": str(told), "type": kind})


def _otherwise(handler: Callable[..., Response[Any]]) -> Callable[[PageRequest, Any], Response[Any]]:
    """What the API would answer, as a page."""

    def answered(request: PageRequest, error: Any) -> Response[Any]:
        language = _visitor(request).language.encode()
        request.scope["headers"] = [(b"accept-language", language), *request.scope["headers"]]
        problem = msgspec.to_builtins(handler(request, error).content)
        if isinstance(error, NotFoundException) and VISITOR not in request.scope["state"]:
            problem["detail"] = _visitor(request).say("There is no page at this address.")
        return _page(request, problem)

    return answered


def handlers() -> ExceptionHandlersMap:
    """How pages answer whatever goes wrong."""
    return {
        **{kind: _otherwise(handler) for kind, handler in HANDLERS.items()},
        HTTPException: _otherwise(HANDLERS[HTTPException]),
        Refused: _refused,
        Unreadable: _unreadable,
        SignInNeeded: _sign_in,
        FactorNeeded: _factor,
        ForeignForm: _foreign,
        FormOfAnotherAccount: _of_another,
    }
