"""What the run takes place on, as far as it explains the numbers."""

import os
import platform
import statistics
import time
from pathlib import Path

import asyncpg

from benchmarks.setup.measure import Bench, seconds_for

TIMES = 200


async def describe(bench: Bench) -> str:
    """The machine in a line."""
    connection = await asyncpg.connect(await bench.new_database("machine"))
    try:
        await connection.execute("create table tiny (n int)")
        commits = [await seconds_for(connection.execute("insert into tiny values (1)")) for _ in range(TIMES)]
        version = connection.get_server_version()
        fsync = await connection.fetchval("show fsync")
    finally:
        await connection.close()
    return (
        f"{os.cpu_count()} cores, fsync {_fsync(bench.folder / 'fsync') * 1000:.2f} ms, "
        f"a tiny commit {statistics.median(commits) * 1000:.2f} ms (fsync {fsync}), "
        f"PostgreSQL {version.major}.{version.minor}, Python {platform.python_version()}"
    )


async def slow_down(bench: Bench, flush_ms: float) -> None:
    """Let every flush of PostgreSQL's log wait, as it would for a disk that is slower than this machine's."""
    connection = await asyncpg.connect(bench.cluster)
    try:
        await connection.execute(f"alter system set commit_delay = {round(flush_ms * 1000)}")
        await connection.execute("alter system set commit_siblings = 0")
        await connection.execute("select pg_reload_conf()")
    finally:
        await connection.close()


def _fsync(path: Path) -> float:
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(TIMES):
            file.write(bytes(8192))
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(times)
