from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CANCELLED,
    CLINIC,
    CLINICS_PROGRAM,
    EXPIRED,
    FULFILLED,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    OTHER_HASH,
    PAUSED,
    REDEMPTION,
    SOON,
    WANG,
    WITHDRAWN,
    ZHAO,
    acting,
    earned,
    ended,
    fulfil,
    in_office,
    member,
    offered,
    on_behalf,
    owing,
    proxy,
    registered,
    reinstatement,
    reserve,
    reserved,
    rich,
    standing,
    suspension,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.credit.accounts import postings
from timebank.domain.credit.redemptions import CancelRedemption, ExpireRedemption, expires_at
from timebank.domain.credit.refusals import (
    FulfillerIsBeneficiary,
    NotEnoughCredit,
    ProxyIsBeneficiary,
    RedemptionCodeUnknown,
    RedemptionNotOpen,
    RedemptionUnknown,
)
from timebank.domain.facts.credit import ReservationCancelled, ReservationExpired, RewardFulfilled, Rules
from timebank.domain.facts.people import ProxyUsed, RegistrationsMerged, VolunteerSuspended
from timebank.domain.identifiers import ActorId, MergeId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, RoleMissing
from timebank.domain.people.refusals import ProxyLimitReached, ProxyMinutesReached, ProxyNotAllowed, VolunteerUnknown
from timebank.domain.refusals import NotYourOwn, YouAreSuspended

TODAY = NOON.date()
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def cancel(by: Acting | None = None, **changes: Any) -> CancelRedemption:
    """Wang does not want it any more."""
    fields: dict[str, Any] = {"redemption_id": REDEMPTION, "reason": "有事"}
    return CancelRedemption(**({"by": by or acting(WANG), "at": NOON} | fields | changes))


def expire(**changes: Any) -> ExpireRedemption:
    """What nobody came for is taken back."""
    return ExpireRedemption(**({"by": ADMINISTRATOR, "at": SOON, "redemption_id": REDEMPTION} | changes))


OVER = [
    pytest.param((FULFILLED,), "fulfilled", id="fulfilled"),
    pytest.param((CANCELLED,), "cancelled", id="cancelled"),
    pytest.param((EXPIRED,), "expired", id="expired"),
]
BY_PROVIDER = [CLINICS_PROGRAM, ADMINISTRATOR, in_office("administrator")]


