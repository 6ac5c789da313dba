import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Self

import pytest

from tests.api.world import Caller, World, nameless, served
from tests.controls import ZONE
from tests.helpers.patience import SOON_SECONDS
from timebank.domain.facts.organisations import AppointmentMade
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId, new_appointment_id
from timebank.domain.kernel import Command, Fact, Key, Known
from timebank.runtime.clock import utc_now
from timebank.runtime.founding import OPERATOR

REASON = {"reason": "调离"}


def day(after: int = 0) -> str:
    """A day in the bank's time, so many after today."""
    today: date = utc_now().astimezone(ZONE).date()
    return (today + timedelta(days=after)).isoformat()


async def appoint(by: Caller, volunteer_id: str, office: str, expect: int = 201, **asked: Any) -> Any:
    """Appoint somebody, or be refused."""
    return await by.post("/v1/appointments", {"volunteer_id": volunteer_id, "office": office, **asked}, expect=expect)


async def end(by: Caller, appointment_id: str, expect: int = 200) -> Any:
    """End an appointment, or be refused."""
    return await by.post(f"/v1/appointments/{appointment_id}/end", REASON, expect=expect)


async def held_by(world: World, volunteer_id: str) -> list[dict[str, Any]]:
    """All appointments of somebody, in the order they were made."""
    items: list[dict[str, Any]] = (await world.administrator.get("/v1/appointments", volunteer_id=volunteer_id))[
        "items"
    ]
    return items


async def soon(status: int, ask: Callable[[], Awaitable[Any]]) -> None:
    """Soon the answer has a status."""
    until = time.monotonic() + SOON_SECONDS
    while (await ask()).status_code != status:
        assert time.monotonic() < until, f"not answered with {status}"
        await asyncio.sleep(0.005)


async def for_days(world: World, caller: Caller) -> Caller:
    """The same caller, with a token that lasts while the clock goes on."""
    session_id = await world.services.pool.fetchval("select session_id from session where volunteer_id = $1", caller.id)
    make = world.services.sign_in.sessions.access_token
    return Caller(world.http, caller.id, make(world.bank_id, caller.id, session_id, utc_now(), 20 * 86_400))


