"""Facts to bytes and back, and the hash that seals a row of the log."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from asyncpg.pgproto import pgproto
from uuid_utils import uuid7

from timebank.domain.kernel import Fact
from timebank.domain.vocabulary import FACTS


class Event(NamedTuple):
    """A row of the log, but for its position, its time and its leaf, which the append gives it."""

    event_id: UUID
    topic: str
    data: bytes
    tags: tuple[str, ...]
    actor: str
    authority: str
    request_id: str
    command_id: UUID
    on_behalf_of: str | None = None


def new_id() -> UUID:
    """The identifier of an event or a command (RFC 9562, version 7): the driver's kind of UUID, which costs least."""
    return pgproto.UUID(uuid7().bytes)


class Recorded(NamedTuple):
    """A fact with its place in the log."""

    position: int
    fact: Fact


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_encode = msgspec.json.Encoder().encode
_encode_row = msgspec.msgpack.Encoder().encode
_decoders = {topic: msgspec.json.Decoder(fact) for topic, fact in FACTS.items()}


def encode(fact: Fact) -> bytes:
    """The bytes that are stored: JSON, its keys in the order in which the fact declares them."""
    return _encode(fact)


def decode(topic: str, data: bytes) -> Fact:
    """The fact that the bytes say."""
    return _decoders[topic].decode(data)


def leaf(bank_id: UUID, position: int, recorded_at: datetime, event: Event) -> bytes:
    """The SHA-256 of a whole row, as the leaf of an RFC 6962 tree: of 0x00, and the row as it is sealed."""
    return leaves(bank_id, position - 1, recorded_at, [event])[0]


def sealed(bank_id: UUID, position: int, recorded_at: datetime, event: Event) -> bytes:
    """A whole row in one string of bytes, a MessagePack array: what its leaf is the hash of.

    On whose behalf it was done is its last element, where it was on somebody's.
    """
    return _sealed(str(bank_id), position, _microseconds(recorded_at), event)


def _sealed(bank_id: str, position: int, microseconds: int, event: Event) -> bytes:
    row: tuple[Any, ...] = (
        bank_id,
        position,
        microseconds,
        str(event.event_id),
        event.topic,
        event.data,
        event.tags,
        event.actor,
        event.authority,
        event.request_id,
        str(event.command_id),
    )
    if event.on_behalf_of:
        row = (*row, event.on_behalf_of)
    return _encode_row(row)


def leaves(bank_id: UUID, after: int, recorded_at: datetime, events: Sequence[Event]) -> list[bytes]:
    """The leaves of events that are recorded together, right after a position."""
    bank, microseconds = str(bank_id), _microseconds(recorded_at)
    rows = (_sealed(bank, position, microseconds, event) for position, event in enumerate(events, after + 1))
    return [sha256(b"\x00" + row).digest() for row in rows]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


@cache
def schema_of(topic: str) -> dict[str, Any]:
    """The JSON Schema of a fact; the committed copy in `docs/facts/` makes a change of a stored shape visible."""
    schema, definitions = msgspec.json.schema_components([FACTS[topic]], ref_template="#/$defs/{name}")
    name = schema[0]["$ref"].rsplit("/", 1)[1]
    own: dict[str, Any] = definitions.pop(name)
    head: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": topic}
    return head | own | ({"$defs": definitions} if definitions else {})
