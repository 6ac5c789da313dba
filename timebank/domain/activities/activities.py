"""Activities: what an organisation plans, publishes, changes and cancels; and what a decision remembers of one."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

import msgspec

from timebank.domain.acting import Acting
from timebank.domain.activities.plans import checked, memories_of, must_be_possible
from timebank.domain.activities.refusals import (
    ActivityNotOpen,
    ActivityUnknown,
    SeatsTaken,
)
from timebank.domain.facts.activities import (
    ActivityCancelled,
    ActivityChanged,
    ActivityClosed,
    ActivityPlanned,
    ActivityPublished,
    CheckedIn,
    CheckedOut,
    Plan,
    SignUpMade,
    SignUpMovedUp,
    SignUpWithdrawn,
)
from timebank.domain.facts.organisations import Role
from timebank.domain.facts.service import ServiceLogged
from timebank.domain.identifiers import ActivityId, ActorId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import EVERY_ROLE, LOGS_SERVICE, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.refusals import NothingChanges
from timebank.domain.text import Text


class Presence(msgspec.Struct, frozen=True):
    """From when until when somebody was there; until None, if that is not known yet."""

    since: datetime
    until: datetime | None = None


class Entry(NamedTuple):
    """What an entry said: that somebody came, or left, and when."""

    topic: str
    volunteer_id: VolunteerId
    moment: datetime


class Activity(Memory):
    """One activity: how it stands, who signed up, who waits, who was there and when, and of whom there is a record."""

    status = "unknown"
    organisation_id: OrganisationId
    plan: Plan

    def __init__(self, activity_id: ActivityId) -> None:
        super().__init__(activity_id)
        self.activity_id = activity_id
        self.signed_up: dict[VolunteerId, bool] = {}
        self.presences: dict[VolunteerId, tuple[Presence, ...]] = {}
        self.entries: dict[str, Entry] = {}
        self.entered_by: dict[VolunteerId, tuple[ActorId, ...]] = {}
        self.recorded: set[VolunteerId] = set()

    @event(ActivityPlanned)
    def _(self, organisation_id: OrganisationId, plan: Plan) -> None:
        self.status, self.organisation_id, self.plan = "planned", organisation_id, plan

    @event(ActivityPublished)
    def _(self) -> None:
        self.status = "published"

    @event(ActivityChanged)
    def _(self, plan: Plan) -> None:
        self.plan = plan

    @event(ActivityCancelled)
    def _(self) -> None:
        self.status = "cancelled"

    @event(ActivityClosed)
    def _(self) -> None:
        self.status = "closed"

    @event(SignUpMade)
    def _(self, volunteer_id: VolunteerId, is_waiting: bool) -> None:
        self.signed_up[volunteer_id] = not is_waiting

    @event(SignUpMovedUp)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.signed_up[volunteer_id] = True

    @event(SignUpWithdrawn)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.signed_up.pop(volunteer_id, None)

    @event(CheckedIn)
    def _(self, fact: CheckedIn) -> None:
        self._enter(fact)
        before = self.presences.get(fact.volunteer_id, ())
        self.presences[fact.volunteer_id] = (*before, Presence(fact.moment))

    @event(CheckedOut)
    def _(self, fact: CheckedOut) -> None:
        self._enter(fact)
        before = self.presences.get(fact.volunteer_id, ())
        came, left = Presence(fact.since), Presence(fact.since, fact.moment)
        self.presences[fact.volunteer_id] = tuple(left if each == came else each for each in before) or (left,)

    def _enter(self, fact: CheckedIn | CheckedOut) -> None:
        self.entries[fact.entry_id] = Entry(fact.TOPIC, fact.volunteer_id, fact.moment)
        if fact.proof == "leader":
            before = self.entered_by.get(fact.volunteer_id, ())
            eyes = filter(None, (fact.entered_by, fact.key_issued_by))
            self.entered_by[fact.volunteer_id] = tuple(dict.fromkeys((*before, *eyes)))

    @event(ServiceLogged)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.recorded.add(volunteer_id)

    @property
    def seated(self) -> list[VolunteerId]:
        """Who signed up and has a seat."""
        return [each for each, has_seat in self.signed_up.items() if has_seat]

    @property
    def waiting(self) -> list[VolunteerId]:
        """Who waits for a seat, the first to get one first."""
        return [each for each, has_seat in self.signed_up.items() if not has_seat]

    @property
    def is_full(self) -> bool:
        """Whether no seat is left."""
        return self.plan.seats is not None and len(self.seated) >= self.plan.seats

    def open_presence(self, volunteer_id: VolunteerId) -> Presence | None:
        """Since when somebody is there, if they are."""
        return next((each for each in self.presences.get(volunteer_id, ()) if each.until is None), None)

    def must_exist(self) -> None:
        """Refuse for an activity nobody knows."""
        if self.status == "unknown":
            raise ActivityUnknown(activity_id=self.activity_id)

    def must_be(self, *statuses: str) -> None:
        """Refuse for an activity in another status."""
        if self.status not in statuses:
            raise ActivityNotOpen(status=self.status)

    def is_led_by(self, by: Acting) -> bool:
        """Whether it is its leader who acts."""
        return by.authority == "volunteer" and by.actor == self.plan.leader_id


class OnActivity(Command, frozen=True, kw_only=True):
    """What the commands on an activity have in common: whoever logs for its organisation, or leads it, acts."""

    activity_id: ActivityId

    def needs(self) -> Sequence[Key]:
        return (about(Activity, self.activity_id),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        if activity.status == "unknown":
            return ()
        return about(Organisation, activity.organisation_id), *right_of(self.by, activity.organisation_id)

    def activity(self, known: Known) -> Activity:
        """The activity, which has to be there."""
        activity = known(Activity, self.activity_id)
        activity.must_exist()
        return activity

    def must_organise(
        self, known: Known, organisers: tuple[Role, ...] = LOGS_SERVICE, *, or_lead: bool = False
    ) -> Activity:
        """The activity. Refuses whoever neither has such a role in its organisation nor, where it is said, leads it.

        Whoever leads it does so as a member. To whoever has nothing to do with the organisation it does not exist.
        """
        activity = self.activity(known)
        roles = EVERY_ROLE if or_lead and activity.is_led_by(self.by) else organisers
        try:
            must_act_for(activity.organisation_id, self.by, roles, self.at.date(), known)
        except OrganisationUnknown:
            raise ActivityUnknown(activity_id=self.activity_id) from None
        known(Organisation, activity.organisation_id).must_be_approved()
        return activity


class PlanActivity(Command, frozen=True, kw_only=True):
    """Plan an activity of an organisation."""

    activity_id: ActivityId
    organisation_id: OrganisationId
    plan: Plan

    def checked(self) -> Self:
        return msgspec.structs.replace(super().checked(), plan=checked(self.plan))

    def needs(self) -> Sequence[Key]:
        own = right_of(self.by, self.organisation_id)
        return about(Organisation, self.organisation_id), *memories_of(self.plan, self.organisation_id), *own

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        must_act_for(self.organisation_id, self.by, LOGS_SERVICE, self.at.date(), known)
        organisation.must_be_approved()
        must_be_possible(self.plan, known, self.organisation_id, self.at)
        yield ActivityPlanned(
            activity_id=self.activity_id,
            organisation_id=self.organisation_id,
            planned_by=self.by.actor,
            plan=self.plan,
        )


class PublishActivity(OnActivity, frozen=True, kw_only=True):
    """Let everybody see the activity, and sign up."""

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known)
        activity.must_be("planned")
        yield ActivityPublished(activity_id=self.activity_id, organisation_id=activity.organisation_id)


class ChangeActivity(OnActivity, frozen=True, kw_only=True):
    """Change the plan of an activity, until somebody is there; new seats go to those who waited longest."""

    plan: Plan

    def checked(self) -> Self:
        return msgspec.structs.replace(super().checked(), plan=checked(self.plan))

    def also_needs(self, known: Known) -> Sequence[Key]:
        activity = known(Activity, self.activity_id)
        plan = memories_of(self.plan, activity.organisation_id) if activity.status != "unknown" else ()
        return *super().also_needs(known), *plan

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known)
        activity.must_be("planned", "published")
        if activity.presences:
            raise ActivityNotOpen(status="running")
        must_be_possible(self.plan, known, activity.organisation_id, self.at)
        if self.plan == activity.plan:
            raise NothingChanges
        seats, taken = self.plan.seats, len(activity.seated)
        if seats is not None and seats < taken:
            raise SeatsTaken(taken=taken)
        ids: Any = {"activity_id": self.activity_id, "organisation_id": activity.organisation_id}
        yield ActivityChanged(**ids, plan=self.plan)
        for volunteer_id in activity.waiting[: None if seats is None else seats - taken]:
            yield SignUpMovedUp(**ids, volunteer_id=volunteer_id)


class CancelActivity(OnActivity, frozen=True, kw_only=True):
    """Say that an activity does not take place."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.must_organise(known)
        activity.must_be("planned", "published")
        if activity.presences:
            raise ActivityNotOpen(status="running")
        yield ActivityCancelled(
            activity_id=self.activity_id, organisation_id=activity.organisation_id, reason=self.reason
        )
