"""What strangers try: too much, too often, from elsewhere, and with what nobody asked for."""

import math
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar

from tests.api.conftest import kept
from tests.api.world import Caller, World, served, service, settled
from tests.controls import KEY_FILE
from timebank.access.table import Access
from timebank.identity.limits import throttle
from timebank.identity.limits.throttle import Rate, TooMuchAtOnceError, client_address
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings, SettingsError, from_environ

PROXY = "10.0.0.9"


def stranger(app: Litestar, address: str) -> httpx.AsyncClient:
    """A client that comes from an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def statuses(app: Litestar, address: str, times: int = 1, **headers: str) -> list[int]:
    """What an address is answered."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with stranger(app, address) as http:
        return [(await http.get("/health/live", headers=sent)).status_code for _ in range(times)]


# How often


@given(per_minute=st.integers(1, 500), now=st.floats(0, 1e6))
def test_a_minutes_worth_may_come_at_once(per_minute: int, now: float) -> None:
    """Whoever has been quiet for a minute may ask as often as a minute allows, at once; the next has to wait."""
    rate = Rate(per_minute)
    let_in = sum(rate.wait("a", now) == 0 for _ in range(per_minute + 5))
    assert per_minute - 1 <= let_in <= per_minute
    assert per_minute > 1 or let_in == 1


@given(per_minute=st.integers(1, 60), gaps=st.lists(st.floats(0, 5), max_size=200))
def test_no_more_than_so_many_a_minute(per_minute: int, gaps: list[float]) -> None:
    """However requests are spread, from first to last no more are let in than a minute's worth and the rate."""
    rate, now, let_in = Rate(per_minute), 1_000.0, 0
    for gap in gaps:
        now += gap
        let_in += rate.wait("a", now) == 0
    assert let_in <= per_minute + math.ceil((now - 1_000) * per_minute / 60) + 1


@given(per_minute=st.integers(1, 100), asks=st.integers(1, 300))
def test_whoever_waits_is_let_in(per_minute: int, asks: int) -> None:
    """Asking while one has to wait does not make the wait longer; who has waited is let in."""
    rate = Rate(per_minute)
    waits = [rate.wait("a", 50.0) for _ in range(asks)]
    wait = rate.wait("a", 50.0)
    assert wait == 0 or wait == pytest.approx(max(waits), abs=60)
    assert wait <= 60 / per_minute + 1e-9
    if wait:
        assert rate.wait("a", 50.0 + wait + 1e-6) == 0


@given(others=st.lists(st.text(max_size=5).filter(lambda who: who != "a"), max_size=50))
def test_each_is_counted_alone(others: list[str]) -> None:
    """However many others ask, nobody waits for them."""
    rate = Rate(2)
    for other in others:
        rate.wait(other, 1.0)
    assert [rate.wait("a", 1.0) == 0 for _ in range(3)] == [True, True, False]


@given(per_minute=st.integers(1, 100), costs=st.lists(st.integers(1, 120), max_size=50))
def test_what_costs_more_counts_as_more(per_minute: int, costs: list[int]) -> None:
    """At one moment a minute's worth is let in, whatever single requests cost; what never could be is refused."""
    rate, spent = Rate(per_minute), 0
    for cost in costs:
        if cost > per_minute:
            with pytest.raises(TooMuchAtOnceError):
                rate.wait("a", 50.0, cost)
        elif rate.wait("a", 50.0, cost) == 0:
            spent += cost
        else:
            assert spent + cost > per_minute
            assert Rate(per_minute).wait("a", 50.0, cost) == 0
    assert spent <= per_minute


