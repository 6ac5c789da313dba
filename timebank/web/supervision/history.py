"""The history of the bank: every fact, by what it is about, who did it, and of which kind; and the security log."""

from typing import Any

import msgspec
from litestar import Response

from timebank.domain.vocabulary import FACTS
from timebank.web.http.forms import Form
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.saying import duration
from timebank.web.http.visitors import Visitor

SHOWN = 50
NEAR, MOST_OF_REQUEST = 50, 60
"""So many facts at once are looked at beside one, and so many at most are shown, to find what its request did."""


async def history(visitor: Visitor) -> Response[Any]:
    """Facts in the order they were recorded, as far as they are asked for; without a wish the latest, newest first."""
    query, head = visitor.query, await visitor.services.ledger.store.head(visitor.bank_id)
    day = Form({"day": [query.get("until", "")]}).day("day", visitor.today)
    end = await end_of(visitor, day, head) if day else head
    about = await meant(visitor, query.get("about", ""))
    asked = {"topic": query.get("topic"), "tag": about, "actor": await meant(visitor, query.get("actor", ""))}
    is_latest = not any(asked.values()) and not query.get("after")
    after = query.get("after") or (str(max(0, end - SHOWN)) if is_latest else None)
    page = await visitor.get("/audit/events", limit=SHOWN, after=after, params=asked)
    events = [each | {"gist": _gist(visitor, each["data"])} for each in page["items"] if each["position"] <= end]
    return await in_office(
        visitor,
        "supervision/history.html",
        events=events[::-1] if is_latest else events,
        next=None if is_latest or len(events) < len(page["items"]) else page["next"],
        earlier=max(0, end - 2 * SHOWN) if is_latest and end > SHOWN else None,
        topics=sorted(FACTS),
        day_shown=day,
        about=about,
    )


async def end_of(visitor: Visitor, day: str, head: int) -> int:
    """The last position that was recorded up to the end of a local day: facts are in the order of their recording."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        (fact,) = (await visitor.get("/audit/events", after=middle - 1, limit=1))["items"]
        low, high = (middle, high) if fact["recorded_at"][:10] <= day else (low, middle - 1)
    return low


def _gist(visitor: Visitor, data: dict[str, Any]) -> str:
    """What a fact says, in a line: what was done, how much time, and why."""
    minutes = data.get("minutes")
    time = duration(minutes, visitor.language) if isinstance(minutes, int) else None
    return " · ".join(
        str(each) for each in (data.get("activity") or data.get("name"), time, data.get("reason")) if each
    )


async def one(visitor: Visitor) -> Response[Any]:
    """One fact: all that was recorded, what else the same request did, and the seal of its row."""
    position = visitor.path["position"]
    before = int(position) - 1 if position.isdecimal() and len(position) < 16 else 0
    page = await visitor.get("/audit/events", after=max(before, 0), limit=1)
    fact = page["items"][0] if page["items"] and str(page["items"][0]["position"]) == position else None
    same = await _of_request(visitor, fact) if fact else []
    text = msgspec.json.format(msgspec.json.encode(fact["data"]), indent=2).decode() if fact else ""
    return await in_office(visitor, "supervision/fact.html", fact=fact, same=same, text=text)


async def _of_request(visitor: Visitor, fact: dict[str, Any]) -> list[dict[str, Any]]:
    """What else the request of a fact did: its facts are near each other, for a request is soon over."""
    found: dict[int, dict[str, Any]] = {}
    for step in (NEAR, -NEAR):
        edge = fact["position"] if step > 0 else fact["position"] - 1
        while edge > 0 and len(found) < MOST_OF_REQUEST:
            after = edge if step > 0 else max(0, edge + step)
            items = (await visitor.get("/audit/events", after=after, limit=min(NEAR, abs(edge - after) or NEAR)))[
                "items"
            ]
            same = {each["position"]: each for each in items if each["request_id"] == fact["request_id"]}
            found |= same
            if not items or items[-1 if step > 0 else 0]["position"] not in same:
                break
            edge = items[-1]["position"] if step > 0 else after
    return [found[each] | {"gist": _gist(visitor, found[each]["data"])} for each in sorted(found)]


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
    page = await visitor.get("/audit/security", limit=SHOWN, after=query.get("after"), kind=query.get("kind"))
    return await in_office(visitor, "supervision/security.html", events=page["items"], next=page["next"])


PAGES = [
    Page("/admin/history", history),
    Page("/admin/history/{position:str}", one),
    Page("/admin/security", security),
]
