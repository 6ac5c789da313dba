"""What two registrations of one person become when somebody approves that they are merged."""

from datetime import date
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    FUND,
    GARDEN,
    LI,
    LIN,
    NOON,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    acting,
    adopted,
    appear,
    appointed,
    confirm_service,
    confirmed,
    correct_service,
    corrected,
    donated,
    earned,
    ended,
    gift,
    give,
    in_office,
    log_service,
    logged,
    member,
    membership_of,
    offered,
    opened,
    owing,
    proxy,
    registered,
    rejected,
    reserve,
    reserved,
    span,
    standing,
    void_service,
    voided,
)
from tests.domain.people.test_merges import DECLINED, HISTORY, LIS_NUMBER, MERGE, OFFICE, OTHER_OFFICE, merged, proposed
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.credit.accounts import postings
from timebank.domain.credit.refusals import GiftLimitReached, GranterIsBeneficiary, PersonalQuotaReached
from timebank.domain.credit.transfers import GrantCredit
from timebank.domain.facts.credit import Eligibility, GiftRules, ReservationCancelled
from timebank.domain.facts.employments import DutyHours, EmploymentDeclared
from timebank.domain.facts.organisations import MembershipEnded
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    ProxyEnded,
    VolunteerErased,
    VolunteerLeft,
    VolunteerSuspended,
)
from timebank.domain.facts.places import ResidenceSet
from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.domain.identifiers import (
    ActorId,
    EmploymentId,
    NodeId,
    ProposalId,
    RecordId,
    RedemptionId,
    TransferId,
    VolunteerId,
    VolunteerNumber,
)
from timebank.domain.leaving import EraseVolunteer, LeaveBank
from timebank.domain.merging import MERGED, ApproveMerge
from timebank.domain.organisations.employments import EndEmployment
from timebank.domain.organisations.refusals import EmployeeIsDeclarer, LastAdministrator
from timebank.domain.people.refusals import (
    MergeNotOpen,
    MergeOfOneself,
    MergeUnknown,
    ProposerBenefits,
    ProposerDecides,
    RegistrationMerged,
    VolunteerHasLeft,
    VolunteerIsErased,
    VolunteerIsSuspended,
)
from timebank.domain.people.volunteers import ChangePersonalData, ReinstateVolunteer, SuspendVolunteer
from timebank.domain.refusals import OfficeMissing
from timebank.domain.service.refusals import (
    CapacityDiffers,
    DuplicateRecord,
    OverlappingService,
    ProposalsWait,
    RecorderIsVerifier,
    RecordsOverlap,
    RecordsWait,
    VerifierIsBeneficiary,
)

OF_LI: dict[str, Any] = {"record_id": OTHER, "volunteer_id": LI}
READY = (*HISTORY, proposed())
AS_MERGED = (*HISTORY, merged())
OTHER_NUMBER = VolunteerId("vol_earlier")
KEPT_NUMBER = merged().kept_number


def approve(by: Acting = OFFICE) -> ApproveMerge:
    """An administrator who did not propose it approves it."""
    return ApproveMerge(by=by, at=NOON, merge_id=MERGE)


