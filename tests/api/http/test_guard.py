"""Who may do what: every operation that is served, asked by everybody, answers as its row in the access table says."""

from datetime import timedelta
from typing import Any, NamedTuple, get_args

import httpx
import pytest
from litestar.routes import HTTPRoute

from tests.api.merge_scenes import proposed
from tests.api.world import ZONE, Caller, World, hours_of, reward, service
from tests.helpers.described import usual_app
from timebank.access.table import ADMINISTRATORS, Access
from timebank.api.http.guard import table_of
from timebank.api.people.registrations import TERMS
from timebank.domain.facts.organisations import Permission
from timebank.domain.identifiers import (
    new_activity_id,
    new_appointment_id,
    new_employment_id,
    new_fund_id,
    new_invitation_id,
    new_key_id,
    new_merge_id,
    new_node_id,
    new_organisation_id,
    new_proposal_id,
    new_record_id,
    new_redemption_id,
    new_reward_id,
    new_shift_id,
    new_team_id,
)
from timebank.domain.identifiers import new_volunteer_id as new_id
from timebank.runtime.clock import utc_now

APP = usual_app()
TABLE = table_of(APP)
OPERATIONS: dict[str, tuple[str, str]] = {
    handler.handler_name: (method, route.path_format)
    for route in APP.routes
    if isinstance(route, HTTPRoute) and route.path.startswith("/v1")
    for handler in route.route_handlers
    for method in handler.http_methods - {"OPTIONS"}
}
"""Every operation that is served below /v1: method and path, by the name of its handler."""

REASON = {"reason": "为什么"}
TOKEN = "x" * 40

PLAN: dict[str, Any] = {
    "name": "巡逻",
    "category": "治安巡逻",
    "content": "巡查楼道",
    "place": "3栋",
    "starts_at": "2190-01-01T08:00:00+08:00",
    "ends_at": "2190-01-01T10:00:00+08:00",
    "leader_id": "{body_volunteer}",
}
"""An activity."""

