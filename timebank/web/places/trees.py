"""What all pages on places know: the levels of the tree, and whether whoever looks changes it, or leads a node."""

from collections.abc import Mapping
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
    governs = "administrator" in visitor.offices
    leads = governs or bool(here(context) & leads_at(visitor))
    context["trail"] = context.pop("path", [])
    return visitor.show(template, governs=governs, leads=leads, **context)


def here(glance: Mapping[str, Any]) -> set[str]:
    """A node and all above it."""
    node = glance.get("node")
    return {each["node_id"] for each in (*glance.get("path", []), *([node] if node else []))}


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
