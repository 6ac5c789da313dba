"""Who may do what: every operation, asked by everybody."""

from typing import Any

import pytest
from litestar.routes import HTTPRoute

from .world import World, service

ROLES = ("administrator", "organisation", "recorder", "verifier", "coordinator", "volunteer", "stranger")

REASON = {"reason": "为什么"}
BODY = {"name": "某某", "kind": "enterprise"}
CONSENT = {"purpose": "leaderboard", "granted": False}

# Who gets through ("ok": 200 or 201), and what the others are told, in the order of ROLES.
# {volunteer} is "volunteer" of ROLES, who is a member of nothing; {garden} the organisation of the others; {record} is
# a record of theirs that waits; "stranger" is a volunteer who has nothing to do with any of it.
TABLE: list[tuple[str, str, Any, str]] = [
    ("POST", "/v1/volunteers", {"name": "某某"}, "ok ok 403 403 403 403 403"),
    ("GET", "/v1/volunteers", None, "ok ok 403 403 403 403 403"),
    ("GET", "/v1/volunteers/{volunteer}", None, "ok 403 404 404 404 ok 404"),
    ("GET", "/v1/volunteers/{volunteer}/balance", None, "ok 403 404 404 404 ok 404"),
    ("GET", "/v1/volunteers/{volunteer}/memberships", None, "ok 403 404 404 404 ok 404"),
    ("POST", "/v1/volunteers/{volunteer}/suspend", {}, "400 403 403 403 403 403 403"),
    ("POST", "/v1/volunteers/{volunteer}/reinstate", REASON, "409 403 403 403 403 403 403"),
    ("POST", "/v1/volunteers/{volunteer}/consents", CONSENT, "403 403 404 404 404 ok 404"),
    ("POST", "/v1/organisations", BODY, "ok 403 403 403 403 403 403"),
    ("GET", "/v1/organisations", None, "ok ok ok ok ok ok ok"),
    ("GET", "/v1/organisations/{garden}", None, "ok ok ok ok ok ok ok"),
    ("POST", "/v1/organisations/{garden}/approve", None, "409 403 403 403 403 403 403"),
    ("POST", "/v1/organisations/{garden}/suspend", {}, "400 403 403 403 403 403 403"),
    ("POST", "/v1/organisations/{garden}/reinstate", REASON, "409 403 403 403 403 403 403"),
    ("POST", "/v1/organisations/{garden}/members", {"volunteer_id": "vol_0"}, "404 404 403 403 404 404 404"),
    ("GET", "/v1/organisations/{garden}/members", None, "ok ok ok ok ok 404 404"),
    ("POST", "/v1/organisations/{garden}/members/vol_0/approve", None, "404 404 403 403 404 404 404"),
    ("POST", "/v1/organisations/{garden}/members/vol_0/decline", None, "404 404 403 403 404 404 404"),
    ("POST", "/v1/organisations/{garden}/members/vol_0/end", None, "404 404 403 403 404 404 404"),
    ("PATCH", "/v1/organisations/{garden}/members/vol_0", {"role": "member"}, "404 404 403 403 404 404 404"),
    ("POST", "/v1/organisations/{garden}/service-records", service("vol_0"), "404 404 404 403 404 404 404"),
    ("POST", "/v1/organisations/{garden}/service-records/batch", {"records": [{}]}, "ok ok ok ok ok ok ok"),
    ("GET", "/v1/service-records", None, "ok ok ok ok ok ok ok"),
    ("GET", "/v1/service-records/{record}", None, "ok ok ok ok ok ok 404"),
    ("POST", "/v1/service-records/{record}/confirm", {"minutes": 0}, "400 400 400 400 400 400 400"),
    ("POST", "/v1/service-records/{record}/void", REASON, "409 409 403 409 409 404 404"),
    ("POST", "/v1/service-records/{record}/correct", REASON, "409 409 403 409 409 404 404"),
    ("POST", "/v1/service-records/rec_0/reject", REASON, "404 404 404 404 404 404 404"),
    ("GET", "/v1/leaderboards/bank", None, "ok ok ok ok ok ok ok"),
    ("GET", "/v1/audit/events", None, "ok 403 403 403 403 403 403"),
]


