"""What all pages of an organisation's desk know: the organisation, and what one is there."""

from typing import Any

from litestar import Response

from timebank.web.http.visitors import Visitor


async def at_desk(visitor: Visitor, template: str, **context: Any) -> Response[Any]:
    """A page of an organisation's desk."""
    organisation = await visitor.get(f"/organisations/{visitor.path['organisation_id']}")
    return visitor.show(template, organisation=organisation, **context)
