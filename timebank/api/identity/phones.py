"""Phones: verified by a code that is sent there, or that an office hands out; then one can sign in with them."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import HAND_OUT_CODES, PEOPLE
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest
from timebank.api.identity.sessions import Done, must_be_for_another, must_be_there
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.text import normal
from timebank.identity.phones import masked
from timebank.projections.places import nodes, residences


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """The phone on file, and since when it is known to be one's own; until then one cannot sign in with it."""

    phone: str | None
    verified_at: datetime | None


class PhoneCodeSent(msgspec.Struct, frozen=True, kw_only=True):
    """A code is on its way to a phone, of which this shows the last digits: by `message`, or `file` or `console`."""

    phone: str
    way: str
    expires_at: datetime


class PhoneCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that came."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9０-９ ]{6,10}$(?!\n)")]


class PhoneCodeHandedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A code for somebody to verify their phone with; shown only now."""

    volunteer_id: str
    code: str
    expires_at: datetime


class PhoneController(Controller):
    """`/v1/me/phone`"""

    path = "/me/phone"
    tags = ("Signing in",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=PEOPLE)
    async def get_my_phone(self, request: BankRequest) -> Phone:
        """One's phone, and whether it is verified."""
        user, people = request.user, request.services.people
        person = await people.one(request.pool, user.bank_id, user.actor)
        verified_at = await people.phone_verified_at(request.pool, user.bank_id, user.actor)
        local = user.local(verified_at) if verified_at else None
        return Phone(phone=person.phone if person else None, verified_at=local)

    @post(status_code=200, responses=WRITES, access=PEOPLE)
    async def send_phone_code(self, request: BankRequest) -> PhoneCodeSent:
        """Have a code sent to one's phone, which is good for a quarter of an hour; earlier ones are void."""
        user, phones = request.user, request.services.phones
        made = await phones.send(user.bank_id, user.actor, request.visit)
        return PhoneCodeSent(phone=masked(made.phone), way=phones.way, expires_at=user.local(made.until))

    @post("/verify", status_code=200, responses=WRITES, access=PEOPLE)
    async def verify_phone(self, request: BankRequest, data: JSONBody[PhoneCodeRequest]) -> Done:
        """Verify one's phone with the code that came there, or from one's office; from now on one signs in with it."""
        user, code = request.user, normal(data.code).replace(" ", "")
        await request.services.phones.verify(user.bank_id, user.actor, code, request.visit)
        return Done()


class HandOutController(Controller):
    """`/v1/volunteers/{volunteer_id}/phone/codes`"""

    path = "/volunteers/{volunteer_id:str}/phone/codes"
    tags = ("Signing in",)

    @post(responses=WRITES, access=HAND_OUT_CODES)
    async def hand_out_phone_code(self, request: BankRequest, volunteer_id: FromPath[str]) -> PhoneCodeHandedOut:
        """Make a code for somebody whose phone one has made sure of: by a call to it, or because they show it.

        A node leader does so for whoever lives where they lead, and nobody for themselves.
        """
        user = request.user
        if user.role == "node-leader":
            await _must_be_led(request, volunteer_id)
        await must_be_there(request, volunteer_id)
        await must_be_for_another(request, volunteer_id)
        made = await request.services.phones.hand_out(user.bank_id, volunteer_id, user.actor, user.role, request.visit)
        return PhoneCodeHandedOut(volunteer_id=volunteer_id, code=made.code, expires_at=user.local(made.until))


async def _must_be_led(request: BankRequest, volunteer_id: str) -> None:
    """Refuse for whoever does not live at a place that one leads, or below it: they do not exist."""
    user, today = request.user, request.today
    await request.wait_for_reads()
    rights = [each for each in (user.acting, *user.acting_also) if each.authority == "node-leader"]
    lived = await residences.lives_at(request.pool, user.bank_id, volunteer_id)
    here = next((each.node_id for each in reversed(lived) if each.from_day <= today), None)
    above = await nodes.chain(request.pool, user.bank_id, today, here) if here else []
    if {each.node_id for each in rights}.isdisjoint(above):
        raise VolunteerUnknown(volunteer_id=volunteer_id)
