"""Importing service: a list of who did what, and when, becomes records of it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId, new_record_id
from timebank.domain.refusing import Refusal
from timebank.domain.service.lists import EnterService
from timebank.domain.service.records import LogService
from timebank.domain.service.refusals import DuplicateRecord, RecordDiffers
from timebank.exchange.imports.chunks import CHUNK, Entry, Judged, Submit, in_chunks, refused, submitting
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.service import Served
from timebank.exchange.imports.who import People
from timebank.exchange.spreadsheets.reading import Row
from timebank.ledger.submission import Outcome
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services


class RecordsImport:
    """A list of service on its way into the bank, for one organisation.

    `by` enters it; `signer` is whoever signed it, if somebody has: then it is confirmed too.
    """

    def __init__(
        self,
        services: Services,
        bank_id: UUID,
        organisation_id: OrganisationId,
        by: Acting,
        *,
        signer: VolunteerId | None = None,
        request_id: str = "import",
        dry_run: bool = False,
    ) -> None:
        self._services = services
        self._bank_id = bank_id
        self._organisation_id = organisation_id
        self._by = by
        self._signer = Acting(ActorId(signer), "volunteer") if signer else None
        self._request_id = request_id
        self._dry_run = dry_run

    async def verdicts(self, opened: OpenedList[Served], size: int = CHUNK) -> AsyncIterator[list[Judged]]:
        """Import the list, and say what becomes of each row, so many at a time. Raises `QuestionsError`."""
        opened.must_be_clear()
        while await self._services.runner.catch_up(self._bank_id):
            pass
        at = await local_now(self._services, self._bank_id)

        async def judge(entries: Sequence[Entry[Served]], submit: Submit) -> list[RowVerdict]:
            return await self._judge(entries, submit, at)

        async with submitting(self._services, self._bank_id, self._request_id, dry_run=self._dry_run) as submit:
            async for judged in in_chunks(opened, judge, submit, size):
                yield judged

    async def _judge(self, entries: Sequence[Entry[Served]], submit: Submit, at: datetime) -> list[RowVerdict]:
        people = await self._people(entries)
        verdicts: list[RowVerdict] = []
        commands: list[tuple[Row, EnterService]] = []
        for row, served in entries:
            try:
                commands.append((row, self._command(served, people.meant(served.who), at)))
            except RowError as error:
                verdicts.append(refused(row, str(error)))
        outcomes = await submit([command for _, command in commands])
        verdicts += [
            _verdict(row, outcome, dry_run=self._dry_run) for (row, _), outcome in zip(commands, outcomes, strict=True)
        ]
        return verdicts

    async def _people(self, entries: Sequence[Entry[Served]]) -> People:
        numbers = sorted({served.who.number for _, served in entries if served.who.number})
        phones = sorted({served.who.phone for _, served in entries if served.who.phone})
        found = await volunteers.meant_by(
            self._services.pool, self._services.people, self._bank_id, numbers=numbers, phones=phones
        )
        return People(found)

    def _command(self, served: Served, volunteer_id: VolunteerId, at: datetime) -> EnterService:
        log = LogService(
            by=self._by,
            at=at,
            record_id=new_record_id(),
            volunteer_id=volunteer_id,
            organisation_id=self._organisation_id,
            activity=served.activity,
            category=served.category,
            capacity=served.capacity,
            place=served.place,
            content=served.content,
            programmes=served.programmes,
            started_at=served.started_at,
            ended_at=served.ended_at,
            minutes=served.minutes,
        )
        return EnterService(by=self._by, at=at, log=log, signer=self._signer)


def _verdict(row: Row, outcome: Outcome, *, dry_run: bool) -> RowVerdict:
    if isinstance(outcome, RecordDiffers):
        details = outcome.details
        return RowVerdict(line=row.line, status="different", reason=str(outcome), id=details["record_id"])
    if isinstance(outcome, DuplicateRecord):
        return _known(row, outcome.details)
    if isinstance(outcome, Refusal):
        return refused(row, str(outcome))
    logged = next((fact for fact in outcome.facts if isinstance(fact, ServiceLogged)), None)
    confirmed = next((fact for fact in outcome.facts if isinstance(fact, ServiceConfirmed)), None)
    fact = logged or confirmed
    assert fact, "a row comes to one of the two"
    return RowVerdict(
        line=row.line,
        status="confirmed" if confirmed else "logged",
        reason=None if logged else "it was logged before, and waited",
        id=None if dry_run and logged else fact.record_id,
    )


def _known(row: Row, details: dict[str, str]) -> RowVerdict:
    if details["status"] == "logged":
        reason = "it was logged before, and waits to be confirmed"
        return RowVerdict(line=row.line, status="waiting", reason=reason, id=details["record_id"])
    reason = f"it was logged before, and is {details['status']}"
    return RowVerdict(line=row.line, status="same", reason=reason, id=details["record_id"])


async def local_now(services: Services, bank_id: UUID) -> datetime:
    """Now, in the local time of a bank that is there."""
    return services.ledger.clock().astimezone(await zone_of(services, bank_id))


async def zone_of(services: Services, bank_id: UUID) -> ZoneInfo:
    """The time zone of a bank that is there."""
    bank = await services.ledger.store.bank(bank_id)
    assert bank is not None, "the caller has found the bank"
    return ZoneInfo(bank.timezone)
