"""Rotas (值班表): who of a team is on duty on which day, or on which day of every week, at which hours."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from timebank.domain.facts.teams import MinuteOfDay, ShiftEnded, ShiftMinutes, ShiftSet, TeamMemberLeft
from timebank.domain.identifiers import ShiftId, TeamId, VolunteerId
from timebank.domain.kernel import Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.refusals import ShiftsOverlap, ShiftUnknown, TooManyShifts
from timebank.domain.organisations.teams import OnTeam
from timebank.domain.times import must_be_a_term

DAY_MINUTES = 24 * 60

MOST_SHIFTS = 500
"""So many of one person's are not over when another begins, which is compared with all of them."""


class Shifts(Memory):
    """The shifts of one volunteer, in all teams."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.shifts: dict[ShiftId, ShiftSet] = {}

    @event(ShiftSet)
    def _(self, fact: ShiftSet) -> None:
        self.shifts[fact.shift_id] = fact

    @event(ShiftEnded)
    def _(self, shift_id: ShiftId) -> None:
        self.shifts.pop(shift_id, None)

    @event(TeamMemberLeft)
    def _(self, team_id: TeamId) -> None:
        self.shifts = {each: shift for each, shift in self.shifts.items() if shift.team_id != team_id}


def is_on(shift: ShiftSet, day: date) -> bool:
    """Whether a shift starts on a day."""
    in_force = shift.from_day <= day <= (shift.until_day or day)
    return in_force and (day - shift.from_day).days % 7 == 0


def _is_over(shift: ShiftSet, day: date) -> bool:
    """Whether a shift is over on a day, and was so the day before: it may have gone on past midnight."""
    return shift.until_day is not None and (day - shift.until_day).days > 1


def _meet(first: ShiftSet, second: ShiftSet) -> bool:
    """Whether two shifts are ever at one time. If they are, then when one of them is held for the first time."""
    return _at_its_first(first, second) or _at_its_first(second, first)


def _at_its_first(shift: ShiftSet, other: ShiftSet) -> bool:
    """Whether a shift, when it is held for the first time, meets another."""
    start, end = shift.from_minute, shift.from_minute + shift.minutes
    for days in (-1, 0, 1):
        begins = other.from_minute + days * DAY_MINUTES
        if start < begins + other.minutes and begins < end and is_on(other, shift.from_day + timedelta(days=days)):
            return True
    return False


class _OnRota(OnTeam, frozen=True, kw_only=True):
    """What setting and ending a shift have in common: whoever leads the team does it."""

    shift_id: ShiftId
    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return *super().needs(), about(Shifts, self.volunteer_id)


class SetShift(_OnRota, frozen=True, kw_only=True):
    """Put a member on duty: every week on the weekday of `from_day`, until `until_day`; on one day, if they are one."""

    from_day: date
    until_day: date | None = None
    from_minute: MinuteOfDay
    minutes: ShiftMinutes

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_lead(known, team)
        self.must_stand(known)
        team.must_have(self.volunteer_id)
        must_be_a_term(self.from_day, self.until_day)
        shift = ShiftSet(
            **self.ids,
            shift_id=self.shift_id,
            volunteer_id=self.volunteer_id,
            from_day=self.from_day,
            until_day=self.until_day,
            from_minute=self.from_minute,
            minutes=self.minutes,
        )
        shifts = known(Shifts, self.volunteer_id).shifts.values()
        others = [each for each in shifts if not _is_over(each, shift.from_day)]
        if len(others) >= MOST_SHIFTS:
            raise TooManyShifts(volunteer_id=self.volunteer_id, most=MOST_SHIFTS)
        for each in others:
            if _meet(each, shift):
                raise ShiftsOverlap(volunteer_id=self.volunteer_id)
        yield shift


class EndShift(_OnRota, frozen=True, kw_only=True):
    """Take a shift from the rota."""

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_lead(known, team)
        self.must_stand(known)
        shift = known(Shifts, self.volunteer_id).shifts.get(self.shift_id)
        if shift is None or shift.team_id != self.team_id:
            raise ShiftUnknown(shift_id=self.shift_id)
        yield ShiftEnded(**self.ids, shift_id=self.shift_id, volunteer_id=self.volunteer_id)
