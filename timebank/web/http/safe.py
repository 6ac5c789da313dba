"""Addresses that come from outside: only pages of ours are gone on to."""

import re

_LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%-]*")


def local(address: str, otherwise: str = "/") -> str:
    """An address of ours; anything else becomes `otherwise`."""
    return address if _LOCAL.fullmatch(address) else otherwise
