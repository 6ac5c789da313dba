"""Drills: the primary is killed under load and its standby promoted. What was acknowledged is there, and once."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.cli.program import Program, Served, enter
from tests.drills.clients import LOST
from tests.helpers.clusters import Cluster
from tests.helpers.effort import Effort
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, may_take, until
from timebank.domain.identifiers import new_volunteer_number
from timebank.ledger.tasks import end

pytestmark = pytest.mark.drill

ROUNDS: dict[Effort, int] = {"quick": 1, "release": 1, "night": 20}
CLIENTS, MANY = 24, 12
BACK_SECONDS = 10.0
AWAY_SECONDS = 10.0
ANSWER_SECONDS = 12.0


class Load:
    """Clients who register volunteers, and repeat each request under its key until it is acknowledged."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, headers
        self.acknowledged: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self._names = (f"{uuid4().hex[:8]}-{n}" for n in count())
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def _register(self, http: httpx.AsyncClient, name: str) -> None:
        headers = self.headers | {"Idempotency-Key": name}
        while name not in self.acknowledged:
            begun = time.monotonic()
            try:
                answer = await http.post("/v1/volunteers", json={"name": name}, headers=headers)
            except LOST:
                self.statuses[0] += 1
                await asyncio.sleep(0.1)
                continue
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 201:
                self.acknowledged[name] = answer.json()["volunteer_id"]
            else:
                assert answer.status_code in (429, 503), answer.text
                await asyncio.sleep(0.1)

    async def _client(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            while not self._stop.is_set():
                await self._register(http, next(self._names))

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._client()) for _ in range(CLIENTS)]
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        if kind:
            await end(self._tasks)
        else:
            await asyncio.gather(*self._tasks)

    async def goes_on(self, more: int) -> float:
        """Wait until so many more were acknowledged; how long the first of them took."""
        before, begun, first = len(self.acknowledged), time.monotonic(), 0.0
        while len(self.acknowledged) < before + more:
            assert time.monotonic() < begun + PATIENCE_SECONDS, f"{len(self.acknowledged) - before} more"
            await asyncio.sleep(0.01)
            if not first and len(self.acknowledged) > before:
                first = time.monotonic() - begun
        return first


