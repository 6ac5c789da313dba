"""How long something took, in all the ways that offices write it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.exchange.spreadsheets import CellError, parse_minutes
from timebank.exchange.spreadsheets.durations import Unit


@settings(deadline=None)
@given(st.integers(1, 1440))
def test_minutes_survive_all_notations(minutes: int) -> None:
    """A number of minutes comes back from each notation, in every column that can hold it."""
    hours, rest = divmod(minutes, 60)
    assert parse_minutes(str(minutes), "minutes") == parse_minutes(str(minutes), "duration") == minutes
    assert parse_minutes(f"{hours}:{rest:02}", "duration") == parse_minutes(f"{hours}:{rest:02}:00", "hours") == minutes
    for text in (
        f"{minutes}分钟",
        f"{minutes} min",
        f"{hours}小时{rest}分",
        f"{hours}h{rest}m",
        f"{hours} 小时 {rest}",
    ):
        assert {parse_minutes(text, unit) for unit in ("minutes", "hours", "duration")} == {minutes}
    if minutes % 3 == 0:
        assert (
            parse_minutes(f"{minutes / 60:.2f}", "hours") == parse_minutes(f"{minutes / 60:.2f}", "duration") == minutes
        )


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [
        ("1.5", "duration", 90),
        ("１．５小时", "duration", 90),
        ("1个小时", "minutes", 60),
        ("2", "hours", 120),
        ("0.25", "hours", 15),
        ("90.0", "minutes", 90),
        ("24", "hours", 1440),
    ],
)
def test_durations_as_offices_write_them(text: str, unit: Unit, minutes: int) -> None:
    """Decimals, full-width digits and units come to whole minutes."""
    assert parse_minutes(text, unit) == minutes


@pytest.mark.parametrize(
    ("text", "unit", "problem"),
    [
        ("1.333", "hours", "whole minutes"),
        ("0.5", "minutes", "whole minutes"),
        ("0", "minutes", "more than zero"),
        ("24:01", "duration", "at most 24 hours"),
        ("25", "hours", "at most 24 hours"),
        ("-5", "minutes", "is not a duration"),
        ("NaN", "hours", "is not a duration"),
        ("1e2", "minutes", "is not a duration"),
        ("1:30", "minutes", "is not a duration"),
        ("1 30", "duration", "is not a duration"),
        ("1:60", "duration", "is not a duration"),
        ("", "duration", "is not a duration"),
    ],
)
def test_what_is_no_duration_is_refused(text: str, unit: Unit, problem: str) -> None:
    """Nothing, too much, fractions of a minute and two readings of one text are refused."""
    with pytest.raises(CellError, match=problem):
        parse_minutes(text, unit)
