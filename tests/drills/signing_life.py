"""A process that records facts and signs them as the service does, until it is killed, or kills itself at a place."""

import asyncio
import os
import signal
import sys
from functools import wraps
from pathlib import Path
from random import Random
from typing import Any

import structlog

from tests.controls import KEY_FILE
from tests.controls.town import register
from timebank.db import commits
from timebank.proofs import tiles
from timebank.proofs.remembered import Remembered
from timebank.proofs.signer import Signer
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings

PLACES: dict[str, tuple[Any, str]] = {
    "what was appended is noted": (Signer, "recorded"),
    "the log is read": (Signer, "_grown"),
    "tiles are kept": (tiles, "keep"),
    "tiles are committed": (Signer, "_make_sure"),
    "it is remembered beside the key": (Remembered, "write"),
    "the file there is replaced": (Path, "replace"),
    "something is committed": (commits, "_commit"),
    "a checkpoint is kept": (Signer, "_keep"),
}
"""Where a process dies: before something is done, or when it is done."""


def live(url: str, keys: str, seed: int, place: str | None = None) -> None:
    """Record and sign, for ever; if a place of `PLACES` is given, die before or after it, the first time or later."""
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    random = Random(seed)
    if place:
        _die_at(*PLACES[place], times=random.randint(1, 4), after=random.random() < 0.5)
    asyncio.run(_live(url, keys, random))


async def _live(url: str, keys: str, random: Random) -> None:
    settings = Settings(
        database_url=url, key_file=str(KEY_FILE), signing_key_file=keys, checkpoint_seconds=0.005, pool_size=4
    )
    async with running_services(settings) as services:
        (bank,) = await services.ledger.store.banks()
        while True:
            count = random.choice((1, 2, 5, 30, 300))
            await services.ledger.submit(bank.bank_id, [register(random.randrange(10**10)) for _ in range(count)])
            await asyncio.sleep(random.choice((0, 0, 0.01)))


def _die_at(owner: Any, name: str, *, times: int, after: bool) -> None:
    real, left = getattr(owner, name), iter(range(times - 1))

    def die_now() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    if asyncio.iscoroutinefunction(real):

        @wraps(real)
        async def dying(*given: Any, **named: Any) -> Any:
            if not after:
                die_now()
            done = await real(*given, **named)
            die_now()
            return done

    else:

        @wraps(real)
        def dying(*given: Any, **named: Any) -> Any:
            if not after:
                die_now()
            done = real(*given, **named)
            die_now()
            return done

    setattr(owner, name, dying)
