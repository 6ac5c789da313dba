"""Service of an organisation in a month: how much, by how many, in which categories; the records as a spreadsheet."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.months import Month, month_of
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def statistics(visitor: Visitor) -> Response[Any]:
    """The confirmed service of a month, by category."""
    month = month_of(visitor)
    found = await visitor.get(
        "/service-records/statistics", params=_of(visitor, month) | {"by": "category", "limit": 500}
    )
    return await at_desk(
        visitor,
        "service/statistics.html",
        shown=month,
        total=found["total"],
        categories=sorted(found["items"], key=lambda each: -each["minutes"]),
    )


async def as_file(visitor: Visitor) -> Response[Any]:
    """The records behind it, as a spreadsheet in the form that the address ends in."""
    month, form = month_of(visitor), visitor.request.url.path.rpartition(".")[2]
    asked = _of(visitor, month) | {"status": "counted", "format": form}
    return visitor.hand_on(await visitor.opened("GET", "/service-records", None, asked), f"service-{month.name}.{form}")


def _of(visitor: Visitor, month: Month) -> dict[str, Any]:
    """Which records are meant: those of the organisation in a month."""
    return {"organisation_id": visitor.path["organisation_id"], "from": month.first, "until": month.last}


PAGES = [
    Page("/o/{organisation_id:str}/statistics", statistics),
    Page("/o/{organisation_id:str}/statistics.csv", as_file),
    Page("/o/{organisation_id:str}/statistics.xlsx", as_file),
]
