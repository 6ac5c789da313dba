from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    LI,
    NOON,
    NUMBER,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    ZONE,
    acting,
    at,
    confirm_service,
    confirmed,
    corrected,
    log_service,
    logged,
    member,
    registered,
    rejected,
    span,
    standing,
    voided,
)
from tests.given import Book, given, stored
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import OrganisationRegistered, OrganisationSuspended
from timebank.domain.facts.people import VolunteerReinstated, VolunteerSuspended
from timebank.domain.identifiers import ActorId, OrganisationId, RecordId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, OrganisationUnknown, RoleMissing
from timebank.domain.people.refusals import VolunteerIsSuspended, VolunteerUnknown
from timebank.domain.refusals import UnbelievableTime, YouAreSuspended
from timebank.domain.service.days import ServiceDay
from timebank.domain.service.refusals import (
    DayIsFull,
    DuplicateRecord,
    EndsBeforeItStarts,
    LastsTooLong,
    OverlappingService,
    RecorderIsBeneficiary,
    ServiceInTheFuture,
    TooFewMinutes,
    TooManyMinutes,
)
from timebank.domain.service.reviews import ConfirmService, CorrectService, VoidService
from timebank.domain.service.times import local_days, minutes_by_day, working_days_between
from timebank.domain.times import must_be_believable

PEOPLE = (*standing(), registered())
MONDAY = date(2026, 11, 16)
THAT_MONDAY: dict[str, Any] = {"started_at": at(16, 8), "ended_at": at(16, 9)}
SHORTENED = corrected()
MOVED = corrected(**THAT_MONDAY, minutes_by_day={MONDAY: 60}, local_date=MONDAY)

ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    )
]
APIA = ZoneInfo("Pacific/Apia")
BERLIN = ZoneInfo("Europe/Berlin")
HAVANA = ZoneInfo("America/Havana")
NEW_YORK = ZoneInfo("America/New_York")
ST_JOHNS = ZoneInfo("America/St_Johns")
"""Where, up to 2010, clocks were set back at 00:01, to 23:01 of the day before."""

zones = st.sampled_from(ZONES)
moments = st.timedeltas(timedelta(0), timedelta(days=18 * 365)).map(
    lambda since: datetime(2011, 12, 1, tzinfo=UTC) + since
)
whole_minutes = moments.map(lambda moment: moment.replace(second=0, microsecond=0))
lengths = st.integers(1, 24 * 60)