class TestAppointing:
    """Administrators appoint; what was done is listed and is in the history."""

    async def test_an_appointment_is_made_and_ended(self, world: World) -> None:
        """It says who is appointed to what, by whom; ended, it stays on the list, with the reason."""
        somebody = await world.somebody()
        made = await appoint(world.administrator, somebody.id, "auditor", valid_until=day(30))
        assert made == {"appointment_id": made["appointment_id"], "status": "in force", "position": made["position"]}
        expected = {
            "appointment_id": made["appointment_id"],
            "volunteer_id": somebody.id,
            "office": "auditor",
            "organisation_id": None,
            "valid_from": None,
            "valid_until": day(30),
            "appointed_by": world.administrator.id,
            "delegated_from": None,
            "node_id": None,
            "source": None,
            "duties": [],
            "status": "in force",
            "reason": None,
        }
        assert [*map(nameless, await held_by(world, somebody.id))] == [expected]
        ended = await end(world.administrator, made["appointment_id"])
        assert ended == made | {"status": "ended", "position": ended["position"]}
        over = [*map(nameless, await held_by(world, somebody.id))]
        assert over == [expected | {"status": "ended", "reason": "调离"}]
        events = (await world.administrator.get("/v1/audit/events", tag=made["appointment_id"]))["items"]
        assert [(each["topic"], each["authority"]) for each in events] == [
            ("appointment-made", "administrator"), ("appointment-ended", "administrator")
        ]  # fmt: skip

    async def test_the_list_has_pages(self, world: World) -> None:
        """All appointments are listed in the order they were made, each once."""
        ids = [(await world.appointed("auditor")).id for _ in range(3)]
        pages = await world.administrator.pages("/v1/appointments", limit=2)
        listed = [each["appointment_id"] for page in pages for each in page]
        assert listed == sorted(set(listed))
        assert [each["volunteer_id"] for page in pages for each in page][-3:] == ids
        assert all(len(page) == 2 for page in pages[:-1])

    async def test_what_cannot_be(self, world: World) -> None:
        """Offices are of the whole bank, terms end after the start, holders are there, and an office is held once."""
        somebody = await world.somebody()
        held = await world.appointed("auditor")
        for volunteer_id, office, asked, status, kind in (
            (somebody.id, "node-leader", {}, 400, "invalid-request"),
            (somebody.id, "auditor", {"organisation_id": world.garden}, 400, "invalid-request"),
            (somebody.id, "auditor", {"valid_until": day(-1)}, 422, "term-ends-before-it-starts"),
            (somebody.id, "auditor", {"valid_from": day(2), "valid_until": day(1)}, 422, "term-ends-before-it-starts"),
            ("vol_0", "auditor", {}, 404, "volunteer-unknown"),
            (held.id, "auditor", {}, 409, "appointment-already-held"),
            (somebody.id, "emperor", {}, 400, "invalid-request"),
        ):
            refused = await appoint(world.administrator, volunteer_id, office, expect=status, **asked)
            assert refused["type"] == f"/problems/{kind}"
        await end(world.administrator, "apt_0", expect=404)

    async def test_nobody_else_appoints(self, world: World) -> None:
        """Neither members in whatever role, nor auditors, nor programs give offices, least of all to themselves."""
        auditor = await world.appointed("auditor")
        (made,) = await held_by(world, auditor.id)
        for caller in (world.volunteer, world.coordinator, world.organisation, auditor):
            await appoint(caller, caller.id, "administrator", expect=403)
        for caller, status in ((world.volunteer, 404), (world.coordinator, 404), (world.organisation, 403)):
            await end(caller, made["appointment_id"], expect=status)
            await caller.get("/v1/appointments", expect=403)

    async def test_one_lays_down_ones_own(self, world: World) -> None:
        """Whoever holds an office may give it back."""
        auditor = await world.appointed("auditor")
        (made,) = await held_by(world, auditor.id)
        await end(auditor, made["appointment_id"])
        await auditor.get("/v1/audit/events", expect=403)


