"""The rule book: which versions there are, adopting another, and what a draft would have changed."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from timebank.api.problems import READS, WRITES
from timebank.api.requests import BankRequest, IdempotencyHeader, Line, do, now, services
from timebank.domain.policy import AdoptPolicy, GiftRules, Percent, PolicyAdopted, Rules, must_be_consistent
from timebank.projections import policies, volunteers
from timebank.projections.policies import PolicyView

BEGINNING = date(1949, 1, 1)


class GiftRulesRequest(GiftRules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether credit may be given to others, and how much at once and in a local month; null is without limit."""


class RulesRequest(Rules, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rule book says; what is not said is minute for minute, without caps, and nothing ever expires."""

    credit_percent: Annotated[dict[Line, Percent], msgspec.Meta(max_length=500)] = msgspec.field(default_factory=dict)
    gifts: GiftRulesRequest = GiftRulesRequest()

    def rules(self) -> Rules:
        """The same, as the domain knows it."""
        said = msgspec.to_builtins(self)
        said["credit_percent"] = {category.strip(): percent for category, percent in self.credit_percent.items()}
        return msgspec.convert(said, Rules)


class AdoptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules, the resolution that adopted them, and the local day from which on they are in force."""

    resolution: Line
    effective_from: date
    rules: RulesRequest


class DraftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, and from which local day on to try it; from the beginning, if none is said."""

    rules: RulesRequest
    effective_from: date = BEGINNING
    largest: Annotated[int, msgspec.Meta(ge=0, le=500)] = 20


class Adopted(msgspec.Struct, frozen=True):
    """The version that was adopted, and the last day on which it will hold, if another is adopted for a later one."""

    version: int
    effective_from: date
    effective_until: date | None
    position: int


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have changed in the history up to `position`, in minutes of credit; nothing was written.

    Those who would have more gain, those who would have less lose: before, plus gained, less lost, is after.
    """

    position: int
    people: int
    people_changed: int
    records: int
    records_changed: int
    minutes_before: int
    minutes_gained: int
    minutes_lost: int
    minutes_after: int
    largest_changes: list["CreditChange"]


class CreditChange(msgspec.Struct, frozen=True, kw_only=True):
    """One person's credit, as it is and as it would be."""

    volunteer_id: str
    number: str | None
    minutes_before: int
    minutes_after: int


class PolicyController(Controller):
    """`/v1/policies`"""

    path = "/policies"
    tags = ("Rule book",)

    @get(responses=READS)
    async def list_policies(self, request: BankRequest) -> list[PolicyView]:
        """All versions of the rule book, in the order in which they were adopted."""
        return await policies.adopted(services(request).pool, request.user.bank_id)

    @post(responses=WRITES)
    async def adopt_policy(
        self, request: BankRequest, data: JSONBody[AdoptRequest], idempotency_key: IdempotencyHeader = None
    ) -> Adopted:
        """Adopt a version, for service from a day on that has not begun; only a bank's first may reach back."""
        command = AdoptPolicy(
            by=request.user.acting,
            at=now(request),
            resolution=data.resolution.strip(),
            effective_from=data.effective_from,
            rules=data.rules.rules(),
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, PolicyAdopted)
        known = await policies.adopted(services(request).pool, request.user.bank_id)
        until = next(each.effective_until for each in known if each.version == fact.version)
        return Adopted(fact.version, fact.effective_from, until, receipt.position)

    @post("/preview", status_code=200, responses=WRITES)
    async def preview_policy(self, request: BankRequest, data: JSONBody[DraftRequest]) -> Preview:
        """Replay the real history under a draft: how many people and minutes would change, and who most."""
        rules = data.rules.rules()
        must_be_consistent(rules)
        # One at a time: a long history takes seconds, and memory, and others are served meanwhile.
        async with request.app.state.previewing:
            position, effects = await policies.preview(
                services(request).pool, request.user.bank_id, rules, data.effective_from, data.largest
            )
        changes = effects.largest_changes
        ids = [change.volunteer_id for change in changes]
        numbers = await volunteers.numbers_of(services(request).pool, request.user.bank_id, ids)
        shown = [CreditChange(number=numbers.get(each.volunteer_id), **each._asdict()) for each in changes]
        return Preview(position=position, **(effects._asdict() | {"largest_changes": shown}))
