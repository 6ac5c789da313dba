"""Clients of a bank, and a model of it: what it has to say afterwards, worked out from what they were told.

Each acts for one volunteer, and spends no more than by the model is there, so nothing may be refused. What is not
answered is asked again under the same key, of whichever process, until it is.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.api.world import settled
from tests.controls import ZONE
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.ledger.tasks import end
from timebank.runtime.clock import utc_now

COST, HOURS = 60, timedelta(hours=2)
MINUTES = 120
OPEN_RESERVATIONS = 19
"""One less than one person can have at once, so that there is room for another."""
CALL_SECONDS = 6.0
"""A client waits for so long, and then asks another process."""
LOST = httpx.TransportError, AttributeError
"""How a connection is lost; the latter where whoever is killed had just let it in (anyio on uvloop)."""

IDS = {
    "service-logged": "record_id",
    "service-confirmed": "record_id",
    "service-rejected": "record_id",
    "service-corrected": "record_id",
    "service-voided": "record_id",
    "reward-reserved": "redemption_id",
    "reservation-cancelled": "redemption_id",
    "reward-fulfilled": "redemption_id",
    "credit-given": "transfer_id",
    "credit-donated": "transfer_id",
}
"""The facts that clients bring about, and what tells two of a kind apart."""


class Town(NamedTuple):
    """A bank with volunteers to act for, and whoever takes part in what they do; all of them signed in."""

    bank_id: UUID
    organisation: str
    program: str
    verifier: str
    volunteers: dict[str, str]
    reward_id: str
    fund_id: str


async def founded(url: str, key_file: str, volunteers: int, public_url: str) -> Town:
    """A new bank in a database."""
    async with settled(url, key_file=key_file, public_url=public_url) as world:
        people = await asyncio.gather(*(world.somebody() for _ in range(volunteers)))
        return Town(
            world.bank_id,
            world.garden,
            world.organisation.token,
            world.verifier.token,
            {each.id: each.token for each in people},
            await world.reward(cost_minutes=COST),
            await world.fund(),
        )


@dataclass
class Account:
    """What a volunteer has, in minutes, and by which records of service."""

    available: int = 0
    reserved: int = 0
    redeemed: int = 0
    service: int = 0
    days: int = 0
    records: dict[str, int] = field(default_factory=dict)


class Clients:
    """One for each volunteer, and what they were told."""

    def __init__(self, town: Town, urls: list[str], chance: random.Random) -> None:
        self.town, self.urls, self.chance = town, urls, chance
        self.accounts = {each: Account() for each in town.volunteers}
        self.before = utc_now().astimezone(ZONE).replace(hour=8) - timedelta(days=1)
        self.donated = 0
        self.told: Counter[tuple[str, str]] = Counter()
        self.statuses: Counter[int] = Counter()
        self.acknowledged = 0
        self.slowest = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[None]:
        """They go about it as long as the block runs, and come to the end of what they have begun."""
        stop = asyncio.Event()
        self._tasks = [asyncio.create_task(Client(self, each).act_until(stop)) for each in self.accounts]
        try:
            yield
            stop.set()
            await asyncio.gather(*self._tasks)
        finally:
            await end(self._tasks)

    async def go_on(self, more: int) -> float:
        """Wait until so many more were acknowledged; how long the first of them took."""
        before, begun, first = self.acknowledged, time.monotonic(), 0.0
        while self.acknowledged < before + more:
            assert time.monotonic() < begun + PATIENCE_SECONDS, f"{self.acknowledged - before} more; {self.statuses}"
            if failed := [task for task in self._tasks if task.done()]:
                await failed[0]
            await asyncio.sleep(0.01)
            if not first and self.acknowledged > before:
                first = time.monotonic() - begun
        return first

    async def ask(self, http: httpx.AsyncClient, method: str, path: str, token: str, body: Any = None) -> Any:
        """What is answered, sooner or later; a repeat is answered alike."""
        key = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        headers = {"Authorization": f"Bearer {token}"} | key
        begun = time.monotonic()
        answer = await self._insist(http, method, path, headers, body)
        if method == "POST":
            self.acknowledged += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)
            if self.chance.random() < 0.1:
                assert await self._insist(http, method, path, headers, body) == answer
        return answer

    async def _insist(self, http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], body: Any) -> Any:
        while True:
            url = self.chance.choice(self.urls)
            try:
                answer = await http.request(method, f"{url}{path}", headers=headers, json=body)
            except LOST:
                self.statuses[0] += 1
            else:
                self.statuses[answer.status_code] += 1
                if answer.is_success:
                    return answer.json()
                assert answer.status_code in (429, 503), f"{method} {path} {body}: {answer.status_code} {answer.text}"
                assert "retry-after" in answer.headers
            await asyncio.sleep(0.05 + self.chance.random() / 10)

    async def must_be_right(self, connection: "asyncpg.Connection[Any]") -> None:
        """Nothing is lost, nothing was done twice, and every account is what the model says, by whomever it is told."""
        rows = await connection.fetch(
            "select topic, data from history where bank_id = $1 and topic = any ($2)", self.town.bank_id, list(IDS)
        )
        found = Counter((row["topic"], _id_in(row["topic"], row["data"])) for row in rows)
        assert not self.told - found, f"{(self.told - found).total()} of {self.told.total()} acknowledged are lost"
        assert not found - self.told, f"{(found - self.told).total()} happened that nobody was told of, or twice"
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            await asyncio.gather(*(self._is_told_right(http, each) for each in self.accounts))
        funds = await connection.fetch("select minutes from fund_balance where fund_id = $1", self.town.fund_id)
        assert [row["minutes"] for row in funds] == [self.donated]

    async def _is_told_right(self, http: httpx.AsyncClient, volunteer_id: str) -> None:
        account, token = self.accounts[volunteer_id], self.town.volunteers[volunteer_id]
        balance = await self.ask(http, "GET", f"/v1/volunteers/{volunteer_id}/balance", token)
        assert _of(balance) == (account.available, account.reserved, account.redeemed, account.service)
        statement = await self.ask(http, "GET", f"/v1/volunteers/{volunteer_id}/statement", token)
        assert statement["closing_minutes"] == account.available


def _of(balance: dict[str, Any]) -> tuple[int, ...]:
    names = ("available_minutes", "reserved_minutes", "redeemed_minutes", "service_minutes")
    return tuple(balance[name] for name in names)


def _id_in(topic: str, data: str) -> str:
    found: str = json.loads(data)[IDS[topic]]
    return found


class Client:
    """Acts for one volunteer."""

    def __init__(self, clients: Clients, volunteer_id: str) -> None:
        self.all, self.town, self.chance = clients, clients.town, clients.chance
        self.id, self.token = volunteer_id, clients.town.volunteers[volunteer_id]
        self.account = clients.accounts[volunteer_id]

    async def act_until(self, stop: asyncio.Event) -> None:
        """One act after the other."""
        acts: list[Callable[[httpx.AsyncClient], Awaitable[None]]] = [
            *[self.serve] * 4,
            *[self.redeem, self.give, self.look] * 2,
            self.correct,
            self.void,
            self.donate,
        ]
        async with httpx.AsyncClient(timeout=CALL_SECONDS) as http:
            while not stop.is_set():
                await self.chance.choice(acts)(http)

    async def post(self, http: httpx.AsyncClient, path: str, token: str, body: Any, topic: str) -> dict[str, Any]:
        """Bring about a fact, and remember that it was acknowledged."""
        answer: dict[str, Any] = await self.all.ask(http, "POST", path, token, body)
        self.all.told[topic, answer[IDS[topic]]] += 1
        return answer

    async def serve(self, http: httpx.AsyncClient) -> None:
        """Two hours on a day of their own are logged, and confirmed, or rejected now and then."""
        self.account.days += 1
        started_at = self.all.before - timedelta(days=self.account.days)
        body = {
            "volunteer_id": self.id, "activity": "楼道清扫", "category": "公益慈善", "capacity": "resident",
            "started_at": started_at.isoformat(), "ended_at": (started_at + HOURS).isoformat(),
        }  # fmt: skip
        path = f"/v1/organisations/{self.town.organisation}/service-records"
        record = (await self.post(http, path, self.town.program, body, "service-logged"))["record_id"]
        if self.chance.random() < 0.1:
            await self.review(http, record, "reject", {"reason": "查无此事"}, "service-rejected")
            return
        minutes = self.chance.randint(1, MINUTES)
        await self.review(http, record, "confirm", {"minutes": minutes, "reason": "核对"}, "service-confirmed")
        self.account.records[record] = minutes
        self.earn(minutes)

    async def review(self, http: httpx.AsyncClient, record: str, how: str, body: Any, topic: str) -> None:
        """The verifier decides on a record."""
        await self.post(http, f"/v1/service-records/{record}/{how}", self.town.verifier, body, topic)

    def earn(self, minutes: int) -> None:
        """So much more, or less, was served and is theirs."""
        self.account.service += minutes
        self.account.available += minutes

    async def correct(self, http: httpx.AsyncClient) -> None:
        """Another number of minutes, if what was spent already remains covered."""
        record, before = self.any_record()
        minutes = self.chance.randint(1, MINUTES)
        if record and minutes != before and self.account.available >= before - minutes:
            body = {"minutes": minutes, "reason": "更正"}
            await self.review(http, record, "correct", body, "service-corrected")
            self.account.records[record] = minutes
            self.earn(minutes - before)

    async def void(self, http: httpx.AsyncClient) -> None:
        """One record less, if what was spent already remains covered."""
        record, minutes = self.any_record()
        if record and self.account.available >= minutes:
            await self.review(http, record, "void", {"reason": "作废"}, "service-voided")
            del self.account.records[record]
            self.earn(-minutes)

    def any_record(self) -> tuple[str, int]:
        """One of their records that count, and its minutes; empty if there is none."""
        return self.chance.choice(list(self.account.records.items()) or [("", 0)])

    async def redeem(self, http: httpx.AsyncClient) -> None:
        """Something is reserved, and then fetched, given up, or left as it is, as long as that may be."""
        if self.account.available < COST:
            return
        self.account.available -= COST
        path = f"/v1/rewards/{self.town.reward_id}/redemptions"
        reserved = await self.post(http, path, self.token, {}, "reward-reserved")
        self.account.reserved += COST
        may_leave = self.account.reserved < OPEN_RESERVATIONS * COST
        then = self.chance.choice(["fetch", "give up", *(["leave"] if may_leave else [])])
        if then == "leave":
            return
        if then == "fetch":
            body = {"redemption_code": reserved["redemption_code"]}
            await self.post(http, "/v1/redemptions/fulfil", self.town.program, body, "reward-fulfilled")
            self.account.redeemed += COST
        else:
            path = f"/v1/redemptions/{reserved['redemption_id']}/cancel"
            await self.post(http, path, self.token, {"reason": "改期"}, "reservation-cancelled")
            self.account.available += COST
        self.account.reserved -= COST

    async def give(self, http: httpx.AsyncClient) -> None:
        """Some of what they have, to somebody else."""
        if not self.account.available:
            return
        minutes = self.chance.randint(1, self.account.available)
        to = self.chance.choice([each for each in self.all.accounts if each != self.id])
        self.account.available -= minutes
        body = {"to_volunteer_id": to, "minutes": minutes}
        await self.post(http, "/v1/gifts", self.token, body, "credit-given")
        self.all.accounts[to].available += minutes

    async def donate(self, http: httpx.AsyncClient) -> None:
        """Some of what they have, to the fund."""
        if not self.account.available:
            return
        minutes = self.chance.randint(1, self.account.available)
        self.account.available -= minutes
        body = {"fund_id": self.town.fund_id, "minutes": minutes}
        await self.post(http, "/v1/donations", self.token, body, "credit-donated")
        self.all.donated += minutes

    async def look(self, http: httpx.AsyncClient) -> None:
        """What they are told now is what they did; others may have given them more than the model knows already."""
        before = self.account.available
        balance = await self.all.ask(http, "GET", f"/v1/volunteers/{self.id}/balance", self.token)
        available, *rest = _of(balance)
        assert rest == [self.account.reserved, self.account.redeemed, self.account.service]
        assert available >= before
