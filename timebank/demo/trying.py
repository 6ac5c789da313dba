"""Whom to try the demo world as, in one that was made before too; and with what to sign in."""

import secrets
from typing import NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.demo import names
from timebank.demo.bodies import LAST_STEP
from timebank.domain.facts.organisations import Permission
from timebank.domain.identifiers import OrganisationId, VolunteerId, new_key_id
from timebank.domain.organisations.api_keys import IssueKey
from timebank.identity.principals import api_key, secret_hash
from timebank.projections.credit import policies
from timebank.projections.organisations import memberships, offices, organisations
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR

TIMEZONE = "Asia/Shanghai"


class Demo(NamedTuple):
    """The world, and who to try it as."""

    bank_id: UUID
    administrator: VolunteerId
    organisation: OrganisationId
    verifier: VolunteerId
    coordinator: VolunteerId
    volunteer: VolunteerId
    auditor: VolunteerId | None = None
    """None in a world that was made before it had one."""


class Credentials(NamedTuple):
    """With what to enter the world: volunteer numbers that share a password, and an API key."""

    numbers: dict[str, str]
    password: str
    api_key: str


async def known_world(services: Services) -> Demo | None:
    """The world that was made before, if it was made completely, by a version whose people could spend something."""
    banks = [bank.bank_id for bank in await services.ledger.store.banks() if bank.name == names.BANK]
    if not banks or not await policies.adopted(services.pool, banks[-1]):
        return None
    return await _whom_to_try_it_as(services, banks[-1])


async def _whom_to_try_it_as(services: Services, bank_id: UUID) -> Demo | None:
    """An administrator, the first body, who verifies and coordinates for it, its former member, and an auditor.

    None if the world is not complete.
    """
    bodies = await organisations.page(services.pool, bank_id, "approved", "", 1)
    first = await offices.page(services.pool, bank_id, None, "", 2)
    in_office = {each.office: VolunteerId(each.volunteer_id) for each in first if each.status == "in force"}
    members = await _members(services, bank_id, bodies[0].organisation_id if bodies else "")
    staff = {each.role: VolunteerId(each.volunteer_id) for each in members if each.status == "approved"}
    marked = [each for each in members if each.reason == LAST_STEP]
    if not ("administrator" in in_office and marked and {"verifier", "coordinator"} <= staff.keys()):
        return None  # not made completely
    known = await volunteers.one(services.pool, services.people, bank_id, marked[0].volunteer_id)
    if known is None or known.name is None:
        return None  # the one to try it as was erased
    return Demo(
        bank_id,
        in_office["administrator"],
        OrganisationId(bodies[0].organisation_id),
        staff["verifier"],
        staff["coordinator"],
        VolunteerId(marked[0].volunteer_id),
        in_office.get("auditor"),
    )


async def _members(services: Services, bank_id: UUID, organisation_id: str) -> list[memberships.MembershipView]:
    return await memberships.page(
        services.pool,
        bank_id,
        organisation_id=organisation_id,
        volunteer_id=None,
        after="",
        limit=100,
    )


async def give_credentials(services: Services, world: Demo) -> Credentials:
    """Give the people to try it as a new password, and the organisation's program a new key."""
    password = secrets.token_urlsafe(12)
    at = services.ledger.clock().astimezone(ZoneInfo(TIMEZONE))
    # Nobody reads messages there.
    await services.people.verify_phones(services.pool, world.bank_id, at)
    numbers = {}
    for name in ("administrator", "verifier", "coordinator", "volunteer"):
        volunteer_id = getattr(world, name)
        await services.sign_in.set_password(world.bank_id, volunteer_id, password, at)
        person = await volunteers.one(services.pool, services.people, world.bank_id, volunteer_id)
        assert person is not None, "they were registered"
        numbers[name] = person.number
    return Credentials(numbers, password, await _new_key(services, world))


async def _new_key(services: Services, world: Demo) -> str:
    """A key of the organisation's, with all permissions."""
    secret = secrets.token_urlsafe(32)
    issue = IssueKey(
        by=OPERATOR,
        at=services.ledger.clock().astimezone(ZoneInfo(TIMEZONE)),
        organisation_id=world.organisation,
        key_id=new_key_id(),
        label="demo",
        permissions=get_args(Permission),
        secret_hash=secret_hash(secret),
    )
    await services.ledger.execute(world.bank_id, issue, request_id="demo")
    return api_key(issue.key_id, secret)
