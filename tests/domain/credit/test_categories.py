import time
from datetime import date, timedelta
from typing import Any

import pytest

from tests.controls import (
    GARDENERS_PROGRAM,
    LI,
    NOON,
    OTHER,
    THURSDAY,
    WANG,
    adopt,
    adopted,
    confirm_service,
    confirmed,
    correct_service,
    enter,
    log_service,
    logged,
    member,
    registered,
    standing,
)
from tests.given import given
from timebank.domain.credit.categories import Listed, every_name, nearest
from timebank.domain.credit.refusals import ActivityNotListed, CategoryNotListed, CoefficientNotListed
from timebank.domain.facts.credit import Rules
from timebank.domain.identifiers import ActorId
from timebank.domain.kernel import Command
from timebank.domain.service.amending import AmendService
from timebank.domain.service.refusals import PersonInChargeNotMember

PEOPLE = (*standing(), registered())
LISTED = adopted(categories=("公益慈善", "治安巡逻"), activities=("公共设施擦洗", "夜间巡逻"))
RETIRED = adopted(2, THURSDAY, categories=("治安巡逻",))


def amend(**changes: Any) -> AmendService:
    """The garden's program puts the record right that waits."""
    return AmendService(by=GARDENERS_PROGRAM, at=NOON, record_id=logged().record_id, **changes)


ENTRANCES = [
    pytest.param(PEOPLE, log_service, id="logged"),
    pytest.param(PEOPLE, lambda **said: enter(log_service(**said)), id="entered from a list"),
    pytest.param((*standing(), logged()), amend, id="amended"),
    pytest.param((*standing(), logged(), confirmed()), correct_service, id="corrected"),
]


@pytest.mark.parametrize(("before", "make"), ENTRANCES)
def test_what_is_not_listed_is_refused_with_the_nearest(before: Any, make: Any) -> None:
    """At every entrance a category or an activity that the bank does not list is refused, with the nearest it does."""
    what = given(*before, LISTED)
    what.when(make(category="公益")).then_refused(CategoryNotListed, category="公益", nearest="公益慈善")
    what.when(make(activity="夜巡")).then_refused(ActivityNotListed, nearest="夜间巡逻")
    assert what.when(make(category="治安巡逻", activity="夜间巡逻")).fact.category == "治安巡逻"


@pytest.mark.parametrize(("before", "make"), ENTRANCES)
def test_spelling_does_not_matter(before: Any, make: Any) -> None:
    """A name in full width, or with blanks around it, is the name."""
    assert given(*before, LISTED).when(make(category=" 治安巡逻\u200b ")).fact.category == "治安巡逻"


def test_without_a_list_anything_goes() -> None:
    """Where the rule book lists nothing every name is taken."""
    given(*PEOPLE).when(log_service(category="什么都行", activity="随便")).fact  # noqa: B018


def test_a_retired_category_holds_for_the_days_before() -> None:
    """What is no longer listed is still taken for service of days when it was, and for no later ones."""
    earlier = {"started_at": NOON - timedelta(days=3, hours=2), "ended_at": NOON - timedelta(days=3)}
    given(*PEOPLE, LISTED, RETIRED).when(log_service(**earlier)).fact  # noqa: B018
    given(*PEOPLE, LISTED, RETIRED).when(log_service()).then_refused(CategoryNotListed, nearest="治安巡逻")


def test_a_record_keeps_its_retired_category() -> None:
    """A record is confirmed, and corrected in something else, under a category that was retired since."""
    what = (*standing(), logged(), LISTED, RETIRED)
    assert given(*standing(), logged(), LISTED, RETIRED).when(confirm_service()).fact.minutes == 120
    assert given(*what, confirmed()).when(correct_service(minutes=60)).fact.category == "公益慈善"


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_another_day_is_of_the_list_of_that_day(*, is_confirmed: bool) -> None:
    """What was recorded for a day before there was a list is not moved, under its name, to a day of the list."""
    earlier = {"started_at": NOON - timedelta(days=9, hours=2), "ended_at": NOON - timedelta(days=9)}
    listed = adopted(1, NOON.date() - timedelta(days=5), categories=("公益慈善",))
    before = (*standing(), logged(**earlier, category="公义", local_date=earlier["started_at"].date()), listed)
    later = {"started_at": NOON - timedelta(days=1, hours=2), "ended_at": NOON - timedelta(days=1)}
    what, change = given(*before), amend(**later)
    if is_confirmed:
        what, change = given(*before, confirmed()), correct_service(**later)
    what.when(change).then_refused(CategoryNotListed, nearest="公益慈善")


