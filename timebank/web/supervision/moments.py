"""How things stood on a day: the bank, an organisation or a person; as the history said then, and as is known now."""

from typing import Any

from litestar import Response

from timebank.web.http.forms import Form
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor
from timebank.web.supervision.history import end_of, meant


async def then(visitor: Visitor) -> Response[Any]:
    """The end of a day; without one, of today."""
    query, head = visitor.query, await visitor.services.ledger.store.head(visitor.bank_id)
    day = Form({"day": [query.get("day", "")]}).day("day", visitor.today) or visitor.today.isoformat()
    about = await meant(visitor, query.get("about", "")) or ""
    person = await visitor.seen(f"/volunteers/{about}/balance", as_of=day) if about.startswith("vol_") else None
    organisation = await visitor.seen(f"/organisations/{about}") if about.startswith("org_") else None
    served = await visitor.get(
        "/service-records/statistics",
        params={"until": day, "volunteer_id": person and about, "organisation_id": organisation and about},
    )
    return await in_office(
        visitor,
        "supervision/then.html",
        day_shown=day,
        about=about,
        position=await end_of(visitor, day, head),
        person=person,
        organisation=organisation,
        total=served["total"],
    )


PAGES = [Page("/admin/then", then)]
