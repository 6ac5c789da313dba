from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
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
    enter,
    log_service,
    logged,
    member,
    registered,
    rejected,
    spent,
    standing,
    voided,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.organisations import OrganisationSuspended, Role
from timebank.domain.facts.people import VolunteerSuspended
from timebank.domain.identifiers import ActorId, VolunteerId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.refusals import OrganisationNotApproved, OrganisationUnknown, RoleMissing
from timebank.domain.people.refusals import VolunteerIsSuspended, VolunteerUnknown
from timebank.domain.refusals import YouAreSuspended
from timebank.domain.refusing import Refusal
from timebank.domain.service.lists import EnterService
from timebank.domain.service.refusals import (
    DayIsFull,
    DuplicateRecord,
    EndsBeforeItStarts,
    LastsTooLong,
    OverlappingService,
    RecordDiffers,
    RecorderIsBeneficiary,
    RecorderIsVerifier,
    ServiceInTheFuture,
    TooFewMinutes,
    TooManyMinutes,
    VerifierIsBeneficiary,
)
from timebank.domain.service.reviews import ConfirmService, VoidService

WEDNESDAY = date(2026, 11, 18)
PEOPLE = (*standing(), registered())
VERIFIER = member(LI, "verifier")
RECORDER = member(ZHAO, "recorder")

BY_LI = acting(LI)
BY_ZHAO = acting(ZHAO)

LOGGED = logged(record_id=OTHER)
SIGNED: dict[str, Any] = {"decided_by": ActorId(LI), "signed_by": ActorId(LI)}
CONFIRMED = confirmed(record_id=OTHER, **SIGNED)


def entered(recorder: Acting = GARDENERS_PROGRAM, signer: Acting | None = BY_LI, **said: Any) -> EnterService:
    """The garden's program enters two hours of Wang's yesterday morning, and Li has signed the list."""
    return enter(log_service(by=recorder, record_id=OTHER, **said), signer)


def of_the_clinic(**changes: Any) -> tuple[Fact, Fact]:
    """The clinic's record of Wang, from nine to eleven the same morning, was logged and confirmed."""
    fields: dict[str, Any] = {"organisation_id": CLINIC, "recorder_id": ActorId(CLINIC)}
    times: dict[str, Any] = {"started_at": at(19, 9), "ended_at": at(19, 11)}
    amount = {name: changes[name] for name in ("minutes", "minutes_by_day") if name in changes}
    return logged(**(fields | times | changes)), confirmed(organisation_id=CLINIC, **amount)


