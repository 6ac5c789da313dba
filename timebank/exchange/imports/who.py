"""Who is meant by a row: a number, a phone and a name, which have to be of one person."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from timebank.domain.identifiers import VolunteerId, VolunteerNumber
from timebank.domain.people.phones import phone_spelling
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.people import digits_in, is_number, parse_number, parse_phone
from timebank.exchange.cells.texts import parse_line, plain, squeeze
from timebank.exchange.imports.rows import Cells, RowError
from timebank.identity.limits.comparisons import MOST_COMPARED, MOST_UNKNOWN, Allowance
from timebank.projections.people.volunteers import Meant
from timebank.words import Phrase, Quoted

_LIKE_A_NUMBER = re.compile(r"\+?[0-9]{5,}(?:\.[0-9]+)?(?:E\+?[0-9]+)?|[0-9.]+E\+?[0-9]+", re.IGNORECASE)

T = TypeVar("T")


class Who(NamedTuple):
    """What a row says of a person; `labels` are the headings under which it does."""

    number: VolunteerNumber | None
    phone: str | None
    name: str | None
    labels: dict[str, str]

    @property
    def any(self) -> str | None:
        """What decides who it is: the number, else the phone, else the name."""
        return self.number or self.phone or self.name

    def said(self, what: str, value: str) -> str:
        """A value behind its heading, as one quotes it."""
        return f"{self.labels[what]}: {shown(value)}"


def read_who(cells: Cells, *, is_serial: bool) -> Who:
    """What a row says of a person; a column that only counts the rows says nothing."""
    number = None if is_serial else cells.read_if_filled("number", parse_number)
    phone = cells.read_if_filled("phone", parse_phone)
    name = cells.read_if_filled("name", parse_line)
    labels = {what: cells.heading(what) for what in ("number", "phone", "name")}
    what = _kind_of(cells.says("volunteer"))
    if what:
        labels.setdefault("volunteer", cells.heading("volunteer"))
        column = labels["volunteer"]
        if what == "number":
            number = _one(cells, number, cells.read_if_filled("volunteer", parse_number))
            labels["number"] = column
        elif what == "phone":
            phone = _one(cells, phone, cells.read_if_filled("volunteer", parse_phone))
            labels["phone"] = column
        else:
            name = _one(cells, name, cells.read_if_filled("volunteer", parse_line), squeeze)
            labels["name"] = column
    if not (number or phone or cells.problems):
        if name:
            said = {"column": Quoted(labels["name"]), "name": shown(name)}
            cells.add("{column}: {name} alone does not tell who it is: write the number or the phone beside it", **said)
        else:
            cells.add("{columns}: the empty cell does not tell who it is", columns=_where(cells))
    return Who(number, phone, name, labels)


def read_one(cells: Cells, column: str) -> Who | None:
    """Whom one cell names, by number, phone or name; None if it is empty, or is not understood, which is told."""
    what = _kind_of(cells.says(column))
    if what is None:
        return None
    parsers: dict[str, Callable[[str], str]] = {"number": parse_number, "phone": parse_phone, "name": parse_line}
    value = cells.read_if_filled(column, parsers[what])
    if value is None:
        return None
    number = VolunteerNumber(value) if what == "number" else None
    return Who(
        number,
        value if what == "phone" else None,
        value if what == "name" else None,
        {what: cells.heading(column)},
    )


def _where(cells: Cells) -> str:
    there = [name for name in ("number", "phone", "volunteer") if cells.heading(name) != name]
    return " / ".join(cells.heading(name) for name in there) or "volunteer"


def _kind_of(text: str) -> str | None:
    """What a cell holds that may hold any: a number, a phone or a name."""
    if not text:
        return None
    if is_number(text):
        return "number"
    return "phone" if _LIKE_A_NUMBER.fullmatch(digits_in(text)) or text.startswith("#") else "name"


def _one(cells: Cells, first: T | None, second: T | None, key: Callable[[T], object] = lambda value: value) -> T | None:
    """Of two cells that say the same, either; that they do not is told."""
    if first is not None and second is not None and key(first) != key(second):
        details = {"second": shown(str(second)), "first": shown(str(first))}
        cells.wrong("volunteer", "contradicts what stands beside it: {second}, not {first}", **details)
    return second if first is None else first


class People:
    """The people of the bank who may be meant by some rows.

    Names and phones are compared with theirs as far as that is `allowed`.
    """

    def __init__(self, found: Sequence[Meant], allowed: Allowance) -> None:
        self._allowed = allowed
        self._by_number = {each.number: each for each in found}
        self._by_phone: dict[str, Called] = defaultdict(Called)
        self._claimed: set[str] = set()
        for each in found:
            if each.phone and each.phone_counts:
                self._by_phone[phone_spelling(each.phone)].add(each)
            elif each.phone:
                self._claimed.add(phone_spelling(each.phone))

    def meant(self, who: Who) -> "Match":
        """The volunteer whom a row is about. Raises `RowError` if that is nobody, or not one alone."""
        return self._of_number(who) if who.number else self._of_phone(who)

    def _of_number(self, who: Who) -> "Match":
        assert who.number, "the row says one"
        found = self._by_number.get(who.number)
        if found is None:
            raise RowError.of("{said} is no volunteer of this bank", said=who.said("number", who.number))
        self._must_be_allowed(who, "number", who.number, who.name, who.phone)
        called = Called([found]).by(who.name)
        if not called:
            said = who.said("name", who.name or "")
            raise RowError.of("{said} is not the name of {number} in this bank", said=said, number=who.number)
        if who.phone and (found.phone is None or phone_spelling(found.phone) != who.phone):
            details = {"said": who.said("phone", who.phone), "number": who.number}
            is_known = who.phone in self._by_phone
            if not self._allowed.looks_up(who.phone, is_known=is_known):
                raise RowError.of(NO_MORE_PHONES, said=details["said"], most=MOST_UNKNOWN)
            if is_known:
                raise RowError.of("{said} is the phone of somebody else than {number}", **details)
            if found.phone and not who.name:
                raise RowError.of(ANOTHER_PHONE, **details)
        return called[0]

    def _of_phone(self, who: Who) -> "Match":
        assert who.phone, "the row says one"
        holders = self._by_phone.get(who.phone)
        said = who.said("phone", who.phone)
        must_be_looked_up(self._allowed, who, said, is_known=bool(holders))
        if not holders and who.phone in self._claimed:
            raise RowError.of(CLAIMED, said=said)
        if not holders:
            raise RowError.of("{said} is no volunteer of this bank", said=said)
        self._must_be_allowed(who, "phone", who.phone, who.name)
        named = holders.by(who.name)
        if who.name and not named:
            details = {"said": who.said("name", who.name), "phone": who.phone}
            raise RowError.of("{said} is not the name of whoever has the phone {phone}", **details)
        if len(named) > 1:
            raise RowError.of(SHARED_BY_NAMESAKES if who.name else SHARED, said=said)
        return named[0]

    def _must_be_allowed(self, who: Who, what: str, whose: str, *said: str | None) -> None:
        """Refuse a name, or a phone, for somebody with whom so many were compared today."""
        if not all(self._allowed.compares(whose, _folded(each)) for each in said if each):
            raise RowError.of(NO_MORE_NAMES, said=who.said(what, whose), most=MOST_COMPARED)


def must_be_looked_up(allowed: Allowance, who: Who, said: str, *, is_known: bool) -> None:
    """Refuse a phone where so many that are nobody's were written today."""
    if who.phone and not who.number and not allowed.looks_up(who.phone, is_known=is_known):
        raise RowError.of(NO_MORE_PHONES, said=said, most=MOST_UNKNOWN)


