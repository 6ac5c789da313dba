"""A bank with organisations and volunteers, and as many service records to log as anybody asks for."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    VolunteerNumber,
    new_organisation_id,
    new_record_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.service.lists import EnterService
from timebank.domain.service.records import LogService
from timebank.ledger.submission import Receipt
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import Services, running_services
from timebank.runtime.founding import found_bank
from timebank.runtime.settings import from_environ

ZONE = ZoneInfo("Asia/Shanghai")
VOLUNTEERS = 2_000
ORGANISATIONS = 100
CHUNK = 500


KEY_FILE = Path(tempfile.gettempdir()) / f"timebank-benchmarks-{os.getuid()}" / "keys.json"


def environment(url: str) -> dict[str, str]:
    """The settings of this process and of the servers it starts: nobody is held up for asking often."""
    return {
        "TIMEBANK_DATABASE_URL": url,
        "TIMEBANK_KEY_FILE": str(KEY_FILE),
        "TIMEBANK_PUBLIC_URL": "http://benchmark.example",
        "TIMEBANK_RATE_PER_ADDRESS": str(10**9),
        "TIMEBANK_RATE_PER_PRINCIPAL": str(10**9),
        "TIMEBANK_FACTS_PER_DAY": str(10**9),
    }


class World:
    """The bank. Volunteers stay with their organisation; no two records are of the same volunteer and day."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.bank_id: UUID
        self.administrator: Acting
        self.at = utc_now().astimezone(ZONE)
        self.organisations: list[OrganisationId] = [new_organisation_id() for _ in range(ORGANISATIONS)]
        self.volunteers: list[VolunteerId] = [new_volunteer_id() for _ in range(VOLUNTEERS)]
        self.numbers: list[VolunteerNumber] = []
        self._morning = self.at.replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=1)
        self._next = itertools.count()

    async def open(self) -> None:
        """Open the bank, and register everybody."""
        founded = await found_bank(self.services, "Benchmark", str(ZONE), "林")
        self.bank_id = founded.bank_id
        self.administrator = Acting(ActorId(founded.administrator), "administrator")
        for organisation_id in self.organisations:
            await self.do(
                [
                    RegisterOrganisation(
                        by=self.administrator,
                        at=self.at,
                        organisation_id=organisation_id,
                        name="居委会",
                        kind="residents-committee",
                    ),
                    ApproveOrganisation(by=self.administrator, at=self.at, organisation_id=organisation_id),
                ]
            )
        self.numbers = list({new_volunteer_number(): None for _ in self.volunteers})
        await self.do(
            [
                RegisterVolunteer(
                    by=self.administrator, at=self.at, volunteer_id=volunteer_id, number=number, name="王"
                )
                for volunteer_id, number in zip(self.volunteers, self.numbers, strict=True)
            ]
        )

    async def do(self, commands: Sequence[Command]) -> list[Receipt]:
        """Have commands done, none of which may be refused."""
        receipts: list[Receipt] = []
        for start in range(0, len(commands), CHUNK):
            outcomes = await self.services.ledger.submit(self.bank_id, commands[start : start + CHUNK])
            receipts += [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
        assert len(receipts) == len(commands), "nothing here breaks a rule"
        return receipts

    def when(self) -> tuple[int, datetime]:
        """Whose turn it is to have served, and when they began: each time another volunteer, or an earlier day."""
        days, volunteer = divmod(next(self._next), VOLUNTEERS)
        return volunteer, self._morning - timedelta(days=days)

    def service(self) -> LogService:
        """One more record to log, by the organisation itself."""
        volunteer, started_at = self.when()
        organisation_id = self.organisations[volunteer % ORGANISATIONS]
        return self.service_of(self.volunteers[volunteer], organisation_id, started_at)

    def service_of(
        self, volunteer_id: VolunteerId, organisation_id: OrganisationId, started_at: datetime
    ) -> LogService:
        """Somebody's hour at some time, to be logged by the organisation."""
        return LogService(
            by=Acting(ActorId(organisation_id), "organisation"),
            at=self.at,
            record_id=new_record_id(),
            volunteer_id=volunteer_id,
            organisation_id=organisation_id,
            activity="楼道扶手擦洗",
            category="公共设施擦洗",
            capacity="resident",
            started_at=started_at,
            ended_at=started_at + timedelta(hours=1),
            place="社区服务中心",
        )

    def confirmed(self, log: LogService) -> EnterService:
        """The same record, logged and confirmed at once: two facts."""
        return EnterService(by=log.by, at=self.at, log=log, signer=self.administrator)

    async def project(self) -> None:
        """Bring all projections up to the end of the log."""
        while await self.services.runner.catch_up(self.bank_id):
            pass


@contextlib.asynccontextmanager
async def new_world(url: str) -> AsyncIterator[World]:
    """A bank in an empty database, driven from this process."""
    async with running_services(from_environ(environment(url)), follow=False) as services:
        world = World(services)
        await world.open()
        yield world