BODIES: dict[str, dict[str, Any]] = {
    "sign_in": {"login": "1", "password": "2"},
    "refresh_session": {"refresh_token": TOKEN},
    "use_one_time_code": {"one_time_code": TOKEN, "password": "zhong hua lu 17"},
    "prove_session": {"password": "a"},
    "verify_phone": {"code": "123456"},
    "mark_notices_read": {"up_to": "0-0"},
    "confirm_second_factor": {"code": "123456"},
    "remove_second_factor": {"password": "a", "second_factor": "123456"},
    "change_password": {"old_password": "a", "new_password": "zhong hua lu 17"},
    "register_volunteer": {"name": "某某"},
    "change_personal_data": {"skills": ["书法"]},
    "suspend_volunteer": REASON,
    "reinstate_volunteer": REASON,
    "set_consent": {"purpose": "leaderboard", "granted": True},
    "appoint_proxy": {"proxy_volunteer_id": "{body_volunteer}"},
    "appoint": {"volunteer_id": "{body_volunteer}", "office": "auditor"},
    "register_organisation": {"name": "某某", "kind": "enterprise"},
    "suspend_organisation": REASON,
    "reinstate_organisation": REASON,
    "add_member": {"volunteer_id": "{body_volunteer}"},
    "change_role": {"role": "member"},
    "issue_key": {"label": "x", "permissions": ["read"]},
    "log_service": service("{body_volunteer}"),
    "log_batch": {"records": [service("{body_volunteer}")]},
    "amend_service": {"minutes": 30},
    "withdraw_service": REASON,
    "review_service": {"decisions": [{"decision": "confirm", "record_id": "{record_id}"}]},
    "reject_service": REASON,
    "correct_service": REASON,
    "void_service": REASON,
    "adopt_policy": {"resolution": "某决议", "effective_from": "2190-01-01", "rules": {}},
    "withdraw_policy": REASON,
    "preview_policy": {"rules": {}},
    "publish_reward": reward("{organisation_id}"),
    "amend_reward": reward("{organisation_id}", cost_minutes=30),
    "pause_reward": REASON,
    "withdraw_reward": REASON,
    "fulfil_redemption": {"redemption_code": "{code}"},
    "cancel_redemption": REASON,
    "give_credit": {"to_volunteer_id": "{body_volunteer}", "minutes": 5},
    "donate_credit": {"fund_id": "{fund_id}", "minutes": 5},
    "open_fund": {"name": "某基金", "organisation_id": "{organisation_id}"},
    "close_fund": REASON,
    "declare_employment": {"volunteer_id": "{body_volunteer}", "kind": "contract", "from_day": "2026-01-01"},
    "end_employment": {"volunteer_id": "{body_volunteer}", "until_day": "2026-12-31"},
    "note_leave": {"volunteer_id": "{body_volunteer}", "first_day": "2199-10-01", "last_day": "2199-10-07"},
    "propose_service": {
        "organisation_id": "{organisation_id}",
        "activity": "探访",
        "category": "邻里守望",
        "started_at": "2026-03-01T08:00:00+08:00",
        "ended_at": "2026-03-01T09:00:00+08:00",
    },
    "decline_proposal": REASON,
    "found_team": {"name": "夜巡队"},
    "propose_team": {"name": "合唱队"},
    "rename_team": {"name": "合唱一队"},
    "name_captain": {"volunteer_id": "{body_volunteer}"},
    "dissolve_team": REASON,
    "ask_team_member": {"volunteer_id": "{body_volunteer}"},
    "set_shift": {"volunteer_id": "{body_volunteer}", "from_day": "2026-03-05", "from_minute": 1170, "minutes": 150},
    "end_shift": {"volunteer_id": "{body_volunteer}"},
    "call_up": {"node_id": "{node_id}", "reason": "暴雨"},
    "plan_activity": PLAN,
    "change_activity": PLAN,
    "cancel_activity": REASON,
    "sign_up": {},
    "withdraw_sign_up": {},
    "check_in": {"code": "1"},
    "check_out": {"code": "1"},
    "enter_attendance": {"entries": [{"entry_id": "1", "volunteer_id": "{body_volunteer}", "kind": "in"}]},
    "log_presence": {"volunteer_id": "{body_volunteer}"},
    "open_node": {"parent_id": "{node_id}", "level": "楼栋", "name": "9栋", "from_day": "2026-01-01"},
    "rename_node": {"name": "九栋", "from_day": "2190-01-01"},
    "move_node": {"parent_id": "{node_id}", "from_day": "2190-01-01"},
    "merge_node": {"into_id": "{node_id}", "from_day": "2190-01-01"},
    "close_node": {"until_day": "2190-01-01"},
    "appoint_leader": {"volunteer_id": "{body_volunteer}", "source": "self"},
    "set_residence": {"node_id": "{node_id}", "from_day": "2026-01-01"},
    "register_ward": {"name": "小朋友", "birth_year": 2020, "agreed_to": TERMS},
    "register_oneself": {
        "phone": "13800001111",
        "code": "123456",
        "password": "zhong hua lu 17",
        "name": "某某",
        "birth_year": 1960,
        "agreed_to": TERMS,
    },
    "send_registration_code": {"phone": "13800001111"},
    "decline_registration": REASON,
    "make_invitation": {"until_day": "2199-12-31"},
    "propose_merge": {
        "kept_volunteer_id": "{volunteer_id}",
        "merged_volunteer_id": "{body_volunteer}",
        "reason": "x",
    },
    "decline_merge": REASON,
    "grant_credit": {"to_volunteer_id": "{body_volunteer}", "minutes": 5, "reason": "助老"},
}
"""A good body for each operation that needs one."""

BATCHES = {"log_batch", "review_service", "enter_attendance"}
"""Where each row has a verdict of its own, so that who may nothing is told so for each."""

OPTIONAL_BODIES: dict[str, dict[str, Any]] = {
    "approve_membership": {},
    "decline_membership": REASON,
    "end_membership": REASON,
    "decline_team": REASON,
    "end_team_member": REASON,
    "end_appointment": REASON,
    "rotate_key": {"overlap_hours": 1},
    "revoke_key": REASON,
    "confirm_service": {},
    "redeem_reward": {},
    "take_up_proposal": {},
    "leave_bank": {"rest": "hold"},
    "erase_volunteer": {"rest": "hold"},
}

