"""Organisations: the bodies that log service, and whether the bank has approved them."""

from collections.abc import Iterator, Sequence
from typing import Literal

from timebank.domain.bank import must_govern
from timebank.domain.identifiers import OrganisationId, code_tag
from timebank.domain.kernel import Command, Fact, Memory, event
from timebank.domain.refusals import (
    OrganisationCodeTaken,
    OrganisationNotApproved,
    OrganisationNotRegistered,
    OrganisationNotSuspended,
    OrganisationUnknown,
)

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
    organisation_id: OrganisationId
    name: str
    kind: Kind
    code: str | None = None


class OrganisationApproved(Fact, frozen=True, kw_only=True):
    """The bank accepted the organisation: from now on it may log service."""

    TOPIC = "organisation-approved"
    organisation_id: OrganisationId


class OrganisationSuspended(Fact, frozen=True, kw_only=True):
    """The organisation may not log or confirm service until further notice."""

    TOPIC = "organisation-suspended"
    organisation_id: OrganisationId
    reason: str


class OrganisationReinstated(Fact, frozen=True, kw_only=True):
    """The suspension ended."""

    TOPIC = "organisation-reinstated"
    organisation_id: OrganisationId
    reason: str


class Organisation(Memory):
    """How an organisation stands with the bank: unknown, registered, approved or suspended."""

    status = "unknown"

    @event(OrganisationRegistered)
    def _(self) -> None:
        self.status = "registered"

    @event(OrganisationApproved)
    def _(self) -> None:
        self.status = "approved"

    @event(OrganisationSuspended)
    def _(self) -> None:
        self.status = "suspended"

    @event(OrganisationReinstated)
    def _(self) -> None:
        self.status = "approved"

    def must_exist(self, organisation_id: OrganisationId) -> None:
        """Refuse for an organisation nobody knows."""
        if self.status == "unknown":
            raise OrganisationUnknown(organisation_id=organisation_id)

    def must_be_approved(self, organisation_id: OrganisationId) -> None:
        """Refuse for an organisation that is not approved, or no longer."""
        self.must_exist(organisation_id)
        if self.status != "approved":
            raise OrganisationNotApproved(organisation_id=organisation_id, status=self.status)


class CodeHolder(Memory):
    """Whether an official code is taken."""

    is_taken = False

    @event(OrganisationRegistered)
    def _(self) -> None:
        self.is_taken = True


class RegisterOrganisation(Command, frozen=True, kw_only=True):
    """Take a body into the bank's register."""

    organisation_id: OrganisationId
    name: str
    kind: Kind
    code: str | None = None

    def needs(self) -> Sequence[Memory]:
        return (CodeHolder(code_tag(self.code)),) if self.code else ()

    def decide(self, holder: CodeHolder | None = None) -> Iterator[Fact]:
        must_govern(self.by)
        if holder and holder.is_taken:
            raise OrganisationCodeTaken(code=self.code)
        yield OrganisationRegistered(
            organisation_id=self.organisation_id, name=self.name, kind=self.kind, code=self.code
        )


class ApproveOrganisation(Command, frozen=True, kw_only=True):
    """Let a registered organisation log service."""

    organisation_id: OrganisationId

    def needs(self) -> Sequence[Memory]:
        return (Organisation(self.organisation_id),)

    def decide(self, organisation: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        organisation.must_exist(self.organisation_id)
        if organisation.status != "registered":
            raise OrganisationNotRegistered(organisation_id=self.organisation_id, status=organisation.status)
        yield OrganisationApproved(organisation_id=self.organisation_id)


class SuspendOrganisation(Command, frozen=True, kw_only=True):
    """Accept nothing more from an organisation for now."""

    organisation_id: OrganisationId
    reason: str

    def needs(self) -> Sequence[Memory]:
        return (Organisation(self.organisation_id),)

    def decide(self, organisation: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        organisation.must_be_approved(self.organisation_id)
        yield OrganisationSuspended(organisation_id=self.organisation_id, reason=self.reason)


class ReinstateOrganisation(Command, frozen=True, kw_only=True):
    """End a suspension."""

    organisation_id: OrganisationId
    reason: str

    def needs(self) -> Sequence[Memory]:
        return (Organisation(self.organisation_id),)

    def decide(self, organisation: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        organisation.must_exist(self.organisation_id)
        if organisation.status != "suspended":
            raise OrganisationNotSuspended(organisation_id=self.organisation_id, status=organisation.status)
        yield OrganisationReinstated(organisation_id=self.organisation_id, reason=self.reason)
