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
