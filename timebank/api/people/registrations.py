"""Registering oneself, or one's child; and taking in those who did."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from timebank import words
from timebank.access.table import ADMINISTRATORS, LEAD_NODE, PEOPLE, PUBLIC
from timebank.api.http.guard import bank_meant
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES, answers
from timebank.api.http.requests import (
    READ_PATIENCE_SECONDS,
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Stamp,
    Status,
    happened,
)
from timebank.api.http.strict_json import STRANGERS_BYTES
from timebank.domain.acting import Acting
from timebank.domain.facts.credit import Registration
from timebank.domain.facts.people import Purpose, VolunteerRegistered
from timebank.domain.identifiers import (
    ActorId,
    InvitationId,
    NodeId,
    VolunteerId,
    new_proxy_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.organisations.refusals import InvitationNotGood
from timebank.domain.people.phones import Phone
from timebank.domain.people.refusals import RegistrationByOffice, VolunteerNumberTaken
from timebank.domain.person import BirthYear, Person, Skills
from timebank.domain.refusing import Refusal
from timebank.domain.registering import AcceptRegistration, DeclineRegistration, RegisterOneself, RegisterWard
from timebank.domain.text import Line, normal
from timebank.identity.failures import AlreadyRegistered
from timebank.identity.phones import masked
from timebank.ledger.submission import Receipt
from timebank.projections.credit import policies
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import Meant, VolunteerView
from timebank.projections.places import nodes
from timebank.projections.places.hours import WHOLE_BANK
from timebank.vault.invitation_codes import invitation_of

NUMBER_ATTEMPTS, PLACES = 5, 200

REGISTERING = answers(400, 401, 403, 404, 409, 413, 422, 429, 500, 503)

TERMS = "2026-11"
TERMS_SAID = (
    "We keep your name, phone, year of birth, skills and where you live, to call you and to record your service. "
    "What you served and earned is kept for ever, under a number; your name and all else about you is erased when you "
    "ask for it. The offices you serve for see it, and nobody else, unless you agree to more. You can see all of it, "
    "have it put right, and leave at any time."
)
"""What people agree to (个人信息保护法, art. 14 and 17), and which version of it this is."""

Secret = Annotated[str, Meta(min_length=1, max_length=200)]
Bank = Annotated[UUID | None, QueryParameter(description="Which bank, where there are several.")]


class PlaceToLive(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the highest level, where somebody may say that they live; the rest they say once they are there."""

    node_id: str
    name: str


class Registering(msgspec.Struct, frozen=True, kw_only=True):
    """How people register here (by an `office`, by `invitation`, or `open`), whether an office then takes them in.

    `terms` are what they agree to, `agreed_to` its version. `way` is how the code comes; `office`: none are sent.
    `places` are where they may say that they live.
    """

    registration: Registration
    waits: bool
    way: str
    agreed_to: str
    terms: str
    places: list[PlaceToLive]


class CodeForPhoneRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The phone that a code is sent to."""

    phone: Phone
    bank_id: UUID | None = None


class CodeForPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way, to a phone of which this shows the last digits."""

    phone: str
    way: str
    expires_at: str


class RegisterOneselfRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who one is, the code that came to the phone, a password to sign in with, and what one agrees to.

    `agreed_to` is the version of the terms that were shown. Where others have the same phone, `shares_phone` says that
    one is none of them. `purposes` are what one agrees to besides.
    """

    phone: Phone
    code: Annotated[str, Meta(pattern=r"^[0-9０-９ ]{6,10}$(?!\n)")]
    password: Secret
    name: Line
    birth_year: BirthYear
    agreed_to: Annotated[str, Meta(pattern=f"^{TERMS}$")]
    skills: Skills = ()
    node_id: Id | None = None
    purposes: tuple[Purpose, ...] = ()
    invitation: Annotated[str, Meta(max_length=100)] | None = None
    shares_phone: bool = False
    bank_id: UUID | None = None


class RegisterWardRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A minor whose guardian one is."""

    name: Line
    birth_year: BirthYear
    agreed_to: Annotated[str, Meta(pattern=f"^{TERMS}$")]
    skills: Skills = ()
    node_id: Id | None = None
    invitation: Annotated[str, Meta(max_length=100)] | None = None


class NewVolunteer(Status, frozen=True, kw_only=True):
    """The new volunteer: `active`, or `applied` until an office takes them in."""

    volunteer_id: str
    number: str


class Welcomed(NewVolunteer, frozen=True, kw_only=True):
    """The new volunteer, and a session of theirs, as when one signs in."""

    session_id: str
    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class TakenIn(Status, frozen=True, kw_only=True):
    """How the volunteer stands now."""

    volunteer_id: str


