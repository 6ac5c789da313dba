"""Crediting: what confirmed service comes to under the rule book, beside all other service of the same person."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple, TypedDict

from timebank.domain.credit.accounts import Balance
from timebank.domain.credit.policies import RuleBook, Work, credit_for
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import RecordId, VolunteerId
from timebank.domain.kernel import Key, Known, about
from timebank.domain.people.volunteers import registrations_of
from timebank.domain.service.days import day_of, memories_of_days
from timebank.domain.service.overlaps import must_be_free


class Service(NamedTuple):
    """Service that is to be credited: whose, when, and what was credited for the same record before."""

    record_id: RecordId
    volunteer_id: VolunteerId
    started_at: datetime
    ended_at: datetime
    work: Work
    previous_credited_minutes: int = 0


class Credited(TypedDict):
    """The fields about credit in a fact that confirms or corrects service."""

    capacity: Capacity
    minutes: int
    minutes_by_day: dict[date, int]
    local_date: date
    credited_minutes: int
    debt_change_minutes: int
    policy_version: int
    rules_applied: tuple[RuleEffect, ...]
    credited_by_day: dict[date, int] | None


def memories_of_credit(known: Known, volunteer_id: VolunteerId, days: Iterable[date]) -> list[Key]:
    """The memories of what somebody did on some days, and has, under whichever of their numbers."""
    people = (volunteer_id, *registrations_of(known, volunteer_id))
    return [*memories_of_days(known, volunteer_id, days), *(about(Balance, each) for each in people)]


def account_of(known: Known, volunteer_id: VolunteerId) -> VolunteerId:
    """Whose account credit for service is on: that of the registration that counts."""
    return registrations_of(known, volunteer_id)[0]


def credited(known: Known, service: Service) -> Credited:
    """What service comes to, and what that does to the account.

    `known` has the rule book, the balance, and every day of the work. Refuses service that overlaps other confirmed
    service, or fills a day beyond its hours.
    """
    work, shares = service.work, dict(service.work.minutes_by_day)
    days = {day: day_of(known, service.volunteer_id, day) for day in shares}
    for day, minutes in shares.items():
        must_be_free(days[day], service.started_at, service.ended_at, besides=service.record_id)
        days[day].must_have_room_beside_confirmed(minutes, besides=service.record_id)
    people = registrations_of(known, service.volunteer_id)
    version, balance = known(RuleBook).on(min(shares)), known(Balance, people[0])
    total = sum(known(Balance, each).credited_minutes for each in people)
    others = {
        day: each.credit(work.organisation_id, work.activity, besides=service.record_id) for day, each in days.items()
    }
    credit = credit_for(version.rules, work, others, total - service.previous_credited_minutes)
    return {
        "capacity": work.capacity,
        "minutes": sum(shares.values()),
        "minutes_by_day": shares,
        "local_date": min(shares),
        "credited_minutes": credit.minutes,
        "debt_change_minutes": balance.debt_change(credit.minutes - service.previous_credited_minutes),
        "policy_version": version.number,
        "rules_applied": credit.effects,
        # By day only where it is not minute for minute.
        "credited_by_day": credit.by_day if credit.by_day != shares else None,
    }
