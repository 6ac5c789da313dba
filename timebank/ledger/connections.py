"""How a connection that is lost, or cannot be had, shows: the driver has no common name for it."""

import asyncpg

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a farewell of the server that arrives just as the connection is used
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)
