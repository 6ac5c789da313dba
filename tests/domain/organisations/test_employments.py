from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    RECORD,
    THURSDAY,
    WANG,
    acting,
    at,
    confirm_service,
    confirmed,
    correct_service,
    log_service,
    logged,
    member,
    proxy,
    registered,
    standing,
)
from tests.controls.activities import came, left, published, signed_up
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.activities.closing import CloseActivity
from timebank.domain.facts.employments import DutyHours, EmploymentDeclared, EmploymentEnded, LeaveNoted
from timebank.domain.facts.organisations import MembershipApproved, OrganisationSuspended
from timebank.domain.identifiers import ActorId, EmploymentId, RecordId
from timebank.domain.organisations.employments import (
    MOST_EMPLOYMENTS,
    MOST_LEAVES,
    DeclareEmployment,
    EndEmployment,
    NoteLeave,
)
from timebank.domain.organisations.refusals import (
    DutyHoursOverlap,
    EmployeeIsDeclarer,
    EmploymentEndsInThePast,
    EmploymentUnknown,
    LeaveInThePast,
    MembershipNotActive,
    MembershipUnknown,
    OrganisationNotApproved,
    RoleMissing,
    TooManyEmployments,
)
from timebank.domain.refusals import TermEndsBeforeItStarts
from timebank.domain.service.amending import AmendService
from timebank.domain.service.refusals import CapacityDiffers, ColleagueConfirms, RecordUnknown

JOB = EmploymentId("emp_1")
IDS: dict[str, Any] = {"employment_id": JOB, "volunteer_id": WANG, "organisation_id": GARDEN}
MORNING = DutyHours(weekday=4, from_minute=9 * 60, until_minute=12 * 60)
"""Thursday mornings; the canned service is on a Thursday, from eight until ten."""
PEOPLE = (*standing(), registered())


def works(organisation_id: Any = GARDEN, **changes: Any) -> EmploymentDeclared:
    """Wang works for the garden on Thursday mornings."""
    said = IDS | {"organisation_id": organisation_id, "kind": "contract", "hours": (MORNING,)}
    return EmploymentDeclared(**(said | {"from_day": date(2026, 1, 1)} | changes))


def do(command: Any, by: Any = ADMINISTRATOR, **said: Any) -> Any:
    """Something is said of Wang's employment."""
    return command(by=by, at=NOON, **(IDS | said))


