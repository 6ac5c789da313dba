"""What was done can be read: volunteers, organisations, memberships, service records, balances."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tests.controls import ADMINISTRATOR, CLINIC, GARDEN, NOON, acting
from tests.controls.town import confirm, consent, correct, log, number_of, void, volunteer
from tests.projections.conftest import Compare, Play
from timebank.db.connections import Pool
from timebank.domain.identifiers import MembershipId, RecordId, VolunteerNumber
from timebank.domain.organisations.memberships import (
    AddMember,
    ApproveMembership,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.organisations.organisations import RegisterOrganisation, ReinstateOrganisation, SuspendOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer, ReinstateVolunteer, SuspendVolunteer
from timebank.domain.service.reviews import RejectService
from timebank.projections.credit import balances
from timebank.projections.organisations import memberships, organisations
from timebank.projections.people import volunteers
from timebank.projections.service import records
from timebank.projections.supervision import history
from timebank.projections.supervision.history import Span, Wanted
from timebank.vault.people import People

WANG = volunteer(1)


async def test_a_volunteer_can_be_seen(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """A volunteer is shown with number, status, consent and what is personal, as it now is."""
    seen = await volunteers.one(pool, people, bank_id, WANG)
    assert seen is not None
    assert (seen.number, seen.status, seen.on_leaderboards, seen.name, seen.phone, seen.skills, seen.alias) == (
        number_of(1),
        "active",
        False,
        "Volunteer 1",
        None,
        [],
        None,
    )
    assert abs((seen.registered_at - datetime.now(UTC)).total_seconds()) < 60
    await play(SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="-"), consent(WANG, alias="木棉"))
    seen = await volunteers.one(pool, people, bank_id, WANG)
    assert seen is not None
    assert (seen.status, seen.on_leaderboards, seen.alias) == ("suspended", True, "木棉")
    await play(
        ReinstateVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="-"), consent(WANG, granted=False)
    )
    seen = await volunteers.one(pool, people, bank_id, WANG)
    assert seen is not None
    assert (seen.status, seen.on_leaderboards, seen.alias) == ("active", False, None)


async def test_the_last_of_several_changes_counts(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Of several changes that are taken in together the last one counts."""
    off, on = (
        kind(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="-")
        for kind in (SuspendVolunteer, ReinstateVolunteer)
    )
    await play(off, on, off, consent(WANG), consent(WANG, granted=False), consent(WANG))
    seen = await volunteers.one(pool, people, bank_id, WANG)
    assert seen is not None
    assert (seen.status, seen.on_leaderboards) == ("suspended", True)


async def test_volunteers_are_found_and_paged(play: Play, pool: Pool, people: People, bank_id: UUID) -> None:
    """Volunteers come in pages without a gap, and are found by number, phone and the beginning of the name."""
    with_phone = RegisterVolunteer(
        by=ADMINISTRATOR,
        at=NOON,
        volunteer_id=volunteer(50),
        number=VolunteerNumber(number_of(50)),
        name="王%芳",
        phone="13800138000",
    )
    await play(with_phone)
    everybody = await volunteers.page(pool, people, bank_id, None, "", 100)
    paged, after = [], ""
    while page := await volunteers.page(pool, people, bank_id, None, after, 3):
        paged += page
        after = page[-1].volunteer_id
    assert paged == everybody
    assert len(everybody) == 10
    for query in (number_of(50), "13800138000", "138-0013 8000", "王%", "王%芳"):
        assert [each.volunteer_id for each in await volunteers.page(pool, people, bank_id, query, "", 9)] == [
            volunteer(50)
        ]
    assert await volunteers.page(pool, people, bank_id, "%", "", 9) == []


async def test_organisations_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """An organisation is shown as it stands with the bank."""
    body = {"by": ADMINISTRATOR, "at": NOON}
    await play(
        RegisterOrganisation(organisation_id="org_new", name="New", kind="merchant", code="91A", **body),  # type: ignore[arg-type]
        SuspendOrganisation(organisation_id=CLINIC, reason="-", **body),  # type: ignore[arg-type]
        SuspendOrganisation(organisation_id=GARDEN, reason="-", **body),  # type: ignore[arg-type]
        ReinstateOrganisation(organisation_id=GARDEN, reason="-", **body),  # type: ignore[arg-type]
    )
    seen = {each.organisation_id: each for each in await organisations.page(pool, bank_id, None, "", 9)}
    assert {name: each.status for name, each in seen.items()} == {
        GARDEN: "approved",
        CLINIC: "suspended",
        "org_new": "registered",
    }
    assert (seen["org_new"].name, seen["org_new"].kind, seen["org_new"].official_code) == ("New", "merchant", "91A")
    assert await organisations.one(pool, bank_id, "org_new") == seen["org_new"]
    assert await organisations.one(pool, bank_id, "org_none") is None
    assert [each.organisation_id for each in await organisations.page(pool, bank_id, "suspended", "", 9)] == [CLINIC]


