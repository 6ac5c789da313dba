"""Telling what went wrong: a trouble becomes a problem (RFC 9457), in the language and the words of whoever asked."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from litestar.types import Scope

from timebank import words
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound, Refusal
from timebank.words import Language

STATUSES: dict[type[Refusal], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Which status a refusal has, by the branch of the tree it is on."""


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one field, and which values are allowed, where they can be counted."""

    field: str
    reason: str
    allowed: list[str] = []


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request failed. `type` is stable: programs tell problems apart by it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class FieldTrouble(NamedTuple):
    """What is wrong with one field: a template, and what fills its blanks."""

    field: str
    template: str
    details: Mapping[str, Any]
    allowed: Sequence[str] = ()


class Trouble(NamedTuple):
    """What went wrong: a template, and what fills its blanks. Without a kind the status says all (`about:blank`)."""

    status: int
    template: str
    details: Mapping[str, Any]
    kind: str = ""
    title: str = ""
    fields: Sequence[FieldTrouble] = ()


class Listener(NamedTuple):
    """To whom something is told: in which language, and what they said themselves instead of the ids meant."""

    language: Language = "en"
    said: Mapping[str, str] = {}


def listener_of(scope: Scope) -> Listener:
    """Whoever made a request."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    state: Mapping[str, Any] = scope.get("state") or {}
    return Listener(words.preferred(accepted.decode("latin-1")), state.get("said", {}))


def title_of(kind: str) -> str:
    """What a kind of problem is called, in English: `Volunteer unknown`."""
    return kind.replace("-", " ").capitalize()


def status_of(refusal: type[Refusal]) -> HTTPStatus:
    """The status of a refusal."""
    return next(STATUSES[kind] for kind in refusal.__mro__ if kind in STATUSES)


def refusal_of(refusal: Refusal) -> Trouble:
    """A refusal as a trouble."""
    details, fields = refusal.details, []
    if refusal.field:
        fields = [FieldTrouble(refusal.field, refusal.template, details)]
    return Trouble(status_of(type(refusal)), refusal.template, details, kind=refusal.kind, fields=fields)


def told(trouble: Trouble, to: Listener) -> Problem:
    """A trouble as the problem that is answered."""
    title = trouble.title or (title_of(trouble.kind) if trouble.kind else HTTPStatus(trouble.status).phrase)
    return Problem(
        type=f"/problems/{trouble.kind}" if trouble.kind else "about:blank",
        title=words.translated(title, to.language, "title"),
        status=trouble.status,
        detail=_in_words(trouble.template, trouble.details, to),
        errors=[
            FieldError(each.field, _in_words(each.template, each.details, to), list(each.allowed))
            for each in trouble.fields
        ],
    )


def of_refusal(refusal: Refusal, to: Listener) -> Problem:
    """A refusal as the problem that is answered."""
    return told(refusal_of(refusal), to)


def _in_words(template: str, details: Mapping[str, Any], to: Listener) -> str:
    known = {name: to.said.get(value, value) if isinstance(value, str) else value for name, value in details.items()}
    return words.told(template, known, to.language)
