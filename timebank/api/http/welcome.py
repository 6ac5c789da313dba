"""The page that one-time links lead to: choosing a password. It works without the internet, and without a framework."""

from mimetypes import guess_type
from pathlib import Path

from litestar import MediaType, Response, get, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

_FILES = {each.name: each.read_bytes() for each in (Path(__file__).parent / "assets").iterdir() if each.is_file()}


@get("/welcome", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def welcome() -> bytes:
    """Choose a password."""
    return _FILES["welcome.html"]


@route("/assets/{name:str}", http_method=["GET", "HEAD"], include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """What this page and the API's are made of: read once, so that it is in memory once, whoever fetches it."""
    if name not in _FILES:
        raise NotFoundException
    media_type = guess_type(name)[0] or MediaType.TEXT
    return Response(_FILES[name], media_type=media_type, headers={"cache-control": "public, max-age=86400"})
