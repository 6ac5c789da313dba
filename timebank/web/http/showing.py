"""How pages are shown: the templates, what they can say, and the files that go with them."""

import hashlib
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from timebank.domain.credit.statements import cause_in_words
from timebank.web.http.safe import short
from timebank.web.http.telling import saying
from timebank.web.http.telling.events import AS_OWNER, AS_PROXY, EVENTS, OWN_EVENTS
from timebank.web.http.telling.facts import reason_in_words
from timebank.web.http.telling.values import TAGS, VALUES
from timebank.web.http.telling.words import is_ours
from timebank.web.http.tokens import token
from timebank.web.http.visitors import Visitor

WEB = Path(__file__).parents[1]
ASSETS = WEB / "assets"


class _Templates(Environment):
    """Templates that read what the API says: a field of an answer is meant before a method of the dictionary."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of an answer, or an attribute."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def environment() -> Environment:
    """The templates, and what they can say."""
    templates = _Templates(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals |= {"asset": _asset, "TAGS": TAGS, "query": _query, "pairs": _pairs}
    templates.filters["groups"] = saying.groups
    return templates


def shower() -> Callable[[Visitor, str, dict[str, Any]], str]:
    """What makes a page out of a template and what is to be shown on it."""
    templates = environment()

    def shown(visitor: Visitor, template: str, context: dict[str, Any]) -> str:
        return templates.get_template(template).render(_common(visitor) | context)

    return shown


def _common(visitor: Visitor) -> dict[str, Any]:
    language = visitor.language
    told = {name: partial(getattr(saying, name), language=language) for name in _SAYING}
    problem = visitor.problem or {}
    return told | {
        "_": visitor.say,
        "word": partial(_word, visitor),
        "event": partial(_event, visitor),
        "notice": partial(_notice, visitor),
        "cause": partial(cause_in_words, language=language),
        "reason_of": partial(reason_in_words, language=language),
        "visitor": visitor,
        "language": language,
        "me": visitor.me,
        "acts_for": visitor.acts_for,
        "path": short(visitor.request.url.path, "/"),
        "csrf": token(visitor),
        "once": secrets.token_urlsafe(12),
        "problem": visitor.problem,
        "wrong": {each["field"]: each["reason"] for each in problem.get("errors", [])},
        "values": visitor.form,
        "told": "",
        "today": visitor.today,
        "heard": _heard,
        "bank_name": visitor.bank_name or visitor.say("Time bank"),
    }


_SAYING = ("duration", "change", "day", "weekday", "clock", "moment", "month")


def _heard(told: str) -> str:
    """What the page before said, if it is a sentence of ours: nobody else puts words into our mouth."""
    said = unquote(told)
    return said if is_ours(said) else ""


def _word(visitor: Visitor, value: Any) -> str:
    """A word of the API, as `confirmed`, in words of people."""
    return visitor.say(VALUES.get(str(value), str(value)))


def _event(visitor: Visitor, kind: str) -> str:
    """What happened, in words of people."""
    return visitor.say(EVENTS.get(kind, kind))


def _notice(visitor: Visitor, notice: dict[str, Any]) -> str:
    """What happened to whoever looks, in words of people."""
    kind, detail, oneself = notice["kind"], notice["detail"], visitor.principal.actor if visitor.principal else ""
    is_theirs = {"proxy_volunteer_id": AS_PROXY, "volunteer_id": AS_OWNER}
    own = next((said[kind] for name, said in is_theirs.items() if kind in said and detail.get(name) == oneself), None)
    return visitor.say(own or OWN_EVENTS.get(kind) or EVENTS.get(kind, kind))


def _pairs(items: list[Any], value: str, text: str) -> list[tuple[Any, Any]]:
    """What can be chosen: a value and a text of each item."""
    return [(each[value], each[text]) for each in items]


def _query(**params: Any) -> str:
    """The query of an address."""
    given = {name: value for name, value in params.items() if value not in (None, "")}
    return "?" + urlencode(given) if given else ""


VERSIONS = {
    path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in sorted(ASSETS.iterdir()) if path.is_file()
}
"""Of each file what is in it, in short."""


def _asset(name: str) -> str:
    """The address of a file, which changes with what is in it: so browsers can keep it for ever."""
    return f"/static/{VERSIONS[name]}/{name}"
