"""Statements (明细): what happened on an account, line by line, and the parts that add up to what is on it.

Made from the same facts and the same `postings` as the balance itself; each line names its fact's position.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec

from timebank.domain.credit.accounts import Account, Posting, postings
from timebank.domain.facts.credit import (
    CreditDonated,
    CreditGiven,
    CreditGranted,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
    Rule,
    RuleEffect,
)
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceLogged, ServiceVoided
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact

Cause = Rule | Literal["service", "debt", "reserved", "redeemed", "gift-given", "gift-received", "donated", "granted"]
"""Why available minutes are what they are: service, what rules made of it, and what became of the credit."""

Language = Literal["zh", "en"]

TOLD: tuple[type[Fact], ...] = (
    ServiceLogged,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceVoided,
    RewardReserved,
    RewardFulfilled,
    ReservationCancelled,
    ReservationExpired,
    CreditGiven,
    CreditDonated,
    CreditGranted,
)
"""The facts a statement is made of; what was logged says what the service was."""


class Entry(NamedTuple):
    """A fact about somebody, with its place in the log and when it was recorded, in the bank's local time."""

    position: int
    recorded_at: datetime
    fact: Fact


class Part(msgspec.Struct, frozen=True):
    """How many available minutes more, or less, there are for one cause."""

    cause: Cause
    minutes: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that did something to the account; `parts` sum to `change_minutes`, and those to `balance_minutes`.

    `happened_on` is the local day it was about, `recorded_at` when it came to the log. `about` is the record, the
    redemption or the transfer, `counterpart` the volunteer or the fund that it came from or went to.
    """

    position: int
    recorded_at: datetime
    happened_on: date
    topic: str
    about: str
    counterpart: str | None
    words: str
    change_minutes: int
    balance_minutes: int
    reserved_minutes: int
    debt_minutes: int
    parts: list[Part]


def lines(
    entries: Iterable[Entry], holder: VolunteerId, funds: Mapping[str, str], language: Language
) -> Iterator[Line]:
    """All lines of an account, in the order of the log. `funds` are the names of funds."""
    teller = _Teller(holder, funds, language)
    accounts: Counter[Account] = Counter()
    for position, recorded_at, fact in entries:
        moved = [line for line in postings(fact) if line.holder == holder]
        parts = teller.parts(fact)
        for line in moved:
            accounts[line.account] += line.minutes
        if moved:
            change = sum(line.minutes for line in moved if line.account == "available")
            assert change == sum(part.minutes for part in parts), f"the parts of {position} sum to its change"
            yield Line(
                position=position,
                recorded_at=recorded_at,
                happened_on=happened_on(fact, recorded_at),
                topic=fact.TOPIC,
                about=_about(fact),
                counterpart=_counterpart(fact, holder),
                words=teller.words(fact),
                change_minutes=change,
                balance_minutes=accounts["available"],
                reserved_minutes=accounts["reserved"],
                debt_minutes=-accounts["debt"],
                parts=parts,
            )


def sums(told: Iterable[Line]) -> list[Part]:
    """The parts of many lines, one for each cause that there is."""
    total: Counter[Cause] = Counter()
    for line in told:
        for part in line.parts:
            total[part.cause] += part.minutes
    return [Part(cause, minutes) for cause, minutes in total.items() if minutes]


def happened_on(fact: Fact, recorded_at: datetime) -> date:
    """The local day a fact is about: that of the service; everything else happens when it is recorded."""
    if isinstance(fact, ServiceConfirmed | ServiceCorrected | ServiceVoided):
        return fact.local_date
    return recorded_at.date()


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody had, in minutes; what is owed is a debt, and then nothing is available."""

    available_minutes: int
    reserved_minutes: int
    debt_minutes: int
    service_minutes: int
    credited_minutes: int
    redeemed_minutes: int


def as_recorded(entries: Iterable[Entry], holder: VolunteerId, until: date) -> Holdings:
    """What the log said at the end of a local day."""
    return _holdings(
        line
        for entry in entries
        if entry.recorded_at.date() <= until
        for line in postings(entry.fact)
        if line.holder == holder
    )


def as_effective(entries: Iterable[Entry], holder: VolunteerId, until: date) -> Holdings:
    """What had been earned and spent by the end of a local day, as it is known today.

    What was corrected or voided since counts as it was put right; what was entered later counts on its own day.
    """
    return _holdings(
        line
        for entry in entries
        for line in postings(entry.fact)
        if line.holder == holder and (line.day or entry.recorded_at.date()) <= until
    )


def _holdings(moved: Iterable[Posting]) -> Holdings:
    accounts: Counter[Account] = Counter()
    for account, _, minutes, _ in moved:
        accounts[account] += minutes
    # How much of it was owed depends on the order of things, which another order of time does not tell.
    net = accounts["available"] + accounts["debt"]
    return Holdings(
        available_minutes=max(net, 0),
        reserved_minutes=accounts["reserved"],
        debt_minutes=max(-net, 0),
        service_minutes=accounts["served"],
        credited_minutes=-accounts["issued"],
        redeemed_minutes=accounts["redeemed"],
    )


