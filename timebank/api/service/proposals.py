"""Proposals: saying oneself what one did, and taking it up as the organisation's record, or declining it."""

from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import LOG_SERVICE, PEOPLE
from timebank.api.http.lists import listed, newest_of
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WantedId,
)
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    ProposalId,
    TeamId,
    VolunteerId,
    new_proposal_id,
    new_record_id,
)
from timebank.domain.kernel import Moment
from timebank.domain.service.proposals import DeclineProposal, ProposeService, TakeUpProposal, WithdrawProposal
from timebank.domain.service.times import ServiceMinutes
from timebank.domain.text import Line, Text
from timebank.projections.service import proposals
from timebank.projections.service.proposals import ProposalView


class ProposalRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one did, for which organisation, when, who saw it, and in the name of which of its teams."""

    organisation_id: Id
    activity: Line
    category: Line
    started_at: Moment
    ended_at: Moment
    minutes: ServiceMinutes | None = None
    place: Line | None = None
    content: Text | None = None
    witness_id: Somebody | None = None
    team_id: Id | None = None


class TakeUpRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In what capacity they served."""

    capacity: Capacity = "resident"


class ProposalStatus(Status, frozen=True, kw_only=True):
    """How the proposal stands now; with the record, where it was taken up."""

    proposal_id: str
    record_id: str | None = None


class ProposalController(Controller):
    """`/v1/proposals`"""

    path = "/proposals"
    tags = ("Service records",)

    @get(responses=READS, access=PEOPLE)
    async def list_own_proposals(
        self, request: BankRequest, after: WantedId = None, limit: Limit = 50
    ) -> Page[ProposalView]:
        """What one has proposed oneself, the latest first."""
        theirs = request.sight.registrations

        async def page(after: str | None, limit: int) -> list[ProposalView]:
            asked = partial(proposals.of_volunteer, request.pool, request.bank_id, after=after, limit=limit)
            return newest_of([await asked(volunteer_id=each) for each in theirs], "proposal_id", limit)

        return await listed(request, page, after, limit, "proposal_id")

    @post(responses=WRITES, access=PEOPLE)
    async def propose_service(
        self, request: BankRequest, data: JSONBody[ProposalRequest], idempotency_key: IdempotencyHeader = None
    ) -> ProposalStatus:
        """Say that one served: the organisation takes it up as its record, or declines. Nobody is credited by this."""
        said: dict[str, Any] = {name: getattr(data, name) for name in data.__struct_fields__}
        said |= {
            "organisation_id": OrganisationId(data.organisation_id),
            "witness_id": ActorId(data.witness_id) if data.witness_id else None,
            "team_id": TeamId(data.team_id) if data.team_id else None,
        }
        command = ProposeService(
            **request.stamp, proposal_id=new_proposal_id(), volunteer_id=VolunteerId(request.user.actor), **said
        )
        receipt = await request.execute(command, idempotency_key)
        fact: Any = receipt.facts[0]
        return ProposalStatus(proposal_id=fact.proposal_id, status="proposed", position=receipt.position)

    @post("/{proposal_id:str}/withdraw", status_code=200, responses=WRITES, access=PEOPLE)
    async def withdraw_proposal(
        self, request: BankRequest, proposal_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> ProposalStatus:
        """Take back what one has proposed."""
        command = WithdrawProposal(**request.stamp, proposal_id=ProposalId(proposal_id))
        receipt = await request.execute(command, idempotency_key)
        return ProposalStatus(proposal_id=proposal_id, status="withdrawn", position=receipt.position)

    @post("/{proposal_id:str}/take-up", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def take_up_proposal(
        self,
        request: BankRequest,
        proposal_id: FromPath[str],
        data: JSONBody[TakeUpRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> ProposalStatus:
        """Make a proposal the organisation's record: somebody else confirms it."""
        command = TakeUpProposal(
            **request.stamp,
            proposal_id=ProposalId(proposal_id),
            record_id=new_record_id(),
            capacity=data.capacity if data else "resident",
        )
        receipt = await request.execute(command, idempotency_key)
        fact: Any = receipt.facts[0]
        return ProposalStatus(
            proposal_id=proposal_id, status="taken-up", record_id=fact.record_id, position=receipt.position
        )

    @post("/{proposal_id:str}/decline", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def decline_proposal(
        self,
        request: BankRequest,
        proposal_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ProposalStatus:
        """Say that the organisation does not make it its record, and why."""
        command = DeclineProposal(**request.stamp, proposal_id=ProposalId(proposal_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return ProposalStatus(proposal_id=proposal_id, status="declined", position=receipt.position)


class ProposalsOfController(Controller):
    """`/v1/organisations/{organisation_id}/proposals`"""

    path = "/organisations/{organisation_id:str}/proposals"
    tags = ("Service records",)

    @get(responses=READS, access=LOG_SERVICE)
    async def list_proposals(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        status: Annotated[
            Literal["proposed"] | None, QueryParameter(description="Only what waits, the longest waiting first.")
        ] = None,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[ProposalView]:
        """What people say they did for the organisation, the latest first; or what waits for an answer."""
        await request.sight.must_log_for(OrganisationId(organisation_id))

        async def page(after: str | None, limit: int) -> list[ProposalView]:
            asked = proposals.waiting_at if status else proposals.of_organisation
            return await asked(request.pool, request.bank_id, organisation_id, after, limit)

        return await listed(request, page, after, limit, "proposal_id")
