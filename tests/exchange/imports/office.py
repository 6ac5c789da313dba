"""An organisation of a bank, and the lists it imports."""

import io
from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.controls import ADMINISTRATOR
from timebank.domain.acting import Acting
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    VolunteerNumber,
    new_bank_id,
    new_membership_id,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.memberships import AddMember, ApproveMembership
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.exchange.imports.lists import OpenedList, Person, open_records, open_volunteers
from timebank.exchange.imports.records import RecordsImport
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.service import Served
from timebank.exchange.imports.volunteers import VolunteersImport
from timebank.exchange.spreadsheets.headings import Said
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.ledger.submission import Receipt
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 12, tzinfo=BERLIN)
BODY = OrganisationId("org_1")
VERIFIER = VolunteerId("vol_verifier")


class Came(NamedTuple):
    """What a list came to: the verdicts in the order of its rows."""

    verdicts: list[RowVerdict]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows came to what."""
        return dict(Counter(verdict.status for verdict in self.verdicts))

    @property
    def reasons(self) -> dict[int, str]:
        """Why, by line, where there is a reason."""
        return {verdict.line: verdict.reason for verdict in self.verdicts if verdict.reason}

    def __getitem__(self, line: int) -> RowVerdict:  # type: ignore[override]
        """The verdict on a line."""
        return next(verdict for verdict in self.verdicts if verdict.line == line)


def records_of(text: str | bytes, zone: ZoneInfo = BERLIN, **said: Any) -> OpenedList[Served]:
    """A list of service, opened."""
    return open_records(io.BytesIO(text.encode() if isinstance(text, str) else text), Said(**said), zone)


def people_of(text: str | bytes, **said: Any) -> OpenedList[Person]:
    """A list of people, opened."""
    return open_volunteers(io.BytesIO(text.encode() if isinstance(text, str) else text), Said(**said))


class Office:
    """An approved organisation of a bank of its own, with a verifier."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.bank_id = UUID(new_bank_id())

    async def do(self, command: Command) -> Receipt:
        """Have something done."""
        return await self.services.ledger.execute(self.bank_id, command)

    async def open(self, timezone: str) -> None:
        """Open the bank, and have the organisation approved and its verifier installed."""
        await self.services.ledger.store.open_bank(self.bank_id, "x", timezone)
        by: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOW}
        for command in (
            OpenBank(**by, name="x", timezone=timezone),
            RegisterOrganisation(**by, organisation_id=BODY, name="x", kind="enterprise"),
            ApproveOrganisation(**by, organisation_id=BODY),
            RegisterVolunteer(**by, volunteer_id=VERIFIER, number=VolunteerNumber("500000000009"), name="核对人"),
            AddMember(
                **by, membership_id=new_membership_id(), organisation_id=BODY, volunteer_id=VERIFIER, role="verifier"
            ),
            ApproveMembership(
                by=Acting(ActorId(VERIFIER), "volunteer"), at=NOW, organisation_id=BODY, volunteer_id=VERIFIER
            ),
        ):
            await self.do(command)

    async def people(self, text: str | bytes, *, by: Acting = OPERATOR, dry_run: bool = False, **said: Any) -> Came:
        """Import a list of people."""
        run = VolunteersImport(self.services, self.bank_id, by, dry_run=dry_run, allowed=EVERYTHING)
        found = [verdict async for some in run.verdicts(people_of(text, **said)) for _, verdict in some]
        return Came(found)

    async def records(
        self,
        text: str | bytes,
        *,
        by: Acting = OPERATOR,
        signer: VolunteerId | None = None,
        dry_run: bool = False,
        **said: Any,
    ) -> Came:
        """Import a list of service."""
        run = RecordsImport(self.services, self.bank_id, BODY, by, signer=signer, dry_run=dry_run, allowed=EVERYTHING)
        found = [verdict async for some in run.verdicts(records_of(text, **said)) for _, verdict in some]
        return Came(found)

    async def head(self) -> int:
        """How many facts there are."""
        return await self.services.ledger.store.head(self.bank_id)

    async def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the read models say, once they are up to date."""
        while await self.services.runner.catch_up(self.bank_id):
            pass
        return [tuple(row) for row in await self.services.pool.fetch(statement)]
