"""Signing in and out on pages, without scripts."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.api.world import World, settled
from tests.helpers.patience import PATIENCE_SECONDS
from tests.web.reader import Reader, Seen, signed_in
from timebank.api.identity.cookies import own_cookies
from timebank.identity.security_log import Visit
from timebank.web.app import create_app
from timebank.web.http import proving
from timebank.web.http.forms import Form
from timebank.web.http.visitors import Visitor

PASSWORD = "四个不相干的词 horse staple"


async def with_password(world: World) -> tuple[str, str]:
    """Somebody who can sign in: their id and number."""
    somebody = await world.with_credit(120, name="李桂英")
    at = world.services.ledger.clock()
    await world.services.sign_in.set_password(world.bank_id, somebody.id, PASSWORD, at)
    found = await world.administrator.get(f"/v1/volunteers/{somebody.id}")
    return somebody.id, found["number"]


async def test_by_number_and_password(world: World) -> None:
    """One signs in with number and password, sees one's time, and signs out; then the page asks to sign in again."""
    _, number = await with_password(world)
    reader = Reader(world)
    page = await reader.get("/home")
    assert page.path == "/sign-in"
    page = await reader.send(page.form("/sign-in"), login=f" {number[:4]} {number[4:]} ", password=PASSWORD)
    assert page.path == "/home"
    assert "李桂英" in page.text
    assert "2小时" in page.text
    page = await reader.send(page.form("/sign-out"))
    assert "您已退出登录" in page.text
    assert (await reader.get("/home")).path == "/sign-in"


async def test_what_is_wrong_is_said_on_the_page(world: World) -> None:
    """A wrong password is told with its status on the same page, which keeps the number and not the password."""
    _, number = await with_password(world)
    reader = Reader(world)
    page = await reader.send((await reader.get("/sign-in")).form("/sign-in"), login=number, password="wrong password")
    assert page.status == 401
    assert page.form("/sign-in").fields["login"] == number
    assert page.form("/sign-in").fields["password"] == ""
    assert any(said.get("role") == "alert" for _, said in page.tags)


async def test_cookies_are_kept_from_scripts_and_other_sites(world: World) -> None:
    """Every cookie is HttpOnly and SameSite; Secure, but for plain HTTP on this machine."""
    _, number = await with_password(world)
    reader = Reader(world)
    form = (await reader.get("/sign-in")).form("/sign-in")
    data = form.fields | {"login": number, "password": PASSWORD}
    answer = await reader.http.post("/sign-in", data=data, follow_redirects=False)
    cookies = answer.headers.get_list("set-cookie")
    assert {each.partition("=")[0] for each in cookies} >= {"timebank_access", "timebank_refresh", "timebank_browser"}
    assert all("HttpOnly" in each and "SameSite=lax" in each for each in cookies)
    assert not any("Secure" in each for each in cookies)


async def test_no_other_host_sets_a_cookie_of_ours(url: str) -> None:
    """Over HTTPS the names say so to browsers, and what comes without is not read."""
    async with settled(url, create_app, public_url="https://bank.example") as world:
        _, number = await with_password(world)
        http = httpx.AsyncClient(transport=world.http._transport, base_url="https://bank.example")
        form = Seen(await http.get("/sign-in")).form("/sign-in")
        answer = await http.post("/sign-in", data=form.fields | {"login": number, "password": PASSWORD})
        cookies = answer.headers.get_list("set-cookie")
        assert {each.partition("=")[0] for each in cookies} >= {"__Host-timebank_access", "__Host-timebank_refresh"}
        assert all({"Secure", "Path=/"} <= set(each.split("; ")) and "Domain" not in each for each in cookies)
        assert (await http.get("/home")).status_code == 200
        planted = "; ".join(f"{name.removeprefix('__Host-')}={value}" for name, value in http.cookies.items())
        http.cookies.clear()
        told = await http.get("/home", headers={"cookie": planted, "accept": "text/html"})
        assert told.headers["location"].startswith("/sign-in")


NEARLY = [b"\xa0", b"\x85", b"\x1c", b"\x0b", b"\x0c", b'"', b"%20", b"=", b"x;=", b"\xc2\xa0", b"\xe3\x80\x80", b"$"]


