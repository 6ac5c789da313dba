from datetime import timedelta

from tests.api.world import World, service
from tests.controls import ZONE
from timebank.runtime.clock import utc_now


async def test_a_request_is_approved(world: World) -> None:
    """A volunteer asks, a coordinator lets them in, and both sides see the membership."""
    somebody = await world.somebody("陈静")
    members = f"/v1/organisations/{world.garden}/members"
    asked = await somebody.post(members, {"volunteer_id": somebody.id, "role": "recorder"}, expect=201)
    assert asked == {
        "membership_id": asked["membership_id"],
        "organisation_id": world.garden,
        "volunteer_id": somebody.id,
        "status": "requested",
        "position": asked["position"],
    }
    approved = await world.coordinator.post(f"{members}/{somebody.id}/approve", expect=200)
    assert approved == asked | {"status": "approved", "position": approved["position"]}
    (own,) = (await somebody.get(f"/v1/volunteers/{somebody.id}/memberships"))["items"]
    assert own == {
        "membership_id": asked["membership_id"],
        "organisation_id": world.garden,
        "organisation_name": "百花园物业",
        "volunteer_id": somebody.id,
        "volunteer_name": "陈静",
        "volunteer_number": own["volunteer_number"],
        "volunteer_status": "active",
        "role": "recorder",
        "status": "approved",
        "valid_from": None,
        "valid_until": None,
        "reason": None,
    }
    pages = await world.coordinator.pages(members, limit=3)
    assert [each for page in pages for each in page if each["volunteer_id"] == somebody.id] == [own]


async def test_members_are_found_by_role_and_status(own_world: World) -> None:
    """Who holds which role, and who waits to be let in, is asked for, page by page."""
    world = own_world
    members = f"/v1/organisations/{world.garden}/members"
    for _ in range(2):
        await (asking := await world.somebody()).post(members, {"volunteer_id": asking.id}, expect=201)
    await world.member("verifier")

    async def found(**wanted: str) -> list[str]:
        pages = await world.coordinator.pages(members, limit=1, **wanted)
        return [each["role"] + " " + each["status"] for page in pages for each in page]

    assert await found(role="verifier") == ["verifier approved"] * 2
    assert await found(status="requested") == ["member requested"] * 2
    assert await found(status="requested", role="verifier") == []
    assert len(await found()) == 6
    refused = await world.coordinator.get(members, expect=400, status="gone")
    assert refused["errors"][0]["field"] == "status"


async def test_members_are_found_by_name_and_number(world: World) -> None:
    """By a whole name or its beginning, or a number, with a role or without; nobody else's members are found."""
    members = f"/v1/organisations/{world.garden}/members"
    ours = [await world.somebody(name) for name in ("欧阳明月", "欧阳清风")]
    elsewhere = await world.somebody("欧阳不在")
    for each in ours:
        await world.joins(each)
    await world.joins(elsewhere, organisation_id=await world.body())
    number = (await world.administrator.get(f"/v1/volunteers/{ours[1].id}"))["number"]

    async def found(query: str, **wanted: str) -> list[str]:
        pages = await world.coordinator.pages(members, limit=1, query=query, **wanted)
        return [each["volunteer_id"] for page in pages for each in page]

    assert await found("欧阳") == [each.id for each in ours]
    assert await found("欧阳", role="member", status="approved") == [each.id for each in ours]
    assert await found("欧阳", role="verifier") == []
    assert await found(number) == [ours[1].id]
    assert await found("欧阳不在") == []


async def test_an_invitation_is_accepted_or_declined_by_the_volunteer(world: World) -> None:
    """The organisation invites; only the volunteer's own yes, or somebody who manages members, opens the door."""
    members = f"/v1/organisations/{world.garden}/members"
    for answer, status in (("approve", "approved"), ("decline", "declined")):
        somebody = await world.somebody()
        invited = await world.organisation.post(members, {"volunteer_id": somebody.id, "role": "member"})
        assert invited["status"] == "invited"
        decided = await somebody.post(f"{members}/{somebody.id}/{answer}")
        assert decided["status"] == status


async def test_nobody_grants_their_own_request(world: World) -> None:
    """A volunteer who asked cannot also approve."""
    somebody = await world.somebody()
    members = f"/v1/organisations/{world.garden}/members"
    await somebody.post(members, {"volunteer_id": somebody.id, "role": "coordinator"})
    refused = await somebody.post(f"{members}/{somebody.id}/approve", expect=403)
    assert refused["type"] == "/problems/role-missing"


async def test_roles_change_and_memberships_end(world: World) -> None:
    """A new role counts at once, and so does the end; what was stays on the list."""
    member = await world.member("member")
    members = f"/v1/organisations/{world.garden}/members"
    somebody = await world.somebody()
    assert (await member.post(world.records, service(somebody.id), expect=403))["type"] == "/problems/role-missing"
    changed = await world.coordinator.patch(f"{members}/{member.id}", {"role": "recorder"}, expect=200)
    assert changed["status"] == "approved"
    await member.post(world.records, service(somebody.id), expect=201)
    ended = await member.post(f"{members}/{member.id}/end", {"reason": "搬家"}, expect=200)
    assert ended["status"] == "ended"
    refused = await member.post(world.records, service(somebody.id, hour=15), expect=404)
    assert refused["type"] == "/problems/organisation-unknown"
    (own,) = (await member.get(f"/v1/volunteers/{member.id}/memberships"))["items"]
    assert (own["status"], own["reason"], own["role"]) == ("ended", "搬家", "recorder")


async def test_a_term_bounds_the_role(world: World) -> None:
    """A role holds from the first to the last day of its term, in the bank's time, and not outside it."""
    today = utc_now().astimezone(ZONE).date()
    day = timedelta(days=1)
    somebody = await world.somebody()
    for hour, (first, last, status) in enumerate(
        [(today, today, 201), (today - day, today - day, 403), (today + day, None, 403), (None, today, 201)]
    ):
        term = {"valid_from": first and first.isoformat(), "valid_until": last and last.isoformat()}
        recorder = await world.member("recorder", **term)
        await recorder.post(world.records, service(somebody.id, hour=2 * hour), expect=status)
