"""Sight: what of the bank somebody sees. Everything that serves people asks here, so it is the same everywhere.

A phone is seen by its owner and proxies who may look (`VIEW_PERSON`), by administrators (`Sight.people`), by whoever
leads the place where somebody lives (`api/places/nodes.py`), and by whoever calls people up who agreed to that
(`api/activities/calls.py`); by nobody else.
"""

from datetime import date
from typing import NamedTuple

import msgspec

from timebank.access.rights import NotAllowed
from timebank.access.table import SEES_MEMBERS, SEES_RECORDS
from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.credit.redemptions import FULFILS_REWARDS
from timebank.domain.facts.organisations import Role
from timebank.domain.identifiers import OrganisationId, TeamId
from timebank.domain.organisations.memberships import EVERY_ROLE, LOGS_SERVICE, MANAGES_MEMBERS, VERIFIES_SERVICE
from timebank.domain.organisations.refusals import OrganisationUnknown, RoleMissing, TeamUnknown
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.refusals import OfficeMissing
from timebank.identity.principals import Principal
from timebank.ledger.codec import Event
from timebank.projections.credit.funds import FundView
from timebank.projections.credit.redemptions import RedemptionView
from timebank.projections.organisations import memberships, teams
from timebank.projections.people import volunteers
from timebank.projections.people.proxies import ProxyView
from timebank.projections.people.volunteers import VolunteerView
from timebank.projections.service.records import ServiceRecordView
from timebank.vault.people import People


class RecordsSeen(NamedTuple):
    """Whose records, and of which organisations: None is without limit; of oneself also under which earlier numbers."""

    organisation_ids: list[str] | None
    volunteer_id: str | None
    earlier_ids: tuple[str, ...] = ()


class RedemptionsSeen(NamedTuple):
    """Of which providers, or whose own; None for the providers is without limit."""

    provider_ids: list[str] | None
    own_id: str | None


