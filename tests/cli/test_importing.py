"""Importing what offices have."""

import contextlib
import csv
import io
import json
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from tests.api.world import World, settled
from tests.cli.program import Program
from tests.helpers.patience import until
from timebank.exchange.spreadsheets import REASON_HEADER
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import verify

PEOPLE = "姓名,手机,技能\n张三,139 0000 1111,理发;电工\n李四,13900002222,\n王五,,书法\n"


class Office(NamedTuple):
    """An organisation with its files, a verifier, and three volunteers of the bank by name."""

    program: Program
    world: World
    numbers: dict[str, str]

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        """A file in the office's folder."""
        file = self.program.folder / name
        file.write_bytes(text.encode(encoding))
        return file

    async def records(self, file: Path, *options: str, expect: int = 0) -> str:
        """Import records, and say what was said."""
        told = await self.program.arun(
            "import", "records", file, "--organisation", self.world.garden, *options, expect=expect
        )
        return told.out

    async def logged(self) -> list[dict[str, Any]]:
        """All records of the bank, in the order in which they were entered."""
        head = await self.world.services.ledger.store.head(self.world.bank_id)
        pages = await self.world.administrator.pages("/v1/service-records", limit=500, min_position=head)
        return [each for page in pages for each in page][::-1]


@contextlib.asynccontextmanager
async def opened(program: Program, url: str) -> AsyncIterator[Office]:
    """An office, while the service runs."""
    async with settled(url) as world:
        people = program.folder / "people.csv"
        people.write_bytes(PEOPLE.encode("gb18030"))
        out = await program.arun("import", "volunteers", people)
        assert out.out == "3 registered, 0 known already, 0 refused.\n"
        position = await world.services.ledger.store.head(world.bank_id)
        found = {
            name: (await world.administrator.get("/v1/volunteers", query=name, min_position=position))["items"][0]
            for name in ("张三", "李四", "王五")
        }
        yield Office(program, world, {name: each["number"] for name, each in found.items()})


