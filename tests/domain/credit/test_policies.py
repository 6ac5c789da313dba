from datetime import date, timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    OTHER,
    RECORD,
    THURSDAY,
    WANG,
    acting,
    adopted,
    at,
    confirmed,
    enter,
    in_office,
    log_service,
    logged,
    member,
    on_behalf,
    registered,
    span,
    standing,
    voided,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.credit.policies import UNWRITTEN, AdoptPolicy, RuleBook, Version, WithdrawPolicy, differences
from timebank.domain.credit.refusals import (
    PolicyHasBegun,
    PolicyIsWithdrawn,
    PolicyNotAhead,
    PolicyUnknown,
    ThresholdsNotRising,
)
from timebank.domain.facts.credit import GiftRules, PolicyAdopted, PolicyWithdrawn, RuleEffect, Rules
from timebank.domain.facts.service import ServiceConfirmed
from timebank.domain.identifiers import RecordId
from timebank.domain.organisations.refusals import RoleMissing
from timebank.domain.refusals import OfficeMissing
from timebank.domain.service.refusals import RecorderIsVerifier, RecordUnknown
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService

TODAY = NOON.date()
DAY = timedelta(days=1)
WEDNESDAY = THURSDAY - DAY
MIDNIGHT = at(19, 0)


def adopt(by: Acting = ADMINISTRATOR, **changes: Any) -> AdoptPolicy:
    """A rule book like the unwritten one is to hold from tomorrow on."""
    fields: dict[str, Any] = {"resolution": "社区居民代表大会 2026-12 号", "effective_from": TODAY + DAY}
    return AdoptPolicy(**({"by": by, "at": NOON, "rules": Rules()} | fields | changes))


def confirm(by: Acting = ADMINISTRATOR, **changes: Any) -> ConfirmService:
    """The garden's record of Wang is to be confirmed."""
    return ConfirmService(**({"by": by, "at": NOON, "record_id": RECORD} | changes))


def correct(**changes: Any) -> CorrectService:
    """It is to be corrected."""
    return CorrectService(**({"by": ADMINISTRATOR, "at": NOON, "record_id": RECORD, "reason": "补签"} | changes))


class TestAdoptPolicy:
    """Adopting a version of the rule book."""

    def test_adopted_by_the_bank(self) -> None:
        """An administrator enters what a resolution says."""
        first = adopted(effective_from=TODAY + DAY)
        given().when(adopt()).then(first)
        given().when(adopt(in_office("administrator"))).then(first)

    @pytest.mark.parametrize(
        "by",
        [
            acting(WANG),
            on_behalf(),
            GARDENERS_PROGRAM,
            in_office("auditor"),
            in_office("node-leader"),
        ],
    )
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody else makes rules."""
        given().when(adopt(by)).then_refused(OfficeMissing, office="administrator")

    @pytest.mark.parametrize("day", [date(1949, 10, 1), TODAY, TODAY + DAY])
    def test_the_first_may_reach_back(self, day: date) -> None:
        """A bank's first rule book holds from whatever day it says."""
        given().when(adopt(effective_from=day)).then(adopted(effective_from=day))

    @pytest.mark.parametrize("day", [date(1949, 10, 1), TODAY - DAY, TODAY])
    def test_refused_for_days_that_have_begun(self, day: date) -> None:
        """Later versions are for days to come: what today is worth was known this morning."""
        decided = given(adopted()).when(adopt(effective_from=day))
        decided.then_refused(PolicyNotAhead, effective_from=day.isoformat())

    def test_versions_are_numbered(self) -> None:
        """Each version has the next number, also before the one that is not in force yet."""
        ahead = adopted(effective_from=TODAY + 30 * DAY)
        given(ahead).when(adopt()).then(adopted(2, TODAY + DAY))
        given(ahead, adopted(2, TODAY + DAY)).when(adopt()).then(adopted(3, TODAY + DAY))

    @pytest.mark.parametrize("stars", [(60, 60), (120, 60), (60, 180, 120)])
    def test_refused_when_stars_do_not_rise(self, stars: tuple[int, ...]) -> None:
        """A higher star takes more minutes; how many there are is the resolution's business."""
        given().when(adopt(rules=Rules(star_minutes=stars))).then_refused(ThresholdsNotRising)
        given().when(adopt(rules=Rules(star_minutes=()))).then(adopted(effective_from=TODAY + DAY, star_minutes=()))


