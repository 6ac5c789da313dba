"""Proving once more who one is, and seeing where one is signed in."""

import pytest

from tests.api.identity.door import (
    ADDRESSES,
    PASSWORD,
    PHONES,
    WRONG,
    Clock,
    Somebody,
    carrying,
    log_of,
    must_be_out,
    once_more,
    problem,
    refresh,
    settled_in,
    sign_in,
)  # fmt: skip
from tests.api.world import World, said, served
from timebank.api.http.devices import device_of
from timebank.identity import sessions
from timebank.identity.limits import attempts

PROVE = "/v1/sessions/current/prove"


ALLOWED = ["own-proxy", "fund-needed", "fund-needed"]
NEEDED = ["proof-needed"] * 3


async def acts_that_need_proof(world: World, somebody: Somebody) -> list[str]:
    """What somebody is told who tries things about themselves that need proof; nothing comes of them."""
    path = f"/v1/volunteers/{somebody.id}"
    asked = [
        ("POST", f"{path}/proxies", {"proxy_volunteer_id": somebody.id}),
        ("POST", f"{path}/leave", {"rest": "donate"}),
        ("POST", f"{path}/erase", {"rest": "donate"}),
    ]
    return [problem(await somebody.caller.ask(method, where, json=body))[1] for method, where, body in asked]


