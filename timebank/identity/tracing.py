"""Trace context (W3C Trace Context, level 1): whose call a request belongs to, passed on to whatever is called for it.

Nothing is traced here. What callers say about their trace is on the log lines of the request, and goes on to the OpenID
provider and the gateway for codes, as if it came from a span of ours.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from secrets import token_hex
from typing import Any, NamedTuple

LONGEST_STATE = 512

# Version, trace, span and flags; there is no version ff, and what is all zeros is none. Later versions may add to it.
_GIVEN = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Trace(NamedTuple):
    """A trace, the span of the caller in it, ours, and what the caller's tools say besides."""

    trace_id: str
    parent_id: str
    span_id: str
    flags: str
    state: str

    @property
    def headers(self) -> dict[str, str]:
        """What whoever is called is told."""
        carried = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{self.flags}"}
        return carried | ({"tracestate": self.state} if self.state else {})


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def trace_of(traceparent: str, tracestate: str) -> Trace | None:
    """The trace that headers name; None where they name none, or not as they should."""
    given = _GIVEN.fullmatch(traceparent)
    if not given or (given[1] == "00" and given[5] is not None):
        return None
    state = tracestate if len(tracestate) <= LONGEST_STATE and tracestate.isprintable() else ""
    return Trace(given[2], given[3], token_hex(8), given[4], state)


@contextmanager
def within(trace: Trace) -> Iterator[None]:
    """Let what is called in this block belong to a trace."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)


def carried() -> dict[str, str]:
    """The headers to send with a call that is made for the present request."""
    trace = _current.get()
    return trace.headers if trace else {}


async def carry(request: Any) -> None:
    """Put them on a request of httpx's, before it is sent."""
    request.headers.update(carried())
