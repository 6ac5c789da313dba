"""Whom pages of the administration are for: administrators and auditors; some, for leaders of places too."""

from typing import Any

from litestar import Response

from timebank.web.http.asking import Refused
from timebank.web.http.visitors import Visitor


async def in_office(visitor: Visitor, template: str, **context: Any) -> Response[Any]:
    """A page of the administration; whoever is no administrator or auditor is told that it is not for them."""
    must_govern(visitor)
    return visitor.show(template, is_administrator="administrator" in visitor.offices, **context)


def must_govern(visitor: Visitor) -> None:
    """Refuse whoever is no administrator or auditor, before anything is asked. Raises `Refused`."""
    if not visitor.governs:
        raise _not_for_you(visitor)


def must_hold_office(visitor: Visitor) -> None:
    """Refuse whoever holds no office, that of a leader of a place neither: nothing would be on the page.

    Raises `Refused`.
    """
    if not visitor.offices:
        raise _not_for_you(visitor)


def _not_for_you(visitor: Visitor) -> Refused:
    detail = visitor.say("This page is for administrators and auditors.")
    return Refused({"type": "/problems/office-missing", "title": "", "status": 403, "detail": detail})
