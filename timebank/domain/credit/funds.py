"""Funds: credit that belongs to nobody in particular: a community's (社区基金), or set aside for a project."""

from collections.abc import Iterator, Sequence

from timebank.domain.acting import must_govern
from timebank.domain.credit.accounts import FundBalance
from timebank.domain.credit.refusals import FundIsClosed, FundNotEmpty, FundUnknown
from timebank.domain.facts.credit import FundClosed, FundKind, FundOpened
from timebank.domain.identifiers import FundId, OrganisationId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.text import Line, Text


class Fund(Memory):
    """One fund, as it now stands; how much is in it is on its account."""

    status = "unknown"
    organisation_id: OrganisationId | None = None

    def __init__(self, fund_id: FundId) -> None:
        super().__init__(fund_id)
        self.fund_id = fund_id

    @event(FundOpened)
    def _(self, organisation_id: OrganisationId | None) -> None:
        self.status, self.organisation_id = "open", organisation_id

    @event(FundClosed)
    def _(self) -> None:
        self.status = "closed"

    def must_be_open(self) -> None:
        """Refuse for a fund nobody knows, or that was closed."""
        if self.status == "unknown":
            raise FundUnknown(fund_id=self.fund_id)
        if self.status == "closed":
            raise FundIsClosed(fund_id=self.fund_id)


class OpenFund(Command, frozen=True, kw_only=True):
    """Open a fund, kept by the bank or by one of its organisations."""

    fund_id: FundId
    name: Line
    kind: FundKind
    organisation_id: OrganisationId | None = None
    purpose: Text | None = None

    def needs(self) -> Sequence[Key]:
        return (about(Organisation, self.organisation_id),) if self.organisation_id else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        if self.organisation_id:
            known(Organisation, self.organisation_id).must_be_approved()
        yield FundOpened(
            fund_id=self.fund_id,
            name=self.name,
            kind=self.kind,
            organisation_id=self.organisation_id,
            purpose=self.purpose,
        )


class CloseFund(Command, frozen=True, kw_only=True):
    """Close a fund from which everything was granted."""

    fund_id: FundId
    reason: Text

    def needs(self) -> Sequence[Key]:
        return about(Fund, self.fund_id), about(FundBalance, self.fund_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        known(Fund, self.fund_id).must_be_open()
        left = known(FundBalance, self.fund_id).fund_minutes
        if left:
            raise FundNotEmpty(fund_minutes=left)
        yield FundClosed(fund_id=self.fund_id, reason=self.reason)
