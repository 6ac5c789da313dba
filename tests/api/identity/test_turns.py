"""Turns at costly work: one thing of a person at a time, and those first who have used least."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import anyio
import pytest

from timebank.identity.limits import throttle, turns
from timebank.identity.limits.throttle import TooManyRequestsError
from timebank.identity.limits.turns import Turns, beside


class Work:
    """Work that takes until it is told to end, and in which order it began."""

    def __init__(self, places: int) -> None:
        self.turns = Turns(places)
        self.began: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        """Somebody, named before the dot, asks for each of these."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._do(name))
            await asyncio.sleep(0)
        await self.settle()

    async def _do(self, name: str) -> None:
        async with self.turns.turn(name.partition(".")[0]):
            self.began.append(name)
            await self.ends[name].wait()

    async def end(self, name: str) -> None:
        """It is done."""
        self.ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        """Let everybody go on who can."""
        for _ in range(5):
            await asyncio.sleep(0)


async def test_nobody_waits_for_what_another_has_queued() -> None:
    """Whoever keeps a place busy has one place, and of who waits those come first who have used least."""
    work = Work(2)
    await work.ask("busy.1", "busy.2", "busy.3", "other.1", "late.1")
    assert work.began == ["busy.1", "other.1"]
    await work.end("busy.1")
    assert work.began[2:] == ["late.1"]
    await work.ask("new.1")
    await work.end("other.1")
    assert work.began[3:] == ["new.1"]
    await work.end("late.1")
    await work.end("new.1")
    await work.end("busy.2")
    assert work.began[4:] == ["busy.2", "busy.3"]


async def test_only_a_few_of_one_person_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told to come again; another person still waits, and whoever goes leaves their place."""
    monkeypatch.setattr(turns, "WAITING_OF_ONE", 2)
    work = Work(1)
    await work.ask("busy.1", "busy.2", "busy.3", "busy.4", "other.1")
    with pytest.raises(TooManyRequestsError):
        await work.tasks["busy.4"]
    for name in ("busy.2", "busy.1"):
        work.tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await work.tasks[name]
    await work.settle()
    assert work.began == ["busy.1", "other.1"]
    await work.end("other.1")
    assert work.began[2:] == ["busy.3"]


def test_what_is_counted_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at once, so many are remembered; those go first who owe least: who owes much waits."""
    monkeypatch.setattr(throttle, "REMEMBERED", 100)
    rate = throttle.Rate(per_minute=2)
    for _ in range(2):
        assert rate.wait("greedy", 0.0) == 0
    for n in range(1_000):
        assert rate.wait(f"somebody {n}", 0.0) == 0
    assert len(rate._due) <= 100
    assert rate.wait("greedy", 0.0) > 0


def test_room_is_made_for_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nearly all who are remembered owe something, not each who comes has all of them gone through."""
    monkeypatch.setattr(throttle, "REMEMBERED", 100)
    rate, made = throttle.Rate(per_minute=60), []
    make_room = rate._make_room
    monkeypatch.setattr(rate, "_make_room", lambda now: (made.append(now), make_room(now)))
    for n in range(99):
        rate.wait(f"busy {n}", 0.0, cost=50)
    for n in range(20):
        rate.wait(f"passing {n}", 2.0 * n)
    assert len(made) == 1
    assert len(rate._due) <= 100


def test_a_network_is_one_house() -> None:
    """What strangers do in vain is counted for the network of 48 bits that one house has; IPv4 by the address."""
    assert throttle.wide("2001:db8:1:2::") == throttle.wide("2001:db8:1:ffff::") == "2001:db8:1::/48"
    assert throttle.wide("2001:db8:2::") != throttle.wide("2001:db8:1::")
    assert throttle.wide("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("counted", [throttle.neighbourhood, throttle.wide])
def test_ipv4_over_ipv6_is_ipv4(counted: Callable[[str], str]) -> None:
    """Where the service listens on both, those who come by IPv4 are not one neighbourhood all together."""
    assert counted("::ffff:192.0.2.1") == counted("0:0:0:0:0:FFFF:c000:201") == "192.0.2.1"
    assert counted("::ffff:192.0.2.1") != counted("::ffff:198.51.100.1")


class Threaded:
    """Work of a thread that takes until it may go on, in a turn."""

    def __init__(self) -> None:
        self.turns, self.go_on, self.is_done = Turns(1), threading.Event(), False

    async def ask(self) -> None:
        """Have it done."""
        async with self.turns.turn("zhao"):
            await beside(self._work)

    def _work(self) -> None:
        self.go_on.wait()
        self.is_done = True


async def test_a_turn_lasts_as_long_as_its_thread() -> None:
    """Whoever gives up, however often, waits for the thread that works for them: nobody else has the turn then."""
    work = Threaded()
    asking = asyncio.create_task(work.ask())
    for _ in range(3):
        await asyncio.sleep(0.01)
        asking.cancel()
    await asyncio.wait({asking}, timeout=0.01)
    assert not asking.done()
    work.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert work.is_done


async def test_so_it_does_where_an_answer_breaks_off() -> None:
    """What sends an answer cancels what makes it over and over, until that has ended."""
    work = Threaded()
    async with anyio.create_task_group() as sending:
        sending.start_soon(work.ask)
        await asyncio.sleep(0.01)
        sending.cancel_scope.cancel()
        asyncio.get_running_loop().call_later(0.05, work.go_on.set)
    assert work.is_done
