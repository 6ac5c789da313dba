"""Which line is the heading line, and what its headings mean."""

import pytest

from tests.exchange.spreadsheets.files import volunteers
from timebank.exchange.spreadsheets import RECORD_COLUMNS, read_table


@pytest.mark.parametrize(
    "text",
    [
        "\n姓名,手机\n张三,13800001111\n",
        "春风社区志愿者名单,\n姓名,手机\n张三,13800001111\n",
        "sep=;\n姓名;手机\n张三;13800001111\n",
        " Name ,PHONE\n张三,13800001111\n",
        "*姓名,联系 电话\n张三,13800001111\n",
        "序号\t志愿者姓名\t手机号\n1\t张三\t'13800001111\n",
        '"姓名"，"手机"\n"张三"，"13800001111"\n',
        '姓名,手机\n张三,"=""13800001111"""\n,\n',
        '姓名,手机\r张三,="13800001111"\r',
        "序号,姓名,手机\n1,张三,13800001111\n2,,\n3,,\n",
    ],
)
def test_the_header_is_found_as_offices_write_it(text: str) -> None:
    """Titles, blank lines, numbered empty rows, stars, case and text guards do not get in the way."""
    assert volunteers(text) == [{"name": "张三", "phone": "13800001111"}]


def test_full_width_headings_mean_the_same() -> None:
    """Full-width letters and parentheses, underscores and spaces do not matter in a heading."""
    table = read_table("ＶＯＬＵＮＴＥＥＲ,活动,类别,Started At,时长（分钟）\n7,a,b,c,90\n".encode(), RECORD_COLUMNS)
    assert table.rows[0].cells == {
        "volunteer": "7", "activity": "a", "category": "b", "started_at": "c", "minutes": "90"
    }  # fmt: skip
