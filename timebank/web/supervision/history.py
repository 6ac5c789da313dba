"""The history of the bank: every fact, by what it is about, who did it, and of which kind; and the security log."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response

from timebank.domain.vocabulary import FACTS
from timebank.identity.security_log import Kind
from timebank.projections.supervision.said import RESTATING
from timebank.web.http.forms import Form
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.telling.events import EVENTS
from timebank.web.http.telling.facts import Teller, gist, is_previous
from timebank.web.http.telling.naming import name_of
from timebank.web.http.telling.saying import groups
from timebank.web.http.visitors import Visitor

SHOWN = 50
SHOWN_OF_REQUEST = 60


async def history(visitor: Visitor) -> Response[Any]:
    """Facts as far as they are asked for, the latest first."""
    query = visitor.query
    day = day_asked(visitor, "until")
    asked = await _asked(visitor) | {"recorded_until": end_of(visitor, day), "after": query.get("after")}
    page = await visitor.get("/audit/events", limit=SHOWN, order="newest", names=True, params=asked)
    return await in_office(
        visitor,
        "supervision/history.html",
        events=_told(visitor, page["items"]),
        next=page["next"],
        topics=sorted(FACTS),
        day_shown=day,
        about=asked["tag"],
        about_name=await name_of(asked["tag"] or "", visitor.seen),
        actor_name=await name_of(asked["actor"] or "", visitor.seen),
        live=None if day or asked["after"] else _live_address(query, page["items"]),
    )


async def _asked(visitor: Visitor) -> dict[str, Any]:
    """Which facts an address asks for, as the API takes it."""
    return {
        "topic": visitor.query.get("topic"),
        "tag": await meant(visitor, visitor.query.get("about", "")),
        "actor": await meant(visitor, visitor.query.get("actor", "")),
    }


def _live_address(query: dict[str, str], shown: list[dict[str, Any]]) -> str:
    """Where the same facts are told as they happen, from the latest that is shown on."""
    latest = {"after": shown[0]["position"]} if shown else {}
    return "/admin/history/live?" + urlencode({**query, **latest})


async def live(visitor: Visitor) -> Response[Any]:
    """The facts that are asked for, as they happen: what has the page ask for its list anew."""
    after = visitor.request.headers.get("last-event-id") or visitor.query.get("after")
    return await visitor.hand_out("/audit/events/live", **await _asked(visitor), after=after)


def day_asked(visitor: Visitor, name: str) -> str | None:
    """The day that an address names, in any usual spelling. Raises `Unreadable`."""
    return Form({name: [visitor.query.get(name, "")]}).day(name, visitor.today)


def end_of(visitor: Visitor, day: str | None) -> str | None:
    """When a local day ends."""
    if day is None:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), visitor.zone).isoformat()


def _told(visitor: Visitor, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Facts, each with what it says, in a line."""
    told = []
    for event in events:
        whom = [event.get(f"{who}_name") or groups(event.get(f"{who}_number")) for who in ("volunteer", "to_volunteer")]
        line = gist(event["data"], visitor.language, *whom, event.get("organisation_name"))
        told.append(event | {"gist": line})
    return told


async def one(visitor: Visitor) -> Response[Any]:
    """One fact: all that was recorded, what it changed, what else the same request did, and the seal of its row."""
    position = visitor.path["position"]
    where = f"/audit/events/{position if position.isdecimal() and len(position) < 16 else 0}"
    fact = await visitor.seen(where, names=True)
    if fact is None:
        return await in_office(visitor, "supervision/fact.html", fact=None)
    change, did = await asyncio.gather(
        visitor.seen(f"{where}/change", names=True), visitor.seen(f"/audit/requests/{fact['request_id']}")
    )
    names = fact.get("names", {}) | (change["names"] if change else {})
    teller = Teller(visitor.language, visitor.zone, names)
    is_amendment = fact["topic"].endswith(RESTATING)
    has_changed = change and change["before"] and _is_about_one(fact)
    changed = teller.changes(change["changed"], is_amendment=is_amendment) if has_changed else []
    same = [each for each in did["events"] if each["position"] != fact["position"]] if did else []
    return await in_office(
        visitor,
        "supervision/fact.html",
        fact=fact,
        names=names,
        rows=teller.rows({name: said for name, said in fact["data"].items() if not (changed and is_previous(name))}),
        changed=changed,
        same=_told(visitor, same[:SHOWN_OF_REQUEST]),
        others=max(0, len(same) - SHOWN_OF_REQUEST),
        text=msgspec.json.format(msgspec.json.encode(fact["data"]), indent=2).decode(),
    )


def _is_about_one(fact: dict[str, Any]) -> bool:
    """Whether a fact changes what is said of one thing: of an activity, a team or a person there is much beside."""
    kinds = [tag[:4] for tag in fact["tags"]]
    return kinds[0] not in {"act_", "tea_", "vol_"} or "vol_" not in kinds


async def meant(visitor: Visitor, said: str) -> str | None:
    """What is meant by what somebody typed: an id, or the number of a volunteer."""
    word = "".join(said.split())
    if word.isdecimal():
        found = await visitor.seen(f"/volunteers/{word}")
        return str(found["volunteer_id"]) if found else word
    return word or None


async def security(visitor: Visitor) -> Response[Any]:
    """Who came in, who was turned away, what was read in bulk; the latest first."""
    query = visitor.query
    page = await visitor.get(
        "/audit/security", limit=SHOWN, after=query.get("after"), kind=query.get("kind"), names=True
    )
    kinds = [(kind, visitor.say(EVENTS[kind])) for kind in get_args(Kind)]
    return await in_office(visitor, "supervision/security.html", events=page["items"], next=page["next"], kinds=kinds)


PAGES = [
    Page("/admin/history", history),
    Page("/admin/history/live", live),
    Page("/admin/history/{position:str}", one),
    Page("/admin/security", security),
]
