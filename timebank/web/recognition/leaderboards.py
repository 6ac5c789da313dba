"""The board: who served most, of those who agreed to be named; and agreeing to it."""

from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def board(visitor: Visitor) -> Response[Any]:
    """The board of a month, a year or all time; one's own place is marked, and said where one is not named too."""
    today = visitor.today
    periods = [(f"{today:%Y-%m}", "This month"), (f"{today:%Y}", "This year"), ("all", "All time")]
    period = visitor.query.get("period") or periods[0][0]
    after = visitor.query.get("after")
    return visitor.show(
        "recognition/board.html",
        board=await visitor.get("/leaderboards/bank", period=period, after=after, limit=30),
        own=await visitor.seen("/leaderboards/bank/me", period=period),
        periods=periods,
        period=period,
        person=await visitor.seen("/volunteers/me"),
    )


async def consent(visitor: Visitor) -> Response[Any]:
    """Appear on it, under one's name or an alias; or no more."""
    granted = visitor.form.said("granted") == "yes"
    body: dict[str, Any] = {"purpose": "leaderboard", "granted": granted}
    if granted and visitor.form.said("alias"):
        body["alias"] = visitor.form["alias"]
    await visitor.post("/volunteers/me/consents", body)
    return visitor.go("/board", "You are on the board now." if granted else "You are not named on the board any more.")


PAGES = [Page("/board", board, consent)]
