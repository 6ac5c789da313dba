"""Teams as they are read: who belongs to them, who leads them, who is on duty, as the facts say."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import NOON
from tests.controls.squads import Squads
from tests.controls.town import found, volunteer
from timebank.db.connections import Pool
from timebank.domain.identifiers import TeamId, new_bank_id
from timebank.domain.kernel import Fact, Memory
from timebank.domain.organisations.rosters import Team
from timebank.domain.organisations.rotas import Shifts, is_on
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Receipt
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner
from timebank.projections.organisations import teams
from timebank.projections.organisations.teams import PROJECTION

PEOPLE = [volunteer(n) for n in range(1, 6)]
TODAY = NOON.date()


async def live(ledger: Ledger, store: Store, seed: int, batch: int) -> tuple[UUID, list[Fact]]:
    """Live through it in a bank of its own, so many commands at a time; what happened."""
    bank_id, squads, happened = UUID(new_bank_id()), Squads(seed, PEOPLE), []
    await store.open_bank(bank_id, "Test bank", "Asia/Shanghai")
    commands = [*found(len(PEOPLE)), *squads.found(), *(squads.next() for _ in range(150))]
    runner = Runner(store, [PROJECTION])
    for start in range(0, len(commands), batch):
        outcomes = await ledger.submit(bank_id, commands[start : start + batch])
        happened += [fact for each in outcomes if isinstance(each, Receipt) for fact in each.facts]
        while await runner.catch_up(bank_id):
            pass
    return bank_id, happened


def remembered(memory: Any, facts: list[Fact]) -> Any:
    """What a decision would know."""
    boundary = memory.consistency_boundary()
    for fact in facts:
        if type(fact) in boundary.types and set(fact.tags()).issuperset(boundary.tags):
            memory.remember(fact)
    assert isinstance(memory, Memory)
    return memory


@pytest.mark.drill
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@for_all(seed=st.integers(0, 10**9), batch=st.sampled_from([1, 9, 400]))
async def test_teams_are_read_as_decisions_know_them(
    ledger: Ledger, store: Store, pool: Pool, seed: int, batch: int
) -> None:
    """Standing, captain, members and rota are those that a decision would find, however much is taken in at once."""
    bank_id, happened = await live(ledger, store, seed, batch)
    rota = [shift for each in PEOPLE for shift in remembered(Shifts(each), happened).shifts.values()]
    seen = await teams.page(pool, bank_id, TODAY, "org_garden", "", 500)
    assert [each.team_id for each in seen] == sorted({tag for fact in happened for tag in fact.tags() if "tea_" in tag})
    for view in seen:
        team: Team = remembered(Team(TeamId(view.team_id)), happened)
        assert (view.status, view.name, view.captain_id, view.members) == (
            team.status, team.name, team.captain(TODAY), len(team.members),
        )  # fmt: skip
        people = await teams.members(pool, bank_id, view.team_id, "", 500)
        said = {each: "invited" if invited else "requested" for each, invited in team.asked.items()}
        assert {each.volunteer_id: each.status for each in people} == said | dict.fromkeys(team.members, "joined")
        for day, only in [(date.min, False), *((TODAY + timedelta(days=n), True) for n in range(-3, 12))]:
            found_on = await teams.rota(pool, bank_id, view.team_id, day, "", 500, only=only)
            held = {each.shift_id for each in found_on}
            assert held == {
                each.shift_id for each in rota if each.team_id == view.team_id and (not only or is_on(each, day))
            }
    own = [shift.shift_id for each in PEOPLE for shift in await teams.own_shifts(pool, bank_id, each, date.min)]
    assert sorted(own) == sorted(each.shift_id for each in rota)
    compared = await verify(pool, PROJECTION, bank_id)
    assert compared.is_equal, compared.differences