class TestWhoApproves:
    """Two pairs of eyes, and neither of them their own."""

    def test_somebody_else(self) -> None:
        """An administrator who did not propose it, and is neither of the two."""
        given(*READY).when(approve()).then(merged())

    def test_refused_to_others(self) -> None:
        """Nobody approves what they proposed, by hand or by a key of theirs, nor what is about themselves."""
        by_key = proposed(by=ActorId(GARDEN), key_issued_by=LIN)
        given(*READY).when(approve(OTHER_OFFICE)).then_refused(ProposerDecides)
        given(*HISTORY, by_key).when(approve()).then_refused(ProposerDecides)
        for volunteer_id in (WANG, LI):
            given(*READY).when(approve(in_office("administrator", volunteer_id))).then_refused(MergeOfOneself)
        spends = proxy(proxy_volunteer_id=LIN, scopes=("view", "give"))
        given(*READY, spends).when(approve()).then_refused(MergeOfOneself)
        given(*READY).when(approve(in_office("node-leader"))).then_refused(OfficeMissing)

    def test_refused_to_whoever_proposed_it_under_another_number(self) -> None:
        """Who was registered twice is one person, whose earlier number may have proposed it."""
        by_earlier = proposed(by=ActorId(OTHER_NUMBER))
        theirs = merged(merge_id="mrg_0", kept_id=LIN, merged_id=OTHER_NUMBER)
        held = appointed(volunteer_id=LIN)
        command = authorised(approve())
        given(*HISTORY, by_earlier, held, registered(LIN)).when(command).fact  # noqa: B018
        given(*HISTORY, by_earlier, held, registered(LIN), theirs).when(command).then_refused(ProposerDecides)

    @pytest.mark.parametrize("by", [{"by": ActorId(ZHAO)}, {"by": ActorId(GARDEN), "key_issued_by": ZHAO}])
    def test_refused_where_whoever_proposed_it_benefits_by_now(self, by: Any) -> None:
        """Somebody else's credit would come to them: as whose proxy they may spend it, or who they turned out to be."""
        waits = *HISTORY, proposed(**by)
        given(*waits).when(approve()).fact  # noqa: B018
        spends = proxy(volunteer_id=WANG, proxy_volunteer_id=ZHAO, scopes=("view", "give"))
        given(*waits, spends).when(approve()).then_refused(ProposerBenefits)
        given(*waits, merged(merge_id="mrg_0", merged_id=ZHAO)).when(approve()).then_refused(ProposerBenefits)
        since = merged(merge_id="mrg_0", kept_id=OTHER_NUMBER, merged_id=ZHAO)
        spends = proxy(volunteer_id=WANG, proxy_volunteer_id=OTHER_NUMBER, scopes=("view", "give"))
        given(*waits, spends, since).when(approve()).then_refused(ProposerBenefits)

    def test_refused_of_what_is_not_proposed(self) -> None:
        """It has to be proposed, and is decided once."""
        given().when(approve()).then_refused(MergeUnknown, merge_id=MERGE)
        given(proposed(), DECLINED).when(approve()).then_refused(MergeNotOpen, status="declined")
        given(proposed(), merged()).when(approve()).then_refused(MergeNotOpen, status="approved")

    def test_refused_where_it_is_not_possible_any_more(self) -> None:
        """What has become of the two since then counts."""
        left, erased = VolunteerLeft(volunteer_id=WANG), VolunteerErased(volunteer_id=LI)
        suspended = VolunteerSuspended(volunteer_id=LI, reason="x")
        given(*READY, left).when(approve()).then_refused(VolunteerHasLeft, volunteer_id=WANG)
        given(*READY, erased).when(approve()).then_refused(VolunteerIsErased, volunteer_id=LI)
        given(*READY, suspended).when(approve()).then_refused(VolunteerIsSuspended, volunteer_id=LI)


class TestCredit:
    """What is on the account that goes comes to the one that is kept."""

    @pytest.mark.parametrize(
        ("has", "owes", "others_has", "others_owes", "change"),
        [
            (60, 0, 90, 0, 0),
            (0, 40, 90, 0, -40),
            (0, 120, 90, 0, -90),
            (60, 0, 0, 45, 0),
            (0, 60, 0, 45, -45),
            (0, 30, 0, 45, -30),
        ],
    )
    def test_moves(self, has: int, owes: int, others_has: int, others_owes: int, change: int) -> None:
        """Minutes and debts are taken together: debt is repaid first, and what is missing is owed."""
        of_wang = ([earned(has)] if has else []) + ([owing(owes)] if owes else [])
        of_li = ([earned(others_has, LI)] if others_has else []) + ([owing(others_owes, LI)] if others_owes else [])
        book = Book(*READY, *of_wang, *of_li)
        served = [book.minutes("served", each) for each in (WANG, LI)]
        book.do(approve())
        net = has + others_has - owes - others_owes
        on = [(book.minutes("available", each), -book.minutes("debt", each)) for each in (WANG, LI)]
        assert on == [(max(net, 0), max(-net, 0)), (0, 0)]
        assert [book.minutes("served", each) for each in (WANG, LI)] == served, "I3"
        assert sum(line.minutes for fact in book.facts for line in postings(fact)) == 0, "I1"

    def test_that_is_reserved_is_given_back_first(self) -> None:
        """Nothing stays reserved; what repays a debt is told with it."""
        history = (*READY, earned(120, LI), reserved(volunteer_id=LI), owing(50, LI))
        back = ended(
            ReservationCancelled, volunteer_id=LI, beneficiary_id=LI, reason=MERGED, debt_change_minutes=-50,
            cancelled_by=LIN,
        )  # fmt: skip
        given(*history).when(approve()).then(back, merged(available_minutes=70))


