"""Canned facts about credit: rules, rewards, redemptions, transfers and funds."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.controls.facts import confirmed, registered, standing, voided
from tests.controls.people import CLINIC, CLINICS_PROGRAM, GARDEN, LI, NOON, WANG, at
from timebank.domain.facts.credit import (
    CreditDonated,
    CreditGiven,
    CreditGranted,
    FundClosed,
    FundOpened,
    PolicyAdopted,
    ReservationCancelled,
    ReservationExpired,
    RewardAmended,
    RewardFulfilled,
    RewardPaused,
    RewardPublished,
    RewardReserved,
    RewardResumed,
    RewardTerms,
    RewardWithdrawn,
    Rules,
    Slot,
)
from timebank.domain.facts.organisations import OrganisationReinstated, OrganisationSuspended
from timebank.domain.facts.service import ServiceConfirmed, ServiceVoided
from timebank.domain.identifiers import (
    FundId,
    OrganisationId,
    RecordId,
    RedemptionId,
    RewardId,
    TransferId,
    VolunteerId,
)
from timebank.domain.kernel import Fact


def suspension(organisation_id: OrganisationId = CLINIC) -> OrganisationSuspended:
    """The organisation was suspended."""
    return OrganisationSuspended(organisation_id=organisation_id, reason="虚报活动")


def reinstatement(organisation_id: OrganisationId = CLINIC) -> OrganisationReinstated:
    """It is approved again."""
    return OrganisationReinstated(organisation_id=organisation_id, reason="整改完成")


def adopted(version: int = 1, effective_from: date = date(2026, 1, 1), **rules: Any) -> PolicyAdopted:
    """A version of the rule book was adopted."""
    return PolicyAdopted(
        version=version,
        resolution="社区居民代表大会 2026-12 号",
        effective_from=effective_from,
        rules=Rules(**rules),
    )


CATEGORIES = ["公益慈善", "治安巡逻"]
CAPS = st.none() | st.integers(0, 600)
rule_books = st.builds(
    Rules,
    credit_percent=st.dictionaries(st.sampled_from(CATEGORIES), st.integers(0, 1000), max_size=2),
    other_percent=st.integers(0, 1000),
    cap_per_activity_minutes=CAPS,
    cap_per_day_minutes=CAPS,
    cap_total_minutes=CAPS,
)
"""Whatever rules about credit a bank could have."""


def earned(minutes: int, volunteer_id: VolunteerId = WANG, **changes: Any) -> ServiceConfirmed:
    """They served for so long, and were credited with it."""
    record_id = RecordId(f"rec_earned_{volunteer_id}")
    fields: dict[str, Any] = {"record_id": record_id, "minutes_by_day": {}, "credited_minutes": minutes}
    return confirmed(**({"volunteer_id": volunteer_id, "minutes": minutes} | fields | changes))


def owing(minutes: int, volunteer_id: VolunteerId = WANG) -> ServiceVoided:
    """Credit that had been spent was taken back, and became a debt: by hand, as no service goes with it."""
    fields: dict[str, Any] = {"credited_minutes": minutes, "debt_change_minutes": minutes, "minutes_by_day": {}}
    return voided(record_id=RecordId("rec_owing"), volunteer_id=volunteer_id, minutes=0, original_days=(), **fields)


REWARD = RewardId("rew_1")
MORNING, EVENING = Slot(starts_at=at(25, 8), places=2), Slot(starts_at=at(25, 18), places=1)
PAUSED = RewardPaused(reward_id=REWARD, reason="设备检修")
RESUMED = RewardResumed(reward_id=REWARD)
WITHDRAWN = RewardWithdrawn(reward_id=REWARD, reason="合作结束")


HEALTH_CHECK: dict[str, Any] = {"name": "免费体检", "kind": "health-check", "cost_minutes": 120}
HAIRCUT: dict[str, Any] = {"name": "理发", "kind": "service", "cost_minutes": 60}


def terms(**changes: Any) -> RewardTerms:
    """The clinic offers a health check for two hours."""
    return RewardTerms(**(HEALTH_CHECK | {"provider_id": CLINIC} | changes))


def published(**changes: Any) -> RewardPublished:
    """The health check was published, on these terms."""
    asked = terms(**changes)
    return RewardPublished(reward_id=REWARD, provider_id=asked.provider_id, terms=asked)


def amended(**changes: Any) -> RewardAmended:
    """The terms were changed to these."""
    asked = terms(**changes)
    return RewardAmended(reward_id=REWARD, provider_id=asked.provider_id, terms=asked)


def offered(**changes: Any) -> tuple[Fact, ...]:
    """The health check was published on these terms, and the clinic is approved."""
    return published(**changes), *standing(CLINIC)


def rich(*facts: Fact, **changes: Any) -> tuple[Fact, ...]:
    """The health check is offered on these terms, and Wang has ten hours; then these facts."""
    return *offered(**changes), registered(), earned(600), *facts


REDEMPTION = RedemptionId("red_1")
HASH, OTHER_HASH = "0f" * 32, "1e" * 32
SOON = NOON + timedelta(hours=72)


def reserved(**changes: Any) -> RewardReserved:
    """What `reserve` comes to."""
    whose = changes.get("volunteer_id", WANG)
    fields: dict[str, Any] = {
        "redemption_id": REDEMPTION,
        "reward_id": REWARD,
        "volunteer_id": whose,
        "beneficiary_id": whose,
        "provider_id": CLINIC,
        **HEALTH_CHECK,
        "period": "all",
        "code_hash": HASH,
        "expires_at": SOON,
        "reserved_by": whose,
    }
    return RewardReserved(**(fields | changes))


def ended(kind: type[Any], **changes: Any) -> Any:
    """It came to an end, in one of the three ways."""
    was = reserved(**{name: changes[name] for name in changes if name in RewardReserved.__struct_fields__})
    how: dict[Any, dict[str, Any]] = {
        RewardFulfilled: {"fulfilled_by": CLINICS_PROGRAM.actor},
        ReservationCancelled: {"reason": "有事", "cancelled_by": WANG},
        ReservationExpired: {},
    }
    shared = {name: getattr(was, name) for name in kind.__struct_fields__ if hasattr(was, name)}
    return kind(**(shared | how[kind] | changes))


FULFILLED, CANCELLED, EXPIRED = (ended(kind) for kind in (RewardFulfilled, ReservationCancelled, ReservationExpired))

TRANSFER = TransferId("trf_1")
FUND, PROJECT = FundId("fnd_1"), FundId("fnd_2")


GIFT: dict[str, Any] = {"transfer_id": TRANSFER, "volunteer_id": WANG, "to_volunteer_id": LI, "minutes": 60}
DONATION: dict[str, Any] = {"transfer_id": TRANSFER, "volunteer_id": WANG, "fund_id": FUND, "minutes": 60}
GRANT: dict[str, Any] = {"transfer_id": TRANSFER, "fund_id": FUND, "minutes": 60, "reason": "独居老人"}
COMMUNITY_FUND: dict[str, Any] = {"fund_id": FUND, "name": "爱心时间基金", "kind": "community"}


def gift(**changes: Any) -> CreditGiven:
    """Wang gave Li an hour."""
    return CreditGiven(**(GIFT | {"local_date": NOON.date()} | changes))


def donated(**changes: Any) -> CreditDonated:
    """Wang gave the community fund an hour."""
    return CreditDonated(**(DONATION | changes))


def granted(**changes: Any) -> CreditGranted:
    """An hour of the fund went to Li."""
    to = {} if "to_fund_id" in changes else {"to_volunteer_id": LI}
    return CreditGranted(**(GRANT | to | changes))


def opened(**changes: Any) -> FundOpened:
    """There is a community fund."""
    return FundOpened(**(COMMUNITY_FUND | changes))


KEPT = opened(organisation_id=GARDEN)
CLOSED = FundClosed(fund_id=FUND, reason="项目结束")
