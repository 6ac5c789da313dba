"""Importing places and residents: the tree as offices list it, a row for each building or unit; and who lives there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from timebank.domain.acting import Acting
from timebank.domain.identifiers import NodeId, new_node_id
from timebank.domain.places.nodes import OpenNode
from timebank.domain.places.residences import SetResidence
from timebank.domain.refusals import NothingChanges
from timebank.domain.refusing import Refusal
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.imports.chunks import CHUNK, Entry, Judged, Submit, alone, in_chunks, submitting
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.locating import Located
from timebank.exchange.imports.records import local_now
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.who import People
from timebank.exchange.spreadsheets.reading import Row
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.projections.people import volunteers
from timebank.projections.places import nodes
from timebank.runtime.composition import Services
from timebank.words import Phrase

PAGE = 500

_Wanted: TypeAlias = tuple[NodeId | None, str, date]
"""A node that is not there: below which one, under which name, from which day on."""

THERE = "it is there already"
LIVES_THERE = "they live there already"
NO_SUCH_PLACE = "there is no {name} there: import the places first"


class _Import:
    """What both lists have in common: the tree as it is today, by names, and the way in."""

    def __init__(
        self, services: Services, bank_id: UUID, by: Acting, *, request_id: str = "import", dry_run: bool = False
    ) -> None:
        self._services = services
        self._bank_id = bank_id
        self._by = by
        self._request_id = request_id
        self._dry_run = dry_run
        self._tree: dict[tuple[NodeId | None, str], NodeId] = {}
        self._known_until = 0
        """The position of the last fact that the tree is known by, and how many facts after it are of this list."""
        self._own_facts = 0

    async def verdicts(self, opened: OpenedList[Located], size: int = CHUNK) -> AsyncIterator[list[Judged]]:
        """Take the list in, and say what becomes of each row, so many at a time. Raises `QuestionsError`."""
        opened.must_be_clear()
        self._opened = opened
        at = await local_now(self._services, self._bank_id)
        self._known_until = await self._services.ledger.store.head(self._bank_id)
        await self._learn(at.date())

        async def judge(entries: Sequence[Entry[Located]], submit: Submit) -> list[RowVerdict]:
            async with alone(self._services.pool, self._bank_id, dry_run=self._dry_run):
                if not self._dry_run:
                    await self._learn_what_others_did(at.date())
                return await self._judge(entries, submit, at)

        async with submitting(self._services, self._bank_id, self._request_id, dry_run=self._dry_run) as submit:
            async for judged in in_chunks(opened, judge, submit, size):
                yield judged

    async def _judge(self, entries: Sequence[Entry[Located]], submit: Submit, at: datetime) -> list[RowVerdict]:
        raise NotImplementedError  # pragma: no cover

    async def _learn_what_others_did(self, day: date) -> None:
        """Look at the tree again where something besides this list has changed it."""
        facts, last = await nodes.changes(self._services.pool, self._bank_id, self._known_until)
        if facts > self._own_facts:
            await self._learn(day)
        self._known_until, self._own_facts = last, 0

    async def _learn(self, day: date) -> None:
        """The tree as it is on a day; what has become a part of another node is that node."""
        while await self._services.runner.catch_up(self._bank_id):
            pass
        after, found = "", []
        while page := await nodes.every(self._services.pool, self._bank_id, day, after, PAGE):
            found += page
            after = page[-1].node_id
        for each in found:
            whole = NodeId(each.into_id or each.node_id)
            self._tree[NodeId(each.parent_id) if each.parent_id else None, squeeze(each.name)] = whole

    def _find(self, above: NodeId | None, name: str) -> NodeId | None:
        """What is below a node under a name, or at the top."""
        return self._tree.get((above, squeeze(name)))


class _Opening(NamedTuple):
    """What a row comes to: the nodes on its way down, those of them that it opens, or why it opens none."""

    row: Row
    located: Located
    path: list[NodeId]
    commands: list[OpenNode]
    refusal: Refusal | None = None


class PlacesImport(_Import):
    """A list of places on its way into the tree: what is there already is left as it is, what is not is opened.

    Where what a row would open is refused, the rows that count on it open it themselves, or are told the same.
    """

    _refused: dict[_Wanted, Refusal]

    async def _judge(self, entries: Sequence[Entry[Located]], submit: Submit, at: datetime) -> list[RowVerdict]:
        self._refused = {}
        verdicts: list[RowVerdict] = []
        waiting = list(entries)
        while waiting:
            openings = [self._opening(row, located, at) for row, located in waiting]
            commands = [command for each in openings for command in each.commands]
            outcomes = await submit(commands)
            refused = {
                command.node_id: outcome
                for command, outcome in zip(commands, outcomes, strict=True)
                if isinstance(outcome, Refusal)
            }
            self._own_facts += len(commands) - len(refused)
            self._tree = {key: node_id for key, node_id in self._tree.items() if node_id not in refused}
            verdicts += [verdict for each in openings if (verdict := self._verdict(each, refused))]
            waiting = [Entry(each.row, each.located) for each in openings if not self._is_theirs(each, refused)]
        return verdicts

    def _opening(self, row: Row, located: Located, at: datetime) -> _Opening:
        """What has to be opened, from the top down; what was refused once is not tried again."""
        opening = _Opening(row, located, [], [])
        above: NodeId | None = None
        for level, name in located.path:
            found = self._find(above, name)
            if found is None:
                from_day = located.from_day or at.date()
                refusal = self._refused.get((above, squeeze(name), from_day))
                if refusal:
                    return opening._replace(commands=[], refusal=refusal)
                found = self._tree[above, squeeze(name)] = new_node_id()
                said = {"level": level, "name": name, "from_day": from_day}
                opening.commands.append(OpenNode(by=self._by, at=at, node_id=found, parent_id=above, **said))  # type: ignore[arg-type]
            opening.path.append(found)
            above = found
        return opening

    @staticmethod
    def _is_theirs(opening: _Opening, refused: Mapping[NodeId, Refusal]) -> bool:
        """Whether what was refused first on the way down, if anything was, is what the row itself would have opened."""
        first = next((each for each in opening.path if each in refused), None)
        return first is None or first in {each.node_id for each in opening.commands}

    def _verdict(self, opening: _Opening, refused: Mapping[NodeId, Refusal]) -> RowVerdict | None:
        """What becomes of a row; None where another's was refused that it counts on."""
        row, commands = opening.row, opening.commands
        if opening.refusal:
            return self._opened.refused(row, opening.refusal)
        if not self._is_theirs(opening, refused):
            return None
        for command in commands:
            if command.node_id in refused:
                wanted = command.parent_id, squeeze(command.name), command.from_day
                self._refused[wanted] = refused[command.node_id]
                return self._opened.refused(row, refused[command.node_id])
        if not commands:
            return RowVerdict(line=row.line, status="same", reason=self._opened.say(Phrase(THERE, {})))
        return RowVerdict(line=row.line, status="registered", id=None if self._dry_run else commands[-1].node_id)


