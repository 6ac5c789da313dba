from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    LI,
    LIN,
    NOON,
    RECORD,
    WANG,
    ZHAO,
    appointed,
    confirmed,
    in_office,
    log_service,
    logged,
    membership_of,
    on_behalf,
    proxy,
    registered,
    standing,
)
from tests.controls.places import AREA, EAST, EAST_1, NEW_YEAR, WEST, lives, nodes
from tests.given import Book, given
from timebank.domain.acting import Acting, Authority, Office
from timebank.domain.authority import ByProxy, InOffice, authorised
from timebank.domain.facts.organisations import (
    AppointmentEnded,
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    OrganisationApproved,
    OrganisationRegistered,
)
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    PersonalDataChanged,
    ProxyEnded,
    ProxyScope,
    ProxyUsed,
    VolunteerErased,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, AppointmentId
from timebank.domain.kernel import Command, Fact
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.organisations.memberships import (
    AddMember,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.organisations.offices import EndAppointment
from timebank.domain.organisations.organisations import ApproveOrganisation
from timebank.domain.people.proxies import AppointProxy, EndProxy
from timebank.domain.people.refusals import ProxyLimitReached, ProxyNotAllowed
from timebank.domain.people.volunteers import ChangePersonalData, SetConsent
from timebank.domain.places.residences import SetResidence
from timebank.domain.refusals import NotYourOwn, OfficeMissing, YouAreSuspended
from timebank.domain.service.reviews import ConfirmService

TODAY = NOON.date()
DAY = timedelta(days=1)
IDS = membership_of(WANG)
OF_WANG: dict[str, Any] = {"by": on_behalf(), "at": NOON, "organisation_id": GARDEN, "volunteer_id": WANG}
REQUESTED = MembershipRequested(**IDS, role="member")
INVITED = MembershipInvited(**IDS, role="member")
APPROVED = MembershipApproved(**IDS)
GIVEN = ConsentGiven(volunteer_id=WANG, purpose="leaderboard")
WITHDRAWN = ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard")
RENAMED = PersonalDataChanged(volunteer_id=WANG, fields=("alias",))
NEW = OrganisationRegistered(organisation_id=GARDEN, name="百花园物业", kind="property-company")


def approve(by: Acting) -> Command:
    """The garden is to be approved, with the proof that this is for `by` to do."""
    return authorised(ApproveOrganisation(by=by, at=NOON, organisation_id=GARDEN))


def settle(by: Acting) -> Command:
    """Wang is to live in the east, with the proof that this is for `by` to say."""
    return authorised(SetResidence(by=by, at=NOON, volunteer_id=WANG, node_id=EAST_1, from_day=NEW_YEAR))


def consent(*, granted: bool = True, days_later: int = 0, **changes: Any) -> Command:
    """Zhao wants to consent for Wang, or no longer to, with the proof that they may."""
    fields: dict[str, Any] = {"by": on_behalf(), "volunteer_id": WANG, "purpose": "leaderboard", "granted": granted}
    return authorised(SetConsent(at=NOON + days_later * DAY, **(fields | changes)))


def used(scope: ProxyScope = "consents", days_ago: int = 0) -> ProxyUsed:
    """Zhao acted for Wang."""
    return ProxyUsed(
        proxy_id=proxy().proxy_id,
        volunteer_id=WANG,
        proxy_volunteer_id=ZHAO,
        scope=scope,
        local_date=TODAY - days_ago * DAY,
    )


def suspended(volunteer_id: Any) -> VolunteerSuspended:
    """They are suspended."""
    return VolunteerSuspended(volunteer_id=volunteer_id, reason="代签")


class TestAuthorised:
    """Which commands are wrapped."""

    @for_all(
        st.sampled_from(get_args(Authority)),
        st.sampled_from([LIN, WANG, GARDEN, "operator"]),
        st.none() | st.just(WANG),
        st.none() | st.just(GARDEN),
    )
    def test_wraps_what_offices_and_proxies_do(
        self, authority: Authority, actor: str, on_behalf_of: Any, scope: Any
    ) -> None:
        """What is done in an office, or by a proxy, is done with its proof; everything else as it is."""
        command = log_service(by=Acting(ActorId(actor), authority, on_behalf_of, scope))
        wrapped = authorised(command)
        if authority in get_args(Office):
            assert wrapped == InOffice(by=command.by, at=command.at, act=command)
        elif authority == "proxy":
            assert wrapped == ByProxy(by=command.by, at=command.at, act=command)
        else:
            assert wrapped is command

    @pytest.mark.parametrize("by", [in_office("administrator"), on_behalf()])
    def test_keeps_what_the_act_does(self, by: Acting) -> None:
        """What is kept beside the log is the same with the proof and without it."""
        change = ChangePersonalData(by=by, at=NOON, volunteer_id=WANG, phone="13800000002")
        erase = EraseVolunteer(by=by, at=NOON, volunteer_id=WANG)
        assert authorised(change).personal() == change.personal()
        assert authorised(erase).personal() == erase.personal()


class TestInOffice:
    """What is done in an office."""

    @pytest.mark.parametrize(
        "term",
        [
            {},
            {"valid_from": TODAY},
            {"valid_until": TODAY},
            {"valid_from": TODAY, "valid_until": TODAY},
            {"valid_from": TODAY - DAY, "valid_until": TODAY + DAY},
        ],
    )
    def test_done_by_who_holds_it(self, term: dict[str, Any]) -> None:
        """An administrator acts from the first day of their term to the last."""
        decided = given(registered(LIN), appointed(**term), NEW).when(approve(in_office("administrator")))
        decided.then(OrganisationApproved(organisation_id=GARDEN))

    def test_done_by_the_operator_without_one(self) -> None:
        """The operator needs no appointment."""
        given(NEW).when(approve(ADMINISTRATOR)).then(OrganisationApproved(organisation_id=GARDEN))

    def test_remembers_what_only_the_act_can_name(self) -> None:
        """The act's further memories are asked for with the proof as well as without it."""
        command = ConfirmService(by=in_office("administrator"), at=NOON, record_id=RECORD)
        history = (registered(LIN), appointed(), *standing(), logged())
        given(*history).when(authorised(command)).then(confirmed(decided_by=ActorId(LIN)))

    def test_takes_the_acts_own_refusals(self) -> None:
        """An office is no right to everything."""
        audits = appointed("auditor")
        given(registered(LIN), audits, NEW).when(approve(in_office("auditor"))).then_refused(
            OfficeMissing, office="administrator"
        )

    @pytest.mark.parametrize(
        "history",
        [
            (),
            (
                appointed(),
                AppointmentEnded(
                    appointment_id=AppointmentId("app_vol_lin_administrator"),
                    volunteer_id=LIN,
                    ended_by=ADMINISTRATOR.actor,
                ),
            ),
            (appointed(valid_until=TODAY - DAY),),
            (appointed(valid_from=TODAY + DAY),),
            (appointed("auditor"),),
            (appointed("node-leader", node_id=EAST),),
        ],
        ids=["never", "ended", "expired", "not yet", "audits", "leads"],
    )
    def test_refused_when_it_is_not_held(self, history: tuple[Fact, ...]) -> None:
        """An office that one does not hold today is worth nothing."""
        decided = given(registered(LIN), *history, NEW).when(approve(in_office("administrator")))
        decided.then_refused(OfficeMissing, office="administrator")

    @pytest.mark.parametrize("held", [{"node_id": WEST}, {"organisation_id": GARDEN}], ids=["elsewhere", "of old"])
    def test_refused_for_a_leader_of_something_else(self, held: Any) -> None:
        """Who leads another place, or once led the people of an organisation, leads nothing here."""
        leads = appointed("node-leader", **held)
        for node_id in (EAST, None):
            by = in_office("node-leader", node_id=node_id)
            decided = given(registered(), registered(LIN), leads, *nodes(EAST_1)).when(settle(by))
            decided.then_refused(OfficeMissing, office="node-leader")

    def test_refused_in_an_administrators_office_with_a_place(self) -> None:
        """There are no administrators of one place."""
        by = in_office("administrator", node_id=EAST)
        given(registered(LIN), appointed(), NEW).when(approve(by)).then_refused(OfficeMissing)

    def test_refused_for_whoever_else(self) -> None:
        """Somebody else's appointment gives no right."""
        with pytest.raises(OfficeMissing):
            Book(registered(LI), registered(LIN), appointed(), NEW).do(approve(in_office("administrator", LI)))

    def test_refused_while_suspended(self) -> None:
        """Who is suspended holds the office and may not act in it, until they are reinstated."""
        history = (registered(LIN), appointed(), NEW, suspended(LIN))
        command = approve(in_office("administrator"))
        given(*history).when(command).then_refused(YouAreSuspended)
        reinstated = VolunteerReinstated(volunteer_id=LIN, reason="查清")
        given(*history, reinstated).when(command).then(OrganisationApproved(organisation_id=GARDEN))

    def test_done_by_a_deputy(self) -> None:
        """Who stands in for a node leader acts as they would, and does so no more when that office ends."""
        leads = appointed("node-leader", ZHAO, node_id=EAST)
        deputy = appointed("node-leader", node_id=EAST, appointed_by=ActorId(ZHAO), delegated_from=leads.appointment_id)
        by = in_office("node-leader", node_id=EAST)
        people = registered(), registered(LIN), *nodes(EAST_1, EAST, AREA), lives(EAST)
        given(*people, deputy).when(settle(by)).then(lives(EAST_1, previous_node_id=EAST, noted_on=NOON.date()))
        book = Book(*people, leads, deputy)
        book.do(EndAppointment(by=ADMINISTRATOR, at=NOON, appointment_id=leads.appointment_id))
        with pytest.raises(OfficeMissing):
            book.do(settle(by))

    def test_refused_after_erasure(self) -> None:
        """Who was erased has no office left."""
        book = Book(registered(LIN), appointed(), appointed(volunteer_id=LI), NEW)
        erase = EraseVolunteer(by=in_office("administrator"), at=NOON, volunteer_id=LIN)
        assert book.do(authorised(erase)) == VolunteerErased(volunteer_id=LIN)
        with pytest.raises(OfficeMissing):
            book.do(approve(in_office("administrator")))


class TestByProxy:
    """What is done on behalf of another."""

    @pytest.mark.parametrize(
        ("command", "scope", "history", "fact"),
        [
            pytest.param(
                SetConsent(by=on_behalf(), at=NOON, volunteer_id=WANG, purpose="leaderboard", granted=True),
                "consents",
                (registered(),),
                GIVEN,
                id="consent",
            ),
            pytest.param(
                AddMember(**IDS, by=on_behalf(), at=NOON, role="member"),
                "memberships",
                (*standing(), registered()),
                MembershipRequested(**IDS, role="member", proposed_by=ActorId(ZHAO)),
                id="join",
            ),
            pytest.param(
                DeclineMembership(**OF_WANG), "memberships", (INVITED,), MembershipDeclined(**IDS), id="decline"
            ),
            pytest.param(
                EndMembership(**OF_WANG), "memberships", (REQUESTED, APPROVED), MembershipEnded(**IDS), id="leave"
            ),
            pytest.param(
                ChangePersonalData(by=on_behalf(), at=NOON, volunteer_id=WANG, phone="13800000002"),
                "personal-data",
                (registered(),),
                PersonalDataChanged(volunteer_id=WANG, fields=("phone",)),
                id="personal data",
            ),
        ],
    )
    def test_done_in_scope_and_told(
        self, command: Command, scope: ProxyScope, history: tuple[Fact, ...], fact: Fact
    ) -> None:
        """A proxy does for the volunteer what they may, and nothing beyond the scope; that it was them is kept."""
        may, may_not = ("view", scope), tuple(each for each in proxy().scopes if each != scope)
        given(registered(ZHAO), *history, proxy(scopes=may)).when(authorised(command)).then(fact, used(scope))
        decided = given(registered(ZHAO), *history, proxy(scopes=may_not)).when(authorised(command))
        decided.then_refused(ProxyNotAllowed, volunteer_id=WANG)

    @pytest.mark.parametrize(
        "command",
        [
            log_service(by=on_behalf()),
            ConfirmService(by=on_behalf(), at=NOON, record_id=RECORD),
            ChangeRole(**OF_WANG, role="coordinator"),
            EraseVolunteer(by=on_behalf(), at=NOON, volunteer_id=WANG),
            EndProxy(by=on_behalf(), at=NOON, volunteer_id=WANG, proxy_volunteer_id=ZHAO),
            AppointProxy(
                by=on_behalf(),
                at=NOON,
                proxy_id=proxy().proxy_id,
                volunteer_id=WANG,
                proxy_volunteer_id=LI,
                scopes=(),
                acts_per_day=1,
            ),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_refused_for_what_people_do_in_person(self, command: Command) -> None:
        """Serving, reviewing, being erased and letting others act are nobody's to do for another."""
        given(registered(ZHAO), proxy()).when(authorised(command)).then_refused(ProxyNotAllowed, volunteer_id=WANG)

    @pytest.mark.parametrize(
        "history",
        [
            (),
            (
                proxy(),
                ProxyEnded(
                    proxy_id=proxy().proxy_id,
                    volunteer_id=WANG,
                    proxy_volunteer_id=ZHAO,
                    ended_by=ActorId(WANG),
                ),
            ),
            (proxy(valid_until=TODAY - DAY),),
            (proxy(volunteer_id=ZHAO, proxy_volunteer_id=WANG),),
        ],
        ids=["never", "ended", "expired", "the other way"],
    )
    def test_refused_when_they_are_no_proxy(self, history: tuple[Fact, ...]) -> None:
        """Who is no proxy of the volunteer today does nothing for them."""
        decided = given(registered(), registered(ZHAO), *history).when(consent())
        decided.then_refused(ProxyNotAllowed, volunteer_id=WANG)

    def test_done_until_the_last_day(self) -> None:
        """The last day belongs to it."""
        last = proxy(valid_until=TODAY)
        given(registered(), registered(ZHAO), last).when(consent()).then(GIVEN, used())

    def test_refused_for_somebody_elses_matters(self) -> None:
        """Who acts for one volunteer does nothing for another, nor for themselves by that right."""
        for volunteer_id in (LI, ZHAO):
            history = {ZHAO: registered(ZHAO), volunteer_id: registered(volunteer_id)}
            decided = given(*history.values(), proxy()).when(consent(volunteer_id=volunteer_id))
            decided.then_refused(NotYourOwn)

    def test_refused_while_the_proxy_is_suspended(self) -> None:
        """Who is suspended acts for nobody else either."""
        history = (registered(), registered(ZHAO), proxy(), suspended(ZHAO))
        given(*history).when(consent()).then_refused(YouAreSuspended)

    def test_done_while_the_volunteer_is_suspended(self) -> None:
        """What a suspension leaves to the volunteer it leaves to their proxy."""
        history = (registered(), registered(ZHAO), proxy(), suspended(WANG))
        given(*history).when(consent()).then(GIVEN, used())

    def test_refused_above_the_limit(self) -> None:
        """On one day a proxy acts so often and no more, whatever it is they do."""
        history = (registered(), registered(ZHAO), proxy(acts_per_day=2), used())
        given(*history).when(consent()).then(GIVEN, used())
        decided = given(*history, used("memberships")).when(consent())
        decided.then_refused(ProxyLimitReached, volunteer_id=WANG, acts_per_day=2)

    def test_counts_each_day_anew(self) -> None:
        """What was done on another day does not count."""
        history = (registered(), registered(ZHAO), proxy(acts_per_day=1))
        given(*history, used(days_ago=1)).when(consent()).then(GIVEN, used())
        twice = (registered(), registered(ZHAO), proxy(acts_per_day=2))
        given(*twice, used(days_ago=1), used()).when(consent()).then(GIVEN, used())
        given(*history, used(days_ago=1), used()).when(consent()).then_refused(ProxyLimitReached)

    def test_counts_anew_when_appointed_anew(self) -> None:
        """Who is made a proxy again, on the same day, may do as much as they are then told."""
        once = (proxy(acts_per_day=1), used())
        ended = ProxyEnded(
            proxy_id=proxy().proxy_id, volunteer_id=WANG, proxy_volunteer_id=ZHAO, ended_by=ActorId(WANG)
        )
        history = (registered(), registered(ZHAO), *once, ended, proxy(acts_per_day=1))
        given(*history).when(consent()).then(GIVEN, used())

    def test_counts_one_way_only(self) -> None:
        """What the volunteer does as their proxy's proxy does not count."""
        there = proxy(volunteer_id=ZHAO, proxy_volunteer_id=WANG)
        back = ProxyUsed(
            proxy_id=there.proxy_id, volunteer_id=ZHAO, proxy_volunteer_id=WANG, scope="consents", local_date=TODAY
        )
        history = (registered(), registered(ZHAO), proxy(acts_per_day=1), there, back)
        given(*history).when(consent()).then(GIVEN, used())

    def test_is_no_act_when_nothing_happens(self) -> None:
        """Saying again what holds is not counted."""
        given(registered(), registered(ZHAO), GIVEN, proxy()).when(consent()).then_nothing()

    def test_is_an_act_to_change_the_alias_alone(self) -> None:
        """Who appears under another name by a proxy's doing has it told, though they had consented before."""
        history = (registered(), registered(ZHAO), GIVEN)
        given(*history, proxy()).when(consent(alias="小王")).then(RENAMED, used())
        decided = given(*history, proxy(acts_per_day=1), used()).when(consent(alias="小王"))
        decided.then_refused(ProxyLimitReached, volunteer_id=WANG, acts_per_day=1)
        decided = given(*history, proxy(scopes=("view", "personal-data"))).when(consent(alias="小王"))
        decided.then_refused(ProxyNotAllowed, volunteer_id=WANG)

    def test_is_one_act_to_consent_under_an_alias(self) -> None:
        """A consent and the name to appear under are given together, and count once."""
        given(registered(), registered(ZHAO), proxy()).when(consent(alias="小王")).then(GIVEN, RENAMED, used())

    @pytest.mark.parametrize("alias", [None, "小王"])
    def test_is_no_act_to_withdraw_what_was_never_given(self, alias: str | None) -> None:
        """Where there is no consent, taking it back changes nothing, with whatever alias."""
        given(registered(), registered(ZHAO), proxy()).when(consent(granted=False, alias=alias)).then_nothing()

    @for_all(
        st.integers(1, 3),
        st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.none() | st.just("小王")), max_size=20),
    )
    def test_never_more_than_allowed(self, acts_per_day: int, history: list[tuple[int, bool, str | None]]) -> None:
        """However it goes, on no day a proxy does more than they may, and they may until it is reached."""
        book = Book(registered(), registered(ZHAO), proxy(acts_per_day=acts_per_day))
        day = 0
        for days_later, granted, alias in history:
            day += days_later
            acts = sum(fact == used(days_ago=-day) for fact in book.facts)
            before = len(book.facts)
            command = consent(granted=granted, days_later=day, alias=alias)
            if acts == acts_per_day:
                with pytest.raises(ProxyLimitReached):
                    book.do(command)
                assert book.facts[before:] == []
            else:
                book.do(command)
                said = [fact for fact in book.facts[:before] if fact in (GIVEN, WITHDRAWN)]
                changes = granted != (said[-1:] == [GIVEN])
                happens = [GIVEN if granted else WITHDRAWN] if changes else []
                named = [RENAMED] if granted and alias else []
                told = [used(days_ago=-day)] if changes or named else []
                assert book.facts[before:] == [*happens, *named, *told]
