"""What a memory holds, as bytes and back; and by which rules it was made."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

import timebank.domain
from timebank.domain.kernel import Fact, Key, Memory
from timebank.ledger.codec import decode, encode

State = dict[str, Any]

_to_bytes = msgspec.msgpack.Encoder().encode
_from_bytes = msgspec.msgpack.Decoder().decode

_DOMAIN = f"{timebank.domain.__name__}."
_PLAIN = frozenset({type(None), bool, int, str})


class NotKeptError(TypeError):
    """A memory holds something that has no form in bytes: it is recalled from the log each time."""


@cache
def code() -> str:
    """A hash of all the rules there are: whatever changes in the domain, what was made before is made anew."""
    files = [*Path(timebank.domain.__file__).parent.rglob("*.py"), Path(__file__)]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def written(state: State) -> bytes:
    """What a memory holds, but for its tags, which its key says. Raises `NotKeptError`."""
    return _to_bytes({name: _written(value) for name, value in state.items() if name != "boundary_tags"})


def read(state: bytes) -> State:
    """What `written` wrote, as a memory holds it. Raises `ValueError` for anything else."""
    try:
        return {name: _read(value) for name, value in _from_bytes(state).items()}
    except (msgspec.MsgspecError, AttributeError, ImportError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(str(error)) from error


def named(key: Key) -> tuple[str, str]:
    """The kind of a memory, and whom it is about, as texts. Raises `NotKeptError`."""
    kind, whom = key
    return name_of(kind), msgspec.json.encode([_written(each) for each in whom]).decode()


def name_of(kind: type[Memory]) -> str:
    """What a kind of memory is called."""
    return f"{kind.__module__}.{kind.__qualname__}"


def key_of(kind: str, whom: str) -> Key | None:
    """Which memory is meant by such names; None where there is no such kind any more."""
    found = next((each for each in _kinds(Memory) if name_of(each) == kind), None)
    return (found, tuple(_read(each) for each in msgspec.json.decode(whom))) if found else None


def _kinds(kind: type[Memory]) -> Iterator[type[Memory]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def _written(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _WRITE:
        return _WRITE[kind](value)
    if isinstance(value, Fact):
        return ["fact", value.TOPIC, encode(value).decode()]
    if kind.__module__.startswith(_DOMAIN) and (fields := _fields(kind)):
        return ["made", kind.__module__, kind.__name__, [_written(getattr(value, each)) for each in fields]]
    raise NotKeptError(kind.__name__)


def _read(value: Any) -> Any:
    return _READ[value[0]](*value[1:]) if isinstance(value, list) else value


def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a struct, or of a tuple with names."""
    fields: tuple[str, ...] = getattr(kind, "__struct_fields__", ()) or getattr(kind, "_fields", ())
    return fields


def _made(module: str, name: str, values: list[Any]) -> Any:
    """A struct of the domain, or a tuple with names."""
    if not module.startswith(_DOMAIN):
        raise LookupError(module)
    kind = getattr(import_module(module), name)
    if not _fields(kind):
        raise LookupError(name)
    return kind(**dict(zip(_fields(kind), map(_read, values), strict=True)))


def _all(values: Any) -> list[Any]:
    return [_written(each) for each in values]


_WRITE: dict[type, Callable[[Any], list[Any]]] = {
    datetime: lambda value: ["time", value.isoformat()],
    date: lambda value: ["day", value.isoformat()],
    dict: lambda value: ["by", _all(value), _all(value.values())],
    set: lambda value: ["set", sorted(_all(value), key=str)],
    frozenset: lambda value: ["ever", sorted(_all(value), key=str)],
    tuple: lambda value: ["row", _all(value)],
    list: lambda value: ["list", _all(value)],
}

_READ: dict[str, Callable[..., Any]] = {
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
    "by": lambda keys, values: dict(zip(map(_read, keys), map(_read, values), strict=True)),
    "set": lambda values: set(map(_read, values)),
    "ever": lambda values: frozenset(map(_read, values)),
    "row": lambda values: tuple(map(_read, values)),
    "list": lambda values: list(map(_read, values)),
    "made": _made,
    "fact": lambda topic, data: decode(topic, data.encode()),
}
