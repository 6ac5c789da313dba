"""A town to write histories of: some volunteers, two approved organisations, and any number of plausible commands."""

from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from tests.controls.commands import (
    OFFICE,
    appear,
    confirm_service,
    correct_service,
    log_service,
    void_service,
)
from tests.controls.people import ADMINISTRATOR, CLINIC, GARDEN, NOON, acting, span
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import Role
from timebank.domain.identifiers import (
    AppointmentId,
    KeyId,
    MembershipId,
    OrganisationId,
    ProxyId,
    RecordId,
    VolunteerId,
    VolunteerNumber,
    check_digit,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.api_keys import IssueKey, RevokeKey, RotateKey
from timebank.domain.organisations.memberships import (
    AddMember,
    ApproveMembership,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.organisations.offices import Appoint, EndAppointment
from timebank.domain.organisations.organisations import (
    ApproveOrganisation,
    RegisterOrganisation,
    ReinstateOrganisation,
    SuspendOrganisation,
)
from timebank.domain.people.proxies import AppointProxy, EndProxy
from timebank.domain.people.volunteers import RegisterVolunteer, ReinstateVolunteer, SetConsent, SuspendVolunteer
from timebank.domain.refusing import Refusal
from timebank.domain.service.records import LogService
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService
from timebank.ledger.ledger import Ledger
from timebank.ledger.submission import Outcome

CAPACITIES = ("resident", "resident", "staff-off-duty", "staff-on-duty")
ROLES: tuple[Role, ...] = ("member", "recorder", "verifier", "coordinator")


def volunteer(number: int) -> VolunteerId:
    """One of the town's volunteers."""
    return VolunteerId(f"vol_{number:05}")


def number_of(number: int) -> VolunteerNumber:
    """Their number."""
    digits = f"{number:011}"
    return VolunteerNumber(digits + check_digit(digits))


def register(number: int, by: Acting = ADMINISTRATOR) -> RegisterVolunteer:
    """They join."""
    return RegisterVolunteer(
        by=by, at=NOON, volunteer_id=volunteer(number), number=number_of(number), name=f"Volunteer {number}"
    )


def found(volunteers: int) -> list[Command]:
    """Two approved organisations, and volunteers from 1 on."""
    commands: list[Command] = []
    for organisation_id in (GARDEN, CLINIC):
        commands += [
            RegisterOrganisation(organisation_id=organisation_id, name=organisation_id, kind="enterprise", **OFFICE),
            ApproveOrganisation(organisation_id=organisation_id, **OFFICE),
        ]
    return commands + [register(number) for number in range(1, volunteers + 1)]


async def do(ledger: Ledger, bank_id: UUID, *commands: Command) -> list[Outcome]:
    """Do things that are not refused."""
    outcomes = await ledger.submit(bank_id, commands)
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
    return outcomes


def log(
    record: str, of: VolunteerId, days_ago: int = 1, hour: int = 8, hours: int = 1, **changes: object
) -> LogService:
    """The garden's program logs some hours of a day."""
    times = span(hours, days_ago=days_ago, hour=hour)
    return log_service(**{"record_id": RecordId(record), "volunteer_id": of, **times, **changes})


def confirm(record: str, **changes: object) -> ConfirmService:
    """The administrator confirms a record."""
    return confirm_service(record_id=RecordId(record), **changes)


def correct(record: str, **changes: object) -> CorrectService:
    """The administrator corrects a record."""
    return correct_service(record_id=RecordId(record), **changes)


def void(record: str) -> VoidService:
    """The administrator voids a record."""
    return void_service(record_id=RecordId(record))


def consent(of: VolunteerId, granted: bool = True, alias: str | None = None) -> SetConsent:
    """A volunteer sets whether they appear on leaderboards."""
    return appear(volunteer_id=of, granted=granted, alias=alias)


class Town:
    """An endless supply of commands: most are plausible, some will be refused. The same seed gives the same ones."""

    def __init__(self, seed: int, volunteers: int = 6) -> None:
        self.random = Random(seed)
        self.volunteers = volunteers
        self.records: list[RecordId] = []
        self.memberships = 0
        self.authorities = 0

    def commands(self, count: int) -> list[Command]:
        """The founding, and so many more."""
        return found(self.volunteers) + [self.next() for _ in range(count)]

    def next(self) -> Command:
        """One more."""
        makers = (self._log, self._review, self._review, self._member, self._consent, self._status, self._authority)
        (make,) = self.random.choices(makers, weights=(8, 8, 4, 5, 3, 2, 4))
        return make()

    def _someone(self) -> VolunteerId:
        return volunteer(self.random.randint(1, self.volunteers))

    def _some_organisation(self) -> OrganisationId:
        return self.random.choice((GARDEN, CLINIC))

    def _log(self) -> Command:
        self.records.append(RecordId(f"rec_{len(self.records):05}"))
        return log(
            self.records[-1],
            self._someone(),
            days_ago=self.random.choice((1, 2, 3, 40, 400)),
            hour=self.random.randint(0, 20),
            hours=self.random.randint(1, 9),
            organisation_id=GARDEN,
            capacity=self.random.choice(CAPACITIES),
        )

    def _review(self) -> Command:
        if not self.records:
            return self._log()
        record_id = self.random.choice(self.records[-8:])
        kind = self.random.choice(("confirm", "confirm", "confirm", "reject", "correct", "move", "capacity", "void"))
        if kind == "confirm":
            return confirm(record_id, minutes=self.random.choice((None, 30, 60)))
        if kind == "reject":
            return RejectService(record_id=record_id, reason="nobody saw it", **OFFICE)
        if kind == "void":
            return void(record_id)
        if kind == "move":
            hour, days_ago, hours = (self.random.randint(*each) for each in ((0, 20), (1, 90), (1, 9)))
            return correct(record_id, **span(hours, days_ago=days_ago, hour=hour))
        if kind == "capacity":
            return correct(record_id, capacity=self.random.choice(CAPACITIES))
        return correct(record_id, minutes=self.random.choice((10, 20, 30)))

    def _member(self) -> Command:
        by = ADMINISTRATOR
        who, where = self._someone(), self._some_organisation()
        both: Any = {"at": NOON, "organisation_id": where, "volunteer_id": who}
        kind: Any = self.random.choice(
            (AddMember, AddMember, ApproveMembership, ChangeRole, DeclineMembership, EndMembership)
        )
        if kind is AddMember:
            self.memberships += 1
            membership_id = MembershipId(f"mem_{self.memberships:05}")
            by = self.random.choice((ADMINISTRATOR, acting(who)))
            return AddMember(by=by, membership_id=membership_id, role=self.random.choice(ROLES), **both)
        if kind is ChangeRole:
            until = self.random.choice((None, date(2027, 1, 1)))
            return ChangeRole(by=by, role=self.random.choice(ROLES), valid_until=until, **both)
        command: Command = kind(by=by, **both)
        return command

    def _authority(self) -> Command:
        """Offices, proxies and keys come and go."""
        self.authorities += 1
        some = self.random.randint(1, self.authorities)
        who, other = self._someone(), self._someone()
        makers = (
            lambda: Appoint(
                appointment_id=AppointmentId(f"app_{self.authorities}"), volunteer_id=who, office="auditor", **OFFICE
            ),
            lambda: EndAppointment(appointment_id=AppointmentId(f"app_{some}"), reason="as agreed", **OFFICE),
            lambda: AppointProxy(
                proxy_id=ProxyId(f"prx_{self.authorities}"),
                volunteer_id=who,
                proxy_volunteer_id=other,
                scopes=("consents",),
                acts_per_day=3,
                **OFFICE,
            ),
            lambda: EndProxy(volunteer_id=who, proxy_volunteer_id=other, **OFFICE),
            lambda: IssueKey(
                organisation_id=GARDEN,
                key_id=KeyId(f"key_{self.authorities}"),
                label="x",
                permissions=("read",),
                secret_hash="00",
                **OFFICE,
            ),
            lambda: RotateKey(
                organisation_id=GARDEN,
                key_id=KeyId(f"key_{some}"),
                new_key_id=KeyId(f"key_{self.authorities}"),
                secret_hash="11",
                overlap_hours=1,
                **OFFICE,
            ),
            lambda: RevokeKey(organisation_id=GARDEN, key_id=KeyId(f"key_{some}"), **OFFICE),
        )
        return self.random.choice(makers)()

    def _consent(self) -> Command:
        return consent(self._someone(), self.random.random() < 0.6)

    def _status(self) -> Command:
        body = OFFICE | {"reason": "as agreed"}
        kinds: tuple[Any, ...] = (SuspendVolunteer, ReinstateVolunteer, SuspendOrganisation, ReinstateOrganisation)
        kind = self.random.choice(kinds)
        whom = {"volunteer_id": self._someone()} if kind in kinds[:2] else {"organisation_id": CLINIC}
        command: Command = kind(**whom, **body)
        return command
