"""`timebank import`: bring in lists of people and service, and make lists to fill in."""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import rich_click as click

from timebank.cli.common import (
    BANK,
    STANDARD,
    Whom,
    adding,
    cli,
    find_bank,
    find_volunteer,
    give_up,
    named_or_asked_for,
    progress_bar,
    run_services,
    spoken_here,
)
from timebank.cli.lists.verdicts import STANDARD_INPUT, ListTeller, Teller, tell_questions
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.exchange.imports.chunks import Judged
from timebank.exchange.imports.lists import OpenedList, open_places, open_records, open_residents, open_volunteers
from timebank.exchange.imports.places import PlacesImport, ResidentsImport
from timebank.exchange.imports.records import RecordsImport
from timebank.exchange.imports.volunteers import VolunteersImport
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError
from timebank.exchange.spreadsheets.headings import Said
from timebank.exchange.spreadsheets.template import template_csv, template_workbook
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.ledger.store import Bank
from timebank.projections.credit import policies
from timebank.projections.organisations import organisations
from timebank.projections.organisations.organisations import OrganisationView
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR
from timebank.words import LANGUAGES, Language, told

E = TypeVar("E")
F = TypeVar("F", bound=Callable[..., Any])

PAGE = 500
MEMORIES = 10_000
"""How many memories are kept ready, those of rows near one another: a list of any length takes no more space."""
SHOWN_ORGANISATIONS = 10

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show the verdicts, and write nothing to the bank.")
UNDERSTOOD = click.option(
    "--understood",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every row as it was understood, with its verdict, to a new FILE (.csv or .xlsx); in a dry run too.",
)
EVERY_ROW = click.option("--every-row", is_flag=True, help="Show the verdict on every row.")

_OPTIONS = (
    click.option("--encoding", help="The encoding of a CSV file, where it cannot be told: gb18030, cp1252, …"),
    click.option("--sheet", help="The sheet of a workbook, where there is a list on several."),
    click.option("--ignore", multiple=True, metavar="HEADING", help="A column that is not to be read. Repeatable."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="HEADING=COLUMN",
        help="What a column is to be read as, as 联系=phone. Repeatable.",
    ),
    click.option(
        "--unit",
        "units",
        multiple=True,
        metavar="HEADING=UNIT",
        help="What bare numbers in a column count, as 时长=hours (or minutes, or days). Repeatable.",
    ),
    click.option(
        "--hidden",
        type=click.Choice(["take", "leave"]),
        help="What becomes of rows that the sheet hides, by a filter perhaps.",
    ),
    click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        default=spoken_here,
        help="In which language all is told; else as LC_ALL, LC_MESSAGES or LANG say.",
    ),
)


