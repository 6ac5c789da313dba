from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.conftest import kept
from tests.api.world import Caller, World, settled

SECURITY = "/v1/audit/security"


@pytest.fixture(scope="module")
async def world(module_url: str) -> AsyncIterator[World]:
    """A bank behind a reverse proxy, which says whence requests come."""
    async with kept(settled(module_url, trusted_proxies="127.0.0.1")) as world:
        yield world


async def logged(world: World, **filters: Any) -> list[dict[str, Any]]:
    """What the log says, latest first."""
    items: list[dict[str, Any]] = (await world.administrator.get(SECURITY, **({"limit": 500} | filters)))["items"]
    return items


async def everybody_is_known(world: World) -> None:
    """Wait until the read models know who has just been registered."""
    head = await world.services.ledger.store.head(world.bank_id)
    await world.administrator.get("/v1/volunteers", min_position=head)


async def numbers(pool: Any) -> set[int]:
    """The numbers of all entries there are."""
    return {each["number"] for each in await pool.fetch("select number from security_event")}


class TestContent:
    """What happened at the door is written down: who, what, when, whence, and under which request."""

    async def test_refusals(self, world: World) -> None:
        """Somebody who is known and may not is written down with what they tried, by route, not by whom it is about."""
        somebody = await world.somebody()
        asked = (
            ("GET", "/v1/audit/events", None, "NotAllowed", "/v1/audit/events"),
            (
                "POST",
                f"/v1/volunteers/{world.volunteer.id}/suspend",
                {"reason": "机密"},
                "NotAllowed",
                "/v1/volunteers/{volunteer_id}/suspend",
            ),
            (
                "POST",
                f"/v1/organisations/{world.garden}/members",
                {"volunteer_id": world.coordinator.id},
                "RoleMissing",
                "/v1/organisations/{organisation_id}/members",
            ),
        )
        member = await world.member("member")
        for (method, path, body, why, route), caller in zip(asked, (somebody, somebody, member), strict=True):
            headers = {"X-Request-Id": uuid4().hex, "X-Forwarded-For": "198.51.100.7"}
            response = await caller.ask(method, path, json=body, headers=headers)
            assert response.status_code == 403
            entry = (await logged(world, kind="access-refused", actor=caller.id))[0]
            assert entry["detail"] == {"method": method, "route": route, "why": why}
            assert entry["request_id"] == headers["X-Request-Id"]
            assert entry["address"] == world.services.people.keyring.lasting("address", "198.51.100.7")
            session = await world.services.pool.fetchval(
                "select volunteer_id from session where session_id = $1", entry["subject"]
            )
            assert session == caller.id

    async def test_what_anybody_can_do_without_end_is_counted(self, world: World) -> None:
        """Whoever asks over and over who has a number, or who is at their activity, is written down once a minute."""
        somebody, activity_id = await world.somebody(), await world.activity()
        asked = (
            (somebody, "/v1/gifts/recipient", {"to_volunteer_id": "me"}),
            (world.coordinator, f"/v1/activities/{activity_id}/roll", {}),
        )
        for caller, path, params in asked:
            before = len(await logged(world, kind="people-read", actor=caller.id))
            for _ in range(5):
                await caller.get(path, **params)
            assert len(await logged(world, kind="people-read", actor=caller.id)) == before + 1

    async def test_what_is_no_refusal_is_not_there(self, world: World) -> None:
        """Requests that succeed, that are wrong in themselves, or about what is not there, are not written down."""
        somebody = await world.somebody()
        before = await numbers(world.services.pool)
        await somebody.get("/v1/me")
        await somebody.get("/v1/service-records/rec_0", expect=404)
        await somebody.get("/v1/service-records", expect=400, limit=0)
        await world.http.get("/v1/me")
        assert await numbers(world.services.pool) == before

    async def test_reading_many_people(self, world: World) -> None:
        """Who looked people up, in which office or as whose program, how many they got, and whether they searched."""
        for _ in range(3):
            await world.somebody("欧阳修")
        found = len((await world.administrator.get("/v1/volunteers", query="欧阳", limit=500))["items"])
        (entry, *_) = await logged(world, kind="people-read")
        assert entry["actor"] == world.administrator.id
        assert found >= 3
        assert entry["detail"] == {
            "route": "/v1/volunteers", "as": "administrator", "people": found, "searched": True
        }  # fmt: skip
        members = f"/v1/organisations/{world.garden}/members"
        found = len((await world.organisation.get(members, limit=500))["items"])
        (entry, *_) = await logged(world, kind="people-read", actor=world.garden)
        assert entry["detail"] == {
            "route": "/v1/organisations/{organisation_id}/members",
            "as": "organisation",
            "people": found,
            "organisation": world.garden,
        }

    async def test_looking_at_one_person(self, world: World) -> None:
        """At whom an administrator looked is written down, also where no name is told; once a minute of each person."""
        somebody, administrator = await world.somebody(), world.administrator
        whats = ["statement", "balance", "balance/why", "residences", "proxies", "consents"]
        await everybody_is_known(world)
        for what in [*whats, *whats]:
            await administrator.get(f"/v1/volunteers/{somebody.id}/{what}")
            await somebody.get(f"/v1/volunteers/{somebody.id}/{what}")
        told = [each["detail"] for each in await logged(world, kind="people-read")]
        read = [each["route"] for each in told if each.get("volunteer") == somebody.id]
        assert read == [f"/v1/volunteers/{{volunteer_id}}/{what}" for what in reversed(whats)]

    async def test_asking_for_the_past_of_one_person(self, world: World) -> None:
        """It is written down in whichever way it was asked for: as a person, or as what facts are about."""
        for asked in ("volunteer_id", "tag"):
            somebody = await world.somebody()
            await everybody_is_known(world)
            await world.administrator.get("/v1/audit/events", **{asked: somebody.id})
            told = [each["detail"] for each in await logged(world, kind="people-read")]
            assert [each["route"] for each in told if each.get("volunteer") == somebody.id] == ["/v1/audit/events"]

    @pytest.mark.parametrize(
        "asked",
        [
            "/v1/audit/as-of/things/{id}",
            "/v1/audit/as-of/organisations/{id}",
            "/v1/audit/events?tag={id}@2026-11-20",
            "/v1/service-records?volunteer_id=me&volunteer_id={id}",
            "/v1/audit/events?actor={id}",
            "/v1/audit/events?tag=number:{number}",
        ],
    )
    async def test_there_is_no_way_around(self, world: World, asked: str) -> None:
        """Nobody is looked at under another heading, or behind a first name in the address, and not written down."""
        somebody = await world.somebody()
        number = (await somebody.get("/v1/volunteers/me"))["number"]
        await everybody_is_known(world)
        await world.administrator.ask("GET", asked.format(id=somebody.id, number=number))
        told = [each["detail"] for each in await logged(world, kind="people-read")]
        assert [each for each in told if each.get("volunteer") == somebody.id]

    async def test_made_up_people_do_not_fill_it(self, world: World) -> None:
        """Whoever asks for ids that nobody has leaves one entry a minute, as for one that is not known yet."""
        before = max((each["number"] for each in await logged(world, kind="people-read")), default=0)
        for n in range(5):
            tags = [f"vol_{n:031x}{m}" for m in range(4)]
            await world.administrator.get("/v1/audit/events", tag=tags)
        new = [each["detail"] for each in await logged(world, kind="people-read") if each["number"] > before]
        assert 0 < len(new) <= 2, "two where a minute ends in between"
        assert not any("volunteer" in each for each in new)

    async def test_what_a_fact_changed_of_somebody(self, world: World) -> None:
        """It tells all that the log says of them, though a position is all that is named."""
        somebody = await world.somebody()
        await everybody_is_known(world)
        (fact,) = (
            await world.administrator.get("/v1/audit/events", topic="volunteer-registered", order="newest", limit=1)
        )["items"]
        await world.administrator.get(f"/v1/audit/events/{fact['position']}/change")
        told = [each["detail"] for each in await logged(world, kind="people-read")]
        read = [each["route"] for each in told if each.get("volunteer") == somebody.id]
        assert read == ["/v1/audit/events/{position}/change"]

    async def test_exports_and_erasure(self, world: World) -> None:
        """Who had their data, and who was erased by whom, is written down; of the erased no address is left."""
        somebody = await world.somebody()
        await somebody.ask("GET", "/v1/me/data", headers={"X-Forwarded-For": "198.51.100.8"})
        (entry,) = await logged(world, kind="data-exported", actor=somebody.id)
        assert entry["address"] is not None
        await world.administrator.post(f"/v1/volunteers/{somebody.id}/erase", expect=200)
        (erased,) = [each for each in await logged(world, kind="volunteer-erased") if somebody.id in str(each)]
        assert erased["actor"] == world.administrator.id
        own = await logged(world, actor=somebody.id)
        assert {each["kind"] for each in own} >= {"signed-in", "data-exported"}
        assert [each["address"] for each in own] == [None] * len(own)

    async def test_names_nobody(self, world: World) -> None:
        """Neither names, phones, numbers, passwords, codes, tokens nor addresses are in it: only ids and hashes."""
        phone, password, address = "13977778888", "zhong hua lu 17", "198.51.100.99"
        headers = {"X-Forwarded-For": address}
        somebody = await world.somebody("上官婉儿", phone=phone)
        await world.verify_phone(somebody.id)
        number = (await somebody.get(f"/v1/volunteers/{somebody.id}"))["number"]
        code = (await world.administrator.post(f"/v1/volunteers/{somebody.id}/codes"))["one_time_code"]
        asked: list[tuple[str, dict[str, str]]] = [
            ("/v1/passwords", {"one_time_code": code, "password": password}),
            ("/v1/sessions", {"login": phone, "password": password}),
            ("/v1/sessions", {"login": number, "password": "wrong wrong wrong"}),
            ("/v1/sessions", {"login": "13988889999", "password": "wrong wrong wrong"}),
        ]
        tokens = []
        for path, body in asked:
            response = await world.http.post(path, json=body, headers=headers)
            tokens += [value for name, value in response.json().items() if name.endswith("token")]
        assert len(tokens) == 4
        await world.administrator.get("/v1/volunteers", query="上官")
        await world.administrator.get("/v1/volunteers", query=phone)
        await somebody.ask("GET", "/v1/volunteers", params={"query": phone}, headers=headers)
        log = str(await world.services.pool.fetch("select e::text as row from security_event e"))
        log += str(await world.administrator.pages(SECURITY, limit=500))
        for secret in (
            phone,
            "13988889999",
            number,
            "上官",
            password,
            "wrong wrong",
            code,
            address,
            "127.0.0.1",
            *tokens,
        ):
            assert secret not in log

    async def test_tells_addresses_apart(self, world: World) -> None:
        """The same address has the same hash, and another address another one."""
        hashes = []
        for address in ("198.51.100.1", "198.51.100.2", "198.51.100.1"):
            headers, somebody = {"X-Forwarded-For": address}, await world.somebody()
            await somebody.ask("GET", "/v1/audit/events", headers=headers)
            hashes.append((await logged(world, actor=somebody.id))[0]["address"])
        assert hashes[0] == hashes[2] != hashes[1]

    async def test_of_another_bank_is_not_seen(self, own_world: World) -> None:
        """Each bank has its own log."""
        other = World(own_world.app, own_world.http)
        await other.settle()
        await own_world.volunteer.get("/v1/audit/events", expect=403)
        seen = str(await other.administrator.pages(SECURITY, limit=500))
        assert own_world.volunteer.id not in seen
        assert other.volunteer.id in seen