def withdraw(version: int = 1, by: Acting = ADMINISTRATOR) -> WithdrawPolicy:
    """A version is to be withdrawn."""
    return WithdrawPolicy(by=by, at=NOON, version=version, reason="决议已撤销")


def withdrawn(version: int = 1) -> PolicyWithdrawn:
    """It was withdrawn."""
    return PolicyWithdrawn(version=version, reason="决议已撤销")


class TestWithdrawPolicy:
    """Withdrawing a version of the rule book."""

    AHEAD = adopted(2, TODAY + DAY, other_percent=50)

    def test_withdrawn_before_it_begins(self) -> None:
        """What has not begun is withdrawn by an administrator, and was never in force."""
        given(adopted(), self.AHEAD).when(withdraw(2)).then(withdrawn(2))
        decided = given(adopted(), self.AHEAD).when(withdraw(2, by=in_office("auditor")))
        decided.then_refused(OfficeMissing, office="administrator")

    @pytest.mark.parametrize("day", [TODAY, TODAY - DAY])
    def test_refused_once_it_has_begun(self, day: date) -> None:
        """Service was credited under it, or may be today."""
        decided = given(adopted(1, day)).when(withdraw(1))
        decided.then_refused(PolicyHasBegun, version=1, effective_from=day.isoformat())

    def test_refused_for_what_there_is_not(self) -> None:
        """There is nothing to withdraw, or not any more."""
        given(adopted()).when(withdraw(2)).then_refused(PolicyUnknown, version=2)
        given(self.AHEAD, withdrawn(2)).when(withdraw(2)).then_refused(PolicyIsWithdrawn, version=2)

    def test_numbers_are_used_once(self) -> None:
        """The next version has a number of its own; where all were withdrawn, it is a first one again."""
        ahead = adopted(1, TODAY + DAY)
        given(ahead, withdrawn()).when(adopt()).then(adopted(2, TODAY + DAY))
        given(ahead, withdrawn()).when(adopt(effective_from=TODAY - DAY)).then(adopted(2, TODAY - DAY))
        decided = given(adopted(), self.AHEAD, withdrawn(2)).when(adopt(effective_from=TODAY))
        decided.then_refused(PolicyNotAhead, effective_from=TODAY.isoformat())


class TestDifferences:
    """What is not the same in two rule books."""

    def test_each_rule_by_its_name(self) -> None:
        """Categories and what is about gifts are told one by one."""
        before = Rules(credit_percent={"公益慈善": 150, "讲座": 50}, cap_per_day_minutes=90)
        after = Rules(
            credit_percent={"公益慈善": 120, "巡逻": 50}, cap_per_day_minutes=90, gifts=GiftRules(minutes_max=5)
        )
        assert differences(before, after) == [
            ("credit_percent.公益慈善", 150, 120),
            ("credit_percent.讲座", 50, None),
            ("gifts.minutes_max", None, 5),
            ("credit_percent.巡逻", None, 50),
        ]
        assert differences(after, after) == []


class TestRuleBook:
    """Which version is in force on a day."""

    def book(self, *versions: PolicyAdopted) -> RuleBook:
        """The rule book with these versions."""
        book = RuleBook()
        for version in versions:
            book.remember(version)
        return book

    def test_is_unwritten_before_the_first(self) -> None:
        """Before there was a rule book a minute was a minute."""
        assert self.book().on(TODAY) == UNWRITTEN == Version(0, Rules())
        assert self.book(adopted(effective_from=TODAY)).on(TODAY - DAY) == UNWRITTEN

    def test_the_latest_day_decides(self) -> None:
        """In force is what begins last, not what was adopted last; each from its first day on."""
        later, sooner = adopted(1, TODAY + 9 * DAY, other_percent=50), adopted(2, TODAY + DAY, other_percent=200)
        book = self.book(later, sooner)
        numbers = [book.on(TODAY + n * DAY).number for n in (0, 1, 8, 9, 99)]
        assert numbers == [0, 2, 2, 1, 1]
        assert book.on(TODAY + DAY).rules.other_percent == 200

    def test_what_was_withdrawn_never_holds(self) -> None:
        """From its first day on, what was in force before goes on."""
        book = self.book(adopted(1, TODAY), adopted(2, TODAY + DAY), adopted(3, TODAY + 2 * DAY))
        book.remember(withdrawn(2))
        assert [book.on(TODAY + n * DAY).number for n in range(4)] == [1, 1, 3, 3]

    def test_of_the_same_day_the_last_adopted(self) -> None:
        """What was adopted later for the same day stands instead, whatever the order of remembering."""
        first, second = adopted(1, TODAY), adopted(2, TODAY)
        assert self.book(first, second).on(TODAY).number == 2
        assert self.book(second, first).on(TODAY).number == 2

    def test_of_many_versions_on_one_day_the_number_counts(self) -> None:
        """Versions are compared as numbers: ten comes after nine."""
        assert self.book(*(adopted(n, TODAY) for n in range(1, 12))).on(TODAY).number == 11

    @pytest.mark.parametrize(("minutes", "stars"), [(0, 0), (5_999, 0), (6_000, 1), (35_999, 2), (90_000, 5)])
    def test_stars(self, minutes: int, stars: int) -> None:
        """A star is reached with the very minute."""
        assert Rules().stars(minutes) == stars