def reading_options(command: F) -> F:
    """The options by which a list is explained that does not explain itself."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@cli.group("import")
def import_group() -> None:
    """Lists as offices have them: .xlsx, .xls, .ods, and CSV in any encoding; headings in Chinese or English.

    How a list is understood is told first: the columns that are read and those that are not, the rows as they were
    understood. What cannot be told stops it with a question, before anything is written.

    Then every row gets its verdict. Rows that are not taken are written to a new file beside the list, with the reason:
    mended, that file is imported like any list. Importing a list again adds only what is missing. With - for FILE the
    list is read from standard input; standard output then has the rows that are not taken, and nothing else.

    Begin with a template: timebank import template records
    """


@import_group.command("template")
@click.argument("kind", type=click.Choice(["volunteers", "records", "places", "residents"]))
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the headings.")
def template_command(kind: str, file: Path | None, language: str) -> None:
    """Make a list to fill in: FILE.xlsx (with a sheet that explains the columns) or FILE.csv.

    Without a FILE it is called by its kind, as volunteers.xlsx, and lies here. A file that is there is left alone.
    """
    target = file or Path(f"{kind}.xlsx")
    if target.suffix.lower() not in {".xlsx", ".csv"}:
        raise click.BadParameter("the name has to end in .xlsx or .csv", param_hint="FILE")
    try:
        with target.open("xb") as written:
            if target.suffix.lower() == ".csv":
                written.write(template_csv(kind, language))
            else:
                template_workbook(written, kind, language)
    except FileExistsError:
        raise click.ClickException(f"{target} is there already; give another name.") from None
    whose = " --organisation ID" if kind == "records" else ""
    click.echo(f"Fill in {target}, one line for each, then: timebank import {kind} {target}{whose} --dry-run")


@import_group.command("volunteers")
@FILE
@DRY_RUN
@EVERY_ROW
@UNDERSTOOD
@reading_options
@BANK
def import_volunteers_command(
    file: Path, dry_run: bool, every_row: bool, understood: Path | None, bank: str | None, **options: Any
) -> None:
    """Register the people on a list: name 姓名, phone 手机, skills 技能.

    Somebody who is registered already, with the same name and phone, is not registered again.
    """
    said = _said(**options)

    async def register_people(services: Services, file: Path) -> None:
        bank_id = (await find_bank(services, bank)).bank_id
        with file.open("rb") as opened_file:
            opened = await _opened(file, said.language, lambda: open_volunteers(opened_file, said))
            run = VolunteersImport(services, bank_id, OPERATOR, dry_run=dry_run, allowed=EVERYTHING)
            teller = Teller(opened, dry_run=dry_run, every_row=every_row, understood=_new(understood))
            await _import(file, opened, run.verdicts(opened), teller)

    _run(file, said.language, register_people)


@import_group.command("records")
@FILE
@click.option("--organisation", required=True, help="The organisation that the service was done for: id or name.")
@click.option(
    "--confirm-as",
    callback=named_or_asked_for,
    help="Who has signed the list, and may: id or number (-: asked for, also by phone). Then it is confirmed too.",
)
@DRY_RUN
@EVERY_ROW
@UNDERSTOOD
@reading_options
@BANK
def import_records_command(
    file: Path,
    organisation: str,
    confirm_as: Whom | None,
    dry_run: bool,
    every_row: bool,
    understood: Path | None,
    bank: str | None,
    **options: Any,
) -> None:
    """Log the service on a list: number 志愿者编号 or phone 手机, activity 活动, category 类别, 开始时间, 结束时间.

    The day may stand in a column of its own (日期), and how long it took in the place of the end (小时, 分钟, 时长).
    Also read: name 姓名, capacity 身份, break 休息, place 地点, content 内容, programmes 项目.
    """
    said = _said(**options)

    async def log_service(services: Services, file: Path) -> None:
        found = await find_bank(services, bank)
        organisation_id = await _find_organisation(services, found.bank_id, organisation)
        signer = VolunteerId((await find_volunteer(services, found, confirm_as)).volunteer_id) if confirm_as else None
        with file.open("rb") as opened_file:
            opened = await _opened(
                file, said.language, lambda: open_records(opened_file, said, ZoneInfo(found.timezone))
            )
            run = RecordsImport(
                services,
                found.bank_id,
                organisation_id,
                OPERATOR,
                signer=signer,
                dry_run=dry_run,
                allowed=EVERYTHING,
            )
            teller = Teller(opened, dry_run=dry_run, every_row=every_row, understood=_new(understood))
            await _import(file, opened, run.verdicts(opened), teller)

    _run(file, said.language, log_service)


@import_group.command("places")
@FILE
@DRY_RUN
@EVERY_ROW
@UNDERSTOOD
@reading_options
@BANK
def import_places_command(
    file: Path, dry_run: bool, every_row: bool, understood: Path | None, bank: str | None, **options: Any
) -> None:
    """Open the places on a list, a row for each: a column for each level of the bank's (社区, 片区, 楼院, 楼栋, 单元).

    What is there already stays as it is. From 起始日期 on (from_day), or from today.
    """
    said = _said(**options)

    async def open_all(services: Services, file: Path) -> None:
        found = await find_bank(services, bank)
        levels = await _levels(services, found)
        with file.open("rb") as opened_file:
            opened = await _opened(file, said.language, lambda: open_places(opened_file, said, levels))
            run = PlacesImport(services, found.bank_id, OPERATOR, dry_run=dry_run)
            teller = Teller(opened, dry_run=dry_run, every_row=every_row, understood=_new(understood))
            await _import(file, opened, run.verdicts(opened), teller)

    _run(file, said.language, open_all)


@import_group.command("residents")
@FILE
@DRY_RUN
@EVERY_ROW
@UNDERSTOOD
@reading_options
@BANK
def import_residents_command(
    file: Path, dry_run: bool, every_row: bool, understood: Path | None, bank: str | None, **options: Any
) -> None:
    """Say who lives where: number 志愿者编号 or phone 手机, name 姓名, and a column for each level of the place.

    From 起始日期 on (from_day), or from today; 居住或工作 (tie) says whether they live or work there.
    """
    said = _said(**options)

    async def settle_all(services: Services, file: Path) -> None:
        found = await find_bank(services, bank)
        levels = await _levels(services, found)
        with file.open("rb") as opened_file:
            opened = await _opened(file, said.language, lambda: open_residents(opened_file, said, levels))
            run = ResidentsImport(services, found.bank_id, OPERATOR, dry_run=dry_run)
            teller = Teller(opened, dry_run=dry_run, every_row=every_row, understood=_new(understood))
            await _import(file, opened, run.verdicts(opened), teller)

    _run(file, said.language, settle_all)


async def _levels(services: Services, bank: Bank) -> tuple[str, ...]:
    """The levels of places that the rule book names today."""
    today = services.ledger.clock().astimezone(ZoneInfo(bank.timezone)).date()
    return (await policies.in_force(services.pool, bank.bank_id, today)).rules.place_levels


async def _find_organisation(services: Services, bank_id: UUID, wanted: str) -> OrganisationId:
    """The organisation with this id, or the only one of this name. Raises `click.BadParameter`."""
    while await services.runner.catch_up(bank_id):
        pass
    after = ""
    meant: list[OrganisationView] = []
    some: list[OrganisationView] = []
    while page := await organisations.page(services.pool, bank_id, None, after, PAGE):
        meant += [each for each in page if wanted in (each.organisation_id, each.name)]
        some += page[: SHOWN_ORGANISATIONS - len(some)]
        after = page[-1].organisation_id
    if len(meant) == 1:
        return OrganisationId(meant[0].organisation_id)
    listed = "; ".join(f"{each.organisation_id} {each.name}" for each in (meant or some))
    what = "several organisations are called" if meant else "there is no organisation"
    raise click.BadParameter(f"{what} {wanted}; there are: {listed or 'none'}", param_hint="--organisation")


def _said(columns: tuple[str, ...], units: tuple[str, ...], **others: Any) -> Said:
    """What the options say of a list."""
    return Said(columns=_pairs(columns, "--column"), units=_pairs(units, "--unit"), **others)


def _new(understood: Path | None) -> Path | None:
    """The file for every row, if one is wanted. Raises `click.BadParameter` if it cannot be made so."""
    if understood and understood.suffix.lower() not in {".xlsx", ".csv"}:
        raise click.BadParameter("the name has to end in .xlsx or .csv", param_hint="--understood")
    if understood and understood.exists():
        raise click.BadParameter(f"{understood} is there already; give another name", param_hint="--understood")
    return understood


def _pairs(options: tuple[str, ...], name: str) -> dict[str, Any]:
    """Options of the form HEADING=VALUE."""
    pairs = {}
    for option in options:
        heading, equals, value = option.rpartition("=")
        if not equals or not heading.strip() or not value.strip():
            raise click.BadParameter(f"{option!r} is not of the form HEADING=VALUE", param_hint=name)
        pairs[heading.strip()] = value.strip()
    return pairs


def _run(file: Path, language: Language, importing: Callable[[Services, Path], Coroutine[Any, Any, None]]) -> None:
    """Import, and end the program with what has to be said first, where there is something."""
    try:
        with _at_hand(file) as at_hand:
            run_services(lambda services: importing(services, at_hand), memories=MEMORIES)
    except QuestionsError as error:
        tell_questions(error, language)
        raise SystemExit(1) from None
    except SpreadsheetError as error:
        give_up(told(*error.phrase, language))


@contextlib.contextmanager
def _at_hand(file: Path) -> Iterator[Path]:
    """The file; standard input as one, beside which the rows that are not taken are put, and then written out."""
    if file != STANDARD:
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        at_hand = Path(folder) / STANDARD_INPUT
        at_hand.write_bytes(sys.stdin.buffer.read())
        with contextlib.redirect_stdout(sys.stderr):
            yield at_hand
        for rejected in sorted(Path(folder).glob(f"{STANDARD_INPUT}.rejected*")):
            sys.stdout.buffer.write(rejected.read_bytes())
        sys.stdout.flush()


async def _opened(file: Path, language: Language, open_list: Callable[[], OpenedList[E]]) -> OpenedList[E]:
    """The list, after it has been told how it is understood."""
    try:
        opened = await asyncio.to_thread(open_list)
    except QuestionsError:
        raise
    except SpreadsheetError as error:
        raise SpreadsheetError("{file}: {why}", file=file.name, why=error.phrase) from None
    ListTeller(file.name, opened, language).tell()
    opened.must_be_clear()
    return opened


async def _import(file: Path, opened: OpenedList[Any], verdicts: AsyncIterator[list[Judged]], teller: Teller) -> None:
    """Import the list, with a progress bar, and tell what has become of its rows."""
    rows = opened.as_read.rows
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(progress_bar(f"Importing {file.name}", rows))
        progress = adding(bar, rows)
        rejected = stack.enter_context(teller.files(file))
        async for judged in verdicts:
            teller.take_in(judged, rejected)
            progress(len(judged))
    teller.tell()
