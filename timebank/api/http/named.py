"""Who is meant: wherever an operation takes the id of a volunteer, their number does as well, and `me` for oneself.

Said once, for addresses, headers and bodies of all operations: what is called so names a volunteer.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

ME = "me"

WHO = "A volunteer: an id, a volunteer number, or `me`."

NAMES = frozenset(
    {
        "volunteer_id",
        "proxy_volunteer_id",
        "kept_volunteer_id",
        "merged_volunteer_id",
        "to_volunteer_id",
        "beneficiary_id",
        "person_in_charge_id",
        "leader_id",
        "witness_id",
    }
)
"""Parameters and fields that name a volunteer."""


def in_address(scope: HTTPScope) -> Iterator[str]:
    """The volunteers that path and query of a request name, each by number, id or `me`."""
    yield from (value for name, value in scope["path_params"].items() if name in NAMES)
    yield from (unquote_plus(value.decode("latin-1")) for name, value in _pairs(scope["query_string"]) if name in NAMES)


def put_in_address(scope: HTTPScope, meant: Mapping[str, str]) -> None:
    """Have a request name those who are meant by their ids."""
    path, query = scope["path_params"], scope["query_string"]
    # A new dictionary: the router hands out the same one for every request to an address.
    scope["path_params"] = path | {name: meant.get(value, value) for name, value in path.items() if name in NAMES}
    if any(name in NAMES for name, _ in _pairs(query)):
        scope["query_string"] = b"&".join(_renamed(name, value, meant) for name, value in _pairs(query))


def with_own(next_app: ASGIApp, own: Collection[str], below: str, people: str) -> ASGIApp:
    """What is served below a volunteer's address is served below one's own (`/v1/me/…`) too.

    `own` are the addresses that are served there themselves; `people` is where a volunteer's address begins.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == ScopeType.HTTP and path.startswith(below) and not path.startswith(tuple(own)):
            scope["path"] = f"{people}{ME}/{path.removeprefix(below)}"
            scope["raw_path"] = quote(scope["path"]).encode()
        await next_app(scope, receive, send)

    return served


def _pairs(query: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in query.split(b"&") if query else ():
        name, _, value = pair.partition(b"=")
        yield name.decode("latin-1"), value


def _renamed(name: str, value: bytes, meant: Mapping[str, str]) -> bytes:
    said = unquote_plus(value.decode("latin-1")) if name in NAMES else ""
    return b"=".join((name.encode("latin-1"), quote(meant[said]).encode() if said in meant else value))


def in_body(body: Any) -> Iterator[str]:
    """The volunteers that a body names, anywhere in it, each by number, id or `me`."""
    for name, value in _fields(body):
        if isinstance(value, str):
            if name in NAMES:
                yield value
        elif isinstance(value, list | dict | msgspec.Struct):
            yield from in_body(value)


def put_in_body(body: Any, meant: Mapping[str, str]) -> Any:
    """A copy of the body with ids in the place of what volunteers were called; `meant` has the ids."""
    changed = {name: _put(name, value, meant) for name, value in _fields(body)}
    if isinstance(body, msgspec.Struct):
        return msgspec.structs.replace(body, **changed)
    return changed if isinstance(body, dict) else list(changed.values())


def _put(name: str | int, value: Any, meant: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return meant.get(value, value) if name in NAMES else value
    return put_in_body(value, meant) if isinstance(value, list | dict | msgspec.Struct) else value


def _fields(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, msgspec.Struct):
        return ((name, getattr(value, name)) for name in value.__struct_fields__)
    return iter(value.items() if isinstance(value, dict) else enumerate(value))
