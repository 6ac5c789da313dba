"""Files as a spreadsheet program would write them."""

import csv
import io

from hypothesis import strategies as st

from timebank.exchange.spreadsheets import VOLUNTEER_COLUMNS, read_table

RECORD_HEADER = "志愿者编号,活动,类别,开始时间,结束时间"

any_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
words = st.text("张三李四abc 0123,;\t\"'\n，、=+-@", max_size=8)
lists_of_people = st.lists(st.tuples(st.just("张三"), words, words), max_size=5)


def saved(rows: list[tuple[str, ...]], delimiter: str = ",", header: tuple[str, ...] = ("姓名", "手机", "技能")) -> str:
    """The text that a spreadsheet would write for these rows."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue()


def volunteers(text: str) -> list[dict[str, str]]:
    """The cells of a volunteer file."""
    return [row.cells for row in read_table(text.encode(), VOLUNTEER_COLUMNS).rows]
