"""Memberships: who may act for an organisation, in which role, from when until when. Nothing else gives that right."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from timebank.domain.identifiers import MembershipId, OrganisationId, VolunteerId
from timebank.domain.kernel import Acting, Command, Fact, Memory, event
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import (
    MembershipAlreadyOpen,
    MembershipNotActive,
    MembershipNotPending,
    MembershipUnknown,
    NothingChanges,
    NotWithinYourOffice,
    OrganisationUnknown,
    RoleMissing,
    TermEndsBeforeItStarts,
    YouAreSuspended,
)
from timebank.domain.volunteers import Volunteer

Role = Literal["member", "recorder", "verifier", "coordinator", "merchant"]

LOGS_SERVICE: tuple[Role, ...] = ("recorder", "coordinator")
VERIFIES_SERVICE: tuple[Role, ...] = ("verifier", "coordinator")
MANAGES_MEMBERS: tuple[Role, ...] = ("coordinator",)


class MembershipRequested(Fact, frozen=True, kw_only=True):
    """A volunteer asked to join an organisation in a role."""

    TOPIC = "membership-requested"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class MembershipInvited(Fact, frozen=True, kw_only=True):
    """An organisation asked a volunteer to join it in a role."""

    TOPIC = "membership-invited"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class MembershipApproved(Fact, frozen=True, kw_only=True):
    """The volunteer is a member, with the role asked for."""

    TOPIC = "membership-approved"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId


class MembershipDeclined(Fact, frozen=True, kw_only=True):
    """One side said no."""

    TOPIC = "membership-declined"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


class MembershipRoleChanged(Fact, frozen=True, kw_only=True):
    """The member has another role, or another term, from now on."""

    TOPIC = "membership-role-changed"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class MembershipEnded(Fact, frozen=True, kw_only=True):
    """The membership is over."""

    TOPIC = "membership-ended"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


class Membership(Memory):
    """The open membership of one volunteer in one organisation, if there is one."""

    membership_id: MembershipId | None = None
    status = "none"
    role: Role = "member"
    valid_from: date | None = None
    valid_until: date | None = None

    @event(MembershipRequested)
    def _(self, membership_id: MembershipId, role: Role, valid_from: date | None, valid_until: date | None) -> None:
        self._open("requested", membership_id)
        self._set(role, valid_from, valid_until)

    @event(MembershipInvited)
    def _(self, membership_id: MembershipId, role: Role, valid_from: date | None, valid_until: date | None) -> None:
        self._open("invited", membership_id)
        self._set(role, valid_from, valid_until)

    @event(MembershipApproved)
    def _(self) -> None:
        self.status = "approved"

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
        self.status, self.membership_id, self.role = status, membership_id, "member"

    def _set(self, role: Role, valid_from: date | None, valid_until: date | None) -> None:
        self.role, self.valid_from, self.valid_until = role, valid_from, valid_until

    def has_role(self, roles: tuple[Role, ...], on: date) -> bool:
        """Whether the member holds one of the roles on that day; `valid_until` is the last day it holds."""
        return (
            self.status == "approved"
            and self.role in roles
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_until is None or on <= self.valid_until)
        )

    def must_be_open(self, organisation_id: OrganisationId, volunteer_id: VolunteerId) -> MembershipId:
        """The open membership's identifier; refuses where there is none."""
        if self.membership_id is None:
            raise MembershipUnknown(volunteer_id=volunteer_id, organisation_id=organisation_id)
        return self.membership_id


def right_of(by: Acting, organisation_id: OrganisationId) -> tuple[Memory, ...]:
    """The memories in which the right of `by` to act for an organisation is to be found, if it has to be found.

    Only members have it found there: a proxy acts in somebody's own matters, never in their roles.
    """
    if by.authority != "volunteer" or by.volunteer_id is None:
        return ()
    return Membership(organisation_id, by.volunteer_id), Volunteer(by.volunteer_id)


def must_act_for(
    organisation_id: OrganisationId,
    by: Acting,
    roles: tuple[Role, ...],
    on: date,
    memories: Sequence[Memory],
    *,
    or_lead: bool = False,
) -> None:
    """Refuse unless `by` may act for the organisation: as administrator, as its own program, or in one of the roles.

    Who leads its people (a node leader) may too, where it is said (`or_lead`). To those who have nothing to do with the
    organisation it does not exist; who is suspended has no role.
    """
    if by.governs or by.organisation_id == organisation_id:
        return
    if or_lead and by.authority == "node-leader" and by.scope == organisation_id:
        return
    known = {memory.key: memory for memory in memories}
    right = [known.get(memory.key) for memory in right_of(by, organisation_id)]
    match right:
        case [Membership(membership_id=str()) as membership, Volunteer() as volunteer]:
            volunteer.must_exist(VolunteerId(by.actor))
            if volunteer.is_suspended:
                raise YouAreSuspended
            if not membership.has_role(roles, on):
                raise RoleMissing(role=" or ".join(roles), organisation_id=organisation_id)
        case _:
            raise OrganisationUnknown(organisation_id=organisation_id)


