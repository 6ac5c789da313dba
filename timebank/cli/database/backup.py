"""`timebank backup`: all that cannot be made again, in a file."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import rich_click as click

from timebank.cli.common import FILE, STANDARD, cli, progress_bar, run
from timebank.db.connections import pool_of
from timebank.exchange.backups import keys_of, take
from timebank.runtime.clock import utc_now
from timebank.runtime.database.opening import database
from timebank.runtime.settings import Settings

KEYS = click.option(
    "--keys", type=FILE, help="A file for the keys, and for the list of who was erased. Keep it elsewhere than FILE."
)


@cli.command()
@click.argument("file", type=FILE, required=False)
@KEYS
def backup(file: Path | None, keys: Path | None) -> None:
    """Write a backup of the database to FILE, as of one moment, while the service goes on.

    What is personal in it is sealed: without the keys it cannot be opened, or restored. With - for a file it is written
    to standard output.
    """
    if not file and not keys:
        raise click.UsageError("Name a FILE for the backup, or one for --keys.")

    async def write(settings: Settings) -> None:
        # Before and after: whichever key something was sealed with meanwhile, it is among them.
        before = keys_of(settings) if keys else None
        if file:
            await _back_up(settings, file)
        if keys:
            with written(keys) as stream:
                stream.write(keys_of(settings, before))
            click.echo(f"The keys are in {keys}.", err=True)

    run(write)


async def _back_up(settings: Settings, file: Path) -> None:
    async with database(settings) as url, pool_of(url, size=1, statement_seconds=None) as pool:
        with written(file) as stream, progress_bar("Backing up") as progress:
            manifest = await take(pool, stream, utc_now(), progress)
    for bank in manifest.banks:
        click.echo(f"{bank.name} ({bank.bank_id}), {bank.head} events", err=True)


@contextlib.contextmanager
def written(file: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner can read, and that is there when it is whole; or standard output.

    Two that are written to the same place at once do not disturb each other: the one that is whole later stays.
    """
    if file == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.unfinished")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
