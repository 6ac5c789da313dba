# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Scenes that lead to the refusals about activities."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import httpx

from tests.api.credit_scenes import Scene, governed
from tests.api.world import Caller, World, hours_of, service
from timebank.domain.organisations import employments
from timebank.runtime.clock import utc_now


def at(activity_id: str, what: str) -> str:
    return f"/v1/activities/{activity_id}/{what}"


async def signed_up(world: World, activity_id: str) -> Caller:
    somebody = await world.somebody()
    await somebody.post(at(activity_id, "sign-ups"), {}, expect=201)
    return somebody


async def entered(world: World, activity_id: str, somebody: Caller, kind: str = "in", **said: Any) -> dict[str, Any]:
    entry = {"entry_id": f"{somebody.id}{kind}", "volunteer_id": somebody.id, "kind": kind} | said
    told = await world.coordinator.post(at(activity_id, "entries"), {"entries": [entry]}, expect=200)
    verdict: dict[str, Any] = told["results"][0]
    return verdict


async def shown(world: World, activity_id: str) -> str:
    code: str = (await world.coordinator.get(at(activity_id, "code")))["code"]
    return code


async def sign_in(world: World, somebody: Caller, activity_id: str, how: str = "check-in") -> httpx.Response:
    body = {"code": await shown(world, activity_id)}
    return await somebody.ask("POST", at(activity_id, how), json=body)


def ago(hours: float) -> str:
    return (utc_now() - timedelta(hours=hours)).isoformat()


async def activity_unknown(world: World) -> httpx.Response:
    return await world.volunteer.ask("GET", "/v1/activities/act_0")


async def code_not_valid(world: World) -> httpx.Response:
    activity_id = await world.activity()
    somebody = await signed_up(world, activity_id)
    return await somebody.ask("POST", at(activity_id, "check-in"), json={"code": "000000x"})


async def for_members_only(world: World) -> httpx.Response:
    activity_id = await world.activity(open_to="members")
    return await (await world.somebody()).ask("POST", at(activity_id, "sign-ups"), json={})


async def _plan(world: World, **changes: Any) -> httpx.Response:
    body = {
        "name": "巡逻", "category": "巡逻", "content": "巡逻", "place": "3栋", "leader_id": world.coordinator.id,
        "starts_at": ago(-1), "ends_at": ago(-3),
    }  # fmt: skip
    path = f"/v1/organisations/{world.garden}/activities"
    return await world.coordinator.ask("POST", path, json=body | changes)


async def leader_not_member(world: World) -> httpx.Response:
    return await _plan(world, leader_id=(await world.somebody()).id)


async def activity_in_the_past(world: World) -> httpx.Response:
    return await _plan(world, starts_at=ago(3), ends_at=ago(1))


async def activity_not_open(world: World) -> httpx.Response:
    activity_id = await world.activity()
    return await world.coordinator.ask("POST", at(activity_id, "publish"))


async def already_signed_up(world: World) -> httpx.Response:
    activity_id = await world.activity()
    somebody = await signed_up(world, activity_id)
    return await somebody.ask("POST", at(activity_id, "sign-ups"), json={})


async def too_many_sign_ups(world: World) -> httpx.Response:
    other = await governed(world, open_sign_ups=1)
    somebody = await signed_up(other, await other.activity())
    return await somebody.ask("POST", at(await other.activity(), "sign-ups"), json={})


async def _call(world: World, **said: Any) -> httpx.Response:
    body = {"node_id": await world.node(), "reason": "暴雨转移"} | said
    return await world.coordinator.ask("POST", at(await world.activity(), "calls"), json=body)


async def too_many_called(world: World) -> httpx.Response:
    return await _call(world, people=101)


async def too_many_call_ups(world: World) -> httpx.Response:
    other = await governed(world, call_ups_per_day=1)
    assert (await _call(other)).status_code == 201
    return await _call(other)


