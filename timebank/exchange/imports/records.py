"""Importing service: a list of who did what, and when, becomes records of it."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId, new_record_id
from timebank.domain.refusing import Refusal
from timebank.domain.service.lists import IN_CHARGE, EnterService
from timebank.domain.service.records import LogService
from timebank.domain.service.refusals import DuplicateRecord, OverlappingService, RecordDiffers
from timebank.exchange.imports.charge import Members, in_words, members_of
from timebank.exchange.imports.chunks import CHUNK, Entry, Judged, Submit, in_chunks, submitting
from timebank.exchange.imports.lines import Lines
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.service import Served
from timebank.exchange.imports.teams import Squads, squads_of
from timebank.exchange.imports.who import People
from timebank.exchange.spreadsheets.reading import Row
from timebank.identity.limits.comparisons import Allowance
from timebank.identity.security_log import Visit
from timebank.ledger.submission import Outcome
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services
from timebank.words import Phrase, Quoted


class RecordsImport:
    """A list of service on its way into the bank, for one organisation.

    `by` enters it; `signer` is whoever signed it, if somebody has: then it is confirmed too, and they are told.
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
        allowed: Allowance,
    ) -> None:
        self._services = services
        self._bank_id = bank_id
        self._organisation_id = organisation_id
        self._by = by
        self._signer = Acting(ActorId(signer), "volunteer") if signer else None
        self._request_id = request_id
        self._dry_run = dry_run
        self._squads = Squads(())
        self._allowed = allowed

    async def verdicts(self, opened: OpenedList[Served], size: int = CHUNK) -> AsyncIterator[list[Judged]]:
        """Import the list, and say what becomes of each row, so many at a time. Raises `QuestionsError`."""
        opened.must_be_clear()
        while await self._services.runner.catch_up(self._bank_id):
            pass
        at = await local_now(self._services, self._bank_id)
        if self._signer and not self._dry_run:
            await self._tell_signer(self._signer, at, opened.as_read.rows)
        if opened.table.column("team"):
            pool, day = self._services.pool, at.date()
            self._squads = await squads_of(pool, self._bank_id, self._organisation_id, day)
        judges = _Judges(opened, dry_run=self._dry_run)

        async def judge(entries: Sequence[Entry[Served]], submit: Submit) -> list[RowVerdict]:
            return await self._judge(entries, submit, at, judges)

        with contextlib.closing(judges):
            async with submitting(self._services, self._bank_id, self._request_id, dry_run=self._dry_run) as submit:
                async for judged in in_chunks(opened, judge, submit, size):
                    yield judged

    async def _tell_signer(self, signer: Acting, at: datetime, rows: int) -> None:
        """Before any row is in: whoever has not signed it learns that somebody said so."""
        await self._services.security_log.record(
            self._bank_id,
            "list-signed",
            Visit(at, "", self._request_id),
            actor=self._by.actor,
            subject=signer.actor,
            organisation_id=self._organisation_id,
            rows=rows,
        )

    async def _judge(
        self, entries: Sequence[Entry[Served]], submit: Submit, at: datetime, judges: "_Judges"
    ) -> list[RowVerdict]:
        people, members = await self._people(entries), await self._members(entries)
        verdicts: list[RowVerdict] = []
        asked: list[tuple[Row, Phrase | None]] = []
        commands: list[EnterService] = []
        for row, served in entries:
            try:
                meant = people.meant(served.who)
                team_id = self._squads.meant(served.team, served.started_at.date()) if served.team else None
                charged = members.meant(served.in_charge) if served.in_charge else None
            except RowError as error:
                verdicts.append(judges.opened.refused(row, error))
            else:
                asked.append((row, meant.remark or (charged.remark if charged else None)))
                further = {"team_id": team_id, "person_in_charge_id": charged.volunteer_id if charged else None}
                commands.append(self._command(served, meant.volunteer_id, at, **further))
        outcomes = await submit(commands)
        judges.called |= await in_words(self._services, self._bank_id, _charged_otherwise(outcomes))
        verdicts += [judges.verdict(*each, outcome) for each, outcome in zip(asked, outcomes, strict=True)]
        return verdicts

    async def _people(self, entries: Sequence[Entry[Served]]) -> People:
        numbers = sorted({served.who.number for _, served in entries if served.who.number})
        phones = sorted({served.who.phone for _, served in entries if served.who.phone})
        found = await volunteers.meant_by(
            self._services.pool, self._services.people, self._bank_id, numbers=numbers, phones=phones
        )
        return People(found, self._allowed)

    async def _members(self, entries: Sequence[Entry[Served]]) -> Members:
        wanted = [served.in_charge for _, served in entries if served.in_charge]
        return await members_of(self._services, self._bank_id, self._organisation_id, wanted, self._allowed)

    def _command(self, served: Served, volunteer_id: VolunteerId, at: datetime, **further: Any) -> EnterService:
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
            **further,
        )
        return EnterService(by=self._by, at=at, log=log, signer=self._signer)


SAME = {"line": "the same as line {line}", "row": "the same as row {line}"}
"""What is said of a row that repeats an earlier one, by what one calls a row."""

