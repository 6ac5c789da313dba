"""`timebank restore`: a backup into an empty database."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import rich_click as click

from timebank.cli.common import FILE, STANDARD, cli, progress_bar, run
from timebank.cli.log.verify import verify_log
from timebank.db.connections import Connection
from timebank.db.server import must_be_fit
from timebank.exchange.backups import must_be_unused, put_keys, restore
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import running_services
from timebank.runtime.database.opening import database
from timebank.runtime.settings import Settings
from timebank.vault.keyring import keyring_for


@cli.command("restore")
@click.argument("file", type=FILE, required=False)
@click.option("--keys", type=FILE, help="The file with the keys, as `timebank backup --keys` wrote it.")
def restore_command(file: Path | None, keys: Path | None) -> None:
    """Restore the backup in FILE into the database, which has to be empty; the service must not run meanwhile.

    Read models are made from the log, whoever was erased since the backup is erased again, and everybody has to sign in
    again. With - for a file it is read from standard input.
    """
    if not file and not keys:
        raise click.UsageError("Name the FILE of the backup, or that of --keys.")

    async def bring_back(settings: Settings) -> bool:
        if file:
            return await _restore(settings, file, keys)
        _put(settings, keys)
        return True

    if not run(bring_back):
        sys.exit(1)


def _put(settings: Settings, keys: Path | None) -> None:
    """Put the keys where they are set to be, if there are any."""
    if keys:
        with _read(keys) as stream:
            for moved in put_keys(settings, stream.read(), utc_now()):
                click.echo(f"There were other keys; they are in {moved} now.")


async def _restore(settings: Settings, file: Path, keys: Path | None) -> bool:
    """Restore, erase again, and check; says whether the log is sound.

    Where nothing can be restored, because there is a bank, its keys stay what they are.
    """

    async def must_have_keys(connection: Connection) -> None:
        await keyring_for(connection, settings.keys)

    async with database(settings) as url:
        await must_be_fit(url)
        await must_be_unused(url)
        _put(settings, keys)
        with _read(file) as stream, _stages() as stage:
            manifest = await restore(url, stream, must_have_keys, stage)
        click.echo(f"Restored what was backed up at {manifest.taken_at}.")
        async with running_services(settings, follow=False, statement_seconds=None) as services:
            banks = await services.ledger.store.banks()
            return all([await verify_log(services, bank) for bank in banks])


@contextlib.contextmanager
def _read(file: Path) -> Iterator[IO[bytes]]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    with file.open("rb") as stream:
        yield stream


@contextlib.contextmanager
def _stages() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars, one after the other."""
    with contextlib.ExitStack() as stack:

        def begin(title: str) -> Callable[[int, int], None]:
            stack.close()
            return stack.enter_context(progress_bar(title))

        yield begin
