"""What holds for every page and every form, tried on all of them: the pages themselves say which there are."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.conftest import kept
from tests.api.world import World, settled
from tests.helpers.effort import more
from tests.web.reader import Form, Reader, Seen, signed_in
from tests.web.town import FOREIGN, PAGES, Town, town_of
from timebank.web.app import create_app
from timebank.web.http.asking import Opened
from timebank.web.http.pages import Page
from timebank.web.http.telling.words import CONTEXT
from timebank.web.http.visitors import Visitor
from timebank.words import _catalogue

pytestmark = pytest.mark.drill

SHOWN = [
    page
    for page in PAGES
    if page.show and not page.path.endswith((".csv", ".xlsx", ".svg", ".txt", "export", "callback", "live"))
]
MOST_BYTES = 40_000
"""Of the page alone: with its style and scripts it has to stay below 100 KB."""
IN_PUBLIC = {"/", "/rules", "/sign-in", "/code", "/forgotten", "/register"}
FOR_OFFICES = "/admin"
EVERY_DAY = "stranger", "volunteer", "coordinator", "administrator"
OTHERS = pytest.param(("recorder", "verifier", "auditor", "node-leader"), marks=pytest.mark.release)


@pytest.fixture(scope="module")
async def world(module_url: str) -> AsyncIterator[World]:
    """A bank of their own: every form is sent, those that suspend somebody or revoke a key too."""
    async with kept(settled(module_url, create_app)) as world:
        yield world


@pytest.fixture(scope="module")
async def town(world: World) -> Town:
    """A world with something on every page."""
    return await town_of(world)


@pytest.fixture(scope="module")
async def readers(town: Town) -> dict[str, Reader]:
    """Somebody of each audience."""
    return await town.readers()


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pages asked for, and whoever looked at them may not see."""
    found: list[str] = []
    ask = Visitor._ask

    async def noted(self: Visitor, method: str, path: str, *rest: Any, **more: Any) -> Opened:
        opened = await ask(self, method, path, *rest, **more)
        if opened.status == 403:
            found.append(path)
        return opened

    monkeypatch.setattr(Visitor, "_ask", noted)
    return found


def is_well_made(seen: Seen) -> None:
    """It has a language, a title, one first heading, labels for its fields, and nothing of its own to run."""
    names = [tag for tag, _ in seen.tags]
    assert names.count("h1") == 1, "one first heading"
    assert names.count("main") == 1
    assert re.search(r"<title>[^<]{3,}</title>", seen.response.text)
    assert len(seen.response.content) < MOST_BYTES
    labelled = {said.get("for") for tag, said in seen.tags if tag == "label"}
    within = seen.response.text
    for tag, said in seen.tags:
        assert not any(name.startswith("on") or name == "style" for name in said), f"{tag} {said}: no inline script"
        if tag == "script":
            assert (said.get("src") or "").startswith("/static/")
        if tag in {"input", "select", "textarea"} and said.get("type") not in {"hidden", "checkbox", "radio"}:
            named = said.get("id") in labelled or re.search(
                rf"<label[^>]*>(?:(?!</label>).)*name=\"{re.escape(said.get('name') or '')}\"", within, re.DOTALL
            )
            assert named, f"a label for {said}"
        if tag == "img":
            assert said.get("alt")


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.path)
@pytest.mark.parametrize("audiences", [EVERY_DAY, OTHERS], ids=["usual", "others"])
async def test_every_page_for_everybody(
    page: Page, audiences: tuple[str, ...], town: Town, readers: dict[str, Reader], forbidden: list[str]
) -> None:
    """Whoever asks gets the page, is told whose it is, or asked to sign in; never an error, nor markup of others.

    A page that one is shown asks for nothing that one may not see: that would be noted as if somebody had tried.
    """
    for who in audiences:
        reader = readers[who]
        forbidden.clear()
        seen = await reader.get(town.address(page))
        assert seen.status != 200 or not forbidden, who
        assert seen.status in (200, 403, 404), f"{who}: {seen.status} {seen.headings}"
        is_well_made(seen)
        assert "<script>alert" not in seen.response.text
        assert "&lt;script&gt;alert" in seen.response.text or FOREIGN not in seen.text
        assert "49" not in seen.headings
        if who == "stranger":
            assert (seen.path == "/sign-in") == (page.path not in IN_PUBLIC or page.path == "/sign-in")
        if page.path.startswith(FOR_OFFICES) and who in {
            "volunteer",
            "recorder",
            "verifier",
            "coordinator",
            "node-leader",
        }:
            assert seen.status in (403, 404)
        if page.path.startswith(FOR_OFFICES) and who == "administrator":
            assert seen.status == 200


ODD = {
    "first": dict.fromkeys(("day", "at", "until", "since"), "0001-01-01") | {"month": "0001-01", "period": "0001-01"},
    "last": dict.fromkeys(("day", "at", "until", "since"), "9999-12-31") | {"month": "9999-12", "period": "9999-12"},
    "nothing": dict.fromkeys(("day", "at", "until", "month", "period", "after", "status", "level", "kind"), "\x01 x"),
}


@pytest.mark.parametrize("asked", [ODD["first"], *more(ODD["last"], ODD["nothing"])], ids=ODD)
async def test_odd_addresses_are_no_errors(town: Town, readers: dict[str, Reader], asked: dict[str, str]) -> None:
    """Whatever day, month or filter an address names, there is a page that says so, or that leaves it out."""
    broken = set()
    for page in SHOWN:
        for who in ("volunteer", "administrator"):
            answer = await readers[who].http.get(town.address(page), params=asked)
            broken |= {page.path} if answer.status_code >= 500 else set()
    assert not broken


