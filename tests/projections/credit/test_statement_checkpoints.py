"""Statements start from checkpoints: they cost the same however long the account is, and say what they said without."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from tests.controls import NOON, ZONE
from tests.controls.market import Market
from tests.controls.town import confirm, correct, log, void, volunteer
from tests.helpers import whole
from tests.helpers.effort import more
from tests.projections.conftest import Compare, Play
from timebank.db.connections import Pool
from timebank.domain.credit.statements import Line, Teller, as_effective, as_recorded, between, lines
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.ledger.ledger import Ledger
from timebank.projections.credit import funds, statement_checkpoints, statements
from timebank.projections.machinery.rebuild import rebuild
from timebank.projections.machinery.runner import Runner

pytestmark = pytest.mark.drill

WANG = volunteer(1)
PROJECTION = statement_checkpoints.PROJECTION


@pytest.fixture
def every_few_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints lie close together, and stretches are short."""
    monkeypatch.setattr(statement_checkpoints, "FACTS_APART", 3)
    monkeypatch.setattr(statement_checkpoints, "LOOKED_AT", 2)
    monkeypatch.setattr(statements, "STRETCH", 4)


async def is_told_right(pool: Pool, bank_id: UUID, volunteer_id: VolunteerId, random: Random) -> None:
    """Periods in pages of any size are what the whole account says about them, and so are days."""
    entries = await whole.entries(pool, bank_id, volunteer_id, ZONE)
    names = await funds.names(pool, bank_id)
    told = list(lines(entries, volunteer_id, names, "en"))
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    after, until = sorted(random.choices(range(head + 1), k=2))
    wanted = [line for line in told if after < line.position <= until]
    assert await _in_pages(pool, bank_id, volunteer_id, names, after, until, random.randint(1, 5)) == wanted
    opening = await statements.standing(pool, bank_id, volunteer_id, after)
    closing = await statements.standing(pool, bank_id, volunteer_id, until)
    assert opening.accounts["available"] == _balance(told, after)
    assert closing.accounts["available"] == _balance(told, until)
    assert {part.cause: part.minutes for part in between(opening, closing)} == whole.sums(wanted)
    for day in {NOON.date(), max(NOON, entries[-1].recorded_at).date()} if entries else ():
        found = await statements.at_end_of(pool, bank_id, volunteer_id, day, ZONE, head)
        assert found == (as_recorded(entries, volunteer_id, day), as_effective(entries, volunteer_id, day))


async def _in_pages(
    pool: Pool, bank_id: UUID, volunteer_id: VolunteerId, names: Mapping[str, str], after: int, until: int, size: int
) -> list[Line]:
    told: list[Line] = []
    while True:
        running = await statements.standing(pool, bank_id, volunteer_id, after)
        teller = Teller(running, names, "en")
        page = await statements.first_lines(pool, bank_id, teller, after, until, ZONE, size)
        told += page
        if len(page) < size:
            return told
        after = page[-1].position


def _balance(told: list[Line], position: int) -> int:
    return next((line.balance_minutes for line in reversed(told) if line.position <= position), 0)


async def _volunteers(pool: Pool, bank_id: UUID) -> list[VolunteerId]:
    rows = await pool.fetch("select volunteer_id from balance where bank_id = $1 order by 1", bank_id)
    return [VolunteerId(row["volunteer_id"]) for row in rows]


@pytest.mark.usefixtures("every_few_facts")
@pytest.mark.parametrize("seed", [0, *more(1, 2, 3)])
async def test_pages_are_what_the_whole_says(
    ledger: Ledger, runner: Runner, pool: Pool, bank_id: UUID, compare: Compare, seed: int
) -> None:
    """Whatever happens, and wherever checkpoints and pages end, statements are those of the account told at once."""
    random = Random(seed)
    commands = Market(seed=seed).commands(400)
    for start in range(0, len(commands), 100):
        await ledger.submit(bank_id, commands[start : start + 100])
        if random.random() < 0.7:
            await runner.catch_up(bank_id)
        for volunteer_id in await _volunteers(pool, bank_id):
            await is_told_right(pool, bank_id, volunteer_id, random)
    assert await pool.fetchval("select count(*) from statement_checkpoint") > 0
    while await runner.catch_up(bank_id):
        pass
    assert [each.differences for each in await compare() if not each.is_equal] == []


@pytest.mark.usefixtures("every_few_facts")
async def test_what_is_behind_or_missing_changes_nothing(
    ledger: Ledger, runner: Runner, pool: Pool, bank_id: UUID
) -> None:
    """Without checkpoints, with some of them, and with those of another version, statements are the same."""
    await ledger.submit(bank_id, Market(seed=9).commands(300))

    async def all_are_right() -> None:
        for volunteer_id in await _volunteers(pool, bank_id):
            await is_told_right(pool, bank_id, volunteer_id, Random(9))

    await all_are_right()
    while await runner.catch_up(bank_id):
        pass
    await all_are_right()
    await pool.execute("delete from statement_checkpoint where position % 3 = 0")
    await all_are_right()
    await pool.execute("update checkpoint set version = version + 1 where projection = $1", PROJECTION.name)
    await pool.execute("""update statement_checkpoint set accounts = '{"available": 7}'""")
    await all_are_right()
    await rebuild(pool, PROJECTION)
    await all_are_right()


async def test_a_correction_of_long_ago_is_told_right(play: Play, pool: Pool, bank_id: UUID) -> None:
    """What is put right now, of a record from before the latest checkpoint, is told by name and by its causes."""
    await play(*(each for day in range(1, 300) for each in _day(day)))
    after = await pool.fetchval("select max(position) from statement_checkpoint where volunteer_id = $1", WANG)
    await play(
        correct("rec_1", minutes=30), void("rec_2"), correct("rec_1", minutes=50), correct("rec_3", activity="理发")
    )
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    told = await _in_pages(pool, bank_id, WANG, {}, head - 4, head, 2)
    assert [(line.change_minutes, line.words) for line in told] == [
        (-30, "Service corrected: 公共设施擦洗"),
        (-60, "Service voided: 公共设施擦洗"),
        (20, "Service corrected: 公共设施擦洗"),
        (0, "Service corrected: 理发"),
    ]
    assert after < head - 4
    assert [[(part.cause, part.minutes) for part in line.parts] for line in told] == [
        [("service", -30)], [("service", -60)], [("service", 20)], []
    ]  # fmt: skip
    await is_told_right(pool, bank_id, WANG, Random(1))


async def test_a_question_reads_few_facts(
    play: Play, pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many facts there are on an account, what is asked of it is told from a page of them and some more."""
    await play(*(each for day in range(1, 1_500) for each in _day(day)))
    decoded: list[str] = []
    decode = statements.decode

    def counting(topic: str, data: bytes) -> Fact:
        decoded.append(topic)
        return decode(topic, data)

    monkeypatch.setattr(statements, "decode", counting)
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    for position in (head // 3, head // 2, head):
        decoded.clear()
        running = await statements.standing(pool, bank_id, WANG, position)
        assert len(decoded) < 2 * statement_checkpoints.FACTS_APART
        decoded.clear()
        await statements.first_lines(pool, bank_id, Teller(running, {}, "zh"), position, head, ZONE, 20)
        assert len(decoded) <= 2 * 20


def _day(day: int) -> tuple[Command, Command]:
    """An hour of service, so many days ago."""
    started_at = NOON - timedelta(days=day)
    return log(f"rec_{day}", WANG, started_at=started_at, ended_at=started_at + timedelta(hours=1)), confirm(
        f"rec_{day}"
    )
