"""The store behind the library's synchronous interface, so that the library's own tests can be run against it."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)

from tests.helpers.patience import PATIENCE_SECONDS
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.dcb import Recorder as AsyncRecorder
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker

T = TypeVar("T")


class Thread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """End the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Response(DCBReadResponse):
    """What was read, and the head."""

    def __init__(self, events: Iterable[DCBSequencedEvent], head: int | None) -> None:
        self._events, self._head = iter(events), head

    @property
    def head(self) -> int | None:
        """As the library defines it."""
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return next(self._events)


class Recorder(DCBRecorder):
    """One bank's log, synchronously."""

    def __init__(self, thread: Thread, store: Store, bank_id: UUID) -> None:
        self.thread, self.store, self.bank_id = thread, store, bank_id

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """Read."""
        return Response(*self.thread.run(AsyncRecorder(self.store).read(self.bank_id, query, after=after, limit=limit)))

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Append."""
        return self.thread.run(AsyncRecorder(self.store).append(self.bank_id, events, condition))

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> "Subscription":
        """Follow."""
        return Subscription(self, query, after)


class Subscription(DCBSubscription[Recorder]):
    """Follows a bank's log, synchronously."""

    def __init__(self, recorder: Recorder, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder, query, after)
        self._events = AsyncRecorder(recorder.store).follow(recorder.bank_id, query, after=after)

    def __next__(self) -> DCBSequencedEvent:
        return self._recorder.thread.run(anext(self._events))  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop following."""
        super().stop()
        self._recorder.thread.run(self._events.aclose())  # type: ignore[attr-defined]


@contextmanager
def recorders(url: str) -> Iterator["Recorders"]:
    """A thread with connections of its own, and recorders for as many banks as one likes."""
    thread = Thread()
    try:
        pool = thread.run(_open_pool(url))
        try:
            yield Recorders(thread, Store(pool, Waker()))
        finally:
            thread.run(pool.close())
    finally:
        thread.close()


async def _open_pool(url: str) -> Any:
    return await asyncpg.create_pool(url, min_size=1, max_size=4)


class Recorders:
    """Makes recorders, each on a new bank."""

    def __init__(self, thread: Thread, store: Store) -> None:
        self._thread, self._store = thread, store

    def new(self) -> Recorder:
        """A recorder on a new bank."""
        bank_id = UUID(new_bank_id())
        self._thread.run(self._store.open_bank(bank_id, "Test bank", "UTC"))
        return Recorder(self._thread, self._store, bank_id)
