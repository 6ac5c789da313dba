"""Proxies: whom a volunteer lets act for them, as an elder does their child; in what, how often, until when."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from timebank.domain.identifiers import ActorId, ProxyId, VolunteerId
from timebank.domain.kernel import Command, Fact, Memory, event
from timebank.domain.refusals import (
    NotYourOwn,
    OwnProxy,
    ProxyAlreadyAppointed,
    ProxyLimitReached,
    ProxyMinutesReached,
    ProxyNotAllowed,
    ProxyUnknown,
    TermEndsBeforeItStarts,
)
from timebank.domain.volunteers import Volunteer

ProxyScope = Literal["view", "consents", "memberships", "personal-data", "redeem", "give"]
"""What a proxy may do: look (every proxy may), give and withdraw consents, join and leave, put personal data right,
redeem rewards, give and donate credit."""

ActsADay = Annotated[int, Meta(ge=1, le=1000)]
MinutesADay = Annotated[int, Meta(ge=0, le=10**9)]


class ProxyAppointed(Fact, frozen=True, kw_only=True):
    """The volunteer lets somebody act for them, until a day (included).

    Up to `acts_per_day` times a local day, and spending up to `minutes_per_day`, if that is limited.
    """

    TOPIC = "proxy-appointed"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    scopes: tuple[ProxyScope, ...]
    acts_per_day: int
    valid_until: date | None = None
    minutes_per_day: int | None = None


class ProxyEnded(Fact, frozen=True, kw_only=True):
    """They act for the volunteer no more."""

    TOPIC = "proxy-ended"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    ended_by: ActorId


class ProxyUsed(Fact, frozen=True, kw_only=True):
    """The proxy acted for the volunteer: what happened in the same command was their doing, and spent `minutes`."""

    TOPIC = "proxy-used"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    scope: ProxyScope
    local_date: date
    minutes: int = 0


class Proxy(Memory):
    """Whether one volunteer (the second tag) is proxy of another (the first), in what, and how often they were."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.appointed: ProxyAppointed | None = None
        self.day: date | None = None
        self.acts = 0
        self.minutes = 0

    @event(ProxyAppointed)
    def _(self, fact: ProxyAppointed) -> None:
        if self._is_about(fact.volunteer_id):
            self.appointed, self.day = fact, None

    @event(ProxyEnded)
    def _(self, volunteer_id: VolunteerId) -> None:
        if self._is_about(volunteer_id):
            self.appointed = None

    @event(ProxyUsed)
    def _(self, volunteer_id: VolunteerId, local_date: date, minutes: int) -> None:
        if self._is_about(volunteer_id):
            is_same_day = local_date == self.day
            self.acts = 1 + (self.acts if is_same_day else 0)
            self.minutes = minutes + (self.minutes if is_same_day else 0)
            self.day = local_date

    def _is_about(self, volunteer_id: VolunteerId) -> bool:
        """Two may be proxies of each other; both directions lie in the boundary."""
        return self.boundary_tags[:1] == (volunteer_id,)

    def in_force(self, on: date) -> ProxyAppointed | None:
        """How they are appointed, if they are on that day."""
        found = self.appointed
        return found if found and on <= (found.valid_until or on) else None

    def use(self, volunteer_id: VolunteerId, scope: ProxyScope, on: date, minutes: int = 0) -> ProxyUsed:
        """One act more for the volunteer; refuses what is not allowed, not once more today, or spends too much."""
        found = self.in_force(on)
        if found is None or scope not in found.scopes:
            raise ProxyNotAllowed(volunteer_id=volunteer_id)
        if self.day == on and self.acts >= found.acts_per_day:
            raise ProxyLimitReached(volunteer_id=volunteer_id, acts_per_day=found.acts_per_day)
        spent = minutes + (self.minutes if self.day == on else 0)
        if minutes and found.minutes_per_day is not None and spent > found.minutes_per_day:
            raise ProxyMinutesReached(volunteer_id=volunteer_id, minutes_per_day=found.minutes_per_day)
        return ProxyUsed(
            proxy_id=found.proxy_id,
            volunteer_id=volunteer_id,
            proxy_volunteer_id=found.proxy_volunteer_id,
            scope=scope,
            local_date=on,
            minutes=minutes,
        )


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

    def needs(self) -> Sequence[Memory]:
        return (
            Volunteer(self.volunteer_id),
            Volunteer(self.proxy_volunteer_id),
            Proxy(self.volunteer_id, self.proxy_volunteer_id),
        )

    def decide(self, volunteer: Volunteer, representative: Volunteer, proxy: Proxy) -> Iterator[Fact]:
        volunteer.must_be_active(self.volunteer_id)
        is_own = self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id
        if not is_own and (not self.by.governs or self.by.volunteer_id == self.proxy_volunteer_id):
            raise NotYourOwn
        if self.volunteer_id == self.proxy_volunteer_id:
            raise OwnProxy
        representative.must_be_active(self.proxy_volunteer_id)
        if self.valid_until and self.valid_until < self.at.date():
            raise TermEndsBeforeItStarts
        found = proxy.in_force(self.at.date())
        if found:
            raise ProxyAlreadyAppointed(proxy_id=found.proxy_id)
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

    def needs(self) -> Sequence[Memory]:
        return (Proxy(self.volunteer_id, self.proxy_volunteer_id),)

    def decide(self, proxy: Proxy) -> Iterator[Fact]:
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
