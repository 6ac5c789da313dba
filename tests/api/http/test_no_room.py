"""A full disk, where lists and tables are kept for a while: it is said, and nobody looks for it in the database."""

import errno
import gc
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.http.test_long_rows import HEADINGS
from tests.api.world import World
from tests.exchange.spreadsheets.files import xlsx
from timebank.exchange.spreadsheets import tables
from timebank.exchange.spreadsheets.writing import WorkbookWriter
from timebank.exchange.workbooks.opening import open_workbook

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""What is left of an archive says once more that it cannot be written, when Python clears it away."""


@pytest.fixture(autouse=True)
def cleared_away() -> Iterator[None]:
    """So that no later test is told."""
    yield
    gc.collect()


def full(*_: Any, **__: Any) -> Any:
    """A file on a disk that has no room."""
    return Path("/dev/full").open("w+b", buffering=0)


def workbook(rows: int) -> bytes:
    """A list as a workbook."""
    return xlsx([HEADINGS, *([str(number)] for number in range(rows))])


@pytest.mark.parametrize("rows", [1, 20_000])
def test_no_room_for_the_rows_of_a_workbook(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not said to be damaged, wherever in the middle the disk became full."""
    file = io.BytesIO(workbook(rows))
    made = iter([full, tempfile.TemporaryFile])
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: next(made)())
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with pytest.raises(OSError, match="No space left") as raised:
        open_workbook(file, "xlsx")
    assert raised.value.errno == errno.ENOSPC


def test_no_room_for_a_workbook() -> None:
    """Whoever has one written is told what the system said."""
    writer = WorkbookWriter(full(), "S")
    writer.add(["王"])
    with pytest.raises(OSError, match="No space left"):
        writer.close()


@pytest.mark.parametrize("media_type", ["text/csv", "application/octet-stream"])
async def test_no_room_for_a_list(world: World, media_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends one is told so, and that it can be sent again."""
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    path = f"/v1/organisations/{world.garden}/service-records/import"
    told = await world.recorder.ask("POST", path, content=workbook(1), headers={"Content-Type": media_type})
    assert (told.status_code, told.json()["type"]) == (503, "/problems/no-room")


async def test_no_room_for_a_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for one is told so."""
    monkeypatch.setattr(tables, "TemporaryFile", full)
    told = await world.coordinator.ask("GET", f"/v1/organisations/{world.garden}/members", params={"format": "xlsx"})
    assert (told.status_code, told.json()["type"]) == (503, "/problems/no-room")
