"""What every handler starts from: the request, who asks, the services, and what parameters many of them share."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypedDict, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar.connection import ASGIConnection
from litestar.params import HeaderParameter, QueryParameter
from msgspec import Meta

from timebank.access.known import must_be_known
from timebank.access.names import ids_to_name, named
from timebank.access.sight import Sight
from timebank.access.table import Access
from timebank.api.http.answering.headers import set_header
from timebank.api.http.answering.rates import rate_of, spend
from timebank.api.http.devices import device_of
from timebank.api.http.named import ME, WHO, in_body, put_in_body
from timebank.api.http.positions import not_yet, position_of
from timebank.api.http.problems import ProjectionBehindError
from timebank.api.http.strict_json import StrictRequest
from timebank.api.http.telling.troubles import Listener, listener_of
from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.identifiers import as_number, is_volunteer_number
from timebank.domain.kernel import Command, Fact
from timebank.domain.leaving import EraseVolunteer, LeaveBank
from timebank.domain.refusing import Forbidden, NotFound, Refusal
from timebank.domain.text import Text
from timebank.identity.limits.throttle import Rate, TooMuchAtOnceError
from timebank.identity.principals import Principal
from timebank.identity.security_log import Kind, Visit
from timebank.ledger.submission import IdempotencyKey, Outcome, Receipt, Repeated
from timebank.projections.people import volunteers
from timebank.proofs.checkpoints import encoded, origin_of
from timebank.runtime.composition import Services

READ_PATIENCE_SECONDS = 2.0

RECEIPT_HEADER = "Timebank-Receipt"
"""The header of an answer that says where in the log, and under which hash, what was done is recorded."""

Id = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]
"""An identifier; whether anything has it is for the domain to say."""

IdempotencyHeader = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$(?!\n)",
        description="Requests with the same key are one: repeated, they do nothing more and get the same answer.",
    ),
]

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$(?!\n)"

After = Annotated[
    str, QueryParameter(max_length=100, pattern=r"^[!-~]*$(?!\n)", description="The `next` of the page before.")
]

Somebody = Annotated[str, Meta(min_length=1, max_length=100, pattern=PRINTABLE, description=WHO)]
"""A volunteer, as people say who they mean: a number in any spelling, an id, or `me`."""

WantedPerson = Annotated[
    str | None, QueryParameter(min_length=1, max_length=100, pattern=PRINTABLE, description=f"Whose. {WHO}")
]

WantedId = Annotated[str | None, QueryParameter(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]

Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many items at the most.")]

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
F = TypeVar("F", bound=Fact)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Items, and the cursor of the next page; null where there is none."""

    items: list[T]
    next: str | None


class ReasonRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Text


class WhyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, if there is something to say."""

    reason: Text | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How something stands after what was asked for, and the position of the log after it."""

    status: str
    position: int


class Stamp(TypedDict):
    """Who asks for something, and when: what every command says."""

    by: Acting
    at: datetime


