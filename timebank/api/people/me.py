"""Oneself: who one is to the bank, and all it knows about one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
from litestar import Controller, get

from timebank.access import notices
from timebank.access.sight import masked
from timebank.access.table import EVERYBODY, PEOPLE
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.api.http.streams import STRETCH, Streamed, in_stretches, json_object, of_few, started
from timebank.domain.identifiers import VolunteerId
from timebank.domain.person import Person
from timebank.identity.principals import Principal
from timebank.identity.security_log import SecurityEvent
from timebank.identity.sessions import SessionView
from timebank.projections.activities import activities
from timebank.projections.activities.activities import ActivityView
from timebank.projections.credit import balances, redemptions, transfers
from timebank.projections.credit.balances import Balance
from timebank.projections.credit.redemptions import RedemptionView
from timebank.projections.credit.transfers import TransferView
from timebank.projections.organisations import employments, memberships, offices, teams
from timebank.projections.organisations.employments import EmploymentView
from timebank.projections.organisations.memberships import MembershipView
from timebank.projections.organisations.offices import AppointmentView
from timebank.projections.organisations.teams import ShiftView, TeamOfView
from timebank.projections.people import proxies, volunteers
from timebank.projections.people.proxies import ProxyView
from timebank.projections.people.volunteers import VolunteerView
from timebank.projections.places import residences
from timebank.projections.places.residences import ResidenceView
from timebank.projections.service import proposals, records
from timebank.projections.service.proposals import ProposalView
from timebank.projections.service.records import ServiceRecordView
from timebank.projections.supervision import history
from timebank.projections.supervision.history import EventView
from timebank.runtime.composition import Services

T = TypeVar("T", bound=msgspec.Struct)


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, what they are to the bank today, and whom they may act for."""

    kind: Literal["volunteer", "program"]
    bank_id: str
    volunteer: VolunteerView | None = None
    organisation_id: str | None = None
    permissions: list[str] = []
    offices: list[AppointmentView] = []
    roles: dict[str, str] = {}
    acts_for: list[ProxyView] = []
    unread_notices: int = 0
    """Of what happened on one's account (`GET /v1/me/notices`); counted up to a hundred."""


class MyData(msgspec.Struct, frozen=True, kw_only=True):
    """All that the bank knows about somebody (个人信息保护法, art. 45): what is personal, and every fact about them."""

    volunteer: VolunteerView
    person: Person | None
    balance: Balance
    proxies: list[ProxyView]
    sessions: list[SessionView]
    linked_accounts: list[str]
    residences: list[ResidenceView]
    employments: list[EmploymentView]
    teams: list[TeamOfView]
    shifts: list[ShiftView]
    memberships: list[MembershipView]
    appointments: list[AppointmentView]
    activities: list[ActivityView]
    proposals: list[ProposalView]
    service_records: list[ServiceRecordView]
    redemptions: list[RedemptionView]
    transfers: list[TransferView]
    security_events: list[SecurityEvent]
    events: list[EventView]


class MeController(Controller):
    """`/v1/me`"""

    path = "/me"
    tags = ("Oneself",)

    @get(responses=READS, access=EVERYBODY)
    async def get_me(self, request: BankRequest) -> Me:
        """Who one is: volunteer or program, with offices, roles by organisation, and whom one may act for."""
        user, services = request.user, request.services
        if user.kind == "program":
            return Me(
                kind="program",
                bank_id=str(user.bank_id),
                organisation_id=user.actor,
                permissions=list(user.permissions),
            )
        today = request.today
        in_force = {each.appointment_id for each in user.offices if each.in_force(today)}
        held = [each async for some in _appointments(services, user) for each in some]
        acting = await proxies.of(services.pool, user.bank_id, user.actor)
        unread = await notices.unread(services.pool, services.security_log, user.bank_id, user.actor)
        return Me(
            kind="volunteer",
            bank_id=str(user.bank_id),
            volunteer=await volunteers.one(services.pool, services.people, user.bank_id, user.actor),
            offices=await request.named([each for each in held if each.appointment_id in in_force]),
            roles=await memberships.roles_of(services.pool, user.bank_id, user.actor, today),
            acts_for=await request.named(
                [
                    each
                    for each in acting
                    if each.proxy_volunteer_id == user.actor
                    and each.status == "in force"
                    and (each.valid_until or today) >= today
                ]
            ),
            unread_notices=unread,
        )

    @get("/data", responses=READS, access=PEOPLE)
    async def get_my_data(self, request: BankRequest) -> Streamed[MyData]:
        """Everything the bank knows about oneself, in one document."""
        await request.note_again("data-exported")
        at_hand, lists = await _at_hand(request), _lists(request)
        told = of_few(json_object(at_hand, lists, request.zone), request.app.state.long_answers, request.user.turn_of)
        return Streamed(await started(told), "application/json")


