"""Volunteers: registering, looking up, balances, consents."""

from typing import Annotated

import msgspec
from litestar import Controller, get, patch, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from timebank.access.table import ADMINISTRATORS, CHANGE_PERSON, CONSENT, FIND_PEOPLE, REGISTER_VOLUNTEERS, VIEW_PERSON
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    PRINTABLE,
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Status,
    happened,
)
from timebank.api.http.strict_json import merged
from timebank.domain.facts.people import PersonalDataChanged, Purpose, VolunteerRegistered
from timebank.domain.identifiers import VolunteerId, new_volunteer_id, new_volunteer_number
from timebank.domain.people.phones import Phone
from timebank.domain.people.refusals import VolunteerNumberTaken, VolunteerUnknown
from timebank.domain.people.volunteers import (
    ChangePersonalData,
    RegisterVolunteer,
    ReinstateVolunteer,
    SetConsent,
    SuspendVolunteer,
)
from timebank.domain.person import BirthYear, DocumentNumber, Skills
from timebank.domain.text import Line, normal
from timebank.identity.limits.comparisons import Comparisons
from timebank.identity.limits.throttle import TooManyRequestsError
from timebank.ledger.submission import Receipt
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import VolunteerView
from timebank.projections.places import residences

NUMBER_ATTEMPTS = 5

Query = Annotated[str | None, QueryParameter(name="query", min_length=1, max_length=200, pattern=PRINTABLE)]


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


class Registered(msgspec.Struct, frozen=True):
    """The new volunteer and the number they are known by everywhere in the bank."""

    volunteer_id: str
    number: str
    position: int


class VolunteerStatus(Status, frozen=True, kw_only=True):
    """How the volunteer stands now."""

    volunteer_id: str