class ResidentsImport(_Import):
    """A list of residents: volunteers of the bank, and where each lives or works from which day on."""

    async def _judge(self, entries: Sequence[Entry[Located]], submit: Submit, at: datetime) -> list[RowVerdict]:
        people = await self._people(entries)
        verdicts: list[RowVerdict] = []
        commands: list[tuple[Row, SetResidence]] = []
        for row, located in entries:
            try:
                commands.append((row, self._command(located, people, at)))
            except RowError as error:
                verdicts.append(self._opened.refused(row, error))
        outcomes = await submit([command for _, command in commands])
        for (row, command), outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, NothingChanges):
                verdicts.append(
                    RowVerdict(line=row.line, status="same", reason=self._opened.say(Phrase(LIVES_THERE, {})))
                )
            elif isinstance(outcome, Refusal):
                verdicts.append(self._opened.refused(row, outcome))
            else:
                verdicts.append(RowVerdict(line=row.line, status="registered", id=command.volunteer_id))
        return verdicts

    async def _people(self, entries: Sequence[Entry[Located]]) -> People:
        who = [located.who for _, located in entries if located.who]
        numbers, phones = {each.number for each in who} - {None}, {each.phone for each in who} - {None}
        found = await volunteers.meant_by(
            self._services.pool,
            self._services.people,
            self._bank_id,
            numbers=sorted(filter(None, numbers)),
            phones=sorted(filter(None, phones)),
        )
        return People(found, EVERYTHING)

    def _command(self, located: Located, people: People, at: datetime) -> SetResidence:
        assert located.who, "the list says who"
        meant = people.meant(located.who)
        return SetResidence(
            by=self._by,
            at=at,
            volunteer_id=meant.volunteer_id,
            node_id=self._node(located),
            from_day=located.from_day or at.date(),
            tie=located.tie,
            door=located.door,
            is_same_door=located.door is not None and located.door == meant.door,
        )

    def _node(self, located: Located) -> NodeId:
        """The place that is named. Raises `RowError`."""
        above: NodeId | None = None
        for _, name in located.path:
            found = self._find(above, name)
            if found is None:
                raise RowError.of(NO_SUCH_PLACE, name=shown(name))
            above = found
        assert above, "a place is named"
        return above