class TestRegister:
    """The duty register is kept by coordinators, about others."""

    def test_is_kept(self) -> None:
        """An employment is declared, ends, and is interrupted by leave."""
        declare = do(DeclareEmployment, kind="contract", hours=(MORNING,), from_day=date(2026, 1, 1))
        given(*PEOPLE).when(declare).then(works())
        end = do(EndEmployment, until_day=THURSDAY)
        given(*PEOPLE, works()).when(end).then(EmploymentEnded(**IDS, until_day=THURSDAY))
        leave = do(NoteLeave, first_day=THURSDAY, last_day=THURSDAY)
        given(*PEOPLE, works()).when(leave).then(LeaveNoted(**IDS, first_day=THURSDAY, last_day=THURSDAY))

    def test_by_coordinators_about_others(self) -> None:
        """A coordinator keeps it, a recorder does not, and nobody about themselves."""
        declare = do(DeclareEmployment, acting(LI), kind="seconded", from_day=date(2026, 1, 1))
        of_wang = member(WANG, "member")
        given(*standing(), *of_wang, *member(LI, "coordinator")).when(declare).fact  # noqa: B018
        given(*standing(), *of_wang, *member(LI, "recorder")).when(declare).then_refused(RoleMissing)
        own = do(DeclareEmployment, acting(WANG), kind="contract", from_day=date(2026, 1, 1))
        given(*standing(), *member(WANG, "coordinator")).when(own).then_refused(EmployeeIsDeclarer)

    def test_ends_for_days_past_by_administrators(self) -> None:
        """Who has left by then confirms for another body: that is not for the staff's own coordinator to say."""
        there = *PEOPLE, *member(LI, "coordinator"), works()
        for day in (NOON.date(), NOON.date() + timedelta(days=30)):
            given(*there).when(do(EndEmployment, acting(LI), until_day=day)).fact  # noqa: B018
        past = NOON.date() - timedelta(days=1)
        given(*there).when(do(EndEmployment, acting(LI), until_day=past)).then_refused(EmploymentEndsInThePast)
        assert given(*PEOPLE, works()).when(do(EndEmployment, until_day=past)).fact.until_day == past

    def test_leave_on_days_past_by_administrators(self) -> None:
        """What was duty is none any more then: that is not for the staff's own coordinator to say."""
        there, today = (*PEOPLE, *member(LI, "coordinator"), works()), NOON.date()
        given(*there).when(do(NoteLeave, acting(LI), first_day=today, last_day=today)).fact  # noqa: B018
        past = {"first_day": today - timedelta(days=1), "last_day": today}
        given(*there).when(do(NoteLeave, acting(LI), **past)).then_refused(LeaveInThePast)
        assert given(*PEOPLE, works()).when(do(NoteLeave, **past)).fact.first_day == past["first_day"]

    def test_goes_on_as_if_it_were_declared(self) -> None:
        """Once it has ended, longer is for members alone, and not where they have another duty at that time by then."""
        ended = EmploymentEnded(**IDS, until_day=date(2026, 1, 31))
        there = *PEOPLE, *member(LI, "coordinator"), works(), ended
        longer = do(EndEmployment, acting(LI), until_day=NOON.date())
        given(*there).when(longer).then_refused(MembershipUnknown)
        assert given(*there, *member(WANG, "member")).when(longer).fact.until_day == NOON.date()
        assert given(*PEOPLE, works(), ended).when(do(EndEmployment, until_day=NOON.date())).fact
        since, again = date(2026, 2, 1), EmploymentId("emp_2")
        other = works(CLINIC, employment_id=again, from_day=since)
        given(*there, *member(WANG, "member"), other).when(longer).then_refused(DutyHoursOverlap)

    def test_of_members_alone(self) -> None:
        """No body takes a stranger's credit away, who serves for another, by saying that they work for it."""
        declare = do(DeclareEmployment, acting(LI), kind="contract", hours=(MORNING,), from_day=date(2026, 1, 1))
        what = *PEOPLE, *member(LI, "coordinator")
        given(*what).when(declare).then_refused(MembershipUnknown)
        invited = [fact for fact in member(WANG, "member") if not isinstance(fact, MembershipApproved)]
        given(*standing(), *invited, *member(LI, "coordinator")).when(declare).then_refused(MembershipNotActive)

    def test_of_members_within_their_term(self) -> None:
        """Whose term is over is a member no more, though nobody has ended it; until then they may have been on duty."""
        yesterday = NOON.date() - timedelta(days=1)
        there = *PEOPLE, *member(LI, "coordinator"), *member(WANG, "member", valid_until=yesterday)[1:]
        said = {"kind": "contract", "hours": (MORNING,), "from_day": date(2026, 1, 1)}
        for until in (None, NOON.date()):
            declare = do(DeclareEmployment, acting(LI), **said, until_day=until)
            given(*there).when(declare).then_refused(MembershipNotActive, status="ended")
        assert given(*there).when(do(DeclareEmployment, acting(LI), **said, until_day=yesterday)).fact
        ended = works(), EmploymentEnded(**IDS, until_day=date(2026, 1, 31))
        longer = do(EndEmployment, acting(LI), until_day=NOON.date())
        given(*there, *ended).when(longer).then_refused(MembershipNotActive, status="ended")

    def test_leaves_and_allowances_meet_no_duty(self) -> None:
        """Who is on leave from one body may be on duty for another, and an allowance is no duty: no body keeps another
        from declaring true hours by either.
        """
        declare = do(
            DeclareEmployment,
            employment_id=EmploymentId("emp_2"),
            kind="contract",
            hours=(MORNING,),
            from_day=date(2026, 3, 1),
        )
        given(*PEOPLE, works(CLINIC)).when(declare).then_refused(DutyHoursOverlap)
        given(*PEOPLE, works(CLINIC, kind="allowance")).when(declare).fact  # noqa: B018
        leave = {"employment_id": JOB, "volunteer_id": WANG, "organisation_id": CLINIC}
        for last_day, is_free in ((date(2199, 12, 31), True), (date.max, True), (date(2026, 12, 31), False)):
            on_leave = LeaveNoted(**leave, first_day=date(2026, 2, 1), last_day=last_day)
            outcome = given(*PEOPLE, works(CLINIC), on_leave).when(declare).outcome
            assert isinstance(outcome, DutyHoursOverlap) != is_free
        far = works(CLINIC, from_day=date(9995, 12, 1))
        given(*PEOPLE, far).when(declare).then_refused(DutyHoursOverlap)
        seconded = do(
            DeclareEmployment,
            employment_id=EmploymentId("emp_2"),
            kind="contract",
            hours=(MORNING,),
            from_day=date(2026, 3, 1),
            until_day=date(2026, 12, 31),
        )
        on_leave = LeaveNoted(**leave, first_day=date(2026, 2, 1), last_day=date(2026, 12, 31))
        given(*PEOPLE, works(CLINIC), on_leave).when(seconded).fact  # noqa: B018

    def test_hours_do_not_overlap(self) -> None:
        """Hours end after they begin, and nobody has duty for two bodies at one time."""
        for hours in ((MORNING, MORNING), (DutyHours(weekday=1, from_minute=60, until_minute=60),)):
            declare = do(DeclareEmployment, kind="contract", hours=hours, from_day=THURSDAY)
            given(*PEOPLE).when(declare).then_refused(DutyHoursOverlap)
        again = do(DeclareEmployment, employment_id=EmploymentId("emp_2"), kind="contract", hours=(MORNING,),
                   from_day=THURSDAY)  # fmt: skip
        given(*PEOPLE, works()).when(again).then_refused(DutyHoursOverlap)
        given(*PEOPLE, works(until_day=THURSDAY - timedelta(days=1))).when(again).fact  # noqa: B018

    def test_of_other_employments_it_is_nothing_whether_they_meet(self) -> None:
        """Two employments that were of the same hours, one after the other, are in nobody's way who says of a third."""
        first = works(from_day=date(2026, 1, 1), until_day=date(2026, 1, 31))
        second = works(employment_id=EmploymentId("emp_2"), from_day=date(2026, 2, 1))
        evening = DutyHours(weekday=MORNING.weekday, from_minute=MORNING.until_minute, until_minute=24 * 60)
        third = {"employment_id": EmploymentId("emp_3"), "kind": "contract", "from_day": date(2026, 1, 15)}
        given(*PEOPLE, first, second).when(do(DeclareEmployment, hours=(evening,), **third)).fact  # noqa: B018
        given(*PEOPLE, first, second).when(do(DeclareEmployment, hours=(MORNING,), **third)).then_refused(
            DutyHoursOverlap
        )

    def test_has_an_end(self) -> None:
        """Of one person only so many employments are kept, and leaves: every record is compared with them."""
        ids = [EmploymentId(f"emp_{n}") for n in range(2, MOST_EMPLOYMENTS + 2)]
        past = {"hours": (), "from_day": date(2020, 1, 1), "until_day": date(2020, 1, 1)}
        there = [works(employment_id=each, **past) for each in ids]
        declare = do(DeclareEmployment, kind="contract", from_day=date(2026, 1, 1))
        given(*PEOPLE, *there).when(declare).then_refused(TooManyEmployments)
        given(*PEOPLE, *there[1:]).when(declare).fact  # noqa: B018
        leaves = [LeaveNoted(**IDS, first_day=THURSDAY, last_day=THURSDAY)] * MOST_LEAVES
        leave = do(NoteLeave, first_day=THURSDAY, last_day=THURSDAY)
        given(*PEOPLE, works(), *leaves).when(leave).then_refused(TooManyEmployments)
        given(*PEOPLE, works(), *leaves[1:]).when(leave).fact  # noqa: B018
        other = EmploymentId("emp_2")
        elsewhere = [msgspec.structs.replace(each, employment_id=other) for each in leaves]
        given(*PEOPLE, works(), works(employment_id=other, **past), *elsewhere).when(leave).then_refused(
            TooManyEmployments
        )

    def test_is_not_filled_by_another_body(self) -> None:
        """What one organisation enters of somebody keeps no other, nor an administrator, from entering theirs."""
        ids = [EmploymentId(f"emp_{n}") for n in range(2, MOST_EMPLOYMENTS + 2)]
        past = {"hours": (), "from_day": date(2020, 1, 1), "until_day": date(2020, 1, 1)}
        there = [works(CLINIC, employment_id=each, **past) for each in ids]
        leaves = [
            LeaveNoted(
                employment_id=ids[0], volunteer_id=WANG, organisation_id=CLINIC, first_day=THURSDAY, last_day=THURSDAY
            )
        ] * MOST_LEAVES
        declare = do(DeclareEmployment, kind="contract", hours=(MORNING,), from_day=date(2026, 1, 1))
        given(*PEOPLE, *there).when(declare).then(works())
        leave = do(NoteLeave, first_day=THURSDAY, last_day=THURSDAY)
        given(*PEOPLE, *there, works(), *leaves).when(leave).then(
            LeaveNoted(**IDS, first_day=THURSDAY, last_day=THURSDAY)
        )

    def test_of_employments_there_are(self) -> None:
        """What was not declared, or of another body, does not end; and a term ends after it starts."""
        end = do(EndEmployment, until_day=date(2025, 12, 31))
        given(*PEOPLE).when(end).then_refused(EmploymentUnknown)
        given(*PEOPLE, works(CLINIC)).when(end).then_refused(EmploymentUnknown)
        given(*PEOPLE, works()).when(end).then_refused(TermEndsBeforeItStarts)
        leave = do(NoteLeave, first_day=THURSDAY, last_day=date(2026, 1, 1))
        given(*PEOPLE, works()).when(leave).then_refused(TermEndsBeforeItStarts)


