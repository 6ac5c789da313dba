"""Looking closely, once, at the end of a history: what the log itself has to be."""

from typing import Any

from tests.machine.reading import LONG_AGO, Reading
from timebank.domain.credit.accounts import postings
from timebank.domain.credit.policies import UNWRITTEN, DayCredit, Work, credit_for
from timebank.domain.credit.service_caps import Counted, kept, seen_after
from timebank.domain.facts.credit import (
    PolicyAdopted,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.people import RegistrationsMerged
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceVoided,
    credited_by_day,
)
from timebank.ledger.audit import check_log
from timebank.ledger.codec import decode
from timebank.projections import EVERY
from timebank.projections.credit import balances, policies
from timebank.projections.machinery.rebuild import verify


class Looking(Reading):
    """What holds of any history whatever, and takes too long to look at after every step."""

    async def look_closely(self) -> None:
        """All of it."""
        while await self.runner.catch_up(self.bank_id):
            pass
        rows = await self.rows("select * from event where bank_id = $1 order by position")
        facts = [decode(row["topic"], row["data"]) for row in rows]
        self._service_changes_by_review_only(facts)
        self._each_ends_once(facts)
        self.nobody_is_anywhere_twice(facts)
        await self.places_sum_to_the_bank(self.rows)
        await self.statistics_are_what_was_done(facts)
        self.teams_have_whom_they_can(facts)
        await self.teams_are_those_of_the_model()
        Crediting().again(facts)
        assert await balances.trial_balance(self.pool, self.bank_id) == 0, "I1"
        for projection in EVERY:
            compared = await verify(self.pool, projection, self.bank_id)
            assert compared.is_equal, f"I4: {compared.differences}"
        await self._previewed(facts)
        await self.read_closely(facts)
        found = [finding async for finding in check_log(self.pool, self.bank_id)]
        assert found == [], f"I14: {found}"
        await self._tamper(rows[self.count % len(rows)])

    def _service_changes_by_review_only(self, facts: list[Any]) -> None:
        """I3: nothing but confirming, correcting and voiding does anything to service."""
        for fact in facts:
            if not isinstance(fact, ServiceConfirmed | ServiceCorrected | ServiceVoided):
                assert {line.account for line in postings(fact)}.isdisjoint({"served", "received", "issued"}), "I3"

    def _each_ends_once(self, facts: list[Any]) -> None:
        """I7: a reservation ends once, as what it was: nothing is released after capture, or captured after release."""
        reserved: dict[str, RewardReserved] = {}
        for fact in facts:
            if isinstance(fact, RewardReserved):
                assert fact.redemption_id not in reserved, "I7"
                reserved[fact.redemption_id] = fact
            elif isinstance(fact, RewardFulfilled | ReservationCancelled | ReservationExpired):
                assert fact.redemption_id in reserved, "I7"
                self._ends_as_it_was(fact, reserved.pop(fact.redemption_id))
        still_open = {key for key, claim in self.model.claims.items() if claim.status == "reserved"}
        assert set(reserved) == still_open, "I7"

    def _ends_as_it_was(self, end: Any, before: RewardReserved) -> None:
        """I7: what is released or captured is what was reserved, from where it was."""
        moved = {(line.account, line.holder): line.minutes for line in postings(end)}
        assert moved["reserved", before.volunteer_id] == -before.cost_minutes, "I7"
        assert before.cost_minutes == sum(minutes for minutes in moved.values() if minutes > 0), "I7"
        assert isinstance(end, RewardFulfilled) == (("redeemed", before.volunteer_id) in moved), "I7"

    async def _previewed(self, facts: list[Any]) -> None:
        """I8: a preview of the very rules that were in force changes nothing."""
        adopted = await policies.adopted(self.pool, self.bank_id)
        assert [(each.effective_from, each.rules) for each in adopted] == self.model.books
        books = [(since, number, rules) for number, (since, rules) in enumerate(self.model.books, 1)]
        since, version, rules = max(books, default=(LONG_AGO, 0, UNWRITTEN.rules), key=lambda book: book[:2])
        _, effects = await policies.preview(self.pool, self.bank_id, rules, since, 5)
        confirmed = [record for record in self.model.records.values() if record.is_confirmed]
        assert (effects.records, effects.minutes_before) == (len(confirmed), sum(each.credit for each in confirmed)), (
            "I8"
        )
        late = [
            fact for fact in facts if isinstance(fact, ServiceConfirmed | ServiceCorrected) and fact.local_date >= since
        ]
        if all(fact.policy_version == version for fact in late):
            self.happened.add("a preview changed nothing")
            found = effects.people_changed, effects.records_changed, effects.largest_changes, effects.minutes_after
            assert found == (0, 0, [], effects.minutes_before), "I8"

    async def _tamper(self, row: Any) -> None:
        """I14: one flipped bit is found, and located; flipped back, all is well again."""
        column = ("data", "leaf")[self.count % 2]
        where = self.count % len(row[column])
        for flipped, found in ((row[column][where] ^ 1, {row["position"]}), (row[column][where], set())):
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("set local session_replication_role = replica")
                changed = f"{column} = set_byte({column}, $3, $4)"
                query = f"update event set {changed} where bank_id = $1 and position = $2"
                await connection.execute(query, self.bank_id, row["position"], where, flipped)
            assert {finding.position async for finding in check_log(self.pool, self.bank_id)} == found, "I14"