@pytest.mark.release
async def test_every_page_in_english(town: Town) -> None:
    """In English a page says no sentence of ours in Chinese."""
    readers = await town.readers("en-GB")
    ours = [each for (context, _), each in _catalogue().items() if context == CONTEXT and len(each) > 3]
    for who in ("administrator", "volunteer", "coordinator"):
        for page in SHOWN:
            text = (await readers[who].get(town.address(page))).text
            assert not [each for each in ours if each in text], page.path


@pytest.fixture(scope="module")
async def forms(town: Town, readers: dict[str, Reader]) -> list[tuple[str, Reader, Seen, str]]:
    """Every form of every page that does something: who sees it, where it is, and where it goes; one each."""
    found: dict[str, tuple[str, Reader, Seen, str]] = {}
    for who in ("stranger", "volunteer", "coordinator", "administrator"):
        for page in SHOWN:
            seen = await readers[who].get(town.address(page))
            for form in seen.forms:
                if form.is_unsafe:
                    key = re.sub(
                        r"(vol|rec|org|red|rew|app|key|act|inv|nod|pro|emp|tea|mrg)_[0-9a-f]+", "*", form.action
                    )
                    found.setdefault(key, (who, readers[who], seen, form.action))
    return list(found.values())


async def test_forms_of_other_sites_are_refused(town: Town, forms: list[tuple[str, Reader, Seen, str]]) -> None:
    """Every form without its token, or with another browser's, is refused, and nothing is done.

    Where it is asked before anything is read whether one may, whoever may not finds nothing there.
    """
    assert len(forms) > 25
    head = await town.world.services.ledger.store.head(town.world.bank_id)
    other = (await Reader(town.world).get("/sign-in")).form("/sign-in").fields["csrf"]
    for who, reader, seen, action in forms:
        form = seen.form(action)
        for token in ("", other):
            answer = await reader.http.post(action, data=form.fields | {"csrf": token}, follow_redirects=False)
            assert answer.status_code in {403, 404}, (who, action)
    assert await town.world.services.ledger.store.head(town.world.bank_id) == head


FOR_ANYBODY = {page.path for page in PAGES if page.for_anybody}
SCOPES = ["view", "redeem", "give", "memberships", "consents", "personal-data"]


async def forms_for(town: Town, reader: Reader) -> dict[str, Form]:
    """Every form that does something, of every page that somebody sees, by where it goes."""
    seen = [await reader.get(town.address(page)) for page in SHOWN]
    return {form.action: form for page in seen for form in page.forms if form.is_unsafe}


@pytest.mark.release
@pytest.mark.parametrize("who", ["volunteer", "administrator"])
async def test_a_form_is_for_the_account_it_was_opened_for(town: Town, who: str) -> None:
    """Whoever chooses in another tab for whom they act sends no form of before: neither as a proxy nor for themselves.

    What is the same for anybody is done, or they could not even choose again.
    """
    elder, child = await town.world.with_credit(300), await town.world.with_credit(300)
    proxy_id = child.id if who == "volunteer" else town.world.administrator.id
    reader = await signed_in(town.world, proxy_id)
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", {"proxy_volunteer_id": proxy_id, "scopes": SCOPES})
    store, bank_id = town.world.services.ledger.store, town.world.bank_id
    for one, other in (("", elder.id), (elder.id, "")):
        choose = (await reader.get("/more")).form("/act-for")
        await reader.send(choose, volunteer_id=one)
        forms = await forms_for(town, reader)
        assert len(forms) > 15
        await reader.send(choose, volunteer_id=other)
        head = await store.head(bank_id)
        for action, form in forms.items():
            if action not in FOR_ANYBODY:
                answer = await reader.http.post(action, data=form.fields, follow_redirects=False)
                assert answer.status_code in {403, 404, 409}, action
                assert answer.status_code != 409 or "什么都没有办" in answer.text, action
        assert await store.head(bank_id) == head
        assert (await reader.send(forms["/settings"], language="zh")).status == 200


async def test_what_is_typed_comes_back_as_text(forms: list[tuple[str, Reader, Seen, str]]) -> None:
    """Whatever is typed into any field of any form, the answer is a page or a refusal that shows it as text."""
    ending, understood = {"/sign-out", "/more/leave"}, 0
    for who, reader, seen, action in forms:
        form = seen.form(action)
        if action in ending or not form.typed:
            continue
        answer = await reader.send(form, **dict.fromkeys(form.typed, FOREIGN))
        assert answer.status in (200, 400, 401, 403, 404, 409, 422), f"{who} {action}: {answer.status}"
        assert "<script>alert" not in answer.response.text, action
        is_well_made(answer)
        understood += answer.status not in (401, 403)
    assert understood > 20, "most forms are still theirs who opened them"


async def test_pages_may_load_files_of_ours_only(town: Town, readers: dict[str, Reader]) -> None:
    """The policy of a page lets nothing run that is written into it; nobody frames it, and no browser keeps it."""
    for path in ("/", "/home", "/nowhere"):
        headers = (await readers["volunteer"].get(path)).response.headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"


async def test_what_a_page_loads_is_little(town: Town, readers: dict[str, Reader]) -> None:
    """Styles, scripts and the mark are four requests and 60 to 85 KB, which browsers keep for ever."""
    seen = await readers["volunteer"].get("/home")
    loaded = set(re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", seen.response.text))
    assert len(loaded) <= 5
    size = len(seen.response.content)
    for path in loaded:
        answer = await readers["volunteer"].http.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        _, _, version, name = path.split("/")
        other = await readers["volunteer"].http.get(f"/static/{version[::-1]}/{name}")
        assert (other.status_code, other.headers["cache-control"]) == (200, "no-store"), "nobody keeps it under another"
        size += len(answer.content)
    assert size < 100_000
