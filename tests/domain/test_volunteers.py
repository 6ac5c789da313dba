from typing import Any

from timebank.domain.refusals import (
    NotYourOwn,
    VolunteerIsSuspended,
    VolunteerNotSuspended,
    VolunteerNumberTaken,
    VolunteerUnknown,
)
from timebank.domain.volunteers import (
    ConsentGiven,
    ConsentWithdrawn,
    RegisterVolunteer,
    ReinstateVolunteer,
    SetConsent,
    SuspendVolunteer,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.ledger.codec import encode

from ..controls import ADMINISTRATOR, GARDENERS_PROGRAM, LI, NOON, NUMBER, WANG, acting, registered
from ..given import Book, given

SUSPENDED = VolunteerSuspended(volunteer_id=WANG, reason="代签")
REINSTATED = VolunteerReinstated(volunteer_id=WANG, reason="查清")
GIVEN = ConsentGiven(volunteer_id=WANG, purpose="leaderboard")
WITHDRAWN = ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard")


def register(**changes: Any) -> RegisterVolunteer:
    """The administrator registers Wang."""
    fields: dict[str, Any] = {"volunteer_id": WANG, "number": NUMBER, "name": "王桂芳", "phone": "13800000001"}
    return RegisterVolunteer(by=ADMINISTRATOR, at=NOON, **(fields | changes))


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

    def test_keeps_what_is_personal_out_of_the_fact(self) -> None:
        """Name, phone and skills are handed over beside the fact and are nowhere in it."""
        command = register(skills=("理发",))
        person = command.personal()
        assert (person.name, person.phone, person.skills) == ("王桂芳", "13800000001", ("理发",))
        kept = encode(given().when(command).fact).decode()
        assert not any(word in kept for word in ("王桂芳", "13800000001", "理发"))


class TestSuspendVolunteer:
    """Stopping a volunteer for now."""

    def test_suspends_for_a_reason(self) -> None:
        """A volunteer is suspended, and the reason is kept."""
        given(registered()).when(SUSPEND).then(SUSPENDED)

    def test_refused_for_nobody(self) -> None:
        """Who is not registered cannot be suspended."""
        given().when(SUSPEND).then_refused(VolunteerUnknown, volunteer_id=WANG)

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

    def test_refused_for_nobody(self) -> None:
        """Who is not registered has nothing to consent to."""
        given().when(set_consent(granted=True)).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_for_anybody_else(self) -> None:
        """Nobody consents for somebody else: no neighbour, no organisation, no administrator."""
        for by in (acting(LI), GARDENERS_PROGRAM, ADMINISTRATOR):
            given(registered()).when(set_consent(granted=True, by=by)).then_refused(NotYourOwn)

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