class Consents(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a volunteer agreed to stand on boards by name or alias, and to be asked when help is needed."""

    volunteer_id: str
    leaderboard: bool
    be_asked: bool


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

    @post(responses=WRITES, access=REGISTER_VOLUNTEERS)
    async def register_volunteer(
        self, request: BankRequest, data: JSONBody[RegisterRequest], idempotency_key: IdempotencyHeader = None
    ) -> Registered:
        """Register a volunteer, under a number of their own."""
        receipt = await register(request, data, idempotency_key)
        fact = happened(receipt, VolunteerRegistered)
        return Registered(fact.volunteer_id, fact.number, receipt.position)

    @get(responses=READS, access=FIND_PEOPLE)
    async def list_volunteers(
        self,
        request: BankRequest,
        search: Annotated[
            str | None, QueryParameter(name="query", min_length=1, max_length=200, pattern=PRINTABLE)
        ] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[VolunteerView]:
        """Volunteers by number, phone, or name or its beginning (from two characters on), in the order they registered.

        Administrators see all, and find people by their document number, too. Others see the members of their
        organisations, without phones; of strangers, whom they find by the whole number or phone only, the first
        character of the name.
        """

        async def page(after: str, limit: int) -> list[VolunteerView]:
            found = await request.sight.people(request.services.people, search, after, limit)
            if not after:
                _must_be_looked_up(request, search, is_known=bool(found))
            return found

        async def note(people: int) -> None:
            await request.note_again("people-read", people=people, searched=search is not None)

        return await listed(request, page, after, limit, "volunteer_id", note=note)

    @get("/{volunteer_id:str}", responses=READS, access=VIEW_PERSON)
    async def get_volunteer(self, request: BankRequest, volunteer_id: FromPath[str]) -> VolunteerView:
        """One volunteer."""
        found = await volunteers.one(request.pool, request.services.people, request.bank_id, volunteer_id)
        if found is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        return found

    @post("/{volunteer_id:str}/suspend", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def suspend_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> VolunteerStatus:
        """Accept no new service of a volunteer for now."""
        command = SuspendVolunteer(**request.stamp, volunteer_id=VolunteerId(volunteer_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return VolunteerStatus(volunteer_id=volunteer_id, status="suspended", position=receipt.position)

    @post("/{volunteer_id:str}/reinstate", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def reinstate_volunteer(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> VolunteerStatus:
        """End a suspension, or take somebody in again who left."""
        command = ReinstateVolunteer(**request.stamp, volunteer_id=VolunteerId(volunteer_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return VolunteerStatus(volunteer_id=volunteer_id, status="active", position=receipt.position)

    @get("/{volunteer_id:str}/consents", responses=READS, access=VIEW_PERSON)
    async def get_consents(self, request: BankRequest, volunteer_id: FromPath[str]) -> Consents:
        """What a volunteer agreed to, beyond what they had to."""
        await request.wait_for_reads()
        seen = await volunteers.one(request.pool, request.services.people, request.bank_id, volunteer_id)
        if seen is None:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        return Consents(
            volunteer_id=volunteer_id,
            leaderboard=seen.on_leaderboards,
            be_asked=await residences.is_willing(request.pool, request.bank_id, volunteer_id),
        )

    @post("/{volunteer_id:str}/consents", status_code=200, responses=WRITES, access=CONSENT)
    async def set_consent(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ConsentRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Consent:
        """Give a consent, or take it back; it counts at once."""
        command = SetConsent(
            **request.stamp,
            volunteer_id=VolunteerId(volunteer_id),
            purpose=data.purpose,
            granted=data.granted,
            alias=data.alias,
        )
        receipt = await request.execute(command, idempotency_key)
        return Consent(volunteer_id, data.purpose, data.granted, receipt.position)

    @patch(
        "/{volunteer_id:str}",
        responses=WRITES,
        access=CHANGE_PERSON,
    )
    async def change_personal_data(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ChangeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Changed:
        """Put right what is known about a person. The history says which fields were changed, not what they say.

        Another phone needs proof of who one is, as codes are sent there (`POST /v1/sessions/current/prove`). A document
        number is for administrators only.
        """
        if data.phone is not UNSET:
            await request.must_be_proved()
        command = ChangePersonalData(
            **request.stamp,
            volunteer_id=VolunteerId(volunteer_id),
            name=data.name if data.name is not UNSET else None,
            phone=merged(data.phone, ""),
            birth_year=merged(data.birth_year, 0),
            document_number=merged(data.document_number, ""),
            skills=data.skills if data.skills is not UNSET else None,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, PersonalDataChanged)
        return Changed(volunteer_id, fact.fields, receipt.position)


async def register(request: BankRequest, data: RegisterRequest, key: str | None) -> Receipt:
    """Register under the first of a few candidate numbers that is free; one in a thousand is not, in a full bank."""
    for _ in range(NUMBER_ATTEMPTS):
        command = RegisterVolunteer(
            **request.stamp,
            volunteer_id=new_volunteer_id(),
            number=new_volunteer_number(),
            name=data.name,
            phone=data.phone,
            birth_year=data.birth_year,
            document_number=data.document_number,
            skills=data.skills,
        )
        try:
            return await request.execute(command, key)
        except VolunteerNumberTaken:
            continue
    raise HTTPException(detail="No free volunteer number was found.", status_code=500)


def _must_be_looked_up(request: BankRequest, search: str | None, *, is_known: bool) -> None:
    """Refuse whoever searches by phones, or numbers, so many that are nobody's: by trying all, those of all are found.

    Raises `TooManyRequestsError`. Lists count phones as well (`comparisons.py`).
    """
    said = normal(search) if search else ""
    if sum(each.isdecimal() for each in said) >= _SHORTEST:
        comparisons: Comparisons = request.app.state.comparisons
        if not comparisons.by(request.user, request.today).looks_up(said, is_known=is_known):
            raise TooManyRequestsError(ASK_AGAIN_SECONDS)


_SHORTEST = 5
"""Of so many digits a phone is at least."""

ASK_AGAIN_SECONDS = 3_600.0
"""When to ask again: the day may have ended by then."""
