"""What answers say beside their bodies: what is left of a limit, the page that follows, that it was answered before."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar.types import Scope

from timebank.identity.limits.throttle import Rate

READABLE = (
    "Content-Disposition", "Idempotency-Replayed", "Link", "RateLimit", "RateLimit-Policy", "Retry-After",
    "Timebank-Receipt", "X-Request-Id",
)  # fmt: skip
"""What scripts of other origins may read, where such are let in."""

WINDOW_SECONDS = 60


def set_header(scope: Scope, name: str, value: str) -> None:
    """Have the answer to a request say one more thing; of two values for it the last one."""
    scope["state"].setdefault("headers", {})[name.lower().encode()] = value.encode("latin-1")


def count_by(scope: Scope, policy: str, rate: Rate, who: str) -> None:
    """By which limit a request is counted, and as whom: the last one that is named is the one that is told."""
    scope["state"]["limit"] = policy, rate, who


def said_beside(scope: Scope, now: float) -> Iterator[tuple[bytes, bytes]]:
    """All of it. Limits are told as the IETF's draft on RateLimit header fields for HTTP says."""
    state: dict[str, Any] = scope["state"]
    yield from state.get("headers", {}).items()
    if "limit" in state:
        policy, rate, who = state["limit"]
        left, seconds = rate.left(who, now)
        yield b"ratelimit-policy", f'"{policy}";q={rate.per_minute};w={WINDOW_SECONDS}'.encode()
        yield b"ratelimit", f'"{policy}";r={left};t={seconds}'.encode()


def link_to_next(scope: Scope, cursor: str) -> str:
    """Where the page is that follows the one that is asked for (RFC 8288)."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = [(name, value) for name, value in asked if name != "after"]
    return f'<{scope["raw_path"].decode("latin-1")}?{urlencode([*query, ("after", cursor)])}>; rel="next"'
