"""Statements (明细): what happened on an account, line by line, and the parts that add up to what is on it.

Made from the same facts and the same `postings` as the balance itself; each line names its fact's position.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec

from timebank.domain.credit.accounts import Account, Posting, postings
from timebank.domain.credit.causes import Cause, Part, Running, listed
from timebank.domain.facts.credit import (
    CreditDonated,
    CreditGiven,
    CreditGranted,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.people import RegistrationsMerged
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceVoided,
)
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact

Language = Literal["zh", "en"]


class Entry(NamedTuple):
    """A fact about somebody, with its place in the log and when it was recorded, in the bank's local time."""

    position: int
    recorded_at: datetime
    fact: Fact


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
    teller = Teller(Running(holder), funds, language)
    for entry in entries:
        line = teller.tell(entry)
        if line:
            yield line


def between(opening: Running, closing: Running) -> list[Part]:
    """The parts of a period, one for each cause that there is: what came to be between its beginning and its end."""
    return listed({cause: closing.causes[cause] - opening.causes[cause] for cause in _CAUSES})


def referred_to(fact: Fact) -> Iterator[tuple[str, type[Fact]]]:
    """By which tag, and of which kind, the earlier facts are found that the line of a fact needs."""
    match fact:
        case ServiceConfirmed():
            yield fact.record_id, ServiceLogged
            yield fact.record_id, ServiceAmended
        case ServiceCorrected():
            yield fact.record_id, ServiceConfirmed
            yield fact.record_id, ServiceCorrected
        case ServiceVoided():
            for kind in (ServiceLogged, ServiceAmended, ServiceConfirmed, ServiceCorrected):
                yield fact.record_id, kind
        case RewardFulfilled() | ReservationCancelled() | ReservationExpired():
            yield fact.redemption_id, RewardReserved


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
    """What somebody had by the facts that were recorded until the end of a local day."""
    recorded = (entry for entry in entries if entry.recorded_at.date() <= until)
    return holdings(_added_up(line for entry in recorded for line in postings(entry.fact) if line.holder == holder))


def as_effective(entries: Iterable[Entry], holder: VolunteerId, until: date) -> Holdings:
    """What had been earned and spent by the end of a local day, as it is known today.

    What was corrected or voided since counts as it was put right; what was entered later counts on its own day.
    """
    return holdings(
        _added_up(
            line
            for entry in entries
            for line in postings(entry.fact)
            if line.holder == holder and (line.day or entry.recorded_at.date()) <= until
        )
    )


def put_right(facts: Iterable[Fact], holder: VolunteerId, until: date) -> Counter[Account]:
    """What facts that were recorded after a local day change on accounts for that day and earlier ones."""
    return _added_up(
        line for fact in facts for line in postings(fact) if line.holder == holder and line.day and line.day <= until
    )


def _added_up(moved: Iterable[Posting]) -> Counter[Account]:
    accounts: Counter[Account] = Counter()
    for account, _, minutes, _ in moved:
        accounts[account] += minutes
    return accounts


def holdings(accounts: Mapping[Account, int]) -> Holdings:
    """What somebody had, from the sums of their accounts.

    The lines may have been added in another order than they were recorded in. So what is available and what is owed are
    set off against each other here: only one of the two is left.
    """
    held = Counter(accounts)
    net = held["available"] + held["debt"]
    return Holdings(
        available_minutes=max(net, 0),
        reserved_minutes=held["reserved"],
        debt_minutes=max(-net, 0),
        service_minutes=held["served"],
        credited_minutes=-held["issued"],
        redeemed_minutes=held["redeemed"],
    )


class Teller:
    """Makes the lines of an account, going on from what is on it."""

    def __init__(self, running: Running, funds: Mapping[str, str], language: Language) -> None:
        self.running = running
        self._funds = funds
        self._language = language
        self._names: dict[str, str] = {}

    def recall(self, earlier: Sequence[Fact]) -> None:
        """Remember these facts, and no others: they say what those that come now are about."""
        self.running.recall(earlier)
        self._names.clear()
        for fact in earlier:
            self._name(fact)

    def tell(self, entry: Entry) -> Line | None:
        """Take in the next fact, and say what it did to the account; None if it did nothing to it."""
        position, recorded_at, fact = entry
        self._name(fact)
        parts = self.running.take(fact)
        if parts is None:
            return None
        accounts = self.running.accounts
        return Line(
            position=position,
            recorded_at=recorded_at,
            happened_on=happened_on(fact, recorded_at),
            topic=fact.TOPIC,
            about=_about(fact),
            counterpart=_counterpart(fact, self.running.holder),
            words=self._words(fact),
            change_minutes=sum(part.minutes for part in parts),
            balance_minutes=accounts["available"],
            reserved_minutes=accounts["reserved"],
            debt_minutes=-accounts["debt"],
            parts=parts,
        )

    def _name(self, fact: Fact) -> None:
        match fact:
            case ServiceLogged() | ServiceAmended() | ServiceCorrected():
                self._names[fact.record_id] = fact.activity
            case RewardReserved():
                self._names[fact.redemption_id] = fact.name

    def _words(self, fact: Fact) -> str:
        """What happened, for people."""
        topic = fact.TOPIC
        if isinstance(fact, CreditGiven) and fact.to_volunteer_id == self.running.holder:
            topic = "credit-received"
        fund_id = getattr(fact, "fund_id", "")
        return _WORDS[topic][self._language].format(
            name=self._names.get(_about(fact), ""), fund=self._funds.get(fund_id, fund_id)
        )


def _about(fact: Fact) -> str:
    for name in ("record_id", "redemption_id", "transfer_id", "merge_id"):
        named = getattr(fact, name, None)
        if named:
            return str(named)
    return ""


def _counterpart(fact: Fact, holder: VolunteerId) -> str | None:
    match fact:
        case CreditGiven():
            return fact.volunteer_id if fact.to_volunteer_id == holder else fact.to_volunteer_id
        case CreditDonated() | CreditGranted():
            return fact.fund_id
        case RegistrationsMerged():
            return fact.kept_id if fact.merged_id == holder else fact.merged_id
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
    "registrations-merged": {"zh": "重复登记已合并", "en": "Two registrations were merged"},
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
    "merged": "登记合并",
}
