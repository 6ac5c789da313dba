"""What waits in the whole bank today, and whether the service is well."""

import asyncio
from typing import Any

from litestar import Response

from timebank.web.http.offices import in_office, must_govern
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def overview(visitor: Visitor) -> Response[Any]:
    """What waits: organisations to approve, records that wait long, codes not used; and the state of the service."""
    must_govern(visitor)
    waiting, applied, codes, registered, report, signed = await asyncio.gather(
        visitor.seen("/service-records", status="logged", order="oldest", limit=50),
        _applied(visitor),
        visitor.seen("/redemptions", status="reserved", limit=50),
        visitor.seen("/organisations", status="registered", limit=50),
        visitor.services.readiness.report(),
        visitor.services.signer.latest(visitor.bank_id),
    )
    return await in_office(
        visitor,
        "supervision/overview.html",
        waiting=waiting,
        applied=applied,
        codes=codes,
        registered=registered,
        signed=signed and {"size": signed.size, "moment": signed.signed_at.astimezone(visitor.zone).isoformat()},
        troubles=[f"{each.what}: {each.why}" for each in report.troubles],
        position=await visitor.services.ledger.store.head(visitor.bank_id),
    )


async def _applied(visitor: Visitor) -> Any:
    """Who registered themselves, which is for administrators."""
    return await visitor.seen("/registrations", limit=50) if "administrator" in visitor.offices else None


PAGES = [Page("/admin", overview)]
