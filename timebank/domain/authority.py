"""Authority: that somebody has the right they act by is decided from facts, in the same decision as the act itself.

An organisation's own program proves itself by its key before it gets here; members' roles are looked up by the commands
that need one. What is left are offices and proxies: `authorised` wraps what they do, for the ledger, so that an
appointment which ended, whose term is over, or whose holder is suspended, is worth nothing from that fact on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from timebank.domain.appointments import Offices
from timebank.domain.giving import DonateCredit, GiveCredit
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Command, Fact, Memory, Person
from timebank.domain.memberships import AddMember, ApproveMembership, DeclineMembership, EndMembership
from timebank.domain.proxies import Proxy, ProxyScope
from timebank.domain.redeeming import CancelRedemption, ReserveReward
from timebank.domain.redemptions import RewardReserved
from timebank.domain.refusals import OfficeMissing, ProxyNotAllowed, YouAreSuspended
from timebank.domain.transfers import CreditDonated, CreditGiven
from timebank.domain.volunteers import ChangePersonalData, SetConsent, Volunteer

PROXY_ACTS: dict[type[Command], ProxyScope] = {
    SetConsent: "consents",
    AddMember: "memberships",
    ApproveMembership: "memberships",
    DeclineMembership: "memberships",
    EndMembership: "memberships",
    ChangePersonalData: "personal-data",
    ReserveReward: "redeem",
    CancelRedemption: "redeem",
    GiveCredit: "give",
    DonateCredit: "give",
}
"""What proxies can do, and the scope they need for it; everything else people do in person."""


def authorised(command: Command) -> Command:
    """The command, with the proof of its actor's right where that has to be found."""
    if command.by.authority in {"administrator", "auditor", "node-leader"}:
        return InOffice(by=command.by, at=command.at, act=command)
    if command.by.authority == "proxy":
        return ByProxy(by=command.by, at=command.at, act=command)
    return command


class _Wrapped(Command, frozen=True, kw_only=True):
    """A command with something to be proved first."""

    act: Command

    def proof(self) -> tuple[Memory, Memory]:
        """The two memories in which the right is to be found."""
        raise NotImplementedError  # pragma: no cover

    def needs(self) -> Sequence[Memory]:
        return *self.proof(), *self.act.needs()

    def also_needs(self, _: Memory, __: Memory, *first: Any) -> Sequence[Memory]:
        return self.act.also_needs(*first)

    def personal(self) -> Person | None:
        return self.act.personal()

    def erases(self) -> VolunteerId | None:
        return self.act.erases()


class InOffice(_Wrapped, frozen=True, kw_only=True):
    """Something done in an office: it must be held, today, by somebody who is not suspended."""

    def proof(self) -> tuple[Memory, Memory]:
        return Volunteer(self.by.actor), Offices(self.by.actor)

    def decide(self, volunteer: Volunteer, offices: Offices, *memories: Any) -> Iterator[Fact]:
        if volunteer.is_suspended:
            raise YouAreSuspended
        if offices.find(self.by.authority, self.by.scope, self.at.date()) is None:
            raise OfficeMissing(office=self.by.authority)
        yield from self.act.decide(*memories)


class ByProxy(_Wrapped, frozen=True, kw_only=True):
    """Something done on behalf of another: it must be allowed, and is told beside what happened."""

    def proof(self) -> tuple[Memory, Memory]:
        assert self.by.on_behalf_of, "a proxy acts for somebody"
        return Volunteer(self.by.actor), Proxy(self.by.on_behalf_of, self.by.actor)

    def decide(self, volunteer: Volunteer, proxy: Proxy, *memories: Any) -> Iterator[Fact]:
        if volunteer.is_suspended:
            raise YouAreSuspended
        assert self.by.on_behalf_of, "a proxy acts for somebody"
        scope = PROXY_ACTS.get(type(self.act))
        if scope is None:
            raise ProxyNotAllowed(volunteer_id=self.by.on_behalf_of)
        used = proxy.use(self.by.on_behalf_of, scope, self.at.date())
        happened = list(self.act.decide(*memories))
        spent = sum(_spent(fact) for fact in happened)
        if spent:
            used = proxy.use(self.by.on_behalf_of, scope, self.at.date(), spent)
        yield from happened
        if happened or _says_something(self.act.personal()):
            yield used


def _spent(fact: Fact) -> int:
    """The minutes of credit that left the volunteer's hands."""
    if isinstance(fact, RewardReserved):
        return fact.cost_minutes
    return fact.minutes if isinstance(fact, CreditGiven | CreditDonated) else 0


def _says_something(person: Person | None) -> bool:
    """Whether something personal is to be kept, which no fact tells."""
    given = msgspec.structs.asdict(person) if person else {}
    return any(value for name, value in given.items() if name != "volunteer_id")