class TestLogService:
    """Saying that somebody served."""

    def test_logged_by_the_organisations_program(self) -> None:
        """An approved organisation's program logs service of an active volunteer."""
        given(*PEOPLE).when(log_service()).then(logged())

    def test_logged_by_an_administrator(self) -> None:
        """The bank's administrator logs for any organisation, and is then the recorder."""
        given(*PEOPLE).when(log_service(by=ADMINISTRATOR)).then(logged(recorder_id=ADMINISTRATOR.actor))

    @pytest.mark.parametrize("role", ["recorder", "coordinator"])
    def test_logged_by_a_member_who_may(self, role: Any) -> None:
        """Recorders and coordinators log for their organisation."""
        decided = given(*PEOPLE, *member(LI, role)).when(log_service(by=acting(LI)))
        decided.then(logged(recorder_id=ActorId(LI)))

    def test_keeps_everything_that_was_said(self) -> None:
        """Place, content and programmes are kept as they were given."""
        said: dict[str, Any] = {
            "place": "百步亭花园3栋",
            "content": "擦洗健身器材",
            "programmes": ("红细胞", "邻里守望"),
        }
        given(*PEOPLE).when(log_service(**said)).then(logged(**said))

    def test_takes_fewer_minutes_than_the_interval(self) -> None:
        """A break can be left out: the minutes may be fewer than lie between start and end."""
        given(*PEOPLE).when(log_service(minutes=90)).then(logged(minutes=90, minutes_by_day={THURSDAY: 90}))

    def test_refused_with_more_minutes_than_the_interval(self) -> None:
        """The minutes are never more than lie between start and end."""
        given(*PEOPLE).when(log_service(minutes=121)).then_refused(TooManyMinutes, minutes=121, interval_minutes=120)

    @pytest.mark.parametrize("minutes", [0, -1])
    def test_refused_with_less_than_a_minute(self, minutes: int) -> None:
        """No minutes are no service, and do not mean all there are."""
        given(*PEOPLE).when(log_service(minutes=minutes)).then_refused(TooFewMinutes)

    @pytest.mark.parametrize("capacity", ["resident", "staff-off-duty", "staff-on-duty"])
    def test_possible_in_every_capacity(self, capacity: Any) -> None:
        """Duty hours may be logged like any others; what they count for is decided elsewhere."""
        given(*PEOPLE).when(log_service(capacity=capacity)).then(logged(capacity=capacity))

    def test_refused_for_an_unknown_organisation(self) -> None:
        """Nobody logs for what is not there."""
        given(registered()).when(log_service()).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_refused_unless_the_organisation_is_approved(self) -> None:
        """An organisation logs nothing before it is approved, nor while suspended."""
        new = OrganisationRegistered(organisation_id=GARDEN, name="百花园物业", kind="property-company")
        given(new, registered()).when(log_service()).then_refused(OrganisationNotApproved, status="registered")
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        given(*PEOPLE, suspended).when(log_service()).then_refused(OrganisationNotApproved, status="suspended")

    def test_refused_for_an_unknown_volunteer(self) -> None:
        """Service is of somebody who has an account."""
        given(*standing()).when(log_service()).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_for_a_suspended_volunteer(self) -> None:
        """No new service of a suspended volunteer is accepted, until they are reinstated."""
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="代签")
        given(*PEOPLE, suspended).when(log_service()).then_refused(VolunteerIsSuspended, volunteer_id=WANG)
        reinstated = VolunteerReinstated(volunteer_id=WANG, reason="查清")
        given(*PEOPLE, suspended, reinstated).when(log_service()).then(logged())

    @pytest.mark.parametrize("by", [acting(LI), CLINICS_PROGRAM])
    def test_refused_for_strangers(self, by: Acting) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(*PEOPLE).when(log_service(by=by)).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize("by", [acting(LI), CLINICS_PROGRAM])
    def test_strangers_do_not_learn_how_the_organisation_stands(self, by: Acting) -> None:
        """Registered, approved or suspended: a stranger is told that there is no such organisation."""
        new, approved = standing()
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        for history in ((new,), (new, approved, suspended)):
            decided = given(*history, registered()).when(log_service(by=by))
            decided.then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_members_learn_how_the_organisation_stands(self) -> None:
        """Who may log is told that the organisation is suspended; who may not, that they may not."""
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        decided = given(*PEOPLE, suspended, *member(LI, "recorder")).when(log_service(by=acting(LI)))
        decided.then_refused(OrganisationNotApproved, organisation_id=GARDEN, status="suspended")
        decided = given(*PEOPLE, suspended, *member(LI, "verifier")).when(log_service(by=acting(LI)))
        decided.then_refused(RoleMissing)

    @pytest.mark.parametrize("role", ["recorder", "coordinator"])
    def test_refused_for_a_suspended_recorder(self, role: Any) -> None:
        """Who is suspended logs nothing for anybody, until they are reinstated."""
        history = (*PEOPLE, *member(LI, role), VolunteerSuspended(volunteer_id=LI, reason="代签"))
        given(*history).when(log_service(by=acting(LI))).then_refused(YouAreSuspended)
        reinstated = VolunteerReinstated(volunteer_id=LI, reason="查清")
        given(*history, reinstated).when(log_service(by=acting(LI))).then(logged(recorder_id=ActorId(LI)))

    def test_refused_for_a_recorder_who_is_no_volunteer(self) -> None:
        """A role is a volunteer's: without an account it gives no right."""
        _, *unregistered = member(LI, "recorder")
        decided = given(*PEOPLE, *unregistered).when(log_service(by=acting(LI)))
        decided.then_refused(VolunteerUnknown, volunteer_id=LI)

    @pytest.mark.parametrize("role", ["member", "verifier", "merchant"])
    def test_refused_for_other_members(self, role: Any) -> None:
        """Logging needs a recorder or a coordinator."""
        decided = given(*PEOPLE, *member(LI, role)).when(log_service(by=acting(LI)))
        decided.then_refused(RoleMissing, role="recorder or coordinator", organisation_id=GARDEN)

    @pytest.mark.parametrize("role", ["recorder", "coordinator"])
    def test_refused_for_ones_own_service(self, role: Any) -> None:
        """Nobody logs their own service, whatever their role."""
        given(*standing(), *member(WANG, role)).when(log_service(by=acting(WANG))).then_refused(RecorderIsBeneficiary)


