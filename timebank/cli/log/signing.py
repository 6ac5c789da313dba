"""`timebank signing`: the keys that sign the log's checkpoints."""

import asyncio

import rich_click as click

from timebank.cli.common import BANK, cli, execute, find_bank, now_in, with_services
from timebank.domain.bank import AnnounceSigningKey
from timebank.ledger.store import Bank
from timebank.proofs.checkpoints import origin_of
from timebank.proofs.notes import Note, VerifierKey
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR
from timebank.vault.keyring import LOOK_SECONDS


@cli.group()
def signing() -> None:
    """The signing key file: what signs the log's checkpoints (docs/audit.md)."""


@signing.command("keys")
@BANK
@with_services
async def show_keys(services: Services, bank: str | None) -> None:
    """Print the verifier key of a bank's log, to be put where everybody can see it; two while one is replaced."""
    for key in services.signer.verifier_keys((await find_bank(services, bank)).bank_id):
        click.echo(str(key))


@signing.command("checkpoint")
@BANK
@with_services
async def print_checkpoint(services: Services, bank: str | None) -> None:
    """Sign a checkpoint of the log as it is now, and print it in one line: for the minutes of a meeting, or to mail."""
    signed = await services.signer.sign((await find_bank(services, bank)).bank_id)
    if signed is None:
        raise click.ClickException("The log is empty.")
    click.echo(Note.parse(signed.note).line)


@signing.command("rotate")
@with_services
async def rotate_key(services: Services) -> None:
    """Have a new key sign, while the service goes on: the log says so, and the old key signs that it does.

    Whoever trusts the old key can so come to trust the new one. Interrupted, run it again.
    """
    new = services.signer.keys.begin_rotation()
    await asyncio.sleep(2 * LOOK_SECONDS)  # until every process signs with both
    for bank in await services.ledger.store.banks():
        await _announce(services, bank)
    services.signer.keys.finish_rotation()
    for bank in await services.ledger.store.banks():
        click.echo(str(VerifierKey.of(origin_of(bank.bank_id), new.public_key())))


async def _announce(services: Services, bank: Bank) -> None:
    """Have the log of a bank say that the new key signs, and both keys sign a checkpoint over that."""
    old, new = services.signer.verifier_keys(bank.bank_id)
    command = AnnounceSigningKey(by=OPERATOR, at=now_in(services, bank), verifier_key=str(new), replaces=str(old))
    receipt = await execute(services, bank, command, "signing rotate")
    signed = await services.signer.sign(bank.bank_id)
    covers = signed is not None and signed.size >= receipt.position
    if not covers or signed is None or len(Note.parse(signed.note).verified([old, new])) < 2:
        raise click.ClickException("The two keys did not sign one checkpoint; run it again.")
