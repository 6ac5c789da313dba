"""The real bank beside the model: opening it, doing things, who does them, and the clock."""

import faulthandler
import hashlib
from asyncio import gather
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from itertools import cycle
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from hypothesis import event, note, target
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.controls import ADMINISTRATOR, ZONE
from tests.helpers.patience import PATIENCE_SECONDS
from tests.machine.bench import Bench
from tests.machine.model import BODIES, PEOPLE, Model
from timebank.domain.acting import Acting
from timebank.domain.credit.accounts import postings
from timebank.domain.identifiers import ActorId, FundId, OrganisationId, VolunteerId, new_bank_id
from timebank.domain.kernel import Command
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey, Receipt
from timebank.ledger.wake import Waker
from timebank.projections import EVERY, FOLLOWING
from timebank.projections.machinery.rebuild import rebuild, verify
from timebank.projections.machinery.runner import Runner
from timebank.runtime.composition import hooks

people = st.sampled_from([0, 1, 2, 3, 0, 1, 2, 4])
bodies = st.sampled_from([0, 0, 0, 1, 1, 2])
"""Those who were there first are busier, so that more comes of it."""
which = st.integers(0, 255)
"""The how-manieth of all there are to choose from, over and over."""
sensible = st.sampled_from([True, True, True, False])
"""Whether it is one of those that have to work, if there are any such."""
rivals = st.integers(2, 5)
"""How many do something at the same moment."""


F = TypeVar("F", bound=Callable[..., None])


def act(when: Callable[[Any], Any] = lambda machine: True, /, **drawn: st.SearchStrategy[Any]) -> Callable[[F], F]:
    """A rule: something that can be done while a condition holds, with arguments that are drawn."""

    def mark(method: F) -> F:
        @wraps(method)
        def carefully(self: "Base", **arguments: Any) -> None:
            with self.carefully():
                method(self, **arguments)
                self.accounts_are_those_of_the_model()

        as_rule: Any = rule
        return cast("F", precondition(lambda machine: bool(when(machine)))(as_rule(**drawn)(carefully)))

    return mark


def told(command: Command) -> str:
    """A command in short: who does what, and all that is not as it would be unsaid."""
    said = {name: getattr(command, name) for name in command.__struct_fields__ if name not in ("by", "at", "code_hash")}
    fields = ", ".join(f"{name}={value!s:.80}" for name, value in said.items() if value is not None and value != ())
    return f"{command.at:%a %H:%M}, {command.by.actor}: {type(command).__name__}({fields})"