NO_MORE_PHONES = "{said}: {most} phones of nobody were written today, and no more are looked up: write the number"
NO_MORE_NAMES = "{said} was compared with {most} names and phones today, and is with no other: write the number alone"
CLAIMED = "{said} is on file, neither verified nor entered by an office: write the number"
SHARED = "{said} is the phone of several volunteers: write the name beside it, or the number"
SHARED_BY_NAMESAKES = "{said} is the phone of several volunteers: write the number"
ANOTHER_PHONE = "{said} is not the phone of {number} in this bank: write the name beside it, or leave the phone out"
WITHOUT_NOTE = "{name} is compared without notes in brackets"


class Match(NamedTuple):
    """Somebody of the bank, with the door on file.

    The `remark` says so, if a note beside the name was passed over to find them.
    """

    volunteer_id: VolunteerId
    remark: Phrase | None = None
    door: str | None = None


class Called:
    """Some people, found by what they are called: each row of a list may ask, and they may be very many."""

    def __init__(self, people: Iterable[Meant] = ()) -> None:
        self._all: list[Meant] = []
        self._named: dict[str, list[Meant]] = {}
        self._without_note: dict[str, list[Meant]] = {}
        for each in people:
            self.add(each)

    def add(self, person: Meant) -> None:
        """One more."""
        self._all.append(person)
        if person.name is not None:
            self._named.setdefault(_folded(person.name), []).append(person)
        self._without_note.setdefault(_folded(without_note(person.name or "")), []).append(person)

    def by(self, name: str | None) -> list[Match]:
        """Who has a name, if one is written; else who has it but for a note in brackets, as 张三(组长).

        Of several two are told: they are as many as anybody needs to know of to see that it is not one.
        """
        same = self._all if name is None else self._named.get(_folded(name), [])
        if same or name is None:
            return [Match(VolunteerId(each.volunteer_id), door=each.door) for each in same[:2]]
        remark = Phrase(WITHOUT_NOTE, {"name": shown(name)})
        noted = self._without_note.get(_folded(without_note(name)), [])
        return [Match(VolunteerId(each.volunteer_id), remark, each.door) for each in noted[:2]]


def is_same_name(one: str | None, other: str) -> bool:
    """Whether two names are one: in whichever width and case, with or without blanks."""
    return one is not None and _folded(one) == _folded(other)


def _folded(name: str) -> str:
    """What is compared of a name."""
    return squeeze(plain(name))


_NOTE = re.compile(r"\s*[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]\s*\Z")


def without_note(name: str) -> str:
    """A name without what stands behind it in brackets; the name itself, if nothing is left."""
    return _NOTE.sub("", plain(name)) or name