class TestWhatEnds:
    """What was open of the registration that goes."""

    def test_ends_as_when_somebody_leaves(self) -> None:
        """Consents, memberships, proxies and the residence; those of the one that is kept stay."""
        in_garden = membership_of(LI)
        history = (
            *READY,
            ConsentGiven(volunteer_id=LI, purpose="leaderboard"),
            *member(LI, "recorder")[1:],
            proxy(proxy_volunteer_id=LI),
            ResidenceSet(volunteer_id=LI, node_id=NodeId("nod_1"), previous_node_id=None, from_day=THURSDAY),
        )
        outcome = given(*history).when(approve()).outcome
        assert isinstance(outcome, tuple)
        assert outcome[:3] == (
            ConsentWithdrawn(volunteer_id=LI, purpose="leaderboard"),
            MembershipEnded(**in_garden),
            ProxyEnded(proxy_id=proxy().proxy_id, volunteer_id=WANG, proxy_volunteer_id=LI, ended_by=ActorId(LIN)),
        )
        assert (outcome[3].node_id, outcome[4:]) == (None, (merged(),))

    def test_what_was_private_under_either_number_stays_private(self) -> None:
        """A consent holds on only where it was given under both numbers; else the person is asked anew."""
        agreed = [ConsentGiven(volunteer_id=WANG, purpose=each) for each in ("leaderboard", "be-asked")]
        both = ConsentGiven(volunteer_id=LI, purpose="be-asked")
        outcome = given(*READY, *agreed, both).when(approve()).outcome
        assert outcome == (
            ConsentWithdrawn(volunteer_id=LI, purpose="be-asked"),
            ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard"),
            merged(),
        )

    def test_refused_of_the_last_administrator(self) -> None:
        """An office that somebody has to hold is passed on first."""
        given(*READY, appointed("administrator", LI)).when(approve()).then_refused(LastAdministrator)


class TestRecordsOfBoth:
    """One person was not in two places at once."""

    def test_wait_no_more(self) -> None:
        """As long as one of the registration that goes waits, it is not merged."""
        of_li = logged(volunteer_id=LI)
        given(*READY, of_li).when(approve()).then_refused(RecordsWait, volunteer_id=LI, records=1)
        given(*READY, of_li, rejected(volunteer_id=LI)).when(approve()).then(merged())
        given(*READY, logged()).when(approve()).then(merged())

    def test_leave_no_self_report_to_be_taken_up(self) -> None:
        """As long as somebody says that they served, and nobody has answered, it is not merged."""
        says = ServiceProposed(
            proposal_id=ProposalId("pro_1"),
            volunteer_id=LI,
            organisation_id=GARDEN,
            proposed_by=ActorId(LI),
            activity="探访",
            category="公益慈善",
            **span(),
            minutes=60,
        )
        of_it: dict[str, Any] = {"proposal_id": says.proposal_id, "volunteer_id": LI, "organisation_id": GARDEN}
        taken_up = ProposalTakenUp(**of_it, record_id=OTHER, taken_up_by=ActorId(ZHAO))
        declined = ProposalDeclined(**of_it, declined_by=ActorId(ZHAO), reason="没有这回事")
        given(*READY, says).when(approve()).then_refused(ProposalsWait, volunteer_id=LI, proposals=1)
        for answer in (ProposalWithdrawn(**of_it), declined, taken_up):
            given(*READY, says, answer).when(approve()).then(merged())

    @pytest.mark.parametrize(("hour", "overlaps"), [(6, False), (7, True), (8, True), (9, True), (10, False)])
    def test_do_not_overlap(self, hour: int, overlaps: bool) -> None:
        """Of two that overlap one has to be voided first; two that meet are none."""
        history = (*READY, logged(), confirmed(), logged(**OF_LI, **span(hour=hour)), confirmed(**OF_LI))
        decided = given(*history).when(approve())
        if overlaps:
            decided.then_refused(RecordsOverlap)
            assert isinstance(decided.outcome, RecordsOverlap)
            assert set(decided.outcome.details.values()) == {RECORD, OTHER}
        else:
            decided.then(merged(available_minutes=120))
        given(*history, voided(**OF_LI)).when(approve()).then(merged())

    def test_are_compared_as_they_were_put_right(self) -> None:
        """A correction takes one out of the other's way."""
        history = (*READY, logged(), confirmed(), logged(**OF_LI), confirmed(**OF_LI))
        later = corrected(**OF_LI, **span(1, hour=14))
        given(*history, later).when(approve()).then(merged(available_minutes=60))