def test_those_who_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who are gone make room when there is none left; whoever still has to wait is not forgotten."""
    monkeypatch.setattr(throttle, "REMEMBERED", 10)
    rate = Rate(60)
    for _ in range(60):
        rate.wait("often", 0.0)
    for n in range(100):
        rate.wait(str(n), n * 0.1)
    assert len(rate._due) <= 22
    assert rate.wait("often", 0.5) > 0


# From where

addresses = st.ip_addresses().map(str).map(throttle.plain)
garbage = st.sampled_from(
    ["", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4:80", "[::1]", "'; drop", "\x00", "１.2.3.4"]
)
ours = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
inside = st.integers(1, 2**24 - 1).map(lambda n: str(ip_network("10.0.0.0/8")[n]))
outside = addresses.filter(lambda each: not each.startswith(("10.", "fd")))


@given(peer=outside, forwarded=st.text(max_size=60) | st.lists(addresses | garbage).map(",".join))
def test_strangers_are_who_they_are(peer: str, forwarded: str) -> None:
    """Whoever is not our proxy is taken for nobody else, whatever they write."""
    assert client_address(peer, forwarded, ours) == peer  # type: ignore[arg-type]
    assert client_address(peer, forwarded, []) == peer


@given(said=st.lists(addresses | garbage, max_size=5), client=outside, via=st.lists(inside, max_size=3), peer=inside)
def test_our_proxies_are_believed(said: list[str], client: str, via: list[str], peer: str) -> None:
    """Behind our proxies it is the last address that is not ours, whatever was written before it."""
    assert client_address(peer, ", ".join([*said, client, *via]), ours) == client  # type: ignore[arg-type]


def test_proxies_are_known_by_ipv6_too() -> None:
    """Where the service, or a proxy, listens on IPv6 and IPv4 at once, addresses of IPv4 are written within IPv6."""
    ours = [ip_network("10.0.0.0/8")]
    assert client_address("::ffff:10.0.0.1", "192.0.2.1", ours) == "192.0.2.1"
    assert client_address("10.0.0.1", "::ffff:192.0.2.1, ::ffff:10.0.0.2", ours) == "192.0.2.1"
    assert client_address("::ffff:192.0.2.1", "198.51.100.1", ours) == "192.0.2.1"


@given(said=st.lists(addresses | garbage, max_size=5), via=st.lists(inside, max_size=3), peer=inside)
def test_garbage_is_nobodys_address(said: list[str], via: list[str], peer: str) -> None:
    """What a proxy passed on that is no address is not taken for one: then it is the proxy."""
    assert client_address(peer, ", ".join([*said, "unknown", *via]), ours) == peer  # type: ignore[arg-type]


@given(peer=st.text(max_size=20), forwarded=st.text(max_size=60))
def test_no_header_breaks_it(peer: str, forwarded: str) -> None:
    """Whatever is written, the answer is the peer or an address."""
    found = client_address(peer, forwarded, ours)  # type: ignore[arg-type]
    assert found == throttle.plain(peer) or throttle._is_address(found)


async def test_an_address_that_asks_too_often_waits(url: str) -> None:
    """Over the rate it is a 429 that says when to come again, whatever is asked for; other addresses do not notice."""
    async with served(url, rate_per_address=5) as (app, _):
        assert await statuses(app, "192.0.2.1", 5) == [200] * 5
        async with stranger(app, "192.0.2.1") as http:
            for path in ("/health/live", "/v1/me", "/nowhere", "/schema"):
                refused = await http.get(path)
                assert refused.status_code == 429
                assert refused.headers["content-type"] == "application/problem+json"
                assert refused.json()["type"] == "/problems/too-many-requests"
                assert 1 <= int(refused.headers["retry-after"]) <= 12
                assert refused.headers["x-request-id"]
                assert refused.headers["x-frame-options"] == "DENY"
        assert await statuses(app, "192.0.2.2", 5) == [200] * 5
        assert await statuses(app, "192.0.2.1") == [429]


async def test_a_house_with_many_networks_is_four_addresses(url: str) -> None:
    """An IPv6 network of 48 bits asks four times as often as an address, however many of 64 bits it has."""
    async with served(url, rate_per_address=2) as (app, _):
        found = [await statuses(app, f"2001:db8:1:{n:x}::1", 2) for n in range(5)]
        assert found == [[200, 200]] * 4 + [[429, 429]]
        assert await statuses(app, "2001:db8:2::1", 2) == [200, 200]


async def test_forwarded_addresses_count_from_our_proxies_only(url: str) -> None:
    """Without trusted proxies X-Forwarded-For is nothing; from one the last hop that is not ours counts."""
    async with served(url, rate_per_address=2) as (app, _):
        found = [await statuses(app, PROXY, x_forwarded_for=f"192.0.2.{n}") for n in range(3)]
        assert found == [[200], [200], [429]]
    async with served(url, rate_per_address=2, trusted_proxies="10.0.0.0/8, ::1") as (app, _):
        for n in range(5):
            assert await statuses(app, PROXY, x_forwarded_for=f"192.0.2.{n}") == [200]
        spoofed = [
            await statuses(app, PROXY, x_forwarded_for=f"198.51.100.{n}, 192.0.2.77, 10.9.9.9") for n in range(3)
        ]
        assert spoofed == [[200], [200], [429]]
        direct = [await statuses(app, "203.0.113.5", x_forwarded_for=f"198.51.100.{n}") for n in range(3)]
        assert direct == [[200], [200], [429]]
        assert [await statuses(app, PROXY, x_forwarded_for=f"x{n}") for n in range(3)] == [[200], [200], [429]]
        async with stranger(app, PROXY) as http:
            twice = [("X-Forwarded-For", "192.0.2.200"), ("X-Forwarded-For", "192.0.2.77")]
            assert (await http.get("/health/live", headers=twice)).status_code == 429


async def test_a_principal_that_asks_too_often_waits(url: str) -> None:
    """A volunteer, and a program, each has a rate of its own, from whatever address; others do not notice."""
    async with settled(url, rate_per_principal=20) as world:
        for caller in (await world.somebody(), world.organisation):
            answers = [await caller.ask("GET", "/v1/me") for _ in range(25)]
            found = [each.status_code for each in answers]
            assert found == sorted(found)
            assert 18 <= found.count(200) <= 20
            assert answers[-1].json()["type"] == "/problems/too-many-requests"
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 4
            async with stranger(world.app, "192.0.2.99") as http:
                assert (await Caller(http, caller.id, caller.token).ask("GET", "/v1/me")).status_code == 429
            assert (await world.http.get("/health/live")).status_code == 200
        assert (await world.volunteer.ask("GET", "/v1/me")).status_code == 200


async def test_a_volunteers_sessions_share_one_limit(url: str) -> None:
    """Whoever signs in again may not ask more often for that."""
    async with settled(url, rate_per_principal=20) as world:
        somebody = await world.somebody()
        answers = [
            (await each.ask("GET", "/v1/me")).status_code
            for each in [somebody, *[await world.caller(somebody.id) for _ in range(3)]]
            for _ in range(10)
        ]
        assert 18 <= answers.count(200) <= 21


@pytest.mark.parametrize("dry_run", ["false", "true"])
async def test_a_batch_counts_as_its_rows(url: str, dry_run: str) -> None:
    """A batch costs its rows, in a dry run too: what is too much for now waits, too much for ever is refused."""
    async with settled(url, rate_per_principal=40) as world:
        rows = [service(world.volunteer.id, days_ago=n, hour=20) for n in range(1, 42)]
        asks, path = world.organisation, f"{world.records}/batch?dry_run={dry_run}"
        never = await asks.ask("POST", path, json={"records": rows})
        assert (never.status_code, never.json()["type"]) == (413, "/problems/too-much-at-once")
        assert "41" in never.json()["detail"]
        assert "40" in never.json()["detail"]
        assert (await asks.ask("POST", path, json={"records": rows[:25]})).status_code == 200
        head = await world.services.ledger.store.head(world.bank_id)
        later = await asks.ask("POST", path, json={"records": rows[25:]})
        assert (later.status_code, later.json()["type"]) == (429, "/problems/too-many-requests")
        assert 1 <= int(later.headers["retry-after"]) <= 60
        assert await world.services.ledger.store.head(world.bank_id) == head


async def test_a_preview_counts_as_its_history_is_long(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaying a long history costs more than one request, and never more than may be asked for in a minute."""
    monkeypatch.setattr("timebank.api.credit.policies.FACTS_A_REQUEST", 1)
    async with settled(url, rate_per_principal=60) as world:
        auditor = await world.appointed("auditor")
        cost = await world.services.ledger.store.head(world.bank_id)
        assert 15 < cost < 60
        found = [(await auditor.ask("POST", "/v1/policies/preview", json={"rules": {}})).status_code for _ in range(5)]
        assert found.count(200) == 60 // cost
        assert found[-1] == 429


