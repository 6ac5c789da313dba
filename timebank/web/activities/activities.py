"""Activities as volunteers see them: what is on, signing up and off, signing in and out."""

from typing import Any
from urllib.parse import quote

from litestar import Response

from timebank.web.http.desks import manages
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30


async def what_is_on(visitor: Visitor) -> Response[Any]:
    """What one can sign up for, and what one has signed up for; near one's home, if one wants."""
    near = "me" if visitor.query.get("near") == "me" else None
    page = await visitor.get("/activities", near=near, after=visitor.query.get("after"), limit=SHOWN, own=True)
    mine = await visitor.get("/activities/mine", limit=SHOWN, own=True)
    own = [each for each in mine["items"] if each["status"] == "published"]
    others = [each for each in page["items"] if not each["own_status"] or each["own_status"] == "withdrawn"]
    return visitor.show("activities/list.html", activities=others, next=page["next"], mine=own, is_near=near == "me")


async def one(visitor: Visitor) -> Response[Any]:
    """One activity, and what one can do about it."""
    assert visitor.principal
    activity = await visitor.get(f"/activities/{visitor.path['activity_id']}", own=True)
    leads = activity["leader_id"] == visitor.principal.actor or visitor.roles.get(activity["organisation_id"]) in {
        "recorder",
        "coordinator",
    }
    role = visitor.roles.get(activity["organisation_id"])
    return visitor.show(
        "activities/one.html",
        activity=activity,
        leads=leads or "administrator" in visitor.offices,
        may_call=manages(visitor, activity["organisation_id"]),
        scanned=visitor.query.get("code", ""),
        verifies=role in {"verifier", "coordinator"} or "administrator" in visitor.offices,
    )


async def act(visitor: Visitor) -> Response[Any]:
    """Sign up or off; in or out, by the code that is shown at the place; or confirm what came of it."""
    form, path = visitor.form, f"/activities/{visitor.path['activity_id']}"
    here = visitor.request.url.path
    what = form.said("what")
    if what in {"check-in", "check-out"}:
        await visitor.post(f"{path}/{what}", {"code": form.said("code") or "-"}, own=True)
        if what == "check-in":
            return visitor.go(here, "You are signed in. Sign out when you leave.")
        return visitor.go(here, "You are signed out. Thank you!")
    if what == "confirm":
        await visitor.post(f"{path}/confirm", own=True)
        return visitor.go(here, "All that could be confirmed is confirmed.")
    if what == "withdraw":
        await visitor.post(f"{path}/sign-ups/withdraw", {}, own=True)
        return visitor.go(here, "You are signed off.")
    told = await visitor.post(f"{path}/sign-ups", {}, own=True)
    if told["status"] == "waiting":
        return visitor.go(here, "All places are taken: you wait for one.")
    scanned = visitor.query.get("code")
    return visitor.go(f"{here}?code={quote(scanned)}" if scanned else here, "You are signed up.")


PAGES = [Page("/activities", what_is_on), Page("/activities/{activity_id:str}", one, act)]
