"""Cookies: what a browser keeps for this service only, kept from scripts, and over HTTPS where there is any."""

import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

HOST = "__Host-"
"""Before every name, where cookies are for HTTPS only: browsers take such a cookie from this very host alone, and no
other site of its domain can set one (RFC 6265bis, section 4.1.3.2)."""

_VALUE = re.compile(rb"[!#-+\--:<-\[\]-~]*")
"""What a value is made of (`cookie-octet`); all that is set here is."""


def is_secure(public_url: str) -> bool:
    """Whether cookies are for HTTPS only: always, but where the public address is plain HTTP on this very machine."""
    address = urlsplit(public_url)
    return not (address.scheme == "http" and _is_loopback(address.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def own_cookies(headers: Iterable[tuple[bytes, bytes]], *, secure: bool) -> dict[str, str]:
    """The cookies that came which this service set, by their names without `__Host-`.

    They are read byte by byte, as browsers compare names: what is only nearly such a name, after unquoting or trimming,
    can be set by another site of the domain. Of a name that comes twice none is ours, for ours comes once.
    """
    said = [each.strip(b" \t") for name, value in headers if name == b"cookie" for each in value.split(b";")]
    pairs = [each.partition(b"=")[::2] for each in said if b"=" in each]
    times, prefix = Counter(name for name, _ in pairs), HOST.encode() if secure else b""
    return {
        name.removeprefix(prefix).decode(): value.decode()
        for name, value in pairs
        if name.startswith(prefix) and name.isascii() and times[name] == 1 and _VALUE.fullmatch(value)
    }


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None, path: str = "/") -> Cookie:
    """A cookie as it is set; an empty one is forgotten, one without `seconds` when the browser is closed.

    A `path` other than all is for plain HTTP only: what is for this very host is for all its paths.
    """
    return Cookie(
        HOST + name if secure else name,
        value=value,
        path="/" if secure else path,
        max_age=0 if not value else seconds,
        httponly=True,
        secure=secure,
        samesite="lax",
    )