class Base(RuleBasedStateMachine):
    """A bank of the test's database, two processes that write to it, and the model."""

    bench: ClassVar[Bench]
    note = staticmethod(note)

    def __init__(self) -> None:
        super().__init__()
        # Whatever hangs is ended; but one history must not take longer, while all of them, and shrinking, may.
        faulthandler.dump_traceback_later(2 * PATIENCE_SECONDS, exit=True, file=2)
        self.run, self.pool, self.people = self.bench.run, self.bench.pool, self.bench.people
        self.model = Model()
        self.sent: list[tuple[Command, IdempotencyKey, Receipt]] = []
        self.happened: set[str] = set()
        self.count = self.head = 0
        self.gathered: list[Command] | None = None
        self.is_broken = False
        self.run(self._open())

    async def _open(self) -> None:
        self.store = Store(self.pool, Waker())
        self.bank_id = UUID(new_bank_id())
        await self.store.open_bank(self.bank_id, "Test bank", str(ZONE))
        self._start()

    def _start(self) -> None:
        self.ledger, self.rival = (
            Ledger(self.store, self.people, clock=lambda: self.model.now, hooks=hooks(self.people)) for _ in range(2)
        )
        self.runner = Runner(self.store, FOLLOWING)

    async def _stop(self) -> None:
        await self.ledger.close()
        await self.rival.close()

    @contextmanager
    def carefully(self) -> Iterator[None]:
        """Remember that something went wrong: then the model is behind, and looking closely would say so again."""
        try:
            yield
        except BaseException:
            self.is_broken = True
            raise

    async def look_closely(self) -> None:
        """Look at all that holds of any history and takes long to look at."""

    def teardown(self) -> None:
        """Look closely, once, and go; a history in which much happened is worth varying."""
        self.look_and_go()
        if not self.is_broken:
            for what in self.happened:
                event(what)
            target(len(self.happened), label="different things that happened")

    def look_and_go(self) -> None:
        """Look closely, unless something has gone wrong already, and leave nothing behind."""
        try:
            if not self.is_broken:
                self.run(self.look_closely())
                self.bench.happened.update(self.happened)
        finally:
            self.run(self._stop())
            self.run(self.bench.forget(self.bank_id))

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
            return self.program(body if who == "body" else (body + 1) % BODIES)
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

    def pick(self, options: Sequence[Any], which: int, sensible: bool, is_possible: Callable[..., bool]) -> Any:
        """One of several; a sensible choice has to work, if anything does."""
        good = [option for option in options if is_possible(*option)] if sensible else []
        return (good or options)[which % len(good or options)]

    # Doing

    def say(self, kind: Any, by: Acting = ADMINISTRATOR, /, **fields: Any) -> Command:
        """A command of now."""
        command: Command = kind(by=by, at=self.model.now, **fields)
        return command

    def key(self, command: Command) -> IdempotencyKey:
        """A key that was not used."""
        said = hashlib.sha256(repr(command).encode()).digest()
        return IdempotencyKey(command.by.actor, f"key-{self.number()}", (said,))

    def do(self, command: Command, expected: bool) -> Any:
        """Do something under a key; it happens, or is refused, as the model expects."""
        if self.gathered is not None:
            assert expected
            return self.gathered.append(command)
        key = self.key(command)
        self._note(command)
        (outcome,) = self.run(self.ledger.submit(self.bank_id, [command], key=key))
        self._take_in(outcome)
        assert isinstance(outcome, Receipt) == expected, f"{command}: {outcome!r}"
        if isinstance(outcome, Receipt):
            self.sent.append((command, key, outcome))
        return outcome

    @contextmanager
    def in_one_go(self) -> Iterator[None]:
        """What is done meanwhile is done together at the end, and all of it happens; nobody is told of it."""
        self.gathered = []
        yield
        commands, self.gathered = self.gathered, None
        for command, outcome in zip(commands, self.run(self.ledger.submit(self.bank_id, commands)), strict=True):
            assert isinstance(outcome, Receipt), f"{command}: {outcome!r}"
            self._take_in(outcome)

    def _note(self, command: Command) -> None:
        """What is done, for whoever reads how a history failed."""
        self.note(f"    # {told(command)}")

    def _take_in(self, outcome: Any) -> None:
        """I1: what happens, happens to accounts that sum to zero."""
        if not isinstance(outcome, Receipt):
            self.happened.add(outcome.kind)
            return
        self.head = max(self.head, outcome.position)
        for fact in outcome.facts:
            self.happened.add(fact.TOPIC)
            assert sum(line.minutes for line in postings(fact)) == 0, f"I1: {fact}"

    def at_once(self, commands: Sequence[Command], key: IdempotencyKey | None = None) -> list[Any]:
        """Do several things at the same time, in two processes."""

        async def submit(ledger: Ledger, command: Command) -> Any:
            (outcome,) = await ledger.submit(self.bank_id, [command], key=key)
            return outcome

        async def submit_all() -> list[Any]:
            ledgers = cycle((self.ledger, self.rival))
            return await gather(*(submit(next(ledgers), command) for command in commands))

        for command in commands:
            self._note(command)
        outcomes = self.run(submit_all())
        for outcome in outcomes:
            self._take_in(outcome)
        return outcomes

    def winner(self, commands: Sequence[Command]) -> int:
        """I6: which of several things that are done at the same time happens: exactly one does.

        Which one is up to chance, and what is done later must not be: Hypothesis has to be able to do it all again. So
        either they are all alike, or what the winner did is undone.
        """
        won = [n for n, outcome in enumerate(self.at_once(commands)) if isinstance(outcome, Receipt)]
        assert len(won) == 1, f"I6: {won} of {commands}"
        self.happened.add(f"race won by {type(commands[won[0]]).__name__}")
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

    # After every step

    def accounts_are_those_of_the_model(self) -> None:
        """I1, I2, I3: refusals leave no trace, nothing is below zero or lost, and all accounts are as the model says.

        No `@invariant`, for those are printed after every step, and what is printed has to be short.
        """
        seen = self.run(self.bench.look(self.bank_id))
        assert seen.head == self.head, "what was refused is in the log"
        assert seen.remainder == 0, "I1"
        assert all(minutes >= 0 for each in seen.accounts.values() for minutes in each), "I2"
        assert seen.accounts == {self.person(n): self.model.accounts(n) for n in self.model.registered}, "I2, I3"
        assert seen.funds == {key: fund.minutes for key, fund in self.model.funds.items()}, "funds"
        if any(self.model.debts.values()):
            self.happened.add("somebody was in debt")

    # I5

    @act(lambda self: self.sent, which=which)
    def repeat(self, which: int) -> None:
        """I5: what happened under a key is told again, and does not happen again; for something else it is refused."""
        command, key, outcome = self.sent[-1 - which % len(self.sent)]
        (again,) = self.run(self.rival.submit(self.bank_id, [command], key=key))
        assert again == outcome, "I5"
        another = key._replace(fingerprints=(b"other",))
        (other,) = self.run(self.ledger.submit(self.bank_id, [command], key=another))
        assert isinstance(other, IdempotencyKeyReused), "I5"

    # What must not matter

    @act()
    def restart(self) -> None:
        """A new process knows what the old one did."""
        self.run(self._stop())
        self._start()

    @act()
    def catch_up(self) -> None:
        """The read models move on."""
        self.run(self.runner.catch_up(self.bank_id))

    @act(projection=st.sampled_from(EVERY).map(lambda each: each.name))
    def rebuild_one(self, projection: str) -> None:
        """I4: a read model is made anew, beside what there is, and is the same."""
        (made,) = (each for each in EVERY if each.name == projection)
        compared = self.run(verify(self.pool, made, self.bank_id))
        assert compared.is_equal, f"I4: {compared.differences}"
        self.run(rebuild(self.pool, made))
