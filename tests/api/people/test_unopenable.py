"""One row of personal data that cannot be opened is one name less, and hides nobody else."""

import pytest
import structlog.testing

from tests.api.world import World


@pytest.mark.parametrize("harm", ["sealed = 'nonsense'", "sealed = sealed || '1'", "document = 'nonsense'"])
async def test_one_unopenable_row_hides_nobody(own_world: World, harm: str) -> None:
    """Lists go on, with that name missing; it is logged once, without anything personal, and found by verifying."""
    world, people = own_world, own_world.services.people
    somebody = await world.member("recorder")
    await world.services.pool.execute(f"update person set {harm} where volunteer_id = $1", somebody.id)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            await somebody.get("/v1/me/data")
            found = await world.administrator.get("/v1/volunteers", limit=500)
            members = await world.administrator.get(f"/v1/organisations/{world.garden}/members")
    told = [entry for entry in logs if entry["log_level"] == "error"]
    assert told == [
        {
            "event": "what is personal cannot be opened",
            "log_level": "error",
            "bank_id": str(world.bank_id),
            "volunteer_id": somebody.id,
        }
    ]
    if "sealed" in harm:
        for page in (found, members):
            names = {each["volunteer_id"]: each.get("name", each.get("volunteer_name")) for each in page["items"]}
            nameless = [volunteer_id for volunteer_id, name in names.items() if name is None]
            assert nameless == [somebody.id]
    assert await people.unopenable(world.services.pool, world.bank_id) == [somebody.id]
