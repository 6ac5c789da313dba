"""Hours by place: those of where people lived when they served, whatever is moved, merged or closed since."""

import calendar
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import NOON
from tests.controls.places import LEVELS, NEW_YEAR, TREE, nodes
from tests.controls.streets import Streets
from tests.controls.town import confirm, correct, found, log, void, volunteer
from timebank.db.connections import Pool
from timebank.domain.facts.places import NodeMerged, NodeMoved, NodeOpened, ResidenceSet
from timebank.domain.identifiers import NodeId, new_bank_id
from timebank.domain.kernel import Command, Fact
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Receipt
from timebank.projections.machinery.periods import period_of
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner
from timebank.projections.places.hours import (
    WHOLE_BANK,
    PlaceMinutes,
    minutes_at_level,
    minutes_below,
    minutes_of,
    rank_of,
)
from timebank.projections.places.nodes import PROJECTION
from timebank.projections.places.residences import count_people, people

PEOPLE = [volunteer(n) for n in range(1, 6)]
DAYS = 12


def a_life(seed: int) -> Iterable[Command]:
    """Some days on which people serve and move, records are put right, and the tree changes."""
    chance, streets = Random(seed), Streets(seed, PEOPLE)
    records: list[str] = []
    yield from found(len(PEOPLE))
    yield from streets.found()
    for day in range(DAYS):
        at = NOON + timedelta(days=day)
        for _ in range(chance.randint(0, 4)):
            records.append(f"rec_{len(records):03}")
            hour, days_ago = chance.randint(0, 20), chance.choice((1, 2, 9)) - day
            yield log(records[-1], chance.choice(PEOPLE), days_ago=days_ago, hour=hour, at=at)
            yield confirm(records[-1], at=at)
        if records and chance.random() < 0.4:
            mend = correct(chance.choice(records), at=at, minutes=chance.choice((5, 10, 20)))
            yield chance.choice((mend, void(chance.choice(records))))
        for _ in range(chance.randint(0, 4)):
            yield streets.next(at)


async def live(ledger: Ledger, store: Store, seed: int, batch: int) -> tuple[UUID, list[Fact]]:
    """Live through it in a bank of its own, so many commands at a time; what happened."""
    bank_id = UUID(new_bank_id())
    await store.open_bank(bank_id, "Test bank", "Asia/Shanghai")
    commands, happened = list(a_life(seed)), []
    runner = Runner(store, [PROJECTION])
    for start in range(0, len(commands), batch):
        outcomes = await ledger.submit(bank_id, commands[start : start + batch])
        happened += [fact for each in outcomes if isinstance(each, Receipt) for fact in each.facts]
        while await runner.catch_up(bank_id):
            pass
    return bank_id, happened


class Told:
    """What the facts say of the tree and of where people live, looked up as one would by hand."""

    def __init__(self, facts: list[Fact]) -> None:
        self.depth = {fact.node_id: fact.depth for fact in facts if isinstance(fact, NodeOpened)}
        stands: dict[NodeId, list[Any]] = {}
        homes: dict[str, list[ResidenceSet]] = {}
        for fact in facts:
            if isinstance(fact, NodeOpened | NodeMoved | NodeMerged):
                stands.setdefault(fact.node_id, []).append(fact)
            elif isinstance(fact, ResidenceSet):
                homes.setdefault(fact.volunteer_id, []).append(fact)
        self.stands, self.homes = stands, homes

    def places(self, volunteer_id: str, day: date) -> list[str]:
        """All nodes that somebody's service of a day counts at: what is a part of another counts there."""
        chain = self.chain(volunteer_id, day)
        return [WHOLE_BANK, *(each for each in chain if not isinstance(self._stand(each, day), NodeMerged))]

    def chain(self, volunteer_id: str, day: date) -> list[NodeId]:
        """Where somebody lives on a day, and all that it is below, or a part of."""
        home = [each for each in self.homes.get(volunteer_id, []) if each.from_day <= day]
        node_id, chain = home[-1].node_id if home else None, list[NodeId]()
        while node_id:
            chain.append(node_id)
            stand = self._stand(node_id, day)
            node_id = stand.into_id if isinstance(stand, NodeMerged) else stand.parent_id
        return chain

    def below(self, node_id: NodeId, counted: Counter[tuple[str, date]]) -> dict[str, int]:
        """What was counted at each node on days on which it was right below another that was there by itself."""
        minutes = Counter[str]()
        for (place, day), counts in counted.items():
            if place and (node_id, day) in counted and self._stand(NodeId(place), day).parent_id == node_id:
                minutes[place] += counts
        return minutes

    def _stand(self, node_id: NodeId, day: date) -> Any:
        return [each for each in self.stands[node_id] if each.from_day <= day][-1]


