"""What is asked of a bank, whatever its size: every list, with its filters."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from benchmarks.setup.city import City
from benchmarks.setup.streets import LEVELS
from timebank.access.rights import LEAST_PEOPLE
from timebank.projections.activities import activities
from timebank.projections.activities import statistics as of_activities
from timebank.projections.activities.statistics import WHOLE_BANK
from timebank.projections.credit import balances, funds, redemptions, rewards, transfers
from timebank.projections.organisations import (
    api_keys,
    employments,
    invitations,
    memberships,
    offices,
    organisations,
    teams,
)
from timebank.projections.people import merges, volunteers
from timebank.projections.places import hours, leaders, nodes, residences
from timebank.projections.recognition.leaderboards import leaderboard
from timebank.projections.service import overlaps, proposals, records
from timebank.projections.service.records import COUNTED, Order, Wanted
from timebank.projections.service.statistics import By
from timebank.projections.service.statistics import figures as statistics_of
from timebank.projections.supervision import history, notices

PAGE = 51

Question = Callable[[int], Awaitable[object]]
"""Asked, by a number, once more about somebody else."""


def _of_places(city: City) -> dict[str, Question]:
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
        "hours of a place": lambda n: hours.minutes_of(pool, bank_id, community(n), *span),
        "hours below a place": lambda n: hours.minutes_below(pool, bank_id, community(n), *span),
        "hours by place of the highest level, a month": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[0], *city.month(n), None, PAGE
        ),
        "hours by place of the lowest level, a month": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[3], *city.month(n), None, PAGE
        ),
        "hours by place of the highest level, a year": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[0], date(city.beginning.year, 1, 1), date(city.beginning.year, 12, 31), None, PAGE
        ),
        "hours by place of the highest level, between two days": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[0], *span, None, PAGE
        ),
        "hours by place of the lowest level, a year": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[3], date(city.beginning.year, 1, 1), date(city.beginning.year, 12, 31), None, PAGE
        ),
        "hours by place of the lowest level, between two days": lambda n: hours.minutes_at_level(
            pool, bank_id, LEVELS[3], *span, None, PAGE
        ),
        "fewest people of a place in any month": lambda n: residences.crowd(
            pool, bank_id, *span, [community(n)], LEAST_PEOPLE
        ),
        "fewest people of fifty places in any month": lambda n: residences.crowd(
            pool, bank_id, *span, [streets.near(n * 997 + each)[-1] for each in range(PAGE)], LEAST_PEOPLE
        ),
        "few who live at no part of a place, by month": lambda n: residences.beside(
            pool, bank_id, *span, community(n), LEAST_PEOPLE
        ),
        "few who live nowhere, by month": lambda n: residences.beside(pool, bank_id, *span, WHOLE_BANK, LEAST_PEOPLE),
        "what a place was below": lambda n: nodes.stood_below(pool, bank_id, *span, streets.home(n)),
        "places below a place": lambda n: nodes.below(pool, bank_id, today, community(n), "", PAGE),
        "changes of the tree": lambda n: nodes.changes(pool, bank_id, 2**52 + n),
        "places above a place": lambda n: nodes.chain(pool, bank_id, today, streets.home(n)),
        "vacant places of a level": lambda n: nodes.vacant(pool, bank_id, today, LEVELS[2], "", PAGE),
        "leaders of a place": lambda n: leaders.leaders(pool, bank_id, today, streets.near(n)[1]),
        "people of a place": lambda n: residences.people(pool, bank_id, today, community(n), "", PAGE),
        "how many people of a place": lambda n: residences.count_people(
            pool, bank_id, today, community(n), all_of_them=False
        ),
        "records of an activity that wait": lambda n: records.waiting_of(pool, bank_id, activity(n), PAGE),
        "whom to call up": lambda n: residences.willing(pool, bank_id, today, community(n), PAGE),
        "duty register of a body": lambda n: employments.staff(pool, bank_id, city.organisation(n), "", PAGE),
        "duty of a volunteer": lambda n: employments.of_volunteer(pool, bank_id, city.volunteer(n * 50 + 9)),
        "proposals to a body": lambda n: proposals.of_organisation(pool, bank_id, city.organisation(n), None, PAGE),
        "proposals of a volunteer": lambda n: proposals.of_volunteer(
            pool, bank_id, city.volunteer(n * 50 + 11), None, PAGE
        ),
    }


def _of_people(city: City) -> dict[str, Question]:
    """The same about people who may be registered twice."""
    pool, people, bank_id = city.world.services.pool, city.world.services.people, city.world.bank_id
    return {
        "double registrations": lambda n: merges.doubles(pool, people, bank_id, "", PAGE),
        "double registrations, further on": lambda n: merges.doubles(
            pool, people, bank_id, f"{city.volunteer(n)}.{city.volunteer(n + 1)}", PAGE
        ),
        "merges": lambda n: merges.page(pool, bank_id, None, PAGE),
        "merges that wait": lambda n: merges.page(pool, bank_id, None, PAGE, "proposed"),
        "merges declined": lambda n: merges.page(pool, bank_id, None, PAGE, "declined"),
        "who applied": lambda n: volunteers.applied(pool, people, bank_id, "", PAGE),
        "service that two have at once": lambda n: overlaps.between(
            pool, bank_id, city.volunteer(n), city.volunteer(n + 1)
        ),
    }


def _of_bodies(city: City) -> dict[str, Question]:
    """The same about organisations, their teams, and what there is one of for all."""
    pool, bank_id, today = city.world.services.pool, city.world.bank_id, city.world.at.date()

    def member(n: int) -> int:
        """Whoever is in a team."""
        return n - n % 20 + 12

    return {
        "teams of a body": lambda n: teams.page(pool, bank_id, today, city.organisation(n), "", PAGE),
        "people of a team": lambda n: teams.members(pool, bank_id, city.team(member(n)), "", PAGE),
        "rota of a team": lambda n: teams.rota(pool, bank_id, city.team(member(n)), today, "", PAGE),
        "shifts of a team that begin today": lambda n: teams.rota(
            pool, bank_id, city.team(member(n)), today, "", PAGE, only=True
        ),
        "own shifts": lambda n: teams.own_shifts(pool, bank_id, city.volunteer(member(n)), today),
        "own teams": lambda n: teams.of_volunteer(pool, bank_id, city.volunteer(member(n))),
        "hours of a team": lambda n: records.hours_of_team(pool, bank_id, city.team(member(n)), None, None),
        "organisations": lambda n: organisations.page(pool, bank_id, None, city.organisation(n), PAGE),
        "organisations approved": lambda n: organisations.page(pool, bank_id, "approved", city.organisation(n), PAGE),
        "appointments": lambda n: offices.page(pool, bank_id, None, "", PAGE),
        "invitations of a body": lambda n: invitations.of_organisation(pool, bank_id, city.organisation(n), None, PAGE),
        "keys of a body": lambda n: api_keys.page(pool, bank_id, city.organisation(n), "", PAGE),
        "rewards": lambda n: rewards.page(pool, bank_id, None, None, today, "", PAGE),
        "funds": lambda n: funds.page(pool, bank_id, "", PAGE),
        "every place": lambda n: nodes.every(pool, bank_id, today, city.streets.home(n), PAGE),
        "proposals that wait at a body": lambda n: proposals.waiting_at(
            pool, bank_id, city.organisation(n), None, PAGE
        ),
    }


def questions(city: City) -> dict[str, Question]:
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

    def two_numbers(n: int) -> dict[str, Any]:
        """Whoever was registered twice, asking for what is theirs."""
        return {"wanted": Wanted(volunteer_id=city.volunteer(n)), "earlier_ids": [city.volunteer(n + 1)]}

    def bodies(n: int) -> list[str]:
        return [city.organisation(n)]

    def whom(n: int) -> tuple[str, ...]:
        return (city.volunteer(n),)

    return {
        **_of_places(city),
        **_of_people(city),
        **_of_bodies(city),
        "balance": lambda n: balances.balance_of(pool, bank_id, city.volunteer(n)),
        "one volunteer": lambda n: volunteers.one(pool, people, bank_id, city.volunteer(n)),
        "board, all time": board("all"),
        "board, a year": board(year),
        "board, a month": board(month),
        "volunteers": lambda n: volunteers.page(pool, people, bank_id, None, city.volunteer(n), PAGE),
        "volunteers by number": found(city.number),
        "volunteers by phone": found(city.phone),
        "volunteers by a name": found(lambda n: city.name(n - n % 1000)),
        "volunteers by a name that nobody else has": found(lambda n: city.name(n - n % 1000 + 2)),
        "volunteers by a name that fifty have": found(lambda n: city.name(n - n % 1000 + 3)),
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
        "records under two numbers": lambda n: records.page(pool, bank_id, **two_numbers(n), after=None, limit=PAGE),
        "statistics of a volunteer": summed(volunteer_id=city.volunteer),
        "statistics under two numbers": lambda n: statistics_of(
            pool, bank_id, **two_numbers(n), by="month", after=None, limit=PAGE
        ),
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
        "redemptions that expire next": lambda n: redemptions.expiring(pool, bank_id, None, PAGE),
        "redemptions overdue": lambda n: redemptions.due(pool, city.world.at, PAGE),
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
        "facts about a volunteer": lambda n: history.about(pool, bank_id, city.volunteer(n), 0, PAGE),
        "notices of a volunteer": lambda n: notices.page(
            pool, bank_id, city.volunteer(n), before=2**53, after=0, limit=PAGE
        ),
        "history of an actor": happened(actor=lambda n: city.world.administrator.actor),
    }
