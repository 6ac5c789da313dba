"""People are told what others did on their account, and what they would know as their own doing."""

from collections.abc import AsyncIterator
from typing import Any, get_type_hints

import pytest

from tests.api.conftest import kept
from tests.api.identity.door import ADDRESSES, OTHER, PASSWORD, Somebody, code_for, settled_in
from tests.api.world import Caller, World, said, settled
from tests.helpers.authenticator import shown
from timebank.api.http.devices import device_of
from timebank.domain.identifiers import VolunteerId
from timebank.domain.vocabulary import FACTS, TOLD
from timebank.identity.security_log import SQL
from timebank.runtime.clock import utc_now

MINE = "/v1/me/notices"

NOT_TOLD = {
    *("reservation-expired", "volunteer-erased"),
    *("service-proposed", "proposal-withdrawn", "activity-closed", "merge-declined"),
}
"""No person makes a reservation expire."""


@pytest.fixture(scope="module")
async def world(module_url: str) -> AsyncIterator[World]:
    """A bank behind a reverse proxy, so that everybody can come from an address of their own."""
    async with kept(settled(module_url, trusted_proxies="127.0.0.1")) as world:
        yield world


async def told(caller: Caller, path: str = MINE, **params: Any) -> list[dict[str, Any]]:
    """The notices, latest first."""
    items: list[dict[str, Any]] = (await caller.get(path, **({"limit": 500} | params)))["items"]
    return items


def kinds(items: list[dict[str, Any]]) -> list[str]:
    """Of which kinds they are, first things first."""
    return [each["kind"] for each in reversed(items)]


async def enter(world: World, who: Somebody, address: str, device: str) -> Any:
    """They sign in from somewhere, with something."""
    headers = {"X-Forwarded-For": address, "User-Agent": device}
    asked = {"login": who.number, "password": PASSWORD}
    return said(await world.http.post("/v1/sessions", json=asked, headers=headers), 201)


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"