class TestWhenItWas:
    """Start, end, and the local days between them."""

    @pytest.mark.parametrize("ended_at", [at(19, 8), at(19, 7, 59), at(19, 8).replace(second=59)])
    def test_refused_unless_it_ends_a_minute_after_it_starts(self, ended_at: datetime) -> None:
        """Service lasts at least a minute, the smallest unit there is."""
        given(*PEOPLE).when(log_service(ended_at=ended_at)).then_refused(EndsBeforeItStarts)

    def test_one_minute_is_enough(self) -> None:
        """The shortest service is a minute long."""
        command = log_service(ended_at=at(19, 8, 1))
        assert given(*PEOPLE).when(command).fact.minutes == 1

    def test_at_most_24_hours_in_one_record(self) -> None:
        """A record of 24 hours is possible, and one of a second more is not."""
        start = at(18, 8)
        whole = log_service(started_at=start, ended_at=start + timedelta(hours=24))
        assert given(*PEOPLE).when(whole).fact.minutes == 24 * 60
        longer = log_service(started_at=start, ended_at=start + timedelta(hours=24, seconds=1))
        given(*PEOPLE).when(longer).then_refused(LastsTooLong)

    def test_refused_before_it_is_over(self) -> None:
        """Service can be logged the moment it is over, not a minute earlier."""
        command = log_service(started_at=at(20, 10), ended_at=NOON)
        assert given(*PEOPLE).when(command).fact.minutes == 120
        too_early = log_service(started_at=at(20, 10), ended_at=NOON + timedelta(minutes=1))
        given(*PEOPLE).when(too_early).then_refused(ServiceInTheFuture)

    def test_the_future_is_the_same_in_every_offset(self) -> None:
        """Whether it is over does not depend on the offset in which the end was written."""
        noon = NOON.astimezone(UTC)
        over = log_service(started_at=noon - timedelta(hours=1), ended_at=noon)
        assert given(*PEOPLE).when(over).fact.local_date == date(2026, 11, 20)
        later = log_service(started_at=noon, ended_at=noon + timedelta(hours=1))
        given(*PEOPLE).when(later).then_refused(ServiceInTheFuture)

    def test_over_midnight_each_day_gets_its_part(self) -> None:
        """A night watch is positive on both days and counts for the day on which it started."""
        fact = given(*PEOPLE).when(log_service(started_at=at(18, 22), ended_at=at(19, 6))).fact
        assert fact.minutes == 480
        assert fact.minutes_by_day == {date(2026, 11, 18): 120, THURSDAY: 360}
        assert fact.local_date == date(2026, 11, 18)

    def test_ending_at_midnight_it_touches_one_day(self) -> None:
        """Midnight belongs to the day that it ends."""
        fact = given(*PEOPLE).when(log_service(started_at=at(18, 22), ended_at=at(19, 0))).fact
        assert fact.minutes_by_day == {date(2026, 11, 18): 120}

    def test_its_day_is_the_banks(self) -> None:
        """An early morning in Wuhan is not counted for the evening before, as it is called in Greenwich."""
        start = at(19, 7).astimezone(UTC)
        fact = given(*PEOPLE).when(log_service(started_at=start, ended_at=start + timedelta(hours=2))).fact
        assert start.date() == date(2026, 11, 18)
        assert fact.minutes_by_day == {THURSDAY: 120}

    def test_a_leap_day_is_a_day(self) -> None:
        """Service over the end of 29 February is divided like any other."""
        start = datetime(2024, 2, 29, 23, tzinfo=ZONE)
        fact = given(*PEOPLE).when(log_service(started_at=start, ended_at=start + timedelta(hours=2))).fact
        assert fact.minutes_by_day == {date(2024, 2, 29): 60, date(2024, 3, 1): 60}

    def test_a_night_with_an_hour_less_has_an_hour_less(self) -> None:
        """Where clocks change, time really passed is what counts."""
        now = NOON.astimezone(BERLIN)
        spring = {
            "started_at": datetime(2026, 3, 28, 22, tzinfo=BERLIN),
            "ended_at": datetime(2026, 3, 29, 6, tzinfo=BERLIN),
        }
        assert given(*PEOPLE).when(log_service(at=now, **spring)).fact.minutes == 7 * 60
        autumn = {
            "started_at": datetime(2026, 10, 24, 22, tzinfo=BERLIN),
            "ended_at": datetime(2026, 10, 25, 6, tzinfo=BERLIN),
        }
        assert given(*PEOPLE).when(log_service(at=now, **autumn)).fact.minutes == 9 * 60


