"""`timebank keyring`: the keys that seal personal data and sign access tokens."""

import asyncio

import rich_click as click

from timebank.cli.common import cli, progress_bar, visit, with_services
from timebank.runtime.composition import Services
from timebank.vault.keyring import LOOK_SECONDS
from timebank.vault.rotation import rotate

_LEFT = (
    "all else is sealed with the new key; their key stays in the file. "
    "Restore these from backup, or have them erased, and rotate again."
)


@cli.group()
def keyring() -> None:
    """The key file: what seals personal data and signs access tokens."""


@keyring.command("rotate")
@with_services
async def rotate_keys(services: Services) -> None:
    """Make a new key, seal all personal data with it, and forget the old ones, while the service goes on.

    Whoever holds an old backup and the old key file can still read it. Keep neither longer than you must: once the old
    keys are gone everywhere, whoever was erased since is gone from the backups too.
    """
    with progress_bar("Sealing with a new key") as progress:
        damaged = await rotate(services.people, services.pool, progress)
    await asyncio.sleep(LOOK_SECONDS)  # until every process has seen that the old keys are gone from the file
    await services.principals.forget_everywhere()
    for bank in await services.ledger.store.banks():
        noted = visit(services, "keyring rotate")
        await services.security_log.record(bank.bank_id, "keys-rotated", noted, actor="operator")
    for volunteer_id in damaged:
        click.echo(f"  people: {volunteer_id} cannot be opened")
    if damaged:
        raise click.ClickException(_LEFT)
    click.echo(f"Everything is sealed with the key {services.people.keyring.current.key_id} now.")
    click.echo("Invitations to register that were given out are void: organisations make new ones.")
