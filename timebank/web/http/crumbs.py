"""Cookies: what a browser keeps, sent to this service only, kept from scripts, and over HTTPS where there is any."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

ACCESS, REFRESH, BROWSER = "timebank_access", "timebank_refresh", "timebank_browser"
FOR_WHOM, OWN_DEVICE = "timebank_for", "timebank_own"
LANGUAGE, LARGE, TOLD = "timebank_language", "timebank_large", "timebank_told"
POSITION = "timebank_position"
"""Where in the log the last thing is that was done from a browser: its pages are at least as new."""

OF_SESSION = ACCESS, REFRESH, OWN_DEVICE, FOR_WHOM, BROWSER, POSITION
"""What is forgotten when somebody signs out."""

HOST = "__Host-"
"""Before every name, where cookies are for HTTPS only: browsers take such a cookie from this very host alone, and no
other site of its domain can set one (RFC 6265bis, section 4.1.3.2)."""

LONG_SECONDS = 365 * 24 * 3600
STAY_SECONDS = 30 * 24 * 3600
POSITION_SECONDS = 300
"""How long it is kept; a read model is far less behind while all is well."""


def is_secure(public_url: str) -> bool:
    """Whether cookies are for HTTPS only: always, but where the public address is plain HTTP on this very machine."""
    address = urlsplit(public_url)
    return not (address.scheme == "http" and _is_loopback(address.hostname or ""))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def ours(cookies: Mapping[str, str], *, secure: bool) -> dict[str, str]:
    """The cookies that came which this service set, by their names here."""
    if not secure:
        return dict(cookies)
    return {name.removeprefix(HOST): value for name, value in cookies.items() if name.startswith(HOST)}


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None) -> bytes:
    """A cookie as it is set; an empty one is forgotten, one without `seconds` when the browser is closed."""
    made = Cookie(
        HOST + name if secure else name,
        value=value,
        path="/",
        max_age=0 if not value else seconds,
        httponly=True,
        secure=secure,
        samesite="lax",
    )
    return made.to_header(header="").strip().encode("latin-1")
