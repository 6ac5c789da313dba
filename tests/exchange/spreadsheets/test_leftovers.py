"""Workbooks that are not made to their end: whoever hangs up, or is signed out, leaves nothing on the disk."""

import gc
import tempfile
from io import BytesIO
from pathlib import Path

import pytest

from timebank.exchange.spreadsheets.tables import XlsxTable
from timebank.exchange.spreadsheets.writing import WorkbookWriter


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, which is empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_table_that_breaks_off(left: Path) -> None:
    """Its rows, with people's names in them, are gone when it is closed."""
    table = XlsxTable(["name"], "people")
    table.add([["王"]] * 10)
    assert any(left.rglob("*"))
    table.close()
    assert not any(left.iterdir())


def test_the_rows_of_a_list_that_breaks_off(left: Path) -> None:
    """What was written of them goes with whoever wrote it."""
    writer = WorkbookWriter(BytesIO(), "people")
    writer.add(["王"])
    assert any(left.rglob("*"))
    del writer
    gc.collect()
    assert not any(left.iterdir())


def test_rows_for_which_there_is_no_room(left: Path) -> None:
    """Where the disk is full nothing is left of what was written before."""
    writer = WorkbookWriter(BytesIO(), "people")
    (sheet,) = writer._workbook.worksheets()
    sheet.row_data_fh.close()
    sheet.row_data_fh = Path("/dev/full").open("w")  # noqa: SIM115  # closing it is what fails
    sheet.row_data_fh.write("王")
    writer.drop()
    assert not any(left.iterdir())
