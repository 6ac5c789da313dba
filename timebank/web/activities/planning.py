"""Planning: an organisation's activities, a new one, and one that is to be otherwise."""

from datetime import datetime
from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk, places_there, teams_there
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30

NEW: dict[str, Any] = {
    **dict.fromkeys(("name", "category", "content", "place", "day", "start", "end", "skills", "programmes"), ""),
    **dict.fromkeys(("seats", "team_id", "node_id", "leader_name"), ""),
    "open_to": "everybody",
    "stays": False,
    "is_insured": False,
}
"""What a plan says before anything was said."""


async def planned(visitor: Visitor) -> Response[Any]:
    """All activities of the organisation, the latest plan first."""
    path = f"/organisations/{visitor.path['organisation_id']}/activities"
    page = await visitor.get(path, after=visitor.query.get("after"), limit=SHOWN)
    return await at_desk(visitor, "activities/planned.html", activities=page["items"], next=page["next"])


async def planning(visitor: Visitor) -> Response[Any]:
    """Where to plan one."""
    return await at_desk(visitor, "activities/plan.html", was=NEW, **await _choices(visitor))


async def _choices(visitor: Visitor) -> dict[str, Any]:
    """The categories, teams and neighbourhoods to choose from."""
    names = (await visitor.get("/categories"))["names"]
    listed = [(each["name"],) * 2 for each in names if each["sort"] == "category" and not each["is_retired"]]
    return {"categories": listed, "teams": await teams_there(visitor), "places": await places_there(visitor)}


async def plan(visitor: Visitor) -> Response[Any]:
    """Plan it, and let everybody see it at once, if that is wanted."""
    form, body = visitor.form, _said(visitor)
    if form.said("times"):
        body["repeats"] = {
            "every_days": 7 if (days := form.number("every_days")) is None else days,
            "times": form.number("times"),
        }
    made = await visitor.post(f"/organisations/{visitor.path['organisation_id']}/activities", body)
    if form.said("publish") == "1":
        once = form.said("once")
        for number, activity_id in enumerate(made["activity_ids"]):
            form["once"] = f"{once}-{number}" if once else ""
            await visitor.post(f"/activities/{activity_id}/publish", own=True)
        return visitor.go(f"/o/{visitor.path['organisation_id']}/activities", "Everybody sees it now, and can sign up.")
    return visitor.go(f"/o/{visitor.path['organisation_id']}/activities", "It is planned. Nobody else sees it yet.")


def _said(visitor: Visitor) -> dict[str, Any]:
    """What a form says of an activity, as the API takes it."""
    form = visitor.form
    starts_at, ends_at = form.span(form.day("day", visitor.today, "next"), visitor.zone)
    body: dict[str, Any] = {name: form.said(name) for name in ("name", "category", "content", "place")} | {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "leader_id": form.said("leader_id").replace(" ", "") or "me",
        "is_insured": form.said("is_insured") == "1",
        "open_to": "members" if form.said("members_only") == "1" else "everybody",
        "signs_out": form.said("stays") != "1",
        "skills": form.several("skills"),
        "programmes": form.several("programmes"),
    }
    seats = {"seats": form.number("seats")} if form.said("seats") else {}
    return body | seats | form.given("team_id", "node_id")


async def changing(visitor: Visitor) -> Response[Any]:
    """Where to have it otherwise."""
    activity = await visitor.get(f"/activities/{visitor.path['activity_id']}")
    was, choices = _as_fields(visitor, activity), await _choices(visitor)
    node_id = activity["node_id"]
    if node_id and node_id not in dict(choices["places"]):
        place = await visitor.get(f"/nodes/{node_id}", own=True)
        choices["places"].append((node_id, place["node"]["name"]))
    return await at_desk(visitor, "activities/change.html", activity=activity, was=was, **choices)


def _as_fields(visitor: Visitor, activity: dict[str, Any]) -> dict[str, Any]:
    """An activity as the fields of its form."""
    start, end = (datetime.fromisoformat(activity[name]).astimezone(visitor.zone) for name in ("starts_at", "ends_at"))
    return activity | {
        "day": f"{start:%Y-%m-%d}",
        "start": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "stays": not activity["signs_out"],
        "skills": ", ".join(activity["skills"]),
        "programmes": ", ".join(activity["programmes"]),
    }


async def change(visitor: Visitor) -> Response[Any]:
    """Have it otherwise."""
    activity_id, body, form = visitor.path["activity_id"], _said(visitor), visitor.form
    activity = await visitor.get(f"/activities/{activity_id}")
    was = _as_fields(visitor, activity)
    if not form.said("leader_id"):
        body["leader_id"] = activity["leader_id"]
    if form.day("day", visitor.today, "next") == was["day"] and all(
        form.said(each) == was[each] for each in ("start", "end")
    ):
        body |= {name: activity[name] for name in ("starts_at", "ends_at")}  # to the second
    await visitor.post(f"/activities/{activity_id}/change", body)
    return visitor.go(f"/activities/{activity_id}/lead", "It is changed, and whoever signed up is told.")


PAGES = [
    Page("/o/{organisation_id:str}/activities", planned),
    Page("/o/{organisation_id:str}/activities/new", planning, plan),
    Page("/o/{organisation_id:str}/activities/{activity_id:str}/change", changing, change),
]