def rejected(file: Path) -> list[list[str]]:
    """The rows of the file of refused rows."""
    text = file.with_name(f"{file.name}.rejected.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_people_are_registered_once(program: Program, url: str) -> None:
    """Everybody on the list becomes a volunteer with phone and skills; the same list again adds nobody."""
    async with opened(program, url) as office:
        (zhang,) = (await office.world.administrator.get("/v1/volunteers", query="13900001111"))["items"]
        assert (zhang["name"], zhang["skills"]) == ("张三", ["理发", "电工"])
        head = await office.world.services.ledger.store.head(office.world.bank_id)
        people = program.folder / "people.csv"
        again = await program.arun("import", "volunteers", people)
        assert again.out == "0 registered, 3 known already, 0 refused.\n"
        bad = office.write("more.csv", "\ufeff姓名,手机\n赵六,1.39E+10\n,13900003333\n赵六,13900004444\n")
        told = (await program.arun("import", "volunteers", bad)).out
        assert "1 registered, 0 known already, 2 refused." in told
        assert "line 2: 手机" in told
        assert "line 3: 姓名" in told
        assert await office.world.services.ledger.store.head(office.world.bank_id) == head + 1
        assert [row[1:] for row in rejected(bad)] == [["姓名", "手机"], ["赵六", "1.39E+10"], ["", "13900003333"]]
        assert rejected(bad)[0][0] == REASON_HEADER


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
async def test_records_are_logged_from_a_list(program: Program, url: str, encoding: str) -> None:
    """Chinese headers, dates as 2026/3/1 8:30, durations in all notations, people by number or phone: all are read."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        file = office.write(
            "三月.csv",
            "编号,手机,姓名,活动名称,服务类别,身份,开始时间,结束时间,时长,地点,服务项目\n"
            f"{zhang},,张三,楼道清扫,公益慈善,居民,2026/3/1 8:30,2026/3/1 10:00,,三号楼,红细胞;邻里守望\n"
            f",13900002222,李四,楼道清扫,公益慈善,,2026/3/1 8:30,,90,,\n"
            f"{zhang},,张三,夜间巡逻,治安巡逻,,2026/3/1 22:00,,1.5,,\n"
            f"{zhang},,张三,夜间巡逻,治安巡逻,,2026年3月2日 下午10:00,,4:30,,\n"
            f"{zhang},,张三,值班,治安巡逻,在岗,2026-03-04 08:00,,1小时30分,,\n",
            encoding,
        )
        assert await office.records(file) == "5 logged, 0 known already, 0 refused.\n"
        records = await office.logged()
        assert [(each["minutes"], each["capacity"], each["local_date"]) for each in records] == [
            (90, "resident", "2026-03-01"),
            (90, "resident", "2026-03-01"),
            (90, "resident", "2026-03-01"),
            (270, "resident", "2026-03-02"),
            (90, "staff-on-duty", "2026-03-04"),
        ]
        assert {each["recorder_id"] for each in records} == {"operator"}
        assert (records[0]["place"], records[0]["programmes"]) == ("三号楼", ["红细胞", "邻里守望"])
        assert records[0]["started_at"] == "2026-03-01T08:30:00+08:00"
        assert {each["status"] for each in records} == {"logged"}
        assert await office.records(file) == "0 logged, 5 known already, 0 refused.\n"
        assert await office.logged() == records


async def test_each_row_gets_its_verdict(program: Program, url: str) -> None:
    """Good rows are logged, bad ones come back with the reason; mended, they are logged too."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        header = "编号,活动,类别,开始,结束,分钟"
        good = f"{zhang},清扫,公益,2026/3/1 8:30,2026/3/1 9:30,"
        bad = [
            f"{zhang},清扫,公益,2026/3/2 8:30,2026/3/2 9:30,61",
            "123456789012,清扫,公益,2026/3/3 8:30,2026/3/3 9:30,",
            f"{zhang},清扫,公益,2026/13/3 8:30,2026/3/3 9:30,",
            f"{zhang},,公益,2026/3/4 8:30,2026/3/4 9:30,",
            f"{zhang},清扫,公益,2199/3/4 8:30,2199/3/4 9:30,",
            f"{zhang},清扫,公益,2026/3/4 8:30,2026/3/4 8:30,",
            f"{zhang},清扫,公益,2026/3/1 0:00,2026/3/1 24:00,",
        ]
        file = office.write("list.csv", "\n".join([header, bad[0], good, *bad[1:]]))
        dry = await office.records(file, "--dry-run")
        assert await office.logged() == []
        real = await office.records(file)
        assert dry.replace("would be logged", "logged") == real
        assert real.startswith("1 logged, 0 known already, 7 refused.\n")
        reasons = [
            "line 2: 61 minutes", "line 4: 编号", "line 5: 开始", "line 6: 活动", "line 7: ", "line 8: ", "line 9: "
        ]  # fmt: skip
        for reason in reasons:
            assert f"  {reason}" in real
        rows = rejected(file)
        assert [",".join(row[1:]) for row in rows] == [header, *bad]
        assert all(row[0] for row in rows)
        mended = office.write("list.csv.rejected.csv", f"{REASON_HEADER},{header}\nx,{bad[0][:-2]}59\n", "utf-8-sig")
        assert await office.records(mended) == "1 logged, 0 known already, 0 refused.\n"
        assert not mended.with_name(f"{mended.name}.rejected.csv").exists()
        assert [each["minutes"] for each in await office.logged()] == [60, 59]


async def test_a_signed_list_is_confirmed_too(program: Program, url: str) -> None:
    """With --confirm-as the rows are logged and confirmed, if that person may; their credit is there at once."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        rows = [f"{zhang},清扫,公益,2026/3/{day} 8:30,,60" for day in range(1, 4)]
        rows.append(f"{zhang},清扫,公益,2026/3/1 9:00,,60")
        file = office.write("signed.csv", "\n".join(["编号,活动,类别,开始,结束,分钟", *rows]))
        world = office.world
        for nobody, reason in (
            (world.recorder.id, "needs the role verifier"),
            ((await world.somebody()).id, "role"),
            ("vol_0", "role"),
        ):
            told = await office.records(file, "--confirm-as", nobody)
            assert "0 logged and confirmed, 0 known already, 4 refused." in told
            assert reason in told
            assert await office.logged() == []
        told = await office.records(file, "--confirm-as", world.verifier.id)
        assert told.startswith("3 logged and confirmed, 0 known already, 1 refused.\n")
        assert "confirmed service at the same time" in told
        records = await office.logged()
        assert [(each["status"], each["decided_by"]) for each in records] == [("confirmed", world.verifier.id)] * 3
        balance = await world.administrator.get(f"/v1/volunteers/{records[0]['volunteer_id']}/balance")
        assert balance["available_minutes"] == 180
        told = await office.records(file, "--confirm-as", world.verifier.id)
        assert told.startswith("0 logged and confirmed, 3 known already, 1 refused.\n")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        ("活动,类别\n清扫,公益\n".encode(), "columns are missing"),
        ("编号,活动,类别,开始,结束\n1,".encode() + b"\xff\xff\xff", "Line 2"),
        (b"PK\x03\x04\x00\x00", "NUL byte"),
    ],
)
async def test_an_unreadable_file_is_one_sentence(program: Program, data: bytes, told: str) -> None:
    """What is no list is refused in one sentence, before anything is started."""
    file = program.folder / "list.csv"
    file.write_bytes(data)
    ran = program.run("import", "records", file, "--organisation", "org_0", expect=1)
    assert ran.err.startswith("Error: ")
    assert told in " ".join(ran.err.split())


async def test_one_strange_row_does_not_spoil_the_others(program: Program, url: str) -> None:
    """Rows that are much too long, or full of strange characters, are refused alone."""
    async with opened(program, url) as office:
        strange = "".join(chr(random.Random(1).randrange(0x4E00, 0x9FFF) + n % 97) for n in range(20_000))
        people = office.write(
            "strange.csv", f"姓名,手机\n{strange},13911112222\n钱七,13911113333\n\x1b[31m红,13911114444\n"
        )
        told = (await program.arun("import", "volunteers", people)).out
        assert "1 registered" in told
        zhang = office.numbers["张三"]
        rows = [
            f"{zhang},{activity},公益,2026/3/{n} 8:30,,60" for n, activity in enumerate((strange, "清扫", "\x07响"), 1)
        ]
        file = office.write("records.csv", "\n".join(["编号,活动,类别,开始,结束,分钟", *rows]))
        assert (await office.records(file)).startswith("1 logged, 0 known already, 2 refused.\n")


def many(numbers: dict[str, str], count: int) -> str:
    """A long list, each row another hour."""
    people = list(numbers.values())
    lines = ["编号,活动,类别,开始,结束"]
    for n in range(count):
        day, rest = divmod(n, 60)
        hour = rest // 3
        date = f"{2020 + day // 300}/{1 + day % 300 // 25}/{1 + day % 25}"
        lines.append(f"{people[rest % 3]},清扫,公益,{date} {hour}:00,{date} {hour}:59")
    return "\n".join(lines)


async def test_killed_in_the_middle_and_run_again(program: Program, url: str) -> None:
    """An import that is killed leaves whole rows; run again, every row is there exactly once."""
    async with opened(program, url) as office:
        count = 6_000
        file = office.write("many.csv", many(office.numbers, count), "gb18030")
        connection = await asyncpg.connect(url)

        async def rows() -> int:
            return int(await connection.fetchval("select count(*) from event where topic = 'service-logged'"))

        process = program.start("import", "records", file, "--organisation", office.world.garden)
        await until(rows)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = await rows()
        assert 0 < before < count
        told = await office.records(file)
        assert told == f"{count - before} logged, {before} known already, 0 refused.\n"
        assert await rows() == count
        logged = await connection.fetch("select data from history where topic = 'service-logged'")
        facts = [json.loads(row["data"]) for row in logged]
        assert len({(fact["volunteer_id"], fact["started_at"]) for fact in facts}) == count
        await connection.close()
        for projection in EVERY:
            compared = await verify(office.world.services.pool, projection, office.world.bank_id)
            assert compared.is_equal, compared.differences
