"""The page that one-time links lead to: choosing a password. It works without the internet, and without a framework."""

from pathlib import Path

from litestar import MediaType, get

_PAGE = (Path(__file__).parent / "assets" / "welcome.html").read_bytes()


@get("/welcome", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def welcome() -> bytes:
    """Choose a password."""
    return _PAGE
