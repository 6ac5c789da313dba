"""Erasure from end to end: whatever somebody did in the bank, afterwards nothing says who they were."""

import asyncio
import base64
import hashlib
import io
import json
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.world import Caller, World, hours_of, said, service
from tests.cli.program import Program, enter, postgres_pid
from tests.controls import ZONE
from tests.helpers.folders import watched_folder
from timebank.db.connections import Pool
from timebank.domain.identifiers import OrganisationId
from timebank.exchange.imports.lists import open_records, open_volunteers
from timebank.exchange.imports.records import RecordsImport
from timebank.exchange.imports.volunteers import VolunteersImport
from timebank.exchange.spreadsheets.headings import Said
from timebank.identity import codes
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.identity.security_log import Visit
from timebank.identity.sessions import Sessions
from timebank.ledger.audit import check_log
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery.rebuild import verify
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.founding import OPERATOR
from timebank.vault.people import People

NAME, ALIAS, SKILL = "尉迟撼岳Zq", "云中鹤Kx", "古琴修复Wv"
PHONE, DOCUMENT, BIRTH_YEAR = "13987654321", "110105193712310020", 1937
SPELT = "139-8765-4321"
PASSWORD, SUBJECT, ADDRESS = "zhong hua lu 17", "subject-at-the-provider", "203.0.113.77"

IN_CLEAR = (NAME, NAME[:4], ALIAS, SKILL, PHONE, SPELT, DOCUMENT, f'"birth_year":{BIRTH_YEAR}')
"""What is unmistakably theirs."""

SECRETS = (PASSWORD,)


def needles() -> dict[str, bytes]:
    """What is searched for: everything in clear, and what unkeyed hashes and encodings make of it."""
    found = {text: text.encode() for text in (*IN_CLEAR, *SECRETS)}
    for text in (PHONE, SPELT, DOCUMENT, NAME):
        raw = text.encode()
        values = {"itself": raw, "sha256": hashlib.sha256(raw).digest(), "md5": hashlib.md5(raw).digest()}
        for how, value in values.items():
            found[f"{how} of {text}"] = value
            found[f"{how} of {text} in hex"] = value.hex().encode()
            found[f"{how} of {text} in base64"] = base64.b64encode(value).rstrip(b"=")
            found[f"{how} of {text} in base64 for URLs"] = base64.urlsafe_b64encode(value).rstrip(b"=")
    return found


def in_it(haystack: bytes) -> list[str]:
    """What of all that is in there. Half of a server's files is nothing but zeros, which are not looked through."""
    written = haystack.replace(bytes(64), b"")
    return [what for what, needle in needles().items() if needle in written]


async def dumped(pool: Pool) -> bytes:
    """Every value in every table: as text, and bytes as they are."""
    tables = await pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    parts: list[bytes] = []
    for row in tables:
        for found in await pool.fetch(f'select t::text as as_text, t.* from "{row["tablename"]}" t'):
            parts += [value if isinstance(value, bytes) else str(value).encode() for value in found.values()]
    return b"\0".join(parts)


