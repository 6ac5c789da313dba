from datetime import UTC, date, timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    acting,
    at,
    confirmed,
    corrected,
    log_service,
    logged,
    member,
    registered,
    rejected,
    span,
    spent,
    standing,
    voided,
)
from tests.controls.credit import adopted
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.organisations import OrganisationReinstated, OrganisationSuspended
from timebank.domain.facts.people import VolunteerReinstated, VolunteerSuspended
from timebank.domain.identifiers import ActorId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, RoleMissing
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.refusals import NothingChanges, YouAreSuspended
from timebank.domain.service.refusals import (
    DayIsFull,
    DuplicateRecord,
    EndsBeforeItStarts,
    LastsTooLong,
    MoreThanRecorded,
    OverlappingService,
    RecorderIsVerifier,
    RecordNotConfirmed,
    RecordNotPending,
    RecordUnknown,
    ServiceInTheFuture,
    TooFewMinutes,
    TooManyMinutes,
    VerifierIsBeneficiary,
)
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService

WEDNESDAY = date(2026, 11, 18)
MONDAY = date(2026, 11, 16)
SUSPENDED = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
PENDING = (*standing(), logged())
CONFIRMED = (*PENDING, confirmed())

NOT_PENDING = [
    ((confirmed(),), "confirmed"),
    ((rejected(),), "rejected"),
    ((confirmed(), corrected()), "corrected"),
    ((confirmed(), voided()), "voided"),
]
NOT_CONFIRMED = [((), "logged"), ((rejected(),), "rejected"), ((confirmed(), voided()), "voided")]


def confirm(**changes: Any) -> ConfirmService:
    """The administrator confirms the garden's record of Wang."""
    return ConfirmService(**({"by": ADMINISTRATOR, "at": NOON, "record_id": RECORD} | changes))


def reject(**changes: Any) -> RejectService:
    """The administrator rejects it."""
    return RejectService(**({"by": ADMINISTRATOR, "at": NOON, "record_id": RECORD, "reason": "没有到场"} | changes))


def correct(**changes: Any) -> CorrectService:
    """The administrator corrects it."""
    return CorrectService(**({"by": ADMINISTRATOR, "at": NOON, "record_id": RECORD, "reason": "提前离开"} | changes))


def void(**changes: Any) -> VoidService:
    """The administrator voids it."""
    return VoidService(**({"by": ADMINISTRATOR, "at": NOON, "record_id": RECORD, "reason": "活动没有举行"} | changes))


def of_the_clinic(**changes: Any) -> tuple[Fact, Fact]:
    """The clinic's record of Wang, from nine to eleven the same morning, was logged and confirmed."""
    fields: dict[str, Any] = {"record_id": OTHER, "organisation_id": CLINIC}
    times: dict[str, Any] = {"started_at": at(19, 9), "ended_at": at(19, 11)}
    return (
        logged(**(fields | {"recorder_id": ActorId(CLINIC)} | times | changes)),
        confirmed(**(fields | {name: changes[name] for name in ("minutes", "minutes_by_day") if name in changes})),
    )


def of_duty(minutes: int) -> dict[str, Any]:
    """How it is told that paid duty on Thursday came to nothing."""
    return {"rules_applied": (RuleEffect("paid-duty", -minutes),), "credited_by_day": {THURSDAY: 0}}


DECISIONS = [
    pytest.param(PENDING, confirm, id="confirm"),
    pytest.param(PENDING, reject, id="reject"),
    pytest.param(CONFIRMED, lambda **by: correct(minutes=60, **by), id="correct"),
    pytest.param(CONFIRMED, void, id="void"),
]


