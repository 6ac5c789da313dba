"""Facts about organisations, who belongs to them, who holds an office, and their API keys."""

from datetime import date
from typing import Literal

from timebank.domain.acting import Office
from timebank.domain.identifiers import (
    ActorId,
    AppointmentId,
    InvitationId,
    KeyId,
    MembershipId,
    NodeId,
    OfficialCode,
    OrganisationId,
    VolunteerId,
)
from timebank.domain.kernel import Fact, Moment

Kind = Literal[
    "party-committee",
    "management-committee",
    "property-company",
    "residents-committee",
    "self-governing-body",
    "social-organisation",
    "social-work-station",
    "enterprise",
    "merchant",
    "community-fund",
    "volunteer-association",
    "service-facility",
]
"""The kinds of body a community has; the first six are those of 百步亭."""


class OrganisationRegistered(Fact, frozen=True, kw_only=True):
    """A body asked to take part. `code` is its official one (统一社会信用代码), unique in the bank."""

    TOPIC = "organisation-registered"
    SAYS = "An organisation was registered"
    organisation_id: OrganisationId
    name: str
    kind: Kind
    code: OfficialCode | None = None


class OrganisationApproved(Fact, frozen=True, kw_only=True):
    """The bank accepted the organisation: from now on it may log service."""

    TOPIC = "organisation-approved"
    SAYS = "An organisation was approved"
    organisation_id: OrganisationId


class OrganisationSuspended(Fact, frozen=True, kw_only=True):
    """The organisation may not log or confirm service until further notice."""

    TOPIC = "organisation-suspended"
    SAYS = "An organisation was suspended"
    organisation_id: OrganisationId
    reason: str


class OrganisationReinstated(Fact, frozen=True, kw_only=True):
    """The suspension ended."""

    TOPIC = "organisation-reinstated"
    SAYS = "An organisation was reinstated"
    organisation_id: OrganisationId
    reason: str


Role = Literal["member", "recorder", "verifier", "coordinator", "merchant"]


class MembershipRequested(Fact, frozen=True, kw_only=True):
    """A volunteer asked to join an organisation in a role; `proposed_by` is the proxy who did so for them."""

    TOPIC = "membership-requested"
    SAYS = "Somebody asked to join"
    SAYS_TO_THEM = "It was asked for you to join an organisation"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None
    proposed_by: ActorId | None = None


class MembershipInvited(Fact, frozen=True, kw_only=True):
    """An organisation asked a volunteer to join it in a role; `invited_by` is who did so, or issued the key for it."""

    TOPIC = "membership-invited"
    SAYS = "Somebody was invited"
    SAYS_TO_THEM = "You were invited to an organisation"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None
    invited_by: ActorId | None = None


class MembershipApproved(Fact, frozen=True, kw_only=True):
    """The volunteer is a member, with the role asked for."""

    TOPIC = "membership-approved"
    SAYS = "A membership was approved"
    SAYS_TO_THEM = "Your membership was approved"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId


class MembershipDeclined(Fact, frozen=True, kw_only=True):
    """One side said no."""

    TOPIC = "membership-declined"
    SAYS = "A membership was declined"
    SAYS_TO_THEM = "Your membership was declined"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


class MembershipRoleChanged(Fact, frozen=True, kw_only=True):
    """The member has another role, or another term, from now on."""

    TOPIC = "membership-role-changed"
    SAYS = "A role was changed"
    SAYS_TO_THEM = "Your role in an organisation was changed"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class MembershipEnded(Fact, frozen=True, kw_only=True):
    """The membership is over."""

    TOPIC = "membership-ended"
    SAYS = "A membership ended"
    SAYS_TO_THEM = "Your membership ended"
    membership_id: MembershipId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


Source = Literal["self", "recommended", "recruited"]
"""How a leader came to it: self-nominated (自荐), recommended (推荐) or recruited (招募)."""


class AppointmentMade(Fact, frozen=True, kw_only=True):
    """Somebody was appointed to an office, from one day until another (both included).

    `node_id` is the place that a node leader leads. Before there were places one led the people of an organisation
    (`organisation_id`), which gives no right any more. `delegated_from` is the appointment of whoever passed their own
    office on, for as long as they have it. `duties` are what a leader is to see to (职责).
    """

    TOPIC = "appointment-made"
    SAYS = "An office was given"
    SAYS_TO_THEM = "You were given an office"
    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    office: Office
    appointed_by: ActorId
    organisation_id: OrganisationId | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    delegated_from: AppointmentId | None = None
    node_id: NodeId | None = None
    source: Source | None = None
    duties: tuple[str, ...] = ()


class AppointmentEnded(Fact, frozen=True, kw_only=True):
    """The appointment is over."""

    TOPIC = "appointment-ended"
    SAYS = "An office ended"
    SAYS_TO_THEM = "Your office ended"
    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    ended_by: ActorId
    delegated_from: AppointmentId | None = None
    reason: str | None = None


Permission = Literal["read", "log-service", "verify-service", "manage-members", "register-volunteers", "fulfil-rewards"]
"""What a key is good for, within its one organisation."""


class ApiKeyIssued(Fact, frozen=True, kw_only=True):
    """A program of the organisation may act with a key. `secret_hash` is the SHA-256 of its 256 random bits, in hex."""

    TOPIC = "api-key-issued"
    SAYS = "An API key was issued"
    key_id: KeyId
    organisation_id: OrganisationId
    label: str
    permissions: tuple[Permission, ...]
    secret_hash: str
    expires_at: Moment | None = None
    replaces: KeyId | None = None


class ApiKeyReplaced(Fact, frozen=True, kw_only=True):
    """Another key takes this one's place; until `expires_at` both are good."""

    TOPIC = "api-key-replaced"
    SAYS = "An API key was replaced"
    key_id: KeyId
    organisation_id: OrganisationId
    replaced_by: KeyId
    expires_at: Moment


class ApiKeyRevoked(Fact, frozen=True, kw_only=True):
    """The key is good for nothing any more."""

    TOPIC = "api-key-revoked"
    SAYS = "An API key was revoked"
    key_id: KeyId
    organisation_id: OrganisationId
    reason: str | None = None


class InvitationMade(Fact, frozen=True, kw_only=True):
    """An organisation invites people to register themselves: so many, until a day (included)."""

    TOPIC = "invitation-made"
    SAYS = "People were invited to register"
    invitation_id: InvitationId
    organisation_id: OrganisationId
    made_by: ActorId
    people: int
    until_day: date


class InvitationWithdrawn(Fact, frozen=True, kw_only=True):
    """Nobody registers by the invitation any more."""

    TOPIC = "invitation-withdrawn"
    SAYS = "An invitation to register was taken back"
    invitation_id: InvitationId
    organisation_id: OrganisationId
    withdrawn_by: ActorId
