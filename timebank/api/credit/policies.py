"""The rule book: which versions there are, adopting another, and what a draft would have changed."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Meta
from msgspec.structs import asdict

from timebank.access.table import ADMINISTRATORS, AUDITORS, EVERYBODY
from timebank.api.http.lists import whole
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, IdempotencyHeader, happened
from timebank.domain.credit.policies import UNWRITTEN, AdoptPolicy, must_be_consistent
from timebank.domain.facts.credit import (
    ConfirmRoles,
    GiftMinutes,
    GiftRules,
    Percent,
    PolicyAdopted,
    ReservationHours,
    Rules,
    SomeMinutes,
    StarMinutes,
)
from timebank.domain.text import Line
from timebank.projections.credit import policies

BEGINNING = date(1949, 1, 1)

FACTS_A_REQUEST = 1_000
"""To replay so many facts counts as one request."""


class GiftRulesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether credit may be given to others, and how much at once and in a local month; null is without limit."""

    allowed: bool = True
    minutes_max: GiftMinutes | None = None
    minutes_max_per_month: GiftMinutes | None = None


class RulesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rule book says; what is not said is minute for minute, without caps, and nothing ever expires."""

    credit_percent: Annotated[dict[Line, Percent], Meta(max_length=500)] = msgspec.field(default_factory=dict)
    other_percent: Percent = UNWRITTEN.rules.other_percent
    cap_per_activity_minutes: SomeMinutes | None = None
    cap_per_day_minutes: SomeMinutes | None = None
    cap_total_minutes: SomeMinutes | None = None
    direct_confirm_roles: ConfirmRoles = UNWRITTEN.rules.direct_confirm_roles
    gifts: GiftRulesBody = GiftRulesBody()
    reservation_hours: ReservationHours = UNWRITTEN.rules.reservation_hours
    star_minutes: StarMinutes = UNWRITTEN.rules.star_minutes

    def rules(self) -> Rules:
        """The same, as the domain knows it."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return Rules(**(said | {"gifts": GiftRules(**asdict(self.gifts))}))

    @classmethod
    def of(cls, rules: Rules) -> "RulesBody":
        """Rules as they are shown."""
        return cls(**(asdict(rules) | {"gifts": GiftRulesBody(**asdict(rules.gifts))}))


class AdoptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules, the resolution that adopted them, and the local day from which on they are in force."""

    resolution: Line
    effective_from: date
    rules: RulesBody


class DraftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, and from which local day on to try it; from the beginning, if none is said."""

    rules: RulesBody
    effective_from: date = BEGINNING
    largest: Annotated[int, Meta(ge=0, le=500)] = 20


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rule book, adopted by a resolution, for service from a local day on, up to another.

    It holds from `effective_from` to `effective_until` (included; null: until further notice), and never where that is
    the day before: then a later resolution was for the same day.
    """

    version: int
    resolution: str
    effective_from: date
    effective_until: date | None
    rules: RulesBody
    adopted_at: datetime
    position: int


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
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    minutes_before: int
    minutes_after: int


class PolicyController(Controller):
    """`/v1/policies`"""

    path = "/policies"
    tags = ("Rule book",)

    @get(responses=READS, access=EVERYBODY)
    async def list_policies(self, request: BankRequest) -> list[Policy]:
        """All versions of the rule book, in the order in which they were adopted."""
        adopted = await policies.adopted(request.pool, request.bank_id)
        shown = [Policy(**(asdict(each) | {"rules": RulesBody.of(each.rules)})) for each in adopted]
        return await whole(request, shown)

    @post(responses=WRITES, access=ADMINISTRATORS)
    async def adopt_policy(
        self, request: BankRequest, data: JSONBody[AdoptRequest], idempotency_key: IdempotencyHeader = None
    ) -> Adopted:
        """Adopt a version, for service from a day on that has not begun; only a bank's first may reach back."""
        command = AdoptPolicy(
            **request.stamp,
            resolution=data.resolution,
            effective_from=data.effective_from,
            rules=data.rules.rules(),
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, PolicyAdopted)
        known = await policies.adopted(request.pool, request.bank_id)
        until = next(each.effective_until for each in known if each.version == fact.version)
        return Adopted(fact.version, fact.effective_from, until, receipt.position)

    @post("/preview", status_code=200, responses=WRITES, access=AUDITORS)
    async def preview_policy(self, request: BankRequest, data: JSONBody[DraftRequest]) -> Preview:
        """Replay the real history under a draft: how many people and minutes would change, and who most.

        It counts as one request for each 1,000 facts of the history, but never as more than are allowed in a minute.
        """
        rules = data.rules.rules()
        must_be_consistent(rules)
        facts = await request.services.ledger.store.head(request.bank_id)
        request.must_afford(min(facts // FACTS_A_REQUEST, request.app.state.rate_per_principal.per_minute))
        # One at a time: a long history takes seconds, and memory, and others are served meanwhile.
        async with request.app.state.previewing:
            position, effects = await policies.preview(
                request.pool, request.bank_id, rules, data.effective_from, data.largest
            )
        shown = await request.named([CreditChange(**each._asdict()) for each in effects.largest_changes])
        return Preview(position=position, **(effects._asdict() | {"largest_changes": shown}))
