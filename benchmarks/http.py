"""The service over HTTP, next to handlers behind the same middleware that do less."""

import os
import statistics
from pathlib import Path

from benchmarks.setup.measure import Bench, Row, compare, in_turns
from benchmarks.setup.service import CONNECTIONS, Service, running_service

TICKS = os.sysconf("SC_CLK_TCK")


async def rows(bench: Bench) -> list[Row]:
    """Commands and questions, each in turns with the handlers they are compared to."""
    async with running_service(bench) as service:
        await in_turns(bench, lambda: service.log("/v1/organisations"), lambda: service.log("/rival/empty"), rounds=1)
        service.lags.clear()
        commands, empty, crud = await in_turns(
            bench,
            lambda: service.log("/v1/organisations"),
            lambda: service.log("/rival/empty"),
            lambda: service.log("/rival/crud"),
        )
        lag = max(service.lags)
        balances, nothing = await in_turns(
            bench, lambda: service.ask("/v1/volunteers"), lambda: service.ask("/rival/empty")
        )
        client = statistics.median(service.client_shares)
        where = await _where_the_time_goes(bench, service)
    work = f"POST service-records, {CONNECTIONS} connections, 1 worker"
    return [
        _row(work, commands, "empty handler", empty, 0.65, *where),
        _row(
            work,
            commands,
            "CRUD handler",
            crud,
            1.5,
            f"the load generator takes {client:.0%} of one core; "
            f"the projections were at most {lag} events behind when a turn ended",
        ),
        _row(f"GET balance, {CONNECTIONS} connections, 1 worker", balances, "empty handler", nothing, 0.75),
    ]


def _row(work: str, ours: list[float], counterpart: str, theirs: list[float], bar: float, *notes: str) -> Row:
    return Row(
        work=work,
        ours=statistics.median(ours),
        unit="/s",
        counterpart=counterpart,
        theirs=statistics.median(theirs),
        ratio=compare(ours, theirs),
        at_least=bar,
        notes=notes,
    )


async def _where_the_time_goes(bench: Bench, service: Service) -> tuple[str, ...]:
    """One more turn of commands, sampled; its rate counts for nothing."""
    await service.samples()
    before = _cpu_of_postgres(bench)
    outcome = await service.load(service.logging("/v1/organisations"), 201)
    samples = await service.samples()
    postgres = sum(seconds - before.get(pid, 0.0) for pid, seconds in _cpu_of_postgres(bench).items())
    process, batches = samples.pop("process"), samples.pop("times _commit")
    samples.pop("times decide")
    deciding, committing = samples.pop("seconds of decide"), samples.pop("seconds of _commit")
    thread = sum(samples.values())
    parts = sorted(samples.items(), key=lambda item: -item[1])
    in_micros = 1e6 / outcome.good

    def share(seconds: float) -> str:
        return f"{seconds / outcome.seconds:.0%}"

    cost = f"CPU of a POST ({outcome.rate:,.0f} /s while sampled): {thread * in_micros:.0f} µs of the Python thread: "
    cores = (
        f"of one core: Python thread {share(thread)}, the server's HTTP threads {share(process - thread)}, "
        f"PostgreSQL {share(postgres)}, load generator {share(outcome.cpu_seconds)}"
    )
    batch = (
        f"a batch: {outcome.good / batches:.0f} commands, decided in {deciding / batches * 1000:.1f} ms, "
        f"committed in {committing / batches * 1000:.1f} ms (mostly waiting for PostgreSQL; HTTP goes on meanwhile)"
    )
    return cost + ", ".join(f"{name} {seconds / thread:.0%}" for name, seconds in parts), cores, batch


def _cpu_of_postgres(bench: Bench) -> dict[str, float]:
    """CPU seconds of each process of the run's PostgreSQL; of none where there is no /proc."""
    postmaster = (bench.folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    seconds = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
        except OSError:
            continue
        fields = rest.rpartition(")")[2].split()
        if postmaster in {pid, fields[1]}:
            seconds[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds
