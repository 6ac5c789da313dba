"""Whatever is changed about the log behind the program's back is found, and where."""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.controls.town import Town
from timebank.db.connections import Pool
from timebank.ledger import audit
from timebank.ledger.audit import Finding, check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker


async def findings(pool: Pool, bank_id: UUID) -> list[Finding]:
    """What is wrong with the log."""
    return [finding async for finding in check_log(pool, bank_id)]


@pytest.fixture
async def head(ledger: Ledger, bank_id: UUID) -> int:
    """A log with a history; where it ends."""
    await ledger.submit(bank_id, Town(seed=1).commands(60))
    return ledger.head(bank_id)


Tamper = Callable[..., Any]


@pytest.fixture
async def tamper(pool: Pool, head: int) -> Tamper:
    """Runs a statement as somebody who owns the database and has switched the triggers off."""

    async def run(statement: str, *binds: Any) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("alter table event disable trigger user")
            assert await connection.execute(statement, *binds) not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}
            await connection.execute("alter table event enable trigger user")

    return run


def at(found: list[Finding]) -> list[int]:
    """Where something is wrong, in order, each place once."""
    return sorted({finding.position for finding in found})


async def test_a_sound_log_yields_nothing(pool: Pool, bank_id: UUID, head: int) -> None:
    """Nothing is found where nothing was done, and progress goes to the end."""
    told: list[tuple[int, int]] = []
    assert [each async for each in check_log(pool, bank_id, lambda done, total: told.append((done, total)))] == []
    assert told == [(head, head)]


