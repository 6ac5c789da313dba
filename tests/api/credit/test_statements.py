import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.people.test_proxies import for_days, go_on, paired, problem, today
from tests.api.world import Caller, World

WHY = {"reason": "对照签到表"}


async def a_life(world: World) -> Caller:
    """Somebody to whom everything happened that can happen to credit."""
    somebody, other, fund_id = await world.somebody("王芳"), await world.with_credit(60), await world.fund()
    first = await world.confirmed(somebody.id, hours=5, activity="=1+1", days_ago=2)
    await world.confirmed(somebody.id, hours=2, capacity="staff-on-duty", days_ago=3)
    second = await world.confirmed(somebody.id, hours=2, days_ago=4)
    path = f"/v1/service-records/{first}"
    await world.verifier.post(f"{path}/correct", WHY | {"minutes": 240}, expect=200)
    reward_id = await world.reward(name="=cmd|' /C calc'!A0")
    kept, given_up = [await world.redeem(somebody, reward_id) for _ in range(2)]
    await world.organisation.post("/v1/redemptions/fulfil", {"redemption_code": kept["redemption_code"]}, expect=200)
    await somebody.post(f"/v1/redemptions/{given_up['redemption_id']}/cancel", WHY, expect=200)
    await somebody.post("/v1/gifts", {"to_volunteer_id": other.id, "minutes": 200}, expect=201)
    await somebody.post("/v1/donations", {"fund_id": fund_id, "minutes": 40}, expect=201)
    await world.verifier.post(f"/v1/service-records/{second}/void", WHY, expect=200)
    await other.post("/v1/gifts", {"to_volunteer_id": somebody.id, "minutes": 90}, expect=201)
    grant = WHY | {"to_volunteer_id": somebody.id, "minutes": 15}
    await world.administrator.post(f"/v1/funds/{fund_id}/grants", grant, expect=201)
    return somebody


def parts_of(told: dict[str, Any]) -> dict[str, int]:
    """What each cause came to."""
    return {each["cause"]: each["minutes"] for each in told["parts"]}


async def test_the_last_line_is_the_balance(world: World) -> None:
    """Each line names its fact's position and fits to the one before; the last says what the balance says."""
    somebody = await a_life(world)
    path = f"/v1/volunteers/{somebody.id}"
    statement, balance = await somebody.get(f"{path}/statement"), await somebody.get(f"{path}/balance")
    before = statement["opening_minutes"]
    for line in statement["lines"]:
        assert line["change_minutes"] == sum(each["minutes"] for each in line["parts"])
        assert line["balance_minutes"] == before + line["change_minutes"] >= 0
        before = line["balance_minutes"]
    last = statement["lines"][-1]
    assert (last["balance_minutes"], last["reserved_minutes"], last["debt_minutes"]) == (
        balance["available_minutes"], balance["reserved_minutes"], balance["debt_minutes"]
    ) == (45, 0, 0)  # fmt: skip
    assert statement["closing_minutes"] == 45
    assert statement["position"] == last["position"] == balance["position"]
    events = {
        each["position"]: each["topic"]
        for page in await world.administrator.pages("/v1/audit/events", tag=somebody.id, limit=500)
        for each in page
    }
    assert all(events[line["position"]] == line["topic"] for line in statement["lines"])
    assert sum(each["minutes"] for each in statement["parts"]) == 45


async def test_why_adds_up_to_the_minute(world: World) -> None:
    """The causes sum to the balance; nothing that happened is without a line."""
    somebody = await a_life(world)
    path = f"/v1/volunteers/{somebody.id}"
    why, balance = await somebody.get(f"{path}/balance/why"), await somebody.get(f"{path}/balance")
    assert why["available_minutes"] == balance["available_minutes"] == sum(parts_of(why).values())
    assert why["position"] == balance["position"]
    assert parts_of(why) == {
        "service": 360, "paid-duty": -120, "redeemed": -60, "gift-given": -200, "donated": -40,
        "gift-received": 90, "granted": 15,
    }  # fmt: skip
    assert parts_of(why) == parts_of(await somebody.get(f"{path}/statement"))
    (debt,) = [line for line in why["lines"] if line["debt_minutes"]]
    assert (debt["topic"], debt["debt_minutes"], debt["balance_minutes"]) == ("service-voided", 60, 0)
    nobody = await world.somebody()
    empty = await nobody.get(f"/v1/volunteers/{nobody.id}/balance/why")
    assert (empty["available_minutes"], empty["parts"], empty["lines"]) == (0, [], [])


