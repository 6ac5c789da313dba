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
        visitor.seen(f"/organisations/{organisation_id}/members", status="requested", limit=50),
        visitor.seen(f"/organisations/{organisation_id}/proposals", status="proposed", limit=50),
    )
    return visitor.show(
        "organisations/desk.html", organisation=organisation, waiting=waiting, asking=members, proposed=proposed
    )


PAGES = [Page("/o", desks), Page("/o/{organisation_id:str}", desk)]
