"""Rewards and redemptions."""

import hashlib
from datetime import timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.attending import Attending
from tests.machine.base import act, bodies, sensible, which
from tests.machine.model import PEOPLE
from tests.machine.things import Claim, Offer
from timebank.domain.acting import Acting
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.rewards import AmendReward, PauseReward, PublishReward, ResumeReward, WithdrawReward
from timebank.domain.facts.credit import Eligibility, RewardTerms, Slot
from timebank.domain.identifiers import RedemptionId, RewardId
from timebank.domain.kernel import Command
from timebank.projections.credit import redemptions

quotas = st.sampled_from([None, 1, 2])
eligibilities = st.sampled_from(
    [{}, {}, {}, {"service_minutes": 120}, {"service_minutes": 120, "within_days": 2}, {"stars": 1}]
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


def code_hash(key: str) -> str:
    """What is known of the code of a redemption."""
    return hashlib.sha256(key.encode()).hexdigest()


class Spending(Attending):
    """Rewards are offered, reserved, fulfilled, cancelled and expire."""

    def claims(self) -> list[str]:
        """What was reserved, races aside."""
        return [key for key in self.model.claims if key.startswith("red_")]

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

    def publish(self, terms: RewardTerms) -> str:
        """A reward is published, if there can be one on these terms."""
        offer, expected = RewardId(f"rew_{self.number()}"), self.model.can_offer(terms)
        self.do(self.say(PublishReward, reward_id=offer, terms=terms), expected)
        if expected:
            self.model.offers[offer] = Offer(terms)
        return offer

    @act(provider=bodies, limits=limits, window=windows, eligibility=eligibilities, slots=slot_plans)
    def offer(self, provider: int, limits: Any, window: Any, eligibility: Any, slots: Any) -> None:
        """A reward is published, if its provider is approved."""
        self.publish(self.terms(provider, limits, window, eligibility, slots))

    @act(limits=limits)
    def offer_simply(self, limits: Any) -> None:
        """A reward is published that everybody can have."""
        self.publish(self.terms(0, limits, (None, None), {}, ()))

    @act(
        lambda self: self.model.offers,
        which=which, provider=bodies, limits=limits, window=windows, eligibility=eligibilities, slots=slot_plans,
    )  # fmt: skip
    def amend(self, which: int, **on: Any) -> None:
        """The terms of a reward change, for whoever reserves it from now on."""
        self._amend(which, self.terms(**on))

    @act(lambda self: self.model.offers, which=which)
    def amend_nothing(self, which: int) -> None:
        """Terms that are as they were are not amended."""
        self._amend(which, self._offer(which)[1].terms)

    def _offer(self, which: int) -> tuple[str, Offer]:
        return list(self.model.offers.items())[which % len(self.model.offers)]

    def _amend(self, which: int, terms: RewardTerms) -> None:
        offer, before = self._offer(which)
        expected = before.status != "withdrawn" and self.model.can_offer(terms) and terms != before.terms
        self.do(self.say(AmendReward, reward_id=offer, terms=terms), expected)
        if expected:
            self.model.offers[offer] = before._replace(terms=terms)

    @act(lambda self: self.model.offers, which=which)
    def pause(self, which: int) -> None:
        """A reward is paused, if it is offered."""
        self._change(which, PauseReward, ("published",), "paused", reason="x")

    @act(lambda self: self.model.offers, which=which)
    def resume(self, which: int) -> None:
        """A reward is resumed, if it is paused."""
        self._change(which, ResumeReward, ("paused",), "published")

    @act(lambda self: self.model.offers, which=which)
    def withdraw(self, which: int) -> None:
        """A reward is withdrawn, for good."""
        self._change(which, WithdrawReward, ("published", "paused"), "withdrawn", reason="x")

    def _change(self, which: int, kind: Any, wanted: tuple[str, ...], status: str, **why: str) -> None:
        offer, before = self._offer(which)
        self.do(self.say(kind, reward_id=offer, **why), before.status in wanted)
        if before.status in wanted:
            self.model.offers[offer] = before._replace(status=status)

    # Reserving

    def reserving(self, key: str, claim: Claim, by: Acting | None = None) -> Command:
        """The command that reserves something."""
        return self.say(
            ReserveReward, by or self.volunteer(claim.payer), redemption_id=RedemptionId(key),
            reward_id=RewardId(claim.offer), volunteer_id=self.person(claim.payer),
            beneficiary_id=self.person(claim.beneficiary), code_hash=code_hash(key), slot=claim.slot,
        )  # fmt: skip

    def _claimable(self) -> list[tuple[str, int, int, Any]]:
        """All that could be asked for: each reward and appointment, by everybody, for everybody."""
        return [
            (offer, payer, beneficiary, slot)
            for offer, payer, beneficiary in product(self.model.offers, range(PEOPLE), range(PEOPLE))
            for slot in (None, *(slot.starts_at for slot in self.model.offers[offer].terms.slots))
        ]

    @act(lambda self: self.model.offers, which=which, sensible=sensible)
    def reserve(self, which: int, sensible: bool) -> None:
        """A reward is reserved, by whose credit it is, for themselves or for another."""
        claim = self.model.claim(*self.pick(self._claimable(), which, sensible, self.model.can_reserve))
        self.try_to_reserve(claim, self.volunteer(claim.payer))

    @act(lambda self: self.model.offers, which=which, who=which)
    def reserve_for_ones_own(self, which: int, who: int) -> None:
        """A reward is reserved by whoever it is, with the credit of somebody: by nobody else than them."""
        claim = self.model.claim(*self.pick(self._claimable(), which, True, self.model.can_reserve))
        others = [by for by in self.everybody() if by != self.volunteer(claim.payer)]
        self.try_to_reserve(claim, others[who % len(others)])

    @act(lambda self: self.model.rich(), which=which, is_more=st.booleans())
    def reserve_all_there_is(self, which: int, is_more: bool) -> None:
        """A reward that costs all that somebody has can be theirs; one that costs a minute more cannot."""
        n = self.model.rich()[which % len(self.model.rich())]
        cost: Any = {"cost_minutes": self.model.available[n] + is_more}
        offer = self.publish(RewardTerms(name="礼包", kind="goods", provider_id=self.body(0), **cost))
        self.try_to_reserve(self.model.claim(offer, n, n, None), self.volunteer(n))

    @act(lambda self: self.model.rich())
    def reserve_until_none_is_left(self) -> None:
        """There are two of a reward, and one for each person."""
        rich = self.model.rich()
        offer = self.publish(
            RewardTerms(name="票", kind="goods", cost_minutes=1, provider_id=self.body(0), quota=2, quota_per_person=1)
        )
        for n in (rich[0], rich[0], *rich[1:]):
            self.try_to_reserve(self.model.claim(offer, n, n, None), self.volunteer(n))

    def try_to_reserve(self, claim: Claim, by: Acting) -> None:
        """A reward is reserved, if it can be, and by whose credit it is."""
        key = f"red_{self.number()}"
        can_reserve = self.model.can_reserve(claim.offer, claim.payer, claim.beneficiary, claim.slot)
        expected = can_reserve and by == self.volunteer(claim.payer)
        outcome = self.do(self.reserving(key, claim, by), expected)
        if expected:
            (fact,) = outcome.facts
            assert (fact.cost_minutes, fact.expires_at, fact.slot) == (claim.cost, claim.until, claim.slot)
            self.model.reserve(key, claim)
            self._note_kinds(claim)

    def _note_kinds(self, claim: Claim) -> None:
        kinds = {
            "an appointment was taken": claim.slot,
            "a reward was reserved for another": claim.payer != claim.beneficiary,
        }
        self.happened |= {what for what, is_so in kinds.items() if is_so}

    # What becomes of it

    @act(lambda self: self.claims(), which=which, sensible=sensible)
    def fulfil(self, which: int, sensible: bool) -> None:
        """A code is accepted by who provides the reward, and by nobody to their own good."""
        options = list(product(self.claims(), self.everybody()))
        key, by = self.pick(options, which, sensible, lambda key, by: self.model.can_fulfil(by, self.model.claims[key]))
        expected = self.model.can_fulfil(by, self.model.claims[key])
        self.do(self.say(FulfilRedemption, by, code_hash=code_hash(key)), expected)
        if expected:
            self.model.end(key, "fulfilled")

    @act(lambda self: self.acceptable(), which=which, is_payer=st.booleans())
    def fulfil_ones_own(self, which: int, is_payer: bool) -> None:
        """Who pays for it, and who gets it, do not accept the code, though they work for who provides it."""
        key = self.acceptable()[which % len(self.acceptable())]
        claim = self.model.claims[key]
        n = claim.payer if is_payer else claim.beneficiary
        if (claim.provider, n) not in self.model.roles:
            self.add(claim.provider, n, "merchant")
            self.approve(claim.provider, n, ADMINISTRATOR)
        self.do(self.say(FulfilRedemption, self.volunteer(n), code_hash=code_hash(key)), False)

    @act(body=bodies)
    def fulfil_nothing(self, body: int) -> None:
        """A code that nobody was given is worth nothing."""
        self.do(self.say(FulfilRedemption, self.program(body), code_hash=code_hash("nobody's")), False)

    @act(lambda self: self.claims(), which=which, sensible=sensible)
    def cancel(self, which: int, sensible: bool) -> None:
        """A reservation is given up, by whose credit it is or by who cannot provide it."""
        options = list(product(self.claims(), self.everybody()))
        key, by = self.pick(options, which, sensible, lambda key, by: self.model.can_cancel(by, self.model.claims[key]))
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

    @act(lambda self: self.claims(), which=which)
    def expire(self, which: int) -> None:
        """What is not due is not taken back, and nothing is twice."""
        self._expire(self.claims()[which % len(self.claims())])

    @act(lambda self: self.acceptable(), which=which)
    def never_come(self, which: int) -> None:
        """Nobody comes for what is reserved, until it is due and taken back."""
        key = self.acceptable()[which % len(self.acceptable())]
        self.model.now = max(self.model.now, self.model.claims[key].until)
        self._expire(key)

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
