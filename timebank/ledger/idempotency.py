"""Idempotency: what was answered under a caller's key, kept in the transaction of the facts it is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.refusing import Refusal, every_refusal
from timebank.ledger.store import READ_SECONDS, Store
from timebank.ledger.submission import IdempotencyKey, Outcome, Receipt, Repeated

SQL = load_statements("timebank.ledger", "idempotency.sql")

Named = tuple[str, str]
"""A key as it is looked for: whose it is, and what it says."""


class Answered(msgspec.Struct, frozen=True):
    """What a request with a key said, by its fingerprint, and what was answered."""

    fingerprint: bytes
    outcome: bytes


class KeptReceipt(msgspec.Struct, tag="receipt"):
    """Where the facts of an earlier receipt stand in the log."""

    position: int
    first: int
    count: int


class KeptRefusal(msgspec.Struct, tag="refusal"):
    """An earlier refusal."""

    kind: str
    details: dict[str, Any]


def encode(outcomes: Sequence[Outcome]) -> bytes:
    """Outcomes as they are kept: where facts stand, which refusal with which details; never the facts themselves."""
    return msgspec.json.encode([_kept(each) for each in outcomes])


decode = msgspec.json.Decoder(list[KeptReceipt | KeptRefusal]).decode
"""Outcomes as they were kept."""


async def answered(asked: "Connection | Pool", bank_id: UUID, names: Sequence[Named]) -> dict[Named, Answered]:
    """What was answered under some Idempotency-Keys; those that were not used before are left out."""
    if not names:
        return {}
    rows = await asked.fetch(SQL["answered"], bank_id, *zip(*names, strict=True), timeout=READ_SECONDS)
    return {(row["principal"], row["key"]): Answered(row["fingerprint"], row["outcome"]) for row in rows}


async def keep(
    connection: Connection,
    bank_id: UUID,
    recorded_at: datetime,
    answers: Mapping[Named, tuple[IdempotencyKey, Sequence[Outcome]]],
) -> None:
    """Keep what is answered under keys, in the transaction that is open on the connection."""
    rows = [(key.principal, key.key, key.fingerprints[0], encode(outcomes)) for key, outcomes in answers.values()]
    await connection.execute(SQL["keep"], bank_id, recorded_at, *zip(*rows, strict=True))


async def sweep(pool: Pool, before: datetime, at_most: int) -> int:
    """Forget a stretch of what was answered before a time; says how much. What is repeated after that is done anew."""
    gone: int = await pool.fetchval(SQL["sweep"], before, at_most)
    return gone


async def repeated(store: Store, bank_id: UUID, before: Answered) -> list[Outcome]:
    """The answer that was given the first time."""
    answers: list[Outcome] = []
    for item in decode(before.outcome):
        if isinstance(item, KeptRefusal):
            answers.append(every_refusal()[item.kind](**item.details))
        else:
            facts, leaf = await store.facts_at(bank_id, item.first, item.first + item.count - 1)
            answers.append(Repeated(item.position, facts, leaf))
    return answers


def again(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The answer that another request of the same batch is given, for whoever sent it twice."""
    return [Repeated(*each) if isinstance(each, Receipt) else each for each in outcomes]


def _kept(outcome: Outcome) -> KeptReceipt | KeptRefusal:
    if isinstance(outcome, Refusal):
        return KeptRefusal(outcome.kind, outcome.details)
    count = len(outcome.facts)
    return KeptReceipt(outcome.position, outcome.position - count + 1, count)
