import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.api.world import Caller, World, nameless
from timebank.api.http import streams
from timebank.api.people import me

CONSENT = {"purpose": "leaderboard", "granted": True, "alias": "采薇"}

SCHEMA = Path(__file__).parents[3] / "docs" / "schema.sql"

TOLD_AS = {
    "volunteer": ("volunteer",),
    "person": ("person", "person_name"),
    "balance": ("balance",),
    "proxies": ("proxy",),
    "sessions": ("session",),
    "linked_accounts": ("oidc_identity",),
    "residences": ("residence",),
    "employments": ("employment",),
    "teams": ("team_member", "captaincy"),
    "shifts": ("shift",),
    "memberships": ("membership",),
    "appointments": ("appointment",),
    "activities": ("sign_up", "presence"),
    "proposals": ("proposal",),
    "service_records": ("service_record", "served_month", "leaderboard"),
    "redemptions": ("redemption",),
    "transfers": ("transfer",),
    "security_events": ("security_event",),
    "events": ("merge", "willing", "statement_checkpoint", "notice_read"),
}
"""By what of one's data the tables are told that have somebody in a row."""

NOT_TOLD = {
    "double_registration": "what the bank guesses of two people",
    **dict.fromkeys(("credential", "sealed_secret", "one_time_code", "phone_code"), "secrets, whose text nobody has"),
    **dict.fromkeys(("oidc_login", "sign_in_attempt"), "gone in minutes"),
}


async def the_appointment(world: World, somebody: Caller) -> dict[str, Any]:
    """The one appointment of somebody."""
    (found,) = (await world.administrator.get("/v1/appointments", volunteer_id=somebody.id))["items"]
    return found  # type: ignore[no-any-return]


class TestMe:
    """Everybody is told who they are to the bank."""

    async def test_a_volunteer(self, world: World) -> None:
        """A volunteer sees their own data, and that they hold nothing."""
        somebody = await world.somebody("陈静", phone="13911112222", birth_year=1950, skills=["书法"])
        me = await somebody.get("/v1/me")
        volunteer = await somebody.get(f"/v1/volunteers/{somebody.id}")
        assert (volunteer["name"], volunteer["phone"], volunteer["birth_year"]) == ("陈静", "13911112222", 1950)
        assert me == {
            "kind": "volunteer",
            "bank_id": str(world.bank_id),
            "volunteer": volunteer,
            "organisation_id": None,
            "permissions": [],
            "offices": [],
            "roles": {},
            "acts_for": [],
            "unread_notices": 1,
        }

    async def test_a_member(self, world: World) -> None:
        """A member sees their role in each organisation, while they have it."""
        member = await world.member("recorder")
        body = await world.body()
        path = f"/v1/organisations/{body}/members"
        await world.administrator.post(path, {"volunteer_id": member.id, "role": "coordinator"})
        assert (await member.get("/v1/me"))["roles"] == {world.garden: "recorder"}
        await member.post(f"{path}/{member.id}/approve")
        assert (await member.get("/v1/me"))["roles"] == {world.garden: "recorder", body: "coordinator"}
        await member.post(f"/v1/organisations/{world.garden}/members/{member.id}/end")
        assert (await member.get("/v1/me"))["roles"] == {body: "coordinator"}

    async def test_holders_of_offices(self, world: World) -> None:
        """Who holds an office sees the appointment, with what it is limited to; the first was made by the operator."""
        node_id = await world.node()
        for holder, office, limit in (
            (await world.appointed("administrator"), "administrator", None),
            (await world.appointed("auditor"), "auditor", None),
            (await world.leader(node_id), "node-leader", node_id),
        ):
            (held,) = (await holder.get("/v1/me"))["offices"]
            assert nameless(held) == nameless(await the_appointment(world, holder))
            assert (held["office"], held["node_id"]) == (office, limit)
            assert (held["status"], held["appointed_by"]) == ("in force", world.administrator.id)
        (first,) = (await world.administrator.get("/v1/me"))["offices"]
        assert (first["office"], first["appointed_by"]) == ("administrator", "operator")

    async def test_an_office_that_is_over(self, world: World) -> None:
        """An office that ended is held no more."""
        auditor = await world.appointed("auditor")
        made = await the_appointment(world, auditor)
        await auditor.post(f"/v1/appointments/{made['appointment_id']}/end", expect=200)
        assert (await auditor.get("/v1/me"))["offices"] == []

    async def test_a_proxy(self, world: World) -> None:
        """A proxy sees for whom they may act, and in what; whom they appointed themselves is another matter."""
        old, young = await world.somebody(), await world.somebody()
        asked = {"proxy_volunteer_id": young.id, "scopes": ["consents"], "acts_per_day": 3}
        await old.post(f"/v1/volunteers/{old.id}/proxies", asked)
        (held,) = (await young.get("/v1/me"))["acts_for"]
        assert held == {
            "proxy_id": held["proxy_id"],
            "volunteer_id": old.id,
            "volunteer_name": "某某",
            "volunteer_number": held["volunteer_number"],
            "proxy_volunteer_id": young.id,
            "proxy_volunteer_name": "某某",
            "proxy_volunteer_number": held["proxy_volunteer_number"],
            "scopes": ["view", "consents"],
            "acts_per_day": 3,
            "minutes_per_day": None,
            "valid_until": None,
            "status": "in force",
        }
        assert (await old.get("/v1/me"))["acts_for"] == []
        await old.post(f"/v1/volunteers/{old.id}/proxies/{young.id}/end")
        assert (await young.get("/v1/me"))["acts_for"] == []

    async def test_a_program(self, world: World) -> None:
        """A program is told whose it is, and what its key is for."""
        program = await world.program(world.garden, "read", "log-service")
        me = await program.get("/v1/me")
        assert (me["kind"], me["organisation_id"], me["volunteer"]) == ("program", world.garden, None)
        assert me["permissions"] == ["read", "log-service"]


