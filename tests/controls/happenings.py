"""Happenings: an endless supply of commands about activities, proposals and duty, by a chance of their own."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.controls.people import ADMINISTRATOR, GARDEN, GARDENERS_PROGRAM, NOON, acting, span
from timebank.domain.activities.activities import CancelActivity, ChangeActivity, PlanActivity, PublishActivity
from timebank.domain.activities.attendance import CheckIn, CheckOut
from timebank.domain.activities.closing import CloseActivity
from timebank.domain.activities.sign_ups import SignUp, WithdrawSignUp
from timebank.domain.facts.activities import Plan
from timebank.domain.identifiers import (
    ActivityId,
    ActorId,
    EmploymentId,
    InvitationId,
    MembershipId,
    MergeId,
    ProposalId,
    RecordId,
    VolunteerId,
    VolunteerNumber,
    check_digit,
)
from timebank.domain.kernel import Command
from timebank.domain.merging import ApproveMerge
from timebank.domain.organisations.employments import DeclareEmployment, EndEmployment, NoteLeave
from timebank.domain.organisations.invitations import MakeInvitation, WithdrawInvitation
from timebank.domain.organisations.memberships import AddMember, ApproveMembership
from timebank.domain.people.merges import DeclineMerge, ProposeMerge
from timebank.domain.people.volunteers import RegisterVolunteer, SetConsent
from timebank.domain.service.proposals import DeclineProposal, ProposeService, TakeUpProposal, WithdrawProposal

OFFICE: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON}


class Happenings:
    """Activities of the garden, led by its first volunteer; who works there, and what people say they did."""

    def __init__(self, seed: int, people: list[VolunteerId]) -> None:
        self.random = Random(seed)
        self.people = people
        self.activities: list[ActivityId] = []
        self.count = 0
        self.is_employed = False
        self.invitations: list[InvitationId] = []
        self.merges: list[MergeId] = []
        self.planned: list[Command] = []

    def found(self) -> list[Command]:
        """The leader joins; there is an activity with somebody at it, an employment, a proposal, and a consent."""
        leader = {"organisation_id": GARDEN, "volunteer_id": self.people[0]}
        joining: list[Command] = [
            AddMember(**OFFICE, **leader, membership_id=MembershipId("mem_leader"), role="member"),
            ApproveMembership(**OFFICE, **leader),
        ]
        planned = self._plan()
        attending = [kind(0) for kind in (self._sign_up, self._come, self._leave)]
        rest = [self._employ(), self._propose(), self._agree(), self._invite(), *self._register_twice()]
        return [*joining, *planned, *attending, *rest]

    def next(self) -> Command:
        """One more."""
        makers: Any = (self._sign_up, self._come, self._leave, self._withdraw, self._change, self._end)
        others: Any = (self._employ, self._propose, self._decide, self._agree, self._invite)
        if self.planned:
            return self.planned.pop(0)
        if self.random.random() < 0.05:
            return self._decide_merge() if self.merges else self._again()
        if self.random.random() < 0.2:
            first, *self.planned = self._plan()
            return first
        command: Command = self.random.choice(others if self.random.random() < 0.3 else makers)()
        return command

    def _number(self) -> int:
        self.count += 1
        return self.count

    def _who(self, n: int | None = None) -> VolunteerId:
        return self.random.choice(self.people) if n is None else self.people[n]

    def _of(self, **said: Any) -> dict[str, Any]:
        return {"by": GARDENERS_PROGRAM, "at": NOON, "activity_id": self.random.choice(self.activities)} | said

    def _a_plan(self) -> Plan:
        return Plan(
            name="楼道清扫", category="公益慈善", content="擦洗扶手", place="三号楼", leader_id=ActorId(self.people[0]),
            starts_at=NOON - timedelta(hours=1), ends_at=NOON + timedelta(hours=1),
            seats=self.random.choice((None, 1, 2)),
        )  # fmt: skip

    def _plan(self) -> list[Command]:
        self.activities.append(ActivityId(f"act_{self._number():04}"))
        ids: Any = {"by": GARDENERS_PROGRAM, "at": NOON - timedelta(hours=2), "activity_id": self.activities[-1]}
        return [PlanActivity(**ids, organisation_id=GARDEN, plan=self._a_plan()), PublishActivity(**ids)]

    def _sign_up(self, n: int | None = None) -> Command:
        return SignUp(**self._of(volunteer_id=self._who(n)))

    def _withdraw(self) -> Command:
        return WithdrawSignUp(**self._of(volunteer_id=self._who()))

    def _come(self, n: int | None = None) -> Command:
        return CheckIn(**self._of(volunteer_id=self._who(n)), proof="leader", entry_id=f"e{self._number()}")

    def _leave(self, n: int | None = None) -> Command:
        later = {"at": NOON + timedelta(minutes=self.random.randrange(10, 60)), "volunteer_id": self._who(n)}
        return CheckOut(**self._of(**later), proof="leader", entry_id=f"e{self._number()}")

    def _change(self) -> Command:
        return ChangeActivity(**self._of(plan=self._a_plan()))

    def _end(self) -> Command:
        if self.random.random() < 0.3:
            return CancelActivity(**self._of(), reason="暴雨")
        first = RecordId(f"rec_{self._number():032x}")
        return CloseActivity(**self._of(at=NOON + timedelta(hours=2)), first_record_id=first)

    def _register_twice(self) -> list[Command]:
        """Somebody is registered twice, and it is proposed that this is merged."""
        n = self._number()
        both = [VolunteerId(f"vol_{n:04}_{which}") for which in ("kept", "gone")]
        name: Any = {"name": f"重名{n}", "birth_year": 1951}
        digits = [f"9{n:09}{which}" for which in (1, 2)]
        numbers = [VolunteerNumber(each + check_digit(each)) for each in digits]
        self.merges.append(MergeId(f"mrg_{n:04}"))
        proposed: Any = {"merge_id": self.merges[-1], "kept_id": both[0], "merged_id": both[1], "reason": "同一个人"}
        return [
            *(
                RegisterVolunteer(**OFFICE, volunteer_id=each, number=number, **name)
                for each, number in zip(both, numbers, strict=True)
            ),
            ProposeMerge(by=GARDENERS_PROGRAM, at=NOON, **proposed),
        ]

    def _again(self) -> Command:
        first, *self.planned = self._register_twice()
        return first

    def _decide_merge(self) -> Command:
        merge_id = self.merges.pop()
        if self.random.random() < 0.5:
            return DeclineMerge(**OFFICE, merge_id=merge_id, reason="是两个人")
        return ApproveMerge(**OFFICE, merge_id=merge_id)

    def _employ(self) -> Command:
        ids: Any = {"employment_id": EmploymentId("emp_1"), "volunteer_id": self.people[-1], "organisation_id": GARDEN}
        day = date(2026, 1, self.random.randint(1, 28))
        makers: tuple[Any, ...] = (
            lambda: DeclareEmployment(
                **OFFICE, **(ids | {"employment_id": EmploymentId(f"emp_x{self._number()}")}), kind="allowance",
                from_day=day,
            ),
            lambda: EndEmployment(**OFFICE, **ids, until_day=date(2026, 12, day.day)),
            lambda: NoteLeave(**OFFICE, **ids, first_day=day, last_day=day),
        )  # fmt: skip
        if not self.is_employed:
            self.is_employed = True
            return DeclareEmployment(**OFFICE, **ids, kind="allowance", from_day=day)
        command: Command = self.random.choice(makers)()
        return command

    def _propose(self) -> Command:
        who, number = self._who(), self._number()
        return ProposeService(
            by=acting(who), at=NOON, proposal_id=ProposalId(f"pro_{number:04}"), volunteer_id=who,
            organisation_id=GARDEN, activity="探访", category="公益慈善", **span(1, days_ago=2 + number % 40, hour=20),
        )  # fmt: skip

    def _decide(self) -> Command:
        proposal_id = ProposalId(f"pro_{self.random.randint(1, self.count):04}")
        kinds: tuple[Any, ...] = (
            lambda: TakeUpProposal(
                by=GARDENERS_PROGRAM, at=NOON, proposal_id=proposal_id, record_id=RecordId(f"rec_p{self._number():04}")
            ),
            lambda: DeclineProposal(by=GARDENERS_PROGRAM, at=NOON, proposal_id=proposal_id, reason="没有人见到"),
            lambda: WithdrawProposal(by=acting(self._who()), at=NOON, proposal_id=proposal_id),
        )
        command: Command = self.random.choice(kinds)()
        return command

    def _invite(self) -> Command:
        ids: Any = {"by": GARDENERS_PROGRAM, "at": NOON, "organisation_id": GARDEN}
        if self.invitations and self.random.random() < 0.3:
            return WithdrawInvitation(**ids, invitation_id=self.random.choice(self.invitations))
        self.invitations.append(InvitationId(f"inv_{len(self.invitations)}"))
        return MakeInvitation(**ids, invitation_id=self.invitations[-1], people=20, until_day=date(2199, 1, 1))

    def _agree(self) -> Command:
        who, granted = self._who(), self.random.random() < 0.7
        return SetConsent(by=acting(who), at=NOON, volunteer_id=who, purpose="be-asked", granted=granted)