class _Teller:
    """Says what facts are, from what earlier facts said."""

    def __init__(self, holder: VolunteerId, funds: Mapping[str, str], language: Language) -> None:
        self._holder = holder
        self._funds = funds
        self._language = language
        self._names: dict[str, str] = {}
        self._credits: dict[str, Counter[Cause]] = {}

    def words(self, fact: Fact) -> str:
        """What happened, for people."""
        topic = fact.TOPIC
        if isinstance(fact, CreditGiven) and fact.to_volunteer_id == self._holder:
            topic = "credit-received"
        fund_id = getattr(fact, "fund_id", "")
        return _WORDS[topic][self._language].format(
            name=self._names.get(_about(fact), ""), fund=self._funds.get(fund_id, fund_id)
        )

    def parts(self, fact: Fact) -> list[Part]:
        """Why there is more, or less, than before."""
        match fact:
            case ServiceLogged():
                self._names[fact.record_id] = fact.activity
            case ServiceConfirmed():
                return self._service(fact, _credit(fact))
            case ServiceCorrected():
                self._names[fact.record_id] = fact.activity
                return self._service(fact, _credit(fact))
            case ServiceVoided():
                return self._service(fact, Counter())
            case RewardReserved():
                self._names[fact.redemption_id] = fact.name
                return _parts({"reserved": -fact.cost_minutes})
            case RewardFulfilled():
                # What was taken when it was reserved is what it is spent on now.
                return _parts({"reserved": fact.cost_minutes, "redeemed": -fact.cost_minutes})
            case ReservationCancelled() | ReservationExpired():
                return _parts({"reserved": fact.cost_minutes, "debt": fact.debt_change_minutes})
            case CreditGiven() if fact.volunteer_id == self._holder:
                return _parts({"gift-given": -fact.minutes})
            case CreditGiven():
                return _parts({"gift-received": fact.minutes, "debt": fact.debt_change_minutes})
            case CreditDonated():
                return _parts({"donated": -fact.minutes})
            case CreditGranted():
                return _parts({"granted": fact.minutes, "debt": fact.debt_change_minutes})
        return []

    def _service(
        self, fact: ServiceConfirmed | ServiceCorrected | ServiceVoided, credit: "Counter[Cause]"
    ) -> list[Part]:
        """What service adds to what it added before."""
        change = credit.copy()
        change.subtract(self._credits.get(fact.record_id, Counter()))
        self._credits[fact.record_id] = credit
        return _parts({**change, "debt": fact.debt_change_minutes})


def _credit(fact: ServiceConfirmed | ServiceCorrected) -> "Counter[Cause]":
    effects = fact.rules_applied
    if not effects and fact.credited_minutes != fact.minutes:
        # From before effects were stored, when only paid duty made a difference.
        effects = (RuleEffect("paid-duty", fact.credited_minutes - fact.minutes),)
    credit: Counter[Cause] = Counter({"service": fact.minutes})
    for effect in effects:
        credit[effect.rule] += effect.minutes
    return credit


def _parts(changes: Mapping[Cause, int]) -> list[Part]:
    return [Part(cause, minutes) for cause, minutes in changes.items() if minutes]


def _about(fact: Fact) -> str:
    for name in ("record_id", "redemption_id", "transfer_id"):
        found = getattr(fact, name, None)
        if found:
            return str(found)
    return ""


def _counterpart(fact: Fact, holder: VolunteerId) -> str | None:
    match fact:
        case CreditGiven():
            return fact.volunteer_id if fact.to_volunteer_id == holder else fact.to_volunteer_id
        case CreditDonated() | CreditGranted():
            return fact.fund_id
    return None


_WORDS: dict[str, dict[Language, str]] = {
    "service-confirmed": {"zh": "服务已确认：{name}", "en": "Service confirmed: {name}"},
    "service-corrected": {"zh": "服务已更正：{name}", "en": "Service corrected: {name}"},
    "service-voided": {"zh": "服务已作废：{name}", "en": "Service voided: {name}"},
    "reward-reserved": {"zh": "兑换预留：{name}", "en": "Reserved for a reward: {name}"},
    "reward-fulfilled": {"zh": "兑换已核销：{name}", "en": "Reward received: {name}"},
    "reservation-cancelled": {"zh": "兑换已取消：{name}", "en": "Reservation cancelled: {name}"},
    "reservation-expired": {"zh": "兑换已过期：{name}", "en": "Reservation expired: {name}"},
    "credit-given": {"zh": "转赠他人", "en": "Gift to another volunteer"},
    "credit-received": {"zh": "收到转赠", "en": "Gift from another volunteer"},
    "credit-donated": {"zh": "捐赠：{fund}", "en": "Donation to {fund}"},
    "credit-granted": {"zh": "基金拨付：{fund}", "en": "Grant from {fund}"},
}


def cause_in_words(cause: Cause, language: Language) -> str:
    """A cause, for people."""
    return _CAUSES[cause] if language == "zh" else cause.replace("-", " ")


_CAUSES: dict[Cause, str] = {
    "service": "服务时长",
    "paid-duty": "在岗不计",
    "coefficient": "系数",
    "cap-per-activity": "单次活动封顶",
    "cap-per-day": "每日封顶",
    "cap-total": "总量封顶",
    "debt": "偿还欠账",
    "reserved": "冻结",
    "redeemed": "兑换",
    "gift-given": "转赠",
    "gift-received": "受赠",
    "donated": "捐赠",
    "granted": "拨付",
}
