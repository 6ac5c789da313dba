"""A served bank with one approved organisation and somebody in each role, and callers who speak HTTP to it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any, get_args
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
from litestar import Litestar

from tests.controls import GARDENERS, HAIRCUT, KEY_FILE, ZONE, span
from tests.helpers.databases import signing_key_file
from tests.helpers.described import IDLE, LIMITS
from tests.helpers.pools import kept_pool_of
from timebank.api.app import create_app
from timebank.domain.acting import Acting
from timebank.domain.activities.activities import PlanActivity, PublishActivity
from timebank.domain.activities.attendance import CheckIn, CheckOut
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.facts.activities import Plan
from timebank.domain.facts.organisations import Permission, Role
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    new_activity_id,
    new_membership_id,
    new_organisation_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.organisations.memberships import AddMember, ApproveMembership
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.identity.security_log import Visit
from timebank.ledger.submission import Receipt
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import Services
from timebank.runtime.database import opening
from timebank.runtime.founding import found_bank
from timebank.runtime.settings import Settings
from timebank.web.app import begin

DAY_SECONDS = 86_400
OF_A_LIFESPAN = {
    *("key_file", "facts_per_day", "queue_limit", "second_factor_grace_days", "rate_per_principal", "rows_per_minute"),
    *("witnessed_logs", "project", "phone_codes", "phone_hook_url", "phone_hook_secret"),
}
"""Settings that an application does not heed before it starts."""


class Caller:
    """Somebody with an access token or an API key. Answers are checked only where a status is expected."""

    def __init__(self, http: httpx.AsyncClient, actor: str, token: str, session_id: str = "") -> None:
        self.http, self.id, self.token, self.session_id = http, actor, token, session_id

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as this caller."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, expect: int = 200, **params: Any) -> Any:
        """The answer to a GET, of the status expected."""
        return said(await self.ask("GET", path, params=params), expect)

    async def post(
        self, path: str, body: Any = None, expect: int | None = None, key: str | None = None, **params: Any
    ) -> Any:
        """The answer to a POST, of the status expected (else: any good one)."""
        headers = {"Idempotency-Key": key} if key else {}
        return said(await self.ask("POST", path, json=body, headers=headers, params=params), expect)

    async def patch(self, path: str, body: Any, expect: int | None = None) -> Any:
        """The answer to a PATCH."""
        return said(await self.ask("PATCH", path, json=body), expect)

    async def pages(self, path: str, **params: Any) -> list[list[dict[str, Any]]]:
        """All pages of a list."""
        page = await self.get(path, **params)
        pages = [page["items"]]
        while page["next"] is not None:
            page = await self.get(path, **(params | {"after": page["next"]}))
            pages.append(page["items"])
        return pages


def said(response: httpx.Response, expect: int | None = None) -> Any:
    """What an answer says; it has to have the status expected."""
    assert response.is_success if expect is None else response.status_code == expect, (
        f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    )
    return response.json()


def nameless(view: dict[str, Any]) -> dict[str, Any]:
    """A view without the names beside its ids, which everybody sees as far as they may."""
    return {name: value for name, value in view.items() if not name.endswith(("_name", "_number"))}


class World:
    """The bank, its people, and short ways to do what tests begin with."""

    garden: OrganisationId
    administrator: Caller
    organisation: Caller
    recorder: Caller
    verifier: Caller
    coordinator: Caller
    volunteer: Caller
    bank_id: UUID

    def __init__(self, app: Litestar, http: httpx.AsyncClient) -> None:
        self.app, self.http = app, http
        self.services: Services = app.state.services

    async def settle(self) -> None:
        """Open the bank and let people move in, all of them at once: most tests begin here, and few are about it."""
        founded = await found_bank(self.services, "Test bank", str(ZONE), "林主任")
        self.bank_id, self.garden = founded.bank_id, new_organisation_id()
        by: Any = {"by": Acting(ActorId(founded.administrator), "administrator"), "at": self.services.ledger.clock()}
        volunteer, recorder, verifier, coordinator = (new_volunteer_id() for _ in range(4))
        personal: dict[str, Any] = {"name": "王芳", "phone": "13800001111", "skills": ("理发",)}
        commands: list[Any] = [
            RegisterOrganisation(**by, organisation_id=self.garden, **GARDENERS),
            ApproveOrganisation(**by, organisation_id=self.garden),
            RegisterVolunteer(**by, volunteer_id=volunteer, number=new_volunteer_number(), **personal),
        ]
        staff: dict[VolunteerId, Role] = {recorder: "recorder", verifier: "verifier", coordinator: "coordinator"}
        for each, role in staff.items():
            where = by | {"organisation_id": self.garden, "volunteer_id": each}
            commands += [
                RegisterVolunteer(**by, volunteer_id=each, number=new_volunteer_number(), name="某某"),
                AddMember(**where, membership_id=new_membership_id(), role=role),
                ApproveMembership(**where | {"by": Acting(ActorId(each), "volunteer")}),
            ]
        outcomes = await self.services.ledger.submit(self.bank_id, commands, request_id="settling")
        assert all(isinstance(each, Receipt) for each in outcomes), outcomes
        self.administrator = await self.caller(founded.administrator)
        self.organisation = await self.program(self.garden)
        self.volunteer, self.recorder = await self.caller(volunteer), await self.caller(recorder)
        self.verifier, self.coordinator = await self.caller(verifier), await self.caller(coordinator)

    async def caller(self, volunteer_id: str) -> Caller:
        """A volunteer who has just signed in; their token, and who they are, is good for as long as tests take."""
        at = self.services.ledger.clock()
        visit = Visit(at, "", "test")
        tokens = await self.services.sign_in.let_in(self.bank_id, volunteer_id, visit, "test")
        proved = "update session set proved_at = 'infinity' where session_id = $1"
        await self.services.pool.execute(proved, tokens.session_id)
        sessions = self.services.sign_in.sessions
        token = sessions.access_token(self.bank_id, volunteer_id, tokens.session_id, at, seconds=DAY_SECONDS)
        return Caller(self.http, volunteer_id, token, tokens.session_id)

    async def verify_phone(self, volunteer_id: str) -> None:
        """Somebody's phone is known to be theirs from now on."""
        people, pool = self.services.people, self.services.pool
        await people.verify_phones(pool, self.bank_id, self.services.ledger.clock(), [volunteer_id])

    async def program(self, organisation_id: str, *permissions: str) -> Caller:
        """A program of an organisation, with a new key (else: for everything)."""
        asked = {"label": "test", "permissions": permissions or get_args(Permission)}
        made = await self.administrator.post(f"/v1/organisations/{organisation_id}/keys", asked, expect=201)
        return Caller(self.http, organisation_id, made["api_key"])

    async def appointed(self, office: str, **scope: Any) -> Caller:
        """A new volunteer who holds an office."""
        somebody = await self.somebody()
        await self.administrator.post("/v1/appointments", {"volunteer_id": somebody.id, "office": office, **scope})
        return somebody

    async def body(self, name: str = "某某社区", *, approved: bool = True) -> str:
        """A new organisation."""
        organisation_id: str = (await self.administrator.post("/v1/organisations", GARDENERS | {"name": name}))[
            "organisation_id"
        ]
        if approved:
            await self.administrator.post(f"/v1/organisations/{organisation_id}/approve")
        return organisation_id

    async def somebody(self, name: str = "某某", **personal: Any) -> Caller:
        """A new volunteer."""
        made = await self.administrator.post("/v1/volunteers", {"name": name, **personal})
        return await self.caller(made["volunteer_id"])

    async def member(self, role: str, organisation_id: str | None = None, **term: Any) -> Caller:
        """A new volunteer with a role in an organisation (else: the garden)."""
        somebody = await self.somebody()
        await self.joins(somebody, role, organisation_id, **term)
        return somebody

    async def joins(
        self, somebody: Caller, role: str = "member", organisation_id: str | None = None, **term: Any
    ) -> None:
        """Somebody has a role in an organisation (else: the garden) from now on."""
        members = f"/v1/organisations/{organisation_id or self.garden}/members"
        await self.administrator.post(members, {"volunteer_id": somebody.id, "role": role, **term})
        await somebody.post(f"{members}/{somebody.id}/approve")

    @property
    def records(self) -> str:
        """Where the garden logs service."""
        return f"/v1/organisations/{self.garden}/service-records"

    async def log(self, volunteer_id: str, *, by: Caller | None = None, **changes: Any) -> str:
        """A new record that waits for confirmation."""
        logged = await (by or self.organisation).post(self.records, service(volunteer_id, **changes), expect=201)
        record_id: str = logged["record_id"]
        return record_id

    async def confirmed(self, volunteer_id: str, **changes: Any) -> str:
        """A new record, confirmed."""
        record_id = await self.log(volunteer_id, **changes)
        await self.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
        return record_id

    async def with_credit(self, minutes: int = 120, *, days_ago: int = 1, **personal: Any) -> Caller:
        """A new volunteer who served so many minutes, and has them as credit."""
        somebody = await self.somebody(**personal)
        await self.confirmed(somebody.id, days_ago=days_ago, hour=0, hours=minutes / 60)
        return somebody

    async def balance(self, volunteer_id: str, **params: Any) -> dict[str, Any]:
        """What somebody has."""
        found: dict[str, Any] = await self.administrator.get(f"/v1/volunteers/{volunteer_id}/balance", **params)
        return found

    async def reward(self, provider_id: str | None = None, **terms: Any) -> str:
        """A new reward, provided by the garden unless somebody else is named."""
        made = await self.administrator.post("/v1/rewards", reward(provider_id or self.garden, **terms), expect=201)
        reward_id: str = made["reward_id"]
        return reward_id

    async def fund(self, name: str = "百花园社区基金", **of: Any) -> str:
        """A new fund."""
        opened = await self.administrator.post("/v1/funds", {"name": name, **of}, expect=201)
        fund_id: str = opened["fund_id"]
        return fund_id

    async def node(self, level: str = "社区", **changes: Any) -> str:
        """A new place, at the top unless something is said of where."""
        asked = {"level": level, "name": f"{level} {uuid4().hex[:6]}", "from_day": "2026-01-01"}
        node_id: str = (await self.administrator.post("/v1/nodes", asked | changes, expect=201))["node_id"]
        return node_id

    async def leader(self, node_id: str, **term: Any) -> Caller:
        """A new volunteer who leads a place."""
        somebody = await self.somebody()
        asked = {"volunteer_id": somebody.id, "source": "recommended", **term}
        await self.administrator.post(f"/v1/nodes/{node_id}/leaders", asked, expect=201)
        return somebody

    async def lives(self, volunteer_id: str, node_id: str | None, from_day: str = "2026-01-01") -> None:
        """Somebody lives at a place."""
        asked = {"node_id": node_id, "from_day": from_day}
        await self.administrator.post(f"/v1/volunteers/{volunteer_id}/residences", asked, expect=201)

    async def activity(self, *, published: bool = True, hours: float = 2, starts_in: float = -0.5, **plan: Any) -> str:
        """A new activity of the garden, led by its coordinator, which began half an hour ago."""
        starts_at = utc_now().replace(microsecond=0) + timedelta(hours=starts_in)
        asked = {
            "name": "楼道清扫",
            "category": "公益慈善",
            "content": "擦洗扶手",
            "place": "三号楼",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=hours)).isoformat(),
            "leader_id": self.coordinator.id,
        }
        path = f"/v1/organisations/{self.garden}/activities"
        activity_id: str = (await self.coordinator.post(path, asked | plan, expect=201))["activity_ids"][0]
        if published:
            await self.coordinator.post(f"/v1/activities/{activity_id}/publish", expect=200)
        return activity_id

    async def past_activity(
        self, *people: Caller, days_ago: int = 1, has_left: bool = True, led: bool = False, **plan: Any
    ) -> str:
        """An activity of the garden that is over, with people who were there; its leader, the coordinator, if `led`."""
        start = utc_now().replace(minute=0, second=0, microsecond=0).astimezone(ZONE) - timedelta(days=days_ago)
        end, activity_id = start + timedelta(hours=2), new_activity_id()
        said: dict[str, Any] = {"name": "楼道清扫", "category": "公益慈善", "content": "擦洗扶手", "place": "三号楼"}
        planned = Plan(**said, starts_at=start, ends_at=end, leader_id=ActorId(self.coordinator.id), **plan)
        then: Any = {"by": Acting(ActorId(self.garden), "organisation"), "at": start, "activity_id": activity_id}
        commands: list[Any] = [
            PlanActivity(**then, organisation_id=OrganisationId(self.garden), plan=planned),
            PublishActivity(**then),
        ]
        for each in (*people, *([self.coordinator] if led else [])):
            who: Any = then | {"volunteer_id": VolunteerId(each.id)}
            commands += [SignUp(**who), CheckIn(**who, proof="leader", entry_id=f"in-{each.id}")]
            if has_left:
                commands.append(CheckOut(**(who | {"at": end}), proof="leader", entry_id=f"out-{each.id}"))
        outcomes = await self.services.ledger.submit(self.bank_id, commands)
        assert all(isinstance(each, Receipt) for each in outcomes), outcomes
        return activity_id

    async def employed(self, somebody: Caller, kind: str = "contract", **said: Any) -> str:
        """Somebody works for the garden, all day long on every day unless something is said of it."""
        hours = [{"weekday": day, "from_minute": 0, "until_minute": 1440} for day in range(1, 8)]
        asked = {"volunteer_id": somebody.id, "kind": kind, "from_day": "2026-01-01", "hours": hours}
        path = f"/v1/organisations/{self.garden}/employments"
        employment_id: str = (await self.administrator.post(path, asked | said, expect=201))["employment_id"]
        return employment_id

    async def proposal(self, somebody: Caller, **said: Any) -> str:
        """Somebody says that they served for the garden yesterday."""
        asked = {"organisation_id": self.garden, "activity": "探访", "category": "公益慈善", **hours_of()}
        proposal_id: str = (await somebody.post("/v1/proposals", asked | said, expect=201))["proposal_id"]
        return proposal_id

    async def invitation(self, people: int = 1) -> str:
        """The garden invites people to register themselves."""
        path, asked = f"/v1/organisations/{self.garden}/invitations", {"people": people, "until_day": "2199-12-31"}
        invitation_id: str = (await self.coordinator.post(path, asked, expect=201))["invitation_id"]
        return invitation_id

    async def team(self, captain: Caller | None = None, **said: Any) -> str:
        """A new team of the garden, or a group that it guides; with a captain, if one is named."""
        path, office = f"/v1/organisations/{self.garden}/teams", self.administrator
        team_id: str = (await office.post(path, {"name": "巡逻队", "is_guided": True} | said, expect=201))["team_id"]
        if captain:
            who = {"volunteer_id": captain.id}
            await office.post(f"{path}/{team_id}/members", who, expect=201)
            await captain.post(f"{path}/{team_id}/members/{captain.id}/approve", expect=200)
            await office.post(f"{path}/{team_id}/captain", who | {"from_day": "2026-01-01"}, expect=200)
        return team_id

    async def redeem(self, somebody: Caller, reward_id: str, body: Any = None, **how: Any) -> dict[str, Any]:
        """What somebody is told who reserved a reward, or could not."""
        path = f"/v1/rewards/{reward_id}/redemptions"
        reserved: dict[str, Any] = await somebody.post(path, body, **({"expect": 201} | how))
        return reserved


