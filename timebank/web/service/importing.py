"""Lists of service: the columns as they were understood, a verdict for each row, and then recording them."""

import secrets
import time
from typing import Any

from litestar import Response

from timebank.web.http.asking import Answer, Refused
from timebank.web.http.desks import at_desk
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

KEPT_SECONDS = 30 * 60
KEPT_FILES, KEPT_OF_ONE = 20, 2
"""So long, and so many at once, lists wait in memory for their confirmation; then they are chosen once more."""


async def choosing(visitor: Visitor) -> Response[Any]:
    """Where to choose a list."""
    return await at_desk(visitor, "service/upload.html")


async def trial(visitor: Visitor) -> Response[Any]:
    """What would become of each row; nothing is written yet."""
    if visitor.file is None:
        reason = visitor.say("Choose a file first: a spreadsheet (.xlsx, .xls, .ods) or CSV.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "file", "reason": reason}]})
    content = visitor.file[1]
    found = (await _import(visitor, content, dry_run=True)).json()
    shown = [each for each in found["verdicts"] if each["status"] != "logged"][:100]
    return await at_desk(
        visitor, "service/list.html", found=found, shown=shown, kept=_keep(visitor, content), filename=visitor.file[0]
    )


async def confirm(visitor: Visitor) -> Response[Any]:
    """Record the rows that can be; the others can be had back as a file."""
    content = _kept(visitor)
    found = (await _import(visitor, content, dry_run=False)).json()
    shown = [each for each in found["verdicts"] if each["status"] != "logged"][:100]
    return await at_desk(visitor, "service/list_done.html", found=found, shown=shown, kept=visitor.form.said("kept"))


async def rejected(visitor: Visitor) -> Response[Any]:
    """The rows that could not be recorded, with the reason beside each, to put right and send again."""
    answer = await _import(visitor, _kept(visitor), dry_run=True, answer="rejected")
    return visitor.hand_out(answer)


async def _import(visitor: Visitor, content: bytes, *, dry_run: bool, answer: str = "verdicts") -> Answer:
    path = f"/organisations/{visitor.path['organisation_id']}/service-records/import"
    return await visitor.asked("POST", path, content, {"dry_run": str(dry_run).lower(), "answer": answer})


def _keep(visitor: Visitor, content: bytes) -> str:
    """Keep a list for its confirmation; says under which name."""
    assert visitor.principal
    lists: dict[str, tuple[float, str, bytes]] = visitor.request.app.state.lists
    now = time.monotonic()
    for old in [name for name, (until, _, _) in lists.items() if until < now]:
        del lists[old]
    own = [name for name, (_, actor, _) in lists.items() if actor == visitor.principal.actor]
    for old in own[: len(own) - KEPT_OF_ONE + 1]:  # their own before those of others
        del lists[old]
    while len(lists) >= KEPT_FILES:
        del lists[next(iter(lists))]
    name = secrets.token_urlsafe(12)
    lists[name] = now + KEPT_SECONDS, visitor.principal.actor, content
    return name


def _kept(visitor: Visitor) -> bytes:
    """A list of one's own that waits. Raises `Refused` if it does not wait any more."""
    assert visitor.principal
    found = visitor.request.app.state.lists.get(visitor.form.said("kept"))
    if found is None or found[0] < time.monotonic() or found[1] != visitor.principal.actor:
        reason = visitor.say("This list has waited for too long: choose it once more.")
        raise Refused({"status": 409, "detail": reason, "errors": [{"field": "file", "reason": reason}]})
    content: bytes = found[2]
    return content


PAGES = [
    Page("/o/{organisation_id:str}/list", choosing, trial, file=True),
    Page("/o/{organisation_id:str}/list/confirm", act=confirm, again=choosing),
    Page("/o/{organisation_id:str}/list/rejected", act=rejected, again=choosing),
]