class Life:
    """Somebody's life in the bank, and what they held when they were erased."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: list[dict[str, Any]] = []
        self.code = ""

    async def live(self) -> None:
        """Do everything that somebody can do here."""
        await self.join()
        await self.sign_in()
        await self.tell()
        await self.take_part()
        await self.serve()

    async def join(self) -> None:
        """They come with a list of the office's."""
        world = self.world
        data = f"姓名,手机,技能\n{NAME},{SPELT},{SKILL};书法\n".encode("gb18030")
        people = VolunteersImport(world.services, world.bank_id, OPERATOR, allowed=EVERYTHING)
        judged = [each async for each in people.verdicts(open_volunteers(io.BytesIO(data), Said()))]
        assert [verdict.status for ((_, verdict),) in judged] == ["registered"]
        self.position = await world.services.ledger.store.head(world.bank_id)
        (seen,) = (await world.administrator.get("/v1/volunteers", query=PHONE, min_position=self.position))["items"]
        assert (seen["name"], seen["skills"]) == (NAME, [SKILL, "书法"])
        self.id, self.number = seen["volunteer_id"], seen["number"]
        self.path = f"/v1/volunteers/{self.id}"

    async def post(self, path: str, body: Any, expect: int) -> Any:
        """Something a stranger asks."""
        return said(await self.world.http.post(path, json=body), expect)

    async def sign_in(self) -> None:
        """With a code, with the number, with the phone, and at a provider; and often enough wrongly."""
        world = self.world
        code = (await world.administrator.post(f"{self.path}/codes", expect=201))["one_time_code"]
        self.tokens.append(await self.post("/v1/passwords", {"one_time_code": code, "password": PASSWORD}, 201))
        await world.administrator.post(f"{self.path}/phone/codes", expect=201)
        await world.verify_phone(self.id)
        for login in (self.number, PHONE, SPELT):
            await self.post("/v1/sessions", {"login": login, "password": "wrong password"}, 401)
            self.tokens.append(await self.post("/v1/sessions", {"login": login, "password": PASSWORD}, 201))
        await self.post("/v1/sessions", {"login": DOCUMENT, "password": PASSWORD}, 401)
        self.code = (await world.administrator.post(f"{self.path}/codes", expect=201))["one_time_code"]
        pool, hashed = world.services.pool, self.id.encode()
        await pool.execute(
            "insert into oidc_identity values ($1, 'https://idp', $2, $3)", world.bank_id, SUBJECT, self.id
        )
        await pool.execute(
            "insert into oidc_login values ($1, $2, $3, 'n', 'v', now() + '1 h')", hashed, world.bank_id, self.id
        )
        self.office = world.administrator
        self.me = Caller(world.http, self.id, self.tokens[-1]["access_token"])

    async def tell(self) -> None:
        """They say more about themselves, under keys, twice; and see all there is."""
        for _ in range(2):
            for by, more in ((self.me, {"birth_year": BIRTH_YEAR}), (self.office, {"document_number": DOCUMENT})):
                said(await by.ask("PATCH", self.path, json=more, headers={"Idempotency-Key": "more"}), 200)
            wish = {"purpose": "leaderboard", "granted": True, "alias": ALIAS}
            await self.me.post(f"{self.path}/consents", wish, key="alias", expect=200)
        told = await self.me.get("/v1/me/data")
        assert (told["person"]["document_number"], told["volunteer"]["alias"]) == (DOCUMENT, ALIAS)
        (found,) = (await self.world.administrator.get("/v1/volunteers", query=DOCUMENT))["items"]
        assert (found["volunteer_id"], found["birth_year"]) == (self.id, BIRTH_YEAR)

    async def take_part(self) -> None:
        """Memberships in force and asked for, an appointment, proxies on both sides."""
        world = self.world
        self.elsewhere = await world.body("别处社区")
        for organisation_id in (world.garden, self.elsewhere):
            await self.me.post(f"/v1/organisations/{organisation_id}/members", {"volunteer_id": self.id}, expect=201)
        await world.coordinator.post(f"/v1/organisations/{world.garden}/members/{self.id}/approve", expect=200)
        await world.administrator.post("/v1/appointments", {"volunteer_id": self.id, "office": "auditor"}, expect=201)
        proxy = {"proxy_volunteer_id": world.volunteer.id, "scopes": ["view"]}
        await self.me.post(f"{self.path}/proxies", proxy, expect=201)
        back = {"proxy_volunteer_id": self.id, "scopes": ["view"]}
        await world.volunteer.post(f"/v1/volunteers/{world.volunteer.id}/proxies", back, expect=201)
        acted = await self.me.ask(
            "GET", f"/v1/volunteers/{world.volunteer.id}", headers={"On-Behalf-Of": world.volunteer.id}
        )
        assert acted.status_code == 200

    async def serve(self) -> None:
        """Service that is confirmed, service from a list by phone, and service that waits."""
        world = self.world
        await world.confirmed(self.id, hours=3, days_ago=2)
        started_at = hours_of(days_ago=3)["started_at"][:16].replace("T", " ")
        rows = f"手机,活动,类别,身份,开始,时长\n{PHONE},扫楼道,公益慈善,居民,{started_at},2小时\n"
        opened = open_records(io.BytesIO(rows.encode()), Said(), ZONE)
        garden = OrganisationId(world.garden)
        service = RecordsImport(world.services, world.bank_id, garden, OPERATOR, allowed=EVERYTHING)
        judged = [each async for each in service.verdicts(opened)]
        assert [verdict.status for ((_, verdict),) in judged] == ["logged"]
        self.waiting = await world.log(self.id, days_ago=4)

    async def erased(self, by: str) -> None:
        """They are erased."""
        caller = self.me if by == "themselves" else self.world.administrator
        answer = await caller.post(f"{self.path}/erase", {"rest": "hold"}, expect=200, key="erase")
        assert answer == {"volunteer_id": self.id, "status": "erased", "position": answer["position"]}
        self.position = answer["position"]
        addresses = "select count(address) from security_event where actor = $1 or subject = $1"
        assert await self.world.services.pool.fetchval(addresses, self.id) == 0