OTHERWISE = {
    "line": "line {line} has the same person and time, but differs: {differences}",
    "row": "row {line} has the same person and time, but differs: {differences}",
}
BEFORE = "it was logged before, but differs: {differences}"
MEANWHILE = {
    "line": "the volunteer has confirmed service at the same time, in line {line}",
    "row": "the volunteer has confirmed service at the same time, in row {line}",
}
"""What is said of a row whose person served elsewhere then, by an earlier row."""
ELSEWHERE = "the volunteer has confirmed service at the same time already"
DIFFERENCE = "{column}: there {there}, here {here}"


class _Judges:
    """Says what became of the rows of one list, in the language of whoever sent it."""

    def __init__(self, opened: OpenedList[Served], *, dry_run: bool) -> None:
        self.opened = opened
        self._dry_run = dry_run
        self._lines = Lines()
        """Of records: where they stood first in this list."""
        self.called: dict[str, str] = {}
        """What those are called who are in charge, where a row differs in that."""

    def close(self) -> None:
        self._lines.close()

    def verdict(self, row: Row, remark: Phrase | None, outcome: Outcome) -> RowVerdict:
        """The verdict on a row by what its command came to."""
        if isinstance(outcome, RecordDiffers):
            return self._different(row, outcome.details)
        if isinstance(outcome, DuplicateRecord):
            return self._known(row, outcome.details)
        if isinstance(outcome, OverlappingService):
            return self._overlapping(row, outcome.details["record_id"])
        if isinstance(outcome, Refusal):
            return self.opened.refused(row, outcome)
        logged = next((fact for fact in outcome.facts if isinstance(fact, ServiceLogged)), None)
        confirmed = next((fact for fact in outcome.facts if isinstance(fact, ServiceConfirmed)), None)
        fact = logged or confirmed
        assert fact, "a row comes to one of the two"
        self._lines.note([(fact.record_id, row.line)])
        return RowVerdict(
            line=row.line,
            status="confirmed" if confirmed else "logged",
            reason=None if logged else self.opened.say(Phrase("it was logged before, and waited", {})),
            note=self.opened.say(remark) if remark else None,
            id=None if self._dry_run and logged else fact.record_id,
        )

    def _different(self, row: Row, details: Mapping[str, Any]) -> RowVerdict:
        differences = [
            Phrase(DIFFERENCE, {"column": Quoted(self.opened.table.heading(name)), **self._sides(there, here)})
            for name, there, here in details["differing"]
        ]
        said = {"differences": self.opened.say(*differences)}
        line = self._lines.first(details["record_id"])
        template = OTHERWISE[self.opened.as_read.row_word] if line else BEFORE
        reason = self.opened.say(Phrase(template, {**said, "line": line}))
        return RowVerdict(line=row.line, status="different", reason=reason, id=self._told(details["record_id"], line))

    def _sides(self, there: str, here: str) -> dict[str, str]:
        """What a record says and what a row says, with people by what they are called."""
        return {"there": self.called.get(there, there), "here": self.called.get(here, here)}

    def _overlapping(self, row: Row, record_id: str) -> RowVerdict:
        line = self._lines.first(record_id)
        said = Phrase(MEANWHILE[self.opened.as_read.row_word], {"line": line}) if line else Phrase(ELSEWHERE, {})
        return self.opened.refused(row, said)

    def _known(self, row: Row, details: Mapping[str, Any]) -> RowVerdict:
        record_id, status = details["record_id"], details["status"]
        line = self._lines.first(record_id)
        if line:
            said = self.opened.say(Phrase(SAME[self.opened.as_read.row_word], {"line": line}))
            return RowVerdict(line=row.line, status="same", reason=said, id=self._told(record_id, line))
        self._lines.note([(record_id, row.line)])
        if status == "logged":
            reason = Phrase("it was logged before, and waits to be confirmed", {})
        else:
            reason = Phrase("it was logged before, and is {status}", {"status": status})
        is_waiting = status == "logged"
        said = self.opened.say(reason)
        return RowVerdict(line=row.line, status="waiting" if is_waiting else "same", reason=said, id=record_id)

    def _told(self, record_id: str, line: int | None) -> str | None:
        """The id of a record that is there; what a dry run would have made has none."""
        return None if self._dry_run and line else record_id


def _charged_otherwise(outcomes: Sequence[Outcome]) -> set[str]:
    """Those who are in charge by records and by rows that differ in that."""
    differing = (each for one in outcomes if isinstance(one, RecordDiffers) for each in one.details["differing"])
    return {who for name, *sides in differing if name == IN_CHARGE for who in sides}


async def local_now(services: Services, bank_id: UUID) -> datetime:
    """Now, in the local time of a bank that is there."""
    return services.ledger.clock().astimezone(await zone_of(services, bank_id))


async def zone_of(services: Services, bank_id: UUID) -> ZoneInfo:
    """The time zone of a bank that is there."""
    bank = await services.ledger.store.bank(bank_id)
    assert bank is not None, "the caller has found the bank"
    return ZoneInfo(bank.timezone)
