"""What was made of texts is remembered, but not of long ones: so nobody fills the memory."""

import contextlib
import io
import time
import tracemalloc
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.domain.identifiers import as_number
from timebank.domain.text import _is_invisible, normal, remembered
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.people import digits_in, parse_number
from timebank.exchange.cells.texts import parse_capacity, parse_line, parse_lines
from timebank.exchange.cells.times import parse_date, parse_time
from timebank.exchange.imports.lists import OpenedList, open_records, open_volunteers
from timebank.exchange.imports.rows import RowError
from timebank.exchange.spreadsheets.columns import RECORD_COLUMNS, Vocabulary
from timebank.exchange.spreadsheets.errors import SpreadsheetError
from timebank.exchange.spreadsheets.headings import Said
from timebank.exchange.spreadsheets.reading import open_list

MOST_BYTES = 250_000
"""What other threads of the tests, and what is remembered on purpose, may take meanwhile; the texts would take more."""


@pytest.mark.parametrize(
    ("made_of", "said"),
    [
        (normal, "1"),
        (as_number, "1"),
        (parse_line, "1"),
        (digits_in, "1"),
        (parse_number, "102744983705"),
        (parse_capacity, "居民"),
        (parse_date, "2026-03-01"),
        (parse_time, "8:30"),
    ],
)
def test_long_texts_are_not_remembered(made_of: Callable[[str], object], said: str) -> None:
    """Headers and cells have many thousand characters: of twenty such, ever others, nothing stays."""
    made_of(said)
    tracemalloc.start()
    try:
        for n in range(20):
            for text in (f"{n}{'¼' * 2_000}", f"{' ' * (10_000 + n)}{said}{' ' * 10_000}"):
                with contextlib.suppress(CellError):
                    made_of(text)
        assert tracemalloc.get_traced_memory()[0] < MOST_BYTES
    finally:
        tracemalloc.stop()


def test_what_short_texts_become_is_not_remembered_if_it_is_long() -> None:
    """A ligature stands for eighteen characters: of two hundred of them, ever others, nothing stays."""
    normal("1")
    tracemalloc.start()
    try:
        for n in range(50):
            assert len(normal(str(n) + "\ufdfa" * 190)) > 190 * 10
        assert tracemalloc.get_traced_memory()[0] < MOST_BYTES
    finally:
        tracemalloc.stop()


def test_short_texts_are_made_once() -> None:
    """What comes over and over costs once."""
    seen = []
    once = remembered(lambda text: seen.append(text) or text)
    assert [once("理发"), once("理发")] == ["理发"] * 2
    assert seen == ["理发"]


@pytest.mark.parametrize("said", ["[", "x", "志", "，", "\u200b", "a\u0301", "必填("])
def test_a_long_heading_costs_little(said: str) -> None:
    """A list of one cell that is a hundred thousand signs long is refused within a second of work, whatever."""
    file, began = io.BytesIO((said * 100_000).encode()), time.process_time()
    with pytest.raises(SpreadsheetError):
        open_list(file, Vocabulary(RECORD_COLUMNS), Said())
    assert time.process_time() - began < 3


MARKS = "a\u0301\u0327\u0345\u0f71\u0f73\u0344\u200b\u3099か\u1100\u1161\u11a8\u0338=ﬁ "


@pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0301\u200b\u0327\u200b", "\u0f73", "\u0344\u0316\u0345"])
def test_many_marks_cost_little(marks: str) -> None:
    """Unicode's order of a run of marks, one after the other, took a minute for a cell of a list: now it is sorted."""
    began = time.process_time()
    assert len(normal("a" + marks * 20_000)) >= 40_000
    assert parse_lines("a" + marks * 20 + ";b", tuple[str, ...])[1] == "b"
    assert time.process_time() - began < 2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=50) | st.text(alphabet=MARKS, max_size=50))
def test_what_is_invisible_is_left_out_wherever_it_is(text: str) -> None:
    """The form of a name is what it was when each sign was looked at by itself."""
    compatible = unicodedata.normalize("NFKC", text)
    visible = "".join(each for each in compatible if not _is_invisible(each))
    assert normal(text) == " ".join(unicodedata.normalize("NFKC", visible).split())


@pytest.mark.parametrize("cell", ["\ufdfa" * 90_000, "' " * 45_000, "1" * 90_000, "a;" * 45_000, "志" * 90_000])
@pytest.mark.parametrize(
    ("opens", "head"),
    [
        (open_volunteers, "姓名,手机,志愿者编号,技能,出生年份,证件号码"),
        (
            partial(open_records, zone=ZoneInfo("UTC")),
            "志愿者,活动,类别,身份,开始时间,结束时间,时长,服务内容,服务项目,活动负责人",
        ),
    ],
    ids=["people", "records"],
)
def test_a_long_cell_costs_little(opens: Callable[..., OpenedList[Any]], head: str, cell: str) -> None:
    """However long it is, and in whatever column, its row is refused at once: rows are read where all are served."""
    rows = "\n".join(",".join([cell] * (head.count(",") + 1)) for _ in range(2))
    opened = opens(io.BytesIO(f"{head}\n{rows}\n".encode()), said=Said())
    (row, *_) = opened.rows()
    assert len(row.cells) >= 4
    began = time.thread_time()
    with pytest.raises(RowError):
        opened.read(row)
    assert time.thread_time() - began < 0.05
