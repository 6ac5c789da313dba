"""The desk of an organisation: what waits, and the ways to everything one may do for it."""

import asyncio
from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def desks(visitor: Visitor) -> Response[Any]:
    """The organisations one works for; with one only, its desk."""
    if len(visitor.roles) == 1:
        return visitor.go(f"/o/{next(iter(visitor.roles))}")
    found = [await visitor.get(f"/organisations/{each}") for each in visitor.roles]
    return visitor.show("organisations/desks.html", organisations=found)


async def desk(visitor: Visitor) -> Response[Any]:
    """What waits at one organisation."""
    organisation_id = visitor.path["organisation_id"]
    organisation, waiting, members, proposed = await asyncio.gather(
        visitor.get(f"/organisations/{organisation_id}"),
        visitor.seen("/service-records", organisation_id=organisation_id, status="logged", order="oldest", limit=50),
        _waiting(visitor, "members", "requested", "recorder", "verifier", "coordinator"),
        _waiting(visitor, "proposals", "proposed", "recorder", "coordinator"),
    )
    return visitor.show(
        "organisations/desk.html", organisation=organisation, waiting=waiting, asking=members, proposed=proposed
    )


async def _waiting(visitor: Visitor, what: str, status: str, *roles: str) -> Any:
    """What waits, asked by those whom it concerns: refusals of others would be noted as such."""
    organisation_id = visitor.path["organisation_id"]
    if "administrator" not in visitor.offices and visitor.roles.get(organisation_id) not in roles:
        return None
    return await visitor.seen(f"/organisations/{organisation_id}/{what}", status=status, limit=50)


PAGES = [Page("/o", desks), Page("/o/{organisation_id:str}", desk)]
