"""Changing the tree of places, from a day on: opening, renaming, closing a node, putting it elsewhere."""

from datetime import timedelta
from typing import Any

from litestar import Response

from timebank.web.http.offices import must_hold_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.places.trees import chosen, in_tree, levels


async def opening(visitor: Visitor) -> Response[Any]:
    """Where to open a node, below another or at the top."""
    must_hold_office(visitor)
    at = visitor.form.said("parent_id") or visitor.query.get("below", "")
    above = await visitor.get(f"/nodes/{at}", own=True) if at else {"node": None, "path": []}
    names = await levels(visitor)
    lower = names[names.index(above["node"]["level"]) + 1 :] if above["node"] else names[:1]
    return in_tree(
        visitor,
        "places/open.html",
        **above,
        levels=[(each, each) for each in lower],
        day_shown=visitor.today.isoformat(),
    )


async def open_one(visitor: Visitor) -> Response[Any]:
    """Open it."""
    form = visitor.form
    day = {"from_day": form.day("from_day", visitor.today, "refused")}
    body = {name: form.said(name) for name in ("level", "name")} | form.given("parent_id") | day
    made = await visitor.post("/nodes", body, own=True)
    return visitor.go(f"/places/{made['node_id']}", "The place is open.")


async def changing(visitor: Visitor) -> Response[Any]:
    """Where to rename or close a node."""
    must_hold_office(visitor)
    glance = await visitor.get(f"/nodes/{visitor.path['node_id']}", own=True)
    return in_tree(visitor, "places/change.html", **glance, day_shown=_tomorrow(visitor))


async def change(visitor: Visitor) -> Response[Any]:
    """Rename it, or close it."""
    form, here = visitor.form, f"/nodes/{visitor.path['node_id']}"
    if form.said("what") == "close":
        await visitor.post(f"{here}/close", {"until_day": form.day("until_day", visitor.today, "next")}, own=True)
        return visitor.go(f"/places/{visitor.path['node_id']}", "It is closed at the end of that day.")
    body = {"name": form.said("name"), "from_day": form.day("from_day", visitor.today, "next")}
    await visitor.post(f"{here}/rename", body, own=True)
    return visitor.go(f"/places/{visitor.path['node_id']}", "It is called so from that day on.")


async def choosing(visitor: Visitor) -> Response[Any]:
    """Where to put a node: one goes through the tree to its new place."""
    must_hold_office(visitor)
    glance = await visitor.get(f"/nodes/{visitor.path['node_id']}", own=True)
    way = await chosen(visitor, visitor.form.said("at") or visitor.query.get("at", ""))
    return in_tree(visitor, "places/where.html", **glance, **way, day_shown=_tomorrow(visitor))


async def put(visitor: Visitor) -> Response[Any]:
    """Have it below another node, or make it a part of one, from a day on."""
    form, here = visitor.form, f"/nodes/{visitor.path['node_id']}"
    verb, name = ("merge", "into_id") if form.said("what") == "merge" else ("move", "parent_id")
    body = {name: form.said("at"), "from_day": form.day("from_day", visitor.today, "next")}
    await visitor.post(f"{here}/{verb}", body, own=True)
    return visitor.go(f"/places/{visitor.path['node_id']}", "It is there from that day on.")


def _tomorrow(visitor: Visitor) -> str:
    """The first day that a change can be for."""
    return str((visitor.today + timedelta(days=1)).isoformat())


PAGES = [
    Page("/places/new", opening, open_one),
    Page("/places/{node_id:str}/change", changing, change),
    Page("/places/{node_id:str}/where", choosing, put),
]