# How much


async def test_public_operations_take_little(world: World) -> None:
    """Every operation that strangers may use is among those that are tried below, or takes no body."""
    handlers = [handler for route in world.app.routes for handler in getattr(route, "route_handlers", ())]
    taking = {
        handler.handler_name
        for handler in handlers
        if isinstance(access := handler.opt.get("access"), Access) and access.public and "POST" in handler.http_methods
    }
    assert taking == {name for name, _, _ in OF_STRANGERS}


OF_STRANGERS = [
    ("sign_in", "sessions", 16),
    ("refresh_session", "sessions/refresh", 16),
    ("use_one_time_code", "passwords", 16),
    ("register_oneself", "registration", 16),
    ("send_registration_code", "registration/codes", 16),
    ("add_checkpoint", "witness/add-checkpoint", 64),
]


@pytest.mark.parametrize(("operation", "path", "most"), OF_STRANGERS)
async def test_strangers_say_little(world: World, operation: str, path: str, most: int) -> None:
    """Whatever can be sent without signing in is short: so many KiB, and a byte more is refused before it is read."""
    for size, status in ((most * 1024, {400}), (most * 1024 + 1, {413})):
        headers = {"Content-Type": "application/json"}
        told = await world.http.post(f"/v1/{path}", content=b" " * size, headers=headers)
        assert told.status_code in status, (operation, size, told.text)


