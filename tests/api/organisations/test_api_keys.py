import asyncio
import hashlib
import time
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest

from tests.api.world import Caller, World, served, service
from tests.helpers.patience import SOON_SECONDS
from timebank.domain.facts.organisations import Permission
from timebank.runtime.clock import utc_now

EVERYTHING = list(get_args(Permission))
READ = {"label": "读取", "permissions": ["read"]}


def keys_of(organisation_id: str) -> str:
    """Where an organisation's keys are."""
    return f"/v1/organisations/{organisation_id}/keys"


async def issued(world: World, organisation_id: str | None = None, **asked: Any) -> tuple[str, Caller]:
    """A new key: its id, and a program that carries it."""
    organisation_id = organisation_id or world.garden
    made = await world.administrator.post(keys_of(organisation_id), READ | asked, expect=201)
    return made["key_id"], Caller(world.http, organisation_id, made["api_key"])


async def listed(caller: Caller, organisation_id: str) -> dict[str, dict[str, Any]]:
    """An organisation's keys by id."""
    pages = await caller.pages(keys_of(organisation_id), limit=500)
    return {each["key_id"]: each for page in pages for each in page}


async def must_be_out(program: Caller, within: float = 0) -> None:
    """The program is let in no more: at once, or soon."""
    until = time.monotonic() + within
    while (await program.ask("GET", "/v1/me")).status_code != 401:
        assert time.monotonic() < until, "still let in"
        await asyncio.sleep(0.005)


@pytest.fixture
def clock(own_world: World, monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """How far the clock of one's own world is ahead: what is put here is added."""
    ahead: list[timedelta] = []
    monkeypatch.setattr(own_world.services.ledger, "clock", lambda: utc_now() + sum(ahead, timedelta()))
    return ahead


class TestIssuing:
    """A key is shown when it is made, and never again."""

    async def test_a_key_is_shown_once(self, world: World) -> None:
        """The answer to the first request has the key; the same request repeated, and the list, have not."""
        key = uuid4().hex
        made = await world.administrator.post(keys_of(world.garden), READ, expect=201, key=key)
        assert set(made) == {"key_id", "organisation_id", "api_key", "position"}
        assert made["api_key"].startswith(f"tb_{made['key_id'].removeprefix('key_')}_")
        again = await world.administrator.post(keys_of(world.garden), READ, expect=201, key=key)
        assert again == made | {"api_key": None}
        assert await Caller(world.http, world.garden, made["api_key"]).get("/v1/me") == {
            "kind": "program",
            "bank_id": str(world.bank_id),
            "volunteer": None,
            "organisation_id": world.garden,
            "permissions": ["read"],
            "offices": [],
            "roles": {},
            "acts_for": [],
            "unread_notices": 0,
        }
        secret = made["api_key"][36:]
        assert secret not in str(await listed(world.administrator, world.garden))

    async def test_a_rotated_key_is_shown_once(self, world: World) -> None:
        """That holds for the key that takes another's place as well."""
        key_id, _ = await issued(world)
        path, key = f"{keys_of(world.garden)}/{key_id}/rotate", uuid4().hex
        made = await world.administrator.post(path, expect=201, key=key)
        assert await world.administrator.post(path, expect=201, key=key) == made | {"api_key": None}

    async def test_its_secret_is_nowhere_in_the_database(self, own_world: World) -> None:
        """Only the SHA-256 is kept: no table and no event holds the secret, in whatever form."""
        pool = own_world.services.pool
        _, program = await issued(own_world)
        await program.get("/v1/volunteers")
        secret = program.token[36:]
        tables = await pool.fetch("select format('%I', relname) as name from pg_class join pg_namespace n "
                                  "on n.oid = relnamespace where nspname = 'public' and relkind = 'r'")  # fmt: skip
        dump = "".join([str(await pool.fetch(f"select t::text as row from {each['name']} t")) for each in tables])
        dump += str(await pool.fetch("select convert_from(data, 'UTF8') as data from event"))
        assert hashlib.sha256(secret.encode()).hexdigest() in dump
        for form in (secret, program.token, secret.encode().hex(), program.token.encode().hex()):
            assert form not in dump

    async def test_the_list_says_all_but_the_secret(self, world: World) -> None:
        """Label, permissions, status and dates of each key are listed, page by page, also of those that are over."""
        body = await world.body()
        until = (utc_now() + timedelta(days=90)).replace(microsecond=0)
        ids = [(await issued(world, body, expires_at=until.isoformat()))[0] for _ in range(3)]
        await world.administrator.post(f"{keys_of(body)}/{ids[0]}/revoke", {"reason": "丢失"}, expect=200)
        pages = await world.administrator.pages(keys_of(body), limit=2)
        assert [[each["key_id"] for each in page] for page in pages] == [ids[:2], ids[2:]]
        assert [each["status"] for page in pages for each in page] == ["revoked", "in force", "in force"]
        found = pages[1][0]
        assert datetime.fromisoformat(found.pop("expires_at")) == until
        assert utc_now() - datetime.fromisoformat(found.pop("issued_at")) < timedelta(minutes=1)
        assert found == {
            "key_id": ids[2],
            "organisation_id": body,
            "label": "读取",
            "permissions": ["read"],
            "status": "in force",
            "replaces": None,
            "replaced_by": None,
            "last_used_at": None,
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            {"permissions": []},
            {"permissions": ["everything"]},
            {"label": ""},
            {"label": "a\nb"},
            {"expires_at": "2099-01-01T00:00:00"},
            {"secret_hash": "0" * 64},
        ],
    )
    async def test_what_is_asked_has_to_make_sense(self, world: World, wrong: dict[str, Any]) -> None:
        """A key has a label and permissions that there are, and nobody brings a secret of their own."""
        await world.administrator.post(keys_of(world.garden), READ | wrong, expect=400)

    async def test_a_key_expires_later_than_now(self, world: World) -> None:
        """A key that is over before it begins is refused."""
        asked = READ | {"expires_at": (utc_now() - timedelta(seconds=1)).isoformat()}
        refused = await world.administrator.post(keys_of(world.garden), asked, expect=422)
        assert refused["type"] == "/problems/key-term-not-possible"

    async def test_only_approved_organisations_have_keys(self, world: World) -> None:
        """There are no keys for an organisation that waits for approval, nor for one that does not exist."""
        waiting = await world.body(approved=False)
        refused = await world.administrator.post(keys_of(waiting), READ, expect=409)
        assert refused["type"] == "/problems/organisation-not-approved"
        await world.administrator.post(keys_of("org_0"), READ, expect=404)


