"""Merging double registrations: who may be registered twice; proposing, approving and declining a merge."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import ADMINISTRATORS, PROVED_ADMINISTRATORS, REGISTER_VOLUNTEERS
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WantedId,
    happened,
)
from timebank.domain.facts.people import MergeProposed, RegistrationsMerged
from timebank.domain.identifiers import MergeId, VolunteerId, new_merge_id
from timebank.domain.merging import ApproveMerge
from timebank.domain.people.merges import DeclineMerge, ProposeMerge
from timebank.domain.people.refusals import MergeUnknown
from timebank.domain.text import Text
from timebank.projections.people import merges
from timebank.projections.people.merges import DoubleView, MergeStatus, MergeView, Registration
from timebank.projections.service import overlaps
from timebank.projections.service.overlaps import Overlap


class MergeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two registrations that are one person's: which is kept, which goes, and how that is known."""

    kept_volunteer_id: Somebody
    merged_volunteer_id: Somebody
    reason: Text


class MergeStanding(Status, frozen=True, kw_only=True):
    """How the proposal stands now."""

    merge_id: str


class Merged(Status, frozen=True, kw_only=True):
    """They are one. `available_minutes` came to the account that is kept; `debt_minutes` was owed on the other."""

    merge_id: str
    volunteer_id: str
    number: str
    available_minutes: int
    debt_minutes: int


class MergeInFull(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal, both registrations, and what hinders it: records of the same time, and what waits of one of them.

    Of the one that goes records may wait to be confirmed, and proposals of service to be taken up.
    """

    merge: MergeView
    kept: Registration | None
    merged: Registration | None
    overlaps: list[Overlap]
    waiting_records: int
    waiting_proposals: int


class DoubleController(Controller):
    """`/v1/double-registrations`"""

    path = "/double-registrations"
    tags = ("Volunteers",)

    @get(responses=READS, access=ADMINISTRATORS)
    async def list_double_registrations(
        self, request: BankRequest, after: After = "", limit: Limit = 50
    ) -> Page[DoubleView]:
        """Who may be registered twice: with the same phone, or the same name and year of birth.

        A family may share a phone, and people a name: so it is only said. Whoever is found to be two (a merge that was
        declined) is not listed again.
        """

        async def page(after: str, limit: int) -> list[DoubleView]:
            return await merges.doubles(request.pool, request.services.people, request.bank_id, after, limit)

        async def note(pairs: int) -> None:
            await request.note_again("people-read", people=2 * pairs)

        return await listed(request, page, after, limit, _cursor, note=note)


def _cursor(pair: DoubleView) -> str:
    return f"{pair.earlier.volunteer_id}.{pair.later.volunteer_id}"


class MergeController(Controller):
    """`/v1/merges`"""

    path = "/merges"
    tags = ("Volunteers",)

    @post(responses=WRITES, access=REGISTER_VOLUNTEERS)
    async def propose_merge(
        self, request: BankRequest, data: JSONBody[MergeRequest], idempotency_key: IdempotencyHeader = None
    ) -> MergeStanding:
        """Say that two registrations are one person's. Nothing is merged until an administrator approves it."""
        command = ProposeMerge(
            **request.stamp,
            merge_id=new_merge_id(),
            kept_id=VolunteerId(data.kept_volunteer_id),
            merged_id=VolunteerId(data.merged_volunteer_id),
            reason=data.reason,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, MergeProposed)
        return MergeStanding(merge_id=fact.merge_id, status="proposed", position=receipt.position)

    @get(responses=READS, access=ADMINISTRATORS)
    async def list_merges(
        self,
        request: BankRequest,
        status: Annotated[MergeStatus | None, QueryParameter(name="status")] = None,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[MergeView]:
        """What is or was proposed, the latest first."""

        async def page(after: str | None, limit: int) -> list[MergeView]:
            return await merges.page(request.pool, request.bank_id, after, limit, status)

        return await listed(request, page, after, limit, "merge_id")

    @get("/{merge_id:str}", responses=READS, access=ADMINISTRATORS)
    async def get_merge(self, request: BankRequest, merge_id: FromPath[str]) -> MergeInFull:
        """One proposal, with both registrations side by side, and what has to be decided on before it is approved."""
        pool, bank_id = request.pool, request.bank_id
        found = await merges.one(pool, bank_id, merge_id)
        if found is None:
            raise MergeUnknown(merge_id=merge_id)
        both = found.kept_id, found.merged_id
        people = await merges.registrations(pool, request.services.people, bank_id, both)
        who = {each.volunteer_id: each for each in people}
        await request.note_again("people-read", people=len(who))
        (shown,) = await request.named([found], is_noted=True)
        is_open = found.status == "proposed"
        same_time = await overlaps.between(pool, bank_id, *both) if is_open else []
        return MergeInFull(
            merge=shown,
            kept=who.get(found.kept_id),
            merged=who.get(found.merged_id),
            overlaps=await request.named(same_time, is_noted=True),
            waiting_records=await overlaps.waiting(pool, bank_id, found.merged_id) if is_open else 0,
            waiting_proposals=await overlaps.proposed(pool, bank_id, found.merged_id) if is_open else 0,
        )

    @post("/{merge_id:str}/approve", status_code=200, responses=WRITES, access=PROVED_ADMINISTRATORS)
    async def approve_merge(
        self, request: BankRequest, merge_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> Merged:
        """Merge two registrations, for good: by somebody else than whoever proposed it, who is neither of the two.

        What is open of the one that goes ends, its sessions too; its credit and its debt go to the other, and what only
        it said of the person. Its service stays recorded under its number. Refused while records or proposals of it
        wait, and while confirmed records of both are of the same time.
        """
        receipt = await request.execute(ApproveMerge(**request.stamp, merge_id=MergeId(merge_id)), idempotency_key)
        fact = receipt.facts[-1]
        assert isinstance(fact, RegistrationsMerged)
        return Merged(
            merge_id=merge_id,
            status="approved",
            volunteer_id=fact.kept_id,
            number=fact.kept_number,
            available_minutes=fact.available_minutes,
            debt_minutes=fact.debt_minutes,
            position=receipt.position,
        )

    @post("/{merge_id:str}/decline", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def decline_merge(
        self,
        request: BankRequest,
        merge_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> MergeStanding:
        """Find that they are two, or that it is better as it is; whoever proposed it can take it back so."""
        command = DeclineMerge(**request.stamp, merge_id=MergeId(merge_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return MergeStanding(merge_id=merge_id, status="declined", position=receipt.position)
