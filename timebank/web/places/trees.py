"""What all pages on places know: the levels of the tree, and whether whoever looks changes it, or leads a node."""

from typing import Any

from litestar import Response

from timebank.projections.credit import policies
from timebank.web.http.visitors import Visitor


async def levels(visitor: Visitor) -> list[str]:
    """The levels of the tree, from the top down, as the rules in force name them."""
    book = await policies.in_force(visitor.services.pool, visitor.bank_id, visitor.today)
    return list(book.rules.place_levels)


def in_tree(visitor: Visitor, template: str, **context: Any) -> Response[Any]:
    """A page on a place, or on all of them."""
    node, above = context.get("node"), context.get("path", [])
    context["trail"] = context.pop("path", [])
    here = {each["node_id"] for each in (*above, *([node] if node else []))}
    governs = "administrator" in visitor.offices
    leads = governs or bool(here & leads_at(visitor))
    return visitor.show(template, governs=governs, leads=leads, **context)


def leads_at(visitor: Visitor) -> set[str]:
    """The nodes that somebody leads today."""
    if not visitor.me or visitor.acts_for:
        return set()
    return {each["node_id"] for each in visitor.me["offices"] if each["node_id"]}


async def chosen(visitor: Visitor, at: str) -> dict[str, Any]:
    """A stop on the way through the tree to some node: what is there, what is above, and what is below."""
    found = await visitor.get(f"/nodes/{at}", own=True) if at else {"node": None, "path": []}
    below = await visitor.get("/nodes", own=True, below=at or None, after=visitor.query.get("after"), limit=100)
    return {"at": found["node"], "way": found["path"], "below": below["items"], "next": below["next"]}