async def test_bodies_and_pages_have_limits(world: World) -> None:
    """More than 256 KiB is 413; more than 500 items, or none, is 400; so is a list of skills that does not end."""
    asks = world.administrator
    large = b'{"name":"' + b"x" * (256 * 1024) + b'"}'
    assert (await asks.ask("POST", "/v1/volunteers", content=large)).status_code == 413
    for path in ("/v1/volunteers", "/v1/organisations", "/v1/audit/events", "/v1/service-records", "/v1/appointments"):
        for limit in (0, 501, -1, 10**30, "all"):
            assert (await asks.ask("GET", path, params={"limit": limit})).status_code == 400, f"{path} {limit}"
        assert (await asks.ask("GET", path, params={"limit": 500})).status_code == 200
    long = {"name": "x", "skills": ["x"] * 21}
    assert (await asks.ask("POST", "/v1/volunteers", json=long)).status_code == 400
    assert (await asks.ask("POST", "/v1/volunteers", json={"name": "x" * 201})).status_code == 400


async def test_many_things_at_once_are_long(world: World) -> None:
    """What is many things at once may be longer, and not without end."""
    record = service(world.volunteer.id, days_ago=1) | {"content": "字" * 1_000}
    path = f"{world.records}/batch?dry_run=true"
    assert (await world.organisation.ask("POST", path, json={"records": [record] * 120})).status_code == 200
    assert (await world.organisation.ask("POST", path, content=b" " * 4_200_000)).status_code == 413


@pytest.mark.parametrize("many", [b"[],", b"{},", b"1.0,"])
async def test_very_many_values_are_not_looked_at(world: World, many: bytes) -> None:
    """A body of a million empty lists kept all others waiting for seconds; so many values there are nowhere."""
    content = b'{"records":[{"content":[' + many * 200_000 + b"1]}]}"
    path = f"{world.records}/batch?dry_run=true"
    assert (await world.organisation.ask("POST", path, content=content)).status_code == 413


async def test_parameters_and_cookies_have_limits(world: World) -> None:
    """More parameters, or cookies, than anybody has a use for are refused before anything is done with them."""
    many = "&".join(f"a{n}=1" for n in range(600))
    assert (await world.http.get(f"/health/live?{many}")).status_code == 400
    cookies = "; ".join(f"a{n}=1" for n in range(200))
    assert (await world.http.get("/health/live", headers={"cookie": cookies})).status_code == 400
    assert (await world.http.get("/health/live", headers={"cookie": cookies[:400]})).status_code == 200


