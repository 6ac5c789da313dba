"""A town in which credit is spent, too: rewards, redemptions, gifts, donations, grants; some leave, and come back."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tests.controls import commands, credit
from tests.controls.commands import OFFICE
from tests.controls.happenings import Happenings
from tests.controls.people import GARDEN, GARDENERS_PROGRAM, NOON, acting
from tests.controls.squads import Squads
from tests.controls.streets import Streets
from tests.controls.town import Town, confirm, log, volunteer
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import AmendReward, PauseReward, PublishReward, ResumeReward, WithdrawReward
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.facts.credit import RewardTerms, Rules
from timebank.domain.identifiers import FundId, RedemptionId, RewardId, TransferId, VolunteerId
from timebank.domain.kernel import Command
from timebank.domain.leaving import LeaveBank
from timebank.domain.people.volunteers import ReinstateVolunteer

CHECK_UP = RewardId("rew_check_up")
COMMUNITY, PROJECT = FundId("fnd_community"), FundId("fnd_project")


def terms(**changes: Any) -> RewardTerms:
    """A check-up in the garden for half an hour."""
    return credit.terms(**({"cost_minutes": 30, "provider_id": GARDEN} | changes))


def publish(reward_id: str = CHECK_UP, **changes: Any) -> PublishReward:
    """The reward is offered."""
    return commands.publish(reward_id=RewardId(reward_id), terms=terms(**changes))


def code_hash(redemption: str) -> str:
    """What is known of a redemption's code."""
    return hashlib.sha256(redemption.encode()).hexdigest()


def reserve(
    redemption: str,
    of: VolunteerId,
    reward: str = CHECK_UP,
    beneficiary: VolunteerId | None = None,
    slot: datetime | None = None,
    at: datetime = NOON,
) -> ReserveReward:
    """A volunteer reserves a reward."""
    ids = {"redemption_id": RedemptionId(redemption), "reward_id": RewardId(reward), "volunteer_id": of}
    code = {"code_hash": code_hash(redemption), "beneficiary_id": beneficiary or of}
    return commands.reserve(acting(of), at=at, slot=slot, **ids, **code)


def fulfil(redemption: str) -> FulfilRedemption:
    """The garden's program accepts the code."""
    return commands.fulfil(GARDENERS_PROGRAM, code_hash=code_hash(redemption))


def cancel(redemption: str) -> CancelRedemption:
    """The garden cannot provide it."""
    return commands.cancel(GARDENERS_PROGRAM, redemption_id=RedemptionId(redemption))


def expire(redemption: str, days: int = 9) -> ExpireRedemption:
    """Days later nobody has come for it."""
    return commands.expire(at=NOON + timedelta(days=days), redemption_id=RedemptionId(redemption))


def open_fund(fund: str = COMMUNITY, **changes: Any) -> OpenFund:
    """A fund is opened."""
    return commands.open_fund(**({"fund_id": FundId(fund), "name": f"The fund {fund}"} | changes))


def give(transfer: str, of: VolunteerId, to: VolunteerId, minutes: int) -> GiveCredit:
    """A volunteer gives minutes to another."""
    ids = {"transfer_id": TransferId(transfer), "volunteer_id": of, "to_volunteer_id": to}
    return commands.give(acting(of), minutes=minutes, **ids)


def donate(transfer: str, of: VolunteerId, minutes: int, fund: str = COMMUNITY) -> DonateCredit:
    """A volunteer donates minutes."""
    ids = {"transfer_id": TransferId(transfer), "volunteer_id": of, "fund_id": FundId(fund)}
    return commands.donate(acting(of), minutes=minutes, **ids)


def grant(transfer: str, minutes: int, fund: str = COMMUNITY, **to: Any) -> GrantCredit:
    """Minutes are granted from a fund."""
    ids = {"transfer_id": TransferId(transfer), "fund_id": FundId(fund)}
    return commands.grant(minutes=minutes, reason="as agreed", **ids, **to)


def adopt(effective_from: date, **rules: Any) -> AdoptPolicy:
    """A version of the rule book is adopted."""
    return commands.adopt(effective_from=effective_from, rules=Rules(**rules))


