"""How much somebody may ask for: each request counts, and what costs more counts as several."""

import time
from typing import Any

from litestar.connection import ASGIConnection

from timebank.api.http.answering.headers import count_by
from timebank.identity.limits.throttle import Rate, TooManyRequestsError
from timebank.identity.principals import Principal


def spend(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal, cost: int) -> None:
    """Count requests of a volunteer, whatever sessions they have, or of an API key. Raises `TooManyRequestsError`."""
    rate, who = rate_of(connection, principal)
    count_by(connection.scope, "principal", rate, who)
    wait = rate.wait(who, time.monotonic(), cost)
    if wait:
        raise TooManyRequestsError(wait)


def rate_of(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> tuple[Rate, str]:
    """How much somebody may ask for, and as whom they are counted."""
    rate: Rate = connection.app.state.rate_per_principal
    return rate, principal.credential if principal.kind == "program" else principal.actor
