"""Facts, as they are sealed: the leaf of each, made anew of all that is said about it."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from .tree import WrongError

TEXT = [bytes([0xA0 | n]) if n < 32 else bytes([0xD9, n]) for n in range(256)]
BYTES = [bytes([0xC4, n]) for n in range(256)]
ONE, TWO, FOUR, EIGHT = (b"\xcc", 1), (b"\xcd", 2), (b"\xce", 4), (b"\xcf", 8)
NUMBERS = [ONE, ONE, TWO, FOUR, FOUR, EIGHT, EIGHT, EIGHT, EIGHT]
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def text(value: str) -> bytes:
    """A text in MessagePack: its length, and its bytes in UTF-8."""
    raw = value.encode()
    size = len(raw)
    return TEXT[size] + raw if size < 256 else b"\xda" + size.to_bytes(2) + raw


same = lru_cache(maxsize=1024)(text)
"""The same of a text that is in very many facts."""


def number(value: int) -> bytes:
    """A whole number in MessagePack, in as few bytes as it takes."""
    head, size = NUMBERS[(value.bit_length() + 7) // 8] if value > 127 else (b"", 1)
    return head + value.to_bytes(size)


def leaf_of(bank: str, entry: dict[str, Any]) -> tuple[int, bytes]:
    """When a fact was recorded, in microseconds, and its leaf, made anew of all that is said about it."""
    at = (datetime.fromisoformat(entry["recorded_at"]) - EPOCH) // MICROSECOND
    data, tags, behalf = entry["data"].encode(), entry["tags"], entry.get("on_behalf_of")
    size = len(data)
    row = [
        b"\x00\x9c" if behalf else b"\x00\x9b",  # a leaf; an array of twelve or eleven
        same(bank),
        number(entry["position"]),
        number(at),
        text(entry["event_id"]),
        same(entry["topic"]),
        BYTES[size] if size < 256 else b"\xc5" + size.to_bytes(2) if size < 65536 else b"\xc6" + size.to_bytes(4),
        data,
        bytes([0x90 | len(tags)]) if len(tags) < 16 else b"\xdc" + len(tags).to_bytes(2),
        *map(text, tags),
        text(entry["actor"]),
        same(entry["authority"]),
        text(entry["request_id"]),
        text(entry["command_id"]),
        text(behalf) if behalf else b"",
    ]
    return at, hashlib.sha256(b"".join(row)).digest()


WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD9: 1, 0xDA: 2, 0xDC: 2}


def value(raw: bytes, at: int) -> tuple[Any, int]:
    """What stands at a place of a row in MessagePack, and where it ends: a number, a text, bytes or an array."""
    head, at = raw[at], at + 1
    if head < 0x80:
        return head, at
    width = WIDTHS[head] if head >= 0xC0 else 0
    size = int.from_bytes(raw[at : at + width]) if width else head & (0x1F if head >= 0xA0 else 0x0F)
    at += width
    if 0xCC <= head <= 0xCF:
        return size, at
    if head == 0xDC or head & 0xF0 == 0x90:
        items = []
        for _ in range(size):
            item, at = value(raw, at)
            items.append(item)
        return items, at
    return raw[at : at + size].decode(), at + size


def told(row: bytes, position: int) -> str:
    """A row in words: what was recorded, when and by whom. Raises `WrongError` if it is of another position."""
    try:
        _, at, when, _, topic, data, _, actor, authority, _, _, *behalf = value(row, 0)[0]
    except (LookupError, ValueError, TypeError, RecursionError) as error:
        raise WrongError(f"position {position}: the fact cannot be read") from error
    if at != position:
        raise WrongError(f"position {position}: the fact says of itself that it is at position {at}")
    recorded = (EPOCH + when * MICROSECOND).isoformat(" ", "seconds")
    return f"{topic}, recorded at {recorded} by {' for '.join([actor, *behalf])} ({authority}): {data}"