SERVED = """
select f.volunteer_id, f.local_date, f.minutes from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb)
       f (record_id text, volunteer_id text, local_date date, minutes int, capacity text)
 where e.bank_id = $1 and e.topic in ('service-confirmed', 'service-corrected') and f.capacity <> 'staff-on-duty'
   and not exists (select from event_tag later where later.bank_id = $1 and later.position > e.position
                      and later.key in (tag_key(f.record_id, 'service-corrected'),
                                        tag_key(f.record_id, 'service-voided')))
"""


@pytest.mark.drill
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@for_all(seed=st.integers(0, 10**9), batch=st.sampled_from([1, 7, 400]))
async def test_hours_by_place_are_those_of_where_people_lived(
    ledger: Ledger, store: Store, pool: Pool, seed: int, batch: int
) -> None:
    """On every day each node has what those served who lived at it or below it then, and every level sums to all."""
    bank_id, happened = await live(ledger, store, seed, batch)
    told, expected = Told(happened), Counter[tuple[str, date]]()
    for row in await pool.fetch(SERVED, bank_id):
        for place in told.places(row["volunteer_id"], row["local_date"]):
            expected[place, row["local_date"]] += row["minutes"]
    kept = await pool.fetch("select node_id, day, minutes from place_day where bank_id = $1", bank_id)
    assert {(row["node_id"], row["day"]): row["minutes"] for row in kept} == expected
    compared = await verify(pool, PROJECTION, bank_id)
    assert compared.is_equal, compared.differences
    for day in (NOON.date(), NOON.date() + timedelta(days=DAYS + 3)):
        living = Counter(node_id for each in PEOPLE for node_id in told.chain(each, day))
        for node_id in told.depth:
            page = await people(pool, bank_id, day, node_id, "", 100)
            assert await count_people(pool, bank_id, day, node_id, all_of_them=True) == len(page) == living[node_id]
    days = sorted({day for _, day in expected}) or [NEW_YEAR]
    first, last, middle = days[0], days[-1], days[len(days) // 2]
    for level in LEVELS:
        whole = await at_level(pool, bank_id, level, first, last)
        parts = Counter[str]()
        for since, until in ((first, middle), (middle + timedelta(days=1), last)):
            part = await at_level(pool, bank_id, level, since, until)
            parts.update(part)
            assert part.total() <= await minutes_of(pool, bank_id, WHOLE_BANK, since, until)
        assert parts == whole, "splitting a period changes no sum"
        months = Counter[str]()
        for month in range(1, 13):
            months.update(await at_level(pool, bank_id, level, *month_of(month)))
        assert months == await at_level(pool, bank_id, level, NEW_YEAR, date(2026, 12, 31)), "a year is its months"
        assert months == await at_level(pool, bank_id, level, NEW_YEAR, date(2026, 12, 30)), "and its days"
    for since, until in ((first, last), (first, middle), (middle, last)):
        within = Counter({place: minutes for place, minutes in expected.items() if since <= place[1] <= until})
        for node_id in told.depth:
            below = {each.node_id: each.minutes for each in await minutes_below(pool, bank_id, node_id, since, until)}
            assert below == told.below(node_id, within)
            assert sum(below.values()) <= await minutes_of(pool, bank_id, node_id, since, until)


def month_of(month: int) -> tuple[date, date]:
    """The first and the last day of a month of that year."""
    return date(2026, month, 1), date(2026, month, calendar.monthrange(2026, month)[1])


async def at_level(pool: Pool, bank_id: UUID, level: str, first: date, last: date) -> Counter[str]:
    """The minutes of all nodes of a level, read in pages of two: of a month or a year most first, else by node."""
    found: list[PlaceMinutes] = []
    after = None
    while True:
        total, page = await minutes_at_level(pool, bank_id, level, first, last, after, 2)
        found += page
        if not page:
            break
        after = rank_of(page[-1])
    is_kept = period_of(first, last) is not None
    assert found == sorted(found, key=lambda each: (-each.minutes if is_kept else 0, each.node_id))
    assert sum(each.minutes for each in found) == total
    return Counter({each.node_id: each.minutes for each in found})


def test_the_canned_tree_is_one() -> None:
    """Each canned node is below one of a higher level."""
    depths = {each.node_id: each.depth for each in nodes()}
    assert all(each.parent_id is None or depths[each.parent_id] < each.depth for each in TREE.values())
