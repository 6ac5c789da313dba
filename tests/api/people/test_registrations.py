"""People register themselves, as the rule book allows it: with a phone that is theirs, once, or as somebody's child."""

import asyncio
from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.supervision.test_proofs import proved, received
from tests.api.world import Caller, World, said, settled
from timebank.api.people.registrations import TERMS
from timebank.identity import registrations
from timebank.identity.security_log import Visit
from timebank.runtime.clock import utc_now

PASSWORD = "zhong hua lu 17 hao"
CHILD = utc_now().year - 10


class Outbox:
    """A sender that keeps what was sent."""

    way = "message"

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Keep it."""
        assert minutes
        self.sent[phone] = code


@pytest.fixture
def outbox(own_world: World, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """What the service sends meanwhile."""
    outbox = Outbox()
    monkeypatch.setattr(own_world.services.registrations, "_sender", outbox)
    return outbox


async def open_to_all(world: World, **rules: Any) -> None:
    """The rule book lets people register themselves."""
    adopted = {"registration": "open", "registration_waits": False} | rules
    body = {"resolution": "决议", "effective_from": "2020-01-01", "rules": adopted}
    await world.administrator.post("/v1/policies", body, expect=201)


async def asked(world: World, phone: str, come_from: str = "192.0.2.1") -> httpx.Response:
    """Somebody asks for a code to a phone."""
    headers = {"X-Forwarded-For": come_from}
    return await world.http.post("/v1/registration/codes", json={"phone": phone}, headers=headers)


async def code_to(world: World, outbox: Outbox, phone: str) -> str:
    """The code that comes to a phone."""
    said(await asked(world, phone), 201)
    return outbox.sent[phone]


async def register(
    world: World, phone: str, code: str, name: str = "王五", come_from: str = "192.0.2.1", **more: Any
) -> httpx.Response:
    """Somebody born in 1960 registers."""
    body = {"phone": phone, "code": code, "password": PASSWORD, "name": name, "birth_year": 1960, "agreed_to": TERMS}
    return await world.http.post("/v1/registration", json=body | more, headers={"X-Forwarded-For": come_from})


def kind_of(response: httpx.Response) -> tuple[int, str]:
    """The status of a problem, and its type."""
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def newcomer(world: World, outbox: Outbox, phone: str, name: str = "王五", **more: Any) -> dict[str, Any]:
    """Somebody who registered."""
    told: dict[str, Any] = said(await register(world, phone, await code_to(world, outbox, phone), name, **more), 201)
    return told


async def test_somebody_registers_and_is_there(own_world: World, outbox: Outbox) -> None:
    """With a code, a name and a password one is a volunteer, signed in, at home somewhere; the phone signs in."""
    world = own_world
    await open_to_all(world)
    told = said(await world.http.get("/v1/registration"), 200)
    assert (told["registration"], told["waits"], told["agreed_to"]) == ("open", False, TERMS)
    node_id = await world.node()
    told = said(await world.http.get("/v1/registration"), 200)
    assert node_id in {each["node_id"] for each in told["places"]}
    new = await newcomer(world, outbox, "13811110001", node_id=node_id, purposes=["be-asked"], skills=["理发"])
    assert new["status"] == "active"
    caller = Caller(world.http, new["volunteer_id"], new["access_token"])
    data = await caller.get("/v1/me/data")
    assert (data["person"]["name"], data["person"]["skills"], data["volunteer"]["number"]) == (
        "王五", ["理发"], new["number"]
    )  # fmt: skip
    assert [each["node_id"] for each in data["residences"]] == [node_id]
    assert {each["topic"] for each in data["events"]} == {"volunteer-registered", "consent-given", "residence-set"}
    again = {"login": "13811110001", "password": PASSWORD}
    assert said(await world.http.post("/v1/sessions", json=again), 201)["volunteer_id"] == new["volunteer_id"]
    activity_id = await world.activity()
    await caller.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)


async def test_who_registers_has_a_receipt(own_world: World, outbox: Outbox) -> None:
    """The answer says position and leaf of what was recorded of them, and they can have it proved."""
    world, phone = own_world, "13811110021"
    await open_to_all(world)
    answer = await register(world, phone, await code_to(world, outbox, phone))
    new = said(answer, 201)
    position, leaf, log = received(answer.headers["timebank-receipt"])
    assert (position, log) == (new["position"], f"timebank/{world.bank_id}")
    row = await proved(world, Caller(world.http, new["volunteer_id"], new["access_token"]), position)
    assert sha256(b"\x00" + msgspec.msgpack.encode(row)).digest() == leaf


async def test_whoever_is_registered_is_led_to_their_account(own_world: World, outbox: Outbox) -> None:
    """The same phone, or the same name and year of birth, is told to sign in; who shares a phone says so."""
    world = own_world
    await open_to_all(world)
    await newcomer(world, outbox, "13811110002")
    for phone, name in (("13811110002", "赵六"), ("13811110002", "王五"), ("13811110003", "王五")):
        code = await code_to(world, outbox, phone)
        assert kind_of(await register(world, phone, code, name)) == (409, "already-registered")
    code = await code_to(world, outbox, "13811110002")
    assert kind_of(await register(world, "13811110002", code, shares_phone=True)) == (409, "already-registered")
    code = await code_to(world, outbox, "13811110002")
    said(await register(world, "13811110002", code, "赵六", shares_phone=True), 201)


async def test_who_is_a_volunteer_is_told_once_for_a_code(own_world: World, outbox: Outbox) -> None:
    """Nobody goes through names and years of birth with one code, nor with a password that would not be taken."""
    world = own_world
    await open_to_all(world)
    await newcomer(world, outbox, "13811110020")
    code = await code_to(world, outbox, "13811110021")
    for name in ("王五", "赵六"):
        assert kind_of(await register(world, "13811110021", code, name, password="1234567890"))[0] == 422
    assert kind_of(await register(world, "13811110021", code, "王五")) == (409, "already-registered")
    assert kind_of(await register(world, "13811110021", code, "赵六")) == (422, "phone-code-not-valid")


@pytest.mark.parametrize("is_at_once", [True, False])
async def test_names_are_not_gone_through(own_world: World, outbox: Outbox, is_at_once: bool) -> None:
    """What would be refused whatever the name is refused before names are compared; of two codes both are used up."""
    world, phone = own_world, "13811110022"
    await open_to_all(world)
    for n, name in enumerate(("甲甲", "乙乙")):
        await newcomer(world, outbox, f"1381111003{n}", name)
    codes = [await code_to(world, outbox, phone) for _ in range(2)]
    for name in ("丁丁", "甲甲"):
        refused = await register(world, phone, codes[0], name, node_id="nod_0")
        assert kind_of(refused)[1] == "node-unknown", "and not whether there is somebody"
    tries = [(codes[0], "甲甲"), (codes[1], "乙乙"), (codes[0], "乙乙"), (codes[1], "甲甲")]
    if is_at_once:
        told = await asyncio.gather(*(register(world, phone, code, name) for code, name in tries))
    else:
        told = [await register(world, phone, code, name) for code, name in tries]
    assert sorted(kind_of(each)[1] for each in told) == ["already-registered"] + ["phone-code-not-valid"] * 3


async def test_a_code_is_good_once_and_for_its_phone(own_world: World, outbox: Outbox) -> None:
    """A wrong code, one that came to another phone, one tried too often, and one that was used let nobody register."""
    world = own_world
    await open_to_all(world)
    code = await code_to(world, outbox, "13811110004")
    other = await code_to(world, outbox, "13811110005")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    not_valid = (422, "phone-code-not-valid")
    assert kind_of(await register(world, "13811110005", code if code != other else wrong)) == not_valid
    for _ in range(registrations.TRIES):
        assert kind_of(await register(world, "13811110004", wrong)) == not_valid
    assert kind_of(await register(world, "13811110004", code)) == not_valid
    said(await register(world, "13811110005", other), 201)
    assert kind_of(await register(world, "13811110005", other, "赵六", shares_phone=True)) == not_valid


async def test_strangers_use_up_nobodys_tries(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often they try, and ask for codes: whoever asked, and has the phone, goes on; guessing stays hopeless."""
    async with settled(url, trusted_proxies="127.0.0.1") as world:
        outbox = Outbox()
        monkeypatch.setattr(world.services.registrations, "_sender", outbox)
        await open_to_all(world)
        await _tried_by_strangers(world, outbox, "13811110009")


