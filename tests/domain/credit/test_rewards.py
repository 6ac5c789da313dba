from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    EVENING,
    GARDEN,
    MORNING,
    NOON,
    PAUSED,
    RESUMED,
    REWARD,
    WANG,
    WITHDRAWN,
    ZONE,
    acting,
    amended,
    at,
    in_office,
    on_behalf,
    published,
    standing,
    terms,
)
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.credit.refusals import RewardStatusDiffers, RewardUnknown, SlotNeeded, SlotsTwice, SlotUnknown
from timebank.domain.credit.rewards import (
    AmendReward,
    PauseReward,
    PublishReward,
    ResumeReward,
    WithdrawReward,
    slot_at,
)
from timebank.domain.facts.credit import Slot
from timebank.domain.facts.organisations import OrganisationRegistered, OrganisationSuspended
from timebank.domain.kernel import Command, Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, OrganisationUnknown
from timebank.domain.refusals import NothingChanges, OfficeMissing, TermEndsBeforeItStarts

TODAY = NOON.date()
DAY = timedelta(days=1)


def publish(by: Acting = ADMINISTRATOR, **changes: Any) -> PublishReward:
    """The health check is to be published."""
    return PublishReward(by=by, at=NOON, reward_id=REWARD, terms=terms(**changes))


def amend(by: Acting = ADMINISTRATOR, **changes: Any) -> AmendReward:
    """It is to be had on these terms from now on."""
    return AmendReward(by=by, at=NOON, reward_id=REWARD, terms=terms(**changes))


def pause(by: Acting = ADMINISTRATOR) -> PauseReward:
    """It is not to be had for now."""
    return PauseReward(by=by, at=NOON, reward_id=REWARD, reason=PAUSED.reason)


def resume(by: Acting = ADMINISTRATOR) -> ResumeReward:
    """It is to be had again."""
    return ResumeReward(by=by, at=NOON, reward_id=REWARD)


def withdraw(by: Acting = ADMINISTRATOR) -> WithdrawReward:
    """It is to be had no more."""
    return WithdrawReward(by=by, at=NOON, reward_id=REWARD, reason=WITHDRAWN.reason)


DECISIONS = [publish, lambda by: amend(by, cost_minutes=60), pause, resume, withdraw]
IN_TERMS = [publish, lambda **changes: amend(**({"cost_minutes": 60} | changes))]


def before(command: Command) -> tuple[Fact, ...]:
    """What a decision on a reward is made from: a published one, or for a new one its provider."""
    if isinstance(command, PublishReward):
        return standing(CLINIC)
    if isinstance(command, AmendReward):
        return *standing(CLINIC), published()
    return (published(), PAUSED) if isinstance(command, ResumeReward) else (published(),)


class TestWhoDecides:
    """The right to decide on rewards, the same for all decisions."""

    @pytest.mark.parametrize("decide", DECISIONS)
    def test_done_by_the_bank(self, decide: Any) -> None:
        """Administrators say what credit is good for."""
        for by in (ADMINISTRATOR, in_office("administrator")):
            command = decide(by)
            assert given(*before(command)).when(command).fact.reward_id == REWARD

    @pytest.mark.parametrize("decide", DECISIONS)
    @pytest.mark.parametrize(
        "by",
        [acting(WANG), on_behalf(), CLINICS_PROGRAM, in_office("auditor"), in_office("node-leader")],
    )
    def test_refused_for_anybody_else(self, decide: Any, by: Acting) -> None:
        """Nobody else does, not even the provider."""
        command = decide(by)
        given(*before(command)).when(command).then_refused(OfficeMissing, office="administrator")


