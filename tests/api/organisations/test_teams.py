"""Teams over HTTP: founded, joined, led, on duty, and what was served in their name."""

from datetime import timedelta

import pytest

from tests.api.team_scenes import at
from tests.api.world import World, service
from tests.controls import ZONE
from timebank.runtime.clock import utc_now


async def test_a_group_is_guided_and_led(world: World) -> None:
    """A group asks for guidance and gets it; its captain invites, lets in and sets the rota, which its people see."""
    captain, other, stranger = [await world.somebody(name) for name in ("陈静", "李兰", "赵强")]
    path = f"/v1/organisations/{world.garden}/teams"
    asked = await captain.post(f"{path}/proposals", {"name": "合唱队"}, expect=201)
    team_id, there = asked["team_id"], at(world, asked["team_id"])
    await stranger.post(f"{there}/accept", expect=404)
    await world.coordinator.post(f"{there}/accept", expect=200)
    seen = await captain.get(there)
    assert (seen["status"], seen["is_guided"], seen["captain_name"], seen["members"]) == ("active", True, "陈静", 1)
    assert (await stranger.get(there))["captain_name"] is None
    assert (await world.administrator.get(there))["captain_name"] == "陈静"
    await captain.post(f"{there}/members", {"volunteer_id": other.id}, expect=201)
    (invited,) = await other.get(f"/v1/volunteers/{other.id}/teams")
    assert (invited["status"], invited["name"]) == ("invited", "合唱队")
    await other.post(f"{there}/members/me/approve", expect=200)
    duty = {"from_day": "2026-03-05", "from_minute": 1170, "minutes": 150}
    await other.post(f"{there}/shifts", {"volunteer_id": other.id} | duty, expect=404)
    shift = await captain.post(f"{there}/shifts", {"volunteer_id": other.id} | duty, expect=201)
    (on_duty,) = (await other.get(f"{there}/shifts", on="2026-03-12"))["items"]
    assert (on_duty["shift_id"], on_duty["volunteer_name"]) == (shift["shift_id"], "李兰")
    assert (await other.get(f"{there}/shifts", on="2026-03-13"))["items"] == []
    people = (await other.get(f"{there}/members"))["items"]
    assert {each["volunteer_name"]: each["status"] for each in people} == {"陈静": "joined", "李兰": "joined"}
    for what in ("members", "shifts", "hours"):
        assert (await stranger.ask("GET", f"{there}/{what}")).status_code == 404
    await other.post(f"{there}/members/me/end", expect=200)
    assert (await captain.get(f"{there}/shifts"))["items"] == []
    assert (await other.get("/v1/volunteers/me/shifts")) == []
    assert [each["team_id"] for each in (await captain.get(path))["items"] if each["team_id"] == team_id] == [team_id]


async def test_a_captain_learns_no_name_by_inviting(world: World) -> None:
    """Whoever is invited has agreed to nothing: their captain sees the first character, until they have accepted."""
    captain, other = await world.somebody("钱多多"), await world.somebody("路遥知")
    teams = f"/v1/organisations/{world.garden}/teams"
    proposed = await captain.post(f"{teams}/proposals", {"name": "合唱队"}, expect=201)
    team = f"{teams}/{proposed['team_id']}"
    await world.coordinator.post(f"{team}/accept")
    await captain.post(f"{team}/members", {"volunteer_id": other.id}, expect=201)
    for name, number in (("路**", False), ("路遥知", True)):
        items = (await captain.get(f"{team}/members"))["items"]
        theirs = next(each for each in items if each["volunteer_id"] == other.id)
        assert (theirs["volunteer_name"], theirs["volunteer_number"] is not None) == (name, number)
        if not number:
            await other.post(f"{team}/members/{other.id}/approve")


