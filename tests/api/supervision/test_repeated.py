"""What is refused again and again fills no security log, and is lost nowhere."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.api.world import Caller, World, settled
from timebank.identity.security_log import Visit

ROWS = "select * from security_event where kind = $1 and actor = $2 order by number"


async def refused(somebody: Caller, times: int, path: str = "/v1/audit/events") -> None:
    """They ask for what is not for them, at once."""
    await asyncio.gather(*[somebody.get(path, expect=403) for _ in range(times)])


async def rows(world: World, actor: str, kind: str = "access-refused") -> list[Any]:
    """What the log has of somebody, in order."""
    return list(await world.services.pool.fetch(ROWS, kind, actor))


async def test_more_of_the_same_is_counted(own_world: World) -> None:
    """Of many refusals in a minute the first is there at once, and the others as one entry when it is over."""
    world, now = own_world, own_world.services.ledger.clock()
    somebody, other = await world.somebody(), await world.somebody()
    await refused(somebody, 30)
    await refused(somebody, 5, "/v1/audit/security")
    await refused(other, 1)
    first, of_another_route = await rows(world, somebody.id)
    assert (first["address"] is None, "times" in first["detail"]) == (False, False)
    assert "/v1/audit/security" in of_another_route["detail"]
    await world.services.repeated.write_counted(now)
    assert len(await rows(world, somebody.id)) == 2
    await world.services.repeated.write_counted(now + timedelta(minutes=2))
    counted = (await world.administrator.get("/v1/audit/security", actor=somebody.id, kind="access-refused"))["items"]
    assert [each["detail"].get("times") for each in counted] == [4, 29, None, None]
    assert counted[1]["detail"]["route"] == "/v1/audit/events"
    assert counted[1]["address"] is None
    assert len(await rows(world, other.id)) == 1
    await refused(somebody, 2)
    assert len(await rows(world, somebody.id)) == 5


async def test_nothing_is_lost_when_the_service_stops(url: str) -> None:
    """What was counted is written before the service has stopped."""
    async with settled(url) as world:
        somebody = await world.somebody()
        await refused(somebody, 12)
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(ROWS, "access-refused", somebody.id)
    finally:
        await connection.close()
    assert len(found) == 2
    assert '"times":11' in found[1]["detail"].replace(" ", "")


async def test_nothing_is_lost_while_the_database_is_away(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is counted on, and written later."""
    world, somebody = own_world, await own_world.somebody()
    await refused(somebody, 3)

    async def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(world.services.security_log, "record", fail)
        with pytest.raises(ConnectionError):
            await world.services.repeated.write_counted()
    await refused(somebody, 2)
    await world.services.repeated.write_counted()
    assert '"times":4' in (await rows(world, somebody.id))[1]["detail"].replace(" ", "")


async def test_what_others_counted_is_not_lost_with_whoever_gave_up(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first of a minute is given up while it is written, those that were counted meanwhile are kept."""
    world, somebody = own_world, await own_world.somebody()
    visit, has_begun = Visit(world.services.ledger.clock(), "", "test"), asyncio.Event()

    async def read() -> None:
        said = {"actor": somebody.id, "subject": None, "route": "/x", "people": 5}
        await world.services.repeated.record(world.bank_id, "people-read", visit, **said)

    async def never(*_: object, **__: object) -> None:
        has_begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(world.services.security_log, "record", never)
        first = asyncio.create_task(read())
        await has_begun.wait()
        await read()
        first.cancel()
        await asyncio.wait({first})
    await world.services.repeated.write_counted()
    (row,) = await rows(world, somebody.id, "people-read")
    assert '"people":5' in row["detail"].replace(" ", "")


async def test_exporting_ones_data_again_and_again_is_counted(own_world: World) -> None:
    """So is what somebody may do, but as often as they like."""
    somebody = await own_world.somebody()
    for _ in range(4):
        await somebody.get("/v1/me/data")
    assert len(await rows(own_world, somebody.id, "data-exported")) == 1
    await own_world.services.repeated.write_counted()
    assert len(await rows(own_world, somebody.id, "data-exported")) == 2


async def test_people_who_were_read_are_summed(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody looks within a minute: the log says of how many people they read, also after a failure."""
    world, asker = own_world, await own_world.somebody()
    visit, bank_id = Visit(world.services.ledger.clock(), "", "test"), world.bank_id

    async def read(people: int) -> None:
        await world.services.repeated.record(
            bank_id, "people-read", visit, actor=asker.id, subject=None, route="/x", people=people
        )

    for people in (1, 20, 300):
        await read(people)

    async def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(world.services.security_log, "record", fail)
        with pytest.raises(ConnectionError):
            await world.services.repeated.write_counted()
    await read(4_000)
    await world.services.repeated.write_counted()
    told = [json.loads(each["detail"]) for each in await rows(world, asker.id, "people-read")]
    assert [(each.get("people"), each.get("times")) for each in told] == [(1, None), (4_320, 3)]


async def test_many_who_asked_who_has_a_number(own_world: World) -> None:
    """Of ten gifts to be made, the names of ten people were told."""
    giver = await own_world.with_credit(60)
    numbers = [
        (await own_world.administrator.get(f"/v1/volunteers/{(await own_world.somebody()).id}"))["number"]
        for _ in range(4)
    ]
    for number in numbers:
        await giver.get("/v1/gifts/recipient", to_volunteer_id=number)
    await own_world.services.repeated.write_counted()
    told = [json.loads(each["detail"]) for each in await rows(own_world, giver.id, "people-read")]
    assert sum(each["people"] for each in told) == 4


async def test_people_read_again_and_again_are_counted(own_world: World) -> None:
    """Who lists members, or looks at people, without end takes two rows a minute for each list, and each person."""
    world, members = own_world, f"/v1/organisations/{own_world.garden}/members"
    two = [(await world.somebody()).id for _ in range(2)]
    for _ in range(3):
        await world.organisation.get(members, limit=1)
        for path in (members, "/v1/volunteers"):
            await world.coordinator.get(path, limit=1)
        for each in two:
            await world.administrator.get(f"/v1/volunteers/{each}")
    await world.services.repeated.write_counted()
    for caller, lists in ((world.garden, 1), (world.coordinator.id, 2), (world.administrator.id, 2)):
        found = [json.loads(each["detail"]) for each in await rows(world, caller, "people-read")]
        assert [each.get("times") for each in found] == [None] * lists + [2] * lists
    assert {each["volunteer"] for each in found[2:]} == set(two)