class Sight:
    """What one principal sees, in the way they act, on one day."""

    def __init__(self, principal: Principal, pool: Pool, today: date) -> None:
        self.pool = pool
        self.bank_id = principal.bank_id
        self._principal = principal
        self._acting: Acting = principal.acting
        self._today = today

    @property
    def sees_all(self) -> bool:
        """Whether their office lets them see the whole bank's service and credit."""
        return self._principal.role in {"administrator", "auditor"}

    @property
    def sees_people(self) -> bool:
        """Whether their office lets them see who people are, all over the bank."""
        return self._principal.role == "administrator"

    @property
    def _leads_a_place(self) -> bool:
        """Whether they lead a place, and so look for people to be entered there."""
        return any(each.node_id for each in (self._acting, *self._principal.acting_also))

    @property
    def own_ids(self) -> frozenset[str]:
        """The ids that count as their own: whoever asks, and whom they act for; also those merged with these."""
        ids = self._principal.actor, self._acting.on_behalf_of, *self._principal.earlier_ids
        return frozenset(each for each in ids if each)

    @property
    def registrations(self) -> tuple[str, ...]:
        """Under which registrations something is theirs, or whose they act for: one, and what was merged with it.

        There are none where an office asks, or a program.
        """
        own = self._acting.own_id
        return (own, *self._principal.earlier_ids) if own else ()

    def _earlier(self, volunteer_id: str | None) -> tuple[str, ...]:
        """What was merged with a registration that something is asked of, if that is theirs."""
        return self._principal.earlier_ids if volunteer_id and volunteer_id == self._acting.own_id else ()

    def is_proxy(self, proxy: ProxyView) -> bool:
        """Whether it is them who may act for somebody, today."""
        return proxy.proxy_volunteer_id == self._principal.actor and proxy.in_force(self._today)

    async def served(self) -> list[str]:
        """The organisations whose affairs they see by what they do there."""
        return await self.organisations((*SEES_MEMBERS, *FULFILS_REWARDS))

    async def verified(self) -> list[str]:
        """The organisations whose service they verify, as a person."""
        return [] if self._acting.organisation_id else await self.organisations(VERIFIES_SERVICE)

    async def organisations(self, roles: tuple[Role, ...]) -> list[str]:
        """The organisations whose affairs they see: their own program's, those they have such a role in."""
        if self._acting.organisation_id:
            return [self._acting.organisation_id]
        rights = (self._acting, *self._principal.acting_also)
        seen: list[str] = []
        if any(each.authority == "volunteer" for each in rights) and not self._principal.is_suspended:
            held = await memberships.roles_of(self.pool, self.bank_id, self._acting.actor, self._today)
            seen += [organisation_id for organisation_id, role in held.items() if role in roles]
        return seen

    # Organisations

    async def must_manage(self, organisation_id: OrganisationId) -> None:
        """Refuse whoever does not manage an organisation: to strangers it does not exist."""
        if self.sees_people:
            return
        if organisation_id not in await self.organisations(EVERY_ROLE):
            raise OrganisationUnknown(organisation_id=organisation_id)
        if organisation_id not in await self.organisations(MANAGES_MEMBERS):
            raise RoleMissing(role=" or ".join(MANAGES_MEMBERS), organisation_id=organisation_id)

    async def must_see_members(self, organisation_id: OrganisationId) -> None:
        """Refuse whoever has no business with an organisation's members: to them it does not exist."""
        if not self.sees_people and organisation_id not in await self.organisations(SEES_MEMBERS):
            raise OrganisationUnknown(organisation_id=organisation_id)

    async def must_see_statistics(self, organisation_id: OrganisationId) -> None:
        """Refuse whoever neither audits the bank nor does anything for an organisation: to them it does not exist."""
        if not self.sees_all and organisation_id not in await self.organisations(SEES_MEMBERS):
            raise OrganisationUnknown(organisation_id=organisation_id)

    async def teams(self) -> frozenset[str]:
        """The teams that they belong to: whoever does knows the others by name."""
        own_id = self._acting.own_id
        if own_id is None or self._principal.is_suspended:
            return frozenset()
        return await teams.joined(self.pool, self.bank_id, own_id, self._today)

    async def must_see_team(self, organisation_id: OrganisationId, team_id: TeamId) -> None:
        """Refuse whoever neither belongs to a team nor serves its organisation: to them its people do not exist."""
        if self.sees_people or team_id in await self.teams():
            return
        if organisation_id not in await self.organisations(SEES_MEMBERS):
            raise TeamUnknown(team_id=team_id)

    # People

    async def people(self, people: People, query: str | None, after: str, limit: int) -> list[VolunteerView]:
        """What they see of those they look for, in the order of registration, after the one given.

        Administrators see all. Others see the members of their organisations, without phones; of strangers, whom they
        find by the whole number or phone only, the first character of the name. Raises `NotAllowed`.
        """
        if self.sees_people:
            return await volunteers.page(self.pool, people, self.bank_id, query, after, limit)
        own = await self.organisations(SEES_MEMBERS)
        if not own and not self._leads_a_place:
            raise NotAllowed(
                "This is for administrators, node leaders, and whoever logs, verifies or manages for an organisation."
            )
        members = await volunteers.page(self.pool, people, self.bank_id, query, after, limit, members_of=own)
        shown = [_without_phone(each) for each in members]
        if query and not after:
            members_ids = {each.volunteer_id for each in shown}
            meant = await volunteers.exactly(self.pool, people, self.bank_id, query)
            shown += [_hardly_shown(each) for each in meant if each.volunteer_id not in members_ids]
        return shown[:limit]

    # The log

    def sees_fact(self, event: Event) -> bool:
        """Whether they see a fact as it is in the log: it is about them, or they did it, or had it done for them."""
        theirs = (
            self._acting.actor == event.actor,
            *(own in (event.on_behalf_of, *event.tags) for own in self.registrations),
        )
        return self.sees_all or any(theirs)

    # Service

    async def must_log_for(self, organisation_id: OrganisationId) -> None:
        """Refuse whoever does not log service for an organisation: to strangers it does not exist."""
        if self.sees_people:
            return
        if organisation_id not in await self.organisations(EVERY_ROLE):
            raise OrganisationUnknown(organisation_id=organisation_id)
        if organisation_id not in await self.organisations(LOGS_SERVICE):
            raise RoleMissing(role=" or ".join(LOGS_SERVICE), organisation_id=organisation_id)

    async def records(self, organisation_id: str | None, volunteer_id: str | None) -> RecordsSeen:
        """Which records they see, of those asked for. Raises `OrganisationUnknown` or `VolunteerUnknown`."""
        if self.sees_all:
            return RecordsSeen([organisation_id] if organisation_id else None, volunteer_id)
        own, theirs = self._acting.own_id, self.registrations
        if theirs and organisation_id is None and volunteer_id in (None, *theirs):
            return RecordsSeen(None, volunteer_id or own, self._earlier(volunteer_id or own))
        seen = await self.organisations(SEES_RECORDS)
        if volunteer_id not in (None, *theirs) and not seen:
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        if organisation_id is None:
            return RecordsSeen(seen, volunteer_id)
        if organisation_id in seen or volunteer_id in theirs:
            return RecordsSeen([organisation_id], volunteer_id, self._earlier(volunteer_id))
        raise OrganisationUnknown(organisation_id=organisation_id)

    async def sees_record(self, record: ServiceRecordView) -> bool:
        """Whether they see a record: their own, or of an organisation they log or verify for."""
        if self.sees_all or record.volunteer_id in self.registrations:
            return True
        return record.organisation_id in await self.organisations(SEES_RECORDS)

    # Credit

    async def redemptions(self, provider_id: str | None) -> RedemptionsSeen:
        """Which redemptions they see: their own, and those they provide; of one provider only, if it is asked for."""
        providers = None if self.sees_all else await self._provided()
        if not provider_id:
            return RedemptionsSeen(providers, self._acting.own_id)
        return RedemptionsSeen([provider_id] if providers is None or provider_id in providers else [], None)

    async def sees_redemption(self, redemption: RedemptionView) -> bool:
        """Whether they see a redemption: they pay for it, get it, or provide it."""
        if self.sees_all or {redemption.volunteer_id, redemption.beneficiary_id} & {*self.registrations}:
            return True
        return redemption.provider_id in await self._provided()

    async def _provided(self) -> list[str]:
        """For which providers they accept codes; not as somebody's proxy."""
        return [] if self._acting.on_behalf_of else await self.organisations(FULFILS_REWARDS)

    def transfers_of(self, volunteer_id: str | None) -> tuple[str, ...] | None:
        """Whose gifts and donations they see, if it is not everybody's. Raises `VolunteerUnknown` for a stranger's."""
        if self.sees_all:
            return (volunteer_id,) if volunteer_id else None
        if volunteer_id not in (None, *self.registrations):
            raise VolunteerUnknown(volunteer_id=volunteer_id)
        return (volunteer_id, *self._earlier(volunteer_id)) if volunteer_id else self.registrations

    async def must_see_grants(self, fund: FundView) -> None:
        """Refuse whoever neither keeps a fund nor audits the bank."""
        if not self.sees_all and fund.organisation_id not in await self.organisations(MANAGES_MEMBERS):
            raise OfficeMissing(office="administrator or auditor")


def masked(name: str | None) -> str | None:
    """A name of which only the first character is shown."""
    return f"{name[0]}{'*' * (len(name) - 1)}" if name else None


def _without_phone(member: VolunteerView) -> VolunteerView:
    """A member as others of the organisation see them: without phone, year of birth and door."""
    return msgspec.structs.replace(member, phone=None, birth_year=None, door=None)


def _hardly_shown(stranger: VolunteerView) -> VolunteerView:
    """A stranger whose whole number or phone was given: enough to see that it is who one means."""
    return msgspec.structs.replace(_without_phone(stranger), name=masked(stranger.name), skills=None, alias=None)