class TestPermissions:
    """A key opens what it is for, in its own organisation."""

    @pytest.mark.parametrize("held", EVERYTHING)
    async def test_each_is_for_one_thing(self, world: World, held: str) -> None:
        """With one permission a program does one kind of thing, and is refused all others."""
        program = await world.program(world.garden, held)
        somebody = await world.somebody()
        hour = EVERYTHING.index(held) * 3
        record_id = await world.log(somebody.id, by=world.recorder, hour=hour)
        asked: dict[str, tuple[str, str, Any]] = {
            "read": ("GET", "/v1/service-records", None),
            "log-service": ("POST", world.records, service(somebody.id, days_ago=2, hour=hour)),
            "verify-service": ("POST", f"/v1/service-records/{record_id}/confirm", None),
            "manage-members": ("POST", f"/v1/organisations/{world.garden}/members", {"volunteer_id": somebody.id}),
            "register-volunteers": ("POST", "/v1/volunteers", {"name": "新人"}),
            "fulfil-rewards": ("GET", "/v1/redemptions", None),
        }
        assert set(asked) == set(EVERYTHING)
        for permission, (method, path, body) in asked.items():
            response = await program.ask(method, path, json=body)
            if permission == held:
                assert response.is_success, response.text
            else:
                assert response.status_code == 403
                assert response.json()["detail"] == f"This needs a key with the permission {permission}."

    async def test_no_key_is_for_another_organisation(self, world: World) -> None:
        """To a program of one organisation the affairs of another do not exist."""
        stranger = await world.program(await world.body())
        somebody = await world.somebody()
        record_id = await world.log(somebody.id)
        await stranger.post(world.records, service(somebody.id, hour=15), expect=404)
        await stranger.get(f"/v1/organisations/{world.garden}/members", expect=404)
        await stranger.post(f"/v1/organisations/{world.garden}/members", {"volunteer_id": somebody.id}, expect=404)
        await stranger.get(f"/v1/service-records/{record_id}", expect=404)
        assert (await stranger.ask("POST", f"/v1/service-records/{record_id}/confirm")).status_code in {403, 404}
        await stranger.get("/v1/service-records", expect=404, organisation_id=world.garden)
        assert (await stranger.get("/v1/service-records", volunteer_id=somebody.id))["items"] == []

    async def test_no_key_is_for_what_people_do(self, world: World) -> None:
        """However many permissions it has, a program is no person, no administrator, and nobody's proxy."""
        program, own = world.organisation, world.volunteer.id
        for path in ("/v1/sessions", "/v1/me/data", f"/v1/volunteers/{own}", "/v1/audit/events", keys_of(world.garden)):
            await program.get(path, expect=403)
        await program.post(keys_of(world.garden), READ, expect=403)
        await program.post("/v1/passwords/change", {"old_password": "x", "new_password": "y"}, expect=403)
        response = await program.ask("GET", f"/v1/volunteers/{own}", headers={"On-Behalf-Of": own})
        assert response.status_code == 403

    async def test_a_suspended_organisations_is_for_nothing(self, own_world: World) -> None:
        """The key of a suspended organisation opens nothing, and does again when it is reinstated."""
        body = await own_world.body()
        program = await own_world.program(body)
        await program.get("/v1/me")
        await own_world.administrator.post(f"/v1/organisations/{body}/suspend", {"reason": "核查"})
        await must_be_out(program)
        refused = await own_world.administrator.post(keys_of(body), READ, expect=409)
        assert refused["type"] == "/problems/organisation-not-approved"
        await own_world.administrator.post(f"/v1/organisations/{body}/reinstate", {"reason": "无事"})
        records = f"/v1/organisations/{body}/service-records"
        await program.post(records, service(own_world.volunteer.id, hour=4), expect=201)

    async def test_one_that_a_suspended_person_issued_is_for_nothing(self, world: World) -> None:
        """Whoever is suspended acts by no key they know either, from that fact on; reinstated they do again."""
        coordinator = await world.member("coordinator")
        made = await coordinator.post(keys_of(world.garden), READ, expect=201)
        program, (_, other) = Caller(world.http, world.garden, made["api_key"]), await issued(world)
        await program.get("/v1/me")
        await world.administrator.post(f"/v1/volunteers/{coordinator.id}/suspend", {"reason": "核查"})
        await must_be_out(program)
        await other.get("/v1/me")
        await world.administrator.post(f"/v1/volunteers/{coordinator.id}/reinstate", {"reason": "无事"})
        await program.get("/v1/me")

    async def test_one_is_worth_what_whoever_issued_it_is(self, world: World) -> None:
        """Without the role, or out of the organisation, its issuer acts by no key of it either; the next goes on."""
        coordinator, keys = await world.member("coordinator"), keys_of(world.garden)
        made = await coordinator.post(keys, READ, expect=201)
        program = Caller(world.http, world.garden, made["api_key"])
        member = f"/v1/organisations/{world.garden}/members/{coordinator.id}"
        await program.get("/v1/me")
        await world.administrator.patch(member, {"role": "member"})
        await must_be_out(program)
        await world.administrator.patch(member, {"role": "coordinator"})
        await program.get("/v1/me")
        await coordinator.post(f"{member}/end")
        await must_be_out(program)
        rotated = await world.coordinator.post(f"{keys}/{made['key_id']}/rotate", expect=201)
        await Caller(world.http, world.garden, rotated["api_key"]).get("/v1/me")
        await must_be_out(program)

    async def test_one_ends_with_the_term_of_whoever_issued_it(self, own_world: World, clock: list[timedelta]) -> None:
        """A coordinator for a term has no key for longer; where they are an administrator too, that counts."""
        today = (own_world.services.ledger.clock() + timedelta(hours=8)).date().isoformat()
        programs = []
        for office in (None, "administrator"):
            somebody = await own_world.member("coordinator", valid_until=today)
            if office:
                await own_world.administrator.post("/v1/appointments", {"volunteer_id": somebody.id, "office": office})
            made = await somebody.post(keys_of(own_world.garden), READ, expect=201)
            programs.append(Caller(own_world.http, own_world.garden, made["api_key"]))
            await programs[-1].get("/v1/me")
        clock.append(timedelta(days=1))
        await must_be_out(programs[0])
        await programs[1].get("/v1/me")


