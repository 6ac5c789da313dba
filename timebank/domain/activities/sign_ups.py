"""Signing up and off: by people themselves, or by whoever organises or leads an activity for them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from timebank.domain.activities.activities import Activity, OnActivity
from timebank.domain.activities.refusals import (
    ActivityNotOpen,
    ActivityUnknown,
    AlreadyCheckedIn,
    AlreadySignedUp,
    ForMembersOnly,
    NotSignedUp,
    TooManySignUps,
)
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.activities import CheckedIn, SignUpMade, SignUpMovedUp, SignUpWithdrawn
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId
from timebank.domain.kernel import Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import Membership
from timebank.domain.people.volunteers import Volunteer


class SignUps(Memory):
    """What somebody signed up for, or waits for, and has not come to: when each ends, if they did it themselves.

    What others do is none of their doing, and counts against no limit of theirs.
    """

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.open: dict[ActivityId, datetime | None] = {}

    @event(SignUpMade)
    def _(self, activity_id: ActivityId, made_by: ActorId, until: datetime | None) -> None:
        self.open[activity_id] = until if made_by == ActorId(self.volunteer_id) else None

    @event(SignUpWithdrawn)
    def _(self, activity_id: ActivityId) -> None:
        self.open.pop(activity_id, None)

    @event(CheckedIn)
    def _(self, activity_id: ActivityId) -> None:
        self.open.pop(activity_id, None)

    def must_have_room(self, most: int, at: datetime) -> None:
        """Refuse to sign up for more activities at once than the rule book allows (`open_sign_ups`)."""
        still_open = sum(until is not None and at < until for until in self.open.values())
        if still_open >= most:
            raise TooManySignUps(open=still_open, most=most)


class OfSomebody(OnActivity, frozen=True, kw_only=True):
    """What concerns one person at an activity: they do it themselves, or whoever organises or leads it does."""

    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return about(Activity, self.activity_id), about(Volunteer, self.volunteer_id)

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        if activity.status == "unknown":
            return ()
        return *super().also_needs(known), about(Membership, activity.organisation_id, self.volunteer_id)

    @property
    def is_own(self) -> bool:
        """Whether they do it themselves."""
        return self.by.volunteer_id == self.volunteer_id

    def concerned(self, known: Known) -> Activity:
        """The activity. Refuses strangers; to people themselves one that is not published does not exist."""
        if not self.is_own:
            return self.must_organise(known, or_lead=True)
        activity = self.activity(known)
        if activity.status == "planned":
            raise ActivityUnknown(activity_id=self.activity_id)
        return activity


class SignUp(OfSomebody, frozen=True, kw_only=True):
    """Sign up; where all seats are taken, wait for one. So many at once, as the rules say, people do themselves."""

    def needs(self) -> Sequence[Key]:
        return *super().needs(), *((about(SignUps, self.volunteer_id), about(RuleBook)) if self.is_own else ())

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.concerned(known)
        activity.must_be("published")
        if self.at >= activity.plan.ends_at:
            raise ActivityNotOpen(status="over")
        known(Volunteer, self.volunteer_id).must_be_active()
        membership = known(Membership, activity.organisation_id, self.volunteer_id)
        day = activity.plan.starts_at.astimezone(self.at.tzinfo).date()
        if activity.plan.open_to == "members" and not membership.lasts(day):
            raise ForMembersOnly
        if self.volunteer_id in activity.signed_up:
            raise AlreadySignedUp(volunteer_id=self.volunteer_id)
        if self.is_own:
            most = known(RuleBook).on(self.at.date()).rules.open_sign_ups
            known(SignUps, self.volunteer_id).must_have_room(most, self.at)
        yield SignUpMade(
            activity_id=self.activity_id,
            volunteer_id=self.volunteer_id,
            organisation_id=activity.organisation_id,
            made_by=self.by.actor,
            is_waiting=activity.is_full,
            until=activity.plan.ends_at,
        )


class WithdrawSignUp(OfSomebody, frozen=True, kw_only=True):
    """Sign off, unless one was there already; the seat goes to whoever waited longest."""

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.concerned(known)
        activity.must_be("published")
        if self.volunteer_id not in activity.signed_up:
            raise NotSignedUp(volunteer_id=self.volunteer_id)
        if activity.presences.get(self.volunteer_id):
            raise AlreadyCheckedIn(volunteer_id=self.volunteer_id)
        yield from signed_off(activity, self.volunteer_id, self.by.actor)


def signed_off(activity: Activity, volunteer_id: VolunteerId, by: ActorId) -> Iterator[Fact]:
    """The facts that somebody does not come, and that whoever waited longest gets the seat."""
    ids: Any = {"activity_id": activity.activity_id, "organisation_id": activity.organisation_id}
    yield SignUpWithdrawn(**ids, volunteer_id=volunteer_id, withdrawn_by=by)
    if activity.signed_up[volunteer_id] and activity.waiting:
        yield SignUpMovedUp(**ids, volunteer_id=activity.waiting[0])