class TestFulfilRedemption:
    """Giving what was reserved."""

    @pytest.mark.parametrize("by", BY_PROVIDER)
    def test_fulfilled_by_the_provider_or_the_bank(self, by: Acting) -> None:
        """The provider's program accepts codes, and so do administrators."""
        given(*standing(CLINIC), reserved()).when(fulfil(by)).then(ended(RewardFulfilled, fulfilled_by=by.actor))

    @pytest.mark.parametrize("role", ["merchant", "coordinator"])
    def test_fulfilled_by_a_member_who_may(self, role: Any) -> None:
        """Merchants and coordinators accept codes for their organisation."""
        decided = given(*standing(CLINIC), reserved(), *member(LI, role, CLINIC)).when(fulfil(acting(LI)))
        decided.then(ended(RewardFulfilled, fulfilled_by=ActorId(LI)))

    @pytest.mark.parametrize("role", ["member", "recorder", "verifier"])
    def test_refused_for_other_members(self, role: Any) -> None:
        """Accepting codes needs one of these roles."""
        decided = given(*standing(CLINIC), reserved(), *member(LI, role, CLINIC)).when(fulfil(acting(LI)))
        decided.then_refused(RoleMissing, role="merchant or coordinator", organisation_id=CLINIC)

    def test_refused_outside_the_term(self) -> None:
        """A merchant accepts codes up to the last day of their term."""
        until_today, until_yesterday = (member(LI, "merchant", CLINIC, valid_until=day) for day in (TODAY, TODAY - DAY))
        assert given(*standing(CLINIC), reserved(), *until_today).when(fulfil(acting(LI))).fact.fulfilled_by == LI
        given(*standing(CLINIC), reserved(), *until_yesterday).when(fulfil(acting(LI))).then_refused(RoleMissing)

    def test_refused_while_suspended(self) -> None:
        """Who is suspended accepts nothing."""
        suspended = VolunteerSuspended(volunteer_id=LI, reason="代签")
        given(*standing(CLINIC), reserved(), *member(LI, "merchant", CLINIC), suspended).when(
            fulfil(acting(LI))
        ).then_refused(YouAreSuspended)

    @pytest.mark.parametrize(
        "by",
        [
            acting(ZHAO),
            acting(WANG),
            GARDENERS_PROGRAM,
            on_behalf(),
            in_office("auditor"),
            in_office("node-leader"),
        ],
    )
    @pytest.mark.parametrize("history", [(reserved(),), (reserved(), FULFILLED), (reserved(), CANCELLED)])
    def test_refused_for_strangers(self, history: tuple[Fact, ...], by: Acting) -> None:
        """To those who do not provide it no code is known, and they do not learn what became of it."""
        given(*history).when(fulfil(by)).then_refused(RedemptionCodeUnknown)

    def test_refused_for_no_code(self) -> None:
        """A code that nothing is reserved under is told in the same way."""
        given().when(fulfil()).then_refused(RedemptionCodeUnknown)
        with pytest.raises(RedemptionCodeUnknown):
            Book(reserved()).do(fulfil(code_hash=OTHER_HASH))

    @pytest.mark.parametrize(
        "change", [{}, {"beneficiary_id": LI}, {"volunteer_id": LI, "beneficiary_id": WANG}], ids=str
    )
    def test_refused_for_ones_own(self, change: dict[str, Any]) -> None:
        """Nobody accepts a code they pay for, or that is for them: as a merchant, or in office."""
        history = (*standing(CLINIC), reserved(**change), *member(WANG, "merchant", CLINIC))
        given(*history).when(fulfil(acting(WANG))).then_refused(FulfillerIsBeneficiary)
        in_person = fulfil(in_office("administrator", WANG))
        given(*standing(CLINIC), reserved(**change)).when(in_person).then_refused(FulfillerIsBeneficiary)

    def test_refused_for_ones_earlier_number(self) -> None:
        """What is for a number that was merged with one's own is for oneself."""
        for_li = reserved(volunteer_id=ZHAO, beneficiary_id=LI, reserved_by=ZHAO)
        one_person = RegistrationsMerged(
            merge_id=MergeId("mrg_1"),
            kept_id=WANG,
            merged_id=LI,
            kept_number="123456789015",
            approved_by=ActorId(ZHAO),
        )
        history = (*standing(CLINIC), for_li, *member(WANG, "merchant", CLINIC), one_person)
        given(*history).when(fulfil(acting(WANG))).then_refused(FulfillerIsBeneficiary)

    def test_refused_for_what_one_reserved_as_a_proxy(self) -> None:
        """Who reserved it for another does not accept the code; anybody else of the provider does."""
        history = (*standing(CLINIC), reserved(reserved_by=ZHAO))
        merchant = member(ZHAO, "merchant", CLINIC)
        given(*history, *merchant).when(fulfil(acting(ZHAO))).then_refused(FulfillerIsBeneficiary)
        given(*history).when(fulfil(in_office("administrator", ZHAO))).then_refused(FulfillerIsBeneficiary)
        decided = given(*history, *member(LI, "merchant", CLINIC)).when(fulfil(acting(LI)))
        decided.then(ended(RewardFulfilled, fulfilled_by=ActorId(LI)))
        given(*history, *member(WANG, "merchant", CLINIC)).when(fulfil(acting(WANG))).then_refused(
            FulfillerIsBeneficiary
        )

    def test_refused_for_whom_one_spends(self) -> None:
        """Who spends somebody's credit as a proxy does not accept it at their own counter, whoever reserved it."""
        history = *standing(CLINIC), reserved(), *member(ZHAO, "merchant", CLINIC)
        spends = proxy(scopes=("view", "redeem"))
        given(*history, spends).when(fulfil(acting(ZHAO))).then_refused(FulfillerIsBeneficiary)
        given(*history, proxy()).when(fulfil(acting(ZHAO))).then(ended(RewardFulfilled, fulfilled_by=ActorId(ZHAO)))

    @pytest.mark.parametrize("by", [CLINICS_PROGRAM, acting(LI)])
    def test_refused_while_the_provider_is_suspended(self, by: Acting) -> None:
        """A suspended organisation accepts no codes; a reinstated one does again."""
        history = (*standing(CLINIC), reserved(), *(member(LI, "merchant", CLINIC) if by == acting(LI) else ()))
        decided = given(*history, suspension()).when(fulfil(by))
        decided.then_refused(OrganisationNotApproved, organisation_id=CLINIC, status="suspended")
        decided = given(*history, suspension(), reinstatement()).when(fulfil(by))
        decided.then(ended(RewardFulfilled, fulfilled_by=by.actor))

    def test_an_administrator_can_say_that_it_was_given_before(self) -> None:
        """What a provider gave before it was suspended is not lost to it: the bank accepts the code."""
        decided = given(*standing(CLINIC), reserved(), suspension()).when(fulfil(ADMINISTRATOR))
        decided.then(ended(RewardFulfilled, fulfilled_by=ADMINISTRATOR.actor))

    def test_refused_for_strangers_to_a_suspended_provider(self) -> None:
        """That a provider is suspended is not told by its codes."""
        given(*standing(CLINIC), suspension(), reserved()).when(fulfil(GARDENERS_PROGRAM)).then_refused(
            RedemptionCodeUnknown
        )

    @pytest.mark.parametrize(("history", "status"), OVER)
    def test_refused_when_it_is_over(self, history: tuple[Fact, ...], status: str) -> None:
        """Each code is accepted once, and not after it was given up or taken back."""
        decided = given(*standing(CLINIC), reserved(), *history).when(fulfil())
        decided.then_refused(RedemptionNotOpen, redemption_id=REDEMPTION, status=status)

    def test_refused_when_its_time_is_over(self) -> None:
        """A code is good up to its last moment, whether or not it was taken back since."""
        assert given(*standing(CLINIC), reserved()).when(fulfil(at=SOON - SECOND)).fact == FULFILLED
        given(*standing(CLINIC), reserved()).when(fulfil(at=SOON)).then_refused(RedemptionNotOpen, status="expired")

    @pytest.mark.parametrize("change", [PAUSED, WITHDRAWN])
    def test_whatever_became_of_the_reward(self, change: Fact) -> None:
        """What is reserved is given, though the reward is not offered any more."""
        assert Book(*offered(), change, reserved()).do(fulfil()) == FULFILLED

    def test_says_what_for(self) -> None:
        """For whom, at which appointment and for how much is as it was reserved."""
        was: dict[str, Any] = {"slot": SOON, "beneficiary_id": LI, "cost_minutes": 7}
        given(*standing(CLINIC), reserved(**was)).when(fulfil()).then(ended(RewardFulfilled, **was))

    def test_spends_what_was_reserved(self) -> None:
        """The minutes that were reserved are redeemed; nothing else moves."""
        book = Book(*rich())
        book.do(reserve())
        book.do(fulfil())
        on = {account: book.minutes(account) for account in ("available", "reserved", "redeemed", "served")}
        assert on == {"available": 480, "reserved": 0, "redeemed": 120, "served": 600}


