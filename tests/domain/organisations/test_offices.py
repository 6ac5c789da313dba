from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    WANG,
    ZHAO,
    acting,
    appointed,
    in_office,
    on_behalf,
    registered,
)
from tests.controls.places import EAST
from tests.given import Book, given
from timebank.domain.acting import Acting, Office
from timebank.domain.facts.organisations import AppointmentEnded, AppointmentMade
from timebank.domain.facts.people import VolunteerErased, VolunteerSuspended
from timebank.domain.identifiers import ActorId, AppointmentId, VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.organisations.offices import Appoint, EndAppointment
from timebank.domain.organisations.refusals import (
    AppointmentAlreadyHeld,
    AppointmentUnknown,
    LastAdministrator,
    NotWithinYourOffice,
)
from timebank.domain.people.refusals import VolunteerIsErased, VolunteerIsSuspended, VolunteerUnknown
from timebank.domain.refusals import NotWellFormed, OfficeMissing, TermEndsBeforeItStarts
from timebank.domain.refusing import Refusal

TODAY = NOON.date()
DAY = timedelta(days=1)
APPOINTMENT = AppointmentId("app_1")
LEADER = in_office("node-leader", ZHAO, EAST)
LEADS = appointed("node-leader", ZHAO, node_id=EAST)
ADMINISTERS = appointed()
DEPUTY = appointed("node-leader", LI, node_id=EAST, appointed_by=LEADER.actor, delegated_from=LEADS.appointment_id)


def appoint(by: Acting = ADMINISTRATOR, **changes: Any) -> Appoint:
    """Li is to be an auditor of the bank."""
    fields: dict[str, Any] = {"appointment_id": APPOINTMENT, "volunteer_id": LI, "office": "auditor"}
    return Appoint(by=by, at=NOON, **(fields | changes))


def made(by: Acting = ADMINISTRATOR, **changes: Any) -> AppointmentMade:
    """What `appoint` comes to."""
    office = changes.pop("office", "auditor")
    return appointed(office, LI, **({"appointment_id": APPOINTMENT, "appointed_by": by.actor} | changes))


def end(appointment: AppointmentMade, by: Acting = ADMINISTRATOR, reason: str | None = None) -> EndAppointment:
    """An appointment is to be over."""
    return EndAppointment(by=by, at=NOON, appointment_id=appointment.appointment_id, reason=reason)


def ended(
    appointment: AppointmentMade, by: ActorId = ADMINISTRATOR.actor, reason: str | None = None
) -> AppointmentEnded:
    """The appointment is over."""
    return AppointmentEnded(
        appointment_id=appointment.appointment_id,
        volunteer_id=appointment.volunteer_id,
        ended_by=by,
        delegated_from=appointment.delegated_from,
        reason=reason,
    )


