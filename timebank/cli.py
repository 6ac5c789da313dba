"""The command line: run the service, set up banks and tokens, import spreadsheets, rebuild and verify."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import rich_click as click
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from timebank import __version__, logs
from timebank.composition import Services, database, in_background, running_services
from timebank.demo import Demo, make_world
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    new_administrator_id,
    new_bank_id,
)
from timebank.domain.kernel import Acting
from timebank.embedded import EmbeddedPostgresError
from timebank.imports import Report, import_records, import_volunteers
from timebank.ledger.audit import check_log
from timebank.ledger.migrations import UnknownSchemaError, migrate
from timebank.ledger.store import Bank
from timebank.ledger.tokens import Role, actors_by_label, create_token
from timebank.projections import EVERY, balances, organisations
from timebank.projections.rebuild import outdated, rebuild, verify
from timebank.server import serve_http
from timebank.settings import Settings, SettingsError, from_environ
from timebank.spreadsheets import (
    RECORD_COLUMNS,
    VOLUNTEER_COLUMNS,
    Column,
    SpreadsheetError,
    Table,
    read_table,
    rejected_csv,
)

SHOWN_REASONS = 20

T = TypeVar("T")

console = Console(stderr=True)


def main() -> None:
    """The program. Foreseeable failures are one sentence on standard error, and exit code 1."""
    try:
        cli()
    except (
        SettingsError,
        EmbeddedPostgresError,
        UnknownSchemaError,
        SpreadsheetError,
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        console.print(f"[red]Error:[/red] {error}", highlight=False)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """A volunteer time bank: hours are facts in one ordered log, balances are projections of it.

    Settings come from TIMEBANK_… variables; without TIMEBANK_DATABASE_URL an embedded PostgreSQL is started in
    TIMEBANK_HOME (default ~/.timebank).
    """


# Serving


@cli.command()
@click.option("--host", help="The address to listen on (TIMEBANK_HOST, 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one (TIMEBANK_PORT, 8000)."
)
@click.option("--workers", type=click.IntRange(1), help="How many processes serve (TIMEBANK_WORKERS, 1).")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API, with an embedded PostgreSQL unless another is set."""
    settings = _settings(host=host, port=port, workers=workers)
    logs.configure(settings.log_level, settings.log_format)
    serve_http(settings, lambda url: console.print(f"Serving at {url} (API page: {url}/schema)"))


@cli.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one (8000).")
@click.option("--json", "as_json", is_flag=True, help="When ready, print one line of JSON instead of text.")
def demo(host: str | None, port: int | None, as_json: bool) -> None:
    """Load a believable world, serve it, and print how to try it."""
    os.environ.setdefault("TIMEBANK_LOG_LEVEL", "warning")
    settings = _settings(host=host, port=port)
    logs.configure(settings.log_level, settings.log_format)

    async def prepare() -> tuple[Demo, dict[str, str]]:
        async with running_services(settings) as services:
            world = await _known_demo(services) or await _new_demo(services)
            return world, await _demo_tokens(services, world)

    # The database is kept running between loading and serving.
    with _runner() as runner:
        held = database(settings)
        runner.run(held.__aenter__())
        try:
            world, tokens = runner.run(prepare())
            serve_http(settings, lambda url: _show_demo(url, world, tokens, as_json=as_json))
        finally:
            runner.run(held.__aexit__(None, None, None))


_DEMO_LABELS = {role: f"demo {role}" for role in ("administrator", "organisation", "verifier", "volunteer")}


async def _known_demo(services: Services) -> Demo | None:
    """The demo world that was loaded completely before, if there is one: its tokens are made last."""
    found = await actors_by_label(services.pool, list(_DEMO_LABELS.values()))
    if len(found) < len(_DEMO_LABELS):
        return None
    bank_id, administrator = found[_DEMO_LABELS["administrator"]]
    return Demo(
        bank_id,
        ActorId(administrator),
        OrganisationId(found[_DEMO_LABELS["organisation"]][1]),
        VolunteerId(found[_DEMO_LABELS["verifier"]][1]),
        VolunteerId(found[_DEMO_LABELS["volunteer"]][1]),
    )


