"""Which server answers: another one than before, or an old primary that came back, is not worked with."""

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from timebank.db.connections import NoDatabaseError, Pool, pool_of
from timebank.db.lineage import AnotherServerError, Lineage


class Answering:
    """A connection to a server of some cluster, on some timeline."""

    def __init__(self, cluster: int, timeline: int | None) -> None:
        self._row = {"system_identifier": cluster, "timeline": timeline}

    async def fetchrow(self, *_: object) -> dict[str, int | None]:
        """What it is."""
        return self._row


async def met(*servers: tuple[int, int | None]) -> Lineage:
    """What is known after these were met, each of which is worked with."""
    known = Lineage()
    for each in servers:
        connection: Any = Answering(*each)
        await known.must_be_ours(connection)
    return known


@pytest.mark.parametrize("before", [[(7, 1)], [(7, 1), (7, 1)], [(7, 1), (7, 2)], [(7, 3), (7, None), (7, 3)]])
async def test_the_same_and_the_promoted_are_worked_with(before: Sequence[tuple[int, int | None]]) -> None:
    """The same server again, its promoted standby, and a standby in between are no strangers."""
    await met(*before)


@pytest.mark.parametrize(
    ("before", "then", "why"),
    [
        ([(7, 1), (7, 2)], (7, 1), "was given up for one on 2"),
        ([(7, 3), (7, None)], (7, 2), "was given up for one on 3"),
        ([(7, 1)], (8, 1), "another database cluster"),
        ([(7, 1)], (8, 5), "another database cluster"),
    ],
)
async def test_strangers_are_refused(
    before: Sequence[tuple[int, int | None]], then: tuple[int, int | None], why: str
) -> None:
    """A primary on an older timeline, or of another cluster, is refused each time, and told of once."""
    known, connection = await met(*before), Answering(*then)
    stranger: Any = connection
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(AnotherServerError, match=why):
                await known.must_be_ours(stranger)
    assert [each["log_level"] for each in logs] == ["error"]


async def test_a_real_one_is_recognised(url: str, pool: Pool) -> None:
    """What PostgreSQL says of itself is understood; of one that is not to be worked with no connection is had."""
    known = Lineage()
    async with pool_of(url, size=2, statement_seconds=10, admit=known.must_be_ours) as own:
        assert await own.fetchval("select 1") == 1
    timeline = await pool.fetchval("select timeline_id from pg_control_checkpoint()")
    connection: Any = Answering(await pool.fetchval("select system_identifier from pg_control_system()"), timeline + 1)
    await known.must_be_ours(connection)
    with pytest.raises(NoDatabaseError, match="was given up"):
        async with pool_of(url, size=2, statement_seconds=10, admit=known.must_be_ours):
            pass