async def test_memberships_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Memberships are shown open and closed, with role, term and reason; roles hold within their terms only."""
    both = {"at": NOON, "organisation_id": GARDEN}

    def add(number: int, by: object, who: int) -> AddMember:
        return AddMember(  # type: ignore[call-arg]
            by=by, membership_id=MembershipId(f"mem_{number}"), volunteer_id=volunteer(who), role="recorder", **both
        )

    by = {"by": ADMINISTRATOR, **both}
    await play(
        add(1, ADMINISTRATOR, 1),
        add(2, acting(volunteer(2)), 2),
        add(3, ADMINISTRATOR, 3),
        add(4, ADMINISTRATOR, 4),
        ApproveMembership(volunteer_id=volunteer(3), **by),  # type: ignore[arg-type]
        ChangeRole(volunteer_id=volunteer(3), role="verifier", valid_until=date(2026, 12, 31), **by),  # type: ignore[arg-type]
        DeclineMembership(volunteer_id=volunteer(4), reason="full", **by),  # type: ignore[arg-type]
        add(5, ADMINISTRATOR, 4),
        ApproveMembership(volunteer_id=volunteer(4), **by),  # type: ignore[arg-type]
        EndMembership(volunteer_id=volunteer(4), reason="moved", **by),  # type: ignore[arg-type]
    )
    page = await memberships.page(pool, bank_id, organisation_id=GARDEN, volunteer_id=None, after="", limit=9)
    assert [(each.membership_id, each.status, each.role, each.reason) for each in page] == [
        ("mem_1", "invited", "recorder", None),
        ("mem_2", "requested", "recorder", None),
        ("mem_3", "approved", "verifier", None),
        ("mem_4", "declined", "recorder", "full"),
        ("mem_5", "ended", "recorder", "moved"),
    ]
    own = await memberships.page(pool, bank_id, organisation_id=None, volunteer_id=volunteer(4), after="", limit=9)
    assert [each.membership_id for each in own] == ["mem_4", "mem_5"]
    last_day = date(2026, 12, 31)
    assert await memberships.roles_of(pool, bank_id, volunteer(3), last_day) == {GARDEN: "verifier"}
    assert await memberships.roles_of(pool, bank_id, volunteer(3), date(2027, 1, 1)) == {}
    assert await memberships.roles_of(pool, bank_id, volunteer(1), last_day) == {}


async def test_service_records_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """A record is shown as it now stands: logged, confirmed, rejected, corrected or voided."""
    reject = RejectService(by=ADMINISTRATOR, at=NOON, record_id=RecordId("rec_3"), reason="nobody saw it")
    await play(
        *(log(f"rec_{n}", WANG, days_ago=n) for n in range(1, 6)),
        confirm("rec_2", minutes=45, reason="left early"),
        reject,
        confirm("rec_4"),
        correct("rec_4", capacity="staff-on-duty", programmes=("a", "b"), place="百步亭"),
        confirm("rec_5"),
        correct("rec_5", minutes=20),
        void("rec_5"),
    )
    seen = {}
    for n in range(1, 6):
        record = await records.one(pool, bank_id, f"rec_{n}")
        assert record is not None
        seen[n] = record
    assert [(each.status, each.minutes, each.credited_minutes, each.reason) for each in seen.values()] == [
        ("logged", 60, 0, None),
        ("confirmed", 45, 45, "left early"),
        ("rejected", 60, 0, "nobody saw it"),
        ("corrected", 60, 0, "as the list says"),
        ("voided", 20, 0, "never happened"),
    ]
    assert (seen[4].capacity, seen[4].programmes, seen[4].place) == ("staff-on-duty", ["a", "b"], "百步亭")
    assert seen[1].local_date == date(2026, 11, 19)
    topic = await pool.fetchval("select topic from event where position = $1", seen[5].position)
    assert topic == "service-voided"


async def test_service_records_are_paged(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Records come newest first, in pages without a gap, and only those that were asked for."""
    await play(*(log(f"rec_{n:02}", volunteer(n % 2 + 1), days_ago=n + 1) for n in range(20)), confirm("rec_05"))

    async def ask(
        after: str | None = None, limit: int = 100, order: records.Order = "newest", **asked: Any
    ) -> list[str]:
        wanted = records.Wanted(**asked)
        found = await records.page(pool, bank_id, wanted, after=after, limit=limit, order=order)
        return [each.record_id for each in found]

    newest_first = [f"rec_{n:02}" for n in reversed(range(20))]
    assert await ask() == newest_first
    paged: list[str] = []
    while page := await ask(after=paged[-1] if paged else None, limit=7):
        paged += page
    assert paged == newest_first
    oldest = [*await ask(order="oldest", limit=7), *await ask(order="oldest", after="rec_06")]
    assert oldest == newest_first[::-1]
    assert await ask(late=True) == newest_first[:6]
    waiting = await ask(late=False, statuses=["logged"], order="oldest", limit=6)
    assert waiting == [f"rec_{n:02}" for n in (0, 1, 2, 3, 4, 6)]
    assert await ask(volunteer_id=volunteer(2)) == newest_first[::2]
    assert await ask(organisation_ids=[CLINIC]) == []
    assert await ask(organisation_ids=[]) == []
    assert await ask(statuses=["confirmed"]) == ["rec_05"]
    days = {"first_day": date(2026, 11, 10), "last_day": date(2026, 11, 19)}
    by_day = [f"rec_{n:02}" for n in range(10)]
    for order, expected in (("newest", by_day), ("oldest", by_day[::-1])):
        for whose in ({}, {"organisation_ids": ["org_garden"]}):
            found: list[str] = []
            cursor: str | None = None
            while page := await ask(order=order, after=cursor, limit=4, **days, **whose):
                found += page
                record = await records.one(pool, bank_id, page[-1])
                assert record is not None
                cursor = records.cursor_of(record)
            assert found == expected