class TestWhatIsTold:
    """Each act of others on an account, and whose it was."""

    async def test_records_roles_proxies_and_offices(self, world: World) -> None:
        """Who registered one, took one in, logged, confirmed, appointed: each is named, with the right they had."""
        somebody, proxy = await world.somebody(), await world.somebody()
        members = f"/v1/organisations/{world.garden}/members"
        await world.coordinator.post(members, {"volunteer_id": somebody.id}, expect=201)
        await world.confirmed(somebody.id)
        path, asked = f"/v1/volunteers/{somebody.id}/proxies", {"proxy_volunteer_id": proxy.id, "scopes": ["view"]}
        await world.administrator.post(path, asked, expect=201)
        office = {"volunteer_id": somebody.id, "office": "auditor"}
        await world.administrator.post("/v1/appointments", office, expect=201)
        items = await told(somebody)
        assert [(each["kind"], each["by"], each["authority"]) for each in reversed(items)] == [
            ("volunteer-registered", world.administrator.id, "administrator"),
            ("membership-invited", world.coordinator.id, "volunteer"),
            ("service-logged", world.garden, "organisation"),
            ("service-confirmed", world.verifier.id, "volunteer"),
            ("proxy-appointed", world.administrator.id, "administrator"),
            ("appointment-made", world.administrator.id, "administrator"),
        ]
        assert items[0]["detail"]["office"] == "auditor"
        assert "proxy-appointed" in kinds(await told(proxy)), "so is whoever is made a proxy"

    async def test_what_becomes_of_an_activity(self, world: World) -> None:
        """Whoever signed up reads that it is otherwise, or does not take place, and why; nobody else does."""
        staying, leaving, stranger = [await world.somebody() for _ in range(3)]
        activity_id = await world.activity(starts_in=48)
        for each in (staying, leaving):
            await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
        await leaving.post(f"/v1/activities/{activity_id}/sign-ups/withdraw", {}, expect=200)
        read = (await staying.get(MINE))["latest"]
        await staying.post(f"{MINE}/read", {"up_to": read})
        seen = await world.coordinator.get(f"/v1/activities/{activity_id}")
        names = ("name", "category", "content", "starts_at", "ends_at", "leader_id")
        plan = {name: seen[name] for name in names} | {"place": "五号楼"}
        await world.coordinator.post(f"/v1/activities/{activity_id}/change", plan, expect=200)
        await world.coordinator.post(f"/v1/activities/{activity_id}/cancel", {"reason": "暴雨"}, expect=200)
        cancelled, changed = await told(staying, unread=True)
        assert (changed["kind"], changed["detail"]["plan"]["place"]) == ("activity-changed", "五号楼")
        assert (cancelled["kind"], cancelled["detail"]["reason"]) == ("activity-cancelled", "暴雨")
        assert (await staying.get("/v1/me"))["unread_notices"] == 2
        for each in (leaving, stranger):
            assert not [kind for kind in kinds(await told(each)) if kind.startswith("activity-")]

    async def test_what_a_proxy_does(self, world: World) -> None:
        """Each act in one's name, by whom."""
        somebody, proxy = await world.somebody(), await world.somebody()
        path = f"/v1/volunteers/{somebody.id}"
        scopes = {"proxy_volunteer_id": proxy.id, "scopes": ["personal-data"]}
        await somebody.post(f"{path}/proxies", scopes, expect=201)
        headers = {"On-Behalf-Of": somebody.id}
        said(await proxy.ask("PATCH", path, json={"skills": ["书法"]}, headers=headers), 200)
        (_, appointed, *acts) = reversed(await told(somebody))
        assert (appointed["kind"], appointed["by"]) == ("proxy-appointed", somebody.id), "of what lasts one is told"
        assert {each["kind"] for each in acts} == {"personal-data-changed", "proxy-used"}
        assert {(each["by"], each["on_behalf_of"]) for each in acts} == {(proxy.id, somebody.id)}

    async def test_what_a_proxy_spends(self, world: World) -> None:
        """Whose time it was reads of each gift, donation and redemption, and by whom; strangers of none of it.

        Whoever gets a gift is told who gave it, and not who that one's proxy is.
        """
        somebody, proxy, friend = await world.with_credit(600), await world.somebody(), await world.somebody()
        scopes = {"proxy_volunteer_id": proxy.id, "scopes": ["give", "redeem"]}
        await somebody.post(f"/v1/volunteers/{somebody.id}/proxies", scopes, expect=201)
        headers = {"On-Behalf-Of": somebody.id}
        before = len(await told(somebody)), len(await told(friend)), len(await told(world.recorder))
        fund_id, reward_id = await world.fund(), await world.reward()
        for path, body in (
            ("/v1/gifts", {"to_volunteer_id": friend.id, "minutes": 30}),
            ("/v1/donations", {"fund_id": fund_id, "minutes": 20}),
            (f"/v1/rewards/{reward_id}/redemptions", {"beneficiary_id": friend.id}),
        ):
            said(await proxy.ask("POST", path, json=body, headers=headers), 201)
        news = list(reversed(await told(somebody)))[before[0] :]
        assert {(each["by"], each["on_behalf_of"]) for each in news} == {(proxy.id, somebody.id)}
        assert [each["kind"] for each in news if each["kind"] != "proxy-used"] == [
            "credit-given", "credit-donated", "reward-reserved"
        ]  # fmt: skip
        (gift,) = (await told(friend))[: -before[1]]
        assert (gift["kind"], gift["by"], gift["on_behalf_of"]) == ("credit-given", somebody.id, None)
        assert proxy.id not in str(gift)
        assert len(await told(world.recorder)) == before[2]

    async def test_what_the_office_donates(self, world: World) -> None:
        """Two administrators give to a fund what somebody has, who reads both: that they left, and what was donated."""
        somebody, fund_id, another = (
            await world.with_credit(45),
            await world.fund(),
            await world.appointed("administrator"),
        )
        path = f"/v1/volunteers/{somebody.id}"
        asked = {"rest": "donate", "fund_id": fund_id}
        await world.administrator.post(f"{path}/leave", {"rest": "hold"}, expect=200)
        await world.administrator.post(f"{path}/erase", asked, expect=403)
        await another.post(f"{path}/erase", asked, expect=200)
        seen = kinds(await told(world.administrator, f"{path}/notices"))
        assert {"volunteer-left", "credit-donated"} <= set(seen)

    async def test_what_one_does_oneself_is_no_notice(self, world: World) -> None:
        """The list is not buried under what its owner does every day."""
        somebody = await world.with_credit(120)
        before = await told(somebody)
        path = f"/v1/volunteers/{somebody.id}"
        await somebody.post(f"{path}/consents", {"purpose": "leaderboard", "granted": True}, expect=200)
        said(await somebody.ask("PATCH", path, json={"skills": ["书法"]}), 200)
        await world.redeem(somebody, await world.reward())
        await somebody.get("/v1/me/data")
        assert await told(somebody) == before

    async def test_an_account_that_is_taken_over(self, world: World) -> None:
        """An administrator who makes a code, and whoever chooses a password with it, are seen by the owner."""
        owner = await settled_in(world)
        address = next(ADDRESSES)
        await enter(world, owner, address, FIREFOX)
        code = await code_for(world, owner.id)
        asked = {"one_time_code": code, "password": OTHER}
        headers = {"X-Forwarded-For": next(ADDRESSES), "User-Agent": SAFARI}
        said(await world.http.post("/v1/passwords", json=asked, headers=headers), 201)
        again = await world.caller(owner.id)
        issued, was_set, device = (await told(again))[2::-1]
        assert (issued["kind"], issued["by"]) == ("code-issued", world.administrator.id)
        assert (was_set["kind"], was_set["detail"]) == ("password-set", {"how": "code"})
        assert device["kind"] == "new-device"
        assert "iPhone" in device["detail"]["device"]

    async def test_resets_and_ended_sessions(self, world: World) -> None:
        """What administrators do to get somebody in, or out, is told to them."""
        somebody = await settled_in(world)
        factor = "/v1/me/second-factor"
        secret = (await somebody.caller.post(factor, expect=200))["secret"]
        await somebody.caller.post(f"{factor}/confirm", {"code": shown(secret, utc_now())}, expect=200)
        path = f"/v1/volunteers/{somebody.id}"
        await world.administrator.post(f"{path}/second-factor/reset", expect=200)
        said(await world.administrator.ask("DELETE", f"{path}/sessions"), 200)
        items = await told(await world.caller(somebody.id))
        assert kinds(items)[-3:] == ["second-factor-set", "second-factor-reset", "sessions-ended"]
        assert [each["by"] for each in items[:3]] == [world.administrator.id, world.administrator.id, somebody.id]

    async def test_a_new_device_or_place(self, world: World) -> None:
        """Signing in with what one had, where one was, is no news; with anything else, or elsewhere, it is."""
        somebody = await settled_in(world)
        home, away = next(ADDRESSES), next(ADDRESSES)
        news = []
        for address, device in ((home, FIREFOX), (home, FIREFOX), (home, SAFARI), (away, FIREFOX), (away, FIREFOX)):
            before = len(await told(somebody.caller))
            await enter(world, somebody, address, device)
            news.append(len(await told(somebody.caller)) - before)
        assert news == [1, 0, 1, 1, 0]

    async def test_where_a_token_was_used_is_no_known_place(self, world: World) -> None:
        """Whoever had somebody's token for a moment, and signs in as them later, is noticed all the same."""
        somebody = await settled_in(world)
        home, away = next(ADDRESSES), next(ADDRESSES)
        tokens = await enter(world, somebody, home, FIREFOX)
        headers = {"Authorization": f"Bearer {tokens['access_token']}", "X-Forwarded-For": away, "User-Agent": SAFARI}
        said(await world.http.get("/v1/me", headers=headers), 200)
        query = "select count(*) from session where volunteer_id = $1 and device = $2"
        used_at = await world.services.pool.fetchval(query, somebody.id, device_of(SAFARI))
        assert used_at == 1, "the list of sessions says where it was used last"
        before = len(await told(somebody.caller))
        proof = {"headers": headers, "json": {"password": PASSWORD}}
        for _ in range(2):
            said(await world.http.post("/v1/sessions/current/prove", **proof), 200)
            assert len(await told(somebody.caller)) == before + 1, "there they are known now"
        elsewhere = next(ADDRESSES)
        await enter(world, somebody, elsewhere, SAFARI)
        assert len(await told(somebody.caller)) == before + 2

    def test_every_fact_about_somebody_is_told_or_not_on_purpose(self) -> None:
        """A new kind of fact that names a volunteer is decided on here."""
        about = {topic for topic, fact in FACTS.items() if VolunteerId in _kinds_of_fields(fact)}
        assert set(TOLD) == about - NOT_TOLD


