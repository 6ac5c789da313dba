"""Proxies: whom a volunteer lets act for them. They act with the header `On-Behalf-Of: vol_…`."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import END_PROXY, PROVED_OWN_OR_ADMINISTRATORS, VIEW_PERSON
from timebank.api.http.lists import whole
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, IdempotencyHeader, Somebody, Status, happened
from timebank.domain.facts.people import ProxyAppointed, ProxyScope
from timebank.domain.identifiers import VolunteerId, new_proxy_id
from timebank.domain.people.proxies import ActsADay, AppointProxy, EndProxy, MinutesADay
from timebank.projections.people import proxies
from timebank.projections.people.proxies import ProxyView


class ProxyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may act for the volunteer, in what, how many times a local day, until which day (included)."""

    proxy_volunteer_id: Somebody
    scopes: Annotated[tuple[ProxyScope, ...], msgspec.Meta(max_length=10)] = ("view",)
    acts_per_day: ActsADay = 10
    minutes_per_day: MinutesADay | None = None
    valid_until: date | None = None


class ProxyStatus(Status, frozen=True, kw_only=True):
    """How it stands now."""

    volunteer_id: str
    proxy_volunteer_id: str


class ProxyController(Controller):
    """`/v1/volunteers/{volunteer_id}/proxies`"""

    path = "/volunteers/{volunteer_id:str}/proxies"
    tags = ("Proxies",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=VIEW_PERSON)
    async def list_proxies(self, request: BankRequest, volunteer_id: FromPath[str]) -> list[ProxyView]:
        """Whom the volunteer lets act for them, and for whom they act; those that ended as well."""
        await request.must_be_known("volunteer_id", volunteer_id)
        return await whole(request, await proxies.of(request.pool, request.bank_id, volunteer_id))

    @post(responses=WRITES, access=PROVED_OWN_OR_ADMINISTRATORS)
    async def appoint_proxy(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        data: JSONBody[ProxyRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ProxyStatus:
        """Let somebody act for the volunteer."""
        command = AppointProxy(
            **request.stamp,
            proxy_id=new_proxy_id(),
            volunteer_id=VolunteerId(volunteer_id),
            proxy_volunteer_id=VolunteerId(data.proxy_volunteer_id),
            scopes=data.scopes,
            acts_per_day=data.acts_per_day,
            minutes_per_day=data.minutes_per_day,
            valid_until=data.valid_until,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, ProxyAppointed)
        return ProxyStatus(
            volunteer_id=volunteer_id,
            proxy_volunteer_id=fact.proxy_volunteer_id,
            status="in force",
            position=receipt.position,
        )

    @post(
        "/{proxy_volunteer_id:str}/end",
        status_code=200,
        responses=WRITES,
        access=END_PROXY,
    )
    async def end_proxy(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        proxy_volunteer_id: FromPath[str],
        idempotency_key: IdempotencyHeader = None,
    ) -> ProxyStatus:
        """Let them act no more: either side can end it."""
        command = EndProxy(
            **request.stamp,
            volunteer_id=VolunteerId(volunteer_id),
            proxy_volunteer_id=VolunteerId(proxy_volunteer_id),
        )
        receipt = await request.execute(command, idempotency_key)
        return ProxyStatus(
            volunteer_id=volunteer_id,
            proxy_volunteer_id=proxy_volunteer_id,
            status="ended",
            position=receipt.position,
        )
