from tests.api.world import World, hours_of
from tests.helpers.document_numbers import document_number

PERSONAL = {"name": "李强", "phone": "13900002222", "skills": ["电工", "护理"]}


async def test_a_volunteer_is_registered_and_seen(world: World) -> None:
    """Registering gives an id, a number and a position; the volunteer is there at once."""
    made = await world.administrator.post("/v1/volunteers", PERSONAL, expect=201)
    assert made == {
        "volunteer_id": made["volunteer_id"], "number": made["number"], "position": made["position"]
    }  # fmt: skip
    assert made["volunteer_id"].startswith("vol_")
    assert len(made["number"]) == 12
    assert made["number"].isdigit()
    seen = await world.administrator.get(f"/v1/volunteers/{made['volunteer_id']}")
    assert seen == {
        "volunteer_id": made["volunteer_id"],
        "number": made["number"],
        "status": "active",
        "on_leaderboards": False,
        "registered_at": seen["registered_at"],
        **PERSONAL,
        "birth_year": None,
        "alias": None,
        "door": None,
        "kept_id": None,
        "kept_number": None,
        "earlier_numbers": [],
    }


async def test_volunteers_are_found(world: World) -> None:
    """By number, by phone, and by the beginning of the name."""
    made = await world.administrator.post("/v1/volunteers", {"name": "濮阳修远", "phone": "13700003939"})
    for query in (made["number"], "13700003939", "濮阳"):
        found = await world.administrator.get("/v1/volunteers", query=query)
        assert [each["volunteer_id"] for each in found["items"]] == [made["volunteer_id"]]
        assert found["next"] is None
    assert await world.administrator.get("/v1/volunteers", query="阳修") == {"items": [], "next": None}


async def test_organisations_do_not_see_phones(world: World) -> None:
    """An organisation sees the names and skills of its members, and of strangers, if it knows them, hardly anything."""
    (found,) = (await world.organisation.get("/v1/volunteers", query="13800001111"))["items"]
    assert (found["name"], found["phone"], found["skills"]) == ("王*", None, None)
    assert (await world.organisation.get("/v1/volunteers", query="王芳"))["items"] == []
    member = await world.somebody("慕容复", phone="13800005522", skills=["书法"])
    members = f"/v1/organisations/{world.garden}/members"
    await world.organisation.post(members, {"volunteer_id": member.id})
    await member.post(f"{members}/{member.id}/approve")
    for query in ("13800005522", "慕容"):
        (found,) = (await world.organisation.get("/v1/volunteers", query=query))["items"]
        assert (found["name"], found["phone"], found["skills"]) == ("慕容复", None, ["书法"])


async def test_nobody_tries_document_numbers(world: World) -> None:
    """An organisation does not learn by trying which document number a member has; the office finds them by it."""
    number = document_number(4_711)
    made = await world.administrator.post("/v1/volunteers", {"name": "公孙瓒", "document_number": number}, expect=201)
    members = f"/v1/organisations/{world.garden}/members"
    await world.coordinator.post(members, {"volunteer_id": made["volunteer_id"]}, expect=201)
    await world.administrator.post(f"{members}/{made['volunteer_id']}/approve", expect=200)
    (found,) = (await world.administrator.get("/v1/volunteers", query=number))["items"]
    assert found["volunteer_id"] == made["volunteer_id"]
    for path in ("/v1/volunteers", members):
        assert (await world.organisation.get(path, query=number))["items"] == []
        assert [each["volunteer_id"] for each in (await world.organisation.get(path, query=made["number"]))["items"]]


async def test_a_new_account_is_empty(world: World) -> None:
    """The balance of somebody new is zero everywhere, as of a position of the log."""
    somebody = await world.somebody()
    balance = await somebody.get(f"/v1/volunteers/{somebody.id}/balance")
    assert balance.pop("position") > 0
    assert set(balance) == {
        "available_minutes", "reserved_minutes", "debt_minutes", "service_minutes", "credited_minutes",
        "redeemed_minutes",
    }  # fmt: skip
    assert set(balance.values()) == {0}


