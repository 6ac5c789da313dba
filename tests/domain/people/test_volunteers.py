from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    NUMBER,
    WANG,
    ZHAO,
    acting,
    appointed,
    in_office,
    on_behalf,
    registered,
)
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    PersonalDataChanged,
    VolunteerErased,
    VolunteerLeft,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.kernel import Command, Fact
from timebank.domain.people.refusals import (
    DocumentNumberByOffice,
    VolunteerHasLeft,
    VolunteerIsAdministrator,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerNotSuspended,
    VolunteerNumberTaken,
    VolunteerUnknown,
)
from timebank.domain.people.volunteers import (
    ChangePersonalData,
    RegisterVolunteer,
    ReinstateVolunteer,
    SetConsent,
    SuspendVolunteer,
)
from timebank.domain.person import Person
from timebank.domain.refusals import NothingChanges, NotYourOwn, OfficeMissing
from timebank.ledger.codec import encode

SUSPENDED = VolunteerSuspended(volunteer_id=WANG, reason="代签")
REINSTATED = VolunteerReinstated(volunteer_id=WANG, reason="查清")
GIVEN = ConsentGiven(volunteer_id=WANG, purpose="leaderboard")
WITHDRAWN = ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard")
ERASED = VolunteerErased(volunteer_id=WANG)
LEFT = VolunteerLeft(volunteer_id=WANG)
NOT_GOVERNING = [acting(WANG), acting(LI), in_office("auditor"), in_office("node-leader"), on_behalf()]
"""Some who decide nothing for the whole bank."""


def register(**changes: Any) -> RegisterVolunteer:
    """The administrator registers Wang."""
    fields: dict[str, Any] = {"volunteer_id": WANG, "number": NUMBER, "name": "王桂芳", "phone": "13800000001"}
    return RegisterVolunteer(**({"by": ADMINISTRATOR, "at": NOON} | fields | changes))


def change(by: Acting | None = None, **fields: Any) -> ChangePersonalData:
    """Wang puts right what is known about them."""
    return ChangePersonalData(by=by or acting(WANG), at=NOON, volunteer_id=WANG, **fields)


def set_consent(*, granted: bool, **changes: Any) -> SetConsent:
    """Wang consents to appearing on leaderboards, or no longer does."""
    fields: dict[str, Any] = {"by": acting(WANG), "volunteer_id": WANG, "purpose": "leaderboard"}
    return SetConsent(at=NOON, granted=granted, **(fields | changes))


SUSPEND = SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="代签")
REINSTATE = ReinstateVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="查清")


class TestRegisterVolunteer:
    """Becoming a volunteer."""

    def test_opens_an_account_under_the_number(self) -> None:
        """A person becomes a volunteer under one number."""
        given().when(register()).then(registered())

    def test_refused_when_the_number_is_taken(self) -> None:
        """No two volunteers have the same number."""
        given(registered(LI)).when(register()).then_refused(VolunteerNumberTaken, number=NUMBER)

    @pytest.mark.parametrize(
        "by",
        [ADMINISTRATOR, in_office("administrator"), in_office("node-leader"), GARDENERS_PROGRAM],
        ids=lambda by: by.authority,
    )
    def test_done_by_those_who_take_people_in(self, by: Acting) -> None:
        """Administrators, node leaders and organisations' programs register volunteers."""
        given().when(register(by=by)).then(registered())

    @pytest.mark.parametrize("by", [acting(LI), in_office("auditor"), on_behalf()], ids=lambda by: by.authority)
    def test_refused_for_everybody_else(self, by: Acting) -> None:
        """Nobody registers themselves or a neighbour, and no stranger learns whether a number is taken."""
        decided = given(registered(LI)).when(register(by=by))
        decided.then_refused(OfficeMissing, office="administrator or node-leader")

    def test_programs_enter_no_document_numbers(self) -> None:
        """An office has seen the document; a program has not, and would learn whose number is known."""
        command = register(by=GARDENERS_PROGRAM, document_number="420102195803030027")
        given().when(command).then_refused(DocumentNumberByOffice)
        for by in (ADMINISTRATOR, in_office("node-leader")):
            given().when(register(by=by, document_number="420102195803030027")).then(registered())

    def test_keeps_what_is_personal_out_of_the_fact(self) -> None:
        """Name, phone, year, document and skills are handed over beside the fact and are nowhere in it."""
        personal: dict[str, Any] = {
            "name": "王桂芳",
            "phone": "13800000001",
            "birth_year": 1958,
            "document_number": "420102195803030027",
            "skills": ("理发",),
        }
        command = register(**personal)
        assert command.personal() == Person(volunteer_id=WANG, **personal)
        kept = encode(given().when(command).fact).decode()
        assert not any(word in kept for word in ("王桂芳", "13800000001", "1958", "理发"))


