"""What comes from outside: only pages of ours are gone on to, and no page says much of what strangers said."""

import re

LONGEST = 500
"""So many characters a stranger says in a field, or in an address: phones, names, passwords and codes are short."""

_LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%-]*")


def local(address: str, otherwise: str = "/") -> str:
    """An address of ours; anything else becomes `otherwise`."""
    return address if _LOCAL.fullmatch(address) else otherwise


def short(said: str, otherwise: str = "") -> str:
    """What was said, if it is short; anything else becomes `otherwise`."""
    return said if len(said) <= LONGEST else otherwise