class TestEnterService:
    """Logging and confirming in the same breath."""

    def test_is_logged_and_confirmed(self) -> None:
        """One logs, another confirms, and both facts are what they would be one after the other."""
        given(*PEOPLE, *VERIFIER).when(entered()).then(LOGGED, CONFIRMED)
        one_by_one = Book(*PEOPLE, *VERIFIER)
        one_by_one.do(entered().log)
        one_by_one.do(ConfirmService(by=BY_LI, at=NOON, record_id=OTHER))
        assert one_by_one.facts[-2:] == [LOGGED, msgspec.structs.replace(CONFIRMED, signed_by=None)]

    @pytest.mark.parametrize("recorder", ["recorder", "coordinator"])
    @pytest.mark.parametrize("verifier", ["verifier", "coordinator"])
    def test_two_members_sign(self, recorder: Role, verifier: Role) -> None:
        """One member logs and another confirms; each right is found in a membership of its own."""
        decided = given(*PEOPLE, *member(ZHAO, recorder), *member(LI, verifier)).when(entered(BY_ZHAO))
        decided.then(logged(record_id=OTHER, recorder_id=ActorId(ZHAO)), CONFIRMED)

    def test_confirmed_by_an_administrator_or_a_program(self) -> None:
        """Whoever may confirm a record otherwise may confirm it here."""
        decided = given(*PEOPLE).when(entered(GARDENERS_PROGRAM, ADMINISTRATOR))
        decided.then(LOGGED, confirmed(record_id=OTHER, signed_by=ADMINISTRATOR.actor))
        decided = given(*PEOPLE).when(entered(ADMINISTRATOR, GARDENERS_PROGRAM))
        decided.then(
            logged(record_id=OTHER, recorder_id=ADMINISTRATOR.actor),
            confirmed(record_id=OTHER, decided_by=GARDENERS_PROGRAM.actor, signed_by=GARDENERS_PROGRAM.actor),
        )

    def test_keeps_what_was_said(self) -> None:
        """Words, capacity and minutes are those of the row; over midnight each day gets its part."""
        night: dict[str, Any] = {"started_at": at(18, 23), "ended_at": at(19, 1), "minutes": 60}
        parts = {WEDNESDAY: 30, THURSDAY: 30}
        said: dict[str, Any] = {"capacity": "staff-on-duty", "minutes": 60, "minutes_by_day": parts}
        nothing: dict[str, Any] = {
            "credited_minutes": 0,
            "rules_applied": (RuleEffect("paid-duty", -60),),
            "credited_by_day": {WEDNESDAY: 0, THURSDAY: 0},
        }
        decided = given(*PEOPLE, *VERIFIER).when(entered(**night, capacity="staff-on-duty", place="3栋"))
        decided.then(
            logged(record_id=OTHER, **(night | said), local_date=WEDNESDAY, place="3栋"),
            confirmed(record_id=OTHER, **SIGNED, **said, local_date=WEDNESDAY, **nothing),
        )

    def test_may_be_signed_in_another_zone(self) -> None:
        """Should now be given in another zone to the one than to the other, every minute counts all the same."""
        log = log_service(record_id=OTHER, started_at=at(19, 5), ended_at=at(19, 7))
        command = EnterService(by=log.by, at=NOON.astimezone(ZoneInfo("Europe/Berlin")), log=log, signer=BY_LI)
        book = Book(*PEOPLE, *VERIFIER)
        assert book.do(command).minutes == 120

    def test_its_credit_repays_a_debt(self) -> None:
        """What is credited pays a debt first, as any credit does."""
        owes = (confirmed(), spent(50), voided(debt_change_minutes=50))
        book = Book(*PEOPLE, *VERIFIER, logged(), *owes)
        assert book.do(entered()).debt_change_minutes == -50


class TestAgain:
    """A row that was entered before is told what has become of it."""

    @pytest.mark.parametrize("signer", [None, BY_LI])
    @pytest.mark.parametrize("history", [(logged(),), (logged(), confirmed())], ids=["waits", "confirmed"])
    def test_the_same_is_a_duplicate_unless_it_can_be_confirmed(
        self, history: tuple[Fact, ...], signer: Acting | None
    ) -> None:
        """What waits is confirmed by a list that somebody else signed; else it stays as it is, and that is said."""
        status = "confirmed" if len(history) > 1 else "logged"
        decided = given(*PEOPLE, *(VERIFIER if signer else ()), *history).when(entered(signer=signer))
        if signer and status == "logged":
            decided.then(confirmed(**SIGNED))
        else:
            decided.then_refused(DuplicateRecord, record_id=RECORD, status=status)

    @pytest.mark.parametrize(
        ("said", "differences"),
        [
            ({"minutes": 90}, "minutes 120, here 90"),
            ({"category": "邻里守望"}, "category 公益慈善, here 邻里守望"),
            ({"place": "三号楼"}, "place nothing, here 三号楼"),
            ({"capacity": "staff-on-duty"}, "capacity resident, here staff-on-duty"),
            (
                {"programmes": ("红细胞",), "content": "楼道"},
                "content nothing, here 楼道; programmes nothing, here 红细胞",
            ),
        ],
    )
    @pytest.mark.parametrize("signer", [None, BY_LI])
    def test_what_differs_is_said_and_nothing_confirmed(
        self, said: dict[str, Any], differences: str, signer: Acting | None
    ) -> None:
        """Of the same time, but of something else, is not the same; no signature makes it so."""
        decided = given(*PEOPLE, *(VERIFIER if signer else ()), logged()).when(entered(signer=signer, **said))
        decided.then_refused(RecordDiffers, record_id=RECORD, status="logged", differences=differences)

    def test_what_was_corrected_since_differs(self) -> None:
        """A list from before the correction does not undo it, and is told what the record says now."""
        history = logged(), confirmed(), corrected()
        decided = given(*PEOPLE, *VERIFIER, *history).when(entered())
        decided.then_refused(RecordDiffers, record_id=RECORD, status="corrected")

    def test_whoever_recorded_it_confirms_it_by_no_list(self) -> None:
        """Somebody who logged a record does not confirm it with their signature on a list that another enters."""
        by_li = logged(recorder_id=ActorId(LI))
        decided = given(*PEOPLE, *member(LI, "coordinator"), by_li).when(entered())
        decided.then_refused(RecorderIsVerifier)

    def test_strangers_are_told_nothing_of_what_is_there(self) -> None:
        """To whoever may not log for the organisation, what it logged does not exist either."""
        decided = given(*PEOPLE, logged()).when(entered(CLINICS_PROGRAM, None))
        decided.then_refused(OrganisationUnknown, organisation_id=GARDEN)


