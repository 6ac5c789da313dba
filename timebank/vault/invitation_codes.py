"""The code of an invitation: its identifier, and a keyed hash of it, so that whoever reads the log cannot use it."""

import hmac

from timebank.vault.keyring import Keyring

_PURPOSE = "invitation"


def invitation_code(keyring: Keyring, invitation_id: str) -> str:
    """What whoever is invited says."""
    return f"{invitation_id}.{keyring.current.index(_PURPOSE, invitation_id)[:16]}"


def invitation_of(keyring: Keyring, code: str) -> str | None:
    """Which invitation a code is of; None if it is none of ours."""
    invitation_id, _, said = code.strip().partition(".")
    right = (each[:16] for each in keyring.indexes(_PURPOSE, invitation_id))
    return invitation_id if any(hmac.compare_digest(each.encode(), said.encode()) for each in right) else None
