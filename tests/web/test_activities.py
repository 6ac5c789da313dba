"""An activity on pages, from its plan to the balance; and people who come by themselves."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import segno

from tests.api.conftest import kept
from tests.api.people.test_registrations import Outbox, open_to_all
from tests.api.world import World, settled
from tests.controls import ZONE
from tests.web.reader import Form, Reader, Seen, signed_in
from timebank.runtime.clock import utc_now
from timebank.web.app import create_app

pytestmark = pytest.mark.drill

PASSWORD = "四个不相干的词 horse staple"


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    """A bank of the test's own."""
    async with kept(settled(url, create_app)) as world:
        yield world


def form_with(page: Seen, value: str) -> Form:
    """The form that has a button, or a field, of some value."""
    return next(
        each for each in page.forms if value in {said for _, said in each.buttons} or value in each.fields.values()
    )


async def test_somebody_new_registers_signs_up_in_and_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An organiser publishes an activity; somebody new registers, signs up, types the code of the place, and leaves."""
    outbox = Outbox()
    monkeypatch.setattr(world.services.registrations, "_sender", outbox)
    await open_to_all(world)
    organiser = await signed_in(world, world.coordinator.id)
    page = await organiser.get(f"/o/{world.garden}/activities/new")
    now = utc_now().astimezone(ZONE)
    start = now + timedelta(minutes=5) if now.hour < 23 else now.replace(hour=23, minute=58)
    plan = {"name": "楼道清扫", "category": "公益慈善", "content": "擦洗扶手", "place": "三号楼", "publish": "1"}
    times = {"day": f"{start:%Y-%m-%d}", "start": f"{start:%H:%M}", "end": "23:59"}
    page = await organiser.send(page.form(f"/o/{world.garden}/activities/new"), **plan, **times)
    assert "已发布" in page.text
    (lead,) = [link for link in page.links if link.endswith("/lead")]
    newcomer = Reader(world)
    page = await newcomer.get("/register")
    page = await newcomer.send(page.form("/register/code"), phone="138 1111 2222")
    who = {"code": outbox.sent["13811112222"], "name": "王五", "birth_year": "1960", "agreed_to": "2026-11"}
    wrong = await newcomer.send(page.form("/register"), **who, password=PASSWORD, again="x")
    assert wrong.status == 422
    page = await newcomer.send(wrong.form("/register"), **who, password=PASSWORD, again=PASSWORD)
    assert page.path == "/home"
    assert "欢迎" in page.text
    page = await newcomer.get("/activities")
    (link,) = [each for each in page.links if each.startswith("/activities/act_")]
    page = await newcomer.send((await newcomer.get(link)).form(link), what="sign-up")
    assert "报名成功" in page.text
    shown = await organiser.get(f"{link}/code")
    (digits,) = re.findall(r"\b\d{3} \d{3}\b", shown.text)
    page = await newcomer.send(form_with(page, "check-in"), what="check-in", code=digits)
    assert "签到成功" in page.text
    assert not [each for each in page.forms if ("what", "check-in") in each.buttons], "who is there can only leave"
    page = await newcomer.send(form_with(page, "check-out"), what="check-out", code=digits)
    assert "签退成功" in page.text
    assert "王五" in (await organiser.get(lead)).text


async def test_the_code_of_the_place_is_scanned(world: World) -> None:
    """The QR code is the address of the activity with the code: whoever is not signed in yet comes back there."""
    activity_id = await world.activity()
    path, somebody = f"/activities/{activity_id}", await world.somebody()
    leader, drawn, code = await signed_in(world, world.coordinator.id), "", ""
    for _ in range(2):  # it may turn between the two
        code = (await world.coordinator.get(f"/v1{path}/code"))["code"]
        page = await leader.get(f"{path}/code")
        (drawn,) = [said["src"] or "" for tag, said in page.tags if tag == "img"]
        if drawn == segno.make(f"{world.services.public_url}{path}?code={code}").svg_data_uri(scale=8):
            break
    else:
        pytest.fail(f"{code} is not what is drawn: {drawn}")
    asked = (await Reader(world).get(f"{path}?code={code}")).form("/sign-in").fields["next"]
    assert asked == f"{path}?code={code}"
    reader = await signed_in(world, somebody.id)
    page = await reader.send(form_with(await reader.get(asked), "sign-up"), what="sign-up")
    page = await reader.send(form_with(page, "check-in"), what="check-in")
    assert "签到成功" in page.text


async def test_a_leader_ticks_who_came_and_who_left(world: World) -> None:
    """Several are entered at once; what cannot be entered is said by name; nobody ticked is told to tick first."""
    activity_id = await world.activity()
    people = [await world.somebody(name) for name in ("陈静", "李兰", "王刚")]
    for each in people:
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    leader, path = await signed_in(world, world.coordinator.id), f"/activities/{activity_id}/lead"
    page = await leader.get(path)
    assert not [each for each in page.forms if ("what", "close") in each.buttons], "it is not over"
    page = await leader.send(form_with(page, "in"), what="in")
    assert page.status == 422
    page = await leader.send(form_with(page, "in"), what="in", who=[each.id for each in people[:2]])
    assert page.text.count("在场") == 2
    page = await leader.send(form_with(page, "out"), what="out", who=[people[0].id, people[2].id])
    assert page.status == 409
    assert "王刚:" in page.text
    assert "vol_" not in page.text, "people are called by their names"
    roll = await world.coordinator.get(f"/v1/activities/{activity_id}/roll")
    assert [(each["since"] is not None, each["until"] is not None) for each in roll] == [
        (True, True), (True, False), (False, False),
    ]  # fmt: skip


async def test_whoever_forgot_to_sign_out_is_recorded_afterwards(world: World) -> None:
    """After closing, somebody says when they left, and a record of theirs waits; the leader's own by somebody else."""
    somebody = await world.somebody("陈静")
    activity_id = await world.past_activity(somebody, has_left=False)
    leader, path = await signed_in(world, world.coordinator.id), f"/activities/{activity_id}/lead"
    page = await leader.get(path)
    assert "还有 1 人没有签退" in page.text
    page = await leader.send(form_with(page, "close"), what="close")
    left = next(each["ends_at"] for each in [await world.coordinator.get(f"/v1/activities/{activity_id}")])
    page = await leader.send(form_with(page, "presence"), what="presence", left=left[11:16])
    assert "已登记，等待确认" in page.text
    assert "还没登记的人" not in page.text
    (record,) = (await somebody.get("/v1/service-records"))["items"]
    assert (record["status"], record["minutes"]) == ("logged", 120)


async def test_forty_are_confirmed_at_once(world: World) -> None:
    """The leader closes what is over, and another confirms all forty with one click; then it is on their accounts."""
    people = [await world.somebody() for _ in range(40)]
    activity_id = await world.past_activity(*people, led=True)
    leader, verifier = await signed_in(world, world.coordinator.id), await signed_in(world, world.verifier.id)
    path = f"/activities/{activity_id}"
    page = await leader.send(form_with(await leader.get(f"{path}/lead"), "close"), what="close")
    assert "已结束登记" in page.text
    assert path in (await verifier.get(f"/o/{world.garden}/activities")).links, "there it can be confirmed"
    page = await verifier.send(form_with(await verifier.get(path), "confirm"), what="confirm")
    assert "已确认" in page.text
    for each in (people[0], people[-1]):
        assert "2小时" in (await (await signed_in(world, each.id)).get("/home")).text