class TestCancelRedemption:
    """Giving up what is reserved."""

    def test_cancelled_by_its_owner(self) -> None:
        """Whose credit it is may give it up."""
        given(reserved()).when(cancel()).then(CANCELLED)

    def test_cancelled_by_whom_it_is_for(self) -> None:
        """Nobody uses up what somebody can have by reserving it for them: they give it up."""
        for_li = ended(ReservationCancelled, beneficiary_id=LI, cancelled_by=ActorId(LI))
        given(reserved(beneficiary_id=LI)).when(cancel(acting(LI))).then(for_li)

    @pytest.mark.parametrize("by", BY_PROVIDER)
    def test_cancelled_by_the_provider_or_the_bank(self, by: Acting) -> None:
        """Who cannot provide it cancels it, and so do administrators."""
        given(reserved()).when(cancel(by)).then(ended(ReservationCancelled, cancelled_by=by.actor))

    @pytest.mark.parametrize("role", ["merchant", "coordinator"])
    def test_cancelled_by_a_member_who_may(self, role: Any) -> None:
        """Who accepts codes for the provider also cancels them."""
        decided = given(reserved(), *member(LI, role, CLINIC)).when(cancel(acting(LI)))
        decided.then(ended(ReservationCancelled, cancelled_by=ActorId(LI)))
        decided = given(reserved(), *member(LI, "verifier", CLINIC)).when(cancel(acting(LI)))
        decided.then_refused(RoleMissing, role="merchant or coordinator")

    @pytest.mark.parametrize(
        "by",
        [
            acting(LI),
            GARDENERS_PROGRAM,
            on_behalf(LI),
            in_office("auditor", WANG),
            in_office("node-leader", WANG),
        ],
    )
    def test_refused_for_strangers(self, by: Acting) -> None:
        """To everybody else it does not exist."""
        decided = given(reserved(beneficiary_id=ZHAO)).when(cancel(by))
        decided.then_refused(RedemptionUnknown, redemption_id=REDEMPTION)

    def test_refused_for_none(self) -> None:
        """There has to be one."""
        given().when(cancel()).then_refused(RedemptionUnknown, redemption_id=REDEMPTION)

    def test_possible_while_suspended(self) -> None:
        """A suspension keeps nobody from giving up what is theirs."""
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="代签")
        given(registered(), suspended, reserved()).when(cancel()).then(CANCELLED)

    @pytest.mark.parametrize("by", [acting(WANG), acting(LI), *BY_PROVIDER])
    def test_possible_while_the_provider_is_suspended(self, by: Acting) -> None:
        """What a suspended organisation does not give can be given up: by its owner, by the provider, by the bank."""
        book = Book(*rich(reserved(), *member(LI, "merchant", CLINIC), suspension()))
        assert book.do(cancel(by)) == ended(ReservationCancelled, cancelled_by=by.actor)
        assert (book.minutes("available"), book.minutes("reserved")) == (600, 0)

    @pytest.mark.parametrize(("history", "status"), OVER)
    def test_refused_when_it_is_over(self, history: tuple[Fact, ...], status: str) -> None:
        """Nothing is given back twice, and nothing that was spent."""
        given(reserved(), *history).when(cancel()).then_refused(RedemptionNotOpen, status=status)

    def test_refused_when_its_time_is_over(self) -> None:
        """What has expired is taken back as that, not cancelled."""
        given(reserved()).when(cancel(at=SOON - SECOND)).then(CANCELLED)
        given(reserved()).when(cancel(at=SOON)).then_refused(RedemptionNotOpen, status="expired")

    def test_keeps_what_it_was(self) -> None:
        """Period, appointment, provider and terms are those of the reservation."""
        was: dict[str, Any] = {"period": "2026-10", "slot": SOON, "beneficiary_id": LI, "cost_minutes": 7}
        given(reserved(**was)).when(cancel()).then(ended(ReservationCancelled, **was))


