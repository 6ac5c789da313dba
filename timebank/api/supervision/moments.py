"""What was so at a moment, and what a fact changed: told from the log alone, as it was then."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from timebank.access.table import AUDITORS
from timebank.api.http.guard import note_whom
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.api.supervision.called import called
from timebank.api.supervision.history import Names, Position, must_have_offset
from timebank.domain.credit.statements import Holdings, holdings
from timebank.domain.kernel import Moment
from timebank.domain.vocabulary import FACTS
from timebank.projections.credit import statements
from timebank.projections.credit.totals import Totals, totals_at
from timebank.projections.supervision import history
from timebank.projections.supervision.history import END
from timebank.projections.supervision.said import FieldChange, Said, changes, facts_by_topic, said_beside, said_of
from timebank.proofs.checkpoints import encoded

At = Annotated[Moment | None, QueryParameter(description="As of this moment; else of now.")]
AtPosition = Annotated[int | None, QueryParameter(ge=0, le=END, description="As of this position instead.")]

BELONGING = tuple(t for t in FACTS if t.startswith(("membership-", "appointment-", "proxy-")) and t != "proxy-used")
"""The topics by which people and organisations have to do with each other."""


class BankThen(msgspec.Struct, frozen=True, kw_only=True):
    """The bank as it was after a position: how many facts of each topic, minutes on all accounts, the tree's root."""

    position: int
    recorded_at: datetime | None
    facts: dict[str, int]
    accounts: Totals
    root: str


class PersonThen(msgspec.Struct, frozen=True, kw_only=True):
    """A volunteer as the log knew them after a position, with what was on the account, and where they belonged."""

    position: int
    person: Said
    accounts: Holdings
    belonging: list[Said]


class OrganisationThen(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation as the log knew it after a position, with its members and offices."""

    position: int
    organisation: Said
    belonging: list[Said]


class FactChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of something before a fact and after it, and which fields differ."""

    position: int
    topic: str
    about: str
    before: Said | None
    after: Said
    changed: dict[str, FieldChange]
    names: dict[str, str] = {}
    """Where names are asked for: what the ids in it stand for."""


class MomentController(Controller):
    """`/v1/audit/as-of` and what a fact changed"""

    path = "/audit"
    tags = ("Audit",)
    opt = NEVER_BEHIND

    @get("/as-of", responses=READS, access=AUDITORS)
    async def get_bank_then(self, request: BankRequest, at: At = None, position: AtPosition = None) -> BankThen:
        """The whole bank as of a moment. Compare the root with a checkpoint that somebody kept from then."""
        then = await _position(request, at, position)
        last = await history.one(request.pool, request.bank_id, then)
        return BankThen(
            position=then,
            recorded_at=last.recorded_at if last else None,
            facts=await facts_by_topic(request.pool, request.bank_id, then),
            accounts=await totals_at(request.pool, request.bank_id, then),
            root=encoded(await request.services.signer.root(request.bank_id, then)),
        )

    @get("/as-of/volunteers/{volunteer_id:str}", responses=READS, access=AUDITORS)
    async def get_volunteer_then(
        self, request: BankRequest, volunteer_id: FromPath[str], at: At = None, position: AtPosition = None
    ) -> PersonThen:
        """A volunteer as of a moment: status, consents, accounts, memberships, offices and proxies."""
        then = await _position(request, at, position)
        running = await statements.standing(request.pool, request.bank_id, volunteer_id, then)
        return PersonThen(
            position=then,
            person=await _said(request, volunteer_id, then),
            accounts=holdings(running.accounts),
            belonging=await said_beside(request.pool, request.bank_id, volunteer_id, then, BELONGING),
        )

    @get("/as-of/organisations/{organisation_id:str}", responses=READS, access=AUDITORS)
    async def get_organisation_then(
        self, request: BankRequest, organisation_id: FromPath[str], at: At = None, position: AtPosition = None
    ) -> OrganisationThen:
        """An organisation as of a moment: status, members with their roles, and offices."""
        then = await _position(request, at, position)
        return OrganisationThen(
            position=then,
            organisation=await _said(request, organisation_id, then),
            belonging=await said_beside(request.pool, request.bank_id, organisation_id, then, BELONGING),
        )

    @get("/as-of/things/{thing_id:str}", responses=READS, access=AUDITORS)
    async def get_thing_then(
        self, request: BankRequest, thing_id: FromPath[str], at: At = None, position: AtPosition = None
    ) -> Said:
        """Anything that has an id as of a moment: a service record, a reward, a redemption, a gift, a membership."""
        return await _said(request, thing_id, await _position(request, at, position))

    @get("/events/{position:int}/change", responses=READS, access=AUDITORS)
    async def get_change(self, request: BankRequest, position: Position, names: Names = False) -> FactChange:
        """What was said of a record, or whatever else a fact is about, before it and after it, and what changed."""
        fact = await history.one(request.pool, request.bank_id, position)
        if fact is None or not fact.tags:
            raise NotFoundException("There is no fact at this position, or it is about nothing that has an id.")
        whom = fact.tags[0]
        await note_whom(request, [whom])
        after = await _said(request, whom, position)
        before = await said_of(request.pool, request.bank_id, whom, position - 1)
        changed = changes(before, after)
        return FactChange(
            position=position,
            topic=fact.topic,
            about=whom,
            before=before,
            after=after,
            changed=changed,
            names=await called(request, msgspec.json.encode(changed)) if names else {},
        )


async def _position(request: BankRequest, at: datetime | None, position: int | None) -> int:
    """The position that is meant: the last one recorded by a moment, or the one that is named, or the last of all."""
    head = await history.head(request.pool, request.bank_id)
    must_have_offset("at", at)
    if position is not None:
        return min(position, head)
    return await history.position_before(request.pool, request.bank_id, at) if at else head


async def _said(request: BankRequest, about: str, position: int) -> Said:
    found = await said_of(request.pool, request.bank_id, about, position)
    if found is None:
        raise NotFoundException("The log says nothing of this up to then.")
    return found