class TestLate:
    """Records that come long after the activity."""

    @pytest.mark.parametrize(
        ("day", "month", "is_late"),
        [(19, 11, False), (6, 11, False), (5, 11, True), (7, 11, False), (8, 11, False), (5, 1, True)],
    )
    def test_after_ten_working_days_it_is_marked(self, day: int, month: int, is_late: bool) -> None:
        """Late is what comes more than ten working days after the activity; it is accepted all the same."""
        start = at(day, 8, month=month)
        fact = given(*PEOPLE).when(log_service(started_at=start, ended_at=start + timedelta(hours=2))).fact
        assert fact.is_late is is_late

    def test_counts_from_the_day_it_ended(self) -> None:
        """Of service over midnight the second day counts."""
        fact = given(*PEOPLE).when(log_service(started_at=at(5, 22), ended_at=at(6, 2))).fact
        assert not fact.is_late

    def test_what_ended_at_midnight_was_on_the_day_before(self) -> None:
        """Midnight belongs to the day that it ends, also when working days are counted."""
        fact = given(*PEOPLE).when(log_service(started_at=at(5, 22), ended_at=at(6, 0))).fact
        assert fact.minutes_by_day == {date(2026, 11, 5): 120}
        assert fact.is_late


class TestDuplicates:
    """The same row twice."""

    def test_refused_while_the_first_is_pending(self) -> None:
        """The same organisation, volunteer, start and end is the same service."""
        decided = given(*PEOPLE, logged()).when(log_service(record_id=OTHER))
        decided.then_refused(DuplicateRecord, record_id=RECORD)

    def test_refused_under_its_own_id(self) -> None:
        """Whoever hands in the very same once more, as another process may, adds nothing."""
        given(*PEOPLE, logged()).when(log_service()).then_refused(DuplicateRecord, record_id=RECORD)

    def test_refused_while_the_first_is_confirmed(self) -> None:
        """Confirmed service is not logged a second time, whoever tries."""
        decided = given(*PEOPLE, logged(), confirmed()).when(log_service(record_id=OTHER, by=ADMINISTRATOR))
        decided.then_refused(DuplicateRecord, record_id=RECORD)

    def test_refused_also_with_other_words_and_minutes(self) -> None:
        """Calling it something else makes it no other service."""
        command = log_service(record_id=OTHER, activity="擦洗宣传栏", minutes=60)
        given(*PEOPLE, logged()).when(command).then_refused(DuplicateRecord)

    def test_refused_in_another_offset(self) -> None:
        """The same moment is the same in whatever offset it is written."""
        times = {name: moment.astimezone(UTC) for name, moment in span().items()}
        given(*PEOPLE, logged()).when(log_service(record_id=OTHER, **times)).then_refused(DuplicateRecord)

    def test_refused_over_midnight(self) -> None:
        """A night watch is recognised as well."""
        night: dict[str, Any] = {"started_at": at(18, 22), "ended_at": at(19, 6)}
        first = logged(**night, minutes=480, minutes_by_day={date(2026, 11, 18): 120, THURSDAY: 360})
        given(*PEOPLE, first).when(log_service(record_id=OTHER, **night)).then_refused(DuplicateRecord)

    def test_refused_in_the_hour_that_comes_twice(self) -> None:
        """In the hour that the clocks repeat, too, the same row is the same service."""
        start = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN)
        times: dict[str, Any] = {"started_at": start, "ended_at": start + timedelta(minutes=30)}
        first = logged(**times, minutes=30, minutes_by_day={date(2026, 10, 25): 30})
        command = log_service(at=NOON.astimezone(BERLIN), record_id=OTHER, **times)
        given(*PEOPLE, first).when(command).then_refused(DuplicateRecord, record_id=RECORD)

    @pytest.mark.parametrize("undone", [(rejected(),), (confirmed(), voided())])
    def test_possible_again_after_the_first_came_to_nothing(self, undone: tuple[Fact, ...]) -> None:
        """A row that was rejected or voided can be logged again."""
        given(*PEOPLE, logged(), *undone).when(log_service(record_id=OTHER)).then(logged(record_id=OTHER))

    @pytest.mark.parametrize("moved", [SHORTENED, MOVED])
    def test_refused_after_the_first_was_corrected(self, moved: Fact) -> None:
        """The row as it was first logged stays a duplicate, to whatever time or day the record was corrected."""
        decided = given(*PEOPLE, logged(), confirmed(), moved).when(log_service(record_id=OTHER))
        decided.then_refused(DuplicateRecord, record_id=RECORD)

    def test_refused_as_what_the_first_was_corrected_to(self) -> None:
        """What a record was corrected to is not logged a second time, be it on the same day or on another."""
        decided = given(*PEOPLE, logged(), confirmed(), SHORTENED).when(log_service(record_id=OTHER, **span(hours=1)))
        decided.then_refused(DuplicateRecord, record_id=RECORD)
        decided = given(*PEOPLE, MOVED).when(log_service(record_id=OTHER, **THAT_MONDAY))
        decided.then_refused(DuplicateRecord, record_id=RECORD)

    @pytest.mark.parametrize("moved", [SHORTENED, MOVED])
    def test_possible_again_after_the_corrected_one_was_voided(self, moved: Any) -> None:
        """A corrected record that came to nothing frees the row as it was first logged."""
        gone = voided(minutes=60, minutes_by_day=moved.minutes_by_day, local_date=moved.local_date)
        decided = given(*PEOPLE, logged(), confirmed(), moved, gone).when(log_service(record_id=OTHER))
        decided.then(logged(record_id=OTHER))

    def test_what_it_was_corrected_to_in_between_is_free(self) -> None:
        """Only the row as first logged and the record as it now is are duplicates, and no correction in between."""
        back = corrected(
            previous_minutes=60,
            previous_minutes_by_day={MONDAY: 60},
            previous_local_date=MONDAY,
            **span(),
            minutes=120,
            minutes_by_day={THURSDAY: 120},
        )
        book = Book(*PEOPLE, logged(), confirmed(), MOVED, back)
        assert book.do(log_service(record_id=OTHER, **THAT_MONDAY)).local_date == MONDAY
        with pytest.raises(DuplicateRecord):
            book.do(log_service(record_id=RecordId("rec_3")))

    def test_another_time_is_other_service(self) -> None:
        """The same volunteer can serve twice a day."""
        afternoon: dict[str, Any] = {"started_at": at(19, 14), "ended_at": at(19, 16), "record_id": OTHER}
        given(*PEOPLE, logged()).when(log_service(**afternoon)).then(logged(**afternoon))

    def test_another_organisation_logs_other_service(self) -> None:
        """Two organisations may log the same hours; which of them is right is seen when they are confirmed."""
        of_the_clinic = logged(record_id=OTHER, organisation_id=CLINIC, recorder_id=ActorId(CLINIC))
        given(*PEOPLE, of_the_clinic).when(log_service()).then(logged())

    def test_another_volunteer_serves_beside(self) -> None:
        """Sixty people can serve in the same hours."""
        book = Book(*PEOPLE, registered(LI, NUMBER))
        book.do(log_service())
        assert book.do(log_service(record_id=OTHER, volunteer_id=LI)).volunteer_id == LI


