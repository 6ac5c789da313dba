"""Keeping the bank: migrations, read models, keys, and the proof that all is as it should be."""

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg
import msgspec
import rich_click as click

from timebank.api.credit.policies import DraftRequest
from timebank.cli.common import BANK, cli, find_bank, progress_bar, run, run_services
from timebank.db.migrations import migrate
from timebank.domain.credit.policies import must_be_consistent
from timebank.domain.refusing import Refusal
from timebank.identity.security_log import Visit
from timebank.ledger.audit import check_log
from timebank.ledger.store import Bank
from timebank.projections import EVERY
from timebank.projections.credit import balances, policies
from timebank.projections.machinery.rebuild import outdated, rebuild, verify
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services, database, in_background, let_time_pass
from timebank.runtime.settings import Settings
from timebank.vault.keyring import LOOK_SECONDS


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date, and rebuild what another version of the program made."""

    async def bring_up_to_date(settings: Settings) -> None:
        async with database(settings) as url:
            done = await migrate(url)
            async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
                stale = await outdated(pool, EVERY)
                for projection in stale:
                    with progress_bar(f"Rebuilding {projection.name}") as progress:
                        await rebuild(pool, projection, progress)
        click.echo(f"Applied {', '.join(done)}." if done else "The database is up to date.")

    run(bring_up_to_date)


@cli.command("rebuild")
@click.argument("names", nargs=-1, type=click.Choice([each.name for each in EVERY]))
def rebuild_command(names: tuple[str, ...]) -> None:
    """Make read models anew from the log (all of them, or those named), while the service goes on."""

    async def keep(services: Services) -> None:
        for projection in EVERY:
            if not names or projection.name in names:
                with progress_bar(f"Rebuilding {projection.name}") as progress:
                    await rebuild(services.pool, projection, progress)
                click.echo(f"{projection.name}: rebuilt")

    run_services(keep)


@cli.command("verify")
@click.option("--bank", help="Only this bank.")
def verify_command(bank: str | None) -> None:
    """Check the log row by row, and compare every read model with one made anew. Exits with 1 if anything differs."""

    async def keep(services: Services) -> bool:
        banks = [await find_bank(services, bank)] if bank else await services.ledger.store.banks()
        if not banks:
            click.echo("There is no bank here, and nothing to verify.")
        return all([await _verify_bank(services, each) for each in banks])

    if not run_services(keep):
        sys.exit(1)


async def _verify_bank(services: Services, bank: Bank) -> bool:
    sound = True
    click.echo(f"{bank.name} ({bank.bank_id}), {bank.head} events")
    with progress_bar("Checking the log") as progress:
        findings = [finding async for finding in check_log(services.pool, bank.bank_id, progress)]
    for finding in findings:
        click.echo(f"  log: position {finding.position}: {finding.what}")
    click.echo(f"  log: {'sound' if not findings else f'{len(findings)} findings'}")
    sound &= not findings
    if await balances.trial_balance(services.pool, bank.bank_id):
        click.echo("  accounts: do not sum to zero")
        sound = False
    unopenable = await services.people.unopenable(services.pool, bank.bank_id)
    for volunteer_id in unopenable:
        click.echo(f"  people: {volunteer_id} cannot be opened")
    sound &= not unopenable
    for projection in EVERY:
        with progress_bar(f"Verifying {projection.name}") as progress:
            compared = await verify(services.pool, projection, bank.bank_id, progress)
        click.echo(
            f"  {projection.name}: {'equal' if compared.is_equal else 'DIFFERS'} at position {compared.position}"
        )
        for difference in compared.differences:
            click.echo(f"    {difference}")
        sound &= compared.is_equal
    return sound


@cli.command("preview")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BANK
def preview_command(file: Path, bank: str | None) -> None:
    """Try a draft of the rule book on the real history; nothing is written.

    The file is JSON as for POST /v1/policies/preview, as {"rules": {"credit_percent": {"治安巡逻": 200}}}.
    """
    try:
        draft = msgspec.json.decode(file.read_bytes(), type=DraftRequest)
        rules = draft.rules.rules()
        must_be_consistent(rules)
    except (msgspec.DecodeError, Refusal) as error:
        raise click.BadParameter(f"{file} is no rule book: {error}") from None

    async def keep(services: Services) -> None:
        found = await find_bank(services, bank)
        with progress_bar("Replaying the history") as progress:
            _, effects = await policies.preview(
                services.pool, found.bank_id, rules, draft.effective_from, draft.largest, progress
            )
        changes = effects.largest_changes
        numbers = await volunteers.numbers_of(services.pool, found.bank_id, [each.volunteer_id for each in changes])
        click.echo(f"{effects.people_changed} of {effects.people} people would have other credit,")
        click.echo(f"{effects.records_changed} of {effects.records} records would count differently,")
        click.echo(
            f"{effects.minutes_after} minutes in all instead of {effects.minutes_before} "
            f"(+{effects.minutes_gained} -{effects.minutes_lost})."
        )
        for volunteer_id, before, after in changes:
            click.echo(f"  {numbers.get(volunteer_id, volunteer_id)}  {before} -> {after}  ({after - before:+})")

    run_services(keep)


@cli.command()
def project() -> None:
    """Move the read models on, and let time pass for reservations, as a process of its own.

    The service then runs with TIMEBANK_PROJECT=false.
    """

    async def keep(services: Services) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with in_background([services.runner.run(), let_time_pass(services.pool, services.ledger)]):
            click.echo("Following the log; stop with Ctrl-C.", err=True)
            await stop.wait()

    run_services(keep)


@cli.group()
def keyring() -> None:
    """The key file: what seals personal data and signs access tokens."""


@keyring.command("rotate")
def keyring_rotate() -> None:
    """Make a new key, seal all personal data with it, and forget the old ones, while the service goes on.

    Whoever holds an old backup and the old key file can still read it. Keep neither longer than you must: once the old
    keys are gone everywhere, whoever was erased since is gone from the backups too.
    """

    async def keep(services: Services) -> None:
        with progress_bar("Sealing with a new key") as progress:
            await services.people.rotate(services.pool, progress)
        await asyncio.sleep(LOOK_SECONDS)  # until every process has seen that the old keys are gone from the file
        await services.principals.forget_everywhere()
        for bank in await services.ledger.store.banks():
            visit = Visit(services.ledger.clock(), "", "keyring rotate")
            await services.security_log.record(bank.bank_id, "keys-rotated", visit, actor="operator")
        click.echo(f"Everything is sealed with the key {services.people.keyring.current.key_id} now.")

    run_services(keep)
