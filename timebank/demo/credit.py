"""What people of the demo world do with their credit: a rule change, redemptions in every state, gifts, a fund."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from timebank.domain.acting import Acting
from timebank.domain.credit.categories import SEEDS_CATEGORIES
from timebank.domain.credit.funds import OpenFund
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.credit.redemption_codes import code_hash
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.facts.credit import Eligibility, GiftRules, RewardTerms, Rules, Slot
from timebank.domain.identifiers import (
    ActorId,
    FundId,
    OrganisationId,
    RewardId,
    VolunteerId,
    new_fund_id,
    new_redemption_id,
    new_reward_id,
    new_transfer_id,
)
from timebank.domain.kernel import Command
from timebank.runtime.upkeep.expiry import CLOCK

CHANGED_DAYS_AGO = 15


def rule_books(by: Acting, now: datetime) -> list[Command]:
    """The first rule book, and the change that came a fortnight ago: patrols count half as much again, and a cap.

    With it people register themselves, too, and an office takes them in.
    """
    changed = Rules(
        categories=SEEDS_CATEGORIES,
        credit_percent={"治安巡逻": 150, "帮教": 120},
        cap_per_day_minutes=300,
        gifts=GiftRules(minutes_max=300, minutes_max_per_month=600),
        registration="open",
        registration_waits=True,
    )
    return [
        _adoption(
            by,
            now,
            "居民代表大会第1号决议",
            Rules(categories=SEEDS_CATEGORIES),
            resolved_days_ago=90,
            effective_days_ago=90,
        ),
        _adoption(
            by,
            now,
            "居民代表大会第2号决议",
            changed,
            resolved_days_ago=CHANGED_DAYS_AGO + 7,
            effective_days_ago=CHANGED_DAYS_AGO,
        ),
    ]


def _adoption(
    by: Acting, now: datetime, resolution: str, rules: Rules, *, resolved_days_ago: int, effective_days_ago: int
) -> AdoptPolicy:
    return AdoptPolicy(
        by=by,
        at=now - timedelta(days=resolved_days_ago),
        resolution=resolution,
        effective_from=now.date() - timedelta(days=effective_days_ago),
        rules=rules,
    )


class Catalogue(NamedTuple):
    """What there is to redeem, who provides it, and the community's fund."""

    health_check: RewardId
    haircut: RewardId
    voucher: RewardId
    travel: RewardId
    fund: FundId
    provider: OrganisationId


def publish(by: Acting, now: datetime, provider: OrganisationId) -> tuple[Catalogue, list[Command]]:
    """Four rewards and a fund."""
    rewards = Catalogue(new_reward_id(), new_reward_id(), new_reward_id(), new_reward_id(), new_fund_id(), provider)
    terms = {
        rewards.health_check: _health_check(now, provider),
        rewards.haircut: RewardTerms(name="理发", kind="service", cost_minutes=30, provider_id=provider, quota=500),
        rewards.voucher: RewardTerms(
            name="爱心券", kind="voucher", cost_minutes=60, provider_id=provider, quota=50, quota_every="week"
        ),
        rewards.travel: _travel(now, provider),
    }
    fund = OpenFund(
        by=by, at=now, fund_id=rewards.fund, name="社区助老基金", kind="community", purpose="帮助高龄独居老人"
    )
    return rewards, [*(PublishReward(by=by, at=now, reward_id=each, terms=terms[each]) for each in terms), fund]


def _health_check(now: datetime, provider: OrganisationId) -> RewardTerms:
    return RewardTerms(
        name="免费体检",
        kind="health-check",
        cost_minutes=120,
        provider_id=provider,
        description="社区卫生服务中心,空腹前往。",
        quota=100,
        quota_per_person=1,
        quota_every="month",
        slots=tuple(_mornings(now)),
    )


def _travel(now: datetime, provider: OrganisationId) -> RewardTerms:
    return RewardTerms(
        name="免费旅游(优秀志愿者)",
        kind="travel",
        cost_minutes=360,
        provider_id=provider,
        quota=20,
        quota_per_person=1,
        quota_every="year",
        available_until=date(now.year + 1, 12, 31),
        eligibility=Eligibility(service_minutes=600, within_days=365),
    )


