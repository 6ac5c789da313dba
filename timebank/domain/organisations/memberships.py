"""Memberships: who may act for an organisation, in which role, from when until when. Nothing else gives that right."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, ClassVar, get_args

from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    MembershipRoleChanged,
    Role,
)
from timebank.domain.identifiers import ActorId, MembershipId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.membership_invitations import Invitations, must_invite_seldom
from timebank.domain.organisations.offices import must_not_outlast, own_offices
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import (
    InvitationIsTheirs,
    KeyOfTheirOwn,
    MembershipAlreadyOpen,
    MembershipIsAnother,
    MembershipNotActive,
    MembershipNotPending,
    MembershipUnknown,
    NotWithinYourOffice,
    OrganisationUnknown,
    RoleMissing,
)
from timebank.domain.organisations.rosters import Team, TeamsOf
from timebank.domain.people.proxies import Proxy, persons
from timebank.domain.people.volunteers import Volunteer, is_one_of, memories_of_eyes
from timebank.domain.refusals import NothingChanges, YouAreSuspended
from timebank.domain.text import Text
from timebank.domain.times import must_be_a_term

EVERY_ROLE: tuple[Role, ...] = get_args(Role)

LOGS_SERVICE: tuple[Role, ...] = ("recorder", "coordinator")

VERIFIES_SERVICE: tuple[Role, ...] = ("verifier", "coordinator")

MANAGES_MEMBERS: tuple[Role, ...] = ("coordinator",)


class Membership(Memory):
    """The open membership of one volunteer in one organisation, if there is one."""

    membership_id: MembershipId | None = None
    status = "none"
    role: Role = "member"
    valid_from: date | None = None
    valid_until: date | None = None
    proposed_by: ActorId | None = None
    in_vain = 0

    def __init__(self, organisation_id: OrganisationId, volunteer_id: VolunteerId) -> None:
        super().__init__(organisation_id, volunteer_id)
        self.organisation_id = organisation_id
        self.volunteer_id = volunteer_id

    @event(MembershipRequested)
    def _(self, fact: MembershipRequested) -> None:
        self._open("requested", fact.membership_id)
        self._set(fact.role, fact.valid_from, fact.valid_until)
        self.proposed_by, self.in_vain = fact.proposed_by, 0

    @event(MembershipInvited)
    def _(self, fact: MembershipInvited) -> None:
        self._open("invited", fact.membership_id)
        self._set(fact.role, fact.valid_from, fact.valid_until)
        self.proposed_by, self.in_vain = fact.invited_by, self.in_vain + 1

    @event(MembershipApproved)
    def _(self) -> None:
        self.status, self.in_vain = "approved", 0

    @event(MembershipDeclined)
    def _(self) -> None:
        self._open("none", None)

    @event(MembershipRoleChanged)
    def _(self, role: Role, valid_from: date | None, valid_until: date | None) -> None:
        self._set(role, valid_from, valid_until)

    @event(MembershipEnded)
    def _(self) -> None:
        self._open("none", None)

    def _open(self, status: str, membership_id: MembershipId | None) -> None:
        self.status, self.membership_id = status, membership_id
        self._set("member", None, None)

    def _set(self, role: Role, valid_from: date | None, valid_until: date | None) -> None:
        self.role, self.valid_from, self.valid_until = role, valid_from, valid_until

    def has_role(self, roles: tuple[Role, ...], on: date) -> bool:
        """Whether the member holds one of the roles on that day."""
        return self.lasts(on) and self.role in roles and (self.valid_from is None or self.valid_from <= on)

    def lasts(self, on: date) -> bool:
        """Whether they are a member whose term is not over on that day; `valid_until` is the last day it holds."""
        return self.status == "approved" and (self.valid_until is None or on <= self.valid_until)

    def must_be_open(self) -> MembershipId:
        """The open membership's identifier; refuses where there is none."""
        if self.membership_id is None:
            raise MembershipUnknown(volunteer_id=self.volunteer_id, organisation_id=self.organisation_id)
        return self.membership_id


def right_of(by: Acting, organisation_id: OrganisationId) -> tuple[Key, ...]:
    """The memories in which the right of `by` to act for an organisation is to be found, if it has to be found.

    Only members have it found there: a proxy acts in somebody's own matters, never in their roles.
    """
    if by.authority != "volunteer" or by.volunteer_id is None:
        return ()
    return about(Membership, organisation_id, by.volunteer_id), about(Volunteer, by.volunteer_id)


