"""People, bodies and memberships: who is there, who belongs where, and who may be seen."""

from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import Base, act, bodies, people
from tests.machine.model import BODIES, NAMES, PHONES
from timebank.domain.acting import Acting
from timebank.domain.identifiers import MembershipId, VolunteerNumber
from timebank.domain.organisations.memberships import AddMember, ApproveMembership, ChangeRole, EndMembership
from timebank.domain.organisations.organisations import (
    ApproveOrganisation,
    RegisterOrganisation,
    ReinstateOrganisation,
    SuspendOrganisation,
)
from timebank.domain.people.volunteers import RegisterVolunteer, ReinstateVolunteer, SetConsent, SuspendVolunteer

roles = st.sampled_from(["member", "recorder", "verifier", "coordinator", "merchant"])


class Belonging(Base):
    """People join, are suspended and reinstated; bodies are registered and approved; memberships begin and end."""

    @act(n=people)
    def register(self, n: int) -> None:
        """A number is given once, and never to another, whatever became of its bearer."""
        self.register_one(n)

    def register_one(self, n: int) -> None:
        """Somebody is taken in, who was not."""
        ids = {"volunteer_id": self.person(n), "number": VolunteerNumber(f"{n:012}")}
        self.do(self.say(RegisterVolunteer, **ids, name=NAMES[n], phone=PHONES[n]), n not in self.model.registered)
        self.model.registered.add(n)

    @act(n=st.integers(2, 3), suspend=st.booleans())
    def suspend_or_reinstate(self, n: int, suspend: bool) -> None:
        """Suspensions begin and end once."""
        expected = self.model.is_known(n) and suspend == self.model.is_active(n)
        kind = SuspendVolunteer if suspend else ReinstateVolunteer
        self.do(self.say(kind, volunteer_id=self.person(n), reason="x"), expected)
        if expected and suspend:
            self.model.suspended.add(n)
        elif expected:
            self.model.come_back(n)

    # Bodies

    @act(lambda self: len(self.model.bodies) < BODIES)
    def register_body(self) -> None:
        """One body more."""
        self.register_one_body()

    def register_one_body(self) -> None:
        """The next body is taken into the register."""
        n = len(self.model.bodies)
        self.do(self.say(RegisterOrganisation, organisation_id=self.body(n), name=f"body {n}", kind="merchant"), True)
        self.model.bodies.add(n)

    @act(n=bodies)
    def approve_body(self, n: int) -> None:
        """A body is approved once."""
        self.approve_one_body(n)

    def approve_one_body(self, n: int) -> None:
        """A body may log service, if it is registered and was not approved."""
        expected = n in self.model.bodies - self.model.approved
        self.do(self.say(ApproveOrganisation, organisation_id=self.body(n)), expected)
        if expected:
            self.model.approved.add(n)
            self.model.closed.discard(n)

    @act(n=st.integers(1, BODIES - 1), suspend=st.booleans())
    def suspend_or_reinstate_body(self, n: int, suspend: bool) -> None:
        """Bodies are suspended only when approved."""
        kind = SuspendOrganisation if suspend else ReinstateOrganisation
        expected = n in self.model.approved and suspend != (n in self.model.closed)
        self.do(self.say(kind, organisation_id=self.body(n), reason="x"), expected)
        if expected:
            (self.model.closed.add if suspend else self.model.closed.discard)(n)

    # Members

    @act(body=bodies, n=people, role=roles, accept=st.booleans())
    def add_member(self, body: int, n: int, role: Any, accept: bool) -> None:
        """One open membership each; mostly the office lets them in at once."""
        self.add(body, n, role)
        if accept and self.model.roles.get((body, n)) == (role, "invited"):
            self.approve(body, n, ADMINISTRATOR)

    def add(self, body: int, n: int, role: Any) -> None:
        """Somebody is invited, if they can be."""
        expected = (body, n) not in self.model.roles and body not in self.model.closed and self.model.is_active(n)
        membership_id = MembershipId(f"mem_{self.number()}")
        self.do(self.say(AddMember, membership_id=membership_id, role=role, **self._both(body, n)), expected)
        if expected:
            self.model.roles[body, n] = role, "invited"

    @act(body=bodies, n=people, accept=st.booleans())
    def approve_member(self, body: int, n: int, accept: bool) -> None:
        """An invitation is accepted, or the office lets somebody in."""
        self.approve(body, n, self.volunteer(n) if accept else ADMINISTRATOR)

    def approve(self, body: int, n: int, by: Acting) -> None:
        """Somebody is let in, if they were invited."""
        role, status = self.model.roles.get((body, n), ("", "none"))
        expected = status == "invited" and body not in self.model.closed and self.model.is_active(n)
        self.do(self.say(ApproveMembership, by, **self._both(body, n)), expected)
        if expected:
            self.model.roles[body, n] = role, "approved"

    @act(body=bodies, n=people, role=roles)
    def change_role(self, body: int, n: int, role: Any) -> None:
        """A member gets another role."""
        before, status = self.model.roles.get((body, n), ("", "none"))
        expected = status == "approved" and role != before
        self.do(self.say(ChangeRole, role=role, **self._both(body, n)), expected)
        if expected:
            self.model.roles[body, n] = role, "approved"

    @act(body=bodies, n=people)
    def end_membership(self, body: int, n: int) -> None:
        """A membership ends."""
        expected = self.model.roles.get((body, n), ("", "none"))[1] == "approved"
        self.do(self.say(EndMembership, **self._both(body, n)), expected)
        if expected:
            del self.model.roles[body, n]
            self.model.leave_teams(n, body)

    def _both(self, body: int, n: int) -> dict[str, Any]:
        return {"organisation_id": self.body(body), "volunteer_id": self.person(n)}

    @act(n=people, granted=st.booleans())
    def consent(self, n: int, granted: bool) -> None:
        """A consent is given, with the name to appear under, or taken back; both are facts."""
        ids = {"volunteer_id": self.person(n), "purpose": "leaderboard"}
        wish = self.say(SetConsent, self.volunteer(n), **ids, granted=granted, alias=NAMES[n] * 2)
        expected = self.model.is_known(n) and not (granted and n in self.model.left)
        outcome = self.do(wish, expected)
        if expected:
            assert len(outcome.facts) == (granted != (n in self.model.shown)) + granted
            (self.model.shown.add if granted else self.model.shown.discard)(n)
