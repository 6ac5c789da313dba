"""Attendance: signing up and off, signing in and out, closing an activity, and confirming what came of it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from timebank.access.sight import masked
from timebank.access.table import PEOPLE, REVIEW_SERVICE, TAKE_PART
from timebank.api.activities.activities import organises, seen_activity
from timebank.api.http.lists import whole
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, IdempotencyHeader, Somebody, Status
from timebank.api.http.telling.troubles import Problem, of_refusal
from timebank.domain.activities.attendance import CheckIn, CheckOut, EntryId
from timebank.domain.activities.closing import CloseActivity, LogPresence
from timebank.domain.activities.refusals import ActivityUnknown, CodeNotValid
from timebank.domain.activities.sign_ups import SignUp, WithdrawSignUp
from timebank.domain.facts.activities import ActivityClosed, SignUpMade
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.identifiers import ActivityId, RecordId, VolunteerId, new_entry_id, new_record_id
from timebank.domain.kernel import Moment
from timebank.domain.organisations.memberships import VERIFIES_SERVICE
from timebank.domain.refusing import Refusal
from timebank.domain.service.reviews import ConfirmService
from timebank.ledger.submission import Outcome, Receipt, Repeated
from timebank.projections.activities import activities
from timebank.projections.activities.activities import RollEntry
from timebank.projections.organisations import memberships
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import Brief
from timebank.projections.service import records
from timebank.vault.check_in_codes import code_at, is_shown

ENTRIES, AT_ONCE = 500, 500

CODES, THERE = "place-code", "activity"
"""Under which name, and as from where, the codes are counted that somebody tries."""


class WhoRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who it is about: whoever asks, if nobody is said."""

    volunteer_id: Somebody = "me"


class PlaceCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that is shown at the place, scanned or typed."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]


class EntryRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That somebody came or left, by the leader's list: now, or when it was, if it is taken in later.

    `entry_id` is made where it is entered: the same entry sent twice counts once.
    """

    entry_id: EntryId
    volunteer_id: Somebody
    kind: Literal["in", "out"]
    moment: Moment | None = None


class EntriesRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 500 entries, in the order in which they were made."""

    entries: Annotated[list[EntryRequest], Meta(min_length=1, max_length=ENTRIES)]


class LogPresenceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose presence is logged, and when they left, if they did not sign out."""

    volunteer_id: Somebody
    left_at: Moment | None = None


class SignedUp(Status, frozen=True, kw_only=True):
    """Whether there is a seat (`signed-up`), or one waits for one (`waiting`)."""

    activity_id: str
    volunteer_id: str


class ShownCode(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown at the place until a moment, when it turns: to be scanned, or to be typed."""

    code: str
    digits: str
    until: Moment


class EntryVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one entry: `taken`, `known` if it had come before, or `refused`, with the reason."""

    entry_id: str
    status: Literal["taken", "known", "refused"]
    problem: Problem | None = None


class EntriesResult(msgspec.Struct, frozen=True):
    """The verdicts in the order of the entries, and the position of the log after them."""

    results: list[EntryVerdict]
    position: int


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """How many were there, and of whom there is a record that waits; who did not come, which counts for nothing.

    `unclosed` did not sign out, and `left` could not be logged by whoever closed it: somebody has to see to them.
    """

    activity_id: str
    record_ids: list[str]
    absent: list[str]
    unclosed: list[str]
    left: list[str]
    position: int


class PresenceLogged(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a presence, which wait to be confirmed."""

    record_ids: list[str]
    position: int


