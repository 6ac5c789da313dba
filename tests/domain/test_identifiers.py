from datetime import date
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR, GARDEN, GARDENERS_PROGRAM, NUMBER, WANG, acting, logged, registered
from timebank.domain import identifiers
from timebank.domain.acting import Acting
from timebank.domain.identifiers import (
    KINDS,
    TAG_OF,
    BankId,
    VolunteerId,
    VolunteerNumber,
    as_number,
    check_digit,
    code_tag,
    day_tag,
    is_volunteer_number,
    new_appointment_id,
    new_bank_id,
    new_key_id,
    new_membership_id,
    new_organisation_id,
    new_proxy_id,
    new_record_id,
    new_volunteer_id,
    new_volunteer_number,
    number_tag,
)

eleven_digits = st.text("0123456789", min_size=11, max_size=11)


def test_each_kind_is_known_by_what_it_begins_with() -> None:
    """Identifiers begin with what their kind, and no other, is known by; each kind that tags facts is known."""
    made = {name: make for name, make in vars(identifiers).items() if name.startswith("new_")}
    kinds = {get_type_hints(make)["return"]: make for make in made.values()}
    assert {kind: make().partition("_")[0] for kind, make in kinds.items() if kind in KINDS.values()} == {
        kind: prefix for prefix, kind in KINDS.items()
    }
    assert set(KINDS.values()) == {kind for kind, tag_of in TAG_OF.items() if tag_of is str}


class TestVolunteerNumber:
    """Numbers that elderly people copy by hand."""

    def test_a_known_check_digit(self) -> None:
        """The check digit is that of the standard, whose worked example everybody has."""
        assert check_digit("7992739871") == "3"

    @given(eleven_digits)
    def test_a_number_with_its_check_digit_is_one(self, digits: str) -> None:
        """Any eleven digits and their check digit make a number."""
        assert is_volunteer_number(digits + check_digit(digits))

    @given(eleven_digits, st.lists(st.integers(0, 12), max_size=3), st.booleans())
    def test_however_it_is_written_it_is_the_same(self, digits: str, gaps: list[int], is_wide: bool) -> None:
        """Blanks, hyphens and full-width digits are no other number; any other text stays as it is."""
        number = digits + check_digit(digits)
        written = number
        for gap in gaps:
            written = written[:gap] + "- \u3000"[gap % 3] + written[gap:]
        wide = written.translate({ord(each): ord(each) + 0xFEE0 for each in "0123456789"})
        assert as_number(wide if is_wide else written) == number
        assert as_number(f"{written}0") == f"{written}0"

    @given(eleven_digits, st.integers(0, 11), st.integers(1, 9))
    def test_every_single_mistyped_digit_is_caught(self, digits: str, place: int, by: int) -> None:
        """Whichever digit is mistyped, and as whichever other digit, the number is no longer one."""
        number = digits + check_digit(digits)
        wrong = str((int(number[place]) + by) % 10)
        assert not is_volunteer_number(number[:place] + wrong + number[place + 1 :])

    @given(eleven_digits, st.integers(0, 10))
    def test_neighbouring_digits_swapped_are_caught(self, digits: str, place: int) -> None:
        """Swapping two neighbouring digits is caught too, but for 09 and 90, as the standard says."""
        number = digits + check_digit(digits)
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        same = number[place] == number[place + 1] or {number[place], number[place + 1]} == {"0", "9"}
        assert is_volunteer_number(swapped) == same

    @pytest.mark.parametrize(
        "text", ["", "12345678901", "1234567890155", "12345678901x", "１２３４５６７８９０１５", "12345678901²"]
    )
    def test_other_texts_are_none(self, text: str) -> None:
        """A number is twelve plain digits and nothing else."""
        assert not is_volunteer_number(text)

    def test_new_ones_are_valid_and_start_with_no_zero(self) -> None:
        """A new number has a right check digit, and no leading zero for a spreadsheet to swallow."""
        numbers = [new_volunteer_number() for _ in range(200)]
        assert all(is_volunteer_number(number) and number[0] != "0" for number in numbers)
        assert len(set(numbers)) == len(numbers)


class TestIdentifiers:
    """What new identifiers look like."""

    @pytest.mark.parametrize(
        ("new", "prefix"),
        [
            (new_volunteer_id, "vol_"),
            (new_organisation_id, "org_"),
            (new_membership_id, "mem_"),
            (new_record_id, "rec_"),
            (new_appointment_id, "app_"),
            (new_proxy_id, "prx_"),
            (new_key_id, "key_"),
        ],
    )
    def test_say_what_they_identify(self, new: object, prefix: str) -> None:
        """A prefix says what kind of thing it is; the rest is a UUID version 7, so later ones sort later."""
        first, second = new(), new()  # type: ignore[operator]
        assert first.startswith(prefix)
        assert first[len(prefix) + 12] == "7"
        assert first < second

    def test_a_bank_is_a_plain_uuid(self) -> None:
        """A bank's identifier is a UUID as it is usually written."""
        assert len(new_bank_id()) == len(BankId("018f0000-0000-7000-8000-000000000000"))


class TestTags:
    """By what facts are found again."""

    def test_are_derived_from_a_facts_own_identifiers(self) -> None:
        """A fact is found by every identifier in it, by number or code, and by the days it touches."""
        assert registered().tags() == [WANG, number_tag(NUMBER)]
        days = {date(2026, 11, 18): 60, date(2026, 11, 19): 60}
        tags = logged(minutes_by_day=days).tags()
        assert tags == ["rec_1", WANG, GARDEN, f"{WANG}@2026-11-18", f"{WANG}@2026-11-19"]

    def test_do_not_run_into_each_other(self) -> None:
        """A number, a code and an identifier with the same letters are three different tags."""
        same = "123456789015"
        assert len({number_tag(VolunteerNumber(same)), code_tag(same), same}) == 3
        assert day_tag(VolunteerId(same), date(2026, 1, 2)) == "123456789015@2026-01-02"


class TestActing:
    """Who acts."""

    def test_is_one_thing_at_a_time(self) -> None:
        """Who acts is a volunteer, an organisation's program or an administrator, never two of them."""
        assert (acting(WANG).volunteer_id, acting(WANG).organisation_id) == (WANG, None)
        assert (GARDENERS_PROGRAM.volunteer_id, GARDENERS_PROGRAM.organisation_id) == (None, GARDEN)
        assert (ADMINISTRATOR.volunteer_id, ADMINISTRATOR.organisation_id) == (None, None)
        assert Acting(ADMINISTRATOR.actor, "volunteer") != ADMINISTRATOR
