"""The index of tags holds 64 bits of each: whatever has the same ones by chance is told apart again."""

import itertools
from uuid import UUID, uuid4

from tests.controls import ADMINISTRATOR, NOON, ZONE
from tests.controls.market import Market
from tests.controls.town import register, volunteer
from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.bank import OpenBank
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.vocabulary import FACTS
from timebank.identity.erasure import Erasure
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Outcome, Receipt
from timebank.projections.credit import statements
from timebank.projections.supervision import history
from timebank.projections.supervision.history import Span, Wanted
from timebank.vault.people import People

ALL_ALIKE = """
create or replace function tag_key(tag text, topic text) returns bigint language sql immutable parallel safe
    return length(topic) % 3
"""


KEYS = """select tag, topic, tag_key(tag, topic) as key from unnest($1::text[]) tag, unnest($2::text[]) topic"""


async def test_what_is_recorded_under_a_tag_lies_side_by_side(pool: Pool) -> None:
    """Keys of one tag are next to each other whatever the topic, no other tag's between them, none twice."""
    rows = await pool.fetch(KEYS, [volunteer(n) for n in range(200)], list(FACTS))
    in_order = sorted(rows, key=lambda row: row["key"])
    assert len({row["key"] for row in rows}) == len(rows)
    assert len(list(itertools.groupby(in_order, lambda row: row["tag"]))) == 200


def said(outcomes: list[Outcome]) -> list[object]:
    """What outcomes say, but for positions."""
    return [each.facts if isinstance(each, Receipt) else str(each) for each in outcomes]


async def on_account(pool: Pool, bank_id: UUID, volunteer_id: str) -> tuple[object, object]:
    """What is on an account, and for which causes."""
    standing = await statements.standing(pool, bank_id, volunteer_id, 10**9)
    return standing.accounts, standing.causes


async def test_a_tag_that_is_in_the_index_twice_hides_nobody_from_erasure(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID
) -> None:
    """Whoever is to be erased again is found by one tag or by two of the same fact, and is not once they are erased."""
    who = volunteer(1)
    await ledger.execute(bank_id, register(1))
    twice = "insert into event_tag select * from event_tag where key in (tag_key($1, $2), tag_key($1, $3))"
    for topic, found in (("volunteer-registered", {(bank_id, who)}), ("volunteer-erased", set())):
        await pool.execute(twice, who, topic, topic)
        assert await Erasure(people).not_erased(pool, [(bank_id, who)]) == found
        if found:
            await ledger.execute(bank_id, EraseVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=who, rest="hold"))
            assert await Erasure(people).not_erased(pool, [(bank_id, who)]) == set()


async def test_tags_with_the_same_key_are_told_apart(
    ledger: Ledger, other: Ledger, store: Store, pool: Pool, bank_id: UUID
) -> None:
    """With but three keys for all tags everything is decided as with one for each, and the same is found."""
    commands = Market(seed=3).commands(120)
    usual = await ledger.submit(bank_id, commands)
    people = [volunteer(n) for n in range(1, 7)]
    accounts = [await on_account(pool, bank_id, who) for who in people]
    await pool.execute(ALL_ALIKE)
    another = uuid4()
    await store.open_bank(another, "Another", str(ZONE))
    await other.execute(another, OpenBank(by=ADMINISTRATOR, at=NOON, name="Another", timezone=str(ZONE)))
    for number, (command, outcome) in enumerate(zip(commands, usual, strict=True)):
        assert said(await other.submit(another, [command])) == said([outcome]), (number, command)
        if number % 40 == 0:
            other._writers[another][0]._knowledge.memories.forget_all()
    assert [finding async for finding in check_log(pool, another)] == []
    assert [await on_account(pool, another, who) for who in people] == accounts
    whom = [(another, who) for who in [*people, volunteer(999)]]
    there = await pool.fetch(
        load_statements("timebank.identity", "erasure.sql")["not_erased"], *zip(*whom, strict=True)
    )
    assert {row["volunteer_id"] for row in there} == set(people)
    who = volunteer(1)
    shown = await history.page(pool, another, Wanted(tags=(who,)), Span(), 500)
    assert all(who in event.tags for event in shown)
    assert len(shown) == await pool.fetchval(
        "select count(*) from event where bank_id = $1 and $2 = any (tags)", another, who
    )
