from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    WANG,
    ZHAO,
    acting,
    appointed,
    in_office,
    log_service,
    member,
    membership_of,
    on_behalf,
    registered,
    standing,
)
from tests.controls.places import EAST
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    MembershipRoleChanged,
    OrganisationRegistered,
    OrganisationSuspended,
)
from timebank.domain.facts.people import (
    ProxyAppointed,
    ProxyEnded,
    RegistrationsMerged,
    VolunteerErased,
    VolunteerRegistered,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, MembershipId, MergeId, VolunteerId, new_proxy_id
from timebank.domain.kernel import Command, Fact, about
from timebank.domain.organisations import membership_invitations
from timebank.domain.organisations.memberships import (
    AddMember,
    ApproveMembership,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.organisations.refusals import (
    InvitationIsTheirs,
    InvitedInVain,
    MembershipAlreadyOpen,
    MembershipIsAnother,
    MembershipNotActive,
    MembershipNotPending,
    MembershipUnknown,
    NotWithinYourOffice,
    OrganisationNotApproved,
    OrganisationUnknown,
    RoleMissing,
    TooManyInvitations,
)
from timebank.domain.people.refusals import VolunteerIsErased, VolunteerIsSuspended, VolunteerUnknown
from timebank.domain.refusals import NothingChanges, TermEndsBeforeItStarts, YouAreSuspended

TODAY = NOON.date()
DAY = timedelta(days=1)
IDS = membership_of(WANG)
OF_WANG: dict[str, Any] = {"organisation_id": GARDEN, "volunteer_id": WANG, "at": NOON}

REQUESTED = MembershipRequested(**IDS, role="recorder")
INVITED = MembershipInvited(**IDS, role="recorder")
INVITED_BY_ZHAO = replace(INVITED, invited_by=ActorId(ZHAO))
APPROVED = MembershipApproved(**IDS)
DECLINED = MembershipDeclined(**IDS)
ENDED = MembershipEnded(**IDS)
PEOPLE = (*standing(), registered())
COORDINATOR = member(ZHAO, "coordinator")
SUSPENDED = VolunteerSuspended(volunteer_id=WANG, reason="代签")
ZHAO_SUSPENDED = VolunteerSuspended(volunteer_id=ZHAO, reason="代签")
ZHAO_REINSTATED = VolunteerReinstated(volunteer_id=ZHAO, reason="查清")

PENDING = [(REQUESTED,), (INVITED,)]
NOT_OPEN = [(), (REQUESTED, DECLINED), (INVITED, DECLINED), (REQUESTED, APPROVED, ENDED)]


def add(by: Acting, **changes: Any) -> AddMember:
    """Wang is to be a recorder of the garden."""
    return AddMember(**({"by": by, "at": NOON, **IDS, "role": "recorder"} | changes))


class TestInviting:
    """Nobody is invited without end."""

    def test_the_same_person_three_times(self) -> None:
        """After that they ask themselves, or an administrator invites; whoever asked, or came in, starts anew."""
        invite, there = add(acting(ZHAO)), (*PEOPLE, *COORDINATOR)
        in_vain = (INVITED, DECLINED) * 3
        given(*there, *in_vain[2:]).when(invite).then(INVITED_BY_ZHAO)
        given(*there, *in_vain).when(invite).then_refused(InvitedInVain, times=3)
        given(*PEOPLE, *in_vain).when(add(GARDENERS_PROGRAM)).then_refused(InvitedInVain, times=3)
        given(*PEOPLE, *in_vain).when(add(ADMINISTRATOR)).then(replace(INVITED, invited_by=ADMINISTRATOR.actor))
        given(*PEOPLE, *in_vain).when(add(acting(WANG))).then(REQUESTED)
        given(*there, *in_vain, REQUESTED, DECLINED).when(invite).then(INVITED_BY_ZHAO)
        given(*there, *in_vain, INVITED, APPROVED, ENDED).when(invite).then(INVITED_BY_ZHAO)

    def test_many_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only so many of an organisation wait for an answer; whoever came in, or declined, waits no more."""
        monkeypatch.setattr(membership_invitations, "MOST_INVITATIONS", 2)
        others = [MembershipInvited(**membership_of(each), role="member") for each in (LI, LIN)]
        there, invite = (*PEOPLE, *COORDINATOR, *others), add(acting(ZHAO))
        given(*there).when(invite).then_refused(TooManyInvitations, most=2)
        for answered in (MembershipDeclined(**membership_of(LI)), MembershipApproved(**membership_of(LI))):
            given(*there, answered).when(invite).then(INVITED_BY_ZHAO)

    def test_whoever_asks_themselves_waits_for_no_counting(self) -> None:
        """All memberships there ever were in an organisation are looked at only where it invites somebody itself.

        An administrator invites however many wait.
        """
        whole = about(membership_invitations.Invitations, GARDEN)
        assert whole in add(acting(ZHAO)).needs()
        assert whole not in (*add(acting(WANG)).needs(), *add(ADMINISTRATOR).needs())


class TestAddMember:
    """Asking for a membership, from either side."""

    def test_requested_by_the_volunteer(self) -> None:
        """A volunteer who asks for themselves has requested it."""
        given(*PEOPLE).when(add(acting(WANG))).then(REQUESTED)

    @pytest.mark.parametrize("by", [ADMINISTRATOR, GARDENERS_PROGRAM])
    def test_invited_by_the_organisation(self, by: Acting) -> None:
        """The organisation's program and the bank's administrator invite."""
        given(*PEOPLE).when(add(by)).then(replace(INVITED, invited_by=by.actor))

    def test_invited_by_a_coordinator(self) -> None:
        """A coordinator of the organisation invites."""
        given(*PEOPLE, *COORDINATOR).when(add(acting(ZHAO))).then(INVITED_BY_ZHAO)

    def test_keeps_role_and_term(self) -> None:
        """What was asked for is kept, also a term of a single day."""
        asked: dict[str, Any] = {"role": "verifier", "valid_from": TODAY, "valid_until": TODAY}
        given(*PEOPLE).when(add(acting(WANG), **asked)).then(MembershipRequested(**IDS, **asked))

    @pytest.mark.parametrize("closed", NOT_OPEN)
    def test_possible_again_after_the_last_one_was_closed(self, closed: tuple[Fact, ...]) -> None:
        """Who was declined, or has left, can ask again."""
        given(*PEOPLE, *closed).when(add(acting(WANG))).then(REQUESTED)

    @pytest.mark.parametrize("opened", [(REQUESTED,), (INVITED,), (REQUESTED, APPROVED)])
    def test_refused_while_one_is_open(self, opened: tuple[Fact, ...]) -> None:
        """A person has at most one open membership in an organisation, whichever side asked for it."""
        for by in (acting(WANG), GARDENERS_PROGRAM):
            decided = given(*PEOPLE, *opened).when(add(by))
            decided.then_refused(MembershipAlreadyOpen, volunteer_id=WANG, organisation_id=GARDEN)

    def test_one_in_another_organisation_does_not_count(self) -> None:
        """A person may belong to several organisations."""
        book = Book(*standing(), *standing(CLINIC), *member(WANG, "verifier", CLINIC))
        assert book.do(add(acting(WANG))) == REQUESTED

    def test_refused_for_an_unknown_organisation(self) -> None:
        """Nobody joins what is not there."""
        given(registered()).when(add(acting(WANG))).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_refused_unless_the_organisation_is_approved(self) -> None:
        """Only an approved organisation takes members."""
        new = OrganisationRegistered(organisation_id=GARDEN, name="百花园物业", kind="property-company")
        given(new, registered()).when(add(acting(WANG))).then_refused(OrganisationNotApproved, status="registered")
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        given(*PEOPLE, suspended).when(add(acting(WANG))).then_refused(OrganisationNotApproved, status="suspended")

    def test_refused_for_an_unknown_volunteer(self) -> None:
        """Only volunteers of the bank become members."""
        given(*standing()).when(add(GARDENERS_PROGRAM)).then_refused(VolunteerUnknown, volunteer_id=WANG)

    def test_refused_for_a_suspended_volunteer(self) -> None:
        """A suspended volunteer takes on nothing new."""
        for by in (acting(WANG), GARDENERS_PROGRAM):
            given(*PEOPLE, SUSPENDED).when(add(by)).then_refused(VolunteerIsSuspended, volunteer_id=WANG)

    def test_refused_for_an_erased_volunteer(self) -> None:
        """Nobody is left to become a member where somebody was erased, in whatever way it is asked for."""
        erased = VolunteerErased(volunteer_id=WANG)
        for by in (acting(WANG), on_behalf(), GARDENERS_PROGRAM):
            given(*PEOPLE, erased).when(add(by)).then_refused(VolunteerIsErased, volunteer_id=WANG)
        approve = ApproveMembership(by=GARDENERS_PROGRAM, **OF_WANG)
        given(*PEOPLE, erased, REQUESTED).when(approve).then_refused(VolunteerIsErased, volunteer_id=WANG)

    @pytest.mark.parametrize("by", [acting(ZHAO), CLINICS_PROGRAM])
    def test_refused_for_strangers(self, by: Acting) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(*PEOPLE).when(add(by)).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize("by", [acting(ZHAO), CLINICS_PROGRAM])
    def test_strangers_do_not_learn_how_the_organisation_stands(self, by: Acting) -> None:
        """Registered, approved or suspended: a stranger is told that there is no such organisation."""
        organisation = {fact.TOPIC: fact for fact in standing()}
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        for history in ((organisation["organisation-registered"],), (*standing(), suspended)):
            decided = given(*history, registered()).when(add(by))
            decided.then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_members_learn_how_the_organisation_stands(self) -> None:
        """Who may invite is told that the organisation is suspended; who may not, that they may not."""
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
        decided = given(*PEOPLE, suspended, *COORDINATOR).when(add(acting(ZHAO)))
        decided.then_refused(OrganisationNotApproved, organisation_id=GARDEN, status="suspended")
        given(*PEOPLE, suspended, *member(ZHAO, "recorder")).when(add(acting(ZHAO))).then_refused(RoleMissing)

    @pytest.mark.parametrize("role", ["member", "recorder", "verifier", "merchant"])
    def test_refused_for_other_members(self, role: Any) -> None:
        """Inviting needs a coordinator."""
        decided = given(*PEOPLE, *member(ZHAO, role)).when(add(acting(ZHAO)))
        decided.then_refused(RoleMissing, role="coordinator", organisation_id=GARDEN)

    def test_refused_when_the_term_ends_before_it_starts(self) -> None:
        """A term runs forwards."""
        command = add(acting(WANG), valid_from=TODAY, valid_until=TODAY - DAY)
        given(*PEOPLE).when(command).then_refused(TermEndsBeforeItStarts)


class TestTerm:
    """From when until when a role gives its right."""

    @pytest.mark.parametrize(
        ("valid_from", "valid_until", "holds"),
        [
            (None, None, True),
            (TODAY, TODAY, True),
            (TODAY - DAY, TODAY + DAY, True),
            (TODAY, None, True),
            (None, TODAY, True),
            (TODAY + DAY, None, False),
            (None, TODAY - DAY, False),
            (TODAY - DAY, TODAY - DAY, False),
        ],
    )
    def test_both_its_days_belong_to_it(self, valid_from: date | None, valid_until: date | None, holds: bool) -> None:
        """A role holds from the start of its first day to the end of its last."""
        decided = given(*PEOPLE, *member(ZHAO, "coordinator", GARDEN, valid_from, valid_until)).when(add(acting(ZHAO)))
        if holds:
            decided.then(INVITED_BY_ZHAO)
        else:
            decided.then_refused(RoleMissing)

    def test_is_of_local_days(self) -> None:
        """A term's last day ends at the bank's own midnight."""
        until_today = member(ZHAO, "coordinator", valid_until=TODAY)
        last_minute = NOON.replace(hour=23, minute=59)
        given(*PEOPLE, *until_today).when(add(acting(ZHAO), at=last_minute)).then(INVITED_BY_ZHAO)
        midnight = last_minute + timedelta(minutes=1)
        given(*PEOPLE, *until_today).when(add(acting(ZHAO), at=midnight)).then_refused(RoleMissing)

    @pytest.mark.parametrize("history", [COORDINATOR[:2], (*COORDINATOR, MembershipEnded(**membership_of(ZHAO)))])
    def test_gives_no_right_before_approval_nor_after_the_end(self, history: tuple[Fact, ...]) -> None:
        """A role asked for is no role yet, and one given up is none any more."""
        outcome = given(*PEOPLE, *history).when(add(acting(ZHAO))).outcome
        assert isinstance(outcome, RoleMissing | OrganisationUnknown)

    def test_of_another_organisation_gives_no_right(self) -> None:
        """Who coordinates one organisation is a stranger to another."""
        book = Book(*PEOPLE, *standing(CLINIC), *member(ZHAO, "coordinator", CLINIC))
        with pytest.raises(OrganisationUnknown):
            book.do(add(acting(ZHAO)))


class TestSuspendedMembers:
    """Who is suspended has no role."""

    @pytest.mark.parametrize(
        ("history", "command"),
        [
            pytest.param(PEOPLE, add(acting(ZHAO)), id="invite"),
            pytest.param((*PEOPLE, REQUESTED), ApproveMembership(by=acting(ZHAO), **OF_WANG), id="approve"),
            pytest.param((REQUESTED,), DeclineMembership(by=acting(ZHAO), **OF_WANG), id="decline"),
            pytest.param((REQUESTED, APPROVED), ChangeRole(by=acting(ZHAO), **OF_WANG, role="verifier"), id="change"),
            pytest.param((REQUESTED, APPROVED), EndMembership(by=acting(ZHAO), **OF_WANG), id="end"),
        ],
    )
    def test_refused_for_a_suspended_coordinator(self, history: tuple[Fact, ...], command: Command) -> None:
        """A suspended coordinator manages nobody, until they are reinstated."""
        decided = given(*history, *COORDINATOR, ZHAO_SUSPENDED).when(command)
        decided.then_refused(YouAreSuspended)
        again = given(*history, *COORDINATOR, ZHAO_SUSPENDED, ZHAO_REINSTATED).when(command)
        assert again.fact.volunteer_id == WANG

    def test_refused_for_a_coordinator_who_is_no_volunteer(self) -> None:
        """A role is a volunteer's: without an account it gives no right."""
        _, *unregistered = COORDINATOR
        given(*PEOPLE, *unregistered).when(add(acting(ZHAO))).then_refused(VolunteerUnknown, volunteer_id=ZHAO)

    def test_may_leave_all_the_same(self) -> None:
        """A suspension keeps nobody in an organisation: the suspended may leave, and say no."""
        suspended = (registered(), SUSPENDED)
        given(*suspended, REQUESTED, APPROVED).when(EndMembership(by=acting(WANG), **OF_WANG)).then(ENDED)
        given(*suspended, INVITED).when(DeclineMembership(by=acting(WANG), **OF_WANG)).then(DECLINED)


class TestApproveMembership:
    """Letting a volunteer in."""

    @pytest.mark.parametrize("by", [ADMINISTRATOR, GARDENERS_PROGRAM])
    def test_approved_for_the_organisation(self, by: Acting) -> None:
        """The organisation's program and the bank's administrator grant requests."""
        given(*PEOPLE, REQUESTED).when(ApproveMembership(by=by, **OF_WANG)).then(APPROVED)

    def test_an_administrator_accepts_for_somebody(self) -> None:
        """Whoever cannot sign in is taken in by the office."""
        given(*PEOPLE, INVITED).when(ApproveMembership(by=ADMINISTRATOR, **OF_WANG)).then(APPROVED)

    def test_but_not_who_invited_them(self) -> None:
        """Nobody invites and accepts alone: not by a key of theirs, as a member before, or under another number."""
        merged = RegistrationsMerged(
            merge_id=MergeId("mrg_1"), kept_id=ZHAO, merged_id=LI, kept_number="1", approved_by=ADMINISTRATOR.actor
        )  # fmt: skip
        for inviter, history in ((ZHAO, ()), (LI, (merged,))):
            invited = (*PEOPLE, replace(INVITED, invited_by=ActorId(inviter)))
            same = ApproveMembership(by=in_office("administrator", ZHAO), **OF_WANG)
            given(*invited, registered(ZHAO), *history).when(same).then_refused(InvitationIsTheirs)
            given(*invited).when(replace(same, by=in_office("administrator", LIN))).then(APPROVED)
            given(*invited).when(replace(same, by=acting(WANG))).then(APPROVED)

    def test_who_invites_is_on_record(self) -> None:
        """A program counts as whoever issued its key."""
        key = replace(GARDENERS_PROGRAM, key_issued_by=ActorId(ZHAO))
        for by, right in ((acting(ZHAO), COORDINATOR), (key, COORDINATOR[1:])):
            given(*PEOPLE, *right).when(add(by)).then(INVITED_BY_ZHAO)

    @pytest.mark.parametrize(
        ("by", "right"), [(acting(ZHAO), COORDINATOR), (GARDENERS_PROGRAM, ()), (on_behalf(WANG, ZHAO), ())]
    )
    def test_nobody_else_accepts_an_invitation(self, by: Acting, right: tuple[Fact, ...]) -> None:
        """Neither whoever invited, by a key either, nor a proxy says for somebody that they become a member."""
        decided = given(*PEOPLE, *right, INVITED).when(ApproveMembership(by=by, **OF_WANG))
        decided.then_refused(InvitationIsTheirs)

    def test_nobody_lets_in_for_whom_they_ask(self) -> None:
        """A coordinator who is somebody's proxy would ask and let in alone, and so would their key; another lets in."""
        proxy = ProxyAppointed(
            proxy_id=new_proxy_id(), volunteer_id=WANG, proxy_volunteer_id=ZHAO, scopes=("view", "memberships"),
            acts_per_day=10,
        )  # fmt: skip
        key = msgspec.structs.replace(GARDENERS_PROGRAM, key_issued_by=ActorId(ZHAO))
        for by, right in ((acting(ZHAO), COORDINATOR), (key, COORDINATOR[1:])):
            asked = given(*PEOPLE, *right, proxy, REQUESTED)
            asked.when(ApproveMembership(by=by, **OF_WANG)).then_refused(InvitationIsTheirs)

    def test_nobody_lets_in_for_whom_they_asked(self) -> None:
        """Who asked as somebody's proxy, and is it no more, does not let them in, by a key either; others do."""
        ended: dict[str, Any] = {"proxy_id": new_proxy_id(), "volunteer_id": WANG, "proxy_volunteer_id": ZHAO}
        was_proxy = (
            ProxyAppointed(**ended, scopes=("view", "memberships"), acts_per_day=10),
            ProxyEnded(**ended, ended_by=ActorId(ZHAO)),
        )
        asked = MembershipRequested(**IDS, role="verifier", proposed_by=ActorId(ZHAO))
        key = msgspec.structs.replace(GARDENERS_PROGRAM, key_issued_by=ActorId(ZHAO))
        for by, right in ((acting(ZHAO), COORDINATOR), (key, COORDINATOR[1:])):
            alone = given(*PEOPLE, *right, *was_proxy, asked).when(ApproveMembership(by=by, **OF_WANG))
            alone.then_refused(InvitationIsTheirs)
        alone = ApproveMembership(by=in_office("administrator", ZHAO), **OF_WANG)
        given(*PEOPLE, registered(ZHAO), asked).when(alone).then_refused(InvitationIsTheirs)
        for by in (ADMINISTRATOR, GARDENERS_PROGRAM):
            given(*PEOPLE, asked).when(ApproveMembership(by=by, **OF_WANG)).then(APPROVED)

    def test_nor_under_another_number(self) -> None:
        """Whoever asked under a number that was merged with theirs since is the same person."""
        asked = MembershipRequested(**IDS, role="verifier", proposed_by=ActorId(LI))
        merged = RegistrationsMerged(
            merge_id=MergeId("mrg_1"), kept_id=ZHAO, merged_id=LI, kept_number="1", approved_by=ADMINISTRATOR.actor
        )  # fmt: skip
        decided = given(*PEOPLE, *COORDINATOR, asked, merged).when(ApproveMembership(by=acting(ZHAO), **OF_WANG))
        decided.then_refused(InvitationIsTheirs)

    def test_approved_by_a_coordinator(self) -> None:
        """A coordinator grants a request."""
        given(*PEOPLE, *COORDINATOR, REQUESTED).when(ApproveMembership(by=acting(ZHAO), **OF_WANG)).then(APPROVED)

    def test_only_as_what_was_seen(self) -> None:
        """Where another role is asked for by now than whoever approves has seen, nothing happens."""
        pending = given(*PEOPLE, *COORDINATOR, REQUESTED)
        pending.when(ApproveMembership(by=acting(ZHAO), role="recorder", **OF_WANG)).then(APPROVED)
        as_member = pending.when(ApproveMembership(by=acting(ZHAO), role="member", **OF_WANG))
        as_member.then_refused(MembershipIsAnother, role="recorder")

    def test_only_the_one_that_was_seen(self) -> None:
        """Who took back what they asked for, and asked for another term, is not let in by whoever saw the first."""
        pending = given(*PEOPLE, *COORDINATOR, REQUESTED)
        seen, other = REQUESTED.membership_id, MembershipId("mem_0")
        pending.when(ApproveMembership(by=acting(ZHAO), seen_id=seen, **OF_WANG)).then(APPROVED)
        of_before = pending.when(ApproveMembership(by=acting(ZHAO), seen_id=other, **OF_WANG))
        of_before.then_refused(MembershipIsAnother, role="recorder")

    def test_an_invitation_is_accepted_by_the_volunteer(self) -> None:
        """Who was invited can say yes."""
        given(*PEOPLE, INVITED).when(ApproveMembership(by=acting(WANG), **OF_WANG)).then(APPROVED)

    def test_refused_while_the_volunteer_is_suspended(self) -> None:
        """Nobody who is suspended becomes a member, not even by accepting an invitation."""
        decided = given(*PEOPLE, INVITED, SUSPENDED).when(ApproveMembership(by=acting(WANG), **OF_WANG))
        decided.then_refused(VolunteerIsSuspended, volunteer_id=WANG)

    def test_refused_while_the_organisation_is_suspended(self) -> None:
        """A suspended organisation takes nobody in."""
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="抽查")
        decided = given(*PEOPLE, REQUESTED, suspended).when(ApproveMembership(by=GARDENERS_PROGRAM, **OF_WANG))
        decided.then_refused(OrganisationNotApproved, organisation_id=GARDEN, status="suspended")

    def test_refused_for_ones_own_request(self) -> None:
        """Nobody grants what they asked for themselves, not even the role of coordinator."""
        asked = MembershipRequested(**IDS, role="coordinator")
        decided = given(registered(), asked).when(ApproveMembership(by=acting(WANG), **OF_WANG))
        decided.then_refused(RoleMissing, role="coordinator")

    @pytest.mark.parametrize("history", NOT_OPEN)
    def test_refused_without_a_pending_one(self, history: tuple[Fact, ...]) -> None:
        """There has to be a request or an invitation that is still open."""
        decided = given(*history).when(ApproveMembership(by=ADMINISTRATOR, **OF_WANG))
        decided.then_refused(MembershipUnknown, volunteer_id=WANG, organisation_id=GARDEN)

    def test_refused_when_approved_already(self) -> None:
        """Approval happens once."""
        decided = given(*PEOPLE, REQUESTED, APPROVED).when(ApproveMembership(by=ADMINISTRATOR, **OF_WANG))
        decided.then_refused(MembershipNotPending, status="approved")

    @pytest.mark.parametrize("by", [acting(LI), CLINICS_PROGRAM])
    def test_refused_for_strangers(self, by: Acting) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(REQUESTED).when(ApproveMembership(by=by, **OF_WANG)).then_refused(OrganisationUnknown)

    def test_refused_for_other_members(self) -> None:
        """Letting in needs a coordinator."""
        command = ApproveMembership(by=acting(LI), **OF_WANG)
        given(REQUESTED, *member(LI, "verifier")).when(command).then_refused(RoleMissing)


class TestDeclineMembership:
    """Saying no."""

    @pytest.mark.parametrize("pending", PENDING)
    @pytest.mark.parametrize("by", [ADMINISTRATOR, GARDENERS_PROGRAM, acting(WANG)])
    def test_declined_by_either_side(self, pending: tuple[Fact, ...], by: Acting) -> None:
        """Both sides can say no, to their own asking as well, and say why."""
        fact = MembershipDeclined(**IDS, reason="人手已够")
        given(*pending).when(DeclineMembership(by=by, reason="人手已够", **OF_WANG)).then(fact)

    def test_declined_by_a_coordinator(self) -> None:
        """A coordinator declines a request."""
        given(*COORDINATOR, REQUESTED).when(DeclineMembership(by=acting(ZHAO), **OF_WANG)).then(DECLINED)

    @pytest.mark.parametrize("by", [ADMINISTRATOR, acting(WANG)])
    @pytest.mark.parametrize("history", NOT_OPEN)
    def test_refused_without_a_pending_one(self, history: tuple[Fact, ...], by: Acting) -> None:
        """There has to be something to say no to."""
        given(*history).when(DeclineMembership(by=by, **OF_WANG)).then_refused(MembershipUnknown)

    def test_refused_once_approved(self) -> None:
        """A member is not declined but leaves."""
        decided = given(REQUESTED, APPROVED).when(DeclineMembership(by=acting(WANG), **OF_WANG))
        decided.then_refused(MembershipNotPending, status="approved")

    def test_refused_for_strangers(self) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(REQUESTED).when(DeclineMembership(by=acting(LI), **OF_WANG)).then_refused(OrganisationUnknown)

    def test_refused_for_other_members(self) -> None:
        """Saying no for the organisation needs a coordinator."""
        command = DeclineMembership(by=acting(LI), **OF_WANG)
        given(REQUESTED, *member(LI, "member")).when(command).then_refused(RoleMissing)


class TestChangeRole:
    """Another role, or another term."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"role": "verifier"},
            {"role": "recorder", "valid_until": TODAY},
            {"role": "coordinator", "valid_from": TODAY, "valid_until": TODAY + DAY},
        ],
    )
    def test_gives_role_and_term_anew(self, changes: dict[str, Any]) -> None:
        """A member gets another role, another term, or both; what is left out is left open."""
        decided = given(REQUESTED, APPROVED).when(ChangeRole(by=ADMINISTRATOR, **OF_WANG, **changes))
        decided.then(MembershipRoleChanged(**IDS, **changes))

    def test_holds_from_then_on(self) -> None:
        """The new role gives its right, and the old one none."""
        to_member = MembershipRoleChanged(**membership_of(ZHAO), role="member")
        to_coordinator = MembershipRoleChanged(**membership_of(ZHAO), role="coordinator")
        history = (*PEOPLE, REQUESTED, *COORDINATOR, to_member)
        approve = ApproveMembership(by=acting(ZHAO), **OF_WANG)
        given(*history).when(approve).then_refused(RoleMissing)
        given(*history, to_coordinator).when(approve).then(APPROVED)

    def test_refused_when_nothing_changes(self) -> None:
        """Giving the same role for the same term is no change."""
        term: dict[str, Any] = {"role": "verifier", "valid_from": TODAY, "valid_until": TODAY + DAY}
        same = MembershipRoleChanged(**IDS, **term)
        given(REQUESTED, APPROVED, same).when(ChangeRole(by=ADMINISTRATOR, **OF_WANG, **term)).then_refused(
            NothingChanges
        )

    def test_refused_when_the_term_ends_before_it_starts(self) -> None:
        """A term runs forwards."""
        command = ChangeRole(by=ADMINISTRATOR, **OF_WANG, role="verifier", valid_from=TODAY, valid_until=TODAY - DAY)
        given(REQUESTED, APPROVED).when(command).then_refused(TermEndsBeforeItStarts)

    @pytest.mark.parametrize(("pending", "status"), [((REQUESTED,), "requested"), ((INVITED,), "invited")])
    def test_refused_before_approval(self, pending: tuple[Fact, ...], status: str) -> None:
        """Who is not a member yet has no role to change."""
        command = ChangeRole(by=ADMINISTRATOR, **OF_WANG, role="verifier")
        given(*pending).when(command).then_refused(MembershipNotActive, status=status)

    @pytest.mark.parametrize("history", NOT_OPEN)
    def test_refused_for_no_member(self, history: tuple[Fact, ...]) -> None:
        """Who is no member, or no longer one, has no role to change."""
        command = ChangeRole(by=ADMINISTRATOR, **OF_WANG, role="verifier")
        given(*history).when(command).then_refused(MembershipUnknown)

    def test_refused_for_oneself(self) -> None:
        """No member promotes themselves."""
        command = ChangeRole(by=acting(WANG), **OF_WANG, role="coordinator")
        given(registered(), REQUESTED, APPROVED).when(command).then_refused(RoleMissing, role="coordinator")

    @pytest.mark.parametrize("until", [None, TODAY + 2 * DAY])
    def test_nobody_manages_members_for_longer_than_who_lets_them(self, until: date | None) -> None:
        """A coordinator for a term makes nobody one for longer, by a key neither, or themselves; within it they do."""
        by, right = acting(ZHAO), member(ZHAO, "coordinator", valid_until=TODAY + DAY)
        program = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(ZHAO))
        own = {"organisation_id": GARDEN, "volunteer_id": ZHAO, "at": NOON}
        asked = MembershipRequested(**IDS, role="coordinator", valid_until=until)
        for history, command in (
            ((), ChangeRole(by=by, **own, role="coordinator", valid_until=until)),
            (PEOPLE, add(by, role="coordinator", valid_until=until)),
            ((*PEOPLE, asked), ApproveMembership(by=by, **OF_WANG)),
            ((INVITED, APPROVED), ChangeRole(by=by, **OF_WANG, role="coordinator", valid_until=until)),
        ):
            given(*history, *right).when(command).then_refused(NotWithinYourOffice)
        of_issuer = [fact for fact in right if not isinstance(fact, VolunteerRegistered)]
        for history, command in (
            (PEOPLE, add(program, role="coordinator", valid_until=until)),
            ((*PEOPLE, asked), ApproveMembership(by=program, **OF_WANG)),
            ((INVITED, APPROVED), ChangeRole(by=program, **OF_WANG, role="coordinator", valid_until=until)),
        ):
            given(*history, *of_issuer).when(command).then_refused(NotWithinYourOffice)
        verifier = ChangeRole(by=by, **own, role="verifier", valid_until=until)
        given(*right).when(verifier).then_refused(NotWithinYourOffice)
        within = replace(INVITED_BY_ZHAO, role="coordinator", valid_until=TODAY + DAY)
        given(*PEOPLE, *right).when(add(by, role="coordinator", valid_until=TODAY + DAY)).then(within)
        given(*PEOPLE, *right).when(add(by)).then(INVITED_BY_ZHAO)

    def test_the_term_of_a_membership_that_ended_binds_nobody(self) -> None:
        """An administrator was a coordinator here for a day, long ago: their key makes somebody one without an end."""
        _, asked, approved = member(ZHAO, "coordinator", valid_until=TODAY)
        over = MembershipEnded(**membership_of(ZHAO))
        program = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(ZHAO))
        invited = replace(INVITED_BY_ZHAO, role="coordinator")
        given(*PEOPLE, asked, approved, over).when(add(program, role="coordinator")).then(invited)

    @pytest.mark.parametrize("until", [None, TODAY + 2 * DAY])
    def test_no_administrator_gives_themselves_a_role_beyond_their_term(self, until: date | None) -> None:
        """Nor by what they ask for now, and grant themselves later; within it, and plain membership, yes."""
        by = in_office("administrator", WANG)
        right = appointed("administrator", WANG, valid_until=TODAY + DAY)
        there = (*PEOPLE, right)
        asked, change = replace(REQUESTED, valid_until=until), ChangeRole(by=by, **OF_WANG, role="verifier")
        given(*there).when(add(by, valid_until=until)).then_refused(NotWithinYourOffice)
        given(*there, asked).when(ApproveMembership(by=by, **OF_WANG)).then_refused(NotWithinYourOffice)
        given(right, asked, APPROVED).when(replace(change, valid_until=until)).then_refused(NotWithinYourOffice)
        within = replace(REQUESTED, valid_until=TODAY + DAY)
        given(*there).when(add(by, valid_until=TODAY + DAY)).then(within)
        given(*there).when(add(by, role="member", valid_until=until)).then(
            replace(within, role="member", valid_until=until)
        )


class TestEndMembership:
    """Leaving, or being sent away."""

    @pytest.mark.parametrize("by", [ADMINISTRATOR, GARDENERS_PROGRAM, acting(WANG)])
    def test_ended_by_either_side(self, by: Acting) -> None:
        """A volunteer may always leave, and an organisation may let somebody go."""
        fact = MembershipEnded(**IDS, reason="搬家")
        given(REQUESTED, APPROVED).when(EndMembership(by=by, reason="搬家", **OF_WANG)).then(fact)

    def test_ended_by_a_coordinator(self) -> None:
        """A coordinator lets somebody go."""
        given(*COORDINATOR, REQUESTED, APPROVED).when(EndMembership(by=acting(ZHAO), **OF_WANG)).then(ENDED)

    @pytest.mark.parametrize(("pending", "status"), [((REQUESTED,), "requested"), ((INVITED,), "invited")])
    def test_refused_before_approval(self, pending: tuple[Fact, ...], status: str) -> None:
        """What has not begun is declined, not ended."""
        given(*pending).when(EndMembership(by=ADMINISTRATOR, **OF_WANG)).then_refused(
            MembershipNotActive, status=status
        )

    @pytest.mark.parametrize("history", NOT_OPEN)
    def test_refused_for_no_member(self, history: tuple[Fact, ...]) -> None:
        """A membership ends once."""
        given(*history).when(EndMembership(by=acting(WANG), **OF_WANG)).then_refused(MembershipUnknown)

    def test_refused_for_strangers(self) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(REQUESTED, APPROVED).when(EndMembership(by=CLINICS_PROGRAM, **OF_WANG)).then_refused(OrganisationUnknown)

    def test_refused_for_other_members(self) -> None:
        """Letting somebody go needs a coordinator."""
        command = EndMembership(by=acting(LI), **OF_WANG)
        given(REQUESTED, APPROVED, *member(LI, "recorder")).when(command).then_refused(RoleMissing)


class TestOffices:
    """Offices give no right in an organisation; those of places do not either."""

    COMMANDS = (
        pytest.param(PEOPLE, add(acting(LI), role="member"), id="invite"),
        pytest.param((*PEOPLE, REQUESTED), ApproveMembership(by=acting(LI), **OF_WANG), id="approve"),
        pytest.param((REQUESTED,), DeclineMembership(by=acting(LI), **OF_WANG), id="decline"),
        pytest.param((REQUESTED, APPROVED), ChangeRole(by=acting(LI), **OF_WANG, role="member"), id="change"),
        pytest.param((REQUESTED, APPROVED), EndMembership(by=acting(LI), **OF_WANG), id="end"),
    )

    @pytest.mark.parametrize(("history", "command"), COMMANDS)
    def test_refused_in_another_office(self, history: tuple[Fact, ...], command: Command) -> None:
        """To an auditor, and to whoever leads a place, an organisation does not exist."""
        for by in (in_office("auditor"), in_office("node-leader", node_id=EAST)):
            decided = given(*history).when(replace(command, by=by))
            decided.then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_unlike_whoever_manages_members(self) -> None:
        """Giving and taking roles is for administrators, the organisation's program and its coordinators."""
        for by, right in ((ADMINISTRATOR, ()), (GARDENERS_PROGRAM, ()), (acting(ZHAO), COORDINATOR)):
            invited = replace(INVITED, role="coordinator", invited_by=by.actor)
            given(*PEOPLE, *right).when(add(by, role="coordinator")).then(invited)
            given(REQUESTED, APPROVED, *right).when(EndMembership(by=by, **OF_WANG)).then(ENDED)

    def test_have_no_role_in_office(self) -> None:
        """Who is a member as well acts as one in person: in office their roles give no right."""
        book = Book(*PEOPLE, *member(ZHAO, "coordinator", CLINIC), *standing(CLINIC), registered(LI))
        with pytest.raises(OrganisationUnknown):
            book.do(add(in_office("node-leader", ZHAO, EAST), **membership_of(LI, CLINIC)))


class TestProxies:
    """A proxy acts in somebody's own matters, never in anybody's role."""

    def test_ask_and_answer_for_the_volunteer(self) -> None:
        """A proxy joins, declines and leaves as the volunteer would."""
        by = on_behalf(WANG, ZHAO)
        given(*PEOPLE).when(add(by)).then(replace(REQUESTED, proposed_by=ActorId(ZHAO)))
        given(INVITED).when(DeclineMembership(by=by, **OF_WANG)).then(DECLINED)
        given(REQUESTED).when(DeclineMembership(by=by, **OF_WANG)).then(DECLINED)
        given(REQUESTED, APPROVED).when(EndMembership(by=by, **OF_WANG)).then(ENDED)

    def test_refused_for_what_was_requested(self) -> None:
        """A proxy grants no request either."""
        command = ApproveMembership(by=on_behalf(WANG, ZHAO), **OF_WANG)
        given(*PEOPLE, REQUESTED).when(command).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize(
        "command",
        [
            add(on_behalf(LI, ZHAO)),
            ApproveMembership(by=on_behalf(LI, ZHAO), **OF_WANG),
            DeclineMembership(by=on_behalf(LI, ZHAO), **OF_WANG),
            ChangeRole(by=on_behalf(LI, ZHAO), **OF_WANG, role="verifier"),
            EndMembership(by=on_behalf(LI, ZHAO), **OF_WANG),
            log_service(by=on_behalf(LI, ZHAO)),
        ],
        ids=lambda command: type(command).__name__,
    )
    @pytest.mark.parametrize("coordinator", [ZHAO, LI], ids=["the proxy", "the one acted for"])
    def test_exercise_no_role(self, command: Command, coordinator: VolunteerId) -> None:
        """A proxy uses neither a role of theirs nor one of the volunteer they act for."""
        book = Book(*PEOPLE, REQUESTED, registered(LI), *member(coordinator, "coordinator"))
        with pytest.raises(OrganisationUnknown):
            book.do(command)

    def test_have_roles_in_person(self) -> None:
        """Whose proxy somebody is takes nothing from what they may do themselves."""
        given(*PEOPLE, *COORDINATOR).when(add(acting(ZHAO))).then(INVITED_BY_ZHAO)