async def _tried_by_strangers(world: World, outbox: Outbox, phone: str) -> None:
    code = await code_to(world, outbox, phone)
    wrong, not_valid = f"{(int(code) + 1) % 10**6:06}", (422, "phone-code-not-valid")
    for n in range(registrations.TRIES + 1):
        assert kind_of(await register(world, phone, wrong, come_from=f"198.51.100.{n}")) == not_valid
    assert kind_of(await register(world, phone, code, come_from="198.51.100.99")) == not_valid
    for _ in range(registrations.CODES_AN_HOUR - 1):
        said(await asked(world, phone, "198.51.100.7"), 201)
    assert kind_of(await asked(world, phone, "198.51.100.7")) == (429, "too-many-attempts")
    said(await register(world, phone, code), 201)
    for n in range(registrations.CODES_A_DAY * registrations.OF_A_PHONE - registrations.CODES_AN_HOUR):
        said(await asked(world, phone, f"203.0.113.{n}"), 201)  # who has not asked yet
    assert kind_of(await asked(world, phone, "203.0.113.99")) == (429, "too-many-attempts")


async def test_one_code_makes_one_account(own_world: World, outbox: Outbox) -> None:
    """Of five requests at once with one code, one registers somebody."""
    world = own_world
    await open_to_all(world)
    code = await code_to(world, outbox, "13811110006")
    told = await asyncio.gather(*(register(world, "13811110006", code) for _ in range(5)))
    assert sum(each.status_code == 201 for each in told) == 1


