"""A list to fill in: one line of headings that we understand, and a second sheet that says what each of them is."""

from collections.abc import Sequence
from typing import IO, Any

import xlsxwriter

from timebank.domain.credit.policies import UNWRITTEN
from timebank.exchange.spreadsheets.columns import (
    RECORD_COLUMNS,
    VOLUNTEER_COLUMNS,
    Column,
    level_name,
    place_columns,
    resident_columns,
)
from timebank.exchange.spreadsheets.writing import written

_RECORDS = (
    *("number", "phone", "name", "activity", "category", "capacity", "date", "started_at", "ended_at", "hours"),
    *("place", "content", "programmes", "team", "person_in_charge"),
)
_VOLUNTEERS = ("name", "phone", "skills")
_LEVELS = UNWRITTEN.rules.place_levels
"""The levels of a template; a bank that has others names its columns by them."""
_NAMED = tuple(level_name(depth) for depth in range(len(_LEVELS)))

_KINDS: dict[str, tuple[tuple[str, ...], tuple[Column, ...]]] = {
    "records": (_RECORDS, RECORD_COLUMNS),
    "volunteers": (_VOLUNTEERS, VOLUNTEER_COLUMNS),
    "places": ((*_NAMED, "from_day"), place_columns(_LEVELS)),
    "residents": (("number", "phone", "name", *_NAMED, "door", "from_day", "tie"), resident_columns(_LEVELS)),
}

_EXAMPLES = {
    "number": "123456789015",
    "phone": "13800001111",
    "name": "张三",
    "skills": "理发;电工",
    "activity": "楼道清扫",
    "category": "公益慈善",
    "capacity": "居民",
    "date": "2026/3/1",
    "started_at": "8:30",
    "ended_at": "10:30",
    "hours": "",
    "place": "三号楼",
    "content": "擦洗扶手",
    "programmes": "红细胞;邻里守望",
    "team": "治安巡逻队",
    "person_in_charge": "李四",
    **dict(zip(_NAMED, ("阳光社区", "东区", "3号院", "1栋", "2单元"), strict=True)),
    "from_day": "2026/1/1",
    "tie": "居住",
    "door": "302室",
}
_CAPACITIES = {
    "zh": ["居民", "工作人员(非在岗)", "在岗"],
    "en": ["resident", "staff-off-duty", "staff-on-duty"],
}
_NECESSARY = {"name": "volunteers", "activity": "records", "category": "records", "started_at": "records"}


def columns_of(kind: str) -> list[Column]:
    """The columns that a template has, for a list of `volunteers`, `records`, `places` or `residents`."""
    names, columns = _KINDS[kind]
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in names]


def headings_of(kind: str, language: str) -> list[str]:
    """The headings of a template, in Chinese (zh) or English (en)."""
    return [column.headings[0] if language == "zh" else column.name for column in columns_of(kind)]


def template_csv(kind: str, language: str) -> bytes:
    """A template as text: the headings alone."""
    return written([headings_of(kind, language)])


def template_workbook(file: IO[bytes], kind: str, language: str) -> None:
    """Write a template as a workbook: all cells are text, so that no digit is lost and no date turned about."""
    workbook: Any = xlsxwriter.Workbook(file, {"strings_to_numbers": False, "strings_to_formulas": False})
    text = workbook.add_format({"num_format": "@"})
    bold = workbook.add_format({"num_format": "@", "bold": True, "bottom": 1})
    headings = headings_of(kind, language)
    sheet = workbook.add_worksheet("名单" if language == "zh" else "list")
    sheet.set_column(0, len(headings) - 1, 16, text)
    sheet.freeze_panes(1, 0)
    for position, heading in enumerate(headings):
        sheet.write_string(0, position, heading, bold)
    names = [column.name for column in columns_of(kind)]
    if "capacity" in names:
        choices = {"validate": "list", "source": _CAPACITIES[language]}
        sheet.data_validation(1, names.index("capacity"), 10_000, names.index("capacity"), choices)
    about = workbook.add_worksheet("说明" if language == "zh" else "about")
    about.set_column(0, 0, 16, text)
    about.set_column(1, 1, 80, text)
    about.set_column(2, 2, 20, text)
    for row, line in enumerate(_about(kind, headings)):
        for position, cell in enumerate(line):
            about.write_string(row, position, cell, bold if row == 0 else text)
    workbook.close()


def _about(kind: str, headings: Sequence[str]) -> list[tuple[str, str, str]]:
    """What is said of each column: what it is, whether it is necessary, an example."""
    lines = [("heading / 列名", "what it is / 说明", "example / 例")]
    for column, heading in zip(columns_of(kind), headings, strict=True):
        is_necessary = _NECESSARY.get(column.name) == kind
        said = f"{column.about} (必填, required)" if is_necessary else column.about
        lines.append((f"「{heading}」", said, _EXAMPLES[column.name]))  # alone in a cell it would be a heading again
    if kind == "records":
        lines.append(("", "number or phone has to be there: 志愿者编号 or 手机; the end, or how long it took, too", ""))
    return lines
