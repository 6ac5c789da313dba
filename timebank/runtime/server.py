"""Starting the HTTP server: one port, one or more worker processes, and word of when it is ready."""

import contextlib
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import structlog
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from timebank.runtime import logs
from timebank.runtime.client_connections import CONNECTIONS, connections_allowed
from timebank.runtime.settings import Settings, url_of
from timebank.runtime.stopping import WORKERS_SECONDS, StoppableServer

READY_SECONDS = 60.0

log = structlog.get_logger(__name__)

HEADER_BYTES = 16 * 1024
"""How long the head of a request may be, its address and cookies included."""


def serve_http(settings: Settings, when_ready: Callable[[str], None]) -> None:
    """Run the server until it is told to stop; `when_ready` is told its URL once it serves.

    Its worker processes read the settings from the environment. Raises `OSError` if the port is taken.
    """
    port = settings.port or free_port(settings.host)
    _refuse_taken(settings.host, port)
    os.environ |= {
        "TIMEBANK_HOST": settings.host,
        "TIMEBANK_PORT": str(port),
        "TIMEBANK_WORKERS": str(settings.workers),
        "TIMEBANK_LOG_LEVEL": settings.log_level,
    }
    server = _server(settings, port, connections_allowed())
    url = url_of(settings.host, port)
    threading.Thread(target=_tell_when_ready, args=(url, when_ready), daemon=True).start()
    with _counted_together(settings):
        server.serve()


@contextlib.contextmanager
def _counted_together(settings: Settings) -> Iterator[None]:
    """A folder in which several workers sum up what they count (prometheus_client's multiprocess mode)."""
    if not settings.metrics_token or settings.workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="timebank-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _server(settings: Settings, port: int, connections: int) -> StoppableServer:
    return StoppableServer(
        "timebank.web.app:from_environment",
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        # One request at a time on a connection: what is limited by connections, and ended with them, is limited.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BYTES),
        loop=Loops.uvloop,
        workers=settings.workers,
        factory=True,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=WORKERS_SECONDS,
        backlog=CONNECTIONS,
        backpressure=connections,
        log_dictconfig=logs.for_libraries(settings.log_level, settings.log_format),
        log_level=LogLevels(settings.log_level),
    )


def _tell_when_ready(url: str, when_ready: Callable[[str], None]) -> None:
    """Ask whether the service is ready until it is, and tell that once; or say that it takes too long."""
    waited = threading.Event()
    for _ in range(int(READY_SECONDS / 0.1)):
        with contextlib.suppress(OSError, urllib.error.URLError):
            # It may serve though not all is well: the answer, and the log, say what is not.
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"{url}/health/ready", timeout=5).close()  # noqa: S310  # our own address
            when_ready(url)
            return
        waited.wait(0.1)
    log.warning("the service does not answer yet", url=url, seconds=READY_SECONDS)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def free_port(host: str) -> int:
    """A port that nobody listens on."""
    with _listening(host, 0) as listener:
        port: int = listener.getsockname()[1]
        return port


def _refuse_taken(host: str, port: int) -> None:
    """Raise `OSError`, with what to do about it, if the port cannot be listened on."""
    try:
        _listening(host, port).close()
    except OSError as error:
        msg = f"{host}:{port} cannot be listened on: {error.strerror or error}. Choose another with --port."
        raise OSError(msg) from None