class TestExpireRedemption:
    """Taking back what nobody came for."""

    def test_taken_back_when_its_time_is_over(self) -> None:
        """From its last moment on it is taken back."""
        for at in (SOON, SOON + DAY):
            given(reserved()).when(expire(at=at)).then(EXPIRED)
        given(reserved()).when(expire(at=SOON - SECOND)).then_nothing()

    def test_taken_back_while_the_provider_is_suspended(self) -> None:
        """Credit does not stay reserved with a suspended organisation."""
        book = Book(*rich(reserved(), suspension()))
        assert book.do(expire()) == EXPIRED
        assert (book.minutes("available"), book.minutes("reserved")) == (600, 0)

    @pytest.mark.parametrize(("history", "status"), OVER)
    def test_nothing_to_take_back(self, history: tuple[Fact, ...], status: str) -> None:
        """What is over already does not expire, or not again."""
        assert status
        given(reserved(), *history).when(expire()).then_nothing()

    def test_nothing_where_there_is_none(self) -> None:
        """What was never reserved does not expire."""
        given().when(expire()).then_nothing()

    def test_keeps_what_it_was(self) -> None:
        """Period, appointment, provider and terms are those of the reservation."""
        was: dict[str, Any] = {"period": "2026-10", "slot": NOON, "beneficiary_id": LI, "cost_minutes": 7}
        given(reserved(**was)).when(expire()).then(ended(ReservationExpired, **was))