@pytest.mark.parametrize("before", NEARLY)
def test_only_the_very_name_is_ours(before: bytes) -> None:
    """A cookie whose name becomes one of ours by trimming, unquoting or decoding is another site's, and not read."""
    name, value = b"__Host-timebank_access", b"x.y.z"
    planted = [before + name + b"=" + value, name + b"\xa0=" + value, name.replace(b"_a", b"%5Fa") + b"=" + value]
    planted += [name.lower() + b"=" + value, name + b'="' + value + b'"', name + b"=" + value + b"\xa0"]
    for each in planted:
        assert own_cookies([(b"cookie", each)], secure=True).get("timebank_access") is None, each
    assert own_cookies([(b"cookie", b"a=b;  " + name + b"=" + value)], secure=True)["timebank_access"] == "x.y.z"


async def test_a_planted_cookie_lets_nobody_in(url: str) -> None:
    """Neither a session nor a form's secret is taken from a name that is only nearly ours, or that came twice."""
    async with settled(url, create_app, public_url="https://bank.example") as world:
        thief, owner = await world.somebody(), await world.somebody()
        http = httpx.AsyncClient(transport=world.http._transport, base_url="https://bank.example")
        ask = {"accept": "text/html"}
        own, planted = (f"__Host-timebank_access={each.token}".encode() for each in (owner, thief))
        seen = await http.get("/home", headers=ask | {"cookie": own})
        assert seen.status_code == 200
        for cookie in (b"\xa0" + planted, b"\x85" + planted, planted + b"; " + planted, own + b"; " + planted):
            told = await http.get("/home", headers={**ask, "cookie": cookie})
            assert told.headers["location"].startswith("/sign-in"), cookie
        told = await http.get("/home", headers={**ask, "cookie": own + b"; \xa0" + planted})
        assert told.status_code == 200


async def test_an_address_without_a_page_says_so(world: World) -> None:
    """It says that there is no page, not which address is none, and leads to the first page."""
    page = await Reader(world).get("/o/org_0/nothing-here")
    assert page.status == 404
    assert "没有这一页" in page.headings[0]
    assert "nothing-here" not in page.text
    assert "/" in page.links


async def test_a_session_goes_on_by_itself(world: World) -> None:
    """When the access token is over, the refresh token gets another one, once for requests that come together."""
    somebody = await world.with_credit(60)
    visit = Visit(world.services.ledger.clock(), "", "test")
    tokens = await world.services.sign_in.let_in(world.bank_id, somebody.id, visit, "test")
    reader = Reader(world)
    reader.http.cookies.set("timebank_refresh", tokens.refresh_token, domain="127.0.0.1")
    old = dict(reader.http.cookies)
    assert (await reader.get("/home")).path == "/home"
    assert reader.http.cookies["timebank_refresh"] != old["timebank_refresh"]
    other = Reader(world)
    other.http.cookies.set("timebank_refresh", tokens.refresh_token, domain="127.0.0.1")
    assert (await other.get("/home")).path == "/home"
    assert (await reader.get("/statement")).path == "/statement"


async def test_nobody_waits_for_the_session_of_somebody_else(world: World) -> None:
    """While one session cannot be gone on with, as where it is held, others go on with theirs."""
    at = world.services.ledger.clock()
    people = [await world.with_credit(60) for _ in range(2)]
    given = [
        await world.services.sign_in.let_in(world.bank_id, each.id, Visit(at, "", "test"), "test") for each in people
    ]
    readers = [Reader(world), Reader(world)]
    for reader, tokens in zip(readers, given, strict=True):
        reader.http.cookies.set("timebank_refresh", tokens.refresh_token, domain="127.0.0.1")
    async with world.services.pool.acquire() as apart, apart.transaction():
        await apart.execute("select 1 from session where session_id = $1 for update", given[0].session_id)
        waiting = asyncio.create_task(readers[0].get("/home"))
        await asyncio.wait([waiting], timeout=0.3)
        answered = await asyncio.wait_for(readers[1].get("/home"), PATIENCE_SECONDS)
        assert answered.path == "/home"
        assert not waiting.done()
    assert (await waiting).path == "/home"


