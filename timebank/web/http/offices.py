"""What pages of the administration are for: whoever holds an office today."""

from typing import Any

from litestar import Response

from timebank.web.http.asking import Refused
from timebank.web.http.visitors import Visitor


async def in_office(visitor: Visitor, template: str, **context: Any) -> Response[Any]:
    """A page of the administration; whoever holds no office is told that it is not for them."""
    must_hold_office(visitor)
    return visitor.show(template, is_administrator="administrator" in visitor.offices, **context)


def must_hold_office(visitor: Visitor) -> None:
    """Refuse whoever holds no office: there would be nothing on the page. Raises `Refused`."""
    if not visitor.offices:
        detail = visitor.say("This page is for administrators and auditors.")
        raise Refused({"type": "/problems/office-missing", "title": "", "status": 403, "detail": detail})