def must_act_for(
    organisation_id: OrganisationId,
    by: Acting,
    roles: tuple[Role, ...],
    on: date,
    known: Known,
) -> None:
    """Refuse unless `by` may act for the organisation: as administrator, as its own program, or in one of the roles.

    To those who have nothing to do with the organisation it does not exist; who is suspended has no role. `known` has
    the memories of `right_of`.
    """
    if by.governs or by.organisation_id == organisation_id:
        return
    if by.authority != "volunteer" or by.volunteer_id is None:
        raise OrganisationUnknown(organisation_id=organisation_id)
    membership, volunteer = known(Membership, organisation_id, by.volunteer_id), known(Volunteer, by.volunteer_id)
    if membership.membership_id is None:
        raise OrganisationUnknown(organisation_id=organisation_id)
    volunteer.must_exist()
    if volunteer.is_suspended:
        raise YouAreSuspended
    if not membership.has_role(roles, on):
        raise RoleMissing(role=" or ".join(roles), organisation_id=organisation_id)


class _OnMembership(Command, frozen=True, kw_only=True):
    """What the commands on memberships have in common: where to look, and who is asking."""

    proxy_scope: ClassVar[str | None] = "memberships"

    organisation_id: OrganisationId
    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        managers = (self.manager,) if self.manager else ()
        return (
            about(Membership, self.organisation_id, self.volunteer_id),
            *right_of(self.by, self.organisation_id),
            *(about(Membership, self.organisation_id, each) for each in managers),
            *((about(Volunteer, self.volunteer_id),) if self.by.key_issued_by else ()),
        )

    @property
    def manager(self) -> VolunteerId | None:
        """The member whose right to manage members this rests on: whoever acts, or issued the key that is used."""
        member = self.by.key_issued_by or (self.by.actor if self.by.authority == "volunteer" else "")
        return VolunteerId(member) if member.startswith("vol_") else None

    def membership(self, known: Known) -> Membership:
        """The membership in question."""
        return known(Membership, self.organisation_id, self.volunteer_id)

    def must_manage(self, known: Known) -> None:
        """Refuse whoever may not give or take roles in the organisation."""
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)
        if self.by.key_issued_by and is_one_of(known, self.volunteer_id, self.by.eyes):
            raise KeyOfTheirOwn

    def must_give(self, known: Known, role: Role, until: date | None) -> None:
        """Refuse a member who manages members for a term, and gives that right for longer, by a key too.

        To themselves they give no role for longer, and an administrator none for longer than they are one.
        """
        if role != "member":
            must_not_outlast(known, self.by, self.volunteer_id, until, self.at.date())
        if self.manager and (role in MANAGES_MEMBERS or (role != "member" and self.manager == self.volunteer_id)):
            own = known(Membership, self.organisation_id, self.manager).valid_until
            if own and (until is None or until > own):
                raise NotWithinYourOffice

    @property
    def is_own(self) -> bool:
        """Whether the volunteer decides about their own membership."""
        return self.by.own_id == self.volunteer_id

    @property
    def is_in_person(self) -> bool:
        """Whether the volunteer does so themselves, and no proxy of theirs."""
        return self.is_own and self.by.on_behalf_of is None


class _Entry(_OnMembership, frozen=True, kw_only=True):
    """What asking and letting in have in common: both sides have to be there for it."""

    def needs(self) -> Sequence[Key]:
        return (
            *super().needs(),
            about(Organisation, self.organisation_id),
            about(Volunteer, self.volunteer_id),
            *own_offices(self.by, self.volunteer_id),
        )


class AddMember(_Entry, frozen=True, kw_only=True):
    """Ask for a membership: the volunteer requests it, or the organisation invites. Nobody invites themselves."""

    membership_id: MembershipId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Key]:
        return *super().needs(), *((about(Invitations, self.organisation_id),) if self.is_counted else ())

    @property
    def is_counted(self) -> bool:
        """Whether an organisation invites, which it does so often, and so many, at most."""
        return not (self.is_own or self.by.governs)

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        if not self.is_own:
            self.must_manage(known)
            self.must_give(known, self.role, self.valid_until)
        organisation.must_be_approved()
        known(Volunteer, self.volunteer_id).must_be_active()
        if self.membership(known).membership_id is not None:
            raise MembershipAlreadyOpen(volunteer_id=self.volunteer_id, organisation_id=self.organisation_id)
        must_be_a_term(self.valid_from, self.valid_until)
        if self.is_counted:
            waiting = known(Invitations, self.organisation_id).waiting
            must_invite_seldom(self.membership(known).in_vain, len(waiting))
        asked: dict[str, Any] = {
            "membership_id": self.membership_id,
            "organisation_id": self.organisation_id,
            "volunteer_id": self.volunteer_id,
            "role": self.role,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }
        if not (self.is_own or self.by.volunteer_id == self.volunteer_id):
            yield MembershipInvited(**asked, invited_by=self.by.key_issued_by or self.by.actor)
            return
        yield MembershipRequested(**asked, proposed_by=self.by.actor if self.by.on_behalf_of else None)


