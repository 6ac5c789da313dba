"""What the model is made of: records, rewards, redemptions and funds, as plain values."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from timebank.domain.acting import Acting
from timebank.domain.facts.credit import RewardTerms

DAY = 24 * 60


class Record(NamedTuple):
    """A service record; `credited` is by day, while it is confirmed."""

    person: int
    body: int
    recorder: Acting
    started_at: datetime
    ended_at: datetime
    minutes: int
    share: int | None
    on_duty: bool
    activity: str
    category: str
    first: tuple[datetime, datetime]
    status: str = "logged"
    credited: dict[date, int] = {}  # noqa: RUF012  # never changed, only replaced
    amenders: frozenset[str] = frozenset()
    recorded: int = 0
    """The minutes somebody else than whoever decides saw."""
    seen: tuple[Any, ...] = ()
    """What of it they saw that its worth depends on, beside the minutes."""
    most: int = 0
    """The most that it was ever worth."""
    placed: tuple[tuple[int, str], dict[date, int]] = (0, ""), {}  # never changed, only replaced
    """As what two people have seen it, and its credit then."""
    span: tuple[datetime, datetime] | None = None
    is_led: bool = True
    team: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it takes up time of a day."""
        return self.status in ("logged", "confirmed", "corrected")

    @property
    def is_within(self) -> bool:
        """Whether it is within the activity that it came of, if it came of one."""
        return self.span is None or self.span[0] <= self.started_at < self.ended_at <= self.span[1]

    @property
    def is_confirmed(self) -> bool:
        """Whether it is confirmed service."""
        return self.status in ("confirmed", "corrected")

    @property
    def service(self) -> int:
        """What it is as service."""
        return self.minutes if self.is_confirmed and not self.on_duty else 0

    @property
    def credit(self) -> int:
        """What it is worth."""
        return sum(self.credited.values()) if self.is_confirmed else 0

    @property
    def what(self) -> tuple[int, str]:
        """Whose activity it was, and which."""
        return self.body, self.activity

    def takes(self, day: date, what: tuple[int, str] | None = None) -> int:
        """What it takes up of a day, or of one activity on it: where it is, and where it was as far as it was moved."""
        now = self.credited.get(day, 0) if what in (None, self.what) else 0
        was, seen = self.placed
        if what not in (None, was):
            return now
        here = self.credited if what is None or self.what == was else {}
        moved = self.credit - sum(min(minutes, seen.get(each, 0)) for each, minutes in here.items())
        return max(now, min(seen.get(day, 0), now + moved))

    @property
    def is_placed(self) -> bool:
        """Whether it takes up nothing where it is not."""
        was, seen = self.placed
        there = self.credited if self.what == was else {}
        return all(
            self.takes(day) == self.credited.get(day, 0) and self.takes(day, was) == there.get(day, 0) for day in seen
        )

    def seen_again(self) -> "Record":
        """The same, where two people have seen as much of it as it is worth now, too."""
        was, seen = self.placed
        most = {day: max(minutes, self.credited.get(day, 0)) for day, minutes in seen.items()}
        return self._replace(placed=(was, most)) if self.is_placed else self

    @property
    def told(self) -> tuple[Any, ...]:
        """What its worth depends on, beside the minutes."""
        return self.activity, self.category, self.on_duty, self.started_at, self.ended_at

    @property
    def day(self) -> date:
        """The day it counts for."""
        return self.started_at.date()

    @property
    def days(self) -> dict[date, int]:
        """Its minutes by local day, in proportion to the time spent there."""
        midnight = self.started_at.replace(hour=0, minute=0) + timedelta(days=1)
        if self.ended_at <= midnight:
            return {self.day: self.minutes}
        before = self.minutes * (midnight - self.started_at) // (self.ended_at - self.started_at)
        return {self.day: before, midnight.date(): self.minutes - before}

    @property
    def interval(self) -> int:
        """The minutes from start to end."""
        return (self.ended_at - self.started_at) // timedelta(minutes=1)

    def corrected(self, times: tuple[datetime, datetime], minutes: int | None, **said: Any) -> "Record":
        """What it is when it is put right: what is not said stays, but other times are taken whole."""
        after = self._replace(started_at=times[0], ended_at=times[1], status="corrected")
        same = times == (self.started_at, self.ended_at)
        told = {name: value for name, value in said.items() if value is not None}
        told |= {"team": told.get("team", self.team) or None}
        return after._replace(minutes=minutes or (self.minutes if same else after.interval), **told)

    def says_the_same(self, other: "Record") -> bool:
        """Whether it is told alike, but for the minutes and the team, which its worth does not depend on."""
        left_aside: dict[str, Any] = {"minutes": 0, "status": "", "credited": {}, "team": None}
        return self._replace(**left_aside) == other._replace(**left_aside)

    def amended(self, times: tuple[datetime, datetime], minutes: int | None, by: Acting, **said: Any) -> "Record":
        """What it is when it is put right before anybody decided: then it is as if it had been logged so."""
        after = self.corrected(times, minutes, **said)
        amenders = self.amenders | {by.actor}
        return after._replace(status=self.status, first=times, amenders=amenders, recorded=after.minutes)

    def overlaps(self, other: "Record") -> bool:
        """Whether they are at the same time."""
        return self.started_at < other.ended_at and other.started_at < self.ended_at


class Team(NamedTuple):
    """A team: whose, since when, who belongs to it, is asked to (True) or asks to; and who was named captain."""

    body: int
    is_guided: bool
    status: str = "active"
    from_day: date = date.max
    last_day: date = date.max
    proposer: int = -1
    members: frozenset[int] = frozenset()
    asked: tuple[tuple[int, bool], ...] = ()
    captains: tuple[tuple[int | None, date, date | None], ...] = ()

    def is_there(self, day: date) -> bool:
        """Whether there is such a team on a day."""
        return self.from_day <= day <= self.last_day

    def captain(self, day: date) -> int | None:
        """Who leads it on a day: whoever was named last for it, if they have not left."""
        named = [n for n, since, until in self.captains if since <= day <= (until or day)]
        return named[-1] if named else None

    def without(self, n: int) -> "Team":
        """What it is when somebody has left, or is asked no more."""
        captains = tuple((None if each[0] == n else each[0], *each[1:]) for each in self.captains)
        asked = tuple(each for each in self.asked if each[0] != n)
        return self._replace(members=self.members - {n}, asked=asked, captains=captains)


class Offer(NamedTuple):
    """A reward."""

    terms: RewardTerms
    status: str = "published"


class Claim(NamedTuple):
    """A redemption: who pays for what, for whom, until when."""

    offer: str
    payer: int
    beneficiary: int
    provider: int
    cost: int
    period: tuple[Any, ...]
    slot: datetime | None
    until: datetime
    status: str = "reserved"

    @property
    def counts(self) -> bool:
        """Whether it uses up the reward."""
        return self.status in ("reserved", "fulfilled")


class Fund(NamedTuple):
    """A fund, kept by a body or by the bank."""

    keeper: int | None
    minutes: int = 0
    is_open: bool = True
