"""Starting rivals, and talking to them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.helpers.patience import PATIENCE_SECONDS


class Rival:
    """One other process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def tell(self, line: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def hear(self) -> Any:
        """What it says next."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_SECONDS)
        assert line, "the rival ended without an answer"
        return json.loads(line)


@asynccontextmanager
async def rivals(count: int, url: str, bank_id: UUID, task: str) -> AsyncIterator[list[Rival]]:
    """So many processes, ready to begin; they end with the block."""
    command = [sys.executable, "-m", "tests.helpers.rival", url, str(bank_id), task]
    pipe = asyncio.subprocess.PIPE
    root = Path(__file__).parents[2]
    started = [
        Rival(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=root)) for _ in range(count)
    ]
    try:
        for rival in started:
            assert await rival.hear() == "ready"
        yield started
        for rival in started:
            assert rival.process.stdin is not None
            rival.process.stdin.close()
            assert await asyncio.wait_for(rival.process.wait(), PATIENCE_SECONDS) == 0
    finally:
        for rival in started:
            if rival.process.returncode is None:
                rival.process.kill()
                await rival.process.wait()
