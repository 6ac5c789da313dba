"""What is handed to the ledger, and what comes back."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from timebank.domain.kernel import Command, Fact
from timebank.domain.refusing import Refusal, every_refusal


class StoreUnavailableError(Exception):
    """PostgreSQL did not answer in time. Whether the command took effect is not known: ask again with the same key."""


class QueueFullError(Exception):
    """More commands are waiting than the ledger takes on; nothing was done."""


class IdempotencyKey(NamedTuple):
    """A caller's promise that all requests with this key are the same one; a fingerprint holds them to it.

    The fingerprint is kept as the first one says it; it may have been made with another key of the keyring.
    """

    principal: str
    key: str
    fingerprints: tuple[bytes, ...]


class Receipt(NamedTuple):
    """What a command did: the facts it became, and the position of the log after them."""

    position: int
    facts: tuple[Fact, ...]


Outcome = Receipt | Refusal


class Submission(NamedTuple):
    """Commands that are decided and appended together; each may be refused alone."""

    commands: Sequence[Command]
    request_id: str
    key: IdempotencyKey | None
    dry_run: bool
    outcomes: "asyncio.Future[list[Outcome]]"


class KeptReceipt(msgspec.Struct, tag="receipt"):
    """Where the facts of an earlier receipt stand in the log."""

    position: int
    first: int
    count: int


class KeptRefusal(msgspec.Struct, tag="refusal"):
    """An earlier refusal."""

    kind: str
    details: dict[str, Any]


_decoder = msgspec.json.Decoder(list[KeptReceipt | KeptRefusal])


def keep(outcomes: Sequence[Outcome]) -> bytes:
    """Outcomes as they are kept under an Idempotency-Key."""
    return msgspec.json.encode([_kept(outcome) for outcome in outcomes])


def kept(data: bytes) -> list[KeptReceipt | KeptRefusal]:
    """What was kept."""
    return _decoder.decode(data)


def _kept(outcome: Outcome) -> KeptReceipt | KeptRefusal:
    if isinstance(outcome, Refusal):
        return KeptRefusal(outcome.kind, outcome.details)
    count = len(outcome.facts)
    return KeptReceipt(outcome.position, outcome.position - count + 1, count)


def revive(refusal: KeptRefusal) -> Refusal:
    """The refusal that was kept."""
    return every_refusal()[refusal.kind](**refusal.details)
