"""A bank as large as one likes: facts that the codec made, copied into the log, and every read model made of them.

Nobody decided these facts, but they are such as commands come to, so commands go on from them.
"""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from benchmarks.setup.streets import Streets
from benchmarks.setup.world import World
from timebank.domain.facts.credit import (
    CreditDonated,
    FundOpened,
    RewardFulfilled,
    RewardPublished,
    RewardReserved,
    RewardTerms,
)
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipRequested,
    OrganisationApproved,
    OrganisationRegistered,
)
from timebank.domain.facts.people import ConsentGiven, MergeDeclined, MergeProposed, VolunteerRegistered
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.facts.teams import ShiftSet, TeamFounded, TeamMemberJoined
from timebank.domain.identifiers import (
    ActorId,
    CodeHash,
    FundId,
    MembershipId,
    MergeId,
    OrganisationId,
    RecordId,
    RedemptionId,
    RewardId,
    ShiftId,
    TeamId,
    TransferId,
    VolunteerId,
    VolunteerNumber,
    check_digit,
)
from timebank.domain.kernel import Fact
from timebank.domain.person import Person
from timebank.ledger.codec import Event, encode, leaf

COLUMNS = (
    *("bank_id", "position", "event_id", "topic", "data", "tags", "actor", "authority", "request_id", "command_id"),
    *("on_behalf_of", "recorded_at", "leaf"),
)
INDEX = """
    insert into event_tag (bank_id, key, position)
    select bank_id, tag_key(tag, topic), position from event, unnest(tags) tag
     where bank_id = $1 and position > $2 and position <= $3 order by 1, 2, 3"""
ARRIVE = """
    update bank set head = e.position, head_event_id = e.event_id
      from (select position, event_id from event where bank_id = $1 order by position desc limit 1) e
     where bank_id = $1"""
SURNAMES, GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗",
    "芳伟敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文慧建国玉兰红",
)
PEOPLE_A_BODY = 85
"""As in the country: 37.41 million volunteers, 442,000 bodies."""

CHUNK = 20_000

FIFTY = 10_000
"""Among so many volunteers there are fifty of one name, and no others have it."""

TAGGED = 10_000
"""Facts that are tagged at once: the index is as full as one that grew with the log, not as one made in a single go."""


