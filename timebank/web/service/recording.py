"""Recording service: of one person, or of many who did the same."""

from typing import Any

from litestar import Response

from timebank.domain.facts.service import Capacity
from timebank.web.http.asking import Refused
from timebank.web.http.desks import at_desk, teams_there
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

CAPACITIES: tuple[Capacity, ...] = ("resident", "staff-off-duty", "staff-on-duty")
SHOWN = 80


async def recording(visitor: Visitor) -> Response[Any]:
    """Where to record what one person did."""
    return await at_desk(visitor, "service/log.html", capacities=CAPACITIES, **await choices(visitor))


async def record(visitor: Visitor) -> Response[Any]:
    """Record it; somebody else confirms it."""
    body = service_of(visitor) | {"volunteer_id": visitor.form.said("volunteer_id").replace(" ", "") or "-"}
    await visitor.post(f"/organisations/{visitor.path['organisation_id']}/service-records", body)
    return visitor.go(visitor.request.url.path, "It is recorded. Somebody else of your organisation confirms it.")


def service_of(visitor: Visitor) -> dict[str, Any]:
    """What a form says of the service, as the API takes it."""
    form = visitor.form
    day = form.day("day", visitor.today)
    body: dict[str, Any] = form.given("activity", "category", "capacity", "place", "content", "team_id")
    body |= {"activity": form.said("activity"), "category": form.said("category")}
    body["started_at"], body["ended_at"] = form.span(day, visitor.zone)
    if form.said("person_in_charge_id"):
        body["person_in_charge_id"] = form.said("person_in_charge_id").replace(" ", "")
    minutes = form.minutes()
    return body | ({"minutes": minutes} if minutes is not None else {})


async def choices(visitor: Visitor) -> dict[str, Any]:
    """The categories and teams to choose from."""
    return {"categories": await categories(visitor), "teams": await teams_there(visitor)}


async def categories(visitor: Visitor) -> list[str]:
    """The categories of the bank's list, to choose from; without a list one to begin with, and others can be typed."""
    found = await visitor.get("/categories", own=True)
    listed = [each["name"] for each in found["names"] if each["sort"] == "category" and not each["is_retired"]]
    return listed or list(found["suggested"])


async def roster(visitor: Visitor) -> Response[Any]:
    """Where to tick who was there: the same times for all, each of which can be adjusted."""
    organisation_id = visitor.path["organisation_id"]
    page = await visitor.get(
        f"/organisations/{organisation_id}/members",
        status="approved",
        limit=SHOWN,
        after=visitor.query.get("after"),
    )
    return await at_desk(
        visitor,
        "service/roster.html",
        members=page["items"],
        next=page["next"],
        capacities=CAPACITIES,
        results=None,
        **await choices(visitor),
    )


async def record_many(visitor: Visitor) -> Response[Any]:
    """Record all who were ticked; each gets a verdict of its own."""
    organisation_id, form = visitor.path["organisation_id"], visitor.form
    common = service_of(visitor)
    numbers = [each for each in form.said("others").replace("\uff0c", " ").replace(",", " ").split() if each]
    ticked = [*form.ticked("who"), *numbers]
    if not ticked:
        reason = visitor.say("Tick who was there.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "who", "reason": reason}]})
    rows = [common | {"volunteer_id": each} | _own_time(visitor, each) for each in ticked]
    done = await visitor.post(f"/organisations/{organisation_id}/service-records/batch", {"records": rows})
    results = await visitor.worded(done["results"], *ticked)
    problems = [each["problem"] for each in results if each["status"] == "refused"]
    if len(problems) == len(rows) and len({each["detail"] for each in problems}) == 1:
        raise Refused(problems[0])
    verdicts = [
        {"who": form.said(f"name-{who}") or who, **verdict} for who, verdict in zip(ticked, results, strict=True)
    ]
    return await at_desk(visitor, "service/verdicts.html", verdicts=verdicts)


def _own_time(visitor: Visitor, who: str) -> dict[str, Any]:
    """The minutes of somebody who was there for another time than the others."""
    minutes = visitor.form.number(f"minutes-{who}")
    return {"minutes": minutes} if minutes is not None else {}


PAGES = [
    Page("/o/{organisation_id:str}/log", recording, record),
    Page("/o/{organisation_id:str}/roster", roster, record_many),
]