class TestChangePersonalData:
    """Putting right what is known about a person."""

    @pytest.mark.parametrize(
        "by", [acting(WANG), on_behalf(WANG), ADMINISTRATOR, in_office("administrator")], ids=lambda by: by.authority
    )
    def test_changed_by_the_volunteer_or_for_them(self, by: Acting) -> None:
        """Volunteers, their proxies and administrators put personal data right."""
        decided = given(registered()).when(change(by, phone="13800000002"))
        decided.then(PersonalDataChanged(volunteer_id=WANG, fields=("phone",)))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "王桂芬"),
            ("phone", "13800000002"),
            ("phone", ""),
            ("birth_year", 1958),
            ("birth_year", 0),
            ("document_number", "420102195803030027"),
            ("skills", ("理发",)),
            ("skills", ()),
        ],
    )
    def test_tells_which_fields_and_keeps_their_values_out(self, field: str, value: Any) -> None:
        """What changes is named in the fact, and handed over beside it; an empty value takes one away."""
        command = change(ADMINISTRATOR, **{field: value})
        given(registered()).when(command).then(PersonalDataChanged(volunteer_id=WANG, fields=(field,)))
        is_claimed = {"phone_is_claimed": False} if field == "phone" else {}
        assert command.personal() == Person(volunteer_id=WANG, **{field: value}, **is_claimed)

    @pytest.mark.parametrize("number", ["420102195803030027", ""])
    @pytest.mark.parametrize("by", [acting(WANG), on_behalf(WANG)], ids=lambda by: by.authority)
    def test_document_numbers_are_for_offices(self, by: Acting, number: str) -> None:
        """Nobody puts in a document number themselves, or takes theirs away, along with whatever else."""
        command = change(by, document_number=number, phone="13800000002")
        given(registered()).when(command).then_refused(DocumentNumberByOffice)

    def test_tells_all_fields_in_their_order(self) -> None:
        """Several values change at once, and are told in the same order however they were given."""
        command = change(skills=("理发",), name="王桂芬")
        given(registered()).when(command).then(PersonalDataChanged(volunteer_id=WANG, fields=("name", "skills")))

    def test_possible_while_suspended(self) -> None:
        """A suspension takes nobody's right to be known as who they are."""
        decided = given(registered(), SUSPENDED).when(change(name="王桂芬"))
        decided.then(PersonalDataChanged(volunteer_id=WANG, fields=("name",)))

    def test_refused_when_nothing_is_said(self) -> None:
        """Who says nothing changes nothing."""
        given(registered()).when(change()).then_refused(NothingChanges)

    @pytest.mark.parametrize(
        "by",
        [
            acting(LI),
            on_behalf(LI, WANG),
            on_behalf(ZHAO, LI),
            GARDENERS_PROGRAM,
            in_office("auditor"),
            in_office("auditor", WANG),
            in_office("node-leader"),
        ],
    )
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody rewrites another person; as another's proxy, or in office, one has no data of one's own."""
        given(registered()).when(change(by, name="王桂芬")).then_refused(NotYourOwn)

    def test_refused_for_nobody(self) -> None:
        """Nothing is known about who is not registered."""
        given().when(change(name="王桂芬")).then_refused(VolunteerUnknown, volunteer_id=WANG)


class TestErasedVolunteers:
    """Of whom only the account is left."""

    @pytest.mark.parametrize(
        "command",
        [
            change(name="王桂芬"),
            change(ADMINISTRATOR),
            SUSPEND,
            REINSTATE,
            set_consent(granted=True),
            set_consent(granted=False),
        ],
    )
    def test_refused_for_them(self, command: Command) -> None:
        """Nothing is known about them, and nothing happens to them, any more."""
        for history in ((registered(), ERASED), (registered(), SUSPENDED, ERASED)):
            outcome = given(*history, *([GIVEN] if isinstance(command, SetConsent) else [])).when(command)
            outcome.then_refused(VolunteerIsErased, volunteer_id=WANG)

    def test_their_number_stays_taken(self) -> None:
        """Nobody else gets the number of who was erased, because their service is kept under it."""
        book = Book(registered(), ERASED)
        with pytest.raises(VolunteerNumberTaken):
            book.do(register(volunteer_id=LI))


class TestWhoSuspends:
    """Those who decide for the whole bank."""

    @pytest.mark.parametrize("by", [*NOT_GOVERNING, GARDENERS_PROGRAM])
    @pytest.mark.parametrize("command", [SuspendVolunteer, ReinstateVolunteer])
    def test_refused_for_everybody_else(self, command: Any, by: Acting) -> None:
        """Suspending and reinstating are for administrators, and strangers learn nothing by trying."""
        decided = given().when(command(by=by, at=NOON, volunteer_id=WANG, reason="代签"))
        decided.then_refused(OfficeMissing, office="administrator")

    def test_done_in_office(self) -> None:
        """A volunteer who is administrator suspends and reinstates."""
        by = in_office("administrator")
        suspend = SuspendVolunteer(by=by, at=NOON, volunteer_id=WANG, reason="代签")
        given(registered()).when(suspend).then(SUSPENDED)
        reinstate = ReinstateVolunteer(by=by, at=NOON, volunteer_id=WANG, reason="查清")
        given(registered(), SUSPENDED).when(reinstate).then(REINSTATED)


class TestSuspendVolunteer:
    """Stopping a volunteer for now."""

    def test_suspends_for_a_reason(self) -> None:
        """A volunteer is suspended, and the reason is kept."""
        given(registered()).when(SUSPEND).then(SUSPENDED)

    def test_refused_for_nobody(self) -> None:
        """Who is not registered cannot be suspended."""
        given().when(SUSPEND).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_for_administrators(self) -> None:
        """An administrator's appointment has to end before they are suspended, so that a bank is never without one."""
        held = appointed("administrator", WANG)
        given(registered(), held).when(SUSPEND).then_refused(VolunteerIsAdministrator, volunteer_id=WANG)
        given(registered(), appointed("auditor", WANG)).when(SUSPEND).then(SUSPENDED)

    def test_refused_when_suspended_already(self) -> None:
        """A suspension happens once."""
        given(registered(), SUSPENDED).when(SUSPEND).then_refused(VolunteerIsSuspended, volunteer_id=WANG)

    def test_possible_again_after_reinstatement(self) -> None:
        """Who was reinstated can be suspended anew."""
        given(registered(), SUSPENDED, REINSTATED).when(SUSPEND).then(SUSPENDED)


