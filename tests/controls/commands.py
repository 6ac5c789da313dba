"""Canned commands. Whatever is not said is said here, once: by whom, when, about what."""

from typing import Any, TypeVar

from tests.controls.credit import COMMUNITY_FUND, DONATION, GIFT, GRANT, HASH, REDEMPTION, REWARD, terms
from tests.controls.facts import WORK
from tests.controls.people import ADMINISTRATOR, CLINICS_PROGRAM, GARDENERS_PROGRAM, NOON, RECORD, WANG, acting
from timebank.domain.acting import Acting
from timebank.domain.credit.funds import OpenFund
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.facts.credit import Rules
from timebank.domain.kernel import Command
from timebank.domain.people.volunteers import SetConsent
from timebank.domain.service.lists import EnterService
from timebank.domain.service.records import LogService
from timebank.domain.service.reviews import ConfirmService, CorrectService, VoidService

C = TypeVar("C", bound=Command)

OFFICE: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON}


def said(kind: type[C], fields: dict[str, Any], changes: dict[str, Any], by: Acting = ADMINISTRATOR) -> C:
    """A command of now, by the administrator unless somebody else is named."""
    asked: dict[str, Any] = {"by": by, "at": NOON} | fields | changes
    return kind(**asked)


# Service


def log_service(**changes: Any) -> LogService:
    """The garden's program logs two hours of Wang's yesterday morning."""
    return said(LogService, WORK, changes, GARDENERS_PROGRAM)


def enter(log: LogService, signer: Acting | None = None) -> EnterService:
    """Whoever logs enters it from a list, which somebody may have signed."""
    return EnterService(by=log.by, at=log.at, log=log, signer=signer)


def confirm_service(**changes: Any) -> ConfirmService:
    """The administrator confirms it."""
    return said(ConfirmService, {"record_id": RECORD}, changes)


def correct_service(**changes: Any) -> CorrectService:
    """The administrator corrects it."""
    return said(CorrectService, {"record_id": RECORD, "reason": "as the list says"}, changes)


def void_service(**changes: Any) -> VoidService:
    """The administrator voids it."""
    return said(VoidService, {"record_id": RECORD, "reason": "never happened"}, changes)


def appear(**changes: Any) -> SetConsent:
    """Wang wants to be on leaderboards."""
    who = changes.get("volunteer_id", WANG)
    return said(SetConsent, {"volunteer_id": WANG, "purpose": "leaderboard", "granted": True}, changes, acting(who))


# Rewards


def publish(**changes: Any) -> PublishReward:
    """The administrator offers the health check."""
    return said(PublishReward, {"reward_id": REWARD, "terms": terms()}, changes)


def reserve(by: Acting | None = None, **changes: Any) -> ReserveReward:
    """Wang wants the health check for themselves."""
    who = changes.get("volunteer_id", WANG)
    ids = {"redemption_id": REDEMPTION, "reward_id": REWARD, "code_hash": HASH}
    return said(ReserveReward, ids | {"volunteer_id": who, "beneficiary_id": who}, changes, by or acting(WANG))


def fulfil(by: Acting = CLINICS_PROGRAM, **changes: Any) -> FulfilRedemption:
    """The clinic accepts the code."""
    return said(FulfilRedemption, {"code_hash": HASH}, changes, by)


def cancel(by: Acting = CLINICS_PROGRAM, **changes: Any) -> CancelRedemption:
    """The clinic cannot provide it."""
    return said(CancelRedemption, {"redemption_id": REDEMPTION, "reason": "the machine broke"}, changes, by)


def expire(**changes: Any) -> ExpireRedemption:
    """Somebody looks whether anybody came for it in time."""
    return said(ExpireRedemption, {"redemption_id": REDEMPTION}, changes)


# From hand to hand


def give(by: Acting | None = None, **changes: Any) -> GiveCredit:
    """Wang wants to give Li an hour."""
    return said(GiveCredit, GIFT, changes, by or acting(WANG))


def donate(by: Acting | None = None, **changes: Any) -> DonateCredit:
    """Wang wants to give the community fund an hour."""
    return said(DonateCredit, DONATION, changes, by or acting(WANG))


def grant(**changes: Any) -> GrantCredit:
    """The administrator grants an hour of the fund."""
    return said(GrantCredit, GRANT, changes)


def open_fund(**changes: Any) -> OpenFund:
    """The administrator opens the community fund."""
    return said(OpenFund, COMMUNITY_FUND, changes)


def adopt(*, rules: Rules, **changes: Any) -> AdoptPolicy:
    """A version of the rule book is adopted."""
    return said(AdoptPolicy, {"resolution": "第3号决议", "rules": rules}, changes)