class TestRelease:
    """What comes back when a reservation is cancelled or expires."""

    @pytest.mark.parametrize(("debt", "repaid"), [(0, 0), (50, 50), (120, 120), (300, 120)])
    def test_repays_a_debt_first(self, debt: int, repaid: int) -> None:
        """The very minutes reserved come back: to repay what is owed, and the rest to be spent."""
        for command, kind in ((cancel(), ReservationCancelled), (expire(), ReservationExpired)):
            history = (earned(120), reserved(), owing(debt))
            given(*history).when(command).then(ended(kind, debt_change_minutes=-repaid))
            book = Book(*history)
            book.do(command)
            assert book.minutes("reserved") == 0
            assert book.minutes("available") == 120 - repaid
            assert book.minutes("debt") == repaid - debt

    @pytest.mark.parametrize("kind", [ReservationCancelled, ReservationExpired])
    def test_what_comes_back_is_what_was_reserved(self, kind: Any) -> None:
        """Reserved and released, every account is what it was; only the volunteer's own are touched."""
        was = reserved(beneficiary_id=LI)
        moved = [*postings(was), *postings(ended(kind, beneficiary_id=LI))]
        assert {line.holder for line in moved} == {WANG}
        for account in ("available", "reserved"):
            assert sum(line.minutes for line in moved if line.account == account) == 0


