"""Being there: signing in and out, by the code that turns at the place, or by the leader's list.

Nobody is at two activities at one time. A presence that was not ended is never guessed into hours. The code is made and
looked at in `vault/check_in_codes.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, NamedTuple

from msgspec import Meta

from timebank.domain.activities.activities import Activity, Entry
from timebank.domain.activities.refusals import (
    AlreadyCheckedIn,
    CheckedInElsewhere,
    CodeNotValid,
    EntryDiffers,
    NotCheckedIn,
    NotSignedUp,
    OutsideItsTime,
)
from timebank.domain.activities.sign_ups import OfSomebody
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.activities import CheckedIn, CheckedOut, Proof, SignUpMade, SignUpWithdrawn
from timebank.domain.identifiers import ActivityId, ActorId, OrganisationId, VolunteerId
from timebank.domain.kernel import Fact, Key, Known, Memory, Moment, about, event
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.service.refusals import RecorderIsBeneficiary

EntryId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+$(?!\n)")]

AT_ONCE = timedelta(minutes=5)
"""An entry that comes later than so after its moment was taken in afterwards."""


class Stay(NamedTuple):
    """From when until when at the latest somebody is at an activity of an organisation; in UTC.

    `is_theirs` if it is not a leader's word alone: they signed up themselves, or showed the code.
    """

    activity_id: ActivityId
    since: datetime
    until: datetime
    organisation_id: OrganisationId
    is_theirs: bool = True


class Whereabouts(Memory):
    """At which activities somebody is, and was; and for which they signed up themselves."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.stays: dict[tuple[ActivityId, datetime], Stay] = {}
        self.wanted: set[ActivityId] = set()

    @event(SignUpMade)
    def _(self, activity_id: ActivityId, made_by: ActorId) -> None:
        if made_by == ActorId(self.volunteer_id):
            self.wanted.add(activity_id)

    @event(SignUpWithdrawn)
    def _(self, activity_id: ActivityId) -> None:
        self.wanted.discard(activity_id)

    @event(CheckedIn)
    def _(self, fact: CheckedIn) -> None:
        self._stay(fact, fact.moment, fact.until.astimezone(UTC))

    @event(CheckedOut)
    def _(self, fact: CheckedOut) -> None:
        # Who stays longer than the activity is free to be elsewhere then.
        before = self.stays.get((fact.activity_id, fact.since.astimezone(UTC)))
        until = fact.moment.astimezone(UTC)
        self._stay(fact, fact.since, min(until, before.until) if before else until)

    def _stay(self, fact: CheckedIn | CheckedOut, since: datetime, until: datetime) -> None:
        key = fact.activity_id, since.astimezone(UTC)
        self.stays[key] = Stay(*key, until, fact.organisation_id, self.is_theirs(*key, fact.proof))

    def is_theirs(self, activity_id: ActivityId, since: datetime, proof: Proof) -> bool:
        """Whether a stay is no leader's word alone."""
        before = self.stays.get((activity_id, since))
        return proof == "code" or activity_id in self.wanted or bool(before and before.is_theirs)

    def is_anywhere(self, stay: Stay) -> bool:
        """Whether a stay, or a moment, if it begins and ends at once, meets another one that counts.

        What another organisation's leader says of somebody who did not even sign up keeps them from nothing; nor does a
        leader learn by saying it where they are for others.
        """
        return any(
            stay.since < each.until and (each.since <= stay.since or each.since < stay.until)
            for each in self.stays.values()
            if each[:2] != stay[:2]
            and ((each.is_theirs and stay.is_theirs) or each.organisation_id == stay.organisation_id)
        )


