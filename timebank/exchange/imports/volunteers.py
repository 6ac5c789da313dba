"""Importing people: a list of names, phones and skills becomes volunteers, each person once."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.domain.acting import Acting
from timebank.domain.identifiers import VolunteerNumber, new_volunteer_id, new_volunteer_number
from timebank.domain.people.phones import phone_spelling
from timebank.domain.people.refusals import VolunteerNumberTaken
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.refusing import Refusal
from timebank.exchange.cells.errors import CellError, shown
from timebank.exchange.cells.people import parse_number
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.imports.chunks import CHUNK, Entry, Judged, Submit, alone, in_chunks, submitting
from timebank.exchange.imports.lines import Lines
from timebank.exchange.imports.lists import OpenedList, Person
from timebank.exchange.imports.records import local_now
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.who import NO_MORE_NAMES, WITHOUT_NOTE, is_same_name, without_note
from timebank.exchange.spreadsheets.reading import Row
from timebank.identity.limits.comparisons import MOST_COMPARED, Allowance
from timebank.ledger.submission import Outcome
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import Meant
from timebank.runtime.composition import Services
from timebank.words import Phrase

NUMBER_ATTEMPTS = 5
NEW = ("新", "新人", "new")
"""What stands in the column of numbers for somebody who is not whoever has that name already."""


NOTED = "{name} has a note in brackets: write the name alone, or 新 under 志愿者编号 if all of it is the name"
NOBODY = "{number} is no volunteer of this bank; for somebody new, leave it empty"
SAME_PERSON = {"line": "the same person as in line {line}", "row": "the same person as in row {line}"}
WITH_PHONE = "{name} is there already, with a phone"
WITHOUT_PHONE = "{name} is there already, without a phone"
IN_LINE = {
    "line": "{who}, in line {line}: is it the same person? Put both into one row, or write 新 under 志愿者编号",
    "row": "{who}, in row {line}: is it the same person? Put both into one row, or write 新 under 志愿者编号",
}
SAME_OR_NEW = "{who}: is it the same person? Write {number} under 志愿者编号 if so, and 新 if it is somebody else"


class Known(NamedTuple):
    """Somebody of a certain name: registered, or earlier on the list, in that line.

    Where there is a phone that does not count, `has_claim` says so.
    """

    phone: str | None
    number: str | None = None
    skills: tuple[str, ...] = ()
    line: int | None = None
    has_claim: bool = False


class VolunteersImport:
    """A list of people on its way into the bank."""

    def __init__(
        self,
        services: Services,
        bank_id: UUID,
        by: Acting,
        *,
        request_id: str = "import",
        dry_run: bool = False,
        allowed: Allowance,
    ) -> None:
        self._services = services
        self._bank_id = bank_id
        self._by = by
        self._request_id = request_id
        self._dry_run = dry_run
        self._tells = by.governs
        self._allowed = allowed
        self._earlier = _Namesakes()
        self._lines = Lines()
        """Of numbers: where they stood first in the list."""

    async def verdicts(self, opened: OpenedList[Person], size: int = CHUNK) -> AsyncIterator[list[Judged]]:
        """Register everybody on the list who is not registered yet, and say what becomes of each row.

        Raises `QuestionsError`.
        """
        opened.must_be_clear()
        self._opened = opened
        at = await local_now(self._services, self._bank_id)

        async def judge(entries: Sequence[Entry[Person]], submit: Submit) -> list[RowVerdict]:
            async with alone(self._services.pool, self._bank_id, dry_run=self._dry_run):
                return await self._judge(entries, submit, at)

        with contextlib.closing(self._lines):
            async with submitting(self._services, self._bank_id, self._request_id, dry_run=self._dry_run) as submit:
                async for judged in in_chunks(opened, judge, submit, size):
                    yield judged

    async def _judge(self, entries: Sequence[Entry[Person]], submit: Submit, at: datetime) -> list[RowVerdict]:
        registered = await self._registered(entries)
        verdicts: list[RowVerdict] = []
        coming: list[Entry[Person]] = []
        for entry in entries:
            verdict = self._of_somebody_known(entry, registered)
            if verdict:
                verdicts.append(verdict)
            else:
                coming.append(entry)
                self._remember(entry)
        outcomes = await self._register([entry.said for entry in coming], submit, at)
        verdicts += [self._verdict(row, *outcome) for (row, _), outcome in zip(coming, outcomes, strict=True)]
        if not self._dry_run:
            self._earlier = _Namesakes()  # they are registered now
        return verdicts

    async def _registered(self, entries: Sequence[Entry[Person]]) -> "_Registered":
        """Everybody of the bank who has the name or the number of somebody in these rows, those just registered too."""
        while await self._services.runner.catch_up(self._bank_id):
            pass
        written = {name for _, person in entries for name in (person.name, without_note(person.name))}
        names = sorted({name for each in written for name in (each, "".join(each.split()))})
        numbers = sorted(filter(None, (_number_in(person) for _, person in entries)))
        found = await volunteers.meant_by(
            self._services.pool, self._services.people, self._bank_id, numbers=numbers, names=names
        )
        return _Registered(found, with_claims=self._by.authority == "organisation")

    # Who is there already

    def _of_somebody_known(self, entry: Entry[Person], registered: "_Registered") -> RowVerdict | None:
        """The verdict on a row about somebody who is there already, or may be; None if they are new."""
        row, person = entry
        if refused := self._of_too_many(row, person, registered):
            return refused
        if person.number and squeeze(person.number) not in NEW:
            return self._by_number(row, person, registered)
        same = self._same(person.name, person.phone, registered)
        if same:
            return self._there(row, person, same)
        if person.number:
            return None
        name = without_note(person.name)
        if name != person.name:
            same = self._same(name, person.phone, registered) if person.phone else None
            return self._there(row, person, same) if same else self._refused(row, NOTED, name=shown(person.name))
        without_phone = self._same(person.name, None, registered)
        anybody = registered.named.first(person.name) or self._earlier.first(person.name)
        doubtful = without_phone if person.phone else anybody
        return self._opened.refused(row, self._question(person, doubtful)) if doubtful else None

    def _of_too_many(self, row: Row, person: Person, registered: "_Registered") -> RowVerdict | None:
        """The verdict on somebody in the bank with whom so many names and phones were compared today; else None.

        Without a number it is on what is tried only, or has a note beside the name: else whoever is not that person is
        registered, as one may see.
        """
        noted, number = without_note(person.name), _number_in(person)
        name, registers_nobody = squeeze(noted), self._dry_run or noted != person.name
        compared: list[tuple[str, str]] = []
        if number:
            compared += [(number, said) for said in (name, person.phone) if said and registered.numbered(number)]
        else:
            is_tried = registers_nobody and (registered.named.first(noted) or registered.named.first(person.name))
            compared += [(name, person.phone), (person.phone, name)] if person.phone and is_tried else []
        for whose, said in compared:
            if not self._allowed.compares(whose, said):
                return self._refused(row, NO_MORE_NAMES, said=shown(whose), most=MOST_COMPARED)
        return None

    def _same(self, name: str, phone: str | None, registered: "_Registered") -> Known | None:
        """Whoever has a name and a phone, or none either: in the bank, or earlier on the list."""
        return registered.named.with_phone(name, phone) or self._earlier.with_phone(name, phone)

    def _refused(self, row: Row, template: str, **details: object) -> RowVerdict:
        return self._opened.refused(row, Phrase(template, details))

    def _remember(self, entry: Entry[Person]) -> None:
        """That somebody will have been registered when the next row is looked at."""
        known = Known(entry.said.phone, None, entry.said.skills, entry.row.line)
        self._earlier.add(entry.said.name, known)

    def _by_number(self, row: Row, person: Person, registered: "_Registered") -> RowVerdict:
        """The verdict on somebody who is said to be there already, under a number."""
        try:
            number = parse_number(person.number or "")
        except CellError as error:
            return self._refused(row, "{wrong}; for somebody new, leave it empty", wrong=error.phrase)
        found = registered.numbered(number)
        if found is None:
            return self._refused(row, NOBODY, number=shown(number))
        names = found.name or "", person.name
        if not (is_same_name(*names) or is_same_name(*map(without_note, names))):
            said = shown(person.name)
            return self._refused(row, "{said} is not the name of {number} in this bank", said=said, number=number)
        return self._there(row, person, Known(found.phone, found.number, found.skills), is_named=is_same_name(*names))

    def _there(self, row: Row, person: Person, known: Known, *, is_named: bool | None = None) -> RowVerdict:
        """The verdict on somebody who is there already: the same, or what differs."""
        differences = list(self._differences(person, known))
        said = [self._where(row, known)]
        if not (without_note(person.name) == person.name if is_named is None else is_named):
            said.append(Phrase(WITHOUT_NOTE, {"name": shown(person.name)}))
        if differences:
            said += [*differences, Phrase("an import changes nobody", {})]
        return RowVerdict(
            line=row.line,
            status="different" if differences else "same",
            reason=self._opened.say(*said),
            number=known.number,
        )

    def _where(self, row: Row, known: Known) -> Phrase:
        """Who they are, and in which line they stood before."""
        line = known.line or self._lines.first(known.number or "")
        if known.number:
            self._lines.note([(known.number, row.line)])
        if not line:
            return Phrase("this is volunteer {number}", {"number": known.number})
        again = Phrase(SAME_PERSON[self._opened.as_read.row_word], {"line": line})
        return (
            Phrase("{again}, volunteer {number}", {"again": again, "number": known.number}) if known.number else again
        )

    def _differences(self, person: Person, known: Known) -> Iterator[Phrase]:
        if person.phone and person.phone != _spelling(known.phone):
            another = known.phone is not None or known.has_claim
            yield Phrase("but the phone there is another", {}) if another else Phrase("but there is no phone there", {})
        if person.skills and set(person.skills) != set(known.skills):
            skills = "; ".join(known.skills)
            if not self._tells:
                yield Phrase("but the skills there are others", {})
            elif skills:
                yield Phrase("but the skills there are {skills}", {"skills": skills})
            else:
                yield Phrase("but there are no skills there", {})

    def _question(self, person: Person, known: Known) -> Phrase:
        """What has to be said before somebody is registered who may be there already."""
        who = Phrase(WITH_PHONE if known.phone or known.has_claim else WITHOUT_PHONE, {"name": shown(person.name)})
        if known.line:
            return Phrase(IN_LINE[self._opened.as_read.row_word], {"who": who, "line": known.line})
        number: str = known.number if self._tells and known.number else "their number"
        return Phrase(SAME_OR_NEW, {"who": who, "number": number})

    # Registering

    async def _register(
        self, people: Sequence[Person], submit: Submit, at: datetime
    ) -> list[tuple[RegisterVolunteer, Outcome]]:
        """Have people registered, each under the first of a few candidate numbers that is free."""
        done: dict[int, tuple[RegisterVolunteer, Outcome]] = {}
        open_ones = list(range(len(people)))
        for _ in range(NUMBER_ATTEMPTS):
            commands = [self._command(people[index], at) for index in open_ones]
            outcomes = await submit(commands)
            done.update(zip(open_ones, zip(commands, outcomes, strict=True), strict=True))
            open_ones = [index for index in open_ones if isinstance(done[index][1], VolunteerNumberTaken)]
            if not open_ones:
                break
        return [done[index] for index in range(len(people))]

    def _command(self, person: Person, at: datetime) -> RegisterVolunteer:
        return RegisterVolunteer(
            by=self._by,
            at=at,
            volunteer_id=new_volunteer_id(),
            number=new_volunteer_number(),
            name=person.name,
            phone=person.phone,
            skills=person.skills,
        )

    def _verdict(self, row: Row, command: RegisterVolunteer, outcome: Outcome) -> RowVerdict:
        if isinstance(outcome, Refusal):
            return self._opened.refused(row, outcome)
        if self._dry_run:
            return RowVerdict(line=row.line, status="registered")
        self._lines.note([(command.number, row.line)])
        return RowVerdict(line=row.line, status="registered", id=command.volunteer_id, number=command.number)


class _Registered:
    """People of the bank, by name and by number.

    `with_claims`: with phones that nobody but a volunteer or a program says are theirs. A program's list that comes
    again finds whom it has registered.
    """

    def __init__(self, found: Sequence[Meant], *, with_claims: bool) -> None:
        self.named = _Namesakes()
        self._numbered = {each.number: each for each in found}
        for each in found:
            if each.name:
                phone = each.phone if each.phone_counts or with_claims else None
                has_claim = each.phone is not None and phone is None
                self.named.add(each.name, Known(phone, each.number, each.skills, has_claim=has_claim))

    def numbered(self, number: VolunteerNumber) -> Meant | None:
        """Whoever has this number."""
        return self._numbered.get(number)


class _Namesakes:
    """People by name, and then by phone: of a name there may be as many as a list has rows."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str | None, Known]] = {}

    def add(self, name: str, known: Known) -> None:
        """One more; of those with the same name and phone the first stays."""
        self._found.setdefault(squeeze(name), {}).setdefault(_spelling(known.phone), known)

    def first(self, name: str) -> Known | None:
        """Whoever came first of a name."""
        return next(iter(self._found.get(squeeze(name), {}).values()), None)

    def with_phone(self, name: str, phone: str | None) -> Known | None:
        """The first of a name who has the phone, in whichever spelling, or has none either."""
        return self._found.get(squeeze(name), {}).get(phone)


def _number_in(person: Person) -> VolunteerNumber | None:
    try:
        return parse_number(person.number or "")
    except CellError:
        return None


def _spelling(phone: str | None) -> str | None:
    return phone_spelling(phone) if phone else None
