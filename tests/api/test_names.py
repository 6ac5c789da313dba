"""Whom lists name: everybody is told as much of who the people are as they may know."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api.world import Caller, World, hours_of
from timebank.identity.limits.comparisons import MOST_COMPARED

WHO = ("volunteer_name", "volunteer_number", "recorder_name", "decided_by_name", "organisation_name")


async def seen(caller: Caller, path: str, *fields: str, **params: Any) -> list[tuple[Any, ...]]:
    """What somebody is told of some fields, in the whole list."""
    items = [each for page in await caller.pages(path, limit=500, **params) for each in page]
    return [tuple(each[field] for field in fields) for each in items]


async def test_service_is_somebodys(own_world: World) -> None:
    """A verifier confirms a person, not an id; oneself and administrators see as much, auditors no name."""
    world = own_world
    zhang, outsider = await world.somebody("张三"), await world.body("别处")
    number = (await zhang.get("/v1/me"))["volunteer"]["number"]
    record_id = await world.log(zhang.id, by=world.recorder)
    other = await world.member("verifier", outsider)
    full = [("张三", number, "某某", None, "百花园物业")]
    for caller in (world.recorder, world.organisation):
        stranger = [("张*", None, "某某", None, "百花园物业")]
        assert await seen(caller, "/v1/service-records", *WHO, organisation_id=world.garden) == stranger
    for caller in (world.verifier, world.coordinator, world.administrator):
        assert await seen(caller, "/v1/service-records", *WHO, organisation_id=world.garden) == full
        alone = await caller.get(f"/v1/service-records/{record_id}")
        assert [tuple(alone[field] for field in WHO)] == full
    await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
    assert await seen(world.recorder, "/v1/service-records", *WHO[:2], organisation_id=world.garden) == [
        ("张三", number)
    ]
    assert await seen(zhang, "/v1/service-records", *WHO) == [("张三", number, "某*", "某*", "百花园物业")]
    auditor = await world.appointed("auditor")
    assert await seen(auditor, "/v1/service-records", *WHO) == [(None, number, None, None, "百花园物业")]
    assert await seen(other, "/v1/service-records", *WHO) == []


async def test_nobody_learns_a_name_by_naming_somebody(own_world: World) -> None:
    """Whoever records service for a stranger, signs them up or reserves for them sees the first character, also after
    it was taken back; a member is named, and whoever signs up themselves.
    """
    world, zhang, li = own_world, await own_world.somebody("张三"), await own_world.somebody("李四")
    member = await world.member("member")
    for caller in (world.coordinator, world.recorder):
        there = f"/v1/service-records/{await world.log(zhang.id, by=caller)}"
        assert (await caller.get(there))["volunteer_name"] == "张*"
        await caller.post(f"{there}/withdraw", {"reason": "错"}, expect=200)
        withdrawn = await caller.get(there)
        assert (withdrawn["volunteer_name"], withdrawn["volunteer_number"]) == ("张*", None)
    assert (await world.recorder.get(f"/v1/service-records/{await world.log(member.id)}"))["volunteer_name"] == "某某"
    activity_id = await world.activity(starts_in=30, leader_id=member.id)
    for who in (zhang, member):
        body = {"volunteer_id": who.id}
        await member.post(f"/v1/activities/{activity_id}/sign-ups", body, expect=201)
    await li.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    roll = await member.get(f"/v1/activities/{activity_id}/roll")
    assert [each["volunteer_name"] for each in roll] == ["张*", "某某", "李四"]
    assert [each["volunteer_number"] is None for each in roll] == [True, False, False]
    merchant, reward_id = await world.with_credit(), await world.reward()
    await world.joins(merchant, "merchant")
    body = {"beneficiary_id": zhang.id}
    reserved = await merchant.post(f"/v1/rewards/{reward_id}/redemptions", body, expect=201)
    seen_so = await merchant.get(f"/v1/redemptions/{reserved['redemption_id']}")
    assert (seen_so["beneficiary_name"], seen_so["beneficiary_number"]) == ("张*", None)


async def test_reading_names_is_written_down(own_world: World) -> None:
    """Whoever is shown others' names is in the security log; whoever sees their own affairs is not."""
    world = own_world
    zhang = await world.with_credit(name="张三")
    await zhang.get("/v1/service-records")
    await world.verifier.get("/v1/service-records", organisation_id=world.garden)
    read = (await world.administrator.get("/v1/audit/security", kind="people-read"))["items"]
    assert [(each["actor"], each["detail"]["people"]) for each in read] == [(world.verifier.id, 1)]


async def test_gifts_say_to_whom_and_not_more(world: World) -> None:
    """Of the other side of a gift one sees the first character of the name, and no number; administrators see both."""
    giver, elder = await world.with_credit(name="张三"), await world.somebody("赵奶奶")
    await giver.post("/v1/gifts", {"to_volunteer_id": elder.id, "minutes": 5}, expect=201)
    sides = ("volunteer_name", "to_volunteer_name", "to_volunteer_number")
    own = (await elder.get("/v1/me"))["volunteer"]["number"]
    assert await seen(giver, "/v1/gifts", *sides) == [("张三", "赵**", None)]
    assert await seen(elder, "/v1/gifts", *sides) == [("张*", "赵奶奶", own)]
    assert await seen(world.administrator, "/v1/gifts", *sides, volunteer_id=elder.id) == [("张三", "赵奶奶", own)]


