"""Facts about credit: the rule book, rewards and redemptions, funds, gifts, donations and grants."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from timebank.domain.identifiers import (
    ActorId,
    CodeHash,
    FundId,
    OrganisationId,
    RedemptionId,
    RewardId,
    TransferId,
    VolunteerId,
)
from timebank.domain.kernel import Fact, Moment
from timebank.domain.text import normal

Percent = Annotated[int, Meta(ge=0, le=1000)]
"""What a minute of service is worth: 100 is a minute of credit."""

SomeMinutes = Annotated[int, Meta(ge=0, le=10**9)]

Rule = Literal["paid-duty", "coefficient", "cap-per-activity", "cap-per-day", "cap-total"]
"""What can make credit differ from minutes served, in the order in which it is applied."""


class RuleEffect(msgspec.Struct, frozen=True):
    """What a rule added to, or took from, the minutes served."""

    rule: Rule
    minutes: int


GiftMinutes = Annotated[int, Meta(ge=1, le=10**9)]

ConfirmRoles = Annotated[tuple[Literal["recorder", "verifier", "coordinator"], ...], Meta(min_length=1, max_length=3)]

ReservationHours = Annotated[int, Meta(ge=1, le=24 * 366)]

AtTheMost = Annotated[int, Meta(ge=1, le=1_000)]

CalledAtOnce = Annotated[int, Meta(ge=1, le=500)]

StarMinutes = Annotated[tuple[Annotated[int, Meta(ge=1, le=10**9)], ...], Meta(max_length=20)]
"""The service minutes for each star, rising."""

_GIFT_RULES_AS_STORED = {"minutes_max": "most_minutes", "minutes_max_per_month": "most_minutes_per_month"}


class GiftRules(msgspec.Struct, frozen=True, kw_only=True, rename=_GIFT_RULES_AS_STORED):
    """Whether credit may be given to others, and how much at once and in a local month; None is without limit."""

    allowed: bool = True
    minutes_max: GiftMinutes | None = None
    minutes_max_per_month: GiftMinutes | None = None


Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=500)]
"""A list of names, each as it is to be written."""


Registration = Literal["office", "invitation", "open"]
"""How people register: an office does it, themselves where an organisation invited them, or themselves."""

Levels = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(min_length=1, max_length=12)]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule book says; unless it says otherwise: minute for minute, no caps, and no credit ever expires.

    `credit_percent` is by category, `other_percent` for all others. Caps are minutes of credit that one person can get
    for one activity of one organisation on one local day, for one local day, and in all. `direct_confirm_roles` are
    the roles whose members may confirm and correct for their organisation. `star_minutes` are the service minutes for
    each star. `categories` and `activities` are the bank's own lists of what service can be called; where one is empty,
    anything goes. `place_levels` are the levels of the tree of places, from the top down.
    `open_reservations` is how many rewards one person can have reserved at once, `open_sign_ups` for how many
    activities that are not over they can have signed up themselves.
    An organisation calls people up `call_ups_per_day` times a local day, and `called_at_once` people each time.
    `registration` says whether people register themselves, `registration_waits` whether an office then takes them in.
    People sign in `check_in_minutes` before an activity at the earliest; for `presence_days` after it somebody can say
    when those left who did not sign out.
    """

    credit_percent: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=200)], Percent], Meta(max_length=500)
    ] = {}
    other_percent: Percent = 100
    cap_per_activity_minutes: SomeMinutes | None = None
    cap_per_day_minutes: SomeMinutes | None = None
    cap_total_minutes: SomeMinutes | None = None
    direct_confirm_roles: ConfirmRoles = ("verifier", "coordinator")
    gifts: GiftRules = GiftRules()
    reservation_hours: ReservationHours = 72
    star_minutes: StarMinutes = (
        6_000,
        18_000,
        36_000,
        60_000,
        90_000,
    )
    categories: Names = ()
    activities: Names = ()
    check_in_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 60
    presence_days: Annotated[int, Meta(ge=0, le=366)] = 14
    registration: Registration = "office"
    registration_waits: bool = True
    place_levels: Levels = ("社区", "片区", "楼院", "楼栋", "单元")
    open_reservations: AtTheMost = 20
    open_sign_ups: AtTheMost = 60
    call_ups_per_day: AtTheMost = 10
    called_at_once: CalledAtOnce = 100

    def percent_of(self, category: str) -> int:
        """What a minute of service of a category is worth, however the category is spelt."""
        wanted = normal(category)
        by_name = (percent for name, percent in self.credit_percent.items() if normal(name) == wanted)
        return next(by_name, self.other_percent)

    def stars(self, service_minutes: int) -> int:
        """How many stars so many minutes of service are."""
        return sum(service_minutes >= threshold for threshold in self.star_minutes)