LISTS = {
    "import_volunteers": "姓名,手机\n某某,13900000000\n",
    "import_places": "社区\n某社区\n",
    "import_residents": "手机,社区\n13900000000,某社区\n",
    "import_service": "手机,活动,类别,开始,结束\n13900000000,清扫,公益,2026/3/1 8:30,2026/3/1 9:30\n",
}
"""A good list for each operation that takes one."""

ONE_PERSON_NOT_TWO = {
    "recorder-is-verifier",
    "verifier-is-beneficiary",
    "recorder-is-beneficiary",
    "not-your-own",
    "code-not-valid",
}
"""Refusals of somebody who may, but not about this record: two people are needed."""

IN_THE_BODY = {
    "add_member": {"role-missing"},
    "appoint_leader": {"not-within-your-node"},
}
"""Refusals of somebody who may, but not about whom, or for which organisation, the body names."""


class Persona(NamedTuple):
    """Somebody, and what they are by the facts."""

    caller: Caller
    kind: str = "person"
    offices: tuple[str, ...] = ()
    role: str | None = None
    permissions: tuple[str, ...] = ()
    organisation: str | None = None


class Cast(NamedTuple):
    """Everybody who is asked, ids of things of the garden and its volunteer, and ids of another bank."""

    world: World
    personas: dict[str, Persona]
    here: dict[str, str]
    elsewhere: dict[str, str]


async def things_of(world: World) -> dict[str, str]:
    """A record that waits, a reward, what the volunteer reserved of it and its code, and a fund; all the garden's."""
    record_id = await world.log(world.volunteer.id, by=world.recorder, days_ago=3)
    await world.confirmed(world.volunteer.id, days_ago=5)
    reward_id = await world.reward()
    reserved = await world.volunteer.post(f"/v1/rewards/{reward_id}/redemptions", expect=201)
    return {
        "record_id": record_id,
        "reward_id": reward_id,
        "redemption_id": reserved["redemption_id"],
        "code": reserved["redemption_code"],
        "fund_id": await world.fund(organisation_id=world.garden),
        "node_id": await world.node(),
        "activity_id": await world.activity(),
        "employment_id": await world.employed(await world.somebody()),
        "proposal_id": await world.proposal(await world.somebody()),
        "invitation_id": await world.invitation(),
        "team_id": await world.team(),
        "shift_id": new_shift_id(),
        "merge_id": await proposed(world, await world.somebody(), await world.somebody()),
    }


async def until_yesterday(world: World, role: str) -> Caller:
    """Somebody whose term in the garden is over, though nobody has ended the membership."""
    somebody = await world.member(role)
    yesterday = utc_now().astimezone(ZONE).date() - timedelta(days=1)
    term = {"role": role, "valid_until": yesterday.isoformat()}
    await world.coordinator.patch(f"/v1/organisations/{world.garden}/members/{somebody.id}", term, expect=200)
    return somebody


@pytest.fixture(scope="package")
async def cast(world: World) -> Cast:
    """The bank's people, and another bank beside it."""
    garden = world.garden
    everything = get_args(Permission)
    other_body = await world.body("别处")
    personas = {
        "administrator": Persona(world.administrator, offices=("administrator",)),
        "auditor": Persona(await world.appointed("auditor"), offices=("auditor",)),
        "node leader": Persona(await world.leader(await world.node()), offices=("node-leader",)),
        "program": Persona(world.organisation, "program", permissions=everything, organisation=garden),
        "program elsewhere": Persona(
            await world.program(other_body), "program", permissions=everything, organisation=other_body
        ),
        "logging program": Persona(
            await world.program(garden, "log-service"), "program", permissions=("log-service",), organisation=garden
        ),
        "reading program": Persona(
            await world.program(garden, "read"), "program", permissions=("read",), organisation=garden
        ),
        **{
            role: Persona(await world.member(role), role=role, organisation=garden)
            for role in ("recorder", "verifier", "coordinator", "member", "merchant")
        },
        "coordinator elsewhere": Persona(
            await world.member("coordinator", other_body), role="coordinator", organisation=other_body
        ),
        "stranger": Persona(await world.somebody()),
        "coordinator until yesterday": Persona(await until_yesterday(world, "coordinator"), organisation=garden),
    }
    other = World(world.app, world.http)
    await other.settle()
    appointments = (await other.administrator.get("/v1/appointments"))["items"]
    keys = (await other.administrator.get(f"/v1/organisations/{other.garden}/keys"))["items"]
    elsewhere = {
        "volunteer_id": other.volunteer.id,
        "organisation_id": other.garden,
        "appointment_id": appointments[0]["appointment_id"],
        "key_id": keys[0]["key_id"],
        "proxy_volunteer_id": other.verifier.id,
        "body_volunteer": other.volunteer.id,
    }
    return Cast(world, personas, await things_of(world), elsewhere | await things_of(other))


