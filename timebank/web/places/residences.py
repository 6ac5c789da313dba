"""Where somebody lives or works: seen, and changed, by going through the tree of places."""

from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.places.trees import chosen


async def own_places(visitor: Visitor) -> Response[Any]:
    """Where one has lived and lives, as far as the bank knows, and where to say another place."""
    lived = await visitor.get("/volunteers/me/residences")
    shown = [each | {"where": await _where(visitor, each)} for each in reversed(lived[-10:])]
    way = await chosen(visitor, visitor.form.said("at") or visitor.query.get("at", ""))
    return visitor.show("places/own.html", residences=shown, **way, day_shown=visitor.today.isoformat())


async def _where(visitor: Visitor, residence: dict[str, Any]) -> str:
    """A place with all above it, as it is called today."""
    if not residence["node_id"]:
        return ""
    glance = await visitor.get(f"/nodes/{residence['node_id']}", own=True)
    return " ".join(each["name"] for each in (*glance["path"], glance["node"]))


async def change(visitor: Visitor) -> Response[Any]:
    """Say that one lives or works at a place from a day on; or nowhere that the bank knows of."""
    form = visitor.form
    at = None if form.said("what") == "nowhere" else form.said("at")
    day = form.day("from_day", visitor.today, "refused")
    body = {"node_id": at, "from_day": day, "tie": form.said("tie") or "lives"}
    body |= form.given("door") if at else {}
    await visitor.post("/volunteers/me/residences", body)
    return visitor.go("/more/places", "It is noted where you live or work.")


PAGES = [Page("/more/places", own_places, change)]
