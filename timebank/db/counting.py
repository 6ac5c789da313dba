"""What PostgreSQL knows of how much is in its tables: after very much was put in at once, nothing yet."""

from timebank.db.connections import Connection

DAY_SECONDS = 86_400.0


async def count_anew(connection: Connection) -> None:
    """Have all tables counted, however long that takes: as long as nobody did, much is read whole that has an index."""
    async with connection.transaction():
        await connection.execute("set local statement_timeout = 0")
        await connection.execute("analyze", timeout=DAY_SECONDS)
