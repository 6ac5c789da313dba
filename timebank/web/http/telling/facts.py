"""A fact in words of people: what each of its fields is called and says; names stand for ids, where they are known."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from timebank.domain.vocabulary import FACTS
from timebank.web.http.telling import saying
from timebank.web.http.telling.fields import label_of
from timebank.web.http.telling.values import REASONS, VALUES
from timebank.web.http.telling.words import Language, say
from timebank.words import translated

MOST = 20
"""So many of the things that a field names are told; and how many more there are."""

YES, NO = "yes", "no"

_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
_CLOCKS = {"from_minute", "until_minute"}
_NUMBERS = {"number", "kept_number"}


class Told(NamedTuple):
    """A line of what a field says; where it is about something with an id, that id, which leads on to it."""

    text: str
    about: str | None = None


class Row(NamedTuple):
    """A field: what it is called, and what it says."""

    label: str
    lines: list[Told]


class Change(NamedTuple):
    """A field that was changed: what it is called, said before, and says now."""

    label: str
    before: list[Told]
    after: list[Told]


def structs_of(hint: Any) -> Iterator[type[msgspec.Struct]]:
    """The structures that a type is made of, itself among them."""
    for part in get_args(hint):
        yield from structs_of(part)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
        for field in hints_of(hint).values():
            yield from structs_of(field)


def hints_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of the fields of a structure, by the names under which they are stored."""
    hints, names = get_type_hints(struct), zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    return {stored: hints[name] for name, stored in names}


def leaves_of(hint: Any) -> Iterator[Any]:
    """What a type is made of in the end: types, and words that are chosen from."""
    parts = get_args(hint)
    if not parts or get_origin(hint) is Literal:
        yield from parts or (hint,)
    else:
        for part in parts:
            yield from leaves_of(part)


@cache
def shapes() -> dict[str, set[Any]]:
    """What the fields of all facts are made of, by their names."""
    found: dict[str, set[Any]] = {}
    for fact in FACTS.values():
        for struct in structs_of(fact):
            for name, hint in hints_of(struct).items():
                found.setdefault(name, set()).update(leaves_of(hint))
    return found


def is_previous(name: str) -> bool:
    """Whether a field says what was so before the fact."""
    return name.startswith("previous_")


def _is_thing(name: str) -> bool:
    """Whether a field holds things that have fields themselves."""
    return any(isinstance(leaf, type) and issubclass(leaf, msgspec.Struct) for leaf in shapes().get(name, ()))


def word_of(name: str, value: str) -> str:
    """What one of the words that a field chooses from means there."""
    return VALUES.get(f"{name}.{value}") or VALUES.get(value) or value


def reason_in_words(reason: str | None, language: Language) -> str | None:
    """Why something was done: as somebody wrote it, or in a language, where nobody did."""
    return say(language, reason) if reason in REASONS else reason


def gist(data: Mapping[str, Any], language: Language, *whom: str | None) -> str:
    """What a fact says, in a line: whom it is about, what was done, how much time it is about, and why."""
    minutes = data.get("minutes")
    spent = saying.duration(minutes, language) if isinstance(minutes, int) else None
    rows = say(language, "{n} rows", n=data["rows"]) if data.get("rows") else None
    said = (*whom, data.get("activity") or data.get("name"), spent, rows, reason_in_words(data.get("reason"), language))
    return " · ".join(str(each) for each in said if each)


class Teller(NamedTuple):
    """Who tells facts: in a language, in the time of a zone, with names for ids."""

    language: Language
    zone: ZoneInfo
    names: Mapping[str, str]

    def rows(self, data: Mapping[str, Any]) -> list[Row]:
        """All that a fact says; what it says nothing of is left out."""
        said = ((self.field(name), self.lines(name, value)) for name, value in _flat(data))
        return [Row(label, lines) for label, lines in said if lines]

    def changes(self, changed: Mapping[str, Mapping[str, Any]], *, is_amendment: bool) -> list[Change]:
        """What was said before, and is otherwise now; of an amendment also what was not said before."""
        before = dict(_flat({name: each["before"] for name, each in changed.items()}))
        after = dict(_flat({name: each["after"] for name, each in changed.items()}))
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        said = ((name, self.lines(name, before.get(name)), self.lines(name, after.get(name))) for name in names)
        return [Change(self.field(name), was, is_now) for name, was, is_now in said if was or (is_amendment and is_now)]

    def field(self, name: str) -> str:
        """What a field is called."""
        return translated(label_of(name), self.language, "field")

    def lines(self, name: str, value: Any) -> list[Told]:
        """What a field says, line by line."""
        if isinstance(value, list):
            lines = [line for each in value[:MOST] for line in self.lines(name, each)]
            more = len(value) - MOST
            return [*lines, Told(say(self.language, "and {n} more", n=more))] if more > 0 else lines
        if isinstance(value, dict):
            return self._together(name, value)
        return [] if value in (None, "") else [self._one(name, value)]

    def _together(self, name: str, value: Mapping[str, Any]) -> list[Told]:
        """What is said by day, or by category; or several fields of one thing, in one line."""
        if date in shapes().get(name, ()):
            return [Told(f"{self._day(day)} · {self._one(name, each).text}") for day, each in value.items()]
        if _is_thing(name):
            said = ((part, self.lines(part, each)) for part, each in value.items())
            parts = [(part, lines[0].text) for part, lines in said if lines]
            return [Told(" · ".join(f"{self.field(part)} {text}" if text.isdigit() else text for part, text in parts))]
        return [Told(f"{key} · {self._one(name, each).text}") for key, each in value.items()]

    def _one(self, name: str, value: Any) -> Told:
        if isinstance(value, bool):
            return Told(translated(YES if value else NO, self.language, "field"))
        if isinstance(value, int):
            return Told(self._number(name, value))
        text = str(value)
        return Told(self.names.get(text, text), text) if _ID.fullmatch(text) else Told(self._text(name, text))

    def _number(self, name: str, value: int) -> str:
        if name in _CLOCKS:
            return saying.clock(f"2000-01-01T{value // 60 % 24:02}:{value % 60:02}", self.language)
        if name == "weekday":
            return saying.weekday(value, self.language)
        if name == "debt_change_minutes":
            return saying.change(value, self.language)
        if "minutes" in name.split("_") or name == "reservation_hours":
            return saying.duration(value * (60 if name == "reservation_hours" else 1), self.language)
        return f"{value} %" if name.endswith("_percent") else str(value)

    def _text(self, name: str, text: str) -> str:
        leaves = shapes().get(name, ())
        if name in _NUMBERS:
            return saying.groups(text)
        if name == "fields":
            return self.field(text)
        if text in REASONS:
            return say(self.language, text)
        if text in leaves:
            return say(self.language, word_of(name, text))
        try:
            if datetime in leaves:
                return saying.moment(datetime.fromisoformat(text).astimezone(self.zone).isoformat(), self.language)
            return self._day(text) if date in leaves else text
        except ValueError:
            return text

    def _day(self, text: str) -> str:
        return saying.day(text, self.language)


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a fact; those of a thing within it stand beside them. Of a single day all is said without days."""
    for name, value in data.items():
        if isinstance(value, dict) and _is_thing(name):
            yield from _flat(value)
        elif not (isinstance(value, dict) and len(value) == 1 and "minutes" in data and name.endswith("_by_day")):
            yield name, value
