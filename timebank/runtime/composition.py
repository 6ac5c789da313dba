"""Putting the services together: started in the order in which they need each other, stopped in the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from timebank.db.connections import Pool
from timebank.identity.erasure import Erasure
from timebank.identity.limits.attempts import Attempts
from timebank.identity.limits.repeated import Repeated
from timebank.identity.oidc import OpenIdProvider, Provider, open_id_provider
from timebank.identity.passwords import Passwords
from timebank.identity.phones import Phones
from timebank.identity.principals import Principals, tell_changes
from timebank.identity.registrations import Registrations
from timebank.identity.second_factor import SecondFactors
from timebank.identity.security_log import SecurityLog, Visit
from timebank.identity.senders import ConsoleSender, FileSender, GatewaySender, Sender
from timebank.identity.sessions import CHANNEL, Sessions
from timebank.identity.signing_in import SignIn
from timebank.ledger.daily_facts import DailyLimit
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.ledger.meter import NO_METER, Meter
from timebank.ledger.store import Store
from timebank.ledger.tasks import Background, end, in_background
from timebank.ledger.wake import Waker
from timebank.ledger.writer import Loss, WentBack
from timebank.projections import EVERY, FOLLOWING, INLINE
from timebank.projections.credit.balances import Balances
from timebank.projections.machinery.rebuild import make_current
from timebank.projections.machinery.runner import Runner
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.signer import Signer, signer_for
from timebank.proofs.witness import Witness
from timebank.runtime.clock import ClockGuard, utc_now
from timebank.runtime.database.opening import keyring_of, opened
from timebank.runtime.garbage import collect_rarely
from timebank.runtime.readiness import Readiness
from timebank.runtime.settings import Settings
from timebank.runtime.standby import StandbyGuard
from timebank.runtime.upkeep.binding import bind_on
from timebank.runtime.upkeep.comparing import compare_on
from timebank.runtime.upkeep.erasures import Erasures
from timebank.runtime.upkeep.expiry import expire_overdue
from timebank.runtime.upkeep.housekeeping import Kept, sweep_on
from timebank.vault.erased import Erased
from timebank.vault.people import People

REBUILD_SECONDS = 10.0
"""How long a start waits for read models that another version made; then they are rebuilt while the service serves."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a running time bank is made of."""

    pool: Pool
    """Connections to the database, as the role of the service."""
    owner: Pool
    """Connections as whoever was set: where that is the owner, tables can be made there."""
    people: People
    """What is personal, sealed beside the log."""
    ledger: Ledger
    """The log, and the only way to write to it."""
    runner: Runner
    """What moves the projections on that follow the log."""
    attempts: Attempts
    """What counts tries, by all processes together."""
    sign_in: SignIn
    """How people get sessions, one-time codes and passwords."""
    principals: Principals
    """Who an access token or API key stands for."""
    security_log: SecurityLog
    """Who came in, and who was refused."""
    second_factors: SecondFactors
    """What some have to say beside their password."""
    phones: Phones
    """How it is made sure whose a phone is."""
    registrations: Registrations
    """How people who register themselves show that a phone is theirs."""
    oidc: OpenIdProvider | None
    """The provider by which people may sign in, if one is set."""
    repeated: Repeated
    """What is counted in the security log, instead of written down each time."""
    daily: DailyLimit
    """How many facts somebody may still cause today."""
    balances: Balances
    """What people have, read together where many ask."""
    readiness: Readiness
    """What keeps the service from its work."""
    signer: Signer
    """What signs checkpoints of the log, and proves what is in it."""
    erasures: Erasures
    """What sees to it that whoever was erased stays so."""
    witness: Witness
    """What cosigns the checkpoints of other logs."""
    cosigners: Cosigners
    """The witnesses of our own."""
    security_log_days: int
    """How many days the security log is kept."""
    public_url: str
    """Where people reach the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What the services stand on."""

    settings: Settings
    pool: Pool
    owner: Pool
    people: People
    clock: ClockGuard
    standby: StandbyGuard
    waker: Waker
    background: Background
    meter: Meter

    def may_write(self) -> None:
        """Raise `StoreUnavailableError` where nothing may be recorded now."""
        self.clock.must_be_right()
        self.standby.must_be_there()


