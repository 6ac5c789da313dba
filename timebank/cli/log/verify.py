"""`timebank verify`: check the log, and every read model against the log."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import rich_click as click

from timebank.cli.common import at_once, cli, find_bank, progress_bar, run_services
from timebank.db.connections import Pool
from timebank.ledger.audit import Finding, check_log
from timebank.ledger.decisions.snapshots import check_snapshots
from timebank.ledger.store import Bank
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import Comparison, verify
from timebank.proofs.checking import tree_check
from timebank.proofs.checkpoints import origin_of
from timebank.proofs.notes import Note, NoteError
from timebank.runtime.composition import Services
from timebank.runtime.upkeep.binding import unbound_changes


@cli.command("verify")
@click.option("--bank", help="Only this bank.")
@click.option(
    "--against",
    "kept",
    multiple=True,
    help="A checkpoint that was kept elsewhere, as a note or in one line: a file with it, or the line itself. May be "
    "given several times.",
)
@click.option(
    "--since",
    type=click.IntRange(0),
    metavar="POSITION",
    help="Only the rows after this position, no tree and no read models: for every day; verify all of it every week.",
)
def verify_command(bank: str | None, kept: tuple[str, ...], since: int | None) -> None:
    """Check the log row by row, and compare every read model with one made anew. Exits with 1 if anything differs.

    The log has to be the one that was signed: by the checkpoints in the database, beside the signing key, and those
    given. Only one that was kept elsewhere tells whether whoever has both rewrote the log.
    """
    against = [_read_note(each) for each in kept]
    if against and since is not None:
        raise click.UsageError("what was signed is compared with the whole log: --against goes without --since")
    if not run_services(lambda services: _verify_banks(services, bank, against, since)):
        sys.exit(1)


def _read_note(given: str) -> Note:
    """A checkpoint in a file, as a note or in one line, or in a line. Raises `click.BadParameter`."""
    try:
        file = Path(given)
        kept = file.read_bytes() if len(given) < 200 and file.is_file() else given.encode()
        said = kept.decode("utf-8-sig").strip()
        return Note.parse(f"{said}\n") if "\n\n" in said else Note.of_line(said)
    except (NoteError, OSError, UnicodeError) as error:
        raise click.BadParameter(f"{click.format_filename(given[:100])}: {error}", param_hint="--against") from None


async def _verify_banks(services: Services, wanted: str | None, against: Sequence[Note], since: int | None) -> bool:
    """Whether all is well in the bank that is wanted, or in all banks."""
    banks = [await find_bank(services, wanted)] if wanted else await services.ledger.store.banks()
    is_all_here = bool(wanted) or await _verify_none_is_gone(services)
    if not banks and is_all_here:
        click.echo("There is no bank here, and nothing to verify.")
    origins = {origin_of(each.bank_id) for each in banks}
    for note in against:
        if note.text.partition("\n")[0] not in origins:
            raise click.BadParameter("this checkpoint is of none of these banks", param_hint="--against")
    verdicts = [await _verify_bank(services, each, against, since) for each in banks]
    return all(verdicts) and is_all_here


async def _verify_none_is_gone(services: Services) -> bool:
    """Whether every bank of which something was signed is here."""
    gone = await services.signer.gone()
    for bank_id in gone:
        click.echo(f"{bank_id}: this bank was signed with this key, and is not in this database")
        click.echo(
            f"  if it went on purpose, remove what is remembered of it: {services.signer.remembered_in(bank_id)}"
        )
    return not gone


async def _verify_bank(services: Services, bank: Bank, against: Sequence[Note], since: int | None) -> bool:
    click.echo(f"{bank.name} ({bank.bank_id}), {bank.head} events")
    if since is not None:
        return all([await _verify_rows(services, bank, since), await _verify_accounts(services, bank)])
    own = [note for note in against if note.text.startswith(f"{origin_of(bank.bank_id)}\n")]
    verdicts = [await verify_log(services, bank, own), await _verify_accounts(services, bank)]
    verdicts.append(await _verify_snapshots(services, bank))
    verdicts.append(await _verify_people(services, bank))
    verdicts.append(await _verify_security_log(services, bank))
    verdicts += await _verify_projections(services, bank)
    return all(verdicts)


async def verify_log(services: Services, bank: Bank, against: Sequence[Note] = ()) -> bool:
    """Whether nothing is wrong with the log of a bank, or with what it was signed as; what is wrong is told."""
    try:
        tree = await tree_check(services.pool, services.signer, bank.bank_id, against)
    except NoteError as error:
        click.echo(f"  log: a checkpoint is not to be believed: {error}")
        return False
    found = await _findings(services, bank, tree.take, since=0)
    of_tree = tree.finish()
    for finding in of_tree:
        _tell(finding)
    return _told(found + len(of_tree))


async def _verify_rows(services: Services, bank: Bank, since: int) -> bool:
    """Whether nothing is wrong with the rows of the log after a position; what is wrong is told."""
    return _told(await _findings(services, bank, since=since))


async def _findings(
    services: Services, bank: Bank, saw: Callable[[int, bytes], None] = lambda position, made: None, *, since: int
) -> int:
    """How much is wrong with the rows of the log: each is told as it is found; if it is interrupted, how to go on."""
    found, reached = 0, since
    with progress_bar("Checking the log") as show:

        def progress(done: int, total: int) -> None:
            nonlocal reached
            reached = done
            show(done, total)

        try:
            async for finding in check_log(services.pool, bank.bank_id, progress, saw, since=since):
                _tell(finding)
                found += not finding.is_remark
        except (asyncio.CancelledError, SystemExit):
            rest = f"--bank {bank.bank_id} --since {reached} checks the rows after it"
            whole = "all else, as what was signed and the read models, only a whole `timebank verify` checks"
            click.echo(f"  log: interrupted; checked up to position {reached}. {rest}; {whole}.")
            raise
    return found


def _tell(finding: Finding) -> None:
    click.echo(f"  log: position {finding.position}: {finding.what}")


def _told(found: int) -> bool:
    click.echo(f"  log: {f'{found} findings' if found else 'sound'}")
    return not found


async def _verify_snapshots(services: Services, bank: Bank) -> bool:
    """Whether the memories that are kept are what the log says."""
    findings = [finding async for finding in check_snapshots(services.ledger.store, bank.bank_id)]
    for finding in findings:
        click.echo(f"  snapshots: position {finding.position}: {finding.what}")
    return not findings


async def _verify_accounts(services: Services, bank: Bank) -> bool:
    is_balanced = await balances.trial_balance(services.pool, bank.bank_id) == 0
    if not is_balanced:
        click.echo("  accounts: do not sum to zero")
    return is_balanced


async def _verify_people(services: Services, bank: Bank) -> bool:
    """Whether the personal data of everybody can be opened; those that cannot are named by their ids."""
    unopenable = await services.people.unopenable(services.pool, bank.bank_id)
    for volunteer_id in unopenable:
        click.echo(f"  people: {volunteer_id} cannot be opened")
    return not unopenable


async def _verify_security_log(services: Services, bank: Bank) -> bool:
    """Whether the security log, as far back as it is kept, is the one that the log says."""
    since = services.ledger.clock() - timedelta(days=services.security_log_days)
    changes = await unbound_changes(services.ledger, services.security_log, bank.bank_id, since)
    for change in changes:
        click.echo(f"  security log: {change}")
    return not changes


async def _verify_projections(services: Services, bank: Bank) -> list[bool]:
    """Whether each read model is what the log says; as many at once as there are cores."""
    with progress_bar("Verifying read models") as progress:
        each = partial(_compared, services.pool, bank.bank_id)
        compared = await at_once(services.pool, each, EVERY, progress)
    for comparison in compared:
        if isinstance(comparison, str):
            click.echo(f"  {comparison}")
            continue
        told = "equal" if comparison.is_equal else "DIFFERS"
        click.echo(f"  {comparison.projection}: {told} at position {comparison.position}")
        for difference in comparison.differences:
            click.echo(f"    {difference}")
    return [not isinstance(comparison, str) and comparison.is_equal for comparison in compared]


async def _compared(
    pool: Pool, bank_id: UUID, projection: Projection, progress: Callable[[int, int], None]
) -> Comparison | str:
    """A read model against the log; or, where it cannot be made of what is there, a sentence that says so."""
    try:
        return await verify(pool, projection, bank_id, progress)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, KeyError) as error:
        return f"{projection.name}: cannot be made anew of the log: {_first_line(error)}"
    except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError) as error:
        return f"{projection.name}: its tables are not those of this version: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
