"""Dates and times, as people write them and as spreadsheets count them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.times import TimeSaid, parse_date, parse_period, parse_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
FIRST_OF_MARCH = dt.date(2026, 3, 1)
ANY_DAY = dt.date(2000, 1, 1)


def said(hour: int, minute: int = 0, day: dt.date | None = None) -> TimeSaid:
    """What a cell says of a time without an offset."""
    return TimeSaid(day, dt.timedelta(hours=hour, minutes=minute))


@pytest.mark.parametrize(
    "text",
    [
        *("2026/3/1 8:30", "2026/03/01 08:30:00", "2026-03-01 08:30", "2026-03-01T08:30", "2026.3.1 8:30"),
        *("2026-03-01T08:30+08:00", "2026-03-01 08:30:00 +0800", "2026-03-01T00:30Z", "2026-03-01T00:30:00.000Z"),
        *("2026年3月1日 8:30", "2026年3月1日8时30分", "2026年3月1日8点半", "2026年3月1日 星期日 上午8:30"),
        *(
            "2026/3/1（周日）8:30",
            "２０２６／３／１　８：３０",
            "2026/3/1 上午 8:30",
            "2026/3/1上午8点30",
            "2026/3/1 早上8:30",
        ),
        *("2026/3/1 8:30 am", "2026/3/1 8:30 a.m.", "2026-03-01_08:30", "2026/3/1  08:30", "2026-03-01 8.30"),
        *("2026/3/1 0830", "20260301 0830", "202603010830", "2026\u200b/3/1 8:30", "46082.354166", "46082.3541666667"),
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(text: str) -> None:
    """Each way offices write half past eight on the first of March means just that."""
    assert parse_time(text).on(ANY_DAY, SHANGHAI) == dt.datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        *(
            ("8:30", 8, 30),
            ("0830", 8, 30),
            ("8时", 8, 0),
            ("8点一刻", 8, 15),
            ("0.354166666", 8, 30),
            ("24:00", 24, 0),
        ),
        *(
            ("下午 8:30", 20, 30),
            ("8:30 PM", 20, 30),
            ("下午 14:30", 14, 30),
            ("下午2点半", 14, 30),
            ("下午12:30", 12, 30),
        ),
        *(("12:05 AM", 0, 5), ("12:05 PM", 12, 5), ("凌晨12:30", 0, 30), ("中午12:00", 12, 0), ("中午1点", 13, 0)),
        *(("九点半", 9, 30), ("上午九点", 9, 0), ("八点三十分", 8, 30), ("下午两点半", 14, 30), ("二十二点", 22, 0)),
        *(("十点一刻", 10, 15), ("九点零五分", 9, 5), ("9点5分", 9, 5), ("零点", 0, 0), ("当天9:00", 9, 0)),
        *(("早上8:30", 8, 30), ("晚上7:30", 19, 30), ("晚7点", 19, 0), ("傍晚5点", 17, 0)),
    ],
)
def test_a_clock_time_is_bare(text: str, hour: int, minute: int) -> None:
    """Without a date of its own it says no day, and the half of the day counts."""
    assert parse_time(text) == said(hour, minute)
    assert parse_time(text).is_bare


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "2026/3/1",
            "46082",
            "2026/3/18:30",
            "2026/3/1 8:5",
            "9点5",
            "十十点",
            "零十点",
            "2026-03-01T08:30+24:00",
        ),
        *("8:30-10:00", "2026/3/1 8:30-10:00", "8:30+08:00", "2026-03-01T08:30+08:60", "2026-03-01 08:30-05:00"),
    ],
)
def test_what_is_no_time_or_may_be_two_is_refused(text: str) -> None:
    """Incomplete and doubtful times are refused rather than guessed."""
    with pytest.raises(CellError, match=r"is not a date and time like 2026/3/1 8:30, or a time like 8:30$"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("11/10/2026 8:30 AM", "may be two days: write the year first"),
        ("3月1日 8:30", "does not say the whole year"),
        ("26/3/1 8:30", "does not say the whole year"),
        ("8.30", "may be a number"),
        ("1900/1/0 8:30", "day nought"),
        ("2026/3/1（周二）8:30", "contradicts itself: 2026-03-01 is a 星期日"),
        ("#VALUE!", "is an error of the spreadsheet"),
        ("########", "too narrow"),
        ("=B2+1", "is a formula"),
        ("4.6082E+04", "has shortened a long number"),
        ("2026-02-30 8:30", "is no day that there is: 2026-02 has 28 days"),
        ("2024/2/30 8:30", "is no day that there is: 2024-02 has 29 days"),
        *((text, "is no day that there is: a year has 12 months") for text in ("2026/13/1 8:30", "20260001 8:30")),
        *((text, "is no time of the day") for text in ("25:00", "2026/3/1 8:60", "2026/3/1 24:01", "二十五点")),
        *((text, "may be two times") for text in ("上午 14:30", "下午 24:00", "上午8:30AM", "上午12:00")),
        *((text, "may be two times") for text in ("晚上12:00", "晚上1:00", "早上12:00", "晚上十二点")),
        ("2026/3/1 次日2:00", "says a day, and that it is another"),
    ],
)
def test_the_refusal_names_what_is_wrong(text: str, told: str) -> None:
    """Mistakes that people and spreadsheets often make are called by their names."""
    with pytest.raises(CellError, match=told):
        parse_time(text)


def test_clock_changes_are_honoured() -> None:
    """A skipped hour is refused, of a repeated one the first counts, and a written offset is kept."""
    with pytest.raises(ValueError, match="does not exist in Europe/Berlin"):
        parse_time("2026-03-29 02:30").on(ANY_DAY, BERLIN)
    assert parse_time("2026-10-25 02:30").on(ANY_DAY, BERLIN).utcoffset() == dt.timedelta(hours=2)
    offset = parse_time("2026-03-29T02:30-03:30").on(ANY_DAY, BERLIN).utcoffset()
    assert offset == dt.timedelta(hours=-3, minutes=-30)
    with pytest.raises(OverflowError):
        parse_time("24:00").on(dt.date.max, BERLIN)


@given(st.dates(dt.date(1992, 1, 1), dt.date(2150, 1, 1)), st.integers(0, 86_399), st.integers(0, 999_999))
def test_moments_survive_writing(day: dt.date, second: int, micro: int) -> None:
    """Any second comes back from its ISO text, its Chinese text and a spreadsheet's serial number; fractions too."""
    moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)
    serial = f"{(day - dt.date(1899, 12, 30)).days + second / 86_400:.10f}"
    chinese = f"{day.year}年{day.month}月{day.day}日 {moment:%H:%M:%S}"
    half = f"{day:%Y/%m/%d} {'上午' if moment.hour < 12 else '下午'} {(moment.hour % 12) or 12}{moment:点%M分%S秒}"
    for text in (moment.isoformat(), moment.isoformat(" "), chinese, serial, *([half] if moment.hour else [])):
        assert parse_time(text).on(ANY_DAY, SHANGHAI) == moment.replace(tzinfo=SHANGHAI)
    finer = moment.replace(microsecond=micro)
    assert parse_time(finer.isoformat(" ")).on(ANY_DAY, SHANGHAI) == finer.replace(tzinfo=SHANGHAI)