async def test_unknown_fields_are_refused(world: World) -> None:
    """A field that nobody asked for is an error that names it, and nothing is done."""
    head = await world.services.ledger.store.head(world.bank_id)
    for path, body in (
        ("/v1/volunteers", {"name": "x", "office": "administrator"}),
        ("/v1/sessions", {"login": "1", "password": "2", "admin": True}),
        ("/v1/passwords", {"one_time_code": "1", "password": "2", "volunteer_id": "vol_1"}),
        ("/v1/organisations", {"name": "x", "kind": "enterprise", "status": "approved"}),
    ):
        refused = await world.administrator.post(path, body, expect=400)
        assert refused["errors"][0]["field"] in body.keys() - {"name", "login", "password", "one_time_code", "kind"}
    assert await world.services.ledger.store.head(world.bank_id) == head


async def test_statements_have_limits_in_the_service_only(url: str, world: World) -> None:
    """The service's statements end after half a minute; those of the command line take as long as they take."""
    assert await world.services.pool.fetchval("show statement_timeout") == "30s"
    settings = Settings(database_url=url, key_file=str(KEY_FILE))
    async with running_services(settings, follow=False, statement_seconds=None) as services:
        assert await services.pool.fetchval("show statement_timeout") == "0"
    async with running_services(settings, follow=False, statement_seconds=1) as services:
        with pytest.raises((asyncpg.QueryCanceledError, TimeoutError)):
            await services.pool.fetchval("select pg_sleep(3)")


# What browsers are told

DATA = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
KINDS = (200, 400, 401, 404, 405, 413, 500, "nowhere", "health", "options", "/schema", "/schema/openapi.json",
         "/welcome", "/assets/welcome.js", "/assets/nothing.js")  # fmt: skip


async def answer_of(world: World, kind: int | str, monkeypatch: pytest.MonkeyPatch) -> httpx.Response:
    """An answer of a kind."""
    asks, path = world.administrator, f"/v1/volunteers/{world.volunteer.id}"
    if kind == 500:

        async def fail(*_: object) -> None:
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr("timebank.projections.people.volunteers.one", fail)
            return await asks.ask("GET", path)
    method, path, options = {
        200: ("GET", path, {}),
        400: ("GET", "/v1/volunteers?limit=0", {}),
        401: ("GET", path, {"headers": {"Authorization": "Bearer x"}}),
        404: ("GET", "/v1/volunteers/vol_0", {}),
        405: ("DELETE", "/v1/volunteers", {}),
        413: ("POST", "/v1/volunteers", {"content": b" " * 5_000_000}),
        "nowhere": ("GET", "/nowhere", {}),
        "health": ("GET", "/health/ready", {}),
        "options": ("OPTIONS", "/v1/volunteers", {}),
    }.get(kind, ("GET", str(kind), {}))
    return await asks.ask(method, path, **options)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_answer_has_the_headers(world: World, monkeypatch: pytest.MonkeyPatch, kind: int | str) -> None:
    """Whatever the answer, browsers are told what not to do with it, once each; by default there is no CORS or HSTS."""
    response = await answer_of(world, kind, monkeypatch)
    assert not isinstance(kind, int) or response.status_code == kind
    for name, value in ALWAYS.items():
        assert response.headers.get_list(name) == [value]
    (policy,) = response.headers.get_list("content-security-policy")
    if str(kind).startswith("/"):
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert "unsafe-eval" not in policy
    else:
        assert policy == DATA
        assert response.headers.get_list("cache-control") == ["no-store"]
    assert len(response.headers.get_list("x-request-id")) == 1
    assert "strict-transport-security" not in response.headers
    assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_pages_keep_to_the_policy(world: World) -> None:
    """The pages have no script in them, and load nothing from elsewhere."""
    for path in ("/welcome", "/schema"):
        page = (await world.http.get(path)).text
        assert "<script>" not in page
        assert "://" not in page.replace("http://www.w3.org", "")
        assert " on" not in page.split("<body>")[0]


async def test_https_is_insisted_on_where_there_is_https(url: str) -> None:
    """Strict-Transport-Security is sent with every answer where people reach the service by https, and only there."""
    for public_url, expected in (("https://bank.example", ["max-age=31536000"]), ("http://bank.example", [])):
        async with served(url, public_url=public_url) as (_, http):
            for path in ("/health/live", "/nowhere", "/v1/me", "/welcome"):
                headers = (await http.get(path)).headers
                assert headers.get_list("strict-transport-security") == expected


