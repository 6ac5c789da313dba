"""Organisations: the bodies that log service, and whether the bank has approved them."""

from collections.abc import Iterator, Sequence

from timebank.domain.acting import must_govern
from timebank.domain.facts.organisations import (
    Kind,
    OrganisationApproved,
    OrganisationRegistered,
    OrganisationReinstated,
    OrganisationSuspended,
)
from timebank.domain.identifiers import OfficialCode, OrganisationId, code_tag
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.refusals import (
    OfficialCodeTaken,
    OrganisationNotApproved,
    OrganisationNotRegistered,
    OrganisationNotSuspended,
    OrganisationUnknown,
)
from timebank.domain.text import Line, Text


class Organisation(Memory):
    """How an organisation stands with the bank: unknown, registered, approved or suspended."""

    status = "unknown"

    def __init__(self, organisation_id: OrganisationId) -> None:
        super().__init__(organisation_id)
        self.organisation_id = organisation_id

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

    def must_exist(self) -> None:
        """Refuse for an organisation nobody knows."""
        if self.status == "unknown":
            raise OrganisationUnknown(organisation_id=self.organisation_id)

    def must_be_approved(self) -> None:
        """Refuse for an organisation that is not approved, or no longer."""
        self.must_exist()
        if self.status != "approved":
            raise OrganisationNotApproved(organisation_id=self.organisation_id, status=self.status)


class CodeHolder(Memory):
    """Whether an official code is taken."""

    is_taken = False

    def __init__(self, code: OfficialCode) -> None:
        super().__init__(code_tag(code))

    @event(OrganisationRegistered)
    def _(self) -> None:
        self.is_taken = True


class RegisterOrganisation(Command, frozen=True, kw_only=True):
    """Take a body into the bank's register."""

    organisation_id: OrganisationId
    name: Line
    kind: Kind
    code: OfficialCode | None = None

    def needs(self) -> Sequence[Key]:
        return (about(CodeHolder, self.code),) if self.code else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        if self.code and known(CodeHolder, self.code).is_taken:
            raise OfficialCodeTaken(code=self.code)
        yield OrganisationRegistered(
            organisation_id=self.organisation_id, name=self.name, kind=self.kind, code=self.code
        )


class _OnOrganisation(Command, frozen=True, kw_only=True):
    """What the decisions on an organisation have in common."""

    organisation_id: OrganisationId

    def needs(self) -> Sequence[Key]:
        return (about(Organisation, self.organisation_id),)


class ApproveOrganisation(_OnOrganisation, frozen=True, kw_only=True):
    """Let a registered organisation log service."""

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        if organisation.status != "registered":
            raise OrganisationNotRegistered(organisation_id=self.organisation_id, status=organisation.status)
        yield OrganisationApproved(organisation_id=self.organisation_id)


class SuspendOrganisation(_OnOrganisation, frozen=True, kw_only=True):
    """Accept nothing more from an organisation for now."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        known(Organisation, self.organisation_id).must_be_approved()
        yield OrganisationSuspended(organisation_id=self.organisation_id, reason=self.reason)


class ReinstateOrganisation(_OnOrganisation, frozen=True, kw_only=True):
    """End a suspension."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        if organisation.status != "suspended":
            raise OrganisationNotSuspended(organisation_id=self.organisation_id, status=organisation.status)
        yield OrganisationReinstated(organisation_id=self.organisation_id, reason=self.reason)
