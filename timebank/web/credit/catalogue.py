"""What can be redeemed, for the administration: offering, pausing, withdrawing; and funds with their grants."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.credit import Every, RewardKind
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def rewards(visitor: Visitor) -> Response[Any]:
    """All rewards, with how many are left."""
    page = await visitor.get("/rewards", after=visitor.query.get("after"), limit=50)
    return await in_office(visitor, "credit/catalogue.html", rewards=page["items"], next=page["next"])


async def offering(visitor: Visitor) -> Response[Any]:
    """Where to offer a new one."""
    page = await visitor.get("/organisations", status="approved", limit=200)
    return await in_office(
        visitor,
        "credit/offer.html",
        organisations=page["items"],
        kinds=get_args(RewardKind),
        periods=get_args(Every),
    )


async def offer(visitor: Visitor) -> Response[Any]:
    """Offer it."""
    form = visitor.form
    body: dict[str, Any] = form.given("name", "kind", "provider_id", "description", "quota_every")
    body |= {"name": form.said("name"), "cost_minutes": form.minutes()}
    for name in ("quota", "quota_per_person"):
        if form.said(name):
            body[name] = form.number(name)
    body |= form.days(visitor.today, available_until="next")
    await visitor.post("/rewards", body)
    return visitor.go("/admin/rewards", "It is offered.")


async def change_reward(visitor: Visitor) -> Response[Any]:
    """Pause it, offer it again, or withdraw it."""
    form = visitor.form
    verb = form.said("what") if form.said("what") in {"pause", "resume", "withdraw"} else "pause"
    body = None if verb == "resume" else {"reason": form.said("reason")}
    await visitor.post(f"/rewards/{form.one('reward_id')}/{verb}", body)
    return visitor.go("/admin/rewards", "It is done.")


async def funds(visitor: Visitor) -> Response[Any]:
    """The funds, and what is in each."""
    page = await visitor.get("/funds", limit=100)
    return await in_office(visitor, "credit/funds.html", funds=page["items"])


async def open_fund(visitor: Visitor) -> Response[Any]:
    """Open a fund."""
    await visitor.post("/funds", {"name": visitor.form.said("name")} | visitor.form.given("purpose"))
    return visitor.go("/admin/funds", "The fund is open.")


async def grant(visitor: Visitor) -> Response[Any]:
    """Grant somebody time of a fund."""
    form = visitor.form
    to = form.said("to_volunteer_id").replace(" ", "") or "-"
    body = {"to_volunteer_id": to, "minutes": form.minutes(), "reason": form.said("reason")}
    await visitor.post(f"/funds/{form.one('fund_id')}/grants", body)
    return visitor.go("/admin/funds", "It is granted.")


PAGES = [
    Page("/admin/rewards", rewards),
    Page("/admin/rewards/new", offering, offer),
    Page("/admin/rewards/change", act=change_reward, again=rewards),
    Page("/admin/funds", funds, open_fund),
    Page("/admin/funds/grant", act=grant, again=funds),
]
