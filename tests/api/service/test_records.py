from typing import Any

from tests.api.world import Caller, World, hours_of, service


async def test_the_life_of_a_record(world: World) -> None:
    """Logged, confirmed, corrected, voided; each answer and the record itself say how it stands."""
    somebody = await world.somebody()
    told = {"place": "三号楼", "content": "擦洗扶手\n清扫", "programmes": ["红细胞", "邻里守望"]}
    logged = await world.organisation.post(world.records, service(somebody.id, minutes=100, **told), expect=201)
    record_id = logged["record_id"]
    assert logged == {
        "record_id": record_id, "status": "logged", "minutes": 100, "is_late": False, "position": logged["position"]
    }  # fmt: skip
    path = f"/v1/service-records/{record_id}"
    seen = await somebody.get(path)
    times = hours_of()
    assert seen == {
        "record_id": record_id,
        "volunteer_id": somebody.id,
        "volunteer_name": "某某",
        "volunteer_number": seen["volunteer_number"],
        "organisation_id": world.garden,
        "organisation_name": "百花园物业",
        "recorder_id": world.garden,
        "recorder_name": "百花园物业",
        "activity": "楼道清扫",
        "category": "公益慈善",
        "capacity": "resident",
        "started_at": seen["started_at"],
        "ended_at": seen["ended_at"],
        "minutes": 100,
        "local_date": times["started_at"][:10],
        "is_late": False,
        **told,
        "status": "logged",
        "credited_minutes": 0,
        "policy_version": 0,
        "rules_applied": [],
        "decided_by": None,
        "decided_by_name": None,
        "reason": None,
        "position": logged["position"],
        "person_in_charge_id": None,
        "person_in_charge_name": None,
        "activity_id": None,
        "is_subsidised": False,
        "team_id": None,
        "team_name": None,
        "certificate_lacks": ["person_in_charge_id"],
        "digest": seen["digest"],
    }
    confirmed = await world.verifier.post(f"{path}/confirm", {"digest": seen["digest"]}, expect=200)
    assert confirmed == {
        "record_id": record_id,
        "status": "confirmed",
        "minutes": 100,
        "credited_minutes": 100,
        "policy_version": 0,
        "rules_applied": [],
        "position": confirmed["position"],
    }
    seen = await somebody.get(path)
    assert (seen["status"], seen["credited_minutes"], seen["decided_by"]) == ("confirmed", 100, world.verifier.id)
    change = {"activity": "公园清扫", "minutes": 60, "reason": "对照签到表"}
    corrected = await world.verifier.post(f"{path}/correct", change, expect=200)
    assert (corrected["status"], corrected["minutes"], corrected["credited_minutes"]) == ("corrected", 60, 60)
    seen = await somebody.get(path)
    assert (seen["status"], seen["activity"], seen["minutes"], seen["place"]) == ("corrected", "公园清扫", 60, "三号楼")
    voided = await world.verifier.post(f"{path}/void", {"reason": "活动取消"}, expect=200)
    assert (voided["status"], voided["minutes"], voided["credited_minutes"]) == ("voided", 0, 0)
    seen = await somebody.get(path)
    assert (seen["status"], seen["credited_minutes"], seen["reason"]) == ("voided", 0, "活动取消")


async def test_a_record_is_rejected(world: World) -> None:
    """A rejected record counts for nothing, and the time is free again."""
    somebody = await world.somebody()
    record_id = await world.log(somebody.id)
    rejected = await world.verifier.post(f"/v1/service-records/{record_id}/reject", {"reason": "没有到场"}, expect=200)
    assert rejected == {
        "record_id": record_id, "status": "rejected", "minutes": 0, "credited_minutes": 0,
        "position": rejected["position"], "policy_version": None, "rules_applied": [],
    }  # fmt: skip
    await world.confirmed(somebody.id)


async def test_service_over_midnight_counts_for_its_first_day(world: World) -> None:
    """A night's service is one record, on the local day it started; late entries are marked."""
    somebody = await world.somebody()
    night = service(somebody.id, days_ago=40, hour=22, hours=4)
    logged = await world.organisation.post(world.records, night, expect=201)
    assert (logged["minutes"], logged["is_late"]) == (240, True)
    seen = await somebody.get(f"/v1/service-records/{logged['record_id']}")
    assert seen["local_date"] == night["started_at"][:10]


