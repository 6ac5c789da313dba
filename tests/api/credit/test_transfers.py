import asyncio
from typing import Any

from tests.api.people.test_proxies import paired, problem
from tests.api.world import Caller, World, nameless

GRANT = {"minutes": 30, "reason": "助老项目"}


async def number_of(somebody: Caller) -> str:
    """The number a volunteer is known by."""
    number: str = (await somebody.get(f"/v1/volunteers/{somebody.id}"))["number"]
    return number


class TestGifts:
    """Credit goes from one volunteer to another, as it is."""

    async def test_who_would_get_it_is_told_before(self, world: World) -> None:
        """Whoever has a number sees the first character of the name, and no more; it is noted that they looked."""
        giver, elder = await world.somebody(), await world.somebody("欧阳小红", phone="13900001234")
        number = await number_of(elder)
        told = await giver.get("/v1/gifts/recipient", to_volunteer_id=number)
        assert told == {"volunteer_id": elder.id, "number": number, "name": "欧***"}
        await giver.get("/v1/gifts/recipient", to_volunteer_id="999999999999", expect=404)
        noted = await world.administrator.get("/v1/audit/security", kind="people-read", actor=giver.id)
        assert [each["detail"]["people"] for each in noted["items"]] == [1]

    async def test_by_id_and_by_number(self, world: World) -> None:
        """A gift moves available minutes and never service minutes; both sides see it, and nobody else."""
        giver, elder = await world.with_credit(120), await world.somebody()
        for to, minutes in ((elder.id, 20), (await number_of(elder), 30)):
            made = await giver.post("/v1/gifts", {"to_volunteer_id": to, "minutes": minutes}, expect=201)
            told = {
                "transfer_id": made["transfer_id"],
                "to": elder.id,
                "minutes": minutes,
                "position": made["position"],
            }
            assert made == told
        given, got = await world.balance(giver.id), await world.balance(elder.id)
        assert (given["available_minutes"], given["service_minutes"]) == (70, 120)
        assert (got["available_minutes"], got["service_minutes"], got["credited_minutes"]) == (50, 0, 0)
        seen = (await giver.get("/v1/gifts"))["items"]
        assert [*map(nameless, seen)] == [*map(nameless, (await elder.get("/v1/gifts"))["items"])]
        assert [(each["minutes"], each["to_volunteer_id"]) for each in seen] == [(30, elder.id), (20, elder.id)]
        assert (await world.volunteer.get("/v1/gifts", limit=500))["items"] != seen
        await world.volunteer.get("/v1/gifts", volunteer_id=elder.id, expect=404)
        all_of_them = (await world.administrator.get("/v1/gifts", volunteer_id=elder.id))["items"]
        assert [*map(nameless, all_of_them)] == [*map(nameless, seen)]
        assert [len(page) for page in await giver.pages("/v1/gifts", limit=1)] == [1, 1]

    async def test_a_number_is_nobody_elses_phone(self, world: World) -> None:
        """Whoever enters another's volunteer number as their own phone gets nothing that was meant for the other."""
        thief, elder, giver = await world.somebody(), await world.somebody(), await world.with_credit(60)
        number = await number_of(elder)
        await thief.ask("PATCH", f"/v1/volunteers/{thief.id}", json={"phone": number})
        await giver.post("/v1/gifts", {"to_volunteer_id": number, "minutes": 60}, expect=201)
        assert (await world.balance(thief.id))["available_minutes"] == 0
        assert (await world.balance(elder.id))["available_minutes"] == 60

    async def test_what_is_owed_is_repaid_first(self, world: World) -> None:
        """Of a gift to somebody with a debt only what is left over can be spent."""
        debtor, giver = await world.somebody(), await world.with_credit(120)
        record_id = await world.confirmed(debtor.id, hours=1)
        await debtor.post("/v1/gifts", {"to_volunteer_id": world.volunteer.id, "minutes": 60}, expect=201)
        await world.verifier.post(f"/v1/service-records/{record_id}/void", {"reason": "活动取消"}, expect=200)
        await giver.post("/v1/gifts", {"to_volunteer_id": debtor.id, "minutes": 100}, expect=201)
        balance = await world.balance(debtor.id)
        assert (balance["available_minutes"], balance["debt_minutes"]) == (40, 0)

    async def test_the_last_minutes_are_given_once(self, world: World) -> None:
        """Of ten gifts of all one has, made at once, one is made."""
        giver, to = await world.with_credit(60), [await world.somebody() for _ in range(2)]
        answers = await asyncio.gather(
            *(giver.ask("POST", "/v1/gifts", json={"to_volunteer_id": to[n % 2].id, "minutes": 60}) for n in range(10))
        )
        assert sorted(each.status_code for each in answers) == [201] + [409] * 9
        assert sum([(await world.balance(each.id))["available_minutes"] for each in (giver, *to)]) == 60

    async def test_a_repeated_request_gives_once(self, world: World) -> None:
        """The same key and body: one gift; the same key for another: none."""
        giver, to = await world.with_credit(60), await world.somebody()
        body = {"to_volunteer_id": to.id, "minutes": 10}
        first = await giver.post("/v1/gifts", body, key="gift", expect=201)
        assert await giver.post("/v1/gifts", body, key="gift", expect=201) == first
        await giver.post("/v1/gifts", body | {"minutes": 11}, key="gift", expect=422)
        assert (await world.balance(to.id))["available_minutes"] == 10

    async def test_only_what_is_ones_own(self, world: World) -> None:
        """No office, no program and no proxy without the scope gives what belongs to somebody else."""
        elder, young = await paired(world, "redeem", "consents")
        await world.confirmed(elder.id)
        body = {"to_volunteer_id": world.volunteer.id, "minutes": 1}
        for caller in (world.administrator, young, await world.appointed("auditor")):
            response = await caller.ask("POST", "/v1/gifts", json=body, headers={"On-Behalf-Of": elder.id})
            assert problem(response) == (403, "proxy-not-allowed")
        await world.organisation.post("/v1/gifts", body, expect=403)
        for minutes in (0, -5, 1.5, "10", None, 10**12):
            await elder.post("/v1/gifts", body | {"minutes": minutes}, expect=400)
        assert (await world.balance(elder.id))["available_minutes"] == 120

    async def test_a_proxy_gives_within_limits(self, world: World) -> None:
        """So many minutes a day are spent on behalf of another, in gifts, donations and redemptions together."""
        pair, third, fund_id = (
            await paired(world, "give", minutes_per_day=50),
            await world.somebody(),
            await world.fund(),
        )
        await world.confirmed(pair.old.id, hours=2)
        gift = {"to_volunteer_id": third.id, "minutes": 30}
        assert (await pair.act("POST", "/v1/gifts", gift)).status_code == 201
        donation = {"fund_id": fund_id, "minutes": 21}
        assert problem(await pair.act("POST", "/v1/donations", donation)) == (403, "proxy-minutes-reached")
        assert (await pair.act("POST", "/v1/donations", donation | {"minutes": 20})).status_code == 201
        for path in ("/v1/gifts", "/v1/donations"):
            assert len((await pair.act("GET", path)).json()["items"]) == 1
        assert (await world.balance(pair.old.id))["available_minutes"] == 70