class PolicyAdopted(Fact, frozen=True, kw_only=True):
    """A version of the rule book was adopted by a resolution, for service from a local day on."""

    TOPIC = "policy-adopted"
    SAYS = "Rules were adopted"
    version: int
    resolution: str
    effective_from: date
    rules: Rules


class PolicyWithdrawn(Fact, frozen=True, kw_only=True):
    """A version of the rule book was withdrawn before its first day: it never holds."""

    TOPIC = "policy-withdrawn"
    SAYS = "A version of the rules was withdrawn"
    version: int
    reason: str


RewardKind = Literal["health-check", "travel", "goods", "service", "voucher", "honour"]

Every = Literal["week", "month", "quarter", "year"]
"""How long a quota lasts before there is a new one, in the bank's local time."""

Some = Annotated[int, Meta(ge=1, le=10**9)]

Places = Annotated[int, Meta(ge=1, le=100_000)]

WithinDays = Annotated[int, Meta(ge=1, le=3660)]

Stars = Annotated[int, Meta(ge=0, le=20)]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A time slot that can be taken with the reward: when it starts, and for how many people."""

    starts_at: Moment
    places: Places


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """Who may redeem: who served so many minutes, in so many days up to today or ever; who has so many stars."""

    service_minutes: SomeMinutes = 0
    within_days: WithinDays | None = None
    stars: Stars = 0


class RewardTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms a reward is to be had.

    `quota` is how many there are in all, or with `quota_every` in each week, month, quarter or year; `quota_per_person`
    how many of those for one person. From `available_from` until `available_until` (included) it can be redeemed.
    Whoever provides it accepts the codes; who funds it is told, and no more.
    """

    name: str
    kind: RewardKind
    cost_minutes: Some
    provider_id: OrganisationId
    funder_id: OrganisationId | None = None
    description: str | None = None
    quota: Some | None = None
    quota_per_person: Some | None = None
    quota_every: Every | None = None
    available_from: date | None = None
    available_until: date | None = None
    eligibility: Eligibility = Eligibility()
    slots: tuple[Slot, ...] = ()

    def period(self, day: date) -> str:
        """For which period the quotas of a day are: `all`, or as `2026`, `2026-Q4`, `2026-11` or `2026-W47`."""
        if self.quota_every == "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        if self.quota_every == "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        return {"month": f"{day:%Y-%m}", "year": f"{day.year}"}.get(self.quota_every or "", "all")


class RewardPublished(Fact, frozen=True, kw_only=True):
    """A reward can be redeemed from now on, on these terms."""

    TOPIC = "reward-published"
    SAYS = "A reward was offered"
    reward_id: RewardId
    provider_id: OrganisationId
    terms: RewardTerms


class RewardAmended(Fact, frozen=True, kw_only=True):
    """The terms of a reward are others for whoever redeems it from now on; what is reserved stays as it was."""

    TOPIC = "reward-amended"
    SAYS = "A reward was changed"
    reward_id: RewardId
    provider_id: OrganisationId
    terms: RewardTerms


class RewardPaused(Fact, frozen=True, kw_only=True):
    """The reward cannot be redeemed for now; what is reserved stays reserved."""

    TOPIC = "reward-paused"
    SAYS = "A reward was paused"
    reward_id: RewardId
    reason: str


class RewardResumed(Fact, frozen=True, kw_only=True):
    """The reward can be redeemed again."""

    TOPIC = "reward-resumed"
    SAYS = "A reward was offered again"
    reward_id: RewardId


