"""A second factor: set, asked for, lost; and what administrators may without one."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.identity.door import (
    ADDRESSES,
    OTHER,
    PASSWORD,
    WRONG,
    Clock,
    Somebody,
    carrying,
    code_for,
    log_of,
    problem,
    settled_in,
    sign_in,
    use_code,
)
from tests.api.world import World, said, served, settled, wide
from tests.helpers.authenticator import shown
from tests.helpers.described import usual_app
from timebank.api.http.guard import table_of
from timebank.identity import second_factor, sessions
from timebank.identity.limits.throttle import Rate
from timebank.identity.second_factor import _Factor, _step_of, _used
from timebank.identity.security_log import Visit
from timebank.runtime.clock import utc_now

MY = "/v1/me/second-factor"
PROVE = "/v1/sessions/current/prove"


class Armed(NamedTuple):
    """Somebody with an authenticator, and recovery codes on paper."""

    somebody: Somebody
    secret: str
    recovery: list[str]

    def code(self, at: datetime) -> str:
        """What the authenticator shows at a moment."""
        return shown(self.secret, at)


async def armed(world: World, clock: Clock) -> Armed:
    """Somebody who sets a second factor, and whose next code is a new one."""
    somebody = await settled_in(world)
    told = await somebody.caller.post(MY, expect=200)
    code = shown(told["secret"], clock.now)
    codes = (await somebody.caller.post(f"{MY}/confirm", {"code": code}, expect=200))["recovery_codes"]
    clock.goes_on(seconds=30)
    return Armed(somebody, told["secret"], codes)


async def enter(world: World, who: Armed, second_factor: str | None, password: str = PASSWORD) -> httpx.Response:
    """The answer to somebody who signs in with a second factor, from somewhere else each time."""
    return await sign_in(world, who.somebody.number, password, second_factor=second_factor)


class TestSetting:
    """A second factor is set by a code of it, so that nobody locks themselves out by a slip."""

    async def test_it_is_confirmed_by_a_code(self, door: World, clock: Clock) -> None:
        """Begun, it changes nothing; a code that the authenticator shows sets it, and brings recovery codes, once."""
        somebody = await settled_in(door)
        assert await somebody.caller.get(MY) == {
            "is_set": False, "since": None, "recovery_codes_left": 0, "required_from": None
        }  # fmt: skip
        assert problem(await somebody.caller.ask("POST", f"{MY}/confirm", json={"code": "123456"})) == (
            409, "second-factor-missing"
        )  # fmt: skip
        told = await somebody.caller.post(MY, expect=200)
        said(await sign_in(door, somebody.number), 201)
        code = shown(told["secret"], clock.now)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        refused = await somebody.caller.ask("POST", f"{MY}/confirm", json={"code": wrong})
        assert problem(refused) == (422, "second-factor-code-wrong")
        codes = (await somebody.caller.post(f"{MY}/confirm", {"code": wide(code)}, expect=200))["recovery_codes"]
        assert len(set(codes)) == second_factor.RECOVERY_CODES
        state = await somebody.caller.get(MY)
        assert (state["is_set"], state["recovery_codes_left"]) == (True, second_factor.RECOVERY_CODES)
        (was_set,) = await log_of(door, somebody.id, "second-factor-set")
        assert was_set["actor"] == somebody.id

    async def test_its_address_is_what_authenticators_read(self, door: World) -> None:
        """The address has the secret, the bank and the number, and the parameters that all authenticators know."""
        somebody = await settled_in(door)
        told = await somebody.caller.post(MY, expect=200)
        parts = urlsplit(told["uri"])
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        assert parts.path.endswith(somebody.number)
        said_there = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert said_there == {
            "secret": told["secret"], "issuer": "Test bank", "algorithm": "SHA1", "digits": "6", "period": "30"
        }  # fmt: skip
        assert len(base64.b32decode(told["secret"])) == 20

    async def test_a_stolen_token_sets_none(self, door: World, clock: Clock) -> None:
        """Whoever could set a second factor on somebody's account would lock them out: it needs proof."""
        somebody = await settled_in(door)
        clock.goes_on(minutes=6)
        assert problem(await somebody.caller.ask("POST", MY)) == (401, "proof-needed")

    async def test_is_sealed(self, door: World, clock: Clock) -> None:
        """Neither the secret nor a recovery code is anywhere in the database in clear."""
        who = await armed(door, clock)
        rows = str(await door.services.pool.fetch("select s::text as row from sealed_secret s"))
        raw = base64.b32decode(who.secret)
        for secret in (who.secret, raw.hex(), base64.b64encode(raw).decode(), *who.recovery):
            assert secret not in rows
            assert secret.encode().hex() not in rows

    async def test_another_takes_its_place(self, door: World, clock: Clock) -> None:
        """A new phone: with the old factor as proof another is begun, and counts once it is confirmed."""
        who = await armed(door, clock)
        await who.somebody.caller.post(PROVE, {"second_factor": who.code(clock.now)}, expect=200)
        told = await who.somebody.caller.post(MY, expect=200)
        clock.goes_on(seconds=30)
        said(await enter(door, who, who.code(clock.now)), 201)
        new = who._replace(secret=told["secret"])
        await who.somebody.caller.post(f"{MY}/confirm", {"code": new.code(clock.now)}, expect=200)
        clock.goes_on(seconds=30)
        assert problem(await enter(door, who, who.code(clock.now))) == (401, "second-factor-refused")
        said(await enter(door, new, new.code(clock.now)), 201)
        assert problem(await enter(door, new, who.recovery[0])) == (401, "second-factor-refused")


