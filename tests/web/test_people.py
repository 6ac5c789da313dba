"""The register of people on the administration's pages."""

from tests.api.merge_scenes import approved
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


async def test_only_a_second_administrator_is_offered_to_donate(world: World) -> None:
    """Who erases somebody gives their time to a fund only where another administrator had them leave before."""
    somebody, fund_id, path = await world.with_credit(45), await world.fund(), "/v1/volunteers"
    address = f"/admin/people/{somebody.id}/erase"
    first, second = world.administrator, await world.appointed("administrator")
    offices = [await signed_in(world, each.id) for each in (first, second)]

    async def offered() -> list[bool]:
        return ["fund_id" in (await each.get(address)).form(address).fields for each in offices]

    assert await offered() == [False, False]
    await first.post(f"{path}/{somebody.id}/leave", {"rest": "hold"}, expect=200)
    assert await offered() == [False, True]
    await second.post(f"{path}/{somebody.id}/reinstate", {"reason": "回来了"}, expect=200)
    assert await offered() == [False, False]
    await first.post(f"{path}/{somebody.id}/leave", {"rest": "hold"}, expect=200)
    form = (await offices[1].get(address)).form(address)
    await offices[1].send(form, rest="donate", fund_id=fund_id)
    assert (await world.balance(somebody.id))["available_minutes"] == 0


async def test_whoever_was_registered_twice_reads_both_statements(world: World) -> None:
    """The statement of the number that was merged is a link away, month by month and as a file; of nobody else's."""
    kept, gone, stranger = await world.somebody(), await world.with_credit(90), await world.with_credit(90)
    numbers = [(await world.administrator.get(f"/v1/volunteers/{each.id}"))["number"] for each in (gone, stranger)]
    await approved(world, kept, gone)
    reader = await signed_in(world, kept.id)
    page = await reader.get("/statement")
    (link,) = [each for each in page.links if "number=" in each]
    assert f"number={numbers[0]}" in link
    assert "1小时30分" in (await reader.get("/home")).text
    theirs = await reader.get(link)
    assert all(f"number={numbers[0]}" in each for each in theirs.links if "month=" in each)
    assert "已并入" in theirs.text
    for number, is_told in zip(numbers, (True, False), strict=True):
        address = f"/statement?number={number}"
        assert ("已并入" in (await reader.get(address)).text) == is_told
    assert (await (await signed_in(world, stranger.id)).get(f"/statement?number={numbers[0]}")).text.count(
        "已并入"
    ) == 0