class BankRequest(StrictRequest[Principal]):
    """A request with who asks, in which bank; of strangers, who have not signed in, only the services are known."""

    @property
    def services(self) -> Services:
        """The services behind it."""
        services: Services = self.app.state.services
        return services

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        return self.services.pool

    @property
    def bank_id(self) -> UUID:
        """The bank of whoever asks."""
        return self.user.bank_id

    @property
    def acting(self) -> Acting:
        """Who acts, and by which right."""
        return self.user.acting

    @property
    def now(self) -> datetime:
        """Now, in the bank's local time."""
        return self.user.local(self.services.ledger.clock())

    @property
    def today(self) -> date:
        """The bank's local day."""
        return self.now.date()

    @property
    def zone(self) -> ZoneInfo:
        """The bank's time zone."""
        return ZoneInfo(self.user.timezone)

    @property
    def stamp(self) -> Stamp:
        """Who asks, and when, for a command."""
        return {"by": self.acting, "at": self.now}

    @property
    def sight(self) -> Sight:
        """What whoever asks may see."""
        return Sight(self.user, self.pool, self.today)

    @property
    def request_id(self) -> str:
        """The id under which it is logged."""
        return str(self.scope["state"]["request_id"])

    @property
    def visit(self) -> Visit:
        """When and whence it comes."""
        return visit(self)

    def must_afford(self, cost: int) -> None:
        """Have the request count as `cost` requests; it has counted as one when it was let in.

        Raises `TooManyRequestsError`, or `TooMuchAtOnceError`.
        """
        if cost > 1:
            rate: Rate = self.app.state.rate_per_principal
            if cost > rate.per_minute:
                raise TooMuchAtOnceError(cost, rate.per_minute)
            spend(self, self.user, cost - 1)

    async def pace(self) -> None:
        """Have one more stretch of a long answer count as a request, once there is room, while they are let in."""
        await self.must_be_let_in_still()
        rate, who = rate_of(self, self.user)
        while wait := rate.wait(who, time.monotonic(), 1):  # noqa: ASYNC110  # nobody tells when there is room
            await asyncio.sleep(wait)

    async def execute(self, command: Command, key: str | None) -> Receipt:
        """Have a command executed, once for all requests with the same key. Raises `DailyLimitReachedError`.

        Whoever has several rights is refused only if none of them is enough, and then as by the first.
        """
        promise = await self._promise(key)
        if not self._is_own_matter(command):
            return await self._execute(command, promise)
        is_for_others = await self._serves_others()
        async with self.services.daily.room(*self._whose_day, promise):
            receipt = await self._execute(command, promise)
        if not is_for_others:
            self._count([receipt], command.by, is_kept=promise is not None)
        return receipt

    @property
    def _whose_day(self) -> tuple[UUID, str, datetime]:
        """Whose room of which local day is taken up, from its midnight on."""
        return self.bank_id, self.user.actor, datetime.combine(self.today, datetime.min.time(), self.zone)

    async def _serves_others(self) -> bool:
        """Whether they have a role that is for this; asked before it is done, for nothing may fail after that."""
        access: Access = self.route_handler.opt["access"]
        return bool(access.roles and await self.sight.organisations(access.roles))

    def _count(self, outcomes: Sequence[Outcome], by: Acting, *, is_kept: bool) -> None:
        """Count what takes room beside one's own facts."""
        for each in outcomes:
            if isinstance(each, Receipt) and not isinstance(each, Repeated):
                whom = by.on_behalf_of or self.user.actor
                self.services.daily.done(*self._whose_day, each.facts, whom, is_kept=is_kept)

    def _is_own_matter(self, command: Command) -> bool:
        """Whether it is what people do about themselves, so often as they like; leaving can be done at any time."""
        access: Access = self.route_handler.opt["access"]
        is_own = (access.own or access.people or access.everybody) and command.by.authority in {"volunteer", "proxy"}
        return is_own and not isinstance(command, LeaveBank | EraseVolunteer)

    async def _execute(self, command: Command, promise: IdempotencyKey | None) -> Receipt:
        refused: Refusal | None = None
        for by in (command.by, *self.user.acting_also):
            try:
                receipt = await self.services.ledger.execute(
                    self.bank_id,
                    command if by is command.by else msgspec.structs.replace(command, by=by),
                    request_id=self.request_id,
                    key=promise,
                )
            except (NotFound, Forbidden) as refusal:
                refused = refused or refusal
            else:
                self.hand_out(receipt, self.bank_id)
                return receipt
        assert refused, "at least one right was tried"
        raise refused

    async def submit(self, commands: Sequence[Command], key: str | None, *, dry_run: bool) -> list[Outcome]:
        """Have several commands executed, each refused alone; of several rights each is done by the first that does."""
        promise = await self._promise(key)
        is_own = bool(commands) and not dry_run and self._is_own_matter(commands[0])
        is_counted = is_own and not await self._serves_others()
        async with self.services.daily.room(*self._whose_day, promise) if is_own else contextlib.nullcontext():
            outcomes = await self.services.ledger.submit(
                self.bank_id,
                await self._by_right(commands) if self.user.acting_also else commands,
                request_id=self.request_id,
                key=promise,
                dry_run=dry_run,
            )
        if is_counted:
            self._count(outcomes, commands[0].by, is_kept=promise is not None)
        if done := [each for each in outcomes if isinstance(each, Receipt)]:
            self.hand_out(max(done, key=lambda receipt: receipt.position), self.bank_id)
        return outcomes

    def hand_out(self, receipt: Receipt, bank_id: UUID) -> None:
        """Have the answer carry the receipt for the last fact in a header (RFC 9651), which says if it is old."""
        if receipt.leaf:
            said = f'{receipt.position};leaf=:{encoded(receipt.leaf)}:;log="{origin_of(bank_id)}"'
            set_header(self.scope, RECEIPT_HEADER, said)
        if isinstance(receipt, Repeated):
            set_header(self.scope, "Idempotency-Replayed", "true")

    async def _by_right(self, commands: Sequence[Command]) -> list[Command]:
        """The commands, each by the first right that is enough for it; what none is enough for, by the first."""
        tried = list(commands)
        for by in (*self.user.acting_also, self.acting):
            outcomes = await self.services.ledger.submit(self.bank_id, tried, dry_run=True)
            for n, outcome in enumerate(outcomes):
                if isinstance(outcome, NotFound | Forbidden):
                    tried[n] = msgspec.structs.replace(commands[n], by=by)
        return tried

    async def wait_for_reads(self) -> None:
        """Let the projections come to what this process has acknowledged, and to the position that the request names.

        Where it names none the wait is a courtesy, and ends with what is there. Raises `ProjectionBehindError`.
        """
        ledger, runner = self.services.ledger, self.services.runner
        named = position_of(self.scope["query_string"])
        position = max(named, ledger.head(self.bank_id))
        if runner.is_at(self.bank_id, position):
            return
        if named and named > await ledger.store.head(self.bank_id):
            raise not_yet()
        reached = await runner.reach(self.bank_id, position, READ_PATIENCE_SECONDS)
        if not reached and named and not runner.is_at(self.bank_id, named):
            raise ProjectionBehindError(named)

    async def json(self) -> Any:
        """The body, as the type that the handler takes; volunteers in it are named by their ids."""
        body = await super().json()
        said = set(in_body(body)) if isinstance(body, msgspec.Struct) else set()
        return put_in_body(body, await self.meant(said, self.user.person_id)) if said else body

    async def meant(self, said: Iterable[str], own_id: str | None) -> dict[str, str]:
        """The ids of the volunteers who are meant, by what was said of them; what means nobody is left as it is.

        What was said is remembered, so that a problem speaks of them in the same words.
        """
        spelt = {each: own_id if each == ME and own_id else as_number(each) for each in said}
        numbers = [each for each in spelt.values() if is_volunteer_number(each)]
        by_number = await volunteers.by_numbers(self.pool, self.bank_id, numbers) if numbers else {}
        meant = {each: by_number.get(number, number) for each, number in spelt.items()}
        self.said.update({found: each for each, found in meant.items() if found != each != ME})
        return meant

    @property
    def listener(self) -> Listener:
        """To whom what goes wrong is told."""
        return listener_of(self.scope)

    @property
    def said(self) -> dict[str, str]:
        """What was said instead of the ids that a request is about."""
        said: dict[str, str] = self.scope["state"].setdefault("said", {})
        return said

    async def named(self, items: Sequence[S], *, is_noted: bool = False) -> list[S]:
        """Items with the names of whom they are about, for whoever may see them; it is noted who reads them.

        Who was registered just now has their name too.
        """
        if ids_to_name(items):
            await self.wait_for_reads()
        shown = await named(self.sight, self.services.people, items)
        if shown.people and not is_noted:
            await self.note_again("people-read", people=shown.people)
        return shown.items

    async def must_be_known(self, parameter: str, value: str) -> None:
        """Refuse what there is not, naming what was looked for."""
        await self.wait_for_reads()
        await must_be_known(self.pool, self.bank_id, parameter, value)

    async def note(self, kind: Kind, *, with_address: bool = True, **detail: Any) -> None:
        """Write to the security log what is done with personal data; of reading, before it is done."""
        await self.services.security_log.record(
            self.bank_id,
            kind,
            self.visit if with_address else self.visit._replace(address=""),
            actor=self.user.actor,
            subject=self.acting.on_behalf_of,
            route=self.scope.get("path_template"),
            **({"as": self.user.role} | detail),
        )

    async def note_again(self, kind: Kind, **detail: Any) -> None:
        """Write to the security log what anybody can repeat without end: once a minute, and how often it was."""
        await self.services.repeated.record(
            self.bank_id,
            kind,
            self.visit,
            actor=self.user.actor,
            subject=self.acting.on_behalf_of,
            route=self.scope.get("path_template") or "-",
            **({"as": self.user.role} | detail),
        )

    async def must_be_proved(self) -> None:
        """Refuse people who have not just proved who they are; keys prove nothing. Raises `ProofNeeded`."""
        if self.user.kind != "program":
            await self.services.sign_in.sessions.must_be_proved(self.user.credential, self.visit.at)

    async def _promise(self, key: str | None) -> IdempotencyKey | None:
        """The caller's key with a fingerprint of what the request says."""
        if key is None:
            return None
        scope, whom = self.scope, self.acting.on_behalf_of
        said = self.method, scope["raw_path"], scope["query_string"], await self.body(), *([whom] if whom else [])
        digest = hashlib.sha256(msgspec.msgpack.encode(said)).digest()
        # Keyed: from a bare hash of what was said, a name or a phone in it could be guessed.
        fingerprints = self.services.people.keyring.indexes("request", digest)
        return IdempotencyKey(self.user.actor, key, tuple(each.encode() for each in fingerprints))


def visit(connection: ASGIConnection[Any, Any, Any, Any]) -> Visit:
    """When and whence a request comes, the id under which it is logged, and on which device it was made."""
    state, device = connection.scope["state"], device_of(connection.headers.get("user-agent", ""))
    return Visit(connection.app.state.services.ledger.clock(), state["address"], state["request_id"], device)


def happened(receipt: Receipt, kind: type[F]) -> F:
    """The fact of a kind among those that a command came to: the first, which a proxy's use may follow."""
    return next(fact for fact in receipt.facts if isinstance(fact, kind))