async def test_a_copied_session_is_told(world: World) -> None:
    """A browser elsewhere that brings a token which was used is not let in, though it was used just now."""
    somebody = await world.with_credit(60)
    tokens = await world.services.sign_in.let_in(
        world.bank_id, somebody.id, Visit(world.services.ledger.clock(), "", "test"), "test"
    )
    reader, thief = Reader(world), Reader(world)
    thief.http.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1"
    for each in (reader, thief):
        each.http.cookies.set("timebank_refresh", tokens.refresh_token, domain="127.0.0.1")
    assert (await reader.get("/home")).path == "/home"
    assert (await thief.get("/home")).path == "/sign-in"
    assert (await reader.get("/home")).path == "/sign-in"


async def test_a_link_leads_nowhere_else(world: World) -> None:
    """After signing in one is only taken to a page of ours, whatever the address said."""
    _, number = await with_password(world)
    reader = Reader(world)
    page = await reader.get("/sign-in?next=//evil.example/")
    form = page.form("/sign-in")
    answer = await reader.http.post(
        "/sign-in", data=form.fields | {"login": number, "password": PASSWORD}, follow_redirects=False
    )
    assert answer.headers["location"] == "/home"


async def test_language_and_size_are_kept(world: World) -> None:
    """The browser's language is spoken until one chooses; letters are large for as long as one wants."""
    reader = Reader(world, "en-GB,en;q=0.9")
    page = await reader.get("/sign-in")
    assert "Sign in" in page.text
    page = await reader.send(page.form("/settings"), language="zh", large="1")
    html = next(said for tag, said in page.tags if tag == "html")
    assert (html["lang"], html["class"], page.path) == ("zh-CN", "large", "/sign-in")


