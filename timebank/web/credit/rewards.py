"""Rewards: what one can redeem, what one nearly can, and what not yet; and redeeming one."""

from typing import Any

from litestar import Response

from timebank.web.credit.redemptions import open_codes
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

NEARLY = 0.6
"""Whoever has so much of the cost nearly has it."""


async def rewards(visitor: Visitor) -> Response[Any]:
    """What there is to redeem, by how far one is from it."""
    balance = await visitor.seen("/me/balance")
    available = balance["available_minutes"] if balance else 0
    served = balance["service_minutes"] if balance else 0
    offered = (await visitor.get("/rewards", status="published", limit=200))["items"]
    codes = await open_codes(visitor)
    near: dict[str, list[dict[str, Any]]] = {"now": [], "nearly": [], "later": []}
    for each in offered:
        near[_how_near(each, available, served)].append(each | {"missing": each["cost_minutes"] - available})
    return visitor.show("credit/rewards.html", near=near, available=available, served=served, codes=codes)


def _how_near(reward: dict[str, Any], available: int, served: int) -> str:
    """Whether one has enough now, nearly, or not yet; the API has the last word when it is redeemed."""
    if reward["remaining"] == 0 or reward["eligibility"]["service_minutes"] > served:
        return "later"
    if available >= reward["cost_minutes"]:
        return "now"
    return "nearly" if available >= NEARLY * reward["cost_minutes"] else "later"


async def reward(visitor: Visitor) -> Response[Any]:
    """One reward: check what it costs, choose a time if it has times, and redeem it."""
    found = await visitor.get(f"/rewards/{visitor.path['reward_id']}")
    balance = await visitor.seen("/me/balance")
    now = visitor.services.ledger.clock().astimezone(visitor.zone).isoformat()
    slots = [each for each in found["slots"] if each["remaining"] > 0 and each["starts_at"] > now]
    return visitor.show(
        "credit/reward.html", reward=found, available=balance["available_minutes"] if balance else 0, slots=slots
    )


async def redeem(visitor: Visitor) -> Response[Any]:
    """Redeem it, and show the code."""
    form = visitor.form
    body = form.given("slot", "beneficiary_id") | {"cost_minutes": form.number("cost_minutes")}
    reserved = await visitor.post(f"/rewards/{visitor.path['reward_id']}/redemptions", body)
    return visitor.go(f"/redemptions/{reserved['redemption_id']}", "It is yours. Show this code where you use it.")


PAGES = [Page("/rewards", rewards), Page("/rewards/{reward_id:str}", reward, redeem)]