class TestNeverChanged:
    """What was written stays written."""

    @pytest.mark.parametrize(
        "statement",
        [
            "update security_event set kind = 'signed-out'",
            "update security_event set actor = null",
            "update security_event set recorded_at = now()",
            "update security_event set detail = '{}' where detail <> '{}'",
            "update security_event set address = 'other'",
            "update security_event set address = null, actor = null where actor is not null",
            "delete from security_event",
            "delete from security_event where number = (select min(number) from security_event)",
            "truncate security_event",
            "truncate security_event, bank cascade",
        ],
    )
    async def test_by_no_statement(self, world: World, statement: str) -> None:
        """SQL that changes or removes entries is refused by the database itself."""
        pool = world.services.owner
        before = await pool.fetch("select * from security_event order by number")
        with pytest.raises(asyncpg.RaiseError, match="never changed or deleted"):
            await pool.execute(statement)
        assert await pool.fetch("select * from security_event order by number") == before

    async def test_but_addresses_go(self, world: World) -> None:
        """An address can be taken out, and not be put back."""
        await world.volunteer.ask("GET", "/v1/audit/events", headers={"X-Forwarded-For": "198.51.100.3"})
        pool, (entry, *_) = world.services.owner, await logged(world, actor=world.volunteer.id)
        await pool.execute("update security_event set address = null where number = $1", entry["number"])
        assert (await logged(world, actor=world.volunteer.id))[0] == entry | {"address": None}
        with pytest.raises(asyncpg.RaiseError):
            await pool.execute("update security_event set address = 'x' where number = $1", entry["number"])


