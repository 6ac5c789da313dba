"""Signing up and off: by people themselves, or by whoever organises or leads an activity for them."""

from collections.abc import Iterator, Sequence
from typing import Any

from timebank.domain.activities.activities import Activity, OnActivity
from timebank.domain.activities.refusals import (
    ActivityNotOpen,
    ActivityUnknown,
    AlreadyCheckedIn,
    AlreadySignedUp,
    ForMembersOnly,
    NotSignedUp,
)
from timebank.domain.facts.activities import CheckedIn, SignUpMade, SignUpMovedUp, SignUpWithdrawn
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId
from timebank.domain.kernel import Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import Membership
from timebank.domain.people.volunteers import Volunteer


class OpenSignUps(Memory):
    """The activities that somebody signed up for, or waits for a seat at, and has not come to."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.activities: set[ActivityId] = set()

    @event(SignUpMade)
    def _(self, activity_id: ActivityId) -> None:
        self.activities.add(activity_id)

    @event(SignUpWithdrawn)
    def _(self, activity_id: ActivityId) -> None:
        self.activities.discard(activity_id)

    @event(CheckedIn)
    def _(self, activity_id: ActivityId) -> None:
        self.activities.discard(activity_id)


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
    """Sign up; where all seats are taken, wait for one."""

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.concerned(known)
        activity.must_be("published")
        if self.at >= activity.plan.ends_at:
            raise ActivityNotOpen(status="over")
        known(Volunteer, self.volunteer_id).must_be_active()
        membership = known(Membership, activity.organisation_id, self.volunteer_id)
        if activity.plan.open_to == "members" and membership.status != "approved":
            raise ForMembersOnly
        if self.volunteer_id in activity.signed_up:
            raise AlreadySignedUp(volunteer_id=self.volunteer_id)
        yield SignUpMade(
            activity_id=self.activity_id,
            volunteer_id=self.volunteer_id,
            organisation_id=activity.organisation_id,
            made_by=self.by.actor,
            is_waiting=activity.is_full,
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
    """That somebody does not come; the seat goes to whoever waited longest."""
    ids: Any = {"activity_id": activity.activity_id, "organisation_id": activity.organisation_id}
    yield SignUpWithdrawn(**ids, volunteer_id=volunteer_id, withdrawn_by=by)
    if activity.signed_up[volunteer_id] and activity.waiting:
        yield SignUpMovedUp(**ids, volunteer_id=activity.waiting[0])
