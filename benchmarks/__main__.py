"""`python -m benchmarks`: runs the comparisons one after the other, and prints them as a table."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import uvloop
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import (
    account,
    arriving,
    claims,
    http,
    importing,
    inprocess,
    previewing,
    proving,
    reading,
    redeeming,
    scale,
    statements,
    workers,
)
from benchmarks.setup import machine
from benchmarks.setup.measure import Bench, Row
from timebank.runtime import logs
from timebank.runtime.embedded import EmbeddedPostgres

SECTIONS: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "inprocess": inprocess.rows,
    "http": http.rows,
    "workers": workers.rows,
    "claims": claims.rows,
    "arrive": arriving.rows,
    "account": account.rows,
    "redeem": redeeming.rows,
    "statements": statements.rows,
    "import": importing.rows,
    "rebuild": reading.rebuilding,
    "verify": reading.verifying,
    "preview": previewing.rows,
    "prove": proving.rows,
    "scale": scale.rows,
}

USUAL = [name for name in SECTIONS if name != "scale"]
"""What is run where nothing is asked for: `scale` takes a disk and an hour."""

COUNTRY = 37_410_000
"""Volunteers: all of the seed's country in one bank."""

console = Console(width=None if sys.stdout.isatty() else 160)


def main() -> None:
    """Run what was asked for, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=[each for each in SECTIONS if each != "scale"], metavar="NAME"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: to see that it runs, not how fast")
    parser.add_argument(
        "--flush-ms", type=float, default=0.0, metavar="MS", help="let PostgreSQL's commits wait, as for a slower disk"
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--volunteers", type=int, default=1_000_000, metavar="N", help="of the large bank of `scale`")
    size.add_argument("--country", dest="volunteers", action="store_const", const=COUNTRY, help=f"so many: {COUNTRY:,}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
    options = parser.parse_args()
    logs.configure("warning", "console")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # by way of what cleans up
    folder = Path(tempfile.mkdtemp(prefix="tb-bench-"))
    try:
        with (
            EmbeddedPostgres(folder / "postgres").running() as cluster,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            rows, on = runner.run(
                _run(Bench(folder, cluster, options.quick, options.volunteers), options.only, options.flush_ms)
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show(rows, on)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": on, "rows": rows})))


async def _run(bench: Bench, wanted: list[str], flush_ms: float) -> tuple[list[Row], str]:
    if flush_ms:
        await machine.slow_down(bench, flush_ms)
    on = await machine.describe(bench)
    rows: list[Row] = []
    for name in wanted:
        started = time.perf_counter()
        with console.status(f"{name} …"):
            rows += await SECTIONS[name](bench)
        console.print(f"{name}: {time.perf_counter() - started:.0f} s")
    return rows, on


def _show(rows: list[Row], on: str) -> None:
    console.print(on, highlight=False)
    table = Table(box=box.MARKDOWN)
    for heading in ("work", "ours", "counterpart", "ratio", "bar", "met"):
        table.add_column(heading, justify="left" if heading in {"work", "counterpart"} else "right")
    for row in rows:
        unit = "" if row.ratio is not None else row.unit
        bar = f"≥ {row.at_least:,g}{unit}" if row.at_least is not None else "–"
        bar = f"≤ {row.at_most:,g}{unit}" if row.at_most is not None else bar
        theirs = f"{row.counterpart}: {_number(row.theirs)}{row.unit}" if row.theirs is not None else "–"
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else "–"
        met = {True: "yes", False: "[bold]no[/]", None: "–"}[row.is_met]
        table.add_row(row.work, f"{_number(row.ours)}{row.unit}", theirs, ratio, bar, met)
    console.print(table)
    for row in rows:
        for note in row.notes:
            console.print(f"- {note}", highlight=False)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()