@pytest.mark.parametrize(("history", "decide"), DECISIONS)
class TestWhoDecides:
    """The right to decide on a record, the same for all four decisions."""

    @pytest.mark.parametrize("role", ["verifier", "coordinator"])
    def test_a_member_who_may(self, history: tuple[Fact, ...], decide: Any, role: Any) -> None:
        """Verifiers and coordinators decide for their organisation."""
        fact = given(*history, *member(LI, role)).when(decide(by=acting(LI))).fact
        assert fact.decided_by == LI

    @pytest.mark.parametrize("role", ["member", "recorder", "merchant"])
    def test_refused_for_other_members(self, history: tuple[Fact, ...], decide: Any, role: Any) -> None:
        """Deciding needs a verifier or a coordinator."""
        decided = given(*history, *member(LI, role)).when(decide(by=acting(LI)))
        decided.then_refused(RoleMissing, role="verifier or coordinator", organisation_id=GARDEN)

    def test_refused_after_the_term(self, history: tuple[Fact, ...], decide: Any) -> None:
        """A verifier decides up to the last day of their term."""
        until_today = member(LI, "verifier", valid_until=NOON.date())
        assert given(*history, *until_today).when(decide(by=acting(LI))).fact.decided_by == LI
        until_yesterday = member(LI, "verifier", valid_until=THURSDAY)
        given(*history, *until_yesterday).when(decide(by=acting(LI))).then_refused(RoleMissing)

    @pytest.mark.parametrize("role", ["verifier", "coordinator"])
    def test_refused_for_a_suspended_verifier(self, history: tuple[Fact, ...], decide: Any, role: Any) -> None:
        """Who is suspended decides nothing for anybody, until they are reinstated."""
        suspended = (*history, *member(LI, role), VolunteerSuspended(volunteer_id=LI, reason="代签"))
        given(*suspended).when(decide(by=acting(LI))).then_refused(YouAreSuspended)
        reinstated = VolunteerReinstated(volunteer_id=LI, reason="查清")
        assert given(*suspended, reinstated).when(decide(by=acting(LI))).fact.decided_by == LI

    def test_refused_for_a_verifier_who_is_no_volunteer(self, history: tuple[Fact, ...], decide: Any) -> None:
        """A role is a volunteer's: without an account it gives no right."""
        _, *unregistered = member(LI, "verifier")
        decided = given(*history, *unregistered).when(decide(by=acting(LI)))
        decided.then_refused(VolunteerUnknown, volunteer_id=LI)

    @pytest.mark.parametrize("by", [acting(LI), CLINICS_PROGRAM])
    def test_refused_for_strangers(self, history: tuple[Fact, ...], decide: Any, by: Acting) -> None:
        """To whoever has nothing to do with the organisation its records do not exist."""
        given(*history).when(decide(by=by)).then_refused(RecordUnknown, record_id=RECORD)
        given(*history, SUSPENDED).when(decide(by=by)).then_refused(RecordUnknown, record_id=RECORD)

    def test_refused_for_what_was_never_logged(self, history: tuple[Fact, ...], decide: Any) -> None:
        """There is nothing to decide about a record that nobody logged."""
        given().when(decide()).then_refused(RecordUnknown, record_id=RECORD)

    @pytest.mark.parametrize("role", ["verifier", "coordinator"])
    def test_refused_for_the_beneficiary(self, history: tuple[Fact, ...], decide: Any, role: Any) -> None:
        """Nobody decides on their own service, whatever their role."""
        given(*history, *member(WANG, role)).when(decide(by=acting(WANG))).then_refused(VerifierIsBeneficiary)

    def test_refused_while_the_organisation_is_suspended(self, history: tuple[Fact, ...], decide: Any) -> None:
        """Nothing is decided for a suspended organisation, until it is reinstated."""
        given(*history, SUSPENDED).when(decide()).then_refused(OrganisationNotApproved, status="suspended")
        reinstated = OrganisationReinstated(organisation_id=GARDEN, reason="整改完成")
        assert given(*history, SUSPENDED, reinstated).when(decide()).fact.record_id == RECORD


class TestConfirmService:
    """Finding that the service took place."""

    def test_confirmed_by_an_administrator(self) -> None:
        """Confirmed service is credited minute for minute."""
        given(*PENDING).when(confirm()).then(confirmed())

    def test_confirmed_by_the_organisations_program(self) -> None:
        """What a member logged the organisation's program may confirm, and say why."""
        history = (*standing(), logged(recorder_id=ActorId(ZHAO)))
        decided = given(*history).when(confirm(by=GARDENERS_PROGRAM, reason="签到表"))
        decided.then(confirmed(decided_by=GARDENERS_PROGRAM.actor, reason="签到表"))

    def test_refused_when_the_verifier_logged_it(self) -> None:
        """Whoever logged a record does not confirm it: no coordinator, no program, no administrator."""
        by_zhao = (*standing(), logged(recorder_id=ActorId(ZHAO)), *member(ZHAO, "coordinator"))
        given(*by_zhao).when(confirm(by=acting(ZHAO))).then_refused(RecorderIsVerifier)
        given(*PENDING).when(confirm(by=GARDENERS_PROGRAM)).then_refused(RecorderIsVerifier)
        by_administrator = (*standing(), logged(recorder_id=ADMINISTRATOR.actor))
        given(*by_administrator).when(confirm()).then_refused(RecorderIsVerifier)

    @pytest.mark.parametrize(("history", "status"), NOT_PENDING)
    def test_refused_unless_pending(self, history: tuple[Fact, ...], status: str) -> None:
        """A record is confirmed once, and not after it was rejected."""
        given(*PENDING, *history).when(confirm()).then_refused(RecordNotPending, record_id=RECORD, status=status)

    def test_fewer_minutes_than_logged(self) -> None:
        """The verifier may find that it was less."""
        decided = given(*PENDING).when(confirm(minutes=45))
        decided.then(confirmed(minutes=45, minutes_by_day={THURSDAY: 45}, credited_minutes=45))

    def test_refused_with_more_than_was_recorded(self) -> None:
        """Nobody but the verifier would have seen that it was more, whether they confirm it so or correct it later."""
        pending = (*standing(), logged(minutes=60, minutes_by_day={THURSDAY: 60}))
        given(*pending).when(confirm(minutes=61)).then_refused(MoreThanRecorded, recorded_minutes=60)
        less = confirmed(minutes=45, minutes_by_day={THURSDAY: 45}, credited_minutes=45)
        for again in ({"minutes": 61}, {"started_at": at(19, 7), "ended_at": at(19, 10)}):
            given(*pending, less).when(correct(**again)).then_refused(MoreThanRecorded, recorded_minutes=60)
        assert given(*pending, less).when(correct(minutes=60)).fact.credited_minutes == 60
        decided = given(*pending).when(confirm(minutes=121))
        decided.then_refused(TooManyMinutes, minutes=121, interval_minutes=120)

    @pytest.mark.parametrize("minutes", [0, -1])
    def test_refused_with_less_than_a_minute(self, minutes: int) -> None:
        """No minutes are not all that were logged: what did not take place is rejected."""
        given(*PENDING).when(confirm(minutes=minutes)).then_refused(TooFewMinutes)

    def test_over_midnight_each_day_gets_its_part(self) -> None:
        """A night watch confirmed for half its time is divided like the whole."""
        parts = {WEDNESDAY: 120, THURSDAY: 360}
        night = logged(started_at=at(18, 22), ended_at=at(19, 6), minutes=480, minutes_by_day=parts)
        fact = given(*standing(), night).when(confirm(minutes=240)).fact
        assert fact.minutes_by_day == {WEDNESDAY: 60, THURSDAY: 180}
        assert fact.local_date == WEDNESDAY

    def test_a_single_minute_over_midnight(self) -> None:
        """A minute cannot be divided, and is on one of the two days."""
        parts = {WEDNESDAY: 0, THURSDAY: 1}
        night = logged(started_at=at(18, 22), ended_at=at(19, 6), minutes=1, minutes_by_day=parts)
        fact = given(*standing(), night).when(confirm()).fact
        assert fact.minutes_by_day == parts

    def test_duty_hours_are_confirmed_without_credit(self) -> None:
        """Paid duty is no volunteering: it is confirmed as time, and nothing comes of it."""
        pending = (*standing(), logged(capacity="staff-on-duty"))
        decided = given(*pending).when(confirm())
        decided.then(confirmed(capacity="staff-on-duty", credited_minutes=0, **of_duty(120)))

    def test_staff_off_duty_are_volunteers(self) -> None:
        """Who is paid by day is a volunteer in the evening."""
        pending = (*standing(), logged(capacity="staff-off-duty"))
        given(*pending).when(confirm()).then(confirmed(capacity="staff-off-duty"))


