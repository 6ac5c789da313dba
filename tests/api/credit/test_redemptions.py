import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.people.test_erasure import dumped
from tests.api.people.test_proxies import go_on, paired, problem, today
from tests.api.world import Caller, World, wide
from timebank.runtime.clock import utc_now

WHY = {"reason": "不需要了"}


class Counted(Caller):
    """A caller whose requests are counted."""

    asked = 0

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, and count it."""
        self.asked += 1
        return await super().ask(method, path, **options)


async def shop(world: World) -> tuple[str, Caller]:
    """A new provider, and its merchant."""
    organisation_id = await world.body("体检中心")
    return organisation_id, await world.member("merchant", organisation_id)


async def test_a_code_is_looked_at_before_it_is_accepted(world: World) -> None:
    """A dry run says what a code is for, to whoever may accept it, and leaves it as it is."""
    provider, merchant = await shop(world)
    somebody = await world.with_credit(120)
    reserved = await world.redeem(somebody, await world.reward(provider, name="量血压"))
    code = {"redemption_code": reserved["redemption_code"]}
    for _ in range(2):
        seen = await merchant.post("/v1/redemptions/fulfil", code, expect=200, dry_run=True)
        assert seen["name"] == "量血压"
    await somebody.post("/v1/redemptions/fulfil", code, expect=404, dry_run=True)
    assert (await somebody.get(f"/v1/redemptions/{reserved['redemption_id']}"))["status"] == "reserved"
    await merchant.post("/v1/redemptions/fulfil", code, expect=200)
    await merchant.post("/v1/redemptions/fulfil", code, expect=409, dry_run=True)


async def test_codes_that_expire_next_come_first(world: World) -> None:
    """An auditor reads them page by page in that order; it is to be had of the whole bank only."""
    somebody, auditor = await world.with_credit(240), await world.appointed("auditor")
    times = [(utc_now() + timedelta(hours=hours)).isoformat() for hours in (5, 2)]
    slots = [{"starts_at": each, "places": 9} for each in times]
    tasting, haircut = await world.reward(slots=slots, cost_minutes=10), await world.reward(cost_minutes=10)
    made = [await world.redeem(somebody, tasting, {"slot": each}) for each in times]
    made.append(await world.redeem(somebody, haircut))
    asked: dict[str, Any] = {"status": "reserved", "order": "expiring"}
    page = await auditor.get("/v1/redemptions", **asked, limit=1)
    found = page["items"]
    while page["next"]:
        page = await auditor.get("/v1/redemptions", **asked, limit=1, after=page["next"])
        found += page["items"]
    dates = [datetime.fromisoformat(each["expires_at"]) for each in found]
    assert dates == sorted(dates)
    ids = [each["redemption_id"] for each in found]
    assert len(ids) == len(set(ids))
    own = [each for each in ids if each in {one["redemption_id"] for one in made}]
    assert own == [made[n]["redemption_id"] for n in (1, 0, 2)]
    assert (await somebody.ask("GET", "/v1/redemptions", params=asked)).status_code == 403
    for other in ({"status": "fulfilled"}, {"reward_id": haircut}, {"volunteer_id": somebody.id}, {"after": "red_0"}):
        answer = await auditor.ask("GET", "/v1/redemptions", params=asked | other)
        assert answer.status_code == 400, other


async def test_five_calls_from_reward_to_statement(world: World) -> None:
    """See a reward, redeem it, show the code, and, once it was fulfilled, see that it was, and the statement."""
    provider, merchant = await shop(world)
    reward_id, known = await world.reward(provider, name="免费体检"), await world.with_credit(120)
    somebody = Counted(world.http, known.id, known.token)
    seen = await somebody.get(f"/v1/rewards/{reward_id}")
    reserved = await somebody.post(f"/v1/rewards/{reward_id}/redemptions", expect=201)
    path = f"/v1/redemptions/{reserved['redemption_id']}"
    drawn = await somebody.ask("GET", f"{path}/qr")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.text.lstrip().startswith("<?xml")
    assert reserved["redemption_code"] not in drawn.text
    given = await merchant.post("/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]}, expect=200)
    assert given == {
        "redemption_id": reserved["redemption_id"],
        "status": "fulfilled",
        "name": "免费体检",
        "provider_id": provider,
        "beneficiary_id": somebody.id,
        "beneficiary_name": "某某",
        "slot": None,
        "position": given["position"],
    }
    now = await somebody.get(path)
    assert (now["status"], now["ended_by"], now["cost_minutes"]) == ("fulfilled", merchant.id, seen["cost_minutes"])
    statement = await somebody.get(f"/v1/volunteers/{somebody.id}/statement")
    assert [(each["topic"], each["change_minutes"]) for each in statement["lines"]] == [
        ("service-confirmed", 120), ("reward-reserved", -60), ("reward-fulfilled", 0)
    ]  # fmt: skip
    assert (statement["closing_minutes"], statement["position"]) == (60, given["position"])
    assert somebody.asked == 5


async def test_the_code_is_in_the_answer_and_nowhere_else(own_world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """No column of any table, no event and no line of the log has a code, whatever was done with it, or wrongly."""
    world = own_world
    provider, merchant = await shop(world)
    somebody, reward_id = await world.with_credit(240), await world.reward(provider)
    reserved = await world.redeem(somebody, reward_id, key="one")
    assert await world.redeem(somebody, reward_id, key="one") == reserved
    code, path = reserved["redemption_code"], f"/v1/redemptions/{reserved['redemption_id']}"
    assert (await somebody.get(f"{path}/code"))["redemption_code"] == code
    await somebody.ask("GET", f"{path}/qr")
    for caller, status in ((world.organisation, 404), (world.verifier, 404), (merchant, 200), (merchant, 200)):
        await caller.post("/v1/redemptions/fulfil", {"redemption_code": code}, expect=status, key="fulfil")
    await merchant.post("/v1/redemptions/fulfil", {"redemption_code": code}, expect=409)
    await merchant.post("/v1/redemptions/fulfil", {"redemption_code": f"{code} {code} {code}"}, expect=400)
    await merchant.post("/v1/redemptions/fulfil", {"redemption_code": code, code: code}, expect=400)
    for caller in (somebody, world.administrator, merchant):
        for seen in (await caller.ask("GET", path), await caller.ask("GET", "/v1/redemptions")):
            assert seen.is_success
            assert code not in seen.text
    events = str(await world.administrator.pages("/v1/audit/events", limit=500))
    written = (await dumped(world.services.owner)).decode(errors="replace") + events + "".join(capfd.readouterr())
    assert reserved["redemption_id"] in written
    for spelling in (code, code.replace("-", ""), code.lower(), code.replace("-", "").lower()):
        assert spelling not in written


async def test_the_code_is_accepted_however_it_is_typed(world: World) -> None:
    """Small letters, full width, spaces, no hyphens, and letters that look like digits make no difference."""
    provider, merchant = await shop(world)
    somebody, reward_id = await world.with_credit(240), await world.reward(provider)
    for spelled in (
        str.lower,
        wide,
        lambda code: code.replace("-", " "),
        lambda code: code.replace("0", "O").replace("1", "l"),
    ):
        code = (await world.redeem(somebody, reward_id))["redemption_code"]
        await merchant.post("/v1/redemptions/fulfil", {"redemption_code": spelled(code)}, expect=200)


async def test_two_scans_at_one_moment(world: World) -> None:
    """Of two members of the provider who scan one code at the same moment, exactly one hands something out."""
    provider, first = await shop(world)
    second, reward_id = await world.member("merchant", provider), await world.reward(provider)
    for _ in range(3):
        somebody = await world.with_credit(60)
        code = (await world.redeem(somebody, reward_id))["redemption_code"]
        answers = await asyncio.gather(
            *(each.ask("POST", "/v1/redemptions/fulfil", json={"redemption_code": code}) for each in (first, second))
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
        balance = await world.balance(somebody.id)
        assert (balance["available_minutes"], balance["reserved_minutes"], balance["redeemed_minutes"]) == (0, 0, 60)


async def test_sixty_claims_on_the_last_five(world: World) -> None:
    """However many ask at once, as many get one as there are, and only from those was anything taken."""
    reward_id = await world.reward(quota=5)
    people = await asyncio.gather(*(world.with_credit(60) for _ in range(60)))
    path = f"/v1/rewards/{reward_id}/redemptions"
    answers = await asyncio.gather(*(each.ask("POST", path) for each in people))
    assert sorted(each.status_code for each in answers) == [201] * 5 + [409] * 55
    assert {problem(each)[1] for each in answers if each.status_code == 409} == {"reward-sold-out"}
    assert (await world.volunteer.get(f"/v1/rewards/{reward_id}"))["remaining"] == 0
    taken = [(await world.balance(each.id))["reserved_minutes"] for each in people]
    assert sorted(taken) == [0] * 55 + [60] * 5
    found = await world.administrator.get("/v1/redemptions", reward_id=reward_id)
    assert len({each["redemption_id"] for each in found["items"]}) == 5


async def test_a_cancelled_one_is_there_again(world: World) -> None:
    """Giving up what is reserved gives back the minutes and the unit, once; after that it cannot be fulfilled."""
    provider, merchant = await shop(world)
    reward_id, somebody = await world.reward(provider, quota=1), await world.with_credit(60)
    for canceller in (somebody, merchant, world.administrator):
        reserved = await world.redeem(somebody, reward_id)
        path = f"/v1/redemptions/{reserved['redemption_id']}/cancel"
        await world.volunteer.post(path, WHY, expect=404)
        cancelled = await canceller.post(path, WHY, expect=200)
        assert cancelled["status"] == "cancelled"
        await canceller.post(path, WHY, expect=409)
        await merchant.post("/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]}, expect=409)
        assert (await world.balance(somebody.id))["available_minutes"] == 60
        assert (await somebody.get(f"/v1/rewards/{reward_id}"))["remaining"] == 1


async def test_for_somebody_else(world: World) -> None:
    """The beneficiary is named by id or by number, sees it, and can have no more than one person can."""
    reward_id, payer, elder = (
        await world.reward(quota_per_person=1),
        await world.with_credit(240),
        await world.somebody(),
    )
    number = (await elder.get(f"/v1/volunteers/{elder.id}"))["number"]
    reserved = await world.redeem(payer, reward_id, {"beneficiary_id": number})
    seen = await elder.get(f"/v1/redemptions/{reserved['redemption_id']}")
    assert (seen["volunteer_id"], seen["beneficiary_id"]) == (payer.id, elder.id)
    assert seen in (await elder.get("/v1/redemptions"))["items"]
    assert (await world.balance(payer.id))["reserved_minutes"] == 60
    await world.administrator.post(f"/v1/redemptions/{reserved['redemption_id']}/cancel", WHY, expect=200)
    await world.redeem(payer, reward_id, {"beneficiary_id": elder.id})
    helper = await world.with_credit(60)
    again = await world.redeem(helper, reward_id, {"beneficiary_id": elder.id}, expect=409)
    assert again["type"] == "/problems/cannot-receive"
    for nobody in ("vol_0", "123456789015", world.garden):
        refused = await world.redeem(helper, reward_id, {"beneficiary_id": nobody}, expect=404)
        assert refused["type"] == "/problems/volunteer-unknown"


async def test_a_proxy_redeems_for_an_elder(world: World) -> None:
    """With On-Behalf-Of it is the elder's credit and the elder's reward, and the history names both."""
    pair, reward_id = await paired(world, "redeem"), await world.reward()
    await world.confirmed(pair.old.id, hours=2)
    reserved = await pair.act("POST", f"/v1/rewards/{reward_id}/redemptions")
    assert reserved.status_code == 201, reserved.text
    path = f"/v1/redemptions/{reserved.json()['redemption_id']}"
    assert (await pair.act("GET", f"{path}/qr")).status_code == 200
    again = {"redemption_id": reserved.json()["redemption_id"], **{
        name: reserved.json()[name] for name in ("redemption_code", "expires_at")
    }}  # fmt: skip
    assert (await pair.act("GET", f"{path}/code")).json() == again == await pair.old.get(f"{path}/code")
    await pair.young.get(f"{path}/code", expect=404)
    seen = await pair.old.get(path)
    assert (seen["volunteer_id"], seen["beneficiary_id"]) == (pair.old.id, pair.old.id)
    await pair.young.get(path, expect=404)
    assert (await world.balance(pair.old.id))["reserved_minutes"] == 60
    (event, _) = (await world.administrator.get("/v1/audit/events", tag=pair.old.id))["items"][-2:]
    assert (event["topic"], event["actor"], event["on_behalf_of"]) == ("reward-reserved", pair.young.id, pair.old.id)
    to_oneself = await pair.act("POST", f"/v1/rewards/{reward_id}/redemptions", {"beneficiary_id": pair.young.id})
    assert problem(to_oneself) == (403, "proxy-is-beneficiary")
    assert (await pair.act("POST", f"{path}/cancel", WHY)).status_code == 200
    given = await pair.act("POST", "/v1/gifts", {"to_volunteer_id": world.volunteer.id, "minutes": 1})
    assert problem(given) == (403, "proxy-not-allowed")


async def test_one_key_is_for_one_person(world: World) -> None:
    """The same Idempotency-Key for somebody else, or for oneself, is not the same request."""
    pair, reward_id = await paired(world, "redeem"), await world.reward()
    for each in pair:
        await world.confirmed(each.id)
    path, key = f"/v1/rewards/{reward_id}/redemptions", {"Idempotency-Key": "same"}
    first = await pair.young.ask("POST", path, headers=key | {"On-Behalf-Of": pair.old.id})
    own = await pair.young.ask("POST", path, headers=key)
    assert first.status_code == 201
    assert own.status_code == 422, "whose redemption is it?"


async def test_after_the_last_day_a_raw_post_is_refused(world: World) -> None:
    """Whoever does not use our forms is told the same: before the first day and after the last nothing is reserved."""
    somebody, day = await world.with_credit(60), timedelta(days=1)
    for window in ({"available_until": str(today() - day)}, {"available_from": str(today() + day)}):
        refused = await world.redeem(somebody, await world.reward(**window), expect=409)
        assert refused["type"] == "/problems/reward-not-offered"
    await world.redeem(somebody, await world.reward(available_from=str(today()), available_until=str(today())))


async def test_what_nobody_fetched_in_time(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over a code is worth nothing, even before anybody has taken the minutes back."""
    world = own_world
    reserved = await world.redeem(await world.with_credit(60), await world.reward())
    go_on(world, monkeypatch, days=4)
    refused = await world.organisation.post(
        "/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]}, expect=409
    )
    assert refused["type"] == "/problems/redemption-not-open"


