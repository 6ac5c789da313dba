"""An authenticator, as people have one on their phone: made of the library, not of the program."""

import base64
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP


def shown(secret: str, at: datetime) -> str:
    """What an authenticator that was told a secret (base 32) shows at a moment."""
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(at.timestamp())).decode()
