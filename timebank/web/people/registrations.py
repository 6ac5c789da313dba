"""Registering oneself, by a code to one's phone; one's child; and taking in those who did."""

from typing import Any

from litestar import Response

from timebank.web.bank.front import banks, the_bank
from timebank.web.http import crumbs
from timebank.web.http.asking import Refused
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.safe import short
from timebank.web.http.visitors import Visitor


async def registering(visitor: Visitor) -> Response[Any]:
    """How one registers here: by the office, or with a code that comes to one's phone."""
    bank_id = visitor.form.said("bank_id") or await the_bank(visitor)
    how = await visitor.get("/registration", own=True, bank_id=bank_id) if bank_id else None
    return visitor.show(
        "people/registering.html",
        how=how,
        banks=await banks(visitor),
        bank_id=bank_id,
        places=_places(how),
        phone=visitor.form.said("phone"),
        invitation=short(visitor.query.get("invitation", "")) or visitor.form.said("invitation"),
        purposes=[
            ("be-asked", visitor.say("You may ask me when help is needed near me")),
            ("leaderboard", visitor.say("My name may stand on the board")),
        ],
    )


def _places(how: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Where somebody may say that they live."""
    return [(each["node_id"], each["name"]) for each in (how or {}).get("places", [])]


async def send_code(visitor: Visitor) -> Response[Any]:
    """Have a code sent to a phone, and go on with who one is."""
    form = visitor.form
    body = {"phone": "".join(form.said("phone").split())} | form.given("bank_id")
    await visitor.post("/registration/codes", body, own=True)
    return await registering(visitor)


async def register(visitor: Visitor) -> Response[Any]:
    """Register, and be signed in."""
    form = visitor.form
    if form.secret("password") != form.secret("again"):
        raise _wrong("again", visitor.say("This is not the same as above: type both once more."))
    _must_agree(visitor)
    body: dict[str, Any] = {
        "phone": "".join(form.said("phone").split()),
        "password": form.secret("password"),
        "birth_year": form.number("birth_year"),
        "purposes": form.ticked("purposes"),
        "shares_phone": form.said("shares_phone") == "1",
        "skills": form.several("skills"),
    }
    said = form.given("code", "name", "agreed_to", "invitation", "bank_id", "node_id")
    told = await visitor.post("/registration", body | said, own=True)
    visitor.keep(crumbs.FOR_WHOM, "")
    visitor.keep_session(told, own_device=False)
    if told["status"] == "applied":
        return visitor.go("/home", "You are registered. The office looks at it, and then you can begin.")
    return visitor.go("/home", "Welcome! You are registered and signed in.")


def _must_agree(visitor: Visitor) -> None:
    if not visitor.form.said("agreed_to"):
        raise _wrong("agreed_to", visitor.say("Read what is kept about you, and say that you agree."))


def _wrong(field: str, reason: str) -> Refused:
    return Refused({"status": 422, "detail": reason, "errors": [{"field": field, "reason": reason}]})


async def ward(visitor: Visitor) -> Response[Any]:
    """Where to register one's child."""
    how = await visitor.get("/registration", own=True, bank_id=visitor.bank_id)
    return visitor.show("people/ward.html", how=how, places=_places(how))


async def register_ward(visitor: Visitor) -> Response[Any]:
    """Register one's child."""
    form = visitor.form
    _must_agree(visitor)
    body = {"birth_year": form.number("birth_year")} | form.given("name", "agreed_to", "invitation", "node_id")
    await visitor.post("/me/wards", body, own=True)
    return visitor.go("/more", "Your child is registered, and you act for them.")


async def applied(visitor: Visitor) -> Response[Any]:
    """Who registered themselves and waits."""
    page = await visitor.get("/registrations", after=visitor.query.get("after"), limit=30)
    return await in_office(visitor, "people/applied.html", people=page["items"], next=page["next"])


async def decide(visitor: Visitor) -> Response[Any]:
    """Take somebody in, or not."""
    form = visitor.form
    who = form.one("volunteer_id")
    if form.said("what") == "decline":
        await visitor.post(f"/registrations/{who}/decline", {"reason": form.said("reason")})
        return visitor.go("/admin/registrations", "They are told why not.")
    await visitor.post(f"/registrations/{who}/accept")
    return visitor.go("/admin/registrations", "They are taken in.")


PAGES = [
    Page("/register", registering, register, public=True),
    Page("/register/code", act=send_code, again=registering, public=True),
    Page("/more/child", ward, register_ward),
    Page("/admin/registrations", applied, decide),
]
