"""What all pages of an organisation's desk know: the organisation, and what one is there."""

from typing import Any

from litestar import Response

from timebank.web.http.visitors import Visitor


def manages(visitor: Visitor, organisation_id: str) -> bool:
    """Whether somebody manages an organisation's people."""
    return "administrator" in visitor.offices or visitor.roles.get(organisation_id) == "coordinator"


async def teams_there(visitor: Visitor) -> list[tuple[str, str]]:
    """The teams that the organisation has today, to choose from."""
    found = await visitor.get(f"/organisations/{visitor.path['organisation_id']}/teams", own=True, limit=100)
    return [(each["team_id"], each["name"]) for each in found["items"] if each["status"] == "active"]


async def places_there(visitor: Visitor) -> list[tuple[str, str]]:
    """The places of the highest level, to choose from."""
    found = await visitor.get("/nodes", own=True, limit=200)
    standing = (each for each in found["items"] if each["into_id"] is None and each["until_day"] is None)
    return [(each["node_id"], each["name"]) for each in standing]


async def at_desk(visitor: Visitor, template: str, **context: Any) -> Response[Any]:
    """A page of an organisation's desk."""
    organisation = await visitor.get(f"/organisations/{visitor.path['organisation_id']}")
    return visitor.show(template, organisation=organisation, **context)