@contextlib.asynccontextmanager
async def running_services(
    settings: Settings,
    *,
    follow: bool | None = None,
    statement_seconds: float | None = 30,
    clock: Callable[[], datetime] | None = None,
    meter: Meter = NO_METER,
) -> AsyncIterator[Services]:
    """All services, on a database that is brought up to date, for as long as the block runs.

    They move the projections on, and do what time demands, if they are to `follow` the log here; else as it is set. No
    statement takes longer than `statement_seconds`; None sets no limit. Another `clock` than the machine's is believed,
    and not compared with the database's.
    """
    collect_rarely()
    async with contextlib.AsyncExitStack() as stack:
        pool, owner = await stack.enter_async_context(opened(settings, statement_seconds))
        ground = await _ground(settings, pool, owner, clock, meter)
        follows = settings.project if follow is None else follow
        services = await _put_together(stack, ground, follows=follows)
        await services.erasures.repeat(pool, services.ledger)
        tasks = _always(services, ground)
        if follows:
            await stack.enter_async_context(_current(owner))
            await services.runner.catch_up_all()
            tasks |= _following(services, settings)
            stack.push_async_callback(services.signer.close)
        await stack.enter_async_context(in_background([ground.background.keep(*task) for task in tasks.items()]))
        yield services


async def _ground(
    settings: Settings, pool: Pool, owner: Pool, clock: Callable[[], datetime] | None, meter: Meter
) -> _Ground:
    guard = ClockGuard(clock, is_believed=True) if clock else ClockGuard(utc_now)
    await guard.compare(pool)
    standby = StandbyGuard(is_required=settings.require_standby)
    await standby.look(pool)
    people = People(await keyring_of(pool, settings))
    await people.seal_those_in_clear(owner)
    return _Ground(
        settings=settings,
        pool=pool,
        owner=owner,
        people=people,
        clock=guard,
        standby=standby,
        waker=Waker(),
        background=Background(),
        meter=meter,
    )


async def _put_together(stack: contextlib.AsyncExitStack, ground: _Ground, *, follows: bool) -> Services:
    """The services; the stack is told what is to be closed. What is recorded is signed by whoever follows the log."""
    settings, pool, people = ground.settings, ground.pool, ground.people
    store = Store(pool, ground.waker)
    runner = Runner(store, FOLLOWING)
    sessions = Sessions(pool, people.keyring, settings.issuer)
    principals = Principals(pool, sessions, lambda: ground.waker.is_listening, settings.second_factor_grace_days)
    ground.waker.subscribe(CHANNEL, principals.forget, principals.forget_all)
    security_log = SecurityLog(pool, people.keyring)
    signer = await signer_for(pool, settings.signing_keys, ground.clock)
    erasures = Erasures(Erased(settings.erased), Erasure(people))
    all_hooks = [*hooks(people, principals), Hook(after_commit=erasures.note)]
    if follows:
        all_hooks.append(Hook(leaves=signer.recorded))
    ledger = _ledger(ground, store, all_hooks, _alarm(runner, principals, security_log, ground.clock))
    attempts, sender = Attempts(pool, people.keyring), sender_of(settings)
    factors = SecondFactors(pool, people, attempts, security_log, principals.forget)
    services = Services(
        pool=pool,
        owner=ground.owner,
        people=people,
        ledger=ledger,
        runner=runner,
        attempts=attempts,
        sign_in=_sign_in(stack, ground, sessions, security_log, factors, principals),
        principals=principals,
        security_log=security_log,
        second_factors=factors,
        phones=Phones(pool, people, security_log, sender),
        registrations=Registrations(pool, people, attempts, security_log, sender),
        oidc=await stack.enter_async_context(open_id_provider(_provider(settings), pool, security_log)),
        repeated=Repeated(security_log, ground.clock),
        daily=DailyLimit(pool, settings.facts_per_day),
        balances=Balances(pool),
        readiness=Readiness(pool, ledger, ground.may_write, ground.waker, ground.background, EVERY, signer),
        signer=signer,
        erasures=erasures,
        witness=Witness(pool, signer.keys, settings.logs, ground.clock),
        cosigners=Cosigners(signer, settings.cosigners, ground.clock),
        security_log_days=settings.security_log_days,
        public_url=settings.issuer,
    )
    stack.push_async_callback(services.ledger.close)
    stack.push_async_callback(services.repeated.close)
    stack.push_async_callback(services.readiness.close)
    return services


