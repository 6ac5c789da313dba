"""Leaderboards: who stands where, who is seen, and what it adds up to."""

from random import Random
from uuid import UUID

import pytest

from tests.controls.town import Town, confirm, consent, correct, log, void, volunteer
from tests.projections.conftest import Compare, Play
from timebank.db.connections import Pool
from timebank.domain.kernel import Command
from timebank.ledger.ledger import Ledger
from timebank.projections.machinery.runner import Runner
from timebank.projections.recognition.leaderboards import SQL, Leaderboard, leaderboard, own_place
from timebank.vault.people import People

Row = tuple[int, str | None, int]

STANDING = """
    select volunteer_id, minutes, position, is_visible from leaderboard
     where bank_id = $1 and period = $2 and (is_visible or length(period) = 7)
     union all
    select volunteer_id, sum(minutes), max(position), false from leaderboard
     where bank_id = $1 and length($2) < 7 and $2 in ('all', left(period, 4)) and not is_visible
     group by volunteer_id"""
"""What everybody has in a period: in a row of it or, who is hidden, in its months."""


def served(number: int, hours: int, days_ago: int = 1) -> list[Command]:
    """Somebody served some hours."""
    record = f"rec_{number}_{days_ago}"
    return [log(record, volunteer(number), days_ago=days_ago, hours=hours), confirm(record)]


def rows(board: Leaderboard) -> list[Row]:
    """The places."""
    return [(place.rank, place.volunteer.volunteer_id, place.value) for place in board.items]


