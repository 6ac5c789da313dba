"""Merging double registrations: proposed, and approved or declined by somebody else."""

from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    WANG,
    ZHAO,
    acting,
    in_office,
    on_behalf,
    proxy,
    registered,
)
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.facts.people import (
    MergeDeclined,
    MergeProposed,
    RegistrationsMerged,
    VolunteerErased,
    VolunteerLeft,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, MergeId, VolunteerId, VolunteerNumber
from timebank.domain.people.merges import DeclineMerge, ProposeMerge
from timebank.domain.people.refusals import (
    MergeAlreadyProposed,
    MergeNotOpen,
    MergeOfOneself,
    MergeUnknown,
    RegistrationMerged,
    SameRegistration,
    VolunteerHasLeft,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerUnknown,
)
from timebank.domain.refusals import OfficeMissing

PROPOSER = ActorId(ZHAO)
MERGE, ANOTHER = MergeId("mrg_1"), MergeId("mrg_2")
LIS_NUMBER = VolunteerNumber("223456789014")
BOTH: dict[str, Any] = {"kept_id": WANG, "merged_id": LI}
HISTORY = (registered(), registered(LI, LIS_NUMBER))
OFFICE = in_office("administrator")
OTHER_OFFICE = in_office("administrator", ZHAO)


def proposed(merge_id: MergeId = MERGE, by: ActorId = PROPOSER, **changes: Any) -> MergeProposed:
    """It was proposed that Li's registration goes, and Wang's stays."""
    return MergeProposed(merge_id=merge_id, proposed_by=by, reason="同一个人", **(BOTH | changes))


def merged(**changes: Any) -> RegistrationsMerged:
    """They were merged."""
    said: dict[str, Any] = {"merge_id": MERGE, "kept_number": "123456789015", "approved_by": LIN}
    return RegistrationsMerged(**(said | BOTH | changes))


DECLINED = MergeDeclined(merge_id=MERGE, declined_by=ActorId(LIN), reason="不是同一个人", **BOTH)


def propose(by: Acting = OTHER_OFFICE, merge_id: MergeId = ANOTHER, **changes: Any) -> ProposeMerge:
    """It is proposed now."""
    return ProposeMerge(by=by, at=NOON, merge_id=merge_id, reason="同一个人", **(BOTH | changes))


class TestProposing:
    """That two registrations are one person's."""

    @pytest.mark.parametrize("by", [OTHER_OFFICE, in_office("node-leader", ZHAO), ADMINISTRATOR, GARDENERS_PROGRAM])
    def test_by_whoever_registers_people(self, by: Acting) -> None:
        """It changes nothing but that it is proposed, and says by whom, and who issued their key."""
        given(*HISTORY).when(propose(by, MERGE)).then(proposed(by=by.actor, key_issued_by=by.key_issued_by))
        key = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(LIN))
        said = proposed(by=key.actor, key_issued_by=ActorId(LIN))
        given(*HISTORY).when(propose(key, MERGE)).then(said)

    @pytest.mark.parametrize("by", [acting(WANG), on_behalf(), in_office("auditor")])
    def test_refused_to_others(self, by: Acting) -> None:
        """Nobody proposes it of themselves, in no office."""
        given(*HISTORY).when(propose(by)).then_refused(OfficeMissing)

    @pytest.mark.parametrize("number", [WANG, LI])
    def test_refused_to_who_would_have_the_credit(self, number: VolunteerId) -> None:
        """Nobody proposes it of themselves in an office, or by a key of theirs; nor of whom they spend for."""
        program = Acting(ActorId(GARDEN), "organisation", key_issued_by=ActorId(number))
        for by in (in_office("administrator", number), in_office("node-leader", number), program):
            given(*HISTORY).when(propose(by)).then_refused(MergeOfOneself)
        spends = proxy(volunteer_id=number, scopes=("view", "give"))
        given(*HISTORY, spends).when(propose(OTHER_OFFICE)).then_refused(MergeOfOneself)

    def test_refused_of_itself_and_of_nobody(self) -> None:
        """There have to be two registrations."""
        given(registered()).when(propose(merged_id=WANG)).then_refused(SameRegistration)
        given(registered()).when(propose()).then_refused(VolunteerUnknown, volunteer_id=LI)

    def test_refused_twice(self) -> None:
        """There is one open proposal for a pair, whichever is to be kept, and for who is merged."""
        for said in (proposed(), proposed(kept_id=LI, merged_id=WANG), proposed(kept_id=ZHAO)):
            given(*HISTORY, said).when(propose()).then_refused(MergeAlreadyProposed, merge_id=MERGE)
        given(*HISTORY, proposed(), DECLINED).when(propose()).then(proposed(ANOTHER))
        given(*HISTORY, proposed(kept_id=LI, merged_id=ZHAO)).when(propose()).then(proposed(ANOTHER))

    @pytest.mark.parametrize(
        ("fact", "of_kept", "of_merged"),
        [
            (VolunteerErased, VolunteerIsErased, VolunteerIsErased),
            (VolunteerLeft, VolunteerHasLeft, None),
            (VolunteerSuspended, VolunteerIsSuspended, VolunteerIsSuspended),
        ],
    )
    def test_refused_of_who_takes_part_no_more(self, fact: Any, of_kept: Any, of_merged: Any) -> None:
        """Who is kept is active; who left can be merged with who came back, but a suspension is not got round."""
        for volunteer_id, refusal in ((WANG, of_kept), (LI, of_merged)):
            reason = {"reason": "缺席"} if fact is VolunteerSuspended else {}
            decided = given(*HISTORY, fact(volunteer_id=volunteer_id, **reason)).when(propose())
            if refusal:
                decided.then_refused(refusal, volunteer_id=volunteer_id)
            else:
                decided.then(proposed(ANOTHER))

    def test_refused_of_who_is_merged(self) -> None:
        """What is merged is neither merged again nor merged with; the refusal says with which number it was."""
        history = (registered(LI, LIS_NUMBER), proposed(), merged())
        told = {"volunteer_id": LI, "kept_number": "123456789015"}
        given(*history, registered(ZHAO)).when(propose(kept_id=ZHAO)).then_refused(RegistrationMerged, **told)
        given(*history, registered()).when(propose(kept_id=LI, merged_id=WANG)).then_refused(RegistrationMerged, **told)


