"""Facts about people: volunteers, their consents, and their proxies."""

from datetime import date
from typing import Literal

from timebank.domain.identifiers import ActorId, InvitationId, MergeId, ProxyId, VolunteerId, VolunteerNumber
from timebank.domain.kernel import Fact

Purpose = Literal["leaderboard", "be-asked"]
"""What a volunteer can consent to: appearing by name, or by alias, on leaderboards; being asked when help is needed."""


class VolunteerRegistered(Fact, frozen=True, kw_only=True):
    """Somebody became a volunteer of the bank, under one number for all organisations.

    Where no office registered them it was themselves, or their guardian, who agreed to what is kept about them:
    `agreed_to` is the version of what they were told. `is_waiting` until an office takes them in. Where the leader of
    a place registered them, `registered_by` is that leader, who may say where they live.
    """

    TOPIC = "volunteer-registered"
    SAYS = "A volunteer was registered"
    SAYS_TO_THEM = "You were registered"
    volunteer_id: VolunteerId
    number: VolunteerNumber
    agreed_to: str | None = None
    is_waiting: bool = False
    invitation_id: InvitationId | None = None
    registered_by: ActorId | None = None


class RegistrationAccepted(Fact, frozen=True, kw_only=True):
    """An office took in somebody who had registered themselves."""

    TOPIC = "registration-accepted"
    SAYS = "Somebody who had registered was taken in"
    SAYS_TO_THEM = "You were taken in"
    volunteer_id: VolunteerId
    accepted_by: ActorId


class RegistrationDeclined(Fact, frozen=True, kw_only=True):
    """An office did not take them in."""

    TOPIC = "registration-declined"
    SAYS = "Somebody who had registered was not taken in"
    SAYS_TO_THEM = "You were not taken in"
    volunteer_id: VolunteerId
    declined_by: ActorId
    reason: str


class VolunteerSuspended(Fact, frozen=True, kw_only=True):
    """No new service of the volunteer is accepted until further notice."""

    TOPIC = "volunteer-suspended"
    SAYS = "A volunteer was suspended"
    SAYS_TO_THEM = "You were suspended"
    volunteer_id: VolunteerId
    reason: str


class VolunteerReinstated(Fact, frozen=True, kw_only=True):
    """The suspension ended, or the volunteer came back."""

    TOPIC = "volunteer-reinstated"
    SAYS = "A volunteer was reinstated"
    SAYS_TO_THEM = "You were reinstated"
    volunteer_id: VolunteerId
    reason: str


class ConsentGiven(Fact, frozen=True, kw_only=True):
    """The volunteer agreed to something that is off unless agreed to."""

    TOPIC = "consent-given"
    SAYS = "A consent was given"
    SAYS_TO_THEM = "A consent was given for you"
    volunteer_id: VolunteerId
    purpose: Purpose


class ConsentWithdrawn(Fact, frozen=True, kw_only=True):
    """The volunteer took a consent back, or it ended: they left, or had not given it under another number of theirs."""

    TOPIC = "consent-withdrawn"
    SAYS = "A consent was withdrawn"
    SAYS_TO_THEM = "A consent of yours was withdrawn"
    volunteer_id: VolunteerId
    purpose: Purpose


class PersonalDataChanged(Fact, frozen=True, kw_only=True):
    """What is known about the person changed: which `fields`, but neither what they were nor what they are."""

    TOPIC = "personal-data-changed"
    SAYS = "Personal data was changed"
    SAYS_TO_THEM = "Your personal data was changed"
    volunteer_id: VolunteerId
    fields: tuple[str, ...]


class VolunteerErased(Fact, frozen=True, kw_only=True):
    """All that was personal about the volunteer was erased; the account stays, with what it held, and counts.

    `earlier_ids` are the registrations that were merged with theirs: they stay erased too, whatever is restored.
    """

    TOPIC = "volunteer-erased"
    SAYS = "Personal data was erased for good"
    TELLS = False
    volunteer_id: VolunteerId
    held_minutes: int = 0
    earlier_ids: tuple[VolunteerId, ...] = ()

    @property
    def everybody(self) -> tuple[VolunteerId, ...]:
        """All registrations of whoever was erased."""
        return self.volunteer_id, *self.earlier_ids