class ConfirmedAtOnce(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of the activity were confirmed, and which were not, with the reasons."""

    confirmed: int
    minutes: int
    refused: list["NotConfirmed"]
    position: int


class NotConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be confirmed, and why."""

    record_id: str
    problem: Problem


class AttendanceController(Controller):
    """`/v1/activities/{activity_id}`"""

    path = "/activities/{activity_id:str}"
    tags = ("Activities",)

    @post("/sign-ups", responses=WRITES, access=TAKE_PART)
    async def sign_up(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[WhoRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> SignedUp:
        """Sign up, or have somebody signed up by whoever organises or leads the activity."""
        who = VolunteerId(data.volunteer_id)
        command = SignUp(**request.stamp, activity_id=ActivityId(activity_id), volunteer_id=who)
        receipt = await request.execute(command, idempotency_key)
        made = next(fact for fact in receipt.facts if isinstance(fact, SignUpMade))
        status = "waiting" if made.is_waiting else "signed-up"
        return SignedUp(activity_id=activity_id, volunteer_id=who, status=status, position=receipt.position)

    @post("/sign-ups/withdraw", status_code=200, responses=WRITES, access=TAKE_PART)
    async def withdraw_sign_up(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[WhoRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> SignedUp:
        """Sign off; the seat goes to whoever waited longest."""
        who = VolunteerId(data.volunteer_id)
        command = WithdrawSignUp(**request.stamp, activity_id=ActivityId(activity_id), volunteer_id=who)
        receipt = await request.execute(command, idempotency_key)
        return SignedUp(activity_id=activity_id, volunteer_id=who, status="withdrawn", position=receipt.position)

    @get("/code", responses=READS, access=TAKE_PART)
    async def show_place_code(self, request: BankRequest, activity_id: FromPath[str]) -> ShownCode:
        """The code to be shown at the place, for whoever organises or leads the activity; it turns twice a minute."""
        await _must_organise(request, activity_id)
        shown = code_at(request.services.people.keyring, activity_id, request.now)
        return ShownCode(code=shown.code, digits=shown.digits, until=shown.until)

    @post("/check-in", status_code=200, responses=WRITES, access=PEOPLE)
    async def check_in(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[PlaceCodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Status:
        """Sign in oneself, by the code that is shown at the place."""
        command = CheckIn(**request.stamp, **await _own_entry(request, activity_id, data.code))
        receipt = await request.execute(command, idempotency_key)
        return Status(status="in", position=receipt.position)

    @post("/check-out", status_code=200, responses=WRITES, access=PEOPLE)
    async def check_out(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[PlaceCodeRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Status:
        """Sign out oneself, by the code that is shown at the place."""
        command = CheckOut(**request.stamp, **await _own_entry(request, activity_id, data.code))
        receipt = await request.execute(command, idempotency_key)
        return Status(status="out", position=receipt.position)

    @get("/roll", responses=READS, access=TAKE_PART)
    async def call_roll(self, request: BankRequest, activity_id: FromPath[str]) -> list[RollEntry]:
        """Who signed up, who is there and who was, for whoever organises or leads the activity; reading it is noted."""
        organisation_id = await _must_organise(request, activity_id)
        found = await activities.roll(request.pool, request.bank_id, activity_id)
        ids = sorted({each.volunteer_id for each in found})
        await request.note_again("people-read", people=len(ids))
        briefs = await volunteers.briefly(request.pool, request.services.people, request.bank_id, ids)
        members = await memberships.approved_among(request.pool, request.bank_id, organisation_id, ids)
        known = set(ids) if request.sight.sees_people else members
        shown = [_with_name(each, briefs.get(each.volunteer_id), is_known=each.volunteer_id in known) for each in found]
        return await whole(request, shown, is_named=True)

    @post("/entries", status_code=200, responses=WRITES, access=TAKE_PART)
    async def enter_attendance(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[EntriesRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> EntriesResult:
        """Enter who came and left, by the leader's list, also what was entered there without a network.

        Each has a verdict; it counts as so many requests as it has entries.
        """
        request.must_afford(len(data.entries))
        commands = [_entry(request, activity_id, each) for each in data.entries]
        outcomes = await request.submit(commands, idempotency_key, dry_run=False)
        position = max((each.position for each in outcomes if isinstance(each, Receipt)), default=0)
        position = position or await request.services.ledger.store.head(request.bank_id)
        return EntriesResult(list(_verdicts(request, data.entries, outcomes)), position)

    @post("/close", status_code=200, responses=WRITES, access=TAKE_PART)
    async def close_activity(
        self, request: BankRequest, activity_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> Closed:
        """Close an activity that is over: a record of each who was there is logged, but never one's own."""
        command = CloseActivity(**request.stamp, activity_id=ActivityId(activity_id), first_record_id=new_record_id())
        receipt = await request.execute(command, idempotency_key)
        fact = next(fact for fact in receipt.facts if isinstance(fact, ActivityClosed))
        return Closed(
            activity_id=activity_id,
            record_ids=_record_ids(receipt),
            absent=list(fact.absent),
            unclosed=list(fact.unclosed),
            left=list(fact.left),
            position=receipt.position,
        )

    @post("/presences", responses=WRITES, access=TAKE_PART)
    async def log_presence(
        self,
        request: BankRequest,
        activity_id: FromPath[str],
        data: JSONBody[LogPresenceRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> PresenceLogged:
        """Log a presence that closing left out, and say when they left; of somebody else, and soon."""
        command = LogPresence(
            **request.stamp,
            activity_id=ActivityId(activity_id),
            first_record_id=new_record_id(),
            volunteer_id=VolunteerId(data.volunteer_id),
            left_at=data.left_at,
        )
        receipt = await request.execute(command, idempotency_key)
        return PresenceLogged(record_ids=_record_ids(receipt), position=receipt.position)

    @post("/confirm", status_code=200, responses=WRITES, access=REVIEW_SERVICE)
    async def confirm_activity(
        self, request: BankRequest, activity_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> ConfirmedAtOnce:
        """Confirm all that waits of an activity at once, 500 records at the most: by whoever did not log it.

        What was amended since it was closed is looked at, and confirmed by itself. It counts as so many requests as
        there are records.
        """
        activity = await seen_activity(request, activity_id)
        verifies = await request.sight.organisations(VERIFIES_SERVICE)
        if not (request.sight.sees_people or activity.organisation_id in verifies):
            raise ActivityUnknown(activity_id=activity_id)
        at_once = min(AT_ONCE, request.app.state.rate_per_principal.per_minute)
        waiting = await records.waiting_of(request.pool, request.bank_id, activity_id, at_once)
        request.must_afford(len(waiting))
        commands = [ConfirmService(**request.stamp, record_id=RecordId(each), only_as_logged=True) for each in waiting]
        outcomes = refused = await request.submit(commands, idempotency_key, dry_run=False)
        if len(outcomes) != len(commands) or any(isinstance(each, Repeated) for each in outcomes):
            # What waits now is not what waited then: why it still does is decided once more.
            refused = await request.submit(commands, None, dry_run=True)
        facts = [fact for each in outcomes if isinstance(each, Receipt) for fact in each.facts]
        confirmed = [fact for fact in facts if isinstance(fact, ServiceConfirmed)]
        position = max((each.position for each in outcomes if isinstance(each, Receipt)), default=0)
        return ConfirmedAtOnce(
            confirmed=len(confirmed),
            minutes=sum(fact.minutes for fact in confirmed),
            refused=[
                NotConfirmed(record_id=record_id, problem=of_refusal(each, request.listener))
                for record_id, each in zip(waiting, refused, strict=True)
                if isinstance(each, Refusal)
            ],
            position=position or await request.services.ledger.store.head(request.bank_id),
        )


async def _must_organise(request: BankRequest, activity_id: str) -> str:
    """The organisation whose activity it is.

    Refuses whoever neither organises nor leads an activity: to them it has no list. Raises `ActivityUnknown`.
    """
    activity = await seen_activity(request, activity_id)
    if not await organises(request, activity):
        raise ActivityUnknown(activity_id=activity_id)
    return activity.organisation_id


def _with_name(entry: RollEntry, person: Brief | None, *, is_known: bool) -> RollEntry:
    """With name and number, of members and whoever came themselves; anybody can sign somebody else up, by an id."""
    if person is None:
        return entry
    if is_known or entry.is_own or entry.proof_in == "code":
        return msgspec.structs.replace(entry, volunteer_name=person.name, volunteer_number=person.number)
    return msgspec.structs.replace(entry, volunteer_name=masked(person.name))


async def _own_entry(request: BankRequest, activity_id: str, said: str) -> dict[str, Any]:
    """What signing in or out oneself says. Raises `CodeNotValid`; after too many of them `TooManyAttempts`.

    Tries are counted before the code is compared, by all processes together, for each activity: who knows the code of
    one guesses no more of another's.
    """
    code, bank_id, attempts = said.strip().replace(" ", ""), request.bank_id, request.services.attempts
    counted = f"{CODES} {request.user.actor} {activity_id}", THERE
    if not await activities.is_known(request.pool, bank_id, activity_id):
        raise ActivityUnknown(activity_id=activity_id)
    await attempts.begin(bank_id, *counted, request.visit.at)
    if not is_shown(request.services.people.keyring, activity_id, code, request.now):
        await attempts.failed(bank_id, *counted, request.user.actor)
        raise CodeNotValid
    await attempts.forget(bank_id, *counted)
    return {
        "activity_id": ActivityId(activity_id),
        "volunteer_id": VolunteerId(request.user.actor),
        "proof": "code",
        "entry_id": new_entry_id(),
    }


def _entry(request: BankRequest, activity_id: str, entry: EntryRequest) -> CheckIn | CheckOut:
    kind = CheckIn if entry.kind == "in" else CheckOut
    return kind(
        **request.stamp,
        activity_id=ActivityId(activity_id),
        volunteer_id=VolunteerId(entry.volunteer_id),
        proof="leader",
        entry_id=entry.entry_id,
        moment=entry.moment,
    )


def _verdicts(
    request: BankRequest, entries: Sequence[EntryRequest], outcomes: Sequence[Outcome]
) -> Iterator[EntryVerdict]:
    for entry, outcome in zip(entries, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            problem = of_refusal(outcome, request.listener)
            yield EntryVerdict(entry_id=entry.entry_id, status="refused", problem=problem)
        else:
            yield EntryVerdict(entry_id=entry.entry_id, status="taken" if outcome.facts else "known")


def _record_ids(receipt: Receipt) -> list[str]:
    return [fact.record_id for fact in receipt.facts if isinstance(fact, ServiceLogged)]