def must_be_within(by: Acting, volunteer_id: VolunteerId, *roles: Role) -> None:
    """Refuse a node leader who gives, or takes, more than plain membership, or decides about themselves."""
    if by.authority == "node-leader" and (by.volunteer_id == volunteer_id or set(roles) - {"member"}):
        raise NotWithinYourOffice


class AddMember(Command, frozen=True, kw_only=True):
    """Ask for a membership: the volunteer requests it, or the organisation invites."""

    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Memory]:
        return (
            Organisation(self.organisation_id),
            Volunteer(self.volunteer_id),
            Membership(self.organisation_id, self.volunteer_id),
            *right_of(self.by, self.organisation_id),
        )

    def decide(
        self, organisation: Organisation, volunteer: Volunteer, membership: Membership, *right: Memory
    ) -> Iterator[Fact]:
        organisation.must_exist(self.organisation_id)
        asks_for_self = self.by.own_id == self.volunteer_id
        if not asks_for_self:
            must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), right, or_lead=True)
            must_be_within(self.by, self.volunteer_id, self.role)
        organisation.must_be_approved(self.organisation_id)
        volunteer.must_be_active(self.volunteer_id)
        if membership.membership_id is not None:
            raise MembershipAlreadyOpen(volunteer_id=self.volunteer_id, organisation_id=self.organisation_id)
        must_be_a_term(self.valid_from, self.valid_until)
        fact = MembershipRequested if asks_for_self else MembershipInvited
        yield fact(
            membership_id=self.membership_id,
            organisation_id=self.organisation_id,
            volunteer_id=self.volunteer_id,
            role=self.role,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


def must_be_a_term(valid_from: date | None, valid_until: date | None) -> None:
    """Refuse a term that ends before it starts."""
    if valid_from and valid_until and valid_until < valid_from:
        raise TermEndsBeforeItStarts


class _OnMembership(Command, frozen=True, kw_only=True):
    """What the commands on an existing membership have in common: where to look, and who is asking."""

    organisation_id: OrganisationId
    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Memory]:
        return (
            Membership(self.organisation_id, self.volunteer_id),
            *right_of(self.by, self.organisation_id),
        )

    def must_manage(self, right: Sequence[Memory], *roles: Role) -> None:
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), right, or_lead=True)
        must_be_within(self.by, self.volunteer_id, *roles)

    @property
    def is_own(self) -> bool:
        """Whether the volunteer decides about their own membership."""
        return self.by.own_id == self.volunteer_id


class ApproveMembership(_OnMembership, frozen=True, kw_only=True):
    """Let the volunteer in. A volunteer can accept an invitation, but not grant their own request."""

    def needs(self) -> Sequence[Memory]:
        membership, *right = super().needs()
        return membership, Organisation(self.organisation_id), Volunteer(self.volunteer_id), *right

    def decide(
        self, membership: Membership, organisation: Organisation, volunteer: Volunteer, *right: Memory
    ) -> Iterator[Fact]:
        if not (self.is_own and membership.status == "invited"):
            self.must_manage(right, membership.role)
        membership_id = membership.must_be_open(self.organisation_id, self.volunteer_id)
        organisation.must_be_approved(self.organisation_id)
        volunteer.must_be_active(self.volunteer_id)
        if membership.status == "approved":
            raise MembershipNotPending(status=membership.status)
        yield MembershipApproved(
            membership_id=membership_id, organisation_id=self.organisation_id, volunteer_id=self.volunteer_id
        )


class DeclineMembership(_OnMembership, frozen=True, kw_only=True):
    """Say no to a request or an invitation; a volunteer declines, or takes back, their own."""

    reason: str | None = None

    def decide(self, membership: Membership, *right: Memory) -> Iterator[Fact]:
        if not self.is_own:
            self.must_manage(right, membership.role)
        membership_id = membership.must_be_open(self.organisation_id, self.volunteer_id)
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

    role: Role
    valid_from: date | None = None
    valid_until: date | None = None

    def decide(self, membership: Membership, *right: Memory) -> Iterator[Fact]:
        self.must_manage(right, self.role, membership.role)
        membership_id = membership.must_be_open(self.organisation_id, self.volunteer_id)
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
    """End a membership; a volunteer may always leave."""

    reason: str | None = None

    def decide(self, membership: Membership, *right: Memory) -> Iterator[Fact]:
        if not self.is_own:
            self.must_manage(right, membership.role)
        membership_id = membership.must_be_open(self.organisation_id, self.volunteer_id)
        if membership.status != "approved":
            raise MembershipNotActive(status=membership.status)
        yield MembershipEnded(
            membership_id=membership_id,
            organisation_id=self.organisation_id,
            volunteer_id=self.volunteer_id,
            reason=self.reason,
        )