async def not_signed_up(world: World) -> httpx.Response:
    return await sign_in(world, await world.somebody(), await world.activity())


async def already_checked_in(world: World) -> httpx.Response:
    activity_id = await world.activity()
    somebody = await signed_up(world, activity_id)
    assert (await sign_in(world, somebody, activity_id)).status_code == 200
    return await sign_in(world, somebody, activity_id)


async def not_checked_in(world: World) -> httpx.Response:
    activity_id = await world.activity()
    return await sign_in(world, await signed_up(world, activity_id), activity_id, "check-out")


async def checked_in_elsewhere(world: World) -> httpx.Response:
    first, second = await world.activity(), await world.activity()
    somebody = await signed_up(world, first)
    await somebody.post(at(second, "sign-ups"), {}, expect=201)
    assert (await sign_in(world, somebody, first)).status_code == 200
    return await sign_in(world, somebody, second)


async def seats_taken(world: World) -> httpx.Response:
    activity_id = await world.activity()
    for _ in range(2):
        await signed_up(world, activity_id)
    seen = await world.coordinator.get(f"/v1/activities/{activity_id}")
    names = ("name", "category", "content", "place", "starts_at", "ends_at", "leader_id")
    body = {name: seen[name] for name in names} | {"seats": 1}
    return await world.coordinator.ask("POST", at(activity_id, "change"), json=body)


async def still_running(world: World) -> httpx.Response:
    return await world.coordinator.ask("POST", at(await world.activity(), "close"))


async def outside_its_time(world: World) -> httpx.Response:
    activity_id = await world.activity(starts_in=5)
    return await sign_in(world, await signed_up(world, activity_id), activity_id)


async def closed(world: World, **how: Any) -> tuple[str, Caller]:
    """An activity that is over and closed, of which somebody was forgotten, or not."""
    somebody = await world.somebody()
    activity_id = await world.past_activity(somebody, **how)
    await world.coordinator.post(at(activity_id, "close"), expect=200)
    return activity_id, somebody


async def say(world: World, activity_id: str, somebody: Caller, **said: Any) -> httpx.Response:
    body = {"volunteer_id": somebody.id} | said
    return await world.coordinator.ask("POST", at(activity_id, "presences"), json=body)


async def left_unsaid(world: World) -> httpx.Response:
    return await say(world, *await closed(world, has_left=False))


async def too_late_to_say(world: World) -> httpx.Response:
    return await say(world, *await closed(world, has_left=False, days_ago=30), left_at=ago(30 * 24))


async def presence_already_logged(world: World) -> httpx.Response:
    return await say(world, *await closed(world))


async def records_of(world: World, somebody: Caller) -> str:
    (record,) = (await somebody.get("/v1/service-records"))["items"]
    return f"/v1/service-records/{record['record_id']}"


async def outside_the_activity(world: World) -> httpx.Response:
    _, somebody = await closed(world)
    body = {"started_at": ago(30), "ended_at": ago(29)}
    return await world.recorder.ask("PATCH", await records_of(world, somebody), json=body)


async def leader_was_absent(world: World) -> httpx.Response:
    _, somebody = await closed(world)
    return await world.verifier.ask("POST", f"{await records_of(world, somebody)}/confirm")


async def employment_unknown(world: World) -> httpx.Response:
    body = {"volunteer_id": world.volunteer.id, "until_day": "2026-12-31"}
    path = f"/v1/organisations/{world.garden}/employments/emp_0/end"
    return await world.administrator.ask("POST", path, json=body)


async def employee_is_declarer(world: World) -> httpx.Response:
    body = {"volunteer_id": world.coordinator.id, "kind": "contract", "from_day": "2026-01-01"}
    return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/employments", json=body)


async def leave_in_the_past(world: World) -> httpx.Response:
    somebody = await world.somebody()
    job = await world.employed(somebody)
    body = {"volunteer_id": somebody.id, "first_day": "2026-01-02", "last_day": "2026-01-02"}
    return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/employments/{job}/leaves", json=body)


