"""`timebank project`: move the read models on in a process of its own."""

import asyncio
import signal

from timebank.cli.common import cli, console, run_services
from timebank.ledger.tasks import Background, in_background
from timebank.runtime import logs
from timebank.runtime.composition import Services
from timebank.runtime.upkeep.expiry import expire_overdue


@cli.command()
def project() -> None:
    """Move the read models on, and let time pass for reservations, as a process of its own.

    The service then runs with TIMEBANK_PROJECT=false.
    """
    run_services(_project, logs_as_set=True)


async def _project(services: Services) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    background = Background()
    tasks = {"projections": services.runner.run, "expiry": lambda: expire_overdue(services.pool, services.ledger)}
    async with in_background([background.keep(*task) for task in tasks.items()]):
        if not logs.say("following the log"):
            console.print("Following the log; stop with Ctrl-C.")
        await stop.wait()