class TestCapacity:
    """What overlaps duty hours is duty, whatever was typed."""

    @pytest.mark.parametrize("capacity", ["resident", "staff-off-duty"])
    def test_is_duty_within_duty_hours(self, capacity: Any) -> None:
        """Service within duty hours, for whichever body, is on record as duty or not at all."""
        for employer in (GARDEN, CLINIC):
            what = given(*PEOPLE, works(employer))
            what.when(log_service(capacity=capacity)).then_refused(CapacityDiffers)
            what.when(log_service(capacity="staff-on-duty")).fact  # noqa: B018

    @pytest.mark.parametrize(
        "fact",
        [
            works(kind="allowance"),
            works(until_day=THURSDAY - timedelta(days=1)),
            works(hours=(DutyHours(weekday=4, from_minute=10 * 60, until_minute=12 * 60),)),
            works(hours=(DutyHours(weekday=3, from_minute=0, until_minute=24 * 60),)),
        ],
        ids=["an allowance", "ended", "other hours", "another day"],
    )
    def test_is_no_duty_at_other_times(self, fact: EmploymentDeclared) -> None:
        """At other hours, before and after the employment, and for an allowance alone, there is no duty."""
        given(*PEOPLE, fact).when(log_service()).fact  # noqa: B018

    def test_is_no_duty_on_leave(self) -> None:
        """On leave there is no duty."""
        leave = LeaveNoted(**IDS, first_day=THURSDAY, last_day=THURSDAY)
        given(*PEOPLE, works(), leave).when(log_service()).fact  # noqa: B018

    def test_however_it_is_put_right(self) -> None:
        """Confirmed, amended or corrected, what overlaps duty hours is duty, also if they were entered since."""
        confirm = confirm_service()
        given(*standing(), logged(), works(CLINIC)).when(confirm).then_refused(CapacityDiffers)
        duty = logged(capacity="staff-on-duty")
        assert given(*standing(), duty, works(CLINIC)).when(confirm).fact.credited_minutes == 0
        amend = AmendService(by=GARDENERS_PROGRAM, at=NOON, record_id=RECORD, place="四号楼")
        given(*standing(), logged(), works()).when(amend).then_refused(CapacityDiffers)
        correct = correct_service(minutes=60)
        given(*standing(), logged(), confirmed(), works()).when(correct).then_refused(CapacityDiffers)
        as_duty = correct_service(capacity="staff-on-duty")
        assert given(*standing(), logged(), confirmed(), works()).when(as_duty).fact.credited_minutes == 0

    @pytest.mark.parametrize(
        ("since", "put_right"),
        [
            (THURSDAY, do(NoteLeave, organisation_id=CLINIC, first_day=THURSDAY, last_day=THURSDAY)),
            (
                THURSDAY - timedelta(days=1),
                do(EndEmployment, organisation_id=CLINIC, until_day=THURSDAY - timedelta(days=1)),
            ),
        ],
        ids=["leave", "ended before"],
    )
    def test_duty_that_was_wrongly_declared_keeps_nothing_back_for_good(self, since: Any, put_right: Any) -> None:
        """Once an administrator has ended it before that day, or noted leave, what waits is credited as it was."""
        book = Book(*PEOPLE, *standing(CLINIC), logged(), works(CLINIC, from_day=since))
        with pytest.raises(CapacityDiffers):
            book.do(confirm_service())
        book.do(put_right)
        assert book.do(confirm_service()).credited_minutes == 120

    def test_an_allowance_is_marked(self) -> None:
        """Service for which a body pays an allowance is marked."""
        assert given(*PEOPLE, works(kind="allowance")).when(log_service()).fact.is_subsidised
        assert not given(*PEOPLE, works(CLINIC, kind="allowance")).when(log_service()).fact.is_subsidised

    @pytest.mark.parametrize("is_confirmed", [False, True])
    def test_of_an_allowance_is_said_anew_for_other_days(self, is_confirmed: bool) -> None:
        """A record that is moved to days with an allowance, or without, says so; for the same days nothing is said."""
        amend = partial(AmendService, by=GARDENERS_PROGRAM, at=NOON, record_id=RECORD)
        put_right: Any = correct_service if is_confirmed else amend
        paid = works(kind="allowance", hours=(), until_day=THURSDAY - timedelta(days=1))
        book = Book(*PEOPLE, paid, logged(), *((confirmed(),) if is_confirmed else ()))
        wednesday, thursday = ({"started_at": at(day, 9), "ended_at": at(day, 10)} for day in (18, 19))
        said = [{"minutes": 90}, wednesday, {"minutes": 30}, thursday | {"minutes": 30}]
        assert [book.do(put_right(**each)).is_subsidised for each in said] == [None, True, None, False]

    @pytest.mark.parametrize(
        ("hours", "capacity"),
        [((DutyHours(weekday=5, from_minute=600, until_minute=660),), "staff-on-duty"), ((), "staff-off-duty")],
    )
    def test_of_an_activity_is_decided_from_facts(self, hours: Any, capacity: str) -> None:
        """When an activity is closed the register says who was on duty, and who is staff off duty."""
        there = registered(), signed_up(), came(), left(), works(hours=hours)
        first = RecordId("rec_00000000000000000000000000000000")
        close = CloseActivity(
            by=GARDENERS_PROGRAM, at=at(20, 12), activity_id=came().activity_id, first_record_id=first
        )
        outcome = given(*standing(), *published(), *there).when(close).outcome
        assert isinstance(outcome, tuple)
        assert outcome[1].capacity == capacity  # type: ignore[attr-defined]