class TestFullDays:
    """At most 24 hours a local day for one person."""

    def said(self, *, hours: int = 24, organisation_id: OrganisationId = CLINIC) -> Fact:
        """Somebody logged Wang from midnight on, and nobody has confirmed it."""
        return logged(
            record_id=OTHER,
            organisation_id=organisation_id,
            started_at=at(19, 0),
            ended_at=at(19, 0) + timedelta(hours=hours),
            minutes=hours * 60,
            minutes_by_day={THURSDAY: hours * 60},
        )

    def all_day(self, *, hours: int = 24) -> tuple[Fact, Fact]:
        """The clinic logged and confirmed Wang from midnight on."""
        minutes: dict[str, Any] = {"minutes": hours * 60, "minutes_by_day": {THURSDAY: hours * 60}}
        return self.said(hours=hours), confirmed(record_id=OTHER, organisation_id=CLINIC, **minutes)

    def test_refused_beyond_24_hours(self) -> None:
        """All organisations together cannot have more confirmed than a day has: it would be of the same time."""
        full = *PEOPLE, *self.all_day(hours=23), logged()
        given(*full).when(confirm_service()).then_refused(OverlappingService, record_id=OTHER)

    def test_nobody_learns_by_logging_what_somebody_served_elsewhere(self) -> None:
        """Neither whether they did, nor how long: where a day is full by it, the record waits, and is not confirmed."""
        for hours in (22, 23, 24):
            given(*PEOPLE, *self.all_day(hours=hours)).when(log_service()).then(logged())

    def test_possible_up_to_24_hours(self) -> None:
        """The last minutes of a day can be logged."""
        given(*PEOPLE, self.said(hours=22, organisation_id=GARDEN)).when(log_service()).then(logged())

    def test_what_another_organisation_merely_says_keeps_nobody_out(self) -> None:
        """A program cannot fill a person's day with invented records, so that real service is refused."""
        given(*PEOPLE, self.said()).when(log_service()).then(logged())

    def test_what_the_organisation_itself_says_takes_room(self) -> None:
        """One organisation does not log more than a day has, confirmed or not."""
        decided = given(*PEOPLE, self.said(hours=23, organisation_id=GARDEN)).when(log_service())
        decided.then_refused(DayIsFull, minutes=25 * 60, day="2026-11-19")

    def test_each_day_is_full_by_itself(self) -> None:
        """Over midnight the part on the full day is what does not fit."""
        command = log_service(started_at=at(18, 23), ended_at=at(19, 1))
        given(*PEOPLE, self.said(organisation_id=GARDEN)).when(command).then_refused(
            DayIsFull, minutes=25 * 60, day="2026-11-19"
        )

    def test_rejected_records_leave_room(self) -> None:
        """What came to nothing takes no room."""
        gone = rejected(record_id=OTHER, minutes_by_day={THURSDAY: 24 * 60})
        given(*PEOPLE, self.said(organisation_id=GARDEN), gone).when(log_service()).then(logged())

    def test_minutes_that_were_not_confirmed_leave_room(self) -> None:
        """Of a record confirmed for less than was logged only the confirmed minutes take room."""
        less = confirmed(record_id=OTHER, minutes=1320, minutes_by_day={THURSDAY: 1320})
        given(*PEOPLE, self.said(organisation_id=GARDEN)).when(log_service()).then_refused(DayIsFull)
        given(*PEOPLE, self.said(organisation_id=GARDEN), less).when(log_service()).then(logged())

    def test_another_persons_day_does_not_count(self) -> None:
        """Everybody has a day of their own."""
        book = Book(*PEOPLE, *self.all_day(), registered(ZHAO, NUMBER))
        assert book.do(log_service(volunteer_id=ZHAO)).minutes == 120