def other_record(**changes: Any) -> tuple[Any, ServiceConfirmed]:
    """Another record of the same day, from one to three in the morning, was confirmed; with what it was credited."""
    said = {name: changes.pop(name) for name in ("organisation_id", "activity") if name in changes}
    record = logged(record_id=OTHER, started_at=at(19, 1), ended_at=at(19, 3), **said)
    return record, confirmed(record_id=OTHER, organisation_id=record.organisation_id, **changes)


class TestConfirmingUnderRules:
    """Confirming service under a rule book."""

    PENDING = (*standing(), logged())

    def test_stores_version_and_effects(self) -> None:
        """A confirmation says which version it was, what each rule did, and what each day was credited with."""
        rules = adopted(other_percent=150, cap_per_day_minutes=170)
        given(*self.PENDING, rules).when(confirm()).then(
            confirmed(
                credited_minutes=170,
                policy_version=1,
                rules_applied=(RuleEffect("coefficient", 60), RuleEffect("cap-per-day", -10)),
                credited_by_day={THURSDAY: 170},
            )
        )

    def test_minute_for_minute_is_said_shortly(self) -> None:
        """Where rules change nothing, the version is all there is to say."""
        given(*self.PENDING, adopted()).when(confirm()).then(confirmed(policy_version=1))

    def test_uses_the_version_of_the_day(self) -> None:
        """What service is worth is what held when it happened, not what holds when it is confirmed."""
        then, now = adopted(1, WEDNESDAY, other_percent=50), adopted(2, TODAY, other_percent=200)
        fact = given(*self.PENDING, then, now).when(confirm()).fact
        assert (fact.policy_version, fact.credited_minutes) == (1, 60)
        given(*self.PENDING, adopted(1, TODAY, other_percent=200)).when(confirm()).then(confirmed())

    def test_uses_the_version_of_the_day_it_counts_for(self) -> None:
        """A record over midnight is credited by the rules of the day it started on."""
        parts = {WEDNESDAY: 60, THURSDAY: 60}
        night = logged(
            started_at=at(18, 23), ended_at=at(19, 1), minutes_by_day=parts, local_date=WEDNESDAY, minutes=120
        )
        versions = adopted(1, date(2026, 1, 1), other_percent=200), adopted(2, THURSDAY, other_percent=0)
        fact = given(*standing(), night, *versions).when(confirm()).fact
        assert (fact.policy_version, fact.credited_minutes) == (1, 240)
        assert fact.credited_by_day == {WEDNESDAY: 120, THURSDAY: 120}

    def test_credit_repays_debt_first(self) -> None:
        """What rules made of the service, not the service, repays a debt."""
        third: dict[str, Any] = {"record_id": RecordId("rec_3"), "minutes": 0, "minutes_by_day": {}}
        owing = voided(**third, credited_minutes=70, debt_change_minutes=70)
        fact = given(*self.PENDING, owing, adopted(other_percent=50)).when(confirm()).fact
        assert (fact.credited_minutes, fact.debt_change_minutes) == (60, -60)

    @pytest.mark.parametrize(
        ("rules", "other", "credited"),
        [
            ({"cap_per_day_minutes": 150}, {}, 30),
            ({"cap_per_day_minutes": 150}, {"organisation_id": CLINIC, "activity": "义诊"}, 30),
            ({"cap_per_activity_minutes": 150}, {}, 30),
            ({"cap_per_activity_minutes": 150}, {"activity": "巡逻"}, 120),
            ({"cap_per_activity_minutes": 150}, {"organisation_id": CLINIC}, 120),
            ({"cap_total_minutes": 150}, {"organisation_id": CLINIC}, 30),
            ({"cap_per_day_minutes": 150}, {"credited_minutes": 10, "credited_by_day": {THURSDAY: 10}}, 120),
            ({"cap_per_day_minutes": 130}, {"credited_minutes": 10, "credited_by_day": {THURSDAY: 10}}, 120),
            ({"cap_per_day_minutes": 125}, {"credited_minutes": 10, "credited_by_day": {THURSDAY: 10}}, 115),
        ],
    )
    def test_caps_count_what_was_credited_already(self, rules: Any, other: Any, credited: int) -> None:
        """Caps are on credit, by person: of the day in all organisations, of one activity in one, and in all."""
        fact = given(*self.PENDING, *other_record(**other), adopted(**rules)).when(confirm()).fact
        assert fact.credited_minutes == credited

    def test_pending_service_takes_no_room(self) -> None:
        """What nobody has confirmed is not credited."""
        history = (*self.PENDING, other_record()[0], adopted(cap_per_day_minutes=130))
        assert given(*history).when(confirm()).fact.credited_minutes == 120

    def test_duty_takes_no_room(self) -> None:
        """Paid duty of old days, about which nothing was said by day, was not credited."""
        record, duty = other_record(capacity="staff-on-duty", credited_minutes=0)
        history = (*self.PENDING, record, duty, adopted(cap_per_day_minutes=130))
        assert given(*history).when(confirm()).fact.credited_minutes == 120

    def test_splitting_at_midnight_changes_nothing(self) -> None:
        """One record over midnight, or two up to and from it, come to the same credit, whatever the caps."""
        rules = adopted(other_percent=33, cap_per_day_minutes=25, cap_total_minutes=45)
        people = (*standing(), registered(), rules)
        whole, parts = Book(*people), Book(*people)
        ends = at(18, 22, 7), at(19, 3, 11)
        for book, times in ((whole, [ends]), (parts, [(ends[0], MIDNIGHT), (MIDNIGHT, ends[1])])):
            for number, (started_at, ended_at) in enumerate(times):
                log = log_service(record_id=RecordId(f"rec_{number}"), started_at=started_at, ended_at=ended_at)
                book.do(enter(log, signer=ADMINISTRATOR))
        assert whole.minutes("available") == parts.minutes("available") == 45


