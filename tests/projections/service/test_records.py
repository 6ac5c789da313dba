"""Records are listed in the order in which they were logged, each with the filters that were asked for."""

from uuid import UUID

import pytest

from tests.controls.people import CLINIC, CLINICS_PROGRAM, GARDEN
from tests.controls.town import log, volunteer
from tests.projections.conftest import Play
from timebank.db.connections import Pool
from timebank.projections.service import overlaps, records
from timebank.projections.service.records import Order, Wanted, cursor_of
from timebank.projections.service.statistics import figures
from timebank.projections.supervision import history
from timebank.projections.supervision.history import Span

ALL_ALIKE = """
create or replace function key_in(bank uuid, what text) returns bigint language sql immutable parallel safe
    return length(what) % 2
"""

AT_CLINIC = {"organisation_id": CLINIC, "by": CLINICS_PROGRAM}
LOGGED = (
    log("rec_9", volunteer(1), days_ago=3),
    log("rec_3", volunteer(2), days_ago=1),
    log("rec_7", volunteer(1), days_ago=1, **AT_CLINIC),
    log("rec_1", volunteer(2), days_ago=2, **AT_CLINIC),
)


async def listed(pool: Pool, bank_id: UUID, wanted: Wanted, order: Order = "newest") -> list[str]:
    """All records that are wanted, a page for each."""
    found: list[str] = []
    after = None
    while page := await records.page(pool, bank_id, wanted, after=after, limit=1, order=order):
        found += [each.record_id for each in page]
        after = cursor_of(page[-1]) if wanted.of_days else page[-1].record_id
    return found


@pytest.mark.parametrize(
    ("wanted", "oldest_first"),
    [
        (Wanted(), "rec_9 rec_3 rec_7 rec_1"),
        (Wanted(volunteer_id=volunteer(1)), "rec_9 rec_7"),
        (Wanted(organisation_ids=[GARDEN, CLINIC]), "rec_9 rec_3 rec_7 rec_1"),
        (Wanted(first_day=LOGGED[0].started_at.date()), "rec_9 rec_1 rec_3 rec_7"),
        (Wanted(organisation_ids=[CLINIC], first_day=LOGGED[0].started_at.date()), "rec_1 rec_7"),
    ],
    ids=["all", "a volunteer's", "organisations'", "by day", "an organisation's by day"],
)
async def test_pages_follow_each_other(
    pool: Pool, bank_id: UUID, play: Play, wanted: Wanted, oldest_first: str
) -> None:
    """Whatever records are called, they come in the order of the log, or of their days, and none is left out."""
    await play(*LOGGED)
    assert await listed(pool, bank_id, wanted, "oldest") == oldest_first.split()
    assert await listed(pool, bank_id, wanted) == oldest_first.split()[::-1]
    unknown = "rec_none" if not wanted.of_days else "2026-01-01/rec_none"
    with pytest.raises(ValueError, match="no record rec_none"):
        await records.page(pool, bank_id, wanted, after=unknown, limit=9)


async def test_identifiers_with_the_same_key_are_told_apart(pool: Pool, bank_id: UUID, play: Play) -> None:
    """With but two keys for all identifiers the same is found as with one for each."""
    await pool.execute(ALL_ALIKE)
    await play(*LOGGED)
    assert await listed(pool, bank_id, Wanted(volunteer_id=volunteer(2))) == ["rec_1", "rec_3"]
    assert await listed(pool, bank_id, Wanted(organisation_ids=[CLINIC])) == ["rec_1", "rec_7"]
    of_clinic = await figures(pool, bank_id, Wanted(organisation_ids=[CLINIC]), "month", None, 9)
    assert (of_clinic.total.records, of_clinic.total.people) == (2, 2)
    assert await overlaps.waiting(pool, bank_id, volunteer(1)) == 2
    by_clinic = await history.page(pool, bank_id, history.Wanted(actor=CLINICS_PROGRAM.actor), Span(), 9)
    assert [event.tags[0] for event in by_clinic] == ["rec_7", "rec_1"]
    of_request = await history.page(pool, bank_id, history.Wanted(request_id=by_clinic[0].request_id), Span(), 9)
    assert {event.request_id for event in of_request} == {by_clinic[0].request_id}
