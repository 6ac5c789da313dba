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
    """What happened on the account in a month, the latest first, each line with its why."""
    month = month_of(visitor)
    told = await visitor.get("/me/statement", month=month.name, language=visitor.language, limit=500)
    lines = told["lines"][::-1]
    first = int(visitor.query.get("after", "0")) if visitor.query.get("after", "0").isdecimal() else 0
    return visitor.show(
        "credit/statement.html",
        month_shown=month.name,
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
    month = visitor.query.get("month")
    return await visitor.hand_out(f"/me{visitor.request.url.path}", language=visitor.language, month=month)


PAGES = [
    Page("/home", home),
    Page("/statement", statement),
    Page("/statement.csv", as_file),
    Page("/statement.xlsx", as_file),
]
