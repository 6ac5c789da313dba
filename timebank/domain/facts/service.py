"""Facts about service: what was logged, amended, withdrawn, confirmed, rejected, corrected and voided."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from timebank.domain.facts.credit import RuleEffect
from timebank.domain.identifiers import ActivityId, ActorId, OrganisationId, RecordId, TeamId, VolunteerId
from timebank.domain.kernel import Days, Fact, MinutesByDay, Moment

Capacity = Literal["resident", "staff-off-duty", "staff-on-duty"]
"""In what capacity somebody served. Paid duty is not volunteering (志愿服务记录与证明出具办法, art. 19)."""


def counts_as_volunteering(capacity: Capacity) -> bool:
    """On-duty time may be logged, but is never credited, certified or ranked."""
    return capacity != "staff-on-duty"


class ServiceLogged(Fact, frozen=True, kw_only=True):
    """An organisation says that a volunteer served for `minutes`; nobody has checked it yet.

    `minutes_by_day` divides the minutes among the local days they touch, `local_date` is the day they count for.
    Where a program recorded it, `key_issued_by` is whoever issued its key: the two count as one person.
    `person_in_charge_id` is who was responsible for the activity (活动负责人; Measures, art. 7).
    What comes of an activity says which, from when until when that was, and whether its leader signed in.
    `entered_by` are those by whose word it is known that, and when, the volunteer was there: each has recorded it too.
    Where the organisation pays an allowance it is marked so, and never certified. `team_id` is the team in whose name
    it was done.
    """

    TOPIC = "service-logged"
    SAYS = "Service was recorded"
    SAYS_TO_THEM = "Service of yours was recorded"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    recorder_id: ActorId
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int
    minutes_by_day: MinutesByDay
    local_date: date
    is_late: bool = False
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()
    key_issued_by: ActorId | None = None
    person_in_charge_id: ActorId | None = None
    activity_id: ActivityId | None = None
    activity_span: tuple[Moment, Moment] | None = None
    leader_was_there: bool | None = None
    is_subsidised: bool = False
    entered_by: tuple[ActorId, ...] = ()
    team_id: TeamId | None = None


class ServiceAmended(Fact, frozen=True, kw_only=True):
    """A record that nobody had decided on was put right by its organisation: it says this now, and waits still.

    `previous_minutes_by_day` are the days it was on. Whoever amends a record has recorded it too, and does not decide.
    Of the team, and of an allowance, it says something only where that is another one, or none (`team_after`).
    """

    TOPIC = "service-amended"
    SAYS = "A record that waits was changed"
    SAYS_TO_THEM = "A record of yours that waits was changed"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    amended_by: ActorId
    previous_minutes_by_day: MinutesByDay
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int
    minutes_by_day: MinutesByDay
    local_date: date
    is_late: bool = False
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()
    key_issued_by: ActorId | None = None
    reason: str | None = None
    person_in_charge_id: ActorId | None = None
    team_id: TeamId | None = None
    previous_team_id: TeamId | None = None
    is_subsidised: bool | None = None


class ServiceWithdrawn(Fact, frozen=True, kw_only=True):
    """Its organisation took back a record that nobody had decided on; it counts for nothing."""

    TOPIC = "service-withdrawn"
    SAYS = "A record that waited was taken back"
    SAYS_TO_THEM = "A record of yours that waited was taken back"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    withdrawn_by: ActorId
    minutes_by_day: MinutesByDay
    reason: str


class ServiceConfirmed(Fact, frozen=True, kw_only=True):
    """`minutes` of real service were confirmed and became `credited_minutes`.

    That is what version `policy_version` of the rule book made of them: minutes and `rules_applied` sum to it, and so
    does `credited_by_day`, where it is not minute for minute. Where the volunteer had a debt, `debt_change_minutes`
    (negative) went to repaying it. Where it was entered from a list, `signed_by` is who signed that.
    """

    TOPIC = "service-confirmed"
    SAYS = "Service was confirmed"
    SAYS_TO_THEM = "Your service was confirmed"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    capacity: Capacity
    minutes: int
    minutes_by_day: MinutesByDay
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    reason: str | None = None
    policy_version: int = 0
    rules_applied: tuple[RuleEffect, ...] = ()
    credited_by_day: dict[date, int] | None = None
    signed_by: ActorId | None = None


class ServiceRejected(Fact, frozen=True, kw_only=True):
    """The record was found not to be right; it counts for nothing."""

    TOPIC = "service-rejected"
    SAYS = "A record was not accepted"
    SAYS_TO_THEM = "A record of yours was not accepted"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    minutes_by_day: MinutesByDay
    reason: str


class ServiceCorrected(Fact, frozen=True, kw_only=True):
    """A confirmed record was put right; the `previous_…` fields keep what it was, `original_days` what was logged.

    `account_id` is whose credit it is where the registration was merged with another since. Of the team, and of an
    allowance, it says something only where that is another one, or none (`team_after`).
    """

    TOPIC = "service-corrected"
    SAYS = "A record was corrected"
    SAYS_TO_THEM = "A record of yours was corrected"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    previous_capacity: Capacity
    previous_minutes: int
    previous_minutes_by_day: MinutesByDay
    previous_local_date: date
    previous_credited_minutes: int
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int
    minutes_by_day: MinutesByDay
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()
    original_days: Days = ()
    reason: str
    policy_version: int = 0
    rules_applied: tuple[RuleEffect, ...] = ()
    credited_by_day: dict[date, int] | None = None
    person_in_charge_id: ActorId | None = None
    account_id: VolunteerId | None = None
    team_id: TeamId | None = None
    previous_team_id: TeamId | None = None
    is_subsidised: bool | None = None


def team_after(fact: ServiceAmended | ServiceCorrected, before: TeamId | None) -> TeamId | None:
    """The team in whose name the service is after a fact: as before, unless the fact names either of the two."""
    return fact.team_id if fact.team_id or fact.previous_team_id else before


def credited_by_day(fact: ServiceConfirmed | ServiceCorrected) -> Mapping[date, int]:
    """The credit by local day. Before there was a rule book, nothing was said of paid duty but that it had none."""
    if fact.credited_by_day is not None:
        return fact.credited_by_day
    return fact.minutes_by_day if counts_as_volunteering(fact.capacity) else {}


class ServiceVoided(Fact, frozen=True, kw_only=True):
    """A confirmed record was withdrawn, and with it `minutes` of service and `credited_minutes` of credit.

    What of the credit had been spent already became a debt: `debt_change_minutes`. `account_id` is whose credit it was
    where the registration was merged with another since.
    """

    TOPIC = "service-voided"
    SAYS = "A record was made void"
    SAYS_TO_THEM = "A record of yours was made void"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    capacity: Capacity
    minutes: int
    minutes_by_day: MinutesByDay
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    original_days: Days = ()
    reason: str
    account_id: VolunteerId | None = None