class TestAppoint:
    """Giving somebody an office."""

    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator")])
    @pytest.mark.parametrize("office", ["administrator", "auditor"])
    def test_appoints_for_the_whole_bank(self, by: Acting, office: Office) -> None:
        """The operator and administrators appoint administrators and auditors."""
        given(registered(LI)).when(appoint(by, office=office)).then(made(by, office=office))

    def test_keeps_the_term(self) -> None:
        """An office may be given for some days, also for a single one."""
        term: dict[str, Any] = {"valid_from": TODAY + DAY, "valid_until": TODAY + DAY}
        given(registered(LI)).when(appoint(**term)).then(made(**term))

    @pytest.mark.parametrize(
        "by",
        [acting(ZHAO), acting(LI), in_office("auditor"), LEADER, GARDENERS_PROGRAM, on_behalf(LI)],
        ids=lambda by: by.authority,
    )
    def test_refused_for_everybody_else(self, by: Acting) -> None:
        """Without an office to give there is nothing one could give, not even where the volunteer is unknown."""
        given().when(appoint(by)).then_refused(OfficeMissing, office="administrator")

    @pytest.mark.parametrize("until", [None, TODAY + 2 * DAY])
    def test_refused_for_longer_than_who_appoints(self, until: date | None) -> None:
        """An administrator with a term makes nobody one for longer, nor themselves from its end on."""
        by, right = in_office("administrator"), appointed(valid_until=TODAY + DAY)
        longer = appoint(by, office="administrator", valid_until=until)
        given(registered(LI), right).when(longer).then_refused(NotWithinYourOffice)
        after = appoint(by, office="administrator", volunteer_id=LIN, valid_from=TODAY + 2 * DAY, valid_until=until)
        given(registered(LIN), right).when(after).then_refused(NotWithinYourOffice)
        within = appoint(by, office="administrator", valid_until=TODAY + DAY)
        given(registered(LI), right).when(within).then(made(by, office="administrator", valid_until=TODAY + DAY))

    @pytest.mark.parametrize("until", [None, TODAY + 2 * DAY])
    def test_refused_for_oneself_beyond_ones_term(self, until: date | None) -> None:
        """An administrator keeps no other office for longer either; who has no term, and the operator, do."""
        by, right = in_office("administrator", LI), appointed("administrator", LI, valid_until=TODAY + DAY)
        auditor = appoint(by, valid_until=until)
        given(registered(LI), right).when(auditor).then_refused(NotWithinYourOffice)
        given(registered(LI), appointed("administrator", LI)).when(auditor).then(made(by, valid_until=until))
        given(registered(LI), right).when(appoint(valid_until=until)).then(made(valid_until=until))

    def test_refused_for_nobody(self) -> None:
        """Only volunteers are appointed."""
        given().when(appoint()).then_refused(VolunteerUnknown, volunteer_id=LI)

    def test_refused_for_a_suspended_volunteer(self) -> None:
        """Who is suspended is appointed to nothing."""
        suspended = VolunteerSuspended(volunteer_id=LI, reason="代签")
        given(registered(LI), suspended).when(appoint()).then_refused(VolunteerIsSuspended, volunteer_id=LI)

    def test_refused_for_an_erased_volunteer(self) -> None:
        """Nobody is left to appoint where somebody was erased."""
        erased = VolunteerErased(volunteer_id=LI)
        given(registered(LI), erased).when(appoint()).then_refused(VolunteerIsErased, volunteer_id=LI)

    def test_refused_for_a_leader_without_a_place(self) -> None:
        """Leaders are appointed to a place, and by no other way."""
        given().when(appoint(office="node-leader")).then_refused(NotWellFormed)

    @pytest.mark.parametrize("since", [TODAY, TODAY + DAY])
    def test_refused_when_the_term_ends_before_it_starts(self, since: date) -> None:
        """A term runs forwards."""
        command = appoint(valid_from=since, valid_until=since - DAY)
        given(registered(LI)).when(command).then_refused(TermEndsBeforeItStarts)

    @pytest.mark.parametrize("since", [None, TODAY - DAY, TODAY - 9 * DAY])
    def test_refused_for_days_gone_by(self, since: date | None) -> None:
        """Nobody is appointed for the past alone."""
        command = appoint(valid_from=since, valid_until=TODAY - DAY)
        given(registered(LI)).when(command).then_refused(TermEndsBeforeItStarts)

    @pytest.mark.parametrize("since", [None, TODAY - 9 * DAY])
    def test_possible_for_what_is_left_of_a_term(self, since: date | None) -> None:
        """A term may have begun, and end today."""
        given(registered(LI)).when(appoint(valid_from=since, valid_until=TODAY)).then(
            made(valid_from=since, valid_until=TODAY)
        )

    @pytest.mark.parametrize(
        ("held", "asked"),
        [
            ({}, {}),
            ({}, {"valid_from": TODAY + 9 * DAY}),
            ({"valid_from": TODAY, "valid_until": TODAY}, {}),
            ({"valid_from": TODAY}, {"valid_from": TODAY - DAY}),
            ({"valid_until": TODAY + DAY}, {"valid_from": TODAY + DAY}),
            ({"valid_from": TODAY + DAY}, {"valid_from": TODAY + DAY}),
            ({"valid_from": TODAY + 9 * DAY}, {}),
            ({"valid_from": TODAY + 9 * DAY}, {"valid_from": TODAY}),
            ({"valid_from": TODAY + 9 * DAY}, {"valid_until": TODAY + 9 * DAY}),
            ({"valid_from": TODAY + DAY, "valid_until": TODAY + 2 * DAY}, {"valid_until": TODAY + 9 * DAY}),
            ({"valid_until": TODAY + 9 * DAY}, {"valid_from": TODAY + DAY, "valid_until": TODAY + 2 * DAY}),
        ],
    )
    def test_refused_while_it_is_held(self, held: dict[str, Any], asked: dict[str, Any]) -> None:
        """Two terms in one office have no day in common, whichever of them begins first."""
        has = appointed("auditor", LI, **held)
        decided = given(registered(LI), has).when(appoint(**asked))
        decided.then_refused(AppointmentAlreadyHeld, volunteer_id=LI, appointment_id=has.appointment_id)

    def test_tells_which_one_is_in_the_way(self) -> None:
        """Of several appointments, the refusal names one whose term overlaps."""
        this_week = appointed("auditor", LI, valid_until=TODAY + 6 * DAY)
        later = appointed("auditor", LI, appointment_id=AppointmentId("app_2"), valid_from=TODAY + 9 * DAY)
        for history in ((this_week, later), (later, this_week)):
            for has, since, until in ((this_week, 6, 8), (later, 7, 9)):
                command = appoint(valid_from=TODAY + since * DAY, valid_until=TODAY + until * DAY)
                decided = given(registered(LI), *history).when(command)
                decided.then_refused(AppointmentAlreadyHeld, appointment_id=has.appointment_id)

    def test_possible_between_two_terms(self) -> None:
        """Between two terms there is room for a third."""
        this_week = appointed("auditor", LI, valid_until=TODAY + 6 * DAY)
        later = appointed("auditor", LI, appointment_id=AppointmentId("app_2"), valid_from=TODAY + 9 * DAY)
        term: dict[str, Any] = {"valid_from": TODAY + 7 * DAY, "valid_until": TODAY + 8 * DAY}
        given(registered(LI), this_week, later).when(appoint(**term)).then(made(**term))

    @for_all(
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.one_of(st.none(), st.integers(-3, 6)),
                st.one_of(st.none(), st.integers(-3, 6)),
            ),
            max_size=12,
        )
    )
    def test_never_held_twice(self, history: list[tuple[int, int | None, int | None]]) -> None:
        """Whatever is asked for, on no day somebody has an office by two appointments."""
        book, terms = Book(registered(LI)), list[tuple[date, date]]()
        at = NOON
        for step, (days_later, since, until) in enumerate(history):
            at += days_later * DAY
            command = Appoint(
                by=ADMINISTRATOR,
                at=at,
                appointment_id=AppointmentId(f"app_{step}"),
                volunteer_id=LI,
                office="auditor",
                valid_from=None if since is None else at.date() + since * DAY,
                valid_until=None if until is None else at.date() + until * DAY,
            )
            with suppress(Refusal):
                made = book.do(command)
                terms.append((made.valid_from or at.date(), made.valid_until or date.max))
        for day in (TODAY + days * DAY for days in range(-9, 60)):
            assert sum(since <= day <= until for since, until in terms) <= 1

    @pytest.mark.parametrize(
        ("history", "asked"),
        [
            ((appointed("auditor", LI), ended(appointed("auditor", LI))), {}),
            ((appointed("auditor", LI, valid_until=TODAY - DAY),), {"valid_from": TODAY}),
            ((appointed("auditor", LI, valid_until=TODAY),), {"valid_from": TODAY + DAY}),
            ((appointed("auditor", LI, valid_from=TODAY + DAY),), {"valid_until": TODAY}),
            ((appointed("auditor", LI),), {"office": "administrator"}),
        ],
        ids=["ended", "expired", "afterwards", "before", "another office"],
    )
    def test_possible_when_it_is_not_held(self, history: tuple[Fact, ...], asked: dict[str, Any]) -> None:
        """What is over, or is another office, does not stand in the way."""
        given(registered(LI), *history).when(appoint(**asked)).then(made(**asked))


