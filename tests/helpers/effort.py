"""How much effort the tests make: enough for everyday work, for a release, or for a night.

What is marked `release` is left out every day.
"""

from typing import Any, Literal

import pytest

Effort = Literal["quick", "release", "night"]

EFFORTS: tuple[Effort, ...] = ("quick", "release", "night")


def add_option(parser: pytest.Parser) -> None:
    """`pytest --effort=release`: also what takes longest; `night` does that over and over, for hours."""
    parser.addoption(
        "--effort", choices=EFFORTS, default="quick", help="quick (minutes), release (more), night (hours)"
    )


def effort_of(config: pytest.Config) -> Effort:
    """What was asked for."""
    effort: Effort = config.getoption("effort")
    return effort


def more(*values: Any) -> list[Any]:
    """For `pytest.mark.parametrize`: these values are tried for a release only; a tuple is one of each name."""
    return [pytest.param(*(each if type(each) is tuple else (each,)), marks=pytest.mark.release) for each in values]
