"""Fact, Memory and Command: the three shapes every rule of the bank is written in.

The one file of the domain that imports the event sourcing library (`eventsourcing.dcb`), so that a new version of it is
met here and in `timebank.ledger` only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from inspect import signature
from types import NoneType
from typing import Annotated, Any, ClassVar, ParamSpec, Self, TypeAlias, TypeVar, cast, get_args, get_type_hints

import msgspec
from eventsourcing.dcb.domain import Decision, Selector, Slice, decorated_funcs
from eventsourcing.domain import event

from timebank.domain.acting import Acting
from timebank.domain.identifiers import BEGINNINGS, TAG_OF, day_tag
from timebank.domain.person import Person
from timebank.domain.refusals import NotWellFormed
from timebank.domain.text import Line, normal

__all__ = ["Command", "Days", "Fact", "Key", "Known", "Memory", "MinutesByDay", "Moment", "about", "event", "must_fit"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset; a time without one could mean any hour of the day."""

_TAGS_BY_DAY = "tags by day"

MinutesByDay = Annotated[dict[date, int], _TAGS_BY_DAY]
"""Minutes by local day. Each day, together with the volunteer, is a tag of the fact."""

Days = Annotated[tuple[date, ...], _TAGS_BY_DAY]
"""Local days. Each of them, together with the volunteer, is a tag of the fact."""

_COPIED = (dict, set)
"""What a memory changes in place: a copy of it has to be kept."""

ANY_BEGINNING = tuple(BEGINNINGS)
NOTHING = "nothing"
"""A tag that no fact has."""

UNTAGGED = frozenset({"replaces", "replaced_by"})
"""Identifiers that tag no fact: the other API key has facts of its own, which name this one."""


