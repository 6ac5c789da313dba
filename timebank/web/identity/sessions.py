"""Signing in and out: by password, by a code from the office, by OpenID; proving it once more; acting for somebody."""

from typing import Any

from litestar import Response

from timebank.web.bank.front import banks
from timebank.web.http import crumbs
from timebank.web.http.asking import Refused
from timebank.web.http.pages import Page
from timebank.web.http.proving import question
from timebank.web.http.safe import local, short
from timebank.web.http.visitors import Visitor


async def sign_in(visitor: Visitor) -> Response[Any]:
    """Where to sign in."""
    return visitor.show(
        "identity/sign_in.html",
        next=short(visitor.query.get("next", "")) or visitor.form.said("next"),
        banks=await banks(visitor),
        has_oidc=visitor.services.oidc is not None,
        needs_factor=_needs_factor(visitor),
    )


def _needs_factor(visitor: Visitor) -> bool:
    kind = str((visitor.problem or {}).get("type", ""))
    return kind.endswith(("second-factor-needed", "second-factor-refused"))


async def signed_in(visitor: Visitor) -> Response[Any]:
    """Sign in with number or phone, and password."""
    form = visitor.form
    body = {"login": "".join(form.said("login").split()), "password": form.secret("password")}
    try:
        tokens = await visitor.post("/sessions", body | form.given("second_factor", "bank_id"), own=True)
    except Refused as refused:
        return await _told(visitor, refused, sign_in)
    visitor.keep(crumbs.FOR_WHOM, "")
    visitor.keep_session(tokens, own_device=form.said("own_device") == "1")
    return visitor.go(local(form.said("next"), "/home"))


async def _told(visitor: Visitor, refused: Refused, show: Any) -> Response[Any]:
    """The same page, and why it was refused; here that one is not known is no reason to sign in first."""
    if refused.status >= 500:
        raise refused
    visitor.problem = refused.problem
    shown: Response[Any] = await show(visitor)
    return shown


async def sign_out(visitor: Visitor) -> Response[Any]:
    """Sign out: of the session, everywhere at once."""
    if visitor.principal:
        await visitor.asked("DELETE", "/sessions/current", own=True)
    visitor.forget_session()
    return visitor.go("/", "You are signed out.")


async def code(visitor: Visitor) -> Response[Any]:
    """Where to choose a password with a code from the office."""
    return visitor.show("identity/code.html", needs_factor=_needs_factor(visitor))


async def code_used(visitor: Visitor) -> Response[Any]:
    """Choose a password with a code from the office, and be signed in."""
    form = visitor.form
    if visitor.form.secret("password") != visitor.form.secret("again"):
        reason = visitor.say("This is not the same as above: type both once more.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "again", "reason": reason}]})
    body = {"one_time_code": form.said("one_time_code"), "password": visitor.form.secret("password")}
    try:
        tokens = await visitor.post("/passwords", body | form.given("second_factor"), own=True)
    except Refused as refused:
        return await _told(visitor, refused, code)
    visitor.keep(crumbs.FOR_WHOM, "")
    visitor.keep_session(tokens, own_device=False)
    return visitor.go("/home", "Your password is set, and you are signed in.")


async def forgotten(visitor: Visitor) -> Response[Any]:
    """What to do when one forgot the password."""
    return visitor.show("identity/forgotten.html")


async def prove(visitor: Visitor) -> Response[Any]:
    """Where to say once more that it is oneself."""
    following = local(visitor.query.get("next") or visitor.form.said("next"), "/home")
    return await question(visitor, action="/prove", typed=[("next", following)])


async def proved(visitor: Visitor) -> Response[Any]:
    """Say once more that it is oneself."""
    body = {name: visitor.form.secret(name) for name in ("password", "second_factor") if visitor.form.said(name)}
    try:
        await visitor.post("/sessions/current/prove", body, own=True)
    except Refused as refused:
        return await _told(visitor, refused, prove)
    return visitor.go(local(visitor.form.said("next"), "/home"))


async def act_for(visitor: Visitor) -> Response[Any]:
    """Act for somebody who let one, or for oneself again."""
    visitor.keep(crumbs.FOR_WHOM, visitor.form.said("volunteer_id") and visitor.form.one("volunteer_id"))
    return visitor.go("/home")


async def back_from_provider(visitor: Visitor) -> Response[Any]:
    """Come back from the OpenID provider: signed in, or with the account there linked."""
    answer = await visitor.asked("GET", "/oidc/callback", None, visitor.query, own=True)
    visitor.pass_on(answer)
    found = answer.json()
    if "access_token" not in found:
        return visitor.go("/more/safety", "From now on you can sign in with that account, too.")
    visitor.keep(crumbs.FOR_WHOM, "")
    visitor.keep_session(found, own_device=False)
    return visitor.go("/home")


PAGES = [
    Page("/sign-in", sign_in, signed_in, public=True),
    Page("/sign-out", act=sign_out, public=True, for_anybody=True),
    Page("/code", code, code_used, public=True),
    Page("/forgotten", forgotten, public=True),
    Page("/prove", prove, proved, half_way=True, for_anybody=True),
    Page("/act-for", act=act_for, for_anybody=True),
    Page("/v1/oidc/callback", back_from_provider, public=True),
]
