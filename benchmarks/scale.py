"""Whether anything is slower in a bank of a million than in one of ten thousand: questions, commands, rebuilds."""

import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from benchmarks.setup.city import City
from benchmarks.setup.measure import Bench, Row, seconds_for
from benchmarks.setup.streets import LEVELS
from benchmarks.setup.world import new_world
from timebank.domain.acting import Acting
from timebank.domain.activities.attendance import CheckIn
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.credit.redemptions import ReserveReward
from timebank.domain.credit.transfers import DonateCredit
from timebank.domain.identifiers import (
    ActivityId,
    ActorId,
    CodeHash,
    RecordId,
    VolunteerId,
    new_redemption_id,
    new_transfer_id,
)
from timebank.domain.kernel import Command
from timebank.domain.service.records import ConfirmService
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.activities import activities
from timebank.projections.activities import statistics as of_activities
from timebank.projections.activities.statistics import WHOLE_BANK
from timebank.projections.credit import balances, redemptions, transfers
from timebank.projections.machinery.rebuild import rebuild
from timebank.projections.organisations import employments, memberships
from timebank.projections.people import volunteers
from timebank.projections.places import nodes
from timebank.projections.recognition.leaderboards import leaderboard
from timebank.projections.service import proposals, records
from timebank.projections.service.records import COUNTED, Order, Wanted
from timebank.projections.service.statistics import By
from timebank.projections.service.statistics import figures as statistics_of
from timebank.projections.supervision import history
from timebank.runtime.composition import hooks

SMALL = 10_000
TIMES = 40
COLD_TIMES = 5
PAGE = 51
LARGEST_RATIO, UNNOTICED_MS = 1.3, 2.0
"""A question may take so many times as long, or so many milliseconds."""

Question = Callable[[int], Awaitable[object]]
SIZES = """
    select c.relname, pg_table_size(c.oid) as table_size, pg_indexes_size(c.oid) as index_size
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' and pg_total_relation_size(c.oid) > 1000000 order by 1"""

SHARES = """
    select sum(size) filter (where is_service)::float8 / sum(size) as event,
           sum(tags) filter (where is_service)::float8 / sum(tags) as event_tag
      from (select pg_column_size(e.*) as size, cardinality(tags) as tags,
                   topic in ('service-logged', 'service-confirmed') as is_service
              from event e) e"""
"""Which share of the log is about records: by bytes, and of the index of tags by tags."""

OF_RECORDS = (
    *("service_record", "service_total", "served_month", "leaderboard", "leaderboard_step", "leaderboard_total"),
    *("served_day", "place_day", "place_total"),
)
"""The read models that hold what was served, and nothing else that grows."""


class Measured(NamedTuple):
    """What was found of one bank."""

    milliseconds: dict[str, float]
    cold: dict[str, float]
    rebuilt: dict[str, float]
    sizes: tuple[str, ...]
    record_bytes: float
    events: int


async def rows(bench: Bench) -> list[Row]:
    """A small bank, then a large one; each in a database of its own, which is gone before the next."""
    large = max(bench.sized(bench.volunteers), SMALL)
    small = await _measure(bench, SMALL)
    big = await _measure(bench, large)
    counterpart = f"{SMALL:,}"
    asked = [
        Row(
            work=f"{what}, {large:,} volunteers",
            ours=ms,
            unit=" ms",
            counterpart=counterpart,
            theirs=small.milliseconds[what],
            ratio=ms / small.milliseconds[what],
            at_most=LARGEST_RATIO,
            unnoticed=UNNOTICED_MS,
        )
        for what, ms in big.milliseconds.items()
    ]
    cold = [
        Row(work=f"first after a start: {what}", ours=ms, unit=" ms", at_most=20, notes=_note(what, small.cold[what]))
        for what, ms in big.cold.items()
    ]
    rebuilt = [
        Row(work=f"rebuild of {name}, {big.events:,} events", ours=rate, unit=" events/s", at_least=150_000)
        for name, rate in big.rebuilt.items()
    ]
    size = Row(
        work="bytes on disk a confirmed record", ours=big.record_bytes, unit=" B", at_most=3072, notes=(*big.sizes,)
    )
    return [*asked, *cold, *rebuilt, size]


def _note(what: str, ms: float) -> tuple[str]:
    return (f"first after a start, small bank: {what}: {ms:.1f} ms",)


