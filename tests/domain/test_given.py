import pytest

from tests.controls import ADMINISTRATOR, LI, NOON, WANG, registered
from tests.given import given
from timebank.domain.facts.people import VolunteerSuspended
from timebank.domain.people.refusals import VolunteerNumberTaken, VolunteerUnknown
from timebank.domain.people.volunteers import SuspendVolunteer

SUSPEND = SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="代签")
SUSPENDED = VolunteerSuspended(volunteer_id=WANG, reason="代签")


class TestGiven:
    """The tests of decisions are worth what this way of writing them is worth."""

    def test_fails_when_a_fact_is_never_seen(self) -> None:
        """A fact that is in the boundary of no memory would prove nothing, and is an error."""
        with pytest.raises(AssertionError, match="never sees"):
            given(registered(), registered(LI)).when(SUSPEND)

    def test_fails_when_something_else_happens(self) -> None:
        """Another fact, no fact, or a refusal is not what was expected."""
        decided = given(registered()).when(SUSPEND)
        with pytest.raises(AssertionError):
            decided.then(VolunteerSuspended(volunteer_id=WANG, reason="搬家"))
        with pytest.raises(AssertionError):
            decided.then_nothing()
        with pytest.raises(AssertionError):
            decided.then_refused(VolunteerUnknown)

    def test_fails_when_the_reason_is_another(self) -> None:
        """A refusal is of one kind, with its own details."""
        decided = given().when(SUSPEND)
        decided.then_refused(VolunteerUnknown, volunteer_id=WANG)
        with pytest.raises(AssertionError):
            decided.then_refused(VolunteerUnknown, volunteer_id=LI)
        with pytest.raises(AssertionError):
            decided.then_refused(VolunteerNumberTaken)
        with pytest.raises(AssertionError):
            decided.then(SUSPENDED)