async def test_the_length_of_stretches_does_not_matter(
    pool: Pool, bank_id: UUID, head: int, tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flaw is found once, wherever the stretches that are read begin."""
    await tamper("delete from event where position in (7, 8)")
    await tamper("update event set actor = 'x' where position = 20")
    for length in (1, 2, 3, 7, head, head + 1):
        monkeypatch.setattr(audit, "BATCH_EVENTS", length)
        found = await findings(pool, bank_id)
        assert Finding(7, "events are missing up to position 8") in found
        assert {20, 7} <= set(at(found))
        assert len({each for each in found if each.position == 7 and "missing" in each.what}) == 1


async def test_only_what_is_new_is_looked_at(pool: Pool, bank_id: UUID, head: int, tamper: Tamper) -> None:
    """From a position on everything is found that is wrong after it, and nothing before it is looked at."""
    assert [each async for each in check_log(pool, bank_id, since=20)] == []
    await tamper("update event set actor = 'x' where position in (10, 30)")
    await tamper("delete from event_tag where position in (10, 31)")
    await tamper("update event set recorded_at = recorded_at - interval '1 year' where position = 21")
    found = [each async for each in check_log(pool, bank_id, since=20)]
    assert at(found) == [21, 30, 31]
    assert "recorded before the event that precedes it" in {each.what for each in found}
    assert [each async for each in check_log(pool, bank_id, since=head)] == []
    await tamper("delete from event where position = 21")
    assert 21 in at([each async for each in check_log(pool, bank_id, since=20)])


async def test_an_empty_bank_is_sound(pool: Pool, bank_id: UUID) -> None:
    """A log without events has no flaw."""
    assert await findings(pool, bank_id) == []


async def test_any_flipped_bit_is_found(pool: Pool, bank_id: UUID, head: int, tamper: Tamper) -> None:
    """One flipped bit in the stored bytes of a fact is found and located, wherever it is."""
    chance = Random(5)
    for _ in range(40):
        position = chance.randint(1, head)
        data = await pool.fetchval("select data from event where position = $1", position)
        bit = chance.randrange(len(data) * 8)
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        await tamper("update event set data = $2 where position = $1", position, bytes(flipped))
        found = await findings(pool, bank_id)
        assert at(found) == [position]
        assert any("hash differs" in finding.what for finding in found)
        await tamper("update event set data = $2 where position = $1", position, data)
    assert await findings(pool, bank_id) == []


async def test_a_byte_that_is_no_letter_is_found(pool: Pool, bank_id: UUID, head: int, tamper: Tamper) -> None:
    """A byte that cannot be part of a text is one more flaw, not the end of the check."""
    await tamper("update event set data = set_byte(data, 22, 255) where position = 3")
    await tamper("update event set actor = 'x' where position = 5")
    assert at(await findings(pool, bank_id)) == [3, 5]


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'adm_other'",
        "authority = 'volunteer'",
        "request_id = 'req'",
        "command_id = gen_random_uuid()",
        "event_id = gen_random_uuid()",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 hour'",
        "topic = 'volunteer-suspended'",
        "topic = 'never-heard-of'",
        "leaf = sha256(leaf)",
        "leaf = ''",
        "data = ''",
        "tags = tags || '{vol_other}'",
        "tags = '{}'",
        "tags = array_append(tags, tags[1])",
    ],
)
async def test_a_changed_column_is_found(pool: Pool, bank_id: UUID, tamper: Tamper, change: str) -> None:
    """Whatever column of a row is changed, the row is found."""
    await tamper(f"update event set {change} where position = 9")
    found = await findings(pool, bank_id)
    assert [each.position for each in found if "hash differs" in each.what] == [9]
    assert {9} <= set(at(found)) <= {9, 10}


@pytest.mark.parametrize("position", [1, 10])
async def test_a_deleted_row_is_found(pool: Pool, bank_id: UUID, tamper: Tamper, position: int) -> None:
    """A row that is missing is found where it should be."""
    await tamper("delete from event where position = $1", position)
    assert Finding(position, f"events are missing up to position {position}") in await findings(pool, bank_id)


async def test_a_deleted_end_is_found(pool: Pool, bank_id: UUID, head: int, tamper: Tamper) -> None:
    """If the last rows are missing, the head tells."""
    await tamper("delete from event where position > $1", head - 2)
    assert Finding(head - 2, f"the log ends here, but its head is said to be {head}") in await findings(pool, bank_id)


async def test_a_row_beyond_the_head_is_found(pool: Pool, bank_id: UUID, head: int, tamper: Tamper) -> None:
    """An event that is not counted by the head is found."""
    await tamper("update bank set head = head - 1")
    assert Finding(head, f"the log ends here, but its head is said to be {head - 1}") in await findings(pool, bank_id)


async def test_a_swapped_pair_is_found(pool: Pool, bank_id: UUID, tamper: Tamper) -> None:
    """Two rows that changed places are both found."""
    await tamper("update event set position = 1000000 where position = 6")
    await tamper("update event set position = 6 where position = 7")
    await tamper("update event set position = 7 where position = 1000000")
    found = await findings(pool, bank_id)
    assert [each.position for each in found if "hash differs" in each.what] == [6, 7]


async def test_a_row_of_another_bank_is_found(pool: Pool, bank_id: UUID, tamper: Tamper) -> None:
    """A row that was copied from another bank, with its seal, is found."""
    another = UUID(int=1)
    await tamper("insert into bank values ($1, 1, 'Another bank', 'UTC')", another)
    await tamper(
        "insert into event select $1, position, event_id, topic, data, tags, actor, authority, request_id, command_id,"
        " recorded_at, leaf from event where position = 1",
        another,
    )
    assert at(await findings(pool, another)) == [1]
    assert await findings(pool, bank_id) == []


async def test_a_deleted_tag_is_found(pool: Pool, bank_id: UUID, tamper: Tamper) -> None:
    """A tag that is missing from the index hides an event from decisions; it is found."""
    tag = await pool.fetchval("select tags[1] from event where position = 4")
    topic = await pool.fetchval("select topic from event where position = 4")
    await tamper("delete from event_tag where position = 4 and key = tag_key($1, $2)", tag, topic)
    assert await findings(pool, bank_id) == [Finding(4, f"tag {tag} is not in the index")]


@pytest.mark.parametrize("position", [4, 999_999])
async def test_an_added_tag_is_found(pool: Pool, bank_id: UUID, tamper: Tamper, position: int) -> None:
    """A tag in the index that the event does not have, or that has no event, is found."""
    await tamper("insert into event_tag values ($1, 7, $2)", bank_id, position)
    assert await findings(pool, bank_id) == [Finding(position, "tag with the key 7 is in the index only")]


async def test_a_tag_that_is_there_twice_is_found(pool: Pool, bank_id: UUID, tamper: Tamper) -> None:
    """What is in the index twice would be shown twice; it is found."""
    key = await pool.fetchval("select min(key) from event_tag where position = 4")
    await tamper("insert into event_tag values ($1, $2, 4)", bank_id, key)
    assert await findings(pool, bank_id) == [Finding(4, f"tag with the key {key} is in the index twice")]


async def test_a_tag_under_another_topic_is_found(pool: Pool, bank_id: UUID, tamper: Tamper) -> None:
    """A tag that is filed under a wrong topic is found both as missing and as added."""
    await tamper(
        "update event_tag t set key = tag_key(e.tags[1], 'elsewhere') from event e"
        " where e.position = t.position and t.position = 4 and t.key = tag_key(e.tags[1], e.topic)"
    )
    found = await findings(pool, bank_id)
    assert at(found) == [4]
    assert {finding.what.partition(" is ")[2] for finding in found} == {"in the index only", "not in the index"}


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "290000-01-01", "4000-01-01 BC"])
async def test_a_time_that_is_none_is_found(
    ledger: Ledger, pool: Pool, bank_id: UUID, head: int, tamper: Tamper, moment: str
) -> None:
    """Where it is, and what else is wrong behind it; and the bank goes on by the clock, also behind such a fact."""
    await tamper(f"update event set recorded_at = '{moment}' where position in (20, {head})")
    await tamper("update event set actor = 'x' where position = 30")
    found = await findings(pool, bank_id)
    assert at(found) == [20, 30, head]
    assert {each.position for each in found if "cannot be read" in each.what} == {20, head}
    afresh = Ledger(Store(pool, Waker()), ledger.people, clock=ledger.clock)
    await afresh.submit(bank_id, Town(seed=1).commands(70)[60:])
    assert afresh.head(bank_id) > head
    await afresh.close()


async def test_another_time_zone_or_name_is_found(pool: Pool, bank_id: UUID, head: int) -> None:
    """The zone of the bank's days stands in its row as well: by another, days would be full or empty that are not."""
    assert (head > 0, await findings(pool, bank_id)) == (True, [])
    await pool.execute("update bank set timezone = 'Asia/Tokyo' where bank_id = $1", bank_id)
    assert at(await findings(pool, bank_id)) == [1]
    await pool.execute("update bank set name = 'Another bank' where bank_id = $1", bank_id)
    assert len(await findings(pool, bank_id)) == 2