def test_lists_are_kept_in_one_form() -> None:
    """Names on the lists are kept in their one form, and each once."""
    said = Rules(categories=("公益 ", "公益", "A级"), activities=("  夜  巡",))
    kept = given().when(adopt(rules=said, effective_from=NOON.date() + timedelta(days=1))).fact.rules
    assert (kept.categories, kept.activities) == (("公益", "A级"), ("夜 巡",))


def test_a_coefficient_is_for_a_category_there_is() -> None:
    """Rules with a coefficient for a category that they do not list are refused."""
    rules = Rules(categories=("公益",), credit_percent={"公義": 150})
    command: Command = adopt(rules=rules, effective_from=NOON.date() + timedelta(days=1))
    given().when(command).then_refused(CoefficientNotListed, category="公義")


@pytest.mark.parametrize(
    ("name", "found"), [("公益", "公益慈善"), ("巡逻", "治安巡逻"), ("帮困", "帮教"), ("xyz", "公益慈善")]
)
def test_the_nearest_is_the_most_alike(name: str, found: str) -> None:
    """The nearest name is the one with most in common, in order; where nothing is, the first."""
    assert nearest(name, ("公益慈善", "治安巡逻", "帮教")) == found


def test_the_nearest_of_many_is_found_at_once() -> None:
    """A batch of a thousand rows is told it for each, of five hundred names: that took half a minute."""
    listed = [f"{a}{b}{c}" for a in "社区居民楼栋网格" for b in "清洁巡逻探访陪伴" for c in "服务志愿活动队员"][:500]
    began = time.process_time()
    assert [nearest("社区巡逻服务" * 30 + str(n), listed)[0] for n in range(200)] == ["社"] * 200
    assert time.process_time() - began < 2


def test_every_name_there_was_can_be_read() -> None:
    """Names are told with the days they hold for: retired ones as well, and none that never held."""
    first, second, third = date(2026, 1, 1), date(2026, 3, 1), date(2026, 6, 1)
    versions = {
        1: (first, Rules(categories=("甲", "乙"))),
        2: (second, Rules(categories=("丙",))),
        3: (second, Rules(categories=("甲",), activities=("子",))),
        4: (third, Rules(categories=("甲",))),
    }
    assert list(every_name(versions)) == [
        Listed("甲", "category", first, None),
        Listed("乙", "category", first, second - timedelta(days=1)),
        Listed("子", "activity", second, third - timedelta(days=1)),
    ]


class TestPersonInCharge:
    """Who was in charge of an activity is a member of its organisation."""

    def test_is_on_the_record(self) -> None:
        """A record says who was in charge."""
        what = (*PEOPLE, *member(LI, "member")[1:])
        assert given(*what).when(log_service(person_in_charge_id=ActorId(LI))).fact.person_in_charge_id == LI

    @pytest.mark.parametrize(("before", "make"), ENTRANCES)
    def test_belongs_to_the_organisation(self, before: Any, make: Any) -> None:
        """Nobody else is taken, at any entrance."""
        said = make(person_in_charge_id=ActorId("vol_nobody"))
        given(*before).when(said).then_refused(PersonInChargeNotMember, volunteer_id="vol_nobody")

    @pytest.mark.parametrize("days", [0, -1])
    def test_was_a_member_on_that_day(self, days: int) -> None:
        """Until the last day of their term somebody was in charge, and not after it."""
        until = THURSDAY + timedelta(days=days)
        outcome = (
            given(*PEOPLE, *member(LI, "member", valid_until=until)[1:])
            .when(log_service(person_in_charge_id=ActorId(LI)))
            .outcome
        )
        assert isinstance(outcome, PersonInChargeNotMember) == (days < 0)

    def test_may_have_left_since(self) -> None:
        """A record goes on saying who was in charge, when they are a member no more."""
        before = logged(person_in_charge_id=ActorId(LI))
        assert given(*standing(), before, confirmed()).when(correct_service(minutes=60)).fact.person_in_charge_id == LI


def test_names_tag_nothing() -> None:
    """The person in charge is told by the fact, and found by the record alone: their own matters stay theirs."""
    assert LI not in logged(person_in_charge_id=ActorId(LI)).tags()
    assert logged(record_id=OTHER).tags()[:2] == [OTHER, WANG]
