"""The code that turns at a place: a keyed hash of the activity and of the half minute, by the key file.

Nobody keeps it, and one that was photographed is worth nothing a minute later. In the manner of RFC 6238, but each
activity has codes of its own.
"""

import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from timebank.vault.keyring import Key, Keyring

SECONDS = 30
"""How long a code is shown; the one before is still good, for whoever was typing it."""

DIGITS = 6

_PURPOSE = "place-code"


class PlaceCode(NamedTuple):
    """What is shown: a code to be scanned, the same in digits to be typed, and until when."""

    code: str
    digits: str
    until: datetime


def code_at(keyring: Keyring, activity_id: str, moment: datetime) -> PlaceCode:
    """What is shown at an activity at a moment."""
    step = _step(moment)
    code = _code(keyring.current, activity_id, step)
    return PlaceCode(code, _digits(code), datetime.fromtimestamp((step + 1) * SECONDS, UTC))


def is_shown(keyring: Keyring, activity_id: str, said: str, moment: datetime) -> bool:
    """Whether somebody says, scanned or typed, what is or was just shown at an activity."""
    return any(
        hmac.compare_digest(said.encode(errors="replace"), each.encode())
        for each in _good(keyring, activity_id, moment)
    )


def _good(keyring: Keyring, activity_id: str, moment: datetime) -> Iterator[str]:
    for key in keyring:
        for step in (_step(moment), _step(moment) - 1):
            code = _code(key, activity_id, step)
            yield from (code, _digits(code))


def _step(moment: datetime) -> int:
    return int(moment.timestamp()) // SECONDS


def _code(key: Key, activity_id: str, step: int) -> str:
    return key.index(_PURPOSE, f"{activity_id}/{step}")[:20]


def _digits(code: str) -> str:
    number = int.from_bytes(base64.urlsafe_b64decode(f"{code}===="[: len(code) + -len(code) % 4]))
    return f"{number % 10**DIGITS:0{DIGITS}}"
