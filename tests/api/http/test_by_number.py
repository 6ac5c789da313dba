"""People know each other's numbers: where a request names somebody, the number does as well as the id."""

import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.api.http.test_guard import OPERATIONS, TABLE
from tests.api.world import Caller, World, said, service
from timebank.api.http.named import NAMES


async def number_of(somebody: Caller) -> str:
    """The number a volunteer is known by."""
    number: str = (await somebody.get(f"/v1/volunteers/{somebody.id}"))["number"]
    return number


def spellings(number: str) -> list[str]:
    """A number as people write it: as it is, in groups, and in full-width digits with blanks around."""
    wide = number.translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"})
    return [number, f"{number[:4]} {number[4:8]}-{number[8:]}", f"\u3000{wide} "]


@pytest.mark.drill
async def test_in_every_address(world: World) -> None:
    """Wherever the path or the query of a question names a volunteer, the number is as good as the id."""
    somebody = await world.with_credit()
    number = await number_of(somebody)
    document = (await world.http.get("/schema/openapi.json")).json()
    asked = set()
    for name, (method, path) in OPERATIONS.items():
        parameters = document["paths"][path][method.lower()].get("parameters", [])
        places = {each["in"]: each["name"] for each in parameters if each["name"] in NAMES}
        if method != "GET" or not places:
            continue
        asked.add(name)
        answers = []
        for who in (somebody.id, *spellings(number)):
            params = {places["query"]: who} if "query" in places else {}
            row = TABLE[name]
            caller = somebody if row.own or row.people or row.everybody else world.administrator
            answer = await caller.ask("GET", path.format(volunteer_id=who), params=params)
            assert answer.status_code == 200, f"{name}: {answer.text}"
            answers.append(written(answer))
        assert len(set(answers)) == 1, name
    assert {"get_balance", "get_statement", "list_service_records", "list_redemptions", "list_gifts"} <= asked


def written(answer: httpx.Response) -> str:
    """What an answer says; a workbook says in other parts of it when it was made."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        return "".join(book.read(each).decode() for each in sorted(book.namelist()) if each.startswith("xl/"))


async def test_for_oneself(world: World) -> None:
    """`me` is whoever asks, or whom they act for; and what is below a volunteer's address is below /v1/me too."""
    elder, child = await world.with_credit(120), await world.somebody()
    await elder.post("/v1/me/proxies", {"proxy_volunteer_id": child.id}, expect=201)
    own = await elder.get(f"/v1/volunteers/{elder.id}/balance")
    assert own == await elder.get("/v1/volunteers/me/balance") == await elder.get("/v1/me/balance")
    assert (await elder.get("/v1/me"))["volunteer"]["volunteer_id"] == elder.id
    (record,) = (await elder.get("/v1/service-records", volunteer_id="me"))["items"]
    assert record["volunteer_id"] == elder.id
    behalf = {"On-Behalf-Of": await number_of(elder)}
    assert (await child.ask("GET", "/v1/me/balance", headers=behalf)).json() == own
    assert (await child.get("/v1/me/balance"))["available_minutes"] == 0
    assert (await world.organisation.get("/v1/me/balance", expect=403))["status"] == 403


NOBODY = "123456789015"


@pytest.mark.parametrize(
    ("path", "looked_for", "kind"),
    [
        (f"/v1/volunteers/{NOBODY}", NOBODY, "volunteer"),
        (f"/v1/volunteers/{NOBODY}/memberships", NOBODY, "volunteer"),
        (f"/v1/volunteers/{NOBODY}/proxies", NOBODY, "volunteer"),
        (f"/v1/service-records?volunteer_id={NOBODY}", NOBODY, "volunteer"),
        ("/v1/redemptions?volunteer_id=vol_0", "vol_0", "volunteer"),
        ("/v1/redemptions?provider_id=org_0", "org_0", "organisation"),
        ("/v1/redemptions?reward_id=rew_0", "rew_0", "reward"),
        ("/v1/service-records?organisation_id=org_0", "org_0", "organisation"),
        ("/v1/organisations/org_0/members", "org_0", "organisation"),
        ("/v1/organisations/org_0/keys", "org_0", "organisation"),
    ],
)
async def test_what_there_is_not_is_named(world: World, path: str, looked_for: str, kind: str) -> None:
    """Whoever asks about what there is not is told what was looked for, instead of being shown an empty list."""
    problem = said(await world.administrator.ask("GET", path), 404)
    assert problem["type"] == f"/problems/{kind}-unknown"
    assert looked_for in problem["detail"]