class Crediting:
    """Credits all service again, fact by fact, under the version of the rules that each names."""

    def __init__(self) -> None:
        self.books = {0: UNWRITTEN.rules}
        self.described: dict[str, tuple[Any, str, str]] = {}
        self.credited: dict[str, tuple[str, Counted]] = {}
        self.seen: dict[str, Counted] = {}
        self.kept: dict[str, str] = {}

    def again(self, facts: list[Any]) -> None:
        """I8, I12: each fact comes to the same, rule by rule."""
        for fact in facts:
            if isinstance(fact, PolicyAdopted):
                self.books[fact.version] = fact.rules
            if isinstance(fact, RegistrationsMerged):
                self.kept |= dict.fromkeys((fact.merged_id, *fact.earlier_ids), fact.kept_id)
            if isinstance(fact, ServiceLogged | ServiceAmended | ServiceCorrected):
                self.described[fact.record_id] = fact.organisation_id, fact.activity, fact.category
            if isinstance(fact, ServiceVoided | ServiceCorrected):
                del self.credited[fact.record_id]
            if isinstance(fact, ServiceVoided):
                del self.seen[fact.record_id]
            if isinstance(fact, ServiceConfirmed | ServiceCorrected):
                self._comes_to_the_same(fact)

    def _comes_to_the_same(self, fact: ServiceConfirmed | ServiceCorrected) -> None:
        work = Work(*self.described[fact.record_id], fact.capacity, fact.minutes_by_day)
        theirs = [
            (counted, self.seen[record_id])
            for record_id, (who, counted) in self.credited.items()
            if self._whose(who) == self._whose(fact.volunteer_id)
        ]
        days = {day: self._on(day, work, theirs) for day in fact.minutes_by_day}
        total = sum(sum(now.by_day.values()) for now, _ in theirs)
        again = credit_for(self.books[fact.policy_version], work, days, total)
        assert (again.minutes, again.effects) == (fact.credited_minutes, fact.rules_applied), "I8"
        assert again.by_day == credited_by_day(fact), "I8"
        assert fact.minutes + sum(effect.minutes for effect in again.effects) == again.minutes, "I12"
        assert sum(fact.minutes_by_day.values()) == fact.minutes, "I12"
        now = Counted(work[:2], again.by_day)
        self.credited[fact.record_id] = fact.volunteer_id, now
        self.seen[fact.record_id] = seen_after(self.seen.get(fact.record_id, now), now)

    def _whose(self, volunteer_id: str) -> str:
        """Whose it is, by the registration that counts."""
        return self.kept.get(volunteer_id, volunteer_id)

    def _on(self, day: Any, work: Work, theirs: list[Any]) -> DayCredit:
        """What else takes up of a day: in all, and for the same activity."""
        moved = [(seen.activity, kept(seen, now)) for now, seen in theirs]
        minutes = [(now.activity, now.by_day.get(day, 0)) for now, _ in theirs]
        same = sum(each for what, each in minutes if what == work[:2])
        same += sum(each.of_activity.get(day, 0) for what, each in moved if what == work[:2])
        return DayCredit(sum(each for _, each in minutes) + sum(each.of_day.get(day, 0) for _, each in moved), same)
