"""`timebank verify`: check the log, and every read model against the log."""

import sys

import rich_click as click

from timebank.cli.common import cli, find_bank, progress_bar, run_services
from timebank.ledger.audit import check_log
from timebank.ledger.store import Bank
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import verify
from timebank.runtime.composition import Services


@cli.command("verify")
@click.option("--bank", help="Only this bank.")
def verify_command(bank: str | None) -> None:
    """Check the log row by row, and compare every read model with one made anew. Exits with 1 if anything differs."""
    if not run_services(lambda services: _verify_banks(services, bank)):
        sys.exit(1)


async def _verify_banks(services: Services, wanted: str | None) -> bool:
    """Whether all is well in the bank that is wanted, or in all banks."""
    banks = [await find_bank(services, wanted)] if wanted else await services.ledger.store.banks()
    if not banks:
        click.echo("There is no bank here, and nothing to verify.")
    return all([await _verify_bank(services, each) for each in banks])


async def _verify_bank(services: Services, bank: Bank) -> bool:
    click.echo(f"{bank.name} ({bank.bank_id}), {bank.head} events")
    verdicts = [await verify_log(services, bank), await _verify_accounts(services, bank)]
    verdicts.append(await _verify_people(services, bank))
    verdicts += [await _verify_projection(services, bank, each) for each in EVERY]
    return all(verdicts)


async def verify_log(services: Services, bank: Bank) -> bool:
    """Whether nothing is wrong with the log of a bank; what is wrong is told."""
    with progress_bar("Checking the log") as progress:
        findings = [finding async for finding in check_log(services.pool, bank.bank_id, progress)]
    for finding in findings:
        click.echo(f"  log: position {finding.position}: {finding.what}")
    click.echo(f"  log: {'sound' if not findings else f'{len(findings)} findings'}")
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


async def _verify_projection(services: Services, bank: Bank, projection: Projection) -> bool:
    with progress_bar(f"Verifying {projection.name}") as progress:
        compared = await verify(services.pool, projection, bank.bank_id, progress)
    told = "equal" if compared.is_equal else "DIFFERS"
    click.echo(f"  {projection.name}: {told} at position {compared.position}")
    for difference in compared.differences:
        click.echo(f"    {difference}")
    return compared.is_equal
