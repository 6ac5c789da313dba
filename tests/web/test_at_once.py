"""How much of one person pages do at once."""

import asyncio
from typing import Any

import pytest

from tests.api.world import World
from tests.helpers.patience import PATIENCE_SECONDS, until
from tests.web.reader import Reader, signed_in
from timebank.api.http.answering.in_progress import QUESTIONS_AT_ONCE
from timebank.identity.limits.at_once import AtOnce

MANY = 20


def places(world: World) -> AtOnce:
    """The places that pages have."""
    found: AtOnce = world.app.state.pages.state.questions
    return found


class Held:
    """Commands that wait until they are let go on."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.done, self.go_on = 0, 0, asyncio.Event()
        execute = world.services.ledger.execute

        async def held(*arguments: Any, **more: Any) -> Any:
            self.begun += 1
            await self.go_on.wait()
            receipt = await execute(*arguments, **more)
            self.done += 1
            return receipt

        monkeypatch.setattr(world.services.ledger, "execute", held)


async def board_form(reader: Reader) -> dict[str, Any]:
    """What the form says by which somebody agrees to be on boards."""
    fields = (await reader.get("/board")).form("/board").fields
    return fields | {"granted": "yes", "alias": "某某"}


async def test_forms_of_one_person_wait_for_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many forms of one person a few are done at once, the others after them; somebody else is shown their page."""
    somebody, other = await world.somebody(), await world.somebody()
    reader, others = await signed_in(world, somebody.id), await signed_in(world, other.id)
    fields = await board_form(reader)
    held = Held(world, monkeypatch)
    sending = [
        asyncio.create_task(reader.http.post("/board", data=fields | {"once": f"once-{n}"}, follow_redirects=False))
        for n in range(MANY)
    ]

    async def all_have_come() -> bool:
        return held.begun == MANY or [each.begun for each in places(world)._of.values()] == [MANY]

    await until(all_have_come)
    assert (await asyncio.wait_for(others.get("/more"), PATIENCE_SECONDS)).status == 200
    assert held.begun == QUESTIONS_AT_ONCE
    held.go_on.set()
    assert [each.status_code for each in await asyncio.gather(*sending)] == [303] * MANY
    assert (held.done, places(world).people) == (MANY, 0)


async def test_what_comes_with_a_file_does_not_wait(world: World) -> None:
    """A list is in memory once it is here: where no place is free it is not kept until there is one."""
    reader, path = await signed_in(world, world.recorder.id), f"/o/{world.garden}/list"
    form = (await reader.get(path)).form(path)
    for _ in range(QUESTIONS_AT_ONCE):
        await places(world).begin(world.recorder.id)
    sending = reader.send(form, files={"list": ("名单.csv", "姓名".encode(), "text/csv")})
    assert (await asyncio.wait_for(sending, PATIENCE_SECONDS)).status == 429
    for _ in range(QUESTIONS_AT_ONCE):
        places(world).end(world.recorder.id)
    assert places(world).people == 0


async def test_a_page_that_waited_is_for_whoever_is_signed_in_still(world: World) -> None:
    """What waited for a place is not shown to a session that has ended meanwhile."""
    somebody = await world.somebody()
    reader = await signed_in(world, somebody.id)
    for _ in range(QUESTIONS_AT_ONCE):
        await places(world).begin(somebody.id)
    looking = asyncio.create_task(reader.get("/more"))

    async def waits() -> bool:
        return places(world)._of[somebody.id].begun > QUESTIONS_AT_ONCE

    await until(waits)
    assert (await somebody.ask("DELETE", "/v1/sessions/all")).is_success
    for _ in range(QUESTIONS_AT_ONCE):
        places(world).end(somebody.id)
    assert (await looking).path == "/sign-in"
    assert places(world).people == 0
