"""The world itself: a street office, twenty communities, their people, a month of service.

All names are made up. The same seed makes the same world, up to identifiers and the date it ends on: today.
"""

import random
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.demo.credit import publish, rule_books, spend
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import Kind, Permission, Role
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    RecordId,
    VolunteerId,
    new_key_id,
    new_membership_id,
    new_organisation_id,
    new_record_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.api_keys import IssueKey
from timebank.domain.organisations.memberships import AddMember, ApproveMembership, EndMembership
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer, SetConsent
from timebank.domain.refusing import Refusal
from timebank.domain.service.records import ConfirmService, CorrectService, LogService, RejectService, VoidService
from timebank.identity.principals import api_key, secret_hash
from timebank.projections.credit import policies
from timebank.projections.credit.balances import balance_of
from timebank.projections.organisations import memberships, offices, organisations
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR, found_bank

NAME = "百步亭街道时间银行(演示)"
TIMEZONE = "Asia/Shanghai"
COMMUNITIES = 20
COURT_LEADERS = 470
OTHER_VOLUNTEERS = 1_030
DAYS = 31
CHUNK = 400
SPENDERS = 60
ENOUGH_MINUTES = 240
LAST_STEP = "迁出本社区"

_COMMUNITY_NAMES = [
    "安居",
    "百步",
    "春兰",
    "东方",
    "温馨",
    "文卉",
    "怡康",
    "和美",
    "金桥",
    "龙庭",
    "华清",
    "景兰",
    "青松",
    "翠柳",
    "丹桂",
    "江岸",
    "同心",
    "幸福",
    "望江",
    "朝阳",
]
_KINDS: dict[Kind, str] = {
    "party-committee": "{}社区党委",
    "management-committee": "{}社区管理委员会",
    "property-company": "{}物业公司",
    "residents-committee": "{}社区居委会",
    "self-governing-body": "{}社区自治理事会",
    "social-organisation": "{}志愿者服务协会",
}
_ACTIVITIES = (
    ("楼道扶手擦洗", "公共设施擦洗", "红细胞"),
    ("广场舞教学", "文体娱乐", None),
    ("旧衣捐赠整理", "公益慈善", "结对帮困"),
    ("小区夜间巡逻", "治安巡逻", "邻里守望"),
    ("独居老人探访", "邻里守望", "邻里守望"),
    ("邻里纠纷调解", "调解", None),
    ("社区矫正帮教", "帮教", "红细胞"),
    ("健康知识讲座", "文体娱乐", "讲座"),
)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "芳秀英娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉鹏华红玉梅建国志伟海燕"
_SKILLS = ("理发", "电工", "护理", "书法", "法律", "烹饪", "英语", "摄影")


class Demo(NamedTuple):
    """The world, and who to try it as."""

    bank_id: UUID
    administrator: VolunteerId
    organisation: OrganisationId
    verifier: VolunteerId
    volunteer: VolunteerId


class Doors(NamedTuple):
    """With what to enter the world: volunteer numbers that share a password, and an API key."""

    numbers: dict[str, str]
    password: str
    api_key: str


class _Body(NamedTuple):
    organisation_id: OrganisationId
    verifier: VolunteerId
    members: list[VolunteerId]


async def make_world(services: Services, progress: Callable[[int, int], None] = lambda done, total: None) -> Demo:
    """Make the world, through the same commands everybody uses."""
    return await _World(services, progress).make()


async def known_world(services: Services) -> Demo | None:
    """The world that was made before, if it was made completely: its first body and who belongs to it."""
    banks = [bank for bank in await services.ledger.store.banks() if bank.name == NAME]
    if not banks:
        return None
    pool, people, bank_id = services.pool, services.people, banks[-1].bank_id
    if not await policies.adopted(pool, bank_id):
        return None  # made by a version whose people could not spend anything yet
    bodies = await organisations.page(pool, bank_id, "approved", "", 1)
    administrators = [each for each in await offices.page(pool, bank_id, None, "", 1) if each.status == "in force"]
    members = await memberships.page(
        pool,
        people,
        bank_id,
        organisation_id=bodies[0].organisation_id if bodies else "",
        volunteer_id=None,
        after="",
        limit=100,
    )
    verifiers = [each for each in members if each.role == "verifier" and each.status == "approved"]
    marked = [each for each in members if each.reason == LAST_STEP]
    if not (administrators and verifiers and marked) or marked[0].name is None:
        return None  # not made completely, or the one to try it as was erased
    return Demo(
        bank_id,
        VolunteerId(administrators[0].volunteer_id),
        OrganisationId(bodies[0].organisation_id),
        VolunteerId(verifiers[0].volunteer_id),
        VolunteerId(marked[0].volunteer_id),
    )


