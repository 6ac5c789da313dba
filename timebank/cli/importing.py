"""`timebank import`: bring in spreadsheets of people and service."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from timebank.cli.common import BANK, cli, find_bank, progress_bar, run_services
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.exchange.imports import Progress, Report, import_records, import_volunteers
from timebank.exchange.spreadsheets import RECORD_COLUMNS, VOLUNTEER_COLUMNS, Table, read_table, rejected_csv
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR

SHOWN_REASONS = 20


@cli.group("import")
def import_group() -> None:
    """Spreadsheets: CSV in UTF-8 or GB18030, with English or Chinese headers.

    Every row gets a verdict; refused ones are written to FILE.rejected.csv with the reason. Importing a file again
    adds only what is missing.
    """


@import_group.command("volunteers")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BANK
def import_volunteers_command(file: Path, bank: str | None) -> None:
    """Register the people on a list: name 姓名, phone 手机, skills 技能."""
    table = read_table(file.read_bytes(), VOLUNTEER_COLUMNS)

    async def register_people(services: Services) -> Report:
        bank_id = (await find_bank(services, bank)).bank_id
        with _progress(file, table) as progress:
            return await import_volunteers(services, bank_id, table, OPERATOR, progress=progress)

    _tell(file, table, run_services(register_people), "registered")


@import_group.command("records")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", required=True, help="The organisation that logs the service.")
@click.option("--confirm-as", help="The volunteer who has verified the list, and may.")
@click.option("--dry-run", is_flag=True, help="Show the verdicts, and write nothing to the bank.")
@BANK
def import_records_command(
    file: Path, organisation: str, confirm_as: str | None, dry_run: bool, bank: str | None
) -> None:
    """Log the service on a list: number 编号 or phone 手机, activity 活动, category 类别, started_at 开始…"""
    table = read_table(file.read_bytes(), RECORD_COLUMNS)
    organisation_id = OrganisationId(organisation)
    verifier = VolunteerId(confirm_as) if confirm_as else None

    async def log_service(services: Services) -> Report:
        bank_id = (await find_bank(services, bank)).bank_id
        with _progress(file, table) as progress:
            return await import_records(
                services, bank_id, table, organisation_id, confirm_as=verifier, dry_run=dry_run, progress=progress
            )

    verb = "logged and confirmed" if confirm_as else "logged"
    _tell(file, table, run_services(log_service), f"would be {verb}" if dry_run else verb)


@contextlib.contextmanager
def _progress(file: Path, table: Table) -> Iterator[Progress]:
    """A progress bar over the rows of a file; gives a function that is told how many more are done."""
    done, total = 0, len(table.rows)
    with progress_bar(f"Importing {file.name}", total) as progress:

        def add(more: int) -> None:
            nonlocal done
            done += more
            progress(done, total)

        yield add


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