async def test_confirmed_service_is_credited_at_once(world: World) -> None:
    """A balance asked for right after a confirmation has it, and paid duty is no credit."""
    somebody = await world.somebody()
    record_id = await world.log(somebody.id, hours=2)
    balance = f"/v1/volunteers/{somebody.id}/balance"
    assert (await somebody.get(balance))["available_minutes"] == 0
    decided = await world.verifier.post(f"/v1/service-records/{record_id}/confirm", {"minutes": 90})
    assert await somebody.get(balance) == {
        "available_minutes": 90,
        "reserved_minutes": 0,
        "debt_minutes": 0,
        "service_minutes": 90,
        "credited_minutes": 90,
        "redeemed_minutes": 0,
        "position": decided["position"],
    }
    await world.confirmed(somebody.id, capacity="staff-on-duty", hour=12)
    assert (await somebody.get(balance))["service_minutes"] == 90


async def test_suspension_and_reinstatement(world: World) -> None:
    """A suspension shows at once, ends all sessions, refuses new service, and ends with a reinstatement."""
    somebody = await world.somebody()
    path = f"/v1/volunteers/{somebody.id}"
    suspended = await world.administrator.post(f"{path}/suspend", {"reason": "失联"}, expect=200)
    assert suspended == {"volunteer_id": somebody.id, "status": "suspended", "position": suspended["position"]}
    assert (await world.administrator.get(path))["status"] == "suspended"
    reinstated = await world.administrator.post(f"{path}/reinstate", {"reason": "已联系"}, expect=200)
    assert reinstated == {"volunteer_id": somebody.id, "status": "active", "position": reinstated["position"]}
    await somebody.get(path, expect=401)
    assert (await (await world.caller(somebody.id)).get(path))["status"] == "active"
    await world.log(somebody.id)


async def test_consent_is_given_and_taken_back(world: World) -> None:
    """A consent shows in the volunteer's own data, with the alias; said twice, it changes nothing."""
    somebody = await world.somebody("周明")
    path = f"/v1/volunteers/{somebody.id}"
    wish = {"purpose": "leaderboard", "granted": True, "alias": "热心邻居"}
    given = await somebody.post(f"{path}/consents", wish, expect=200)
    assert given == {
        "volunteer_id": somebody.id, "purpose": "leaderboard", "granted": True, "position": given["position"]
    }  # fmt: skip
    seen = await somebody.get(path)
    assert (seen["on_leaderboards"], seen["alias"]) == (True, "热心邻居")
    events = (await world.administrator.get("/v1/audit/events", tag=somebody.id, topic="consent-given"))["items"]
    await somebody.post(f"{path}/consents", wish | {"alias": "别名"})
    assert (await somebody.get(path))["alias"] == "别名"
    again = (await world.administrator.get("/v1/audit/events", tag=somebody.id, topic="consent-given"))["items"]
    assert again == events
    await somebody.post(f"{path}/consents", {"purpose": "leaderboard", "granted": False})
    seen = await somebody.get(path)
    assert (seen["on_leaderboards"], seen["alias"]) == (False, None)


async def test_a_correction_below_what_was_spent_is_no_obstacle(world: World) -> None:
    """Voiding takes the credit back, and the balance never shows below zero."""
    somebody = await world.somebody()
    record_id = await world.confirmed(somebody.id)
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", {"minutes": 30, "reason": "早退"})
    balance = await somebody.get(f"/v1/volunteers/{somebody.id}/balance")
    assert (balance["available_minutes"], balance["service_minutes"], balance["debt_minutes"]) == (30, 30, 0)
    await world.verifier.post(f"/v1/service-records/{record_id}/void", {"reason": "没有来"})
    balance = await somebody.get(f"/v1/volunteers/{somebody.id}/balance")
    assert (balance["available_minutes"], balance["service_minutes"], balance["credited_minutes"]) == (0, 0, 0)
    assert hours_of()["started_at"] < hours_of()["ended_at"]