async def test_times_may_have_any_offset(world: World) -> None:
    """The same moment in another offset is the same service."""
    somebody = await world.somebody()
    times = hours_of(hour=8)
    await world.organisation.post(world.records, service(somebody.id))
    elsewhere = {
        "started_at": times["started_at"].replace("T08:00:00+08:00", "T00:00:00Z"),
        "ended_at": times["ended_at"].replace("T10:00:00+08:00", "T05:00:00+03:00"),
    }
    assert elsewhere != times
    refused = await world.organisation.post(world.records, service(somebody.id) | elsewhere, expect=409)
    assert refused["type"] == "/problems/duplicate-record"


async def test_records_are_found(world: World) -> None:
    """By person, organisation, status and local days, newest entry first."""
    somebody = await world.somebody()
    old = await world.confirmed(somebody.id, days_ago=9)
    new = await world.log(somebody.id, days_ago=2)

    async def found(**params: Any) -> list[str]:
        page = await world.administrator.get("/v1/service-records", volunteer_id=somebody.id, **params)
        return [each["record_id"] for each in page["items"]]

    assert await found() == [new, old]
    assert await found(status="confirmed") == [old]
    assert await found(organisation_id=world.garden, status="logged") == [new]
    first, last = hours_of(days_ago=9)["started_at"][:10], hours_of(days_ago=2)["started_at"][:10]
    assert await found(**{"from": first, "until": last}) == [new, old]
    assert await found(until=first) == [old]
    assert await found(**{"from": last}) == [new]


async def test_each_sees_the_records_that_are_theirs(world: World) -> None:
    """Volunteers their own, organisations and their recorders and verifiers theirs; others' do not exist."""
    somebody, stranger = await world.somebody(), await world.somebody()
    other = await world.body()
    others_program = await world.program(other)
    record_id = await world.log(somebody.id)
    path = f"/v1/service-records/{record_id}"
    for caller in (world.administrator, world.organisation, world.recorder, world.verifier, somebody):
        assert (await caller.get(path))["record_id"] == record_id
        listed = await caller.pages("/v1/service-records", volunteer_id=somebody.id)
        assert [[each["record_id"] for each in page] for page in listed] == [[record_id]]
    mere_member = await world.member("member")
    for caller in (stranger, others_program, mere_member):
        assert (await caller.get(path, expect=404))["type"] == "/problems/record-unknown"
        expected = (403, "role-missing") if caller is mere_member else (404, "record-unknown")
        assert (await caller.post(f"{path}/confirm", expect=expected[0]))["type"] == f"/problems/{expected[1]}"
        mine = await caller.get("/v1/service-records")
        assert mine == {"items": [], "next": None}
        theirs = await caller.get("/v1/service-records", expect=404, organisation_id=world.garden)
        assert theirs["type"] == "/problems/organisation-unknown"


def verdicts(answer: dict[str, Any]) -> list[tuple[int, str, Any]]:
    """What of the verdicts does not depend on whether they were carried out."""
    return [
        (each["index"], each["status"], each.get("problem", {}).get("type")) for each in answer["results"]
    ]  # fmt: skip


async def test_a_dry_run_gives_the_verdicts_of_the_real_one(world: World) -> None:
    """Duplicates, bad shapes, unknown people and full days get the same verdicts; only the real run writes."""
    somebody = await world.somebody()
    rows = [
        service(somebody.id),
        service(somebody.id),
        service("vol_0"),
        service(somebody.id, hour=0, hours=23),
        service(somebody.id, hour=14) | {"minutes": 0},
        {"volunteer_id": somebody.id},
        service(somebody.id, hour=14) | {"extra": 1},
        service(somebody.id, hour=14, hours=3),
    ]
    path = f"{world.records}/batch"
    head = await world.services.ledger.store.head(world.bank_id)
    dry = await world.organisation.post(path, {"records": rows}, expect=200, dry_run="true")
    assert dry["position"] == head == await world.services.ledger.store.head(world.bank_id)
    assert all("record_id" not in each for each in dry["results"])
    real = await world.organisation.post(path, {"records": rows}, expect=200)
    assert verdicts(dry) == verdicts(real) == [
        (0, "logged", None),
        (1, "refused", "/problems/duplicate-record"),
        (2, "refused", "/problems/volunteer-unknown"),
        (3, "refused", "/problems/day-is-full"),
        (4, "refused", "/problems/invalid-request"),
        (5, "refused", "/problems/invalid-request"),
        (6, "refused", "/problems/invalid-request"),
        (7, "logged", None),
    ]  # fmt: skip
    assert real["position"] == head + 2
    assert [each["problem"]["errors"][0]["field"] for each in real["results"][4:7]] == ["minutes", "activity", "extra"]
    logged = [each["record_id"] for each in real["results"] if each["status"] == "logged"]
    listed = await somebody.get("/v1/service-records")
    assert [each["record_id"] for each in listed["items"]] == logged[::-1]