class TestReading:
    """Administrators and auditors read it, latest first, page by page."""

    async def test_has_pages(self, world: World) -> None:
        """Pages follow each other without gap or overlap, whatever is written meanwhile."""
        for _ in range(7):
            await world.caller(world.volunteer.id)
        everything = await logged(world, actor=world.volunteer.id)
        first = await world.administrator.get(SECURITY, actor=world.volunteer.id, limit=3)
        assert first["next"] == str(first["items"][-1]["number"])
        await world.volunteer.get("/v1/audit/events", expect=403)
        after = [first["items"]]
        while (following := first["next"]) is not None:
            first = await world.administrator.get(SECURITY, actor=world.volunteer.id, limit=3, after=following)
            after.append(first["items"])
        assert [each for page in after for each in page] == everything
        assert [len(page) for page in after[:-1]] == [3] * (len(after) - 1)
        listed = [each["number"] for each in everything]
        assert listed == sorted(set(listed), reverse=True)

    async def test_is_filtered(self, world: World) -> None:
        """By kind, by who did it, and by both."""
        await world.volunteer.get("/v1/audit/events", expect=403)
        for filters in (
            {"kind": "access-refused"},
            {"actor": world.volunteer.id},
            {"kind": "signed-in", "actor": world.volunteer.id},
        ):
            found = await logged(world, **filters)
            assert found
            assert all(each[name] == value for each in found for name, value in filters.items())
        assert await logged(world, kind="nothing") == await logged(world, actor="nobody") == []

    @pytest.mark.parametrize(
        "wrong", [{"after": 0}, {"after": "x"}, {"after": 2**53 + 1}, {"limit": 501}, {"kind": ""}]
    )
    async def test_what_cannot_be_asked(self, world: World, wrong: dict[str, Any]) -> None:
        """Cursors and limits out of bounds are wrong requests."""
        await world.administrator.get(SECURITY, expect=400, **wrong)

    async def test_is_for_administrators_and_auditors(self, world: World) -> None:
        """Nobody else reads it."""
        callers: list[tuple[Caller, int]] = [
            (world.administrator, 200),
            (await world.appointed("auditor"), 200),
            (await world.leader(await world.node()), 403),
            (world.coordinator, 403),
            (world.volunteer, 403),
            (world.organisation, 403),
        ]
        for caller, status in callers:
            await caller.get(SECURITY, expect=status)


async def test_people_who_were_read_are_counted(own_world: World) -> None:
    """The count is of the people who were shown, not of those who were looked at to know whether there are more."""
    await own_world.administrator.get("/v1/volunteers", limit=2)
    await own_world.administrator.get(f"/v1/organisations/{own_world.garden}/members", limit=1)
    items = (await own_world.administrator.get("/v1/audit/security", kind="people-read"))["items"]
    assert [each["detail"]["people"] for each in items[:2]] == [1, 2]
