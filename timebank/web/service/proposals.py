"""Self-report: what one did for an organisation outside its activities, and what the organisation says to it."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.service.recording import CAPACITIES, categories, service_of

SHOWN = 30
ORGANISATIONS = 100


async def own_proposals(visitor: Visitor) -> Response[Any]:
    """What one has proposed, and what became of it."""
    page = await visitor.get("/proposals", after=visitor.query.get("after"), limit=SHOWN)
    return visitor.show("service/proposals.html", proposals=page["items"], next=page["next"])


async def withdraw(visitor: Visitor) -> Response[Any]:
    """Take back what one has proposed."""
    await visitor.post(f"/proposals/{visitor.form.one('proposal_id')}/withdraw")
    return visitor.go("/proposals", "It is taken back.")


async def proposing(visitor: Visitor) -> Response[Any]:
    """Where to say what one did: for one's own organisations first."""
    open_ones = await visitor.get("/organisations", own=True, status="approved", limit=ORGANISATIONS)
    held = await visitor.get("/volunteers/me/memberships", own=True, limit=100)
    own = {each["organisation_id"] for each in held["items"] if each["status"] == "approved"}
    organisations = sorted(open_ones["items"], key=lambda each: each["organisation_id"] not in own)
    held = await visitor.get("/volunteers/me/teams", own=True)
    joined = (each for each in held if each["status"] == "joined")
    teams = [(each["team_id"], f"{each['name']} · {each['organisation_name']}") for each in joined]
    listed = await categories(visitor)
    return visitor.show("service/propose.html", organisations=organisations, categories=listed, teams=teams)


async def propose(visitor: Visitor) -> Response[Any]:
    """Say it: nobody is credited by this."""
    form = visitor.form
    body = service_of(visitor) | form.given("organisation_id")
    if form.said("witness_id"):
        body["witness_id"] = form["witness_id"].replace(" ", "")
    await visitor.post("/proposals", body)
    return visitor.go("/proposals", "The organisation sees it now, and answers.")


async def proposed(visitor: Visitor) -> Response[Any]:
    """What people say they did for the organisation: what waits for an answer, what has waited longest first."""
    path = f"/organisations/{visitor.path['organisation_id']}/proposals"
    page = await visitor.get(path, status="proposed", after=visitor.query.get("after"), limit=SHOWN)
    return await at_desk(
        visitor, "service/proposed.html", proposals=page["items"], next=page["next"], capacities=CAPACITIES
    )


async def answer(visitor: Visitor) -> Response[Any]:
    """Take it up as the organisation's record, or decline it with a reason."""
    form, here = visitor.form, visitor.request.url.path
    path = f"/proposals/{form.one('proposal_id')}"
    if form.said("what") == "decline":
        await visitor.post(f"{path}/decline", {"reason": form.said("reason")})
        return visitor.go(here, "It is declined, and the reason is told.")
    await visitor.post(f"{path}/take-up", {"capacity": form.said("capacity") or CAPACITIES[0]})
    return visitor.go(here, "It is a record now. Somebody else of your organisation confirms it.")


PAGES = [
    Page("/proposals", own_proposals, withdraw),
    Page("/proposals/new", proposing, propose),
    Page("/o/{organisation_id:str}/proposals", proposed, answer),
]
