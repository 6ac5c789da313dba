"""Volunteers: registering, looking up, balances, consents."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Controller, get, patch, post
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from timebank.api.http.guard import SEES_RECORDS, note, organisations_seen
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    PRINTABLE,
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    MinPosition,
    Page,
    ReasonRequest,
    do,
    now,
    page_of,
    services,
    wait_for_reads,
)
from timebank.domain.credit.statements import as_effective, as_recorded
from timebank.domain.facts.people import PersonalDataChanged, Purpose, VolunteerLeft, VolunteerRegistered
from timebank.domain.identifiers import VolunteerId, new_transfer_id, new_volunteer_id, new_volunteer_number
from timebank.domain.leaving import EraseVolunteer, LeaveBank, Rest
from timebank.domain.organisations.memberships import MANAGES_MEMBERS
from timebank.domain.people.refusals import VolunteerNumberTaken, VolunteerUnknown
from timebank.domain.people.volunteers import (
    ChangePersonalData,
    RegisterVolunteer,
    ReinstateVolunteer,
    SetConsent,
    SuspendVolunteer,
)
from timebank.domain.text import Line, Phone
from timebank.ledger.submission import Receipt
from timebank.projections.credit import balances, statements
from timebank.projections.credit.balances import Balance
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import VolunteerView

T = TypeVar("T")

NUMBER_ATTEMPTS = 5

Query = Annotated[str | None, QueryParameter(name="query", min_length=1, max_length=200, pattern=PRINTABLE)]
Skills = Annotated[tuple[Line, ...], msgspec.Meta(max_length=20)]
BirthYear = Annotated[int, msgspec.Meta(ge=1900, le=2200)]
DocumentNumber = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{5,20}$(?!\n)", description="The number of an identity document.")
]


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who wants to be a volunteer."""

    name: Line
    phone: Phone | None = None
    birth_year: BirthYear | None = None
    document_number: DocumentNumber | None = None
    skills: Skills = ()


class ChangeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is otherwise: what is not given stays, and null takes a value away (JSON Merge Patch, RFC 7396)."""

    name: Line | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    birth_year: BirthYear | UnsetType | None = UNSET
    document_number: DocumentNumber | UnsetType | None = UNSET
    skills: Skills | UnsetType = UNSET


class Changed(msgspec.Struct, frozen=True):
    """Which fields were changed."""

    volunteer_id: str
    fields: tuple[str, ...]
    position: int


class Erased(msgspec.Struct, frozen=True):
    """The account is left, and says what was; nothing says whose it was."""

    volunteer_id: str
    status: Literal["erased"]
    position: int


class Registered(msgspec.Struct, frozen=True):
    """The new volunteer and the number they are known by everywhere in the bank."""

    volunteer_id: str
    number: str
    position: int


class DepartureRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become of credit that is left: `hold` keeps it on the account, `donate` gives it to a fund."""

    rest: Rest | None = None
    fund_id: Id | None = None


