from datetime import date, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from tests.api.world import Caller, World, nameless, said
from tests.controls import ZONE
from timebank.runtime.clock import utc_now

CONSENT = {"purpose": "leaderboard", "granted": True}
NO_CONSENT = CONSENT | {"granted": False}


class Pair(NamedTuple):
    """A volunteer and who acts for them."""

    old: Caller
    young: Caller

    async def act(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """What the proxy is answered, acting for the other; {old} in the path is whom they act for."""
        headers = {"On-Behalf-Of": self.old.id}
        return await self.young.ask(method, path.format(old=self.old.id), json=body, headers=headers)

    async def consent(self, body: dict[str, Any]) -> httpx.Response:
        """What the proxy is answered who gives or takes back the other's consent."""
        return await self.act("POST", "/v1/volunteers/{old}/consents", body)


async def paired(world: World, *scopes: str, **asked: Any) -> Pair:
    """Two new volunteers of whom one lets the other act for them."""
    pair = Pair(await world.somebody("赵奶奶", phone="13966667777"), await world.somebody("赵小妹"))
    await appoint(pair, *scopes, **asked)
    return pair


async def appoint(pair: Pair, *scopes: str, expect: int = 201, **asked: Any) -> Any:
    """Let the one act for the other."""
    asked |= {"proxy_volunteer_id": pair.young.id, "scopes": scopes}
    return await pair.old.post(f"/v1/volunteers/{pair.old.id}/proxies", asked, expect=expect)


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and type of a problem."""
    return response.status_code, response.json()["type"].removeprefix("/problems/")


def today() -> date:
    """The day in the bank's time."""
    return utc_now().astimezone(ZONE).date()


async def for_days(world: World, caller: Caller) -> Caller:
    """The same caller, with a token that lasts while the clock goes on."""
    session_id = await world.services.pool.fetchval("select session_id from session where volunteer_id = $1", caller.id)
    make = world.services.sign_in.sessions.access_token
    return Caller(world.http, caller.id, make(world.bank_id, caller.id, session_id, utc_now(), 20 * 86_400))


def go_on(world: World, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Set the clock on."""
    monkeypatch.setattr(world.services.ledger, "clock", lambda: utc_now() + timedelta(days=days))


class TestAppointing:
    """A volunteer says who acts for them; either side, and an administrator, ends it."""

    async def test_a_proxy_is_appointed_and_seen(self, world: World) -> None:
        """Both sides see it, with scopes, limit and last day; whoever else looks finds nobody."""
        pair = Pair(await world.somebody(), await world.somebody())
        last_day = today().isoformat()
        made = await appoint(pair, "consents", acts_per_day=2, valid_until=last_day)
        assert made == {
            "volunteer_id": pair.old.id,
            "proxy_volunteer_id": pair.young.id,
            "status": "in force",
            "position": made["position"],
        }
        (seen,) = await pair.old.get(f"/v1/volunteers/{pair.old.id}/proxies")
        assert (seen["scopes"], seen["acts_per_day"], seen["valid_until"]) == (["view", "consents"], 2, last_day)
        (other,) = await pair.young.get(f"/v1/volunteers/{pair.young.id}/proxies")
        assert nameless(other) == nameless(seen)
        await pair.young.get(f"/v1/volunteers/{pair.old.id}/proxies", expect=404)
        (other,) = await world.administrator.get(f"/v1/volunteers/{pair.old.id}/proxies")
        assert nameless(other) == nameless(seen)

    async def test_an_administrator_enters_it_for_others(self, world: World) -> None:
        """Who does it on paper has an administrator enter it, but nobody enters themselves."""
        old, young = await world.somebody(), await world.somebody()
        path = f"/v1/volunteers/{old.id}/proxies"
        await world.administrator.post(path, {"proxy_volunteer_id": young.id}, expect=201)
        refused = await world.administrator.post(path, {"proxy_volunteer_id": world.administrator.id}, expect=403)
        assert refused["type"] == "/problems/not-your-own"

    async def test_nobody_makes_themselves_a_proxy(self, world: World) -> None:
        """Neither a stranger nor a proxy appoints for somebody else, in whatever scope."""
        pair = await paired(world, "consents", "memberships", "personal-data")
        stranger = await world.somebody()
        path = f"/v1/volunteers/{pair.old.id}/proxies"
        await stranger.post(path, {"proxy_volunteer_id": stranger.id}, expect=404)
        for method, where in (("POST", path), ("POST", f"{path}/{pair.young.id}/end")):
            response = await pair.act(method, where, {"proxy_volunteer_id": stranger.id})
            assert response.status_code == 403

    async def test_what_cannot_be(self, world: World) -> None:
        """One is not one's own proxy, nor twice, nor until yesterday, nor somebody's who is not there."""
        pair = await paired(world)
        path = f"/v1/volunteers/{pair.old.id}/proxies"
        yesterday = (today() - timedelta(days=1)).isoformat()
        other = (await world.somebody()).id
        for asked, status, kind in (
            ({"proxy_volunteer_id": pair.old.id}, 422, "own-proxy"),
            ({"proxy_volunteer_id": pair.young.id}, 409, "proxy-already-appointed"),
            ({"proxy_volunteer_id": "vol_0"}, 404, "volunteer-unknown"),
            ({"proxy_volunteer_id": other, "valid_until": yesterday}, 422, "term-ends-before-it-starts"),
            ({"proxy_volunteer_id": other, "acts_per_day": 0}, 400, "invalid-request"),
            ({"proxy_volunteer_id": other, "scopes": ["everything"]}, 400, "invalid-request"),
        ):
            refused = await pair.old.post(path, asked, expect=status)
            assert refused["type"] == f"/problems/{kind}"

    @pytest.mark.parametrize("who", ["old", "young", "administrator"])
    async def test_it_is_ended_at_once(self, world: World, who: str) -> None:
        """Whoever of the three ends it, the very next act is refused, and so is the next look."""
        pair = await paired(world, "consents")
        said(await pair.consent(CONSENT), 200)
        ender = world.administrator if who == "administrator" else getattr(pair, who)
        path = f"/v1/volunteers/{pair.old.id}/proxies/{pair.young.id}/end"
        ended = await ender.post(path, expect=200)
        assert ended["status"] == "ended"
        assert problem(await pair.consent(NO_CONSENT)) == (403, "proxy-not-allowed")
        assert problem(await pair.act("GET", "/v1/volunteers/{old}")) == (403, "proxy-not-allowed")
        assert (await ender.post(path, expect=404))["type"] == "/problems/proxy-unknown"
        await appoint(pair, "consents")
        said(await pair.consent(NO_CONSENT), 200)

    async def test_a_stranger_ends_nothing(self, world: World) -> None:
        """To whoever is neither side there is nothing to end."""
        pair = await paired(world)
        await world.volunteer.post(f"/v1/volunteers/{pair.old.id}/proxies/{pair.young.id}/end", expect=404)
        said(await pair.act("GET", "/v1/volunteers/{old}"), 200)


class TestActing:
    """A proxy does for one person what they were let do, so often, so long, and under their own name."""

    async def test_looks(self, world: World) -> None:
        """Every proxy sees what the one they act for sees of themselves, and nothing of anybody else."""
        pair = await paired(world)
        record_id, others = await world.log(pair.old.id), await world.log(pair.young.id)
        assert said(await pair.act("GET", "/v1/volunteers/{old}"), 200)["name"] == "赵奶奶"
        for path in ("/balance", "/memberships", "/proxies"):
            said(await pair.act("GET", "/v1/volunteers/{old}" + path), 200)
        found = said(await pair.act("GET", "/v1/service-records"), 200)["items"]
        assert [each["record_id"] for each in found] == [record_id]
        said(await pair.act("GET", f"/v1/service-records/{record_id}"), 200)
        assert (await pair.act("GET", f"/v1/service-records/{others}")).status_code == 404
        for other in (pair.young.id, world.volunteer.id):
            assert (await pair.act("GET", f"/v1/volunteers/{other}")).status_code == 404
            said(await pair.act("GET", f"/v1/service-records?volunteer_id={other}"), 404)
        await pair.young.get(f"/v1/volunteers/{pair.old.id}", expect=404)

    async def test_acts_in_each_scope(self, world: World) -> None:
        """Consents, memberships and personal data each need their own scope."""
        members = f"/v1/organisations/{world.garden}/members"
        acts: dict[str, tuple[str, str, Any]] = {
            "consents": ("POST", "/v1/volunteers/{old}/consents", CONSENT),
            "memberships": ("POST", members + "/{old}/decline", None),
            "personal-data": ("PATCH", "/v1/volunteers/{old}", {"skills": ["剪纸"]}),
        }
        for scope in ("view", *acts):
            pair = await paired(world, scope)
            await world.coordinator.post(members, {"volunteer_id": pair.old.id})
            for needed, (method, path, body) in acts.items():
                response = await pair.act(method, path, body)
                if needed == scope:
                    assert response.is_success, response.text
                else:
                    assert problem(response) == (403, "proxy-not-allowed")

    async def test_accepts_no_invitation(self, world: World) -> None:
        """That somebody becomes a member they say themselves: their proxy may ask for it, leave, and say no."""
        pair = await paired(world, "memberships")
        path = f"/v1/organisations/{world.garden}/members"
        await world.coordinator.post(path, {"volunteer_id": pair.old.id}, expect=201)
        assert (await pair.act("POST", f"{path}/{{old}}/approve")).status_code == 403
        refused = await world.coordinator.ask("POST", f"{path}/{pair.old.id}/approve")
        assert problem(refused) == (403, "invitation-is-theirs")
        await pair.old.post(f"{path}/{pair.old.id}/approve", expect=200)

    async def test_acts_for_one_person_only(self, world: World) -> None:
        """Neither for a third person, nor in the roles of the one they act for."""
        pair = await paired(world, "consents", "memberships", "personal-data")
        third = await world.somebody()
        path = f"/v1/organisations/{world.garden}/members"
        await world.administrator.post(path, {"volunteer_id": pair.old.id, "role": "coordinator"})
        await pair.old.post(f"{path}/{pair.old.id}/approve")
        assert (await pair.act("POST", path, {"volunteer_id": third.id})).status_code == 404
        assert (await pair.act("PATCH", f"/v1/volunteers/{third.id}", {"name": "x"})).status_code == 404
        assert (await pair.act("GET", f"{path}")).status_code == 403
        assert (await pair.act("POST", world.records, {})).status_code == 403
        headers = {"On-Behalf-Of": third.id}
        response = await pair.young.ask("GET", f"/v1/volunteers/{third.id}", headers=headers)
        assert problem(response) == (403, "proxy-not-allowed")

    async def test_never_does_what_people_do_in_person(self, world: World) -> None:
        """Erasing, passwords, sessions, offices and one's own data are nobody else's."""
        pair = await paired(world, "consents", "memberships", "personal-data")
        for method, path in (
            ("POST", "/v1/volunteers/{old}/erase"),
            ("GET", "/v1/me"),
            ("GET", "/v1/sessions"),
            ("DELETE", "/v1/sessions/all"),
            ("GET", "/v1/organisations"),
        ):
            assert (await pair.act(method, path)).status_code == 403
        response = await world.administrator.ask("GET", "/v1/volunteers", headers={"On-Behalf-Of": pair.old.id})
        assert response.status_code == 403

    @pytest.mark.parametrize("behalf", ["vol_0", "x", "*", "x" * 5000, "vol_0,vol_1"])
    async def test_for_nobody(self, world: World, behalf: str) -> None:
        """Who names somebody that is not there, or in whatever form, acts for nobody, nor as themselves."""
        response = await world.volunteer.ask(
            "GET", f"/v1/volunteers/{world.volunteer.id}", headers={"On-Behalf-Of": behalf}
        )
        assert problem(response) == (403, "proxy-not-allowed")

    async def test_is_named_in_the_history(self, world: World) -> None:
        """The fact says who did it, by which right and for whom; beside it stands that a proxy was used."""
        pair = await paired(world, "consents")
        await pair.consent(CONSENT)
        events = (await world.administrator.get("/v1/audit/events", tag=pair.old.id))["items"]
        given, used = events[-2:]
        assert [each["topic"] for each in (given, used)] == ["consent-given", "proxy-used"]
        for each in (given, used):
            assert (each["actor"], each["authority"]) == (pair.young.id, "proxy")
            assert each["on_behalf_of"] == pair.old.id
        assert given["command_id"] == used["command_id"]
        assert used["data"] == {
            "proxy_id": used["data"]["proxy_id"],
            "volunteer_id": pair.old.id,
            "proxy_volunteer_id": pair.young.id,
            "scope": "consents",
            "local_date": today().isoformat(),
        }
        assert all(each["on_behalf_of"] is None for each in events[:-2])
        mine = (await world.administrator.get("/v1/audit/events", tag=pair.young.id, topic="proxy-used"))["items"]
        assert mine == [used]

    async def test_so_many_times_a_day(self, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Acts are counted by the bank's day, looks and what changes nothing are not; tomorrow it starts anew."""
        pair = await paired(own_world, "consents", acts_per_day=2)
        pair = pair._replace(young=await for_days(own_world, pair.young))
        for body in (CONSENT, CONSENT, NO_CONSENT):
            said(await pair.consent(body), 200)
        for _ in range(3):
            said(await pair.act("GET", "/v1/volunteers/{old}"), 200)
        assert problem(await pair.consent(CONSENT)) == (403, "proxy-limit-reached")
        used = await own_world.administrator.get("/v1/audit/events", tag=pair.old.id, topic="proxy-used")
        assert len(used["items"]) == 2
        said(await pair.old.ask("POST", f"/v1/volunteers/{pair.old.id}/consents", json=CONSENT), 200)
        go_on(own_world, monkeypatch, days=1)
        said(await pair.consent(NO_CONSENT), 200)

    async def test_until_the_last_day(self, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last day counts; the day after, a proxy neither acts nor looks."""
        pair = await paired(own_world, "consents", valid_until=(today() + timedelta(days=1)).isoformat())
        pair = pair._replace(young=await for_days(own_world, pair.young))
        go_on(own_world, monkeypatch, days=1)
        said(await pair.consent(CONSENT), 200)
        go_on(own_world, monkeypatch, days=2)
        assert problem(await pair.consent(NO_CONSENT)) == (403, "proxy-not-allowed")
        assert problem(await pair.act("GET", "/v1/volunteers/{old}")) == (403, "proxy-not-allowed")

    async def test_a_suspended_proxy_does_nothing(self, own_world: World) -> None:
        """Who is suspended does nothing for others."""
        pair = await paired(own_world, "consents")
        await own_world.administrator.post(f"/v1/volunteers/{pair.young.id}/suspend", {"reason": "核查"})
        pair = pair._replace(young=await own_world.caller(pair.young.id))
        assert problem(await pair.consent(CONSENT)) == (403, "you-are-suspended")
        assert problem(await pair.act("GET", "/v1/volunteers/{old}")) == (403, "you-are-suspended")

    async def test_refusals_are_in_the_security_log(self, world: World) -> None:
        """Who acts for somebody without being allowed to is found in the security log."""
        stranger = await world.somebody()
        pair = Pair(await world.somebody(), stranger)
        assert (await pair.consent(CONSENT)).status_code == 403
        (found,) = (await world.administrator.get("/v1/audit/security", actor=stranger.id, kind="access-refused"))[
            "items"
        ]
        assert found["detail"]["why"] == "ProxyNotAllowed"


async def test_a_proxy_asks_to_join(world: World) -> None:
    """Within the scope `memberships` a proxy asks for the other to become a member."""
    pair = await paired(world, "memberships")
    joined = await pair.act("POST", f"/v1/organisations/{world.garden}/members", {"volunteer_id": pair.old.id})
    assert said(joined, 201)["status"] == "requested"
    other = await pair.act("POST", f"/v1/organisations/{world.garden}/members", {"volunteer_id": world.volunteer.id})
    assert problem(other) == (404, "organisation-unknown")


async def test_a_term_that_is_over_is_not_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom one may act for is whom one may act for today."""
    pair = await paired(world, valid_until=today().isoformat())
    young = await for_days(world, pair.young)
    assert len((await young.get("/v1/me"))["acts_for"]) == 1
    go_on(world, monkeypatch, days=1)
    assert (await young.get("/v1/me"))["acts_for"] == []
