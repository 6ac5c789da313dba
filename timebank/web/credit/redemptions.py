"""What one redeemed: the code to show, as often as one wants to see it; and cancelling."""

from datetime import datetime
from typing import Any

from litestar import Response

from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

OPEN, SHOWN_OPEN = 100, 5


async def redemptions(visitor: Visitor) -> Response[Any]:
    """All one redeemed, the newest first."""
    after = visitor.query.get("after")
    page = await visitor.get("/redemptions", volunteer_id="me", after=after, limit=30)
    return visitor.show("credit/redemptions.html", redemptions=page["items"], next=page["next"])


async def open_codes(visitor: Visitor) -> list[dict[str, Any]]:
    """One's codes that wait to be used, as many as a page has room for: what expires next first."""
    page = await visitor.get("/redemptions", volunteer_id="me", status="reserved", limit=OPEN)
    return sorted(page["items"], key=lambda each: datetime.fromisoformat(each["expires_at"]))[:SHOWN_OPEN]


async def redemption(visitor: Visitor) -> Response[Any]:
    """One of them, with its code as long as that is good."""
    redemption_id = visitor.path["redemption_id"]
    found, code = await visitor.get(f"/redemptions/{redemption_id}"), None
    if found["status"] == "reserved":
        code = await visitor.seen(f"/redemptions/{redemption_id}/code")
    return visitor.show("credit/redemption.html", redemption=found, code=code)


async def drawing(visitor: Visitor) -> Response[Any]:
    """The code as a QR code."""
    return await visitor.hand_out(f"/redemptions/{visitor.path['redemption_id']}/qr")


async def cancelling(visitor: Visitor) -> Response[Any]:
    """Where to cancel one."""
    found = await visitor.get(f"/redemptions/{visitor.path['redemption_id']}")
    return visitor.show("credit/cancel.html", redemption=found)


async def cancel(visitor: Visitor) -> Response[Any]:
    """Cancel it: the time comes back."""
    body = {"reason": visitor.form.said("reason") or visitor.say("No longer needed")}
    await visitor.post(f"/redemptions/{visitor.path['redemption_id']}/cancel", body)
    return visitor.go("/rewards", "It is cancelled, and the time is yours again.")


PAGES = [
    Page("/redemptions", redemptions),
    Page("/redemptions/{redemption_id:str}", redemption),
    Page("/redemptions/{redemption_id:str}/qr.svg", drawing),
    Page("/redemptions/{redemption_id:str}/cancel", cancelling, cancel),
]
