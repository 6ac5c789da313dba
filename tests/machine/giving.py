"""Gifts, donations, grants and funds; coming, going, and being forgotten."""

from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import act, people
from tests.machine.model import PEOPLE, Fund
from tests.machine.spending import Spending
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.identifiers import TransferId, VolunteerId, VolunteerNumber
from timebank.domain.kernel import Command
from timebank.domain.leaving import EraseVolunteer, LeaveBank
from timebank.domain.people.volunteers import RegisterVolunteer, ReinstateVolunteer, SuspendVolunteer

amounts = st.sampled_from([1, 20, 50, 70, 200])
rests = st.sampled_from([None, "hold", "donate", "donate"])


class Giving(Spending):
    """Credit goes from hand to hand, people leave and come back, and some are erased."""

    def transfer(self) -> TransferId:
        """The next transfer's id."""
        return TransferId(f"trf_{self.number()}")

    # Gifts and donations

    def giving(self, n: int, to: int, minutes: int) -> Command:
        """The command that makes a gift."""
        return self.say(
            GiveCredit, self.volunteer(n), transfer_id=self.transfer(), volunteer_id=self.person(n),
            to_volunteer_id=self.person(to), minutes=minutes,
        )  # fmt: skip

    def donating(self, n: int, fund: str, minutes: int) -> Command:
        """The command that makes a donation."""
        return self.say(
            DonateCredit, self.volunteer(n), transfer_id=self.transfer(), volunteer_id=self.person(n),
            fund_id=self.fund(fund), minutes=minutes,
        )  # fmt: skip

    @act(data=st.data(), minutes=amounts)
    def give(self, data: st.DataObject, minutes: int) -> None:
        """A gift is made, within the rules and what there is."""
        n, to, minutes = self.pick(data, list(product(range(PEOPLE), range(PEOPLE), [minutes])), self.model.can_give)
        expected = self.model.can_give(n, to, minutes)
        self.do(self.giving(n, to, minutes), expected)
        if expected:
            self.model.give(n, to, minutes)

    @act(lambda self: self.model.rich(), data=st.data(), to=people)
    def give_again_and_again(self, data: st.DataObject, to: int) -> None:
        """Gifts of a month are counted together."""
        n = data.draw(st.sampled_from(self.model.rich()))
        for minutes in (40, 40, 30, 1):
            expected = self.model.can_give(n, to, minutes)
            self.do(self.giving(n, to, minutes), expected)
            if expected:
                self.model.give(n, to, minutes)

    @act(data=st.data(), minutes=amounts)
    def donate(self, data: st.DataObject, minutes: int) -> None:
        """A donation is made to a fund that is open."""
        options = list(product(range(PEOPLE), sorted(self.model.funds), [minutes]))
        n, fund, minutes = self.pick(data, options, self.model.can_donate)
        expected = self.model.can_donate(n, fund, minutes)
        self.do(self.donating(n, fund, minutes), expected)
        if expected:
            self.model.donate(n, fund, minutes)

    @act(lambda self: self.model.rich(), data=st.data())
    def spend_what_is_anothers(self, data: st.DataObject) -> None:
        """Nobody gives, or donates, what is another's, not even the office."""
        n = data.draw(st.sampled_from(self.model.rich()))
        by = data.draw(st.sampled_from([by for by in self.everybody() if by != self.volunteer(n)]))
        theirs = {"volunteer_id": self.person(n), "transfer_id": self.transfer(), "minutes": 1}
        self.do(self.say(GiveCredit, by, to_volunteer_id=self.person((n + 1) % PEOPLE), **theirs), False)
        self.do(self.say(DonateCredit, by, fund_id=self.fund("fnd_0"), **theirs), False)

    @act(lambda self: self.model.rich(), data=st.data())
    def race_for_the_last_minutes(self, data: st.DataObject) -> None:
        """I6: of several ways to spend the last minutes at the same moment, exactly one is gone."""
        n = data.draw(st.sampled_from(self.model.rich()))
        fund = data.draw(st.sampled_from(sorted(self.model.funds)))
        minutes = self.model.available[n]
        claim = self.model.claim(self.simple_offer(minutes, None), n, n, None)
        donate, back = self.donating(n, fund, minutes), self.granting(fund, n, minutes)
        others = [donate, donate] if self.model.can_donate(n, fund, minutes) else []
        if self.race([claim, claim], *others):
            self.model.donate(n, fund, minutes)
            self.quietly(back)
            self.model.grant(fund, n, minutes)

    @act(data=st.data())
    def race_of_gifts(self, data: st.DataObject) -> None:
        """I6: of several gifts of all there is, or of all the rules allow, at the same moment, one is made."""
        options = [
            (n, to, self.model.available[n]) for n, to in product(self.model.rich(), range(PEOPLE))
            if self.model.can_give(n, to, self.model.available[n])
        ]  # fmt: skip
        if options:
            n, to, minutes = data.draw(st.sampled_from(options))
            self.winner([self.giving(n, to, minutes) for _ in range(4)])
            self.model.give(n, to, minutes)

    @act(data=st.data())
    def race_with_one_key(self, data: st.DataObject) -> None:
        """I5: what is sent several times at once, under one key, happens once, and all are told the same."""
        options = list(product(range(PEOPLE), range(PEOPLE), [1]))
        n, to, minutes = self.pick(data, options, self.model.can_give)
        expected, command = self.model.can_give(n, to, minutes), self.giving(n, to, minutes)
        outcomes = self.at_once([command] * 4, self.key(command))
        assert len({repr(outcome) for outcome in outcomes}) == 1
        if expected:
            assert [fact.transfer_id for fact in outcomes[0].facts] == [command.transfer_id]
            self.model.give(n, to, minutes)

    # Funds

    @act(keeper=st.sampled_from([None, 0, 1]))
    def open_fund(self, keeper: int | None) -> None:
        """A fund is opened, kept by the bank or by a body that is approved."""
        self.there_is_a_fund(keeper)

    def there_is_a_fund(self, keeper: int | None) -> None:
        """Somebody opens a fund."""
        expected, key = keeper not in self.model.closed, f"fnd_{self.number()}"
        organisation_id = None if keeper is None else self.body(keeper)
        opening = self.say(
            OpenFund, fund_id=self.fund(key), name="x", kind="community", organisation_id=organisation_id
        )  # fmt: skip
        self.do(opening, expected)
        if expected:
            self.model.funds[key] = Fund(keeper)

    @act(data=st.data())
    def close_fund(self, data: st.DataObject) -> None:
        """A fund is closed, once, when it is empty."""
        key = data.draw(st.sampled_from(sorted(self.model.funds)))
        fund = self.model.funds[key]
        expected = fund.is_open and not fund.minutes
        self.do(self.say(CloseFund, fund_id=self.fund(key), reason="x"), expected)
        if expected:
            self.model.funds[key] = fund._replace(is_open=False)

    def granting(self, fund: str, to: int | str, minutes: int, by: Any = ADMINISTRATOR) -> Command:
        """The command that makes a grant."""
        receiver = {"to_fund_id": self.fund(to)} if isinstance(to, str) else {"to_volunteer_id": self.person(to)}
        return self.say(
            GrantCredit, by, transfer_id=self.transfer(), fund_id=self.fund(fund), **receiver, minutes=minutes,
            reason="x",
        )  # fmt: skip

    @act(data=st.data(), minutes=amounts)
    def grant(self, data: st.DataObject, minutes: int) -> None:
        """A grant is made, by who keeps the fund, to somebody else or to another fund."""
        funds = sorted(self.model.funds)
        options = list(product(self.everybody(), funds, [*range(PEOPLE), *funds], [minutes]))
        by, fund, to, minutes = self.pick(data, options, self.model.can_grant)
        expected = self.model.can_grant(by, fund, to, minutes)
        self.do(self.granting(fund, to, minutes, by), expected)
        if expected:
            self.model.grant(fund, to, minutes)

    @act(lambda self: any(fund.minutes for fund in self.model.funds.values()), data=st.data())
    def race_for_the_last_of_a_fund(self, data: st.DataObject) -> None:
        """I6: what is left in a fund is granted once."""
        fund = data.draw(st.sampled_from(sorted(key for key, fund in self.model.funds.items() if fund.minutes)))
        minutes = self.model.funds[fund].minutes
        n = data.draw(st.sampled_from([n for n in range(PEOPLE) if self.model.is_active(n)]))
        self.winner([self.granting(fund, n, minutes) for _ in range(3)])
        self.model.grant(fund, n, minutes)

    # Coming and going

    @act(n=people)
    def register_again(self, n: int) -> None:
        """A number is given once, and never to another, whatever became of its bearer."""
        number = VolunteerNumber(f"{n:012}")
        self.do(self.say(RegisterVolunteer, volunteer_id=VolunteerId("vol_x"), number=number, name="x"), False)

    @act(n=st.just(PEOPLE - 2), suspend=st.booleans())
    def suspend_or_reinstate(self, n: int, suspend: bool) -> None:
        """Suspensions begin and end once."""
        kind = SuspendVolunteer if suspend else ReinstateVolunteer
        is_away = n in self.model.suspended | self.model.left
        expected = n not in self.model.erased and suspend != is_away
        self.do(self.say(kind, volunteer_id=self.person(n), reason="x"), expected)
        if expected and suspend:
            self.model.suspended.add(n)
        elif expected:
            self.model.suspended.discard(n)
            self.model.left.discard(n)

    @act(data=st.data(), n=st.integers(1, PEOPLE - 1), rest=rests, who=st.sampled_from(["self", "self", "office", "x"]))
    def leave(self, data: st.DataObject, n: int, rest: Any, who: str) -> None:
        """Somebody leaves, having said what becomes of their credit, if there is any."""
        if self._go(LeaveBank, data, n, rest, who, self.model.is_active(n)):
            self.model.left.add(n)

    @act(n=people)
    def come_back(self, n: int) -> None:
        """Who left comes back, to what was kept; who was erased never does."""
        expected = n not in self.model.erased and n in self.model.suspended | self.model.left
        self.do(self.say(ReinstateVolunteer, volunteer_id=self.person(n), reason="x"), expected)
        if expected:
            self.model.suspended.discard(n)
            self.model.left.discard(n)

    @act(
        lambda self: self.count > 40,
        data=st.data(),
        n=st.sampled_from([2, PEOPLE - 1]),
        rest=rests,
        who=st.sampled_from(["self", "office", "x"]),
    )
    def erase(self, data: st.DataObject, n: int, rest: Any, who: str) -> None:
        """Somebody is erased, now and then; who left before has said already what becomes of their credit."""
        is_said = "hold" if n in self.model.left and rest is None else rest
        if self._go(EraseVolunteer, data, n, is_said, who, n not in self.model.erased, said=rest):
            self.model.erased.add(n)

    def _go(self, kind: Any, data: st.DataObject, n: int, rest: Any, who: str, can_go: bool, said: Any = ...) -> bool:
        by = {"self": self.volunteer(n), "office": ADMINISTRATOR, "x": self.volunteer((n + 1) % PEOPLE)}[who]
        fund = data.draw(st.sampled_from(sorted(self.model.funds)))
        left = self.model.rest(n)
        is_settled = not left or rest == "hold" or (rest == "donate" and self.model.funds[fund].is_open)
        expected = can_go and who != "x" and is_settled
        told = {"rest": rest if said is ... else said}
        if rest == "donate":
            told |= {"fund_id": self.fund(fund), "transfer_id": self.transfer()}
        outcome = self.do(self.say(kind, by, volunteer_id=self.person(n), **told), expected)
        if expected:
            self.model.go(n, fund if rest == "donate" else None)
            assert outcome.facts[-1].held_minutes == self.model.available[n]
            self.happened["credit was kept for who went"] += self.model.available[n] > 0
            self.happened["credit of who went was donated"] += left > self.model.available[n]
        return expected
