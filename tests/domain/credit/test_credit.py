from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tests.controls import CATEGORIES, CLINIC, GARDEN, THURSDAY, rule_books
from timebank.domain.credit.policies import Credit, DayCredit, Work, credit_for
from timebank.domain.facts.credit import RuleEffect, Rules

DAY = timedelta(days=1)
WEDNESDAY = THURSDAY - DAY
ACTIVITIES = st.sampled_from(["公共设施擦洗", "夜间巡逻"])
PLACES = st.sampled_from([GARDEN, CLINIC])
works = st.builds(
    Work,
    PLACES,
    ACTIVITIES,
    st.sampled_from(CATEGORIES),
    st.sampled_from(["resident", "staff-off-duty", "staff-on-duty"]),
    st.dictionaries(st.sampled_from([WEDNESDAY, THURSDAY]), st.integers(0, 720), min_size=1),
)


@st.composite
def credited_days(draw: st.DrawFn) -> dict[date, DayCredit]:
    """What was credited on some days already."""
    days = {}
    for day in draw(st.sets(st.sampled_from([WEDNESDAY, THURSDAY]))):
        minutes = draw(st.integers(0, 1440))
        days[day] = DayCredit(minutes, draw(st.integers(0, minutes)))
    return days


def split(rules: Rules, work: Work, days: dict[date, DayCredit], total: int) -> int:
    """What the parts of the work on each day come to, one after the other."""
    credited = 0
    for day, minutes in sorted(work.minutes_by_day.items()):
        credited += credit_for(rules, work._replace(minutes_by_day={day: minutes}), days, total + credited).minutes
    return credited


class TestCreditFor:
    """What service is worth."""

    @settings(max_examples=100)
    @for_all(rule_books, works, credited_days(), st.integers(0, 2000))
    def test_minutes_and_effects_sum_to_credit(self, rules: Rules, work: Work, days: Any, total: int) -> None:
        """Each minute that is credited, or not, is accounted for by service or by one of the rules."""
        credit = credit_for(rules, work, days, total)
        served = sum(work.minutes_by_day.values())
        assert served + sum(effect.minutes for effect in credit.effects) == credit.minutes
        assert sum(credit.by_day.values()) == credit.minutes
        assert credit.by_day.keys() == work.minutes_by_day.keys()
        assert len({effect.rule for effect in credit.effects}) == len(credit.effects)

    @settings(max_examples=100)
    @for_all(rule_books, works, credited_days(), st.integers(0, 2000))
    def test_same_again(self, rules: Rules, work: Work, days: Any, total: int) -> None:
        """The same service under the same rules comes to the same credit, in whatever order its days are named."""
        backwards = work._replace(minutes_by_day=dict(reversed(work.minutes_by_day.items())))
        assert credit_for(rules, work, days, total) == credit_for(rules, work, days, total)
        assert credit_for(rules, backwards, days, total) == credit_for(rules, work, days, total)

    @settings(max_examples=100)
    @for_all(rule_books, works, credited_days(), st.integers(0, 2000))
    def test_splitting_at_midnight_changes_nothing(self, rules: Rules, work: Work, days: Any, total: int) -> None:
        """A night watch entered as two records comes to what one record of it comes to."""
        assert split(rules, work, days, total) == credit_for(rules, work, days, total).minutes

    @settings(max_examples=100)
    @for_all(rule_books, works, credited_days(), st.integers(0, 2000))
    def test_never_above_the_caps(self, rules: Rules, work: Work, days: dict[date, DayCredit], total: int) -> None:
        """With what was credited before, no cap is exceeded that was not exceeded already; nothing is taken away."""
        credit = credit_for(rules, work, days, total)
        for day, minutes in credit.by_day.items():
            before = days.get(day, DayCredit())
            assert minutes >= 0
            for cap, taken in (
                (rules.cap_per_day_minutes, before.minutes),
                (rules.cap_per_activity_minutes, before.same_activity_minutes),
            ):
                assert cap is None or minutes == 0 or taken + minutes <= cap
        cap = rules.cap_total_minutes
        assert cap is None or credit.minutes == 0 or total + credit.minutes <= cap

    @settings(max_examples=50)
    @for_all(rule_books, works)
    def test_paid_duty_is_worth_nothing(self, rules: Rules, work: Work) -> None:
        """Whatever the rules, paid duty is never credited."""
        duty = work._replace(capacity="staff-on-duty")
        served = sum(work.minutes_by_day.values())
        assert credit_for(rules, duty, {}, 0).minutes == 0
        assert credit_for(rules, duty, {}, 0).effects == (RuleEffect("paid-duty", -served),)

    @settings(max_examples=50)
    @for_all(works)
    def test_minute_for_minute_unless_rules_say_otherwise(self, work: Work) -> None:
        """Without rules a volunteer's minute is a minute."""
        credit = credit_for(Rules(), work._replace(capacity="resident"), {}, 10**6)
        assert credit == Credit(dict(work.minutes_by_day), ())

    def test_of_a_category(self) -> None:
        """A category may be worth more, or less, than the others; fractions of a minute are not credited."""
        rules = Rules(credit_percent={"治安巡逻": 150, "文体娱乐": 0}, other_percent=33)
        work = Work(GARDEN, "活动", "治安巡逻", "resident", {THURSDAY: 61})
        assert credit_for(rules, work, {}, 0) == Credit({THURSDAY: 91}, (RuleEffect("coefficient", 30),))
        assert credit_for(rules, work._replace(category="文体娱乐"), {}, 0).minutes == 0
        assert credit_for(rules, work._replace(category="调解"), {}, 0).minutes == 20

    @pytest.mark.parametrize(
        ("caps", "by_day", "rule"),
        [
            ({"cap_per_activity_minutes": 100}, {WEDNESDAY: 100, THURSDAY: 70}, "cap-per-activity"),
            ({"cap_per_day_minutes": 100}, {WEDNESDAY: 100, THURSDAY: 40}, "cap-per-day"),
            ({"cap_total_minutes": 650}, {WEDNESDAY: 120, THURSDAY: 30}, "cap-total"),
        ],
    )
    def test_each_cap(self, caps: dict[str, Any], by_day: dict[date, int], rule: Any) -> None:
        """A cap leaves what room there is: on each day for the activity, on each day, and in all."""
        work = Work(GARDEN, "活动", "调解", "resident", {WEDNESDAY: 120, THURSDAY: 120})
        days = {THURSDAY: DayCredit(minutes=60, same_activity_minutes=30)}
        credit = credit_for(Rules(**caps), work, days, 500)
        assert credit == Credit(by_day, (RuleEffect(rule, sum(by_day.values()) - 240),))

    def test_rules_come_one_after_the_other(self) -> None:
        """Each rule is told what it took of what the rules before it left."""
        rules = Rules(other_percent=200, cap_per_activity_minutes=200, cap_per_day_minutes=150, cap_total_minutes=140)
        work = Work(GARDEN, "活动", "调解", "resident", {THURSDAY: 120})
        credit = credit_for(rules, work, {}, 0)
        assert credit.effects == (
            RuleEffect("coefficient", 120),
            RuleEffect("cap-per-activity", -40),
            RuleEffect("cap-per-day", -50),
            RuleEffect("cap-total", -10),
        )
        assert credit.minutes == 140