async def employment_ends_in_the_past(world: World) -> httpx.Response:
    somebody = await world.somebody()
    job = await world.employed(somebody)
    body = {"volunteer_id": somebody.id, "until_day": "2026-01-02"}
    return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/employments/{job}/end", json=body)


async def too_many_employments(world: World) -> httpx.Response:
    body = {"volunteer_id": world.recorder.id, "kind": "contract", "from_day": "2026-01-01"}
    with patch.object(employments, "MOST_EMPLOYMENTS", 0):
        return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/employments", json=body)


async def duty_hours_overlap(world: World) -> httpx.Response:
    hours = [{"weekday": 1, "from_minute": 600, "until_minute": 540}]
    body = {"volunteer_id": world.recorder.id, "kind": "contract", "from_day": "2026-01-01", "hours": hours}
    return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/employments", json=body)


async def capacity_differs(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.employed(somebody)
    return await world.recorder.ask("POST", world.records, json=service(somebody.id))


async def colleague_confirms(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.employed(somebody, hours=[])
    record_id = await world.log(somebody.id, capacity="staff-off-duty")
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/confirm")


async def proposal_unknown(world: World) -> httpx.Response:
    return await world.recorder.ask("POST", "/v1/proposals/pro_0/take-up")


async def proposal_not_open(world: World) -> httpx.Response:
    proposal_id = await world.proposal(await world.somebody())
    await world.recorder.post(f"/v1/proposals/{proposal_id}/take-up", expect=200)
    return await world.recorder.ask("POST", f"/v1/proposals/{proposal_id}/take-up")


async def witness_is_beneficiary(world: World) -> httpx.Response:
    somebody = await world.somebody()
    body = {"organisation_id": world.garden, "activity": "探访", "category": "公益慈善", **hours_of()}
    return await somebody.ask("POST", "/v1/proposals", json=body | {"witness_id": somebody.id})


ACTIVITY_SCENES: dict[str, tuple[int, Scene]] = {
    "activity-unknown": (404, activity_unknown),
    "code-not-valid": (403, code_not_valid),
    "for-members-only": (403, for_members_only),
    "leader-not-member": (409, leader_not_member),
    "activity-in-the-past": (422, activity_in_the_past),
    "activity-not-open": (409, activity_not_open),
    "already-signed-up": (409, already_signed_up),
    "too-many-sign-ups": (409, too_many_sign_ups),
    "not-signed-up": (409, not_signed_up),
    "too-many-called": (422, too_many_called),
    "too-many-call-ups": (409, too_many_call_ups),
    "already-checked-in": (409, already_checked_in),
    "not-checked-in": (409, not_checked_in),
    "checked-in-elsewhere": (409, checked_in_elsewhere),
    "seats-taken": (409, seats_taken),
    "employment-unknown": (404, employment_unknown),
    "employee-is-declarer": (403, employee_is_declarer),
    "employment-ends-in-the-past": (403, employment_ends_in_the_past),
    "leave-in-the-past": (403, leave_in_the_past),
    "too-many-employments": (409, too_many_employments),
    "duty-hours-overlap": (409, duty_hours_overlap),
    "capacity-differs": (409, capacity_differs),
    "colleague-confirms": (403, colleague_confirms),
    "proposal-unknown": (404, proposal_unknown),
    "proposal-not-open": (409, proposal_not_open),
    "witness-is-beneficiary": (403, witness_is_beneficiary),
    "still-running": (409, still_running),
    "left-unsaid": (422, left_unsaid),
    "too-late-to-say": (409, too_late_to_say),
    "presence-already-logged": (409, presence_already_logged),
    "outside-the-activity": (422, outside_the_activity),
    "leader-was-absent": (403, leader_was_absent),
    "outside-its-time": (422, outside_its_time),
}
