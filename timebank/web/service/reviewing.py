"""Deciding on records: the queue, what waits longest first; and putting right what was confirmed."""

from typing import Any

from litestar import Response

from timebank.web.http.asking import Refused
from timebank.web.http.desks import at_desk, teams_there
from timebank.web.http.forms import Form
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 50
STATES = ("logged", "confirmed", "corrected", "rejected", "voided", "withdrawn")


async def queue(visitor: Visitor) -> Response[Any]:
    """The records that wait, what has waited longest first."""
    organisation_id = visitor.path["organisation_id"]
    page = await visitor.get(
        "/service-records",
        organisation_id=organisation_id,
        status="logged",
        order="oldest",
        after=visitor.query.get("after"),
        limit=SHOWN,
    )
    return await at_desk(visitor, "service/queue.html", records=page["items"], next=page["next"])


async def decide(visitor: Visitor) -> Response[Any]:
    """Confirm or reject what was ticked; each gets a verdict of its own."""
    form = visitor.form
    ticked, what = form.ticked("record_id"), form.said("what")
    if not ticked:
        reason = visitor.say("Tick the records first.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "records", "reason": reason}]})
    if what == "reject" and not form.said("reason"):
        reason = visitor.say("Say why: the volunteer reads it.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "reason", "reason": reason}]})
    decisions = [_decision(form, each) for each in ticked]
    done = await visitor.post("/service-records/review", {"decisions": decisions})
    results = await visitor.worded(done["results"])
    if not any(each["status"] == "refused" for each in results):
        return visitor.go(
            visitor.request.url.path,
            "They are rejected, and the reason is told." if what == "reject" else "They are confirmed.",
        )
    verdicts = [
        {"who": form.said(f"name-{record_id}") or record_id, **each}
        for record_id, each in zip(ticked, results, strict=True)
    ]
    return await at_desk(visitor, "service/verdicts.html", verdicts=verdicts)


def _decision(form: Form, record_id: str) -> dict[str, Any]:
    """What is decided on a record; it is confirmed as it was shown."""
    if form.said("what") == "reject":
        return {"decision": "reject", "record_id": record_id, "reason": form.said("reason")}
    return {"decision": "confirm", "record_id": record_id, "digest": form.one(f"digest-{record_id}")}


async def records(visitor: Visitor) -> Response[Any]:
    """All records of the organisation, by state and day."""
    query = visitor.query
    said = Form({name: [query.get(name, "")] for name in ("from", "until")})
    page = await visitor.get(
        "/service-records",
        organisation_id=visitor.path["organisation_id"],
        status=query.get("status"),
        after=query.get("after"),
        limit=SHOWN,
        params={name: said.day(name, visitor.today) for name in said},
    )
    return await at_desk(
        visitor, "service/of_organisation.html", records=page["items"], next=page["next"], states=STATES
    )


async def one(visitor: Visitor) -> Response[Any]:
    """One record, and what can still be done about it."""
    record = await visitor.get(f"/service-records/{visitor.path['record_id']}")
    teams = await teams_there(visitor)
    if record["team_id"] and record["team_id"] not in dict(teams):
        teams = [(record["team_id"], record["team_name"] or record["team_id"]), *teams]
    return await at_desk(visitor, "service/one.html", record=record, teams=teams)


async def put_right(visitor: Visitor) -> Response[Any]:
    """Correct it, amend it as long as it waits, make it void, or take it back; always with a reason."""
    form, path = visitor.form, f"/service-records/{visitor.path['record_id']}"
    what, because = form.said("what"), {"reason": form.said("reason")}
    if what in {"void", "withdraw"}:
        await visitor.post(f"{path}/{what}", because)
    elif what == "amend":
        await visitor.asked("PATCH", path, because | _changes(form))
    else:
        await visitor.post(f"{path}/correct", because | _changes(form))
    return visitor.go(visitor.request.url.path, "It is put right. What it was stays in the history.")


def _changes(form: Form) -> dict[str, Any]:
    """What is to be otherwise: how long it took, and in the name of which team."""
    changes: dict[str, Any] = {}
    if form.minutes() is not None:
        changes["minutes"] = form.minutes()
    if form.said("team_id") != form.said("team_before"):
        changes["team_id"] = form.said("team_id") or None
    return changes


PAGES = [
    Page("/o/{organisation_id:str}/queue", queue, decide),
    Page("/o/{organisation_id:str}/records", records),
    Page("/o/{organisation_id:str}/records/{record_id:str}", one, put_right),
]
