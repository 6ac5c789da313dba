"""Invitations of an organisation: codes by which people register themselves."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def invitations(visitor: Visitor) -> Response[Any]:
    """The invitations there are, and where to make one."""
    path = f"/organisations/{visitor.path['organisation_id']}/invitations"
    page = await visitor.get(path, after=visitor.query.get("after"), limit=30)
    return await at_desk(visitor, "organisations/invitations.html", invitations=page["items"], next=page["next"])


async def invite(visitor: Visitor) -> Response[Any]:
    """Make an invitation, shown once, or take one back."""
    form, path = visitor.form, f"/organisations/{visitor.path['organisation_id']}/invitations"
    if form.said("invitation_id"):
        await visitor.post(f"{path}/{form.one('invitation_id')}/withdraw")
        return visitor.go(visitor.request.url.path, "Nobody registers by it any more.")
    until_day = form.day("until_day", visitor.today, "next")
    made = await visitor.post(path, {"people": form.number("people"), "until_day": until_day})
    page = await visitor.get(path, limit=30)
    return await at_desk(
        visitor, "organisations/invitations.html", invitations=page["items"], next=page["next"], made=made
    )


PAGES = [Page("/o/{organisation_id:str}/invitations", invitations, invite)]
