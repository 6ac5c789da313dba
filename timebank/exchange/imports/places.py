"""Importing places and residents: the tree as offices list it, a row for each building or unit; and who lives there."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from uuid import UUID

from timebank.domain.acting import Acting
from timebank.domain.identifiers import NodeId, new_node_id
from timebank.domain.places.nodes import OpenNode
from timebank.domain.places.residences import SetResidence
from timebank.domain.refusals import NothingChanges
from timebank.domain.refusing import Refusal
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.imports.chunks import CHUNK, Entry, Judged, Submit, in_chunks, submitting
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.locating import Located
from timebank.exchange.imports.records import local_now
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.who import People
from timebank.exchange.spreadsheets.reading import Row
from timebank.projections.people import volunteers
from timebank.projections.places import nodes
from timebank.runtime.composition import Services
from timebank.words import Phrase

PAGE = 500

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

    async def verdicts(self, opened: OpenedList[Located], size: int = CHUNK) -> AsyncIterator[list[Judged]]:
        """Take the list in, and say what becomes of each row, so many at a time. Raises `QuestionsError`."""
        opened.must_be_clear()
        self._opened = opened
        while await self._services.runner.catch_up(self._bank_id):
            pass
        at = await local_now(self._services, self._bank_id)
        await self._learn(at.date())

        async def judge(entries: Sequence[Entry[Located]], submit: Submit) -> list[RowVerdict]:
            return await self._judge(entries, submit, at)

        async with submitting(self._services, self._bank_id, self._request_id, dry_run=self._dry_run) as submit:
            async for judged in in_chunks(opened, judge, submit, size):
                yield judged

    async def _judge(self, entries: Sequence[Entry[Located]], submit: Submit, at: datetime) -> list[RowVerdict]:
        raise NotImplementedError  # pragma: no cover

    async def _learn(self, day: date) -> None:
        """The tree as it is on a day; what has become a part of another node is that node."""
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


class PlacesImport(_Import):
    """A list of places on its way into the tree: what is there already is left as it is, what is not is opened."""

    async def _judge(self, entries: Sequence[Entry[Located]], submit: Submit, at: datetime) -> list[RowVerdict]:
        opening = [(row, self._commands(located, at)) for row, located in entries]
        outcomes = iter(await submit([command for _, commands in opening for command in commands]))
        return [self._verdict(row, commands, [next(outcomes) for _ in commands]) for row, commands in opening]

    def _commands(self, located: Located, at: datetime) -> list[OpenNode]:
        """What has to be opened, from the top down."""
        commands: list[OpenNode] = []
        above: NodeId | None = None
        for level, name in located.path:
            found = self._find(above, name)
            if found is None:
                found = self._tree[above, squeeze(name)] = new_node_id()
                said = {"level": level, "name": name, "from_day": located.from_day or at.date()}
                commands.append(OpenNode(by=self._by, at=at, node_id=found, parent_id=above, **said))  # type: ignore[arg-type]
            above = found
        return commands

    def _verdict(self, row: Row, commands: Sequence[OpenNode], outcomes: Sequence[object]) -> RowVerdict:
        refusal = next((each for each in outcomes if isinstance(each, Refusal)), None)
        if refusal:
            gone = {each.node_id for each, outcome in zip(commands, outcomes, strict=True) if outcome is not None}
            self._tree = {key: node_id for key, node_id in self._tree.items() if node_id not in gone}
            return self._opened.refused(row, refusal)
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
        return People(found)

    def _command(self, located: Located, people: People, at: datetime) -> SetResidence:
        assert located.who, "the list says who"
        return SetResidence(
            by=self._by,
            at=at,
            volunteer_id=people.meant(located.who).volunteer_id,
            node_id=self._node(located),
            from_day=located.from_day or at.date(),
            tie=located.tie,
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