class VolunteerLeft(Fact, frozen=True, kw_only=True):
    """The volunteer left the bank; `held_minutes` of credit are kept for when they come back.

    `seen_off_by` is who said so for them, by the right of an office; None where they left themselves.
    """

    TOPIC = "volunteer-left"
    SAYS = "A volunteer left"
    SAYS_TO_THEM = "You left the time bank"
    volunteer_id: VolunteerId
    held_minutes: int = 0
    seen_off_by: ActorId | None = None


ProxyScope = Literal["view", "consents", "memberships", "personal-data", "redeem", "give"]
"""What a proxy may do: look (every proxy may), give and withdraw consents, join and leave, put personal data right,
redeem rewards, give and donate credit."""


class ProxyAppointed(Fact, frozen=True, kw_only=True):
    """The volunteer lets somebody act for them, until a day (included).

    Up to `acts_per_day` times a local day, and spending up to `minutes_per_day`, if that is limited. `is_guardian`
    where the volunteer is a minor whom the proxy registered.
    """

    TOPIC = "proxy-appointed"
    SAYS = "Somebody may act for another"
    SAYS_TO_THEM = "Somebody may act for you"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    scopes: tuple[ProxyScope, ...]
    acts_per_day: int
    valid_until: date | None = None
    minutes_per_day: int | None = None
    is_guardian: bool = False


class ProxyEnded(Fact, frozen=True, kw_only=True):
    """They act for the volunteer no more."""

    TOPIC = "proxy-ended"
    SAYS = "Somebody may act for another no more"
    SAYS_TO_THEM = "Somebody may act for you no more"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    ended_by: ActorId


class ProxyUsed(Fact, frozen=True, kw_only=True):
    """The proxy acted for the volunteer: what happened in the same command was their doing, and spent `minutes`."""

    TOPIC = "proxy-used"
    SAYS = "A proxy did something"
    SAYS_TO_THEM = "Somebody did something for you"
    proxy_id: ProxyId
    volunteer_id: VolunteerId
    proxy_volunteer_id: VolunteerId
    scope: ProxyScope
    local_date: date
    minutes: int = 0


class MergeProposed(Fact, frozen=True, kw_only=True):
    """Somebody found that two registrations are one person's, of which `kept_id` is to be the one that counts."""

    TOPIC = "merge-proposed"
    SAYS = "It was proposed that two registrations are merged"
    SAYS_TO_THEM = "It was proposed to merge your registration with another: if that is not yours, tell your office"
    merge_id: MergeId
    kept_id: VolunteerId
    merged_id: VolunteerId
    proposed_by: ActorId
    reason: str
    key_issued_by: ActorId | None = None

    @property
    def proposers(self) -> frozenset[str]:
        """Everybody who counts as having proposed it."""
        return frozenset(filter(None, (self.proposed_by, self.key_issued_by)))


class MergeDeclined(Fact, frozen=True, kw_only=True):
    """Somebody found that they are not to be merged."""

    TOPIC = "merge-declined"
    SAYS = "Two registrations were not merged"
    TELLS = False
    merge_id: MergeId
    kept_id: VolunteerId
    merged_id: VolunteerId
    declined_by: ActorId
    reason: str


class RegistrationsMerged(Fact, frozen=True, kw_only=True):
    """Two registrations are one: whoever had `merged_id` has `kept_id`, known by `kept_number`, and nothing else.

    Its available minutes, and what it owed, went to the account that is kept, where `debt_change_minutes` repaid a debt
    (negative) or became one. What it served stays under it. Those that were merged with it before are `earlier_ids`.
    """

    TOPIC = "registrations-merged"
    SAYS = "Two registrations were merged"
    SAYS_TO_THEM = "Two registrations of yours were merged"
    merge_id: MergeId
    kept_id: VolunteerId
    merged_id: VolunteerId
    kept_number: str
    approved_by: ActorId
    available_minutes: int = 0
    debt_minutes: int = 0
    debt_change_minutes: int = 0
    earlier_ids: tuple[VolunteerId, ...] = ()
