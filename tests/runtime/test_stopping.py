import subprocess
import sys

import pytest

from timebank.runtime.stopping import Wake

pytestmark = pytest.mark.drill

HAMMER = """
import signal, threading, time
from {module} import {name} as Wake
wake = Wake()
signal.signal(signal.SIGALRM, lambda *_: wake.set())
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
def knock():
    while True:
        wake.set()
        time.sleep(0.00002)
threading.Thread(target=knock, daemon=True).start()
until = time.monotonic() + 2
while time.monotonic() < until:
    wake.wait()
    wake.clear()
signal.setitimer(signal.ITIMER_REAL, 0)
print("went on")
"""


def went_on(script: str, module: str, name: str) -> bool:
    """Whether a script is still going after all that it does to what it is about."""
    script = script.format(module=module, name=name)
    try:
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=8, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "went on" in ran.stdout


class TestWake:
    """What the server's parent process waits for."""

    def test_a_signal_handler_never_hangs_in_it(self) -> None:
        """However signals and threads meet, whoever waits is woken, again and again."""
        assert went_on(HAMMER, "timebank.runtime.stopping", "Wake")

    def test_what_was_set_before_is_not_lost(self) -> None:
        """Set and cleared before anybody waits, it still wakes whoever waits next."""
        wake = Wake()
        wake.set()
        wake.clear()
        assert wake.wait(1)
        assert not wake.wait(0.01)

    def test_set_as_often_as_one_likes(self) -> None:
        """A pipe that is full wakes as well as another, and nobody waits to fill it."""
        wake = Wake()
        for _ in range(200_000):
            wake.set()
        assert wake.wait(1)


TOLD = """
import asyncio, os, signal
from {module} import {name} as signals_of
async def main():
    signals_of(asyncio.get_running_loop())
    for number in (signal.SIGINT, signal.SIGTERM) * 3:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.01)
    print("went on")
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [("timebank.runtime.stopping", "heed_once", True), ("granian._signals", "set_loop_signals", False)],
)
def test_a_worker_is_told_as_often_as_one_likes(module: str, name: str, expected: bool) -> None:
    """It heeds the first signal, and none keeps it from ending; of granian itself a third does, or else ours can go."""
    assert went_on(TOLD, module, name) == expected
