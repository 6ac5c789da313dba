"""Redemption codes are made, not kept: 60 bits of a keyed hash of the redemption's id, by the key file.

So whoever has only the database has no code, and a repeated request is told the same one.
"""

import base64
from collections.abc import Iterator

from timebank.domain.credit.redemption_codes import code_hash, written
from timebank.domain.identifiers import CodeHash, RedemptionId
from timebank.vault.keyring import Key, Keyring

_PURPOSE = "redemption-code"


def new_code(keyring: Keyring, redemption_id: RedemptionId) -> str:
    """The code of a redemption that is being reserved, by the current key."""
    return _code(keyring.current, redemption_id)


def code_of(keyring: Keyring, redemption_id: RedemptionId, wanted: CodeHash) -> str | None:
    """The code of a redemption, of which the hash is known; None after the key file lost the key it was made by."""
    return next((code for code in _codes(keyring, redemption_id) if code_hash(code) == wanted), None)


def _codes(keyring: Keyring, redemption_id: RedemptionId) -> Iterator[str]:
    return (_code(key, redemption_id) for key in keyring)


def _code(key: Key, redemption_id: RedemptionId) -> str:
    return written(int.from_bytes(base64.urlsafe_b64decode(f"{key.index(_PURPOSE, redemption_id)}==")))