@pytest.mark.parametrize("what", ["statement", "balance/why"])
@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_page_by_page(world: World, what: str, limit: int) -> None:
    """Pages have the lines of the whole, each once; what was before and after, and the parts, are the same on each."""
    somebody = await a_life(world)
    path = f"/v1/volunteers/{somebody.id}/{what}"
    whole = await somebody.get(path)
    assert whole["next"] is None
    lines, after = [], "0"
    while after is not None:
        page = await somebody.get(path, limit=limit, after=after)
        lines += page["lines"]
        after = page["next"]
        assert len(page["lines"]) == limit or after is None
        assert page | {"lines": [], "next": None} == whole | {"lines": []}
    assert lines == whole["lines"]
    assert (await somebody.get(path, after=whole["position"]))["lines"] == []
    for wrong in ({"limit": 0}, {"limit": 501}, {"after": -1}, {"after": "x"}):
        await somebody.get(path, expect=400, **wrong)


async def test_a_statement_is_in_words(world: World) -> None:
    """Lines are told in Chinese, or in English."""
    somebody = await world.with_credit(60)
    path = f"/v1/volunteers/{somebody.id}/statement"
    words = [(await somebody.get(path, language=each))["lines"][0]["words"] for each in ("zh", "en")]
    assert words == ["服务已确认：楼道清扫", "Service confirmed: 楼道清扫"]
    assert (await somebody.get(path))["lines"][0]["words"] == words[0]
    await somebody.get(path, language="fr", expect=400)


