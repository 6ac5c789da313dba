"""Volunteers: registering, looking up, balances, consents."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.api.access import must_be_own, only
from timebank.api.problems import READS, WRITES
from timebank.api.requests import (
    BankRequest,
    IdempotencyHeader,
    Limit,
    Line,
    MinPosition,
    Page,
    Phone,
    Text,
    do,
    now,
    page_of,
    services,
    wait_for_reads,
)
from timebank.domain.identifiers import VolunteerId, new_volunteer_id, new_volunteer_number
from timebank.domain.refusals import VolunteerNumberTaken, VolunteerUnknown
from timebank.domain.volunteers import (
    Purpose,
    RegisterVolunteer,
    ReinstateVolunteer,
    SetConsent,
    SuspendVolunteer,
    VolunteerRegistered,
)
from timebank.ledger.submission import Receipt
from timebank.projections import balances, volunteers
from timebank.projections.balances import Balance
from timebank.projections.volunteers import VolunteerView

NUMBER_ATTEMPTS = 5


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who wants to be a volunteer."""

    name: Line
    phone: Phone | None = None
    skills: Annotated[tuple[Line, ...], msgspec.Meta(max_length=20)] = ()


class Registered(msgspec.Struct, frozen=True):
    """The new volunteer and the number they are known by everywhere in the bank."""

    volunteer_id: str
    number: str
    position: int


class ReasonRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text


class VolunteerStatus(msgspec.Struct, frozen=True):
    """How the volunteer stands now."""

    volunteer_id: str
    status: str
    position: int


class ConsentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A consent given or taken back; `alias` is the name to appear under instead of one's own.

    Without an alias the one there is stays; taking the consent back removes it.
    """

    purpose: Purpose
    granted: bool
    alias: Line | None = None


class Consent(msgspec.Struct, frozen=True):
    """What holds from now on."""

    volunteer_id: str
    purpose: Purpose
    granted: bool
    position: int


class VolunteerController(Controller):
    """`/v1/volunteers`"""

    path = "/volunteers"
    tags = ("Volunteers",)

    @post(guards=[only("administrator", "organisation")], responses=WRITES)
    async def register_volunteer(
        self, request: BankRequest, data: JSONBody[RegisterRequest], idempotency_key: IdempotencyHeader = None
    ) -> Registered:
        """Register a volunteer, under a number of their own."""
        receipt = await register(request, data, idempotency_key)
        (fact,) = receipt.facts
        assert isinstance(fact, VolunteerRegistered)
        return Registered(fact.volunteer_id, fact.number, receipt.position)

    @get(guards=[only("administrator", "organisation")], responses=READS)
    async def list_volunteers(
        self,
        request: BankRequest,
        search: Annotated[str | None, QueryParameter(name="query", min_length=1, max_length=200)] = None,
        after: Annotated[str, QueryParameter(max_length=100)] = "",
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[VolunteerView]:
        """Volunteers by number, phone or the beginning of the name, in the order they registered."""
        await wait_for_reads(request, min_position)
        found = await volunteers.page(services(request).pool, request.user.bank_id, search, after, limit + 1)
        if request.user.role != "administrator":
            found = [msgspec.structs.replace(each, phone=None) for each in found]
        return page_of(found, limit, "volunteer_id")

    @get("/{volunteer_id:str}", guards=[only("administrator", "volunteer")], responses=READS)
    async def get_volunteer(
        self, request: BankRequest, volunteer_id: FromPath[str], min_position: MinPosition = None
    ) -> VolunteerView:
        """One volunteer."""
        must_be_own(request, VolunteerId(volunteer_id))
        await wait_for_reads(request, min_position)
        found = await volunteers.one(services(request).pool, request.user.bank_id, volunteer_id)
        if found is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        return found

    @get("/{volunteer_id:str}/balance", guards=[only("administrator", "volunteer")], responses=READS)
    async def get_balance(self, request: BankRequest, volunteer_id: FromPath[str]) -> Balance:
        """What a volunteer can spend, has reserved and owes, in minutes; never older than the log."""
        must_be_own(request, VolunteerId(volunteer_id))
        found = await balances.balance_of(services(request).pool, request.user.bank_id, volunteer_id)
        if found is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        return found

    @post("/{volunteer_id:str}/suspend", status_code=200, guards=[only("administrator")], responses=WRITES)
    async def suspend_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> VolunteerStatus:
        """Accept no new service of a volunteer for now."""
        command = SuspendVolunteer(
            by=request.user.acting, at=now(request), volunteer_id=VolunteerId(volunteer_id), reason=data.reason
        )
        receipt = await do(request, command, idempotency_key)
        return VolunteerStatus(volunteer_id, "suspended", receipt.position)

    @post("/{volunteer_id:str}/reinstate", status_code=200, guards=[only("administrator")], responses=WRITES)
    async def reinstate_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> VolunteerStatus:
        """End a suspension."""
        command = ReinstateVolunteer(
            by=request.user.acting, at=now(request), volunteer_id=VolunteerId(volunteer_id), reason=data.reason
        )
        receipt = await do(request, command, idempotency_key)
        return VolunteerStatus(volunteer_id, "active", receipt.position)

    @post("/{volunteer_id:str}/consents", status_code=200, guards=[only("volunteer")], responses=WRITES)
    async def set_consent(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ConsentRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Consent:
        """Give a consent, or take it back; it counts at once."""
        must_be_own(request, VolunteerId(volunteer_id))
        command = SetConsent(
            by=request.user.acting,
            at=now(request),
            volunteer_id=VolunteerId(volunteer_id),
            purpose=data.purpose,
            granted=data.granted,
            alias=data.alias,
        )
        receipt = await do(request, command, idempotency_key)
        return Consent(volunteer_id, data.purpose, data.granted, receipt.position)


async def register(request: BankRequest, data: RegisterRequest, key: str | None) -> Receipt:
    """Register under the first of a few candidate numbers that is free; one in a thousand is not, in a full bank."""
    for _ in range(NUMBER_ATTEMPTS):
        command = RegisterVolunteer(
            by=request.user.acting,
            at=now(request),
            volunteer_id=new_volunteer_id(),
            number=new_volunteer_number(),
            name=data.name.strip(),
            phone=data.phone,
            skills=data.skills,
        )
        try:
            return await do(request, command, key)
        except VolunteerNumberTaken:
            continue
    raise HTTPException(detail="No free volunteer number was found.", status_code=500)