class RegistrationController(Controller):
    """`/v1/registration`"""

    path = "/registration"
    tags = ("Volunteers",)

    @get(responses=answers(400, 401, 404, 422, 429, 500, 503), security=[{}], access=PUBLIC)
    async def get_registration(self, request: BankRequest, bank_id: Bank = None) -> Registering:
        """How people register in this bank, and what they agree to."""
        bank = await bank_meant(request, bank_id)
        stamp = await _stamp(request, bank, "")
        await _reach(request, bank)
        today = stamp["at"].date()
        rules = (await policies.in_force(request.pool, bank, today)).rules
        top = await nodes.below(request.pool, bank, today, WHOLE_BANK, "", PLACES)
        return Registering(
            registration=rules.registration,
            waits=rules.registration_waits,
            way=request.services.registrations.way,
            agreed_to=TERMS,
            terms=words.translated(TERMS_SAID, request.listener.language),
            places=[
                PlaceToLive(node_id=each.node_id, name=each.name)
                for each in top
                if each.from_day <= today and each.into_id is None and each.until_day is None
            ],
        )

    @post("/codes", responses=REGISTERING, security=[{}], access=PUBLIC, request_max_body_size=STRANGERS_BYTES)
    async def send_registration_code(self, request: BankRequest, data: JSONBody[CodeForPhoneRequest]) -> CodeForPhone:
        """Have a code sent to one's phone. Whether somebody is registered with it is not told."""
        bank = await bank_meant(request, data.bank_id)
        await _must_be_open(request, bank)
        made = await request.services.registrations.send(bank, data.phone, request.visit)
        stamp = await _stamp(request, bank, "")
        until = made.until.astimezone(stamp["at"].tzinfo).isoformat()
        return CodeForPhone(phone=masked(made.phone), way=request.services.registrations.way, expires_at=until)

    @post(responses=REGISTERING, security=[{}], access=PUBLIC, request_max_body_size=STRANGERS_BYTES, records=True)
    async def register_oneself(self, request: BankRequest, data: JSONBody[RegisterOneselfRequest]) -> Welcomed:
        """Register, with the code that came to one's phone, and be signed in.

        Whoever is registered already, with this phone, or with this name and year of birth, is told to sign in.
        """
        services, bank = request.services, await bank_meant(request, data.bank_id)
        volunteer_id = new_volunteer_id()
        stamp = await _stamp(request, bank, volunteer_id)
        await _must_be_open(request, bank)
        code = normal(data.code).replace(" ", "")
        code_id = await services.registrations.check(bank, data.phone, code, request.visit)
        said = Person(volunteer_id=volunteer_id, name=data.name, phone=data.phone, birth_year=data.birth_year)
        await services.sign_in.must_be_good(said, data.password)
        sharing = await _sharing(request, bank, data)

        def command() -> RegisterOneself:
            return RegisterOneself(
                **stamp,
                volunteer_id=volunteer_id,
                number=new_volunteer_number(),
                phone=data.phone,
                purposes=data.purposes,
                **_said(request, data),
            )

        (tried,) = await services.ledger.submit(bank, [command()], dry_run=True)
        if isinstance(tried, Refusal) and not isinstance(tried, VolunteerNumberTaken):
            raise tried
        await services.registrations.use(bank, code_id, request.visit.at)
        await _must_be_new(request, bank, data, sharing)

        async def once() -> Receipt:
            return await services.ledger.execute(bank, command(), request_id=request.request_id)

        receipt = await _under_a_number(once)
        request.hand_out(receipt, bank)
        tokens = await services.sign_in.welcome(bank, volunteer_id, data.password, request.visit)
        return Welcomed(**_new(receipt), **msgspec.structs.asdict(tokens))


class WardController(Controller):
    """`/v1/me/wards`"""

    path = "/me/wards"
    tags = ("Volunteers",)

    @post(responses=WRITES, access=PEOPLE)
    async def register_ward(
        self, request: BankRequest, data: JSONBody[RegisterWardRequest], idempotency_key: IdempotencyHeader = None
    ) -> NewVolunteer:
        """Register a minor whose guardian one is; one acts for them until the year in which they are of age."""

        async def once() -> Receipt:
            command = RegisterWard(
                **request.stamp,
                volunteer_id=new_volunteer_id(),
                number=new_volunteer_number(),
                proxy_id=new_proxy_id(),
                guardian_id=VolunteerId(request.user.actor),
                **_said(request, data),
            )
            return await request.execute(command, idempotency_key)

        return NewVolunteer(**_new(await _under_a_number(once)))


