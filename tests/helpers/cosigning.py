"""Asking a witness of one's own process, as another server is asked."""

import asyncio

from timebank.proofs.cosigners import Answer, Ask
from timebank.proofs.witness import NotWitnessedError, StaleError, Witness


def asking(witness: Witness) -> Ask:
    """How a witness is asked that is no server; by whatever thread, while the loop of now goes on."""
    loop = asyncio.get_running_loop()

    def ask(_: str, body: bytes) -> Answer:
        try:
            return Answer(200, asyncio.run_coroutine_threadsafe(witness.cosign(body), loop).result())
        except StaleError as stale:
            return Answer(409, f"{stale.size}\n")
        except NotWitnessedError as refused:
            return Answer(refused.status, str(refused))

    return ask
