"""Closing: what comes of an activity is a record of each who was there, logged by whoever closes it.

Nobody logs their own: the closer's presence, and those that were not signed out of, are logged by somebody else by
hand. Another confirms.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from timebank.domain.activities.activities import Activity, OnActivity, Presence
from timebank.domain.activities.attendance import CheckOut, Whereabouts, checked_out
from timebank.domain.activities.refusals import (
    LeftUnsaid,
    NotCheckedIn,
    OutsideItsTime,
    PresenceAlreadyLogged,
    StillRunning,
    TooLateToSay,
)
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.activities import ActivityClosed, Plan
from timebank.domain.facts.service import ServiceLogged
from timebank.domain.identifiers import RecordId, VolunteerId, numbered
from timebank.domain.kernel import Fact, Key, Known, Moment, about
from timebank.domain.organisations.rosters import memories_of_team, team_on
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.refusing import Refusal
from timebank.domain.service.capacities import capacity_of, duty_of, memories_of_duty
from timebank.domain.service.days import day_of, memories_of_days
from timebank.domain.service.refusals import RecorderIsBeneficiary
from timebank.domain.service.times import is_late, local_days, minutes_by_day

MINUTE = timedelta(minutes=1)


class _Logging(OnActivity, frozen=True, kw_only=True):
    """What makes records of presences. `first_record_id` is the first of as many identifiers as it needs."""

    first_record_id: RecordId

    def memories_of_presence(self, known: Known, plan: Plan, volunteer_id: VolunteerId) -> list[Key]:
        """What has to be known of somebody whose presence is logged."""
        days = local_days(plan.starts_at, plan.ends_at, self.at.tzinfo)
        return [
            *memories_of_duty(known, volunteer_id),
            *memories_of_benefit(self.by, volunteer_id),
            *memories_of_days(known, volunteer_id, days),
        ]

    def records(
        self, known: Known, activity: Activity, volunteer_id: VolunteerId, presences: Sequence[Presence], first: int
    ) -> list[ServiceLogged]:
        """The records of somebody's presences, within the activity. Raises `Refusal` where one cannot be logged."""
        known(Volunteer, volunteer_id).must_be_active()
        plan, zone, employments = activity.plan, self.at.tzinfo, duty_of(known, volunteer_id)
        made: list[ServiceLogged] = []
        for presence in presences:
            assert presence.until, "it is known when they left"
            started_at, ended_at = max(presence.since, plan.starts_at), min(presence.until, plan.ends_at)
            minutes = (ended_at - started_at) // MINUTE
            if minutes < 1:
                continue
            shares = minutes_by_day(started_at, ended_at, minutes, zone)
            record_id = numbered(self.first_record_id, first + len(made))
            for day, share in shares.items():
                taken = day_of(known, volunteer_id, day)
                taken.must_not_repeat(activity.organisation_id, started_at, ended_at)
                taken.must_have_room(share, activity.organisation_id, besides=record_id)
            made.append(
                ServiceLogged(
                    record_id=record_id,
                    volunteer_id=volunteer_id,
                    organisation_id=activity.organisation_id,
                    recorder_id=self.by.actor,
                    capacity=capacity_of(employments, activity.organisation_id, (started_at, ended_at), zone),
                    is_subsidised=employments.has_allowance(activity.organisation_id, min(shares)),
                    started_at=started_at,
                    ended_at=ended_at,
                    minutes=minutes,
                    minutes_by_day=shares,
                    local_date=min(shares),
                    is_late=is_late(max(shares), self.at.date()),
                    key_issued_by=self.by.key_issued_by,
                    entered_by=activity.entered_by.get(volunteer_id, ()),
                    team_id=team_on(known, plan.team_id, min(shares)),
                    **_said(activity),
                )
            )
        return made


def _said(activity: Activity) -> dict[str, Any]:
    """What a record says of the activity it came of."""
    plan, leader_id = activity.plan, VolunteerId(activity.plan.leader_id)
    return {
        "activity": plan.name,
        "category": plan.category,
        "place": plan.place,
        "content": plan.content,
        "programmes": plan.programmes,
        "person_in_charge_id": plan.leader_id,
        "activity_id": activity.activity_id,
        "activity_span": (plan.starts_at, plan.ends_at),
        "leader_was_there": bool(activity.presences.get(leader_id)),
    }