class Pair:
    """A primary and its standby, and the service on whichever of them can be written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.primary, self.standby = Cluster(folder, "a"), Cluster(folder, "b")
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self.primary, self.standby))
        url = f"postgresql://timebank@{hosts}/timebank?target_session_attrs=read-write"
        self.program = Program(
            folder, database_url=url, log_level="warning", public_url="http://bank.example",
            rate_per_address="1000000", rate_per_principal="1000000",
            signing_key_file=str(folder / "signing.json"), checkpoint_seconds="1",
        )  # fmt: skip
        self.served: Served
        self.bank_id = ""
        self.alarms_before = 0
        self.headers: dict[str, str] = {}

    def begin(self) -> None:
        """Servers, a bank, and the service."""
        self.primary.create()
        bank = self.program.run("init", "演习", "--json").json
        self.bank_id = bank["bank_id"]
        self.standby.follow(self.primary)
        self.served = self.program.serve()
        self.headers = enter(self.served.url, bank)

    def end(self) -> None:
        """Nothing is left running."""
        with contextlib.suppress(AttributeError):
            self.served.kill()
        self.primary.kill()
        self.standby.kill()

    def load(self) -> Load:
        """A new load for it."""
        return Load(self.served.url, self.headers)

    async def is_synchronous(self) -> None:
        """From now on commits wait for the standby, which is there."""
        await asyncio.to_thread(self.primary.commits_wait_for, self.standby)
        await self.primary.has_in_step(self.standby)

    async def promote(self) -> None:
        """The standby is the primary now; the old one is gone."""
        self.primary, self.standby = self.standby, self.primary
        await asyncio.to_thread(self.primary.promote)

    async def renew(self) -> None:
        """The old primary follows the new one."""
        await asyncio.to_thread(self.standby.follow, self.primary)

    async def registered(self) -> Counter[str]:
        """Who is registered in the log, and how often."""
        connection = await asyncpg.connect(self.primary.url)
        try:
            rows = await connection.fetch(
                "select data ->> 'volunteer_id' as id from history where topic = 'volunteer-registered'"
            )
        finally:
            await connection.close()
        return Counter(row["id"] for row in rows)

    def alarms(self) -> int:
        """How often the service has said that what it had acknowledged is gone."""
        return sum("the log went back" in line for line in self.served.err)

    async def nothing_is_lost(self, load: Load, before: Counter[str]) -> None:
        """All that was acknowledged is there once, and nothing else."""
        found = await self.registered() - before
        told = Counter(load.acknowledged.values())
        assert not told - found, f"{len(told - found)} of {len(told)} acknowledged are lost"
        assert not found - told, f"{len(found - told)} were done that nobody was told of, or twice"
        assert set(load.statuses) <= {0, 201, 429, 503}, load.statuses
        assert load.slowest < ANSWER_SECONDS
        assert self.alarms() == self.alarms_before, "nothing was lost"

    async def is_sound(self) -> None:
        """The log has no flaw, and every read model is what it comes to."""
        told = (await self.program.arun("verify")).out
        assert "log: sound" in told
        assert "DIFFERS" not in told

    async def signs(self) -> None:
        """The log is signed as it is now."""
        await self.program.arun("signing", "checkpoint")

    async def lacks_what_was_signed(self) -> None:
        """That signed facts are gone is found and told, and nothing is signed; all else is as it should be."""
        told = (await self.program.arun("verify", expect=1)).out
        assert "log: 1 findings" in told
        assert "not those signed" in told or "facts are missing" in told
        assert "DIFFERS" not in told
        await until(lambda: asyncio.to_thread(self._says_that_nothing_is_signed))
        await self.program.arun("signing", "checkpoint", expect=1)

    def _says_that_nothing_is_signed(self) -> bool:
        notes = httpx.get(f"{self.served.url}/health/ready", timeout=ANSWER_SECONDS).json()["notes"]
        return f"nothing of bank {self.bank_id} is signed: its log is not what was signed before" in notes

    async def is_accepted(self) -> None:
        """What was signed and lost is kept apart, as the operator's handbook says, and what is there is signed."""
        self.served.kill()
        (self.folder / "signed" / f"{self.bank_id}.txt").rename(self.folder / "lost.txt")
        self.served = await asyncio.to_thread(self.program.serve)
        await self.signs()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two servers and a service for all drills of this file."""
    with watched_folder() as folder:
        folder.chmod(0o755)
        pair = Pair(folder)
        try:
            pair.begin()
            yield pair
        finally:
            pair.end()


@pytest.fixture
async def before(pair: Pair, effort: Effort) -> AsyncIterator[Counter[str]]:
    """Who was registered before; commits wait for the standby."""
    may_take(60 * ROUNDS[effort])
    await pair.is_synchronous()
    pair.alarms_before = pair.alarms()
    yield await pair.registered()
    await pair.renew()


async def test_the_primary_is_killed(pair: Pair, before: Counter[str], effort: Effort) -> None:
    """With a synchronous standby nothing acknowledged is lost or doubled, and writing goes on within ten seconds."""
    async with pair.load() as load:
        for n in range(ROUNDS[effort]):
            if n:
                await pair.renew()
                await pair.is_synchronous()
            await load.goes_on(60)
            await asyncio.to_thread(pair.primary.kill)
            await pair.promote()
            back(await load.goes_on(60))
    await pair.nothing_is_lost(load, before)
    await pair.is_sound()


def back(seconds: float) -> None:
    """Tell how long after the promotion the first was acknowledged; it may not be long."""
    print(f"writing went on {seconds:.2f} s after the promotion")
    assert seconds < BACK_SECONDS


async def give_up_waits(pair: Pair, until: asyncio.Event) -> int:
    """End, again and again, the wait of commits for the standby: the server then shows them to everybody."""
    ended = 0
    while not until.is_set():
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            ended += await pair.primary.ask(
                "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'"
            )
        await asyncio.sleep(0.5)
    return ended


@pytest.mark.release
async def test_the_standby_is_away_before(pair: Pair, before: Counter[str], effort: Effort) -> None:
    """While the standby is away nothing is acknowledged, whoever ends the wait of commits and repeats requests; so when
    the primary dies and the standby is promoted, nothing acknowledged is lost.
    """
    async with pair.load() as load:
        for n in range(ROUNDS[effort]):
            if n:
                await pair.renew()
                await pair.is_synchronous()
            await load.goes_on(60)
            await asyncio.to_thread(pair.standby.kill)
            await asyncio.sleep(0.5)
            await nothing_is_acknowledged(pair, load)
            await asyncio.to_thread(pair.primary.kill)
            await asyncio.to_thread(pair.standby.start)
            await pair.promote()
            back(await load.goes_on(60))
    assert load.statuses[503]
    await pair.nothing_is_lost(load, before)
    await pair.is_sound()


async def nothing_is_acknowledged(pair: Pair, load: Load) -> None:
    """For so long that every client has repeated its request; readiness names the writer, and reading goes on."""
    acknowledged, over = len(load.acknowledged), asyncio.Event()
    giving_up = asyncio.create_task(give_up_waits(pair, over))
    try:
        await asyncio.sleep(AWAY_SECONDS)
        await until(lambda: asyncio.to_thread(is_writer_named, pair.served.url))
        await asyncio.gather(*(asyncio.to_thread(read, pair) for _ in range(MANY)))
    finally:
        over.set()
    assert await giving_up
    assert len(load.acknowledged) == acknowledged


def read(pair: Pair) -> None:
    """Somebody signs in, for which commits wait; and somebody reads."""
    with httpx.Client(base_url=pair.served.url, timeout=ANSWER_SECONDS) as http:
        answer = http.post("/v1/sessions", json={"login": new_volunteer_number(), "password": "wrong, and long"})
        assert answer.status_code in (401, 503), "somebody may have ended the wait"
        assert http.get("/v1/me", headers=pair.headers).status_code == 200


def is_writer_named(url: str) -> bool:
    """Whether readiness says that nothing can be written."""
    answer = httpx.get(f"{url}/health/ready", timeout=ANSWER_SECONDS).json()
    return "writer" in {each["field"] for each in answer.get("errors", [])}


@pytest.mark.release
async def test_the_old_primary_returns(pair: Pair, before: Counter[str]) -> None:
    """A primary that was given up, and is up again as one, is not written to: whoever comes upon it is told so."""
    given_up = pair.primary
    async with pair.load() as load:
        await load.goes_on(60)
        await asyncio.to_thread(given_up.kill)
        await pair.promote()
        await load.goes_on(60)
        await asyncio.to_thread(given_up.start)
        await asyncio.to_thread(given_up.commits_wait_for, None)
        await pair.primary.ask(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = 'timebank' and pid <> pg_backend_pid()"
        )
        await asyncio.sleep(3)
        await asyncio.to_thread(given_up.kill)
        back(await load.goes_on(60))
    if given_up.name == "a":  # the first in the URL, so it is asked first
        assert any("was given up for one on" in line for line in pair.served.err)
    await pair.nothing_is_lost(load, before)
    await pair.is_sound()


@pytest.mark.release
async def test_an_asynchronous_standby(pair: Pair, before: Counter[str]) -> None:
    """With an asynchronous standby what it had not got is lost: that is noticed, told loudly, and writing goes on.

    If some of it was signed nothing more is signed, until somebody takes that upon themselves.
    """
    await asyncio.to_thread(pair.primary.commits_wait_for, None)
    async with pair.load() as load:
        await load.goes_on(60)
        await asyncio.to_thread(pair.standby.kill)
        await load.goes_on(60)
        await pair.signs()
        await asyncio.to_thread(pair.primary.kill)
        await asyncio.to_thread(pair.standby.start)
        await pair.promote()
        back(await load.goes_on(50))
    lost = Counter(load.acknowledged.values()) - await pair.registered()
    assert lost, "the standby had everything, so nothing could be noticed"
    assert pair.alarms() == pair.alarms_before + 1
    async with httpx.AsyncClient(base_url=pair.served.url, headers=pair.headers, timeout=PATIENCE_SECONDS) as http:
        answer: Any = (await http.get("/v1/audit/security", params={"kind": "head-went-back"})).json()
        (entry,) = answer["items"]
        assert entry["detail"]["known_position"] > entry["detail"]["found_position"]
        ready = (await http.get("/health/ready")).json()
        assert any("went back" in note for note in ready["notes"])
    await pair.lacks_what_was_signed()
    await pair.is_accepted()
    await pair.is_sound()