async def _measure(bench: Bench, size: int) -> Measured:
    name = f"scale_{size}"
    async with new_world(await bench.new_database(name)) as world:
        city = City(world, size)
        await city.build()
        store, pool = world.services.ledger.store, world.services.owner
        events = await store.head(world.bank_id)
        rebuilt = {}
        for projection in EVERY:
            rebuilt[projection.name] = events / await seconds_for(rebuild(pool, projection))
        async with pool.acquire() as connection:
            await connection.execute("set statement_timeout = 0")
            await connection.execute("vacuum analyze", timeout=7200)
            of_log: dict[str, float] = dict(**(await connection.fetch(SHARES, timeout=7200))[0])
            await connection.execute("reset statement_timeout")
        await bench.settle()
        milliseconds = {what: await _median(ask) for what, ask in _questions(city).items()}
        cold: dict[str, float] = {}
        for what, make in _commands(city).items():
            first, milliseconds[f"command: {what}"] = await _commanded(city, make)
            cold[what] = first
        sizes = await pool.fetch(SIZES)
        confirmed = await pool.fetchval("select count(*) from service_record where status = 'confirmed'")
        room = {row["relname"]: row["table_size"] + row["index_size"] for row in sizes}
        shares = {**dict.fromkeys(OF_RECORDS, 1.0), **of_log}
        told = (
            *(
                f"{row['relname']}: {row['table_size'] / events:,.0f} + {row['index_size'] / events:,.0f} B a fact; "
                f"of a confirmed record {shares.get(row['relname'], 0) * room[row['relname']] / confirmed:,.0f} B"
                for row in sizes
            ),
            f"all there is, by confirmed record: {sum(room.values()) / confirmed:,.0f} B",
        )
        of_records = sum(room.get(name, 0) * share for name, share in shares.items())
    await bench.drop_database(name)
    return Measured(milliseconds, cold, rebuilt, told, of_records / confirmed, events)


async def _median(ask: Question) -> float:
    """Milliseconds of a question, each time about somebody else; the first few find their way to memory."""
    times = []
    for n in range(TIMES + 5):
        started = time.perf_counter()
        await ask(n * 7919 + 7)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[5:])


async def _commanded(city: City, make: Callable[[int], Command]) -> tuple[float, float]:
    """Milliseconds of the first command of a ledger that remembers nothing, and of later ones: medians."""
    services, bank_id = city.world.services, city.world.bank_id
    first, later, numbers = [], [], itertools.count(1)
    for _ in range(COLD_TIMES):
        ledger = Ledger(
            services.ledger.store, services.people, clock=services.ledger.clock, hooks=hooks(services.people)
        )
        try:
            times = [await seconds_for(ledger.execute(bank_id, make(next(numbers)))) * 1000 for _ in range(3)]
        finally:
            await ledger.close()
        first.append(times[0])
        later += times[1:]
    return statistics.median(first), statistics.median(later)


def _commands(city: City) -> dict[str, Callable[[int], Command]]:
    """What is done, and, by a number, once more; the last ones rest on very many facts."""
    world, office, at = city.world, city.world.administrator, city.world.at
    yesterday = at.replace(hour=1, minute=0) - timedelta(days=1)

    def own(n: int) -> dict[str, Any]:
        volunteer_id = city.volunteer(n * 1009)
        return {"by": Acting(ActorId(volunteer_id), "volunteer"), "at": at, "volunteer_id": volunteer_id}

    crowded = ActivityId(f"act_{0:032x}")

    def there(n: int) -> VolunteerId:
        return city.volunteer(n * 100 + 7)

    def confirm(record: int) -> ConfirmService:
        return ConfirmService(by=office, at=at, record_id=RecordId(f"rec_{record:032x}"))

    return {
        "logging": lambda n: world.service_of(city.volunteer(n * 1009), city.organisation(n), yesterday),
        "confirming": lambda n: confirm(n * 100),
        "confirming, an account with a twentieth of all records": lambda n: confirm(city.volunteers + n * 10),
        "reserving a reward that a fifth has taken": lambda n: ReserveReward(
            redemption_id=new_redemption_id(),
            reward_id=city.reward_id,
            beneficiary_id=city.volunteer(n * 1009),
            code_hash=CodeHash(new_redemption_id().ljust(64, "0")),
            **own(n),
        ),
        "donating to a fund that a fifth gave to": lambda n: DonateCredit(
            transfer_id=new_transfer_id(), fund_id=city.fund_id, minutes=1, **own(n)
        ),
        "signing up for an activity": lambda n: SignUp(activity_id=crowded, **own(n)),
        "signing in at an activity that a hundredth signed up for": lambda n: CheckIn(
            **{**own(0), "by": Acting(ActorId(there(n)), "volunteer"), "volunteer_id": there(n)},
            activity_id=crowded,
            proof="code",
            entry_id=new_transfer_id(),
        ),
    }