class Left(msgspec.Struct, frozen=True):
    """The volunteer has left; `held_minutes` wait for them."""

    volunteer_id: str
    status: Literal["left"]
    held_minutes: int
    position: int


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

    @post(responses=WRITES)
    async def register_volunteer(
        self, request: BankRequest, data: JSONBody[RegisterRequest], idempotency_key: IdempotencyHeader = None
    ) -> Registered:
        """Register a volunteer, under a number of their own."""
        receipt = await register(request, data, idempotency_key)
        (fact,) = receipt.facts
        assert isinstance(fact, VolunteerRegistered)
        return Registered(fact.volunteer_id, fact.number, receipt.position)

    @get(responses=READS)
    async def list_volunteers(
        self,
        request: BankRequest,
        search: Annotated[
            str | None, QueryParameter(name="query", min_length=1, max_length=200, pattern=PRINTABLE)
        ] = None,
        after: After = "",
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[VolunteerView]:
        """Volunteers by number, phone, or name or its beginning (from two characters on), in the order they registered.

        Administrators see all. Others see the members of their organisations, without phones; of strangers, whom they
        find by the whole number or phone only, the first character of the name.
        """
        await wait_for_reads(request, min_position)
        found = await _looked_up(request, search, after, limit + 1)
        await note(request, "people-read", people=min(len(found), limit), searched=search is not None)
        return page_of(found, limit, "volunteer_id")

    @get("/{volunteer_id:str}", responses=READS)
    async def get_volunteer(
        self, request: BankRequest, volunteer_id: FromPath[str], min_position: MinPosition = None
    ) -> VolunteerView:
        """One volunteer."""
        await wait_for_reads(request, min_position)
        found = await volunteers.one(
            services(request).pool, services(request).people, request.user.bank_id, volunteer_id
        )
        if found is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        if request.user.role == "administrator":
            await note(request, "people-read", people=1, volunteer=volunteer_id)
        return found

    @get("/{volunteer_id:str}/balance", responses=READS)
    async def get_balance(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        as_of: Annotated[
            date | None, QueryParameter(description="Also what it was at the end of this local day, in both times.")
        ] = None,
    ) -> Balance:
        """What a volunteer can spend, has reserved and owes, in minutes; never older than the log."""
        pool, bank_id = services(request).pool, request.user.bank_id
        found = await balances.balance_of(pool, bank_id, volunteer_id)
        if found is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        if as_of is None:
            return found
        zone = now(request).tzinfo
        assert zone is not None, "a bank has a local time"
        entries, own = await statements.entries(pool, bank_id, volunteer_id, zone), VolunteerId(volunteer_id)
        then = {"recorded": as_recorded(entries, own, as_of), "happened": as_effective(entries, own, as_of)}
        return msgspec.structs.replace(found, as_of=as_of, **then)

    @post("/{volunteer_id:str}/suspend", status_code=200, responses=WRITES)
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

    @post("/{volunteer_id:str}/reinstate", status_code=200, responses=WRITES)
    async def reinstate_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> VolunteerStatus:
        """End a suspension, or take somebody in again who left."""
        command = ReinstateVolunteer(
            by=request.user.acting, at=now(request), volunteer_id=VolunteerId(volunteer_id), reason=data.reason
        )
        receipt = await do(request, command, idempotency_key)
        return VolunteerStatus(volunteer_id, "active", receipt.position)

    @post("/{volunteer_id:str}/consents", status_code=200, responses=WRITES)
    async def set_consent(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ConsentRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Consent:
        """Give a consent, or take it back; it counts at once."""
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

    @patch("/{volunteer_id:str}", responses=WRITES)
    async def change_personal_data(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ChangeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Changed:
        """Put right what is known about a person. The history says which fields were changed, not what they say."""
        command = ChangePersonalData(
            by=request.user.acting,
            at=now(request),
            volunteer_id=VolunteerId(volunteer_id),
            name=data.name.strip() if data.name is not UNSET else None,
            phone=_said(data.phone, ""),
            birth_year=_said(data.birth_year, 0),
            document_number=_said(data.document_number, ""),
            skills=data.skills if data.skills is not UNSET else None,
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, PersonalDataChanged)
        return Changed(volunteer_id, fact.fields, receipt.position)

    @post("/{volunteer_id:str}/leave", status_code=200, responses=WRITES)
    async def leave_bank(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[DepartureRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Left:
        """Leave the bank: memberships, offices and proxies end, what is reserved is given back. One can come back."""
        command = LeaveBank(
            by=request.user.acting, at=now(request), volunteer_id=VolunteerId(volunteer_id), **_departure(data)
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[-1]
        assert isinstance(fact, VolunteerLeft)
        return Left(volunteer_id, "left", fact.held_minutes, receipt.position)

    @post("/{volunteer_id:str}/erase", status_code=200, responses=WRITES)
    async def erase_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[DepartureRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Erased:
        """Erase all that is personal about a volunteer, for good; the account and the history stay, and name nobody.

        If there is credit left, say what is to become of it.
        """
        command = EraseVolunteer(
            by=request.user.acting, at=now(request), volunteer_id=VolunteerId(volunteer_id), **_departure(data)
        )
        receipt = await do(request, command, idempotency_key)
        themselves = request.user.actor == volunteer_id
        await note(request, "volunteer-erased", with_address=not themselves, volunteer=volunteer_id)
        return Erased(volunteer_id, "erased", receipt.position)


def _departure(data: DepartureRequest | None) -> dict[str, Any]:
    """What is to become of the credit."""
    if data is None:
        return {}
    transfer_id = new_transfer_id() if data.rest == "donate" else None
    return {"rest": data.rest, "fund_id": data.fund_id, "transfer_id": transfer_id}


def _said(given: T | UnsetType | None, nothing: T) -> T | None:
    """What a command is told: None for what stays, something empty for what goes."""
    return None if given is UNSET else nothing if given is None else given


async def _looked_up(request: BankRequest, query: str | None, after: str, limit: int) -> list[VolunteerView]:
    """What the asker may see of those they look for."""
    found, bank_id = services(request), request.user.bank_id
    if request.user.role == "administrator":
        return await volunteers.page(found.pool, found.people, bank_id, query, after, limit)
    own = await organisations_seen(request, (*SEES_RECORDS, *MANAGES_MEMBERS))
    if not own:
        raise PermissionDeniedException(
            "This is for administrators, node leaders, and whoever logs, verifies or manages for an organisation."
        )
    members = await volunteers.page(found.pool, found.people, bank_id, query, after, limit, members_of=own)
    shown = [msgspec.structs.replace(each, phone=None, birth_year=None) for each in members]
    if query and not after:
        known = {each.volunteer_id for each in shown}
        strangers = await volunteers.exactly(found.pool, found.people, bank_id, query)
        shown += [_hardly_shown(each) for each in strangers if each.volunteer_id not in known]
    return shown[:limit]


def _hardly_shown(stranger: VolunteerView) -> VolunteerView:
    """Enough to be sure that it is who one means: somebody who said their whole number or phone."""
    name = f"{stranger.name[0]}{'*' * (len(stranger.name) - 1)}" if stranger.name else None
    return msgspec.structs.replace(stranger, name=name, phone=None, birth_year=None, skills=None, alias=None)


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
            birth_year=data.birth_year,
            document_number=data.document_number,
            skills=data.skills,
        )
        try:
            return await do(request, command, key)
        except VolunteerNumberTaken:
            continue
    raise HTTPException(detail="No free volunteer number was found.", status_code=500)
