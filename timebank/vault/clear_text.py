"""What the first version kept in clear: where it still is once it has been sealed, and how it goes from there.

Deleted rows stay in the server's files for a while: in the write-ahead log, whose segments are kept to be written over,
and in the statistics of the planner. In backups, archives and standbys they stay as long as those are kept.
"""

import asyncio

import asyncpg
import structlog

from timebank.db.connections import Connection
from timebank.db.sql import load_statements

SQL = load_statements("timebank.vault", "clear_text.sql")

CHECKPOINT_SECONDS = 3600.0
RELOAD_SECONDS = 0.5
"""How long the server may take to hear of a setting."""

log = structlog.get_logger(__name__)


async def wipe(connection: Connection) -> None:
    """Have the server keep nothing of tables that were emptied; where that takes more rights, say what is to do."""
    try:
        await _wipe(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        log.warning(
            "people are sealed now; the write-ahead log, and backups, still hold what was in clear: remove those",
            error=str(error),
        )


async def _wipe(connection: Connection) -> None:
    await connection.execute(SQL["no_hurry"])
    await connection.execute(SQL["forget_values"])
    await connection.execute(SQL["keep_no_segments"])
    try:
        await connection.execute(SQL["reload"])
        await asyncio.sleep(RELOAD_SECONDS)
        for _ in range(1 + await connection.fetchval(SQL["segments_kept"])):
            await connection.execute(SQL["next_segment"])
        await connection.execute(SQL["checkpoint"], timeout=CHECKPOINT_SECONDS)
    finally:
        await connection.execute(SQL["keep_segments"])
        await connection.execute(SQL["reload"])
        await connection.execute(SQL["as_before"])