def wide(text: str) -> str:
    """Letters and digits as a keyboard types them that is set to full width."""
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


def reward(provider_id: str, **terms: Any) -> dict[str, Any]:
    """Terms of a reward."""
    return HAIRCUT | {"provider_id": provider_id} | terms


def hours_of(days_ago: int = 1, hour: int = 8, hours: float = 2) -> dict[str, str]:
    """Start and end of some hours of an earlier day."""
    times = span(hours, days_ago=days_ago, hour=hour, now=utc_now().astimezone(ZONE))
    return {name: moment.isoformat() for name, moment in times.items()}


def service(volunteer_id: str, *, days_ago: int = 1, hour: int = 8, hours: float = 2, **changes: Any) -> dict[str, Any]:
    """Service to be logged."""
    return {
        "volunteer_id": volunteer_id,
        "activity": "楼道清扫",
        "category": "公益慈善",
        "capacity": "resident",
        **hours_of(days_ago, hour, hours),
    } | changes


@contextlib.asynccontextmanager
async def served(
    url: str, create: Callable[[Settings], Litestar] = create_app, **settings: Any
) -> AsyncIterator[tuple[Litestar, httpx.AsyncClient]]:
    """The application on a database, and a client to it."""
    own = {"key_file": str(KEY_FILE), "signing_key_file": signing_key_file(url)}
    files = {} if "key_file" in settings else own
    asked = Settings(**({"database_url": url} | files | LIMITS | settings))
    with _application(asked, create, is_usual=settings.keys() <= OF_A_LIFESPAN) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with _begun(app), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield app, http


@contextlib.asynccontextmanager
async def _begun(app: Litestar) -> AsyncIterator[None]:
    """An application that serves, on connections that are kept for the next one."""
    async with contextlib.AsyncExitStack() as stack:
        with patch.object(opening, "pool_of", kept_pool_of):
            await stack.enter_async_context(app.lifespan())
        yield


@contextlib.contextmanager
def _application(settings: Settings, create: Callable[[Settings], Litestar], *, is_usual: bool) -> Iterator[Litestar]:
    """An application; if it is built as usual, one that served another database before, where one is idle.

    To build one takes longer than most tests. All that belongs to a database comes, and goes, with the lifespan.
    """
    if not is_usual:
        yield create(settings)
        return
    idle = IDLE[create]
    app = idle.pop() if idle else create(settings)
    app.state.settings = settings
    if "pages" in app.state:
        begin(app.state.pages, settings)
    yield app
    idle.append(app)


@contextlib.asynccontextmanager
async def settled(
    url: str, create: Callable[[Settings], Litestar] = create_app, **settings: Any
) -> AsyncIterator[World]:
    """A world of one's own."""
    async with served(url, create, **settings) as (app, http):
        world = World(app, http)
        await world.settle()
        yield world
