"""Requests that do not have the shape they should have: which field, what is wrong with it, and what could be said."""

import re
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from timebank.api.http.telling.troubles import FieldTrouble, Trouble
from timebank.words import Phrase

INVALID = "invalid-request"
LONGEST_REASON = 200

_REASONS: tuple[tuple[str, str], ...] = (
    (r"'?data'?", "This needs a body of JSON"),
    (r"Expected `str` matching regex .*", "This is not written in the form that is expected here"),
    (
        r"Invalid RFC3339 encoded datetime",
        "Invalid RFC3339 encoded datetime: write it with an offset, as 2026-03-01T08:30:00+08:00",
    ),
    (r"Invalid RFC3339 encoded date", "Invalid RFC3339 encoded date: write it as 2026-03-01"),
    (r"Invalid UUID", "Invalid UUID"),
    (r"Invalid enum value (?P<value>.+)", "Invalid enum value {value}"),
    (r"Invalid value (?P<value>.+)", "Invalid enum value {value}"),
    (r"Object missing required field `(?P<name>.*)`", "Object missing required field `{name}`"),
    (r"Object contains unknown field `(?P<name>.*)`", "Object contains unknown field `{name}`"),
    (r"Expected `(?P<type>.*)`, got `(?P<got>.*)`", "Expected `{type}`, got `{got}`"),
    (r"Expected `(?P<type>.*)` of length (?P<sign>[<>]=) (?P<bound>\d+)", "Expected `{type}` of length {sign} {bound}"),
    (r"Expected `(?P<type>.*)` (?P<sign>[<>]=?) (?P<bound>\S+)", "Expected `{type}` {sign} {bound}"),
    (r"(Integer value|Number) out of range", "This number is out of range"),
    (r"JSON is malformed: (?P<why>.*)", "JSON is malformed: {why}"),
)
"""What msgspec says, and the template that is told instead, with what it is filled with."""

_OUTSIDE_NAMES = {
    "data": "body",
    "search": "query",
    "first_day": "from",
    "last_day": "until",
    "returned": "state",
    "idempotency_key": "Idempotency-Key",
}
"""Parameters that are called otherwise in handlers than in requests."""


class InvalidRequestError(Exception):
    """A request does not have the shape it should have."""

    def __init__(self, *fields: FieldTrouble) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{each.field}: {each.template}" for each in fields))


def invalid(*fields: FieldTrouble) -> Trouble:
    """The trouble with some fields; what is wrong with the whole body is said without its name."""
    parts: list[str] = []
    details: dict[str, Any] = {}
    for number, each in enumerate(fields):
        parts.append(f"{{reason_{number}}}" if each.field == "body" else f"{{field_{number}}}: {{reason_{number}}}")
        details |= {f"field_{number}": each.field, f"reason_{number}": Phrase(each.template, each.details)}
    return Trouble(400, "; ".join(parts), details, kind=INVALID, fields=fields)


def field_trouble(message: str, field: str | None = None, kind: Any = Any) -> FieldTrouble:
    """What msgspec says is wrong with a value of some type, which is called so in the request."""
    reason, _, path = message.partition(" - at `")
    path = path.rstrip("`").removeprefix("$")
    template, details = _reason(reason)
    place = path.lstrip(".").replace("[...]", "")  # msgspec's sign for any value of a mapping
    if "name" in details:
        place = f"{place}.{details['name']}".lstrip(".")
    is_choice = template.startswith(("Invalid enum value", "Object missing required field"))
    allowed = _allowed(kind, _steps(place)) if is_choice else ()
    if allowed:
        template, details = f"{template}: choose one of {{allowed}}", details | {"allowed": ", ".join(allowed)}
    return FieldTrouble(place or _OUTSIDE_NAMES.get(field or "", field) or "body", template, details, allowed)


def _reason(reason: str) -> tuple[str, dict[str, str]]:
    for pattern, template in _REASONS:
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found:
            return template, {
                name: shortened(value).replace(" | ", " or ") for name, value in found.groupdict().items()
            }
    return "{reason}", {"reason": shortened(reason)}


def shortened(text: str) -> str:
    """The beginning of what somebody said."""
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _steps(path: str) -> list[str]:
    """The fields and indexes on the way to a value: `.slots[0].places` has three."""
    return re.findall(r"[^.\[\]]+", path)


def _allowed(kind: Any, steps: Sequence[str]) -> tuple[str, ...]:
    """The values that there are to choose from, at a place within a value of some type."""
    if get_origin(kind) is Annotated:
        return _allowed(get_args(kind)[0], steps)
    if get_origin(kind) in (Union, UnionType):
        tags = tuple(str(each.__struct_config__.tag) for each in get_args(kind) if _tag_field(each) in steps[:1])
        return tags or next((found for each in get_args(kind) if (found := _allowed(each, steps))), ())
    if not steps:
        return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()
    step, *further = steps
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        return _allowed(hints.get(step, NoneType), further)
    inner = [each for each in get_args(kind) if each is not Ellipsis]
    return _allowed(inner[-1], further) if inner else ()


def _tag_field(kind: Any) -> str | None:
    """The field that says which of several structs one is."""
    return kind.__struct_config__.tag_field if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None
