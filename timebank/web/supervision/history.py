"""The history of the bank: every fact, by what it is about, who did it, and of which kind; and the security log."""

from typing import Any

import msgspec
from litestar import Response

from timebank.domain.vocabulary import FACTS
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 50


async def history(visitor: Visitor) -> Response[Any]:
    """Facts in the order they were recorded, as far as they are asked for; without a wish, the latest."""
    query, head = visitor.query, await visitor.services.ledger.store.head(visitor.bank_id)
    about = await _meant(visitor, query.get("about", ""))
    asked = {"topic": query.get("topic"), "tag": about, "actor": await _meant(visitor, query.get("actor", ""))}
    after = query.get("after") or (None if any(asked.values()) else str(max(0, head - SHOWN)))
    page = await visitor.get("/audit/events", limit=SHOWN, after=after, params=asked)
    return await in_office(
        visitor, "supervision/history.html", events=page["items"], next=page["next"], topics=sorted(FACTS), head=head
    )


async def one(visitor: Visitor) -> Response[Any]:
    """One fact: all that was recorded, what else the same request did, and the seal of its row."""
    position = visitor.path["position"]
    before = int(position) - 1 if position.isdecimal() and len(position) < 16 else 0
    page = await visitor.get("/audit/events", after=max(before, 0), limit=1)
    fact = page["items"][0] if page["items"] and str(page["items"][0]["position"]) == position else None
    around = await visitor.get("/audit/events", after=max(before - 20, 0), limit=60)
    same = [
        each
        for each in around["items"]
        if fact and each["request_id"] == fact["request_id"] and each["position"] != fact["position"]
    ]
    text = msgspec.json.format(msgspec.json.encode(fact["data"]), indent=2).decode() if fact else ""
    return await in_office(visitor, "supervision/fact.html", fact=fact, same=same, text=text)


async def _meant(visitor: Visitor, said: str) -> str | None:
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
