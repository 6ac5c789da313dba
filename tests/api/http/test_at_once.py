"""How many questions of one person are answered at once: the others of theirs wait, and other people do not."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import pytest

from tests.api.world import World
from tests.helpers.patience import until
from timebank.api.http.answering.in_progress import OF_A_PERSON, OF_STRANGERS, InProgress, with_ends
from timebank.identity.limits.at_once import AtOnce
from timebank.identity.limits.throttle import TooManyRequestsError

MANY = 30
SECONDS = 30.0


async def test_many_questions_of_one_person_leave_room_for_others(own_world: World) -> None:
    """Somebody's questions take long, and are many: others are answered meanwhile, and in the end all are."""
    somebody, other = await own_world.somebody(), await own_world.somebody()
    statement = f"/v1/volunteers/{somebody.id}/statement"
    await other.get(f"/v1/volunteers/{other.id}")
    async with asyncio.timeout(SECONDS):
        async with own_world.services.pool.acquire() as apart, apart.transaction():
            await apart.execute("lock table statement_checkpoint in access exclusive mode")
            asking = [asyncio.create_task(somebody.get(statement)) for _ in range(MANY)]
            await asyncio.wait(asking, timeout=0.3)
            answered = await asyncio.wait_for(other.get(f"/v1/volunteers/{other.id}"), SECONDS / 3)
            assert answered["volunteer_id"] == other.id
            assert not any(each.done() for each in asking)
        assert all(each["lines"] == [] for each in await asyncio.gather(*asking))
    assert own_world.app.state.in_progress.questions.people == 0


async def test_many_commands_of_one_person_leave_room_for_others(own_world: World) -> None:
    """What few commands of one person say is understood at once; whoever signed out meanwhile does nothing any more."""
    somebody, other = await own_world.somebody(), await own_world.somebody()
    commands: AtOnce = own_world.app.state.in_progress.bodies
    for _ in range(OF_A_PERSON):
        await commands.begin(somebody.id)
    changes = {"skills": ["书法"]}
    asking = asyncio.create_task(somebody.ask("PATCH", f"/v1/volunteers/{somebody.id}", json=changes))
    await other.patch(f"/v1/volunteers/{other.id}", changes, expect=200)

    async def waits() -> bool:
        return commands._of[somebody.id].begun > OF_A_PERSON

    await until(waits)
    await own_world.administrator.ask("DELETE", f"/v1/volunteers/{somebody.id}/sessions")
    for _ in range(OF_A_PERSON):
        commands.end(somebody.id)
    assert (await asking).status_code == 401


async def test_what_waits_for_nothing_takes_turns() -> None:
    """However many questions of one stranger are here at once, and need no waiting: another's is among the first."""
    answered: list[str] = []

    async def at_once(scope: Any, receive: Any, send: Any) -> None:
        answered.append(scope["state"]["address"])

    served, app = with_ends(at_once), SimpleNamespace(state=SimpleNamespace(in_progress=InProgress()))

    async def ask(address: str) -> None:
        scope = {"type": "http", "method": "GET", "path": "/schema", "state": {"address": address}}
        await served(scope | {"litestar_app": app}, Mock(), Mock())  # type: ignore[arg-type]

    await asyncio.gather(*(ask("192.0.2.1") for _ in range(10 * OF_STRANGERS)), ask("192.0.2.2"))
    assert answered.index("192.0.2.2") == OF_STRANGERS
    assert len(answered) == 10 * OF_STRANGERS + 1
    await asyncio.sleep(0)
    assert app.state.in_progress.of_strangers.people == 0


async def test_what_strangers_do_not_fetch_keeps_nobody_out() -> None:
    """Once their answers are made they have no places any more, however slowly they take them."""
    fetched, begun = asyncio.Event(), 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal begun
        begun += 1
        await send({"type": "http.response.start", "headers": [(b"content-length", b"9")]})
        await fetched.wait()

    async def sent(message: Any) -> None:
        """It is on its way."""

    served, state = with_ends(app), SimpleNamespace(state=SimpleNamespace(in_progress=InProgress()))
    scope = {"type": "http", "method": "GET", "path": "/schema", "litestar_app": state}
    asking = [
        asyncio.create_task(served(scope | {"state": {"address": "192.0.2.1"}}, Mock(), sent))  # type: ignore[arg-type]
        for _ in range(2 * OF_STRANGERS)
    ]

    async def all_are_begun() -> bool:
        return begun == len(asking)

    await until(all_are_begun)
    fetched.set()
    await asyncio.gather(*asking)


async def test_a_question_of_whom_nobody_waits_for_leaves_no_trace() -> None:
    """Whoever goes while they wait takes no place, and those who are told of are forgotten when all is done."""
    at_once = AtOnce(2, MANY)
    for _ in range(2):
        await at_once.begin("busy")
    waiting, gone = (asyncio.create_task(at_once.begin("busy")) for _ in range(2))
    await asyncio.sleep(0)
    await at_once.begin("other")
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    assert not waiting.done()
    at_once.end("busy")
    await waiting
    for who in ("busy", "busy", "other"):
        at_once.end(who)
    assert at_once.people == 0


async def test_no_more_wait_than_anybody_waits_for() -> None:
    """Whoever asks again and again, and never listens, is refused in the end; others are not, nor they later."""
    at_once = AtOnce(2, waiting=1)
    for _ in range(2):
        await at_once.begin("busy")
    waiting = asyncio.create_task(at_once.begin("busy"))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequestsError):
        await at_once.begin("busy")
    await at_once.begin("other")
    at_once.end("busy")
    await waiting
    again = asyncio.create_task(at_once.begin("busy"))
    for who in ("busy", "busy", "other"):
        at_once.end(who)
    await again
    at_once.end("busy")
    assert at_once.people == 0


async def test_a_flood_of_questions_is_refused(own_world: World) -> None:
    """Of more questions than may wait the last are told to come again; all others are answered."""
    somebody = await own_world.somebody()
    questions, me = own_world.app.state.in_progress.questions, f"/v1/volunteers/{somebody.id}"

    async def all_have_begun() -> bool:
        return [each.begun for each in questions._of.values()] == [MANY]

    async with own_world.services.pool.acquire() as apart, apart.transaction():
        await apart.execute("lock table statement_checkpoint in access exclusive mode")
        asking = [asyncio.create_task(somebody.get(f"{me}/statement")) for _ in range(MANY)]
        await until(all_have_begun)
        with patch.object(questions, "_most_begun", MANY):
            await somebody.get(me, expect=429)
    await asyncio.gather(*asking)
    assert questions.people == 0


async def test_whoever_waited_is_let_in_still(own_world: World) -> None:
    """A question that waited is not answered if the session has ended meanwhile, so those of a thief end with it."""
    somebody = await own_world.somebody()
    questions: AtOnce = own_world.app.state.in_progress.questions
    for _ in range(OF_A_PERSON):
        await questions.begin(somebody.id)
    asking = asyncio.create_task(somebody.get("/v1/me", expect=401))

    async def waits() -> bool:
        return questions._of[somebody.id].begun > OF_A_PERSON

    await until(waits)
    assert (await somebody.ask("DELETE", "/v1/sessions/all")).is_success
    for _ in range(OF_A_PERSON):
        questions.end(somebody.id)
    await asking
    assert questions.people == 0
