"""Statistics by month: what came of activities, self-reports, teams and duty."""

import csv
import io
from datetime import date, datetime
from typing import Any

from tests.api.activity_scenes import at
from tests.api.world import Caller, World, hours_of, service
from timebank.domain.acting import Acting
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId

Came = dict[str, int]


class Change:
    """What statistics of the garden, and as much of the bank, count more than they did."""

    def __init__(self, world: World, auditor: Caller) -> None:
        self._world, self._auditor = world, auditor
        self._before: list[Came] = []

    async def seen(self) -> Came:
        """What is counted since this was asked last; the bank counts as much more as the garden."""
        paths = (f"/v1/organisations/{self._world.garden}/statistics", "/v1/statistics")
        now = [await self._total(path) for path in paths]
        before, self._before = self._before or now, now
        garden, bank = (
            {name: each[name] - was[name] for name in each if each[name] != was[name]}
            for each, was in zip(now, before, strict=True)
        )
        assert garden == bank
        return garden

    async def _total(self, path: str) -> Came:
        told = await self._auditor.get(path)
        total = {name: value for name, value in told["total"].items() if name != "month"}
        assert total == {name: sum(each[name] for each in told["items"]) for name in total}
        return total


async def signs_up_at_its_start(world: World, activity_id: str, somebody: Caller) -> None:
    """Somebody signed up for what is over by now."""
    start = datetime.fromisoformat((await world.coordinator.get(f"/v1/activities/{activity_id}"))["starts_at"])
    program = Acting(ActorId(world.garden), "organisation")
    whom: Any = {"activity_id": ActivityId(activity_id), "volunteer_id": VolunteerId(somebody.id)}
    await world.services.ledger.execute(world.bank_id, SignUp(by=program, at=start, **whom))


async def test_activities_count_when_they_are_over(own_world: World) -> None:
    """Held and cancelled, places, who signed up, who was there and who was not; nothing of what is still to come."""
    world = own_world  # in a shared one other activities may end meanwhile
    change = Change(world, await world.appointed("auditor"))
    await change.seen()
    came, forgot, lazy, late = [await world.somebody() for _ in range(4)]
    activity_id = await world.past_activity(came, days_ago=6, led=True, seats=30)
    await signs_up_at_its_start(world, activity_id, lazy)
    open_id = await world.activity(starts_in=5)
    await late.post(at(open_id, "sign-ups"), {}, expect=201)
    assert await change.seen() == {}
    await world.coordinator.post(at(activity_id, "close"), expect=200)
    assert await change.seen() == {"held": 1, "places": 30, "signed_up": 3, "present": 2, "absent": 1}
    unlimited = await world.past_activity(forgot, days_ago=7, has_left=False)
    await world.coordinator.post(at(unlimited, "close"), expect=200)
    assert await change.seen() == {"held": 1, "without_limit": 1, "signed_up": 1, "present": 1}
    await world.coordinator.post(at(open_id, "cancel"), {"reason": "暴雨"}, expect=200)
    assert await change.seen() == {"cancelled": 1}


async def test_what_the_law_tells_apart_is_told_apart(world: World) -> None:
    """Minutes of residents, of staff off duty, paid, with an allowance, in the name of teams; also when corrected,
    and when the team is.
    """
    change = Change(world, await world.appointed("auditor"))
    somebody, helped = await world.somebody(), await world.somebody()
    await world.employed(helped, "allowance", hours=[])
    team_id = await world.team(from_day="2026-01-01")
    await change.seen()
    record_id = await world.confirmed(somebody.id, team_id=team_id)
    await world.confirmed(somebody.id, hour=11, hours=1, capacity="staff-on-duty", team_id=team_id)
    await world.confirmed(somebody.id, hour=13, hours=1, capacity="staff-off-duty")
    await world.confirmed(helped.id, hours=3)
    counted = {"resident_minutes": 300, "off_duty_minutes": 60, "duty_minutes": 60, "subsidised_minutes": 180}
    assert await change.seen() == counted | {"team_minutes": 120}
    corrected = {"capacity": "staff-off-duty", "minutes": 90, "reason": "登记错了"}
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", corrected, expect=200)
    assert await change.seen() == {"resident_minutes": -120, "off_duty_minutes": 90, "team_minutes": -30}
    path = f"/v1/organisations/{world.garden}/statistics/teams"
    (of_team,) = [each for each in (await world.recorder.get(path))["items"] if each["team_id"] == team_id]
    day = hours_of()["started_at"]
    assert (of_team["month"], of_team["team_name"], of_team["minutes"]) == (day[:7], "巡逻队", 90)
    assert (await world.recorder.get(path, after=f"{day[:7]}/{team_id}"))["items"] == []
    await world.recorder.get(path, expect=400, after="x")
    choir = await world.team(name="合唱队", from_day="2026-01-01")
    there = f"/v1/service-records/{record_id}"
    for named, further in ((choir, {"minutes": 80}), (None, {}), (team_id, {})):
        body = {"team_id": named, "reason": "对照签到表", **further}
        corrected = await world.verifier.post(f"{there}/correct", body, expect=200)
        assert (await world.verifier.get(there))["team_id"] == named
        theirs = (await world.recorder.get(path))["items"]
        by_team = {each["team_id"]: each["minutes"] for each in theirs if each["team_id"] in (team_id, choir)}
        assert by_team == ({named: 80} if named else {}), "teams without service are not listed"
        for each, minutes in ({team_id: 0, choir: 0} | by_team).items():
            hours = await world.administrator.get(f"/v1/organisations/{world.garden}/teams/{each}/hours")
            assert hours[-1]["minutes"] == minutes
            assert len(hours) == 1 + bool(minutes)
    assert await change.seen() == {"off_duty_minutes": -10, "team_minutes": -10}
    told = await world.administrator.get(f"/v1/audit/events/{corrected['position'] - 1}/change")
    assert told["changed"]["team_id"] == {"before": choir, "after": None}
    await world.verifier.post(f"{there}/void", {"reason": "重复"}, expect=200)
    assert await change.seen() == {"off_duty_minutes": -80, "team_minutes": -80}