class TestWhoSigns:
    """Both sets of rules hold: those for logging and those for confirming."""

    def test_refused_when_one_signs_for_both(self) -> None:
        """Whoever logs does not confirm: no coordinator, no program, no administrator."""
        decided = given(*PEOPLE, *member(LI, "coordinator")).when(entered(BY_LI, BY_LI))
        decided.then_refused(RecorderIsVerifier)
        for by in (GARDENERS_PROGRAM, ADMINISTRATOR):
            given(*PEOPLE).when(entered(by, by)).then_refused(RecorderIsVerifier)

    @pytest.mark.parametrize("role", ["verifier", "coordinator"])
    def test_refused_when_the_beneficiary_confirms(self, role: Role) -> None:
        """Nobody confirms their own service, whatever their role."""
        decided = given(*standing(), *member(WANG, role)).when(entered(signer=acting(WANG)))
        decided.then_refused(VerifierIsBeneficiary)

    @pytest.mark.parametrize("role", ["recorder", "coordinator"])
    def test_refused_when_the_beneficiary_logs(self, role: Role) -> None:
        """Nobody logs their own service, whoever confirms it."""
        decided = given(*standing(), *member(WANG, role), *VERIFIER).when(entered(acting(WANG)))
        decided.then_refused(RecorderIsBeneficiary)

    @pytest.mark.parametrize("role", ["member", "recorder", "merchant"])
    def test_refused_when_the_verifier_has_another_role(self, role: Role) -> None:
        """Confirming needs a verifier or a coordinator; that the recorder is one does not help."""
        decided = given(*PEOPLE, *member(ZHAO, "coordinator"), *member(LI, role)).when(entered(BY_ZHAO))
        decided.then_refused(RoleMissing, role="verifier or coordinator", organisation_id=GARDEN)

    @pytest.mark.parametrize("role", ["member", "verifier", "merchant"])
    def test_refused_when_the_recorder_has_another_role(self, role: Role) -> None:
        """Logging needs a recorder or a coordinator; that the verifier is one does not help."""
        decided = given(*PEOPLE, *member(ZHAO, role), *member(LI, "coordinator")).when(entered(BY_ZHAO))
        decided.then_refused(RoleMissing, role="recorder or coordinator", organisation_id=GARDEN)

    @pytest.mark.parametrize("verifier", [BY_LI, CLINICS_PROGRAM])
    def test_refused_when_a_stranger_confirms(self, verifier: Acting) -> None:
        """Who has no role in the organisation confirms nothing for it, and whoever logs is told so."""
        given(*PEOPLE).when(entered(signer=verifier)).then_refused(RoleMissing, organisation_id=GARDEN)

    @pytest.mark.parametrize("recorder", [BY_ZHAO, CLINICS_PROGRAM])
    def test_refused_when_a_stranger_logs(self, recorder: Acting) -> None:
        """To whoever has nothing to do with the organisation it does not exist, whoever confirms."""
        decided = given(*PEOPLE, *VERIFIER).when(entered(recorder))
        decided.then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize("stopped", [LI, ZHAO])
    def test_refused_when_either_is_suspended(self, stopped: VolunteerId) -> None:
        """Who is suspended signs nothing, in neither place."""
        suspended = VolunteerSuspended(volunteer_id=stopped, reason="代签")
        decided = given(*PEOPLE, *RECORDER, *VERIFIER, suspended).when(entered(BY_ZHAO))
        decided.then_refused(YouAreSuspended)

    def test_refused_after_the_term(self) -> None:
        """A verifier whose term is over confirms nothing."""
        until_yesterday = member(LI, "verifier", valid_until=THURSDAY)
        given(*PEOPLE, *until_yesterday).when(entered()).then_refused(RoleMissing)


