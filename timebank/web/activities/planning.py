"""Planning: an organisation's activities, and a new one."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk, teams_there
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30


async def planned(visitor: Visitor) -> Response[Any]:
    """All activities of the organisation, the latest plan first."""
    path = f"/organisations/{visitor.path['organisation_id']}/activities"
    page = await visitor.get(path, after=visitor.query.get("after"), limit=SHOWN)
    return await at_desk(visitor, "activities/planned.html", activities=page["items"], next=page["next"])


async def planning(visitor: Visitor) -> Response[Any]:
    """Where to plan one."""
    names = (await visitor.get("/categories"))["names"]
    listed = [(each["name"],) * 2 for each in names if each["sort"] == "category" and not each["is_retired"]]
    return await at_desk(visitor, "activities/plan.html", categories=listed, teams=await teams_there(visitor))


async def plan(visitor: Visitor) -> Response[Any]:
    """Plan it, and let everybody see it at once, if that is wanted."""
    form = visitor.form
    day = form.said("day")
    body: dict[str, Any] = {name: form.said(name) for name in ("name", "category", "content", "place")} | {
        "starts_at": form.moment(day, "start", visitor.zone) or "",
        "ends_at": form.moment(day, "end", visitor.zone) or "",
        "leader_id": form.said("leader_id").replace(" ", "") or "me",
        "is_insured": form.said("is_insured") == "1",
    }
    body |= form.given("team_id")
    if form.said("seats"):
        body["seats"] = form.number("seats")
    if form.said("times"):
        body["repeats"] = {"every_days": form.number("every_days") or 7, "times": form.number("times")}
    made = await visitor.post(f"/organisations/{visitor.path['organisation_id']}/activities", body)
    if form.said("publish") == "1":
        once = form.said("once")
        for number, activity_id in enumerate(made["activity_ids"]):
            form["once"] = f"{once}-{number}" if once else ""
            await visitor.post(f"/activities/{activity_id}/publish", own=True)
        return visitor.go(f"/o/{visitor.path['organisation_id']}/activities", "Everybody sees it now, and can sign up.")
    return visitor.go(f"/o/{visitor.path['organisation_id']}/activities", "It is planned. Nobody else sees it yet.")


PAGES = [
    Page("/o/{organisation_id:str}/activities", planned),
    Page("/o/{organisation_id:str}/activities/new", planning, plan),
]
