"""The question for one's password between a form and what it does: what was typed waits in the page, but no secret."""

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from timebank.web.http.asking import Refused
from timebank.web.http.forms import Form
from timebank.web.http.visitors import Visitor

PREFIX = "proof_"
"""How the fields begin in which one says it, beside all that was typed before."""

ANSWERS = ("password", "second_factor")
MOST_FIELDS, MOST_KEPT = 500, 20_000
"""So many fields, and characters, of a form wait in the page at most, which says all of them again."""

SECRETS = ("password", "old_password", "new_password", "again", "second_factor", "one_time_code")


async def proved(visitor: Visitor) -> Response[Any] | None:
    """Say once more that it is oneself, where the form says so; the question anew, if that was refused."""
    answers = {name: visitor.form.secret(PREFIX + name) for name in ANSWERS if visitor.form.said(PREFIX + name)}
    if not answers or visitor.principal is None:
        return None
    visitor.form = Form({name: each for name, each in visitor.form.lists.items() if not name.startswith(PREFIX)})
    try:
        await visitor.post("/sessions/current/prove", answers, own=True)
    except Refused as refused:
        if refused.status >= 500:
            raise
        errors = [each | {"field": PREFIX + each["field"]} for each in refused.problem.get("errors", ())]
        visitor.problem = refused.problem | {"errors": errors}
        return await _question(visitor)
    return None


async def ask(visitor: Visitor, back: str) -> Response[Any]:
    """Ask for it, and do then what the form says; with a secret or a file in it, which no page keeps, go `back`."""
    if visitor.file or any(visitor.form.said(name) for name in SECRETS):
        return visitor.go(f"/prove?next={quote(back)}")
    return await _question(visitor)


async def _question(visitor: Visitor) -> Response[Any]:
    """The question, with all that was typed before. Raises `RequestEntityTooLarge` where that is very much."""
    typed = [(name, each) for name, values in visitor.form.lists.items() for each in values]
    if len(typed) > MOST_FIELDS or sum(len(name) + len(each) for name, each in typed) > MOST_KEPT:
        raise RequestEntityTooLarge
    return await question(visitor, action=visitor.request.url.path, prefix=PREFIX, typed=typed)


async def question(visitor: Visitor, *, prefix: str = "", **context: Any) -> Response[Any]:
    """The page that asks for the password, or the second factor of whoever has one."""
    assert visitor.principal
    state = await visitor.services.second_factors.state(visitor.principal.bank_id, visitor.principal.actor)
    return visitor.show("identity/prove.html", has_factor=state is not None, prefix=prefix, **context)
