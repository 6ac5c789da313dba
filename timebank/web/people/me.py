"""Oneself: one's data, one's phone, what others did on one's account, a copy of everything, and leaving."""

from functools import partial
from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.telling.facts import gist
from timebank.web.http.telling.naming import name_of
from timebank.web.http.visitors import Visitor


async def more(visitor: Visitor) -> Response[Any]:
    """All that is not in the main navigation."""
    return visitor.show("people/more.html")


async def data(visitor: Visitor) -> Response[Any]:
    """What the bank knows of one, and changing it."""
    person, consents = await visitor.get("/volunteers/me"), await visitor.get("/volunteers/me/consents")
    return visitor.show("people/data.html", person=person, consents=consents)


async def change_data(visitor: Visitor) -> Response[Any]:
    """Change it; what is emptied is taken away."""
    form = visitor.form
    phone = form.said("phone").replace(" ", "")
    body = {"name": form.said("name"), "phone": phone or None, "skills": form.several("skills")}
    await visitor.asked("PATCH", "/volunteers/me", body)
    return visitor.go("/more/data", "It is kept.")


async def may_be_asked(visitor: Visitor) -> Response[Any]:
    """Agree to be asked when help is needed; or no more."""
    granted = visitor.form.said("granted") == "yes"
    await visitor.post("/volunteers/me/consents", {"purpose": "be-asked", "granted": granted})
    return visitor.go("/more/data", "You may be asked now." if granted else "You are not asked any more.")


async def phone(visitor: Visitor) -> Response[Any]:
    """One's phone, and making sure that it is one's own."""
    return visitor.show("people/phone.html", phone=await visitor.get("/me/phone", own=True))


async def send_code(visitor: Visitor) -> Response[Any]:
    """Have a code sent there."""
    await visitor.post("/me/phone", own=True)
    return visitor.go("/more/phone", "A code is on its way to your phone.")


async def verify_phone(visitor: Visitor) -> Response[Any]:
    """Say the code that came."""
    await visitor.post("/me/phone/verify", {"code": visitor.form.said("code").replace(" ", "")}, own=True)
    return visitor.go("/more/phone", "Your phone is verified. You can sign in with it.")


async def notices(visitor: Visitor) -> Response[Any]:
    """What others did on one's account, and what happened at its door."""
    found = await visitor.get("/me/notices", own=True, after=visitor.query.get("after"), limit=30)
    bodies = {said for each in found["items"] if (said := each["detail"].get("organisation_id"))}
    names = {each: await name_of(each, partial(visitor.seen, own=True)) for each in bodies}
    told = []
    for each in found["items"]:
        body = each["detail"].get("organisation_id")
        name = names[body] if body and names[body] != body else ""
        told.append(each | {"gist": gist(each["detail"], visitor.language, name)})
    return visitor.show("people/notices.html", notices=told, next=found["next"], latest=found["latest"])


async def read_notices(visitor: Visitor) -> Response[Any]:
    """Say that one has read them."""
    await visitor.post("/me/notices/read", {"up_to": visitor.form.said("up_to")}, own=True)
    return visitor.go("/home")


async def export(visitor: Visitor) -> Response[Any]:
    """Everything the bank knows about one, in one file."""
    return await visitor.hand_out("/me/data", own=True, name="my-data.json")


async def leaving(visitor: Visitor) -> Response[Any]:
    """Where to leave the bank, or be erased; what that means."""
    if visitor.acts_for:
        return _for_oneself(visitor)
    funds = [each for each in (await visitor.get("/funds", limit=100))["items"] if each["status"] == "open"]
    return visitor.show("people/leaving.html", balance=await visitor.get("/me/balance", own=True), funds=funds)


async def leave(visitor: Visitor) -> Response[Any]:
    """Leave, or be erased for good; then one is signed out."""
    if visitor.acts_for:
        return _for_oneself(visitor)
    form = visitor.form
    how = "erase" if form.said("how") == "erase" else "leave"
    body = form.given("rest") | (form.given("fund_id") if form.said("rest") == "donate" else {})
    await visitor.post(f"/volunteers/{visitor.own_id}/{how}", body, own=True)
    visitor.forget_session()
    return visitor.go("/", "It is done. Thank you for all you did.")


def _for_oneself(visitor: Visitor) -> Response[Any]:
    """Nobody leaves for somebody else, an administrator neither, who would by the right of their office."""
    return visitor.go("/more", "One leaves oneself only: go back to your own account first.")


PAGES = [
    Page("/more", more),
    Page("/more/data", data, change_data),
    Page("/more/asked", act=may_be_asked, again=data),
    Page("/more/phone", phone, verify_phone),
    Page("/more/phone/send", act=send_code, again=phone),
    Page("/more/notices", notices, read_notices),
    Page("/more/export", export),
    Page("/more/leave", leaving, leave, proof=True),
]
