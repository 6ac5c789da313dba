"""Proxies: whom a volunteer lets act for them, as an elder does their child; in what, how often, until when."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.acting import Acting
from timebank.domain.facts.people import ProxyAppointed, ProxyEnded, ProxyScope, ProxyUsed
from timebank.domain.identifiers import ProxyId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.people.refusals import (
    OwnProxy,
    ProxyAlreadyAppointed,
    ProxyLimitReached,
    ProxyMinutesReached,
    ProxyNotAllowed,
    ProxyUnknown,
)
from timebank.domain.people.volunteers import Volunteer, is_one_of, memories_of_eyes, registrations_of
from timebank.domain.refusals import NotYourOwn, TermEndsBeforeItStarts

ActsADay = Annotated[int, Meta(ge=1, le=1000)]

MinutesADay = Annotated[int, Meta(ge=0, le=10**9)]


SPENDING: frozenset[ProxyScope] = frozenset({"give", "redeem"})


class Proxy(Memory):
    """Whether one volunteer is proxy of another, in what, and how often they were today."""

    def __init__(self, volunteer_id: VolunteerId, proxy_volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id, proxy_volunteer_id)
        self.volunteer_id = volunteer_id
        self.proxy_volunteer_id = proxy_volunteer_id
        self.appointed: ProxyAppointed | None = None
        self.day: date | None = None
        self.acts = 0
        self.minutes = 0

    @event(ProxyAppointed)
    def _(self, fact: ProxyAppointed) -> None:
        if self._is_about(fact.volunteer_id, fact.proxy_volunteer_id):
            self.appointed, self.day = fact, None

    @event(ProxyEnded)
    def _(self, volunteer_id: VolunteerId, proxy_volunteer_id: VolunteerId) -> None:
        if self._is_about(volunteer_id, proxy_volunteer_id):
            self.appointed = None

    @event(ProxyUsed)
    def _(self, volunteer_id: VolunteerId, proxy_volunteer_id: VolunteerId, local_date: date, minutes: int) -> None:
        if self._is_about(volunteer_id, proxy_volunteer_id):
            is_same_day = local_date == self.day
            self.acts = 1 + (self.acts if is_same_day else 0)
            self.minutes = minutes + (self.minutes if is_same_day else 0)
            self.day = local_date

    def _is_about(self, volunteer_id: VolunteerId, proxy_volunteer_id: VolunteerId) -> bool:
        """Two may be proxies of each other; both directions lie in the boundary. Nobody is their own."""
        return (self.volunteer_id, self.proxy_volunteer_id) == (volunteer_id, proxy_volunteer_id)

    def in_force(self, on: date) -> ProxyAppointed | None:
        """The appointment that is in force on a day, if there is one."""
        appointed = self.appointed
        return appointed if appointed and on <= (appointed.valid_until or on) else None

    def may_spend(self, on: date) -> bool:
        """Whether they spend what is the volunteer's, on that day: then they benefit from what is credited."""
        appointed = self.in_force(on)
        return appointed is not None and not SPENDING.isdisjoint(appointed.scopes)

    def use(self, scope: ProxyScope, on: date, minutes: int = 0) -> ProxyUsed:
        """The fact that the proxy acts once more. Refuses what is out of scope, or too much for a day."""
        appointed = self.in_force(on)
        if appointed is None or scope not in appointed.scopes:
            raise ProxyNotAllowed(volunteer_id=self.volunteer_id)
        if self.day == on and self.acts >= appointed.acts_per_day:
            raise ProxyLimitReached(volunteer_id=self.volunteer_id, acts_per_day=appointed.acts_per_day)
        spent = minutes + (self.minutes if self.day == on else 0)
        if minutes and appointed.minutes_per_day is not None and spent > appointed.minutes_per_day:
            raise ProxyMinutesReached(volunteer_id=self.volunteer_id, minutes_per_day=appointed.minutes_per_day)
        return ProxyUsed(
            proxy_id=appointed.proxy_id,
            volunteer_id=self.volunteer_id,
            proxy_volunteer_id=appointed.proxy_volunteer_id,
            scope=scope,
            local_date=on,
            minutes=minutes,
        )


def memories_of_benefit(by: Acting, volunteer_id: VolunteerId, known: Known | None = None) -> list[Key]:
    """What has to be known to tell whether somebody benefits from service of a volunteer's."""
    return [*memories_of_eyes(by), *memories_of_spending(by.eyes, volunteer_id, known)]


