"""Histories to project, and the runner brought to their end."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tests.controls.town import do, found
from timebank.db.connections import Pool
from timebank.domain.kernel import Command
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import Comparison, verify
from timebank.projections.machinery.runner import Runner

Play = Callable[..., Awaitable[Any]]
Compare = Callable[[], Awaitable[list[Comparison]]]


@pytest.fixture
async def play(ledger: Ledger, runner: Runner, bank_id: UUID) -> Play:
    """Does things, in a town of nine volunteers, and brings the projections to the head."""
    await do(ledger, bank_id, *found(9))

    async def play(*commands: Command) -> Any:
        outcomes = await do(ledger, bank_id, *commands)
        while await runner.catch_up(bank_id):
            pass
        return outcomes

    await play()
    return play


@pytest.fixture
async def compare(pool: Pool, bank_id: UUID) -> Compare:
    """Compares every read model with one made from the log."""

    async def compare() -> list[Comparison]:
        return [await verify(pool, projection, bank_id) for projection in EVERY]

    return compare
