"""Erasures outlive backups: whoever is on the list beside the keys and not erased here is erased again at the start."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.facts.people import VolunteerErased
from timebank.domain.identifiers import ActorId, VolunteerId
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.refusing import Refusal
from timebank.identity.erasure import Erasure
from timebank.ledger.codec import Recorded
from timebank.ledger.ledger import Ledger
from timebank.vault.erased import Erased, Whom

REPEATING = Acting(ActorId("operator"), "operator")
"""In whose name erasures are repeated."""

log = structlog.get_logger(__name__)


class Erasures:
    """Keeps the list of who was erased, and erases again whom a restore of the database brought back."""

    def __init__(self, erased: Erased, erasure: Erasure) -> None:
        self._erased = erased
        self._erasure = erasure

    def note(self, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Put those on the list whom these facts say to be erased; if that fails, the next start does it."""
        erased = (fact for _, fact in recorded if isinstance(fact, VolunteerErased))
        self._add({(bank_id, each) for fact in erased for each in fact.everybody})

    def _add(self, whom: set[Whom]) -> None:
        try:
            self._erased.add(whom)
        except OSError as error:
            log.error("who was erased cannot be written down; a restore would bring them back", why=str(error))

    async def repeat(self, pool: Pool, ledger: Ledger) -> int:
        """Erase whoever is on the list and is not erased, and put on it whoever is not; says how many were erased."""
        listed = self._erased.read()
        self._add(await self._erasure.erased(pool) - listed)
        missing = sorted(await self._erasure.not_erased(pool, listed))
        for bank_id, volunteer_id in missing:
            await self._repeat(ledger, pool, bank_id, volunteer_id)
        return len(missing)

    async def _repeat(self, ledger: Ledger, pool: Pool, bank_id: UUID, volunteer_id: str) -> None:
        bank = await ledger.store.bank(bank_id)
        assert bank is not None, "there is somebody of it"
        at = ledger.clock().astimezone(ZoneInfo(bank.timezone))
        command = EraseVolunteer(by=REPEATING, at=at, volunteer_id=VolunteerId(volunteer_id), rest="hold")
        where = {"bank_id": str(bank_id), "volunteer_id": volunteer_id}
        try:
            await ledger.execute(bank_id, command, request_id="restore")
        except Refusal as refusal:
            if not await self._erasure.not_erased(pool, [(bank_id, volunteer_id)]):
                return  # by another process that starts as well
            # Their office, say, cannot end yet. The fact comes with a later start; what is personal goes now.
            await self._erasure.forget(pool, bank_id, [volunteer_id])
            log.error("what is personal is erased again; that they are is not recorded yet", why=str(refusal), **where)
        else:
            log.warning("erased again: a restore had brought them back", **where)