class TestHalfWay:
    """Whoever knows the password only, or has what else stands for it, takes nothing from whoever has both."""

    @pytest.mark.parametrize("given", [None, "000000", "not a recovery code"])
    async def test_uses_up_no_sign_ins(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch, given: str | None
    ) -> None:
        """From however many addresses: the owner comes in, and what failed there stays failed."""
        who, home = await armed(door, clock), next(ADDRESSES)
        number, code = who.somebody.number, who.code(clock.now)
        said(await sign_in(door, number, second_factor=code, address=home), 201)
        monkeypatch.setattr(door.services.sign_in, "_entries", Rate(3))
        for _ in range(4):
            assert (await enter(door, who, given)).status_code == 401
        clock.goes_on(seconds=30)
        said(await sign_in(door, number, second_factor=who.code(clock.now), address=home), 201)
        failed = "select volunteer_id from sign_in_attempt where failures > 0 and login = $1"
        login = door.services.sign_in._attempts.login(number)
        assert [row["volunteer_id"] for row in await door.services.pool.fetch(failed, login)] == [who.somebody.id] * 4

    async def test_waits_longer_each_time(self, door: World, clock: Clock) -> None:
        """The sixth time at one address without the factor waits, as the sixth wrong password does."""
        who, address = await armed(door, clock), next(ADDRESSES)
        for _ in range(5):
            assert problem(await sign_in(door, who.somebody.number, address=address)) == (401, "second-factor-needed")
        assert (await sign_in(door, who.somebody.number, address=address)).status_code == 429

    async def test_a_provider_s_account_ends_no_session(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Sessions that wait for the second factor end none in which it was said, and use up no sign-ins."""
        who = await armed(door, clock)
        monkeypatch.setattr(sessions, "MOST_SESSIONS", 3)
        monkeypatch.setattr(door.services.sign_in, "_entries", Rate(5))
        visit = Visit(clock.now, "192.0.2.9", "test")
        link = "insert into oidc_identity (bank_id, issuer, subject, volunteer_id) values ($1, 'https://idp', $2, $2)"
        await door.services.pool.execute(link, door.bank_id, who.somebody.id)
        for _ in range(5):
            await door.services.sign_in.from_provider(door.bank_id, who.somebody.id, visit)
        await who.somebody.caller.get("/v1/me")
        said(await enter(door, who, who.code(clock.now)), 201)

    async def test_a_code_uses_up_no_choices(self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever has a code of the office, and chooses password after password, keeps the owner from none."""
        who = await armed(door, clock)
        monkeypatch.setattr(door.services.sign_in, "_choices", Rate(2))
        code = await code_for(door, who.somebody.id)
        answers = [await use_code(door, code) for _ in range(3)]
        assert [each.status_code for each in answers] == [401, 401, 429]
        await who.somebody.caller.post(PROVE, {"second_factor": who.code(clock.now)}, expect=200)
        change = {"old_password": PASSWORD, "new_password": OTHER}
        await who.somebody.caller.post("/v1/passwords/change", change, expect=200)


class TestSigningIn:
    """Whoever has a second factor does not get in without."""

    async def test_it_is_asked_for(self, door: World, clock: Clock) -> None:
        """The right password alone is told that more is needed; a wrong one is told what it always is."""
        who = await armed(door, clock)
        assert problem(await enter(door, who, None)) == (401, "second-factor-needed")
        code = who.code(clock.now)
        assert problem(await enter(door, who, code, WRONG)) == (401, "sign-in-refused")
        tokens = said(await enter(door, who, f"{code[:3]} {code[3:]}"), 201)
        await carrying(door, tokens).get("/v1/me")

    async def test_a_code_is_good_once(self, door: World, clock: Clock) -> None:
        """A code that somebody watched over one's shoulder lets nobody in again, nor does the one before it."""
        who = await armed(door, clock)
        earlier = who.code(clock.now)
        clock.goes_on(seconds=30)
        code = who.code(clock.now)
        answers = await asyncio.gather(*(enter(door, who, code) for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [201, 401, 401]
        for old in (code, earlier):
            assert problem(await enter(door, who, old)) == (401, "second-factor-refused")
        clock.goes_on(seconds=30)
        said(await enter(door, who, who.code(clock.now)), 201)

    async def test_guessing_is_slowed_down_for_the_account(self, door: World, clock: Clock) -> None:
        """From wherever the guesses come, after five each waits longer; and the owner gets in with a recovery code."""
        who = await armed(door, clock)
        wrong = f"{(int(who.code(clock.now)) + 1) % 10**6:06}"
        answers = [await enter(door, who, wrong) for _ in range(7)]
        assert [each.status_code for each in answers] == [401] * 5 + [429] * 2
        assert problem(await enter(door, who, who.code(clock.now))) == (429, "too-many-attempts")
        assert len(await log_of(door, who.somebody.id, "second-factor-refused")) == 5
        said(await enter(door, who, who.recovery[3]), 201)
        said(await enter(door, who, who.code(clock.now)), 201)

    async def test_whoever_is_at_home_is_not_slowed_down(self, door: World, clock: Clock) -> None:
        """Wrong codes from elsewhere do not hold up an address that has signed in to the account before."""
        who, home = await armed(door, clock), next(ADDRESSES)
        number, wrong = who.somebody.number, f"{(int(who.code(clock.now)) + 1) % 10**6:06}"
        said(await sign_in(door, number, second_factor=who.recovery[0], address=home), 201)
        assert [(await enter(door, who, wrong)).status_code for _ in range(6)] == [401] * 5 + [429]
        said(await sign_in(door, number, second_factor=wide(who.code(clock.now)), address=home), 201)
        at_home = [await sign_in(door, number, second_factor=wrong, address=home) for _ in range(6)]
        assert [each.status_code for each in at_home] == [401] * 5 + [429]

    async def test_a_password_alone_changes_no_password(self, door: World, clock: Clock) -> None:
        """Whoever stole token and password does not end the owner's other sessions; with the factor it is changed."""
        who, change = await armed(door, clock), {"old_password": PASSWORD, "new_password": OTHER}
        clock.goes_on(minutes=sessions.PROVED_MINUTES)
        told = await who.somebody.caller.ask("POST", "/v1/passwords/change", json=change)
        assert problem(told) == (401, "proof-needed")
        await who.somebody.caller.post(PROVE, {"second_factor": who.code(clock.now)}, expect=200)
        await who.somebody.caller.post("/v1/passwords/change", change, expect=200)

    async def test_recovery_codes_are_not_tried_without_end(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So many a minute from one address, as each wrong one is written down; from elsewhere the owner gets in."""
        who, home = await armed(door, clock), {"X-Forwarded-For": next(ADDRESSES)}
        monkeypatch.setattr(door.services.second_factors, "_tries", Rate(3))
        tried = [
            await who.somebody.caller.ask("POST", PROVE, json={"second_factor": f"aaaa-bbbb-{n:04}"}, headers=home)
            for n in range(5)
        ]
        assert [each.status_code for each in tried] == [401] * 3 + [429] * 2
        assert len(await log_of(door, who.somebody.id, "second-factor-refused")) == 3
        said(await enter(door, who, who.recovery[0]), 201)

    async def test_nobody_finds_the_code_of_a_factor_that_is_being_set(
        self, door: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever stole a token meanwhile tries a few codes a minute, of a million; the right one is good later."""
        somebody = await settled_in(door)
        secret = (await somebody.caller.post(MY, expect=200))["secret"]
        monkeypatch.setattr(door.services.second_factors, "_tries", Rate(3))
        wrong, right = (shown(secret, clock.now + timedelta(hours=hours)) for hours in (1, 0))
        for code, status in ((wrong, 422), (wrong, 422), (wrong, 422), (wrong, 429), (right, 429)):
            await somebody.caller.post(f"{MY}/confirm", {"code": code}, expect=status)
        clock.goes_on(minutes=1)
        await somebody.caller.post(f"{MY}/confirm", {"code": shown(secret, clock.now)}, expect=200)

    async def test_recovery_codes_are_good_once_each(self, door: World, clock: Clock) -> None:
        """However it is written; a used one is none, and the security log says that one was used."""
        who = await armed(door, clock)
        said(await enter(door, who, who.recovery[0].replace("-", " ").lower()), 201)
        assert problem(await enter(door, who, who.recovery[0])) == (401, "second-factor-refused")
        said(await enter(door, who, who.recovery[1]), 201)
        assert (await who.somebody.caller.get(MY))["recovery_codes_left"] == second_factor.RECOVERY_CODES - 2
        assert len(await log_of(door, who.somebody.id, "recovery-code-used")) == 2

    async def test_a_one_time_code_is_no_way_around(self, door: World, clock: Clock) -> None:
        """Who gives out codes for new passwords does not get into accounts by them; the code is not used up."""
        who = await armed(door, clock)
        code = await code_for(door, who.somebody.id)
        assert problem(await use_code(door, code, OTHER)) == (401, "second-factor-needed")
        assert problem(await enter(door, who, None)) == (401, "second-factor-needed"), "the password is the old one"
        asked = {"one_time_code": code, "password": OTHER, "second_factor": who.code(clock.now)}
        said(await door.http.post("/v1/passwords", json=asked), 201)

    async def test_another_door_leads_half_way(self, door: World, clock: Clock) -> None:
        """Whoever signs in at a provider and has a second factor says it before anything else, or goes again."""
        who = await armed(door, clock)
        visit = Visit(clock.now, "", "test")
        tokens = await door.services.sign_in.let_in(door.bank_id, who.somebody.id, visit, "oidc")
        caller = type(who.somebody.caller)(door.http, who.somebody.id, tokens.access_token)
        own = who.somebody.caller
        sessions = [each["session_id"] for each in await own.get("/v1/sessions")]
        asked = [("GET", "/v1/me"), ("GET", "/v1/me/data"), ("POST", MY), ("POST", "/v1/passwords/change")]
        asked += [("GET", "/v1/sessions"), ("DELETE", "/v1/sessions/all"), ("DELETE", f"/v1/sessions/{sessions[0]}")]
        for method, path in asked:
            refused = await caller.ask(method, path)
            assert problem(refused) == (401, "second-factor-needed"), path
        assert {*sessions} <= {each["session_id"] for each in await own.get("/v1/sessions")}
        await caller.post(PROVE, {"second_factor": who.code(clock.now)}, expect=200)
        await caller.get("/v1/me")

    @pytest.mark.drill
    def test_half_way_one_goes_on_or_back(self) -> None:
        """What can be done before the second factor was said is to say it, and to sign out."""
        table = table_of(usual_app())
        assert {name for name, access in table.items() if access.half_way} == {
            "end_session", "prove_session"
        }  # fmt: skip


class TestProof:
    """Whoever has a second factor proves with it who they are."""

    async def test_takes_the_factor_and_not_the_password(self, door: World, clock: Clock) -> None:
        """The password alone proves nothing then; a code does, once."""
        who = await armed(door, clock)
        caller = who.somebody.caller
        assert problem(await caller.ask("POST", PROVE, json={"password": PASSWORD})) == (401, "second-factor-needed")
        proof = {"second_factor": who.code(clock.now)}
        await caller.post(PROVE, proof, expect=200)
        assert problem(await caller.ask("POST", PROVE, json=proof)) == (401, "second-factor-refused")
        await caller.post(PROVE, {"second_factor": who.recovery[0]}, expect=200)
        assert problem(await caller.ask("POST", PROVE, json={})) == (401, "second-factor-needed")


class TestTakingAway:
    """A second factor goes with password and code, or by an administrator."""

    async def test_takes_password_and_code(self, door: World, clock: Clock) -> None:
        """Either alone is not enough."""
        who = await armed(door, clock)
        caller, code = who.somebody.caller, who.code(clock.now)
        refused = await caller.ask("POST", f"{MY}/remove", json={"password": WRONG, "second_factor": code})
        assert problem(refused) == (401, "sign-in-refused")
        wrong = {"password": PASSWORD, "second_factor": f"{(int(code) + 1) % 10**6:06}"}
        assert problem(await caller.ask("POST", f"{MY}/remove", json=wrong)) == (401, "second-factor-refused")
        await caller.post(f"{MY}/remove", {"password": PASSWORD, "second_factor": code}, expect=200)
        said(await sign_in(door, who.somebody.number), 201)
        assert await log_of(door, who.somebody.id, "second-factor-removed")
        again = await caller.ask("POST", f"{MY}/remove", json={"password": PASSWORD, "second_factor": code})
        assert problem(again) == (409, "second-factor-missing")

    async def test_by_an_administrator_for_whoever_lost_it(self, door: World, clock: Clock) -> None:
        """It is reset by somebody else only, and written down by whom."""
        who = await armed(door, clock)
        path = f"/v1/volunteers/{who.somebody.id}/second-factor/reset"
        for caller in (who.somebody.caller, door.coordinator, door.organisation):
            assert (await caller.ask("POST", path)).status_code in {403, 404}
        assert problem(await enter(door, who, None)) == (401, "second-factor-needed")
        await door.administrator.post(path, expect=200)
        said(await sign_in(door, who.somebody.number), 201)
        (reset,) = await log_of(door, who.somebody.id, "second-factor-reset")
        assert (reset["actor"], reset["subject"]) == (door.administrator.id, who.somebody.id)
        assert problem(await door.administrator.ask("POST", path)) == (409, "second-factor-missing")
        own = f"/v1/volunteers/{door.administrator.id}/second-factor/reset"
        assert problem(await door.administrator.ask("POST", own)) == (403, "not-for-yourself")


class TestAdministrators:
    """Administrators need one, some days after their appointment."""

    async def test_their_office_rests_until_they_have_one(self, url: str) -> None:
        """When the days are over they sign in and set it, and do nothing in their office before; then they do again."""
        async with settled(url, second_factor_grace_days=30) as world:
            chief = await settled_in(world)
            await world.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
            due = (await chief.caller.get(MY))["required_from"]
            assert 29 <= (datetime.fromisoformat(due) - utc_now()).days <= 30
            await chief.caller.get("/v1/volunteers")
            await make_overdue(world)
            for method, path, body in IN_OFFICE:
                refused = await chief.caller.ask(method, path.format(garden=world.garden), json=body)
                assert problem(refused) == (403, "second-factor-required"), path
            await chief.caller.get("/v1/me")
            await chief.caller.get(f"/v1/volunteers/{chief.id}/balance")
            assert not (await chief.caller.get("/v1/me"))["offices"]
            again = carrying(world, said(await sign_in(world, chief.number), 201))
            told = await again.post(MY, expect=200)
            code = shown(told["secret"], utc_now())
            await again.post(f"{MY}/confirm", {"code": code}, expect=200)
            assert (await again.get(MY))["required_from"] is None
            await again.get("/v1/volunteers")
            assert (await again.get("/v1/me"))["offices"]

    async def test_in_every_process_at_once(self, url: str) -> None:
        """A process that remembers an administrator as shut out hears that they have a second factor now."""
        async with settled(url) as world, served(url) as (app, http):
            chief = await settled_in(world)
            await world.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
            await make_overdue(world)
            while not app.state.services.principals._is_listening():
                await asyncio.sleep(0.01)
            there = type(chief.caller)(http, chief.id, chief.tokens["access_token"])
            assert problem(await there.ask("GET", "/v1/volunteers")) == (403, "second-factor-required")
            told = await chief.caller.post(MY, expect=200)
            await chief.caller.post(f"{MY}/confirm", {"code": shown(told["secret"], utc_now())}, expect=200)
            await asyncio.sleep(0.5)
            await there.get("/v1/volunteers")

    async def test_with_no_days_set_they_need_none(self, url: str) -> None:
        """With 0 nobody is asked for one."""
        async with settled(url, second_factor_grace_days=0) as world:
            chief = await settled_in(world)
            await world.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
            await make_overdue(world)
            await chief.caller.get("/v1/volunteers")
            assert (await chief.caller.get(MY))["required_from"] is None

    async def test_a_new_version_gives_them_time(self, url: str) -> None:
        """Who was appointed long ago has as many days from the upgrade on."""
        async with settled(url) as world:
            chief = await settled_in(world)
            await world.administrator.post("/v1/appointments", {"volunteer_id": chief.id, "office": "administrator"})
            async with world.services.owner.acquire() as connection, connection.transaction():
                await connection.execute("set local session_replication_role = replica")
                await connection.execute("update event set recorded_at = recorded_at - interval '400 days'")
            world.services.principals.forget_all()
            await chief.caller.get("/v1/volunteers")

    async def test_nobody_else_needs_one(self, url: str) -> None:
        """Volunteers, auditors and node leaders may have one."""
        async with settled(url) as world:
            auditor = await settled_in(world)
            await world.administrator.post("/v1/appointments", {"volunteer_id": auditor.id, "office": "auditor"})
            await make_overdue(world)
            await auditor.caller.get("/v1/audit/events")
            await world.volunteer.get("/v1/me")


IN_OFFICE: list[tuple[str, str, Any]] = [
    ("GET", "/v1/volunteers", None),
    ("GET", "/v1/audit/events", None),
    ("POST", "/v1/volunteers", {"name": "某某"}),
    ("GET", "/v1/organisations/{garden}/members", None),
    ("POST", "/v1/organisations", {"name": "某某", "kind": "enterprise"}),
]


async def make_overdue(world: World) -> None:
    """Every administrator was appointed long ago, in a bank that has asked for second factors for as long."""
    async with world.services.owner.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute("update event set recorded_at = recorded_at - interval '31 days'")
        await connection.execute("update bank set second_factor_since = second_factor_since - interval '31 days'")
    world.services.principals.forget_all()


def moment(seconds: int) -> datetime:
    """A moment, in seconds since 1970."""
    return datetime.fromtimestamp(seconds, tz=utc_now().tzinfo)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """The test vectors of RFC 6238, in their last six digits: good now, a step before and after, and not beyond."""
    factor = _Factor(b"12345678901234567890", moment(0))
    for early in (-30, 0, 30):
        assert _step_of(factor, code, moment(seconds + early)) == seconds // 30
    for early in (-90, 90):
        assert _step_of(factor, code, moment(seconds + early)) is None
    used = _used(factor, code, moment(seconds))
    assert used is not None
    assert _used(used, code, moment(seconds)) is None
    for nonsense in ("", "x", "28708", "2870820", "٢٨٧٠٨٢", "-12345"):
        assert _used(factor, nonsense, moment(seconds)) is None
