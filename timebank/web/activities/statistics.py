"""What came of a month: activities, self-reports, teams and duty, at an organisation's desk and for the whole bank."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk
from timebank.web.http.months import Month, month_of
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

TEAMS = 200


async def of_organisation(visitor: Visitor) -> Response[Any]:
    """A month of the organisation, and what each of its teams served."""
    month, path = month_of(visitor), _path(visitor)
    found = await visitor.get(path, params=_days(month))
    teams = await visitor.get(f"{path}/teams", params=_days(month) | {"limit": TEAMS})
    return await at_desk(
        visitor, "activities/month.html", shown=month, total=found["total"], teams=_longest(teams["items"])
    )


async def of_bank(visitor: Visitor) -> Response[Any]:
    """A month of the whole bank."""
    month = month_of(visitor)
    found = await visitor.get("/statistics", params=_days(month))
    return await in_office(visitor, "supervision/month.html", shown=month, total=found["total"])


async def as_file(visitor: Visitor) -> Response[Any]:
    """The months of the year until the one shown, as a spreadsheet in the form that the address ends in."""
    month, form = month_of(visitor), visitor.request.url.path.rpartition(".")[2]
    asked: dict[str, Any] = {"from": month.first.replace(month=1), "until": month.last, "format": form}
    answer = await visitor.opened("GET", _path(visitor), None, asked)
    return visitor.hand_on(answer, f"activities-{month.name}.{form}")


def _path(visitor: Visitor) -> str:
    organisation_id = visitor.path.get("organisation_id")
    return f"/organisations/{organisation_id}/statistics" if organisation_id else "/statistics"


def _days(month: Month) -> dict[str, Any]:
    return {"from": month.first, "until": month.last}


def _longest(teams: list[Any]) -> list[Any]:
    """Teams that served, whoever served longest first."""
    return sorted((each for each in teams if each["minutes"]), key=lambda each: -each["minutes"])


PAGES = [
    Page("/o/{organisation_id:str}/activities/month", of_organisation),
    Page("/o/{organisation_id:str}/activities/months.csv", as_file),
    Page("/o/{organisation_id:str}/activities/months.xlsx", as_file),
    Page("/admin/month", of_bank),
    Page("/admin/months.csv", as_file),
    Page("/admin/months.xlsx", as_file),
]
