"""Refusals about credit."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class RewardUnknown(NotFound):
    """There is no reward {reward_id} in this bank."""

    field = "reward_id"


class RedemptionUnknown(NotFound):
    """There is no redemption {redemption_id} in this bank."""

    field = "redemption_id"


class RedemptionCodeUnknown(NotFound):
    """There is nothing for you under this code."""

    field = "redemption_code"


class FundUnknown(NotFound):
    """There is no fund {fund_id} in this bank."""

    field = "fund_id"


class ProxyIsBeneficiary(Forbidden):
    """Nobody spends another's credit on themselves."""


class FulfillerIsBeneficiary(Forbidden):
    """Nobody accepts a code of theirs, one they reserved, or of whom they spend for: another of the provider has to."""


class DonationNeedsAnother(Forbidden):
    """No one person gives away what another has: keep it, and another than who had them leave donates it on erasing."""

    field = "rest"


class GranterIsBeneficiary(Forbidden):
    """Nobody grants credit of a fund to themselves, or to whom they spend for."""

    field = "to_volunteer_id"


class RewardStatusDiffers(Conflict):
    """Reward {reward_id} is {status}; for this it has to be {wanted}."""


STANDS_OTHERWISE = "it is {status}"
NOT_YET = "it is from {day} on"
NO_LONGER = "it was until {day}"


class RewardNotOffered(Conflict):
    """Reward {reward_id} cannot be redeemed today: {why}."""


AGAIN_FROM = "it can be redeemed again from {day} on"
NO_MORE = "choose another reward, or look again later, as people give theirs back"
NO_MORE_FOR_ONE = "choose another reward"


class RewardSoldOut(Conflict):
    """None of this reward is left to be reserved now: {why}."""


class PersonalQuotaReached(Conflict):
    """One person can have {quota} of this reward, and that is reached: {why}."""


class TooManyReservations(Conflict):
    """{open} reserved rewards wait for you, and one person can have {most} at once: fetch them, or give some up."""


class SlotFull(Conflict):
    """There is no place left at {slot}: choose another time."""

    field = "slot"


class SlotIsOver(Conflict):
    """The slot {slot} is over: choose another time."""

    field = "slot"


STARS_MISSING = "it takes {wanted} stars, and there are {stars}"
SERVICE_MISSING = "it takes {minutes} minutes of service, and there are {served}"
SERVICE_MISSING_LATELY = "it takes {minutes} minutes of service in {days} days, and there are {served}"


class NotEligible(Conflict):
    """This reward is not for you yet: {why}."""


class NotEnoughCredit(Conflict):
    """This takes {minutes} minutes of credit, and {available_minutes} are available."""


class CostIsAnother(Conflict):
    """It takes {minutes} minutes by now: look at it again."""

    field = "cost_minutes"


class RedemptionNotOpen(Conflict):
    """Redemption {redemption_id} is {status} already."""


class GiftsNotAllowed(Conflict):
    """The rule book in force lets nobody give credit to others."""


class GiftTooLarge(Conflict):
    """The rule book in force allows {minutes_max} minutes in one gift: give less."""

    field = "minutes"


class GiftLimitReached(Conflict):
    """The rule book in force allows gifts of {minutes_max} minutes a month; {given_minutes} were given.

    Give less, or wait for the next month.
    """

    field = "minutes"


class FundIsClosed(Conflict):
    """Fund {fund_id} is closed."""

    field = "fund_id"


class FundTooSmall(Conflict):
    """This takes {minutes} minutes of credit, and {fund_minutes} are in the fund."""

    field = "minutes"


class FundNotEmpty(Conflict):
    """There are {fund_minutes} minutes in the fund: grant them first."""


class PolicyNotAhead(Invalid):
    """A new version of the rule book is for days that have not begun; {effective_from} has."""

    field = "effective_from"


class PolicyUnknown(NotFound):
    """There is no version {version} of the rule book in this bank."""


class PolicyHasBegun(Conflict):
    """Version {version} of the rule book holds from {effective_from} on; only one that has not begun is withdrawn."""


class PolicyIsWithdrawn(Conflict):
    """Version {version} of the rule book is withdrawn already."""


class ThresholdsNotRising(Invalid):
    """Each star has to take more minutes than the one before."""

    field = "star_minutes"


class SlotNeeded(Invalid):
    """This reward comes with a slot: choose one."""

    field = "slot"


class SlotUnknown(Invalid):
    """This reward has no slot at {slot}."""

    field = "slot"


class SlotsTwice(Invalid):
    """Two slots start at the same time: make them one with more places."""

    field = "slots"


class GiftToOneself(Invalid):
    """Credit goes to somebody else."""


class OneRecipient(Invalid):
    """A grant goes either to a volunteer or to a fund."""


class BalanceUndecided(Conflict):
    """There are {minutes} minutes of credit left: say whether they are to be donated or kept on hold."""

    field = "rest"


class FundNeeded(Invalid):
    """What is donated goes to a fund: say to which; and say it of nothing else."""


class CategoryNotListed(Invalid):
    """{category} is not one of the bank's categories; the nearest is {nearest}."""

    field = "category"


class ActivityNotListed(Invalid):
    """{activity} is not one of the bank's activities; the nearest is {nearest}."""

    field = "activity"


class CoefficientNotListed(Invalid):
    """There is a coefficient for {category}, which is not among the categories of the same rules."""

    field = "rules"