class Market(Town):
    """An endless supply of commands, as the town's, of which every other one spends what the others earn."""

    def __init__(self, seed: int, volunteers: int = 6) -> None:
        super().__init__(seed, volunteers)
        self.rewards = [str(CHECK_UP)]
        self.redemptions: list[str] = []
        self.funds: list[str] = []
        self.transfers = 0

    def commands(self, count: int) -> list[Command]:
        """The founding; a rule book, a reward, two funds and something to spend; and so many more."""
        town = super().commands(0)
        book = adopt(date(2026, 1, 1), credit_percent={"公益慈善": 150}, cap_per_day_minutes=300)
        served = [
            command
            for n in range(1, self.volunteers + 1)
            for command in (log(f"rec_first_{n}", volunteer(n), days_ago=20, hours=3), confirm(f"rec_first_{n}"))
        ]
        market = [book, publish(), open_fund(), open_fund(PROJECT, kind="project"), *served]
        people = [volunteer(n) for n in range(1, self.volunteers + 1)]
        others = (Streets(count, people), Squads(count, people), Happenings(count, people))
        founding = [command for each in others for command in each.found()]
        beside = (each for n in range(count) for each in self._beside(n, others))
        return town + market + founding + list(beside)

    def _beside(self, n: int, others: tuple[Streets, Squads, Happenings]) -> list[Command]:
        """What happens in the market, and now and then beside it: chances of their own keep them apart."""
        beside = [others[n % 4].next()] if n % 4 < len(others) else []
        return [self.next(), *beside]

    def next(self) -> Command:
        """One more."""
        if self.random.random() < 0.5:
            return super().next()
        makers = (self._reward, self._reserve, self._end, self._hand_on, self._fund, self._go)
        (make,) = self.random.choices(makers, weights=(3, 8, 8, 6, 2, 2))
        return make()

    def _reward(self) -> Command:
        reward = RewardId(self.random.choice(self.rewards[-3:]))
        changed = terms(cost_minutes=self.random.choice((10, 20, 40)), quota=self.random.choice((None, 3)))
        kind = self.random.choice(
            ("publish", "publish", "amend", "amend", "amend", "pause", "resume", "resume", "withdraw")
        )
        if kind == "publish":
            self.rewards.append(f"rew_{len(self.rewards):05}")
            return publish(self.rewards[-1], quota_every=self.random.choice((None, "week", "month")))
        makers: dict[str, Callable[[], Command]] = {
            "amend": lambda: AmendReward(reward_id=reward, terms=changed, **OFFICE),
            "pause": lambda: PauseReward(reward_id=reward, reason="holidays", **OFFICE),
            "resume": lambda: ResumeReward(reward_id=reward, **OFFICE),
            "withdraw": lambda: WithdrawReward(reward_id=reward, reason="no more", **OFFICE),
        }
        return makers[kind]()

    def _reserve(self) -> Command:
        self.redemptions.append(f"red_{len(self.redemptions):05}")
        return reserve(self.redemptions[-1], self._someone(), self.random.choice(self.rewards[-3:]), self._someone())

    def _end(self) -> Command:
        if not self.redemptions:
            return self._reserve()
        redemption = self.random.choice(self.redemptions[-3:])
        return self.random.choice((fulfil, fulfil, cancel, expire))(redemption)

    def _hand_on(self) -> Command:
        self.transfers += 1
        transfer, minutes = f"trf_{self.transfers:05}", self.random.choice((1, 5, 20))
        makers: tuple[Callable[[], Command], ...] = (
            lambda: give(transfer, self._someone(), self._someone(), minutes),
            lambda: donate(transfer, self._someone(), minutes),
            lambda: grant(transfer, minutes, to_volunteer_id=self._someone()),
            lambda: grant(transfer, minutes, to_fund_id=PROJECT),
        )
        return self.random.choice(makers)()

    def _fund(self) -> Command:
        if self.funds and self.random.random() < 0.5:
            return CloseFund(fund_id=FundId(self.random.choice(self.funds)), reason="done", **OFFICE)
        self.funds.append(f"fnd_{len(self.funds):05}")
        return open_fund(self.funds[-1], kind="project", purpose="a garden")

    def _go(self) -> Command:
        self.transfers += 1
        who = self._someone()
        if self.random.random() < 0.8:
            return ReinstateVolunteer(volunteer_id=who, reason="came back", **OFFICE)
        to = {"fund_id": COMMUNITY, "transfer_id": TransferId(f"trf_{self.transfers:05}")}
        rest: Any = self.random.choice(({"rest": "hold"}, {"rest": "donate", **to}))
        return LeaveBank(by=acting(who), at=NOON, volunteer_id=who, **rest)