async def open_doors(services: Services, world: Demo) -> Doors:
    """Give the people to try it as a new password, and the organisation's program a new key."""
    password = secrets.token_urlsafe(12)
    at = services.ledger.clock().astimezone(ZoneInfo(TIMEZONE))
    numbers = {}
    for name in ("administrator", "verifier", "volunteer"):
        volunteer_id = getattr(world, name)
        await services.sign_in.set_password(world.bank_id, volunteer_id, password, at)
        found = await volunteers.one(services.pool, services.people, world.bank_id, volunteer_id)
        assert found is not None, "they were registered"
        numbers[name] = found.number
    secret = secrets.token_urlsafe(32)
    issue = IssueKey(
        by=OPERATOR,
        at=at,
        organisation_id=world.organisation,
        key_id=new_key_id(),
        label="demo",
        permissions=get_args(Permission),
        secret_hash=secret_hash(secret),
    )
    await services.ledger.execute(world.bank_id, issue, request_id="demo")
    return Doors(numbers, password, api_key(issue.key_id, secret))


class _World:
    def __init__(self, services: Services, progress: Callable[[int, int], None]) -> None:
        self.services = services
        self.progress = progress
        self.random = random.Random(463)  # noqa: S311  # a believable world, not a secret one
        self.now = services.ledger.clock().astimezone(ZoneInfo(TIMEZONE))
        self.bank_id: UUID
        self.administrator: Acting
        self.done = 0
        self.total = 14_000

    async def make(self) -> Demo:
        founded = await found_bank(self.services, NAME, TIMEZONE, "林主任", "19900000001")
        self.bank_id = founded.bank_id
        self.administrator = Acting(ActorId(founded.administrator), "administrator")
        people = [new_volunteer_id() for _ in range(COURT_LEADERS + OTHER_VOLUNTEERS)]
        await self._do([self._registration(volunteer_id) for volunteer_id in people])
        await self._do(rule_books(self.administrator, self.now))
        bodies = await self._found(people)
        await self._consents(people)
        for day in range(DAYS, 0, -1):
            await self._a_day(self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=day), bodies)
        await self._loose_ends(bodies)
        await self._spend(bodies)
        first = bodies[0]
        busiest = await self._busiest(first)
        await self._do(self._last_step(first.organisation_id, busiest))
        while await self.services.runner.catch_up(self.bank_id):
            pass
        return Demo(self.bank_id, founded.administrator, first.organisation_id, first.verifier, busiest)

    def _last_step(self, organisation_id: OrganisationId, volunteer_id: VolunteerId) -> list[Command]:
        """A membership that ended, which also says that the world is complete, and whom to try it as."""
        end = EndMembership(
            by=Acting(ActorId(volunteer_id), "volunteer"),
            at=self.now,
            organisation_id=organisation_id,
            volunteer_id=volunteer_id,
            reason=LAST_STEP,
        )
        return [*self._membership(organisation_id, volunteer_id, "member"), end]

    async def _do(self, commands: list[Command]) -> int:
        """Have commands done, chunk by chunk; what the rules refuse is left out, as it would be in life."""
        refused = 0
        for start in range(0, len(commands), CHUNK):
            chunk = commands[start : start + CHUNK]
            outcomes = await self.services.ledger.submit(self.bank_id, chunk, request_id="demo")
            refused += sum(isinstance(outcome, Refusal) for outcome in outcomes)
            self.done += len(chunk)
            self.progress(min(self.done, self.total), self.total)
        return refused

    def _registration(self, volunteer_id: VolunteerId) -> Command:
        given = "".join(self.random.sample(_GIVEN, self.random.choice((1, 2, 2))))
        return RegisterVolunteer(
            by=self.administrator,
            at=self.now,
            volunteer_id=volunteer_id,
            number=new_volunteer_number(),
            name=self.random.choice(_SURNAMES) + given,
            phone=f"199{self.random.randrange(10**8):08}",
            skills=tuple(self.random.sample(_SKILLS, self.random.choice((0, 0, 1, 2)))),
        )

    async def _found(self, people: list[VolunteerId]) -> list[_Body]:
        """Twenty communities with the six kinds of body, each with a verifier and members of its own."""
        bodies: list[_Body] = []
        commands: list[Command] = []
        for index in range(COMMUNITIES):
            neighbours = people[index::COMMUNITIES]
            for number, (kind, pattern) in enumerate(_KINDS.items()):
                body = _Body(new_organisation_id(), neighbours[number], neighbours[len(_KINDS) :])
                bodies.append(body)
                name = pattern.format(_COMMUNITY_NAMES[index])
                commands += [
                    RegisterOrganisation(
                        by=self.administrator, at=self.now, organisation_id=body.organisation_id, name=name, kind=kind
                    ),
                    ApproveOrganisation(by=self.administrator, at=self.now, organisation_id=body.organisation_id),
                    *self._membership(body.organisation_id, body.verifier, "verifier"),
                    *self._membership(body.organisation_id, neighbours[number - 6], "member"),
                ]
        await self._do(commands)
        return bodies

    def _membership(self, organisation_id: OrganisationId, volunteer_id: VolunteerId, role: Role) -> list[Command]:
        return [
            AddMember(
                by=self.administrator,
                at=self.now,
                membership_id=new_membership_id(),
                organisation_id=organisation_id,
                volunteer_id=volunteer_id,
                role=role,
            ),
            ApproveMembership(
                by=self.administrator, at=self.now, organisation_id=organisation_id, volunteer_id=volunteer_id
            ),
        ]

    async def _consents(self, people: list[VolunteerId]) -> None:
        await self._do(
            [
                SetConsent(
                    by=Acting(ActorId(volunteer_id), "volunteer"),
                    at=self.now,
                    volunteer_id=volunteer_id,
                    purpose="leaderboard",
                    granted=True,
                    alias=f"热心邻居{index}" if index % 5 == 0 else None,
                )
                for index, volunteer_id in enumerate(people)
                if index % 3 == 0
            ]
        )

    async def _a_day(self, midnight: datetime, bodies: list[_Body]) -> None:
        """A day's service: more at weekends; most of it confirmed, some rejected."""
        records = [
            (body, self._service(body, midnight))
            for body in bodies
            for _ in range(self.random.choice((2, 3, 4)) if midnight.weekday() >= 5 else self.random.choice((0, 1, 1)))
        ]
        await self._do([log for _, log in records])
        decisions: list[Command] = []
        for body, log in records:
            verifier = Acting(ActorId(body.verifier), "volunteer")
            if self.random.random() < 0.03:
                decisions.append(
                    RejectService(by=verifier, at=self.now, record_id=log.record_id, reason="签到表上没有此人")
                )
            elif self.random.random() < 0.95:
                decisions.append(ConfirmService(by=verifier, at=self.now, record_id=log.record_id))
        await self._do(decisions)

    def _service(self, body: _Body, midnight: datetime) -> LogService:
        activity, category, programme = self.random.choice(_ACTIVITIES)
        started_at = midnight + timedelta(minutes=30 * self.random.randrange(16, 38))
        capacities: tuple[Capacity, ...] = ("resident", "staff-off-duty", "staff-on-duty")
        return LogService(
            by=Acting(ActorId(body.organisation_id), "organisation"),
            at=self.now,
            record_id=new_record_id(),
            volunteer_id=self.random.choice(body.members),
            organisation_id=body.organisation_id,
            activity=activity,
            category=category,
            capacity=self.random.choices(capacities, (90, 7, 3))[0],
            started_at=started_at,
            ended_at=started_at + timedelta(minutes=30 * self.random.randrange(2, 9)),
            place="社区服务中心",
            programmes=(programme,) if programme else (),
        )

    async def _loose_ends(self, bodies: list[_Body]) -> None:
        """A late entry, a correction, a void, and two records that still wait: on the first body, to be looked at."""
        body = bodies[0]
        verifier = Acting(ActorId(body.verifier), "volunteer")
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        late, corrected, voided, *waiting = (
            self._service(body, midnight - timedelta(days=days)) for days in (45, 42, 41, 40, 39)
        )
        reason = "对照签到表"
        await self._do([late, corrected, voided, *waiting])
        await self._do(
            [ConfirmService(by=verifier, at=self.now, record_id=each.record_id) for each in (late, corrected, voided)]
        )
        half = RecordId(corrected.record_id)
        await self._do(
            [
                CorrectService(by=verifier, at=self.now, record_id=half, minutes=30, reason=reason),
                VoidService(by=verifier, at=self.now, record_id=voided.record_id, reason=reason),
            ]
        )

    async def _spend(self, bodies: list[_Body]) -> None:
        """Rewards by the first body, and sixty people of others who spend some of what they have."""
        catalogue, commands = publish(self.administrator, self.now, bodies[0].organisation_id)
        await self._do(commands)
        neighbours = list(dict.fromkeys(person for body in bodies[len(_KINDS) :] for person in body.members))
        able = [person for person in neighbours if await self._available(person) >= ENOUGH_MINUTES][:SPENDERS]
        spending = spend(catalogue, self.administrator, self.now, able, self.random)
        await self._do(spending.first)
        await self._do(spending.then)

    async def _available(self, person: VolunteerId) -> int:
        balance = await balance_of(self.services.pool, self.bank_id, person)
        return balance.available_minutes if balance else 0

    async def _busiest(self, body: _Body) -> VolunteerId:
        """Somebody with something on their account."""
        available = {person: await self._available(person) for person in body.members}
        return max(available, key=available.__getitem__)