async def _new_demo(services: Services) -> Demo:
    with _progress("Loading the demo world") as progress:
        return await make_world(services, progress)


async def _demo_tokens(services: Services, world: Demo) -> dict[str, str]:
    actors: dict[str, tuple[Role, str]] = {
        "administrator": ("administrator", world.administrator),
        "organisation": ("organisation", world.organisation),
        "verifier": ("volunteer", world.verifier),
        "volunteer": ("volunteer", world.volunteer),
    }
    return {
        name: await create_token(services.pool, world.bank_id, role, actor, _DEMO_LABELS[name])
        for name, (role, actor) in actors.items()
    }


def _show_demo(url: str, world: Demo, tokens: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        shown = {
            "url": url,
            "bank_id": str(world.bank_id),
            "tokens": tokens,
            "organisation_id": world.organisation,
            "volunteer_id": world.volunteer,
        }
        _echo_json(shown)
        return
    click.echo(f"\nThe demo world is served at {url}; the API page is {url}/schema. Stop it with Ctrl-C.")
    click.echo("To try it, paste this into another terminal and follow the walk-through in README.md:\n")
    click.echo(f"export URL={url}")
    for name, token in tokens.items():
        click.echo(f"export {name.upper()}={token}")
    click.echo(f"export ORGANISATION_ID={world.organisation} VOLUNTEER_ID={world.volunteer}\n")


def _echo_json(shown: dict[str, Any]) -> None:
    click.echo(json.dumps(shown, ensure_ascii=False))


# Setting up


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date, and rebuild what another version of the program made."""

    async def run(settings: Settings) -> None:
        async with database(settings) as url:
            done = await migrate(url)
            async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
                stale = await outdated(pool)
                for projection in stale:
                    with _progress(f"Rebuilding {projection.name}") as progress:
                        await rebuild(pool, projection, progress)
        click.echo(f"Applied {', '.join(done)}." if done else "The database is up to date.")

    _run(run)


@cli.command()
@click.argument("name")
@click.option(
    "--timezone", default="Asia/Shanghai", show_default=True, help="The bank's days are the days of this zone."
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def init(name: str, timezone: str, as_json: bool) -> None:
    """Open a new bank, with a token for its first administrator."""
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, KeyError, OSError):
        raise click.BadParameter(f"there is no time zone {timezone}", param_hint="--timezone") from None
    if not name.strip():
        raise click.BadParameter("a bank needs a name", param_hint="NAME")

    async def run(services: Services) -> None:
        bank_id = UUID(new_bank_id())
        administrator = Acting(new_administrator_id(), "administrator")
        await services.ledger.store.open_bank(bank_id, name, timezone)
        at = services.ledger.clock().astimezone(zone)
        await services.ledger.execute(
            bank_id, OpenBank(by=administrator, at=at, name=name, timezone=timezone), request_id="init"
        )
        token = await create_token(services.pool, bank_id, "administrator", administrator.actor, "first administrator")
        if as_json:
            _echo_json({"bank_id": str(bank_id), "name": name, "timezone": timezone, "token": token})
        else:
            click.echo(f"Bank {bank_id} is open. Its administrator's token, shown only now:\n\n  {token}\n")

    _run_services(run)


@cli.group()
def token() -> None:
    """Bearer tokens."""


@token.command("create")
@click.option("--role", type=click.Choice(["administrator", "organisation", "volunteer"]), required=True)
@click.option("--organisation", help="Whose program it is for (with --role organisation).")
@click.option("--volunteer", help="Who it is for (with --role volunteer).")
@click.option("--bank", help="The bank; not needed where there is only one.")
@click.option("--label", default="", help="What it is for, for whoever sees it listed.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def token_create(
    role: Role, organisation: str | None, volunteer: str | None, bank: str | None, label: str, as_json: bool
) -> None:
    """Make a token. It is shown once."""
    if (role == "organisation") != bool(organisation) or (role == "volunteer") != bool(volunteer):
        raise click.UsageError("--organisation goes with --role organisation, --volunteer with --role volunteer")

    async def run(services: Services) -> None:
        bank_id = (await _bank(services, bank)).bank_id
        while await services.runner.catch_up(bank_id):
            pass
        if organisation and await organisations.one(services.pool, bank_id, organisation) is None:
            raise click.BadParameter(f"there is no organisation {organisation} in this bank")
        if volunteer and await balances.balance_of(services.pool, bank_id, volunteer) is None:
            raise click.BadParameter(f"there is no volunteer {volunteer} in this bank")
        actor = organisation or volunteer or new_administrator_id()
        made = await create_token(services.pool, bank_id, role, actor, label)
        if as_json:
            _echo_json({"bank_id": str(bank_id), "role": role, "actor": actor, "token": made})
        else:
            click.echo(made)

    _run_services(run)


# Importing


@cli.group("import")
def import_group() -> None:
    """Spreadsheets: CSV in UTF-8 or GB18030, with English or Chinese headers.

    Every row gets a verdict; refused ones are written to FILE.rejected.csv with the reason. Importing a file again
    adds only what is missing.
    """


@import_group.command("volunteers")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bank", help="The bank; not needed where there is only one.")
def import_volunteers_command(file: Path, bank: str | None) -> None:
    """Register the people on a list: name 姓名, phone 手机, skills 技能."""
    table = _read(file, VOLUNTEER_COLUMNS)

    async def run(services: Services) -> Report:
        bank_id = (await _bank(services, bank)).bank_id
        by = Acting(ActorId("cli"), "administrator")
        with _progress(f"Importing {file.name}", len(table.rows)) as progress:
            return await import_volunteers(services, bank_id, table, by, progress=_adding(progress, len(table.rows)))

    _tell(file, table, _run_services(run), "registered")


@import_group.command("records")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", required=True, help="The organisation that logs the service.")
@click.option("--confirm-as", help="The volunteer who has verified the list, and may.")
@click.option("--dry-run", is_flag=True, help="Show the verdicts, and write nothing to the bank.")
@click.option("--bank", help="The bank; not needed where there is only one.")
def import_records_command(
    file: Path, organisation: str, confirm_as: str | None, dry_run: bool, bank: str | None
) -> None:
    """Log the service on a list: number 编号 or phone 手机, activity 活动, category 类别, started_at 开始…"""
    table = _read(file, RECORD_COLUMNS)

    async def run(services: Services) -> Report:
        bank_id = (await _bank(services, bank)).bank_id
        with _progress(f"Importing {file.name}", len(table.rows)) as progress:
            return await import_records(
                services,
                bank_id,
                table,
                OrganisationId(organisation),
                confirm_as=VolunteerId(confirm_as) if confirm_as else None,
                dry_run=dry_run,
                progress=_adding(progress, len(table.rows)),
            )

    verb = "logged and confirmed" if confirm_as else "logged"
    _tell(file, table, _run_services(run), f"would be {verb}" if dry_run else verb)


def _read(file: Path, columns: tuple[Column, ...]) -> Table:
    return read_table(file.read_bytes(), columns)


def _tell(file: Path, table: Table, report: Report, verb: str) -> None:
    click.echo(f"{report.taken} {verb}, {report.known} known already, {len(report.refused)} refused.")
    for line, reason in list(report.refused.items())[:SHOWN_REASONS]:
        click.echo(f"  line {line}: {reason}")
    if len(report.refused) > SHOWN_REASONS:
        click.echo(f"  … and {len(report.refused) - SHOWN_REASONS} more")
    rejected = file.with_name(f"{file.name}.rejected.csv")
    if report.refused:
        rejected.write_bytes(rejected_csv(table, report.refused))
        click.echo(f"The refused rows are in {rejected}.")
    else:
        rejected.unlink(missing_ok=True)


# Keeping


@cli.command("rebuild")
@click.argument("names", nargs=-1, type=click.Choice([each.name for each in EVERY]))
def rebuild_command(names: tuple[str, ...]) -> None:
    """Make read models anew from the log (all of them, or those named), while the service goes on."""

    async def run(services: Services) -> None:
        for projection in EVERY:
            if not names or projection.name in names:
                with _progress(f"Rebuilding {projection.name}") as progress:
                    await rebuild(services.pool, projection, progress)
                click.echo(f"{projection.name}: rebuilt")

    _run_services(run)


@cli.command("verify")
@click.option("--bank", help="Only this bank.")
def verify_command(bank: str | None) -> None:
    """Check the log row by row, and compare every read model with one made anew. Exits with 1 if anything differs."""

    async def run(services: Services) -> bool:
        banks = [await _bank(services, bank)] if bank else await services.ledger.store.banks()
        return all([await _verify_bank(services, each) for each in banks])

    if not _run_services(run):
        sys.exit(1)


async def _verify_bank(services: Services, bank: Bank) -> bool:
    sound = True
    click.echo(f"{bank.name} ({bank.bank_id}), {bank.head} events")
    with _progress("Checking the log") as progress:
        findings = [finding async for finding in check_log(services.pool, bank.bank_id, progress)]
    for finding in findings:
        click.echo(f"  log: position {finding.position}: {finding.what}")
    click.echo(f"  log: {'sound' if not findings else f'{len(findings)} findings'}")
    sound &= not findings
    if await balances.left_over(services.pool, bank.bank_id):
        click.echo("  accounts: do not sum to zero")
        sound = False
    for projection in EVERY:
        with _progress(f"Verifying {projection.name}") as progress:
            compared = await verify(services.pool, projection, bank.bank_id, progress)
        click.echo(
            f"  {projection.name}: {'equal' if compared.is_equal else 'DIFFERS'} at position {compared.position}"
        )
        for difference in compared.differences:
            click.echo(f"    {difference}")
        sound &= compared.is_equal
    return sound


@cli.command()
def project() -> None:
    """Move the read models on, as a process of its own (the service then runs with TIMEBANK_PROJECT=false)."""

    async def run(services: Services) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with in_background([services.runner.run()]):
            click.echo("Following the log; stop with Ctrl-C.", err=True)
            await stop.wait()

    _run_services(run)


# What commands have in common


def _settings(**options: Any) -> Settings:
    """Settings from the environment, over which options given on the command line win."""
    given = {f"TIMEBANK_{name.upper()}": str(value) for name, value in options.items() if value is not None}
    return from_environ({**os.environ, **given})


def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _run(command: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    settings = _settings()
    logs.configure("warning", "console")
    with _runner() as runner:
        return runner.run(command(settings))


def _run_services(command: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
    """Run one command with services; it moves projections on itself where it needs them."""

    async def run(settings: Settings) -> T:
        async with running_services(settings, follow=False, statement_seconds=None) as services:
            return await command(services)

    return _run(run)


async def _bank(services: Services, wanted: str | None) -> Bank:
    """The bank that is meant."""
    banks = await services.ledger.store.banks()
    found = [bank for bank in banks if wanted is None or str(bank.bank_id) == wanted]
    if len(found) == 1:
        return found[0]
    if wanted:
        raise click.BadParameter(f"there is no bank {wanted}", param_hint="--bank")
    if not found:
        raise click.UsageError("There is no bank yet: open one with 'timebank init NAME'.")
    listed = "\n".join(f"  {bank.bank_id}  {bank.name}" for bank in found)
    raise click.UsageError(f"There are several banks; say which with --bank:\n{listed}")


@contextlib.contextmanager
def _progress(title: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; gives a function that moves it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _adding(progress: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return add