def _questions_of_places(city: City) -> dict[str, Question]:
    """The same about places, activities and duty."""
    pool, bank_id, streets, now = city.world.services.pool, city.world.bank_id, city.streets, city.world.at
    today, span = now.date(), (city.day(0), city.day(329))

    def community(n: int) -> str:
        return streets.near(n)[-1]

    def activity(n: int) -> str:
        return f"act_{n % city.bodies:032x}"

    return {
        "open activities": lambda n: activities.open_ones(pool, bank_id, city.volunteer(n), now, None, PAGE),
        "open activities near me": lambda n: activities.open_ones(
            pool, bank_id, city.volunteer(n), now, None, PAGE, streets.near(n)
        ),
        "activities of a body": lambda n: activities.of_organisation(
            pool, bank_id, None, city.organisation(n), None, PAGE
        ),
        "own activities": lambda n: activities.own(pool, bank_id, city.volunteer(n * 10 + 7), None, PAGE),
        "roll of an activity": lambda n: activities.roll(pool, bank_id, activity(n + 1)),
        "statistics of a body by month": lambda n: of_activities.months(pool, bank_id, city.organisation(n), *span),
        "statistics of the bank by month": lambda n: of_activities.months(pool, bank_id, WHOLE_BANK, *span),
        "teams of a body by month": lambda n: of_activities.teams(
            pool, bank_id, city.organisation(n), *span, None, PAGE
        ),
        "hours of a place": lambda n: nodes.minutes_of(pool, bank_id, community(n), *span),
        "hours below a place": lambda n: nodes.minutes_below(pool, bank_id, community(n), *span),
        "hours by place of the highest level, a month": lambda n: nodes.minutes_at_level(
            pool, bank_id, LEVELS[0], *city.month(n), None, PAGE
        ),
        "hours by place of the lowest level, a month": lambda n: nodes.minutes_at_level(
            pool, bank_id, LEVELS[3], *city.month(n), None, PAGE
        ),
        "hours by place of the highest level, a year": lambda n: nodes.minutes_at_level(
            pool, bank_id, LEVELS[0], date(city.beginning.year, 1, 1), date(city.beginning.year, 12, 31), None, PAGE
        ),
        "hours by place of the highest level, between two days": lambda n: nodes.minutes_at_level(
            pool, bank_id, LEVELS[0], *span, None, PAGE
        ),
        "places below a place": lambda n: nodes.below(pool, bank_id, today, community(n), "", PAGE),
        "places above a place": lambda n: nodes.chain(pool, bank_id, today, streets.home(n)),
        "vacant places of a level": lambda n: nodes.vacant(pool, bank_id, today, LEVELS[2], "", PAGE),
        "leaders of a place": lambda n: nodes.leaders(pool, bank_id, today, streets.near(n)[1]),
        "people of a place": lambda n: nodes.people(pool, bank_id, today, community(n), "", PAGE),
        "how many people of a place": lambda n: nodes.count_people(pool, bank_id, today, community(n)),
        "whom to call up": lambda n: nodes.willing(pool, bank_id, today, community(n), PAGE),
        "duty register of a body": lambda n: employments.staff(pool, bank_id, city.organisation(n), "", PAGE),
        "duty of a volunteer": lambda n: employments.of_volunteer(pool, bank_id, city.volunteer(n * 50 + 9)),
        "proposals to a body": lambda n: proposals.of_organisation(pool, bank_id, city.organisation(n), None, PAGE),
        "proposals of a volunteer": lambda n: proposals.of_volunteer(
            pool, bank_id, city.volunteer(n * 50 + 11), None, PAGE
        ),
    }


