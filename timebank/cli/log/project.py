"""`timebank project`: move the read models on, and do the upkeep, in a process of its own."""

import asyncio
import signal

from timebank.cli.common import cli, console, run_services
from timebank.runtime import logs
from timebank.runtime.composition import Services


@cli.command()
def project() -> None:
    """Move the read models on, and do the service's upkeep, as a process of its own.

    Upkeep is: signing checkpoints and having them cosigned, taking back reservations whose time is over, binding the
    security log, and deleting what is kept for a set time only. The service then runs with TIMEBANK_PROJECT=false.
    """
    run_services(_project, logs_as_set=True, follow=True)


async def _project(_: Services) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not logs.say("following the log"):
        console.print("Following the log; stop with Ctrl-C.")
    await stop.wait()
