"""Call-up in an emergency: whom to call, of those who agreed to be asked, by where they live and what they can."""

from typing import Any

from litestar import Response

from timebank.web.http.desks import places_there
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def calling(visitor: Visitor) -> Response[Any]:
    """Where to say of which place, and with which skill."""
    activity = await visitor.get(f"/activities/{visitor.path['activity_id']}", own=True)
    return visitor.show("activities/call.html", activity=activity, places=await places_there(visitor))


async def call(visitor: Visitor) -> Response[Any]:
    """Those who are to be called, by phone; whoever comes is signed up, and the roll says who is there."""
    form, path = visitor.form, f"/activities/{visitor.path['activity_id']}"
    asked: dict[str, Any] = {"node_id": form.one("node_id"), "reason": form.said("reason"), **form.given("skill")}
    if form.said("people"):
        asked["people"] = form.number("people")
    told = await visitor.post(f"{path}/calls", asked, own=True)
    activity = await visitor.get(path, own=True)
    return visitor.show("activities/called.html", activity=activity, called=told["called"])


PAGES = [Page("/activities/{activity_id:str}/call", calling, call)]
