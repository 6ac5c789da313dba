"""The desk of an organisation: what waits, and the ways to everything one may do for it."""

import asyncio
from typing import Any

from litestar import Response

from timebank.access.table import SEES_RECORDS
from timebank.domain.organisations.memberships import LOGS_SERVICE
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
    role = "coordinator" if "administrator" in visitor.offices else visitor.roles.get(organisation_id)
    here, waits = f"/organisations/{organisation_id}", {"organisation_id": organisation_id, "status": "logged"}
    sees_records, logs_service = role in SEES_RECORDS, role in LOGS_SERVICE
    organisation, waiting, members, proposed = await asyncio.gather(
        visitor.get(here),
        _asked(visitor, "/service-records", waits | {"order": "oldest"}, is_theirs=sees_records or visitor.governs),
        _asked(visitor, f"{here}/members", {"status": "requested"}, is_theirs=sees_records),
        _asked(visitor, f"{here}/proposals", {"status": "proposed"}, is_theirs=logs_service),
    )
    return visitor.show(
        "organisations/desk.html", organisation=organisation, waiting=waiting, asking=members, proposed=proposed
    )


async def _asked(visitor: Visitor, path: str, params: dict[str, str], *, is_theirs: bool) -> Any:
    """What waits, for whom it concerns: if others asked, it would be noted that they were refused."""
    return await visitor.seen(path, params=params, limit=50) if is_theirs else None


PAGES = [Page("/o", desks), Page("/o/{organisation_id:str}", desk)]