class TestManaging:
    """Keys are managed by people: administrators, and coordinators of the organisation itself."""

    async def test_coordinators_manage_their_own(self, world: World) -> None:
        """A coordinator makes, lists, replaces and revokes the keys of their organisation."""
        coordinator, keys = world.coordinator, keys_of(world.garden)
        made = await coordinator.post(keys, READ, expect=201)
        rotated = await coordinator.post(f"{keys}/{made['key_id']}/rotate", {"overlap_hours": 0}, expect=201)
        revoked = await coordinator.post(f"{keys}/{rotated['key_id']}/revoke", expect=200)
        assert revoked == {"key_id": rotated["key_id"], "status": "revoked", "position": revoked["position"]}
        found = await listed(coordinator, world.garden)
        assert (found[made["key_id"]]["status"], found[rotated["key_id"]]["status"]) == ("replaced", "revoked")

    async def test_nobody_else_does(self, world: World) -> None:
        """Other members are refused; to strangers and to coordinators elsewhere there is no such organisation."""
        key_id, _ = await issued(world)
        keys, elsewhere = keys_of(world.garden), await world.body()
        coordinator_elsewhere = await world.member("coordinator", elsewhere)
        callers = (
            (world.recorder, 403),
            (world.verifier, 403),
            (await world.member("member"), 403),
            (world.organisation, 403),
            (world.volunteer, 404),
            (coordinator_elsewhere, 404),
            (await world.program(elsewhere), 403),
        )
        for caller, status in callers:
            await caller.get(keys, expect=status)
            await caller.post(keys, READ, expect=status)
            await caller.post(f"{keys}/{key_id}/rotate", expect=status)
            await caller.post(f"{keys}/{key_id}/revoke", expect=status)
        assert (await listed(world.administrator, world.garden))[key_id]["status"] == "in force"
        await coordinator_elsewhere.post(f"{keys_of(elsewhere)}/{key_id}/revoke", expect=404)
        await coordinator_elsewhere.post(f"{keys_of(elsewhere)}/{key_id}/rotate", expect=404)

    async def test_what_was_done_with_keys_is_in_the_history(self, world: World) -> None:
        """Who gave, replaced and took a key away, and why, are facts."""
        key_id, _ = await issued(world)
        keys = keys_of(world.garden)
        rotated = await world.coordinator.post(f"{keys}/{key_id}/rotate")
        await world.administrator.post(f"{keys}/{key_id}/revoke", {"reason": "丢失"})
        events = (await world.administrator.get("/v1/audit/events", tag=key_id))["items"]
        assert [(each["topic"], each["actor"], each["authority"]) for each in events] == [
            ("api-key-issued", world.administrator.id, "administrator"),
            ("api-key-replaced", world.coordinator.id, "volunteer"),
            ("api-key-revoked", world.administrator.id, "administrator"),
        ]
        assert events[1]["data"]["replaced_by"] == rotated["key_id"]
        assert events[2]["data"]["reason"] == "丢失"


