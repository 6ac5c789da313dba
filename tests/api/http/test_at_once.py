"""How many questions of one person are answered at once: the others of theirs wait, and other people do not."""

import asyncio
from contextlib import suppress

from tests.api.world import World
from timebank.identity.limits.at_once import AtOnce

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
    assert own_world.app.state.questions.people == 0


async def test_a_question_of_whom_nobody_waits_for_leaves_no_trace() -> None:
    """Whoever goes while they wait takes no place, and those who are told of are forgotten when all is done."""
    at_once = AtOnce(2)
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