@pytest.fixture(params=["themselves", "an administrator"])
async def life(own_world: World, request: pytest.FixtureRequest) -> tuple[Life, dict[str, Any]]:
    """Somebody who was erased, and the leaderboard before it."""
    life = Life(own_world)
    await life.live()
    assert in_it(await dumped(own_world.services.owner)) == [], "nothing is in clear even before"
    board = await own_world.verifier.get("/v1/leaderboards/bank")
    assert ALIAS in str(board)
    await life.erased(request.param)
    return life, board


@pytest.mark.drill
async def test_nothing_is_left_of_who_they_were(life: tuple[Life, dict[str, Any]]) -> None:
    """Of an erased volunteer the account is left, and what ended ended by facts; nothing anywhere says who it was."""
    await must_be_nobody(life[0])
    await must_be_shut_out(life[0])
    await must_have_ended(life[0])
    await must_be_counted(*life)
    await must_be_sound(life[0].world)
    await must_be_nowhere(life[0])


async def must_be_nobody(life: Life) -> None:
    """The account has no name, and no search finds it but by its number."""
    asks = life.world.administrator
    seen = await asks.get(life.path, min_position=life.position)
    assert (seen["status"], seen["on_leaderboards"], seen["number"]) == ("erased", False, life.number)
    assert {seen[name] for name in ("name", "phone", "birth_year", "skills", "alias", "door")} == {None}
    for query in (NAME, NAME[:2], PHONE, SPELT, DOCUMENT):
        assert (await asks.get("/v1/volunteers", query=query))["items"] == []
    for path in ("/v1/volunteers", f"/v1/organisations/{life.world.garden}/members", "/v1/audit/security"):
        text = json.dumps(await asks.pages(path, limit=500), ensure_ascii=False)
        assert in_it(text.encode()) == []


async def must_be_shut_out(life: Life) -> None:
    """No session, no refresh token, no code and no password lets them in, and nothing is done about them."""
    for tokens in life.tokens:
        await Caller(life.world.http, life.id, tokens["access_token"]).get("/v1/me", expect=401)
        await life.post("/v1/sessions/refresh", {"refresh_token": tokens["refresh_token"]}, 401)
    await life.post("/v1/passwords", {"one_time_code": life.code, "password": PASSWORD}, 422)
    for login in (life.number, PHONE):
        await life.post("/v1/sessions", {"login": login, "password": PASSWORD}, 401)
    world, asks = life.world, life.world.administrator
    for path, body in {
        f"{life.path}/erase": None,
        f"{life.path}/suspend": {"reason": "-"},
        f"{life.path}/codes": None,
        f"/v1/organisations/{world.garden}/members": {"volunteer_id": life.id},
        "/v1/appointments": {"volunteer_id": life.id, "office": "auditor"},
        f"/v1/volunteers/{world.volunteer.id}/proxies": {"proxy_volunteer_id": life.id},
        world.records: service(life.id, days_ago=5),
    }.items():
        by = world.organisation if path == world.records else asks
        refused = await by.post(path, body, expect=409)
        assert refused["type"] == "/problems/volunteer-is-erased", path
    refused = await asks.patch(life.path, {"name": NAME}, expect=409)
    assert refused["type"] == "/problems/volunteer-is-erased"


