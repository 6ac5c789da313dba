"""Where commits wait for a replica, nothing is acknowledged that a promotion could take back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.conftest import people_of
from tests.controls.town import register
from tests.helpers.folders import watched_folder
from tests.ledger.conftest import set_back
from timebank.db.commits import CommitInDoubtError, committed
from timebank.db.connections import Pool
from timebank.db.migrations import migrate
from timebank.domain.identifiers import new_bank_id
from timebank.domain.people.refusals import VolunteerNumberTaken
from timebank.ledger import writer
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey, Receipt, StoreUnavailableError
from timebank.ledger.wake import Waker
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import hooks
from timebank.runtime.embedded import EmbeddedPostgres

pytestmark = pytest.mark.drill

KEY = IdempotencyKey("operator", "a-key", (b"fingerprint",))
AWAITED = "select pid from pg_stat_activity where wait_event = 'SyncRep'"


async def _commits_wait(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Whether commits wait: the setting alone does not say that all of the server has heard of it."""
    try:
        await connection.execute("select pg_logical_emit_message(true, 'probe', '')", timeout=0.2)
    except TimeoutError:
        return True
    return False


class Server:
    """A server of the test's own, whose commits wait for a replica when they are told to."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url, self.pool = url, pool

    async def wait_for_replica(self, name: str) -> None:
        """Let commits wait for a replica of a name, which nobody has; or for none."""
        connection = await asyncpg.connect(self.url)
        await connection.execute(f"alter system set synchronous_standby_names = '{name}'")
        await connection.execute("select pg_reload_conf()")
        async with asyncio.timeout(20):
            while await _commits_wait(connection) != bool(name):
                await asyncio.sleep(0.01)
        await connection.close()

    async def waiting(self) -> int:
        """The process of a commit that waits."""
        async with asyncio.timeout(5):
            while not (pid := await self.pool.fetchval(AWAITED)):
                await asyncio.sleep(0.01)
        found: int = pid
        return found

    async def give_up(self) -> None:
        """End the wait of a commit as an operator may, or a driver whose patience is over: it is then called done."""
        await self.pool.fetchval("select pg_cancel_backend($1)", await self.waiting())

    async def count(self, bank_id: UUID) -> int:
        """How many events everybody sees."""
        found: int = await self.pool.fetchval("select count(*) from event where bank_id = $1", bank_id)
        return found


@pytest.fixture(scope="module")
def own_url() -> Iterator[str]:
    """The URL of a server that no other test uses."""
    with watched_folder() as root, EmbeddedPostgres(root).running() as url:
        yield url


@pytest.fixture
async def server(own_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """The server, with a migrated database, and little patience for it."""
    monkeypatch.setattr(writer, "COMMIT_SECONDS", 0.4)
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.8)
    await migrate(own_url)
    async with asyncpg.create_pool(own_url, min_size=1, max_size=10) as pool:
        server = Server(own_url, pool)
        yield server
        await server.wait_for_replica("")


@pytest.fixture
async def bank_id(server: Server) -> UUID:
    """A bank without any event."""
    bank_id = UUID(new_bank_id())
    await Store(server.pool, Waker()).open_bank(bank_id, "Test bank", "Asia/Shanghai")
    return bank_id


async def started(server: Server, bank_id: UUID) -> Ledger:
    """The ledger of a process that has just started."""
    people = await people_of(server.pool)
    return Ledger(Store(server.pool, Waker()), people, clock=utc_now, hooks=hooks(people))


@pytest.fixture
async def ledger(server: Server, bank_id: UUID) -> AsyncIterator[Ledger]:
    """A ledger that has written something."""
    ledger = await started(server, bank_id)
    await ledger.execute(bank_id, register(0))
    yield ledger
    await ledger.close()


@pytest.fixture
async def another(server: Server, bank_id: UUID) -> AsyncIterator[Ledger]:
    """The ledger of another process."""
    ledger = await started(server, bank_id)
    yield ledger
    await ledger.close()


async def test_a_commit_that_waits_is_neither_acknowledged_nor_seen(
    server: Server, ledger: Ledger, bank_id: UUID
) -> None:
    """While the replica is away whoever waits is told so, and nobody sees the fact; afterwards it is there once."""
    await server.wait_for_replica("nobody")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            await ledger.execute(bank_id, register(1), key=KEY)
    assert await server.count(bank_id) == 1
    await server.wait_for_replica("")
    receipt = await ledger.execute(bank_id, register(1), key=KEY)
    assert receipt.position == 2
    assert await server.count(bank_id) == 2


async def test_a_wait_that_somebody_ends_is_no_acknowledgement(server: Server, ledger: Ledger, bank_id: UUID) -> None:
    """A commit that the server calls done because its wait for the replica was cancelled is in doubt."""
    await server.wait_for_replica("nobody")
    asked = asyncio.create_task(ledger.execute(bank_id, register(1), key=KEY))
    await server.give_up()
    with pytest.raises(StoreUnavailableError):
        await asked
    assert await server.count(bank_id) == 2
    await server.wait_for_replica("")
    assert (await ledger.execute(bank_id, register(1), key=KEY)).position == 2


async def test_a_cancelled_wait_shows(server: Server) -> None:
    """A transaction whose wait for the replica was cancelled ends as one in doubt, though its COMMIT succeeded."""
    await server.pool.execute("create table if not exists note (n int)")
    await server.wait_for_replica("nobody")

    async def note() -> None:
        async with committed(server.pool, 5) as connection:
            await connection.execute("insert into note values (1)")

    noting = asyncio.create_task(note())
    await server.give_up()
    with pytest.raises(CommitInDoubtError):
        await noting
    assert await server.pool.fetchval("select count(*) from note") >= 1


async def here_only(server: Server, ledger: Ledger, bank_id: UUID) -> None:
    """Let a registration be committed on this server, seen by everybody, and on no replica."""
    await server.wait_for_replica("nobody")
    asked = asyncio.create_task(ledger.execute(bank_id, register(1), key=KEY))
    await server.give_up()
    with pytest.raises(StoreUnavailableError):
        await asked
    assert await server.count(bank_id) == 2


async def test_a_repeat_is_answered_when_replicas_have_it(
    server: Server, ledger: Ledger, another: Ledger, bank_id: UUID
) -> None:
    """A repeat of what only this server has is not acknowledged, by whichever process, until replicas have it too."""
    await here_only(server, ledger, bank_id)
    for each in (another, ledger):
        with pytest.raises(StoreUnavailableError):
            await each.execute(bank_id, register(1), key=KEY)
    await server.wait_for_replica("")
    answers = [await each.execute(bank_id, register(1), key=KEY) for each in (another, ledger)]
    assert [answer.position for answer in answers] == [2, 2]
    assert await server.count(bank_id) == 2


async def test_a_refusal_rests_on_what_replicas_have(
    server: Server, ledger: Ledger, another: Ledger, bank_id: UUID
) -> None:
    """A refusal because of what only this server has is not given: a promotion would make it wrong."""
    await here_only(server, ledger, bank_id)
    for each in (another, ledger):
        with pytest.raises(StoreUnavailableError):
            await each.execute(bank_id, register(1))
    await server.wait_for_replica("")
    for each in (another, ledger):
        with pytest.raises(VolunteerNumberTaken):
            await each.execute(bank_id, register(1))


async def test_what_only_this_server_had_is_no_loss(
    server: Server, ledger: Ledger, another: Ledger, bank_id: UUID
) -> None:
    """What a promotion takes back that was seen and never acknowledged raises no alarm, and can be done anew."""
    await here_only(server, ledger, bank_id)
    for each in (another, ledger):
        with pytest.raises(StoreUnavailableError):
            await each.execute(bank_id, register(2))
        assert each.head(bank_id) == 2
    await server.wait_for_replica("")
    await set_back(server.pool, bank_id, 1)
    with capture_logs() as logs:
        assert (await another.execute(bank_id, register(2))).position == 2
        assert (await ledger.execute(bank_id, register(1), key=KEY)).position == 3
    assert {each["log_level"] for each in logs} == {"warning"}
    assert not ledger.times_gone_back
    assert not another.times_gone_back


async def test_what_waited_goes_through_by_itself(server: Server, ledger: Ledger, bank_id: UUID) -> None:
    """A replica that is back before patience is over is all that is needed: whoever waits is then answered."""
    await server.wait_for_replica("nobody")
    asked = asyncio.create_task(ledger.execute(bank_id, register(1), key=KEY))
    await server.waiting()
    await asyncio.sleep(0.5)  # the first COMMIT was given up, and its fate is looked into
    await server.wait_for_replica("")
    assert (await asked).position == 2


async def test_a_writer_recovers_without_being_asked(server: Server, ledger: Ledger, bank_id: UUID) -> None:
    """A writer whose last try came to nothing says so, and tries again by itself: nobody need ask to make it well."""
    await server.wait_for_replica("nobody")
    with pytest.raises(StoreUnavailableError):
        await ledger.execute(bank_id, register(1))
    await asyncio.sleep(0.1)
    assert ledger.unanswered()[bank_id] > 0.8
    await server.wait_for_replica("")
    async with asyncio.timeout(5):
        while ledger.unanswered():
            await ledger.look()
            await asyncio.sleep(0.05)


async def test_a_repeat_costs_no_position(server: Server, ledger: Ledger, bank_id: UUID) -> None:
    """What is written to make sure of a repeat is no event."""
    receipts = [await ledger.execute(bank_id, register(1), key=KEY) for _ in range(3)]
    assert receipts == [Receipt(2, receipts[0].facts, receipts[0].leaf)] * 3
    assert len(receipts[0].leaf) == 32
    assert await server.count(bank_id) == 2