class RewardWithdrawn(Fact, frozen=True, kw_only=True):
    """The reward is not offered any more, for good; what is reserved can still be fulfilled."""

    TOPIC = "reward-withdrawn"
    SAYS = "A reward was withdrawn"
    reward_id: RewardId
    reason: str


class RewardReserved(Fact, frozen=True, kw_only=True):
    """Credit of `volunteer_id` is reserved for a reward for `beneficiary_id`, until `expires_at`, under a code.

    By themselves or, as their proxy, by `reserved_by`.
    The terms are those of this moment, whatever becomes of the reward. `period` is the one whose quotas it counts for.
    Of the code only its SHA-256, in hexadecimal, is known.
    """

    TOPIC = "reward-reserved"
    SAYS = "A reward was redeemed, and time set aside"
    SAYS_TO_THEM = "Time of yours was set aside for a reward"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    name: str
    kind: RewardKind
    cost_minutes: int
    period: str
    code_hash: CodeHash
    expires_at: Moment
    reserved_by: ActorId
    slot: Moment | None = None


class RewardFulfilled(Fact, frozen=True, kw_only=True):
    """The provider gave what was reserved; the credit is spent."""

    TOPIC = "reward-fulfilled"
    SAYS = "A code was used"
    SAYS_TO_THEM = "Your code was used"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    name: str
    cost_minutes: int
    code_hash: CodeHash
    fulfilled_by: ActorId
    slot: Moment | None = None


class ReservationCancelled(Fact, frozen=True, kw_only=True):
    """It was not wanted, or not possible, any more; the very minutes reserved are available again, or repay a debt."""

    TOPIC = "reservation-cancelled"
    SAYS = "What was redeemed was cancelled"
    SAYS_TO_THEM = "What you redeemed was cancelled"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    cost_minutes: int
    period: str
    code_hash: CodeHash
    slot: Moment | None = None
    debt_change_minutes: int = 0
    reason: str
    cancelled_by: ActorId


class ReservationExpired(Fact, frozen=True, kw_only=True):
    """Nobody came for it in time; the very minutes reserved are available again, or repay a debt."""

    TOPIC = "reservation-expired"
    SAYS = "A code expired, and the time came back"
    TELLS = False
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    cost_minutes: int
    period: str
    code_hash: CodeHash
    slot: Moment | None = None
    debt_change_minutes: int = 0


FundKind = Literal["community", "project"]


class FundOpened(Fact, frozen=True, kw_only=True):
    """There is a fund; where an organisation keeps it, its coordinators grant from it, as administrators do."""

    TOPIC = "fund-opened"
    SAYS = "A fund was opened"
    fund_id: FundId
    name: str
    kind: FundKind
    organisation_id: OrganisationId | None = None
    purpose: str | None = None


class FundClosed(Fact, frozen=True, kw_only=True):
    """The fund, empty by then, is no more."""

    TOPIC = "fund-closed"
    SAYS = "A fund was closed"
    fund_id: FundId
    reason: str


class CreditGiven(Fact, frozen=True, kw_only=True):
    """A volunteer gave credit to another. Where that one had a debt, `debt_change_minutes` (negative) repaid it."""

    TOPIC = "credit-given"
    SAYS = "Time was given to another"
    SAYS_TO_THEM = "Time was given to you"
    transfer_id: TransferId
    volunteer_id: VolunteerId
    to_volunteer_id: VolunteerId
    minutes: int
    debt_change_minutes: int = 0
    local_date: date


class CreditDonated(Fact, frozen=True, kw_only=True):
    """A volunteer gave credit to a fund."""

    TOPIC = "credit-donated"
    SAYS = "Time was donated"
    SAYS_TO_THEM = "Time of yours was donated"
    transfer_id: TransferId
    volunteer_id: VolunteerId
    fund_id: FundId
    minutes: int


class CreditGranted(Fact, frozen=True, kw_only=True):
    """A fund gave credit to a volunteer, or to another fund, as one for a project."""

    TOPIC = "credit-granted"
    SAYS = "A fund granted time"
    SAYS_TO_THEM = "A fund granted you time"
    transfer_id: TransferId
    fund_id: FundId
    to_volunteer_id: VolunteerId | None = None
    to_fund_id: FundId | None = None
    minutes: int
    debt_change_minutes: int = 0
    reason: str