class TestTerms:
    """An office is worth something while it is held, and nothing before or after."""

    async def test_ended_it_is_over_in_every_process(self, world: World, shared_url: str) -> None:
        """Where an office ends, the next request in that office is refused, in another process within a second."""
        async with served(shared_url) as (app, http):
            while not app.state.services.principals._is_listening():
                await asyncio.sleep(0.01)
            auditor = await world.appointed("auditor")
            there = Caller(http, auditor.id, auditor.token)
            for caller in (auditor, there):
                await caller.get("/v1/audit/security")
            assert auditor.token in app.state.services.principals._known
            await end(world.administrator, (await held_by(world, auditor.id))[0]["appointment_id"])
            await auditor.get("/v1/audit/security", expect=403)
            await soon(403, lambda: there.ask("GET", "/v1/audit/security"))

    async def test_made_it_is_there_in_every_process(self, world: World, shared_url: str) -> None:
        """An office is held from the moment it is given, also where somebody was just refused."""
        async with served(shared_url) as (_, http):
            somebody = await world.somebody()
            there = Caller(http, somebody.id, somebody.token)
            await there.get("/v1/audit/events", expect=403)
            await appoint(world.administrator, somebody.id, "auditor")
            await soon(200, lambda: there.ask("GET", "/v1/audit/events"))

    async def test_a_decision_in_an_office_that_ended_is_refused(self, world: World) -> None:
        """What the office was needed for is decided from facts: the very next command is refused."""
        administrator = await world.appointed("administrator")
        await administrator.post("/v1/volunteers", {"name": "某某"}, expect=201)
        await end(world.administrator, (await held_by(world, administrator.id))[0]["appointment_id"])
        await administrator.post("/v1/volunteers", {"name": "某某"}, expect=403)

    async def test_a_suspended_holder_has_none(self, world: World) -> None:
        """Who is suspended holds no office meanwhile, neither to look nor to decide."""
        auditor = await world.appointed("auditor")
        leader = await world.leader(await world.node())
        await auditor.get("/v1/audit/events")
        for each in (auditor, leader):
            await world.administrator.post(f"/v1/volunteers/{each.id}/suspend", REASON)
            assert (await each.ask("GET", "/v1/me")).status_code == 401, "their sessions are ended"
        auditor, leader = await world.caller(auditor.id), await world.caller(leader.id)
        await auditor.get("/v1/audit/events", expect=403)
        await leader.post("/v1/volunteers", {"name": "某某"}, expect=403)
        await leader.get(f"/v1/organisations/{world.garden}/members", expect=404)
        for each in (auditor, leader):
            await world.administrator.post(f"/v1/volunteers/{each.id}/reinstate", REASON)
        await auditor.get("/v1/audit/events")
        await leader.post("/v1/volunteers", {"name": "某某"}, expect=201)

    async def test_before_its_first_day_it_is_worth_nothing(self, world: World) -> None:
        """An office that begins tomorrow opens nothing today."""
        for valid_from, status in ((day(1), 403), (day(), 200), (day(-1), 200)):
            auditor = await world.appointed("auditor", valid_from=valid_from)
            await auditor.get("/v1/audit/events", expect=status)

    async def test_after_its_last_day_it_is_over(self, own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last day counts; the next day it is over by itself, for looking and for deciding."""
        administrator = await for_days(own_world, await own_world.appointed("administrator", valid_until=day(1)))
        for days, looks, decides in ((0, 200, 201), (1, 200, 201), (2, 403, 403)):
            monkeypatch.setattr(own_world.services.ledger, "clock", lambda days=days: utc_now() + timedelta(days=days))
            await administrator.get("/v1/audit/events", expect=looks)
            await administrator.post("/v1/volunteers", {"name": "某某"}, expect=decides)

    async def test_one_term_after_another(self, world: World) -> None:
        """The same office is given for the days after the term, but not for the days it is held already."""
        somebody = await world.somebody()
        await appoint(world.administrator, somebody.id, "auditor", valid_until=day(5))
        refused = await appoint(world.administrator, somebody.id, "auditor", expect=409, valid_from=day(5))
        assert refused["type"] == "/problems/appointment-already-held"
        await appoint(world.administrator, somebody.id, "auditor", valid_from=day(6))


class TestNodeLeaders:
    """A node leader leads a place, and nobody of an organisation."""

    async def test_has_no_right_in_an_organisation(self, world: World) -> None:
        """Neither there nor over its people they do anything, but in the roles that they have there."""
        leader, somebody = await world.leader(await world.node()), await world.somebody()
        members = f"/v1/organisations/{world.garden}/members"
        asked = {"volunteer_id": somebody.id}
        await leader.get(members, expect=404)
        await leader.post(members, asked, expect=404)
        await world.administrator.post(members, {"volunteer_id": leader.id, "role": "coordinator"}, expect=201)
        await leader.post(f"{members}/{leader.id}/approve")
        await leader.post(members, asked, expect=201)

    async def test_an_office_of_old_is_read_and_gives_nothing(self, world: World) -> None:
        """Who was once appointed to lead an organisation's people sees it, does nothing by it, and lays it down."""
        somebody, members = await world.somebody(), f"/v1/organisations/{world.garden}/members"
        fact = AppointmentMade(
            appointment_id=new_appointment_id(),
            volunteer_id=VolunteerId(somebody.id),
            office="node-leader",
            appointed_by=ActorId(world.administrator.id),
            organisation_id=OrganisationId(world.garden),
        )
        await world.services.ledger.execute(world.bank_id, Said(by=OPERATOR, at=utc_now(), fact=fact))
        (held,) = await held_by(world, somebody.id)
        assert (held["office"], held["organisation_id"], held["status"]) == ("node-leader", world.garden, "in force")
        assert (await somebody.get("/v1/me"))["offices"] == []
        await somebody.get(members, expect=404)
        await somebody.post("/v1/volunteers", {"name": "某某"}, expect=403)
        await end(somebody, held["appointment_id"])


class Said(Command, frozen=True, kw_only=True):
    """A fact as an earlier version recorded it."""

    fact: AppointmentMade

    def needs(self) -> Sequence[Key]:
        return ()

    def checked(self) -> Self:
        return self

    def decide(self, known: Known) -> Iterator[Fact]:
        yield self.fact


class TestAuditors:
    """An auditor reads what happened, and changes nothing."""

    async def test_reads_both_logs(self, world: World) -> None:
        """The event history, the security log, the appointments, and every record and balance are open to them."""
        auditor = await world.appointed("auditor")
        record_id = await world.log(world.volunteer.id, days_ago=9, hour=20)
        for path in (
            "/v1/audit/events",
            "/v1/audit/security",
            "/v1/appointments",
            f"/v1/service-records/{record_id}",
            f"/v1/volunteers/{world.volunteer.id}/balance",
        ):
            await auditor.get(path)

    async def test_sees_nobodys_personal_data(self, world: World) -> None:
        """Who people are is none of an auditor's business."""
        auditor = await world.appointed("auditor")
        await auditor.get("/v1/volunteers", expect=403)
        await auditor.get(f"/v1/volunteers/{world.volunteer.id}", expect=404)
        await auditor.get(f"/v1/organisations/{world.garden}/members", expect=404)

    async def test_changes_nothing(self, world: World) -> None:
        """Whatever an auditor tries to change is refused, and the log is as it was."""
        auditor = await world.appointed("auditor")
        record_id, own = await world.log((await world.somebody()).id), f"/v1/volunteers/{world.volunteer.id}"
        head = await world.services.ledger.store.head(world.bank_id)
        for path, body in (
            ("/v1/volunteers", {"name": "某某"}),
            (f"{own}/suspend", REASON),
            (f"{own}/erase", None),
            (f"{own}/codes", None),
            (f"{own}/proxies", {"proxy_volunteer_id": auditor.id}),
            ("/v1/organisations", {"name": "某某", "kind": "enterprise"}),
            (f"/v1/organisations/{world.garden}/suspend", REASON),
            (f"/v1/organisations/{world.garden}/keys", {"label": "x", "permissions": ["read"]}),
            (f"/v1/organisations/{world.garden}/members", {"volunteer_id": world.volunteer.id}),
            (f"/v1/service-records/{record_id}/confirm", None),
            (f"/v1/service-records/{record_id}/reject", REASON),
            ("/v1/appointments", {"volunteer_id": auditor.id, "office": "administrator"}),
        ):
            response = await auditor.ask("POST", path, json=body)
            assert response.status_code in {403, 404}, path
        assert await world.services.ledger.store.head(world.bank_id) == head


class TestLastAdministrator:
    """A bank is never without an administrator."""

    async def test_cannot_go(self, own_world: World) -> None:
        """The last one cannot lay down the office; one with a term, or who only begins tomorrow, is no successor."""
        first = own_world.administrator
        (own,) = await held_by(own_world, first.id)
        for term in ({"valid_until": day(300)}, {"valid_from": day(1)}):
            await own_world.appointed("administrator", **term)
            refused = await end(first, own["appointment_id"], expect=409)
            assert refused["type"] == "/problems/last-administrator"
        refused = await first.post(f"/v1/volunteers/{first.id}/erase", expect=409)
        assert refused["type"] == "/problems/last-administrator"

    async def test_can_go_when_there_is_another(self, own_world: World) -> None:
        """After another was appointed for good, the first goes, and the other stays."""
        first = own_world.administrator
        (own,) = await held_by(own_world, first.id)
        second = await own_world.appointed("administrator")
        await end(first, own["appointment_id"])
        await first.get("/v1/appointments", expect=403)
        (left,) = (await second.get("/v1/appointments", volunteer_id=second.id))["items"]
        assert (await end(second, left["appointment_id"], expect=409))["type"] == "/problems/last-administrator"

    async def test_of_two_who_go_at_once_one_stays(self, own_world: World) -> None:
        """Two administrators who lay down their offices at the same time do not leave the bank alone."""
        first, second = own_world.administrator, await own_world.appointed("administrator")
        ids = [(await held_by(own_world, each.id))[0]["appointment_id"] for each in (first, second)]
        answers = await asyncio.gather(
            *(each.ask("POST", f"/v1/appointments/{own}/end") for each, own in zip((first, second), ids, strict=True))
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
