"""Importing what offices have."""

import contextlib
import csv
import io
import json
import random
import re
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from tests.api.world import World, settled
from tests.cli.program import Program
from tests.exchange.spreadsheets.files import xlsx
from tests.helpers.patience import until
from timebank.exchange.spreadsheets.rejected import REASON_HEADING
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import verify
from timebank.runtime.founding import OPERATOR

PEOPLE = "姓名,手机,技能\n张三,139 0000 1111,理发;电工\n李四,13900002222,\n王五,,书法\n"


class Office(NamedTuple):
    """An organisation with its files, a verifier, and three volunteers of the bank by name."""

    program: Program
    world: World
    numbers: dict[str, str]

    def write(self, name: str, text: str | bytes, encoding: str = "utf-8") -> Path:
        """A file in the office's folder."""
        file = self.program.folder / name
        file.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return file

    async def records(self, file: Path, *options: str, expect: int = 0) -> str:
        """Import records, and say what was said."""
        told = await self.program.arun(
            "import", "records", file, "--organisation", self.world.garden, *options, expect=expect
        )
        return told.out + told.err

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
        assert counts(out.out) == "3 registered."
        position = await world.services.ledger.store.head(world.bank_id)
        found = {
            name: (await world.administrator.get("/v1/volunteers", query=name, min_position=position))["items"][0]
            for name in ("张三", "李四", "王五")
        }
        yield Office(program, world, {name: each["number"] for name, each in found.items()})


def counts(out: str) -> str:
    """How many rows came to what."""
    return next(line for line in out.splitlines() if re.match(r"[0-9]+ |no rows", line))