async def must_have_ended(life: Life) -> None:
    """What was open ended, each by a fact, with the last of all facts the erasure itself."""
    asks = life.world.administrator
    memberships = (await asks.get(f"{life.path}/memberships"))["items"]
    assert {each["organisation_id"]: each["status"] for each in memberships} == {
        life.world.garden: "ended", life.elsewhere: "declined"
    }  # fmt: skip
    assert {each["status"] for each in await asks.get(f"{life.path}/proxies")} == {"ended"}
    assert {each["status"] for each in (await asks.get("/v1/appointments", volunteer_id=life.id))["items"]} == {"ended"}
    events = [each for page in await asks.pages("/v1/audit/events", tag=life.id, limit=500) for each in page]
    assert [each["topic"] for each in events if each["position"] > life.position - 7] == [
        "consent-withdrawn", "appointment-ended", "membership-ended", "membership-declined", "proxy-ended",
        "proxy-ended", "volunteer-erased",
    ]  # fmt: skip


async def must_be_counted(life: Life, before: dict[str, Any]) -> None:
    """The leaderboard counts what they did, and does not say who did it; so does their account."""
    after = await life.world.verifier.get("/v1/leaderboards/bank")
    assert ALIAS not in str(after)
    assert life.id not in str(after)
    assert after["total"] == before["total"] == 180
    assert (after["hidden"], after["hidden_minutes"]) == (before["hidden"] + 1, before["hidden_minutes"] + 180)
    balance = await life.world.administrator.get(f"{life.path}/balance")
    assert (balance["available_minutes"], balance["service_minutes"]) == (180, 180)
    records = (await life.world.administrator.get("/v1/service-records", volunteer_id=life.id))["items"]
    assert len(records) == 3


async def must_be_sound(world: World) -> None:
    """The log has no flaw, every read model is what the log comes to, and the accounts sum to zero."""
    pool = world.services.pool
    assert [finding async for finding in check_log(pool, world.bank_id)] == []
    for projection in EVERY:
        assert (await verify(pool, projection, world.bank_id)).differences == []
    assert not await balances.trial_balance(pool, world.bank_id)


async def must_be_nowhere(life: Life) -> None:
    """No column of any table has anything of theirs, sealed or not."""
    world = life.world
    pool = world.services.pool
    dump = await dumped(pool)
    assert in_it(dump) == []
    assert SUBJECT.encode() not in dump
    assert in_it((await opened(pool, world.services.people)).encode()) == []
    for table in ("person", "credential", "session", "one_time_code", "oidc_identity", "oidc_login"):
        assert await pool.fetchval(f"select count(*) from {table} where volunteer_id = $1", life.id) == 0, table


async def opened(pool: Pool, people: People) -> str:
    """Everything that can still be opened with the key file."""
    rows = await pool.fetch("select bank_id, volunteer_id from person")
    return str([await people.one(pool, row["bank_id"], row["volunteer_id"]) for row in rows])


async def test_only_they_themselves_and_administrators_erase(own_world: World) -> None:
    """Nobody else erases anybody: not members, not organisations, not auditors, not proxies."""
    world = own_world
    somebody, auditor, proxy = await world.somebody(NAME), await world.appointed("auditor"), await world.somebody()
    path = f"/v1/volunteers/{somebody.id}"
    await somebody.post(f"{path}/proxies", {"proxy_volunteer_id": proxy.id, "scopes": ["view", "personal-data"]})
    for caller in (world.coordinator, world.verifier, world.organisation, auditor, proxy):
        assert (await caller.ask("POST", f"{path}/erase")).status_code in {403, 404}
        behalf = await caller.ask("POST", f"{path}/erase", headers={"On-Behalf-Of": somebody.id})
        assert behalf.status_code in {403, 404}
    assert (await somebody.get(path))["name"] == NAME


async def test_the_last_administrator_stays(own_world: World) -> None:
    """The only administrator cannot be erased; once there is another, they can."""
    world = own_world
    path = f"/v1/volunteers/{world.administrator.id}"
    refused = await world.administrator.post(f"{path}/erase", expect=409)
    assert refused["type"] == "/problems/last-administrator"
    assert (await world.administrator.get(path))["name"] == "林主任"
    other = await world.appointed("administrator")
    await world.administrator.post(f"{path}/erase", expect=200)
    assert (await other.get(path))["status"] == "erased"