async def test_who_sees_what(world: World) -> None:
    """A redemption is seen by who pays, who gets it, who provides it, and the bank's offices; lists hold no more."""
    provider, merchant = await shop(world)
    mine, elsewhere = await world.reward(provider), await world.reward()
    somebody, auditor = await world.with_credit(180), await world.appointed("auditor")
    first = (await world.redeem(somebody, mine))["redemption_id"]
    second = (await world.redeem(somebody, elsewhere))["redemption_id"]

    async def listed(caller: Caller, **params: Any) -> list[str]:
        found = await caller.get("/v1/redemptions", limit=500, **params)
        return [each["redemption_id"] for each in found["items"]]

    for caller in (merchant, await world.program(provider)):
        assert await listed(caller) == [first]
        await caller.get(f"/v1/redemptions/{second}", expect=404)
    assert await listed(somebody) == [second, first] == await listed(auditor, volunteer_id=somebody.id)
    assert await listed(somebody, status="cancelled") == []
    assert await listed(world.volunteer, volunteer_id=somebody.id) == []
    assert await listed(await world.member("recorder", provider)) == []
    assert [len(page) for page in await somebody.pages("/v1/redemptions", limit=1)] == [1, 1]
    for stranger in (world.volunteer, world.verifier):
        await stranger.get(f"/v1/redemptions/{first}", expect=404)
        for code in ("code", "qr"):
            assert problem(await stranger.ask("GET", f"/v1/redemptions/{first}/{code}")) == (404, "redemption-unknown")
    for other in (merchant, await world.program(provider), world.administrator, auditor):
        assert (await other.ask("GET", f"/v1/redemptions/{first}/code")).status_code in {403, 404}
    await auditor.get(f"/v1/redemptions/{first}")
    await auditor.post(f"/v1/redemptions/{first}/cancel", WHY, expect=404)


async def test_a_merchant_sees_their_own_redemptions_too(world: World) -> None:
    """Who provides rewards and redeems one elsewhere finds both in the list."""
    provider, merchant = await shop(world)
    await world.confirmed(merchant.id)
    own = await world.redeem(merchant, await world.reward())
    given = await world.redeem(await world.with_credit(60), await world.reward(provider))
    found = (await merchant.get("/v1/redemptions"))["items"]
    assert {each["redemption_id"] for each in found} == {own["redemption_id"], given["redemption_id"]}
