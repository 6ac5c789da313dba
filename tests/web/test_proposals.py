"""Self-report on pages: told by a volunteer, taken up or declined at the organisation's desk."""

from datetime import timedelta

from tests.api.world import World
from tests.controls import ZONE
from tests.web.reader import Form, Reader, Seen, signed_in
from timebank.runtime.clock import utc_now


async def told(reader: Reader, world: World, activity: str, day: str, **said: str) -> Seen:
    """What somebody sees who has just told of service on the page."""
    page = await reader.get("/proposals/new")
    when = {"day": day, "start": "9:00", "end": "10:30", "category": "公益慈善"}
    seen = (await world.administrator.get(f"/v1/volunteers/{world.verifier.id}"))["number"]
    form = page.form("/proposals/new")
    return await reader.send(form, organisation_id=world.garden, activity=activity, witness_id=seen, **when, **said)


def on(page: Seen, proposal_id: str, what: str) -> Form:
    """The form that answers a proposal: the organisation may have others from others."""
    return next(f for f in page.forms if f.fields.get("proposal_id") == proposal_id and ("what", what) in f.buttons)


async def test_service_that_is_told_of_is_answered(world: World) -> None:
    """The longest waiting stands first; one becomes a record that another confirms, one is declined, one taken back."""
    somebody = await world.somebody("自报人")
    team_id = await world.team(somebody, name="修理队", from_day="2026-01-01")
    reader, desk = await signed_in(world, somebody.id), await signed_in(world, world.recorder.id)
    day = f"{utc_now().astimezone(ZONE).date() - timedelta(days=1)}"
    for activity in ("探访独居老人", "修理路灯", "陪伴就医"):
        assert "等待答复" in (await told(reader, world, activity, day, team_id=team_id)).text
    assert (await told(reader, world, "明天的事", "2199-01-01")).status in (400, 409, 422)
    home = await desk.get(f"/o/{world.garden}")
    assert f"/o/{world.garden}/proposals" in home.links
    path = f"/o/{world.garden}/proposals"
    page = await desk.get(path)
    assert [each for each in page.headings if each in ("探访独居老人", "修理路灯", "陪伴就医")] == [
        "探访独居老人",
        "修理路灯",
        "陪伴就医",
    ]
    assert "修理队" in page.text
    told_first, told_next = sorted(each["proposal_id"] for each in (await somebody.get("/v1/proposals"))["items"])[:2]
    page = await desk.send(on(page, told_first, "take-up"), what="take-up")
    head = await world.services.ledger.store.head(world.bank_id)
    (record,) = (await somebody.get("/v1/service-records", min_position=head))["items"]
    assert (record["team_id"], record["team_name"]) == (team_id, "修理队")
    assert "由本组织另一人确认" in page.text
    declining = on(page, told_next, "decline")
    empty = await desk.send(declining, what="decline", reason="")
    assert empty.status in (400, 422)
    page = await desk.send(declining, what="decline", reason="路灯是物业修的", once="again")
    assert "修理路灯" not in page.headings
    own = await reader.get("/proposals")
    assert "路灯是物业修的" in own.text
    assert any(each.startswith("/records/rec_") for each in own.links)
    page = await reader.send(next(each for each in own.forms if "proposal_id" in each.fields))
    assert "撤回" in page.text
    assert not {"探访独居老人", "修理路灯", "陪伴就医"} & set((await desk.get(path)).headings)
    assert "探访独居老人" in (await (await signed_in(world, world.verifier.id)).get(f"/o/{world.garden}/queue")).text