class TestEndAppointment:
    """Taking an office away, or laying it down."""

    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator"), acting(LI), in_office("auditor", LI)])
    def test_ended_by_the_bank_or_by_oneself(self, by: Acting) -> None:
        """Administrators end appointments, and everybody may lay down their own; why is kept."""
        audits = appointed("auditor", LI)
        given(audits).when(end(audits, by, "任期届满")).then(ended(audits, by.actor, "任期届满"))

    @pytest.mark.parametrize("by", [LEADER, acting(ZHAO)])
    def test_ended_by_whoever_passed_it_on(self, by: Acting) -> None:
        """A node leader does without a deputy again; their own office stays."""
        given(DEPUTY).when(end(DEPUTY, by)).then(ended(DEPUTY, by.actor))

    def test_ends_what_was_passed_on(self) -> None:
        """With an office ends what its holder has passed on of it."""
        given(LEADS, DEPUTY).when(end(LEADS, reason="调离")).then(
            ended(LEADS, reason="调离"), ended(DEPUTY, reason="调离")
        )

    @pytest.mark.parametrize("by", [ADMINISTRATOR, LEADER, acting(LI)], ids=lambda by: by.authority)
    def test_leaves_deputies_that_ended_alone(self, by: Acting) -> None:
        """Whoever ended a deputy's appointment, it does not end again with the office it was a part of."""
        other = appointed(
            "node-leader",
            WANG,
            node_id=EAST,
            appointed_by=LEADER.actor,
            delegated_from=LEADS.appointment_id,
        )
        history = (LEADS, DEPUTY, other)
        book = Book(*history)
        assert book.do(end(DEPUTY, by)) == ended(DEPUTY, by.actor)
        given(*book.facts).when(end(LEADS)).then(ended(LEADS), ended(other))

    def test_ends_nothing_else(self) -> None:
        """Other offices of the same people stay."""
        others = (appointed("auditor", LI), appointed("auditor", ZHAO), DEPUTY)
        book = Book(*others, LEADS)
        book.do(end(appointed("auditor", ZHAO)))
        assert book.facts == [*others, LEADS, ended(appointed("auditor", ZHAO))]

    def test_possible_when_its_term_is_over(self) -> None:
        """Ending what is over in any case does no harm."""
        audited = appointed("auditor", LI, valid_until=TODAY - DAY)
        given(audited).when(end(audited)).then(ended(audited))

    @pytest.mark.parametrize("history", [(), (LEADS, ended(LEADS))], ids=["never", "ended"])
    def test_refused_without_an_appointment(self, history: tuple[Fact, ...]) -> None:
        """An appointment has to be there, and ends once."""
        given(*history).when(end(LEADS)).then_refused(AppointmentUnknown, appointment_id=LEADS.appointment_id)

    @pytest.mark.parametrize(
        "by",
        [acting(WANG), in_office("auditor"), in_office("node-leader", LI, EAST), GARDENERS_PROGRAM],
        ids=lambda by: by.authority,
    )
    def test_refused_for_strangers(self, by: Acting) -> None:
        """To whoever has nothing to do with an appointment it does not exist; deputies end nobody's but their own."""
        given(LEADS).when(end(LEADS, by)).then_refused(AppointmentUnknown)

    def test_refused_for_who_appointed_in_office(self) -> None:
        """Who appointed somebody as an administrator has no say in it when they are none any more."""
        by_lin = appointed("auditor", LI, appointed_by=acting(LIN).actor)
        given(by_lin).when(end(by_lin, acting(LIN))).then_refused(AppointmentUnknown)