async def test_whoever_is_let_in_while_erased_is_not(own_world: World) -> None:
    """Signing in, codes and changes that race an erasure leave no session, no password and no name behind."""
    world = own_world
    for _ in range(6):
        somebody = await world.somebody(NAME)
        path = f"/v1/volunteers/{somebody.id}"
        await world.administrator.get(path)
        code = (await world.administrator.post(f"{path}/codes"))["one_time_code"]
        answers = await asyncio.gather(
            world.administrator.ask("POST", f"{path}/erase"),
            world.http.post("/v1/passwords", json={"one_time_code": code, "password": PASSWORD}),
            world.administrator.ask("POST", f"{path}/codes"),
            somebody.ask("PATCH", path, json={"name": NAME, "phone": PHONE}),
        )
        assert [each.status_code for each in answers if each.status_code >= 500] == []
        for table in ("person", "credential", "session", "one_time_code"):
            query = f"select count(*) from {table} where volunteer_id = $1"
            assert await world.services.pool.fetchval(query, somebody.id) == 0, table


async def test_an_erasure_waits_for_a_code_that_is_being_used(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is erased in the very moment in which they choose a password is erased; neither request fails."""
    world, somebody, use = own_world, await own_world.somebody(NAME), codes.use
    path, erasing = f"/v1/volunteers/{somebody.id}", []
    await world.administrator.get(path)
    code = (await world.administrator.post(f"{path}/codes"))["one_time_code"]

    async def meanwhile(*given: Any) -> bool:
        found = await use(*given)
        erasing.append(asyncio.create_task(world.administrator.ask("POST", f"{path}/erase")))
        await asyncio.sleep(0.2)
        return found

    monkeypatch.setattr(codes, "use", meanwhile)
    answer = await world.http.post("/v1/passwords", json={"one_time_code": code, "password": PASSWORD})
    assert (answer.status_code < 500, (await erasing[0]).status_code) == (True, 200)


async def test_an_erasure_waits_for_a_session_that_is_refreshed(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is erased in the very moment in which their session is refreshed is; neither request fails."""
    world, somebody, give = own_world, await own_world.somebody(NAME), Sessions._tokens
    path, erasing = f"/v1/volunteers/{somebody.id}", []
    visit = Visit(world.services.ledger.clock(), "", "test")
    tokens = await world.services.sign_in.let_in(world.bank_id, somebody.id, visit, "test")

    async def meanwhile(*given: Any) -> Any:
        if not erasing:
            erasing.append(asyncio.create_task(world.administrator.ask("POST", f"{path}/erase")))
            await asyncio.sleep(0.2)
        return await give(*given)

    monkeypatch.setattr(Sessions, "_tokens", meanwhile)
    answer = await world.http.post("/v1/sessions/refresh", json={"refresh_token": tokens.refresh_token})
    assert (answer.status_code < 500, (await erasing[0]).status_code) == (True, 200)


# The drill: the program as it is run, and every byte it writes


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for embedded data, with a short path; whatever still runs on it is ended."""
    with watched_folder() as folder:
        yield folder
        if pid := postgres_pid(folder):
            os.kill(pid, signal.SIGQUIT)


def files_with(home: Path) -> list[str]:
    """Which files below the home hold anything of theirs."""
    return [
        f"{path.relative_to(home)}: {found}"
        for path in home.rglob("*")
        if path.is_file() and path.name != "people.csv" and (found := in_it(path.read_bytes()))
    ]


async def written_out(home: Path) -> Path:
    """The data directory, after PostgreSQL has written everything to it."""
    connection = await asyncpg.connect(EmbeddedPostgres(home / "postgres").url)
    await connection.execute("checkpoint")
    await connection.close()
    return home


class Outside:
    """Somebody's life in the bank, as the program and its service see it from outside."""

    def __init__(self, program: Program, http: httpx.Client, bank: dict[str, str]) -> None:
        self.program, self.http, self.bank = program, http, bank

    def ask(self, method: str, path: str, body: Any = None, expect: Iterable[int] = (200, 201)) -> Any:
        """An answer of a status expected."""
        response = self.http.request(method, path, json=body)
        assert response.status_code in expect, f"{method} {path}: {response.text}"
        return response.json()

    def live(self) -> str:
        """Register, import, search, sign in rightly and wrongly, say it wrongly, serve; the volunteer's id."""
        self.http.headers.update(enter(str(self.http.base_url).rstrip("/"), self.bank))
        whole = {"name": NAME, "phone": SPELT, "birth_year": BIRTH_YEAR, "document_number": DOCUMENT, "skills": [SKILL]}
        self.http.headers["Idempotency-Key"] = "a-key"
        path = f"/v1/volunteers/{self.ask('POST', '/v1/volunteers', whole)['volunteer_id']}"
        self.ask("POST", "/v1/volunteers", whole)
        del self.http.headers["Idempotency-Key"]
        self.ask("POST", "/v1/volunteers", whole, [409])
        self.ask("POST", "/v1/volunteers", whole | {"phone": PHONE * 3}, [400])
        self.ask("POST", "/v1/volunteers", whole | {NAME: PHONE}, [400])
        for query in (NAME, PHONE, DOCUMENT):
            assert len(self.ask("GET", f"/v1/volunteers?query={query}")["items"]) == 1
        people = self.program.folder / "people.csv"
        people.write_text(f"姓名,手机,技能\n{NAME},{SPELT},{SKILL}\n{NAME}甲,110 120,\n", encoding="utf8")
        self.program.run("import", "volunteers", people)
        return path

    def sign_in(self, path: str, number: str) -> dict[str, str]:
        """Choose a password, be known by an alias; headers of their own."""
        code = self.ask("POST", f"{path}/codes")["one_time_code"]
        tokens = self.ask("POST", "/v1/passwords", {"one_time_code": code, "password": PASSWORD})
        for login in (number, PHONE, DOCUMENT, NAME):
            self.ask("POST", "/v1/sessions", {"login": login, "password": f"{PASSWORD}!"}, [401])
        own = {"Authorization": f"Bearer {tokens['access_token']}"}
        wish = {"purpose": "leaderboard", "granted": True, "alias": ALIAS}
        assert self.http.post(f"{path}/consents", json=wish, headers=own).status_code == 200
        assert self.http.get("/v1/me/data", headers=own).json()["person"]["document_number"] == DOCUMENT
        return own


@pytest.mark.drill
def test_nothing_was_ever_written_in_clear(home: Path) -> None:
    """In no file of PostgreSQL's, its write-ahead log included, and in no log is anything of theirs, before or after.

    After the erasure the key file opens nothing of theirs either; after a rotation the old key is not in it.
    """
    program = Program(home, home=str(home), log_level="debug")
    bank = program.run("init", "演习", "--json").json
    served = program.serve()
    try:
        with served.client() as http:
            outside = Outside(program, http, bank)
            path = outside.live()
            number = outside.ask("GET", path)["number"]
            own = outside.sign_in(path, number)
            assert files_with(asyncio.run(written_out(home))) == []
            assert http.post(f"{path}/erase", headers=own).json()["status"] == "erased"
            assert http.get(path, headers=own).status_code == 401
            assert outside.ask("GET", path)["name"] is None
            assert files_with(asyncio.run(written_out(home))) == []
            old = json.loads((home / "keys.json").read_text())
            program.run("keyring", "rotate")
            new = json.loads((home / "keys.json").read_text())
            assert old["current"] not in new["keys"]
            assert not set(old["keys"].values()) & set(new["keys"].values())
            assert files_with(asyncio.run(written_out(home))) == []
            enter_again = {"login": number, "password": PASSWORD}
            outside.http.headers.pop("Authorization")
            outside.ask("POST", "/v1/sessions", enter_again, [401])
        assert served.stop() == 0
    finally:
        served.kill()
    logged = "".join([*served.out, *served.err])
    assert '"route":' in logged
    assert in_it(logged.encode()) == []
    assert in_it((home / "postgres" / "postgres.log").read_bytes()) == []
    assert "log: sound" in program.run("verify").out
