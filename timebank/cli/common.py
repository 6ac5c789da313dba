"""What commands have in common: settings, services, the bank that is meant, and progress bars."""

import asyncio
import contextlib
import functools
import importlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, NoReturn, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import rich_click as click
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from timebank import __version__
from timebank.db.connections import Pool
from timebank.domain.kernel import Command
from timebank.domain.refusing import Refusal
from timebank.identity.security_log import Visit
from timebank.ledger.store import Bank
from timebank.ledger.submission import Receipt
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import VolunteerView
from timebank.runtime import logs
from timebank.runtime.composition import Services, running_services
from timebank.runtime.settings import Settings, from_environ
from timebank.runtime.stopping import stop_when_told
from timebank.words import Language

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

console = Console(stderr=True)

BANK = click.option("--bank", help="The bank; not needed where there is only one.")
FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
STANDARD = Path("-")
"""Standard input or output instead of a file."""
JSON = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


def give_up(why: str) -> NoReturn:
    """End the program with one sentence on standard error, and exit code 1."""
    if not logs.say("cannot go on", "error", error=why):
        console.print(f"[red]Error:[/red] {escape(why)}", highlight=False, soft_wrap=True)
    sys.exit(1)


class Whom(NamedTuple):
    """A volunteer that is meant: named by an argument, or by what somebody typed, which may be a phone as well."""

    name: str
    is_typed: bool


ASK = "-"
"""In the place of somebody: they are asked for. Arguments can be read by everybody on the machine; phones are typed."""


def named_or_asked_for(_: click.Context, __: click.Parameter, given: str | None) -> Whom | None:
    """Who is meant by an argument, or an option."""
    if given != ASK:
        return Whom(given, is_typed=False) if given is not None else None
    return Whom(click.prompt("Id, number or phone of the volunteer", err=True).strip(), is_typed=True)


WHOM = click.argument("volunteer", default=ASK, callback=named_or_asked_for)


COMMANDS = {
    "appoint": "appoint",
    "archive": "log.archive",
    "backup": "database.backup",
    "code": "code",
    "demo": "demo",
    "grants": "database.grants",
    "import": "lists.importing",
    "init": "init",
    "key": "key",
    "keyring": "database.keyring",
    "migrate": "database.migrate",
    "openapi": "openapi",
    "preview": "preview",
    "project": "log.project",
    "rebuild": "log.rebuild",
    "restore": "database.restore",
    "serve": "serve",
    "signing": "log.signing",
    "verify": "log.verify",
}
"""Each command, and the module beside this one that has it."""


class Program(click.RichGroup):
    """A group whose commands are loaded when they are asked for: most need a part of the program only."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            importlib.import_module(f"timebank.cli.{COMMANDS[cmd_name]}")
        return super().get_command(ctx, cmd_name)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """A volunteer time bank: hours are facts in one ordered log, balances are projections of it.

    Settings come from TIMEBANK_… variables; without TIMEBANK_DATABASE_URL an embedded PostgreSQL is started in
    TIMEBANK_HOME (default ~/.timebank).
    """


def spoken_here() -> Language:
    """The language that the environment asks for, as POSIX says it is asked for."""
    asked = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh" if asked.casefold().startswith("zh") else "en"


def echo_json(shown: dict[str, Any]) -> None:
    """Print one line of JSON."""
    click.echo(json.dumps(shown, ensure_ascii=False))


def settings_with(**options: Any) -> Settings:
    """Settings from the environment, over which options given on the command line win."""
    given = {f"TIMEBANK_{name.upper()}": str(value) for name, value in options.items() if value is not None}
    return from_environ({**os.environ, **given})


def runner() -> asyncio.Runner:
    """What runs coroutines, on the loop that the server uses too."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def run(command: Callable[[Settings], Coroutine[Any, Any, T]], *, logs_as_set: bool = False) -> T:
    """Run one command with the settings of the environment; it logs for people, unless it is to log as they say."""
    settings = settings_with()
    logs.configure(*((settings.log_level, settings.log_format) if logs_as_set else ("warning", "console")))
    stop_when_told()
    with runner() as running:
        return running.run(command(settings))


