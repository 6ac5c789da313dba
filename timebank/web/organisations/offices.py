"""Offices: who holds which, for how long; appointing, and ending."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.acting import BankOffice
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def offices(visitor: Visitor) -> Response[Any]:
    """Who holds which office."""
    page = await visitor.get("/appointments", after=visitor.query.get("after"), limit=25)
    return await in_office(visitor, "organisations/offices.html", appointments=page["items"], next=page["next"])


async def appointing(visitor: Visitor) -> Response[Any]:
    """Where to appoint somebody."""
    return await in_office(visitor, "organisations/appoint.html", offices=get_args(BankOffice))


async def appoint(visitor: Visitor) -> Response[Any]:
    """Appoint somebody."""
    form = visitor.form
    body: dict[str, Any] = form.given("office")
    body["volunteer_id"] = form.said("volunteer_id").replace(" ", "") or "-"
    body |= form.days(visitor.today, valid_from="refused", valid_until="next")
    await visitor.post("/appointments", body)
    return visitor.go("/admin/offices", "They are appointed.")


async def end(visitor: Visitor) -> Response[Any]:
    """End an appointment."""
    appointment_id = visitor.form.one("appointment_id")
    await visitor.post(f"/appointments/{appointment_id}/end", visitor.form.given("reason"))
    return visitor.go("/admin/offices", "It has ended.")


PAGES = [
    Page("/admin/offices", offices),
    Page("/admin/offices/new", appointing, appoint, proof=True),
    Page("/admin/offices/end", act=end, again=offices),
]
