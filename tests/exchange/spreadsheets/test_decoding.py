"""From bytes to text, in the encodings that offices have; what can be several is asked."""

import encodings

import pytest

from tests.exchange.spreadsheets.test_reading import people
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError

WESTERN = "name,phone\nAnna Müller,1\nGöran Åberg,2\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs"])
def test_the_encoding_is_recognised_and_told(encoding: str) -> None:
    """By its mark, because nothing else could be decoded so, or by headings that are known in no other."""
    text = "姓名,電話\n聯通,1\n" if encoding == "big5hkscs" else "姓名,电话\n联通,1\n"
    table = people(text.encode(encoding))
    assert table.form.encoding == encoding
    assert next(table.rows()).cells["name"] == text[6:8]


def test_plain_ascii_is_the_same_in_all_of_them() -> None:
    """There is nothing to ask where no byte is doubtful."""
    assert people(b"name,phone\nAnna,1\n").form.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030"])
def test_what_may_be_several_encodings_is_asked(encoding: str) -> None:
    """Under English headings bytes of one encoding are text in others, so the office is shown what they would say."""
    text = WESTERN if encoding == "cp1252" else "name,phone\n张三,1\n"
    with pytest.raises(QuestionsError, match="cannot be told in which encoding") as asked:
        people(text.encode(encoding))
    (question,) = asked.value.questions
    assert f"encoding={encoding}" in question.answers
    assert f"{encoding} → " in question.text
    assert ("Anna Müller" if encoding == "cp1252" else "张三") in question.text
    rows = list(people(text.encode(encoding), encoding=encoding).rows())
    assert rows[0].cells["name"] == ("Anna Müller" if encoding == "cp1252" else "张三")


def test_the_encoding_that_is_said_has_to_be_right() -> None:
    """A mark that says otherwise, or bytes that are not in it, are refused."""
    with pytest.raises(SpreadsheetError, match="says by its first bytes that it is utf-8-sig, not gb18030"):
        people("姓名\n".encode("utf-8-sig"), encoding="gb18030")
    with pytest.raises(SpreadsheetError, match="Line 2 cannot be read as utf-8"):
        people("姓名\n".encode() + b"\xd5\xc5\n", encoding="utf-8")
    assert people("姓名\n张三\n".encode("gbk"), encoding="GBK").form.encoding == "gb18030"


@pytest.mark.parametrize("encoding", ["there-is-none", "utf-8-bis", "中文"])
def test_what_is_no_encoding_is_not_remembered(encoding: str) -> None:
    """Python keeps each name that it is asked for, so whoever made up names would fill the memory."""
    known = set(encodings._cache)  # type: ignore[attr-defined]
    with pytest.raises(SpreadsheetError, match="There is no encoding"):
        people(b"name\nAnna\n", encoding=encoding)
    assert set(encodings._cache) == known  # type: ignore[attr-defined]