class TestOverlap:
    """No two confirmed records of one person at the same time."""

    def test_refused_across_organisations(self) -> None:
        """Nobody served in two places at once, whichever organisations say so."""
        given(*PENDING, *of_the_clinic()).when(confirm()).then_refused(OverlappingService, record_id=OTHER)

    def test_pending_records_do_not_count(self) -> None:
        """What nobody has confirmed stands in nobody's way."""
        given(*PENDING, of_the_clinic()[0]).when(confirm()).then(confirmed())

    @pytest.mark.parametrize("undo", [rejected, voided])
    def test_records_that_came_to_nothing_do_not_count(self, undo: Any) -> None:
        """What was rejected or voided stands in nobody's way."""
        other_logged, other_confirmed = of_the_clinic()
        before = (other_logged,) if undo is rejected else (other_logged, other_confirmed)
        undone = undo(record_id=OTHER, organisation_id=CLINIC)
        given(*PENDING, *before, undone).when(confirm()).then(confirmed())

    @pytest.mark.parametrize("times", [(at(19, 10), at(19, 12)), (at(19, 6), at(19, 8))])
    def test_one_may_begin_when_the_other_ends(self, times: Any) -> None:
        """Service right after service is no overlap."""
        other = of_the_clinic(started_at=times[0], ended_at=times[1])
        given(*PENDING, *other).when(confirm()).then(confirmed())

    @pytest.mark.parametrize(
        "times",
        [(at(19, 9, 59), at(19, 12)), (at(19, 6), at(19, 8, 1)), (at(19, 8, 30), at(19, 9)), (at(19, 7), at(19, 11))],
    )
    def test_a_minute_is_enough(self, times: Any) -> None:
        """Overlap is overlap: at the start, at the end, within, or around."""
        other = of_the_clinic(started_at=times[0], ended_at=times[1])
        given(*PENDING, *other).when(confirm()).then_refused(OverlappingService, record_id=OTHER)

    def test_refused_over_midnight(self) -> None:
        """A night watch from the day before is still going on in the small hours."""
        parts = {WEDNESDAY: 120, THURSDAY: 540}
        night = of_the_clinic(started_at=at(18, 22), ended_at=at(19, 9), minutes=660, minutes_by_day=parts)
        given(*PENDING, *night).when(confirm()).then_refused(OverlappingService, record_id=OTHER)

    def test_fewer_minutes_leave_the_times_as_they_are(self) -> None:
        """Minutes leave out breaks; that somebody was here from nine to eleven stays true."""
        other = of_the_clinic(minutes=30, minutes_by_day={THURSDAY: 30})
        given(*PENDING, *other).when(confirm(minutes=30)).then_refused(OverlappingService)

    def test_duty_hours_count_too(self) -> None:
        """Nobody volunteers while they are on duty."""
        other_logged, other_confirmed = of_the_clinic(capacity="staff-on-duty")
        given(*PENDING, other_logged, other_confirmed).when(confirm()).then_refused(OverlappingService)

    def test_another_person_may_serve_beside(self) -> None:
        """Two people can be in two places at once."""
        of_li = [logged(record_id=OTHER, volunteer_id=LI), confirmed(record_id=OTHER, volunteer_id=LI)]
        assert Book(*PENDING, *of_li).do(confirm()) == confirmed()


