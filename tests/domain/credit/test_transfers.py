from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    CLINICS_PROGRAM,
    CLOSED,
    FUND,
    GARDEN,
    GARDENERS_PROGRAM,
    KEPT,
    LI,
    LIN,
    NOON,
    NUMBER,
    PROJECT,
    TRANSFER,
    WANG,
    ZHAO,
    acting,
    adopted,
    at,
    donated,
    earned,
    gift,
    give,
    granted,
    in_office,
    member,
    on_behalf,
    opened,
    owing,
    proxy,
    registered,
    reinstatement,
    standing,
    suspension,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.refusals import (
    FundIsClosed,
    FundNotEmpty,
    FundTooSmall,
    FundUnknown,
    GiftLimitReached,
    GiftsNotAllowed,
    GiftTooLarge,
    GiftToOneself,
    GranterIsBeneficiary,
    NotEnoughCredit,
    OneRecipient,
    ProxyIsBeneficiary,
)
from timebank.domain.credit.transfers import DonateCredit, GrantCredit
from timebank.domain.facts.credit import FundClosed, GiftRules
from timebank.domain.facts.people import (
    ProxyUsed,
    RegistrationsMerged,
    VolunteerErased,
    VolunteerLeft,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, FundId, MergeId, VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, OrganisationUnknown, RoleMissing
from timebank.domain.people.refusals import (
    CannotReceive,
    ProxyMinutesReached,
    ProxyNotAllowed,
    VolunteerHasLeft,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerUnknown,
)
from timebank.domain.refusals import NotYourOwn, OfficeMissing, YouAreSuspended

TODAY = NOON.date()
DAY = timedelta(days=1)
RICH = (registered(WANG), registered(LI), earned(600))
OUT_OF_THE_WAY = [
    (VolunteerSuspended, VolunteerIsSuspended),
    (VolunteerErased, VolunteerIsErased),
    (VolunteerLeft, VolunteerHasLeft),
]


def gone(fact: Any, volunteer_id: VolunteerId) -> Fact:
    """They are suspended, erased, or left."""
    more = {"reason": "代签"} if fact is VolunteerSuspended else {}
    return fact(volunteer_id=volunteer_id, **more)


def donate(by: Acting | None = None, **changes: Any) -> DonateCredit:
    """Wang wants to give the community fund an hour."""
    fields: dict[str, Any] = {"transfer_id": TRANSFER, "volunteer_id": WANG, "fund_id": FUND, "minutes": 60}
    return DonateCredit(**({"by": by or acting(WANG), "at": NOON} | fields | changes))


OTHER_FUND = opened(fund_id=PROJECT, name="助餐", kind="project")


def grant(by: Acting = ADMINISTRATOR, **changes: Any) -> GrantCredit:
    """An hour of the fund is to go to Li."""
    fields: dict[str, Any] = {"transfer_id": TRANSFER, "fund_id": FUND, "minutes": 60, "reason": "独居老人"}
    to = {} if "to_fund_id" in changes else {"to_volunteer_id": LI}
    return GrantCredit(**({"by": by, "at": NOON} | fields | to | changes))


def close(by: Acting = ADMINISTRATOR) -> CloseFund:
    """The fund is to be no more."""
    return CloseFund(by=by, at=NOON, fund_id=FUND, reason=CLOSED.reason)


class TestGiveCredit:
    """Giving credit to another volunteer."""

    def test_goes_from_one_to_the_other(self) -> None:
        """What one has more the other has less; service stays whose it is."""
        given(*RICH).when(give()).then(gift())
        book = Book(*RICH)
        book.do(give())
        assert [book.minutes("available", each) for each in (WANG, LI)] == [540, 60]
        assert [book.minutes("served", each) for each in (WANG, LI)] == [600, 0]
        assert book.minutes("issued") == -600

    @pytest.mark.parametrize(("debt", "repaid"), [(0, 0), (20, 20), (60, 60), (200, 60)])
    def test_repays_the_receivers_debt_first(self, debt: int, repaid: int) -> None:
        """What the receiver owes is repaid out of the gift; what they can spend is the rest."""
        history = (*RICH, owing(debt, LI))
        given(*history).when(give()).then(gift(debt_change_minutes=-repaid))
        book = Book(*history)
        book.do(give())
        assert book.minutes("available", LI) == 60 - repaid
        assert book.minutes("debt", LI) == repaid - debt
        assert book.minutes("available", WANG) == 540

    def test_refused_beyond_what_is_there(self) -> None:
        """Nobody gives what they do not have, or owe."""
        given(*RICH).when(give(minutes=600)).then(gift(minutes=600))
        given(*RICH).when(give(minutes=601)).then_refused(NotEnoughCredit, minutes=601, available_minutes=600)
        given(*RICH[:2], owing(60)).when(give()).then_refused(NotEnoughCredit, available_minutes=0)
        given(*RICH, gift(minutes=541)).when(give()).then_refused(NotEnoughCredit, available_minutes=59)
        theirs = gift(volunteer_id=LI, to_volunteer_id=WANG)
        given(*RICH[:2], earned(60, LI), theirs).when(give()).then(gift())

    def test_refused_to_oneself(self) -> None:
        """A gift is for somebody else."""
        given(registered(), earned(600)).when(give(to_volunteer_id=WANG)).then_refused(GiftToOneself)

    @pytest.mark.parametrize("by", [acting(LI), ADMINISTRATOR, GARDENERS_PROGRAM, in_office("administrator", WANG)])
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody gives what is another's."""
        given(*RICH).when(give(by)).then_refused(NotYourOwn)

    @pytest.mark.parametrize(("fact", "refusal"), OUT_OF_THE_WAY)
    def test_refused_unless_both_are_active(self, fact: Any, refusal: Any) -> None:
        """Neither side may be suspended, erased or gone; whoever gives is not told why the other is not there."""
        given(*RICH, gone(fact, WANG)).when(give()).then_refused(refusal, volunteer_id=WANG)
        given(*RICH, gone(fact, LI)).when(give()).then_refused(CannotReceive, volunteer_id=LI)

    def test_refused_to_nobody(self) -> None:
        """Both are volunteers of the bank."""
        given(registered(), earned(600)).when(give()).then_refused(VolunteerUnknown, volunteer_id=LI)
        given(registered(LI)).when(give()).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_by_proxy(self) -> None:
        """A proxy gives in scope and within the minutes of a day, to others than themselves."""
        used = ProxyUsed(
            proxy_id=proxy().proxy_id,
            volunteer_id=WANG,
            proxy_volunteer_id=ZHAO,
            scope="give",
            local_date=TODAY,
            minutes=60,
        )
        may = registered(ZHAO), proxy(scopes=("view", "give"), minutes_per_day=100)
        given(*RICH, *may).when(authorised(give(on_behalf()))).then(gift(), used)
        given(*RICH, *may, used).when(authorised(give(on_behalf()))).then_refused(ProxyMinutesReached)
        history = (registered(), earned(600), *may)
        given(*history).when(authorised(give(on_behalf(), to_volunteer_id=ZHAO))).then_refused(ProxyIsBeneficiary)
        given(*history, opened()).when(authorised(donate(on_behalf()))).then(donated(), used)
        given(*history, used, opened()).when(authorised(donate(on_behalf()))).then_refused(ProxyMinutesReached)
        nothing = registered(ZHAO), proxy(scopes=("view", "give"), minutes_per_day=0)
        given(*RICH, *nothing).when(authorised(give(on_behalf()))).then_refused(ProxyMinutesReached, minutes_per_day=0)
        without = registered(ZHAO), proxy(scopes=("view", "redeem", "consents", "memberships"))
        given(*RICH, *without).when(authorised(give(on_behalf()))).then_refused(ProxyNotAllowed)


class TestGiftRules:
    """What the rule book says about gifts."""

    def rules(self, version: int = 1, since: date = TODAY, **gifts: Any) -> Fact:
        """A rule book with these rules about gifts."""
        return adopted(version, since, gifts=GiftRules(**gifts))

    def test_refused_when_not_allowed(self) -> None:
        """A rule book may do without gifts; what holds today decides. Donations are no gifts."""
        given(*RICH, self.rules(allowed=False)).when(give()).then_refused(GiftsNotAllowed)
        given(*RICH, self.rules(since=TODAY + DAY, allowed=False)).when(give()).then(gift())
        given(*RICH, self.rules(allowed=False), self.rules(2)).when(give()).then(gift())
        assert Book(*RICH, self.rules(allowed=False), opened()).do(donate()) == donated()

    def test_refused_when_too_large(self) -> None:
        """At most so much at once, but as often as one likes."""
        given(*RICH, self.rules(minutes_max=60), gift()).when(give()).then(gift())
        decided = given(*RICH, self.rules(minutes_max=59)).when(give())
        decided.then_refused(GiftTooLarge, minutes_max=59)

    def test_refused_when_the_month_is_used_up(self) -> None:
        """At most so much in a month; what one is given, or donates, does not count."""
        most = self.rules(minutes_max_per_month=150)
        given(*RICH, most, gift(minutes=90)).when(give()).then(gift())
        decided = given(*RICH, most, gift(minutes=90), gift(minutes=1)).when(give())
        decided.then_refused(GiftLimitReached, minutes_max=150, given_minutes=91)
        back = gift(volunteer_id=LI, to_volunteer_id=WANG, minutes=500)
        given(*RICH, most, back, donated(minutes=300)).when(give(minutes=150)).then(gift(minutes=150))

    @pytest.mark.parametrize("last", [date(2026, 10, 31), date(2025, 11, 20)])
    def test_counts_each_month(self, last: date) -> None:
        """A month ends with its last local day, and that of another year is another."""
        first = date(2026, 11, 1)
        since = self.rules(since=first, minutes_max_per_month=60)
        given(*RICH, since, gift(local_date=last)).when(give(at=at(1, 0))).then(gift(local_date=first))
        same = gift(local_date=first)
        given(*RICH, since, same).when(give(at=at(30, 23, 59))).then_refused(GiftLimitReached)

    def test_under_whichever_number(self) -> None:
        """What was given under a number that was merged since counts on: it is one person's month."""
        earlier = VolunteerId("vol_earlier")
        was_given = gift(volunteer_id=earlier, minutes=90)
        one = RegistrationsMerged(
            merge_id=MergeId("mrg_1"), kept_id=WANG, merged_id=earlier, kept_number=NUMBER, approved_by=ActorId(LIN)
        )
        history = *RICH, self.rules(minutes_max_per_month=149), was_given, one
        given(*history).when(give()).then_refused(GiftLimitReached, given_minutes=90)

    def test_to_whomever(self) -> None:
        """The month's limit is the giver's, to however many they give."""
        history = (*RICH, registered(ZHAO), self.rules(minutes_max_per_month=100), gift(to_volunteer_id=ZHAO))
        book = Book(*history)
        with pytest.raises(GiftLimitReached):
            book.do(give())


class TestDonateCredit:
    """Giving credit to a fund."""

    HISTORY = (registered(), earned(600), opened())

    def test_goes_to_the_fund(self) -> None:
        """What the fund has more the volunteer has less, down to nothing."""
        given(*self.HISTORY).when(donate(minutes=600)).then(donated(minutes=600))
        book = Book(*self.HISTORY)
        book.do(donate(minutes=600))
        assert (book.minutes("available"), book.minutes("fund"), book.minutes("served")) == (0, 600, 600)

    def test_refused_beyond_what_is_there(self) -> None:
        """Nobody donates what they do not have."""
        decided = given(*self.HISTORY, donated(minutes=541)).when(donate())
        decided.then_refused(NotEnoughCredit, minutes=60, available_minutes=59)

    @pytest.mark.parametrize("by", [acting(LI), ADMINISTRATOR, GARDENERS_PROGRAM, in_office("administrator", WANG)])
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody donates what is another's."""
        given(*self.HISTORY).when(donate(by)).then_refused(NotYourOwn)

    @pytest.mark.parametrize(("fact", "refusal"), OUT_OF_THE_WAY)
    def test_refused_unless_active(self, fact: Any, refusal: Any) -> None:
        """Who is suspended, erased or gone donates nothing."""
        given(*self.HISTORY, gone(fact, WANG)).when(donate()).then_refused(refusal, volunteer_id=WANG)

    def test_refused_to_no_fund(self) -> None:
        """The fund has to be there, and open."""
        given(*self.HISTORY[:2]).when(donate()).then_refused(FundUnknown, fund_id=FUND)
        given(*self.HISTORY, CLOSED).when(donate()).then_refused(FundIsClosed, fund_id=FUND)


class TestOpenFund:
    """Opening a fund."""

    def open(self, by: Acting = ADMINISTRATOR, **changes: Any) -> OpenFund:
        """A community fund is to be opened."""
        fields: dict[str, Any] = {"fund_id": FUND, "name": "爱心时间基金", "kind": "community"}
        return OpenFund(**({"by": by, "at": NOON} | fields | changes))

    def test_kept_by_the_bank_or_an_organisation(self) -> None:
        """A fund is the bank's own, or kept by an approved organisation."""
        given().when(self.open(purpose="助老")).then(opened(purpose="助老"))
        given(*standing()).when(self.open(in_office("administrator"), organisation_id=GARDEN)).then(KEPT)
        given().when(self.open(organisation_id=GARDEN)).then_refused(OrganisationUnknown, organisation_id=GARDEN)
        given(standing()[0]).when(self.open(organisation_id=GARDEN)).then_refused(OrganisationNotApproved)

    @pytest.mark.parametrize("by", [acting(WANG), GARDENERS_PROGRAM, in_office("auditor"), on_behalf()])
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Funds are opened by the bank."""
        given(*standing()).when(self.open(by, organisation_id=GARDEN)).then_refused(OfficeMissing)


class TestGrantCredit:
    """Giving credit from a fund."""

    FULL = (opened(), donated(minutes=100))

    def test_refused_unless_it_is_to_one(self) -> None:
        """A grant goes to a volunteer or to a fund, not to both, and not to nobody."""
        given(*self.FULL).when(grant(to_volunteer_id=None)).then_refused(OneRecipient)
        decided = given(*self.FULL, registered(LI)).when(grant(to_volunteer_id=LI, to_fund_id=FundId("fnd_2")))
        decided.then_refused(OneRecipient)

    def test_to_a_person(self) -> None:
        """A grant is credit as any other, and repays what is owed first."""
        given(*self.FULL, registered(LI)).when(grant()).then(granted())
        history = (*self.FULL, registered(LI), owing(45, LI))
        given(*history).when(grant()).then(granted(debt_change_minutes=-45))
        book = Book(*history)
        book.do(grant())
        assert book.minutes("available", LI) == 15
        assert (book.minutes("fund"), book.minutes("debt"), book.minutes("served")) == (40, 0, 0)

    def test_to_a_fund(self) -> None:
        """A fund gives to another, as one for a project."""
        given(*self.FULL, OTHER_FUND).when(grant(to_fund_id=PROJECT)).then(granted(to_fund_id=PROJECT))
        book = Book(*self.FULL, OTHER_FUND)
        book.do(grant(to_fund_id=PROJECT))
        assert [book.minutes("fund", each) for each in (FUND, PROJECT)] == [40, 60]  # type: ignore[arg-type]
        back = grant(fund_id=PROJECT, to_fund_id=FUND)
        assert book.do(back).fund_id == PROJECT
        with pytest.raises(FundTooSmall):
            book.do(back)

    def test_refused_beyond_what_is_there(self) -> None:
        """No fund gives what it does not have: what was granted is gone, what was granted to it is there."""
        given(*self.FULL, registered(LI)).when(grant(minutes=100)).then(granted(minutes=100))
        decided = given(*self.FULL, registered(LI), granted(minutes=41)).when(grant())
        decided.then_refused(FundTooSmall, minutes=60, fund_minutes=59)
        theirs = granted(fund_id=PROJECT, to_fund_id=FUND, minutes=1)
        given(*self.FULL, registered(LI), granted(minutes=41), theirs).when(grant()).then(granted())

    def test_refused_to_itself(self) -> None:
        """A fund gives to others."""
        given(*self.FULL).when(grant(to_fund_id=FUND)).then_refused(GiftToOneself)

    def test_refused_without_an_open_fund(self) -> None:
        """Both funds have to be there, and open."""
        given(registered(LI)).when(grant()).then_refused(FundUnknown, fund_id=FUND)
        given(opened(), registered(LI), CLOSED).when(grant()).then_refused(FundIsClosed, fund_id=FUND)
        given(*self.FULL).when(grant(to_fund_id=PROJECT)).then_refused(FundUnknown, fund_id=PROJECT)
        closed = FundClosed(fund_id=PROJECT, reason="项目结束")
        decided = given(*self.FULL, OTHER_FUND, closed).when(grant(to_fund_id=PROJECT))
        decided.then_refused(FundIsClosed, fund_id=PROJECT)

    @pytest.mark.parametrize(("fact", "refusal"), OUT_OF_THE_WAY)
    def test_refused_unless_active(self, fact: Any, refusal: Any) -> None:
        """Who is suspended, erased or gone, or nobody, is granted nothing."""
        given(*self.FULL, registered(LI), gone(fact, LI)).when(grant()).then_refused(refusal, volunteer_id=LI)
        given(*self.FULL).when(grant()).then_refused(VolunteerUnknown, volunteer_id=LI)

    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator"), GARDENERS_PROGRAM])
    def test_granted_by_the_bank_or_the_keepers_program(self, by: Acting) -> None:
        """Administrators grant from every fund, and the organisation's program from what it keeps."""
        given(*standing(), KEPT, donated(), registered(LI)).when(grant(by)).then(granted())

    def test_granted_by_the_keepers_coordinator(self) -> None:
        """Coordinators of the organisation that keeps a fund grant from it; its other members do not."""
        history = (*standing(), KEPT, donated(), registered(LI))
        given(*history, *member(ZHAO, "coordinator")).when(grant(acting(ZHAO))).then(granted())
        decided = given(*history, *member(ZHAO, "merchant")).when(grant(acting(ZHAO)))
        decided.then_refused(RoleMissing, role="coordinator", organisation_id=GARDEN)
        suspended = VolunteerSuspended(volunteer_id=ZHAO, reason="代签")
        decided = given(*history, *member(ZHAO, "coordinator"), suspended).when(grant(acting(ZHAO)))
        decided.then_refused(YouAreSuspended)

    @pytest.mark.parametrize("by", [GARDENERS_PROGRAM, acting(ZHAO)])
    def test_refused_while_the_keeper_is_suspended(self, by: Acting) -> None:
        """A suspended organisation gives nothing away; a reinstated one does again."""
        coordinator = member(ZHAO, "coordinator") if by == acting(ZHAO) else ()
        history = (*standing(), KEPT, donated(), registered(LI), *coordinator, suspension(GARDEN))
        decided = given(*history).when(grant(by))
        decided.then_refused(OrganisationNotApproved, organisation_id=GARDEN, status="suspended")
        given(*history, reinstatement(GARDEN)).when(grant(by)).then(granted())

    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator")])
    def test_granted_by_the_bank_whatever_the_keeper(self, by: Acting) -> None:
        """Administrators are not held up by it: what is in the fund is still good for somebody."""
        history = (*standing(), KEPT, donated(), registered(LI), suspension(GARDEN))
        given(*history).when(grant(by)).then(granted())

    @pytest.mark.parametrize("fund", [opened(), KEPT], ids=["of the bank", "kept"])
    @pytest.mark.parametrize(
        "by",
        [acting(ZHAO), CLINICS_PROGRAM, on_behalf(), in_office("auditor"), in_office("node-leader")],
    )
    def test_refused_for_anybody_else(self, fund: Fact, by: Acting) -> None:
        """Nobody else grants, nor does who leads the people of the keeper."""
        given(fund, donated(), registered(LI)).when(grant(by)).then_refused(OfficeMissing, office="administrator")

    def test_refused_to_the_granter(self) -> None:
        """Nobody grants to themselves: no coordinator, no administrator."""
        history = (*standing(), KEPT, donated(), *member(LI, "coordinator"))
        given(*history).when(grant(acting(LI))).then_refused(GranterIsBeneficiary)
        by = in_office("administrator", LI)
        given(*self.FULL, registered(LI)).when(grant(by)).then_refused(GranterIsBeneficiary)

    def test_refused_to_whom_the_granter_spends_for(self) -> None:
        """Nor to whose credit they spend as a proxy: it would be theirs to spend."""
        spends = proxy(volunteer_id=LI, proxy_volunteer_id=ZHAO, scopes=("view", "redeem"))
        coordinator = acting(ZHAO), (*standing(), KEPT, *member(ZHAO, "coordinator"))
        for by, fund in (coordinator, (in_office("administrator", ZHAO), (opened(), registered(ZHAO)))):
            history = *fund, donated(), registered(LI)
            given(*history, spends).when(grant(by, to_volunteer_id=LI)).then_refused(GranterIsBeneficiary)
            given(*history).when(grant(by, to_volunteer_id=LI)).then(granted())


class TestCloseFund:
    """Closing a fund."""

    def test_closed_when_empty(self) -> None:
        """A fund is closed when everything in it was granted."""
        given(opened()).when(close()).then(CLOSED)
        given(opened(), donated(), granted()).when(close(in_office("administrator"))).then(CLOSED)

    def test_refused_when_not_empty(self) -> None:
        """Nothing is lost with a fund."""
        given(opened(), donated()).when(close()).then_refused(FundNotEmpty, fund_minutes=60)

    def test_refused_without_an_open_fund(self) -> None:
        """There has to be one, and it is closed once."""
        given().when(close()).then_refused(FundUnknown, fund_id=FUND)
        given(opened(), CLOSED).when(close()).then_refused(FundIsClosed, fund_id=FUND)

    @pytest.mark.parametrize("by", [acting(WANG), GARDENERS_PROGRAM, in_office("node-leader")])
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Whoever keeps it, closing it is for the bank."""
        given(KEPT).when(close(by)).then_refused(OfficeMissing)


PEOPLE, FUNDS = [WANG, LI], [FUND, PROJECT]
AMOUNTS = st.integers(1, 200)
MOVES = st.one_of(
    st.builds(
        lambda a, m: give(acting(PEOPLE[a]), volunteer_id=PEOPLE[a], to_volunteer_id=PEOPLE[1 - a], minutes=m),
        st.integers(0, 1),
        AMOUNTS,
    ),
    st.builds(
        lambda a, f, m: donate(acting(PEOPLE[a]), volunteer_id=PEOPLE[a], fund_id=FUNDS[f], minutes=m),
        st.integers(0, 1),
        st.integers(0, 1),
        AMOUNTS,
    ),
    st.builds(
        lambda a, f, m: grant(fund_id=FUNDS[f], to_volunteer_id=PEOPLE[a], minutes=m),
        st.integers(0, 1),
        st.integers(0, 1),
        AMOUNTS,
    ),
    st.builds(lambda f, m: grant(fund_id=FUNDS[f], to_fund_id=FUNDS[1 - f], minutes=m), st.integers(0, 1), AMOUNTS),
)


@settings(max_examples=50)
@for_all(st.lists(MOVES, max_size=15), st.integers(0, 100))
def test_nothing_is_lost_and_nothing_is_below_zero(moves: list[Command], debt: int) -> None:
    """However credit goes from hand to hand, it stays as much as it was, and nobody has less than nothing."""
    book = Book(registered(WANG), registered(LI), opened(), OTHER_FUND, earned(300), owing(debt, LI))
    for move in moves:
        before = list(book.facts)
        try:
            book.do(move)
        except (NotEnoughCredit, FundTooSmall):
            assert book.facts == before
        holders: list[Any] = [*PEOPLE, *FUNDS]
        assert all(book.minutes(account, each) >= 0 for each in holders for account in ("available", "fund"))
        assert all(book.minutes("debt", each) <= 0 for each in PEOPLE)
        assert all(not book.minutes("debt", each) or not book.minutes("available", each) for each in PEOPLE)
        assert book.minutes("available") + book.minutes("debt") + book.minutes("fund") == 300 - debt