class CloseActivity(_Logging, frozen=True, kw_only=True):
    """Close an activity that is over: a record of each who was there, but of oneself."""

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        if activity.status == "unknown":
            return ()
        of_people = [
            key for each in activity.presences for key in self.memories_of_presence(known, activity.plan, each)
        ]
        return *super().also_needs(known), *memories_of_team(activity.plan.team_id), *of_people

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known, or_lead=True)
        activity.must_be("published")
        if self.at < activity.plan.ends_at:
            raise StillRunning
        made: list[ServiceLogged] = []
        unclosed, left = [], []
        for volunteer_id in activity.presences:
            presences = stays(activity, volunteer_id)
            if presences is None:
                unclosed.append(volunteer_id)
            elif benefits(known, self.by, volunteer_id, self.at.date()):
                left.append(volunteer_id)
            else:
                try:
                    made += self.records(known, activity, volunteer_id, presences, len(made))
                except Refusal:
                    left.append(volunteer_id)
        yield ActivityClosed(
            activity_id=self.activity_id,
            organisation_id=activity.organisation_id,
            closed_by=self.by.actor,
            present=tuple(dict.fromkeys(each.volunteer_id for each in made)),
            absent=tuple(each for each in activity.seated if not activity.presences.get(each)),
            unclosed=tuple(unclosed),
            left=tuple(left),
        )
        yield from made


def stays(activity: Activity, volunteer_id: VolunteerId) -> list[Presence] | None:
    """When somebody was there; None where it is not known when they left. Without signing out it is until the end."""
    found = activity.presences.get(volunteer_id, ())
    if activity.plan.signs_out:
        return None if any(each.until is None for each in found) else list(found)
    return [Presence(each.since, each.until or activity.plan.ends_at) for each in found]


class LogPresence(_Logging, frozen=True, kw_only=True):
    """Log the presence of somebody whom closing left out: they forgot to sign out, or closed the activity themselves.

    `left_at` is when they left, where that is not known. It is somebody else who says so, and soon.
    """

    volunteer_id: VolunteerId
    left_at: Moment | None = None

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        if activity.status == "unknown":
            return ()
        theirs = self.memories_of_presence(known, activity.plan, self.volunteer_id)
        of_team = memories_of_team(activity.plan.team_id)
        return *super().also_needs(known), *of_team, *theirs, about(Whereabouts, self.volunteer_id), about(RuleBook)

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known, or_lead=True)
        activity.must_be("closed")
        if benefits(known, self.by, self.volunteer_id, self.at.date()):
            raise RecorderIsBeneficiary
        if self.volunteer_id in activity.recorded:
            raise PresenceAlreadyLogged
        presences = list(activity.presences.get(self.volunteer_id, ()))
        if not presences:
            raise NotCheckedIn(volunteer_id=self.volunteer_id)
        if activity.plan.signs_out and presences[-1].until is None:
            yield self._left(known, activity)
            presences[-1] = Presence(presences[-1].since, self.left_at)
        until = activity.plan.ends_at
        known_ends = [Presence(each.since, each.until or until) for each in presences]
        yield from self.records(known, activity, self.volunteer_id, known_ends, 0)

    def _left(self, known: Known, activity: Activity) -> Fact:
        """That they left when it is said. Raises `LeftUnsaid`, `TooLateToSay` or `OutsideItsTime`."""
        days = known(RuleBook).on(activity.plan.starts_at.astimezone(self.at.tzinfo).date()).rules.presence_days
        if self.at > activity.plan.ends_at + timedelta(days=days):
            raise TooLateToSay(days=days)
        if self.left_at is None:
            raise LeftUnsaid
        if self.left_at > activity.plan.ends_at:
            raise OutsideItsTime
        said = CheckOut(
            by=self.by,
            at=self.at,
            activity_id=self.activity_id,
            volunteer_id=self.volunteer_id,
            proof="leader",
            entry_id=f"{self.first_record_id}",
            moment=self.left_at,
        )
        return checked_out(said, known, activity)
