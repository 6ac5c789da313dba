"""How long something took, in all the ways that offices write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.exchange.cells.durations import Unit, parse_amount, whole_minutes
from timebank.exchange.cells.errors import CellError


def minutes_in(text: str, unit: Unit, interval: float | None = None) -> int:
    """The minutes that a cell comes to, in a column of some unit."""
    return whole_minutes(parse_amount(text), unit, None if interval is None else Decimal(str(interval)))


@given(st.integers(1, 1440))
def test_minutes_survive_all_notations(minutes: int) -> None:
    """A number of minutes comes back from each notation, in every column that can hold it."""
    hours, rest = divmod(minutes, 60)
    assert minutes_in(str(minutes), "minutes") == minutes
    assert minutes_in(f"{hours}:{rest:02}", "hours") == minutes_in(f"{hours}:{rest:02}:00", "hours") == minutes
    written = f"{minutes}分钟", f"{minutes} min", f"{hours}小时{rest}分", f"{hours}h{rest}m", f"{hours} 小时 {rest}"
    assert {minutes_in(text, unit) for text in written for unit in ("minutes", "hours")} == {minutes}  # type: ignore[arg-type]
    rounded = f"{minutes / 60:.2f}"
    assert minutes_in(rounded, "hours", minutes) == minutes_in(rounded.replace(".", ","), "hours", minutes) == minutes
    assert minutes_in(f"{minutes / 60:.12f}", "hours") == minutes_in(f"{minutes / 1440:.14f}", "days") == minutes


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [
        *(
            ("1.5", "hours", 90),
            ("1,5", "hours", 90),
            ("6,25", "hours", 375),
            ("0.25", "hours", 15),
            ("24", "hours", 1440),
        ),
        *(("１．５小时", "minutes", 90), ("1个小时", "minutes", 60), ("90.0", "minutes", 90), ("90'", "hours", 90)),
        *(("半小时", "hours", 30), ("两小时", "minutes", 120), ("2个半小时", "hours", 150), ("1小时半", "hours", 90)),
        *(("1.33333333333333", "hours", 80), ("0.0555555555555556", "days", 80)),
    ],
)
def test_durations_as_offices_write_them(text: str, unit: Unit, minutes: int) -> None:
    """Decimals with points and commas, full-width digits, halves and units come to whole minutes."""
    assert minutes_in(text, unit) == minutes


@pytest.mark.parametrize(("text", "interval", "minutes"), [("1.33", 80, 80), ("0.67", 40, 40), ("7.43", 445.8, 445)])
def test_what_was_rounded_is_the_time_from_start_to_end(text: str, interval: float, minutes: int) -> None:
    """Hours with two decimals are taken as the minutes they were made from, where start and end agree."""
    assert minutes_in(text, "hours", interval) == minutes
    with pytest.raises(CellError, match="does not come to whole minutes"):
        minutes_in(text, "hours", interval + 2)


@pytest.mark.parametrize(
    ("text", "unit", "problem"),
    [
        *(("1.333", "hours", "whole minutes"), ("0.5", "minutes", "whole minutes"), ("0", "minutes", "more than zero")),
        *(("24:01", "hours", "at most 24 hours"), ("25", "hours", "at most 24 hours"), ("1:30", "minutes", "write 90")),
        *(("1,440", "minutes", "in two ways"), ("1,333", "hours", "in two ways"), ("#N/A", "hours", "error")),
        *((text, "hours", "is not a duration") for text in ("-5", "NaN", "1e2", "1 30", "1:60", "", "合计")),
    ],
)
def test_what_is_no_duration_is_refused(text: str, unit: Unit, problem: str) -> None:
    """Nothing, too much, fractions of a minute and two readings of one text are refused."""
    with pytest.raises(CellError, match=problem):
        minutes_in(text, unit)
