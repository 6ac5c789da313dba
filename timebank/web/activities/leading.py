"""Leading an activity: the code to show, who is there, and closing it."""

from typing import Any

import segno
from litestar import Response

from timebank.domain.identifiers import new_entry_id
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def leading(visitor: Visitor) -> Response[Any]:
    """Who signed up, who is there and who was, and what is to be done."""
    path = f"/activities/{visitor.path['activity_id']}"
    roll = await visitor.get(f"{path}/roll", own=True)
    return visitor.show("activities/lead.html", activity=await visitor.get(path, own=True), roll=roll)


async def lead(visitor: Visitor) -> Response[Any]:
    """Publish, cancel or close it; or enter that somebody came or left."""
    form, path, here = visitor.form, f"/activities/{visitor.path['activity_id']}", visitor.request.url.path
    match form.said("what"):
        case "publish":
            await visitor.post(f"{path}/publish", own=True)
            return visitor.go(here, "Everybody sees it now, and can sign up.")
        case "cancel":
            await visitor.post(f"{path}/cancel", {"reason": form.said("reason")}, own=True)
            return visitor.go(here, "It is cancelled, and whoever signed up is told.")
        case "close":
            await visitor.post(f"{path}/close", own=True)
            return visitor.go(here, "It is closed. Of each who was there a record waits to be confirmed.")
        case _:
            return await _enter(visitor, path)


async def _enter(visitor: Visitor, path: str) -> Response[Any]:
    """Somebody came, or left."""
    form = visitor.form
    kind = "out" if form.said("what") == "out" else "in"
    entry = {
        "entry_id": form.said("once") or new_entry_id(),
        "volunteer_id": form.said("volunteer_id").replace(" ", "") or "-",
        "kind": kind,
    }
    if form.said("sign_up"):
        await visitor.post(f"{path}/sign-ups", {"volunteer_id": entry["volunteer_id"]}, own=True)
        return visitor.go(visitor.request.url.path, "They are signed up.")
    told = await visitor.post(f"{path}/entries", {"entries": [entry]}, own=True)
    verdict = told["results"][0]
    if verdict["status"] == "refused":
        visitor.problem = verdict["problem"]
        return await leading(visitor)
    return visitor.go(visitor.request.url.path, "It is entered.")


async def code(visitor: Visitor) -> Response[Any]:
    """The code to be shown at the place; the page comes anew when it turns."""
    path = f"/activities/{visitor.path['activity_id']}"
    shown = await visitor.get(f"{path}/code", own=True)
    activity = await visitor.get(path, own=True)
    drawn = segno.make(shown["code"]).svg_data_uri(scale=8)
    return visitor.show("activities/code.html", activity=activity, shown=shown, drawn=drawn)


PAGES = [
    Page("/activities/{activity_id:str}/lead", leading, lead),
    Page("/activities/{activity_id:str}/code", code),
]