class TestDayIsFull:
    """At most 24 hours a local day, also after it was logged."""

    def test_refused_when_correcting_onto_a_full_day(self) -> None:
        """What is moved to another day has to fit there."""
        times: dict[str, Any] = {"started_at": at(18, 0), "ended_at": at(18, 23)}
        other = logged(record_id=OTHER, **times, minutes=23 * 60, minutes_by_day={WEDNESDAY: 23 * 60})
        command = correct(started_at=at(18, 8), ended_at=at(18, 10))
        given(*CONFIRMED, other).when(command).then_refused(DayIsFull, minutes=25 * 60, day="2026-11-18")

    def test_what_waits_keeps_nothing_out(self) -> None:
        """What the organisation has logged besides, and may be wrong, is not looked at: nor what it says of others."""
        times: dict[str, Any] = {"started_at": at(19, 0), "ended_at": at(20, 0)}
        other = logged(record_id=OTHER, **times, minutes=24 * 60, minutes_by_day={THURSDAY: 24 * 60})
        given(*PENDING, other).when(confirm()).then(confirmed())


class TestRejectService:
    """Finding that a record is not right."""

    def test_rejected_for_a_reason(self) -> None:
        """The record counts for nothing, and the reason is kept."""
        given(*PENDING).when(reject()).then(rejected())

    @pytest.mark.parametrize(("history", "status"), NOT_PENDING)
    def test_refused_unless_pending(self, history: tuple[Fact, ...], status: str) -> None:
        """A record is rejected once, and not after it was confirmed."""
        given(*PENDING, *history).when(reject()).then_refused(RecordNotPending, record_id=RECORD, status=status)