class TestLastAdministrator:
    """There is always somebody who decides for the bank."""

    EVERYBODY = (LIN, LI, WANG, ZHAO)

    @pytest.mark.parametrize("by", [ADMINISTRATOR, acting(LIN), in_office("administrator")])
    @pytest.mark.parametrize(
        "others",
        [
            (),
            (appointed("auditor", LI),),
            (appointed("administrator", LI, valid_until=TODAY + 999 * DAY),),
            (appointed("administrator", LI, valid_from=TODAY + DAY),),
            (appointed("administrator", LI), ended(appointed("administrator", LI))),
        ],
        ids=["none", "an auditor", "for a term", "not yet", "no longer"],
    )
    def test_refused_when_nobody_would_be_left(self, others: tuple[Fact, ...], by: Acting) -> None:
        """The last administrator who is one today and without a term stays, whoever would end it."""
        given(ADMINISTERS, *others).when(end(ADMINISTERS, by)).then_refused(LastAdministrator)

    @pytest.mark.parametrize("since", [None, TODAY, TODAY - DAY])
    def test_possible_when_another_stays(self, since: date | None) -> None:
        """An administrator goes when another one is there for good."""
        other = appointed("administrator", LI, valid_from=since)
        given(ADMINISTERS, other).when(end(ADMINISTERS, acting(LIN))).then(ended(ADMINISTERS, acting(LIN).actor))

    def test_one_with_a_term_may_go(self) -> None:
        """Who is administrator for a term may go before it is over."""
        for_now = appointed("administrator", LI, valid_until=TODAY)
        given(ADMINISTERS, for_now).when(end(for_now)).then(ended(for_now))

    @for_all(
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.one_of(
                    st.integers(0, 5),
                    st.sampled_from(EVERYBODY),
                    st.tuples(
                        st.sampled_from(EVERYBODY),
                        st.none() | st.integers(-3, 3),
                        st.none() | st.integers(-3, 3),
                    ),
                ),
            ),
            max_size=12,
        )
    )
    def test_there_is_always_one(self, history: list[tuple[int, Any]]) -> None:
        """Whatever is asked for, and whoever is erased, somebody is administrator today, and without a term."""
        book = Book(*(registered(each) for each in self.EVERYBODY), ADMINISTERS)
        at = NOON
        for step, (days_later, asked) in enumerate(history):
            at += timedelta(days=days_later)
            appointments = [fact for fact in book.facts if isinstance(fact, AppointmentMade)]
            command: Command
            if isinstance(asked, int):
                chosen = appointments[asked % len(appointments)].appointment_id
                command = EndAppointment(by=in_office("administrator"), at=at, appointment_id=chosen)
            elif isinstance(asked, str):
                command = EraseVolunteer(by=acting(VolunteerId(asked)), at=at, volunteer_id=VolunteerId(asked))
            else:
                volunteer_id, since, until = asked
                command = Appoint(
                    by=in_office("administrator"),
                    at=at,
                    appointment_id=AppointmentId(f"app_{step}"),
                    volunteer_id=volunteer_id,
                    office="administrator",
                    valid_from=None if since is None else at.date() + since * DAY,
                    valid_until=None if until is None else at.date() + until * DAY,
                )
            with suppress(Refusal):
                book.do(command)
            over = {fact.appointment_id for fact in book.facts if isinstance(fact, AppointmentEnded)}
            stay = [
                fact for fact in book.facts if isinstance(fact, AppointmentMade) and fact.appointment_id not in over
            ]
            assert any(each.valid_until is None and (each.valid_from or at.date()) <= at.date() for each in stay)
            erased = {fact.volunteer_id for fact in book.facts if isinstance(fact, VolunteerErased)}
            assert erased.isdisjoint(each.volunteer_id for each in stay)
