"""What it costs to ask about an account of a hundred thousand facts: time of a question, memory of all the data."""

import asyncio
import statistics
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.setup.measure import Bench, Row
from benchmarks.setup.service import Service, request, running_service, token_of
from benchmarks.setup.world import World
from timebank.domain.identifiers import VolunteerId

HOURS_A_DAY = 16
READERS = 10
LARGEST_MILLISECONDS = 50
LARGEST_MEGABYTES = 50
PIECE = 64 * 1024


async def rows(bench: Bench) -> list[Row]:
    """Each question some times, one after the other; then the readers."""
    facts = bench.sized(100_000)
    async with running_service(bench) as service:
        somebody = service.world.volunteers[0]
        await _serve(service.world, somebody, facts // 2)
        await service.world.project()
        await service.world.services.owner.execute("vacuum analyze")
        middle = await service.world.services.ledger.store.head(service.world.bank_id) - facts // 2
        day = service.world.at.date() - timedelta(days=365)
        questions = {
            "page of a statement": f"statement?after={middle}",
            "statement of an empty month": "statement?month=1999-12",
            "why the balance is what it is": "balance/why",
            "balance": "balance",
            "balance as of a day of last year": f"balance?as_of={day}",
        }
        times = {
            work: await _milliseconds(service, f"/v1/volunteers/{somebody}/{path}") for work, path in questions.items()
        }
        grown = await _memory_of_readers(service, somebody)
    account = f"account of {facts:,} facts"
    told = [
        Row(
            work=f"{work}, {account}",
            ours=each,
            unit=" ms",
            at_most=None if "as of" in work else LARGEST_MILLISECONDS,
        )
        for work, each in times.items()
    ]
    readers = f"{READERS} slow readers of GET me/data, {account}"
    return [*told, Row(work=readers, ours=grown, unit=" MB more", at_most=LARGEST_MEGABYTES)]


async def _serve(world: World, somebody: VolunteerId, records: int) -> None:
    """Fill the account: hour after hour, back into the past, before the days that others have served on."""
    midnight = world.at.replace(hour=0, minute=0, second=0, microsecond=0)
    whens = (
        midnight - timedelta(days=10 + n // HOURS_A_DAY) + timedelta(hours=n % HOURS_A_DAY) for n in range(records)
    )
    organisation_id = world.organisations[0]
    await world.do([world.confirmed(world.service_of(somebody, organisation_id, when)) for when in whens])


async def _milliseconds(service: Service, path: str) -> float:
    """The median of some answers, the first two aside."""
    times = []
    for _ in range(22):
        started = time.perf_counter()
        reader, writer = await _asked(service, path, service.tokens["administrator"])
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.read()
        times.append((time.perf_counter() - started) * 1000)
        writer.close()
    return statistics.median(times[2:])


async def _memory_of_readers(service: Service, somebody: str) -> float:
    """By how many megabytes the server's memory grows at the most while all of them read."""
    token = await token_of(service.world, somebody)
    before = most = _megabytes(service.pid)
    readers = [asyncio.create_task(_read_slowly(service, token)) for _ in range(READERS)]
    while not all(reader.done() for reader in readers):
        most = max(most, _megabytes(service.pid))
        await asyncio.sleep(0.05)
    for reader in readers:
        assert (await reader).rstrip().endswith((b"}", b"0")), "the answer broke off"
    return most - before


async def _read_slowly(service: Service, token: str) -> bytes:
    """The end of all somebody's data, read a piece at a time."""
    reader, writer = await _asked(service, "/v1/me/data", token)
    last = piece = await reader.readuntil(b"\r\n\r\n")
    assert piece.startswith(b"HTTP/1.1 200"), piece
    while piece:
        last, piece = piece, await reader.read(PIECE)
        await asyncio.sleep(0.005)
    writer.close()
    return last


async def _asked(service: Service, path: str, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=PIECE)
    wanted = request("GET", path, token)
    writer.write(wanted.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
    return reader, writer


def _megabytes(pid: int) -> float:
    """The memory of a process and of those that it started."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, _, rest = stat.read_text().partition(" (")
        except OSError:
            continue
        fields = rest.rpartition(")")[2].split()
        if str(pid) in {number, fields[1]}:
            pages += int(fields[21])
    return pages * 4096 / 2**20
