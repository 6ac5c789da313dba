"""Writes down which tests are slow, and so drills: `uv run pytest -n 0 -m "not drill" -p tests.helpers.slow`.

On a machine that does nothing else. What is written down already is kept: empty `tests/slow.txt` to begin anew.
"""

from collections import defaultdict
from pathlib import Path
from statistics import mean

import pytest

LIST = Path(__file__).parent.parent / "slow.txt"
SECONDS = 0.2

_took: defaultdict[str, list[float]] = defaultdict(list)


def written_down() -> frozenset[str]:
    """The tests that are known to be slow, without what they are tried with."""
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def name_of(nodeid: str) -> str:
    """What a test is called, whatever it is tried with."""
    return nodeid.partition("[")[0]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how long a test took, without what it shares with others."""
    if report.when == "call":
        _took[name_of(report.nodeid)].append(report.duration)


def pytest_sessionfinish() -> None:
    """Write down those that take long."""
    slow = {name for name, seconds in _took.items() if mean(seconds) >= SECONDS}
    LIST.write_text("".join(f"{each}\n" for each in sorted(slow | written_down())), encoding="utf-8")