def memories_of_spending(eyes: Collection[str], volunteer_id: VolunteerId, known: Known | None = None) -> list[Key]:
    """What has to be known to tell whether one of these people (`eyes`) spends what is a volunteer's.

    Where registrations were merged the account is that of another number, as far as that is `known`: to be asked again,
    since that one may have been merged as well. So may whoever looks: they spend under the number they have now.
    """
    account_ids = registrations_of(known, volunteer_id)[:1] if known else ()
    people = _under_all_numbers(known, eyes) if known else persons(eyes)
    whose = dict.fromkeys((volunteer_id, *account_ids))
    proxies = [about(Proxy, of, each) for of in whose for each in people if each != of]
    return [*proxies, *(about(Volunteer, each) for each in (*account_ids, *people))]


def benefits(known: Known, by: Acting, volunteer_id: VolunteerId, on: date) -> bool:
    """Whether the actor benefits from a volunteer's service: it is theirs, or they may spend its credit as a proxy."""
    return is_one_of(known, volunteer_id, by.eyes) or spends(known, by.eyes, volunteer_id, on)


def spends(known: Known, eyes: Collection[str], volunteer_id: VolunteerId, on: date) -> bool:
    """Whether one of these people (`eyes`) may spend what is a volunteer's, as a proxy, on a day."""
    account_id, people = registrations_of(known, volunteer_id)[0], _under_all_numbers(known, eyes)
    proxies = (known.find(Proxy, of, each) for of in (volunteer_id, account_id) for each in people)
    return any(each.may_spend(on) for each in proxies if each)


def persons(eyes: Collection[str]) -> list[VolunteerId]:
    """The people among these eyes; the others are organisations, and the operator."""
    return [VolunteerId(each) for each in sorted(eyes) if each.startswith("vol_")]


def _under_all_numbers(known: Known, eyes: Collection[str]) -> list[VolunteerId]:
    """The people among those who look, under each of their numbers that is known."""
    return list(dict.fromkeys(each for person in persons(eyes) for each in (person, *registrations_of(known, person))))


class AppointProxy(Command, frozen=True, kw_only=True):
    """Let somebody act for a volunteer.

    Who does it on paper has an administrator enter it, who cannot enter themselves.
    """

    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    scopes: tuple[ProxyScope, ...]
    acts_per_day: int
    valid_until: date | None = None
    minutes_per_day: int | None = None

    def needs(self) -> Sequence[Key]:
        return (
            about(Volunteer, self.volunteer_id),
            about(Volunteer, self.proxy_volunteer_id),
            about(Proxy, self.volunteer_id, self.proxy_volunteer_id),
        )

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_be_active()
        is_own = self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id
        if not is_own and (not self.by.governs or self.by.volunteer_id == self.proxy_volunteer_id):
            raise NotYourOwn
        if self.volunteer_id == self.proxy_volunteer_id:
            raise OwnProxy
        known(Volunteer, self.proxy_volunteer_id).must_be_active()
        if self.valid_until and self.valid_until < self.at.date():
            raise TermEndsBeforeItStarts
        appointed = known(Proxy, self.volunteer_id, self.proxy_volunteer_id).in_force(self.at.date())
        if appointed:
            raise ProxyAlreadyAppointed(proxy_id=appointed.proxy_id)
        yield ProxyAppointed(
            proxy_id=self.proxy_id,
            volunteer_id=self.volunteer_id,
            proxy_volunteer_id=self.proxy_volunteer_id,
            scopes=tuple(dict.fromkeys(("view", *self.scopes))),
            acts_per_day=self.acts_per_day,
            valid_until=self.valid_until,
            minutes_per_day=self.minutes_per_day,
        )


class EndProxy(Command, frozen=True, kw_only=True):
    """Let somebody act for a volunteer no more; either side can end it at any time, and so can an administrator."""

    proxy_volunteer_id: VolunteerId
    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return (about(Proxy, self.volunteer_id, self.proxy_volunteer_id),)

    def decide(self, known: Known) -> Iterator[Fact]:
        proxy = known(Proxy, self.volunteer_id, self.proxy_volunteer_id)
        either = {self.volunteer_id, self.proxy_volunteer_id}
        if not self.by.governs and (self.by.authority == "proxy" or self.by.volunteer_id not in either):
            raise ProxyUnknown(proxy_volunteer_id=self.proxy_volunteer_id)
        if proxy.appointed is None:
            raise ProxyUnknown(proxy_volunteer_id=self.proxy_volunteer_id)
        yield ProxyEnded(
            proxy_id=proxy.appointed.proxy_id,
            volunteer_id=self.volunteer_id,
            proxy_volunteer_id=self.proxy_volunteer_id,
            ended_by=self.by.actor,
        )
