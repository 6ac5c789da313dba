"""The register of organisations: registering, approving, suspending."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.organisations import Kind
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 20


async def organisations(visitor: Visitor) -> Response[Any]:
    """All organisations, by state."""
    query = visitor.query
    page = await visitor.get("/organisations", status=query.get("status"), after=query.get("after"), limit=SHOWN)
    return await in_office(
        visitor, "organisations/register.html", organisations=page["items"], next=page["next"], kinds=get_args(Kind)
    )


async def register(visitor: Visitor) -> Response[Any]:
    """Take a body into the register."""
    form = visitor.form
    await visitor.post(
        "/organisations", {"name": form.said("name"), "kind": form.said("kind")} | form.given("official_code")
    )
    return visitor.go("/admin/organisations?status=registered", "It is registered, and waits to be approved.")


async def decide(visitor: Visitor) -> Response[Any]:
    """Approve, suspend or reinstate one."""
    form = visitor.form
    verb = form.said("what") if form.said("what") in {"approve", "suspend", "reinstate"} else "suspend"
    body = None if verb == "approve" else {"reason": form.said("reason")}
    await visitor.post(f"/organisations/{form.one('organisation_id')}/{verb}", body)
    return visitor.go("/admin/organisations", "It is done.")


PAGES = [
    Page("/admin/organisations", organisations, register),
    Page("/admin/organisations/decide", act=decide, again=organisations),
]
