"""What waits in the whole bank: records that nobody has confirmed yet, and codes that were not used yet."""

from typing import Any

from litestar import Response

from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30


async def records(visitor: Visitor) -> Response[Any]:
    """Records that wait, what has waited longest first."""
    asked = {"status": "logged", "order": "oldest", "after": visitor.query.get("after"), "limit": SHOWN}
    page = await visitor.get("/service-records", params=asked)
    return await in_office(visitor, "supervision/records.html", records=page["items"], next=page["next"])


async def codes(visitor: Visitor) -> Response[Any]:
    """What was redeemed and not used yet, what expires next first."""
    asked = {"status": "reserved", "order": "expiring", "after": visitor.query.get("after"), "limit": SHOWN}
    page = await visitor.get("/redemptions", params=asked)
    return await in_office(visitor, "supervision/codes.html", codes=page["items"], next=page["next"])


PAGES = [Page("/admin/records", records), Page("/admin/codes", codes)]