class TestByProxy:
    """Redeeming on behalf of another."""

    PROXY = registered(ZHAO), proxy(scopes=("view", "redeem"), minutes_per_day=200)

    def used(self, minutes: int = 120, **changes: Any) -> ProxyUsed:
        """Zhao acted for Wang, and spent so much."""
        fields: dict[str, Any] = {"volunteer_id": WANG, "proxy_volunteer_id": ZHAO, "scope": "redeem"}
        fields |= {"proxy_id": proxy().proxy_id, "local_date": TODAY, "minutes": minutes}
        return ProxyUsed(**(fields | changes))

    def test_reserves_in_scope_and_told(self) -> None:
        """A proxy redeems for the volunteer, if they may, and it is told what they spent."""
        command = authorised(reserve(on_behalf()))
        given(*rich(*self.PROXY)).when(command).then(reserved(reserved_by=ZHAO), self.used())
        without = proxy(scopes=("view", "consents", "memberships", "personal-data", "give"))
        given(*rich(registered(ZHAO), without)).when(command).then_refused(ProxyNotAllowed)

    def test_gives_up_in_scope_and_told(self) -> None:
        """A proxy gives up what is reserved for the volunteer, whoever reserved it; nothing is spent by that."""
        command = authorised(cancel(on_behalf()))
        decided = given(*self.PROXY, reserved()).when(command)
        decided.then(ended(ReservationCancelled, cancelled_by=ActorId(ZHAO)), self.used(0))
        theirs = reserved(volunteer_id=LI)
        with pytest.raises(RedemptionUnknown):
            Book(*self.PROXY, theirs).do(command)

    def test_refused_above_the_minutes_of_a_day(self) -> None:
        """On one day a proxy spends so much and no more, whatever they spend it on."""
        command = authorised(reserve(on_behalf()))
        given(*rich(*self.PROXY, self.used(80))).when(command).then(reserved(reserved_by=ZHAO), self.used())
        decided = given(*rich(*self.PROXY, self.used(81, scope="give"))).when(command)
        decided.then_refused(ProxyMinutesReached, volunteer_id=WANG, minutes_per_day=200)
        yesterday = self.used(200, local_date=TODAY - DAY)
        given(*rich(*self.PROXY, yesterday)).when(command).then(reserved(reserved_by=ZHAO), self.used())

    def test_as_much_as_there_is_unless_limited(self) -> None:
        """Without a limit of minutes the limit of acts is all there is."""
        unlimited = registered(ZHAO), proxy(scopes=("redeem",), acts_per_day=1)
        command = authorised(reserve(on_behalf()))
        given(*rich(*unlimited)).when(command).then(reserved(reserved_by=ZHAO), self.used())
        given(*rich(*unlimited, self.used(1))).when(command).then_refused(ProxyLimitReached)

    def test_refused_with_nothing_to_spend(self) -> None:
        """No minutes a day is a limit like others: the proxy spends nothing, and still gives up what is reserved."""
        nothing = registered(ZHAO), proxy(scopes=("redeem",), minutes_per_day=0)
        decided = given(*rich(*nothing)).when(authorised(reserve(on_behalf())))
        decided.then_refused(ProxyMinutesReached, volunteer_id=WANG, minutes_per_day=0)
        decided = given(*nothing, reserved()).when(authorised(cancel(on_behalf())))
        decided.then(ended(ReservationCancelled, cancelled_by=ActorId(ZHAO)), self.used(0))

    def test_gives_up_when_all_is_spent(self) -> None:
        """Who has spent all they may today still gives up what they reserved."""
        history = (registered(ZHAO), proxy(scopes=("redeem",), minutes_per_day=120), self.used(), reserved())
        given(*history).when(authorised(cancel(on_behalf()))).then(
            ended(ReservationCancelled, cancelled_by=ActorId(ZHAO)), self.used(0)
        )

    def test_refused_for_themselves(self) -> None:
        """Nobody spends another's credit on themselves; on third parties they may."""
        command = authorised(reserve(on_behalf(), beneficiary_id=ZHAO))
        given(*rich(*self.PROXY)).when(command).then_refused(ProxyIsBeneficiary)
        command = authorised(reserve(on_behalf(), beneficiary_id=LI))
        given(*rich(*self.PROXY), registered(LI)).when(command).then(
            reserved(beneficiary_id=LI, reserved_by=ZHAO), self.used()
        )

    def test_refused_for_somebody_elses_credit(self) -> None:
        """Who acts for one volunteer spends nobody else's credit."""
        command = authorised(reserve(on_behalf(), volunteer_id=LI))
        history = (*self.PROXY, *offered(), registered(LI), earned(600, LI))
        given(*history).when(command).then_refused(NotYourOwn)

    def test_refused_as_ever(self) -> None:
        """What the volunteer could not do their proxy cannot do, and it is not counted."""
        history = (*self.PROXY, *offered(), registered(), earned(119))
        given(*history).when(authorised(reserve(on_behalf()))).then_refused(NotEnoughCredit)
        decided = given(*rich(*self.PROXY)).when(authorised(reserve(on_behalf(), beneficiary_id=LI)))
        decided.then_refused(VolunteerUnknown)

    def test_refused_to_fulfil(self) -> None:
        """Accepting codes is nobody's to do for another."""
        given(*self.PROXY).when(authorised(fulfil(on_behalf()))).then_refused(ProxyNotAllowed)


class TestTheNightThatIsLonger:
    """Where clocks are set back an hour comes twice."""

    BERLIN = ZoneInfo("Europe/Berlin")

    def test_an_hour_is_an_hour(self) -> None:
        """A reservation lasts as many hours as the rules say, whatever clocks on walls show meanwhile."""
        late = datetime(2026, 10, 25, 2, 30, tzinfo=self.BERLIN)
        assert expires_at(late, Rules(reservation_hours=1), None) - late.astimezone(UTC) == timedelta(hours=1)

    def test_kept_and_recalled_agree(self) -> None:
        """Whether it is over is decided the same, whether its memory was kept or read from the log."""
        until = expires_at(datetime(2026, 10, 25, 1, 30, tzinfo=self.BERLIN), Rules(reservation_hours=1), None)
        later = datetime(2026, 10, 25, 1, 10, tzinfo=UTC).astimezone(self.BERLIN)
        decided = given(*standing(CLINIC), reserved(expires_at=until)).when(fulfil(at=later))
        decided.then_refused(RedemptionNotOpen, status="expired")