def _questions(city: City) -> dict[str, Question]:
    """What is asked, and, by a number, once more about somebody else."""
    services, bank_id = city.world.services, city.world.bank_id
    pool, people = services.pool, services.people
    year, month = str(city.beginning.year), f"{city.beginning.year}-06"

    def board(period: str) -> Question:
        return lambda n: leaderboard(pool, people, bank_id, period, None, 50)

    def found(query: Callable[[int], str], **more: Any) -> Question:
        return lambda n: volunteers.page(pool, people, bank_id, query(n), "", PAGE, **more)

    def wanted(n: int, asked: dict[str, Callable[[int], Any]]) -> Wanted:
        return Wanted(**{name: value(n) for name, value in asked.items()})

    def listed(order: Order = "newest", **asked: Callable[[int], Any]) -> Question:
        return lambda n: records.page(pool, bank_id, wanted(n, asked), after=None, limit=PAGE, order=order)

    def summed(by: By = "month", **asked: Callable[[int], Any]) -> Question:
        counted = {"statuses": lambda n: COUNTED, **asked}
        return lambda n: statistics_of(pool, bank_id, wanted(n, counted), by, None, PAGE)

    def redeemed(**asked: Callable[[int], Any]) -> Question:
        unasked = dict.fromkeys(("volunteer_id", "provider_ids", "own_id", "reward_id", "status", "before"))
        return lambda n: redemptions.page(
            pool, bank_id, limit=PAGE, **{**unasked, **{name: value(n) for name, value in asked.items()}}
        )

    def moved(**asked: Callable[[int], Any]) -> Question:
        unasked = dict.fromkeys(("volunteer_id", "fund_id", "before"))
        return lambda n: transfers.page(
            pool, bank_id, None, limit=PAGE, **{**unasked, **{name: value(n) for name, value in asked.items()}}
        )

    def happened(**asked: Callable[[int], Any]) -> Question:
        return lambda n: history.page(
            pool, bank_id, history.Wanted(**{name: value(n) for name, value in asked.items()}), history.Span(), PAGE
        )

    def days(length: int) -> dict[str, Any]:
        return {"first_day": city.day, "last_day": lambda n: city.day(n) + timedelta(days=length)}

    def bodies(n: int) -> list[str]:
        return [city.organisation(n)]

    def whom(n: int) -> tuple[str, ...]:
        return (city.volunteer(n),)

    return {
        **_questions_of_places(city),
        "balance": lambda n: balances.balance_of(pool, bank_id, city.volunteer(n)),
        "one volunteer": lambda n: volunteers.one(pool, people, bank_id, city.volunteer(n)),
        "board, all time": board("all"),
        "board, a year": board(year),
        "board, a month": board(month),
        "volunteers": lambda n: volunteers.page(pool, people, bank_id, None, city.volunteer(n), PAGE),
        "volunteers by number": found(city.number),
        "volunteers by phone": found(city.phone),
        "volunteers by a name": found(lambda n: city.name(n - n % 1000)),
        "volunteers by a frequent name": found(lambda n: "王芳"),
        "volunteers by two characters": found(lambda n: city.name(n)[:2]),
        "members": lambda n: volunteers.page(pool, people, bank_id, None, "", PAGE, members_of=bodies(n)),
        "members by number": found(city.number, members_of=bodies(3)),
        "records": listed(),
        "records that wait": listed(statuses=lambda n: ["logged"]),
        "records that wait, longest first": listed(statuses=lambda n: ["logged"], order="oldest"),
        "records rejected": listed(statuses=lambda n: ["rejected"]),
        "records confirmed": listed(statuses=lambda n: ["confirmed"]),
        "records that count": listed(statuses=lambda n: COUNTED),
        "late records": listed(late=lambda n: True),
        "late records that count": listed(late=lambda n: True, statuses=lambda n: COUNTED),
        "records of a day": listed(**days(0)),
        "records of a month": listed(**days(30)),
        "records of a month that wait": listed(statuses=lambda n: ["logged"], **days(30)),
        "records of a body": listed(organisation_ids=bodies),
        "records of a body that wait": listed(organisation_ids=bodies, statuses=lambda n: ["logged"]),
        "records of a body in a month": listed(organisation_ids=bodies, **days(30)),
        "records of a volunteer": listed(volunteer_id=city.volunteer),
        "records of a volunteer in a month": listed(volunteer_id=city.volunteer, **days(30)),
        "records of an old account that wait": listed(
            volunteer_id=lambda n: city.volunteer(0), statuses=lambda n: ["logged"]
        ),
        "statistics of a volunteer": summed(volunteer_id=city.volunteer),
        "statistics of a body in a month": summed(organisation_ids=bodies, **days(30)),
        "statistics of a body": summed(organisation_ids=bodies),
        "statistics of the bank": summed(),
        "statistics of the bank in a month": summed(
            first_day=lambda n: city.month(n)[0], last_day=lambda n: city.month(n)[1]
        ),
        "statistics of the bank by category": summed(by="category"),
        "redemptions": redeemed(),
        "redemptions of a volunteer": redeemed(volunteer_id=city.volunteer),
        "redemptions of a provider or own": redeemed(
            provider_ids=lambda n: [city.organisation(0)], own_id=city.volunteer
        ),
        "redemptions of a reward, reserved": redeemed(reward_id=lambda n: city.reward_id, status=lambda n: "reserved"),
        "redemptions that expired": redeemed(status=lambda n: "expired"),
        "transfers of a volunteer": moved(volunteer_id=city.volunteer),
        "transfers of a fund": moved(fund_id=lambda n: city.fund_id),
        "memberships of a body": lambda n: memberships.page(
            pool, bank_id, organisation_id=city.organisation(n), volunteer_id=None, after="", limit=PAGE
        ),
        "memberships of a volunteer": lambda n: memberships.page(
            pool, bank_id, organisation_id=None, volunteer_id=city.volunteer(n), after="", limit=PAGE
        ),
        "history": happened(),
        "history of a topic": happened(topic=lambda n: "service-confirmed"),
        "history of a volunteer": happened(tags=whom),
        "history of a volunteer and topic": happened(tags=whom, topic=lambda n: "service-logged"),
        "history of an actor": happened(actor=lambda n: city.world.administrator.actor),
    }
