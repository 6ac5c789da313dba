"""Service of an organisation in a month: how much, by how many, in which categories; also as a spreadsheet."""

from collections import defaultdict
from typing import Any

from litestar import Response

from timebank.exchange.spreadsheets.writing import written
from timebank.web.http.asking import Answer
from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

COUNTS = ("confirmed", "corrected")


async def statistics(visitor: Visitor) -> Response[Any]:
    """The confirmed service of a month, by category."""
    month = _month(visitor)
    served = await _served(visitor, month)
    by_category: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in served:
        by_category[each["category"]][0] += 1
        by_category[each["category"]][1] += each["minutes"]
    return await at_desk(
        visitor,
        "service/statistics.html",
        month_shown=month,
        records=len(served),
        minutes=sum(each["minutes"] for each in served),
        people=len({each["volunteer_id"] for each in served}),
        categories=sorted(by_category.items(), key=lambda pair: -pair[1][1]),
    )


async def as_csv(visitor: Visitor) -> Response[Any]:
    """The records behind it, as a spreadsheet."""
    month = _month(visitor)
    headings = [visitor.say(each) for each in ("Day", "Who", "Activity", "Category", "minutes")]
    rows = [
        (each["local_date"], each["volunteer_name"] or "", each["activity"], each["category"], str(each["minutes"]))
        for each in await _served(visitor, month)
    ]
    told = {"content-type": "text/csv", "content-disposition": f'attachment; filename="service-{month}.csv"'}
    return visitor.hand_out(Answer(200, told, [], written([headings, *rows])))


def _month(visitor: Visitor) -> str:
    asked = visitor.query.get("month", "")
    return asked if len(asked) == 7 and asked[:4].isdecimal() and asked[5:].isdecimal() else f"{visitor.today:%Y-%m}"


async def _served(visitor: Visitor, month: str) -> list[dict[str, Any]]:
    """The confirmed service of a month, all of it."""
    year, number = int(month[:4]), int(month[5:])
    until = f"{year + number // 12}-{number % 12 + 1:02}-01"
    served: list[dict[str, Any]] = []
    for status in COUNTS:
        after = None
        while True:
            page = await visitor.get(
                "/service-records",
                organisation_id=visitor.path["organisation_id"],
                status=status,
                after=after,
                limit=500,
                params={"from": f"{month}-01", "until": until},
            )
            served += [each for each in page["items"] if each["local_date"] < until]
            after = page["next"]
            if after is None:
                break
    return served


PAGES = [
    Page("/o/{organisation_id:str}/statistics", statistics),
    Page("/o/{organisation_id:str}/statistics.csv", as_csv),
]
