"""Files that were sent and wait for a word: in the memory of the process, for half an hour, and not too many."""

import secrets
import time
from typing import NamedTuple

from timebank.web.http.asking import Refused
from timebank.web.http.visitors import Visitor

KEPT_SECONDS = 30 * 60
KEPT_FILES, KEPT_OF_ONE = 20, 2
KEPT_BYTES = 64 * 1024 * 1024
"""So long, so many of all and of one person, and so much in all, files wait; then they are chosen once more."""


class Kept(NamedTuple):
    """A file that waits, under which name it is asked for, and what was said about it."""

    name: str
    filename: str
    content: bytes
    said: tuple[str, ...] = ()


Waiting = dict[str, tuple[float, str, Kept]]
"""By name: until when, whose, and what."""


def keep(visitor: Visitor, file: Kept) -> Kept:
    """Keep a file of somebody's, unless it is kept; where there are too many, their own go first, then the oldest.

    It is for what the API has looked at: whoever may not send such a file has none kept.
    """
    assert visitor.principal
    if file.name:
        return file
    waiting: Waiting = visitor.request.app.state.lists
    now = time.monotonic()
    for old in [name for name, (until, _, _) in waiting.items() if until < now]:
        del waiting[old]
    own = [name for name, (_, actor, _) in waiting.items() if actor == visitor.principal.actor]
    for old in own[: len(own) - KEPT_OF_ONE + 1]:
        del waiting[old]
    while len(waiting) >= KEPT_FILES:
        del waiting[next(iter(waiting))]
    while waiting and sum(len(each.content) for _, _, each in waiting.values()) + len(file.content) > KEPT_BYTES:
        del waiting[next(iter(waiting))]
    made = file._replace(name=secrets.token_urlsafe(12))
    waiting[made.name] = now + KEPT_SECONDS, visitor.principal.actor, made
    return made


def kept(visitor: Visitor) -> Kept:
    """The file of one's own that a form is about. Raises `Refused` if it does not wait any more."""
    assert visitor.principal
    found = visitor.request.app.state.lists.get(visitor.form.said("kept"))
    if found is None or found[0] < time.monotonic() or found[1] != visitor.principal.actor:
        reason = visitor.say("This list has waited for too long: choose it once more.")
        raise Refused({"status": 409, "detail": reason, "errors": [{"field": "file", "reason": reason}]})
    waiting: Kept = found[2]
    return waiting
