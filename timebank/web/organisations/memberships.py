"""Members of an organisation: finding, inviting, answering those who ask, roles and terms."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.organisations import Role
from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

ROLES = get_args(Role)


async def members(visitor: Visitor) -> Response[Any]:
    """The members, by state, or those whom a name or a number finds."""
    query = visitor.query
    said = query.get("query", "").strip()
    page = await visitor.get(
        f"/organisations/{visitor.path['organisation_id']}/members",
        role=query.get("role"),
        status=query.get("status"),
        query="".join(said.split()) if said.replace(" ", "").isdecimal() else said,
        after=query.get("after"),
        limit=50,
    )
    return await at_desk(
        visitor, "organisations/members.html", members=page["items"], next=page["next"], roles=ROLES, asked=said
    )


async def invite(visitor: Visitor) -> Response[Any]:
    """Invite somebody; they accept themselves."""
    form = visitor.form
    body: dict[str, Any] = {
        "volunteer_id": form.said("volunteer_id").replace(" ", "") or "-",
        "role": form.said("role") or "member",
    }
    body |= form.days(visitor.today, valid_until="next")
    await visitor.post(f"/organisations/{visitor.path['organisation_id']}/members", body)
    return visitor.go(visitor.request.url.path, "They are invited. They see it when they sign in.")


async def answer(visitor: Visitor) -> Response[Any]:
    """Answer one who asks, end a membership, or give another role or term; what is not changed of both stays."""
    form, organisation_id = visitor.form, visitor.path["organisation_id"]
    who = f"/organisations/{organisation_id}/members/{form.one('volunteer_id')}"
    if form.said("what") == "role":
        term = form.given("valid_from") | form.days(visitor.today, valid_until="next")
        await visitor.asked("PATCH", who, {"role": form.said("role"), **term})
    else:
        verb = form.said("what") if form.said("what") in {"approve", "decline", "end"} else "decline"
        said = form.given("role", "membership_id") if verb == "approve" else form.given("reason")
        await visitor.post(f"{who}/{verb}", said)
    return visitor.go(f"/o/{organisation_id}/members", "It is done.")


PAGES = [
    Page("/o/{organisation_id:str}/members", members, invite),
    Page("/o/{organisation_id:str}/members/answer", act=answer, again=members),
]