class City:
    """Who is there, by number from 0: ids tell the number, so nobody has to be remembered."""

    reward_id = RewardId("rew_popular")
    fund_id = FundId("fnd_popular")

    def __init__(self, world: World, volunteers: int) -> None:
        self.world, self.volunteers = world, volunteers
        self.bodies = max(2, volunteers // PEOPLE_A_BODY)
        self.old_records = volunteers // 20
        self.beginning = datetime(2026, 1, 1, tzinfo=UTC)
        self.streets = Streets(volunteers, self.beginning.date(), world.at)

    def volunteer(self, n: int) -> VolunteerId:
        """A volunteer."""
        return VolunteerId(f"vol_{n % self.volunteers:032x}")

    def number(self, n: int) -> VolunteerNumber:
        """Their number."""
        digits = f"{10**10 + n % self.volunteers}"
        return VolunteerNumber(digits + check_digit(digits))

    def phone(self, n: int) -> str:
        """Their phone: one of five hundred was registered twice, right after the first time."""
        n = n % self.volunteers
        return f"138{n - (n % 500 == 8):08}"

    def name(self, n: int) -> str:
        """Their name: some are frequent, some fifty have, and some nobody else has."""
        n = n % self.volunteers
        if n % 1000 == 2:
            return "欧阳" + _told_by(n // 1000)
        if 2 < n % 1000 < 8:
            return "上官" + _told_by(n // FIFTY)
        first, second = GIVEN[n * 7 % 31 % len(GIVEN)], GIVEN[n // 20 % len(GIVEN)]
        return "王芳" if n % 1000 == 1 else f"{SURNAMES[n % 20]}{first}{second}"

    def organisation(self, n: int) -> OrganisationId:
        """Where the volunteer serves."""
        return OrganisationId(f"org_{n % self.bodies:032x}")

    def team(self, n: int) -> TeamId:
        """The team of an organisation."""
        return TeamId(f"tea_{n % self.bodies:032x}")

    def day(self, n: int) -> date:
        """The day on which the volunteer served."""
        return (self.beginning + timedelta(days=n % 330)).date()

    def month(self, n: int) -> tuple[date, date]:
        """The first and the last day of a month in which many served."""
        first = date(self.beginning.year, 1 + n % 10, 1)
        return first, date(first.year, first.month + 1, 1) - timedelta(days=1)

    async def build(self) -> None:
        """Copy everything in, and make the read models' input complete; they are made by whoever measures that."""
        world = self.world
        start = await world.services.ledger.store.head(world.bank_id)
        async with world.services.owner.acquire() as connection:
            await connection.execute("set synchronous_commit = off; set statement_timeout = 0")
            for rows in _chunks(self._rows(start), CHUNK):
                await connection.copy_records_to_table("event", records=rows, columns=COLUMNS, timeout=600)
            await connection.execute(ARRIVE, world.bank_id)
            head = await world.services.ledger.store.head(world.bank_id)
            for after in range(start, head, TAGGED):
                await connection.execute(INDEX, world.bank_id, after, after + TAGGED, timeout=7200)
            for numbers in _chunks(iter(range(self.volunteers)), CHUNK):
                people = [
                    Person(volunteer_id=self.volunteer(n), name=self.name(n), phone=self.phone(n)) for n in numbers
                ]
                async with connection.transaction():
                    await world.services.people.keep(connection, world.bank_id, people)
            await connection.execute("vacuum analyze", timeout=7200)
            await connection.execute("reset synchronous_commit; reset statement_timeout")

    def _person(self, n: int) -> Person:
        return Person(volunteer_id=self.volunteer(n), name=self.name(n), phone=self.phone(n))

    def _rows(self, start: int) -> Iterator[tuple[Any, ...]]:
        bank_id = self.world.bank_id
        request, by, at = str(uuid7()), self.world.administrator, self.beginning + timedelta(days=330)
        for position, fact in enumerate(self._facts(), start + 1):
            tags = tuple(fact.tags())
            event = Event(uuid7(), fact.TOPIC, encode(fact), tags, by.actor, by.authority, request, uuid7())
            yield bank_id, position, *event, at, leaf(bank_id, position, at, event)

    def _facts(self) -> Iterator[Fact]:
        terms = RewardTerms(name="理发", kind="service", cost_minutes=10, provider_id=self.organisation(0), quota=10**9)
        by = self.world.administrator.actor
        yield from self.streets.places(by, self.volunteer(1))
        for n in range(self.bodies):
            organisation_id = self.organisation(n)
            yield OrganisationRegistered(organisation_id=organisation_id, name=f"社区{n}", kind="residents-committee")
            yield OrganisationApproved(organisation_id=organisation_id)
            yield from self.streets.activity(n, organisation_id, by)
            yield TeamFounded(
                team_id=self.team(n),
                organisation_id=organisation_id,
                name=f"先锋队{n}",
                founded_by=by,
                from_day=self.beginning.date(),
            )
        yield RewardPublished(reward_id=self.reward_id, provider_id=self.organisation(0), terms=terms)
        yield FundOpened(fund_id=self.fund_id, name="公益金", kind="community")
        for n in range(self.volunteers):
            yield from self._of(n)
        for n in range(self.old_records):
            yield from self._served(0, self.volunteers + n, waits=n % 10 == 0)

    def _of(self, n: int) -> Iterator[Fact]:
        """All about one volunteer."""
        volunteer_id = self.volunteer(n)
        yield VolunteerRegistered(volunteer_id=volunteer_id, number=self.number(n))
        if n % 10 == 0:
            yield ConsentGiven(volunteer_id=volunteer_id, purpose="leaderboard")
            membership: dict[str, Any] = {
                "membership_id": MembershipId(f"mem_{n:032x}"),
                "organisation_id": self.organisation(n // 10),
                "volunteer_id": volunteer_id,
            }
            yield MembershipRequested(role="member", **membership)
            yield MembershipApproved(**membership)
        yield from self._lives(n)
        if n % 20 == 12:
            yield from self._teams_up(n)
        if n % 500 == 8:
            yield from self._merged(n)
        yield from self._served(n, n, waits=n % 100 == 0)
        if n % 5 == 0 and n % 100:
            yield from self._redeemed(n)
            transfer_id = TransferId(f"trf_{n:032x}")
            yield CreditDonated(transfer_id=transfer_id, volunteer_id=volunteer_id, fund_id=self.fund_id, minutes=10)

    def activity(self, n: int) -> int:
        """For which activity the volunteer signed up, by the number of the body: every tenth of those for the first."""
        return 0 if n % 100 == 7 else n % self.bodies

    def _lives(self, n: int) -> Iterator[Fact]:
        body = self.activity(n) if n % 10 == 7 else n
        return self.streets.life(n, self.volunteer(n), self.organisation(body), self.activity(n))

    def _teams_up(self, n: int) -> Iterator[Fact]:
        """They join the team of where they serve, and are on duty there each week."""
        common: dict[str, Any] = {
            "team_id": self.team(n),
            "organisation_id": self.organisation(n),
            "volunteer_id": self.volunteer(n),
        }
        yield TeamMemberJoined(**common)
        from_day = (self.beginning + timedelta(days=n % 7)).date()
        yield ShiftSet(shift_id=ShiftId(f"shf_{n:032x}"), from_day=from_day, from_minute=540, minutes=120, **common)

    def _merged(self, n: int) -> Iterator[Fact]:
        """Whoever registered twice: it is proposed for half of them to merge the two, and declined for some."""
        common: dict[str, Any] = {
            "merge_id": MergeId(f"mrg_{n:032x}"),
            "kept_id": self.volunteer(n - 1),
            "merged_id": self.volunteer(n),
            "reason": "同一个电话",
        }
        if n // 500 % 2:
            yield MergeProposed(proposed_by=self.world.administrator.actor, **common)
        if n // 500 % 4 == 3:
            yield MergeDeclined(declined_by=self.world.administrator.actor, **common)

    def _served(self, n: int, record: int, *, waits: bool) -> Iterator[Fact]:
        """One record of a volunteer; it may wait to be confirmed."""
        day, minutes = self.day(record), 30 + record * 7919 % 200
        start = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        common: dict[str, Any] = {
            "record_id": RecordId(f"rec_{record:032x}"),
            "volunteer_id": self.volunteer(n),
            "organisation_id": self.organisation(record),
            "capacity": "resident",
            "minutes": minutes,
            "minutes_by_day": {day: minutes},
            "local_date": day,
        }
        yield ServiceLogged(
            recorder_id=ActorId(self.organisation(record)),
            activity="楼道扶手擦洗",
            category="公共设施擦洗",
            started_at=start,
            ended_at=start + timedelta(minutes=minutes),
            place="社区服务中心",
            is_late=record % 50 == 3,
            team_id=self.team(record) if record % 20 == 12 else None,
            **common,
        )
        if not waits:
            yield ServiceConfirmed(decided_by=self.world.administrator.actor, credited_minutes=minutes, **common)

    def _redeemed(self, n: int) -> Iterator[Fact]:
        """One unit of the reward that everybody wants; every second was given."""
        volunteer_id = self.volunteer(n)
        common: dict[str, Any] = {
            "redemption_id": RedemptionId(f"red_{n:032x}"),
            "reward_id": self.reward_id,
            "volunteer_id": volunteer_id,
            "beneficiary_id": volunteer_id,
            "provider_id": self.organisation(0),
            "name": "理发",
            "cost_minutes": 10,
            "code_hash": CodeHash(f"{n:064x}"),
        }
        yield RewardReserved(
            kind="service",
            period="all",
            expires_at=self.beginning + timedelta(days=36_500),
            reserved_by=ActorId(volunteer_id),
            **common,
        )
        if n % 2:
            yield RewardFulfilled(fulfilled_by=self.world.administrator.actor, **common)


def _told_by(number: int) -> str:
    """A given name that tells a number."""
    return "".join(GIVEN[number // len(GIVEN) ** place % len(GIVEN)] for place in range(3))


def _chunks(items: Iterator[Any], size: int) -> Iterator[Sequence[Any]]:
    while chunk := list(itertools.islice(items, size)):
        yield chunk
