"""Canned people, bodies, moments, facts and commands; and towns: endless supplies of plausible commands.

Everything but the towns can be had from here: `from tests.controls import WANG, registered, log_service`.
"""

from tests.controls.commands import *  # noqa: F403
from tests.controls.credit import *  # noqa: F403
from tests.controls.facts import *  # noqa: F403
from tests.controls.people import *  # noqa: F403