@pytest.mark.parametrize(
    ("given_id", "kept_id"),
    [("abc-1.2_3", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("<script>", False), ("ü", False)],
)
async def test_decent_request_ids_are_kept(world: World, given_id: str, kept_id: bool) -> None:
    """A caller's request id comes back if it is a decent one; else there is one of our own."""
    headers = [(b"X-Request-Id", given_id.encode())]
    found = (await world.http.get("/health/live", headers=headers)).headers["x-request-id"]
    assert (found == given_id) == kept_id
    assert kept_id or len(found) == 16


# Pages of others

EVIL, FRIEND = "https://evil.example", "https://app.example"


@pytest.fixture
async def open_world(url: str) -> AsyncIterator[World]:
    """A world that pages of a friend may call."""
    async with kept(settled(url, cors_origins=f"{FRIEND}, https://other.example")) as world:
        yield world


def allowed(response: httpx.Response) -> dict[str, str]:
    """What an answer allows pages of others."""
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-allow")}


async def preflight(world: World, origin: str) -> httpx.Response:
    """What a browser asks before a page elsewhere may register anybody."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    return await world.http.options("/v1/volunteers", headers={"Origin": origin} | asked)


async def test_pages_elsewhere_may_call_nothing(world: World) -> None:
    """Unless it is set otherwise, no answer allows anything to pages of other origins, and no preflight does."""
    assert allowed(await preflight(world, EVIL)) == {}
    for path in ("/v1/me", "/nowhere", "/health/live", "/schema/openapi.json"):
        assert allowed(await world.volunteer.ask("GET", path, headers={"Origin": EVIL})) == {}


async def test_only_listed_origins_may_call(open_world: World) -> None:
    """Pages of the origins that are listed may call, those of others may not; nobody's may with cookies."""
    asked = await preflight(open_world, FRIEND)
    assert asked.is_success
    assert allowed(asked)["access-control-allow-origin"] == FRIEND
    answer = await open_world.volunteer.ask("GET", "/v1/me", headers={"Origin": FRIEND})
    assert (answer.status_code, allowed(answer)["access-control-allow-origin"]) == (200, FRIEND)
    assert answer.headers["x-frame-options"] == "DENY"
    for response in (asked, answer):
        assert "access-control-allow-credentials" not in response.headers
    for origin in (EVIL, "null", f"{FRIEND}.evil.example", "http://app.example", FRIEND.upper()):
        assert "access-control-allow-origin" not in allowed(await preflight(open_world, origin))
        answer = await open_world.volunteer.ask("GET", "/v1/me", headers={"Origin": origin})
        assert "access-control-allow-origin" not in allowed(answer)


# Settings


@pytest.mark.parametrize("value", ["x", "10.0.0.0/33", "10.0.0.1, nonsense", "10.0.0.1;10.0.0.2", "::1/129", "10.0.0"])
def test_what_is_no_network_is_named(value: str) -> None:
    """Trusted proxies that are no addresses or networks are an error that names the variable, at the start."""
    with pytest.raises(SettingsError, match="TIMEBANK_TRUSTED_PROXIES"):
        from_environ({"TIMEBANK_TRUSTED_PROXIES": value})


@pytest.mark.parametrize("name", ["RATE_PER_ADDRESS", "RATE_PER_PRINCIPAL"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "", "1.5"])
def test_what_is_no_rate_is_named(name: str, value: str) -> None:
    """A rate that lets nobody in, or is none, is an error that names the variable."""
    with pytest.raises(SettingsError, match=f"TIMEBANK_{name}"):
        from_environ({f"TIMEBANK_{name}": value})


@hypothesis_settings(max_examples=30)
@given(networks=st.lists(addresses, max_size=4), blanks=st.sampled_from(["", " ", "  "]))
def test_networks_are_read(networks: list[str], blanks: str) -> None:
    """Addresses and networks may stand between blanks and commas."""
    found: Any = from_environ({"TIMEBANK_TRUSTED_PROXIES": f",{blanks}".join(networks)}).proxies
    assert found == [ip_network(each) for each in networks]
    mapped = from_environ({"TIMEBANK_TRUSTED_PROXIES": "::ffff:10.0.0.0/104, ::ffff:192.0.2.1, fd00::/8, ::/0"}).proxies
    assert list(map(str, mapped)) == ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::/0"]