class TestWhatIsSigned:
    """What cannot be logged, or cannot be confirmed, is neither."""

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            ({"minutes": 0}, TooFewMinutes),
            ({"minutes": 121}, TooManyMinutes),
            ({"ended_at": at(19, 8)}, EndsBeforeItStarts),
            ({"started_at": at(18, 9, 59)}, LastsTooLong),
            ({"started_at": at(20, 11), "ended_at": at(20, 12, 1)}, ServiceInTheFuture),
        ],
    )
    def test_refused_when_it_contradicts_itself(self, said: dict[str, Any], refusal: type[Refusal]) -> None:
        """It obeys what a record obeys when it is logged."""
        given(*PEOPLE, *VERIFIER).when(entered(**said)).then_refused(refusal)

    def test_refused_for_an_unknown_or_suspended_volunteer(self) -> None:
        """Service is of somebody who has an account and is not suspended."""
        decided = given(*standing(), *VERIFIER).when(entered())
        decided.then_refused(VolunteerUnknown, volunteer_id=WANG)
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="代签")
        decided = given(*PEOPLE, suspended, *VERIFIER).when(entered())
        decided.then_refused(VolunteerIsSuspended, volunteer_id=WANG)

    def test_refused_unless_the_organisation_is_approved(self) -> None:
        """Nothing is logged or confirmed for a suspended organisation."""
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        decided = given(*PEOPLE, suspended, *VERIFIER).when(entered())
        decided.then_refused(OrganisationNotApproved, status="suspended")

    @pytest.mark.parametrize("undone", [(rejected(),), (confirmed(), voided())])
    def test_possible_again_after_the_first_came_to_nothing(self, undone: tuple[Fact, ...]) -> None:
        """A row that was rejected or voided can be entered again."""
        book = Book(*PEOPLE, *VERIFIER, logged(), *undone)
        assert book.do(entered()) == CONFIRMED

    def test_refused_when_it_overlaps(self) -> None:
        """Nobody served in two places at once; what is merely logged stands in nobody's way."""
        other_logged, other_confirmed = of_the_clinic()
        given(*PEOPLE, *VERIFIER, other_logged).when(entered()).then(LOGGED, CONFIRMED)
        history = (*PEOPLE, *VERIFIER, other_logged, other_confirmed)
        decided = given(*history).when(entered())
        decided.then_refused(OverlappingService, record_id=RECORD)

    def test_refused_beyond_24_hours_a_day(self) -> None:
        """A full day is full."""
        times: dict[str, Any] = {"started_at": at(19, 0), "ended_at": at(19, 23)}
        full = logged(record_id=RECORD, **times, minutes=23 * 60, minutes_by_day={THURSDAY: 23 * 60})
        decided = given(*PEOPLE, *VERIFIER, full).when(entered())
        decided.then_refused(DayIsFull, minutes=25 * 60, day="2026-11-19")

    def test_nothing_happens_when_either_is_refused(self) -> None:
        """A row that may be logged but not confirmed is not logged either, and can be entered again as it should be."""
        book = Book(*PEOPLE, *VERIFIER)
        before = list(book.facts)
        with pytest.raises(RecorderIsVerifier):
            book.do(entered(GARDENERS_PROGRAM, GARDENERS_PROGRAM))
        with pytest.raises(OrganisationUnknown):
            book.do(entered(acting(WANG)))
        assert book.facts == before
        assert book.do(entered()) == CONFIRMED

    def test_can_be_voided_and_entered_again(self) -> None:
        """What was entered with two signatures is a record like any other."""
        book = Book(*PEOPLE, *VERIFIER)
        book.do(entered())
        book.do(VoidService(by=ADMINISTRATOR, at=NOON, record_id=OTHER, reason="活动没有举行"))
        assert book.minutes("served") == book.minutes("available") == 0
        assert book.do(entered()) == CONFIRMED