class TestLifetime:
    """A key is good until it expires, is replaced, or is revoked; and its use is noted."""

    async def test_a_key_expires(self, own_world: World, clock: list[timedelta]) -> None:
        """Until the moment it was made for a key is good, and no longer, also where it was used before."""
        until = utc_now() + timedelta(hours=1)
        _, program = await issued(own_world, expires_at=until.isoformat())
        await program.get("/v1/me")
        clock.append(timedelta(minutes=59))
        await program.get("/v1/me")
        clock.append(timedelta(minutes=1, seconds=1))
        await program.get("/v1/me", expect=401)

    async def test_a_replaced_key_overlaps(self, own_world: World, clock: list[timedelta]) -> None:
        """For the hours asked for both keys are good, with the same permissions; after them the new one alone."""
        key_id, old = await issued(own_world)
        await old.get("/v1/me")
        path = f"{keys_of(own_world.garden)}/{key_id}/rotate"
        made = await own_world.administrator.post(path, {"overlap_hours": 2}, expect=201)
        new = Caller(own_world.http, own_world.garden, made["api_key"])
        found = await listed(own_world.administrator, own_world.garden)
        assert (found[key_id]["status"], found[key_id]["replaced_by"]) == ("replaced", made["key_id"])
        assert (found[made["key_id"]]["status"], found[made["key_id"]]["replaces"]) == ("in force", key_id)
        clock.append(timedelta(hours=1, minutes=59))
        assert await old.get("/v1/me") == await new.get("/v1/me")
        clock.append(timedelta(minutes=1, seconds=1))
        await must_be_out(old)
        await new.get("/v1/me")

    async def test_without_overlap_the_old_key_is_over_at_once(self, world: World) -> None:
        """Where a key is replaced because it leaked, zero hours end it."""
        key_id, old = await issued(world)
        await old.get("/v1/me")
        made = await world.administrator.post(f"{keys_of(world.garden)}/{key_id}/rotate", {"overlap_hours": 0})
        await must_be_out(old)
        await Caller(world.http, world.garden, made["api_key"]).get("/v1/me")

    async def test_a_key_is_replaced_once(self, world: World) -> None:
        """What was replaced, or revoked, is not replaced again; what was revoked is not revoked again."""
        key_id, _ = await issued(world)
        path = f"{keys_of(world.garden)}/{key_id}"
        await world.administrator.post(f"{path}/rotate", expect=201)
        for way in ("rotate", "revoke", "rotate", "revoke"):
            answer = await world.administrator.ask("POST", f"{path}/{way}")
            last = answer.status_code
        assert (last, answer.json()["type"]) == (409, "/problems/key-not-in-force")

    @pytest.mark.parametrize("hours", [-1, 30 * 24 + 1, 1.5, "1"])
    async def test_an_overlap_has_its_bounds(self, world: World, hours: object) -> None:
        """Two keys side by side are for thirty days at the most."""
        key_id, _ = await issued(world)
        path = f"{keys_of(world.garden)}/{key_id}/rotate"
        await world.administrator.post(path, {"overlap_hours": hours}, expect=400)

    async def test_a_revoked_key_is_over_in_every_process(self, world: World, shared_url: str) -> None:
        """A key that two processes know and remember is good in neither as soon as it is revoked in one."""
        async with served(shared_url) as (app, http):
            while not app.state.services.principals._is_listening():
                await asyncio.sleep(0.01)
            key_id, here = await issued(world)
            there = Caller(http, world.garden, here.token)
            await here.get("/v1/me")
            await there.get("/v1/me")
            assert here.token in app.state.services.principals._known
            await world.administrator.post(f"{keys_of(world.garden)}/{key_id}/revoke", expect=200)
            await must_be_out(here)
            await must_be_out(there, within=SOON_SECONDS)

    async def test_its_use_is_noted(self, own_world: World, clock: list[timedelta]) -> None:
        """The list says when a key was last used, to the minute; the security log hears of it once an hour."""
        key_id, program = await issued(own_world)
        administrator, garden = own_world.administrator, own_world.garden
        clock.append(timedelta(seconds=-((utc_now().timestamp()) % 3600)))

        async def used() -> tuple[datetime, int]:
            own_world.app.state.keys_noted.clear()
            for _ in range(3):
                await program.get("/v1/me")
            at = await own_world.services.pool.fetchval(
                "select last_used_at from api_key_use where key_id = $1", key_id
            )
            logged = await own_world.services.pool.fetch(
                "select * from security_event where kind = 'key-used' and subject = $1", key_id
            )
            assert {each["actor"] for each in logged} == {garden}
            assert not any(program.token[36:] in str(tuple(each)) for each in logged)
            return at, len(logged)

        first, times = await used()
        assert times == 1
        found = await listed(administrator, garden)
        assert datetime.fromisoformat(found[key_id]["last_used_at"]) == first
        clock.append(timedelta(minutes=30))
        second, times = await used()
        assert (times, second - first >= timedelta(minutes=30)) == (1, True)
        clock.append(timedelta(minutes=30))
        assert (await used())[1] == 2


async def test_a_key_expires_within_ten_years(world: World) -> None:
    """A time that nobody can mean is refused, and the list of keys goes on being readable."""
    keys = f"/v1/organisations/{world.garden}/keys"
    for when in ("9999-12-31T23:59:59-14:00", "2060-01-01T00:00:00Z"):
        body = {"label": "x", "permissions": ["read"], "expires_at": when}
        refused = await world.administrator.post(keys, body, expect=422)
        assert refused["type"] == "/problems/key-term-not-possible"
    await world.administrator.get(keys)
