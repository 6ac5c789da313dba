"""What a browser keeps for pages, by name."""

from timebank.api.identity import cookies

ACCESS, REFRESH, BROWSER = "timebank_access", "timebank_refresh", "timebank_browser"
FOR_WHOM, OWN_DEVICE = "timebank_for", "timebank_own"
LANGUAGE, LARGE, TOLD = "timebank_language", "timebank_large", "timebank_told"
POSITION = "timebank_position"
"""Where in the log the last thing is that was done from a browser: its pages are at least as new."""

OF_SESSION = ACCESS, REFRESH, OWN_DEVICE, FOR_WHOM, BROWSER, POSITION
"""What is forgotten when somebody signs out."""

LONG_SECONDS = 365 * 24 * 3600
STAY_SECONDS = 30 * 24 * 3600
POSITION_SECONDS = 300
"""How long it is kept; a read model is far less behind while all is well."""


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None) -> bytes:
    """A cookie as the header that sets it."""
    return cookies.cookie(name, value, secure=secure, seconds=seconds).to_header(header="").strip().encode("latin-1")