async def test_a_number_tells_no_id(world: World) -> None:
    """Problems speak of people in the words of the request: a stranger learns no id by a number."""
    elder, stranger = await world.somebody(), await world.somebody()
    number = await number_of(elder)
    wanted: dict[str, Any] = service(number)
    own = f"/v1/me/proxies/{number}/end"
    for path in (f"/v1/volunteers/{number}", f"/v1/service-records?volunteer_id={number}", own):
        told = await stranger.ask("POST" if path == own else "GET", path)
        assert told.status_code == 404
        assert number in told.json()["detail"]
        assert elder.id not in told.text
    await world.administrator.post(f"/v1/volunteers/{number}/suspend", {"reason": "x"}, expect=200)
    (verdict,) = (await world.organisation.post(f"{world.records}/batch", {"records": [wanted]}))["results"]
    assert verdict["problem"]["detail"] == f"Volunteer {number} is suspended."
    again = await world.organisation.post(world.records, service(spellings(number)[1]), expect=409)
    assert elder.id not in str(again)


async def test_in_what_is_looked_for(world: World) -> None:
    """Somebody is found by their number however it is written."""
    elder = await world.somebody()
    for spelt in spellings(await number_of(elder)):
        found = (await world.administrator.get("/v1/volunteers", query=spelt))["items"]
        assert [each["volunteer_id"] for each in found] == [elder.id]


async def test_in_bodies(world: World) -> None:
    """Service is logged, one by one and in batches, and members and proxies are named by number."""
    elder, child = await world.somebody(), await world.somebody()
    number = await number_of(elder)
    record_id = await world.log(number)
    seen = await elder.get(f"/v1/service-records/{record_id}")
    assert seen["volunteer_id"] == elder.id
    rows = {"records": [service(number, days_ago=3), service(elder.id, days_ago=4), service("123456789015")]}
    verdicts = (await world.organisation.post(f"{world.records}/batch", rows, expect=200))["results"]
    assert [each["status"] for each in verdicts] == ["logged", "logged", "refused"]
    assert verdicts[2]["problem"]["type"] == "/problems/volunteer-unknown"
    members = f"/v1/organisations/{world.garden}/members"
    assert (await world.coordinator.post(members, {"volunteer_id": number}))["volunteer_id"] == elder.id
    proxies = f"/v1/volunteers/{elder.id}/proxies"
    made = await elder.post(proxies, {"proxy_volunteer_id": await number_of(child)}, expect=201)
    assert made["proxy_volunteer_id"] == child.id


async def test_in_whose_name_one_acts(world: World) -> None:
    """On-Behalf-Of takes the number, and a number of nobody is nobody's to act for."""
    elder, child = await world.somebody(), await world.somebody()
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", {"proxy_volunteer_id": child.id}, expect=201)
    path = f"/v1/volunteers/{elder.id}/balance"
    seen = await child.ask("GET", path, headers={"On-Behalf-Of": await number_of(elder)})
    assert seen.status_code == 200
    for other in ("123456789015", await number_of(child)):
        assert (await child.ask("GET", path, headers={"On-Behalf-Of": other})).status_code == 403


async def test_a_filter_that_does_not_exist_is_refused(world: World) -> None:
    """Whoever misspells a parameter is told so, and which there are, instead of being shown everything."""
    refused = await world.administrator.get("/v1/redemptions", expect=400, provider="org_0")
    assert refused["errors"][0]["field"] == "provider"
    assert "provider_id" in refused["detail"]


async def test_no_code_is_drawn_that_is_good_for_nothing(world: World) -> None:
    """After a redemption is over its code is not drawn any more."""
    somebody, reward_id = await world.with_credit(120), await world.reward()
    reserved = await world.redeem(somebody, reward_id)
    path = f"/v1/redemptions/{reserved['redemption_id']}"
    assert (await somebody.ask("GET", f"{path}/qr")).status_code == 200
    await somebody.post(f"{path}/cancel", {"reason": "没空"}, expect=200)
    over = await somebody.get(f"{path}/qr", expect=409)
    assert over["type"] == "/problems/redemption-not-open"


async def test_it_is_said_until_when_a_rule_book_holds(own_world: World) -> None:
    """Of two versions for the same day the later holds, and the other never did; the last holds for good."""
    adopt = own_world.administrator.post
    for version, day in enumerate(("2020-01-01", "2198-01-01", "2197-06-01", "2198-01-01"), 1):
        body = {"resolution": f"第{version}号", "effective_from": day, "rules": {}}
        assert (await adopt("/v1/policies", body, expect=201))["version"] == version
    until = [each["effective_until"] for each in await own_world.volunteer.get("/v1/policies")]
    assert until == ["2197-05-31", "2197-12-31", "2197-12-31", None]
