"""Proxies: who may act for one, and for whom one may act."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.people import ProxyScope
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def proxies(visitor: Visitor) -> Response[Any]:
    """Who may act for one, and for whom one may."""
    found = await visitor.get("/volunteers/me/proxies")
    items = found["items"] if isinstance(found, dict) else found
    mine = [each for each in items if each["volunteer_id"] == visitor.own_id and each["status"] == "in force"]
    return visitor.show("people/proxies.html", proxies=mine)


async def appointing(visitor: Visitor) -> Response[Any]:
    """Where to let somebody act for one."""
    return visitor.show("people/appoint_proxy.html", scopes=get_args(ProxyScope))


async def appoint(visitor: Visitor) -> Response[Any]:
    """Let somebody act for one."""
    form = visitor.form
    body: dict[str, Any] = {"proxy_volunteer_id": form.said("proxy_volunteer_id"), "scopes": form.ticked("scopes")}
    body |= form.days(visitor.today, valid_until="next")
    if form.said("hours") or form.said("minutes"):
        body["minutes_per_day"] = form.minutes()
    await visitor.post("/volunteers/me/proxies", body)
    return visitor.go("/more/proxies", "From now on they can act for you. You are told what they do.")


async def end(visitor: Visitor) -> Response[Any]:
    """Let them act no more; or act for somebody no more."""
    volunteer_id, proxy_id = visitor.form.one("volunteer_id"), visitor.form.one("proxy_volunteer_id")
    await visitor.post(f"/volunteers/{volunteer_id}/proxies/{proxy_id}/end", {}, own=True)
    return visitor.go("/more/proxies", "It has ended.")


PAGES = [
    Page("/more/proxies", proxies),
    Page("/more/proxies/new", appointing, appoint, proof=True),
    Page("/more/proxies/end", act=end, again=proxies),
]
