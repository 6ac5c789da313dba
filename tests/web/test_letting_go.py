"""Nothing of a request is in memory once it is answered, though the collector of cycles has not looked."""

import gc
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar import Request

from tests.api.world import World, service
from tests.helpers.patience import until
from tests.web.reader import signed_in


def held() -> set[int]:
    """Which requests are in memory."""
    return {id(each) for each in gc.get_objects() if isinstance(each, Request)}


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """What is asked meanwhile leaves nothing behind, once all of it has ended."""
    gc.collect()
    gc.disable()
    try:
        before = held()
        yield

        async def is_gone() -> bool:
            return not held() - before

        await until(is_gone)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("{records}/batch", {"records": ["x" * 1_000]}, 400),
        ("{records}/batch", {"records": []}, 400),
        ("{records}", {"activity": "x"}, 400),
        ("{records}", service("vol_0"), 404),
        ("/v1/organisations/org_0/service-records", service("vol_0"), 404),
        ("/v1/nowhere", {}, 404),
        ("/v1/volunteers", {"name": "x"}, 403),
    ],
)
async def test_of_what_programs_send(world: World, path: str, body: Any, status: int) -> None:
    """Neither of what is done nor of what is refused, for whatever reason."""
    async with nothing_left():
        answer = await world.recorder.ask("POST", path.format(records=world.records), json=body)
        assert answer.status_code == status, answer.text


async def test_of_what_is_done(world: World) -> None:
    """What was recorded is in the log, and nowhere else."""
    async with nothing_left():
        await world.recorder.post(world.records, service(world.volunteer.id), expect=201)
        await world.volunteer.get("/v1/me/balance")


async def test_of_pages(world: World) -> None:
    """Of forms and lists nothing that was sent is there, whether they were refused or not."""
    reader, path = await signed_in(world, world.recorder.id), f"/o/{world.garden}/list"
    form, board = (await reader.get(path)).form(path), (await reader.get("/board")).form("/board")
    sent = {"list": ("名单.csv", b"x" * 3_000_000, "text/csv")}

    async def asked() -> None:
        assert (await reader.send(form, files=sent, csrf="wrong")).status == 403
        assert (await reader.send(board, alias="x" * 19_000, **{f"a{n}": "x" * 19_000 for n in range(10)})).status

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        await asked()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5):
            await asked()
        assert tracemalloc.get_traced_memory()[0] - before < 8_000_000
        assert (await reader.send(form, files=sent)).status == 422
        assert tracemalloc.get_traced_memory()[0] - before < 8_000_000
    finally:
        tracemalloc.stop()
        gc.enable()
