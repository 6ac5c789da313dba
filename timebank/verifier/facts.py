"""Facts, as they are sealed: the leaf of each, made anew of all that is said about it."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT = [bytes([0xA0 | n]) if n < 32 else bytes([0xD9, n]) for n in range(256)]
BYTES = [bytes([0xC4, n]) for n in range(256)]
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def text(value: str) -> bytes:
    """A text in MessagePack: its length, and its bytes in UTF-8."""
    raw = value.encode()
    return (TEXT[len(raw)] if len(raw) < 256 else b"\xda" + len(raw).to_bytes(2)) + raw


def number(value: int) -> bytes:
    """A whole number in MessagePack, in as few bytes as it takes."""
    sizes = ((1 << 8, b"\xcc", 1), (1 << 16, b"\xcd", 2), (1 << 32, b"\xce", 4), (1 << 64, b"\xcf", 8))
    head, size = (b"", 1) if value < 128 else next(each[1:] for each in sizes if value < each[0])
    return head + value.to_bytes(size)


def leaf_of(bank: str, entry: dict[str, Any]) -> tuple[int, bytes]:
    """When a fact was recorded, in microseconds, and its leaf, made anew of all that is said about it."""
    at = (datetime.fromisoformat(entry["recorded_at"]) - EPOCH) // MICROSECOND
    data, tags, behalf = entry["data"].encode(), entry["tags"], entry.get("on_behalf_of")
    size = len(data)
    row = [
        b"\x00\x9c" if behalf else b"\x00\x9b",  # a leaf; an array of twelve or eleven
        *(text(bank), number(entry["position"]), number(at), text(entry["event_id"]), text(entry["topic"])),
        BYTES[size] if size < 256 else b"\xc5" + size.to_bytes(2) if size < 65536 else b"\xc6" + size.to_bytes(4),
        data,
        bytes([0x90 | len(tags)]) if len(tags) < 16 else b"\xdc" + len(tags).to_bytes(2),
        *map(text, tags),
        *(text(entry[name]) for name in ("actor", "authority", "request_id", "command_id")),
        text(behalf) if behalf else b"",
    ]
    return at, hashlib.sha256(b"".join(row)).digest()
