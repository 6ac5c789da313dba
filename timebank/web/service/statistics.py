"""Service of an organisation in a month: how much, by how many, in which categories; the records as a spreadsheet."""

from datetime import date, timedelta
from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def statistics(visitor: Visitor) -> Response[Any]:
    """The confirmed service of a month, by category."""
    month = _month(visitor)
    found = await visitor.get("/service-records/statistics", params=_of(visitor, month) | {"by": "category"})
    return await at_desk(
        visitor,
        "service/statistics.html",
        month_shown=month,
        total=found["total"],
        categories=sorted(found["items"], key=lambda each: -each["minutes"]),
        earlier=f"{_first(month) - timedelta(days=1):%Y-%m}",
        later=f"{_following(month):%Y-%m}" if month < f"{visitor.today:%Y-%m}" else None,
    )


async def as_file(visitor: Visitor) -> Response[Any]:
    """The records behind it, as a spreadsheet in the form that the address ends in."""
    month, form = _month(visitor), visitor.request.url.path.rpartition(".")[2]
    asked = _of(visitor, month) | {"status": "counted", "format": form}
    return visitor.hand_on(await visitor.opened("GET", "/service-records", None, asked), f"service-{month}.{form}")


def _of(visitor: Visitor, month: str) -> dict[str, Any]:
    """Which records are meant: those of the organisation in a month."""
    last = _following(month) - timedelta(days=1)
    return {"organisation_id": visitor.path["organisation_id"], "from": _first(month), "until": last}


def _month(visitor: Visitor) -> str:
    """The month that is asked for, as `2026-11`; this month, if it is none."""
    asked = visitor.query.get("month", "")
    try:
        return f"{_first(asked):%Y-%m}" if len(asked) == 7 and asked < "9999" else f"{visitor.today:%Y-%m}"
    except ValueError:
        return f"{visitor.today:%Y-%m}"


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _following(month: str) -> date:
    """The first day of the month after."""
    return (_first(month) + timedelta(days=31)).replace(day=1)


PAGES = [
    Page("/o/{organisation_id:str}/statistics", statistics),
    Page("/o/{organisation_id:str}/statistics.csv", as_file),
    Page("/o/{organisation_id:str}/statistics.xlsx", as_file),
]