def run_services(
    command: Callable[[Services], Coroutine[Any, Any, T]],
    *,
    logs_as_set: bool = False,
    memories: int | None = None,
    follow: bool = False,
) -> T:
    """Run one command with services.

    If it is to `follow` the log, projections and upkeep run in the background; else it moves projections on where it
    needs them. No more `memories` are kept ready than it needs, if it says how many.
    """

    async def with_settings(settings: Settings) -> T:
        if memories is not None:
            settings = msgspec.structs.replace(settings, memories_limit=min(memories, settings.memories_limit))
        async with running_services(settings, follow=follow, statement_seconds=None) as services:
            return await command(services)

    return run(with_settings, logs_as_set=logs_as_set)


def with_services(command: Callable[Concatenate[Services, P], Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a command of the command line out of an async function that takes the services first."""

    @functools.wraps(command)
    def started(*args: P.args, **kwargs: P.kwargs) -> None:
        run_services(lambda services: command(services, *args, **kwargs))

    return started


async def execute(services: Services, bank: Bank, command: Command, request_id: str) -> Receipt:
    """Do one thing in a bank. A refusal ends the program: it is told, and the exit code is 1."""
    try:
        return await services.ledger.execute(bank.bank_id, command, request_id=request_id)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None


def now_in(services: Services, bank: Bank) -> datetime:
    """Now, in the local time of a bank."""
    return services.ledger.clock().astimezone(ZoneInfo(bank.timezone))


def visit(services: Services, what: str) -> Visit:
    """What the security log is told of somebody who uses the command line."""
    return Visit(services.ledger.clock(), "", what)


async def find_bank(services: Services, wanted: str | None) -> Bank:
    """The bank that is meant: the one with this id, or the only one. Raises `click.UsageError`."""
    banks = await services.ledger.store.banks()
    meant = [bank for bank in banks if wanted is None or str(bank.bank_id) == wanted]
    if len(meant) == 1:
        return meant[0]
    if wanted:
        raise click.BadParameter(f"there is no bank {wanted}", param_hint="--bank")
    if not meant:
        raise click.UsageError("There is no bank yet: open one with 'timebank init NAME'.")
    listed = "\n".join(f"  {bank.bank_id}  {bank.name}" for bank in meant)
    raise click.UsageError(f"There are several banks; say which with --bank:\n{listed}")


async def find_volunteer(services: Services, bank: Bank, whom: Whom) -> VolunteerView:
    """The volunteer who is meant. Raises `click.BadParameter` if that is nobody, or not one alone."""
    while await services.runner.catch_up(bank.bank_id):
        pass
    by_id = await volunteers.one(services.pool, services.people, bank.bank_id, whom.name)
    meant = [by_id] if by_id else await volunteers.exactly(services.pool, services.people, bank.bank_id, whom.name)
    if whom.is_typed and len(meant) > 1:
        raise click.BadParameter("several volunteers in this bank have this phone")
    if whom.is_typed and not meant:
        raise click.BadParameter("nobody in this bank has this id, number or phone")
    if not whom.is_typed and whom.name not in {name for each in meant for name in (each.volunteer_id, each.number)}:
        why = f"there is no volunteer with the id or number {whom.name} in this bank"
        raise click.BadParameter(f"{why}. Who is meant by a phone is asked for: say - instead.")
    return meant[0]


@contextlib.contextmanager
def progress_bar(title: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; gives a function that moves it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


async def at_once(
    pool: Pool, do: Callable[..., Awaitable[R]], items: Sequence[T], progress: Callable[[int, int], None]
) -> list[R]:
    """What comes of doing something with each item, and a progress, in order.

    As many are done at once as there are cores, and connections for them.
    """
    places = asyncio.Semaphore(min(os.cpu_count() or 1, pool.get_max_size()))
    done = [(0, 0)] * len(items)

    async def one(number: int, item: T) -> R:
        def move(so_far: int, whole: int) -> None:
            done[number] = so_far, whole
            most = max(total for _, total in done)
            progress(sum(each for each, _ in done), most * len(items))

        async with places:
            return await do(item, progress=move)

    return await asyncio.gather(*(one(number, item) for number, item in enumerate(items)))


def adding(progress: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    """A function that moves a progress bar by some more."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return add