def _kinds_of_fields(fact: type) -> set[Any]:
    hints = get_type_hints(fact).values()
    return {part for hint in hints for part in (hint, *getattr(hint, "__args__", ()))}


def unnamed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Notices without the names in them, of which each sees as much as they may."""
    return [{key: value for key, value in item.items() if not key.endswith("_name")} for item in items]


class TestWhoSeesIt:
    """The owner, administrators and auditors; nobody else."""

    async def test_auditors_see_the_same(self, world: World) -> None:
        """The list that somebody sees is the list that an auditor sees, names aside, who leaves a trace in looking."""
        somebody, auditor = await settled_in(world), await world.appointed("auditor")
        await world.confirmed(somebody.id)
        path = f"/v1/volunteers/{somebody.number}/notices"
        own = unnamed(await told(somebody.caller))
        for office in (auditor, world.administrator):
            assert unnamed(await told(office, path)) == own
        entries = (await auditor.get("/v1/audit/security", kind="people-read", actor=auditor.id))["items"]
        assert entries[0]["detail"]["volunteer"] == somebody.id

    async def test_to_others_there_is_none(self, world: World) -> None:
        """Not to colleagues of one's organisation, nor to its programs; and nobody says for others what was read."""
        somebody = await world.somebody()
        for caller in (world.volunteer, world.coordinator, world.organisation):
            assert (await caller.ask("GET", f"/v1/volunteers/{somebody.id}/notices")).status_code in {403, 404}
        path = f"/v1/volunteers/{somebody.id}/notices/read"
        assert (await world.administrator.ask("POST", path, json={"up_to": "1-1"})).status_code == 404
        await world.administrator.get("/v1/volunteers/vol_0/notices", expect=404)


