"""Leaders of places: appointing them, with how they came to it, their duties and their term; and ending it."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.organisations import Source
from timebank.web.http.offices import must_hold_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.places.nodes import one
from timebank.web.places.trees import in_tree


async def appointing(visitor: Visitor) -> Response[Any]:
    """Where to appoint somebody to lead a node."""
    must_hold_office(visitor)
    glance = await visitor.get(f"/nodes/{visitor.path['node_id']}", own=True)
    return in_tree(visitor, "places/appoint.html", **glance, sources=get_args(Source))


async def appoint(visitor: Visitor) -> Response[Any]:
    """Appoint them."""
    form, node_id = visitor.form, visitor.path["node_id"]
    body: dict[str, Any] = {
        "volunteer_id": form.said("volunteer_id").replace(" ", "") or "-",
        "source": form.said("source"),
        "duties": [each.strip() for each in form.said("duties").splitlines() if each.strip()],
    } | form.days(visitor.today, valid_from="refused", valid_until="next")
    await visitor.post(f"/nodes/{node_id}/leaders", body, own=True)
    return visitor.go(f"/places/{node_id}", "They are appointed.")


async def end(visitor: Visitor) -> Response[Any]:
    """End an appointment."""
    await visitor.post(f"/appointments/{visitor.form.one('appointment_id')}/end", {}, own=True)
    return visitor.go(f"/places/{visitor.path['node_id']}", "It has ended.")


PAGES = [
    Page("/places/{node_id:str}/lead", appointing, appoint, proof=True),
    Page("/places/{node_id:str}/lead/end", act=end, again=one),
]
