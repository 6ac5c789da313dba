"""An organisation of a bank, and the lists it imports."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.controls import ADMINISTRATOR
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import OrganisationId, new_bank_id
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.exchange.imports import Report, import_records, import_volunteers
from timebank.exchange.spreadsheets import RECORD_COLUMNS, VOLUNTEER_COLUMNS, read_table
from timebank.runtime.composition import Services

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
BODY = OrganisationId("org_1")


class Office:
    """An approved organisation of a bank of its own."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.bank_id = UUID(new_bank_id())

    async def open(self, timezone: str) -> None:
        """Open the bank, and have the organisation approved."""
        await self.services.ledger.store.open_bank(self.bank_id, "x", timezone)
        for command in (
            OpenBank(by=ADMINISTRATOR, at=NOW, name="x", timezone=timezone),
            RegisterOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=BODY, name="x", kind="enterprise"),
            ApproveOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=BODY),
        ):
            await self.services.ledger.execute(self.bank_id, command)

    async def people(self, text: str) -> Report:
        """Import a list of people."""
        table = read_table(text.encode(), VOLUNTEER_COLUMNS)
        return await import_volunteers(self.services, self.bank_id, table, ADMINISTRATOR)

    async def records(self, text: str, **options: Any) -> Report:
        """Import a list of service."""
        table = read_table(text.encode(), RECORD_COLUMNS)
        return await import_records(self.services, self.bank_id, table, BODY, **options)

    async def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the read models say, once they are up to date."""
        while await self.services.runner.catch_up(self.bank_id):
            pass
        return [tuple(row) for row in await self.services.pool.fetch(statement)]
