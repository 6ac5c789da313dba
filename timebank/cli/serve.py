"""`timebank serve`: serve the API."""

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import rich_click as click

from timebank.cli.common import cli, console, runner, settings_with
from timebank.runtime import logs
from timebank.runtime.database.opening import database, ready_database
from timebank.runtime.server import serve_http
from timebank.runtime.settings import MOST_WORKERS, Settings
from timebank.runtime.stopping import stop_when_told

T = TypeVar("T")


@cli.command()
@click.option("--host", help="The address to listen on (TIMEBANK_HOST, 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one (TIMEBANK_PORT, 8000)."
)
@click.option("--workers", type=click.IntRange(1, MOST_WORKERS), help="How many processes serve (TIMEBANK_WORKERS, 1).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API, with an embedded PostgreSQL unless another is set."""
    settings = settings_with(host=host, port=port, workers=workers)
    logs.configure(settings.log_level, settings.log_format)
    # What keeps the service from starting is found here, and not by each worker process.
    with held_database(settings, lambda url: ready_database(url, settings)):
        serve_http(settings, _tell)


def _tell(url: str) -> None:
    if not logs.say("serving", url=url):
        console.print(f"Serving at {url} (API page: {url}/schema)")


@contextlib.contextmanager
def held_database(settings: Settings, prepare: Callable[[str], Coroutine[Any, Any, T]]) -> Iterator[T]:
    """The database, prepared, and kept running as long as the block does."""
    stop_when_told()
    with runner() as running:
        held = database(settings)
        url = running.run(held.__aenter__())
        try:
            yield running.run(prepare(url))
        finally:
            running.run(held.__aexit__(None, None, None))
