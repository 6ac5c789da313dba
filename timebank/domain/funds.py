"""Funds: credit that belongs to nobody in particular: a community's (社区基金), or set aside for a project."""

from collections.abc import Iterator, Sequence
from typing import Literal

from timebank.domain.bank import must_govern
from timebank.domain.identifiers import FundId, OrganisationId
from timebank.domain.kernel import Command, Fact, Memory, event
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import FundIsClosed, FundUnknown

FundKind = Literal["community", "project"]


class FundOpened(Fact, frozen=True, kw_only=True):
    """There is a fund; where an organisation keeps it, its coordinators grant from it, as administrators do."""

    TOPIC = "fund-opened"
    fund_id: FundId
    name: str
    kind: FundKind
    organisation_id: OrganisationId | None = None
    purpose: str | None = None


class FundClosed(Fact, frozen=True, kw_only=True):
    """The fund, empty by then, is no more."""

    TOPIC = "fund-closed"
    fund_id: FundId
    reason: str


class Fund(Memory):
    """One fund, as it now stands; how much is in it is on its account."""

    status = "unknown"
    organisation_id: OrganisationId | None = None

    @event(FundOpened)
    def _(self, organisation_id: OrganisationId | None) -> None:
        self.status, self.organisation_id = "open", organisation_id

    @event(FundClosed)
    def _(self) -> None:
        self.status = "closed"

    def must_be_open(self, fund_id: FundId) -> None:
        """Refuse for a fund nobody knows, or that was closed."""
        if self.status == "unknown":
            raise FundUnknown(fund_id=fund_id)
        if self.status == "closed":
            raise FundIsClosed(fund_id=fund_id)


class OpenFund(Command, frozen=True, kw_only=True):
    """Open a fund, kept by the bank or by one of its organisations."""

    fund_id: FundId
    name: str
    kind: FundKind
    organisation_id: OrganisationId | None = None
    purpose: str | None = None

    def needs(self) -> Sequence[Memory]:
        return (Organisation(self.organisation_id),) if self.organisation_id else ()

    def decide(self, *organisation: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        for keeper in organisation:
            assert self.organisation_id, "its memory was asked for"
            keeper.must_be_approved(self.organisation_id)
        yield FundOpened(
            fund_id=self.fund_id,
            name=self.name,
            kind=self.kind,
            organisation_id=self.organisation_id,
            purpose=self.purpose,
        )
