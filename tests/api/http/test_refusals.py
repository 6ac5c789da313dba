# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Every refusal there is, as HTTP tells it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.activity_scenes import ACTIVITY_SCENES
from tests.api.credit_scenes import CREDIT_SCENES, Scene, governed
from tests.api.merge_scenes import MERGE_SCENES
from tests.api.places_scenes import PLACES_SCENES
from tests.api.team_scenes import TEAM_SCENES
from tests.api.world import Caller, World, service
from tests.helpers.document_numbers import document_number
from timebank.api.people.registrations import TERMS
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerNumber, new_volunteer_number
from timebank.domain.organisations.organisations import RegisterOrganisation
from timebank.domain.refusals import OfficeMissing
from timebank.domain.refusing import every_refusal
from timebank.domain.registering import MOST_WARDS
from timebank.runtime.clock import utc_now
from timebank.words import translated

NOWHERE = "org_0"
REASON = {"reason": "对照签到表"}


def members_of(world: World, organisation_id: str | None = None) -> str:
    return f"/v1/organisations/{organisation_id or world.garden}/members"


async def volunteer_unknown(world: World) -> httpx.Response:
    return await world.administrator.ask("GET", "/v1/volunteers/vol_0")


async def organisation_unknown(world: World) -> httpx.Response:
    return await world.administrator.ask("GET", f"/v1/organisations/{NOWHERE}")


async def record_unknown(world: World) -> httpx.Response:
    return await world.verifier.ask("POST", "/v1/service-records/rec_0/confirm")