class TestReading:
    """Page by page, and what is new."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    async def test_pages_come_to_the_whole(self, world: World, limit: int) -> None:
        """However long the pages are, every notice of both logs is on one of them, in order."""
        somebody = await settled_in(world)
        for n in range(3):
            await world.log(somebody.id, days_ago=n + 1)
            await code_for(world, somebody.id)
        whole, paged, after = await told(somebody.caller), [], None
        while True:
            page = await somebody.caller.get(MINE, limit=limit, **({"after": after} if after else {}))
            paged += page["items"]
            after = page["next"]
            if after is None:
                break
        assert paged == whole
        assert len(whole) >= 8
        assert [each["at"] for each in whole] == sorted((each["at"] for each in whole), reverse=True)
        for wrong in ("x", "1", "1-", "-1", "1-1\n", "9" * 17 + "-1"):
            assert (await somebody.caller.ask("GET", MINE, params={"after": wrong})).status_code == 400

    async def test_what_is_new_is_counted_until_it_was_read(self, world: World) -> None:
        """`GET /v1/me` says how many there are to read; reading them is said once, and never taken back."""
        somebody = await settled_in(world)

        async def unread() -> int:
            count: int = (await somebody.caller.get("/v1/me"))["unread_notices"]
            assert count == len(await told(somebody.caller, unread=True))
            return count

        page = await somebody.caller.get(MINE)
        assert await unread() == len(page["items"]) > 0
        await somebody.caller.post(f"{MINE}/read", {"up_to": page["latest"]}, expect=200)
        assert await unread() == 0
        await world.log(somebody.id)
        await code_for(world, somebody.id)
        assert await unread() == 2
        await somebody.caller.post(f"{MINE}/read", {"up_to": page["latest"]}, expect=200)
        assert await unread() == 2
        latest = (await somebody.caller.get(MINE, limit=1))["latest"]
        await somebody.caller.post(f"{MINE}/read", {"up_to": latest}, expect=200)
        assert await unread() == 1, "only what was on the page was read: of each log as far as it showed"
        await somebody.caller.post(f"{MINE}/read", {"up_to": "0-0"}, expect=200)
        assert await unread() == 1

    async def test_what_has_not_happened_yet_is_not_read(self, world: World) -> None:
        """Whoever stole a token does not have its owner miss what they do next: saying so far ahead says no more."""
        somebody = await settled_in(world)
        latest = (await somebody.caller.get(MINE))["latest"]
        said_so = await somebody.caller.post(f"{MINE}/read", {"up_to": f"{'9' * 16}-{'9' * 16}"}, expect=200)
        assert said_so == {"up_to": latest}
        await world.log(somebody.id)
        await code_for(world, somebody.id)
        assert (await somebody.caller.get("/v1/me"))["unread_notices"] == 2

    async def test_the_security_log_is_not_searched_through(self, world: World) -> None:
        """Whoever has many entries of other kinds, as administrators do, has their notices from an index of them."""
        async with world.services.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local enable_seqscan = off")
            plan = await connection.fetch(f"explain {SQL['notices']}", world.bank_id, "vol_1", 2**53, 0, 50)
        assert any("security_event_notice" in row[0] for row in plan), plan
