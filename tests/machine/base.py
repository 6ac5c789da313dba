"""The real bank beside the model: opening it, doing things, who does them, and the clock."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from itertools import cycle
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.conftest import people_of
from tests.controls import ADMINISTRATOR, NOON, ZONE
from tests.machine.model import BODIES, NAMES, PEOPLE, Model
from timebank.domain.acting import Acting
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import ActorId, FundId, MembershipId, OrganisationId, VolunteerId, new_bank_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.memberships import AddMember, ApproveMembership, ChangeRole, EndMembership
from timebank.domain.organisations.organisations import ApproveOrganisation, ReinstateOrganisation, SuspendOrganisation
from timebank.domain.people.volunteers import SetConsent
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey, Receipt
from timebank.ledger.wake import Waker
from timebank.projections import EVERY, FOLLOWING
from timebank.projections.machinery.rebuild import rebuild
from timebank.projections.machinery.runner import Runner
from timebank.runtime.composition import hooks

people = st.integers(0, PEOPLE - 1)
bodies = st.integers(0, BODIES - 1)


def act(when: Callable[..., Any] = lambda machine: True, /, **strategies: st.SearchStrategy[Any]) -> Any:
    """Something that can be done when a condition holds, with arguments that are drawn.

    Rules choose among such acts. Were each a rule, Hypothesis would switch every other one off, and little come about.
    """

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        @wraps(method)
        def draw_and_do(self: Any, data: st.DataObject) -> None:
            method(self, **{
                name: data if name == "data" else data.draw(strategy, name) for name, strategy in strategies.items()
            })  # fmt: skip

        draw_and_do.when = when  # type: ignore[attr-defined]
        return draw_and_do

    return mark


class Base(RuleBasedStateMachine):
    """A bank of the test's database, two processes that write to it, and the model."""

    url: ClassVar[str]
    happened: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.model = Model()
        self.sent: list[tuple[Command, IdempotencyKey, Any]] = []
        self.count = self.steps = 0
        self.run(self._open())

    def run(self, coroutine: Any) -> Any:
        """Wait for something."""
        return self.loop.run(coroutine)

    async def _open(self) -> None:
        self.pool = await asyncpg.create_pool(self.url, min_size=2, max_size=5)
        self.store = Store(self.pool, Waker())
        self.bank_id = UUID(new_bank_id())
        await self.store.open_bank(self.bank_id, "Test bank", str(ZONE))
        self.people = await people_of(self.pool)
        self._start()
        await self.ledger.execute(self.bank_id, OpenBank(by=ADMINISTRATOR, at=NOON, name="x", timezone=str(ZONE)))

    def _start(self) -> None:
        self.ledger, self.rival = (
            Ledger(self.store, self.people, clock=lambda: self.model.now, hooks=hooks(self.people)) for _ in range(2)
        )
        self.runner = Runner(self.store, FOLLOWING)

    async def _stop(self) -> None:
        await self.ledger.close()
        await self.rival.close()

    # Names

    def person(self, n: int) -> VolunteerId:
        """A volunteer's id; identifiers are of this bank only."""
        return VolunteerId(f"vol_{n}")

    def body(self, n: int) -> OrganisationId:
        """An organisation's id."""
        return OrganisationId(f"org_{n}")

    def fund(self, key: str) -> FundId:
        """A fund's id."""
        return FundId(key)

    def acting(self, who: str, body: int, person: int) -> Acting:
        """Who acts: the office, the body's own program, its last member with a role, the person, or somebody else."""
        if who == "administrator":
            return ADMINISTRATOR
        if who in ("body", "stranger"):
            return self.program(body if who == "body" else 1 - body)
        members = [n for (where, n), (_, status) in self.model.roles.items() if where == body and status == "approved"]
        return self.volunteer(members[-1] if who == "member" and members else person)

    def volunteer(self, n: int) -> Acting:
        """Somebody in person."""
        return Acting(ActorId(self.person(n)), "volunteer")

    def program(self, body: int) -> Acting:
        """A body's own program."""
        return Acting(ActorId(self.body(body)), "organisation")

    def everybody(self) -> list[Acting]:
        """All who could act."""
        return [ADMINISTRATOR, *map(self.program, range(BODIES)), *map(self.volunteer, range(PEOPLE))]

    def number(self) -> int:
        """One more."""
        self.count += 1
        return self.count

    def pick(self, data: st.DataObject, options: Sequence[Any], is_possible: Callable[..., bool]) -> Any:
        """Mostly something that has to work, if there is any such thing; else anything."""
        good = [option for option in options if is_possible(*option)]
        return data.draw(st.sampled_from(good if good and data.draw(st.integers(0, 3)) else options))

    def one_of(self, data: st.DataObject, *acts: Any) -> None:
        """Do one of several things that can be done now; in the simplest history, one after the other."""
        possible = [each for each in acts if each.when(self)]
        self.steps += 1
        chosen = possible[(data.draw(st.integers(0, len(possible) - 1)) + self.steps * 7) % len(possible)]
        note(chosen.__name__)
        chosen(data)

    # Doing

    def say(self, kind: Any, by: Acting = ADMINISTRATOR, /, **fields: Any) -> Command:
        """A command of now."""
        return kind(by=by, at=self.model.now, **fields)

    def key(self, command: Command) -> IdempotencyKey:
        """A key that was not used."""
        said = hashlib.sha256(repr(command).encode()).digest()
        return IdempotencyKey(command.by.actor, f"key-{self.number()}", (said,))

    def do(self, command: Command, expected: bool) -> Any:
        """Do something under a key; it happens, or is refused and leaves no trace, as the model expects."""
        key = self.key(command)
        head = self.run(self.store.head(self.bank_id))
        (outcome,) = self.run(self.ledger.submit(self.bank_id, [command], key=key))
        is_done = isinstance(outcome, Receipt)
        assert is_done == expected, f"{command}: {outcome!r}"
        if not is_done:
            assert self.run(self.store.head(self.bank_id)) == head
            self.happened[outcome.kind] += 1
        self.sent.append((command, key, outcome))
        return outcome

    def at_once(self, commands: Sequence[Command], key: IdempotencyKey | None = None) -> list[Any]:
        """Do several things at the same time, in two processes."""

        async def submit(ledger: Ledger, command: Command) -> Any:
            (outcome,) = await ledger.submit(self.bank_id, [command], key=key)
            return outcome

        async def submit_all() -> list[Any]:
            ledgers = cycle((self.ledger, self.rival))
            return await asyncio.gather(*(submit(next(ledgers), command) for command in commands))

        return self.run(submit_all())

    def winner(self, commands: Sequence[Command]) -> int:
        """Which of several things that are done at the same time happens: exactly one does (I6).

        Which one is up to chance, and what is done later must not be: Hypothesis has to be able to do it all again. So
        either they are all alike, or what the winner did is undone.
        """
        won = [n for n, outcome in enumerate(self.at_once(commands)) if isinstance(outcome, Receipt)]
        assert len(won) == 1, f"I6: {won} of {commands}"
        self.happened[f"race won by {type(commands[won[0]]).__name__}"] += 1
        return won[0]

    def quietly(self, command: Command) -> None:
        """Do something that is possible, and that no other rule is to know of."""
        (outcome,) = self.at_once([command])
        assert isinstance(outcome, Receipt), outcome

    # Time, and the clock

    @act(hours=st.sampled_from([1, 6, 20, 30, 100]))
    def time_passes(self, hours: int) -> None:
        """It is later."""
        self.model.now += timedelta(hours=hours)

    def span(self, days: int, hour: int, minutes: int) -> tuple[datetime, datetime]:
        """Some time, some days ago."""
        start = self.model.now.replace(hour=hour) - timedelta(days=days)
        return start, start + timedelta(minutes=minutes)

    # Bodies and their members

    @act(lambda self: self.count % 3)
    def approve_the_other_body(self) -> None:
        """A body is approved once."""
        expected = 1 not in self.model.approved
        self.do(self.say(ApproveOrganisation, organisation_id=self.body(1)), expected)
        if expected:
            self.model.approved.add(1)
            self.model.closed.discard(1)

    @act(n=st.just(BODIES - 1), suspend=st.booleans())
    def suspend_or_reinstate_body(self, n: int, suspend: bool) -> None:
        """Bodies are suspended only when approved."""
        kind = SuspendOrganisation if suspend else ReinstateOrganisation
        expected = n in self.model.approved and suspend != (n in self.model.closed)
        self.do(self.say(kind, organisation_id=self.body(n), reason="x"), expected)
        if expected:
            (self.model.closed.add if suspend else self.model.closed.discard)(n)

    @act(
        body=bodies, n=people, accept=st.booleans(),
        role=st.sampled_from(["member", "recorder", "verifier", "coordinator", "merchant"]),
    )  # fmt: skip
    def add_member(self, body: int, n: int, role: Any, accept: bool) -> None:
        """One open membership each; mostly the office lets them in at once."""
        self._add(body, n, role)
        if accept and self.model.roles.get((body, n)) == (role, "invited"):
            self._approve(body, n, ADMINISTRATOR)

    def _add(self, body: int, n: int, role: Any) -> None:
        ids = {"organisation_id": self.body(body), "volunteer_id": self.person(n)}
        expected = (body, n) not in self.model.roles and body not in self.model.closed and self.model.is_active(n)
        self.do(self.say(AddMember, membership_id=MembershipId(f"mem_{self.number()}"), role=role, **ids), expected)
        if expected:
            self.model.roles[body, n] = role, "invited"

    @act(body=bodies, n=people, accept=st.booleans())
    def approve_member(self, body: int, n: int, accept: bool) -> None:
        """An invitation is accepted, or the office lets somebody in."""
        self._approve(body, n, self.volunteer(n) if accept else ADMINISTRATOR)

    def _approve(self, body: int, n: int, by: Acting) -> None:
        role, status = self.model.roles.get((body, n), ("", "none"))
        expected = status == "invited" and body not in self.model.closed and self.model.is_active(n)
        self.do(self.say(ApproveMembership, by, organisation_id=self.body(body), volunteer_id=self.person(n)), expected)
        if expected:
            self.model.roles[body, n] = role, "approved"

    @act(body=bodies, n=people, role=st.sampled_from(["recorder", "verifier", "merchant"]), end=st.booleans())
    def change_or_end(self, body: int, n: int, role: Any, end: bool) -> None:
        """Roles change and memberships end."""
        ids = {"organisation_id": self.body(body), "volunteer_id": self.person(n)}
        command = self.say(EndMembership, **ids) if end else self.say(ChangeRole, role=role, **ids)
        before, status = self.model.roles.get((body, n), ("", "none"))
        expected = status == "approved" and (end or role != before)
        self.do(command, expected)
        if expected and end:
            del self.model.roles[body, n]
        elif expected:
            self.model.roles[body, n] = role, "approved"

    @act(n=people, granted=st.booleans())
    def consent(self, n: int, granted: bool) -> None:
        """A consent is given, or taken back."""
        wish = self.say(
            SetConsent, self.volunteer(n), volunteer_id=self.person(n), purpose="leaderboard", granted=granted,
            alias=NAMES[n] * 2,
        )  # fmt: skip
        expected = n not in self.model.erased and not (granted and n in self.model.left)
        outcome = self.do(wish, expected)
        if expected:
            assert len(outcome.facts) == (granted != (n in self.model.shown))
            (self.model.shown.add if granted else self.model.shown.discard)(n)

    # I5

    @act(lambda self: self.sent, data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """I5: what happened under a key is told again, and does not happen again; for something else it is refused."""
        done = [each for each in self.sent if isinstance(each[2], Receipt)]
        command, key, outcome = data.draw(st.sampled_from(done[-8:]))
        head = self.run(self.store.head(self.bank_id))
        (again,) = self.run(self.ledger.submit(self.bank_id, [command], key=key))
        assert again == outcome
        another = key._replace(fingerprints=(b"other",))
        (other,) = self.run(self.ledger.submit(self.bank_id, [command], key=another))
        assert isinstance(other, IdempotencyKeyReused)
        assert self.run(self.store.head(self.bank_id)) == head

    # What must not matter

    @act()
    def restart(self) -> None:
        """A new process knows what the old one did."""
        self.run(self._stop())
        self._start()

    @act(projection=st.sampled_from(EVERY))
    def rebuild_one(self, projection: Any) -> None:
        """A read model is made anew."""
        self.run(rebuild(self.pool, projection))

    @act()
    def catch_up(self) -> None:
        """The read models move on."""
        self.run(self.runner.catch_up(self.bank_id))
