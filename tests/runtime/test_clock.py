"""The clock: what is off, or was just set, records nothing; and nobody is told a wrong time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.controls import KEY_FILE
from tests.controls.town import register
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.submission import ClockError
from timebank.runtime import composition
from timebank.runtime.clock import ClockGuard, utc_now
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings

SECOND, YEAR = timedelta(seconds=1), timedelta(days=366)


class Hands:
    """A clock that can be set, and time that passes evenly."""

    def __init__(self) -> None:
        self.off = timedelta()
        self.passed = 0.0
        self._begun = utc_now()

    def wall(self) -> datetime:
        """What the clock shows."""
        return self._begun + timedelta(seconds=self.passed) + self.off

    def steady(self) -> float:
        """How much time has passed."""
        return self.passed


class Database:
    """A database whose clock is right, or off by something."""

    def __init__(self, hands: Hands) -> None:
        self.hands, self.off = hands, timedelta()

    async def fetchval(self, *_: Any, **__: Any) -> datetime:
        """What its clock shows."""
        return self.hands.wall() - self.hands.off + self.off


@pytest.fixture
async def hands() -> Hands:
    """A clock to be set."""
    return Hands()


@pytest.fixture
async def database(hands: Hands) -> Any:
    """A database to compare it with."""
    return Database(hands)


@pytest.fixture
async def guard(hands: Hands, database: Any) -> ClockGuard:
    """The guard of the clock, which has been compared."""
    guard = ClockGuard(hands.wall, hands.steady)
    with pytest.raises(ClockError, match="not been compared"):
        guard.must_be_right()
    await guard.compare(database)
    guard.must_be_right()
    return guard


@pytest.mark.parametrize("seconds", [-86_400 * 366, -61, 61, 3600, 86_400 * 366])
async def test_a_clock_that_is_off_records_nothing(hands: Hands, database: Any, seconds: int) -> None:
    """At the start a clock that is off by more than a minute is refused; the time that counts is the database's."""
    hands.off = seconds * SECOND
    guard = ClockGuard(hands.wall, hands.steady)
    with capture_logs() as logs:
        for _ in range(3):
            await guard.compare(database)
    with pytest.raises(ClockError, match=f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} the data"):
        guard.must_be_right()
    assert [each["log_level"] for each in logs] == ["error"]
    assert abs(guard() - (hands.wall() - hands.off)) < SECOND
    hands.off = timedelta()
    await guard.compare(database)
    guard.must_be_right()
    assert guard() == hands.wall()


@pytest.mark.parametrize("seconds", [-59, -4, 4, 59])
async def test_a_clock_that_is_a_little_off_is_believed(hands: Hands, database: Any, seconds: int) -> None:
    """Up to a minute machines may differ."""
    hands.off = seconds * SECOND
    guard = ClockGuard(hands.wall, hands.steady)
    await guard.compare(database)
    guard.must_be_right()
    assert guard() == hands.wall()


@pytest.mark.parametrize("off", [YEAR, -YEAR, 30 * SECOND, -30 * SECOND])
async def test_a_clock_that_is_set_is_noticed_at_that_moment(
    hands: Hands, guard: ClockGuard, database: Any, off: timedelta
) -> None:
    """Before anybody compares anything, a clock that was set records nothing, and the time goes on as it did."""
    before = hands.wall()
    hands.passed += 2
    hands.off = off
    with pytest.raises(ClockError, match="just been set"):
        guard.must_be_right()
    assert guard() == before + 2 * SECOND
    hands.passed += 1
    hands.off = timedelta()
    guard.must_be_right()
    assert guard() == hands.wall()


async def test_a_clock_that_is_set_right_is_believed_again(hands: Hands, guard: ClockGuard, database: Any) -> None:
    """A clock that was set, and agrees with the database's, counts again once it was compared."""
    database.off = hands.off = 40 * SECOND
    with pytest.raises(ClockError):
        guard.must_be_right()
    await guard.compare(database)
    guard.must_be_right()
    assert guard() == hands.wall()