async def _at_hand(request: BankRequest) -> dict[str, Any]:
    """What there is little of."""
    services, user = request.services, request.user
    pool, people, bank_id, own = services.pool, services.people, user.bank_id, VolunteerId(user.actor)
    volunteer = await volunteers.one(pool, people, bank_id, own)
    balance = await balances.balance_of(pool, bank_id, own)
    assert volunteer is not None, "whoever has a session is a volunteer"
    assert balance is not None, "and every volunteer has an account"

    async def all_of(of: Callable[[str], Awaitable[Sequence[T]]]) -> list[T]:
        return await request.named([item for each in (own, *user.earlier_ids) for item in await of(each)])

    ids = {own, *user.earlier_ids}
    return {
        "volunteer": volunteer,
        "person": await people.one(pool, bank_id, own),
        "balance": balance,
        "proxies": [_nameless(each, ids) for each in await all_of(partial(proxies.of, pool, bank_id))],
        "sessions": await services.sign_in.sessions.of(bank_id, own, request.visit, user.credential),
        "linked_accounts": await services.oidc.linked(bank_id, own) if services.oidc else [],
        "residences": await all_of(partial(residences.lives_at, pool, bank_id)),
        "employments": await all_of(partial(employments.of_volunteer, pool, bank_id)),
        "teams": await all_of(partial(teams.of_volunteer, pool, bank_id)),
        "shifts": await all_of(lambda whose: teams.own_shifts(pool, bank_id, whose, request.today)),
    }


def _nameless(proxy: ProxyView, own: Collection[str]) -> ProxyView:
    """A proxy as it may be handed out: whom one acts for oneself is named on the screen only."""
    if proxy.volunteer_id in own:
        return proxy
    return msgspec.structs.replace(proxy, volunteer_name=masked(proxy.volunteer_name or ""), volunteer_number=None)


def _lists(request: BankRequest) -> dict[str, AsyncIterator[Sequence[object]]]:
    """What there may be much of: one's own, and then what was merged with it."""
    user = request.user
    lists = {each: _of_one(request, each) for each in (VolunteerId(user.actor), *user.earlier_ids)}
    names = dict.fromkeys(name for each in lists.values() for name in each)
    theirs = {name: _of_all({whose: each[name] for whose, each in lists.items()}) for name in names}
    theirs |= {"appointments": _appointments(request.services, user)}
    return {name: _named(request, theirs[name]) for name in MyData.__struct_fields__ if name in theirs}


async def _of_all(lists: Mapping[VolunteerId, AsyncIterator[Sequence[Any]]]) -> AsyncIterator[Sequence[Any]]:
    """One list after the other; of several whose they are a fact, a redemption or a gift comes once."""
    told: set[VolunteerId] = set()
    for whose, stretches in lists.items():
        async for items in stretches:
            yield [each for each in items if not told or told.isdisjoint(_about(each))]
        told.add(whose)


def _about(item: object) -> set[str]:
    """Whom a fact, a redemption or a gift is about."""
    named = {getattr(item, field, None) for field in ("volunteer_id", "to_volunteer_id", "beneficiary_id")}
    return {*filter(None, named), *getattr(item, "tags", ())}


def _of_one(request: BankRequest, own: VolunteerId) -> dict[str, AsyncIterator[Sequence[Any]]]:
    """What there may be much of under one number.

    `before` and `after` are the last item of the stretch before, at first none.
    """
    services, pool, bank_id = request.services, request.pool, request.bank_id
    their_memberships = partial(memberships.page, pool, bank_id, organisation_id=None, volunteer_id=own, limit=STRETCH)
    their_activities = partial(activities.own, pool, bank_id, own, limit=STRETCH)
    their_proposals = partial(proposals.of_volunteer, pool, bank_id, own, limit=STRETCH)
    their_records = partial(records.page, pool, bank_id, records.Wanted(volunteer_id=own), limit=STRETCH)
    their_redemptions = partial(
        redemptions.page,
        *(pool, bank_id),
        volunteer_id=own,
        provider_ids=None,
        own_id=None,
        reward_id=None,
        status=None,
        limit=STRETCH,
    )
    their_transfers = partial(transfers.page, pool, bank_id, None, volunteer_id=own, fund_id=None, limit=STRETCH)
    events = partial(history.about, pool, bank_id, own, limit=STRETCH)
    security_events = partial(services.security_log.about, bank_id, own, limit=STRETCH)
    return {
        "memberships": in_stretches(lambda after: their_memberships(after=after), "", "membership_id"),
        "activities": in_stretches(lambda after: their_activities(after=after), _NONE, "activity_id"),
        "proposals": in_stretches(lambda after: their_proposals(after=after), _NONE, "proposal_id"),
        "service_records": in_stretches(lambda after: their_records(after=after), _NONE, "record_id"),
        "redemptions": in_stretches(lambda before: their_redemptions(before=before), _NONE, "redemption_id"),
        "transfers": in_stretches(lambda before: their_transfers(before=before), _NONE, "transfer_id"),
        "security_events": in_stretches(lambda after: security_events(after=after), 0, "number"),
        "events": in_stretches(lambda after: events(after=after), 0, "position"),
    }


_NONE: str | None = None


async def _named(request: BankRequest, stretches: AsyncIterator[Sequence[Any]]) -> AsyncIterator[Sequence[object]]:
    async for items in stretches:
        await request.pace()
        yield await request.named(items)


def _appointments(services: Services, user: Principal) -> AsyncIterator[Sequence[AppointmentView]]:
    return in_stretches(
        lambda after: offices.page(services.pool, user.bank_id, user.actor, after, STRETCH), "", "appointment_id"
    )
