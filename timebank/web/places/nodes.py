"""Places: the tree, a node with its people, duties and tasks at a glance, residents, vacancies, hours by place."""

from typing import Any

from litestar import Response

from timebank.web.http.months import Month, month_of
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.places.trees import here, in_tree, leads_at, levels

SHOWN = 50
TASKS = 5


async def top(visitor: Visitor) -> Response[Any]:
    """What is at the top of the tree."""
    page = await visitor.get("/nodes", own=True, after=visitor.query.get("after"), limit=SHOWN)
    return in_tree(visitor, "places/top.html", below=page["items"], next=page["next"])


async def one(visitor: Visitor) -> Response[Any]:
    """A node: who leads it with which duties, how many live there, what is on there, and what is below it."""
    node_id = visitor.path["node_id"]
    glance = await visitor.get(f"/nodes/{node_id}", own=True)
    below = await visitor.get("/nodes", own=True, below=node_id, after=visitor.query.get("after"), limit=SHOWN)
    tasks = await visitor.get("/activities", own=True, near=node_id, limit=TASKS)
    shown = {"below": below["items"], "next": below["next"], "activities": tasks["items"], "sees_all": visitor.governs}
    return in_tree(visitor, "places/one.html", **glance, **shown)


async def vacant(visitor: Visitor) -> Response[Any]:
    """Nodes of a level that nobody leads."""
    names = await levels(visitor)
    asked = visitor.query.get("level")
    level = asked if asked in names else names[0]
    page = await visitor.get("/nodes/vacant", own=True, level=level, after=visitor.query.get("after"), limit=SHOWN)
    shown = {"level": level, "levels": names, "below": page["items"], "next": page["next"]}
    return in_tree(visitor, "places/vacant.html", **shown)


async def people(visitor: Visitor) -> Response[Any]:
    """Who lives or works at a node, or below it."""
    node_id = visitor.path["node_id"]
    glance = await visitor.get(f"/nodes/{node_id}", own=True)
    page = await visitor.get(f"/nodes/{node_id}/people", own=True, after=visitor.query.get("after"), limit=SHOWN)
    return in_tree(visitor, "places/people.html", **glance, residents=page["items"], next=page["next"])


async def settle(visitor: Visitor) -> Response[Any]:
    """Say that somebody lives or works there."""
    form, node_id = visitor.form, visitor.path["node_id"]
    form["volunteer_id"] = form.said("volunteer_id").replace(" ", "")
    day = form.day("from_day", visitor.today, "refused")
    body = {"node_id": node_id, "from_day": day, "tie": form.said("tie") or "lives"}
    body |= form.given("door")
    await visitor.post(f"/volunteers/{form.one('volunteer_id')}/residences", body, own=True)
    return visitor.go(visitor.request.url.path, "It is noted where they live or work.")


async def hours(visitor: Visitor) -> Response[Any]:
    """Service of a month by where people lived when they served: of the whole bank, or of a node.

    Whoever neither leads there nor audits the bank sees months that are over.
    """
    node_id, month = visitor.path.get("node_id"), month_of(visitor)
    glance = await _glance(visitor, node_id, month)
    if not (visitor.governs or here(glance) & leads_at(visitor)):
        asked, month = month, month_of(visitor, over=True)
        if node_id and glance["node"]["from_day"] > str(month.last):
            return in_tree(visitor, "places/hours.html", **glance, shown=month, found=None, names={})
        glance = glance if asked.first == month.first else await _glance(visitor, node_id, month)
    found = await _hours(visitor, node_id, month)
    names = await _names(visitor, node_id, month.last, [each["node_id"] for each in found["places"]])
    return in_tree(visitor, "places/hours.html", **glance, shown=month, found=found, names=names)


async def _glance(visitor: Visitor, node_id: str | None, month: Month) -> dict[str, Any]:
    """What there is to know of a node at the end of a month; of the whole bank nothing."""
    if not node_id:
        return {"node": None, "path": []}
    glance: dict[str, Any] = await visitor.get(f"/nodes/{node_id}", own=True, on=month.last)
    return glance


async def _hours(visitor: Visitor, node_id: str | None, month: Month) -> Any:
    """What was served in a month."""
    span = {"from": month.first, "until": month.last}
    if node_id:
        return await visitor.get(f"/nodes/{node_id}/hours", own=True, params=span)
    page = {"level": (await levels(visitor))[0], "after": visitor.query.get("after"), "limit": SHOWN}
    return await visitor.get("/nodes/hours", own=True, params=span | page)


async def _names(visitor: Visitor, node_id: str | None, day: Any, wanted: list[str]) -> dict[str, str]:
    """What nodes are called on a day: those below another, and what was below it before."""
    below = await visitor.get("/nodes", own=True, below=node_id, on=day, limit=500)
    names = {each["node_id"]: each["name"] for each in below["items"]}
    for other in set(wanted) - set(names):
        names[other] = (await visitor.get(f"/nodes/{other}", own=True, on=day))["node"]["name"]
    return names


PAGES = [
    Page("/places", top),
    Page("/places/vacant", vacant),
    Page("/places/hours", hours),
    Page("/places/{node_id:str}", one),
    Page("/places/{node_id:str}/people", people, settle),
    Page("/places/{node_id:str}/hours", hours),
]