class TestCorrectService:
    """Putting a confirmed record right."""

    def test_keeps_what_it_was(self) -> None:
        """A correction says what the record is now, and what it was."""
        given(*CONFIRMED).when(correct(ended_at=at(19, 9))).then(corrected())

    def test_moves_to_another_day(self) -> None:
        """A record can turn out to be of another day; both days know of it."""
        fact = given(*CONFIRMED).when(correct(started_at=at(16, 14), ended_at=at(16, 16))).fact
        assert (fact.previous_local_date, fact.previous_minutes_by_day) == (THURSDAY, {THURSDAY: 120})
        assert (fact.local_date, fact.minutes_by_day, fact.minutes) == (MONDAY, {MONDAY: 120}, 120)
        assert {f"{WANG}@2026-11-16", f"{WANG}@2026-11-19"} <= set(fact.tags())

    def test_keeps_the_days_for_which_it_was_logged(self) -> None:
        """However often a record moves, the days it was first logged for know of it, until it is voided."""
        night: dict[str, Any] = {"started_at": at(18, 23), "ended_at": at(19, 1)}
        tags = {f"{WANG}@2026-11-18", f"{WANG}@2026-11-19"}
        book = Book(*standing(), registered())
        book.do(log_service(**night))
        book.do(confirm())
        again = log_service(record_id=OTHER, **night)
        for start in (at(16, 8), at(17, 8), at(12, 8)):
            fact = book.do(correct(started_at=start, ended_at=start + timedelta(hours=1)))
            assert fact.original_days == (WEDNESDAY, THURSDAY)
            assert tags <= set(fact.tags())
            with pytest.raises(DuplicateRecord):
                book.do(again)
        fact = book.do(void())
        assert fact.original_days == (WEDNESDAY, THURSDAY)
        assert tags <= set(fact.tags())
        assert book.do(again).record_id == OTHER

    def test_frees_the_time_it_took_before(self) -> None:
        """After the move other service fits where the record was, and none where it is."""
        moved = corrected(started_at=at(16, 8), ended_at=at(16, 10), minutes_by_day={MONDAY: 60}, local_date=MONDAY)
        book = Book(*CONFIRMED, moved, *standing(CLINIC), registered())
        clinics: dict[str, Any] = {"by": CLINICS_PROGRAM, "organisation_id": CLINIC}
        book.do(log_service(**clinics, record_id="rec_there"))
        assert book.do(confirm(record_id="rec_there")).minutes == 120
        book.do(log_service(**clinics, record_id="rec_here", started_at=at(16, 9), ended_at=at(16, 11)))
        with pytest.raises(OverlappingService):
            book.do(confirm(record_id="rec_here"))

    def test_can_be_corrected_again(self) -> None:
        """What it was is what the last correction made of it."""
        fact = given(*CONFIRMED, corrected()).when(correct(ended_at=at(19, 8, 30))).fact
        assert (fact.previous_minutes, fact.previous_credited_minutes) == (60, 60)
        assert (fact.minutes, fact.credited_minutes) == (30, 30)

    def test_new_times_are_taken_whole(self) -> None:
        """New times without minutes count from start to end, whatever the minutes were before."""
        part = confirmed(minutes=45, minutes_by_day={THURSDAY: 45}, credited_minutes=45)
        fact = given(*PENDING, part).when(correct(ended_at=at(19, 8, 30))).fact
        assert (fact.previous_minutes, fact.minutes) == (45, 30)

    def test_the_same_times_keep_their_minutes(self) -> None:
        """Correcting a word leaves the minutes that were confirmed."""
        part = confirmed(minutes=45, minutes_by_day={THURSDAY: 45}, credited_minutes=45)
        fact = given(*PENDING, part).when(correct(activity="擦洗宣传栏")).fact
        assert (fact.minutes, fact.credited_minutes, fact.activity) == (45, 45, "擦洗宣传栏")

    def test_describes_it_anew(self) -> None:
        """Every word about the service can be put right, and what is not given stays."""
        before = logged(place="3栋", content="擦洗健身器材", programmes=("红细胞",))
        said: dict[str, Any] = {"category": "文体娱乐", "place": "5栋", "programmes": ()}
        fact = given(*standing(), before, confirmed()).when(correct(**said)).fact
        assert {name: getattr(fact, name) for name in said} == said
        assert (fact.activity, fact.content) == (before.activity, before.content)

    def test_duty_hours_lose_their_credit(self) -> None:
        """What turns out to have been paid duty keeps its minutes and loses its credit."""
        fact = given(*CONFIRMED).when(correct(capacity="staff-on-duty")).fact
        assert (fact.previous_capacity, fact.capacity) == ("resident", "staff-on-duty")
        assert (fact.minutes, fact.previous_credited_minutes, fact.credited_minutes) == (120, 120, 0)
        assert fact.debt_change_minutes == 0

    @pytest.mark.parametrize("same", [{}, span(), {"minutes": 120}, {"activity": "公共设施擦洗"}])
    def test_refused_when_nothing_changes(self, same: dict[str, Any]) -> None:
        """Saying the same again is no correction."""
        given(*CONFIRMED).when(correct(**same)).then_refused(NothingChanges)

    def test_refused_when_only_the_offset_changes(self) -> None:
        """The same moments written in another offset are no correction."""
        same = {name: moment.astimezone(UTC) for name, moment in span().items()}
        given(*CONFIRMED).when(correct(**same)).then_refused(NothingChanges)

    @pytest.mark.parametrize(("history", "status"), NOT_CONFIRMED)
    def test_refused_unless_confirmed(self, history: tuple[Fact, ...], status: str) -> None:
        """Only what was confirmed, and still is, can be corrected."""
        decided = given(*PENDING, *history).when(correct(minutes=60))
        decided.then_refused(RecordNotConfirmed, record_id=RECORD, status=status)

    def test_is_not_worth_more_in_several_steps(self) -> None:
        """Whoever finds that it was less of what is worth more does not make it as much as was recorded afterwards."""
        twice = adopted(credit_percent={"治安巡逻": 200})
        book = Book(*standing(), registered(), twice, logged())
        assert book.do(confirm()).credited_minutes == 120
        assert book.do(correct(category="治安巡逻", minutes=60)).credited_minutes == 120
        with pytest.raises(MoreThanRecorded):
            book.do(correct(minutes=120))
        assert [book.do(correct(minutes=minutes)).credited_minutes for minutes in (50, 60)] == [100, 120]

    def test_is_as_much_again_as_was_recorded(self) -> None:
        """What was confirmed as less is made as much as was recorded, also where a word was put right between."""
        book = Book(*standing(), registered(), logged())
        book.do(confirm(minutes=60))
        book.do(correct(place="5栋"))
        assert book.do(correct(minutes=120)).credited_minutes == 120

    def test_refused_for_whoever_logged_it(self) -> None:
        """A recorder cannot change by correction what others confirmed, not even after somebody else corrected it."""
        by_zhao = (*standing(), logged(recorder_id=ActorId(ZHAO)), confirmed(), *member(ZHAO, "coordinator"))
        command = correct(by=acting(ZHAO), minutes=119)
        given(*by_zhao).when(command).then_refused(RecorderIsVerifier)
        given(*by_zhao, corrected()).when(command).then_refused(RecorderIsVerifier)

    def test_possible_for_whoever_confirmed_it(self) -> None:
        """A verifier may put right what they confirmed."""
        by_li = confirmed(decided_by=ActorId(LI))
        command = correct(by=acting(LI), ended_at=at(19, 9))
        given(*PENDING, by_li, *member(LI, "verifier")).when(command).then(corrected(decided_by=ActorId(LI)))

    def test_refused_when_it_would_overlap(self) -> None:
        """A correction makes no two confirmed records overlap."""
        other = of_the_clinic(started_at=at(19, 10), ended_at=at(19, 12))
        given(*CONFIRMED, *other).when(correct(started_at=at(19, 9), ended_at=at(19, 10, 1))).then_refused(
            OverlappingService, record_id=OTHER
        )

    def test_its_own_time_is_no_obstacle(self) -> None:
        """A record may be moved by half an hour, over the time it took before."""
        fact = given(*CONFIRMED).when(correct(started_at=at(19, 8, 30), ended_at=at(19, 10, 30))).fact
        assert fact.minutes == 120

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"ended_at": at(19, 8)}, EndsBeforeItStarts),
            ({"started_at": at(19, 10)}, EndsBeforeItStarts),
            ({"started_at": at(18, 9, 59)}, LastsTooLong),
            ({"minutes": 0}, TooFewMinutes),
            ({"minutes": -1}, TooFewMinutes),
            ({"ended_at": at(19, 9), "minutes": 0}, TooFewMinutes),
            ({"minutes": 121}, TooManyMinutes),
            ({"ended_at": at(19, 9), "minutes": 61}, TooManyMinutes),
            ({"started_at": at(20, 11), "ended_at": at(20, 12, 1)}, ServiceInTheFuture),
        ],
    )
    def test_refused_when_it_contradicts_itself(self, changes: dict[str, Any], refusal: Any) -> None:
        """A correction obeys what a record obeys when it is logged."""
        given(*CONFIRMED).when(correct(**changes)).then_refused(refusal)


