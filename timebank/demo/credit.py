"""What people of the demo world do with their credit: a rule change, redemptions in every state, gifts, a fund."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from timebank.domain.acting import Acting
from timebank.domain.credit.codes import code_hash
from timebank.domain.credit.funds import OpenFund
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.facts.credit import Eligibility, GiftRules, RewardTerms, Rules, Slot
from timebank.domain.identifiers import (
    ActorId,
    FundId,
    OrganisationId,
    RedemptionId,
    RewardId,
    VolunteerId,
    new_fund_id,
    new_redemption_id,
    new_reward_id,
    new_transfer_id,
)
from timebank.domain.kernel import Command
from timebank.runtime.expiry import CLOCK

CHANGED_DAYS_AGO = 15


def rule_books(by: Acting, now: datetime) -> list[Command]:
    """The first rule book, and the change that came a fortnight ago: patrols count half as much again, and a cap."""
    today = now.date()
    first = AdoptPolicy(
        by=by,
        at=now - timedelta(days=90),
        resolution="居民代表大会第1号决议",
        effective_from=today - timedelta(days=90),
        rules=Rules(),
    )
    second = AdoptPolicy(
        by=by,
        at=now - timedelta(days=CHANGED_DAYS_AGO + 7),
        resolution="居民代表大会第2号决议",
        effective_from=today - timedelta(days=CHANGED_DAYS_AGO),
        rules=Rules(
            credit_percent={"治安巡逻": 150, "帮教": 120},
            cap_per_day_minutes=300,
            gifts=GiftRules(minutes_max=300, minutes_max_per_month=600),
        ),
    )
    return [first, second]


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
        rewards.health_check: RewardTerms(
            name="免费体检",
            kind="health-check",
            cost_minutes=120,
            provider_id=provider,
            description="社区卫生服务中心,空腹前往。",
            quota=100,
            quota_per_person=1,
            quota_every="month",
            slots=tuple(_mornings(now)),
        ),
        rewards.haircut: RewardTerms(name="理发", kind="service", cost_minutes=30, provider_id=provider, quota=500),
        rewards.voucher: RewardTerms(
            name="爱心券", kind="voucher", cost_minutes=60, provider_id=provider, quota=50, quota_every="week"
        ),
        rewards.travel: RewardTerms(
            name="免费旅游(优秀志愿者)",
            kind="travel",
            cost_minutes=360,
            provider_id=provider,
            quota=20,
            quota_per_person=1,
            quota_every="year",
            available_until=date(now.year + 1, 12, 31),
            eligibility=Eligibility(service_minutes=600, within_days=365),
        ),
    }
    commands: list[Command] = [
        PublishReward(by=by, at=now, reward_id=reward_id, terms=each) for reward_id, each in terms.items()
    ]
    fund = OpenFund(
        by=by, at=now, fund_id=rewards.fund, name="社区助老基金", kind="community", purpose="帮助高龄独居老人"
    )
    return rewards, [*commands, fund]


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
    saturday = _mornings(now)[0].starts_at
    for index, person in enumerate(people):
        own = Acting(ActorId(person), "volunteer")
        reward, slot = random.choice(
            [(catalogue.haircut, None), (catalogue.voucher, None), (catalogue.health_check, saturday)]
        )
        overdue = index % 5 == 3 and slot is None
        redemption_id, code = new_redemption_id(), secrets.token_hex(8)
        spending.first.append(
            ReserveReward(
                by=own,
                at=now - timedelta(days=4) if overdue else now,
                redemption_id=redemption_id,
                reward_id=reward,
                volunteer_id=person,
                beneficiary_id=people[index - 1] if index % 7 == 6 else person,
                code_hash=code_hash(code),
                slot=slot,
            )
        )
        end = _end(index, catalogue, redemption_id, code, own, now, overdue=overdue)
        spending.then.extend([end] if end else [])
        spending.first.extend(_transfers(index, catalogue, own, now, people))
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


def _transfers(
    index: int, catalogue: Catalogue, own: Acting, now: datetime, people: list[VolunteerId]
) -> Iterator[Command]:
    """Now and then somebody gives to the fund, or to a neighbour."""
    common: dict[str, Any] = {"by": own, "at": now, "transfer_id": new_transfer_id(), "volunteer_id": people[index]}
    if index % 6 == 2:
        yield DonateCredit(**common, fund_id=catalogue.fund, minutes=30)
    if index % 6 == 4:
        yield GiveCredit(**common, to_volunteer_id=people[index - 1], minutes=20)


def _end(
    index: int,
    catalogue: Catalogue,
    redemption_id: RedemptionId,
    code: str,
    own: Acting,
    now: datetime,
    *,
    overdue: bool,
) -> Command | None:
    """What becomes of a redemption; some stay reserved."""
    if overdue:
        return ExpireRedemption(by=CLOCK, at=now, redemption_id=redemption_id)
    if index % 5 == 1:
        return CancelRedemption(by=own, at=now, redemption_id=redemption_id, reason="当天没有空")
    if index % 5 in {0, 2}:
        merchant = Acting(ActorId(catalogue.provider), "organisation")
        return FulfilRedemption(by=merchant, at=now, code_hash=code_hash(code))
    return None