class TestCorrectingUnderRules:
    """Correcting service under a rule book."""

    def test_uses_the_version_of_the_corrected_day(self) -> None:
        """Moved to another day, service is worth what it was worth then."""
        versions = adopted(1, date(2026, 1, 1), other_percent=50), adopted(2, THURSDAY, other_percent=200)
        before = confirmed(
            credited_minutes=240,
            policy_version=2,
            rules_applied=(RuleEffect("coefficient", 120),),
            credited_by_day={THURSDAY: 240},
        )
        fact = given(*standing(), logged(), before, *versions).when(correct(**span(days_ago=2))).fact
        assert (fact.policy_version, fact.previous_credited_minutes, fact.credited_minutes) == (1, 240, 60)
        assert fact.credited_by_day == {WEDNESDAY: 60}
        assert fact.rules_applied == (RuleEffect("coefficient", -60),)

    @pytest.mark.parametrize("cap", ["cap_per_activity_minutes", "cap_per_day_minutes", "cap_total_minutes"])
    def test_its_own_former_credit_takes_no_room(self, cap: str) -> None:
        """What the record itself was credited with is out of the caps: only other service counts."""
        history = (*standing(), logged(), confirmed(policy_version=1), adopted(**{cap: 120}))
        assert given(*history).when(correct(minutes=119)).fact.credited_minutes == 119
        assert given(*history).when(correct(place="3栋")).fact.credited_minutes == 120
        before_noon = {"started_at": at(19, 7), "ended_at": at(19, 9)}
        assert given(*history).when(correct(**before_noon)).fact.credited_minutes == 120

    @pytest.mark.parametrize("cap", ["cap_per_activity_minutes", "cap_per_day_minutes", "cap_total_minutes"])
    def test_other_service_takes_room(self, cap: str) -> None:
        """What other records were credited with stays in the caps."""
        history = (*standing(), logged(), confirmed(), *other_record(), adopted(**{cap: 150}))
        assert given(*history).when(correct(minutes=119)).fact.credited_minutes == 30

    def test_says_it_was_duty(self) -> None:
        """What turns out to have been paid duty loses all its credit."""
        fact = given(*standing(), logged(), confirmed(), adopted()).when(correct(capacity="staff-on-duty")).fact
        assert (fact.credited_minutes, fact.rules_applied) == (0, (RuleEffect("paid-duty", -120),))


