"""Reading closely, once, at the end of a history: what read models, statements and boards say of it."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

from tests.controls import ZONE
from tests.helpers.whole import entries as entries_of
from tests.helpers.whole import sums
from tests.machine.model import NAMES, PHONES
from tests.machine.racing import Racing
from timebank.domain.credit.statements import Entry, as_effective, as_recorded, lines
from timebank.projections.credit import balances, funds, rewards, transfers
from timebank.projections.recognition import leaderboards

LONG_AGO = date(1949, 1, 1)
RULES = ("paid-duty", "coefficient", "cap-per-activity", "cap-per-day", "cap-total")


class Reading(Racing):
    """What is told to people is what the model says, and adds up."""

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Rows of this bank, which is the first argument of the query."""
        found: list[Any] = await self.pool.fetch(query, self.bank_id, *arguments)
        return found

    async def read_closely(self, facts: list[Any]) -> None:
        """All of it."""
        await self._records()
        await self._nobody_is_in_two_places()
        await self._redemptions()
        await self._rewards()
        await self._funds()
        await self._transfers()
        for n in sorted(self.model.registered):
            await self._statement(n, facts)
        await self._boards()
        await self._nobody_is_named()

    # Service

    async def _records(self) -> None:
        """I12: records are as the model has them, and minutes and rules sum to the credit."""
        found = {row["record_id"]: row for row in await self.rows("select * from service_record where bank_id = $1")}
        assert found.keys() == self.model.records.keys()
        for key, record in self.model.records.items():
            row = found[key]
            seen = [
                row[name] for name in ("status", "minutes", "activity", "category", "local_date", "credited_minutes")
            ]
            said = [record.status, record.minutes, record.activity, record.category, record.day, record.credit]
            assert seen == said
            assert (row["started_at"], row["ended_at"]) == (record.started_at, record.ended_at)

    async def _nobody_is_in_two_places(self) -> None:
        """I9: no two confirmed records of a person overlap, and the rules of each sum to its credit (I12)."""
        is_confirmed = "status in ('confirmed', 'corrected')"
        assert not await self.rows(
            f"with r as (select * from service_record where bank_id = $1 and {is_confirmed}) select 1 from r a join r b"
            " on a.record_id < b.record_id and exists (select from volunteer v join volunteer w using (bank_id)"
            " where v.bank_id = $1 and v.volunteer_id = a.volunteer_id and w.volunteer_id = b.volunteer_id"
            " and coalesce(v.kept_id, v.volunteer_id) = coalesce(w.kept_id, w.volunteer_id))"
            " and a.started_at < b.ended_at and b.started_at < a.ended_at"
        ), "I9"
        assert not await self.rows(
            f"select 1 from service_record r where bank_id = $1 and {is_confirmed} and credited_minutes <> minutes + ("
            "select coalesce(sum((e->>'minutes')::int), 0) from jsonb_array_elements(r.rules_applied::jsonb) e)"
        ), "I12"

    # Rewards

    async def _redemptions(self) -> None:
        """I2: redemptions are as the model has them; what is reserved is what is open, and no more."""
        query = "select redemption_id, status, cost_minutes, expires_at from redemption where bank_id = $1"
        assert {tuple(row) for row in await self.rows(query)} == {
            (key, claim.status, claim.cost, claim.until) for key, claim in self.model.claims.items()
        }
        assert not await self.rows(
            "select 1 from balance b where bank_id = $1 and reserved_minutes <> (select coalesce(sum(cost_minutes), 0)"
            " from redemption r where r.bank_id = $1 and r.volunteer_id = b.volunteer_id and r.status = 'reserved')"
        ), "I2"

    async def _rewards(self) -> None:
        """What is left of each reward, and of its appointments, is what nobody has taken."""
        for key, (terms, status) in self.model.offers.items():
            view = await rewards.one(self.pool, self.bank_id, key, self.model.today)
            assert view is not None
            left = terms.quota and max(0, terms.quota - self.model.taken(key, self.model.period(terms)))
            assert (view.status, view.cost_minutes, view.remaining) == (status, terms.cost_minutes, left)
            assert [slot.remaining for slot in view.slots] == [
                max(0, slot.places - self.model.places(key, slot.starts_at)) for slot in terms.slots
            ]

    # From hand to hand

    async def _funds(self) -> None:
        """Funds have what the model says."""
        found = await funds.page(self.pool, self.bank_id, "", 100)
        assert {each.fund_id: (each.minutes, each.status) for each in found} == {
            key: (fund.minutes, "open" if fund.is_open else "closed") for key, fund in self.model.funds.items()
        }

    async def _transfers(self) -> None:
        """Gifts and donations are those of the model."""
        wanted = {"volunteer_id": None, "fund_id": None, "before": None, "limit": 1000}
        gifts = await transfers.page(self.pool, self.bank_id, "gift", **wanted)  # type: ignore[arg-type]
        assert Counter((each.volunteer_id, each.to_volunteer_id, each.minutes) for each in gifts) == Counter(
            (self.person(n), self.person(to), minutes) for n, to, minutes, _ in self.model.gifts
        )
        donations = await transfers.page(self.pool, self.bank_id, "donation", **wanted)  # type: ignore[arg-type]
        assert sum(each.minutes for each in donations) == sum(minutes for _, minutes in self.model.donations)

    # Statements

    async def _statement(self, n: int, facts: list[Any]) -> None:
        """I11: a statement ends with the balance, and each line names the position of its fact."""
        entries = await entries_of(self.pool, self.bank_id, self.person(n), ZONE)
        told = list(lines(entries, self.person(n), await funds.names(self.pool, self.bank_id), "zh"))
        self._lines(n, told, facts)
        balance = await balances.balance_of(self.pool, self.bank_id, self.person(n))
        assert balance is not None
        last = [told[-1].balance_minutes, told[-1].reserved_minutes, told[-1].debt_minutes] if told else [0, 0, 0]
        assert last == [balance.available_minutes, balance.reserved_minutes, balance.debt_minutes], "I11"
        self._causes(n, told)
        self._days(n, entries)
        for seen in (as_recorded, as_effective):
            now = seen(entries, self.person(n), self.model.today)
            assert all(getattr(now, name) == getattr(balance, name) for name in now.__struct_fields__), "I11"

    def _lines(self, n: int, told: list[Any], facts: list[Any]) -> None:
        """I11, I12: each line is of a fact about them, runs on from the one before, and its parts sum up."""
        running = 0
        for line in told:
            running += line.change_minutes
            fact = facts[line.position - 1]
            assert (line.topic, line.balance_minutes) == (fact.TOPIC, running), "I11"
            assert self.person(n) in fact.tags(), "I11"
            assert sum(part.minutes for part in line.parts) == line.change_minutes, "I12"

    def _causes(self, n: int, told: list[Any]) -> None:
        """I12: all there is, is there for a cause; and what the causes say is what the model says."""
        found: Counter[str] = Counter(sums(told))
        assert sum(found.values()) == self.model.available[n], "I12"
        if len(self.model.all_of(n)) == 1:
            self._service_of(n, found)
        assert found["gift-given"] == -sum(each[2] for each in self.model.gifts if each[0] == n), "I12"
        assert found["gift-received"] == sum(each[2] for each in self.model.gifts if each[1] == n), "I12"
        assert found["donated"] == -sum(minutes for giver, minutes in self.model.donations if giver == n), "I12"
        assert found["granted"] == sum(minutes for to, minutes in self.model.grants if to == n), "I12"
        assert (found["reserved"], found["redeemed"]) == (-self.model.reserved(n), -self.model.redeemed(n)), "I12"

    def _service_of(self, n: int, found: Counter[str]) -> None:
        """I12: what service came to. Where registrations were merged, what is put right later is of both accounts."""
        assert found["service"] == sum(record.minutes for record in self.model.confirmed(n)), "I12"
        credited = sum(record.credit for record in self.model.confirmed(n))
        assert found["service"] + sum(found[rule] for rule in RULES) == credited, "I12"

    def _days(self, n: int, entries: list[Entry]) -> None:
        """I15: day by day, what had been served and credited adds up to what there is."""
        confirmed = self.model.confirmed(n)
        for day in {record.day for record in confirmed} | {self.model.today, LONG_AGO}:
            then = as_effective(entries, self.person(n), day)
            assert then.service_minutes == sum(record.service for record in confirmed if record.day <= day), "I15"
            assert then.credited_minutes == sum(record.credit for record in confirmed if record.day <= day), "I15"
        before = as_recorded(entries, self.person(n), LONG_AGO + timedelta(days=1))
        assert not any(getattr(before, name) for name in before.__struct_fields__)

    # Boards

    async def _boards(self) -> None:
        """I10, I15: a board's total is that of the ranked and the hidden, of all its months, and of all its years."""
        periods = {row["period"] for row in await self.rows("select period from leaderboard_total where bank_id = $1")}
        totals = {period: await self._board(period) for period in periods | {"all"}}
        assert totals["all"] == sum(each.service for each in self.model.records.values()), "I10"
        for length in (len("2026"), len("2026-11")):
            assert sum(total for period, total in totals.items() if len(period) == length) == totals["all"], "I15"

    async def _board(self, period: str) -> int:
        board = await leaderboards.leaderboard(self.pool, self.people, self.bank_id, period, None, 100)
        assert sum(each.value for each in board.items) + board.hidden_minutes == board.total, "I10"
        shown = {self.person(n): self._served_in(n, period) for n in self.model.shown}
        there = sorted(minutes for minutes in shown.values() if minutes)
        assert sorted(each.value for each in board.items) == there, "I10"
        for each in board.items:  # nobody is told whose alias it is
            assert each.volunteer.volunteer_id is None or shown[each.volunteer.volunteer_id] == each.value, "I10"
        for volunteer_id, minutes in shown.items():
            args = self.pool, self.people, self.bank_id, period, None, 100, volunteer_id
            own = {each.volunteer.volunteer_id: each.value for each in (await leaderboards.leaderboard(*args)).items}
            assert own.get(volunteer_id, 0) == minutes, "I10"
        for each in board.items:
            assert each.rank == 1 + sum(other.value > each.value for other in board.items), "I10"
        return board.total

    def _served_in(self, n: int, period: str) -> int:
        confirmed = self.model.confirmed(n)
        return sum(each.service for each in confirmed if period == "all" or str(each.day).startswith(period))

    # Whose names are gone

    async def _nobody_is_named(self) -> None:
        """I13: nobody is named in the log, and of who was erased nothing personal is left in any table."""
        known = {row["volunteer_id"] for row in await self.rows("select volunteer_id from person where bank_id = $1")}
        gone = self.model.erased | self.model.merged.keys()
        assert known == {self.person(n) for n in self.model.registered - gone}, "I13"
        in_clear = (*NAMES, *PHONES)
        log = await self._said_in("event")
        assert not any(each in log for each in in_clear), "I13"
        theirs = [each for n in gone for each in (NAMES[n], PHONES[n])]
        for table in self.bench.tables if theirs else ():
            said = await self._said_in(table)
            assert not any(each in said for each in theirs), "I13"

    async def _said_in(self, table: str) -> str:
        """All of a table, as text; and the bytes of the log as they read."""
        found = [row["t"] for row in await self.pool.fetch(f'select t::text as t from "{table}" t')]
        if table == "event":
            found += [bytes(row["data"]).decode() for row in await self.pool.fetch("select data from event")]
        return "\n".join(found)