@pytest.fixture(scope="package")
async def asked(world: World) -> dict[str, str]:
    """What the paths are about."""
    return {"volunteer": world.volunteer.id, "garden": world.garden, "record": await world.log(world.volunteer.id)}


@pytest.mark.parametrize(("method", "path", "body", "expected"), TABLE)
async def test_who_may_do_what(
    world: World, asked: dict[str, str], method: str, path: str, body: Any, expected: str
) -> None:
    """Each role gets the answer of the table, and whoever has no token 401."""
    stranger = await world.somebody()
    for role, answer in zip(ROLES, expected.split(), strict=True):
        caller = stranger if role == "stranger" else getattr(world, role)
        response = await caller.ask(method, path.format(**asked), json=body)
        told = "ok" if response.is_success else str(response.status_code)
        assert told == answer, f"{role}: {response.text}"
    response = await world.http.request(method, path.format(**asked), json=body)
    assert response.status_code == 401


def test_every_operation_is_in_the_table(world: World) -> None:
    """An operation that is added has to say who may use it."""
    served = {
        (method, route.path_format)
        for route in world.app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1")
        for method in route.methods - {"OPTIONS"}
    }
    names = {"{volunteer}": "{volunteer_id}", "{garden}": "{organisation_id}", "{record}": "{record_id}",
             "vol_0": "{volunteer_id}", "rec_0": "{record_id}"}  # fmt: skip
    table = set()
    for method, path, _, _ in TABLE:
        for short, long in names.items():
            path = path.replace(short, long)
        table.add((method, path))
    assert table == served


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer tb_wrong", "Basic dXNlcjpwYXNz", "bearer\ttb_x", b"Bearer \xff\xfe",
     "Bearer " + "x" * 5000],
)  # fmt: skip
async def test_without_a_valid_token_there_is_no_answer(world: World, authorization: str | bytes | None) -> None:
    """Missing, malformed and unknown tokens are 401, and the answer says how to authenticate."""
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await world.http.get("/v1/organisations", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 401


async def test_the_scheme_may_be_in_any_case(world: World) -> None:
    """The name of the scheme is not case sensitive (RFC 9110)."""
    response = await world.http.get("/v1/organisations", headers={"Authorization": f"bEaReR {world.volunteer.token}"})
    assert response.status_code == 200


async def test_a_revoked_token_stops_working(own_world: World) -> None:
    """A token that was revoked is no longer valid, once the few seconds are over for which it is remembered."""
    caller = await own_world.caller("administrator", own_world.administrator.id)
    await own_world.services.pool.execute(
        "update token set revoked_at = now() where actor = $1 and label = 'test'", caller.id
    )
    await caller.get("/v1/organisations", expect=401)


async def test_banks_do_not_see_each_other(own_world: World) -> None:
    """To another bank's administrator nothing of this bank exists."""
    other = World(own_world.app, own_world.http)
    await other.settle()
    record_id = await own_world.confirmed(own_world.volunteer.id)
    outsider = other.administrator
    for path in (
        f"/v1/volunteers/{own_world.volunteer.id}",
        f"/v1/volunteers/{own_world.volunteer.id}/balance",
        f"/v1/organisations/{own_world.garden}",
        f"/v1/service-records/{record_id}",
    ):
        await outsider.get(path, expect=404)
    await outsider.post(f"/v1/service-records/{record_id}/void", {"reason": "x"}, expect=404)
    await outsider.post(f"/v1/volunteers/{own_world.volunteer.id}/suspend", {"reason": "x"}, expect=404)
    assert (await outsider.get("/v1/service-records"))["items"] == []
    seen = await outsider.pages("/v1/audit/events")
    assert own_world.volunteer.id not in str(seen)
    assert (await outsider.get("/v1/leaderboards/bank"))["total"] == 0
