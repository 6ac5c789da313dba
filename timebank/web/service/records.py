"""One's own service: all of it, and one record with what became of it."""

from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30


async def own_records(visitor: Visitor) -> Response[Any]:
    """One's service, the latest day first."""
    asked = {"status": visitor.query.get("status"), "after": visitor.query.get("after"), "until": visitor.today}
    page = await visitor.get("/service-records", volunteer_id="me", limit=SHOWN, params=asked)
    return visitor.show("service/records.html", records=page["items"], next=page["next"])


async def own_record(visitor: Visitor) -> Response[Any]:
    """One record: what was done, who recorded and who confirmed it, and what it counts for."""
    record = await visitor.get(f"/service-records/{visitor.path['record_id']}")
    return visitor.show("service/record.html", record=record)


PAGES = [Page("/records", own_records), Page("/records/{record_id:str}", own_record)]
