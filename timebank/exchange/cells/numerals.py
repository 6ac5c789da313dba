"""Numbers in Chinese numerals, where a unit of time shows that they are meant as such: 九点半, 三月一日, 两个半小时."""

import re

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_NUMERAL = re.compile(r"[零〇一二两兩三四五六七八九十]")
_IN_TIMES = re.compile(
    r"[零〇一二两兩三四五六七八九十]{1,4}(?=\s*[年月号点时點時分秒]|(?<![期周拜][一二三四五六])日)"
    r"|(?<=[点时點時])[零〇一二三四五六七八九十]{1,3}(?!刻)(?=\s*分|\Z)"
)
_IN_DURATIONS = re.compile(r"[零一二两兩三四五六七八九十]{1,3}(?=个|個|小|钟|鐘|分)")


def time_in_digits(text: str) -> str:
    """A date or a clock time in which numerals are digits; 一刻 and weekdays stay as they are."""
    return _IN_TIMES.sub(_digits, text) if _NUMERAL.search(text) else text


def duration_in_digits(text: str) -> str:
    """A duration in which numerals are digits."""
    return _IN_DURATIONS.sub(_digits, text) if _NUMERAL.search(text) else text


def _digits(found: re.Match[str]) -> str:
    """The digits of a numeral below a hundred, or of one that is spelt digit by digit, as a year is."""
    tens, ten, ones = found[0].rpartition("十")
    if not ten:
        return "".join(str(_DIGITS[char]) for char in found[0])
    if not all(_DIGITS.get(part) for part in (tens, ones) if part):
        return found[0]  # 十十 and 零十 are no numbers
    return str(10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0))
