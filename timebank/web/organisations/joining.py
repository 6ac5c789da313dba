"""One's own organisations: asking to join, accepting an invitation, leaving."""

from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

OPEN = {"requested", "invited", "approved"}


async def own_organisations(visitor: Visitor) -> Response[Any]:
    """The organisations one belongs to, and those one can ask."""
    held = (await visitor.get("/volunteers/me/memberships", limit=100))["items"]
    there = {each["organisation_id"] for each in held if each["status"] in OPEN}
    after = visitor.query.get("after")
    page = await visitor.get("/organisations", status="approved", after=after, limit=50)
    others = [each for each in page["items"] if each["organisation_id"] not in there]
    mine = [each for each in held if each["status"] in OPEN]
    return visitor.show("organisations/own.html", memberships=mine, others=others, next=page["next"])


async def join(visitor: Visitor) -> Response[Any]:
    """Ask to join one."""
    organisation_id = visitor.form.one("organisation_id")
    await visitor.post(f"/organisations/{organisation_id}/members", {"volunteer_id": "me"})
    return visitor.go("/more/organisations", "You have asked to join. They will answer.")


async def answer(visitor: Visitor) -> Response[Any]:
    """Accept or decline an invitation, or leave."""
    what = visitor.form.said("what")
    verb = what if what in {"approve", "decline", "end"} else "decline"
    organisation_id = visitor.form.one("organisation_id")
    body = visitor.form.given("role", "membership_id") if verb == "approve" else {}
    await visitor.post(f"/organisations/{organisation_id}/members/{visitor.own_id}/{verb}", body)
    return visitor.go("/more/organisations", "It is done.")


PAGES = [
    Page("/more/organisations", own_organisations, join),
    Page("/more/organisations/answer", act=answer, again=own_organisations),
]