async def test_whoever_hands_out_sees_to_whom(world: World) -> None:
    """Whoever provides what is redeemed sees for whom it is; their own programs too."""
    provider = await world.body("某理发店")
    merchant, somebody = await world.member("merchant", provider), await world.with_credit(name="张三")
    reserved = await world.redeem(somebody, await world.reward(provider))
    for caller in (merchant, await world.program(provider)):
        told = await seen(caller, "/v1/redemptions", "beneficiary_name", "provider_name")
        assert told == [("张三", "某理发店")]
    given = await merchant.post("/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]})
    assert given["beneficiary_name"] == "张三"


async def test_a_proxy_knows_whom_they_act_for(world: World) -> None:
    """Whoever appoints a proxy by their number learns no name by it; the proxy sees theirs, until that has ended."""
    elder, child = await world.somebody("赵奶奶"), await world.somebody("李小妹")
    await elder.post("/v1/me/proxies", {"proxy_volunteer_id": child.id}, expect=201)
    sides = ("volunteer_name", "proxy_volunteer_name", "proxy_volunteer_number")
    (own,) = await elder.get("/v1/me/proxies")
    assert tuple(own[side] for side in sides) == ("赵奶奶", "李**", None)
    (acts_for,) = (await child.get("/v1/me"))["acts_for"]
    assert [acts_for[side] for side in sides[:2]] == ["赵奶奶", "李小妹"]
    (mine,) = await child.get("/v1/me/proxies")
    assert mine["volunteer_name"] == "赵奶奶"
    await elder.post(f"/v1/me/proxies/{child.id}/end", {})
    (ended,) = await child.get("/v1/me/proxies")
    assert ended["volunteer_name"] == "赵**"


async def test_whoever_is_only_invited_is_a_stranger(world: World) -> None:
    """One sees the first character of a name until they accepted, and after they said no: inviting is no key."""
    somebody, path = await world.somebody("欧阳静"), f"/v1/organisations/{world.garden}/members"

    async def shown(caller: Caller, status: str) -> list[tuple[Any, ...]]:
        found = await seen(caller, path, "volunteer_id", "volunteer_name", "volunteer_number", status=status)
        return [each[1:] for each in found if each[0] == somebody.id]

    number = (await somebody.get("/v1/me"))["volunteer"]["number"]
    for decision, after in (("decline", "declined"), ("approve", "approved")):
        await world.coordinator.post(path, {"volunteer_id": number}, expect=201)
        for caller in (world.coordinator, world.recorder, world.organisation):
            assert await shown(caller, "invited") == [("欧**", None)]
        assert await shown(world.administrator, "invited") == [("欧阳静", number)]
        await somebody.post(f"{path}/{somebody.id}/{decision}", expect=200)
        known = ("欧**", None) if after == "declined" else ("欧阳静", number)
        assert await shown(world.coordinator, after) == [known]


async def tried(by: Caller, path: str, head: str, rows: Sequence[str], **asked: Any) -> list[str]:
    """The verdicts on a list: its reason, or else its status, for each row."""
    headers, text = {"Content-Type": "text/csv"}, "\n".join([head, *rows]).encode()
    answer = await by.ask("POST", path, content=text, headers=headers, params=asked)
    assert answer.status_code == 200, answer.text
    return [each.get("reason", each["status"]) for each in answer.json()["verdicts"]]


def refused(verdicts: Sequence[str]) -> list[bool]:
    """Which of them are that no more is compared."""
    return ["is with no other" in each for each in verdicts]


SOME, NO_MORE = [False] * MOST_COMPARED, [True]
NAMES = [f"欧阳{each}" for each in "甲乙丙丁戊己庚辛壬癸"]
PHONES = [f"1390000{each}" for each in range(1106, 1116)]


async def test_lists_of_service_are_no_way_to_guess_who_somebody_is(own_world: World) -> None:
    """So many names and phones are compared with a stranger's number in a day, then none, not the right one either.

    The same list may come again, with other people on it, and offices that see everybody compare as many as they like.
    """
    world, path = own_world, f"/v1/organisations/{own_world.garden}/service-records/import"
    stranger = await world.somebody("欧阳修远", phone="13900001111")
    number, other = [(await each.get("/v1/me"))["volunteer"]["number"] for each in (stranger, world.volunteer)]
    said = hours_of(days_ago=2)
    times = ",".join(said[each][:16].replace("T", " ") for each in ("started_at", "ended_at"))

    async def names(by: Caller, names: Sequence[str], whose: str = number, heads: str = "编号,姓名") -> list[bool]:
        rows = [f"{whose},{name},清扫,公益慈善,{times}" for name in names]
        return refused(await tried(by, path, f"{heads},活动,类别,开始时间,结束时间", rows, dry_run=True))

    for whose, heads in ((number, "编号,姓名"), ("13900001111", "手机,姓名")):
        for _ in range(2):
            told = await names(world.recorder, [*NAMES, "欧阳修远"], whose, heads)
            assert told == SOME + NO_MORE * 3
    assert await names(world.recorder, ["王五"], other) == [False]
    assert await names(world.administrator, [*NAMES, "欧阳修远"]) == [False] * 11
    assert await names(await world.member("recorder"), PHONES, heads="编号,手机") == SOME + NO_MORE * 2
    key = {"label": "考勤", "permissions": ["log-service"]}
    made = await world.coordinator.post(f"/v1/organisations/{world.garden}/keys", key, expect=201)
    assert await names(Caller(world.http, world.garden, made["api_key"]), NAMES[:6]) == [False] * 6
    assert await names(world.coordinator, NAMES[4:]) == [False] * 4 + NO_MORE * 2
    entries = (await world.administrator.get("/v1/audit/security", kind="people-read"))["items"]
    assert world.recorder.id in {each["actor"] for each in entries}


async def test_lists_of_people_are_no_way_either(own_world: World) -> None:
    """Of somebody who is there, by number or by name. Of a house that shares a phone all are registered."""
    world, path, heads = own_world, "/v1/volunteers/import", "编号,手机,姓名"
    stranger = await world.somebody("欧阳修远", phone="13900001111")
    number = (await stranger.get("/v1/me"))["volunteer"]["number"]
    leader = await world.leader(await world.node())
    for by in (leader, await world.program(world.garden, "register-volunteers")):
        for whose in (number, ""):
            rows = [f"{whose},{phone},欧阳修远" for phone in PHONES]
            assert refused(await tried(by, path, heads, rows, dry_run=True)) == SOME[whose == number :] + NO_MORE * (
                2 + (whose == number)
            )
    noted = [f",{phone},欧阳修远(组长)" for phone in PHONES]
    for dry_run in (True, False):
        another = await world.leader(await world.node())
        assert refused(await tried(another, path, heads, noted, dry_run=dry_run)) == SOME + NO_MORE * 2
    house = [f",13900009999,住户{each}" for each in "甲乙丙丁戊己庚辛壬癸"]
    for dry_run in (True, False):
        assert refused(await tried(leader, path, heads, house, dry_run=dry_run)) == [False] * 10


async def test_lists_find_no_phones_by_trying_all(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many phones that are nobody's a day's lists look none up any more, also of whom is in charge."""
    monkeypatch.setattr("timebank.identity.limits.comparisons.MOST_UNKNOWN", 5)
    world, path = own_world, f"/v1/organisations/{own_world.garden}/service-records/import"
    stranger = await world.somebody("欧阳修远", phone="13900001111")
    number = (await stranger.get("/v1/me"))["volunteer"]["number"]
    said = hours_of(days_ago=2)
    times = ",".join(said[each][:16].replace("T", " ") for each in ("started_at", "ended_at"))

    async def looked_up(by: Caller, phones: Sequence[str], heads: str = "手机", beside: str = "") -> list[bool]:
        rows = [f"{beside}{phone},清扫,公益慈善,{times}" for phone in phones]
        told = await tried(by, path, f"{heads},活动,类别,开始时间,结束时间", rows, dry_run=True)
        return ["no more are looked up" in each for each in told]

    unknown = [f"1380000{each}" for each in range(1106, 1113)]
    for _ in range(2):
        assert await looked_up(world.recorder, unknown) == [False] * 5 + [True] * 2
    assert await looked_up(world.recorder, ["13900001111"]) == [True]
    assert await looked_up(world.recorder, ["13900001111"], "编号,手机", f"{number},") == [False]
    beside = await world.member("recorder")
    assert await looked_up(beside, unknown, "编号,手机", f"{number},") == [False] * 5 + [True] * 2
    another = await world.member("recorder")
    assert await looked_up(another, ["13900001111", *unknown[:4]]) == [False] * 5
    assert await looked_up(another, unknown[4:], "编号,活动负责人", f"{number},") == [False, True, True]
    assert await looked_up(world.administrator, unknown) == [False] * 7
    searching = await world.member("recorder")
    statuses = [(await searching.ask("GET", f"/v1/volunteers?query={each}")).status_code for each in unknown]
    assert statuses == [200] * 5 + [429] * 2
    assert (await searching.ask("GET", "/v1/volunteers?query=13900001111")).status_code == 429
    assert (await searching.ask("GET", "/v1/volunteers?query=欧阳")).status_code == 200
    wide = [each.translate({ord(n): ord(n) - ord("0") + ord("０") for n in "0123456789"}) for each in unknown]
    mixed = [f"{each[:10]}{other[10:]}" for each, other in zip(unknown, wide, strict=True)]
    for spelt in (wide, mixed, [f"{each}4" for each in unknown]):
        another = await world.member("recorder")
        statuses = [(await another.ask("GET", f"/v1/volunteers?query={each}")).status_code for each in spelt]
        assert statuses == [200] * 5 + [429] * 2, spelt