class TestMinutesByDay:
    """How minutes fall on local days."""

    @for_all(moments, st.timedeltas(timedelta(minutes=1), timedelta(hours=24)), st.floats(0, 1), zones)
    @example(datetime(2011, 12, 30, 9, tzinfo=UTC), timedelta(hours=2), 1.0, APIA)
    @example(datetime(2026, 3, 28, 22, tzinfo=UTC), timedelta(hours=24), 1.0, BERLIN)
    @example(datetime(2026, 11, 1, 3, tzinfo=UTC), timedelta(hours=24), 0.5, NEW_YORK)
    def test_parts_sum_to_the_whole(self, start: datetime, length: timedelta, part: float, zone: ZoneInfo) -> None:
        """Whatever the interval, the minutes claimed of it and the zone, nothing is lost and nothing is negative."""
        minutes = max(1, int(length // timedelta(minutes=1) * part))
        shares = minutes_by_day(start, start + length, minutes, zone)
        assert sum(shares.values()) == minutes
        assert all(share >= 0 for share in shares.values())
        assert min(shares) == start.astimezone(zone).date()

    @for_all(
        st.integers(-25 * 60, 2 * 60), st.timedeltas(timedelta(minutes=1), timedelta(hours=24)), st.integers(1, 24 * 60)
    )
    @example(30, timedelta(minutes=31), 31)
    @example(0, timedelta(minutes=2), 2)
    @example(-120, timedelta(hours=4), 240)
    def test_parts_sum_to_the_whole_where_a_day_comes_twice(self, since: int, length: timedelta, minutes: int) -> None:
        """Where clocks are set back over midnight, too, nothing is lost, negative, or on a day nobody knows of."""
        start = datetime(2010, 11, 7, 0, 0, 30, tzinfo=ST_JOHNS).astimezone(UTC) + timedelta(minutes=since)
        minutes = min(minutes, length // timedelta(minutes=1))
        shares = minutes_by_day(start, start + length, minutes, ST_JOHNS)
        assert sum(shares.values()) == minutes
        assert all(share >= 0 for share in shares.values())
        assert {start.astimezone(ST_JOHNS).date()} <= set(shares)
        assert list(shares) == local_days(start, start + length, ST_JOHNS)
        local = start.astimezone(ST_JOHNS), (start + length).astimezone(ST_JOHNS)
        assert local_days(*local, ST_JOHNS) == local_days(start, start + length, ST_JOHNS)

    @for_all(whole_minutes, lengths, zones)
    @example(datetime(2011, 12, 30, 9, tzinfo=UTC), 120, APIA)
    @example(datetime(2026, 10, 24, 21, tzinfo=UTC), 24 * 60, BERLIN)
    @example(datetime(2026, 3, 8, 4, tzinfo=UTC), 24 * 60, NEW_YORK)
    @example(datetime(2026, 11, 1, 3, 30, tzinfo=UTC), 90, HAVANA)
    def test_each_minute_is_on_the_day_the_clock_showed(self, start: datetime, length: int, zone: ZoneInfo) -> None:
        """Of time served whole, each day gets as many minutes as a clock on the wall shows with that day's date."""
        end = start + timedelta(minutes=length)
        shares = minutes_by_day(start.astimezone(zone), end.astimezone(zone), length, zone)
        clock = Counter((start + timedelta(minutes=minute)).astimezone(zone).date() for minute in range(length))
        assert {day: share for day, share in shares.items() if share} == clock
        assert local_days(start.astimezone(zone), end.astimezone(zone), zone) == local_days(start, end, zone)

    def test_midnight_may_come_in_the_hour_that_comes_twice(self) -> None:
        """In Havana clocks go back from one o'clock to midnight: all that is after the first midnight is a new day."""
        start = datetime(2026, 10, 31, 23, 30, tzinfo=HAVANA)
        first, second = (datetime(2026, 11, 1, 0, 15, fold=fold, tzinfo=HAVANA) for fold in (0, 1))
        assert minutes_by_day(start, first, 45, HAVANA) == {date(2026, 10, 31): 30, date(2026, 11, 1): 15}
        assert minutes_by_day(start, second, 105, HAVANA) == {date(2026, 10, 31): 30, date(2026, 11, 1): 75}
        assert minutes_by_day(first, second, 60, HAVANA) == {date(2026, 11, 1): 60}

    def test_ending_at_the_second_midnight_it_touches_the_new_day(self) -> None:
        """Midnight belongs to the day that it ends the first time it comes, and to the new day when it comes again."""
        start = datetime(2026, 10, 31, 23, 30, tzinfo=HAVANA)
        first, second = (datetime(2026, 11, 1, 0, 0, fold=fold, tzinfo=HAVANA) for fold in (0, 1))
        assert minutes_by_day(start, first, 30, HAVANA) == {date(2026, 10, 31): 30}
        assert minutes_by_day(start, second, 90, HAVANA) == {date(2026, 10, 31): 30, date(2026, 11, 1): 60}

    def test_a_day_the_calendar_skipped_gets_nothing(self) -> None:
        """Samoa had no 30 December 2011; a night over it is divided between the days around it."""
        start = datetime(2011, 12, 29, 23, tzinfo=APIA)
        shares = minutes_by_day(start, start.astimezone(UTC) + timedelta(hours=2), 120, APIA)
        assert {day: share for day, share in shares.items() if share} == {
            date(2011, 12, 29): 60,
            date(2011, 12, 31): 60,
        }

    @for_all(whole_minutes, lengths, zones)
    def test_splitting_at_midnight_changes_no_total(self, start: datetime, length: int, zone: ZoneInfo) -> None:
        """One record over midnight, or one for each of its days: every day gets the same."""
        end = start + timedelta(minutes=length)
        whole = minutes_by_day(start, end, length, zone)
        split: Counter[date] = Counter()
        passed = start
        for day, share in whole.items():
            if share:
                split.update(minutes_by_day(passed, passed + timedelta(minutes=share), share, zone))
                assert split[day] == share
                passed += timedelta(minutes=share)
        assert passed == end
        assert split == {day: share for day, share in whole.items() if share}

    def test_short_shifts_add_up(self) -> None:
        """Three shifts of twenty minutes are an hour; none of them is rounded."""
        starts = [at(19, 8), at(19, 9), at(19, 10)]
        parts = [minutes_by_day(start, start + timedelta(minutes=20), 20, ZONE)[THURSDAY] for start in starts]
        assert sum(parts) == 60


class TestOtherClocks:
    """A bank whose zone, or the rules of its zone, changed between one fact and the next."""

    NIGHT: ClassVar[dict[str, Any]] = {"started_at": at(18, 23), "ended_at": at(19, 1)}
    SPLIT: ClassVar[dict[date, int]] = {date(2026, 11, 18): 60, THURSDAY: 60}

    @pytest.mark.parametrize("fact", [confirmed(), rejected(), MOVED, SHORTENED, voided()])
    def test_a_day_takes_in_facts_about_records_it_has_not_seen(self, fact: Fact) -> None:
        """What happens to a record of which the day knows nothing raises nothing, and takes no room."""
        for each in (fact, stored(fact)):
            day = ServiceDay(WANG, THURSDAY)
            day.remember(each)
            assert set(day.entries) == ({RECORD} if fact is SHORTENED else set())
            assert not day.claims

    @pytest.mark.parametrize("nothing", [{}, {THURSDAY: 0}])
    def test_a_record_confirmed_for_one_of_its_days_takes_no_room_on_the_other(self, nothing: dict[date, int]) -> None:
        """A day that a confirmation gives nothing to, or does not mention, counts nothing of the record."""
        day = ServiceDay(WANG, THURSDAY)
        day.remember(logged(**self.NIGHT, minutes_by_day=self.SPLIT))
        day.remember(confirmed(minutes_by_day={date(2026, 11, 18): 120} | nothing))
        assert day.entries[RECORD].minutes == 0
        assert day.entries[RECORD].is_confirmed

    def test_records_from_before_can_be_decided_on(self) -> None:
        """What was logged for a Thursday and confirmed for the Wednesday can be corrected and voided."""
        book = Book(*PEOPLE)
        early: dict[str, Any] = {"started_at": at(19, 5), "ended_at": at(19, 7)}
        assert book.do(log_service(**early)).minutes_by_day == {THURSDAY: 120}
        decision: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON.astimezone(BERLIN), "record_id": RECORD}
        assert book.do(ConfirmService(**decision)).minutes_by_day == {date(2026, 11, 18): 120}
        assert book.do(CorrectService(**decision, minutes=90, reason="扣除休息")).original_days == (THURSDAY,)
        assert book.do(VoidService(**decision, reason="活动没有举行")).original_days == (THURSDAY,)
        assert book.do(log_service(record_id=OTHER, **early)).minutes == 120

    def test_service_over_a_day_that_comes_twice_can_be_logged(self) -> None:
        """Service while clocks are set back over midnight is logged, and confirmed, minute for minute."""
        start = datetime(2010, 11, 7, 0, 0, 30, tzinfo=ST_JOHNS).astimezone(UTC)
        now = NOON.astimezone(ST_JOHNS)
        book = Book(*PEOPLE)
        fact = book.do(log_service(at=now, started_at=start, ended_at=start + timedelta(minutes=40)))
        assert (fact.minutes, sum(fact.minutes_by_day.values())) == (40, 40)
        assert book.do(ConfirmService(by=ADMINISTRATOR, at=now, record_id=RECORD)).minutes == 40


class TestWorkingDays:
    """Counting Mondays to Fridays."""

    @for_all(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(-30, 400))
    def test_as_one_would_on_a_calendar(self, first: date, days: int) -> None:
        """They are the Mondays to Fridays that come after the first day, up to the last."""
        last = first + timedelta(days=days)
        after = (first + timedelta(days=n) for n in range(1, days + 1))
        assert working_days_between(first, last) == sum(day.weekday() < 5 for day in after)


class TestMustBeBelievable:
    """Times of service."""

    @pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    def test_refused_when_no_service_was_ever_at(self, moment: datetime) -> None:
        """The ends of the calendar, which have no neighbouring day, are refused by the name of their field."""
        with pytest.raises(UnbelievableTime) as refused:
            must_be_believable(started_at=NOON, ended_at=moment)
        assert refused.value.field == "ended_at"
