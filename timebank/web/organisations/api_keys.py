"""API keys of an organisation: for its programs, shown once."""

from typing import Any, get_args

from litestar import Response

from timebank.domain.facts.organisations import Permission
from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def keys(visitor: Visitor) -> Response[Any]:
    """The keys, and when each was last used."""
    found = await visitor.get(f"/organisations/{visitor.path['organisation_id']}/keys")
    items = found["items"] if isinstance(found, dict) else found
    return await at_desk(visitor, "organisations/keys.html", keys=items)


async def issuing(visitor: Visitor) -> Response[Any]:
    """Where to have one made."""
    return await at_desk(visitor, "organisations/new_key.html", permissions=get_args(Permission))


async def issue(visitor: Visitor) -> Response[Any]:
    """Have one made, and show it, once."""
    form = visitor.form
    body = {"label": form.said("label"), "permissions": form.ticked("permissions")}
    made = await visitor.post(f"/organisations/{visitor.path['organisation_id']}/keys", body)
    return await at_desk(visitor, "organisations/key_shown.html", key=made)


async def replace(visitor: Visitor) -> Response[Any]:
    """Have another made in place of one, which stays good for a day."""
    key_id = visitor.form.one("key_id")
    made = await visitor.post(f"/organisations/{visitor.path['organisation_id']}/keys/{key_id}/rotate", {})
    return await at_desk(visitor, "organisations/key_shown.html", key=made)


async def revoke(visitor: Visitor) -> Response[Any]:
    """Let one be good for nothing any more."""
    organisation_id = visitor.path["organisation_id"]
    key_id = visitor.form.one("key_id")
    await visitor.post(f"/organisations/{organisation_id}/keys/{key_id}/revoke", {})
    return visitor.go(f"/o/{organisation_id}/keys", "The key is revoked.")


PAGES = [
    Page("/o/{organisation_id:str}/keys", keys),
    Page("/o/{organisation_id:str}/keys/new", issuing, issue, proof=True),
    Page("/o/{organisation_id:str}/keys/replace", act=replace, again=keys),
    Page("/o/{organisation_id:str}/keys/revoke", act=revoke, again=keys),
]