class TestAfterwards:
    """One person, of whom two numbers are known."""

    @property
    def history(self) -> tuple[Any, ...]:
        """Li served on Thursday morning, before the registrations were one."""
        return (
            *standing(),
            *HISTORY,
            logged(**OF_LI),
            confirmed(**OF_LI),
            merged(available_minutes=120),
        )

    def test_nothing_is_done_with_the_other_number(self) -> None:
        """It is not recorded for, does not give or get, and is neither changed nor taken in again."""
        office: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON, "volunteer_id": LI}
        commands = (
            log_service(volunteer_id=LI),
            give(volunteer_id=LI, to_volunteer_id=WANG, by=acting(LI)),
            appear(volunteer_id=LI, by=acting(LI)),
            ChangePersonalData(**office, name="李四"),
            SuspendVolunteer(**office, reason="x"),
            ReinstateVolunteer(**office, reason="x"),
            LeaveBank(**office),
            EraseVolunteer(**office),
        )
        for command in commands:
            book = Book(*standing(), *AS_MERGED)
            with pytest.raises(RegistrationMerged) as refused:
                book.do(command)
            assert refused.value.details == {"volunteer_id": LI, "kept_number": KEPT_NUMBER}

    def test_a_gift_to_it_is_told_the_other_number(self) -> None:
        """Whoever gives learns where it can go."""
        history = (registered(), earned(600), registered(ZHAO), merged(kept_id=ZHAO, merged_id=LI), registered(LI))
        given(*history[:2], *history[3:]).when(give()).then_refused(RegistrationMerged, volunteer_id=LI)

    def test_the_month_of_gifts_is_one_persons(self) -> None:
        """What was given under either number in a month counts towards its limit."""
        limit = adopted(gifts=GiftRules(minutes_max_per_month=100))
        before = (registered(), registered(ZHAO), registered(LI, LIS_NUMBER), earned(600), limit)
        earlier = gift(volunteer_id=LI, to_volunteer_id=ZHAO)
        to_zhao = give(to_volunteer_id=ZHAO)
        book = Book(*before, earlier)
        book.do(to_zhao)
        book = Book(*before, earlier, merged())
        with pytest.raises(GiftLimitReached) as refused:
            book.do(to_zhao)
        assert refused.value.details == {"given_minutes": 60, "minutes_max": 100}

    def test_nobody_grants_to_whoever_they_were(self) -> None:
        """A key that was issued under the other number grants its issuer nothing."""
        key = Acting(ActorId("opr_1"), "operator", key_issued_by=LI)
        grant = GrantCredit(
            by=key, at=NOON, transfer_id=TransferId("trf_1"), fund_id=FUND, to_volunteer_id=WANG, minutes=60, reason="x"
        )
        book = Book(registered(), registered(LI, LIS_NUMBER), opened(), donated(minutes=60), merged())
        with pytest.raises(GranterIsBeneficiary):
            book.do(grant)

    def test_a_reward_for_it_is_refused(self) -> None:
        """Nor is it the beneficiary of anything."""
        history = (*offered(), registered(), earned(600), registered(LI), merged(kept_id=ZHAO))
        given(*history).when(reserve(beneficiary_id=LI)).then_refused(RegistrationMerged, volunteer_id=LI)

    def test_its_time_is_taken(self) -> None:
        """I9: what was recorded under one number is not recorded under the other, nor for the same time."""
        given(*self.history).when(log_service()).then_refused(DuplicateRecord, record_id=OTHER)
        book = Book(*self.history)
        book.do(log_service(**span(hour=9)))
        with pytest.raises(OverlappingService) as refused:
            book.do(confirm_service())
        assert refused.value.details["record_id"] == OTHER
        book.do(void_service(record_id=OTHER))
        book.do(confirm_service())

    def test_what_is_put_right_counts_for_the_account_that_is_kept(self) -> None:
        """Its credit went there, so it is taken back there; its service stays where it was recorded."""
        book = Book(*self.history)
        book.do(correct_service(record_id=OTHER, minutes=90))
        assert [book.minutes(each, WANG) for each in ("available", "debt", "issued")] == [90, 0, 0]
        book.do(void_service(record_id=OTHER))
        assert [book.minutes(each, WANG) for each in ("available", "debt", "issued")] == [0, 0, 0]
        assert [book.minutes(each, LI) for each in ("available", "debt", "issued", "served")] == [0, 0, 0, 0]

    def test_what_was_spent_of_it_becomes_a_debt_there(self) -> None:
        """As if it had been theirs from the beginning."""
        history = (*self.history, gift(minutes=100, to_volunteer_id=ZHAO))
        debt = voided(**OF_LI, debt_change_minutes=100, account_id=WANG, reason="never happened")
        given(*history[:2], *history[4:]).when(void_service(record_id=OTHER)).then(debt)

    def test_both_count_for_a_reward(self) -> None:
        """What they served under either number makes them eligible, and what they had under either is theirs."""
        served = (registered(), earned(600), earned(600, LI), merged())
        wanted: dict[str, Any] = {"eligibility": Eligibility(service_minutes=1200)}
        history = (*offered(**wanted), *served)
        assert given(*history).when(reserve()).fact.volunteer_id == WANG
        once = reserved(volunteer_id=LI, redemption_id=RedemptionId("red_2"))
        quota = (*offered(quota_per_person=1), *served[:3], once, served[3])
        given(*quota).when(reserve()).then_refused(PersonalQuotaReached)
        for_the_other = reserved(volunteer_id=LI, beneficiary_id=WANG, redemption_id=RedemptionId("red_2"))
        two = (*offered(quota_per_person=2), *served[:3], for_the_other, served[3])
        assert given(*two).when(reserve()).fact.volunteer_id == WANG

    def test_the_same_person_does_not_look_at_their_own_work(self) -> None:
        """Three pairs of eyes: nobody decides on what they recorded, or did, under their other number."""
        coordinator = member(WANG, "coordinator")
        of_zhao = logged(record_id=RecordId("rec_3"), volunteer_id=ZHAO, recorder_id=ActorId(LI))
        book = Book(*self.history, *coordinator[1:], registered(ZHAO), of_zhao)
        with pytest.raises(VerifierIsBeneficiary):
            book.do(void_service(record_id=OTHER, by=acting(WANG)))
        with pytest.raises(RecorderIsVerifier):
            book.do(confirm_service(record_id=of_zhao.record_id, by=acting(WANG)))
        by_key = Acting(ActorId(GARDEN), "organisation", key_issued_by=WANG)
        with pytest.raises(RecorderIsVerifier):
            book.do(confirm_service(record_id=of_zhao.record_id, by=by_key))

    def test_is_on_duty_under_either_number(self) -> None:
        """What overlaps duty hours is duty, under whichever number they were declared; nobody ends their own."""
        works = EmploymentDeclared(
            employment_id=EmploymentId("emp_1"),
            volunteer_id=LI,
            organisation_id=GARDEN,
            kind="contract",
            hours=(DutyHours(weekday=4, from_minute=8 * 60, until_minute=12 * 60),),
            from_day=date(2026, 1, 1),
        )
        book = Book(*standing(), *HISTORY, works, merged(), *member(WANG, "coordinator")[1:])
        with pytest.raises(CapacityDiffers):
            book.do(log_service())
        assert book.do(log_service(capacity="staff-on-duty")).capacity == "staff-on-duty"
        ids: dict[str, Any] = {"employment_id": works.employment_id, "volunteer_id": LI, "organisation_id": GARDEN}
        for by in (acting(WANG), Acting(ActorId(GARDEN), "organisation", key_issued_by=WANG)):
            with pytest.raises(EmployeeIsDeclarer):
                book.do(EndEmployment(by=by, at=NOON, until_day=date(2026, 1, 2), **ids))

    def test_both_are_erased(self) -> None:
        """Who is erased is erased under all their numbers."""
        wish = EraseVolunteer(by=acting(WANG), at=NOON, volunteer_id=WANG)
        assert given(*AS_MERGED[:1], AS_MERGED[-1]).when(wish).fact.earlier_ids == (LI,)

    def test_a_third_registration_is_merged_as_well(self) -> None:
        """What was merged before comes along: its time is taken, and its credit taken back where all of it is."""
        number = VolunteerNumber("323456789013")
        once_more = {"merge_id": "mrg_2", "kept_id": ZHAO, "merged_id": WANG}
        book = Book(*self.history, registered(ZHAO, number), proposed(by=ActorId(LIN), **once_more))
        fact = book.do(ApproveMerge(by=ADMINISTRATOR, at=NOON, merge_id=once_more["merge_id"]))
        assert (fact.kept_number, fact.available_minutes, fact.earlier_ids) == (number, 120, (LI,))
        with pytest.raises(DuplicateRecord):
            book.do(log_service(volunteer_id=ZHAO))
        book.do(void_service(record_id=OTHER))
        assert [book.minutes("available", each) for each in (ZHAO, WANG, LI)] == [0, 0, 0]
