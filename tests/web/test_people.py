"""The register of people on the administration's pages."""

from tests.api.world import World
from tests.web.reader import signed_in


async def test_somebody_leaves_and_comes_back(world: World) -> None:
    """An administrator notes that somebody leaves, with what stays on their account; and that they came back."""
    somebody = await world.with_credit(90)
    reader, address = await signed_in(world, world.administrator.id), f"/admin/people/{somebody.id}"
    assert f"{address}/leave" in (await reader.get(address)).links
    page = await reader.get(f"{address}/leave")
    assert "1小时30分" in page.text
    page = await reader.send(page.form(f"{address}/leave"))
    assert page.path == address
    assert (await world.balance(somebody.id))["available_minutes"] == 90
    assert f"{address}/leave" not in page.links
    await reader.send(next(each for each in page.forms if "reason" in each.fields), what="reinstate", reason="回来了")
    assert (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["status"] == "active"


async def test_whoever_has_all_set_aside_can_leave(world: World) -> None:
    """What is set aside comes back when somebody leaves, so it is said, and asked, what is to become of it."""
    somebody, other = await world.with_credit(90), await world.with_credit(90)
    reward_id = await world.reward(cost_minutes=90)
    await world.redeem(somebody, reward_id)
    await world.redeem(other, reward_id)
    reader, address = await signed_in(world, world.administrator.id), f"/admin/people/{somebody.id}/leave"
    page = await reader.get(address)
    assert "1小时30分" in page.text
    await reader.send(page.form(address))
    assert (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["status"] == "left"
    own = await signed_in(world, other.id)
    page = await own.get("/more/leave")
    assert "1小时30分" in page.text
    await own.send(page.form("/more/leave"))
    assert (await world.administrator.get(f"/v1/volunteers/{other.id}"))["status"] == "left"