def nobody() -> dict[str, str]:
    """Ids that nobody has."""
    return {
        "volunteer_id": new_id(),
        "organisation_id": new_organisation_id(),
        "record_id": new_record_id(),
        "appointment_id": new_appointment_id(),
        "key_id": new_key_id(),
        "proxy_volunteer_id": new_id(),
        "session_id": "ses_0",
        "body_volunteer": new_id(),
        "reward_id": new_reward_id(),
        "redemption_id": new_redemption_id(),
        "fund_id": new_fund_id(),
        "node_id": new_node_id(),
        "activity_id": new_activity_id(),
        "employment_id": new_employment_id(),
        "proposal_id": new_proposal_id(),
        "invitation_id": new_invitation_id(),
        "team_id": new_team_id(),
        "shift_id": new_shift_id(),
        "merge_id": new_merge_id(),
        "code": "0000-0000-0000",
        "position": "999999999",
        "version": "999999999",
        "tile": "0/000",
        "request_id": "no-such-request",
        "thing_id": new_record_id(),
        "origin_hash": "0" * 64,
    }


def filled(body: Any, ids: dict[str, str]) -> Any:
    """A body with ids in the places for them."""
    if isinstance(body, dict):
        return {name: filled(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [filled(value, ids) for value in body]
    return ids.get(body[1:-1], body) if isinstance(body, str) and body.startswith("{") else body


async def ask(cast: Cast, caller: Caller, name: str, ids: dict[str, str], **options: Any) -> httpx.Response:
    """Ask for an operation about some ids, with a good body."""
    method, path = OPERATIONS[name]
    if name in BODIES:
        options["json"] = filled(BODIES[name], ids)
    if name in LISTS:
        options["content"] = LISTS[name].encode()
    return await caller.ask(method, path.format(**ids), **options)


def may(access: Access, who: Persona, path: str, organisation: str) -> bool:
    """Whether somebody may do something about others' matters in an organisation, read off the table alone."""
    here = "{organisation_id}" not in path or who.organisation == organisation
    if who.kind == "program":
        return access.everybody or (access.permission in who.permissions and here)
    about_own = access.people or (access.own and "{volunteer_id}" not in path)
    return bool(
        access.everybody or about_own or set(who.offices) & set(access.offices) or (who.role in access.roles and here)
    )


async def test_every_operation_has_a_body_here(world: World) -> None:
    """The bodies that these tests send are those of the operations that take one."""
    document = (await world.http.get("/schema/openapi.json")).json()
    described = {
        name: document["paths"][path][method.lower()].get("requestBody") for name, (method, path) in OPERATIONS.items()
    }
    taken = {*BODIES, *OPTIONAL_BODIES, *LISTS}
    assert {name for name, body in described.items() if body} == taken


GUARDED = sorted(name for name in OPERATIONS if not TABLE[name].public)
NOT_FOR_ALL = [name for name in GUARDED if not TABLE[name].everybody]
ABOUT_ONESELF = {"end_session", "change_password", "prove_session", "remove_second_factor"}
"""They end the session of whoever asks, or need their secrets; they have tests of their own."""
PROVED = [name for name in GUARDED if TABLE[name].proof]


def ids_sent(name: str, ids: dict[str, str]) -> set[str]:
    """Those of the ids that a request for an operation says itself."""
    said = OPERATIONS[name][1] + str(BODIES.get(name, ""))
    return {value for field, value in ids.items() if "{" + field + "}" in said}


def without(text: str, ids: set[str]) -> str:
    """A text from which ids are taken out."""
    for each in sorted(ids, key=len, reverse=True):
        text = text.replace(each, "…")
    return text


@pytest.mark.parametrize("name", NOT_FOR_ALL)
async def test_whoever_may_not_is_turned_away(cast: Cast, name: str) -> None:
    """What the table does not allow is refused: 404 where it is secret whether the thing exists, else 403."""
    access, path = TABLE[name], OPERATIONS[name][1]
    real = nobody() | {
        "volunteer_id": cast.world.volunteer.id,
        "organisation_id": cast.world.garden,
        "body_volunteer": cast.world.volunteer.id,
        **cast.here,
    }
    refused = {who: each for who, each in cast.personas.items() if not may(access, each, path, cast.world.garden)}
    assert refused, "somebody of the cast has to be turned away"
    for who, persona in refused.items():
        response = await ask(cast, persona.caller, name, real)
        told = without(response.text, ids_sent(name, real))
        for secret in {*real.values(), "王芳"} - {persona.organisation}:
            assert secret not in told, f"{who} learns {secret}: {response.text}"
        if name in BATCHES and response.status_code == 200:  # each row has a verdict of its own
            assert {each["status"] for each in response.json()["results"]} == {"refused"}, who
            continue
        assert response.status_code in {403, 404}, f"{who}: {response.status_code} {response.text}"
        at_home = persona.organisation not in (None, cast.world.garden) and may(
            access, persona, path, str(persona.organisation)
        )
        if at_home and name not in {"register_volunteer", "list_volunteers"}:
            assert response.status_code == 404, f"{who}, who may elsewhere: {response.text}"
        is_secret = access.own and "{volunteer_id}" in path and "{organisation_id}" not in path
        if is_secret and persona.kind == "person":
            assert response.json()["type"] == "/problems/volunteer-unknown", f"{who}: {response.text}"


@pytest.mark.parametrize("name", [name for name in GUARDED if name not in ABOUT_ONESELF])
async def test_whoever_may_is_let_in(cast: Cast, name: str) -> None:
    """What the table allows is not refused for want of a right; what there is to say is about the thing itself."""
    access, path = TABLE[name], OPERATIONS[name][1]
    governing = access == ADMINISTRATORS
    ids = nobody() | ({} if governing else {"organisation_id": cast.world.garden})
    let_in = {who: each for who, each in cast.personas.items() if may(access, each, path, cast.world.garden)}
    if access.own and not let_in:  # only about oneself: then it is one's own
        let_in, ids = {"volunteer": Persona(cast.world.volunteer)}, ids | {"volunteer_id": cast.world.volunteer.id}
    assert let_in, "somebody of the cast has to be let in"
    for who, persona in let_in.items():
        response = await ask(cast, persona.caller, name, ids)
        kind = response.json()["type"].removeprefix("/problems/") if response.status_code == 403 else ""
        assert response.status_code not in {401, 405, 500}, f"{who}: {response.text}"
        excused = ONE_PERSON_NOT_TWO | IN_THE_BODY.get(name, set())
        assert response.status_code != 403 or kind in excused, f"{who}: {response.text}"


@pytest.mark.parametrize("name", [name for name in GUARDED if TABLE[name].own])
async def test_ones_own_is_ones_own(cast: Cast, name: str) -> None:
    """Whatever volunteers may do with their own matters, one without any role or office may."""
    somebody = await cast.world.somebody()
    ids = nobody() | {"volunteer_id": somebody.id, "organisation_id": cast.world.garden}
    ids |= {**cast.here, "body_volunteer": somebody.id if name == "add_member" else cast.world.verifier.id}
    response = await ask(cast, somebody, name, ids)
    said = response.json() if "json" in response.headers["content-type"] else None
    kind = said.get("type") if isinstance(said, dict) else None
    assert response.status_code not in {401, 403, 500}, response.text
    assert kind != "/problems/volunteer-unknown", response.text


@pytest.mark.parametrize("name", GUARDED)
async def test_nobody_gets_in_without_signing_in(cast: Cast, name: str) -> None:
    """Without a token, and with one that is none, every operation but the public ones answers 401."""
    method, path = OPERATIONS[name]
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer tb_{'0' * 32}_{'x' * 43}"}):
        response = await cast.world.http.request(method, path.format(**nobody()), headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", PROVED)
async def test_what_needs_proof_is_not_done_without(cast: Cast, name: str) -> None:
    """Whoever signed in long ago, or stole a token, is told to prove who they are first, whatever their right is."""
    access = TABLE[name]
    by_others = access.permission or access.proxy or access.everybody or access.public
    assert not by_others, "keys and proxies prove nothing"
    world, ids = cast.world, nobody() | {"organisation_id": cast.world.garden}
    who = world.volunteer if access.own or access.people else world.administrator
    ids |= {"volunteer_id": who.id} if access.own else {}
    caller = await world.caller(who.id)
    await world.services.pool.execute(
        "update session set proved_at = now() - interval '6 minutes' where session_id = $1", caller.session_id
    )
    response = await ask(cast, caller, name, ids)
    assert (response.status_code, response.json()["type"]) == (401, "/problems/proof-needed")
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication"'
    await world.services.pool.execute("update session set proved_at = now() where session_id = $1", caller.session_id)
    assert (await caller.ask("GET", "/v1/me")).status_code == 200


def told(response: httpx.Response, ids: dict[str, str]) -> tuple[int, str]:
    """What an answer tells, apart from the ids that were asked about and from positions and times."""
    text = response.text
    for value in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(value, "…")
    return response.status_code, text


WITH_IDS = [name for name in GUARDED if ids_sent(name, nobody()) - {"ses_0"}]


@pytest.mark.parametrize("name", WITH_IDS)
async def test_another_banks_ids_are_nobodys(cast: Cast, name: str) -> None:
    """About ids of another bank everybody is told, to the letter, what they are told about ids that do not exist."""
    for who in ("administrator", "auditor", "node leader", "program", "coordinator", "stranger"):
        caller = cast.personas[who].caller
        made_up = nobody()
        known = made_up | cast.elsewhere
        first = await ask(cast, caller, name, known)
        second = await ask(cast, caller, name, made_up)
        assert told(first, known) == told(second, made_up), who
        if first.is_success:
            said = first.json()
            empty = name in BATCHES or said == [] or (isinstance(said, dict) and said.get("items") == [])
            assert empty, f"{who}: {first.text}"


@pytest.mark.parametrize("name", [*BODIES, *OPTIONAL_BODIES])
async def test_no_body_says_more_than_it_may(cast: Cast, name: str) -> None:
    """A field that an operation does not have is refused by name, whatever it is: nothing is assigned by mass."""
    method, path = OPERATIONS[name]
    ids = nobody() | {"volunteer_id": cast.world.administrator.id}
    body = filled(BODIES.get(name, OPTIONAL_BODIES.get(name, {})), ids)
    for field in ("bank_id2", "actor", "authority", "status", "position", "offices", "recorded_at"):
        sent = {"json": body | {field: "x"}}
        caller = cast.personas["administrator"].caller
        response = await caller.ask(method, path.format(**ids), **sent)
        assert response.status_code == 400, response.text
        assert field in response.json()["detail"]


async def test_the_scheme_may_be_in_any_case(world: World) -> None:
    """The name of the scheme is not case sensitive (RFC 9110)."""
    response = await world.http.get("/v1/organisations", headers={"Authorization": f"bEaReR {world.volunteer.token}"})
    assert response.status_code == 200


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


async def test_banks_do_not_see_each_other(own_world: World) -> None:
    """Another bank's lists, boards and histories hold nothing of this bank."""
    other = World(own_world.app, own_world.http)
    await other.settle()
    await own_world.confirmed(own_world.volunteer.id, **hours_of(days_ago=2))
    outsider = other.administrator
    assert (await outsider.get("/v1/service-records"))["items"] == []
    for log in ("/v1/audit/events", "/v1/audit/security"):
        seen = str(await outsider.pages(log, limit=500))
        assert own_world.volunteer.id not in seen
        assert own_world.garden not in seen
    assert (await outsider.get("/v1/leaderboards/bank"))["total"] == 0
