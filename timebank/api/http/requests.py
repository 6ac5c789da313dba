"""What every handler starts from: the request with who asks, the services, and how long a read may wait."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.params import HeaderParameter, QueryParameter
from msgspec import Meta

from timebank.api.http.problems import ProjectionBehindError
from timebank.domain.identifiers import VolunteerId, is_volunteer_number
from timebank.domain.kernel import Command
from timebank.domain.text import Text
from timebank.identity.principals import Principal
from timebank.identity.security_log import Visit
from timebank.ledger.submission import IdempotencyKey, Receipt
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services

READ_PATIENCE_SECONDS = 2.0

Id = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]
"""An identifier; whether anything has it is for the domain to say."""

IdempotencyHeader = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$(?!\n)",
        description="Requests with the same key are one: repeated, they do nothing more and get the same answer.",
    ),
]

MinPosition = Annotated[
    int | None,
    QueryParameter(ge=0, le=2**53, description="Wait until the answer is at least as new as this position."),
]

PRINTABLE = r"^[^\x00-\x1f\x7f]+$(?!\n)"

After = Annotated[
    str, QueryParameter(max_length=100, pattern=r"^[!-~]*$(?!\n)", description="The `next` of the page before.")
]

WantedId = Annotated[str | None, QueryParameter(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]

Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many items at the most.")]

T = TypeVar("T")


BankRequest: TypeAlias = Request[Principal, Any, State]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Items, and the cursor of the next page; null where there is none."""

    items: list[T]
    next: str | None


class ReasonRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text


def services(request: BankRequest) -> Services:
    """The services behind a request."""
    found: Services = request.app.state.services
    return found


def now(request: BankRequest) -> datetime:
    """Now, in the local time of the asker's bank."""
    return request.user.local(services(request).ledger.clock())


async def volunteer_meant(request: BankRequest, id_or_number: str) -> VolunteerId:
    """The volunteer who is meant, where people may say a number instead of an id."""
    return (await volunteers_meant(request, [id_or_number]))[id_or_number]


async def volunteers_meant(request: BankRequest, ids_or_numbers: Iterable[str]) -> dict[str, VolunteerId]:
    """The volunteers who are meant, by what was said; a number that nobody has is taken as it is."""
    said = set(ids_or_numbers)
    numbers = [each for each in said if is_volunteer_number(each)]
    found: dict[str, str] = {}
    if numbers:
        await wait_for_reads(request, None)
        found = await volunteers.by_numbers(services(request).pool, request.user.bank_id, numbers)
    return {each: VolunteerId(found.get(each, each)) for each in said}


def page_of(items: Sequence[T], limit: int, cursor: str) -> Page[T]:
    """A page out of one item more than fits on it; `cursor` is the field a page can be continued after."""
    more = len(items) > limit
    kept = list(items[:limit])
    return Page(kept, str(getattr(kept[-1], cursor)) if more else None)


async def do(request: BankRequest, command: Command, key: str | None) -> Receipt:
    """Have a command executed, once for all requests with the same key."""
    found = services(request)
    return await found.ledger.execute(
        request.user.bank_id, command, request_id=request_id(request), key=await promise(request, key)
    )


async def promise(request: BankRequest, key: str | None) -> IdempotencyKey | None:
    """The caller's key with a fingerprint of what the request says."""
    if key is None:
        return None
    scope, whom = request.scope, request.user.acting.on_behalf_of
    said = request.method, scope["raw_path"], scope["query_string"], await request.body(), *([whom] if whom else [])
    digest = hashlib.sha256(msgspec.msgpack.encode(said)).digest()
    # Keyed: from a bare hash of what was said, a name or a phone in it could be guessed.
    fingerprints = services(request).people.keyring.indexes("request", digest)
    return IdempotencyKey(request.user.actor, key, tuple(each.encode() for each in fingerprints))


def visit(request: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """When and whence the request comes."""
    state = request.scope["state"]
    return Visit(request.app.state.services.ledger.clock(), state["address"], state["request_id"])


def request_id(request: Request[Any, Any, State]) -> str:
    """The id under which the request is logged."""
    found: str = request.scope["state"]["request_id"]
    return found


async def wait_for_reads(request: BankRequest, min_position: int | None) -> None:
    """Let the projections come to what this process has acknowledged, or to the position asked for.

    Without `min_position` the wait is a courtesy, and ends with what is there.
    """
    found = services(request)
    bank_id = request.user.bank_id
    position = max(min_position or 0, found.ledger.head(bank_id))
    if min_position and min_position > await found.ledger.store.head(bank_id):
        detail = "The log has not come to this position yet."
        raise ValidationException(detail, extra=[{"message": detail, "key": "min_position"}])
    reached = await found.runner.reach(bank_id, position, READ_PATIENCE_SECONDS)
    if not reached and min_position:
        msg = f"The answer is not yet as new as position {min_position}."
        raise ProjectionBehindError(msg)