class ApproveMembership(_Entry, frozen=True, kw_only=True):
    """Let the volunteer in. A volunteer can accept an invitation, but not grant their own request.

    Whoever is invited says so in person, or an administrator for them who did not invite them: nobody becomes a member
    by the word of those who invited them, of a proxy, or of a program. Nor does somebody let in for whom they may ask
    as their proxy, or asked when they were it. `role` and `seen_id` are the role and the membership that whoever
    decides has seen; where another waits by now, nothing happens.
    """

    role: Role | None = None
    seen_id: MembershipId | None = None

    def needs(self) -> Sequence[Key]:
        proxies = (about(Proxy, self.volunteer_id, each) for each in self.managers)
        return *super().needs(), *memories_of_eyes(self.by), *proxies

    @property
    def managers(self) -> list[VolunteerId]:
        """The people who decide, whoever issued the key that is used among them; of an administrator it is nobody."""
        return [] if self.by.governs else [each for each in persons(self.by.eyes) if each != self.volunteer_id]

    def asks_for_them(self, known: Known) -> bool:
        """Whether one of them asked for this membership in the volunteer's name, or may ask for one today."""
        if self.proposed_it(known):
            return True
        held = (known(Proxy, self.volunteer_id, each).in_force(self.at.date()) for each in self.managers)
        return any("memberships" in each.scopes for each in held if each)

    def proposed_it(self, known: Known) -> bool:
        """Whether whoever decides, or issued the key that is used, invited the volunteer, or asked in their name."""
        proposer = self.membership(known).proposed_by
        return proposer is not None and is_one_of(known, VolunteerId(proposer), persons(self.by.eyes))

    def decide(self, known: Known) -> Iterator[Fact]:
        membership = self.membership(known)
        if not (self.is_own and membership.status == "invited"):
            self.must_manage(known)
            self.must_give(known, membership.role, membership.valid_until)
        is_for_them = self.by.governs and not self.proposed_it(known)
        if membership.status == "invited" and not (is_for_them or self.is_in_person):
            raise InvitationIsTheirs
        if membership.status == "requested" and self.asks_for_them(known):
            raise InvitationIsTheirs
        membership_id = membership.must_be_open()
        known(Organisation, self.organisation_id).must_be_approved()
        known(Volunteer, self.volunteer_id).must_be_active()
        if membership.status == "approved":
            raise MembershipNotPending(status=membership.status)
        if self.role not in (None, membership.role) or self.seen_id not in (None, membership_id):
            raise MembershipIsAnother(role=membership.role)
        yield MembershipApproved(
            membership_id=membership_id, organisation_id=self.organisation_id, volunteer_id=self.volunteer_id
        )


class DeclineMembership(_OnMembership, frozen=True, kw_only=True):
    """Say no to a request or an invitation; a volunteer declines, or takes back, their own."""

    reason: Text | None = None

    def decide(self, known: Known) -> Iterator[Fact]:
        membership = self.membership(known)
        if not self.is_own:
            self.must_manage(known)
        membership_id = membership.must_be_open()
        if membership.status == "approved":
            raise MembershipNotPending(status=membership.status)
        yield MembershipDeclined(
            membership_id=membership_id,
            organisation_id=self.organisation_id,
            volunteer_id=self.volunteer_id,
            reason=self.reason,
        )


class ChangeRole(_OnMembership, frozen=True, kw_only=True):
    """Give a member another role or another term."""

    proxy_scope = None

    role: Role
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Key]:
        return *super().needs(), *own_offices(self.by, self.volunteer_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        membership = self.membership(known)
        self.must_manage(known)
        self.must_give(known, self.role, self.valid_until)
        membership_id = membership.must_be_open()
        if membership.status != "approved":
            raise MembershipNotActive(status=membership.status)
        must_be_a_term(self.valid_from, self.valid_until)
        asked_for = (self.role, self.valid_from, self.valid_until)
        if asked_for == (membership.role, membership.valid_from, membership.valid_until):
            raise NothingChanges
        yield MembershipRoleChanged(
            membership_id=membership_id,
            organisation_id=self.organisation_id,
            volunteer_id=self.volunteer_id,
            role=self.role,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class EndMembership(_OnMembership, frozen=True, kw_only=True):
    """End a membership, and with it that in the organisation's own teams; a volunteer may always leave."""

    reason: Text | None = None

    def needs(self) -> Sequence[Key]:
        return *super().needs(), about(TeamsOf, self.volunteer_id)

    def also_needs(self, known: Known) -> Sequence[Key]:
        return [about(Team, each) for each in known(TeamsOf, self.volunteer_id).within(self.organisation_id)]

    def decide(self, known: Known) -> Iterator[Fact]:
        membership = self.membership(known)
        if not self.is_own:
            self.must_manage(known)
        membership_id = membership.must_be_open()
        if membership.status != "approved":
            raise MembershipNotActive(status=membership.status)
        theirs = known(TeamsOf, self.volunteer_id)
        yield from theirs.left(
            [each for each in theirs.within(self.organisation_id) if not known(Team, each).is_guided]
        )
        yield MembershipEnded(
            membership_id=membership_id,
            organisation_id=self.organisation_id,
            volunteer_id=self.volunteer_id,
            reason=self.reason,
        )