async def test_many_from_one_address_are_slowed(own_world: World, outbox: Outbox) -> None:
    """So many codes an hour are sent from one address, and so many to one phone; others go on."""
    world = own_world
    await open_to_all(world)
    for _ in range(registrations.CODES_AN_HOUR):
        await code_to(world, outbox, "13811110007")
    slowed = await asked(world, "13811110007")
    assert kind_of(slowed) == (429, "too-many-attempts")
    for n in range(registrations.OF_AN_ADDRESS - registrations.CODES_AN_HOUR):
        await code_to(world, outbox, f"1381112{n:04}")
    slowed = await asked(world, "13811130000")
    assert kind_of(slowed) == (429, "too-many-attempts")
    assert int(slowed.headers["retry-after"]) > 60


OTHERS = """
insert into registration_code (bank_id, phone_index, code_hash, address, network, issued_at, expires_at)
select bank_id, phone_index, code_hash, n::text, null, issued_at - interval '23 hours' + n * interval '1 minute', now()
  from registration_code, generate_series(1, $1::integer) n
"""
"""So many codes for others to the same phone: the first of them is a day old in 61 minutes, the next in 62."""


async def test_a_code_is_there_again_when_it_was_said(own_world: World, outbox: Outbox) -> None:
    """Where more came to a phone than one gets a code beside, one waits until enough of them are old."""
    world, phone = own_world, "13811110040"
    await open_to_all(world)
    await code_to(world, outbox, phone)
    await world.services.pool.execute(OTHERS, registrations.CODES_A_DAY + 4)
    slowed = await asked(world, phone)
    assert kind_of(slowed) == (429, "too-many-attempts")
    assert 65 * 60 < int(slowed.headers["retry-after"]) <= 66 * 60, "when the sixth of them is a day old"


async def test_an_office_takes_them_in(own_world: World, outbox: Outbox) -> None:
    """Who registered waits, and does nothing yet; an administrator finds them, takes them in, or says why not."""
    world = own_world
    await open_to_all(world, registration_waits=True)
    new = await newcomer(world, outbox, "13811110008")
    caller = Caller(world.http, new["volunteer_id"], new["access_token"])
    assert new["status"] == (await caller.get("/v1/me"))["volunteer"]["status"] == "applied"
    sign_up = f"/v1/activities/{await world.activity()}/sign-ups"
    assert kind_of(await caller.ask("POST", sign_up, json={})) == (409, "volunteer-not-taken-in")
    (waits,) = (await world.administrator.get("/v1/registrations"))["items"]
    assert (waits["volunteer_id"], waits["name"]) == (new["volunteer_id"], "王五")
    path = f"/v1/registrations/{new['volunteer_id']}"
    await world.administrator.post(f"{path}/decline", {"reason": "不在本社区居住"}, expect=200)
    (notice,) = [
        each for each in (await caller.get("/v1/me/notices"))["items"] if each["kind"] == "registration-declined"
    ]
    assert notice["detail"]["reason"] == "不在本社区居住"
    assert (await world.administrator.get("/v1/registrations"))["items"] == []
    await world.administrator.post(f"{path}/accept", expect=200)
    await caller.post(sign_up, {}, expect=201)


