"""Leading an activity: the code to show, who is there, and closing it."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import segno
from litestar import Response

from timebank.domain.identifiers import new_entry_id
from timebank.web.http.asking import Refused
from timebank.web.http.desks import manages
from timebank.web.http.forms import HALF_A_DAY
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def leading(visitor: Visitor) -> Response[Any]:
    """Who signed up, who is there and who was, and what is to be done."""
    path = f"/activities/{visitor.path['activity_id']}"
    people = _people(await visitor.get(f"{path}/roll", own=True))
    activity = await visitor.get(path, own=True)
    unclosed = [each for each in people if each["is_there"] and activity["signs_out"]]
    own = [each for each in people if each["spans"] and each["volunteer_id"] == activity["leader_id"]]
    left_out = [*unclosed, *(each for each in own if each not in unclosed and not _is_own(visitor, each))]
    return visitor.show(
        "activities/lead.html",
        activity=activity,
        people=people,
        unclosed=len(unclosed),
        is_over=visitor.services.ledger.clock() >= datetime.fromisoformat(activity["ends_at"]),
        left_out=left_out if activity["status"] == "closed" else [],
        may_call=manages(visitor, activity["organisation_id"]),
        may_change=visitor.roles.get(activity["organisation_id"]) in {"recorder", "coordinator"} or visitor.offices,
    )


def _people(roll: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody once, with all times from when until when they were there."""
    found: dict[str, dict[str, Any]] = {}
    for each in roll:
        person = found.setdefault(each["volunteer_id"], {**each, "spans": []})
        if each["since"]:
            person["spans"].append((each["since"], each["until"]))
            person["is_there"] = not each["until"]
    return [{"is_there": False, **each} for each in found.values()]


def _is_own(visitor: Visitor, person: dict[str, Any]) -> bool:
    return visitor.principal is not None and person["volunteer_id"] == visitor.principal.actor


async def lead(visitor: Visitor) -> Response[Any]:
    """Publish, cancel or close it; or enter that somebody came or left."""
    form, path, here = visitor.form, f"/activities/{visitor.path['activity_id']}", visitor.request.url.path
    match form.said("what"):
        case "publish":
            await visitor.post(f"{path}/publish", own=True)
            return visitor.go(here, "Everybody sees it now, and can sign up.")
        case "cancel":
            await visitor.post(f"{path}/cancel", {"reason": form.said("reason")}, own=True)
            return visitor.go(here, "It is cancelled, and whoever signed up is told.")
        case "close":
            closed = await visitor.post(f"{path}/close", own=True)
            if not closed["record_ids"]:
                return visitor.go(here, "It is closed. Of nobody there was a record to be made.")
            return visitor.go(here, "It is closed. Of each who was there a record waits to be confirmed.")
        case "presence":
            await _say_left(visitor, path)
            return visitor.go(here, "It is recorded, and waits to be confirmed.")
        case "off":
            await _sign_off(visitor, path)
            return visitor.go(here, "They are signed off; whoever waited longest has the place.")
        case _:
            return await _enter(visitor, path)


async def _say_left(visitor: Visitor, path: str) -> None:
    """Somebody whom closing left out was there, until when it is said."""
    form = visitor.form
    body = {"volunteer_id": form.said("volunteer_id")}
    if form.said("left"):
        ends = datetime.fromisoformat((await visitor.get(path, own=True))["ends_at"])
        body["left_at"] = form.moment(ends.date().isoformat(), "left", visitor.zone) or ""
    await visitor.post(f"{path}/presences", body, own=True)


def _ticked(visitor: Visitor) -> list[str]:
    """Who was ticked. Raises `Refused` where nobody was."""
    who = visitor.form.ticked("who")
    if not who:
        reason = visitor.say("Tick who it is about first.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "who", "reason": reason}]})
    return who


async def _sign_off(visitor: Visitor, path: str) -> None:
    """Some do not come."""
    form = visitor.form
    once = form.said("once")
    for number, each in enumerate(_ticked(visitor)):
        form["once"] = f"{once}-{number}" if once else ""
        await visitor.post(f"{path}/sign-ups/withdraw", {"volunteer_id": each}, own=True)


async def _when(visitor: Visitor, path: str) -> dict[str, str]:
    """When they came or left, where it was written down and is entered afterwards; past midnight, too."""
    form = visitor.form
    if not form.said("at"):
        return {}
    starts = datetime.fromisoformat((await visitor.get(path, own=True))["starts_at"]).astimezone(visitor.zone)
    days = (starts.date(), starts.date() + timedelta(days=1))
    said = [form.moment(day.isoformat(), "at", visitor.zone) or "" for day in days]
    with suppress(ValueError):
        if starts - datetime.fromisoformat(said[0]) > HALF_A_DAY:
            return {"moment": said[1]}
    return {"moment": said[0]}


async def _enter(visitor: Visitor, path: str) -> Response[Any]:
    """Some came, or left; or one is signed up."""
    form, here = visitor.form, visitor.request.url.path
    if form.said("sign_up"):
        await visitor.post(
            f"{path}/sign-ups", {"volunteer_id": form.said("volunteer_id").replace(" ", "") or "-"}, own=True
        )
        return visitor.go(here, "They are signed up.")
    kind, who = "out" if form.said("what") == "out" else "in", _ticked(visitor)
    once, when = form.said("once") or new_entry_id(), await _when(visitor, path)
    entries = [{"entry_id": f"{once}-{n}", "volunteer_id": each, "kind": kind} | when for n, each in enumerate(who)]
    done = await visitor.post(f"{path}/entries", {"entries": entries}, own=True)
    wrong = [
        {"field": "who", "reason": f"{form.said(f'name-{each}')}: {verdict['problem']['detail']}"}
        for each, verdict in zip(who, await visitor.worded(done["results"], *who), strict=True)
        if verdict["status"] == "refused"
    ]
    if wrong:
        raise Refused({"status": 409, "detail": wrong[0]["reason"], "errors": wrong})
    return visitor.go(here, "It is entered.")


async def code(visitor: Visitor) -> Response[Any]:
    """The code to be shown at the place; the page comes anew when it turns."""
    path = f"/activities/{visitor.path['activity_id']}"
    shown = await visitor.get(f"{path}/code", own=True)
    activity = await visitor.get(path, own=True)
    address = f"{visitor.services.public_url}{visitor.request.url.path.removesuffix('/code')}"
    drawn = segno.make(f"{address}?code={quote(shown['code'])}").svg_data_uri(scale=8)
    return visitor.show("activities/code.html", activity=activity, shown=shown, drawn=drawn)


PAGES = [
    Page("/activities/{activity_id:str}/lead", leading, lead),
    Page("/activities/{activity_id:str}/code", code),
]
