from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS_PROGRAM,
    NOON,
    OTHER,
    RECORD,
    REWARD,
    WANG,
    acting,
    enter,
    give,
    log_service,
    reserve,
    terms,
)
from tests.given import given
from timebank.domain.bank import OpenBank
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.facts.credit import Rules, Slot
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import RegisterOrganisation
from timebank.domain.people.volunteers import ChangePersonalData, SetConsent, SuspendVolunteer
from timebank.domain.refusals import NotWellFormed, UnbelievableTime
from timebank.domain.service.lists import EnterService
from timebank.domain.service.reviews import ConfirmService, CorrectService

BY: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON}
LONG_AGO = datetime(1930, 5, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))


def correct(**changes: Any) -> CorrectService:
    """A correction that only says why."""
    return CorrectService(**(BY | {"record_id": RECORD, "reason": "写错了"} | changes))


def publish(**changes: Any) -> PublishReward:
    """A reward is offered."""
    return PublishReward(**BY, reward_id=REWARD, terms=terms(**changes))


def signed(**changes: Any) -> EnterService:
    """A list that two have signed."""
    return enter(log_service(record_id=OTHER, **changes), signer=acting(WANG))


class TestCheck:
    """What no command may say, whichever way it came in."""

    @pytest.mark.parametrize(
        ("command", "field"),
        [
            (log_service(activity=""), "activity"),
            (log_service(category=" \t"), "category"),
            (log_service(place="门\n口"), "place"),
            (log_service(content="\x00"), "content"),
            (log_service(content="字" * 2001), "content"),
            (log_service(programmes=("红细胞", "")), "programmes[1]"),
            (log_service(programmes=("红细胞",) * 21), "programmes"),
            (signed(activity="字" * 201), "activity"),
            (correct(reason=""), "reason"),
            (correct(category="\x1b"), "category"),
            (ConfirmService(**BY, record_id=RECORD, reason="\x07"), "reason"),
            (SuspendVolunteer(**BY, volunteer_id=WANG, reason=""), "reason"),
            (SetConsent(**BY, volunteer_id=WANG, purpose="leaderboard", granted=True, alias=""), "alias"),
            (ChangePersonalData(**BY, volunteer_id=WANG, name=""), "name"),
            (ChangePersonalData(**BY, volunteer_id=WANG, phone="call me"), "phone"),
            (ChangePersonalData(**BY, volunteer_id=WANG, birth_year=1066), "birth_year"),
            (RegisterOrganisation(**BY, organisation_id=GARDEN, name="", kind="merchant"), "name"),
            (OpenBank(**BY, name="", timezone="Asia/Shanghai"), "name"),
            (give(minutes=0), "minutes"),
            (publish(name=""), "name"),
            (publish(slots=(Slot(starts_at=NOON, places=0),)), "terms.slots[0].places"),
            (publish(cost_minutes=0), "terms.cost_minutes"),
        ],
    )
    def test_refuses_what_does_not_fit_its_field(self, command: Command, field: str) -> None:
        """Texts that say nothing, are too long or cannot be shown, and numbers out of bounds, are refused by field."""
        given().when(command).then_refused(NotWellFormed, field=field)

    @pytest.mark.parametrize(
        "command",
        [
            log_service(started_at=LONG_AGO, ended_at=LONG_AGO + timedelta(hours=1)),
            log_service(ended_at=datetime.max.replace(tzinfo=ZoneInfo("UTC"))),
            signed(started_at=LONG_AGO, ended_at=LONG_AGO + timedelta(hours=1)),
            correct(started_at=LONG_AGO),
            correct(ended_at=datetime.min.replace(tzinfo=ZoneInfo("UTC"))),
            reserve(slot=LONG_AGO),
            publish(slots=(Slot(starts_at=LONG_AGO, places=1),)),
        ],
    )
    def test_refuses_times_that_cannot_be(self, command: Command) -> None:
        """A time before 1949, or after 2199, is a slip of the pen, at every entrance."""
        given().when(command).then_refused(UnbelievableTime)

    def test_takes_what_fits(self) -> None:
        """The longest texts there may be are taken as they are."""
        log_service(by=GARDENERS_PROGRAM, activity="字" * 200, content="行\n" * 1000).checked()
        ChangePersonalData(**BY, volunteer_id=WANG, phone="", birth_year=0, document_number="").checked()


class TestOneForm:
    """What looks the same is the same, and credit hangs on it."""

    @pytest.mark.parametrize("spelt", ["值班\u200b", "\u202e值班", " 值班 ", "值班\ufeff", "\u3000值班", "值\u2060班"])
    def test_a_category_is_spelt_in_one_way(self, spelt: str) -> None:
        """An invisible character does not make another category, with another coefficient."""
        assert log_service(category=spelt).checked() == log_service(category="值班")
        assert signed(category=spelt).checked() == signed(category="值班")
        assert correct(category=spelt).checked() == correct(category="值班")

    def test_full_width_is_no_other_spelling(self) -> None:
        """Letters and digits of double width are the same letters and digits; blanks are one blank."""
        assert log_service(activity="Ａ１ \u3000 组").checked() == log_service(activity="A1 组")

    def test_the_rule_book_is_asked_in_the_same_form(self) -> None:
        """A category that was adopted or recorded in another spelling has the coefficient it was given."""
        assert Rules(credit_percent={"值班": 0}, other_percent=100).percent_of("值班\u200b") == 0

    def test_an_invisible_name_is_no_name(self) -> None:
        """What is left has to say something."""
        with pytest.raises(NotWellFormed):
            log_service(category="\u200b\u200b").checked()
