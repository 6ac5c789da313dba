"""Who and what a refusal is about, in words of people: a name stands where the API says an id."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from timebank.web.http.telling.saying import groups

Ask = Callable[[str], Awaitable[Any]]
"""The answer to a question to the API; None, if it is refused."""

_ID = re.compile(r"\b(vol|org|rec|rew|fnd|nod|act)_[0-9a-f]{32}\b")

_WHERE = {
    "vol": "/volunteers/",
    "org": "/organisations/",
    "rec": "/service-records/",
    "rew": "/rewards/",
    "fnd": "/funds/",
    "nod": "/nodes/",
    "act": "/activities/",
}
"""Where the API says what has an id of a kind."""


MOST_NAMED = 20
"""So many ids of a problem are put into words: each is a question, and what somebody typed may be thousands."""


async def in_words(problem: dict[str, Any], ask: Ask, known: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A problem without ids, as far as whoever looks may know what they stand for, or it is `known` already."""
    errors = problem.get("errors", [])
    said = " ".join((problem.get("detail", ""), *(each["reason"] for each in errors)))
    ids = list(dict.fromkeys(each[0] for each in _ID.finditer(said)))[:MOST_NAMED]
    names = {each: (known or {}).get(each) or await name_of(each, ask) for each in ids}
    if not names:
        return problem

    def told(text: str) -> str:
        return _ID.sub(lambda found: names.get(found[0], found[0]), text)

    shown = [each | {"reason": told(each["reason"])} for each in errors]
    return problem | {"detail": told(problem.get("detail", ""))} | ({"errors": shown} if errors else {})


async def name_of(identifier: str, ask: Ask) -> str:
    """What something is called; its id, where they may not know, or it has no name."""
    if not _ID.fullmatch(identifier):
        return identifier
    answer: dict[str, Any] = await ask(_WHERE[identifier[:3]] + identifier) or {}
    found = answer.get("node", answer)
    return str(found.get("name") or found.get("activity") or groups(found.get("number")) or identifier)
