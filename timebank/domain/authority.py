"""Authority: that somebody has the right they act by is decided from facts, in the same decision as the act itself.

An organisation's own program proves itself by its key before it gets here; members' roles are looked up by the commands
that need one. What is left are offices and proxies: `authorised` wraps what they do, for the ledger, so that an
appointment which ended, whose term is over, or whose holder is suspended, is worth nothing from that fact on.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from timebank.domain.credit.accounts import postings
from timebank.domain.facts.people import ProxyScope
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, about
from timebank.domain.organisations.offices import Offices
from timebank.domain.people.proxies import Proxy
from timebank.domain.people.refusals import ProxyNotAllowed
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.person import Person
from timebank.domain.refusals import OfficeMissing, YouAreSuspended


def authorised(command: Command) -> Command:
    """The command, wrapped so that the actor's office or proxy is looked up in the same decision; else as it is."""
    if command.by.authority in {"administrator", "auditor", "node-leader"}:
        return InOffice(by=command.by, at=command.at, act=command)
    if command.by.authority == "proxy":
        return ByProxy(by=command.by, at=command.at, act=command)
    return command


class _Wrapped(Command, frozen=True, kw_only=True):
    """A command with something to be proved first, from two memories: about who acts, and about their right."""

    act: Command

    @property
    def holder(self) -> VolunteerId:
        """The volunteer who acts, in an office or as a proxy."""
        return VolunteerId(self.by.actor)

    def right(self) -> Key:
        """The key of the memory that says whether they hold the office, or are the proxy."""
        raise NotImplementedError  # pragma: no cover

    def needs(self) -> Sequence[Key]:
        return about(Volunteer, self.holder), self.right(), *self.act.needs()

    def also_needs(self, known: Known) -> Sequence[Key]:
        return self.act.also_needs(known)

    def must_not_be_suspended(self, known: Known) -> None:
        """Refuse an actor who is suspended. Raises `YouAreSuspended`."""
        if known(Volunteer, self.holder).is_suspended:
            raise YouAreSuspended

    def personal(self) -> Person | None:
        return self.act.personal()


class InOffice(_Wrapped, frozen=True, kw_only=True):
    """Something done in an office: it must be held, today, by somebody who is not suspended."""

    def right(self) -> Key:
        return about(Offices, self.holder)

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_not_be_suspended(known)
        if known(Offices, self.holder).find(self.by.authority, self.at.date(), self.by.node_id) is None:
            raise OfficeMissing(office=self.by.authority)
        yield from self.act.decide(known)


class ByProxy(_Wrapped, frozen=True, kw_only=True):
    """What a proxy does for somebody, within scope and limits. That the proxy was used is a fact of its own."""

    @property
    def whom(self) -> VolunteerId:
        """Whom the proxy acts for."""
        assert self.by.on_behalf_of, "a proxy acts for somebody"
        return self.by.on_behalf_of

    def right(self) -> Key:
        return about(Proxy, self.whom, self.holder)

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_not_be_suspended(known)
        if self.act.proxy_scope is None:
            raise ProxyNotAllowed(volunteer_id=self.whom)
        proxy, scope, today = (
            known(Proxy, self.whom, self.holder),
            cast("ProxyScope", self.act.proxy_scope),
            self.at.date(),
        )
        used = proxy.use(scope, today)
        happened = list(self.act.decide(known))
        spent = _spent(self.whom, happened)
        if spent:
            used = proxy.use(scope, today, spent)
        yield from happened
        person = self.act.personal()
        if happened or (person and person.says_something):
            yield used


def _spent(whom: VolunteerId, happened: Iterable[Fact]) -> int:
    """The minutes of credit that left somebody's hands."""
    lines = (line for fact in happened for line in postings(fact))
    return sum(max(-line.minutes, 0) for line in lines if line.holder == whom and line.account == "available")
