"""One's time: what there is and why, month by month, and the statement in words."""

import asyncio
from collections import defaultdict
from datetime import date
from typing import Any

from litestar import Response

from timebank.web.credit.redemptions import open_codes
from timebank.web.http.months import month_of
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

MONTHS = 6
SHOWN = 50


async def home(visitor: Visitor) -> Response[Any]:
    """What one can spend, has reserved and owes; what one served, month by month; what waits."""
    since = _month_before(visitor.today, MONTHS - 1)
    why, records, codes, balance = await asyncio.gather(
        visitor.get("/me/balance/why", language=visitor.language, limit=1),
        visitor.get("/service-records", volunteer_id="me", limit=500, params={"from": since}),
        open_codes(visitor),
        visitor.get("/me/balance"),
    )
    served = records["items"]
    return visitor.show(
        "credit/home.html",
        balance=balance,
        reasons=why["parts"],
        months=_months(visitor, served),
        waiting=sum(each["minutes"] for each in served if each["status"] == "logged"),
        records=served[:3],
        codes=codes,
    )


def _month_before(day: date, months: int) -> date:
    """The first day of a month so many months before."""
    at = day.year * 12 + day.month - 1 - months
    return date(at // 12, at % 12 + 1, 1)


def _months(visitor: Visitor, served: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The minutes of confirmed service of each of the last months."""
    minutes: dict[str, int] = defaultdict(int)
    for each in served:
        if each["status"] in ("confirmed", "corrected"):
            minutes[each["local_date"][:7]] += each["minutes"]
    first = [_month_before(visitor.today, back) for back in range(MONTHS - 1, -1, -1)]
    short = "{}月" if visitor.language == "zh" else "{}"
    return [
        {"month": f"{each:%Y-%m}", "short": short.format(each.month), "minutes": minutes[f"{each:%Y-%m}"]}
        for each in first
    ]


async def statement(visitor: Visitor) -> Response[Any]:
    """What happened on the account in a month, the latest first, each line with its why; or under an earlier number."""
    month, number = month_of(visitor), _number(visitor)
    path = f"/volunteers/{number or 'me'}/statement"
    told = await visitor.get(path, month=month.name, language=visitor.language, limit=500)
    lines = told["lines"][::-1]
    first = int(visitor.query.get("after", "0")) if visitor.query.get("after", "0").isdecimal() else 0
    return visitor.show(
        "credit/statement.html",
        month_shown=month.name,
        number=number,
        numbers=_earlier_numbers(visitor),
        statement=told,
        lines=lines[first : first + SHOWN],
        count=len(lines),
        next=first + SHOWN if len(lines) > first + SHOWN else None,
        earlier=month.earlier,
        later=month.later,
        gained=sum(each["minutes"] for each in told["parts"] if each["minutes"] > 0),
        spent=sum(each["minutes"] for each in told["parts"] if each["minutes"] < 0),
    )


async def as_file(visitor: Visitor) -> Response[Any]:
    """The statement as a spreadsheet, in the form that the address ends in."""
    path = f"/volunteers/{_number(visitor) or 'me'}{visitor.request.url.path}"
    return await visitor.hand_out(path, language=visitor.language, month=visitor.query.get("month"))


def _earlier_numbers(visitor: Visitor) -> list[str]:
    """Under which numbers they were registered as well, before that was merged with what they have; not of others."""
    return list(visitor.me["volunteer"]["earlier_numbers"]) if visitor.me and not visitor.acts_for else []


def _number(visitor: Visitor) -> str | None:
    """The one of these that is asked for."""
    asked = visitor.query.get("number")
    return asked if asked in _earlier_numbers(visitor) else None


PAGES = [
    Page("/home", home),
    Page("/statement", statement),
    Page("/statement.csv", as_file),
    Page("/statement.xlsx", as_file),
]