async def test_periods_add_up(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month closes with what the next opens with, and a period split into parts never changes a total."""
    world = own_world
    somebody, verifier = await for_days(world, await world.with_credit(60)), await for_days(world, world.verifier)
    path = f"/v1/volunteers/{somebody.id}/statement"
    for days in (9, 18):
        go_on(world, monkeypatch, days)
        record_id = await world.log(somebody.id, hour=days)
        await verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
    first, last = today(), today() + timedelta(days=18)
    whole = await somebody.get(path)
    assert (whole["opening_minutes"], whole["closing_minutes"], len(whole["lines"])) == (0, 300, 3)
    for middle in (first, first + timedelta(days=8), first + timedelta(days=9), last):
        early = await somebody.get(path, until=str(middle))
        late = await somebody.get(path, **{"from": str(middle + timedelta(days=1))})
        assert early["closing_minutes"] == late["opening_minutes"]
        assert early["lines"] + late["lines"] == whole["lines"]
        assert late["closing_minutes"] == 300
    months = sorted({f"{each:%Y-%m}" for each in (first, first + timedelta(days=9), last)})
    told = [await somebody.get(path, month=month) for month in months]
    assert [line for each in told for line in each["lines"]] == whole["lines"]
    assert sum(each["closing_minutes"] - each["opening_minutes"] for each in told) == 300
    nothing = await somebody.get(path, month="1999-12")
    assert (nothing["lines"], nothing["closing_minutes"]) == ([], 0)


async def test_what_is_no_period(world: World) -> None:
    """Months and days that there are not are refused; the ends of time, and periods without a day, are not."""
    path = f"/v1/volunteers/{world.volunteer.id}/statement"
    wrong: list[dict[str, str]] = [
        {"month": "2026-13"}, {"month": "2026-1"}, {"month": "0000-01"},
        {"from": "2026-02-30"}, {"until": "yesterday"},
    ]  # fmt: skip
    for params in wrong:
        await world.volunteer.get(path, expect=400, **params)
        await world.volunteer.get(f"{path}.csv", expect=400, **params)
    ends: list[dict[str, str]] = [
        {"month": "9999-12"}, {"month": "0001-01"}, {"from": "0001-01-01", "until": "9999-12-31"},
        {"from": "2026-02-01", "until": "2026-01-01"}, {"month": "2026-11", "until": "2026-10-31"},
    ]  # fmt: skip
    for params in ends:
        await world.volunteer.get(path, **params)


async def test_the_spreadsheet(world: World) -> None:
    """UTF-8 with a byte order mark, the lines of the statement, and no cell that a spreadsheet would run."""
    somebody = await a_life(world)
    path = f"/v1/volunteers/{somebody.id}/statement"
    for language, opening in (("zh", "期初余额"), ("en", "Opening balance")):
        response = await somebody.ask("GET", f"{path}.csv", params={"language": language})
        assert response.headers["content-type"].startswith("text/csv")
        assert response.headers["content-disposition"] == f'attachment; filename="statement-{somebody.id}.csv"'
        assert response.content.startswith(b"\xef\xbb\xbf")
        header, first, *rows, last = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        assert (len(header), first[3]) == (9, opening)
        lines = (await somebody.get(path, language=language))["lines"]
        assert last[6] == str(lines[-1]["balance_minutes"])
        assert [(row[0], row[3], int(row[4]), int(row[6])) for row in rows] == [
            (str(line["position"]), line["words"], line["change_minutes"], line["balance_minutes"]) for line in lines
        ]
        assert "=1+1" in response.text
        for cell in (cell for row in (header, first, *rows, last) for cell in row):
            assert cell[:1] not in {"=", "@", "\t", "\r"}
            assert cell[:1] not in {"+", "-"} or cell[1:].isdigit()


async def test_a_late_entry_shows_both_times(world: World) -> None:
    """What the log said at the end of a day, and what had happened by then as it is known today, are both told."""
    somebody = await world.somebody()
    await world.confirmed(somebody.id, days_ago=20, hours=2)
    path, then = f"/v1/volunteers/{somebody.id}/balance", today() - timedelta(days=10)
    late = await somebody.get(path, as_of=str(then))
    nothing = {"available_minutes": 0, "reserved_minutes": 0, "debt_minutes": 0}
    assert late["as_of"] == str(then)
    assert late["available_minutes"] == 120
    assert late["as_recorded"] == nothing | {"service_minutes": 0, "credited_minutes": 0, "redeemed_minutes": 0}
    assert late["as_effective"] == nothing | {
        "available_minutes": 120, "service_minutes": 120, "credited_minutes": 120, "redeemed_minutes": 0
    }  # fmt: skip
    before = await somebody.get(path, as_of=str(then - timedelta(days=11)))
    assert before["as_effective"]["service_minutes"] == 0
    now = await somebody.get(path, as_of=str(today()))
    assert now["as_recorded"] == now["as_effective"] == {name: now[name] for name in now["as_recorded"]}
    for day in (date.min, date.max):
        await somebody.get(path, as_of=str(day))
    await somebody.get(path, as_of="2026-02-30", expect=400)


async def test_whose_statements_one_sees(world: World) -> None:
    """One's own, a proxy's principal's, and in an office everybody's; to all others there is no such account."""
    (old, young), auditor = await paired(world), await world.appointed("auditor")
    await world.confirmed(old.id)
    paths = [f"/v1/volunteers/{old.id}/{each}" for each in ("statement", "statement.csv", "balance", "balance/why")]
    for path in paths:
        for caller in (old, auditor, world.administrator):
            assert (await caller.ask("GET", path)).status_code == 200
        assert (await young.ask("GET", path, headers={"On-Behalf-Of": old.id})).status_code == 200
        for caller in (young, world.volunteer, world.verifier, world.coordinator):
            assert problem(await caller.ask("GET", path)) == (404, "volunteer-unknown")
        assert (await world.organisation.ask("GET", path)).status_code == 403
        assert (await auditor.ask("GET", path.replace(old.id, "vol_0"))).status_code == 404


async def test_an_auditor_sees_and_does_not_spend(world: World) -> None:
    """Who looks at all accounts moves nothing on any: no gift, no redemption, no cancelling, no grant, no rule book."""
    auditor, somebody = await world.appointed("auditor"), await world.with_credit(120)
    reward_id, fund_id = await world.reward(), await world.fund(organisation_id=world.garden)
    reserved = (await world.redeem(somebody, reward_id))["redemption_id"]
    await auditor.get(f"/v1/volunteers/{somebody.id}/statement")
    before = await world.balance(somebody.id)
    grant = WHY | {"to_volunteer_id": world.volunteer.id, "minutes": 1}
    for path, body, status in (
        (f"/v1/redemptions/{reserved}/cancel", WHY, 404),
        ("/v1/redemptions/fulfil", {"redemption_code": "0000-0000-0000"}, 404),
        (f"/v1/funds/{fund_id}/grants", grant, 403),
        (f"/v1/rewards/{reward_id}/withdraw", WHY, 403),
        (f"/v1/volunteers/{somebody.id}/leave", {"rest": "hold"}, 404),
    ):
        await auditor.post(path, body, expect=status)
    for path, body in (
        ("/v1/gifts", {"to_volunteer_id": auditor.id, "minutes": 1}),
        ("/v1/donations", {"fund_id": fund_id, "minutes": 1}),
        (f"/v1/rewards/{reward_id}/redemptions", {}),
    ):
        refused = await auditor.ask("POST", path, json=body, headers={"On-Behalf-Of": somebody.id})
        assert problem(refused) == (403, "proxy-not-allowed")
    assert await world.balance(somebody.id) == before
