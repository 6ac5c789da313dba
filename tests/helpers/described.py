"""Applications that are known before any database is there: tests ask them which operations there are."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from litestar import Litestar

from timebank.api.app import create_app
from timebank.runtime.settings import Settings

LIMITS: dict[str, Any] = {"rate_per_address": 10**9, "rate_per_principal": 10**9, "phone_codes": "none"}
"""What tests usually set."""

IDLE: defaultdict[Callable[[Settings], Litestar], list[Litestar]] = defaultdict(list)
"""Applications as they are usually built, for whoever has a database to serve: to build one takes longer than tests."""


@cache
def usual_app() -> Litestar:
    """An application as it is usually built, which will serve."""
    app = create_app(Settings(**LIMITS))
    IDLE[create_app].append(app)
    return app


@cache
def whole_app() -> Litestar:
    """An application with signing in at an OpenID provider, too, which serves nobody."""
    return create_app(Settings(oidc_issuer="https://provider.example", oidc_client_id="timebank"))