class _Entry(OfSomebody, frozen=True, kw_only=True):
    """What signing in and out have in common. `moment` is when it was; now, unless it is said by the leader.

    `proof` is `code` where the code at the place was shown, which has been looked at before.
    """

    proof: Proof
    entry_id: EntryId
    moment: Moment | None = None

    proxy_scope: ClassVar[str | None] = None

    fact_kind: ClassVar[type[CheckedIn | CheckedOut]]

    def also_needs(self, known: Known) -> Sequence[Key]:
        return *super().also_needs(known), about(Whereabouts, self.volunteer_id), about(RuleBook), *self._of_benefit

    @property
    def _of_benefit(self) -> Sequence[Key]:
        return memories_of_benefit(self.by, self.volunteer_id) if self.proof == "leader" else ()

    @property
    def when(self) -> datetime:
        """When they came, or left."""
        return self.moment or self.at

    @property
    def is_taken_in_later(self) -> bool:
        """Whether the entry was made without a network and is sent later, with its own time."""
        return self.at - self.when > AT_ONCE

    def entered(self, known: Known) -> Activity:
        """The activity, if the actor may enter for it who came. Refuses leaders who enter themselves."""
        if self.proof == "code" and not self.is_own:
            raise CodeNotValid
        if self.proof == "leader":
            activity = self.must_organise(known, or_lead=True)
            if benefits(known, self.by, self.volunteer_id, self.at.date()):
                raise RecorderIsBeneficiary
        else:
            activity = self.concerned(known)
        activity.must_be("published")
        return activity

    def window(self, known: Known, activity: Activity) -> timedelta:
        """How long before the start people may sign in, and after the end sign out."""
        day = activity.plan.starts_at.astimezone(self.at.tzinfo).date()
        return timedelta(minutes=known(RuleBook).on(day).rules.check_in_minutes)

    def stay(self, known: Known, activity: Activity, since: datetime, until: datetime) -> Stay:
        """From when until when they are said to be there, and whether that is a leader's word alone."""
        begin, whereabouts = since.astimezone(UTC), known(Whereabouts, self.volunteer_id)
        is_theirs = whereabouts.is_theirs(self.activity_id, begin, self.proof)
        return Stay(self.activity_id, begin, until.astimezone(UTC), activity.organisation_id, is_theirs)

    def is_known(self, activity: Activity) -> bool:
        """Whether it was entered before. Refuses another one under the same name."""
        before = activity.entries.get(self.entry_id)
        if before is None:
            return False
        said = Entry(self.fact_kind.TOPIC, self.volunteer_id, self.moment or before.moment)
        if said != before:
            raise EntryDiffers(entry_id=self.entry_id)
        return True


class CheckIn(_Entry, frozen=True, kw_only=True):
    """Sign in: somebody who has a seat, within the time of the activity and a while before."""

    fact_kind = CheckedIn

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.entered(known)
        if self.is_known(activity):
            return
        plan, when = activity.plan, self.when
        if when > self.at or not plan.starts_at - self.window(known, activity) <= when < plan.ends_at:
            raise OutsideItsTime
        known(Volunteer, self.volunteer_id).must_be_active()
        if not activity.signed_up.get(self.volunteer_id):
            raise NotSignedUp(volunteer_id=self.volunteer_id)
        before = activity.presences.get(self.volunteer_id, ())
        if any(each.until is None or when < each.until for each in before) or (before and not plan.signs_out):
            raise AlreadyCheckedIn(volunteer_id=self.volunteer_id)
        # Whoever signs out may leave at any time: only where they come has to be free.
        until = when if plan.signs_out else plan.ends_at
        stay = self.stay(known, activity, when, until)
        if known(Whereabouts, self.volunteer_id).is_anywhere(stay):
            raise CheckedInElsewhere(volunteer_id=self.volunteer_id)
        yield CheckedIn(
            activity_id=self.activity_id,
            volunteer_id=self.volunteer_id,
            organisation_id=activity.organisation_id,
            entry_id=self.entry_id,
            moment=when,
            until=plan.ends_at,
            proof=self.proof,
            entered_by=self.by.actor,
            key_issued_by=self.by.key_issued_by,
            is_taken_in_later=self.is_taken_in_later,
        )


class CheckOut(_Entry, frozen=True, kw_only=True):
    """Sign out: somebody who is there, not before they came, and not long after the end."""

    fact_kind = CheckedOut

    def decide(self, known: Known) -> Iterator[Fact]:
        activity = self.entered(known)
        if self.is_known(activity):
            return
        if self.when > self.at or self.when > activity.plan.ends_at + self.window(known, activity):
            raise OutsideItsTime
        yield checked_out(self, known, activity)


def checked_out(entry: _Entry, known: Known, activity: Activity) -> CheckedOut:
    """The fact that somebody left. Refuses whoever is not there, came later, or was at another activity meanwhile."""
    there = activity.open_presence(entry.volunteer_id)
    if there is None:
        raise NotCheckedIn(volunteer_id=entry.volunteer_id)
    if entry.when < there.since:
        raise OutsideItsTime
    stay = entry.stay(known, activity, there.since, min(entry.when, activity.plan.ends_at))
    if known(Whereabouts, entry.volunteer_id).is_anywhere(stay):
        raise CheckedInElsewhere(volunteer_id=entry.volunteer_id)
    return CheckedOut(
        activity_id=activity.activity_id,
        volunteer_id=entry.volunteer_id,
        organisation_id=activity.organisation_id,
        entry_id=entry.entry_id,
        since=there.since,
        moment=entry.when,
        proof=entry.proof,
        entered_by=entry.by.actor,
        key_issued_by=entry.by.key_issued_by,
        is_taken_in_later=entry.is_taken_in_later,
    )
