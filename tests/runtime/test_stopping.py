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


def went_on(module: str, name: str) -> bool:
    """Whether a loop that a thread and a signal handler wake all the time is still going after two seconds."""
    script = HAMMER.format(module=module, name=name)
    try:
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=8, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "went on" in ran.stdout


class TestWake:
    """What the server's parent process waits for."""

    def test_a_signal_handler_never_hangs_in_it(self) -> None:
        """However signals and threads meet, whoever waits is woken, again and again."""
        assert went_on("timebank.runtime.stopping", "Wake")

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
