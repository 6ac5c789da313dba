"""What the ids in a fact stand for, in the words of whoever asks: they may be very many, and are looked up at once."""

import re

import msgspec

from timebank.api.http.requests import BankRequest

_ID = re.compile(rb"\b[a-z]{3}_[0-9a-f]{32}\b")

MOST = 100
"""So many ids of a fact are looked up: those who were at a large activity are more."""


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what an id stands for: people by name, or by number for whoever may not see names."""

    id: str
    id_name: str | None = None
    id_number: str | None = None


async def called(request: BankRequest, text: bytes) -> dict[str, str]:
    """What the first ids within a text are called, as far as whoever asks may know; others are not in it."""
    ids = [each.decode() for each in dict.fromkeys(_ID.findall(text))][:MOST]
    shown = await request.named([Called(id=each) for each in ids])
    return {each.id: said for each in shown if (said := each.id_name or each.id_number)}