class TestFunds:
    """Credit that belongs to nobody in particular is given to funds, and granted from them."""

    async def test_donated_and_granted(self, world: World) -> None:
        """From a volunteer to a fund, from there to a project's fund, and from there to a volunteer; all is told."""
        giver, elder = await world.with_credit(120), await world.somebody()
        fund_id = await world.fund(purpose="帮助独居老人")
        project_id = await world.fund("助老项目", kind="project", organisation_id=world.garden)
        donated = await giver.post("/v1/donations", {"fund_id": fund_id, "minutes": 100}, expect=201)
        path = f"/v1/funds/{fund_id}/grants"
        granted = await world.administrator.post(path, GRANT | {"to_fund_id": project_id}, expect=201)
        assert (granted["fund_id"], granted["minutes"]) == (fund_id, 30)
        body = GRANT | {"to_volunteer_id": await number_of(elder), "minutes": 10}
        await world.coordinator.post(f"/v1/funds/{project_id}/grants", body, expect=201)
        assert (await world.balance(elder.id))["available_minutes"] == 10
        assert (await world.balance(giver.id))["available_minutes"] == 20
        listed = [each for page in await elder.pages("/v1/funds", limit=500) for each in page]
        assert {each["fund_id"]: each["minutes"] for each in listed if each["fund_id"] in {fund_id, project_id}} == {
            fund_id: 70, project_id: 20
        }  # fmt: skip
        (own,) = (await giver.get("/v1/donations"))["items"]
        assert (own["transfer_id"], own["to_fund_id"]) == (donated["transfer_id"], fund_id)
        grants = (await world.administrator.get(f"/v1/funds/{project_id}/grants"))["items"]
        assert [(each["to_volunteer_id"], each["reason"]) for each in grants] == [
            (elder.id, "助老项目"), (None, "助老项目")
        ]  # fmt: skip

    async def test_only_keepers_grant(self, world: World) -> None:
        """Coordinators grant from the fund their organisation keeps, and from no other; everybody else from none."""
        giver, kept, banks = (
            await world.with_credit(120),
            await world.fund(organisation_id=world.garden),
            await world.fund(),
        )
        for fund_id in (kept, banks):
            await giver.post("/v1/donations", {"fund_id": fund_id, "minutes": 60}, expect=201)
        body = GRANT | {"to_volunteer_id": giver.id}
        leader = await world.leader(await world.node())
        elsewhere = await world.member("coordinator", await world.body())
        for caller in (giver, world.recorder, world.organisation, leader, elsewhere):
            for fund_id in (kept, banks):
                await caller.post(f"/v1/funds/{fund_id}/grants", body, expect=403)
        await world.coordinator.post(f"/v1/funds/{banks}/grants", body, expect=403)
        await world.coordinator.post(f"/v1/funds/{kept}/grants", body, expect=201)
        listed = {each["fund_id"]: each["minutes"] for each in (await giver.get("/v1/funds", limit=500))["items"]}
        assert (listed[kept], listed[banks]) == (30, 60)

    async def test_the_last_of_a_fund_is_granted_once(self, world: World) -> None:
        """Of five grants of all there is, made at once, one is made."""
        giver, fund_id, elder = await world.with_credit(60), await world.fund(), await world.somebody()
        await giver.post("/v1/donations", {"fund_id": fund_id, "minutes": 30}, expect=201)
        body, path = GRANT | {"to_volunteer_id": elder.id}, f"/v1/funds/{fund_id}/grants"
        answers = await asyncio.gather(*(world.administrator.ask("POST", path, json=body) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [201] + [409] * 4
        assert (await world.balance(elder.id))["available_minutes"] == 30

    async def test_what_cannot_be(self, world: World) -> None:
        """A grant is to one of the two, to another fund, to somebody else, and of what there is."""
        path = f"/v1/funds/{await world.fund()}/grants"
        fund_id = path.split("/")[3]
        elder = await world.somebody()
        cases: list[tuple[dict[str, Any], int, str]] = [
            ({}, 422, "one-recipient"),
            ({"to_volunteer_id": elder.id, "to_fund_id": fund_id}, 422, "one-recipient"),
            ({"to_fund_id": fund_id}, 422, "gift-to-oneself"),
            ({"to_fund_id": "fnd_0"}, 404, "fund-unknown"),
            ({"to_volunteer_id": "vol_0"}, 404, "volunteer-unknown"),
            ({"to_volunteer_id": world.administrator.id}, 403, "granter-is-beneficiary"),
            ({"to_volunteer_id": elder.id}, 409, "fund-too-small"),
        ]
        for to, status, kind in cases:
            refused = await world.administrator.post(path, GRANT | to, expect=status)
            assert refused["type"] == f"/problems/{kind}"

    async def test_a_fund_is_closed_when_it_is_empty(self, world: World) -> None:
        """What is in a fund is granted first; then it takes nothing any more, and stays in the list."""
        giver, fund_id = await world.with_credit(60), await world.fund()
        await giver.post("/v1/donations", {"fund_id": fund_id, "minutes": 30}, expect=201)
        path, why = f"/v1/funds/{fund_id}", {"reason": "项目结束"}
        await world.administrator.post(f"{path}/close", why, expect=409)
        await world.administrator.post(f"{path}/grants", GRANT | {"to_volunteer_id": giver.id}, expect=201)
        closed = await world.administrator.post(f"{path}/close", why, expect=200)
        assert closed == {"fund_id": fund_id, "status": "closed", "position": closed["position"]}
        await giver.post("/v1/donations", {"fund_id": fund_id, "minutes": 1}, expect=409)
        listed = {each["fund_id"]: each["status"] for each in (await giver.get("/v1/funds", limit=500))["items"]}
        assert listed[fund_id] == "closed"

    async def test_of_a_fund_that_is_not_there(self, world: World) -> None:
        """The grants of a fund that nobody knows, or of another bank's, are not an empty list."""
        other = World(world.app, world.http)
        await other.settle()
        for fund_id in ("fnd_0", await other.fund()):
            await world.administrator.get(f"/v1/funds/{fund_id}/grants", expect=404)
