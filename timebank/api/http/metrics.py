"""Metrics for Prometheus at `/metrics`: requests by route (litestar's plugin), and what the bank does behind them.

They are there where `TIMEBANK_METRICS_TOKEN` is set, for whoever sends it. Several worker processes sum up what they
count, by way of files (PROMETHEUS_MULTIPROC_DIR, which the server sets).
"""

import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController
from prometheus_client import Counter, Gauge, Histogram, multiprocess

from timebank.db.connections import DATABASE_ERRORS
from timebank.identity.failures import AccessFailure
from timebank.projections import FOLLOWING
from timebank.projections.machinery.runner import lags
from timebank.runtime.composition import Services

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

COMMANDS = Counter("timebank_commands", "Commands, by what became of them", ["command", "outcome"])
WAITING = Gauge("timebank_commands_waiting", "Commands that wait to be decided", multiprocess_mode="livesum")
BATCH = Histogram(
    "timebank_batch_commands",
    "How many commands were appended together",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
SIGN_IN_FAILURES = Counter("timebank_sign_in_failures", "Who was not let in, by the reason", ["reason"])
LAG = Gauge(
    "timebank_projection_lag_events",
    "By how many facts a read model is behind the log, in the bank where that is most",
    ["projection"],
    multiprocess_mode="mostrecent",
)
READY = Gauge("timebank_ready", "1 where /health/ready finds nothing that is not well", multiprocess_mode="mostrecent")

REQUESTS = PrometheusConfig(
    app_name="timebank",
    prefix="timebank",
    group_path=True,
    buckets=[0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0],
)


class LedgerMeter:
    """Counts what the ledger does."""

    def waiting(self, more: int) -> None:
        """So many more commands wait to be decided."""
        WAITING.inc(more)

    def batch(self, commands: int) -> None:
        """So many commands are appended together."""
        BATCH.observe(commands)

    def decided(self, command: str, outcome: str) -> None:
        """What became of a command."""
        COMMANDS.labels(command, outcome).inc()


async def count_failure(error: Exception, _: Any) -> None:
    """Count who was not let in."""
    if isinstance(error, AccessFailure):
        SIGN_IN_FAILURES.labels(error.kind).inc()


def metrics_controller(token: str) -> type[PrometheusController]:
    """What serves the metrics to whoever has the token."""
    expected = f"Bearer {token}".encode()

    class MetricsController(PrometheusController):
        """`/metrics`"""

        @get(include_in_schema=False)
        async def get(self, request: Request[Any, Any, State]) -> Response[bytes]:
            """All metrics, in Prometheus' text format."""
            given = request.headers.get("authorization", "").encode("latin-1", "replace")
            if not hmac.compare_digest(given, expected):
                raise NotAuthorizedException("This needs a header 'Authorization: Bearer <TIMEBANK_METRICS_TOKEN>'.")
            await _look(request.app.state.services)
            return await PrometheusController.get.fn(self)  # type: ignore[no-any-return]  # it gives a response

    return MetricsController


async def _look(services: Services) -> None:
    """Measure what is not counted as it happens."""
    report = await services.readiness.report()
    READY.set(not report.troubles)
    with suppress(*DATABASE_ERRORS):
        for projection, events in (await lags(services.pool, [each.name for each in FOLLOWING])).items():
            LAG.labels(projection).set(events)


def forget_dead_workers() -> None:
    """Leave out of what is summed up what workers that are gone had under way."""
    folder = os.environ.get(FOLDER)
    for file in Path(folder).glob("gauge_live*.db") if folder else ():
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # it has no types