class AppliedController(Controller):
    """`/v1/registrations`"""

    path = "/registrations"
    tags = ("Volunteers",)

    @get(responses=READS, access=ADMINISTRATORS)
    async def list_registrations(
        self, request: BankRequest, after: After = "", limit: Limit = 50
    ) -> Page[VolunteerView]:
        """Who registered themselves and waits to be taken in, in that order."""

        async def page(after: str, limit: int) -> list[VolunteerView]:
            return await volunteers.applied(request.pool, request.services.people, request.bank_id, after, limit)

        async def note(people: int) -> None:
            await request.note_again("people-read", people=people)

        return await listed(request, page, after, limit, "volunteer_id", note=note)

    @post("/{volunteer_id:str}/accept", status_code=200, responses=WRITES, access=LEAD_NODE)
    async def accept_registration(
        self, request: BankRequest, volunteer_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> TakenIn:
        """Take somebody in who registered themselves, or was declined before; whoever leads where they live may."""
        command = AcceptRegistration(**request.stamp, volunteer_id=VolunteerId(volunteer_id))
        receipt = await request.execute(command, idempotency_key)
        return TakenIn(volunteer_id=volunteer_id, status="active", position=receipt.position)

    @post("/{volunteer_id:str}/decline", status_code=200, responses=WRITES, access=LEAD_NODE)
    async def decline_registration(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TakenIn:
        """Do not take somebody in, and say why: they read it."""
        command = DeclineRegistration(**request.stamp, volunteer_id=VolunteerId(volunteer_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return TakenIn(volunteer_id=volunteer_id, status="declined", position=receipt.position)


async def _stamp(request: BankRequest, bank_id: UUID, volunteer_id: str) -> Stamp:
    """Who asks, which is somebody who has no session yet, and when, in the bank's local time."""
    bank = await request.services.ledger.store.bank(bank_id)
    assert bank, "it was found"
    at = request.services.ledger.clock().astimezone(ZoneInfo(bank.timezone))
    return {"by": Acting(ActorId(volunteer_id), "volunteer"), "at": at}


async def _reach(request: BankRequest, bank_id: UUID) -> None:
    """Wait for what was acknowledged to strangers, of whom it is not known which bank they are of."""
    await request.services.runner.reach(bank_id, request.services.ledger.head(bank_id), READ_PATIENCE_SECONDS)


async def _must_be_open(request: BankRequest, bank_id: UUID) -> None:
    """Send nobody a message, and tell nobody who is a volunteer, where the office registers people.

    Raises `RegistrationByOffice`; the command that registers somebody decides it once more, from the facts.
    """
    stamp = await _stamp(request, bank_id, "")
    await _reach(request, bank_id)
    if (await policies.in_force(request.pool, bank_id, stamp["at"].date())).rules.registration == "office":
        raise RegistrationByOffice


async def _sharing(request: BankRequest, bank_id: UUID, data: RegisterOneselfRequest) -> list[Meant]:
    """Who has the phone already. Leads whoever does not say that they are none of them to their account.

    Raises `AlreadyRegistered`.
    """
    await _reach(request, bank_id)
    have_it = await volunteers.meant_by(request.pool, request.services.people, bank_id, phones=[data.phone])
    if have_it and not data.shares_phone:
        raise AlreadyRegistered
    return have_it


async def _must_be_new(request: BankRequest, bank_id: UUID, data: RegisterOneselfRequest, sharing: list[Meant]) -> None:
    """Lead whoever is a volunteer already to their account, once the code is used up. Raises `AlreadyRegistered`.

    So of one name it is told whether there is somebody, and not of five that are tried one after the other, or at once.
    """
    pool, people, name = request.pool, request.services.people, normal(data.name)
    is_one_of_them = any(each.name == name for each in sharing)
    if is_one_of_them or await volunteers.is_registered(pool, people, bank_id, name, data.birth_year):
        raise AlreadyRegistered


def _said(request: BankRequest, data: RegisterOneselfRequest | RegisterWardRequest) -> dict[str, Any]:
    """What a command is told of somebody. Raises `InvitationNotGood`."""
    invitation_id = None
    if data.invitation is not None:
        invitation_id = invitation_of(request.services.people.keyring, data.invitation)
        if invitation_id is None:
            raise InvitationNotGood
    return {
        "name": data.name,
        "birth_year": data.birth_year,
        "agreed_to": data.agreed_to,
        "skills": data.skills,
        "node_id": NodeId(data.node_id) if data.node_id else None,
        "invitation_id": InvitationId(invitation_id) if invitation_id else None,
    }


async def _under_a_number(once: Callable[[], Awaitable[Receipt]]) -> Receipt:
    """Try a few candidate numbers; one in a thousand is taken, in a full bank."""
    for _ in range(NUMBER_ATTEMPTS):
        try:
            return await once()
        except VolunteerNumberTaken:
            continue
    raise HTTPException(detail="No free volunteer number was found.", status_code=500)


def _new(receipt: Receipt) -> dict[str, Any]:
    fact = happened(receipt, VolunteerRegistered)
    status = "applied" if fact.is_waiting else "active"
    return {"volunteer_id": fact.volunteer_id, "number": fact.number, "status": status, "position": receipt.position}