class Fact(msgspec.Struct, Decision, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened. Its `TOPIC` is stored for ever; fields are only ever added, with defaults.

    A field that has its default is not written, as if the fact were from before there was such a field; so a default
    never changes either.

    `SAYS` is what happened in a few words of people, and `SAYS_TO_THEM` the same to the volunteers whom it names: they
    are told of it where others brought it about, unless it says `TELLS = False`.
    """

    TOPIC: ClassVar[str]
    SAYS: ClassVar[str]
    SAYS_TO_THEM: ClassVar[str] = ""
    TELLS: ClassVar[bool] = True

    def mutate(self, obj: Any) -> Any:
        """Have a memory take it in, with the fields that its method names; `fact` is the fact itself.

        So does the library's, but by making all fields of the fact first.
        """
        kind: type[Memory] = type(obj)
        for method, names in _takers(kind, type(self)):
            method(obj, **{name: self if name == "fact" else getattr(self, name) for name in names})
        return obj

    def tags(self) -> list[str]:
        """The tags by which the fact is found: one for each identifier among its fields, in their order, once."""
        tags: dict[str, None] = {}
        for name, tag_of, is_by_day in _tagging_fields(type(self)):
            value = getattr(self, name)
            if is_by_day:
                tags |= {day_tag(self.volunteer_id, day): None for day in value or ()}  # type: ignore[attr-defined]
            elif value is not None:
                tags[tag_of(value)] = None
        return list(tags)

    def misnamed(self) -> list[str]:
        """The fields that hold an identifier of another kind: nobody decides by such a one any more."""
        held = ((name, getattr(self, name), begins) for name, begins in _identifying_fields(type(self)))
        return [name for name, value, begins in held if isinstance(value, str) and not _is_of_its_kind(value, begins)]


@cache
def _takers(kind: type["Memory"], fact: type[Fact]) -> tuple[tuple[Callable[..., None], tuple[str, ...]], ...]:
    """The method by which a kind of memory takes in a kind of fact, if it does, and the fields that it asks for."""
    method = decorated_funcs.get((kind, fact))
    return ((method, tuple(signature(method).parameters)[1:]),) if method else ()


def tagged_by(fact: type[Fact]) -> set[Any]:
    """The kinds of identifiers that tag facts of a topic."""
    hints = get_type_hints(fact, include_extras=True)
    return {_kind_of(hints[name]) for name in fact.__struct_fields__ if name not in UNTAGGED} & TAG_OF.keys()


@cache
def _tagging_fields(kind: type[Fact]) -> tuple[tuple[str, Callable[[Any], str], bool], ...]:
    """The fields of a fact that tags are made of, how, and whether each of several days is one."""
    hints = get_type_hints(kind, include_extras=True)
    kinds = ((name, _kind_of(hints[name])) for name in kind.__struct_fields__ if name not in UNTAGGED)
    tagging = ((name, TAG_OF.get(kind), _TAGS_BY_DAY in getattr(kind, "__metadata__", ())) for name, kind in kinds)
    return tuple((name, tag_of or str, is_by_day) for name, tag_of, is_by_day in tagging if tag_of or is_by_day)


def _kind_of(hint: Any) -> Any:
    """What a field holds, if it holds anything."""
    return next((each for each in get_args(hint) if each is not NoneType), hint) if NoneType in get_args(hint) else hint


class Memory(Slice[Fact]):
    """The little that a decision must know: what the facts of certain topics under certain tags add up to.

    A memory remembers in `@event` methods, which never refuse. The topics it handles and the tags it was made with are
    its consistency boundary. A subclass takes the identifiers it is about as arguments: they are its key. The last tag
    is the one a memory is filed under, so it should be the rarest.

    An identifier of another kind names nothing: facts have the tags of all that they are about, and what is told of a
    record would be found by its volunteer, and decided once more.
    """

    def __init__(self, *tags: str) -> None:
        beginnings = _beginnings(type(self))
        assert len(tags) <= len(beginnings), "each tag is made of what a memory is about"
        named = zip(tags, beginnings, strict=False)
        is_of_a_day = () in beginnings
        self.boundary_tags = tuple(
            tag if _is_of_its_kind(tag, begins) and ("@" not in tag or is_of_a_day) else NOTHING
            for tag, begins in named
        )

    @classmethod
    def remembered(cls) -> Sequence[type[Fact]]:
        """The facts that this kind of memory takes in."""
        return cast("Sequence[type[Fact]]", cls.projected_types)

    def consistency_boundary(self) -> Selector:
        """Which facts this memory is made of."""
        return Selector(types=self.remembered(), tags=self.boundary_tags)

    def remember(self, fact: Fact) -> None:
        """Take in one more fact of the boundary."""
        fact.mutate(self)

    def state(self) -> dict[str, Any]:
        """A copy of what it holds. Values are plain, or sets and dictionaries of plain ones, so one level is enough."""
        return {name: value.copy() if isinstance(value, _COPIED) else value for name, value in vars(self).items()}


@cache
def _beginnings(kind: type[Memory]) -> tuple[tuple[str, ...], ...]:
    """With what the identifiers begin that a kind of memory is about, for each of them."""
    return tuple(_beginning(hint) for name, hint in get_type_hints(kind.__init__).items() if name != "return")


@cache
def _identifying_fields(kind: type[Fact]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields of a fact that hold identifiers, and with what those begin."""
    found = ((name, _beginning(hint)) for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__)
    return tuple((name, begins) for name, begins in found if begins)


def _beginning(hint: Any) -> tuple[str, ...]:
    """With what a tag begins that is made of what is meant somewhere."""
    return tuple(begins for begins, each in BEGINNINGS.items() if each in (get_args(hint) or (hint,)))


def _is_of_its_kind(tag: str, beginnings: tuple[str, ...]) -> bool:
    """Whether it is no identifier of another kind."""
    return tag.startswith(beginnings) or not tag.startswith(ANY_BEGINNING)


M = TypeVar("M", bound=Memory)
P = ParamSpec("P")

Key: TypeAlias = tuple[type[Memory], tuple[Any, ...]]
"""Which memory is meant: its kind, and whom it is about. `kind(*whom)` is that memory, blank."""


def about(kind: Callable[P, M], *whom: P.args, **_: P.kwargs) -> Key:
    """The key of a memory, as in `about(Balance, volunteer_id)`."""
    return kind, whom  # type: ignore[return-value]  # a kind of memory is called as whoever makes one calls it


class Known:
    """The memories that a decision rests on, by kind and by whom they are about."""

    def __init__(self, memories: Mapping[Key, Memory], beside: Mapping[Key, Memory] | None = None) -> None:
        self._memories: Mapping[Any, Any] = memories
        self._beside: Mapping[Any, Any] | None = beside

    def __call__(self, kind: Callable[P, M], *whom: P.args, **_: P.kwargs) -> M:
        """One memory, as in `known(Balance, volunteer_id)`; the command has to have named it among its needs."""
        key = kind, whom
        memory: M = self._beside[key] if self._beside and key in self._beside else self._memories[key]
        return memory

    def find(self, kind: Callable[P, M], *whom: P.args, **_: P.kwargs) -> M | None:
        """One memory like `known(kind, …)`; None where it has not been recalled."""
        key = kind, whom
        memory: M | None = self._beside[key] if self._beside and key in self._beside else self._memories.get(key)
        return memory

    def has(self, kind: Callable[P, M], *whom: P.args, **_: P.kwargs) -> bool:
        """Whether a memory has been recalled."""
        return self.knows((cast("type[Memory]", kind), whom))

    def knows(self, key: Key) -> bool:
        """Whether the memory of a key has been recalled."""
        return key in self._memories or bool(self._beside and key in self._beside)

    def beside(self, key: Key, memory: Memory) -> "Known":
        """These memories and one more, as another `Known`. They are not copied, since there may be very many."""
        return Known(self._memories, {**(self._beside or {}), key: memory})


def must_fit(value: Any, kind: Any, field: str = "") -> None:
    """Refuse a value that is not of a type: the length of a text, the bounds of a number. Raises `NotWellFormed`."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        if "matching regex" in reason:
            reason = "This is not written in the form that is expected here"
        raise NotWellFormed(field=field or path.rstrip("`"), reason=reason) from None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something one wants done: it names the memories it needs, and decides, or refuses, from them alone.

    A command has no clock and makes no identifiers: both are among its fields. `at` is now in the bank's local time.
    `proxy_scope` is the scope in which proxies can do it for somebody; without one people do it in person.
    """

    proxy_scope: ClassVar[str | None] = None

    by: Acting
    at: Moment

    def checked(self) -> Self:
        """The same, with all names in their normal form; nothing has to be known for that.

        Raises `NotWellFormed` for a value that no such command can have, whichever way it came in: a text that is too
        long, or has control characters, a number out of bounds.
        """
        must_fit(msgspec.to_builtins(self, builtin_types=(date, datetime)), type(self))
        names: dict[str, Any] = {}
        for name, kind in _names(type(self)):
            given = getattr(self, name)
            if (fit := _normal(given)) != given:
                must_fit(fit, kind, name)
                names[name] = fit
        return msgspec.structs.replace(self, **names) if names else self

    def needs(self) -> Sequence[Key]:
        """The memories that are known to be needed from the start."""
        raise NotImplementedError  # pragma: no cover

    def also_needs(self, known: Known) -> Sequence[Key]:
        """The memories that only those known already can name. It is asked again until it names no more."""
        return ()

    def decide(self, known: Known) -> Iterator[Fact]:
        """Yield what happens, or raise a `Refusal`."""
        raise NotImplementedError  # pragma: no cover

    def personal(self) -> Person | None:
        """What is to be kept in the same transaction, but outside the log."""
        return None


@cache
def _names(kind: type[Command]) -> tuple[tuple[str, Any], ...]:
    """The fields of a command that hold a name, or several, and their types."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((name, hints[name]) for name in kind.__struct_fields__ if _holds_names(hints[name]))


def _holds_names(hint: Any) -> bool:
    return hint == Line or any(_holds_names(each) for each in get_args(hint) if each is not str)


def _normal(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(normal, value))
    return normal(value) if isinstance(value, str) else value