def _ledger(ground: _Ground, store: Store, all_hooks: Sequence[Hook], alarm: WentBack) -> Ledger:
    return Ledger(
        store,
        ground.people,
        clock=ground.clock,
        hooks=all_hooks,
        queue_limit=ground.settings.queue_limit,
        memories_limit=ground.settings.memories_limit,
        may_write=ground.may_write,
        went_back=alarm,
        meter=ground.meter,
    )


def _sign_in(
    stack: contextlib.AsyncExitStack,
    ground: _Ground,
    sessions: Sessions,
    security_log: SecurityLog,
    factors: SecondFactors,
    principals: Principals,
) -> SignIn:
    pool, people = ground.pool, ground.people
    passwords = Passwords(pool)
    stack.callback(passwords.close)
    attempts = Attempts(pool, people.keyring)
    return SignIn(pool, people, passwords, sessions, attempts, security_log, factors, principals.forget)


def _alarm(runner: Runner, principals: Principals, security_log: SecurityLog, clock: ClockGuard) -> WentBack:
    """What is done when a bank's log went back: what was known of it is forgotten, and auditors can read of it."""

    async def went_back(loss: Loss) -> None:
        runner.forget(loss.bank_id)
        principals.forget_all()
        if loss.was_acknowledged:
            await security_log.record(
                loss.bank_id,
                "head-went-back",
                Visit(clock(), "", "ledger"),
                known_position=loss.known.position,
                found_position=loss.found.position,
            )

    return went_back


Tasks = dict[str, Callable[[], Awaitable[None]]]
"""What runs in the background, by what readiness calls it."""


def _always(services: Services, ground: _Ground) -> Tasks:
    """What every process of the service does."""
    return {
        "listening": lambda: ground.waker.run(ground.pool),
        "repeated": services.repeated.run,
        "clock": lambda: ground.clock.watch(ground.pool),
        **({"standby": lambda: ground.standby.watch(ground.pool)} if ground.standby.is_required else {}),
        "writers": services.ledger.watch,
    }


def _following(services: Services, settings: Settings) -> Tasks:
    """What a process does that follows the log: it moves the projections on, and does all of the upkeep."""
    kept, clock = Kept(settings.idempotency_days, settings.security_log_days), services.ledger.clock
    swept = services.sign_in, services.registrations
    return {
        "projections": services.runner.run,
        "signing": lambda: services.signer.run(settings.checkpoint_seconds),
        "cosigning": lambda: services.cosigners.run(settings.checkpoint_seconds),
        "expiry": lambda: expire_overdue(services.pool, services.ledger),
        "sweeping": lambda: sweep_on(services.pool, swept, services.security_log, kept, clock),
        "comparing": lambda: compare_on(services.people, services.pool),
        "binding": lambda: bind_on(services.ledger, services.security_log),
    }


def hooks(people: People, principals: Principals | None = None) -> list[Hook]:
    """What else happens with facts: read models that are never behind, erasure, and word of who may do what."""
    erasure = Erasure(people)
    return [
        *(Hook(projection.keep) for projection in INLINE),
        Hook(erasure.erase),
        Hook(erasure.merge),
        Hook(erasure.sign_out),
        Hook(tell_changes, principals.take_in if principals else None),
    ]


def sender_of(settings: Settings) -> Sender | None:
    """What sends codes to phones; None where offices hand them out."""
    if settings.phone_hook:
        return GatewaySender(settings.phone_hook, settings.phone_hook_secret)
    if settings.phone_codes == "file":
        return FileSender(settings.phone_file)
    return ConsoleSender() if settings.phone_codes == "console" else None


def _provider(settings: Settings) -> Provider | None:
    if settings.provider is None:
        return None
    return Provider(
        issuer=settings.provider,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=f"{settings.issuer}/v1/oidc/callback",
    )


@contextlib.asynccontextmanager
async def _current(pool: Pool) -> AsyncIterator[None]:
    """Rebuild what another version made: at first while whoever starts waits, and beside them if that takes long."""
    rebuilding = asyncio.create_task(make_current(pool, EVERY))
    try:
        await asyncio.wait({rebuilding}, timeout=REBUILD_SECONDS)
        yield
    finally:
        for failure in await end([rebuilding]):
            log.error("rebuilding failed", exc_info=failure)
