from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    EVENING,
    FULFILLED,
    GARDEN,
    LI,
    MORNING,
    NOON,
    OTHER_HASH,
    PAUSED,
    RESUMED,
    REWARD,
    WANG,
    WITHDRAWN,
    ZHAO,
    acting,
    adopted,
    amended,
    at,
    earned,
    ended,
    fulfil,
    in_office,
    offered,
    published,
    registered,
    reinstatement,
    reserve,
    reserved,
    rich,
    spent,
    standing,
    suspension,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.credit.redemptions import RESERVED_BY_THEMSELVES
from timebank.domain.credit.refusals import (
    CostIsAnother,
    NotEligible,
    NotEnoughCredit,
    PersonalQuotaReached,
    RewardNotOffered,
    RewardSoldOut,
    RewardUnknown,
    SlotFull,
    SlotIsOver,
    SlotNeeded,
    SlotUnknown,
    TooManyReservations,
)
from timebank.domain.facts.credit import (
    Eligibility,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.people import VolunteerErased, VolunteerLeft, VolunteerSuspended
from timebank.domain.identifiers import RedemptionId, VolunteerId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, OrganisationUnknown
from timebank.domain.people.refusals import (
    CannotReceive,
    VolunteerHasLeft,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerUnknown,
)
from timebank.domain.refusals import NotYourOwn
from timebank.domain.refusing import Refusal

OTHERS = RedemptionId("red_2")
TODAY = NOON.date()
DAY = timedelta(days=1)


OTHER = reserved(redemption_id=OTHERS, code_hash=OTHER_HASH)
BY_ANOTHER = reserved(redemption_id=OTHERS, code_hash=OTHER_HASH, volunteer_id=LI, beneficiary_id=WANG)
GIVEN = ended(RewardFulfilled, redemption_id=OTHERS, volunteer_id=LI, beneficiary_id=WANG)


class TestReserveReward:
    """Reserving a reward."""

    def test_reserves_credit_for_three_days(self) -> None:
        """What is reserved is on the terms of the moment, for as long as rules say: unless written, three days."""
        given(*rich()).when(reserve()).then(reserved())

    def test_for_somebody_else(self) -> None:
        """One may redeem for another volunteer, as for one's mother."""
        given(*rich(), registered(LI)).when(reserve(beneficiary_id=LI)).then(reserved(beneficiary_id=LI))

    def test_moves_minutes_from_available_to_reserved(self) -> None:
        """The minutes are neither available nor spent, and service stays as it is."""
        book = Book(*rich())
        book.do(reserve())
        on = {account: book.minutes(account) for account in ("available", "reserved", "redeemed", "served")}
        assert on == {"available": 480, "reserved": 120, "redeemed": 0, "served": 600}

    @pytest.mark.parametrize(("hours", "day"), [(1, TODAY), (24 * 366, TODAY - DAY)])
    def test_lasts_as_the_rules_say(self, hours: int, day: date) -> None:
        """How long a code is good for is in the rule book in force today."""
        later = adopted(2, TODAY + DAY, reservation_hours=9)
        fact = given(*rich(adopted(1, day, reservation_hours=hours), later)).when(reserve()).fact
        assert fact.expires_at == NOON + timedelta(hours=hours)

    def test_counts_for_the_period_of_today(self) -> None:
        """The period is that of the local day of now."""
        fact = given(*rich(quota_every="month", quota=1)).when(reserve()).fact
        assert fact.period == "2026-11"

    @pytest.mark.parametrize("by", [acting(LI), ADMINISTRATOR, CLINICS_PROGRAM, in_office("administrator", WANG)])
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody spends another's credit, the bank included."""
        given(*rich()).when(reserve(by)).then_refused(NotYourOwn)

    @pytest.mark.parametrize(
        ("fact", "refusal"),
        [
            (VolunteerSuspended, VolunteerIsSuspended),
            (VolunteerErased, VolunteerIsErased),
            (VolunteerLeft, VolunteerHasLeft),
        ],
    )
    def test_refused_unless_both_are_active(self, fact: Any, refusal: Any) -> None:
        """Neither who pays nor whom it is for may be suspended, erased or gone; why the other is not is not told."""
        more = {"reason": "代签"} if fact is VolunteerSuspended else {}
        for one, why in ((WANG, refusal), (LI, CannotReceive)):
            history = rich(registered(LI), fact(volunteer_id=one, **more))
            given(*history).when(reserve(beneficiary_id=LI)).then_refused(why, volunteer_id=one)

    def test_refused_for_nobody(self) -> None:
        """It is for a volunteer of the bank, as who pays is one."""
        given(*rich()).when(reserve(beneficiary_id=LI)).then_refused(VolunteerUnknown, volunteer_id=LI)


class TestOffered:
    """When a reward can be redeemed."""

    def test_refused_for_no_reward(self) -> None:
        """There has to be one."""
        given(registered(), earned(600)).when(reserve()).then_refused(RewardUnknown, reward_id=REWARD)

    @pytest.mark.parametrize(("history", "status"), [((PAUSED,), "paused"), ((WITHDRAWN,), "withdrawn")])
    def test_refused_unless_published(self, history: tuple[Fact, ...], status: str) -> None:
        """What is paused or withdrawn is not to be had; what is resumed is."""
        given(*rich(*history)).when(reserve()).then_refused(RewardNotOffered, why="it is {status}", status=status)
        given(*rich(PAUSED, RESUMED)).when(reserve()).then(reserved())

    @pytest.mark.parametrize(("first", "last"), [(TODAY, TODAY), (None, TODAY), (TODAY, None)])
    def test_from_the_first_to_the_last_day(self, first: date | None, last: date | None) -> None:
        """Both days of the window belong to it."""
        given(*rich(available_from=first, available_until=last)).when(reserve()).then(reserved())

    def test_refused_outside_its_window(self) -> None:
        """Nobody redeems before the first day, nor after the last: the local day counts, to the minute."""
        ended_yesterday = rich(available_until=TODAY - DAY)
        given(*ended_yesterday).when(reserve()).then_refused(
            RewardNotOffered, why="it was until {day}", day="2026-11-19"
        )
        given(*rich(available_from=TODAY + DAY)).when(reserve()).then_refused(RewardNotOffered)
        until_today = rich(available_until=TODAY)
        fact = given(*until_today).when(reserve(at=at(20, 23, 59))).fact
        assert fact.expires_at == at(23, 23, 59)
        given(*until_today).when(reserve(at=at(21, 0))).then_refused(RewardNotOffered)

    def test_refused_unless_the_provider_is_approved(self) -> None:
        """Nobody pays for what is not to be had: the provider has to be approved now, as when it was published."""
        decided = given(published(), registered(), earned(600)).when(reserve())
        decided.then_refused(OrganisationUnknown, organisation_id=CLINIC)
        decided = given(published(), standing(CLINIC)[0], registered(), earned(600)).when(reserve())
        decided.then_refused(OrganisationNotApproved, organisation_id=CLINIC, status="registered")
        decided = given(*rich(suspension())).when(reserve())
        decided.then_refused(OrganisationNotApproved, organisation_id=CLINIC, status="suspended")
        given(*rich(suspension(), reinstatement())).when(reserve()).then(reserved())

    def test_from_the_provider_of_now(self) -> None:
        """Where another organisation provides it now, that one has to be approved, and it alone."""
        history = (published(), amended(provider_id=GARDEN), *standing(GARDEN), registered(), earned(600))
        given(*history).when(reserve()).then(reserved(provider_id=GARDEN))
        given(*history, suspension(GARDEN)).when(reserve()).then_refused(OrganisationNotApproved)

    def test_on_the_terms_of_now(self) -> None:
        """Amended terms hold for whoever redeems then; what is reserved already stays as it was."""
        history = rich(amended(cost_minutes=60, name="体检套餐"))
        given(*history).when(reserve()).then(reserved(cost_minutes=60, name="体检套餐"))
        given(*history).when(reserve(seen_minutes=60)).then(reserved(cost_minutes=60, name="体检套餐"))
        given(*history).when(reserve(seen_minutes=120)).then_refused(CostIsAnother, minutes=60)
        book = Book(*rich())
        book.do(reserve())
        book.facts.append(amended(cost_minutes=500, provider_id="org_other"))
        assert book.do(fulfil()) == FULFILLED


class TestCredit:
    """What it takes to pay."""

    def test_to_the_last_minute(self) -> None:
        """What is available can be spent, and not a minute more."""
        given(*offered(), registered(), earned(120)).when(reserve()).then(reserved())
        decided = given(*offered(), registered(), earned(119)).when(reserve())
        decided.then_refused(NotEnoughCredit, minutes=120, available_minutes=119)

    def test_what_is_reserved_is_not_available(self) -> None:
        """The same minutes are not spent twice, until they are released."""
        history = (*offered(), registered(), earned(200), OTHER)
        given(*history).when(reserve()).then_refused(NotEnoughCredit, available_minutes=80)
        for end in (ReservationCancelled, ReservationExpired):
            released = ended(end, redemption_id=OTHERS, code_hash=OTHER_HASH)
            given(*history, released).when(reserve()).then(reserved())
        kept = ended(RewardFulfilled, redemption_id=OTHERS, code_hash=OTHER_HASH)
        given(*history, kept).when(reserve()).then_refused(NotEnoughCredit, available_minutes=80)

    def test_the_beneficiarys_credit_is_left_alone(self) -> None:
        """Who pays is who redeems, whatever the other has."""
        decided = given(*offered(), registered(), registered(LI), earned(100)).when(reserve(beneficiary_id=LI))
        decided.then_refused(NotEnoughCredit, available_minutes=100)
        book = Book(*offered(), registered(), registered(LI), earned(600, LI))
        with pytest.raises(NotEnoughCredit):
            book.do(reserve(beneficiary_id=LI))

    def test_what_was_given_to_them_does_not_count(self) -> None:
        """What others reserved for somebody is not out of their own pocket."""
        theirs = reserved(redemption_id=OTHERS, volunteer_id=LI, beneficiary_id=WANG)
        given(*offered(), registered(), earned(120), theirs).when(reserve()).then(reserved())


class TestEligible:
    """Who a reward is for."""

    def test_by_minutes_served(self) -> None:
        """Service counts, not credit, and not what is left of it."""
        wanted = {"eligibility": Eligibility(service_minutes=600)}
        given(*rich(spent(480), **wanted)).when(reserve()).then(reserved())
        decided = given(*offered(**wanted), registered(), earned(599, credited_minutes=900)).when(reserve())
        decided.then_refused(NotEligible, minutes=600, served=599)

    def test_paid_duty_makes_nobody_eligible(self) -> None:
        """On-duty hours are no service."""
        duty = earned(600, capacity="staff-on-duty", credited_minutes=600)
        history = (*offered(eligibility=Eligibility(service_minutes=1)), registered(), duty)
        given(*history).when(reserve()).then_refused(NotEligible)

    @pytest.mark.parametrize(("days_ago", "within"), [(0, 1), (1, 2), (29, 30)])
    def test_by_minutes_in_the_last_days(self, days_ago: int, within: int) -> None:
        """Of so many days today is the last: the day before the first of them does not count."""
        wanted = {"eligibility": Eligibility(service_minutes=600, within_days=within)}
        recent = earned(600, local_date=TODAY - days_ago * DAY)
        given(*offered(**wanted), registered(), recent).when(reserve()).then(reserved())
        before = earned(600, local_date=TODAY - (days_ago + 1) * DAY)
        decided = given(*offered(**wanted), registered(), before).when(reserve())
        decided.then_refused(NotEligible, minutes=600, days=within, served=0)

    def test_by_stars(self) -> None:
        """Stars are those that service is today, by the rules of today."""
        wanted = {"eligibility": Eligibility(stars=2)}
        decided = given(*rich(**wanted)).when(reserve())
        decided.then_refused(NotEligible, wanted=2, stars=0)
        easy, hard = adopted(1, TODAY, star_minutes=(300, 600)), adopted(2, TODAY + DAY, star_minutes=(300, 900))
        given(*rich(easy, hard, **wanted)).when(reserve()).then(reserved())

    def test_who_pays_has_to_be(self) -> None:
        """It is whoever served for it who earned it, and they may let another have it."""
        wanted = {"eligibility": Eligibility(service_minutes=600)}
        given(*rich(**wanted), registered(LI)).when(reserve(beneficiary_id=LI)).then(reserved(beneficiary_id=LI))


class TestQuota:
    """How many there are."""

    def of(self, number: int, **changes: Any) -> RewardReserved:
        """One of the others' reservations."""
        other = VolunteerId(f"vol_{number}")
        return reserved(
            **(
                {"redemption_id": RedemptionId(f"red_{number}"), "volunteer_id": other, "code_hash": OTHER_HASH}
                | changes
            )
        )

    def test_refused_when_sold_out(self) -> None:
        """There are as many as there are."""
        given(*rich(self.of(8), quota=2)).when(reserve()).then(reserved())
        given(*rich(self.of(8), self.of(9), quota=2)).when(reserve()).then_refused(RewardSoldOut, period="all")

    def test_counts_each_period(self) -> None:
        """Each month has its own, and what comes back goes to the month it was of."""
        terms: dict[str, Any] = {"quota": 1, "quota_every": "month"}
        october, november = self.of(8, period="2026-10"), self.of(9, period="2026-11")
        given(*rich(october, **terms)).when(reserve()).then(reserved(period="2026-11"))
        given(*rich(november, **terms)).when(reserve()).then_refused(RewardSoldOut, period="2026-11")
        released = ended(ReservationCancelled, period="2026-10", volunteer_id=VolunteerId("vol_8"))
        given(*rich(november, october, released, **terms)).when(reserve()).then_refused(RewardSoldOut)

    @pytest.mark.parametrize(
        ("terms", "period", "told"),
        [
            ({"quota_every": "year"}, "2026", "it can be redeemed again from 2027-01-01 on"),
            ({"quota_every": "month"}, "2026-11", "it can be redeemed again from 2026-12-01 on"),
            ({"quota_every": "quarter"}, "2026-Q4", "it can be redeemed again from 2027-01-01 on"),
            ({"quota_every": "year", "available_until": date(2026, 12, 31)}, "2026", "choose another reward"),
            ({}, "all", "choose another reward"),
        ],
    )
    @pytest.mark.parametrize(
        ("quota", "refusal"), [("quota", RewardSoldOut), ("quota_per_person", PersonalQuotaReached)]
    )
    def test_says_what_to_do_next(
        self, quota: str, refusal: type[Refusal], terms: dict[str, Any], period: str, told: str
    ) -> None:
        """Whoever comes too late is told from which day on it can be had again; where it cannot, to choose another."""
        decided = given(*rich(reserved(period=period), **{quota: 1}, **terms)).when(reserve())
        decided.then_refused(refusal, period=period)
        assert told in str(decided.outcome)

    @pytest.mark.parametrize("end", [ReservationCancelled, ReservationExpired])
    def test_comes_back_when_released(self, end: type[Fact]) -> None:
        """What is released can be had by the next; what was fulfilled is gone."""
        terms: dict[str, Any] = {"quota": 1, "quota_per_person": 1}
        given(*rich(reserved(), ended(end), **terms)).when(reserve()).then(reserved())
        fulfilled = (reserved(), FULFILLED)
        given(*rich(*fulfilled, quota=1)).when(reserve()).then_refused(RewardSoldOut)
        given(*rich(*fulfilled, quota_per_person=1)).when(reserve()).then_refused(PersonalQuotaReached)

    @pytest.mark.parametrize("before", [(OTHER,), (reserved(beneficiary_id=LI),), (BY_ANOTHER, GIVEN)])
    def test_refused_when_one_had_theirs(self, before: tuple[Fact, ...]) -> None:
        """One per person is one, whether one paid for it or was given it."""
        decided = given(*rich(*before, quota_per_person=1)).when(reserve())
        decided.then_refused(PersonalQuotaReached, quota=1, period="all")

    def test_what_others_reserved_for_one_gives_way(self) -> None:
        """Nobody keeps another from a reward by reserving it for them, again and again: their own goes before."""
        given_up = ended(
            ReservationCancelled,
            redemption_id=OTHERS,
            code_hash=OTHER_HASH,
            volunteer_id=LI,
            beneficiary_id=WANG,
            cancelled_by=WANG,
            reason=RESERVED_BY_THEMSELVES,
        )
        given(*rich(BY_ANOTHER, quota_per_person=1)).when(reserve()).then(given_up, reserved())
        given(*rich(BY_ANOTHER, quota_per_person=2)).when(reserve()).then(reserved())
        own = reserved(redemption_id=RedemptionId("red_3"))
        given(*rich(BY_ANOTHER, own, quota_per_person=1)).when(reserve()).then_refused(PersonalQuotaReached)
        for_li = given(*rich(BY_ANOTHER, quota_per_person=1), registered(LI)).when(reserve(beneficiary_id=LI))
        for_li.then_refused(PersonalQuotaReached)

    @pytest.mark.parametrize("before", [reserved(volunteer_id=LI), reserved(volunteer_id=ZHAO, beneficiary_id=LI)])
    def test_refused_when_the_beneficiary_had_theirs(self, before: RewardReserved) -> None:
        """Nobody gets a second one by another's hand; who that is learns no cause, and nothing without credit."""
        command = reserve(beneficiary_id=LI)
        given(*rich(before, quota_per_person=1), registered(LI)).when(command).then_refused(CannotReceive)
        poor = *offered(quota_per_person=1), registered(), registered(LI), before
        given(*poor).when(command).then_refused(NotEnoughCredit)

    def test_refused_with_too_many_that_wait(self) -> None:
        """So many rewards are reserved with one person's credit at once, for whomever; each that is over makes room."""
        rules, other = adopted(open_reservations=1), {"redemption_id": OTHERS}
        for beneficiary in (WANG, LI):
            waiting = reserved(**other, beneficiary_id=beneficiary)
            given(*rich(rules, waiting)).when(reserve()).then_refused(TooManyReservations, open=1, most=1)
        given(*rich(rules, reserved(**other, volunteer_id=LI, beneficiary_id=WANG))).when(reserve()).then(reserved())
        for end in (ended(ReservationCancelled), ended(ReservationExpired), FULFILLED):
            given(*rich(rules, reserved(), end)).when(reserve(**other)).then(reserved(**other))

    def test_counts_a_reservation_once(self) -> None:
        """Who pays for themselves has taken one, not two; another month is another one."""
        given(*rich(OTHER, quota_per_person=2)).when(reserve()).then(reserved())
        monthly: dict[str, Any] = {"quota_per_person": 1, "quota_every": "month"}
        last = reserved(redemption_id=OTHERS, period="2026-10")
        given(*rich(last, **monthly)).when(reserve()).then(reserved(period="2026-11"))


class TestAppointments:
    """Rewards with an appointment."""

    def test_lasts_until_a_day_after_it(self) -> None:
        """With an appointment the code is good until the day after, however short reservations are otherwise."""
        history = rich(adopted(reservation_hours=1), slots=(MORNING, EVENING))
        slot, until = EVENING.starts_at, EVENING.starts_at + DAY
        given(*history).when(reserve(slot=slot)).then(reserved(slot=slot, expires_at=until))

    def test_refused_unless_chosen(self) -> None:
        """One of the appointments has to be chosen, where there are any."""
        given(*rich(slots=(MORNING,))).when(reserve()).then_refused(SlotNeeded)
        moment = at(25, 9)
        decided = given(*rich(slots=(MORNING,))).when(reserve(slot=moment))
        decided.then_refused(SlotUnknown, slot=moment.isoformat())
        given(*rich()).when(reserve(slot=moment)).then_refused(SlotUnknown)

    def test_refused_when_full(self) -> None:
        """As many as there are places, whichever month or zone they were reserved in; what is released is free."""
        slot = EVENING.starts_at
        taken = reserved(
            redemption_id=OTHERS, volunteer_id=LI, slot=slot.astimezone(ZoneInfo("Europe/Berlin")), period="2026-10"
        )
        history = rich(taken, slots=(MORNING, EVENING))
        given(*history).when(reserve(slot=slot)).then_refused(SlotFull, slot=slot.isoformat())
        assert given(*history).when(reserve(slot=MORNING.starts_at)).fact.slot == MORNING.starts_at
        released = ended(ReservationExpired, slot=slot, volunteer_id=LI, redemption_id=OTHERS)
        assert given(*history, released).when(reserve(slot=slot)).fact.slot == slot

    def test_refused_when_it_is_over(self) -> None:
        """An appointment that has begun cannot be taken."""
        slot = MORNING.starts_at
        given(*rich(slots=(MORNING,))).when(reserve(slot=slot, at=slot)).then_refused(SlotIsOver)
        before = slot - timedelta(minutes=1)
        assert given(*rich(slots=(MORNING,))).when(reserve(slot=slot, at=before)).fact.slot == slot