def rejected(file: Path, number: str = "", kind: str = "") -> list[list[str]]:
    """The rows of a file of refused rows."""
    path = file.with_name(f"{file.stem}{kind}.rejected{number}.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_people_are_registered_once(program: Program, url: str) -> None:
    """Everybody on the list becomes a volunteer with phone and skills; the same list again adds nobody."""
    async with opened(program, url) as office:
        (zhang,) = (await office.world.administrator.get("/v1/volunteers", query="13900001111"))["items"]
        assert (zhang["name"], zhang["skills"]) == ("张三", ["理发", "电工"])
        head = await office.world.services.ledger.store.head(office.world.bank_id)
        again = await program.arun("import", "volunteers", program.folder / "people.csv")
        assert counts(again.out) == "3 there already."
        bad = office.write("more.csv", "\ufeff姓名,手机\n赵六,1.39E+10\n,13900003333\n赵六,13900004444\n")
        dry = (await program.arun("import", "volunteers", bad, "--dry-run")).out
        assert counts(dry) == "1 would be registered, 2 refused."
        assert await office.world.services.ledger.store.head(office.world.bank_id) == head
        told = (await program.arun("import", "volunteers", bad)).out
        assert counts(told) == "1 registered, 2 refused."
        assert "line 2: refused: 手机" in told
        assert "line 3: refused: 姓名" in told
        assert await office.world.services.ledger.store.head(office.world.bank_id) == head + 1
        for kind in (".dry-run", ""):
            rows = rejected(bad, kind=kind)
            assert [row[1:] for row in rows] == [["姓名", "手机"], ["赵六", "1.39E+10"], ["", "13900003333"]]
            assert rows[0][0] == REASON_HEADING


async def test_records_are_logged_from_a_list(program: Program, url: str) -> None:
    """How the list is understood is told, then each row is logged, and told again when the list comes again."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        text = (
            "编号,手机,姓名,活动名称,服务类别,身份,开始时间,结束时间,时长,地点,服务项目,备注\n"
            f"{zhang},,张三,楼道清扫,公益慈善,居民,2026/3/1 8:30,2026/3/1 10:00,,三号楼,红细胞;邻里守望,\n"
            f",13900002222,李四,楼道清扫,公益慈善,,2026/3/1 8:30,,90分,,,\n"
            f"{zhang},,张三,夜间巡逻,治安巡逻,,2026年3月2日 下午10:00,,4:30,,,\n"
            f"{zhang},,张三,值班,治安巡逻,在岗,2026-03-04 08:00,,1小时30分,,,\n"
        )
        file = office.write("三月.csv", text, "gb18030")
        told = await office.records(file)
        assert "三月.csv: text in gb18030, parted by commas; headings in line 1, 4 rows." in told
        assert "  编号 → number\n" in told
        assert "  not read: 备注 (empty)\n" in told
        assert f"  line 2: number {zhang}; name 张三; activity 楼道清扫; category 公益慈善; capacity resident; " in told
        assert counts(told) == "4 logged, and wait to be confirmed."
        records = await office.logged()
        assert [(each["minutes"], each["capacity"], each["local_date"]) for each in records] == [
            (90, "resident", "2026-03-01"),
            (90, "resident", "2026-03-01"),
            (270, "resident", "2026-03-02"),
            (90, "staff-on-duty", "2026-03-04"),
        ]
        assert {each["recorder_id"] for each in records} == {"operator"}
        assert (records[0]["place"], records[0]["programmes"]) == ("三号楼", ["红细胞", "邻里守望"])
        assert records[0]["started_at"] == "2026-03-01T08:30:00+08:00"
        again = await office.records(office.write("三月.utf8.csv", text, "utf-8-sig"))
        assert counts(again) == "4 logged before, and still wait to be confirmed."
        assert await office.logged() == records


async def test_each_row_gets_its_verdict(program: Program, url: str) -> None:
    """Good rows are logged, bad ones go to a new file each time with the reason; mended, they are logged too."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        header = "编号,活动,类别,开始,结束,分钟"
        good = f"{zhang},清扫,公益,2026/3/1 8:30,2026/3/1 9:30,"
        bad = [
            f"{zhang},清扫,公益,2026/3/2 8:30,2026/3/2 9:30,62",
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
        assert "This was a dry run: nothing was written to the bank." in dry
        real = await office.records(file)
        assert counts(dry).replace("would be ", "") == counts(real) == "1 logged, and wait to be confirmed, 7 refused."
        for line, reason in {2: "62 minutes", 4: "编号", 5: "开始", 6: "活动", 7: "", 8: "结束", 9: ""}.items():
            assert f"  line {line}: refused: {reason}" in real
            assert f"  line {line}: refused: {reason}" in dry
        rows = rejected(file, kind=".dry-run")
        assert rows == rejected(file)
        assert "list.dry-run.rejected.csv: mend them in the list itself." in dry
        assert [",".join(row[1:]).replace("'", "") for row in rows] == [header, *bad]
        assert all(row[0] for row in rows)
        mended = office.write("list.rejected.csv", f"{REASON_HEADING},{header}\nx,{bad[0][:-2]}59\n", "utf-8-sig")
        assert counts(await office.records(mended)) == "1 logged, and wait to be confirmed."
        there = ["list.dry-run.rejected.csv", "list.rejected.csv"]
        assert sorted(path.name for path in program.folder.glob("*.rejected*")) == there
        assert [each["minutes"] for each in await office.logged()] == [60, 59]
        shown = await office.records(file, "--every-row")
        assert "  line 3: waiting: it was logged before" in shown


async def test_a_signed_list_is_confirmed_too(program: Program, url: str) -> None:
    """With --confirm-as rows are confirmed, if that person may: credit is there at once, and whoever signed is told."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        rows = [f"{zhang},清扫,公益,2026/3/{day} 8:30,,60" for day in range(1, 4)]
        rows.append(f"{zhang},清扫,公益,2026/3/1 9:00,,60")
        file = office.write("signed.csv", "\n".join(["编号,活动,类别,开始,结束,分钟", *rows]))
        world = office.world
        told = await office.records(file, "--confirm-as", world.recorder.id)
        assert counts(told) == "4 refused."
        assert "needs the role verifier" in told
        assert "there is no volunteer with" in await office.records(file, "--confirm-as", "vol_0", expect=2)
        elsewhere = await program.arun("import", "records", file, "--organisation", "org_0", expect=2)
        assert f"there is no organisation org_0; there are: {world.garden}" in elsewhere.sentence
        assert await office.logged() == []
        signer = (await world.administrator.get(f"/v1/volunteers/{world.verifier.id}"))["number"]
        told = await office.records(file, "--confirm-as", signer)
        assert counts(told) == "3 confirmed, 1 refused."
        (entered,) = [
            each for each in (await world.verifier.get("/v1/me/notices"))["items"] if each["kind"] == "list-signed"
        ]
        assert (entered["by"], entered["detail"]) == (OPERATOR.actor, {"organisation_id": world.garden, "rows": 4})
        assert "confirmed service at the same time, in line 2" in told
        assert not re.search("(rec|vol|org)_[0-9a-f]{32}", told), "nobody knows ids"
        records = await office.logged()
        assert [(each["status"], each["decided_by"]) for each in records] == [("confirmed", world.verifier.id)] * 3
        balance = await world.administrator.get(f"/v1/volunteers/{records[0]['volunteer_id']}/balance")
        assert balance["available_minutes"] == 180
        told = await office.records(file, "--confirm-as", world.verifier.id)
        assert counts(told) == "3 there already, 1 refused."


async def test_what_cannot_be_told_is_asked_and_answered(program: Program, url: str) -> None:
    """A list that is not clear stops with the options that make it so; with them it is imported."""
    async with opened(program, url) as office:
        text = "手机,活动,类别,开始,时长,是否在岗\n13900002222,清扫,公益,2026/3/1 8:30,2,是\n"
        file = office.write("unclear.csv", text)
        told = await office.records(file, expect=1)
        assert "Nothing was written." in told
        assert "add to the command: --unit 时长=minutes  or  --unit 时长=hours" in told
        assert "add to the command: --ignore 是否在岗  or  --column 是否在岗=capacity" in told
        assert await office.logged() == []
        told = await office.records(file, "--unit", "时长=hours", "--ignore", "是否在岗")
        assert counts(told) == "1 logged, and wait to be confirmed."
        assert [each["minutes"] for each in await office.logged()] == [120]
        for option in (("--unit", "时长"), ("--column", "=phone")):
            told = await office.records(file, *option, expect=2)
            assert "is not of the form" in told


async def test_every_row_is_written_as_it_was_understood(program: Program, url: str) -> None:
    """To a new file, in a dry run too, in the language of whoever asks; that of the environment, if they do not say."""
    async with opened(program, url) as office:
        zhang = office.numbers["张三"]
        rows = [f"{zhang},清扫,公益,2026/3/{day} 8:30,九点半,在岗" for day in (1, 2, 30, 1)]
        rows.append(f"{zhang},清扫,公益,2026-02-30 8:30,九点半,")
        file = office.write("list.csv", "\n".join(["编号,活动,类别,开始,结束,身份", *rows]))
        target = program.folder / "understood.csv"
        told = await office.records(file, "--dry-run", "--language", "zh", "--understood", str(target))
        assert "将登记 3 行，待确认，1 行已经有了，1 行未接受。" in told
        assert "  第 5 行：已有: 与第 2 行相同" in told
        assert "这是试运行：没有写入任何内容。" in told
        head, *lines = csv.reader(io.StringIO(target.read_bytes().decode("utf-8-sig"), newline=""))
        assert head[:4] == ["行号", "结果", "原因", "志愿者编号"]
        assert lines[0] == [
            *(
                "2",
                "待确认",
                "",
                f"'{zhang}",
                "",
                "",
                "清扫",
                "公益",
                "在岗",
                "2026-03-01 08:30",
                "2026-03-01 09:30",
                "60",
            ),
            *("", "", "", "", ""),
        ]
        assert lines[3][:3] == ["5", "已有", "与第 2 行相同"]
        assert lines[4][:2] == ["6", "未接受"]
        assert "不存在这一天" in lines[4][2]
        assert not any(lines[4][3:])
        again = await office.records(file, "--understood", str(target), expect=2)
        assert "is there already" in " ".join(again.replace("│", " ").split())
        assert await office.logged() == []
        told = await office.records(file, "--understood", str(program.folder / "understood.xlsx"))
        assert counts(told) == "3 logged, and wait to be confirmed, 1 there already, 1 refused."
        assert (program.folder / "understood.xlsx").stat().st_size > 1_000
        program.environment["LC_ALL"] = "zh_CN.UTF-8"
        told = await program.arun("import", "volunteers", office.write("x.csv", "甲,乙\n1,2\n"), expect=1)
        assert "缺少这些列" in told.err


async def test_a_template_is_filled_in_and_imported(program: Program, url: str) -> None:
    """A workbook as the template makes it, filled in, is imported as it is; rejected rows come back as one."""
    async with opened(program, url) as office:
        made = await program.arun("import", "template", "records", "三月.xlsx")
        assert made.out.startswith("Fill in 三月.xlsx")
        assert "import records 三月.xlsx --organisation ID --dry-run" in made.out
        assert (
            "is there already" in (await program.arun("import", "template", "records", "三月.xlsx", expect=1)).sentence
        )
        csv_made = await program.arun("import", "template", "records", "三月.csv", "--language", "en")
        assert csv_made.out
        header = (program.folder / "三月.csv").read_text("utf-8-sig").strip().split(",")
        values = {
            "phone": "13900002222",
            "name": "李四",
            "activity": "清扫",
            "category": "公益",
            "date": "2026/3/1",
            "started_at": "8:30",
            "ended_at": "10:00",
            "capacity": "resident",
        }
        bad = values | {"phone": "13900009999"}
        rows = [header, *([each.get(name, "") for name in header] for each in (values, bad))]
        file = office.write("filled.xlsx", xlsx(rows, "list", "about"))
        told = await office.records(file)
        assert "filled.xlsx: workbook .xlsx, sheet list (not read: about); headings in row 1, 2 rows." in told
        assert counts(told) == "1 logged, and wait to be confirmed, 1 refused."
        again = await office.records(program.folder / "filled.rejected.xlsx")
        assert counts(again) == "1 refused."


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x00\x00", "The workbook is damaged"),
    ],
)
async def test_an_unreadable_file_is_one_sentence(program: Program, url: str, data: bytes, told: str) -> None:
    """What is no list is refused in one sentence, which names the file."""
    program.run("init", "甲", "--json")
    file = program.folder / "list.csv"
    file.write_bytes(data)
    ran = program.run("import", "volunteers", file, expect=1)
    assert ran.sentence.startswith("Error: list.csv: ")
    assert told in ran.sentence


async def test_one_strange_row_does_not_spoil_the_others(program: Program, url: str) -> None:
    """Rows that are much too long, or full of strange characters, are refused alone."""
    async with opened(program, url) as office:
        strange = "".join(chr(random.Random(1).randrange(0x4E00, 0x9FFF) + n % 97) for n in range(20_000))
        people = office.write(
            "strange.csv", f"姓名,手机\n{strange},13911112222\n钱七,13911113333\n\x1b[31m红,13911114444\n"
        )
        told = (await program.arun("import", "volunteers", people)).out
        assert counts(told) == "1 registered, 2 refused."
        assert "\x1b" not in told


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


@pytest.mark.release
@pytest.mark.drill
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
        logged_now, waited = f"{count - before} logged, and wait to be confirmed", f"{before} logged before"
        assert counts(told) == f"{logged_now}, {waited}, and still wait to be confirmed."
        assert await rows() == count
        logged = await connection.fetch("select data from history where topic = 'service-logged'")
        facts = [json.loads(row["data"]) for row in logged]
        assert len({(fact["volunteer_id"], fact["started_at"]) for fact in facts}) == count
        await connection.close()
        for projection in EVERY:
            compared = await verify(office.world.services.pool, projection, office.world.bank_id)
            assert compared.is_equal, compared.differences
