"""The desk of an organisation: it leads nobody to what is not for them."""

from typing import get_args

import pytest

from tests.api.world import World
from tests.web.reader import signed_in
from timebank.domain.facts.organisations import Role


@pytest.mark.parametrize("role", [*get_args(Role), "administrator", "auditor"])
async def test_a_desk_leads_where_one_may_go(world: World, role: str) -> None:
    """Each page that the desk leads to is shown, whatever role somebody has; plain members are not led to it at all."""
    is_office = role in ("administrator", "auditor")
    somebody = await world.appointed(role) if is_office else await world.member(role)
    reader = await signed_in(world, somebody.id)
    assert ("/o" in (await reader.get("/more")).links) == (role not in ("member", "administrator", "auditor"))
    for path in {each for each in (await reader.get(f"/o/{world.garden}")).links if each.startswith("/o/")}:
        assert (await reader.get(path)).status == 200, path
