"""Lists with very long rows: what is in them is looked at, and written back, beside the loop that serves others."""

import gc
import io
from contextlib import ExitStack

import pytest

from tests.api.http.test_holding import held
from tests.api.world import Caller, World
from timebank.api.http.strict_json import LONG_BODIES, LONG_BYTES
from timebank.exchange.cells.errors import shown
from timebank.exchange.spreadsheets.writing import WorkbookWriter
from timebank.identity.limits.turns import WAITING_OF_ONE

ROWS, COLUMNS, LONG = 40, 40, 8_000
HEADINGS = ("手机", "活动", "类别", "身份", "开始时间", "结束时间")


def long_list() -> bytes:
    """A workbook with a great deal in every cell, and nothing that can be understood; it is small as a file."""
    file = io.BytesIO()
    sheet = WorkbookWriter(file, "S")
    sheet.add([*HEADINGS, *(f"备注{n}" for n in range(COLUMNS))])
    for _ in range(ROWS):
        sheet.add([f"{n:x^{LONG}}" for n in range(COLUMNS + len(HEADINGS))])
    sheet.close()
    return file.getvalue()


@pytest.mark.release
@pytest.mark.parametrize("answer", ["verdicts", "rejected"])
async def test_a_long_list_holds_nobody_up(world: World, answer: str) -> None:
    """Its rows are refused, and sent back as they came, a little at a time."""
    path, text = f"/v1/organisations/{world.garden}/service-records/import", long_list()
    headers = {"Content-Type": "application/octet-stream"}
    async with held() as loop:
        asked = {"dry_run": True, "answer": answer}
        told = await world.recorder.ask("POST", path, content=text, headers=headers, params=asked)
    assert told.status_code == 200, told.text[:500]
    if answer == "verdicts":
        assert told.json()["counts"] == {"refused": ROWS}
    else:
        assert len(told.content) > len(text) / 2
    assert loop.longest < loop.total / 8


async def test_one_person_has_only_a_few_under_way(own_world: World) -> None:
    """Each has files on the disk until all of its answer is fetched; when they are over there is room again."""
    recorder, text = own_world.recorder, "手机,活动,类别,开始时间,结束时间\n1,x,y,z,z\n"
    path, headers = f"/v1/organisations/{own_world.garden}/service-records/import", {"Content-Type": "text/csv"}
    asked = {"content": text.encode(), "headers": headers, "params": {"dry_run": True}}
    with ExitStack() as others:
        for _ in range(WAITING_OF_ONE):
            others.enter_context(own_world.app.state.writing_lists.begun(recorder.id))
        assert (await recorder.ask("POST", path, **asked)).status_code == 429
    key = {"label": "考勤", "permissions": ["log-service"]}
    made = await own_world.coordinator.post(f"/v1/organisations/{own_world.garden}/keys", key, expect=201)
    program = Caller(own_world.http, own_world.garden, made["api_key"])
    with ExitStack() as theirs:
        for _ in range(WAITING_OF_ONE):
            theirs.enter_context(own_world.app.state.writing_lists.begun(own_world.coordinator.id))
        assert (await program.ask("POST", path, **asked)).status_code == 429, "whoever issued a key knows it"
    assert (await program.ask("POST", path, **asked)).status_code == 200
    of_office = await own_world.program(own_world.garden, "log-service")
    with ExitStack() as theirs:
        for _ in range(WAITING_OF_ONE):
            theirs.enter_context(own_world.app.state.writing_lists.begun(own_world.administrator.id))
        assert (await of_office.ask("POST", path, **asked)).status_code == 200, "each organisation has its own turn"
    for answer in ("verdicts", "lines", "rejected", "understood") * 2:
        asked["params"] = {"dry_run": True, "answer": answer}
        assert (await recorder.ask("POST", path, **asked)).status_code == 200


@pytest.mark.parametrize(
    ("value", "said"),
    [("x" * 100_000, f'"{"x" * 60}…"'), (" " * 100_000 + "x", '"x"'), ("x" + " " * 2_000 + "y", '"x…"')],
)
def test_of_a_long_cell_the_beginning_is_told(value: str, said: str) -> None:
    """It is looked at no further than needed."""
    assert shown(value) == said


async def test_of_one_person_only_a_few_long_bodies_come_in_at_once(own_world: World) -> None:
    """Until all of it has come each is in memory, or on the disk: more than a few are refused; others' are taken."""
    world, path = own_world, f"/v1/organisations/{own_world.garden}/service-records/batch"
    long = {"content": b'{"records":[{}]' + b" " * LONG_BYTES + b"}", "headers": {"Content-Type": "application/json"}}
    with ExitStack() as coming:
        for _ in range(WAITING_OF_ONE):
            coming.enter_context(LONG_BODIES.begun(world.recorder.id))
        assert (await world.recorder.ask("POST", path, **long)).status_code == 429
        assert (await world.recorder.ask("POST", path, json={"records": [{}]})).status_code == 200
        assert (await world.coordinator.ask("POST", path, **long)).status_code == 200
    assert (await world.recorder.ask("POST", path, **long)).status_code == 200


async def test_a_long_form_that_is_none_keeps_no_place(own_world: World) -> None:
    """Its place is free at once, and not when Python comes to clean up: its sender was refused all long bodies."""
    recorder, path = own_world.recorder, f"/v1/organisations/{own_world.garden}/service-records/import"
    part = b'--x\r\ncontent-disposition: form-data; name="list"; filename="list.csv"\r\n\r\n' + b"a" * LONG_BYTES
    headers, bad = {"Content-Type": "multipart/form-data; boundary=x"}, part + b"\r\n--x\r\nno header\r\n\r\n"
    gc.disable()
    try:
        for _ in range(WAITING_OF_ONE + 1):
            assert (await recorder.ask("POST", path, content=bad, headers=headers)).status_code == 400
    finally:
        gc.enable()
