"""Giving time to another person, or to a fund; who gets it is shown before it is final."""

from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def giving(visitor: Visitor) -> Response[Any]:
    """Where to say to whom, and how much."""
    balance = await visitor.seen("/me/balance")
    return visitor.show("credit/give.html", available=balance["available_minutes"] if balance else 0)


async def check(visitor: Visitor) -> Response[Any]:
    """Who it is, as far as one may know; nothing is given yet."""
    to, minutes = visitor.form.said("to_volunteer_id"), visitor.form.minutes()
    found = await visitor.get("/gifts/recipient", to_volunteer_id=to or "-")
    balance = await visitor.get("/me/balance")
    return visitor.show(
        "credit/give_check.html", recipient=found, minutes=minutes, available=balance["available_minutes"]
    )


async def give(visitor: Visitor) -> Response[Any]:
    """Give it."""
    body = {"to_volunteer_id": visitor.form.said("to_volunteer_id"), "minutes": visitor.form.number("given_minutes")}
    await visitor.post("/gifts", body)
    return visitor.go("/gifts", "It is given.")


async def gifts(visitor: Visitor) -> Response[Any]:
    """What one gave and got."""
    return visitor.show(
        "credit/gifts.html",
        gifts=(await visitor.get("/gifts", volunteer_id="me", limit=50))["items"],
        donations=(await visitor.get("/donations", volunteer_id="me", limit=50))["items"],
    )


async def donating(visitor: Visitor) -> Response[Any]:
    """Where to give to a fund."""
    funds = [each for each in (await visitor.get("/funds", limit=100))["items"] if each["status"] == "open"]
    balance = await visitor.seen("/me/balance")
    return visitor.show("credit/donate.html", funds=funds, available=balance["available_minutes"] if balance else 0)


async def donate(visitor: Visitor) -> Response[Any]:
    """Give to a fund."""
    await visitor.post("/donations", {"fund_id": visitor.form.said("fund_id"), "minutes": visitor.form.minutes()})
    return visitor.go("/gifts", "Thank you: it is in the fund now.")


PAGES = [
    Page("/give", giving, check),
    Page("/give/final", act=give, again=giving),
    Page("/gifts", gifts),
    Page("/donate", donating, donate),
]