class TestVoidService:
    """Withdrawing a confirmed record."""

    def test_takes_back_service_and_credit(self) -> None:
        """The record is withdrawn with all its minutes, and the reason is kept."""
        given(*CONFIRMED).when(void()).then(voided())

    def test_takes_back_what_it_was_corrected_to(self) -> None:
        """Of a corrected record only what it is now is withdrawn."""
        moved = corrected(minutes_by_day={MONDAY: 60}, local_date=MONDAY, started_at=at(16, 8), ended_at=at(16, 9))
        taken: dict[str, Any] = {"minutes": 60, "minutes_by_day": {MONDAY: 60}, "credited_minutes": 60}
        given(*CONFIRMED, moved).when(void()).then(voided(**taken, local_date=MONDAY))

    def test_takes_back_no_credit_of_duty_hours(self) -> None:
        """Where there was no credit none is taken."""
        duty = (*standing(), logged(capacity="staff-on-duty"), confirmed(capacity="staff-on-duty", credited_minutes=0))
        given(*duty).when(void()).then(voided(capacity="staff-on-duty", credited_minutes=0))

    @pytest.mark.parametrize(("history", "status"), NOT_CONFIRMED)
    def test_refused_unless_confirmed(self, history: tuple[Fact, ...], status: str) -> None:
        """A record is voided once, and only if it was confirmed."""
        given(*PENDING, *history).when(void()).then_refused(RecordNotConfirmed, record_id=RECORD, status=status)