class TestProof:
    """What must not be done with a stolen token is done soon after one has said one's password, and not later."""

    async def test_signing_in_is_a_proof_for_minutes(self, door: World, clock: Clock) -> None:
        """Whoever has just signed in need not say it again; five minutes later they do."""
        somebody = await once_more(door, await settled_in(door))
        assert await acts_that_need_proof(door, somebody) == ALLOWED
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        assert await acts_that_need_proof(door, somebody) == NEEDED

    async def test_whoever_leaves_a_way_in_proves_it(self, door: World, clock: Clock) -> None:
        """A coordinator lets in plain members at any time, and makes others more than that only after a proof."""
        coordinator = await once_more(door, await settled_in(door))
        path = f"/v1/organisations/{door.garden}/members"
        await door.administrator.post(path, {"volunteer_id": coordinator.id, "role": "coordinator"}, expect=201)
        await coordinator.caller.post(f"{path}/{coordinator.id}/approve", expect=200)
        one, another = await settled_in(door), await settled_in(door)
        await another.caller.post(path, {"volunteer_id": another.id, "role": "verifier"}, expect=201)
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        for method, where, body in (
            ("POST", path, {"volunteer_id": one.id, "role": "coordinator"}),
            ("POST", f"{path}/{another.id}/approve", None),
            ("PATCH", f"{path}/{coordinator.id}", {"role": "verifier"}),
        ):
            assert problem(await coordinator.caller.ask(method, where, json=body))[1] == "proof-needed"
        await coordinator.caller.post(path, {"volunteer_id": one.id, "role": "member"}, expect=201)
        await coordinator.caller.post(PROVE, {"password": PASSWORD}, expect=200)
        await coordinator.caller.post(f"{path}/{another.id}/approve", expect=200)

    async def test_what_is_let_in_without_a_proof_is_a_plain_member(self, door: World, clock: Clock) -> None:
        """Whatever was asked for by then, and whether whoever approves names the role or does not."""
        path = f"/v1/organisations/{door.garden}/members"
        coordinator, another = await once_more(door, await settled_in(door)), await settled_in(door)
        await door.administrator.post(path, {"volunteer_id": coordinator.id, "role": "coordinator"}, expect=201)
        await coordinator.caller.post(f"{path}/{coordinator.id}/approve", expect=200)
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        await another.caller.post(path, {"volunteer_id": another.id, "role": "coordinator"}, expect=201)
        for body in (None, {}, {"role": "coordinator"}):
            approving = await coordinator.caller.ask("POST", f"{path}/{another.id}/approve", json=body)
            assert problem(approving)[1] == "proof-needed"
        approving = await coordinator.caller.ask("POST", f"{path}/{another.id}/approve", json={"role": "member"})
        assert problem(approving)[1] == "membership-is-another"
        await another.caller.post(f"{path}/{another.id}/decline", expect=200)
        await another.caller.post(path, {"volunteer_id": another.id}, expect=201)
        await coordinator.caller.post(f"{path}/{another.id}/approve", expect=200)

    async def test_administrators_prove_it_before_they_grant_themselves_more(self, door: World, clock: Clock) -> None:
        """A session that was left open makes no coordinator of the administrator whose it is."""
        path = f"/v1/organisations/{door.garden}/members"
        chief = await once_more(door, await settled_in(door))
        await door.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        await chief.caller.post(path, {"volunteer_id": chief.id, "role": "coordinator"}, expect=201)
        for body in (None, {"role": "coordinator"}):
            approving = await chief.caller.ask("POST", f"{path}/{chief.id}/approve", json=body)
            assert problem(approving)[1] == "proof-needed"
        await chief.caller.post(PROVE, {"password": PASSWORD}, expect=200)
        await chief.caller.post(f"{path}/{chief.id}/approve", expect=200)

    async def test_administrators_prove_it_before_they_end_an_office(self, door: World, clock: Clock) -> None:
        """With a stolen token nobody is put out of theirs; whoever proves who they are ends it."""
        made = "/v1/appointments", {"volunteer_id": (await settled_in(door)).id, "office": "auditor"}
        office = (await door.administrator.post(*made, expect=201))["appointment_id"]
        somebody = await settled_in(door)
        await door.administrator.post(made[0], {"volunteer_id": somebody.id, "office": "administrator"}, expect=201)
        somebody = await once_more(door, somebody)
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        path = f"/v1/appointments/{office}/end"
        assert problem(await somebody.caller.ask("POST", path, json={"reason": "x"}))[1] == "proof-needed"
        await somebody.caller.post(PROVE, {"password": PASSWORD}, expect=200)
        await somebody.caller.post(path, {"reason": "任期已满"}, expect=200)

    async def test_a_refresh_is_no_proof(self, door: World) -> None:
        """Whoever stole a refresh token has proved nothing with it."""
        somebody = await settled_in(door)
        long_ago = "update session set proved_at = now() - interval '1 day' where volunteer_id = $1"
        await door.services.pool.execute(long_ago, somebody.id)
        tokens = said(await refresh(door, somebody.tokens["refresh_token"]), 201)
        assert await acts_that_need_proof(door, somebody._replace(caller=carrying(door, tokens))) == NEEDED

    async def test_the_password_proves_it_in_this_session_only(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the password was said again it is done, for some minutes, in that session; the security log has it."""
        monkeypatch.setattr(sessions, "PROVED_MINUTES", 2)
        somebody = await settled_in(door)
        elsewhere = await once_more(door, somebody)
        clock.goes_on(minutes=3)
        assert await somebody.caller.post(PROVE, {"password": PASSWORD}, expect=200) == {"done": True}
        assert await acts_that_need_proof(door, somebody) == ALLOWED
        assert await acts_that_need_proof(door, elsewhere) == NEEDED
        clock.goes_on(minutes=3)
        assert await acts_that_need_proof(door, somebody) == NEEDED
        (given,) = await log_of(door, somebody.id, "proof-given")
        assert given["actor"] == somebody.id

    async def test_a_wrong_password_proves_nothing(self, door: World, clock: Clock) -> None:
        """And guessing it is slowed down as signing in is."""
        somebody = await settled_in(door)
        clock.goes_on(minutes=6)
        for _ in range(attempts.FREE_FAILURES):
            refused = await somebody.caller.post(PROVE, {"password": WRONG}, expect=401)
            assert refused["type"] == "/problems/sign-in-refused"
        await somebody.caller.post(PROVE, {"password": PASSWORD}, expect=429)
        assert await acts_that_need_proof(door, somebody) == NEEDED

    async def test_administrators_prove_themselves_to_act_for_others(self, door: World, clock: Clock) -> None:
        """An administrator's stolen token gives out no codes, makes no keys, appoints nobody and erases nobody."""
        chief, somebody = await settled_in(door), await settled_in(door)
        await door.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
        clock.goes_on(minutes=6)
        path, garden = f"/v1/volunteers/{somebody.id}", f"/v1/organisations/{door.garden}"
        asked = [
            (f"{path}/codes", None),
            (f"{path}/proxies", {"proxy_volunteer_id": chief.id}),
            (f"{path}/erase", None),
            (f"{path}/leave", None),
            (f"{garden}/keys", {"label": "x", "permissions": ["read"]}),
            ("/v1/appointments", {"volunteer_id": somebody.id, "office": "administrator"}),
        ]
        head = await door.services.ledger.store.head(door.bank_id)
        for where, body in asked:
            refused = await chief.caller.post(where, body, expect=401)
            assert refused["type"] == "/problems/proof-needed", where
        assert await door.services.ledger.store.head(door.bank_id) == head
        await chief.caller.post(PROVE, {"password": PASSWORD}, expect=200)
        await chief.caller.post(f"{path}/codes", expect=201)

    async def test_coordinators_prove_themselves_before_what_lasts(self, door: World, clock: Clock) -> None:
        """A coordinator's stolen token names no captain, takes up no group, and makes no invitation; a key may."""
        chief, thief = await settled_in(door), await settled_in(door)
        await door.joins(chief.caller, "coordinator")
        team_id, garden = await door.team(), f"/v1/organisations/{door.garden}"
        own = await thief.caller.post(f"{garden}/teams/proposals", {"name": "夜巡队"}, expect=201)
        clock.goes_on(minutes=6)
        head = await door.services.ledger.store.head(door.bank_id)
        for where, body in (
            (f"{garden}/teams/{team_id}/captain", {"volunteer_id": thief.id}),
            (f"{garden}/teams/{own['team_id']}/accept", None),
            (f"{garden}/invitations", {"people": 1_000, "until_day": "2199-12-31"}),
        ):
            assert (await chief.caller.post(where, body, expect=401))["type"] == "/problems/proof-needed", where
        assert await door.services.ledger.store.head(door.bank_id) == head
        await door.organisation.post(f"{garden}/teams/{own['team_id']}/accept", expect=200)

    async def test_a_key_proves_nothing(self, door: World) -> None:
        """Programs cannot prove who they are, and do nothing that needs it."""
        await door.organisation.post(PROVE, {"password": PASSWORD}, expect=403)
        body = {"label": "x", "permissions": ["read"]}
        await door.organisation.post(f"/v1/organisations/{door.garden}/keys", body, expect=403)

    async def test_holds_in_every_process(self, door: World, door_url: str) -> None:
        """Another process knows at once that somebody has proved it, and when that is over."""
        somebody = await settled_in(door)
        async with served(door_url) as (_, http):
            there = somebody._replace(caller=type(somebody.caller)(http, somebody.id, somebody.tokens["access_token"]))
            for proved, expected in ((True, ALLOWED), (False, NEEDED), (True, ALLOWED)):
                since = "now()" if proved else "now() - interval '6 minutes'"
                change = f"update session set proved_at = {since} where session_id = $1"
                await door.services.pool.execute(change, somebody.tokens["session_id"])
                assert await acts_that_need_proof(door, there) == expected


class TestSessionsListed:
    """One sees where one is signed in, and what is not one's own can be ended."""

    async def test_with_device_and_last_use(self, door: World, clock: Clock) -> None:
        """Each session says on which device it is, when it was used last, and whether from where one is now."""
        somebody, home = await settled_in(door), next(ADDRESSES)
        asked = {"login": somebody.number, "password": PASSWORD}
        wechat = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116 MicroMessenger/8.0"
        headers = {"X-Forwarded-For": home, "User-Agent": wechat}
        phone = carrying(door, said(await door.http.post("/v1/sessions", json=asked, headers=headers), 201))
        await phone.ask("GET", "/v1/me", headers=headers)
        clock.goes_on(minutes=7)
        (older, newer) = await somebody.caller.get("/v1/sessions")
        assert (older["is_current"], newer["is_current"]) == (True, False)
        assert (older["same_address"], newer["same_address"]) == (True, False)
        assert (older["device"], newer["device"]) == ("python-httpx", "WeChat on Android")
        (_, seen) = (await phone.ask("GET", "/v1/sessions", headers=headers)).json()
        assert (seen["is_current"], seen["same_address"]) == (True, True)
        rows = await door.services.pool.fetch("select s::text as row from session s where volunteer_id = $1", phone.id)
        assert home not in str(rows)
        assert "Mozilla" not in str(rows)

    async def test_last_use_is_noted_once_a_minute(self, door: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of many requests in a minute one is noted, with a moment of its own."""
        somebody = await settled_in(door)
        noted: list[str] = []

        async def used(session_id: str, _visit: object) -> None:
            noted.append(session_id)

        monkeypatch.setattr(door.services.sign_in.sessions, "used", used)
        for _ in range(5):
            await somebody.caller.get("/v1/me")
        assert noted == [somebody.tokens["session_id"]]

    async def test_last_use_moves_on(self, door: World, clock: Clock) -> None:
        """What is noted is the time of the request, and whence it came."""
        somebody = await settled_in(door)
        clock.goes_on(minutes=2)
        await somebody.caller.get("/v1/me")
        (seen,) = await somebody.caller.get("/v1/sessions")
        assert seen["last_used_at"] != seen["started_at"]

    async def test_administrators_end_them_all(self, door: World) -> None:
        """Sessions of somebody whose phone was stolen are ended by the office, at once; it is written down by whom."""
        somebody = await settled_in(door)
        twice = [somebody, await once_more(door, somebody)]
        path = f"/v1/volunteers/{somebody.id}/sessions"
        for caller in (door.volunteer, door.coordinator, door.organisation):
            assert (await caller.ask("DELETE", path)).status_code in {403, 404}
        assert said(await door.administrator.ask("DELETE", path), 200) == {"done": True}
        for each in twice:
            await must_be_out(each.caller)
        assert said(await door.administrator.ask("DELETE", path), 200) == {"done": False}
        said(await door.administrator.ask("DELETE", "/v1/volunteers/vol_0/sessions"), 404)
        (_, ended) = await log_of(door, somebody.id, "sessions-ended")
        assert (ended["actor"], ended["subject"]) == (door.administrator.id, somebody.id)
        assert ended["detail"] == {"as": "administrator", "sessions": 2}
        said(await sign_in(door, somebody.number), 201)


@pytest.mark.parametrize(
    ("said_by_it", "device"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
         "Chrome on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/107 MicroMessenger/8.0", "WeChat on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox on Mac"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0", "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0 (unheard of)", ""),
        ("", ""),
        ("\u4e2d\u6587", ""),
        ("x" * 5000, "x" * 60),
    ],
)  # fmt: skip
def test_a_device_is_told_in_a_few_words(said_by_it: str, device: str) -> None:
    """Program and system are told; what a header says beyond that is kept nowhere."""
    assert device_of(said_by_it) == device


async def test_a_stolen_token_does_not_change_the_phone(door: World, clock: Clock) -> None:
    """Another phone is put in with proof only; other personal data without."""
    somebody = await settled_in(door, phone=next(PHONES))
    path = f"/v1/volunteers/{somebody.id}"
    clock.goes_on(minutes=6)
    for phone in (next(PHONES), None):
        refused = await somebody.caller.patch(path, {"phone": phone}, expect=401)
        assert refused["type"] == "/problems/proof-needed"
    await somebody.caller.patch(path, {"skills": ["书法"]}, expect=200)
    await somebody.caller.post(PROVE, {"password": PASSWORD}, expect=200)
    await somebody.caller.patch(path, {"phone": next(PHONES)}, expect=200)