class TestWhoKeepsTheRegister:
    """What is duty is never credited: so the register is kept by nobody who would have the credit."""

    def test_nobody_who_spends_for_them(self) -> None:
        """Not their guardian, or another proxy who spends their credit."""
        spends = proxy(proxy_volunteer_id=LI, scopes=("view", "give"))
        leave = do(NoteLeave, acting(LI), first_day=NOON.date(), last_day=NOON.date())
        keeps = *standing(), registered(), works(), *member(LI, "coordinator")
        given(*keeps, spends).when(leave).then_refused(EmployeeIsDeclarer)
        assert given(*keeps).when(leave).fact.volunteer_id == WANG


class TestColleagues:
    """Staff who served off duty are confirmed by another organisation."""

    OFF_DUTY = logged(capacity="staff-off-duty"), works(hours=())

    def test_not_by_their_own(self) -> None:
        """A colleague does not confirm it; an administrator does, and so does a verifier of another body."""
        colleague = confirm_service(by=acting(LI))
        given(*standing(), *self.OFF_DUTY, *member(LI, "verifier")).when(colleague).then_refused(ColleagueConfirms)
        given(*standing(), *self.OFF_DUTY).when(confirm_service()).fact  # noqa: B018
        other = confirm_service(by=acting(LI), for_organisation_id=CLINIC)
        what = *standing(), *standing(CLINIC), *self.OFF_DUTY, *member(LI, "verifier", CLINIC)
        assert given(*what).when(other).fact.organisation_id == GARDEN

    def test_not_while_their_body_is_suspended(self) -> None:
        """What is not confirmed of a suspended body's service by itself, another does not confirm for it."""
        other = confirm_service(by=acting(LI), for_organisation_id=CLINIC)
        what = *standing(), *standing(CLINIC), *self.OFF_DUTY, *member(LI, "verifier", CLINIC)
        for body in (GARDEN, CLINIC):
            suspended = OrganisationSuspended(organisation_id=body, reason="虚报活动")
            given(*what, suspended).when(other).then_refused(
                OrganisationNotApproved, organisation_id=body, status="suspended"
            )

    def test_not_whatever_was_typed(self) -> None:
        """The register says who is staff: a colleague does not confirm what was entered as a resident's either."""
        colleague, right = confirm_service(by=acting(LI)), member(LI, "verifier")
        staff = *standing(), logged(), works(hours=()), *right
        given(*staff).when(colleague).then_refused(ColleagueConfirms)
        given(*standing(), logged(), works(CLINIC, hours=()), *right).when(colleague).fact  # noqa: B018

    def test_a_colleague_raises_nothing(self) -> None:
        """What another organisation found to be less, a colleague does not make more again; less, they do."""
        half: dict[str, Any] = {"minutes": 60, "minutes_by_day": {THURSDAY: 60}, "credited_minutes": 60}
        found = *standing(), *self.OFF_DUTY, confirmed(capacity="staff-off-duty", **half), *member(LI, "verifier")
        given(*found).when(correct_service(by=acting(LI), minutes=90)).then_refused(ColleagueConfirms)
        assert given(*found).when(correct_service(by=acting(LI), minutes=30)).fact.credited_minutes == 30
        assert given(*found[:-3]).when(correct_service(minutes=90)).fact.credited_minutes == 90

    @pytest.mark.parametrize("by", [acting(LI), Acting(ActorId(CLINIC), "organisation", key_issued_by=ActorId(LI))])
    def test_not_by_a_colleague_for_another_body(self, by: Acting) -> None:
        """Who is on the same staff is a colleague, whichever other organisation they act for, or have made a key of."""
        other = confirm_service(by=by, for_organisation_id=CLINIC)
        theirs = *standing(), *standing(CLINIC), *self.OFF_DUTY, *member(LI, "verifier", CLINIC)
        before = works(volunteer_id=LI, employment_id=EmploymentId("emp_li"), hours=(), until_day=date(2026, 1, 31))
        for facts in (theirs, (*theirs, before)):
            assert Book(*facts).do(other).organisation_id == GARDEN
        for since in (date(2026, 1, 1), NOON.date()):
            colleague = works(volunteer_id=LI, employment_id=EmploymentId("emp_li"), hours=(), from_day=since)
            with pytest.raises(ColleagueConfirms):
                Book(*theirs, colleague).do(other)

    def test_not_by_an_administrator_who_is_one(self) -> None:
        """An administrator on the same staff is a colleague: they confirm none of it, and raise none."""
        governs = Acting(ActorId(LI), "administrator")
        colleague = works(volunteer_id=LI, employment_id=EmploymentId("emp_li"), hours=())
        half: dict[str, Any] = {"minutes": 60, "minutes_by_day": {THURSDAY: 60}, "credited_minutes": 60}
        found = *standing(), registered(LI), *self.OFF_DUTY
        for facts, command in (
            (found, confirm_service(by=governs)),
            ((*found, confirmed(capacity="staff-off-duty", **half)), correct_service(by=governs, minutes=90)),
        ):
            assert Book(*facts).do(command).credited_minutes >= 90
            with pytest.raises(ColleagueConfirms):
                Book(*facts, colleague).do(command)

    def test_only_of_staff(self) -> None:
        """Another organisation confirms nothing else, and one in which one has no role nothing at all."""
        other = confirm_service(by=acting(LI), for_organisation_id=CLINIC)
        theirs = *standing(), *standing(CLINIC), *member(LI, "verifier", CLINIC)
        given(*theirs, logged()).when(other).then_refused(RecordUnknown)
        given(*standing(CLINIC), *self.OFF_DUTY, registered(LI)).when(other).then_refused(RecordUnknown)
        by_program = Acting(ActorId(GARDEN), "organisation")
        own = confirm_service(by=by_program)
        given(*standing(), logged(recorder_id=ActorId("x"), capacity="staff-off-duty"), works(hours=())).when(
            own
        ).then_refused(ColleagueConfirms)
