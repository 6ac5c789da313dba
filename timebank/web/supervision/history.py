"""The history of the bank: every fact, by what it is about, who did it, and of which kind; and the security log."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response

from timebank.domain.vocabulary import FACTS
from timebank.web.http.forms import Form
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.telling.saying import duration
from timebank.web.http.visitors import Visitor

SHOWN = 50
SHOWN_OF_REQUEST = 60


async def history(visitor: Visitor) -> Response[Any]:
    """Facts as far as they are asked for, the latest first."""
    query = visitor.query
    day = day_asked(visitor, "until")
    asked = await _asked(visitor) | {"recorded_until": end_of(visitor, day), "after": query.get("after")}
    page = await visitor.get("/audit/events", limit=SHOWN, order="newest", params=asked)
    return await in_office(
        visitor,
        "supervision/history.html",
        events=_told(visitor, page["items"]),
        next=page["next"],
        topics=sorted(FACTS),
        day_shown=day,
        about=asked["tag"],
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
    """The day that an address names, in any usual spelling; none, if it is none."""
    said = Form({name: [visitor.query.get(name, "")]}).day(name, visitor.today)
    try:
        return date.fromisoformat(said).isoformat() if said and said < "9999" else None
    except ValueError:
        return None


def end_of(visitor: Visitor, day: str | None) -> str | None:
    """When a local day ends."""
    if day is None:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), visitor.zone).isoformat()


def _told(visitor: Visitor, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Facts, each with what it says, in a line: what was done, how much time, and why."""
    told = []
    for event in events:
        data = event["data"]
        minutes = data.get("minutes")
        spent = duration(minutes, visitor.language) if isinstance(minutes, int) else None
        said = data.get("activity") or data.get("name"), spent, data.get("reason")
        told.append(event | {"gist": " · ".join(str(each) for each in said if each)})
    return told


async def one(visitor: Visitor) -> Response[Any]:
    """One fact: all that was recorded, what it changed, what else the same request did, and the seal of its row."""
    position = visitor.path["position"]
    where = f"/audit/events/{position if position.isdecimal() and len(position) < 16 else 0}"
    fact = await visitor.seen(where, names=True)
    change = await visitor.seen(f"{where}/change") if fact else None
    did = await visitor.seen(f"/audit/requests/{fact['request_id']}") if fact else None
    same = [each for each in did["events"] if each["position"] != fact["position"]] if did else []
    return await in_office(
        visitor,
        "supervision/fact.html",
        fact=fact,
        changed=_with_teams(fact, change["changed"]) if change and change["before"] else {},
        same=_told(visitor, same[:SHOWN_OF_REQUEST]),
        others=max(0, len(same) - SHOWN_OF_REQUEST),
        text=msgspec.json.format(msgspec.json.encode(fact["data"]), indent=2).decode() if fact else "",
    )


def _with_teams(fact: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """What a fact changed; where it is the team, they are called by their names."""
    if "team_id" not in changed:
        return changed
    names = {fact.get(f"{which}_id"): fact.get(f"{which}_name") for which in ("team", "previous_team")}
    return changed | {"team_id": {side: names.get(told) or told for side, told in changed["team_id"].items()}}


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
    return await in_office(visitor, "supervision/security.html", events=page["items"], next=page["next"])


PAGES = [
    Page("/admin/history", history),
    Page("/admin/history/live", live),
    Page("/admin/history/{position:str}", one),
    Page("/admin/security", security),
]
