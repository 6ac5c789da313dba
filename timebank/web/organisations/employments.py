"""The duty register at an organisation's desk: who works there, at which hours of the week, and leave."""

import re
from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.employments import EmploymentKind
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.times import parse_period
from timebank.web.http.asking import Refused
from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 30
MEMBERS = 100
"""So many are offered to choose from; others are typed."""
WEEKDAYS = range(1, 8)


async def staff(visitor: Visitor) -> Response[Any]:
    """Who works here, or did: how, at which hours, and when they are on leave."""
    path = f"/organisations/{visitor.path['organisation_id']}/employments"
    page = await visitor.get(path, after=visitor.query.get("after"), limit=SHOWN)
    today = visitor.today.isoformat()
    shown = [
        each | {"weekly": _weekly(each["hours"]), "is_over": bool(each["until_day"]) and each["until_day"] < today}
        for each in page["items"]
    ]
    return await at_desk(visitor, "organisations/staff.html", staff=shown, next=page["next"])


async def note(visitor: Visitor) -> Response[Any]:
    """Note a leave, or until when somebody works here."""
    form = visitor.form
    path = f"/organisations/{visitor.path['organisation_id']}/employments/{form.one('employment_id')}"
    verb, days = ("end", ("until_day",)) if form.said("what") == "end" else ("leaves", ("first_day", "last_day"))
    said = {name: form.day(name, visitor.today, "refused") for name in days}
    await visitor.post(f"{path}/{verb}", {"volunteer_id": form.said("volunteer_id")} | said)
    return visitor.go(visitor.request.url.path, "It is noted in the register.")


async def employing(visitor: Visitor) -> Response[Any]:
    """Where to add somebody to the register."""
    kinds, day = get_args(EmploymentKind), visitor.today.isoformat()
    path = f"/organisations/{visitor.path['organisation_id']}/members"
    members = await visitor.get(path, status="approved", limit=MEMBERS)
    return await at_desk(visitor, "organisations/employ.html", kinds=kinds, day_shown=day, members=members["items"])


async def employ(visitor: Visitor) -> Response[Any]:
    """Add them."""
    form, organisation_id = visitor.form, visitor.path["organisation_id"]
    body: dict[str, Any] = {
        "volunteer_id": form.said("volunteer_id").replace(" ", "") or "-",
        "kind": form.said("kind"),
        "from_day": form.day("from_day", visitor.today, "refused"),
        "hours": [hours for weekday in WEEKDAYS for hours in _hours(visitor, weekday)],
    }
    body |= form.days(visitor.today, until_day="refused")
    await visitor.post(f"/organisations/{organisation_id}/employments", body)
    return visitor.go(f"/o/{organisation_id}/staff", "They are in the register.")


def _hours(visitor: Visitor, weekday: int) -> list[dict[str, int]]:
    """The hours of duty that were typed for a day of the week. Raises `Refused`."""
    said = visitor.form.said(f"day-{weekday}")
    try:
        return [_stretch(weekday, each) for each in re.split("[,;，；、]", said) if each.strip()]
    except CellError:
        reason = visitor.say("Say from when until when, like 8:30-12:00, 14:00-17:30.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "hours", "reason": reason}]}) from None


def _stretch(weekday: int, said: str) -> dict[str, int]:
    since, until = (int(each.since_midnight.total_seconds()) // 60 for each in parse_period(said))
    return {"weekday": weekday, "from_minute": since, "until_minute": until}


def _weekly(hours: list[dict[str, int]]) -> list[tuple[int, str]]:
    """Hours of duty by day of the week."""
    by_day: dict[int, list[str]] = {}
    for each in hours:
        by_day.setdefault(each["weekday"], []).append(f"{_clock(each['from_minute'])}–{_clock(each['until_minute'])}")
    return [(weekday, ", ".join(said)) for weekday, said in by_day.items()]


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


PAGES = [
    Page("/o/{organisation_id:str}/staff", staff, note),
    Page("/o/{organisation_id:str}/staff/new", employing, employ),
]