@pytest.mark.parametrize("off", [YEAR, -YEAR, 90 * SECOND])
async def test_one_clock_of_machine_and_database_that_is_set(
    hands: Hands, guard: ClockGuard, database: Any, off: timedelta
) -> None:
    """Where both are one clock, comparing tells nothing: set by much, it counts once it has stayed so for a minute."""
    before = hands.wall()
    database.off = hands.off = off
    for seconds in range(60):
        await guard.compare(database)
        with pytest.raises(ClockError, match="was set by more than a minute"):
            guard.must_be_right()
        assert guard() == before + seconds * SECOND
        hands.passed += 1
    await guard.compare(database)
    guard.must_be_right()
    assert guard() == hands.wall()


async def test_one_clock_that_is_wrong_again_and_again_for_some_seconds(
    hands: Hands, guard: ClockGuard, database: Any
) -> None:
    """Each time counts from its beginning, and in between the clock counts at once."""
    for _ in range(30):
        database.off = hands.off = YEAR
        for _ in range(3):
            await guard.compare(database)
            with pytest.raises(ClockError):
                guard.must_be_right()
            hands.passed += 1
        database.off = hands.off = timedelta()
        await guard.compare(database)
        guard.must_be_right()
        assert guard() == hands.wall()


async def test_a_clock_that_stays_wrong_goes_on_evenly(hands: Hands, guard: ClockGuard, database: Any) -> None:
    """While the clock is wrong, what is told is the time since it was right, however it is set."""
    for n in range(1, 5):
        right = hands.wall() - hands.off
        hands.passed += 10
        hands.off = n * YEAR
        await guard.compare(database)
        assert guard() == right + 10 * SECOND
        with pytest.raises(ClockError, match="ahead of"):
            guard.must_be_right()


async def test_a_clock_that_is_set_while_it_is_compared(hands: Hands, guard: ClockGuard, database: Any) -> None:
    """A clock that is set at the very moment of a comparison is not taken for right."""
    original = database.fetchval

    async def while_set(*asked: Any, **how: Any) -> Any:
        found = await original(*asked, **how)
        hands.off = YEAR
        return found

    database.fetchval = while_set
    await guard.compare(database)
    with pytest.raises(ClockError):
        guard.must_be_right()


async def test_the_machines_clock_is_compared_with_the_databases(pool: Pool) -> None:
    """The real clock and the real database agree."""
    guard = ClockGuard()
    await guard.compare(pool)
    guard.must_be_right()
    assert abs(guard() - datetime.now(UTC)) < SECOND


async def test_a_service_whose_clock_is_off_writes_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that starts on a machine whose clock is off serves, and neither dates nor records anything by it."""
    monkeypatch.setattr(composition, "utc_now", lambda: utc_now() + YEAR)
    async with running_services(Settings(database_url=url, key_file=str(KEY_FILE)), follow=False) as services:
        bank_id = UUID(new_bank_id())
        await services.ledger.store.open_bank(bank_id, "x", "UTC")
        assert abs(services.ledger.clock() - utc_now()) < 5 * SECOND
        with pytest.raises(ClockError):
            await services.ledger.execute(bank_id, register(1))
        assert await services.ledger.store.head(bank_id) == 0
        (trouble,) = (await services.readiness.report()).troubles
        assert trouble.what == "clock"
        assert "31622400 seconds ahead" in trouble.why or "ahead of" in trouble.why


async def test_of_two_clocks_that_are_set_at_once_the_database_is_no_more_believed(
    hands: Hands, guard: ClockGuard, database: Any
) -> None:
    """Where only one of them is set right again the time goes on as it did, until both agree for a minute."""
    before = hands.wall()
    database.off = hands.off = YEAR
    await guard.compare(database)
    hands.off = timedelta()
    hands.passed += 1
    for _ in range(3):
        await guard.compare(database)
        with pytest.raises(ClockError, match="behind the database's"):
            guard.must_be_right()
    assert guard() == before + SECOND
    database.off = timedelta()
    await guard.compare(database)
    guard.must_be_right()
    assert guard() == hands.wall()