class TestDeclining:
    """That they are not."""

    def test_by_an_administrator(self) -> None:
        """It says why; whoever proposed it can take it back."""
        for by in (OFFICE, OTHER_OFFICE):
            command = DeclineMerge(by=by, at=NOON, merge_id=MERGE, reason=DECLINED.reason)
            declined = MergeDeclined(merge_id=MERGE, declined_by=by.actor, reason=DECLINED.reason, **BOTH)
            given(proposed()).when(command).then(declined)

    def test_refused_to_others(self) -> None:
        """Whoever is one of the two does not say it, nor does who leads a place."""
        for by, refusal in (
            (in_office("administrator", LI), MergeOfOneself),
            (in_office("administrator", WANG), MergeOfOneself),
            (in_office("node-leader"), OfficeMissing),
            (acting(LI), OfficeMissing),
        ):
            given(proposed()).when(DeclineMerge(by=by, at=NOON, merge_id=MERGE, reason="x")).then_refused(refusal)

    def test_refused_of_what_is_not_proposed(self) -> None:
        """It is decided once, and has to be there."""
        command = DeclineMerge(by=OFFICE, at=NOON, merge_id=MERGE, reason="x")
        given().when(command).then_refused(MergeUnknown, merge_id=MERGE)
        given(proposed(), DECLINED).when(command).then_refused(MergeNotOpen, status="declined")
        given(proposed(), merged()).when(command).then_refused(MergeNotOpen, status="approved")