@given(st.dates(dt.date(1930, 1, 1), dt.date(2170, 1, 1)))
def test_dates_survive_writing(day: dt.date) -> None:
    """Any day comes back from each way of writing it."""
    slashes = f"{day.year}/{day.month}/{day.day}"
    chinese = f"{day.year}年{day.month}月{day.day}日"
    weekday = "一二三四五六日"[day.weekday()]
    spellings = (day.isoformat(), slashes, f"{slashes} 0:00", chinese, f"{chinese}（星期{weekday}）", f"{day:%Y%m%d}")
    assert {parse_date(text) for text in (*spellings, str((day - dt.date(1899, 12, 30)).days))} == {day}


@pytest.mark.parametrize("text", ["次日2:00", "翌日凌晨2点", "隔天两点", "第二天 2:00", "隔日2时"])
def test_a_clock_time_may_be_of_the_next_day(text: str) -> None:
    """It is bare, and one day later than whatever it is beside."""
    assert parse_time(text) == TimeSaid(None, dt.timedelta(hours=2), later=1)
    assert parse_time(text).on(FIRST_OF_MARCH, SHANGHAI) == dt.datetime(2026, 3, 2, 2, tzinfo=SHANGHAI)


@pytest.mark.parametrize("text", ["二〇二六年三月一日", "2026年三月一日 星期日", "二零二六年三月一号"])
def test_dates_may_be_in_numerals(text: str) -> None:
    """As on a form that is filled in by hand."""
    assert parse_date(text) == FIRST_OF_MARCH


