"""Dates and moments, as people write them and as Excel counts them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.exchange.spreadsheets import CellError, parse_date, parse_moment

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "2026/3/1 8:30",
        "2026/03/01 08:30:00",
        "2026-03-01 08:30",
        "2026-03-01T08:30",
        "2026-03-01T08:30+08:00",
        "2026-03-01T00:30Z",
        "2026.3.1 8:30",
        "2026年3月1日 8:30",
        "2026年3月1日8时30分",
        "2026年3月1日 星期日 上午8:30",
        "２０２６／３／１　８：３０",
        "2026/3/1 上午 8:30",
        "2026/3/1上午8点30",
        "2026/3/1 8:30 am",
        "46082.354166",
        "46082.3541666667",
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(text: str) -> None:
    """Each way offices write half past eight on the first of March means just that."""
    assert parse_moment(text, SHANGHAI) == dt.datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("8:30", 8, 30),
        ("下午 8:30", 20, 30),
        ("8:30 PM", 20, 30),
        ("下午 14:30", 14, 30),
        ("12:05 AM", 0, 5),
        ("12:05 PM", 12, 5),
        ("8时", 8, 0),
        ("0.354166666", 8, 30),
        ("24:00", 24, 0),
        ("2026/3/1 24:00", 24, 0),
    ],
)
def test_a_clock_time_belongs_to_the_given_date(text: str, hour: int, minute: int) -> None:
    """A bare clock time takes the date from its own column, and 24:00 is the midnight that ends the day."""
    expected = dt.datetime(2026, 3, 1, tzinfo=SHANGHAI) + dt.timedelta(hours=hour, minutes=minute)
    assert parse_moment(text, SHANGHAI, date=dt.date(2026, 3, 1)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "8:30",
            "0.35",
            "2026/3/1",
            "46082",
            "2026/13/1 8:30",
            "2026/2/29 8:30",
            "2026/3/1 8:60",
            "2026/3/1 24:01",
        ),
        *("2026/3/18:30", "3/1/2026 8:30", "26/3/1 8:30", "2026/3/1 8:5", "2026/3/1 上午 14:30", "2026/3/1 下午 24:00"),
        *("2026/3/1 8:30-10:00", "2026/3/1 上午8:30AM", "2026-03-01T08:30+24:00", "2026-03-01T08:30+08:60"),
    ],
)
def test_what_is_no_moment_or_two_is_refused(text: str) -> None:
    """Impossible, incomplete and ambiguous times are refused rather than guessed."""
    with pytest.raises(CellError, match=r"is not a date and time like 2026/3/1 8:30$"):
        parse_moment(text, SHANGHAI)


def test_a_range_is_not_an_offset() -> None:
    """Half past eight until ten, written with a hyphen, is not read as a time west of Greenwich."""
    with pytest.raises(CellError, match="or a time like 8:30"):
        parse_moment("8:30-10:00", SHANGHAI, date=dt.date(2026, 3, 1))


def test_clock_changes_are_honoured() -> None:
    """A skipped hour is refused, of a repeated one the first counts, and a written offset is kept."""
    with pytest.raises(CellError, match="does not exist in Europe/Berlin"):
        parse_moment("2026-03-29 02:30", BERLIN)
    assert parse_moment("2026-10-25 02:30", BERLIN).utcoffset() == dt.timedelta(hours=2)
    assert parse_moment("2026-03-29T02:30-03:30", BERLIN).utcoffset() == dt.timedelta(hours=-3, minutes=-30)
    with pytest.raises(CellError):
        parse_moment("24:00", BERLIN, date=dt.date.max)


@settings(deadline=None)
@given(st.dates(dt.date(1992, 1, 1), dt.date(2150, 1, 1)), st.integers(0, 86_399))
def test_moments_survive_writing(day: dt.date, second: int) -> None:
    """Any second comes back from its ISO text, its Chinese text and Excel's serial number."""
    moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)
    serial = f"{(day - dt.date(1899, 12, 30)).days + second / 86_400:.10f}"
    chinese = f"{day.year}年{day.month}月{day.day}日 {moment:%H:%M:%S}"
    for text in (moment.isoformat(), moment.isoformat(" "), chinese, serial):
        assert parse_moment(text, SHANGHAI) == moment.replace(tzinfo=SHANGHAI)


@settings(deadline=None)
@given(st.dates(dt.date(1930, 1, 1), dt.date(2170, 1, 1)))
def test_dates_survive_writing(day: dt.date) -> None:
    """Any day comes back from each way of writing it."""
    slashes = f"{day.year}/{day.month}/{day.day}"
    serial = str((day - dt.date(1899, 12, 30)).days)
    spellings = (day.isoformat(), slashes, slashes + " 0:00", f"{day.year}年{day.month}月{day.day}日", serial)
    assert {parse_date(text) for text in spellings} == {day}


@pytest.mark.parametrize("text", ["", "2026/2/30", "3/1/2026", "2026/3", "8:30", "2026/3/1 8:30", "二月"])
def test_what_is_no_date_is_refused(text: str) -> None:
    """A date that does not exist, or whose order is a guess, is refused."""
    with pytest.raises(CellError, match="is not a date like 2026/3/1"):
        parse_date(text)
