from typing import Any

from tests.api.world import Caller, World, hours_of


async def shown(caller: Caller, alias: str | None = None, granted: bool = True) -> None:
    """They agree to appear, or no longer do."""
    wish = {"purpose": "leaderboard", "granted": granted, "alias": alias}
    await caller.post(
        f"/v1/volunteers/{caller.id}/consents", {key: value for key, value in wish.items() if value is not None}
    )


async def test_the_board(own_world: World) -> None:
    """Competition rank; only those who agreed are named, under their alias if they chose one; everybody counts."""
    world = own_world
    people = [await world.somebody(name) for name in ("赵一", "钱二", "孙三", "李四", "周五", "吴六")]
    for caller, hours in zip(people, (5, 4, 4, 3, 2, 6), strict=True):
        await world.confirmed(caller.id, hours=hours, days_ago=2)
    on_duty = await world.somebody("郑七")
    await world.confirmed(on_duty.id, hours=8, capacity="staff-on-duty")
    await world.log(people[4].id, hours=8, days_ago=3)
    for caller in (*people[:4], on_duty):
        await shown(caller, "热心邻居" if caller is people[1] else None)
    board = await world.volunteer.get("/v1/leaderboards/bank")
    cut_off = board.pop("cut_off")
    assert cut_off["position"] == await world.services.ledger.store.head(world.bank_id)
    assert board == {
        "period": "all",
        "items": [
            {"rank": 1, "volunteer": {"volunteer_id": people[0].id, "name": "赵一"}, "value": 300},
            {"rank": 2, "volunteer": {"volunteer_id": None, "name": "热心邻居"}, "value": 240},
            {"rank": 2, "volunteer": {"volunteer_id": people[2].id, "name": "孙三"}, "value": 240},
            {"rank": 4, "volunteer": {"volunteer_id": people[3].id, "name": "李四"}, "value": 180},
        ],
        "next": None,
        "total": 1440,
        "hidden": 2,
        "hidden_minutes": 480,
    }
    assert sum(each["value"] for each in board["items"]) + board["hidden_minutes"] == board["total"]
    pages = await world.volunteer.pages("/v1/leaderboards/bank", limit=1)
    assert [each for page in pages for each in page] == board["items"]
    assert [len(page) for page in pages] == [1, 1, 1, 1]
    await shown(people[0], granted=False)
    board = await world.volunteer.get("/v1/leaderboards/bank")
    assert "赵一" not in str(board)
    assert [each["rank"] for each in board["items"]] == [1, 1, 3]
    assert (board["hidden"], board["hidden_minutes"], board["total"]) == (3, 780, 1440)


async def test_periods_are_of_the_local_day(own_world: World) -> None:
    """A year's and a month's board count the service whose local day lies in it, and corrections move it."""
    world = own_world
    somebody = await world.somebody("赵一")
    await shown(somebody)
    record_id = await world.confirmed(somebody.id, hours=2, days_ago=400)
    then, lately = hours_of(days_ago=400)["started_at"][:10], hours_of(days_ago=1)["started_at"][:10]

    async def value(period: str) -> Any:
        board = await world.verifier.get("/v1/leaderboards/bank", period=period)
        assert board["period"] == period
        assert sum(each["value"] for each in board["items"]) == board["total"]
        return board["total"]

    assert [await value(period) for period in ("all", then[:4], then[:7], lately[:7])] == [120, 120, 120, 0]
    moved = {"reason": "日期有误", **hours_of(days_ago=1, hours=1)}
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", moved)
    assert [await value(period) for period in ("all", then[:4], then[:7], lately[:7])] == [60, 0, 0, 60]
    await world.verifier.post(f"/v1/service-records/{record_id}/void", {"reason": "没有来"})
    assert [await value(period) for period in ("all", lately[:4], lately[:7])] == [0, 0, 0]
    assert (await world.verifier.get("/v1/leaderboards/bank"))["hidden"] == 0


async def test_what_is_no_period_is_refused(world: World) -> None:
    """A period is `all`, a year or a month."""
    for period in ("", "alle", "26", "2026-13", "2026-1", "2026-11-20", "all ", "all\n", "２０２６"):
        refused = await world.volunteer.get("/v1/leaderboards/bank", expect=400, period=period)
        assert refused["errors"][0]["field"] == "period"


async def test_an_empty_board(own_world: World) -> None:
    """A board of nobody is empty, and knows up to where it counts."""
    board = await own_world.volunteer.get("/v1/leaderboards/bank", period="1999")
    assert (board["items"], board["total"], board["hidden"], board["next"]) == ([], 0, 0, None)
    assert board["cut_off"]["recorded_at"] is not None


async def test_where_one_stands(own_world: World) -> None:
    """One is told one's rank, the way to the next, and the neighbours who agreed to be named."""
    world = own_world
    people = [await world.somebody(name) for name in ("赵一", "钱二", "孙三", "李四")]
    for caller, hours in zip(people, (5, 4, 3, 2), strict=True):
        await world.confirmed(caller.id, hours=hours, days_ago=2)
    for caller in (people[0], people[3]):
        await shown(caller)
    place = await people[2].get("/v1/leaderboards/bank/me")
    place.pop("cut_off")
    assert place == {
        "period": "all",
        "is_shown": False,
        "value": 180,
        "rank": 2,
        "minutes_to_next": 120,
        "above": [{"rank": 1, "volunteer": {"volunteer_id": people[0].id, "name": "赵一"}, "value": 300}],
        "below": [{"rank": 2, "volunteer": {"volunteer_id": people[3].id, "name": "李四"}, "value": 120}],
    }
    first = await people[0].get("/v1/leaderboards/bank/me", neighbours=0)
    assert (first["rank"], first["minutes_to_next"], first["is_shown"], first["below"]) == (1, None, True, [])
    assert (await world.verifier.get("/v1/leaderboards/bank/me", period="1999"))["rank"] is None
    await world.organisation.get("/v1/leaderboards/bank/me", expect=403)
    for cursor in ("7", "x.y.z"):
        await people[0].get("/v1/leaderboards/bank", expect=400, after=cursor)