@pytest.mark.parametrize("text", ["2026/2/30", "2026-02-30 8:30", "2026-02-30 8:30-10:00", "二〇二六年二月三十日"])
def test_a_day_that_there_is_not_is_told_as_such(text: str) -> None:
    """Wherever a day stands: alone, before a time, or before a period."""
    for parse in (parse_date, parse_time, parse_period):
        with pytest.raises(CellError, match="is no day that there is: 2026-02 has 28 days"):
            parse(text)


def test_a_year_may_come_last_where_one_day_only_is_meant() -> None:
    """A day of more than twelve tells which number is the month; else 3/1/2026 may be two days, and is refused."""
    for text in ("27/11/2026", "11/27/2026", "27.11.2026", "27-11-2026"):
        assert parse_date(text) == dt.date(2026, 11, 27)
    assert parse_date("3/3/2026") == dt.date(2026, 3, 3)
    assert parse_time("27/11/2026 8:30").day == dt.date(2026, 11, 27)
    for text in ("3/1/2026", "11-10-2026"):
        with pytest.raises(CellError, match="may be two days"):
            parse_date(text)
    with pytest.raises(CellError):
        parse_date("13/13/2026")


@pytest.mark.parametrize("text", ["", "2026/3", "8:30", "2026/3/1 8:30", "二月"])
def test_what_is_no_date_is_refused(text: str) -> None:
    """A date that is not whole, or is more than that, is refused."""
    with pytest.raises(CellError, match="is not a date like 2026/3/1"):
        parse_date(text)


@pytest.mark.parametrize("until", ["-", "–", "~", "～", " 至 ", "到"])
def test_a_period_says_start_and_end(until: str) -> None:
    """From when until when, in one cell, with or without days; a hyphen within a date is none between times."""
    assert parse_period(f"8:30{until}下午2点") == (said(8, 30), said(14))
    assert parse_period(f"2026-3-1 8:30{until}10:00") == (said(8, 30, FIRST_OF_MARCH), said(10))
    whole = parse_period(f"2026-3-1 8:30{until}2026-3-1 10:00")
    assert whole == (said(8, 30, FIRST_OF_MARCH), said(10, 0, FIRST_OF_MARCH))
    assert parse_period(f"22:00{until}次日2:00")[1].later == 1


def test_several_periods_are_several_rows() -> None:
    """Which is said; nobody serves in the pause."""
    for text in ("9:00~10:00、14:00~16:00", "上午九点到十一点和下午2点到下午4点"):
        with pytest.raises(CellError, match="says several periods: give each a row of its own"):
            parse_period(text)


@pytest.mark.parametrize("text", ["", "8:30", "2026-3-1", "8:30-", "上午", "2小时"])
def test_what_is_no_period_is_refused(text: str) -> None:
    """One time, or none, is no period."""
    with pytest.raises(CellError, match="does not say from when until when"):
        parse_period(text)