async def test_equals_share_a_rank(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Ranks go 1-2-2-4, and of equals stands first who got there first."""
    await play(*(consent(volunteer(n)) for n in (1, 2, 3, 4)))
    await play(*served(4, 1), *served(3, 2), *served(1, 3), *served(2, 2))
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert rows(board) == [
        (1, volunteer(1), 180),
        (2, volunteer(3), 120),
        (2, volunteer(2), 120),
        (4, volunteer(4), 60),
    ]
    assert (board.total, board.hidden, board.hidden_minutes, board.next) == (480, 0, 0, None)


async def test_nobody_is_seen_who_has_not_agreed(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Consent is off until given, and works at once both ways; who is hidden counts in the total and holds no rank."""
    await play(*served(1, 3), *served(2, 2), consent(volunteer(2)))
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert rows(board) == [(1, volunteer(2), 120)]
    assert (board.total, board.hidden, board.hidden_minutes) == (300, 1, 180)
    await play(consent(volunteer(1), alias="木棉"))
    for period in ("all", "2026", "2026-11"):
        board = await leaderboard(pool, people, bank_id, period, None, 10)
        assert rows(board) == [(1, None, 180), (2, volunteer(2), 120)]
        own = await leaderboard(pool, people, bank_id, period, None, 10, volunteer(1))
        assert rows(own) == [(1, volunteer(1), 180), (2, volunteer(2), 120)]
        assert volunteer(1) not in str((await leaderboard(pool, people, bank_id, period, None, 1)).next)
        assert [place.volunteer.name for place in board.items] == ["木棉", "Volunteer 2"]
        assert board.hidden == 0
    await play(consent(volunteer(1), granted=False))
    assert rows(await leaderboard(pool, people, bank_id, "2026", None, 10)) == [(1, volunteer(2), 120)]


async def test_who_is_hidden_has_rows_of_months_alone(
    play: Play, pool: Pool, people: People, bank_id: UUID, compare: Compare
) -> None:
    """Years and all time are kept of those who are shown; of all others they are what their months add up to."""
    await play(*served(1, 1, 1), *served(1, 2, 40), *served(2, 3))
    held = "select period, minutes from leaderboard where (bank_id, volunteer_id) = ($1, $2) order by length(period), 1"
    months = [("2026-10", 120), ("2026-11", 60)]
    for is_shown, found in ((False, months), (True, [("all", 180), ("2026", 180), *months]), (False, months)):
        await play(consent(volunteer(1), granted=is_shown))
        assert [(*row,) for row in await pool.fetch(held, bank_id, volunteer(1))] == found
        assert [each.projection for each in await compare() if not each.is_equal] == []
        for period, minutes in (("all", 180), ("2026", 180), ("2026-10", 120)):
            own = await own_place(pool, people, bank_id, period, volunteer(1), 1)
            assert (own.value, own.is_shown, own.rank) == (minutes, is_shown, 1)
            board = await leaderboard(pool, people, bank_id, period, None, 10)
            hidden = (period != "2026-10") + (not is_shown)
            assert (board.hidden, len(board.items)) == (hidden, is_shown)
            assert board.total == board.hidden_minutes + is_shown * minutes


async def test_a_period_that_begins_after_the_consent(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Who agreed before they ever served is seen in every period, and somebody who never did is in none."""
    await play(consent(volunteer(1)), consent(volunteer(2)))
    assert rows(await leaderboard(pool, people, bank_id, "all", None, 10)) == []
    await play(*served(1, 1, days_ago=400))
    await play(*served(1, 2, days_ago=1))
    periods = ("all", "2025", "2025-10", "2026", "2026-11")
    boards = {period: rows(await leaderboard(pool, people, bank_id, period, None, 10)) for period in periods}
    assert {period: found[0][2] for period, found in boards.items()} == {
        "all": 180,
        "2025": 60,
        "2025-10": 60,
        "2026": 120,
        "2026-11": 120,
    }


async def test_paid_duty_does_not_count(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """On-duty time is in no place and no total, also when a record turns out to have been that."""
    await play(consent(volunteer(1)), *served(1, 2))
    await play(log("rec_x", volunteer(1), days_ago=2, capacity="staff-on-duty"), confirm("rec_x"))
    assert rows(await leaderboard(pool, people, bank_id, "all", None, 10)) == [(1, volunteer(1), 120)]
    await play(correct("rec_1_1", capacity="staff-on-duty"))
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert (rows(board), board.total, board.hidden) == ([], 0, 0)


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_correction_moves_minutes_to_another_month(
    play: Play, pool: Pool, people: People, bank_id: UUID, is_first: bool
) -> None:
    """Minutes that turn out to belong to another month count there; where nothing changed, the place is kept.

    That is so whether people agreed to be shown before, or only then.
    """
    agreed = consent(volunteer(1)), consent(volunteer(2))
    await play(*(agreed if is_first else ()), *served(1, 1), *served(2, 1))
    earlier = log("x", volunteer(1), days_ago=40)
    await play(correct("rec_1_1", started_at=earlier.started_at, ended_at=earlier.ended_at))
    await play(*(() if is_first else agreed))
    assert rows(await leaderboard(pool, people, bank_id, "2026-10", None, 10)) == [(1, volunteer(1), 60)]
    assert rows(await leaderboard(pool, people, bank_id, "2026-11", None, 10)) == [(1, volunteer(2), 60)]
    for period in ("all", "2026"):
        assert rows(await leaderboard(pool, people, bank_id, period, None, 10)) == [
            (1, volunteer(1), 60),
            (1, volunteer(2), 60),
        ]


async def test_what_is_voided_is_gone(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Somebody whose only record was voided is neither ranked nor hidden."""
    await play(*served(1, 1), void("rec_1_1"), consent(volunteer(2)), *served(2, 1), void("rec_2_1"))
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert (rows(board), board.total, board.hidden, board.hidden_minutes) == ([], 0, 0, 0)


async def test_the_board_says_up_to_where_it_counts(
    play: Play, pool: Pool, people: People, ledger: Ledger, bank_id: UUID
) -> None:
    """The cut-off is the last fact that was taken in, with its time, not the head of the log."""
    (receipt,) = await play(consent(volunteer(1)))
    await ledger.execute(bank_id, consent(volunteer(2)))
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert board.cut_off.position == receipt.position
    assert board.cut_off.recorded_at is not None


async def test_a_bank_without_a_board(pool: Pool, people: People, bank_id: UUID) -> None:
    """Before anything was taken in, the board is empty."""
    board = await leaderboard(pool, people, bank_id, "all", None, 10)
    assert (board.items, board.total, board.cut_off.position, board.cut_off.recorded_at) == ([], 0, 0, None)


async def everybody_stands_where_they_are(
    pool: Pool, people: People, bank_id: UUID, period: str, whole: Leaderboard
) -> None:
    """Whoever is shown or hidden has the rank, the way to the next, and the neighbours that the whole board says."""
    everybody = await pool.fetch(STANDING, bank_id, period)
    key = {row["volunteer_id"]: (-row["minutes"], row["position"], row["volunteer_id"]) for row in everybody}
    for row in everybody:
        who, value = row["volunteer_id"], row["minutes"]
        own = await own_place(pool, people, bank_id, period, who, 2)
        others = [each for each in whole.items if each.volunteer.volunteer_id != who]
        more = [each.value for each in others if each.value > value]
        assert (own.value, own.is_shown) == (value, row["is_visible"])
        if not value:
            assert (own.rank, own.minutes_to_next, own.above, own.below) == (None, None, [], [])
            continue
        assert own.rank == len(more) + 1
        assert own.minutes_to_next == (more[-1] - value if more else None)
        assert own.above == [each for each in others if key[each.volunteer.volunteer_id] < key[who]][-2:]
        assert own.below == [each for each in others if key[each.volunteer.volunteer_id] > key[who]][:2]


async def test_ranks_are_counted_from_steps(pool: Pool, bank_id: UUID) -> None:
    """However much people have, the steps of all sizes count whoever has more exactly once."""
    chance = Random(5)
    values = [chance.choice((60, chance.randrange(1, 70), chance.randrange(1, 2**20))) for _ in range(400)]
    fill = """insert into leaderboard_step
              select $1, 'all', level, minutes >> (6 * level), count(*)
                from unnest($2::bigint[]) minutes, generate_series(0, 3) level group by 3, 4"""
    await pool.execute(fill, bank_id, values)
    for asked in (*values[:40], 1, 63, 64, 65, 4095, 4096, 262_143, 262_144, 2**20, 0):
        row = await pool.fetchrow(SQL["counted"], bank_id, "all", asked)
        assert row is not None
        assert (row["more"], row["as_many"]) == (sum(each > asked for each in values), values.count(asked))


async def test_everything_adds_up(
    ledger: Ledger, runner: Runner, pool: Pool, people: People, bank_id: UUID, compare: Compare
) -> None:
    """After any history: the total is what the ranked and the hidden have, pages join up, ranks are right (I10)."""
    await ledger.submit(bank_id, Town(seed=11, volunteers=12).commands(400))
    while await runner.catch_up(bank_id):
        pass
    chance = Random(1)
    for period in ("all", "2025", "2026", "2026-10", "2026-11"):
        whole = await leaderboard(pool, people, bank_id, period, None, 100)
        found = rows(whole)
        assert whole.total == sum(value for _, _, value in found) + whole.hidden_minutes
        values = [value for _, _, value in found]
        assert values == sorted(values, reverse=True)
        assert [rank for rank, _, _ in found] == [values.index(value) + 1 for value in values]
        paged: list[Row] = []
        cursor, goes_on = None, True
        while goes_on:
            page = await leaderboard(pool, people, bank_id, period, cursor, chance.randint(1, 3))
            paged += rows(page)
            cursor, goes_on = page.next, page.next is not None
        assert paged == found
        await everybody_stands_where_they_are(pool, people, bank_id, period, whole)
    served = await pool.fetchval("select sum(service_minutes) from balance where bank_id = $1", bank_id)
    assert (await leaderboard(pool, people, bank_id, "all", None, 1)).total == served
    assert [each.projection for each in await compare() if not each.is_equal] == []
