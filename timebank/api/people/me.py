"""Oneself: who one is to the bank, and all it knows about one."""

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Controller, get

from timebank.access.table import EVERYBODY, PEOPLE
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.domain.identifiers import VolunteerId
from timebank.domain.person import Person
from timebank.identity.principals import Principal
from timebank.identity.security_log import SecurityEvent
from timebank.identity.sessions import SessionView
from timebank.projections.credit import balances, redemptions, transfers
from timebank.projections.credit.balances import Balance
from timebank.projections.credit.redemptions import RedemptionView
from timebank.projections.credit.transfers import TransferView
from timebank.projections.organisations import memberships, offices
from timebank.projections.organisations.memberships import MembershipView
from timebank.projections.organisations.offices import AppointmentView
from timebank.projections.people import proxies, volunteers
from timebank.projections.people.proxies import ProxyView
from timebank.projections.people.volunteers import VolunteerView
from timebank.projections.service import records
from timebank.projections.service.records import ServiceRecordView
from timebank.projections.supervision import history
from timebank.projections.supervision.history import EventView
from timebank.runtime.composition import Services

BATCH_EVENTS = 1_000
EVERYTHING = 1_000_000


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


class MyData(msgspec.Struct, frozen=True, kw_only=True):
    """All that the bank knows about somebody (个人信息保护法, art. 45): what is personal, and every fact about them."""

    volunteer: VolunteerView
    person: Person | None
    balance: Balance
    memberships: list[MembershipView]
    appointments: list[AppointmentView]
    proxies: list[ProxyView]
    service_records: list[ServiceRecordView]
    redemptions: list[RedemptionView]
    transfers: list[TransferView]
    sessions: list[SessionView]
    linked_accounts: list[str]
    security_events: list[SecurityEvent]
    events: list[EventView]


class MeController(Controller):
    """`/v1/me`"""

    path = "/me"
    tags = ("Oneself",)

    @get(responses=READS, access=EVERYBODY)
    async def get_me(self, request: BankRequest) -> Me:
        """Who one is: volunteer or program, with offices, roles by organisation, and whom one may act for."""
        user, found = request.user, request.services
        if user.kind == "program":
            return Me(
                kind="program",
                bank_id=str(user.bank_id),
                organisation_id=user.actor,
                permissions=list(user.permissions),
            )
        await request.wait_for_reads()
        today = request.today
        in_force = {each.appointment_id for each in user.offices if each.in_force(today)}
        held = await offices.page(found.pool, user.bank_id, user.actor, "", EVERYTHING)
        acting = await proxies.of(found.pool, user.bank_id, user.actor)
        return Me(
            kind="volunteer",
            bank_id=str(user.bank_id),
            volunteer=await volunteers.one(found.pool, found.people, user.bank_id, user.actor),
            offices=[each for each in held if each.appointment_id in in_force],
            roles=await memberships.roles_of(found.pool, user.bank_id, user.actor, today),
            acts_for=[
                each
                for each in acting
                if each.proxy_volunteer_id == user.actor
                and each.status == "in force"
                and (each.valid_until or today) >= today
            ],
        )

    @get("/data", responses=READS, access=PEOPLE)
    async def get_my_data(self, request: BankRequest) -> MyData:
        """Everything the bank knows about oneself, in one document."""
        await request.wait_for_reads()
        await request.note("data-exported")
        return await _all_about(request.services, request.user, request.visit.at)


async def _all_about(found: Services, user: Principal, at: datetime) -> MyData:
    pool, people, bank_id, own = found.pool, found.people, user.bank_id, VolunteerId(user.actor)
    volunteer = await volunteers.one(pool, people, bank_id, own)
    balance = await balances.balance_of(pool, bank_id, own)
    assert volunteer is not None, "whoever has a session is a volunteer"
    assert balance is not None, "and every volunteer has an account"
    return MyData(
        volunteer=volunteer,
        person=await people.one(pool, bank_id, own),
        balance=balance,
        memberships=await memberships.page(
            pool, people, bank_id, organisation_id=None, volunteer_id=own, after="", limit=EVERYTHING
        ),
        appointments=await offices.page(pool, bank_id, own, "", EVERYTHING),
        proxies=await proxies.of(pool, bank_id, own),
        service_records=await records.page(
            pool,
            bank_id,
            volunteer_id=own,
            organisation_ids=None,
            status=None,
            first_day=None,
            last_day=None,
            before=None,
            limit=EVERYTHING,
        ),
        redemptions=await redemptions.page(
            pool,
            bank_id,
            volunteer_id=own,
            provider_ids=None,
            own_id=None,
            reward_id=None,
            status=None,
            before=None,
            limit=EVERYTHING,
            zone=user.local(at).tzinfo,
        ),
        transfers=await transfers.page(
            pool, bank_id, None, volunteer_id=own, fund_id=None, before=None, limit=EVERYTHING
        ),
        sessions=await found.sign_in.of(bank_id, own, at),
        linked_accounts=await found.oidc.linked(bank_id, own) if found.oidc else [],
        security_events=await found.security_log.about(bank_id, own),
        events=await _events_about(found, user),
    )


async def _events_about(found: Services, user: Principal) -> list[EventView]:
    events: list[EventView] = []
    while True:
        after = events[-1].position if events else 0
        more = await history.page(
            found.pool, user.bank_id, after=after, topic=None, tag=user.actor, actor=None, limit=BATCH_EVENTS
        )
        events += more
        if len(more) < BATCH_EVENTS:
            return events