async def test_whose_membership_is_over_sees_nobody_of_a_team(world: World) -> None:
    """Though nobody has ended it: neither its people and duties nor its hours, and they lead it no more."""
    captain = await world.member("member")
    there = at(world, await world.team(captain, is_guided=False))
    seen = "members", "shifts", "hours"
    assert [(await captain.ask("GET", f"{there}/{each}")).status_code for each in seen] == [200, 200, 200]
    yesterday = utc_now().astimezone(ZONE).date() - timedelta(days=1)
    term = {"role": "member", "valid_until": yesterday.isoformat()}
    await world.coordinator.patch(f"/v1/organisations/{world.garden}/members/{captain.id}", term, expect=200)
    assert [(await captain.ask("GET", f"{there}/{each}")).status_code for each in seen] == [404, 404, 404]
    await captain.post(f"{there}/rename", {"name": "夜巡队"}, expect=403)


async def test_the_hours_of_a_team_are_those_in_its_name(world: World) -> None:
    """What was confirmed in the name of a team is summed up by month and in all; what waits, or is not, is left out."""
    captain, other = await world.somebody(), await world.somebody()
    team_id = await world.team(captain, from_day="2020-01-01")
    day = utc_now().astimezone(ZONE).date()
    months = []
    for days_ago in (1, 40):
        await world.confirmed(other.id, days_ago=days_ago, team_id=team_id)
        months.append(f"{day - timedelta(days=days_ago):%Y-%m}")
    await world.log(captain.id, days_ago=1, team_id=team_id)
    await world.confirmed(captain.id, days_ago=2)
    hours = await captain.get(at(world, team_id, "/hours"))
    said = [(each["month"], each["people"], each["records"], each["minutes"]) for each in hours]
    assert said == [(month, 1, 1, 120) for month in sorted(months)] + [(None, 1, 2, 240)]
    await captain.post(at(world, team_id, "/members"), {"volunteer_id": other.id}, expect=201)
    await other.post(at(world, team_id, f"/members/{other.id}/approve"), expect=200)
    await other.get(at(world, team_id, "/members"))
    await other.get(at(world, team_id, "/hours"), expect=403)  # of two it would tell what the other served
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timebank.api.organisations.teams.LEAST_PEOPLE", 2)
        assert await other.get(at(world, team_id, "/hours")) == []  # one served in each month
        refused = await other.get(at(world, team_id, "/hours"), expect=403, **{"from": f"{day:%Y-%m}-02"})
        assert "whole months" in refused["detail"]
        await world.confirmed(captain.id, days_ago=40, hour=12, team_id=team_id)
        shown = await other.get(at(world, team_id, "/hours"))
        assert [(each["month"], each["people"]) for each in shown if each["month"]] == [(min(months), 2)]
        await world.confirmed(captain.id, days_ago=1, hour=12, team_id=team_id)
        shown = await other.get(at(world, team_id, "/hours"))  # of a month that is not over day by day it would tell
        assert {each["month"] for each in shown} - {None} == {month for month in months if month < f"{day:%Y-%m}"}
    since = str(day - timedelta(days=1))
    assert [each["minutes"] for each in await world.recorder.get(at(world, team_id, "/hours"), **{"from": since})] == [
        240,
        240,
    ]
    (record,) = (await other.get("/v1/service-records", limit=1))["items"]
    assert record["team_id"] == team_id
    elsewhere = await world.recorder.ask("POST", world.records, json=service(other.id, days_ago=6, team_id="tea_0"))
    assert elsewhere.json()["type"] == "/problems/team-unknown"


async def test_an_activity_of_a_team(world: World) -> None:
    """An activity that is planned for a team says so, and is put right without losing it."""
    team_id = await world.team(from_day="2020-01-01")
    activity_id = await world.activity(team_id=team_id)
    assert (await world.coordinator.get(f"/v1/activities/{activity_id}"))["team_id"] == team_id


async def test_an_administrator_is_a_member_like_others(world: World) -> None:
    """Whoever holds an office asks to join, and accepts an invitation, for themselves."""
    somebody, team_id = await world.appointed("administrator"), await world.team()
    await world.coordinator.post(at(world, team_id, "/members"), {"volunteer_id": somebody.id}, expect=201)
    await somebody.post(at(world, team_id, "/members/me/approve"), expect=200)
    (own,) = await somebody.get("/v1/volunteers/me/teams")
    assert own["status"] == "joined"