class TestReinstateVolunteer:
    """Ending a volunteer's suspension."""

    def test_ends_the_suspension(self) -> None:
        """A suspended volunteer is reinstated, and the reason is kept."""
        given(registered(), SUSPENDED).when(REINSTATE).then(REINSTATED)

    def test_refused_for_nobody(self) -> None:
        """Who is not registered cannot be reinstated."""
        given().when(REINSTATE).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_when_not_suspended(self) -> None:
        """Only a suspension can be ended."""
        given(registered()).when(REINSTATE).then_refused(VolunteerNotSuspended, volunteer_id=WANG)

    def test_refused_when_reinstated_already(self) -> None:
        """A suspension ends once."""
        given(registered(), SUSPENDED, REINSTATED).when(REINSTATE).then_refused(VolunteerNotSuspended)


class TestSetConsent:
    """Agreeing to appear on leaderboards, and no longer."""

    def test_gives_consent(self) -> None:
        """Consent is off until the volunteer gives it."""
        given(registered()).when(set_consent(granted=True)).then(GIVEN)

    def test_withdraws_consent(self) -> None:
        """The volunteer takes the consent back."""
        given(registered(), GIVEN).when(set_consent(granted=False)).then(WITHDRAWN)

    def test_can_be_given_again(self) -> None:
        """Consent can change as often as the volunteer likes."""
        given(registered(), GIVEN, WITHDRAWN).when(set_consent(granted=True)).then(GIVEN)

    def test_nothing_when_given_already(self) -> None:
        """Saying yes twice is one yes."""
        given(registered(), GIVEN).when(set_consent(granted=True)).then_nothing()

    def test_nothing_when_it_was_never_given(self) -> None:
        """Saying no to what is off changes nothing."""
        given(registered()).when(set_consent(granted=False)).then_nothing()

    def test_possible_while_suspended(self) -> None:
        """A suspension takes away no say over one's own name."""
        book = Book(registered(), GIVEN, SUSPENDED)
        assert book.do(set_consent(granted=False)) == WITHDRAWN

    @pytest.mark.parametrize("history", [(LEFT,), (GIVEN, LEFT), (SUSPENDED, REINSTATED, LEFT)])
    @pytest.mark.parametrize("by", [acting(WANG), on_behalf()])
    def test_refused_after_leaving(self, history: tuple[Fact, ...], by: Acting) -> None:
        """Who has left is shown nowhere anew, also where they say again what they had said before."""
        decided = given(registered(), *history).when(set_consent(granted=True, by=by))
        decided.then_refused(VolunteerHasLeft, volunteer_id=WANG)

    def test_withdrawn_after_leaving(self) -> None:
        """Taking a consent back is possible always; there may be nothing to take back."""
        given(registered(), GIVEN, LEFT).when(set_consent(granted=False)).then(WITHDRAWN)
        given(registered(), LEFT).when(set_consent(granted=False)).then_nothing()

    def test_given_after_coming_back(self) -> None:
        """Who was taken in again consents as anybody."""
        given(registered(), LEFT, REINSTATED).when(set_consent(granted=True)).then(GIVEN)

    def test_refused_for_nobody(self) -> None:
        """Who is not registered has nothing to consent to."""
        given().when(set_consent(granted=True)).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_for_anybody_else(self) -> None:
        """Nobody consents for somebody else: no neighbour, no organisation, no administrator, no proxy of another."""
        others = (acting(LI), GARDENERS_PROGRAM, ADMINISTRATOR, in_office("administrator", WANG), on_behalf(LI, WANG))
        for by in others:
            given(registered()).when(set_consent(granted=True, by=by)).then_refused(NotYourOwn)

    def test_given_by_a_proxy(self) -> None:
        """Whoever may act for the volunteer consents for them."""
        given(registered()).when(set_consent(granted=True, by=on_behalf(WANG))).then(GIVEN)

    def test_forgets_the_alias_with_the_consent(self) -> None:
        """The alias is kept outside the log, and goes when the consent goes."""
        assert set_consent(granted=True, alias="晨光").personal().alias == "晨光"
        assert set_consent(granted=False, alias="晨光").personal().alias == ""
        assert set_consent(granted=False).personal().alias == ""

    def test_keeps_the_alias_there_is(self) -> None:
        """Consenting again without an alias says nothing about the alias; an empty one removes it."""
        assert set_consent(granted=True).personal().alias is None
        assert set_consent(granted=True, alias="").personal().alias == ""

    def test_says_nothing_else_about_the_person(self) -> None:
        """Neither name nor phone nor skills change with a consent."""
        for granted in (True, False):
            person = set_consent(granted=granted, alias="晨光").personal()
            assert (person.name, person.phone, person.skills) == (None, None, None)
