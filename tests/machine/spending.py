"""Rewards and redemptions."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import act, bodies
from tests.machine.model import PEOPLE, Claim, Offer
from tests.machine.serving import Serving
from timebank.domain.acting import Acting
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import AmendReward, PauseReward, PublishReward, ResumeReward, WithdrawReward
from timebank.domain.facts.credit import Eligibility, RewardTerms, Slot
from timebank.domain.identifiers import RedemptionId, RewardId
from timebank.domain.kernel import Command
from timebank.projections.credit import redemptions

quotas = st.sampled_from([None, 1, 2])
eligibilities = st.sampled_from(
    [{}, {}, {}, {"service_minutes": 100}, {"service_minutes": 100, "within_days": 2}, {"stars": 1}]
)
slot_plans = st.sampled_from([(), (), ((1, 1),), ((30, 1), (60, 2))])
limits = st.fixed_dictionaries(
    {
        "cost_minutes": st.sampled_from([10, 30, 60]),
        "quota": quotas,
        "quota_per_person": quotas,
        "quota_every": st.sampled_from([None, "week", "month", "quarter", "year"]),
    }
)
windows = st.tuples(st.sampled_from([None, None, 0, 1]), st.sampled_from([None, None, 0, 3, -2]))
CHANGES: dict[Any, tuple[tuple[str, ...], str]] = {
    PauseReward: (("published",), "paused"),
    ResumeReward: (("paused",), "published"),
    WithdrawReward: (("published", "paused"), "withdrawn"),
}
"""In which status something can be done to a reward, and in which it is then."""


def code_hash(key: str) -> str:
    """What is known of the code of a redemption."""
    return hashlib.sha256(key.encode()).hexdigest()


class Spending(Serving):
    """Rewards are offered, reserved, fulfilled, cancelled and expire; several at once, too."""

    def claims(self) -> list[str]:
        """What was reserved, races aside."""
        return sorted(key for key in self.model.claims if key.startswith("red_"))

    def acceptable(self) -> list[str]:
        """What the office can accept."""
        return [key for key in self.claims() if self.model.can_fulfil(ADMINISTRATOR, self.model.claims[key])]

    # Rewards

    def terms(self, provider: int, limits: Any, window: Any, eligibility: Any, slots: Any) -> RewardTerms:
        """The terms of a reward, as of now."""
        first, last = (None if days is None else self.model.today + timedelta(days=days) for days in window)
        return RewardTerms(
            name="体检", kind="health-check", provider_id=self.body(provider), **limits, available_from=first,
            available_until=last, eligibility=Eligibility(**eligibility),
            slots=tuple(Slot(starts_at=self.model.now + timedelta(hours=h), places=places) for h, places in slots),
        )  # fmt: skip

    def can_offer(self, terms: RewardTerms) -> bool:
        """Whether there can be a reward on these terms."""
        first, last = terms.available_from, terms.available_until
        return terms.provider_id not in map(self.body, self.model.closed) and not (first and last and last < first)

    def publish(self, terms: RewardTerms) -> str:
        """A reward is published."""
        offer, expected = RewardId(f"rew_{self.number()}"), self.can_offer(terms)
        self.do(self.say(PublishReward, reward_id=offer, terms=terms), expected)
        if expected:
            self.model.offers[offer] = Offer(terms)
        return offer

    @act(provider=bodies, limits=limits, window=windows, eligibility=eligibilities, slots=slot_plans)
    def offer(self, provider: int, limits: Any, window: Any, eligibility: Any, slots: Any) -> None:
        """A reward is published, if its provider is approved."""
        self.publish(self.terms(provider, limits, window, eligibility, slots))

    @act(
        lambda self: self.model.offers,
        data=st.data(), provider=bodies, limits=limits, window=windows, eligibility=eligibilities, slots=slot_plans,
        is_new=st.sampled_from([True, True, False]),
    )  # fmt: skip
    def amend(
        self, data: st.DataObject, provider: int, limits: Any, window: Any, eligibility: Any, slots: Any, is_new: bool
    ) -> None:
        """The terms of a reward change, for whoever reserves it from now on."""
        offer = data.draw(st.sampled_from(sorted(self.model.offers)))
        before = self.model.offers[offer]
        terms = self.terms(provider, limits, window, eligibility, slots) if is_new else before.terms
        expected = before.status != "withdrawn" and self.can_offer(terms) and terms != before.terms
        self.do(self.say(AmendReward, reward_id=offer, terms=terms), expected)
        if expected:
            self.model.offers[offer] = before._replace(terms=terms)

    @act(lambda self: self.model.offers, data=st.data())
    def change(self, data: st.DataObject) -> None:
        """A reward is paused, resumed or withdrawn."""
        options = list(product(sorted(self.model.offers), CHANGES))
        offer, kind = self.pick(
            data, options, lambda offer, kind: self.model.offers[offer].status in CHANGES[kind][0]
        )  # fmt: skip
        (wanted, status), before = CHANGES[kind], self.model.offers[offer]
        reason = {} if kind is ResumeReward else {"reason": "x"}
        self.do(self.say(kind, reward_id=offer, **reason), before.status in wanted)
        if before.status in wanted:
            self.model.offers[offer] = before._replace(status=status)
            if status == "paused" and data.draw(st.booleans()):
                self.do(self.say(ResumeReward, reward_id=offer), True)
                self.model.offers[offer] = before

    # Reserving

    def reserving(self, key: str, claim: Claim, by: Acting | None = None) -> Command:
        """The command that reserves something."""
        return self.say(
            ReserveReward, by or self.volunteer(claim.payer), redemption_id=RedemptionId(key),
            reward_id=RewardId(claim.offer), volunteer_id=self.person(claim.payer),
            beneficiary_id=self.person(claim.beneficiary), code_hash=code_hash(key), slot=claim.slot,
        )  # fmt: skip

    @act(lambda self: self.model.offers, data=st.data(), is_own=st.sampled_from([True, True, True, True, False]))
    def reserve(self, data: st.DataObject, is_own: bool) -> None:
        """A reward is reserved: by whose credit it is, for themselves or for another; by nobody else."""
        slots = {
            offer: [None, *(slot.starts_at for slot in terms.slots)] for offer, (terms, _) in self.model.offers.items()
        }
        options = [
            (offer, payer, beneficiary, slot)
            for offer, payer, beneficiary in product(sorted(slots), range(PEOPLE), range(PEOPLE))
            for slot in slots[offer]
        ]
        offer, payer, beneficiary, slot = self.pick(data, options, self.model.can_reserve)
        others = [by for by in self.everybody() if by != self.volunteer(payer)]
        by = self.volunteer(payer) if is_own else data.draw(st.sampled_from(others))
        self.try_to_reserve(self.model.claim(offer, payer, beneficiary, slot), by, is_own)

    @act(lambda self: self.model.rich())
    def reserve_until_none_is_left(self) -> None:
        """There are two of a reward, and one for each person."""
        rich = self.model.rich()
        offer = self.publish(
            RewardTerms(name="票", kind="goods", cost_minutes=1, provider_id="org_0", quota=2, quota_per_person=1)
        )
        for n in (rich[0], rich[0], *rich[1:]):
            self.try_to_reserve(self.model.claim(offer, n, n, None), self.volunteer(n), True)

    def try_to_reserve(self, claim: Claim, by: Acting, is_own: bool) -> None:
        """A reward is reserved, if it can be."""
        key = f"red_{self.number()}"
        can_reserve = self.model.can_reserve(claim.offer, claim.payer, claim.beneficiary, claim.slot)
        outcome = self.do(self.reserving(key, claim, by), is_own and can_reserve)
        if is_own and can_reserve:
            (fact,) = outcome.facts
            assert (fact.cost_minutes, fact.expires_at, fact.slot) == (claim.cost, claim.until, claim.slot)
            self.model.reserve(key, claim)
            self.happened["an appointment was taken"] += claim.slot is not None
            self.happened["a reward was reserved for another"] += claim.payer != claim.beneficiary

    # What becomes of it

    @act(lambda self: self.claims(), data=st.data())
    def fulfil(self, data: st.DataObject) -> None:
        """A code is accepted by who provides the reward, and by nobody to their own good."""
        key, by = self.pick(
            data, list(product(self.claims(), self.everybody())),
            lambda key, by: self.model.can_fulfil(by, self.model.claims[key]),
        )  # fmt: skip
        expected = self.model.can_fulfil(by, self.model.claims[key])
        self.do(self.say(FulfilRedemption, by, code_hash=code_hash(key)), expected)
        if expected:
            self.model.end(key, "fulfilled")

    @act(lambda self: self.acceptable(), data=st.data(), is_payer=st.booleans())
    def fulfil_ones_own(self, data: st.DataObject, is_payer: bool) -> None:
        """Who pays for it, and who gets it, do not accept the code, though they work for who provides it."""
        claim = self.model.claims[key := data.draw(st.sampled_from(self.acceptable()))]
        n = claim.payer if is_payer else claim.beneficiary
        if (claim.provider, n) not in self.model.roles and self.model.is_active(n):
            self._add(claim.provider, n, "merchant")
            self._approve(claim.provider, n, ADMINISTRATOR)
        self.do(self.say(FulfilRedemption, self.volunteer(n), code_hash=code_hash(key)), False)

    @act(body=bodies)
    def fulfil_nothing(self, body: int) -> None:
        """A code that nobody was given is worth nothing."""
        self.do(self.say(FulfilRedemption, self.program(body), code_hash=code_hash("nobody's")), False)

    @act(lambda self: self.claims(), data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A reservation is given up, by whose credit it is or by who cannot provide it."""
        key, by = self.pick(
            data, list(product(self.claims(), self.everybody())),
            lambda key, by: self.model.can_cancel(by, self.model.claims[key]),
        )  # fmt: skip
        expected = self.model.can_cancel(by, self.model.claims[key])
        self.do(self.say(CancelRedemption, by, redemption_id=RedemptionId(key), reason="x"), expected)
        if expected:
            self.model.end(key, "cancelled")

    @act(lambda self: self.acceptable())
    def come_too_late(self) -> None:
        """At the very moment until which something was reserved it is too late to accept the code, or to give it up."""
        key = min(self.acceptable(), key=lambda key: (self.model.claims[key].until, key))
        self.model.now = self.model.claims[key].until
        self.do(self.say(FulfilRedemption, code_hash=code_hash(key)), False)
        self.do(self.say(CancelRedemption, redemption_id=RedemptionId(key), reason="x"), False)

    @act(lambda self: self.claims(), data=st.data())
    def expire_one(self, data: st.DataObject) -> None:
        """What is not due is not taken back, and nothing is twice."""
        self._expire(data.draw(st.sampled_from(self.claims())))

    def _expire(self, key: str) -> None:
        is_due = self.model.is_due(self.model.claims[key])
        outcome = self.do(self.say(ExpireRedemption, redemption_id=RedemptionId(key)), True)
        assert len(outcome.facts) == is_due
        if is_due:
            self.model.end(key, "expired")

    @act(lambda self: any(map(self.model.is_due, self.model.claims.values())))
    def sweep(self) -> None:
        """What is due is found in the read model, and taken back."""
        while self.run(self.runner.catch_up(self.bank_id)):
            pass
        found = self.run(redemptions.due(self.pool, self.model.now, 100_000))
        due = [redemption for each in found if each.bank_id == self.bank_id for redemption in each.redemption_ids]
        assert set(due) == {key for key, claim in self.model.claims.items() if self.model.is_due(claim)}
        for key in due:
            self._expire(key)

    # I6: several at once

    def simple_offer(self, cost: int, quota: int | None) -> str:
        """A reward without any conditions."""
        return self.publish(RewardTerms(name="票", kind="voucher", cost_minutes=cost, provider_id="org_0", quota=quota))

    def race(self, claims: Sequence[Claim], *others: Command) -> Command | None:
        """Claims, and other commands, at once, of which one happens: the other command, or a claim, which is undone."""
        keys = [f"raced_{self.number()}" for _ in claims]
        commands = [self.reserving(key, claim) for key, claim in zip(keys, claims, strict=True)] + [*others]
        won = self.winner(commands)
        if won >= len(claims):
            return commands[won]
        self.model.reserve(keys[won], claims[won])
        self.give_up(keys[won])
        return None

    def give_up(self, key: str) -> None:
        """What is reserved is not wanted any more."""
        owner = self.volunteer(self.model.claims[key].payer)
        self.quietly(self.say(CancelRedemption, owner, redemption_id=RedemptionId(key), reason="x"))
        self.model.end(key, "cancelled")

    @act(lambda self: self.model.rich(), data=st.data())
    def race_for_the_last_unit(self, data: st.DataObject) -> None:
        """I6: of all who want the last one at the same moment, exactly one gets it."""
        rich = self.model.rich()
        cost = data.draw(st.integers(1, min(self.model.available[n] for n in rich)))
        offer = self.simple_offer(cost, 1)
        self.race([self.model.claim(offer, n, n, None) for n in (*rich, rich[0])])

    @act(lambda self: self.acceptable(), data=st.data())
    def race_for_one_code(self, data: st.DataObject) -> None:
        """I6: of several who accept a code at the same moment, exactly one does."""
        key = data.draw(st.sampled_from(self.acceptable()))
        programs = self.program(self.model.claims[key].provider), ADMINISTRATOR
        self.winner([self.say(FulfilRedemption, by, code_hash=code_hash(key)) for by in (*programs, *programs)])
        self.model.end(key, "fulfilled")

    @act(lambda self: self.model.rich(), data=st.data())
    def race_to_end(self, data: st.DataObject) -> None:
        """I7: of accepting a code and giving up what it is for, at the same moment, exactly one happens."""
        n = data.draw(st.sampled_from(self.model.rich()))
        offer = self.simple_offer(1, None)
        first, second = (f"raced_{self.number()}" for _ in range(2))
        fulfil, again = (
            self.say(FulfilRedemption, self.program(0), code_hash=code_hash(key)) for key in (first, second)
        )
        cancel = self.say(CancelRedemption, self.volunteer(n), redemption_id=RedemptionId(first), reason="x")
        claim = self.model.claim(offer, n, n, None)
        self.quietly(self.reserving(first, claim))
        self.model.reserve(first, claim)
        commands = data.draw(st.permutations([fulfil, fulfil, cancel, cancel]))
        if commands[self.winner(commands)] == fulfil:
            self.model.end(first, "fulfilled")
        else:
            self.model.end(first, "cancelled")
            self.quietly(self.reserving(second, claim))
            self.model.reserve(second, claim)
            self.quietly(again)
            self.model.end(second, "fulfilled")
