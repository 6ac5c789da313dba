"""Tables are made in turns: a thread that makes one keeps the loop waiting that serves others, many would stop it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.api.world import World
from timebank.api.http import streams
from timebank.api.http.requests import BankRequest
from timebank.api.people import me
from timebank.api.supervision import live
from timebank.exchange.spreadsheets.tables import CsvTable, XlsxTable
from timebank.identity.limits.turns import WAITING_OF_ONE

TABLES = {"csv": CsvTable, "xlsx": XlsxTable}


class Making:
    """How many tables are made at this moment, and how many there were at the most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.may_go_on = threading.Event()
        self._counting = threading.Lock()

    def __enter__(self) -> None:
        with self._counting:
            self.now += 1
            self.most = max(self.most, self.now)
        self.may_go_on.wait(10)
        time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        with self._counting:
            self.now -= 1


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Iterator[Making]:
    """Tables that take a while, and are counted."""
    found = Making()
    for kind in (CsvTable, XlsxTable):
        add = kind.add

        def slowly(table: Any, rows: Any, add: Any = add) -> bytes:
            with found:
                made: bytes = add(table, rows)
                return made

        monkeypatch.setattr(kind, "add", slowly)
    yield found
    found.may_go_on.set()


@pytest.mark.parametrize("form", TABLES)
async def test_one_is_made_at_a_time(world: World, making: Making, form: str) -> None:
    """Whoever asks, and for whatever list: statements too."""
    making.may_go_on.set()
    somebody, another = await world.somebody(), await world.somebody()
    asked = [(each, path) for each in (somebody, another) for path in ("/v1/rewards", "/v1/policies", "/v1/activities")]
    statements = [each.ask("GET", f"/v1/volunteers/me/statement.{form}") for each in (somebody, another)]
    lists = [each.ask("GET", path, params={"format": form}) for each, path in asked]
    answers = await asyncio.gather(*lists, *statements)
    assert [each.status_code for each in answers] == [200] * len(answers)
    assert making.most == 1


async def test_one_person_has_only_a_few_made(world: World, making: Making) -> None:
    """More at once of one person are refused; those of others are made, and when some are done there is room again."""
    somebody, another = await world.somebody(), await world.somebody()

    def ask(who: Any) -> Any:
        return asyncio.create_task(who.ask("GET", "/v1/rewards", params={"format": "xlsx"}))

    first = [ask(somebody) for _ in range(WAITING_OF_ONE)]
    while not making.now:
        await asyncio.sleep(0.01)
    while len(world.app.state.tables._waiting) < WAITING_OF_ONE - 1:
        await asyncio.sleep(0.01)
    refused = await ask(somebody)
    assert refused.status_code == 429, refused.text
    assert int(refused.headers["retry-after"]) > 0
    of_another = ask(another)
    making.may_go_on.set()
    assert [(await each).status_code for each in (*first, of_another)] == [200] * (WAITING_OF_ONE + 1)
    assert (await ask(somebody)).status_code == 200


@pytest.mark.parametrize(
    ("path", "kind", "most"),
    [
        ("/v1/me/data", "long_answers", streams.TOLD_AT_ONCE),
        ("/v1/audit/events.ndjson", "long_answers", streams.TOLD_AT_ONCE),
        ("/v1/audit/events/live", "long_answers", streams.TOLD_AT_ONCE),
        ("/v1/volunteers/me/statement.csv", "tables", WAITING_OF_ONE),
    ],
)
async def test_one_person_is_told_only_a_few_long_answers(
    own_world: World, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, most: int
) -> None:
    """What is sent while it is read is of the few, too; and when they are over there is room again."""
    monkeypatch.setattr(live, "LIVE_SECONDS", 0.0)
    somebody = own_world.administrator
    with ExitStack() as others:
        for _ in range(most):
            others.enter_context(getattr(own_world.app.state, kind).begun(somebody.id, most))
        assert (await somebody.ask("GET", path)).status_code == 429
    for _ in range(most + 1):
        assert (await somebody.ask("GET", path)).status_code == 200


async def test_nothing_may_come_of_a_long_answer(own_world: World) -> None:
    """Where nothing is found it is empty, and no failure."""
    told = await own_world.administrator.ask("GET", "/v1/audit/events.ndjson", params={"request_id": "none"})
    assert (told.status_code, told.content) == (200, b"")


async def test_a_long_answer_counts_as_its_stretches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has done much, and asks for all of it, asks for as much as page by page."""
    somebody, paced = await world.with_credit(60), []

    async def pace(request: BankRequest) -> None:
        paced.append(request.url.path)

    monkeypatch.setattr(BankRequest, "pace", pace)
    for module in (streams, me):
        monkeypatch.setattr(module, "STRETCH", 1)
    told = await somebody.get("/v1/me/data")
    assert len(paced) >= len(told["events"]) > 1


async def test_what_was_before_counts_where_it_is_told_as_it_happens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever follows the history from its beginning asks for as much as page by page; what comes then is free."""
    paced: list[str] = []

    async def pace(request: BankRequest) -> None:
        paced.append(request.url.path)

    monkeypatch.setattr(BankRequest, "pace", pace)
    monkeypatch.setattr(live, "STRETCH", 1)
    monkeypatch.setattr(live, "LIVE_SECONDS", 0.5)
    path = "/v1/audit/events/live"
    told = await world.administrator.ask("GET", path, params={"after": "0"})
    assert len(paced) == told.text.count("event: ") > 1
    paced.clear()
    await world.administrator.ask("GET", path)
    assert not paced