async def test_balances_are_as_new_as_the_log(play: Play, pool: Pool, bank_id: UUID) -> None:
    """A balance is there at once, as of the head of the log, and never goes below zero: a shortfall is a debt."""
    nothing = await balances.balance_of(pool, bank_id, WANG)
    assert nothing is not None
    assert msgspec.structs.astuple(nothing)[:6] == (0, 0, 0, 0, 0, 0)
    outcomes = await play(
        log("rec_1", WANG), confirm("rec_1"), log("rec_2", WANG, days_ago=2, capacity="staff-on-duty"), confirm("rec_2")
    )
    balance = await balances.balance_of(pool, bank_id, WANG)
    assert balance is not None
    assert msgspec.structs.astuple(balance)[:7] == (60, 0, 0, 60, 60, 0, outcomes[-1].position)
    await play(correct("rec_1", minutes=20), log("rec_3", WANG, days_ago=3), confirm("rec_3"), void("rec_1"))
    balance = await balances.balance_of(pool, bank_id, WANG)
    assert balance is not None
    assert msgspec.structs.astuple(balance)[:6] == (60, 0, 0, 60, 60, 0)
    assert await balances.balance_of(pool, bank_id, "vol_nobody") is None
    assert await pool.fetchval(balances.SQL["trial_balance"], bank_id) == 0


async def test_a_balance_cannot_be_refused_by_another_bank(
    play: Play, pool: Pool, people: People, bank_id: UUID
) -> None:
    """A volunteer of one bank is nobody in another."""
    assert await balances.balance_of(pool, UUID(int=1), WANG) is None
    assert await volunteers.one(pool, people, UUID(int=1), WANG) is None


async def test_history_can_be_asked_for(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Events are found by topic, tags, actor, authority and request, in order or the latest first, page by page."""
    await play(log("rec_1", WANG), confirm("rec_1"), log("rec_2", volunteer(2)))

    async def ask(after: int = 0, limit: int = 100, newest: bool = False, **asked: Any) -> list[int]:
        wanted, span = Wanted(**asked), Span(after)
        return [each.position for each in await history.page(pool, bank_id, wanted, span, limit, newest=newest)]

    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    assert await ask() == list(range(1, head + 1))
    assert await ask(after=3, limit=2) == [4, 5]
    assert await ask(tags=("rec_1",)) == [head - 2, head - 1]
    assert await ask(tags=("rec_1",), topic="service-confirmed") == [head - 1]
    assert await ask(topic="service-logged") == [head - 2, head]
    assert await ask(actor="org_garden") == [head - 2, head]
    assert await ask(tags=(WANG, "rec_1"), newest=True) == [head - 1, head - 2]
    assert await ask(tags=(WANG, "rec_2")) == []
    assert await ask(newest=True, limit=3) == [head, head - 1, head - 2]
    assert await ask(authority="organisation") == [head - 2, head]
    (event,) = await history.page(pool, bank_id, Wanted(), Span(head - 1), 1)
    assert msgspec.json.decode(event.data)["record_id"] == "rec_2"


async def test_all_of_it_can_be_made_again(play: Play, compare: Compare) -> None:
    """What is read equals what a rebuild gives."""
    await play(log("rec_1", WANG), confirm("rec_1"), consent(WANG))
    assert [each.projection for each in await compare() if not each.is_equal] == []