async def test_a_row_is_judged_alike_alone_and_in_a_batch(world: World) -> None:
    """What is taken, or refused, as one record is so in a batch too, with the same problem."""
    somebody = await world.somebody()
    rows = [
        service(somebody.id, hour=1) | {"minutes": "60"},
        service(somebody.id, hour=4) | {"started_at": 1_700_000_000},
        service(somebody.id, hour=7) | {"place": ""},
        service(somebody.id, hour=10) | {"capacity": "boss"},
        service(somebody.id, hour=13) | {"started_at": "0001-01-01T00:00:00Z"},
        service(somebody.id, hour=16),
    ]
    batch = await world.organisation.post(f"{world.records}/batch", {"records": rows}, dry_run="true")
    alone = [await world.organisation.ask("POST", world.records, json=row) for row in rows]
    assert [each["status"] for each in batch["results"]] == [
        "logged" if each.status_code == 201 else "refused" for each in alone
    ]
    assert [each.get("problem") for each in batch["results"][2:5]] == [each.json() for each in alone[2:5]]


async def test_an_empty_batch_and_one_too_long_are_refused(world: World) -> None:
    """A batch has one to a thousand rows."""
    for rows in ([], [{}] * 1001):
        refused = await world.organisation.post(f"{world.records}/batch", {"records": rows}, expect=400)
        assert refused["errors"][0]["field"] == "records"


async def test_a_thousand_rows_are_logged_at_once(own_world: World) -> None:
    """The longest batch is taken, a verdict for each row."""
    people = [await own_world.somebody() for _ in range(5)]
    rows = [
        service(people[n % 5].id, days_ago=1 + n // 50, hour=(n // 5) % 10 * 2, hours=1) for n in range(1000)
    ]  # fmt: skip
    answer = await own_world.organisation.post(f"{own_world.records}/batch", {"records": rows}, expect=200)
    assert [each["status"] for each in answer["results"]] == ["logged"] * 1000
    pages = await own_world.administrator.pages("/v1/service-records", limit=300)
    assert [len(page) for page in pages] == [300, 300, 300, 100]


async def test_a_key_and_whoever_issued_it_are_one_person(world: World) -> None:
    """A coordinator does not confirm what a key of their own making logged; another does."""
    keys = f"/v1/organisations/{world.garden}/keys"
    made = await world.coordinator.post(keys, {"label": "自动", "permissions": ["log-service", "verify-service"]})
    program = Caller(world.http, world.garden, made["api_key"])
    logged = await world.log((await world.somebody()).id, by=program)
    by_hand = await world.log((await world.somebody()).id, by=world.coordinator)
    for who, record_id in ((world.coordinator, logged), (program, by_hand), (program, logged)):
        refused = await who.post(f"/v1/service-records/{record_id}/confirm", expect=403)
        assert refused["type"] == "/problems/recorder-is-verifier"
    for record_id in (logged, by_hand):
        await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)


async def test_invented_records_keep_no_real_service_out(world: World) -> None:
    """Another organisation's program fills somebody's day; the garden logs and confirms what was really done."""
    clinic, somebody = await world.body(), await world.somebody()
    program = await world.program(clinic)
    path = f"/v1/organisations/{clinic}/service-records"
    await program.post(path, service(somebody.id, hour=0, hours=23.9), expect=201)
    record_id = await world.log(somebody.id)
    await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
