"""Lists to fill in."""

import io

import pytest

from tests.exchange.spreadsheets.files import saved
from timebank.domain.credit.policies import UNWRITTEN
from timebank.exchange.imports.lists import RECORDS, VOLUNTEERS
from timebank.exchange.spreadsheets.columns import Vocabulary, place_columns, resident_columns
from timebank.exchange.spreadsheets.headings import Said
from timebank.exchange.spreadsheets.reading import open_list
from timebank.exchange.spreadsheets.template import headings_of, template_csv, template_workbook

LEVELS = UNWRITTEN.rules.place_levels
VOCABULARIES = {
    "records": RECORDS,
    "volunteers": VOLUNTEERS,
    "places": Vocabulary(place_columns(LEVELS)),
    "residents": Vocabulary(resident_columns(LEVELS)),
}


@pytest.mark.parametrize("kind", VOCABULARIES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_is_a_list_without_rows(kind: str, language: str) -> None:
    """Every one of its headings is known, in the workbook on its first sheet, and nothing asks a question."""
    vocabulary = VOCABULARIES[kind]
    file = io.BytesIO()
    template_workbook(file, kind, language)
    for data in (file.getvalue(), template_csv(kind, language)):
        table = open_list(io.BytesIO(data), vocabulary, Said())
        assert all(column.name for column in table.columns)
        assert list(table.rows()) == []
    headings = headings_of(kind, language)
    assert saved([headings]).encode() in template_csv(kind, language)
