"""I6: several who want the same at the same moment, in two processes. Exactly one gets it."""

from collections.abc import Sequence
from itertools import product

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import act, rivals, sensible, which
from tests.machine.giving import Giving
from tests.machine.model import PEOPLE
from tests.machine.spending import code_hash
from tests.machine.things import Claim
from timebank.domain.credit.redemptions import CancelRedemption, FulfilRedemption
from timebank.domain.facts.credit import RewardTerms
from timebank.domain.identifiers import RedemptionId
from timebank.domain.kernel import Command
from timebank.ledger.submission import Receipt, Repeated


class Racing(Giving):
    """Races for the last unit, the last minutes, a code, and what is left in a fund."""

    def simple_offer(self, cost: int, quota: int | None) -> str:
        """A reward without any conditions."""
        return self.publish(
            RewardTerms(name="票", kind="voucher", cost_minutes=cost, provider_id=self.body(0), quota=quota)
        )

    def race(self, claims: Sequence[Claim], *others: Command) -> Command | None:
        """Claims, and other commands, at once, of which one happens: the other command, or a claim, which is undone."""
        keys = [f"raced_{self.number()}" for _ in claims]
        commands = [self.reserving(key, claim) for key, claim in zip(keys, claims, strict=True)] + [*others]
        won = self.winner(commands)
        if won >= len(claims):
            return commands[won]
        self.model.reserve(keys[won], claims[won])
        self._give_up(keys[won])
        return None

    def _give_up(self, key: str) -> None:
        owner = self.volunteer(self.model.claims[key].payer)
        self.quietly(self.say(CancelRedemption, owner, redemption_id=RedemptionId(key), reason="x"))
        self.model.end(key, "cancelled")

    @act(lambda self: self.model.rich(), share=st.integers(1, 100), count=rivals)
    def race_for_the_last_unit(self, share: int, count: int) -> None:
        """I6: of all who want the last one at the same moment, exactly one gets it."""
        rich = self.model.rich()
        cost = max(1, min(self.model.available[n] for n in rich) * share // 100)
        offer = self.simple_offer(cost, 1)
        self.race([self.model.claim(offer, n, n, None) for n in (rich * count)[: max(count, len(rich))]])

    @act(lambda self: self.model.rich(), which=which, fund=which, count=rivals)
    def race_for_the_last_minutes(self, which: int, fund: int, count: int) -> None:
        """I6: of several ways to spend the last minutes at the same moment, exactly one is gone."""
        n, key = self.model.rich()[which % len(self.model.rich())], list(self.model.funds)[fund % len(self.model.funds)]
        minutes = self.model.available[n]
        claim = self.model.claim(self.simple_offer(minutes, None), n, n, None)
        donate, back = self.donating(n, key, minutes), self.granting(key, n, minutes)
        others = [donate] * count if self.model.can_donate(n, key, minutes) else []
        if self.race([claim] * count, *others):
            self.model.donate(n, key, minutes)
            self.quietly(back)
            self.model.grant(key, n, minutes)

    @act(lambda self: self.acceptable(), which=which, count=rivals)
    def race_for_one_code(self, which: int, count: int) -> None:
        """I6: of several who accept a code at the same moment, exactly one does."""
        key = self.acceptable()[which % len(self.acceptable())]
        body = self.model.claims[key].provider
        both = [ADMINISTRATOR, ADMINISTRATOR if body in self.model.closed else self.program(body)]
        self.winner([self.say(FulfilRedemption, by, code_hash=code_hash(key)) for by in both * count])
        self.model.end(key, "fulfilled")

    @act(lambda self: self.model.rich(), which=which, order=st.permutations(["fulfil", "fulfil", "cancel", "cancel"]))
    def race_to_end(self, which: int, order: list[str]) -> None:
        """I7: of accepting a code and giving up what it is for, at the same moment, exactly one happens."""
        n = self.model.rich()[which % len(self.model.rich())]
        claim = self.model.claim(self.simple_offer(1, None), n, n, None)
        first, second = (f"raced_{self.number()}" for _ in range(2))
        fulfil, again = (
            self.say(FulfilRedemption, self.program(0), code_hash=code_hash(key)) for key in (first, second)
        )
        cancel = self.say(CancelRedemption, self.volunteer(n), redemption_id=RedemptionId(first), reason="x")
        self._reserve_quietly(first, claim)
        if order[self.winner([fulfil if each == "fulfil" else cancel for each in order])] == "cancel":
            self.model.end(first, "cancelled")
            self._reserve_quietly(second, claim)
            self.quietly(again)
            first = second
        self.model.end(first, "fulfilled")

    def _reserve_quietly(self, key: str, claim: Claim) -> None:
        self.quietly(self.reserving(key, claim))
        self.model.reserve(key, claim)

    def _gifts_of_all(self) -> list[tuple[int, int, int]]:
        """Gifts of all that somebody has, as far as the rules allow any."""
        gifts = [(n, to, self.model.available[n]) for n, to in product(self.model.rich(), range(PEOPLE))]
        return [gift for gift in gifts if self.model.can_give(*gift)]

    @act(lambda self: self._gifts_of_all(), which=which, count=rivals)
    def race_of_gifts(self, which: int, count: int) -> None:
        """I6: of several gifts of all there is, or of all the rules allow, at the same moment, one is made."""
        n, to, minutes = self._gifts_of_all()[which % len(self._gifts_of_all())]
        self.winner([self.giving(n, to, minutes) for _ in range(count)])
        self.model.give(n, to, minutes)

    @act(which=which, sensible=sensible, count=rivals)
    def race_with_one_key(self, which: int, sensible: bool, count: int) -> None:
        """I5: what is sent several times at once, under one key, happens once, and all are told the same."""
        options = list(product(range(PEOPLE), range(PEOPLE), [1]))
        n, to, minutes = self.pick(options, which, sensible, self.model.can_give)
        expected, command = self.model.can_give(n, to, minutes), self.giving(n, to, minutes)
        outcomes = self.at_once([command] * count, self.key(command))
        told = {repr(Receipt(*each) if isinstance(each, Receipt) else each) for each in outcomes}
        assert len(told) == 1, f"I5: {outcomes}"
        assert sum(isinstance(each, Repeated) for each in outcomes) == (count - 1 if expected else 0), f"I5: {outcomes}"
        if expected:
            assert [fact.transfer_id for fact in outcomes[0].facts] == [command.transfer_id], "I5"
            self.model.give(n, to, minutes)

    def _grants_of_all(self) -> list[tuple[str, int, int]]:
        """Grants of all that is in a fund, to whoever takes part."""
        filled = [(key, fund.minutes) for key, fund in self.model.funds.items() if fund.minutes]
        return [(key, n, minutes) for key, minutes in filled for n in range(PEOPLE) if self.model.is_active(n)]

    @act(lambda self: self._grants_of_all(), which=which, count=rivals)
    def race_for_the_last_of_a_fund(self, which: int, count: int) -> None:
        """I6: what is left in a fund is granted once."""
        key, n, minutes = self._grants_of_all()[which % len(self._grants_of_all())]
        self.winner([self.granting(key, n, minutes) for _ in range(count)])
        self.model.grant(key, n, minutes)
