"""Who may be registered twice; proposing that two registrations become one, and deciding on it."""

from typing import Any

from litestar import Response

from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def merges(visitor: Visitor) -> Response[Any]:
    """What is proposed and waits, and who may be registered twice."""
    pairs = await visitor.get("/double-registrations", after=visitor.query.get("after"), limit=20)
    waiting = await visitor.get("/merges", status="proposed", limit=50)
    return await in_office(
        visitor,
        "people/merges.html",
        pairs=[each for each in pairs["items"] if not each["merge_id"]],
        next=pairs["next"],
        waiting=waiting["items"],
    )


async def propose(visitor: Visitor) -> Response[Any]:
    """Propose it: the button says which number stays."""
    form = visitor.form
    both = form.said("earlier_id"), form.said("later_id")
    kept, merged = both if form.said("kept") == "earlier" else both[::-1]
    body = {"kept_volunteer_id": kept, "merged_volunteer_id": merged, "reason": form.said("reason")}
    made = await visitor.post("/merges", body)
    return visitor.go(f"/admin/merges/{made['merge_id']}", "It is proposed. Another administrator decides.")


async def merge(visitor: Visitor) -> Response[Any]:
    """One proposal: both side by side, and what has to be done before."""
    found = await visitor.get(f"/merges/{visitor.path['merge_id']}")
    return await in_office(visitor, "people/merge.html", **found)


async def approve(visitor: Visitor) -> Response[Any]:
    """Make one registration of the two, for good."""
    done = await visitor.post(f"/merges/{visitor.path['merge_id']}/approve")
    return visitor.go(f"/admin/people/{done['volunteer_id']}", "The two registrations are one now.")


async def decline(visitor: Visitor) -> Response[Any]:
    """Find that they are two people."""
    reason = visitor.form.said("reason")
    await visitor.post(f"/merges/{visitor.path['merge_id']}/decline", {"reason": reason})
    return visitor.go("/admin/merges", "They stay two, and are not proposed again.")


PAGES = [
    Page("/admin/merges", merges, propose),
    Page("/admin/merges/{merge_id:str}", merge, approve),
    Page("/admin/merges/{merge_id:str}/decline", act=decline, again=merge),
]