async def test_who_leads_their_place_takes_them_in(own_world: World, outbox: Outbox) -> None:
    """Whoever leads where a newcomer lives sees that they wait, and takes them in; who leads another place does not."""
    world = own_world
    await open_to_all(world, registration_waits=True)
    top = await world.node()
    here = await world.node("片区", parent_id=top)
    new = await newcomer(world, outbox, "13811110013", node_id=here)
    leader, beside = await world.leader(top), await world.leader(await world.node())
    (seen,) = (await leader.get(f"/v1/nodes/{top}/people"))["items"]
    assert (seen["volunteer_id"], seen["volunteer_status"]) == (new["volunteer_id"], "applied")
    path = f"/v1/registrations/{new['volunteer_id']}/accept"
    assert kind_of(await beside.ask("POST", path)) == (403, "not-within-your-node")
    await leader.post(path, expect=200)
    codes = f"/v1/volunteers/{new['volunteer_id']}/phone/codes"
    assert (await leader.post(codes, expect=201))["code"]
    assert kind_of(await beside.ask("POST", codes)) == (404, "volunteer-unknown")


async def test_an_organisation_invites(own_world: World, outbox: Outbox) -> None:
    """Where the rule book asks for an invitation, its code lets so many in; nobody makes one up from the log."""
    world = own_world
    await open_to_all(world, registration="invitation")
    code = await code_to(world, outbox, "13811110009")
    assert kind_of(await register(world, "13811110009", code)) == (409, "invitation-needed")
    path = f"/v1/organisations/{world.garden}/invitations"
    made = await world.coordinator.post(path, {"people": 1, "until_day": "2199-12-31"}, expect=201)
    assert made["link"].endswith(f"/register?invitation={made['code']}")
    for wrong in (made["invitation_id"], f"{made['invitation_id']}.{'x' * 16}"):
        assert kind_of(await register(world, "13811110009", code, invitation=wrong)) == (409, "invitation-not-good")
    said(await register(world, "13811110009", code, invitation=made["code"]), 201)
    code = await code_to(world, outbox, "13811110010")
    assert kind_of(await register(world, "13811110010", code, "赵六", invitation=made["code"])) == (
        409, "invitation-not-good"
    )  # fmt: skip
    (listed,) = (await world.coordinator.get(path))["items"]
    assert (listed["come"], listed["people"]) == (1, 1)
    await world.coordinator.post(f"{path}/{made['invitation_id']}/withdraw", expect=200)


async def test_a_child_has_a_guardian(own_world: World, outbox: Outbox) -> None:
    """A minor does not register alone; a guardian does it for them, and acts for them from then on."""
    world = own_world
    await open_to_all(world)
    code = await code_to(world, outbox, "13811110011")
    assert kind_of(await register(world, "13811110011", code, birth_year=CHILD)) == (403, "guardian-needed")
    parent = await world.somebody()
    ward = {"name": "小王", "birth_year": CHILD, "agreed_to": TERMS}
    child = await parent.post("/v1/me/wards", ward, expect=201, key="one-child")
    again = await parent.post("/v1/me/wards", ward, expect=201, key="one-child")
    assert again["volunteer_id"] == child["volunteer_id"]
    (proxy,) = (await parent.get("/v1/me"))["acts_for"]
    assert proxy["volunteer_id"] == child["volunteer_id"]
    behalf = {"On-Behalf-Of": child["volunteer_id"]}
    seen = await parent.ask("GET", f"/v1/volunteers/{child['volunteer_id']}", headers=behalf)
    assert (seen.json()["name"], seen.json()["on_leaderboards"]) == ("小王", False)


async def test_without_a_sender_nobody_registers_alone(own_world: World) -> None:
    """Where no codes are sent, people are told to go to an office."""
    await open_to_all(own_world)
    told = await own_world.http.post("/v1/registration/codes", json={"phone": "13811110012"})
    assert kind_of(told) == (409, "codes-handed-out")


async def test_where_the_office_registers_people_no_stranger_has_messages_sent(
    own_world: World, outbox: Outbox
) -> None:
    """No code goes to any phone, and nobody learns, by one that came before, who is a volunteer."""
    world, phone = own_world, "13811110014"
    await world.somebody("王五", birth_year=1960)
    await world.services.registrations.send(world.bank_id, phone, Visit(utc_now(), "192.0.2.1", "test"))
    code = outbox.sent.pop(phone)
    assert kind_of(await asked(world, "13811110016")) == (409, "registration-by-office")
    assert outbox.sent == {}
    for name in ("王五", "赵六"):
        assert kind_of(await register(world, phone, code, name)) == (409, "registration-by-office")
