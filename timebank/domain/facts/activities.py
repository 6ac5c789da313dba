"""Facts about activities: planned, published, signed up for, attended, closed."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from timebank.domain.identifiers import ActivityId, ActorId, NodeId, OrganisationId, TeamId, VolunteerId
from timebank.domain.kernel import Fact, Moment

OpenTo = Literal["everybody", "members"]

Seats = Annotated[int, Meta(ge=1, le=100_000)]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an activity is to be: what, where, when, for how many, and who leads it.

    `place` says where in words, `node_id` at which place of the tree. `skills` are looked for. Where `signs_out` is not
    so, whoever signed in is there until the end. `team_id` is the team in whose name it is done.
    """

    name: str
    category: str
    content: str
    place: str
    starts_at: Moment
    ends_at: Moment
    leader_id: ActorId
    node_id: NodeId | None = None
    seats: Seats | None = None
    skills: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    open_to: OpenTo = "everybody"
    is_insured: bool = False
    signs_out: bool = True
    team_id: TeamId | None = None


class ActivityPlanned(Fact, frozen=True, kw_only=True):
    """An organisation plans an activity; nobody else knows of it yet."""

    TOPIC = "activity-planned"
    SAYS = "An activity was planned"
    activity_id: ActivityId
    organisation_id: OrganisationId
    planned_by: ActorId
    plan: Plan


class ActivityPublished(Fact, frozen=True, kw_only=True):
    """Everybody can see the activity, and sign up."""

    TOPIC = "activity-published"
    SAYS = "An activity was published"
    activity_id: ActivityId
    organisation_id: OrganisationId


class ActivityChanged(Fact, frozen=True, kw_only=True):
    """The activity is to be otherwise."""

    TOPIC = "activity-changed"
    SAYS = "An activity was changed"
    SAYS_TO_THEM = "An activity that you signed up for was changed"
    activity_id: ActivityId
    organisation_id: OrganisationId
    plan: Plan


class ActivityCancelled(Fact, frozen=True, kw_only=True):
    """The activity does not take place."""

    TOPIC = "activity-cancelled"
    SAYS = "An activity was cancelled"
    SAYS_TO_THEM = "An activity that you signed up for does not take place"
    activity_id: ActivityId
    organisation_id: OrganisationId
    reason: str


class SignUpMade(Fact, frozen=True, kw_only=True):
    """Somebody wants to come, or waits for a seat; `until` is when the activity was to end then."""

    TOPIC = "sign-up-made"
    SAYS = "Signed up for an activity"
    SAYS_TO_THEM = "You were signed up for an activity"
    activity_id: ActivityId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    made_by: ActorId
    is_waiting: bool = False
    until: Moment | None = None


class SignUpWithdrawn(Fact, frozen=True, kw_only=True):
    """They do not come, or wait no more."""

    TOPIC = "sign-up-withdrawn"
    SAYS = "Signed off from an activity"
    SAYS_TO_THEM = "You were signed off from an activity"
    activity_id: ActivityId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    withdrawn_by: ActorId


class SignUpMovedUp(Fact, frozen=True, kw_only=True):
    """There is a seat for somebody who waited longest."""

    TOPIC = "sign-up-moved-up"
    SAYS = "A place in an activity came free"
    SAYS_TO_THEM = "You have a place in an activity now"
    activity_id: ActivityId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId


class CallMade(Fact, frozen=True, kw_only=True):
    """Those who agreed to be asked are asked to come, of a place, and with a skill, if one is needed.

    At most so many `people` were named, on the local day `local_date`; neither is said of call-ups without limits.
    """

    TOPIC = "call-made"
    SAYS = "Helpers were called up"
    activity_id: ActivityId
    organisation_id: OrganisationId
    called_by: ActorId
    node_id: NodeId
    skill: str | None = None
    reason: str
    people: int | None = None
    local_date: date | None = None


Proof = Literal["code", "leader"]
"""How it is known that somebody was there: by the code that turns at the place, or by the leader's word."""


class CheckedIn(Fact, frozen=True, kw_only=True):
    """Somebody is there since a moment; unless they sign out before, not longer than `until`.

    `entry_id` is made where it is entered, so that an entry that comes twice counts once. `is_taken_in_later` marks
    what was entered there without a network, and came here afterwards. Where a program entered it, `key_issued_by` is
    whoever issued its key.
    """

    TOPIC = "checked-in"
    SAYS = "Signed in at an activity"
    SAYS_TO_THEM = "You were signed in at an activity"
    activity_id: ActivityId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    entry_id: str
    moment: Moment
    until: Moment
    proof: Proof
    entered_by: ActorId
    is_taken_in_later: bool = False
    key_issued_by: ActorId | None = None


class CheckedOut(Fact, frozen=True, kw_only=True):
    """Somebody who was there `since` a moment left."""

    TOPIC = "checked-out"
    SAYS = "Signed out of an activity"
    SAYS_TO_THEM = "You were signed out of an activity"
    activity_id: ActivityId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    entry_id: str
    since: Moment
    moment: Moment
    proof: Proof
    entered_by: ActorId
    is_taken_in_later: bool = False
    key_issued_by: ActorId | None = None


class ActivityClosed(Fact, frozen=True, kw_only=True):
    """The activity is over: a record of each who was there is logged with this.

    `absent` signed up and did not come, which counts for nothing. `unclosed` did not sign out: somebody has to say when
    they left. `left` were there, and somebody else has to log it: it is the closer's own, or could not be logged.
    """

    TOPIC = "activity-closed"
    SAYS = "An activity was closed"
    TELLS = False
    activity_id: ActivityId
    organisation_id: OrganisationId
    closed_by: ActorId
    present: tuple[VolunteerId, ...] = ()
    absent: tuple[VolunteerId, ...] = ()
    unclosed: tuple[VolunteerId, ...] = ()
    left: tuple[VolunteerId, ...] = ()