@pytest.mark.parametrize("decide", IN_TERMS)
class TestTerms:
    """Terms that can be published, or changed to."""

    def test_refused_without_a_provider(self, decide: Any) -> None:
        """Whoever provides a reward is an approved organisation of the bank."""
        command = decide(provider_id=GARDEN)
        history = () if isinstance(command, PublishReward) else (published(),)
        given(*history).when(command).then_refused(OrganisationUnknown, organisation_id=GARDEN)
        new, approved = standing(GARDEN)
        assert isinstance(new, OrganisationRegistered)
        given(*history, new).when(command).then_refused(OrganisationNotApproved, status="registered")
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        given(*history, new, approved, suspended).when(command).then_refused(OrganisationNotApproved)

    def test_funder(self, decide: Any) -> None:
        """Whoever funds it is an organisation of the bank, too; what it is now is its own business."""
        command = decide(funder_id=GARDEN)
        given(*before(command)).when(command).then_refused(OrganisationUnknown, organisation_id=GARDEN)
        fact = given(*before(command), standing(GARDEN)[0]).when(command).fact
        assert (fact.provider_id, fact.terms.funder_id) == (CLINIC, GARDEN)

    def test_refused_when_it_ends_before_it_starts(self, decide: Any) -> None:
        """A reward can be had for a day at least."""
        command = decide(available_from=TODAY, available_until=TODAY - DAY)
        given(*before(command)).when(command).then_refused(TermEndsBeforeItStarts)
        command = decide(available_from=TODAY, available_until=TODAY)
        assert given(*before(command)).when(command).fact.terms == command.terms

    def test_refused_with_the_same_appointment_twice(self, decide: Any) -> None:
        """Two appointments at one moment are one with more places, in whatever zone they are written."""
        same = Slot(starts_at=MORNING.starts_at.astimezone(ZoneInfo("Europe/Berlin")), places=1)
        command = decide(slots=(MORNING, EVENING, same))
        given(*before(command)).when(command).then_refused(SlotsTwice)
        command = decide(slots=(MORNING, EVENING))
        assert given(*before(command)).when(command).fact.terms.slots == (MORNING, EVENING)


class TestPublishReward:
    """Offering a reward."""

    def test_keeps_the_terms(self) -> None:
        """A published reward is on exactly these terms."""
        said: dict[str, Any] = {"quota": 30, "quota_every": "month", "quota_per_person": 1, "available_from": TODAY}
        given(*standing(CLINIC)).when(publish(**said)).then(published(**said))


class TestAmendReward:
    """Changing the terms."""

    @pytest.mark.parametrize("history", [(), (PAUSED,), (PAUSED, RESUMED), (amended(cost_minutes=90),)])
    def test_changes_what_is_offered(self, history: tuple[Fact, ...]) -> None:
        """Terms change while a reward is offered, or paused, and may change again."""
        decided = given(*standing(CLINIC), published(), *history).when(amend(cost_minutes=60))
        decided.then(amended(cost_minutes=60))

    def test_changes_the_provider(self) -> None:
        """Another provider may take over."""
        decided = given(*standing(GARDEN), published()).when(amend(provider_id=GARDEN))
        decided.then(amended(provider_id=GARDEN))

    def test_refused_when_nothing_changes(self) -> None:
        """The same terms are no change; those of before an amendment are."""
        given(*standing(CLINIC), published()).when(amend()).then_refused(NothingChanges)
        given(*standing(CLINIC), published(), amended(cost_minutes=60)).when(amend()).then(amended())

    def test_refused_for_no_reward(self) -> None:
        """There has to be one."""
        given(*standing(CLINIC)).when(amend()).then_refused(RewardUnknown, reward_id=REWARD)

    def test_refused_when_withdrawn(self) -> None:
        """What is withdrawn is so for good."""
        decided = given(*standing(CLINIC), published(), WITHDRAWN).when(amend(cost_minutes=60))
        decided.then_refused(RewardStatusDiffers, status="withdrawn", wanted="published or paused")