class TestMyData:
    """Everybody can have all that the bank knows about them, and nothing about anybody else."""

    async def test_holds_everything(self, world: World) -> None:
        """What is personal, every membership, office, proxy, record, session, and every fact about oneself is there."""
        personal = {"phone": "13922223333", "birth_year": 1948, "document_number": "110105194801010016"}
        somebody = await world.somebody("诸葛采薇", skills=["二胡"], **personal)
        young = await world.somebody("诸葛小明")
        await somebody.post(f"/v1/volunteers/{somebody.id}/consents", CONSENT)
        await somebody.post(f"/v1/volunteers/{somebody.id}/proxies", {"proxy_volunteer_id": young.id})
        members = f"/v1/organisations/{world.garden}/members"
        await somebody.post(members, {"volunteer_id": somebody.id})
        await world.coordinator.post(f"{members}/{somebody.id}/approve")
        await world.administrator.post("/v1/appointments", {"volunteer_id": somebody.id, "office": "auditor"})
        confirmed, waiting = await world.confirmed(somebody.id, hour=1), await world.log(somebody.id, hour=5)
        redeemed = (await world.redeem(somebody, await world.reward()))["redemption_id"]
        donation = await somebody.post("/v1/donations", {"fund_id": await world.fund(), "minutes": 20}, expect=201)
        node_id, activity_id = await world.node(), await world.activity()
        lives = {"node_id": node_id, "from_day": "2026-01-01", "door": "302室"}
        await somebody.post(f"/v1/volunteers/{somebody.id}/residences", lives, expect=201)
        team_id = await world.team(somebody)
        await somebody.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
        proposed, employed = await world.proposal(somebody), await world.employed(somebody, hours=[])
        data = await somebody.get("/v1/me/data")
        assert set(data) == {
            "volunteer", "person", "balance", "memberships", "appointments", "proxies", "service_records",
            "redemptions", "transfers", "sessions", "linked_accounts", "security_events", "events", "residences",
            "employments", "teams", "shifts", "activities", "proposals",
        }  # fmt: skip
        assert [each["redemption_id"] for each in data["redemptions"]] == [redeemed]
        assert [each["transfer_id"] for each in data["transfers"]] == [donation["transfer_id"]]
        own = f"/v1/volunteers/{somebody.id}"
        assert data["volunteer"] == await somebody.get(own)
        expected = {
            "volunteer_id": somebody.id,
            "name": "诸葛采薇",
            "skills": ["二胡"],
            "alias": "采薇",
            "door": "302室",
            "phone_is_claimed": None,
        }
        assert data["person"] == expected | personal
        assert data["balance"] == await somebody.get(f"{own}/balance")
        assert data["memberships"] == (await somebody.get(f"{own}/memberships"))["items"]
        assert [*map(nameless, data["appointments"])] == [nameless(await the_appointment(world, somebody))]
        assert data["proxies"] == await somebody.get(f"{own}/proxies")
        assert {each["record_id"]: each["status"] for each in data["service_records"]} == {
            confirmed: "confirmed", waiting: "logged"
        }  # fmt: skip
        assert [each["node_id"] for each in data["residences"]] == [node_id]
        assert [each["employment_id"] for each in data["employments"]] == [employed]
        assert [(each["team_id"], each["status"]) for each in data["teams"]] == [(team_id, "joined")]
        assert [each["activity_id"] for each in data["activities"]] == [activity_id]
        assert [each["proposal_id"] for each in data["proposals"]] == [proposed]
        assert data["sessions"] == await somebody.get("/v1/sessions")
        events = [
            each for page in await world.administrator.pages("/v1/audit/events", tag=somebody.id) for each in page
        ]
        assert data["events"] == events
        assert {"volunteer-registered", "consent-given", "service-confirmed"} <= {each["topic"] for each in events}
        assert {each["kind"] for each in data["security_events"]} == {"signed-in", "data-exported"}

    async def test_is_the_same_in_stretches(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """However little of it is read at once, it has everything once, in the same order."""
        somebody = await world.somebody()
        for hour in range(5):
            await world.confirmed(somebody.id, hour=4 * hour)
        await world.redeem(somebody, await world.reward())
        whole = await somebody.get("/v1/me/data")
        for size in (1, 2, 5):
            for module in (streams, me):
                monkeypatch.setattr(module, "STRETCH", size)
            data = await somebody.get("/v1/me/data")
            assert data["security_events"][: len(whole["security_events"])] == whole["security_events"]
            assert data | {"security_events": []} == whole | {"security_events": []}
            assert list(data) == list(me.MyData.__struct_fields__)
            msgspec.json.decode(msgspec.json.encode(data), type=me.MyData)

    async def test_holds_nothing_personal_about_others(self, world: World) -> None:
        """Of whoever had to do with one there are ids, but no names, phones or skills; of others not even these."""
        somebody = await world.somebody("司马相如")
        known = {
            "phone": "13944445555",
            "birth_year": 1931,
            "document_number": "110105193101010029",
            "skills": ["古琴"],
        }
        other = await world.somebody("卓文君", **known)
        stranger = await world.somebody("卓王孙", phone="13955556666")
        await somebody.post(f"/v1/volunteers/{somebody.id}/proxies", {"proxy_volunteer_id": other.id})
        await other.post(f"/v1/volunteers/{other.id}/proxies", {"proxy_volunteer_id": somebody.id})
        await world.confirmed(somebody.id)
        await world.confirmed(stranger.id, hour=3)
        response = await somebody.ask("GET", "/v1/me/data")
        assert other.id in response.text
        for secret in (
            "卓文君",
            "13944445555",
            "110105193101010029",
            "古琴",
            "林主任",
            "卓王孙",
            "13955556666",
            stranger.id,
        ):
            assert secret not in response.text
        assert {each["volunteer_id"] for each in response.json()["service_records"]} == {somebody.id}

    async def test_holds_no_secrets(self, world: World) -> None:
        """Neither hashes of passwords nor tokens or codes are handed out, not even to whom they belong."""
        somebody = await world.somebody()
        await somebody.get("/v1/me")
        code = (await world.administrator.post(f"/v1/volunteers/{somebody.id}/codes"))["one_time_code"]
        tokens = await world.http.post("/v1/passwords", json={"one_time_code": code, "password": "zhong hua lu 17"})
        signed_in = Caller(world.http, somebody.id, tokens.json()["access_token"])
        text = (await signed_in.ask("GET", "/v1/me/data")).text
        for secret in ("argon2", code, tokens.json()["refresh_token"], signed_in.token):
            assert secret not in text

    async def test_is_logged(self, world: World) -> None:
        """That somebody had all their data is in the security log, and in the data; soon again is counted."""
        somebody = await world.somebody()
        for times in (1, 1):
            data = await somebody.get("/v1/me/data")
            exported = [each for each in data["security_events"] if each["kind"] == "data-exported"]
            assert [each["actor"] for each in exported] == [somebody.id] * times
        found = await world.administrator.get("/v1/audit/security", actor=somebody.id, kind="data-exported")
        assert [each["detail"] for each in found["items"]] == [{"route": "/v1/me/data", "as": "volunteer"}]

    async def test_is_for_people_themselves(self, world: World) -> None:
        """No program has it, and no proxy: there is only one's own."""
        await world.organisation.get("/v1/me/data", expect=403)
        old, young = await world.somebody(), await world.somebody()
        await old.post(f"/v1/volunteers/{old.id}/proxies", {"proxy_volunteer_id": young.id})
        response = await young.ask("GET", "/v1/me/data", headers={"On-Behalf-Of": old.id})
        assert response.status_code == 403


async def test_an_office_held_again_is_listed_once(world: World) -> None:
    """Of two appointments to the same office the one that ended is not among the offices held."""
    auditor = await world.appointed("auditor")
    (first,) = (await world.administrator.get("/v1/appointments", volunteer_id=auditor.id))["items"]
    await world.administrator.post(f"/v1/appointments/{first['appointment_id']}/end", expect=200)
    body = {"volunteer_id": auditor.id, "office": "auditor"}
    again = await world.administrator.post("/v1/appointments", body, expect=201)
    held = [each["appointment_id"] for each in (await auditor.get("/v1/me"))["offices"]]
    assert held == [again["appointment_id"]]


def test_all_that_is_kept_of_somebody_is_told_or_named() -> None:
    """Of a table that has somebody in a row it is said by what of `GET /v1/me/data` they are told, or why not."""
    tables = re.findall(r"CREATE TABLE public\.(\w+) \((.*?)\n\)", SCHEMA.read_text(encoding="utf8"), re.DOTALL)
    somebody = re.compile(
        r"^    (volunteer_id|\w+_volunteer_id|beneficiary_id|earlier_id|kept_id|subject) ", re.MULTILINE
    )
    told = {table for tables in TOLD_AS.values() for table in tables}
    assert {name for name, columns in tables if somebody.search(columns)} == told | NOT_TOLD.keys()
    assert TOLD_AS.keys() == set(me.MyData.__struct_fields__)
