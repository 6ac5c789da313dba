"""What a request holds of itself is let go once it is answered.

What somebody sent, up to megabytes of it, would else be in memory until the collector looks for cycles, which it rarely
does (`runtime/garbage.py`).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from litestar.enums import ScopeType
from litestar.types import ASGIApp, ExceptionHandlersMap, Receive, Scope, Send

R = TypeVar("R")


def letting_go(next_app: ASGIApp, *names: str) -> ASGIApp:
    """Have requests forget, once they are answered, what of their state holds them."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await next_app(scope, receive, send)
        finally:
            if scope["type"] == ScopeType.HTTP:
                for name in names:
                    scope["state"].pop(name, None)

    return served


def forgetful(handlers: ExceptionHandlersMap) -> ExceptionHandlersMap:
    """These ways to answer what went wrong; once that is answered, it forgets where it went wrong.

    Whoever raised it holds it, and by its traceback it holds them, with all that they were about.
    """
    return {kind: _forgetting(handler) for kind, handler in handlers.items()}


def _forgetting(answer: Callable[[Any, Any], R]) -> Callable[[Any, Any], R]:
    def answered(request: Any, error: BaseException) -> R:
        try:
            return answer(request, error)
        finally:
            _forget(error)

    return answered


def _forget(error: BaseException | None) -> None:
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
