"""Snapshots of memories: what is made of very many facts is kept, so that it need not be read from the beginning again.

They are taken beside the writer, used with the facts after them, and thrown away when any rule changes.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any
from uuid import UUID

import structlog

from timebank.db.connections import DATABASE_ERRORS
from timebank.db.sql import load_statements
from timebank.domain.kernel import Key, Memory
from timebank.ledger.audit import Finding
from timebank.ledger.decisions import states
from timebank.ledger.decisions.memories import Memories
from timebank.ledger.decisions.states import NotKeptError, State
from timebank.ledger.store import READ_SECONDS, Store

SQL = load_statements("timebank.ledger.decisions", "snapshots.sql")

FACTS_APART = 500
"""A memory is kept once so many facts have gone into it since it was kept last."""
LONG_FACTS, FACTS_EACH = 5_000, 100
"""Memories recalled together that are made of more facts than that, and than so many each, are recalled aside."""
WINDOW = 10_000
"""How much of the log is looked through at a time where nobody is to be held up."""

log = structlog.get_logger(__name__)


class LongHistoryError(Exception):
    """A decision needs memories that take long to recall."""

    def __init__(self, keys: Iterable[Key]) -> None:
        super().__init__("memories have to be recalled from very many facts")
        self.keys = tuple(keys)


class Snapshots:
    """Reads and writes the snapshots of one bank's memories, and knows which there are."""

    def __init__(self, store: Store, bank_id: UUID) -> None:
        self._store = store
        self._bank_id = bank_id
        self._known: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._never: set[type[Memory]] = set()

    async def learn(self) -> None:
        """Find out which snapshots there are. Those that other rules made are made anew in the background."""
        rows = await self._store.pool.fetch(SQL["known"], self._bank_id, timeout=READ_SECONDS)
        self._known = {(row["kind"], row["whom"]) for row in rows if row["code"] == states.code()}
        others = [(row["kind"], row["whom"], row["position"]) for row in rows if row["code"] != states.code()]
        if others:
            self.behind(self._renew(others))

    async def of(self, keys: Iterable[Key], up_to: int) -> dict[Key, tuple[int, State]]:
        """The snapshots of some memories: as of which position, and what they hold."""
        if not self._known:
            return {}
        wanted = {name: key for key in keys if (name := self._name(key)) in self._known}
        if not wanted:
            return {}
        kinds, whom = zip(*wanted, strict=True)
        binds = self._bank_id, states.code(), up_to, kinds, whom
        rows = await self._store.pool.fetch(SQL["states"], *binds, timeout=READ_SECONDS)
        found = {}
        for row in rows:
            try:
                found[wanted[row["kind"], row["whom"]]] = row["position"], states.read(row["state"])
            except ValueError:
                log.error("a snapshot cannot be read", bank_id=str(self._bank_id), kind=row["kind"])
        return found

    def are_of(self, key: Key) -> bool:
        """Whether memories of this kind can be kept."""
        return key[0] not in self._never

    def take(self, key: Key, state: State, position: int) -> None:
        """Keep a memory as of a position, without holding anybody up."""
        name = self._name(key)
        try:
            held = states.written(state) if name else None
        except NotKeptError:
            self._never.add(key[0])
            return
        if name and held:
            self.behind(self._keep(name, held, position))

    async def prepare(self, keys: Iterable[Key], up_to: int) -> None:
        """Recall memories from the whole log, a window at a time, and keep those that are made of very many facts."""
        for key in keys:
            memory, facts = await recalled(self._store, self._bank_id, key, up_to)
            if facts < FACTS_APART:
                continue
            try:
                await self._keep(states.named(key), states.written(memory.state()), up_to)
            except NotKeptError:
                self._never.add(key[0])

    def behind(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Have something done beside everything else, until it is done or `close` is called."""
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Give up what is not done yet."""
        for task in self._tasks:
            task.cancel()

    def _name(self, key: Key) -> tuple[str, str] | None:
        try:
            return states.named(key)
        except NotKeptError:
            return None

    async def _keep(self, name: tuple[str, str], held: bytes, position: int) -> None:
        await self._store.pool.execute(SQL["keep"], self._bank_id, *name, position, states.code(), held)
        self._known.add(name)

    async def _renew(self, others: Iterable[tuple[str, str, int]]) -> None:
        for kind, whom, position in others:
            key = states.key_of(kind, whom)
            if key is None:
                await self._store.pool.execute(SQL["drop"], self._bank_id, kind, whom)
            else:
                await self.prepare([key], position)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except DATABASE_ERRORS as error:
        log.warning("a snapshot could not be taken; it is tried again later", error=repr(error))
    except Exception:
        log.exception("a snapshot could not be taken")


async def recalled(store: Store, bank_id: UUID, key: Key, up_to: int) -> tuple[Memory, int]:
    """A memory as of a position, made of the log alone; and of how many facts it is made."""
    kind, whom = key
    memory = kind(*whom)
    memories = Memories()
    memories.keep({key: memory})
    for after in range(0, up_to, WINDOW):
        for recorded in await store.recall(bank_id, [memory], min(after + WINDOW, up_to), after=after):
            memories.advance(recorded.fact, recorded.fact.tags())
    return memory, memories.folded.get(key, 0)


async def check_snapshots(store: Store, bank_id: UUID) -> AsyncIterator[Finding]:
    """What is wrong with a bank's snapshots: each is made again from the log, and compared."""
    for row in await store.pool.fetch(SQL["all"], bank_id, states.code()):
        key = states.key_of(row["kind"], row["whom"])
        assert key is not None, "these rules have made it"
        memory, _ = await recalled(store, bank_id, key, row["position"])
        if not _is_same(memory, row["state"]):
            yield Finding(row["position"], f"the snapshot of {row['kind']} {row['whom']} is not what the log says")


def _is_same(memory: Memory, state: bytes) -> bool:
    try:
        return states.read(state) == states.read(states.written(memory.state()))
    except ValueError:
        return False