async def membership_unknown(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await world.administrator.ask("POST", f"{members_of(world)}/{somebody.id}/approve")


async def role_missing(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await world.verifier.ask("POST", world.records, json=service(somebody.id))


async def you_are_suspended(world: World) -> httpx.Response:
    recorder, somebody = await world.member("recorder"), await world.somebody()
    await world.administrator.post(f"/v1/volunteers/{recorder.id}/suspend", REASON)
    again = await world.caller(recorder.id)
    return await again.ask("POST", world.records, json=service(somebody.id))


async def recorder_is_beneficiary(world: World) -> httpx.Response:
    return await world.recorder.ask("POST", world.records, json=service(world.recorder.id))


async def recorder_is_verifier(world: World) -> httpx.Response:
    somebody = await world.somebody()
    record_id = await world.log(somebody.id, by=world.coordinator)
    return await world.coordinator.ask("POST", f"/v1/service-records/{record_id}/confirm")


async def more_than_recorded(world: World) -> httpx.Response:
    record_id = await world.confirmed((await world.somebody()).id)
    more = {"minutes": 24 * 60, "started_at": "2026-03-02T00:00:00+08:00", "ended_at": "2026-03-03T00:00:00+08:00"}
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/correct", json=more | REASON)


async def key_of_their_own(world: World) -> httpx.Response:
    coordinator = await world.member("coordinator")
    body = {"label": "x", "permissions": ["manage-members"]}
    made = await coordinator.post(f"/v1/organisations/{world.garden}/keys", body, expect=201)
    program = Caller(world.http, world.garden, made["api_key"])
    return await program.ask("PATCH", f"{members_of(world)}/{coordinator.id}", json={"role": "verifier"})


async def verifier_is_beneficiary(world: World) -> httpx.Response:
    verifier = await world.member("verifier")
    record_id = await world.log(verifier.id)
    return await verifier.ask("POST", f"/v1/service-records/{record_id}/confirm")


async def volunteer_is_suspended(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.administrator.post(f"/v1/volunteers/{somebody.id}/suspend", REASON)
    return await world.organisation.ask("POST", world.records, json=service(somebody.id))


async def volunteer_not_suspended(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await world.administrator.ask("POST", f"/v1/volunteers/{somebody.id}/reinstate", json=REASON)


async def volunteer_is_administrator(world: World) -> httpx.Response:
    administrator = await world.appointed("administrator", valid_until="2199-12-31")
    return await world.administrator.ask("POST", f"/v1/volunteers/{administrator.id}/suspend", json=REASON)


async def official_code_taken(world: World) -> httpx.Response:
    body = {"name": "某某", "kind": "enterprise", "official_code": uuid4().hex[:18].upper()}
    await world.administrator.post("/v1/organisations", body, expect=201)
    return await world.administrator.ask("POST", "/v1/organisations", json=body)


async def organisation_not_registered(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/organisations/{world.garden}/approve")


async def organisation_not_approved(world: World) -> httpx.Response:
    new = await world.body(approved=False)
    somebody = await world.somebody()
    return await world.administrator.ask("POST", members_of(world, new), json={"volunteer_id": somebody.id})


async def organisation_not_suspended(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/organisations/{world.garden}/reinstate", json=REASON)


async def invitation_is_theirs(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.coordinator.post(members_of(world), {"volunteer_id": somebody.id}, expect=201)
    return await world.coordinator.ask("POST", f"{members_of(world)}/{somebody.id}/approve")


async def membership_already_open(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", members_of(world), json={"volunteer_id": world.verifier.id})


async def membership_not_pending(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"{members_of(world)}/{world.verifier.id}/decline")


async def membership_is_another(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await somebody.post(members_of(world), {"volunteer_id": somebody.id}, expect=201)
    seen = {"role": "recorder"}
    return await world.coordinator.ask("POST", f"{members_of(world)}/{somebody.id}/approve", json=seen)


async def membership_not_active(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await somebody.post(members_of(world), {"volunteer_id": somebody.id}, expect=201)
    return await world.coordinator.ask("PATCH", f"{members_of(world)}/{somebody.id}", json={"role": "recorder"})


async def record_not_pending(world: World) -> httpx.Response:
    record_id = await world.confirmed((await world.somebody()).id)
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/reject", json=REASON)


async def record_amended(world: World) -> httpx.Response:
    record_id = await world.log((await world.somebody()).id)
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/confirm", json={"digest": "0" * 32})


async def record_not_confirmed(world: World) -> httpx.Response:
    record_id = await world.log((await world.somebody()).id)
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/void", json=REASON)


async def duplicate_record(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.log(somebody.id)
    return await world.organisation.ask("POST", world.records, json=service(somebody.id))


async def overlapping_service(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.confirmed(somebody.id, hour=8)
    other = await world.log(somebody.id, hour=9)
    return await world.verifier.ask("POST", f"/v1/service-records/{other}/confirm")


async def day_is_full(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.log(somebody.id, hour=0, hours=23)
    return await world.organisation.ask("POST", world.records, json=service(somebody.id, hour=20, hours=2))


async def ends_before_it_starts(world: World) -> httpx.Response:
    return await world.organisation.ask("POST", world.records, json=service(world.volunteer.id, hours=0))


async def lasts_too_long(world: World) -> httpx.Response:
    return await world.organisation.ask("POST", world.records, json=service(world.volunteer.id, hours=24.5, days_ago=3))


async def too_many_minutes(world: World) -> httpx.Response:
    return await world.organisation.ask("POST", world.records, json=service(world.volunteer.id, minutes=121))


async def service_in_the_future(world: World) -> httpx.Response:
    ends = (utc_now() + timedelta(minutes=5)).isoformat()
    return await world.organisation.ask("POST", world.records, json=service(world.volunteer.id) | {
        "started_at": (utc_now() - timedelta(hours=1)).isoformat(), "ended_at": ends
    })  # fmt: skip


async def nothing_changes(world: World) -> httpx.Response:
    record_id = await world.confirmed((await world.somebody()).id)
    return await world.verifier.ask("POST", f"/v1/service-records/{record_id}/correct", json=REASON)


async def term_ends_before_it_starts(world: World) -> httpx.Response:
    somebody = await world.somebody()
    term = {"valid_from": "2026-05-01", "valid_until": "2026-04-30"}
    return await world.administrator.ask("POST", members_of(world), json={"volunteer_id": somebody.id, **term})


async def idempotency_key_reused(world: World) -> httpx.Response:
    key = {"Idempotency-Key": uuid4().hex}
    await world.administrator.ask("POST", "/v1/volunteers", json={"name": "甲"}, headers=key)
    return await world.administrator.ask("POST", "/v1/volunteers", json={"name": "乙"}, headers=key)


async def unbelievable_time(world: World) -> httpx.Response:
    row = service((await world.somebody()).id) | {"started_at": "0001-01-01T00:00:00Z"}
    return await world.organisation.ask("POST", world.records, json=row)


async def not_within_your_office(world: World) -> httpx.Response:
    node_id = await world.node()
    leader = await world.leader(node_id, valid_until="2199-12-31")
    body = {"volunteer_id": (await world.somebody()).id, "source": "recruited"}
    return await leader.ask("POST", f"/v1/nodes/{node_id}/leaders", json=body)


async def proxied(world: World, **changes: Any) -> tuple[Caller, dict[str, str]]:
    elder, child = await world.somebody(), await world.somebody()
    body = {"proxy_volunteer_id": child.id, "scopes": ["consents"]} | changes
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", body, expect=201)
    return child, {"elder": elder.id}


async def proxy_not_allowed(world: World) -> httpx.Response:
    child, of = await proxied(world, scopes=["view"])
    consent = {"purpose": "leaderboard", "granted": True}
    path = f"/v1/volunteers/{of['elder']}/consents"
    return await child.ask("POST", path, json=consent, headers={"On-Behalf-Of": of["elder"]})


async def proxy_limit_reached(world: World) -> httpx.Response:
    child, of = await proxied(world, acts_per_day=1)
    path, behalf = f"/v1/volunteers/{of['elder']}/consents", {"On-Behalf-Of": of["elder"]}
    consent = {"purpose": "leaderboard", "granted": True}
    assert (await child.ask("POST", path, json=consent, headers=behalf)).status_code == 200
    return await child.ask("POST", path, json=consent | {"granted": False}, headers=behalf)


async def proxy_unknown(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/proxies/vol_0/end")


async def proxy_already_appointed(world: World) -> httpx.Response:
    child, of = await proxied(world)
    path = f"/v1/volunteers/{of['elder']}/proxies"
    return await world.administrator.ask("POST", path, json={"proxy_volunteer_id": child.id})


async def own_proxy(world: World) -> httpx.Response:
    somebody = await world.somebody()
    path = f"/v1/volunteers/{somebody.id}/proxies"
    return await somebody.ask("POST", path, json={"proxy_volunteer_id": somebody.id})


async def not_your_own(world: World) -> httpx.Response:
    somebody = await world.somebody()
    path = f"/v1/volunteers/{somebody.id}/proxies"
    return await world.administrator.ask("POST", path, json={"proxy_volunteer_id": world.administrator.id})


async def appointment_unknown(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", "/v1/appointments/app_0/end")


async def appointment_already_held(world: World) -> httpx.Response:
    auditor = await world.appointed("auditor")
    return await world.administrator.ask(
        "POST", "/v1/appointments", json={"volunteer_id": auditor.id, "office": "auditor"}
    )


async def last_administrator(world: World) -> httpx.Response:
    other = World(world.app, world.http)
    await other.settle()
    found = (await other.administrator.get("/v1/appointments"))["items"]
    return await other.administrator.ask("POST", f"/v1/appointments/{found[0]['appointment_id']}/end")


async def key_unknown(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/organisations/{world.garden}/keys/key_0/revoke")


async def key_not_in_force(world: World) -> httpx.Response:
    keys = f"/v1/organisations/{world.garden}/keys"
    made = await world.administrator.post(keys, {"label": "x", "permissions": ["read"]}, expect=201)
    await world.administrator.post(f"{keys}/{made['key_id']}/revoke", expect=200)
    return await world.administrator.ask("POST", f"{keys}/{made['key_id']}/rotate")


async def key_term_not_possible(world: World) -> httpx.Response:
    body = {"label": "x", "permissions": ["read"], "expires_at": "2020-01-01T00:00:00Z"}
    return await world.administrator.ask("POST", f"/v1/organisations/{world.garden}/keys", json=body)


async def document_number_not_valid(world: World) -> httpx.Response:
    body = {"name": "某某", "document_number": document_number(1)[:-1]}
    return await world.administrator.ask("POST", "/v1/volunteers", json=body)


async def document_number_by_office(world: World) -> httpx.Response:
    body = {"document_number": document_number(2)}
    return await world.volunteer.ask("PATCH", f"/v1/volunteers/{world.volunteer.id}", json=body)


async def document_number_taken(world: World) -> httpx.Response:
    body = {"name": "某某", "document_number": document_number(1)}
    await world.administrator.post("/v1/volunteers", body, expect=201)
    return await world.administrator.ask("POST", "/v1/volunteers", json=body)


async def volunteer_is_erased(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await world.administrator.post(f"/v1/volunteers/{somebody.id}/erase", expect=200)
    return await world.organisation.ask("POST", world.records, json=service(somebody.id))


def ward(birth_year: int) -> dict[str, Any]:
    return {"name": "小朋友", "birth_year": birth_year, "agreed_to": TERMS}


async def registration_by_office(world: World) -> httpx.Response:
    return await world.volunteer.ask("POST", "/v1/me/wards", json=ward(utc_now().year - 10))


async def too_many_wards(world: World) -> httpx.Response:
    other = await governed(world, registration="open")
    guardian, minor = await other.somebody(), ward(utc_now().year - 10)
    for _ in range(MOST_WARDS):
        await guardian.post("/v1/me/wards", minor, expect=201)
    return await guardian.ask("POST", "/v1/me/wards", json=minor)


async def is_of_age(world: World) -> httpx.Response:
    return await world.volunteer.ask("POST", "/v1/me/wards", json=ward(1960))


async def registration_not_waiting(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/registrations/{world.volunteer.id}/accept")


async def invitation_unknown(world: World) -> httpx.Response:
    return await world.coordinator.ask("POST", f"/v1/organisations/{world.garden}/invitations/inv_0/withdraw")


async def invitation_not_good(world: World) -> httpx.Response:
    return await world.volunteer.ask("POST", "/v1/me/wards", json=ward(2020) | {"invitation": "inv_0.x"})


SCENES: dict[str, tuple[int, Scene]] = {
    "registration-by-office": (409, registration_by_office),
    "too-many-wards": (409, too_many_wards),
    "is-of-age": (409, is_of_age),
    "registration-not-waiting": (409, registration_not_waiting),
    "invitation-unknown": (404, invitation_unknown),
    "invitation-not-good": (409, invitation_not_good),
    "volunteer-unknown": (404, volunteer_unknown),
    "organisation-unknown": (404, organisation_unknown),
    "record-unknown": (404, record_unknown),
    "membership-unknown": (404, membership_unknown),
    "appointment-unknown": (404, appointment_unknown),
    "proxy-unknown": (404, proxy_unknown),
    "key-unknown": (404, key_unknown),
    "not-your-own": (403, not_your_own),
    "not-within-your-office": (403, not_within_your_office),
    "proxy-not-allowed": (403, proxy_not_allowed),
    "proxy-limit-reached": (403, proxy_limit_reached),
    "document-number-taken": (409, document_number_taken),
    "document-number-not-valid": (422, document_number_not_valid),
    "document-number-by-office": (403, document_number_by_office),
    "volunteer-is-erased": (409, volunteer_is_erased),
    "appointment-already-held": (409, appointment_already_held),
    "last-administrator": (409, last_administrator),
    "proxy-already-appointed": (409, proxy_already_appointed),
    "key-not-in-force": (409, key_not_in_force),
    "own-proxy": (422, own_proxy),
    "key-term-not-possible": (422, key_term_not_possible),
    "role-missing": (403, role_missing),
    "you-are-suspended": (403, you_are_suspended),
    "recorder-is-beneficiary": (403, recorder_is_beneficiary),
    "recorder-is-verifier": (403, recorder_is_verifier),
    "more-than-recorded": (403, more_than_recorded),
    "key-of-their-own": (403, key_of_their_own),
    "verifier-is-beneficiary": (403, verifier_is_beneficiary),
    "volunteer-is-suspended": (409, volunteer_is_suspended),
    "volunteer-is-administrator": (409, volunteer_is_administrator),
    "volunteer-not-suspended": (409, volunteer_not_suspended),
    "official-code-taken": (409, official_code_taken),
    "organisation-not-registered": (409, organisation_not_registered),
    "organisation-not-approved": (409, organisation_not_approved),
    "organisation-not-suspended": (409, organisation_not_suspended),
    "invitation-is-theirs": (403, invitation_is_theirs),
    "membership-already-open": (409, membership_already_open),
    "membership-not-pending": (409, membership_not_pending),
    "membership-is-another": (409, membership_is_another),
    "membership-not-active": (409, membership_not_active),
    "record-not-pending": (409, record_not_pending),
    "record-amended": (409, record_amended),
    "record-not-confirmed": (409, record_not_confirmed),
    "duplicate-record": (409, duplicate_record),
    "overlapping-service": (409, overlapping_service),
    "day-is-full": (409, day_is_full),
    "unbelievable-time": (422, unbelievable_time),
    "ends-before-it-starts": (422, ends_before_it_starts),
    "lasts-too-long": (422, lasts_too_long),
    "too-many-minutes": (422, too_many_minutes),
    "service-in-the-future": (422, service_in_the_future),
    "nothing-changes": (422, nothing_changes),
    "term-ends-before-it-starts": (422, term_ends_before_it_starts),
    "idempotency-key-reused": (422, idempotency_key_reused),
    **CREDIT_SCENES,
    **MERGE_SCENES,
    **PLACES_SCENES,
    **ACTIVITY_SCENES,
    **TEAM_SCENES,
}

ELSEWHERE = {
    **dict.fromkeys(
        ("invitation-needed", "guardian-needed", "volunteer-not-taken-in"),
        "the rule book has to let people register themselves; see tests/api/people/test_registrations.py",
    ),
    "office-missing": "whoever does not hold an office is turned away before; see the test below for one that ends",
    "bank-already-open": "banks are opened on the command line only, each under a new id",
    "volunteer-number-taken": "the service tries other numbers; see the test below",
    "not-well-formed": "a request with such a value does not have the shape it should have: 400",
    "record-differs": "it is a verdict on a row of a list that is imported",
    "entry-differs": "it is a verdict on one entry of several",
    "too-few-minutes": "a request for less than one minute does not have the shape it should have: 400",
}


def test_every_refusal_has_a_scene() -> None:
    """Each refusal of the domain is either reached over HTTP here, or listed with the reason why it cannot be."""
    assert sorted([*SCENES, *ELSEWHERE]) == sorted(every_refusal())


@pytest.mark.parametrize("kind", SCENES)
async def test_a_refusal_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A refusal is a problem with its own type, the status of its branch, and the field it is about.

    Whoever speaks Chinese is told so in Chinese; that all of it is there in English, other tests say.
    """
    status, scene = SCENES[kind]
    head = await world.services.ledger.store.head(world.bank_id)
    monkeypatch.setitem(world.http.headers, "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
    response = await scene(world)
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (response.status_code, problem["status"]) == (status, status)
    assert problem["type"] == f"/problems/{kind}"
    assert problem["title"] == translated(kind.replace("-", " ").capitalize(), "zh", "title")
    said = translated(" ".join((every_refusal()[kind].__doc__ or "").split()), "zh")
    assert re.fullmatch(re.sub(r"\\{[a-z_]+\\}", ".+", re.escape(said)), problem["detail"])
    assert response.headers["content-language"] == "zh-Hans"
    field = every_refusal()[kind].field
    assert problem.get("errors", []) == ([{"field": field, "reason": problem["detail"]}] if field else [])
    events = (await world.administrator.get("/v1/audit/events", after=head))["items"]
    assert response.headers["x-request-id"] not in {event["request_id"] for event in events}, "nothing was recorded"


async def test_a_taken_number_is_not_the_callers_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a candidate number is taken, the next is tried."""
    taken = (await world.administrator.get(f"/v1/volunteers/{world.volunteer.id}"))["number"]
    free = new_volunteer_number()
    candidates = iter([taken, taken, free])
    monkeypatch.setattr(
        "timebank.api.people.volunteers.new_volunteer_number", lambda: VolunteerNumber(next(candidates))
    )
    made = await world.administrator.post("/v1/volunteers", {"name": "新人"}, expect=201)
    assert made["number"] == free


async def test_when_no_number_is_free_it_is_our_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all candidate numbers are taken the answer is 500, and nothing is recorded."""
    taken = (await world.administrator.get(f"/v1/volunteers/{world.volunteer.id}"))["number"]
    monkeypatch.setattr("timebank.api.people.volunteers.new_volunteer_number", lambda: VolunteerNumber(taken))
    assert (await world.administrator.post("/v1/volunteers", {"name": "新人"}, expect=500))["status"] == 500


async def test_an_office_is_looked_for_in_the_decision_itself(world: World) -> None:
    """Whoever got as far as the decision in an office that has ended meanwhile is refused there."""
    was = await world.appointed("administrator", valid_until="2199-12-31")
    found = (await world.administrator.get("/v1/appointments", volunteer_id=was.id))["items"]
    command = RegisterOrganisation(
        by=Acting(ActorId(was.id), "administrator"),
        at=utc_now(),
        organisation_id=OrganisationId(f"org_{uuid4().hex}"),
        name="x",
        kind="enterprise",
    )
    await world.services.ledger.execute(world.bank_id, command)
    await world.administrator.post(f"/v1/appointments/{found[0]['appointment_id']}/end")
    with pytest.raises(OfficeMissing):
        await world.services.ledger.execute(world.bank_id, command)
