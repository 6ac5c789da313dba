"""Redemption codes: what is shown at a counter, of which only the hash is ever kept.

Codes are written in Crockford's base 32 (https://www.crockford.com/base32.html), twelve characters in three groups.
"""

import hashlib

from timebank.domain.identifiers import CodeHash
from timebank.domain.text import normal

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_ALIKE = str.maketrans("OIL", "011")


def written(number: int) -> str:
    """A code as it is shown, of the lowest 60 bits of a number."""
    digits = [DIGITS[number >> shift & 31] for shift in range(0, 60, 5)]
    return "-".join("".join(digits[start : start + 4]) for start in (0, 4, 8))


def code_hash(code: str) -> CodeHash:
    """The SHA-256 of the normalised code, in hexadecimal: its letters and digits in capitals; O is 0, I and L are 1."""
    plain = "".join(letter for letter in normal(code).upper() if letter.isalnum()).translate(_READ_ALIKE)
    return CodeHash(hashlib.sha256(plain.encode()).hexdigest())
