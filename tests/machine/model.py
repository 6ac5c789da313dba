"""The model: what has to be possible, and what has to come of it, worked out the long way round from plain lists."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from tests.controls import NOON
from tests.machine.things import DAY, Claim, Fund, Offer, Record, Team
from timebank.domain.acting import Acting
from timebank.domain.facts.credit import RewardTerms, Rules

PEOPLE, BODIES = 5, 3
"""How many there can be; the last of each come later, if they do."""
NAMES = ("司马光", "诸葛亮", "上官婉", "欧阳修", "公孙胜")
PHONES = tuple(f"1390000000{n}" for n in range(PEOPLE))


class Model:
    """Everything there is to know about the bank."""

    def __init__(self) -> None:
        self.now = NOON
        self.books: list[tuple[date, Rules]] = []
        self.withdrawn_books: set[int] = set()
        self.records: dict[str, Record] = {}
        self.roles: dict[tuple[int, int], tuple[str, str]] = {}
        self.registered: set[int] = set()
        self.bodies: set[int] = set()
        self.suspended: set[int] = set()
        self.left: set[int] = set()
        self.erased: set[int] = set()
        self.merged: dict[int, int] = {}
        self.approved: set[int] = set()
        self.closed = set(range(BODIES))
        self.shown: set[int] = set()
        self.teams: dict[str, Team] = {}
        self.offers: dict[str, Offer] = {}
        self.claims: dict[str, Claim] = {}
        self.funds: dict[str, Fund] = {}
        self.available: Counter[int] = Counter()
        self.debts: Counter[int] = Counter()
        self.gifts: list[tuple[int, int, int, date]] = []
        self.donations: list[tuple[int, int]] = []
        self.grants: list[tuple[int, int]] = []

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.date()

    # Who may do what

    def is_active(self, n: int) -> bool:
        """Whether somebody takes part."""
        return n in self.registered - self.suspended - self.left - self.erased - self.merged.keys()

    def is_known(self, n: int) -> bool:
        """Whether it is known who somebody is."""
        return n in self.registered - self.erased - self.merged.keys()

    def whose(self, n: int) -> int:
        """Which registration of the same person counts."""
        while n in self.merged:
            n = self.merged[n]
        return n

    def all_of(self, n: int) -> list[int]:
        """All registrations of the same person."""
        return [each for each in self.registered if self.whose(each) == self.whose(n)]

    def eyes(self, by: Acting) -> set[str]:
        """Who acts, under all their numbers."""
        n = by.actor.removeprefix("vol_")
        return {by.actor, *(f"vol_{each}" for each in (self.all_of(int(n)) if n.isdecimal() else ()))}

    def may(self, by: Acting, body: int, *roles: str) -> bool:
        """Whether somebody may act for a body."""
        if by.authority == "volunteer":
            n = int(by.actor.removeprefix("vol_"))
            role, status = self.roles.get((body, n), ("", ""))
            return status == "approved" and role in roles and n not in self.suspended
        return by.governs or by.actor == f"org_{body}"

    def leads(self, by: Acting, team: Team) -> bool:
        """Whether somebody decides who belongs to a team: its captain, or whoever manages its body's members."""
        captain = team.captain(self.today)
        if by.authority == "volunteer" and captain is not None and by.actor == f"vol_{captain}":
            return captain not in self.suspended
        return self.may(by, team.body, "coordinator")

    def leave_teams(self, n: int, body: int | None = None) -> None:
        """Somebody belongs to no team any more; or, where they leave a body, to none of its own."""
        for key, team in self.teams.items():
            if body is None or (team.body == body and not team.is_guided):
                self.teams[key] = team.without(n)

    # The rule book

    def past_books(self) -> list[date]:
        """The first days of versions that began before today."""
        return [since for _, since in self.standing_books() if since < self.today]

    def standing_books(self) -> list[tuple[int, date]]:
        """The versions that were not withdrawn, and their first days."""
        return [(n, since) for n, (since, _) in enumerate(self.books, 1) if n not in self.withdrawn_books]

    def version(self, day: date) -> int:
        """Which version of the rule book is in force on a day."""
        return max(((since, n) for n, since in self.standing_books() if since <= day), default=(day, 0))[1]

    def rules(self, day: date) -> Rules:
        """What it says."""
        version = self.version(day)
        return self.books[version - 1][1] if version else Rules()

    def worth(self, record: Record, key: str) -> dict[date, int]:
        """What service is worth, by day: what the rules make of it, as far as there is room under every cap."""
        if record.on_duty:
            return dict.fromkeys(record.days, 0)
        rules = self.rules(record.day)
        percent = rules.credit_percent.get(record.category, rules.other_percent)
        others = [
            other
            for other_key, other in self.records.items()
            if other_key != key and self.whose(other.person) == self.whose(record.person) and other.is_confirmed
        ]
        credited: dict[date, int] = {}
        for day, minutes in sorted(record.days.items()):
            rooms = [minutes * percent // 100]
            if rules.cap_per_activity_minutes is not None:
                rooms.append(rules.cap_per_activity_minutes - sum(other.takes(day, record.what) for other in others))
            if rules.cap_per_day_minutes is not None:
                rooms.append(rules.cap_per_day_minutes - sum(other.takes(day) for other in others))
            if rules.cap_total_minutes is not None:
                total = sum(other.credit for other in others) + sum(credited.values())
                rooms.append(rules.cap_total_minutes - total)
            credited[day] = max(0, min(rooms))
        return credited

    # Service

    def room(self, record: Record, besides: str = "", *, confirming: bool = False) -> bool:
        """Whether the days of a record have room for it: beside what its body says, or all that is confirmed."""
        for day, minutes in record.days.items():
            taken = sum(
                other.days.get(day, 0)
                for key, other in self.records.items()
                if key != besides
                and self.whose(other.person) == self.whose(record.person)
                and (other.is_confirmed if confirming else other.counts and other.body == record.body)
            )
            if taken + minutes > DAY:
                return False
        return True

    def may_decide(self, by: Acting, record: Record, *roles: str) -> bool:
        """Whether somebody may decide on a record: by their role, while its body is there, and never on their own."""
        is_own = f"vol_{record.person}" in self.eyes(by)
        return self.may(by, record.body, *roles) and not is_own and record.body not in self.closed

    def can_log(self, record: Record) -> bool:
        """Whether service can be logged: by whoever logged it, for who takes part, once, and when it is over."""
        return (
            self.may(record.recorder, record.body, "recorder", "coordinator")
            and record.body not in self.closed
            and self.is_active(record.person)
            and record.recorder.actor != f"vol_{record.person}"
            and 1 <= record.interval <= DAY
            and (record.share or 1) <= record.interval
            and record.ended_at <= self.now
            and self._is_of_its_team(record)
            and not self._is_there(record)
            and self.room(record)
        )

    def _is_of_its_team(self, record: Record) -> bool:
        """Whether the team in whose name it is, if it is in one's, was there on that day, and the body's."""
        team = self.teams[record.team] if record.team else None
        return not team or (team.body == record.body and team.is_there(record.day))

    def _is_there(self, record: Record, besides: str = "") -> bool:
        """Whether the same was logged already, whatever it was corrected to since."""
        return any(
            (self.whose(other.person), other.body) == (self.whose(record.person), record.body)
            and record.first in (other.first, (other.started_at, other.ended_at))
            for key, other in self.records.items()
            if other.counts and key != besides
        )

    def may_record(self, by: Acting, record: Record) -> bool:
        """Whether somebody may amend or withdraw a record: whoever may log it, while it waits."""
        return self.may_decide(by, record, "recorder", "coordinator") and record.status == "logged"

    def can_amend(self, key: str, after: Record) -> bool:
        """Whether a record can be put right so: as if it were logged, with room for it, and once."""
        changed = after._replace(amenders=frozenset(), first=after.first) != self.records[key]._replace(
            amenders=frozenset(), first=after.first
        )  # fmt: skip
        return (
            changed
            and 1 <= after.interval <= DAY
            and after.minutes <= after.interval
            and after.ended_at <= self.now
            and after.is_within
            and self.stays_with_its_team(key, after)
            and not self._is_there(after, besides=key)
            and self.room(after, besides=key)
        )

    def stays_with_its_team(self, key: str, after: Record) -> bool:
        """Whether a record that is on another day now, or in the name of another team, is one of that team."""
        before = self.records[key]
        return (after.day, after.team) == (before.day, before.team) or self._is_of_its_team(after)

    def fits(self, record: Record, key: str) -> bool:
        """Whether a record can be confirmed as it is: no longer than it took, beside all else that is."""
        takes = 1 <= record.interval <= DAY and record.minutes <= record.interval
        return takes and self.is_free(record, key) and self.room(record, key, confirming=True)

    def is_free(self, record: Record, besides: str) -> bool:
        """Whether no confirmed service of the person is at the same time."""
        return not any(
            self.whose(other.person) == self.whose(record.person) and other.is_confirmed and other.overlaps(record)
            for key, other in self.records.items()
            if key != besides
        )

    def put(self, key: str, after: Record) -> None:
        """A record is another now, and so is the credit."""
        before = self.records.get(key)
        if after.is_confirmed:
            after = after._replace(credited=self.worth(after, key))
            after = after._replace(most=max(before.most if before else 0, after.credit))
            is_new = before is None or not before.is_confirmed
            after = after._replace(placed=(after.what, after.credited)) if is_new else after.seen_again()
        elif after.status == "logged":
            after = after._replace(seen=after.told)
        self.records[key] = after
        self.earn(self.whose(after.person), after.credit - (before.credit if before else 0))

    def confirmed(self, n: int) -> list[Record]:
        """The confirmed records of somebody."""
        return [record for record in self.records.values() if record.person == n and record.is_confirmed]

    def service(self, n: int, within_days: int | None = None) -> int:
        """The minutes somebody served: ever, or in so many days up to today."""
        first = self.today - timedelta(days=within_days - 1) if within_days else date.min
        records = [record for each in self.all_of(n) for record in self.confirmed(each)]
        return sum(record.service for record in records if first <= record.day <= self.today)

    # Credit

    def earn(self, n: int, change: int) -> None:
        """Credit comes, and repays debt first; or goes, and what is not there any more becomes a debt."""
        net = self.available[n] - self.debts[n] + change
        self.available[n], self.debts[n] = max(net, 0), max(-net, 0)

    def reserved(self, n: int) -> int:
        """What somebody has open reservations for."""
        return sum(each.cost for each in self.claims.values() if each.payer == n and each.status == "reserved")

    def redeemed(self, n: int) -> int:
        """What somebody spent on rewards they were given."""
        return sum(each.cost for each in self.claims.values() if each.payer == n and each.status == "fulfilled")

    def rich(self) -> list[int]:
        """Who can spend something."""
        return [n for n in range(PEOPLE) if self.is_active(n) and self.available[n]]

    # Rewards

    def period(self, terms: RewardTerms) -> tuple[Any, ...]:
        """Which of the periods of a quota today is in."""
        day = self.today
        return {
            None: (),
            "week": ("week", day - timedelta(days=day.weekday())),
            "month": ("month", day.year, day.month),
            "quarter": ("quarter", day.year, (day.month - 1) // 3),
            "year": ("year", day.year),
        }[terms.quota_every]

    def taken(self, offer: str, period: tuple[Any, ...], n: int | None = None) -> int:
        """How many of a reward are gone: to all, or to somebody, whether they pay or get it."""
        who = None if n is None else {*self.all_of(n)}
        return sum(
            each.counts
            and (each.offer, each.period) == (offer, period)
            and (who is None or bool(who & {each.payer, each.beneficiary}))
            for each in self.claims.values()
        )

    def places(self, offer: str, slot: datetime) -> int:
        """How many places of an appointment are gone."""
        return sum(each.counts and (each.offer, each.slot) == (offer, slot) for each in self.claims.values())

    def can_offer(self, terms: RewardTerms) -> bool:
        """Whether there can be a reward on these terms."""
        first, last = terms.available_from, terms.available_until
        return self._provides(terms) and not (first and last and last < first)

    def _provides(self, terms: RewardTerms) -> bool:
        return int(terms.provider_id.removeprefix("org_")) not in self.closed

    def is_on(self, offer: str) -> bool:
        """Whether a reward can be had today."""
        terms, status = self.offers[offer]
        first, last = terms.available_from or date.min, terms.available_until or date.max
        return status == "published" and first <= self.today <= last

    def is_eligible(self, n: int, terms: RewardTerms) -> bool:
        """Whether somebody has served enough."""
        stars = sum(minutes <= self.service(n) for minutes in self.rules(self.today).star_minutes)
        wanted = terms.eligibility
        return self.service(n, wanted.within_days) >= wanted.service_minutes and stars >= wanted.stars

    def open_claims(self, n: int) -> int:
        """How many reservations somebody has not come for yet."""
        return sum(each.payer == n and each.status == "reserved" for each in self.claims.values())

    def can_reserve(self, offer: str, payer: int, beneficiary: int, slot: datetime | None) -> bool:
        """Whether somebody can have a reward for somebody."""
        terms, period = self.offers[offer].terms, self.period(self.offers[offer].terms)
        seats = {each.starts_at: each.places for each in terms.slots}
        return (
            self.is_on(offer)
            and self._provides(terms)
            and self.is_active(payer)
            and self.is_active(beneficiary)
            and self.is_eligible(payer, terms)
            and (slot in seats and slot > self.now if terms.slots else slot is None)
            and (slot is None or self.places(offer, slot) < seats[slot])
            and (terms.quota is None or self.taken(offer, period) < terms.quota)
            and all(
                terms.quota_per_person is None or self.taken(offer, period, n) < terms.quota_per_person
                for n in (payer, beneficiary)
            )
            and self.open_claims(payer) < self.rules(self.today).open_reservations
            and terms.cost_minutes <= self.available[payer]
        )

    def claim(self, offer: str, payer: int, beneficiary: int, slot: datetime | None) -> Claim:
        """What a reservation comes to."""
        terms = self.offers[offer].terms
        until = slot + timedelta(days=1) if slot else self.now + timedelta(
            hours=self.rules(self.today).reservation_hours
        )  # fmt: skip
        return Claim(
            offer, payer, beneficiary, int(terms.provider_id.removeprefix("org_")), terms.cost_minutes,
            self.period(terms), slot, until,
        )  # fmt: skip

    def reserve(self, key: str, claim: Claim) -> None:
        """It is reserved."""
        self.claims[key] = claim
        self.available[claim.payer] -= claim.cost

    def is_open(self, claim: Claim) -> bool:
        """Whether it can still be fulfilled, or cancelled."""
        return claim.status == "reserved" and self.now < claim.until

    def is_due(self, claim: Claim) -> bool:
        """Whether nobody came for it in time."""
        return claim.status == "reserved" and self.now >= claim.until

    def can_fulfil(self, by: Acting, claim: Claim) -> bool:
        """Whether somebody can accept a code."""
        is_theirs = by.authority == "volunteer" and by.actor in {f"vol_{claim.payer}", f"vol_{claim.beneficiary}"}
        may = self.may(by, claim.provider, "merchant", "coordinator")
        is_there = by.governs or claim.provider not in self.closed
        return self.is_open(claim) and not is_theirs and may and is_there

    def can_cancel(self, by: Acting, claim: Claim) -> bool:
        """Whether somebody can give up a reservation."""
        is_own = by.authority == "volunteer" and by.actor in {f"vol_{claim.payer}", f"vol_{claim.beneficiary}"}
        return self.is_open(claim) and (is_own or self.may(by, claim.provider, "merchant", "coordinator"))

    def end(self, key: str, status: str) -> None:
        """A reservation ends, once; what was reserved goes back to who pays, unless it is fulfilled."""
        claim = self.claims[key]
        assert claim.status == "reserved"
        self.claims[key] = claim._replace(status=status)
        if status != "fulfilled":
            self.earn(claim.payer, claim.cost)

    # From hand to hand

    def can_give(self, n: int, to: int, minutes: int) -> bool:
        """Whether the rules, and the account, allow a gift."""
        rules = self.rules(self.today).gifts
        month = self.today.replace(day=1)
        given = sum(
            each for giver, _, each, day in self.gifts if self.whose(giver) == n and day.replace(day=1) == month
        )
        return (
            self.is_active(n)
            and self.is_active(to)
            and n != to
            and rules.allowed
            and minutes <= min(self.available[n], rules.minutes_max or minutes)
            and given + minutes <= (rules.minutes_max_per_month or given + minutes)
        )

    def give(self, n: int, to: int, minutes: int) -> None:
        """A gift is made."""
        self.gifts.append((n, to, minutes, self.today))
        self.available[n] -= minutes
        self.earn(to, minutes)

    def can_donate(self, n: int, fund: str, minutes: int) -> bool:
        """Whether somebody can give a fund so much."""
        return self.is_active(n) and self.funds[fund].is_open and minutes <= self.available[n]

    def donate(self, n: int, fund: str, minutes: int) -> None:
        """A donation is made."""
        self.donations.append((n, minutes))
        self.available[n] -= minutes
        self.fill(fund, minutes)

    def fill(self, fund: str, minutes: int) -> None:
        """There is more, or less, in a fund."""
        self.funds[fund] = self.funds[fund]._replace(minutes=self.funds[fund].minutes + minutes)

    def can_grant(self, by: Acting, fund: str, to: int | str, minutes: int) -> bool:
        """Whether somebody can grant so much from a fund, to somebody or to another fund."""
        source = self.funds[fund]
        keeps = by.governs or (
            source.keeper is not None
            and source.keeper not in self.closed
            and self.may(by, source.keeper, "coordinator")
        )
        fits = self.funds[to].is_open and to != fund if isinstance(to, str) else self.is_active(to)
        return keeps and fits and by.actor != f"vol_{to}" and source.is_open and minutes <= source.minutes

    def grant(self, fund: str, to: int | str, minutes: int) -> None:
        """A grant is made."""
        self.fill(fund, -minutes)
        if isinstance(to, str):
            self.fill(to, minutes)
        else:
            self.grants.append((to, minutes))
            self.earn(to, minutes)

    # Leaving

    def come_back(self, n: int) -> None:
        """Somebody takes part again."""
        self.suspended.discard(n)
        self.left.discard(n)

    def rest(self, n: int) -> int:
        """What somebody who goes has, once all they reserved is released."""
        return max(self.available[n] - self.debts[n] + self.reserved(n), 0)

    def is_settled(self, n: int, rest: str | None, fund: str) -> bool:
        """Whether it is said what becomes of the credit of somebody who goes, or was said when they left.

        A fund that is named has to be open, also where nothing is left for it.
        """
        if rest == "donate":
            return self.funds[fund].is_open
        return not self.rest(n) or rest == "hold" or n in self.left

    def go(self, n: int, fund: str | None) -> None:
        """Somebody goes: reservations, memberships and consents end, and what is left is donated, or stays."""
        for key, claim in list(self.claims.items()):
            if claim.payer == n and claim.status == "reserved":
                self.end(key, "cancelled")
        if fund and self.available[n]:
            self.donate(n, fund, self.available[n])
        self.leave_teams(n)
        self.roles = {key: role for key, role in self.roles.items() if key[1] != n}
        self.shown.discard(n)

    def can_merge(self, kept: int, gone: int) -> bool:
        """Whether two registrations can become one: nothing of the one that goes waits, and no time of both is one."""
        others = [record for each in self.all_of(gone) for record in self.confirmed(each)]
        return (
            kept != gone
            and self.is_active(kept)
            and self.is_known(gone)
            and gone not in self.suspended
            and not any(each.person == gone and each.status == "logged" for each in self.records.values())
            and not any(
                one.overlaps(other) for each in self.all_of(kept) for one in self.confirmed(each) for other in others
            )
        )

    def merge(self, kept: int, gone: int) -> None:
        """They are one: what is open of the one ends, and what it has, or owes, is the other's.

        Whoever is to be shown has agreed to that under both numbers.
        """
        if gone not in self.shown:
            self.shown.discard(kept)
        self.go(gone, None)
        has, owes = self.available.pop(gone, 0), self.debts.pop(gone, 0)
        self.merged[gone] = kept
        self.earn(kept, has - owes)

    def accounts(self, n: int) -> tuple[int, ...]:
        """What somebody served, was credited with, has, has reserved, owes, and has redeemed."""
        confirmed = self.confirmed(n)
        served, credited = (sum(each) for each in ([r.service for r in confirmed], [r.credit for r in confirmed]))
        return served, credited, self.available[n], self.reserved(n), self.debts[n], self.redeemed(n)
