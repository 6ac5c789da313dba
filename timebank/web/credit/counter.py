"""The counter: a code is typed or scanned, what it is for is looked at, and then it is accepted."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def counter(visitor: Visitor) -> Response[Any]:
    """Where to type or scan a code; what was accepted last."""
    organisation_id = visitor.path["organisation_id"]
    page = await visitor.get("/redemptions", provider_id=organisation_id, limit=20)
    return await at_desk(visitor, "credit/counter.html", redemptions=page["items"])


async def look(visitor: Visitor) -> Response[Any]:
    """What the code is for; it is not accepted yet."""
    code = visitor.form.said("redemption_code").replace(" ", "")
    found = await visitor.post("/redemptions/fulfil", {"redemption_code": code}, dry_run="true")
    return await at_desk(visitor, "credit/look.html", found=found, code=code)


async def accept(visitor: Visitor) -> Response[Any]:
    """Accept it: the time is used up, once."""
    await visitor.post("/redemptions/fulfil", {"redemption_code": visitor.form.said("redemption_code")})
    return visitor.go(f"/o/{visitor.path['organisation_id']}/counter", "It is accepted. Give them what it is for.")


PAGES = [
    Page("/o/{organisation_id:str}/counter", counter, look),
    Page("/o/{organisation_id:str}/counter/accept", act=accept, again=counter),
]
