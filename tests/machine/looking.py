"""Looking closely, once, at the end of a history."""

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from tests.controls import ZONE
from tests.machine.giving import Giving
from tests.machine.model import NAMES, PEOPLE
from timebank.domain.credit.accounts import postings
from timebank.domain.credit.policies import UNWRITTEN, DayCredit, Work, credit_for
from timebank.domain.credit.statements import as_effective, as_recorded, lines, sums
from timebank.domain.facts.credit import (
    PolicyAdopted,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.service import (
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceVoided,
    credited_by_day,
)
from timebank.ledger.audit import check_log
from timebank.ledger.codec import decode
from timebank.projections import EVERY
from timebank.projections.credit import balances, funds, policies, rewards, statements, transfers
from timebank.projections.machinery.rebuild import verify
from timebank.projections.recognition import leaderboards

LONG_AGO = date(1949, 1, 1)


class Looking(Giving):
    """What holds of any history whatever, and takes too long to look at after every step."""

    async def look_closely(self) -> None:
        """All of it."""
        while await self.runner.catch_up(self.bank_id):
            pass
        rows = await self.pool.fetch("select * from event where bank_id = $1 order by position", self.bank_id)
        facts = [decode(row["topic"], row["data"]) for row in rows]
        self.happened.update(row["topic"] for row in rows)
        assert all(sum(line.minutes for line in postings(fact)) == 0 for fact in facts), "I1"
        assert await balances.trial_balance(self.pool, self.bank_id) == 0, "I1"
        self._service_changes_by_review_only(facts)
        for projection in EVERY:
            compared = await verify(self.pool, projection, self.bank_id)
            assert compared.is_equal, f"I4: {compared.differences}"
        self._each_ends_once(facts)
        self._credited_again(facts)
        await self._previewed(facts)
        await self._records()
        await self._rewards()
        await self._from_hand_to_hand()
        for n in range(PEOPLE):
            await self._statement(n, facts)
        await self._periods()
        await self._nobody_is_named(rows)
        assert [finding async for finding in check_log(self.pool, self.bank_id)] == []
        await self._tamper(rows[self.count % len(rows)])

    def _service_changes_by_review_only(self, facts: list[Any]) -> None:
        """I3: nothing but confirming, correcting and voiding does anything to service."""
        for fact in facts:
            if not isinstance(fact, ServiceConfirmed | ServiceCorrected | ServiceVoided):
                assert {line.account for line in postings(fact)}.isdisjoint({"served", "received", "issued"}), "I3"

    def _each_ends_once(self, facts: list[Any]) -> None:
        """I7: a reservation ends once, and what is released or captured is what was reserved, from where it was."""
        reserved: dict[str, RewardReserved] = {}
        for fact in facts:
            if isinstance(fact, RewardReserved):
                assert fact.redemption_id not in reserved
                reserved[fact.redemption_id] = fact
            elif isinstance(fact, RewardFulfilled | ReservationCancelled | ReservationExpired):
                before = reserved.pop(fact.redemption_id)
                moved = {(line.account, line.holder): line.minutes for line in postings(fact)}
                assert moved["reserved", before.volunteer_id] == -before.cost_minutes
                assert before.cost_minutes == sum(minutes for minutes in moved.values() if minutes > 0)
                assert isinstance(fact, RewardFulfilled) == (("redeemed", before.volunteer_id) in moved)
        still_open = {key for key, claim in self.model.claims.items() if claim.status == "reserved"}
        assert set(reserved) == still_open, "I7"

    def _credited_again(self, facts: list[Any]) -> None:
        """I8, I12: credited again under the version that it names, each fact comes to the same, rule by rule."""
        books = {0: UNWRITTEN.rules}
        described: dict[str, tuple[Any, str, str]] = {}
        credited: dict[str, tuple[str, tuple[Any, str], Any]] = {}
        for fact in facts:
            if isinstance(fact, PolicyAdopted):
                books[fact.version] = fact.rules
            if isinstance(fact, ServiceLogged | ServiceCorrected):
                described[fact.record_id] = fact.organisation_id, fact.activity, fact.category
            if isinstance(fact, ServiceVoided | ServiceCorrected):
                del credited[fact.record_id]
            if isinstance(fact, ServiceConfirmed | ServiceCorrected):
                work = Work(*described[fact.record_id], fact.capacity, fact.minutes_by_day)
                theirs = [each[1:] for each in credited.values() if each[0] == fact.volunteer_id]
                days = {
                    day: DayCredit(
                        sum(by_day.get(day, 0) for _, by_day in theirs),
                        sum(by_day.get(day, 0) for what, by_day in theirs if what == work[:2]),
                    )
                    for day in fact.minutes_by_day
                }
                total = sum(sum(by_day.values()) for _, by_day in theirs)
                again = credit_for(books[fact.policy_version], work, days, total)
                assert (again.minutes, again.effects) == (fact.credited_minutes, fact.rules_applied), "I8"
                assert again.by_day == credited_by_day(fact), "I8"
                assert fact.minutes + sum(effect.minutes for effect in again.effects) == again.minutes, "I12"
                assert sum(fact.minutes_by_day.values()) == fact.minutes, "I12"
                credited[fact.record_id] = fact.volunteer_id, work[:2], again.by_day

    async def _previewed(self, facts: list[Any]) -> None:
        """I8: a preview of the very rules that were in force changes nothing."""
        books = [(since, number, rules) for number, (since, rules) in enumerate(self.model.books, 1)]
        since, version, rules = max(books, default=(LONG_AGO, 0, UNWRITTEN.rules))
        used = {
            fact.policy_version
            for fact in facts
            if isinstance(fact, ServiceConfirmed | ServiceCorrected) and fact.local_date >= since
        }
        _, effects = await policies.preview(self.pool, self.bank_id, rules, since, 5)
        assert effects.minutes_before == sum(record.credit for record in self.model.records.values())
        assert effects.records == sum(record.is_confirmed for record in self.model.records.values())
        if used <= {version}:
            self.happened["a preview changed nothing"] += 1
            found = effects.people_changed, effects.records_changed, effects.largest_changes, effects.minutes_after
            assert found == (0, 0, [], effects.minutes_before), "I8"
        adopted = await policies.adopted(self.pool, self.bank_id)
        assert [(each.effective_from, each.rules) for each in adopted] == self.model.books

    async def _records(self) -> None:
        """I12: records are as the model has them, and minutes and rules sum to the credit."""
        query = "select * from service_record where bank_id = $1"
        found = {row["record_id"]: row for row in await self.pool.fetch(query, self.bank_id)}
        assert found.keys() == self.model.records.keys()
        for key, record in self.model.records.items():
            row = found[key]
            assert (row["status"], row["minutes"]) == (record.status, record.minutes)
            assert (row["activity"], row["category"], row["local_date"]) == (
                record.activity,
                record.category,
                record.day,
            )
            assert row["credited_minutes"] == record.credit
            if record.is_confirmed:
                changes = sum(map(int, re.findall(r'"minutes": (-?\d+)', row["rules_applied"])))
                assert row["minutes"] + changes == row["credited_minutes"], "I12"

    async def _rewards(self) -> None:
        """I2: rewards and redemptions are as the model has them; what is reserved is what is open, and no more."""
        query = "select redemption_id, status, cost_minutes, expires_at from redemption where bank_id = $1"
        assert {tuple(row) for row in await self.pool.fetch(query, self.bank_id)} == {
            (key, claim.status, claim.cost, claim.until) for key, claim in self.model.claims.items()
        }
        query = (
            "select b.volunteer_id from balance b where bank_id = $1 and reserved_minutes <> (select coalesce(sum("
            "cost_minutes), 0) from redemption r where r.bank_id = $1 and r.volunteer_id = b.volunteer_id and "
            "r.status = 'reserved')"
        )
        assert await self.pool.fetch(query, self.bank_id) == [], "I2"
        for key, (terms, status) in self.model.offers.items():
            view = await rewards.one(self.pool, self.bank_id, key, self.model.today)
            assert view is not None
            left = terms.quota and max(0, terms.quota - self.model.taken(key, self.model.period(terms)))
            assert (view.status, view.cost_minutes, view.remaining) == (status, terms.cost_minutes, left)
            assert [slot.remaining for slot in view.slots] == [
                max(0, slot.places - self.model.places(key, slot.starts_at)) for slot in terms.slots
            ]

    async def _from_hand_to_hand(self) -> None:
        """Funds, gifts and donations are as the model has them."""
        assert {
            each.fund_id: (each.minutes, each.status) for each in await funds.page(self.pool, self.bank_id, "", 100)
        } == {key: (fund.minutes, "open" if fund.is_open else "closed") for key, fund in self.model.funds.items()}
        wanted = {"volunteer_id": None, "fund_id": None, "before": None, "limit": 1000}
        gifts = await transfers.page(self.pool, self.bank_id, "gift", **wanted)
        assert Counter((each.volunteer_id, each.to_volunteer_id, each.minutes) for each in gifts) == Counter(
            (self.person(n), self.person(to), minutes) for n, to, minutes, _ in self.model.gifts
        )
        donations = await transfers.page(self.pool, self.bank_id, "donation", **wanted)
        assert sum(each.minutes for each in donations) == sum(minutes for _, minutes in self.model.donations)

    async def _statement(self, n: int, facts: list[Any]) -> None:
        """I11, I12, I15: a statement ends with the balance, names its facts, and its parts sum up; as do its days."""
        entries = await statements.entries(self.pool, self.bank_id, self.person(n), ZONE)
        told = list(lines(entries, self.person(n), await funds.names(self.pool, self.bank_id), "zh"))
        balance = await balances.balance_of(self.pool, self.bank_id, self.person(n))
        assert balance is not None
        running = reserved = debt = 0
        for line in told:
            running += line.change_minutes
            assert self.person(n) in facts[line.position - 1].tags(), "I11"
            assert line.topic == facts[line.position - 1].TOPIC, "I11"
            assert line.balance_minutes == running, "I11"
            assert sum(part.minutes for part in line.parts) == line.change_minutes, "I12"
            reserved, debt = line.reserved_minutes, line.debt_minutes
        found = running, reserved, debt
        assert found == (balance.available_minutes, balance.reserved_minutes, balance.debt_minutes), "I11"
        by_cause = defaultdict(int, {part.cause: part.minutes for part in sums(told)})
        assert sum(by_cause.values()) == running, "I12"
        confirmed = self.model.confirmed(n)
        assert by_cause["service"] == sum(record.minutes for record in confirmed), "I12"
        rules = ("paid-duty", "coefficient", "cap-per-activity", "cap-per-day", "cap-total")
        assert by_cause["service"] + sum(by_cause[rule] for rule in rules) == balance.credited_minutes, "I12"
        assert by_cause["gift-given"] == -sum(each[2] for each in self.model.gifts if each[0] == n)
        assert by_cause["gift-received"] == sum(each[2] for each in self.model.gifts if each[1] == n)
        assert by_cause["donated"] == -sum(minutes for giver, minutes in self.model.donations if giver == n)
        assert by_cause["granted"] == sum(minutes for to, minutes in self.model.grants if to == n)
        assert by_cause["reserved"] == -self.model.reserved(n)
        assert by_cause["redeemed"] == -self.model.redeemed(n)
        self._days(n, entries, balance)

    def _days(self, n: int, entries: Any, balance: Any) -> None:
        """I15: day by day, what had been served and credited adds up to what there is."""
        confirmed = self.model.confirmed(n)
        for day in {record.day for record in confirmed} | {self.model.today, LONG_AGO}:
            then = as_effective(entries, self.person(n), day)
            assert then.service_minutes == sum(record.service for record in confirmed if record.day <= day), "I15"
            assert then.credited_minutes == sum(record.credit for record in confirmed if record.day <= day), "I15"
        for seen in (as_recorded, as_effective):
            now = seen(entries, self.person(n), self.model.today)
            assert all(getattr(now, name) == getattr(balance, name) for name in now.__struct_fields__), "I11"
        before = as_recorded(entries, self.person(n), LONG_AGO + timedelta(days=1))
        assert not any(getattr(before, name) for name in before.__struct_fields__)

    async def _periods(self) -> None:
        """I10, I15: a board's total is that of the named and the hidden, and of its months."""
        rows = await self.pool.fetch("select distinct period from leaderboard where bank_id = $1", self.bank_id)
        totals = {}
        for period in {row["period"] for row in rows} | {"all"}:
            board = await leaderboards.leaderboard(self.pool, self.people, self.bank_id, period, 0, 100)
            assert sum(each.value for each in board.items) + board.hidden_minutes == board.total, "I10"
            assert {each.volunteer.volunteer_id for each in board.items} <= set(map(self.person, self.model.shown))
            totals[period] = board.total
        assert totals["all"] == sum(each.service for each in self.model.records.values()), "I10"
        for length in (4, 7):
            assert sum(total for period, total in totals.items() if len(period) == length) == totals["all"], "I15"

    async def _nobody_is_named(self, rows: list[Any]) -> None:
        """I13: nobody is named in the log, and of who was erased nothing personal is left in any table."""
        told = str([(bytes(row["data"]).decode(), row["tags"], row["actor"], row["request_id"]) for row in rows])
        assert not any(secret in told for secret in (*NAMES, "1390000000")), "I13"
        known = await self.pool.fetch("select volunteer_id from person where bank_id = $1", self.bank_id)
        remembered = {self.person(n) for n in range(PEOPLE) if n not in self.model.erased}
        assert {row["volunteer_id"] for row in known} == remembered, "I13"
        if self.model.erased:
            self.happened["somebody was erased"] += 1
            for row in await self.pool.fetch("select tablename from pg_tables where schemaname = 'public'"):
                texts = await self.pool.fetch(f'select t::text as t from "{row["tablename"]}" t')
                found = str([each["t"] for each in texts])
                for n in self.model.erased:
                    assert NAMES[n] not in found, "I13"
                    assert f"1390000000{n}" not in found, "I13"

    async def _tamper(self, row: Any) -> None:
        """I14: one flipped bit is found, and located; flipped back, all is well again."""
        where = self.count % len(row["data"])
        for flipped, found in ((row["data"][where] ^ 1, {row["position"]}), (row["data"][where], set())):
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("set local session_replication_role = replica")
                await connection.execute(
                    "update event set data = set_byte(data, $4, $3) where bank_id = $1 and position = $2",
                    self.bank_id,
                    row["position"],
                    flipped,
                    where,
                )
            assert {finding.position async for finding in check_log(self.pool, self.bank_id)} == found, "I14"
