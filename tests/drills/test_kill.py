"""Drills: the service, or PostgreSQL, is killed under load. What was acknowledged is there; nothing is there twice."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.program import Program, enter, is_up, postgres_pid
from tests.helpers.patience import PATIENCE_SECONDS, until
from tests.helpers.watchdog import watched_folder

pytestmark = pytest.mark.drill

CLIENTS = 8


class Load:
    """Clients who register volunteers, each under a name and a key of their own, and remember what they were told."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.acknowledged: dict[str, str] = {}
        self.in_doubt: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.sent = 0

    async def ask(self, http: httpx.AsyncClient, name: str) -> str | None:
        """Register somebody under the key that is their name; their id, if it was acknowledged."""
        response = await http.post(
            "/v1/volunteers", json={"name": name}, headers=self.headers | {"Idempotency-Key": name}
        )
        self.statuses[response.status_code] += 1
        if response.status_code != 201:
            assert response.status_code in (429, 503), response.text
            assert "retry-after" in response.headers
            return None
        volunteer_id: str = response.json()["volunteer_id"]
        return volunteer_id

    async def _client(self, url: str, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
            while not stop.is_set():
                self.sent += 1
                name = f"load-{self.sent}"
                self.in_doubt.append(name)
                try:
                    volunteer_id = await self.ask(http, name)
                except httpx.TransportError:
                    self.statuses[0] += 1
                    await asyncio.sleep(0.05)
                    continue
                if volunteer_id is None:
                    await asyncio.sleep(0.05)
                else:
                    self.acknowledged[name] = volunteer_id
                    self.in_doubt.remove(name)

    @asynccontextmanager
    async def running(self, url: str) -> AsyncIterator[None]:
        """The load, while the block runs."""
        stop = asyncio.Event()
        clients = [asyncio.create_task(self._client(url, stop)) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*clients)

    async def wait_for(self, more: int) -> None:
        """Let the load go on until so many more were acknowledged."""
        goal = len(self.acknowledged) + more

        async def are_acknowledged() -> bool:
            return len(self.acknowledged) >= goal

        await until(are_acknowledged)

    async def settle(self, url: str) -> None:
        """Ask again for all that is in doubt, and check that each name is there once, under the id it was told."""
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
            before = await self._everybody(http)
            for name, volunteer_id in self.acknowledged.items():
                assert before.get(name) == [volunteer_id], (
                    f"{name} was acknowledged as {volunteer_id}: {before.get(name)}"
                )
            assert all(len(before.get(name, [])) <= 1 for name in self.in_doubt)
            for name in self.in_doubt:
                volunteer_id = await self.ask(http, name)
                assert volunteer_id
                assert before.get(name, [volunteer_id]) == [volunteer_id], "what had happened was not done again"
                self.acknowledged[name] = volunteer_id
            after = await self._everybody(http)
            assert after.pop("管理员"), "the administrator, who is a volunteer too"
            assert after == {name: [volunteer_id] for name, volunteer_id in self.acknowledged.items()}

    async def _everybody(self, http: httpx.AsyncClient) -> dict[str, list[str]]:
        events = await self._pages(http, "/v1/audit/events", topic="volunteer-registered", after=0)
        seen = [event["data"]["volunteer_id"] for event in events]
        assert len(set(seen)) == len(seen)
        head = (await http.get("/v1/audit/events", headers=self.headers, params={"limit": 1})).json()
        assert head["items"]
        position = events[-1]["position"] if events else 0
        listed = await self._pages(http, "/v1/volunteers", min_position=position)
        found: dict[str, list[str]] = {}
        for each in listed:
            found.setdefault(each["name"], []).append(each["volunteer_id"])
        assert sorted(seen) == sorted(each["volunteer_id"] for each in listed)
        return found

    async def _pages(self, http: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        while True:
            response = await http.get(path, headers=self.headers, params={"limit": 500, **params})
            assert response.status_code == 200, response.text
            page = response.json()
            items += page["items"]
            if page["next"] is None:
                return items
            params["after"] = page["next"]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for embedded data, with a short path; whatever still runs on it is ended."""
    with watched_folder() as folder:
        yield folder
        if pid := postgres_pid(folder):
            os.kill(pid, signal.SIGQUIT)


@pytest.fixture
def program(home: Path) -> Program:
    """The program on an embedded database of the test's own."""
    return Program(home, home=str(home), log_level="warning", public_url="http://bank.example")


def opened(program: Program) -> Load:
    """A bank, and a load for it."""
    bank = program.run("init", "演习", "--json").json
    with program.serving("serve", "--port", "0") as served:
        load = Load(enter(served.url, bank))
        served.stop()
    return load


def is_sound(program: Program) -> None:
    """The log has no gap and no flaw, and every read model is what it should be."""
    told = program.run("verify").out
    assert "log: sound" in told
    assert "DIFFERS" not in told


async def test_the_service_is_killed(program: Program) -> None:
    """Kill -9 of the whole service, twice, under load: nothing acknowledged is lost, nothing is done twice."""
    load = await asyncio.to_thread(opened, program)
    for _ in range(2):
        served = await asyncio.to_thread(program.serve)
        async with load.running(served.url):
            await load.wait_for(150)
            await asyncio.to_thread(served.kill)
        assert load.statuses[0], "the load was still on when the service died"
    served = await asyncio.to_thread(program.serve)
    await load.settle(served.url)
    assert await asyncio.to_thread(served.stop) == 0
    assert not is_up(served.url)
    await asyncio.to_thread(is_sound, program)


async def test_postgresql_is_killed(program: Program, home: Path) -> None:
    """Kill -9 of PostgreSQL under load: 503 meanwhile, the service recovers by itself, everything is there once."""
    load = await asyncio.to_thread(opened, program)
    served = await asyncio.to_thread(program.serve)
    try:
        async with load.running(served.url):
            await load.wait_for(150)
            pid = postgres_pid(home)
            assert pid
            os.kill(pid, signal.SIGKILL)
            await load.wait_for(150)
        assert postgres_pid(home) not in (0, pid)
        assert set(load.statuses) <= {201, 503}, load.statuses
        await load.settle(served.url)
        assert await asyncio.to_thread(served.stop) == 0
    finally:
        served.kill()
    await asyncio.to_thread(is_sound, program)


async def test_two_workers(program: Program) -> None:
    """Two processes that write the same bank under load refuse nothing, lose nothing, and do nothing twice."""
    load = await asyncio.to_thread(opened, program)
    served = await asyncio.to_thread(program.serve, "--workers", "2")
    try:
        async with load.running(served.url):
            await load.wait_for(200)
        assert load.statuses == Counter({201: len(load.acknowledged)})
        await load.settle(served.url)
        assert await asyncio.to_thread(served.stop) == 0
    finally:
        served.kill()
    await asyncio.to_thread(is_sound, program)
