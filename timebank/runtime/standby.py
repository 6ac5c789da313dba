"""The standby that commits wait for, where one is required: while it is away nothing is begun that would only wait."""

import asyncio

import structlog

from timebank.db.connections import DATABASE_ERRORS, Pool
from timebank.db.sql import load_statements
from timebank.ledger.submission import StandbyAwayError

SQL = load_statements("timebank.runtime", "standby.sql")

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 1.0

log = structlog.get_logger(__name__)


class StandbyGuard:
    """Knows whether a standby is there; lets nothing be written where one `is_required` and is not."""

    def __init__(self, *, is_required: bool) -> None:
        self.is_required = is_required
        self._why = "the standby has not been looked for yet" if is_required else None

    def must_be_there(self) -> None:
        """Raise `StandbyAwayError` if one is required, and is not there."""
        if self._why:
            raise StandbyAwayError(self._why)

    async def look(self, pool: Pool) -> None:
        """See whether it is there; what comes of it is told to the log where it changes."""
        if not self.is_required:
            return
        found = await pool.fetchrow(SQL["standby"], timeout=ANSWER_SECONDS)
        assert found is not None, "this query has one row"
        why = None
        if not found["are_waited_for"]:
            why = "commits wait for no standby: see synchronous_standby_names and synchronous_commit"
        elif not found["may_know"]:
            why = "the standby cannot be seen: the owner has to run what `timebank grants` prints"
        elif not found["is_there"]:
            why = "the standby that commits wait for is away"
        if why != self._why:
            self._why = why
            log.error("nothing is written", why=why) if why else log.info("the standby is there")

    async def watch(self, pool: Pool) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look(pool)
            except DATABASE_ERRORS as error:
                log.debug("the standby could not be looked for", error=repr(error))