class TestDebt:
    """A lawful correction is never blocked by credit that is spent: the shortfall is a debt."""

    @pytest.mark.parametrize(("used", "debt"), [(0, 0), (50, 50), (120, 120)])
    def test_voiding_what_was_spent_makes_a_debt(self, used: int, debt: int) -> None:
        """What of the credit is gone becomes a debt; the rest is simply taken back."""
        given(*CONFIRMED, spent(used)).when(void()).then(voided(debt_change_minutes=debt))

    @pytest.mark.parametrize(("used", "debt"), [(60, 0), (61, 1), (120, 60)])
    def test_correcting_down_what_was_spent_makes_a_debt(self, used: int, debt: int) -> None:
        """A correction takes back the difference only, and only what is missing of it becomes a debt."""
        given(*CONFIRMED, spent(used)).when(correct(ended_at=at(19, 9))).then(corrected(debt_change_minutes=debt))

    @pytest.mark.parametrize(("minutes", "repaid"), [(20, 20), (30, 30), (120, 30)])
    def test_credit_repays_a_debt_first(self, minutes: int, repaid: int) -> None:
        """New credit pays the debt as far as it goes; what is left can be spent."""
        owes = (
            confirmed(record_id="rec_old", minutes=30, minutes_by_day={}, credited_minutes=30),
            spent(30),
            voided(record_id="rec_old", minutes=30, minutes_by_day={}, credited_minutes=30, debt_change_minutes=30),
        )
        fact = given(*PENDING, *owes).when(confirm(minutes=minutes)).fact
        assert (fact.credited_minutes, fact.debt_change_minutes) == (minutes, -repaid)

    def test_correcting_up_repays_a_debt(self) -> None:
        """Credit from a correction pays the debt like any other."""
        history = (*CONFIRMED, spent(120), corrected(**span(), debt_change_minutes=60))
        fact = given(*history).when(correct(minutes=120)).fact
        assert (fact.credited_minutes - fact.previous_credited_minutes, fact.debt_change_minutes) == (60, -60)

    def test_duty_hours_repay_nothing(self) -> None:
        """What is no credit pays no debt."""
        history = (*CONFIRMED, spent(120), voided(debt_change_minutes=120))
        duty = logged(record_id=OTHER, capacity="staff-on-duty")
        assert given(*history, duty).when(confirm(record_id=OTHER)).fact.debt_change_minutes == 0

    def test_a_debt_is_each_persons_own(self) -> None:
        """Nobody's credit pays for somebody else."""
        of_li = [confirmed(record_id="rec_li", volunteer_id=LI), spent(120, LI)]
        owed = voided(record_id="rec_li", volunteer_id=LI, debt_change_minutes=120)
        assert Book(*PENDING, *of_li, owed).do(confirm()) == confirmed()


def test_a_review_takes_place_in_the_banks_time() -> None:
    """The days a confirmation is divided into are those of the bank's clock, in which now is given."""
    start = at(19, 7).astimezone(UTC)
    pending = (*standing(), logged(started_at=start, ended_at=start + timedelta(hours=2)))
    assert given(*pending).when(confirm()).fact.minutes_by_day == {THURSDAY: 120}
