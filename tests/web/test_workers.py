"""Pages of several processes: whichever of them answers, one sees what one did."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.api.world import World, served, settled
from tests.web.reader import Reader, signed_in
from timebank.api.http import requests
from timebank.projections.machinery.runner import Runner
from timebank.projections.people import volunteers
from timebank.web.app import create_app

pytestmark = pytest.mark.drill

POSITION = "timebank_position"


async def founds(reader: Reader, world: World, name: str) -> None:
    """A coordinator founds a team, and does not look at what comes of it."""
    form = (await reader.get(f"/o/{world.garden}/teams")).form(f"/o/{world.garden}/teams")
    sent = await reader.http.post(form.action, data=form.fields | {"name": name}, follow_redirects=False)
    assert sent.status_code == 303


async def test_one_sees_what_one_did_at_another_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is answered by one process and the page after it by another, whose read models come late: it waits."""
    async with (
        settled(url, create_app) as world,
        served(url, create_app, project=False) as (app, http),
    ):
        reader, elsewhere = await signed_in(world, world.coordinator.id), Reader(World(app, http))
        follows = Runner.catch_up

        async def slowly(self: Runner, bank_id: UUID) -> bool:
            await asyncio.sleep(0.3)
            return await follows(self, bank_id)

        monkeypatch.setattr(Runner, "catch_up", slowly)
        for n in range(2):
            await founds(reader, world, f"第{n}队")
            elsewhere.http.cookies = reader.http.cookies
            assert f"第{n}队" in (await elsewhere.get(f"/o/{world.garden}/teams")).text


async def test_a_position_that_is_not_there_locks_nobody_out(world: World) -> None:
    """After a restore, or with what is no number, pages are shown as they are, and the position is forgotten."""
    reader = await signed_in(world, world.coordinator.id)
    for said in (str(10**12), "9" * 300, "x", "-1"):
        reader.http.cookies.set(POSITION, said, domain="127.0.0.1")
        assert (await reader.get("/home")).path == "/home"
        assert POSITION not in reader.http.cookies


async def test_read_models_that_stand_still_lock_nobody_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come in time is waited for once: then pages show what there is."""
    reader = await signed_in(world, world.coordinator.id)
    await founds(reader, world, "慢队")
    assert int(reader.http.cookies[POSITION]) > 0
    monkeypatch.setattr(requests, "READ_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Runner, "is_at", lambda *_: False)
    assert (await reader.get("/home")).path == "/home"
    assert POSITION not in reader.http.cookies


async def test_what_else_goes_wrong_loses_no_position(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database is away for a moment it is said, and the next page is still as new as what was done."""
    reader = await signed_in(world, world.coordinator.id)
    await founds(reader, world, "新队")
    position = reader.http.cookies[POSITION]

    async def away(*_: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(volunteers, "one", away)
        assert (await reader.get("/home")).status == 503
    assert reader.http.cookies[POSITION] == position
    assert (await reader.get("/home")).status == 200


async def test_a_form_that_is_sent_again_forgets_nothing_later(world: World) -> None:
    """Its old receipt does not take back the position of what was done since."""
    reader = await signed_in(world, world.coordinator.id)
    path, positions = f"/o/{world.garden}/teams", []
    forms = [(await reader.get(path)).form(path) for _ in range(2)]
    for form, name in ((forms[0], "先队"), (forms[1], "后队"), (forms[0], "先队")):
        await reader.http.post(form.action, data=form.fields | {"name": name}, follow_redirects=False)
        positions.append(int(reader.http.cookies[POSITION]))
    assert positions[0] < positions[1] == positions[2]