class TestStatus:
    """Pausing, resuming and withdrawing."""

    @pytest.mark.parametrize(
        ("history", "command", "fact"),
        [
            ((), pause(), PAUSED),
            ((PAUSED,), resume(), RESUMED),
            ((PAUSED, RESUMED), pause(), PAUSED),
            ((), withdraw(), WITHDRAWN),
            ((PAUSED,), withdraw(), WITHDRAWN),
            ((amended(cost_minutes=60),), pause(), PAUSED),
        ],
    )
    def test_goes_on_from_one_to_the_other(self, history: tuple[Fact, ...], command: Command, fact: Fact) -> None:
        """A reward is paused and resumed as often as need be, and withdrawn once, from either."""
        given(published(), *history).when(command).then(fact)

    @pytest.mark.parametrize(
        ("history", "command", "status", "wanted"),
        [
            ((PAUSED,), pause(), "paused", "published"),
            ((), resume(), "published", "paused"),
            ((PAUSED, amended(cost_minutes=60)), pause(), "paused", "published"),
            ((WITHDRAWN,), pause(), "withdrawn", "published"),
            ((WITHDRAWN,), resume(), "withdrawn", "paused"),
            ((WITHDRAWN,), withdraw(), "withdrawn", "published or paused"),
        ],
    )
    def test_refused_from_another(self, history: tuple[Fact, ...], command: Command, status: str, wanted: str) -> None:
        """Nothing is paused, resumed or withdrawn twice; what is withdrawn stays so."""
        decided = given(published(), *history).when(command)
        decided.then_refused(RewardStatusDiffers, reward_id=REWARD, status=status, wanted=wanted)

    @pytest.mark.parametrize("command", [pause(), resume(), withdraw()])
    def test_refused_for_no_reward(self, command: Command) -> None:
        """There has to be one."""
        given().when(command).then_refused(RewardUnknown, reward_id=REWARD)


class TestPeriod:
    """For which period a quota counts."""

    @pytest.mark.parametrize(
        ("every", "day", "period"),
        [
            (None, date(2026, 11, 20), "all"),
            ("month", date(2026, 11, 1), "2026-11"),
            ("month", date(2026, 11, 30), "2026-11"),
            ("month", date(2026, 12, 1), "2026-12"),
            ("month", date(2027, 1, 1), "2027-01"),
            ("quarter", date(2026, 1, 1), "2026-Q1"),
            ("quarter", date(2026, 3, 31), "2026-Q1"),
            ("quarter", date(2026, 4, 1), "2026-Q2"),
            ("quarter", date(2026, 9, 30), "2026-Q3"),
            ("quarter", date(2026, 10, 1), "2026-Q4"),
            ("quarter", date(2026, 12, 31), "2026-Q4"),
            ("year", date(2026, 12, 31), "2026"),
            ("year", date(2027, 1, 1), "2027"),
            ("week", date(2026, 11, 15), "2026-W46"),
            ("week", date(2026, 11, 16), "2026-W47"),
            ("week", date(2026, 12, 28), "2026-W53"),
            ("week", date(2027, 1, 3), "2026-W53"),
            ("week", date(2027, 1, 4), "2027-W01"),
            ("week", date(2024, 12, 30), "2025-W01"),
            ("week", date(2024, 2, 29), "2024-W09"),
        ],
    )
    def test_of_a_day(self, every: Any, day: date, period: str) -> None:
        """Weeks are those of the calendar (ISO 8601), and belong to the year that has most of them."""
        assert terms(quota_every=every).period(day) == period

    @pytest.mark.parametrize(("every", "most"), [("week", 7), ("month", 31), ("quarter", 92), ("year", 366)])
    def test_is_one_stretch_of_days(self, every: Any, most: int) -> None:
        """Periods follow one another without gaps, and none comes twice."""
        asked = terms(quota_every=every)
        periods = [asked.period(date(2023, 1, 1) + n * DAY) for n in range(5 * 365)]
        starts = [n for n in range(1, len(periods)) if periods[n] != periods[n - 1]]
        assert len(starts) + 1 == len(set(periods))
        assert max(later - sooner for sooner, later in pairwise(starts)) == most


class TestSlots:
    """Appointments that come with a reward."""

    def test_found_by_its_moment(self) -> None:
        """An appointment is the one that starts then, in whatever zone that is said."""
        asked = terms(slots=(MORNING, EVENING))
        assert slot_at(asked, at(25, 18), ZONE) == EVENING
        assert slot_at(asked, at(25, 8).astimezone(ZoneInfo("Europe/Berlin")), ZONE) == MORNING

    def test_none_where_there_are_none(self) -> None:
        """A reward without appointments needs none."""
        assert slot_at(terms(), None, ZONE) is None

    def test_refused_unless_chosen_among_them(self) -> None:
        """Where there are appointments one has to be chosen, and it has to be one of them."""
        with pytest.raises(SlotNeeded):
            slot_at(terms(slots=(MORNING,)), None, ZONE)
        with pytest.raises(SlotUnknown):
            slot_at(terms(slots=(MORNING,)), at(25, 9), ZONE)
        with pytest.raises(SlotUnknown):
            slot_at(terms(), at(25, 8), ZONE)
