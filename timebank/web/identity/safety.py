"""Staying safe: one's password, second factor, and devices."""

from typing import Any

import segno
from litestar import Response

from timebank.web.http.asking import Refused
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def safety(visitor: Visitor) -> Response[Any]:
    """How one signs in, and where one is signed in."""
    return visitor.show(
        "identity/safety.html",
        factor=await visitor.get("/me/second-factor", own=True),
        sessions=await visitor.get("/sessions", own=True),
        has_oidc=visitor.services.oidc is not None,
    )


async def password(visitor: Visitor) -> Response[Any]:
    """Where to change one's password."""
    return visitor.show("identity/password.html")


async def change_password(visitor: Visitor) -> Response[Any]:
    """Change it."""
    form = visitor.form
    if form.secret("new_password") != form.secret("again"):
        reason = visitor.say("This is not the same as above: type both once more.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "again", "reason": reason}]})
    try:
        body = {name: form.secret(name) for name in ("old_password", "new_password")}
        await visitor.post("/passwords/change", body, own=True)
    except Refused as refused:
        if refused.status >= 500 or refused.kind == "proof-needed":
            raise
        visitor.problem = refused.problem
        return await password(visitor)
    return visitor.go("/more/safety", "Your password is changed. Other devices are signed out.")


async def factor(visitor: Visitor) -> Response[Any]:
    """Where to set a second factor, or take it away."""
    return visitor.show("identity/factor.html", factor=await visitor.get("/me/second-factor", own=True), begun=None)


async def begin_factor(visitor: Visitor) -> Response[Any]:
    """Begin: show what to tell the authenticator."""
    made = await visitor.post("/me/second-factor", own=True)
    drawn = segno.make(made["uri"]).svg_data_uri(scale=6)
    found = await visitor.get("/me/second-factor", own=True)
    return visitor.show("identity/factor.html", factor=found, begun=made, drawn=drawn)


async def confirm_factor(visitor: Visitor) -> Response[Any]:
    """Confirm it by a code, and show the recovery codes, once."""
    body = {"code": visitor.form.said("code").replace(" ", "")}
    made = await visitor.post("/me/second-factor/confirm", body, own=True)
    return visitor.show("identity/recovery.html", codes=made["recovery_codes"])


async def remove_factor(visitor: Visitor) -> Response[Any]:
    """Have none any more."""
    form = visitor.form
    body = {"password": form.secret("password"), "second_factor": form.said("second_factor")}
    try:
        await visitor.post("/me/second-factor/remove", body, own=True)
    except Refused as refused:
        if refused.status >= 500:
            raise
        visitor.problem = refused.problem
        return await factor(visitor)
    return visitor.go("/more/safety", "The second factor is taken away.")


async def end_session(visitor: Visitor) -> Response[Any]:
    """Sign another device out, or all of them."""
    which = visitor.form.one("session_id")
    await visitor.asked("DELETE", f"/sessions/{which}", own=True)
    return visitor.go("/more/safety", "That device is signed out.")


async def link_account(visitor: Visitor) -> Response[Any]:
    """Begin to link an account at the OpenID provider."""
    answer = await visitor.asked("POST", "/me/oidc", own=True)
    visitor.pass_on(answer)
    return visitor.go(answer.json()["location"])


PAGES = [
    Page("/more/safety", safety),
    Page("/more/password", password, change_password),
    Page("/more/second-factor", factor, begin_factor, proof=True),
    Page("/more/second-factor/confirm", act=confirm_factor, again=factor),
    Page("/more/second-factor/remove", act=remove_factor, again=factor),
    Page("/more/devices/end", act=end_session, again=safety),
    Page("/more/link", act=link_account, again=safety),
]
