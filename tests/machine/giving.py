"""Gifts, donations, grants and funds; going, coming back, and being forgotten."""

from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import act, people, sensible, which
from tests.machine.model import PEOPLE
from tests.machine.spending import Spending
from tests.machine.things import Fund
from timebank.domain.acting import Acting
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, GrantCredit
from timebank.domain.identifiers import ActorId, MergeId, TransferId
from timebank.domain.kernel import Command
from timebank.domain.leaving import EraseVolunteer, LeaveBank
from timebank.domain.merging import ApproveMerge
from timebank.domain.people.merges import DeclineMerge, ProposeMerge
from timebank.domain.people.volunteers import ReinstateVolunteer

ALL, ONE_MORE = "all there is", "one more"
amounts = st.sampled_from([1, ONE_MORE, ALL, 20, 60, 61])
rests = st.sampled_from([None, "hold", "donate", "donate"])


class Giving(Spending):
    """Credit goes from hand to hand, people leave and come back, and some are erased."""

    def transfer(self) -> TransferId:
        """The next transfer's id."""
        return TransferId(f"trf_{self.number()}")

    def some(self, amount: int | str, there_is: int) -> int:
        """So many minutes; all there is, or one more than that."""
        return amount if isinstance(amount, int) else max(1, there_is + (amount == ONE_MORE))

    # Gifts and donations

    def giving(self, n: int, to: int, minutes: int) -> Any:
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

    @act(n=people, to=people, amount=amounts)
    def give(self, n: int, to: int, amount: int | str) -> None:
        """A gift is made, within the rules and what there is."""
        self._give(n, to, self.some(amount, self.model.available[n]))

    @act(lambda self: self.model.rich(), which=which, to=people)
    def give_again_and_again(self, which: int, to: int) -> None:
        """Gifts of a month are counted together."""
        n = self.model.rich()[which % len(self.model.rich())]
        for minutes in (40, 40, 21, 20, 1):
            self._give(n, to, minutes)

    def _give(self, n: int, to: int, minutes: int) -> None:
        expected = self.model.can_give(n, to, minutes)
        self.do(self.giving(n, to, minutes), expected)
        if expected:
            self.model.give(n, to, minutes)

    @act(n=people, which=which, sensible=sensible, amount=amounts)
    def donate(self, n: int, which: int, sensible: bool, amount: int | str) -> None:
        """A donation is made to a fund that is open."""
        minutes = self.some(amount, self.model.available[n])
        options = [(n, fund, minutes) for fund in self.model.funds]
        _, fund, _ = self.pick(options, which, sensible, self.model.can_donate)
        expected = self.model.can_donate(n, fund, minutes)
        self.do(self.donating(n, fund, minutes), expected)
        if expected:
            self.model.donate(n, fund, minutes)

    @act(lambda self: self.model.rich(), which=which, who=which)
    def spend_what_is_anothers(self, which: int, who: int) -> None:
        """Nobody gives, or donates, what is another's, not even the office."""
        n = self.model.rich()[which % len(self.model.rich())]
        others = [by for by in self.everybody() if by != self.volunteer(n)]
        by, theirs = others[who % len(others)], {"volunteer_id": self.person(n), "minutes": 1}
        to = {"to_volunteer_id": self.person((n + 1) % PEOPLE)}
        self.do(self.say(GiveCredit, by, transfer_id=self.transfer(), **to, **theirs), False)
        fund = self.fund(min(self.model.funds))
        self.do(self.say(DonateCredit, by, transfer_id=self.transfer(), fund_id=fund, **theirs), False)

    # Funds

    @act(keeper=st.sampled_from([None, 0, 1]))
    def open_fund(self, keeper: int | None) -> None:
        """A fund is opened, kept by the bank or by a body that is approved."""
        self.open_one_fund(keeper)

    def open_one_fund(self, keeper: int | None) -> None:
        """There is a fund more, if whoever is to keep it is there."""
        expected, key = keeper not in self.model.closed, f"fnd_{self.number()}"
        of = {"organisation_id": None if keeper is None else self.body(keeper)}
        self.do(self.say(OpenFund, fund_id=self.fund(key), name="x", kind="community", **of), expected)
        if expected:
            self.model.funds[key] = Fund(keeper)

    @act(which=which)
    def close_fund(self, which: int) -> None:
        """A fund is closed, once, when it is empty."""
        key, fund = list(self.model.funds.items())[which % len(self.model.funds)]
        expected = fund.is_open and not fund.minutes
        self.do(self.say(CloseFund, fund_id=self.fund(key), reason="x"), expected)
        if expected:
            self.model.funds[key] = fund._replace(is_open=False)

    def granting(self, fund: str, to: int | str, minutes: int, by: Acting = ADMINISTRATOR) -> Command:
        """The command that makes a grant."""
        receiver = {"to_fund_id": self.fund(to)} if isinstance(to, str) else {"to_volunteer_id": self.person(to)}
        return self.say(
            GrantCredit, by, transfer_id=self.transfer(), fund_id=self.fund(fund), **receiver, minutes=minutes,
            reason="x",
        )  # fmt: skip

    @act(which=which, sensible=sensible, amount=amounts)
    def grant(self, which: int, sensible: bool, amount: int | str) -> None:
        """A grant is made, by who keeps the fund, to somebody else or to another fund."""
        receivers = [*range(PEOPLE), *self.model.funds]
        options = [
            (by, key, to, self.some(amount, fund.minutes))
            for by, (key, fund), to in product(self.everybody(), self.model.funds.items(), receivers)
        ]
        by, fund, to, minutes = self.pick(options, which, sensible, self.model.can_grant)
        expected = self.model.can_grant(by, fund, to, minutes)
        self.do(self.granting(fund, to, minutes, by), expected)
        if expected:
            self.model.grant(fund, to, minutes)

    # Going, and coming back

    @act(n=st.integers(1, PEOPLE - 1), rest=rests, who=st.sampled_from(["self", "self", "office", "x"]), fund=which)
    def leave(self, n: int, rest: Any, who: str, fund: int) -> None:
        """Somebody leaves, having said what becomes of their credit, if there is any."""
        if self._go(LeaveBank, n, rest, who, fund, self.model.is_active(n)):
            self.model.left.add(n)

    @act(n=people)
    def come_back(self, n: int) -> None:
        """Who left comes back, to what was kept; who was erased never does."""
        expected = self.model.is_known(n) and not self.model.is_active(n)
        self.do(self.say(ReinstateVolunteer, volunteer_id=self.person(n), reason="x"), expected)
        if expected:
            self.model.come_back(n)

    @act(n=st.integers(3, PEOPLE - 1), rest=rests, who=st.sampled_from(["self", "office", "x"]), fund=which)
    def erase(self, n: int, rest: Any, who: str, fund: int) -> None:
        """Somebody is erased; who left before has said already what becomes of their credit."""
        if self._go(EraseVolunteer, n, rest, who, fund, self.model.is_known(n)):
            self.model.erased.add(n)

    @act(kept=people, gone=st.integers(2, PEOPLE - 1))
    def merge(self, kept: int, gone: int) -> None:
        """Somebody was registered twice: one proposes it, another approves, unless something is in the way."""
        ids = {"kept_id": self.person(kept), "merged_id": self.person(gone)}
        merge_id, program = MergeId(f"mrg_{self.number()}"), Acting(ActorId(self.body(0)), "organisation")
        may_be = kept != gone and self.model.is_active(kept) and self.model.is_known(gone)
        may_be = may_be and gone not in self.model.suspended
        self.do(self.say(ProposeMerge, program, merge_id=merge_id, reason="x", **ids), may_be)
        if not may_be:
            return
        expected = self.model.can_merge(kept, gone)
        self.do(self.say(ApproveMerge, merge_id=merge_id), expected)
        if expected:
            self.model.merge(kept, gone)
        else:
            self.do(self.say(DeclineMerge, merge_id=merge_id, reason="x"), True)

    def _go(self, kind: Any, n: int, rest: Any, who: str, which: int, can_go: bool) -> bool:
        by = {"self": self.volunteer(n), "office": ADMINISTRATOR, "x": self.volunteer((n + 1) % PEOPLE)}[who]
        fund = list(self.model.funds)[which % len(self.model.funds)]
        to = {"fund_id": self.fund(fund), "transfer_id": self.transfer()} if rest == "donate" else {}
        is_one_s_word = who == "office" and rest == "donate" and self.model.rest(n) > 0
        expected = can_go and who != "x" and not is_one_s_word and self.model.is_settled(n, rest, fund)
        kept = self.model.rest(n)
        outcome = self.do(self.say(kind, by, volunteer_id=self.person(n), rest=rest, **to), expected)
        if expected:
            self.model.go(n, fund if rest == "donate" else None)
            assert outcome.facts[-1].held_minutes == self.model.available[n]
            self._note_what_became_of(kept, self.model.available[n])
        return expected

    def _note_what_became_of(self, before: int, after: int) -> None:
        kinds = {"credit was kept for who went": after > 0, "credit of who went was donated": before > after}
        self.happened |= {what for what, is_so in kinds.items() if is_so}