def _mornings(now: datetime) -> list[Slot]:
    """The mornings of the next four Saturdays."""
    saturday = now.date() + timedelta(days=5 - now.weekday() if now.weekday() < 5 else 12 - now.weekday())
    return [
        Slot(starts_at=datetime.combine(saturday + timedelta(weeks=week), time(8, 30), tzinfo=now.tzinfo), places=20)
        for week in range(4)
    ]


class Spending(NamedTuple):
    """What people do with their credit: first some things, then, when those have happened, others."""

    first: list[Command]
    then: list[Command]


def spend(catalogue: Catalogue, by: Acting, now: datetime, people: list[VolunteerId], random: Random) -> Spending:
    """Redemptions in every state, gifts, donations and a grant, by people who have enough for it."""
    spending = Spending([], [])
    for turn, person in enumerate(people):
        spender = _Spender(turn, person, people[turn - 1], catalogue, now)
        reservation, code = spender.reserve(random)
        spending.first.extend([reservation, *spender.give()])
        spending.then.extend(spender.end(reservation, code))
    grant = GrantCredit(
        by=by,
        at=now,
        transfer_id=new_transfer_id(),
        fund_id=catalogue.fund,
        to_volunteer_id=people[0],
        minutes=45,
        reason="照护独居老人",
    )
    spending.then.append(grant)
    return spending


class _Spender(NamedTuple):
    """Somebody who spends some of their credit; their `turn` says what becomes of it."""

    turn: int
    person: VolunteerId
    neighbour: VolunteerId
    catalogue: Catalogue
    now: datetime

    @property
    def _by(self) -> Acting:
        return Acting(ActorId(self.person), "volunteer")

    def _is_too_late(self, slot: datetime | None) -> bool:
        """Whether they do not come for what they reserved; for those with an appointment it is too early to say."""
        return self.turn % 5 == 3 and slot is None

    def reserve(self, random: Random) -> tuple[ReserveReward, str]:
        """Reserve something, now and then for the neighbour; the reservation, and the code that was shown for it."""
        saturday = _mornings(self.now)[0].starts_at
        offers = [
            (self.catalogue.haircut, None),
            (self.catalogue.voucher, None),
            (self.catalogue.health_check, saturday),
        ]
        reward, slot = random.choice(offers)
        code = secrets.token_hex(8)
        reservation = ReserveReward(
            by=self._by,
            at=self.now - timedelta(days=4) if self._is_too_late(slot) else self.now,
            redemption_id=new_redemption_id(),
            reward_id=reward,
            volunteer_id=self.person,
            beneficiary_id=self.neighbour if self.turn % 7 == 6 else self.person,
            code_hash=code_hash(code),
            slot=slot,
        )
        return reservation, code

    def give(self) -> Iterator[Command]:
        """Give to the fund, or to the neighbour; most do neither."""
        common: dict[str, Any] = {"by": self._by, "at": self.now, "volunteer_id": self.person}
        if self.turn % 6 == 2:
            yield DonateCredit(**common, transfer_id=new_transfer_id(), fund_id=self.catalogue.fund, minutes=30)
        if self.turn % 6 == 4:
            yield GiveCredit(**common, transfer_id=new_transfer_id(), to_volunteer_id=self.neighbour, minutes=20)

    def end(self, reservation: ReserveReward, code: str) -> Iterator[Command]:
        """What becomes of a reservation; some stay as they are."""
        redemption_id = reservation.redemption_id
        if self._is_too_late(reservation.slot):
            yield ExpireRedemption(by=CLOCK, at=self.now, redemption_id=redemption_id)
        elif self.turn % 5 == 1:
            yield CancelRedemption(by=self._by, at=self.now, redemption_id=redemption_id, reason="当天没有空")
        elif self.turn % 5 in {0, 2}:
            merchant = Acting(ActorId(self.catalogue.provider), "organisation")
            yield FulfilRedemption(by=merchant, at=self.now, code_hash=code_hash(code))
