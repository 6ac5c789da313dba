"""The rule book: which versions there are, adopting another, and what a draft would have changed."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from timebank.access.table import ADMINISTRATORS, AUDITORS, EVERYBODY
from timebank.api.http.lists import whole
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, IdempotencyHeader, ReasonRequest, happened
from timebank.api.http.strict_json import BATCH_BYTES
from timebank.api.http.telling.shapes import InvalidRequestError, field_trouble
from timebank.domain.credit.policies import (
    UNWRITTEN,
    AdoptPolicy,
    Setting,
    WithdrawPolicy,
    differences,
    must_be_consistent,
)
from timebank.domain.facts.credit import (
    AtTheMost,
    CalledAtOnce,
    ConfirmRoles,
    GiftMinutes,
    GiftRules,
    Percent,
    PolicyAdopted,
    Registration,
    ReservationHours,
    Rules,
    SomeMinutes,
    StarMinutes,
)
from timebank.domain.text import Line, normal
from timebank.projections.credit import policies

BEGINNING = date(1949, 1, 1)

FACTS_A_REQUEST = 1_000
"""To replay so many facts counts as one request."""


NameList = Annotated[tuple[Line, ...], Meta(max_length=500)]
"""Names in the form in which they are to be written; where there are none, anything goes."""


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
    categories: NameList = ()
    activities: NameList = ()
    check_in_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = UNWRITTEN.rules.check_in_minutes
    registration: Registration = UNWRITTEN.rules.registration
    registration_waits: bool = UNWRITTEN.rules.registration_waits
    presence_days: Annotated[int, Meta(ge=0, le=366)] = UNWRITTEN.rules.presence_days
    open_reservations: AtTheMost = UNWRITTEN.rules.open_reservations
    open_sign_ups: AtTheMost = UNWRITTEN.rules.open_sign_ups
    call_ups_per_day: AtTheMost = UNWRITTEN.rules.call_ups_per_day
    called_at_once: CalledAtOnce = UNWRITTEN.rules.called_at_once
    place_levels: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=12)] = UNWRITTEN.rules.place_levels

    def rules(self) -> Rules:
        """These rules as the domain takes them."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return Rules(**(said | {"gifts": GiftRules(**asdict(self.gifts))}))

    @classmethod
    def of(cls, rules: Rules) -> "RulesBody":
        """Rules as they are shown."""
        return cls(**(asdict(rules) | {"gifts": GiftRulesBody(**asdict(rules.gifts))}))


class GiftRulesChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be otherwise about giving; what is not said stays."""

    allowed: bool | UnsetType = UNSET
    minutes_max: GiftMinutes | UnsetType | None = UNSET
    minutes_max_per_month: GiftMinutes | UnsetType | None = UNSET


class RulesChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be otherwise than the rules in force: what is not said stays (JSON Merge Patch, RFC 7396).

    Null takes a limit away, or the percentage of a category.
    """

    credit_percent: dict[Line, Percent | None] | UnsetType = UNSET
    other_percent: Percent | UnsetType = UNSET
    cap_per_activity_minutes: SomeMinutes | UnsetType | None = UNSET
    cap_per_day_minutes: SomeMinutes | UnsetType | None = UNSET
    cap_total_minutes: SomeMinutes | UnsetType | None = UNSET
    direct_confirm_roles: ConfirmRoles | UnsetType = UNSET
    gifts: GiftRulesChange | UnsetType = UNSET
    reservation_hours: ReservationHours | UnsetType = UNSET
    open_reservations: AtTheMost | UnsetType = UNSET
    star_minutes: StarMinutes | UnsetType = UNSET

    def on(self, rules: RulesBody) -> RulesBody:
        """Rules with these changes. Raises `msgspec.ValidationError` where they come to no rules."""
        changes: dict[str, Any] = msgspec.to_builtins(self)
        percent = changes.get("credit_percent", {})
        changes["credit_percent"] = {normal(category): value for category, value in percent.items()}
        return msgspec.convert(_merged(msgspec.to_builtins(rules), changes), RulesBody)


def _merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in old.items() if name not in changes}
    new = {
        name: _merged(old.get(name) or {}, value) if isinstance(value, dict) else value
        for name, value in changes.items()
        if value is not None
    }
    return kept | new


class AdoptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules, the resolution that adopted them, and the local day from which on they are in force."""

    resolution: Line
    effective_from: date
    rules: RulesBody


class DraftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft: `rules` as a whole, or else those in force, with `changes`; and from which local day on to try it.

    That is from the beginning, if none is said. Those in force are today's, or those of that day, if it is to come.
    """

    rules: RulesBody | UnsetType = UNSET
    changes: RulesChange = RulesChange()
    effective_from: date = BEGINNING
    largest: Annotated[int, Meta(ge=0, le=500)] = 20

    def based_on(self, today: date) -> date:
        """The day whose rules the draft is compared with."""
        return max(today, self.effective_from)

    def draft(self, in_force: Rules) -> Rules:
        """The rules that are to be tried. Raises `msgspec.ValidationError`, or refuses what contradicts itself."""
        rules = self.changes.on(RulesBody.of(in_force) if self.rules is UNSET else self.rules).rules()
        percent = {normal(category): value for category, value in rules.credit_percent.items()}
        must_be_consistent(rules)
        return msgspec.structs.replace(rules, credit_percent=percent)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rule book, adopted by a resolution, for service from a local day on, up to another.

    It holds from `effective_from` to `effective_until` (included; null: until further notice), and never where that is
    the day before: then a later resolution was for the same day. One that was withdrawn never holds.
    """

    version: int
    resolution: str
    effective_from: date
    effective_until: date | None
    rules: RulesBody
    adopted_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    position: int


class Adopted(msgspec.Struct, frozen=True):
    """The version that was adopted, and the last day on which it will hold, if another is adopted for a later one."""

    version: int
    effective_from: date
    effective_until: date | None
    position: int


class WithdrawnPolicy(msgspec.Struct, frozen=True):
    """The version that will never hold."""

    version: int
    position: int


class RuleDifference(msgspec.Struct, frozen=True):
    """A rule that is otherwise in the draft, by its name, as `credit_percent.讲座`."""

    rule: str
    before: Setting
    after: Setting


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have changed in the history up to `position`, in minutes of credit; nothing was written.

    `differences` are those to the version in force, `based_on`; `rules` is the whole draft, as it could be adopted.
    Those who would have more gain, those who would have less lose: before, plus gained, less lost, is after.
    """

    based_on: int
    differences: list[RuleDifference]
    rules: RulesBody
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
    opt = NEVER_BEHIND

    @get(responses=READS, access=EVERYBODY)
    async def list_policies(self, request: BankRequest) -> list[Policy]:
        """All versions of the rule book, in the order in which they were adopted."""
        adopted = await policies.adopted(request.pool, request.bank_id)
        shown = [Policy(**(asdict(each) | {"rules": RulesBody.of(each.rules)})) for each in adopted]
        return await whole(request, shown)

    @post(responses=WRITES, access=ADMINISTRATORS, request_max_body_size=BATCH_BYTES)
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

    @post("/{version:int}/withdraw", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def withdraw_policy(
        self,
        request: BankRequest,
        version: FromPath[int],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> WithdrawnPolicy:
        """Withdraw a version that has not begun: what is in force goes on, and the version is never used."""
        command = WithdrawPolicy(**request.stamp, version=version, reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return WithdrawnPolicy(version, receipt.position)

    @post("/preview", status_code=200, responses=WRITES, access=AUDITORS, request_max_body_size=BATCH_BYTES)
    async def preview_policy(self, request: BankRequest, data: JSONBody[DraftRequest]) -> Preview:
        """Replay the real history under a draft: how many people and minutes would change, and who most.

        It counts as one request for each 1,000 facts of the history, but never as more than are allowed in a minute.
        """
        day = data.based_on(request.visit.at.astimezone(request.zone).date())
        version = await policies.in_force(request.pool, request.bank_id, day)
        try:
            rules = data.draft(version.rules)
        except msgspec.ValidationError as error:
            raise InvalidRequestError(field_trouble(f"{error}".replace("$", "$.changes"), kind=DraftRequest)) from None
        facts = await request.services.ledger.store.head(request.bank_id)
        request.must_afford(min(facts // FACTS_A_REQUEST, request.app.state.rate_per_principal.per_minute))
        # One at a time: a long history takes seconds, and memory, and others are served meanwhile.
        async with request.app.state.previewing.turn(request.user.turn_of):
            position, effects = await policies.preview(
                request.pool, request.bank_id, rules, data.effective_from, data.largest
            )
        shown = await request.named([CreditChange(**each._asdict()) for each in effects.largest_changes])
        return Preview(
            based_on=version.number,
            differences=[RuleDifference(*each) for each in differences(version.rules, rules)],
            rules=RulesBody.of(rules),
            position=position,
            **(effects._asdict() | {"largest_changes": shown}),
        )