async def test_an_allowance_counts_for_the_days_a_record_says_now(world: World) -> None:
    """Moved to a day with an allowance, amended or corrected, the minutes are marked; moved away they are not."""
    change = Change(world, await world.appointed("auditor"))
    helped = await world.somebody()
    paid_day, plain_day = hours_of(days_ago=3), hours_of(days_ago=5)
    day = paid_day["started_at"][:10]
    await world.employed(helped, "allowance", hours=[], from_day=day, until_day=day)
    await change.seen()
    amended_id = (await world.recorder.post(world.records, service(helped.id, **plain_day), expect=201))["record_id"]
    there = f"/v1/service-records/{amended_id}"
    await world.recorder.patch(there, {**paid_day, "reason": "日期写错了"}, expect=200)
    seen = await world.verifier.get(there)
    assert seen["is_subsidised"]
    await world.verifier.post(f"{there}/confirm", {"digest": seen["digest"]}, expect=200)
    assert await change.seen() == {"resident_minutes": 120, "subsidised_minutes": 120}
    for said, minutes in ((plain_day, -120), ({"minutes": 60}, 0), (paid_day | {"minutes": 60}, 60)):
        await world.verifier.post(f"{there}/correct", {**said, "reason": "对照签到表"}, expect=200)
        assert (await world.verifier.get(there))["is_subsidised"] == (said.get("started_at") == paid_day["started_at"])
        assert (await change.seen()).get("subsidised_minutes", 0) == minutes
    await world.verifier.post(f"{there}/void", {"reason": "重复"}, expect=200)
    assert await change.seen() == {"resident_minutes": -60, "subsidised_minutes": -60}


async def test_self_reports_count_by_what_became_of_them(world: World) -> None:
    """Those taken up and those declined; what waits, or was taken back, counts for nothing."""
    change = Change(world, await world.appointed("auditor"))
    await change.seen()
    people = [await world.somebody() for _ in range(4)]
    ids = [await world.proposal(each) for each in people]
    path = "/v1/proposals/{}/{}"
    await world.recorder.post(path.format(ids[0], "take-up"), {}, expect=200)
    for each in ids[1:3]:
        await world.recorder.post(path.format(each, "decline"), {"reason": "没有这回事"}, expect=200)
    await people[3].post(path.format(ids[3], "withdraw"), expect=200)
    assert await change.seen() == {"taken_up": 1, "declined": 2}


async def test_months_are_asked_for_by_their_days(world: World) -> None:
    """From the month of a day until that of another; as a table the last row is all of them."""
    somebody = await world.somebody()
    months = [datetime.fromisoformat(hours_of(days_ago=days)["started_at"]).date() for days in (40, 1)]
    for day in (40, 1):
        await world.confirmed(somebody.id, days_ago=day)
    path = f"/v1/organisations/{world.garden}/statistics"

    async def told(**asked: Any) -> list[str]:
        return [each["month"] for each in (await world.verifier.get(path, **asked))["items"]]

    assert {f"{each:%Y-%m}" for each in months} <= set(await told())
    assert await told(**{"from": months[0], "until": months[0]}) == [f"{months[0]:%Y-%m}"]
    assert await told(until=date(2000, 1, 1)) == []
    response = await world.verifier.ask("GET", path, params={"format": "csv"}, headers={"Accept-Language": "zh"})
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert rows[0][:3] == ["月份", "已举办活动", "已取消活动"]
    assert rows[-1][0] == "合计"
    for column in range(1, len(rows[0])):
        assert float(rows[-1][column]) == sum(float(row[column]) for row in rows[1:-1])


async def test_they_are_for_those_who_do_something_there(world: World) -> None:
    """Whoever records or verifies for an organisation, administrators and auditors; strangers know of none."""
    path = f"/v1/organisations/{world.garden}/statistics"
    stranger, merchant = await world.somebody(), await world.member("merchant")
    for caller, status in ((world.recorder, 200), (world.verifier, 200), (stranger, 404), (merchant, 404)):
        await caller.get(path, expect=status)
        await caller.get(f"{path}/teams", expect=status)
        await caller.get("/v1/statistics", expect=403)
    await world.administrator.get("/v1/organisations/org_0/statistics", expect=404)
    await world.administrator.get("/v1/statistics", expect=200)
    # What is logged is told by nobody before it is confirmed.
    change = Change(world, world.administrator)
    await change.seen()
    await world.organisation.post(world.records, service(stranger.id), expect=201)
    assert await change.seen() == {}