async def test_programs_are_answered_as_programs(world: World) -> None:
    """Whoever does not ask for a page is told problems as JSON; addresses of the API are no pages."""
    answer = await world.http.get("/nowhere", headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (await world.http.get("/v1/me", headers={"accept": "text/html"})).status_code == 401
    page = await (await signed_in(world, world.volunteer.id)).get("/nowhere")
    assert page.status == 404
    assert "回首页" in page.text


async def test_what_is_told_is_told_once(world: World) -> None:
    """What a form came to is said on the next page, and not again; nobody else can have a page say something."""
    reader = await signed_in(world, (await world.somebody()).id)
    page = await reader.send((await reader.get("/board")).form("/board"), granted="yes", alias="某某")
    assert "您现在会出现在榜单上" in page.text
    assert "您现在会出现在榜单上" not in (await reader.get("/board")).text
    reader.http.cookies.set("timebank_told", "Call%20this%20number", domain="127.0.0.1")
    assert "Call this number" not in (await reader.get("/board")).text


async def test_what_was_typed_waits_while_the_password_is_asked_for(world: World) -> None:
    """It is kept in the page, the password never is; said rightly, what the form was for is done."""
    volunteer_id, _ = await with_password(world)
    caller, child = await world.caller(volunteer_id), await world.somebody("小孙女")
    reader = await signed_in(world, volunteer_id)
    path = "/more/proxies/new"
    form = (await reader.get(path)).form(path)
    long_ago = "update session set proved_at = now() - interval '1 hour'"
    await world.services.pool.execute(f"{long_ago} where volunteer_id = $1", volunteer_id)
    typed = {"proxy_volunteer_id": child.id, "scopes": ["give", "redeem"], "hours": "2", "valid_until": "2099-12-31"}
    page = await reader.send(form, **typed)
    for said, told in ((PASSWORD[1:], 401), (PASSWORD, 200)):
        asked = page.form(path)
        assert asked.typed == ["proof_password"]
        assert asked.fields.items() >= typed.items()
        page = await reader.send(asked, proof_password=said)
        assert page.status == told
        assert said not in page.response.text
    (proxy,) = await caller.get(f"/v1/volunteers/{volunteer_id}/proxies")
    assert (proxy["proxy_volunteer_id"], proxy["minutes_per_day"]) == (child.id, 120)
    assert set(proxy["scopes"]) >= {"give", "redeem"}


async def test_no_secret_waits_in_a_page(world: World) -> None:
    """Where a form holds a password, it is typed once more after the question."""
    visitor: Any = SimpleNamespace(file=None, form=Form({"new_password": [PASSWORD]}), go=lambda path: path)
    assert await proving.ask(visitor, "/more/password") == "/prove?next=/more/password"


@pytest.mark.parametrize("much", [{"x": ['"'] * 600}, {"x": ['"' * 15_000] * 2}], ids=["fields", "characters"])
async def test_not_much_waits_in_a_page(world: World, much: dict[str, list[str]]) -> None:
    """Whoever sends very much gets none of it back, neither before they say the password nor when it is wrong."""
    volunteer_id, _ = await with_password(world)
    reader = await signed_in(world, volunteer_id)
    path = "/more/proxies/new"
    form = (await reader.get(path)).form(path)
    for said in ({}, {"proof_password": PASSWORD[1:]}):
        long_ago = "update session set proved_at = now() - interval '1 hour' where volunteer_id = $1"
        await world.services.pool.execute(long_ago, volunteer_id)
        page = await reader.send(form, **much, **said)
        assert (page.status, len(page.response.content) < 20_000) == (413, True)


async def test_a_stranger_says_nothing_once_more(world: World) -> None:
    """Whoever is not signed in, and says that it is them, has done no more than what the form is for."""
    reader = Reader(world)
    page = await reader.send(
        (await reader.get("/sign-in")).form("/sign-in"), proof_password="x", login="99", password="x"
    )
    assert page.status == 401


async def test_no_other_site_sends_a_form_for_somebody(world: World) -> None:
    """Nor does one of the same domain, which can give a browser a secret that it knows."""
    foreign = Reader(world)
    known = (await foreign.get("/sign-in")).form("/sign-in").fields["csrf"]
    reader = await signed_in(world, (await world.somebody()).id)
    own = (await reader.get("/more/data")).form("/more/asked").fields
    for whence in ("same-site", "cross-site"):
        told = await reader.http.post("/more/asked", data=own, headers={"Sec-Fetch-Site": whence})
        assert told.status_code == 403
    assert (await reader.http.post("/more/asked", data=own, headers={"Sec-Fetch-Site": "same-origin"})).is_success
    reader.http.cookies.set("timebank_browser", foreign.http.cookies["timebank_browser"], domain="127.0.0.1")
    assert (await reader.http.post("/more/asked", data=own | {"csrf": known})).status_code == 403


async def test_nobody_leaves_for_somebody_else(world: World) -> None:
    """Nor does an administrator who acts for somebody: by the right of the office they would be gone."""
    elder, office = await world.with_credit(60), world.administrator
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", {"proxy_volunteer_id": office.id, "scopes": ["view"]})
    reader = await signed_in(world, office.id)
    page = await reader.send((await reader.get("/more")).form("/act-for"), volunteer_id=elder.id)
    assert (await reader.get("/more/leave")).path == "/more"
    token = page.form("/act-for").fields["csrf"]
    for how in ("leave", "erase"):
        answer = await reader.http.post("/more/leave", data={"csrf": token, "how": how, "rest": "hold"})
        assert answer.url.path == "/more"
    assert (await office.get(f"/v1/volunteers/{elder.id}"))["status"] == "active"
    page = await reader.get("/more")
    await reader.send(page.form("/act-for"), volunteer_id="")


async def test_acting_for_what_is_nobody_is_no_error(world: World) -> None:
    """What no cookie can hold is nobody's id: one acts for oneself as before."""
    reader = await signed_in(world, (await world.somebody()).id)
    token = (await reader.get("/more/data")).form("/more/asked").fields["csrf"]
    told = await reader.http.post("/act-for", data={"csrf": token, "volunteer_id": "中文"}, follow_redirects=True)
    assert (told.status_code, told.url.path) == (200, "/home")


async def test_no_page_is_kept_by_a_script(world: World) -> None:
    """Who was found by name is nowhere in the browser after signing out: the script keeps no copies to go back to."""
    reader = await signed_in(world, world.administrator.id)
    (config,) = [
        said["content"] for tag, said in (await reader.get("/admin/people")).tags if said.get("name") == "htmx-config"
    ]
    assert json.loads(config or "")["historyCacheSize"] == 0


async def test_what_is_no_token_is_not_asked_about(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cookie that is too long for a refresh token is none: nothing is asked, or remembered, of it."""
    monkeypatch.delattr(Visitor, "_refresh")
    reader = Reader(world)
    reader.http.cookies.set("timebank_refresh", "x" * 300, domain="127.0.0.1")
    assert (await reader.get("/home")).path == "/sign-in"
