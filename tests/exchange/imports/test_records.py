"""Importing service."""

from tests.exchange.imports.office import Office

ZHANG = "姓名,手机\n张三,13900001111\n"


async def test_a_shared_phone_does_not_tell_who_it_was(berlin: Office) -> None:
    """Where two people have one phone, the row says that the number is needed."""
    await berlin.people("姓名,手机\n张三,13900001111\n李四,13900001111\n")
    _, _, refused = await berlin.records("手机,活动,类别,开始,分钟\n13900001111,清扫,公益,2026/3/1 8:30,60\n")
    assert refused[2] == '手机: "13900001111" is the phone of several volunteers: write the number'


async def test_a_duration_counts_through_a_clock_change(berlin: Office) -> None:
    """Two hours from half past one, in the night when an hour is left out, are two hours; and when one comes twice."""
    await berlin.people(ZHANG)
    taken, _, refused = await berlin.records(
        "手机,活动,类别,开始,分钟\n13900001111,守夜,公益,2026/3/29 1:30,120\n"
        "13900001111,守夜,公益,2026/10/25 1:30,120\n",
    )
    assert (taken, refused) == (2, {})
    minutes = "extract(epoch from ended_at - started_at)::int / 60"
    assert await berlin.ask(f"select minutes, {minutes} from service_record") == [(120, 120), (120, 120)]


async def test_clock_times_beside_a_date_go_past_midnight(berlin: Office) -> None:
    """From ten in the evening until two is four hours, on the day it started."""
    await berlin.people(ZHANG)
    taken, _, refused = await berlin.records(
        "手机,活动,类别,日期,开始,结束\n13900001111,守夜,公益,2026/3/1,22:00,2:00\n"
    )
    assert (taken, refused) == (1, {})
    assert await berlin.ask("select minutes, local_date::text from service_record") == [(240, "2026-03-01")]


async def test_a_dry_run_sees_its_own_rows(berlin: Office) -> None:
    """However long the list is, a dry run gives each row the verdict it will get, and writes nothing."""
    await berlin.people(ZHANG)
    days = [(month, day) for month in range(1, 10) for day in range(1, 21)]
    rows = [f"13900001111,清扫,公益,2026/{month}/{day} {hour}:00,1" for hour in range(4) for month, day in days]
    text = "\n".join(["手机,活动,类别,开始,分钟", *rows, *rows[:20]])
    dry = await berlin.records(text, dry_run=True)
    assert await berlin.ask("select count(*) from service_record") == [(0,)]
    assert dry == await berlin.records(text) == (len(rows), 20, {})


async def test_more_programmes_than_a_record_can_have_are_refused_in_the_words_of_the_list(berlin: Office) -> None:
    """A row that names twenty-one programmes is refused by the heading of the column."""
    await berlin.people(ZHANG)
    programmes = ";".join(f"项目{n}" for n in range(21))
    _, _, refused = await berlin.records(
        f"手机,活动,类别,开始,分钟,项目\n13900001111,清扫,公益,2026/3/1 8:30,60,{programmes}\n"
    )
    assert refused[2].startswith("项目: ")
    assert refused[2].endswith("holds too many values")
