"""How things stood at the end of a day: the bank, an organisation or a person, as the history said it then."""

from typing import Any

from litestar import Response

from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.telling.naming import name_of
from timebank.web.http.visitors import Visitor
from timebank.web.supervision.history import day_asked, end_of, meant


async def then(visitor: Visitor) -> Response[Any]:
    """The end of a day; without one, of today. Of a person it is said too what is known of that day today."""
    day = day_asked(visitor, "day") or visitor.today.isoformat()
    about = await meant(visitor, visitor.query.get("about", "")) or ""
    kind = "volunteers" if about.startswith("vol_") else "organisations" if about.startswith("org_") else ""
    at = end_of(visitor, day)
    found = await visitor.seen(f"/audit/as-of/{kind}/{about}", at=at) if kind else None
    bank = await visitor.get("/audit/as-of", at=at)
    return await in_office(
        visitor,
        "supervision/then.html",
        day_shown=day,
        about=about,
        about_name=await name_of(about, visitor.seen),
        bank=bank,
        position=bank["position"],
        person=found if found and "person" in found else None,
        organisation=found if found and "organisation" in found else None,
        known=await visitor.seen(f"/volunteers/{about}/balance", as_of=day) if found and "person" in found else None,
        belonging=found["belonging"] if found else [],
        is_unknown=bool(about and found is None),
    )


PAGES = [Page("/admin/then", then)]
