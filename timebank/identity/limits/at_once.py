"""How much of one person is in progress at once: what comes on top waits for what is theirs, and keeps no others."""

import asyncio

from timebank.identity.limits.throttle import TooManyRequestsError

RETRY_SECONDS = 1.0


class _Theirs:
    """What is in progress of one person."""

    def __init__(self, most: int) -> None:
        self.places, self.begun = asyncio.Semaphore(most), 0


class AtOnce:
    """Places for what people ask for: each has `most` of their own, and so many of theirs may wait for one.

    Whoever hangs up is waited for all the same, so it is not connections that bound how many wait.
    """

    def __init__(self, most: int, waiting: int) -> None:
        self._most, self._most_begun = most, most + waiting
        self._of: dict[str, _Theirs] = {}

    @property
    def people(self) -> int:
        """Of how many something is in progress, or waits."""
        return len(self._of)

    async def begin(self, who: str) -> bool:
        """Wait for a place, and take it; says whether that took a while. Whoever has it calls `end`, however it ends.

        Raises `TooManyRequestsError` where as much of theirs waits as may.
        """
        theirs = self._of.setdefault(who, _Theirs(self._most))
        if theirs.begun >= self._most_begun:
            raise TooManyRequestsError(RETRY_SECONDS)
        theirs.begun += 1
        has_to_wait = theirs.places.locked()
        try:
            await theirs.places.acquire()
        except asyncio.CancelledError:
            self._gone(who, theirs)
            raise
        return has_to_wait

    def end(self, who: str) -> None:
        """Give a place back."""
        theirs = self._of[who]
        theirs.places.release()
        self._gone(who, theirs)

    def _gone(self, who: str, theirs: _Theirs) -> None:
        theirs.begun -= 1
        if not theirs.begun:
            del self._of[who]
