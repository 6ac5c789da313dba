"""How much effort the tests make: enough for everyday work, for a release, or for a night."""

from typing import Literal

import pytest

Effort = Literal["quick", "release", "night"]

EFFORTS: tuple[Effort, ...] = ("quick", "release", "night")


def add_option(parser: pytest.Parser) -> None:
    """`pytest --effort=release`: more histories, examples and kinds of accidents; `night` takes hours."""
    parser.addoption(
        "--effort", choices=EFFORTS, default="quick", help="quick (minutes), release (more), night (hours)"
    )


def effort_of(config: pytest.Config) -> Effort:
    """What was asked for."""
    effort: Effort = config.getoption("effort")
    return effort