class TestWhoConfirmsDirectly:
    """The roles that may confirm, as the rule book says."""

    PENDING = (*standing(), logged())

    @pytest.mark.parametrize("role", ["recorder", "verifier", "coordinator"])
    def test_confirmed_in_the_roles_it_names(self, role: Any) -> None:
        """Members in a role that the rule book names confirm; others do not."""
        rules = adopted(direct_confirm_roles=(role,))
        assert given(*self.PENDING, *member(LI, role), rules).when(confirm(acting(LI))).fact.decided_by == LI
        other = "recorder" if role == "coordinator" else "coordinator"
        decided = given(*self.PENDING, *member(LI, other), rules).when(confirm(acting(LI)))
        decided.then_refused(RoleMissing, role=role, organisation_id=GARDEN)

    def test_administrators_confirm_as_ever(self) -> None:
        """The rule book is about members."""
        rules = adopted(direct_confirm_roles=("recorder",))
        given(*self.PENDING, rules).when(confirm()).then(confirmed(policy_version=1))

    def test_as_of_today(self) -> None:
        """Who may confirm is what holds today, whenever the service was."""
        versions = adopted(1), adopted(2, TODAY, direct_confirm_roles=("coordinator",))
        decided = given(*self.PENDING, *versions, *member(LI, "verifier")).when(confirm(acting(LI)))
        decided.then_refused(RoleMissing, role="coordinator")

    def test_the_rest_of_review_stays_with_verifiers(self) -> None:
        """Rejecting and voiding are for verifiers and coordinators, whoever it is that confirms and corrects."""
        rules, recorder, verifier = (
            adopted(direct_confirm_roles=("recorder",)),
            member(LI, "recorder"),
            member(LI, "verifier"),
        )
        by: dict[str, Any] = {"by": acting(LI), "at": NOON, "record_id": RECORD, "reason": "没有到场"}
        done = (*self.PENDING, confirmed(), rules)
        for history, command in (((*self.PENDING, rules), RejectService(**by)), (done, VoidService(**by))):
            given(*history, *recorder).when(command).then_refused(RoleMissing, role="verifier or coordinator")
            assert given(*history, *verifier).when(command).fact.decided_by == LI

    def test_corrected_in_the_same_roles(self) -> None:
        """Correcting comes to new credit as confirming does, so it takes the same roles, as of today."""
        rules = adopted(1, direct_confirm_roles=("verifier",)), adopted(2, TODAY, direct_confirm_roles=("recorder",))
        done = (*self.PENDING, confirmed(), *rules)
        assert given(*done, *member(LI, "recorder")).when(correct(by=acting(LI), minutes=60)).fact.decided_by == LI
        decided = given(*done, *member(LI, "verifier")).when(correct(by=acting(LI), minutes=60))
        decided.then_refused(RoleMissing, role="recorder", organisation_id=GARDEN)
        assert given(*done).when(correct(minutes=60)).fact.decided_by == ADMINISTRATOR.actor
        theirs = (*standing(), logged(recorder_id=LI), confirmed(), *rules, *member(LI, "recorder"))
        given(*theirs).when(correct(by=acting(LI), minutes=60)).then_refused(RecorderIsVerifier)

    def test_in_the_same_breath(self) -> None:
        """Logging and confirming at once needs the same role."""
        people = (*standing(), registered(), adopted(direct_confirm_roles=("recorder",)))
        command = enter(log_service(), signer=acting(LI))
        assert len(given(*people, *member(LI, "recorder")).when(command).outcome) == 2
        decided = given(*people, *member(LI, "verifier")).when(command)
        decided.then_refused(RoleMissing, role="recorder", organisation_id=GARDEN)
        decided = given(*people, registered(LI)).when(command)
        decided.then_refused(RoleMissing, role="recorder", organisation_id=GARDEN)

    def test_never_in_the_office_of_a_node_leader(self) -> None:
        """Where coordinators alone confirm, who leads their people still does not: that office is for members only."""
        rules = adopted(direct_confirm_roles=("coordinator",))
        by = in_office("node-leader", LIN)
        given(*self.PENDING, rules).when(confirm(by)).then_refused(RecordUnknown, record_id=RECORD)
        decided = given(*self.PENDING, confirmed(), rules).when(correct(by=by, minutes=60))
        decided.then_refused(RecordUnknown, record_id=RECORD)
        command = enter(log_service(), signer=by)
        given(*standing(), registered(), rules).when(command).then_refused(RoleMissing)
