"""Importing service: the right person, and what each row is told."""

import io
from zoneinfo import ZoneInfo

import pytest

from tests.exchange.imports.office import VERIFIER, Came, Office
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId
from timebank.domain.people.refusals import VolunteerIsSuspended
from timebank.exchange.imports.lists import open_records
from timebank.exchange.spreadsheets.errors import QuestionsError
from timebank.exchange.spreadsheets.headings import Said
from timebank.runtime.founding import OPERATOR

ZHANG = "姓名,手机\n张三,13900001111\n"
FAMILY = "姓名,手机\n家甲,13920000071\n家乙,13920000071\n王五,13900005555\n"
CLOCK = "2026/3/1 8:30,2026/3/1 9:30"


def row(who: str, columns: str = "手机", times: str = CLOCK, more: str = "") -> str:
    """A list of one row."""
    return f"{columns},活动,类别,开始,结束\n{who},清扫,公益,{times}{more}\n"


class TestWho:
    """The right person, or nobody."""

    async def number_of(self, berlin: Office, name: str) -> str:
        """Somebody's number."""
        again = await berlin.people(FAMILY)
        return next(v.number or "" for v, n in zip(again.verdicts, ("家甲", "家乙", "王五"), strict=True) if n == name)

    async def served(self, berlin: Office, name: str) -> bool:
        """Whether somebody has a record."""
        number = await self.number_of(berlin, name)
        found = await berlin.ask(
            "select number from service_record r join volunteer using (bank_id, volunteer_id) where r.status = 'logged'"
        )
        return (number,) in found

    @pytest.mark.drill
    async def test_the_name_decides_among_those_who_share_a_phone(self, berlin: Office) -> None:
        """A family's phone with a name beside it is one of them; alone it is a question."""
        await berlin.people(FAMILY)
        alone = await berlin.records(row("13920000071"))
        assert alone[2].reason == (
            '手机: "13920000071" is the phone of several volunteers: write the name beside it, or the number'
        )
        named = await berlin.records(row("家 乙,+86 139 2000 0071", "姓名,手机"))
        assert named.counts == {"logged": 1}
        assert await self.served(berlin, "家乙")
        assert not await self.served(berlin, "家甲")

    async def test_what_stands_beside_a_number_has_to_be_theirs(self, berlin: Office) -> None:
        """A name or a phone that is somebody else's, or that nobody has, refuses the row."""
        await berlin.people(FAMILY)
        number = await self.number_of(berlin, "家甲")
        columns = "编号,姓名,手机"
        for beside, told in (
            (f"{number},王五,", f'姓名: "王五" is not the name of {number} in this bank'),
            (f"{number},,13900005555", f'手机: "13900005555" is the phone of somebody else than {number}'),
            (f"{number},,13900009999", f'手机: "13900009999" is not the phone of {number} in this bank'),
            (",王五,13920000071", '姓名: "王五" is not the name of whoever has the phone 13920000071'),
            (",王五,", '姓名: "王五" alone does not tell who it is: write the number or the phone beside it'),
            (",,", "编号 / 手机: the empty cell does not tell who it is"),
            ("123456789015,,", '编号: "123456789015" is no volunteer of this bank'),
            (",,13900009999", '手机: "13900009999" is no volunteer of this bank'),
        ):
            # A second row with a good number, so that the column is one of numbers.
            text = row(beside, columns) + f"{number},,,清扫,公益,2026/3/2 8:30,2026/3/2 9:30\n"
            came = await berlin.records(text, dry_run=True)
            assert (came[2].status, came[3].status) == ("refused", "logged")
            assert told in (came[2].reason or "")
        good = await berlin.records(row(f"{number},家甲,13900009999", columns))
        assert good.counts == {"logged": 1}, "of two that agree, a new phone is no contradiction"

    async def test_one_column_may_hold_any_of_them(self, berlin: Office) -> None:
        """Under 志愿者 there are numbers, phones and names, and each is taken for what it is."""
        await berlin.people(FAMILY)
        number = await self.number_of(berlin, "王五")
        for who in (number, f"{number[:4]} {number[4:]}", "139-0000-5555"):
            came = await berlin.records(row(who, "志愿者"), dry_run=True)
            assert came.counts == {"logged": 1}
        came = await berlin.records(row("王五,13900005555", "志愿者,手机"), dry_run=True)
        assert came.counts == {"logged": 1}
        came = await berlin.records(row("3.93489E+11", "志愿者"), dry_run=True)
        assert "its last digits are lost" in (came[2].reason or "")
        came = await berlin.records(row("13920000071,13900005555", "志愿者,手机"), dry_run=True)
        assert "志愿者: contradicts what stands beside it" in (came[2].reason or "")

    async def test_a_phone_is_one_in_every_spelling(self, berlin: Office) -> None:
        """With and without the country, on the list or in the bank."""
        await berlin.people("姓名,手机\nAnna Müller,0049 170 0000030\n李四,8613900007777\n")
        rows = [row("+491700000030"), row("00491700000030"), row("13900007777"), row("+86 139 0000 7777")]
        for text in rows:
            assert (await berlin.records(text, dry_run=True)).counts == {"logged": 1}

    async def test_a_note_beside_a_name_is_passed_over_and_told(self, berlin: Office) -> None:
        """It is that person, if the name before the brackets is theirs; whoever is called just so comes first."""
        await berlin.people("姓名,手机\n张三,13900001111\n家甲,13900007777\n家乙,13900007777\n")
        await berlin.people("姓名,手机,志愿者编号\n家乙(小),13900007777,新\n")
        header = "姓名,手机,活动,类别,开始,结束"
        rows = [
            *("张三（组长）,13900001111", "李四(代),13900001111", "家乙【大】,13900007777"),
            *("家乙(小),13900007777", "家甲[代],13900007777"),
        ]
        text = "\n".join([header, *(f"{each},清扫,公益,2026/3/1 8:30,2026/3/1 9:30" for each in rows)])
        came = await berlin.records(text, dry_run=True)
        assert [each.status for each in came.verdicts] == ["logged", "refused", "refused", "logged", "logged"]
        assert [each.note for each in came.verdicts] == [
            '"张三(组长)" is compared without notes in brackets',
            *(None, None, None),
            '"家甲[代]" is compared without notes in brackets',
        ]
        assert "several volunteers" in came.reasons[4]


class TestAgain:
    """A list that comes again is told row by row."""

    async def test_pending_then_signed(self, berlin: Office) -> None:
        """What waits is told so; signed, it is confirmed, and whoever signed is told; then there is nothing to do."""
        await berlin.people(ZHANG)
        text = row("13900001111")
        assert (await berlin.records(text)).counts == {"logged": 1}
        waiting = await berlin.records(text)
        assert (waiting.counts, waiting.reasons) == (
            {"waiting": 1},
            {2: "it was logged before, and waits to be confirmed"},
        )
        assert (await berlin.records(text, signer=VERIFIER, dry_run=True)).counts == {"confirmed": 1}
        told = "select actor, subject, detail->>'rows' from security_event where kind = 'list-signed'"
        assert await berlin.ask(told) == []
        signed = await berlin.records(text, signer=VERIFIER)
        assert await berlin.ask(told) == [(OPERATOR.actor, VERIFIER, "1")]
        assert (signed.counts, signed.reasons) == ({"confirmed": 1}, {2: "it was logged before, and waited"})
        same = await berlin.records(text, signer=VERIFIER)
        assert (same.counts, same.reasons) == ({"same": 1}, {2: "it was logged before, and is confirmed"})
        assert await berlin.ask("select status, minutes from service_record") == [("confirmed", 60)]

    @pytest.mark.parametrize("dry_run", [True, False])
    async def test_a_row_that_repeats_another_is_told_which(self, berlin: Office, dry_run: bool) -> None:
        """By the line of the first that says so; on a list that comes again too, and where it differs."""
        await berlin.people(ZHANG)
        text = row("13900001111")
        text += text.splitlines()[1] + "\n" + text.splitlines()[1].replace("清扫", "陪伴") + "\n"
        came = await berlin.records(text, dry_run=dry_run)
        assert [each.status for each in came.verdicts] == ["logged", "same", "different"]
        assert came.reasons[3] == "the same as line 2"
        assert "line 2 has the same person and time, but differs: 活动: there 清扫, here 陪伴" in came.reasons[4]
        await berlin.records(text)
        again = await berlin.records(text, dry_run=dry_run)
        assert [each.status for each in again.verdicts] == ["waiting", "same", "different"]
        assert again.reasons[3] == "the same as line 2"

    async def test_what_differs_is_said(self, berlin: Office) -> None:
        """Of the same hours, but of another activity or fewer minutes, it is neither the same nor confirmed."""
        await berlin.people(ZHANG)
        await berlin.records(row("13900001111"))
        text = "手机,活动,类别,开始,结束,分钟\n13900001111,陪伴,公益,2026/3/1 8:30,2026/3/1 9:30,50\n"
        came = await berlin.records(text, signer=VERIFIER)
        assert came.counts == {"different": 1}
        told = "it was logged before, but differs: 活动: there 清扫, here 陪伴; 分钟: there 60, here 50"
        assert came[2].reason == told
        assert await berlin.ask("select status from service_record") == [("logged",)]

    def test_a_refusal_calls_people_as_the_row_does(self) -> None:
        """By number, phone or name, as it stands there: nobody knows ids."""
        for who, columns in (("13900001111", "手机"), ("张三,13900001111", "姓名,手机")):
            opened = open_records(io.BytesIO(row(who, columns).encode()), Said(), ZoneInfo("Asia/Shanghai"))
            (first,) = opened.rows()
            verdict = opened.refused(first, VolunteerIsSuspended(volunteer_id="vol_" + "1" * 32))
            assert verdict.reason == "Volunteer 13900001111 is suspended."

    async def test_who_entered_it_and_who_signed_are_both_on_record(self, berlin: Office) -> None:
        """The operator is the actor of both facts, and the verifier is named as who signed."""
        await berlin.people(ZHANG)
        await berlin.records(row("13900001111"), signer=VERIFIER)
        facts = await berlin.ask(
            "select actor, authority, said ->> 'recorder_id', said ->> 'decided_by', said ->> 'signed_by' "
            "from event, lateral (select convert_from(data, 'UTF8')::jsonb said) s "
            "where topic like 'service-%' order by position"
        )
        assert facts == [
            ("operator", "operator", "operator", None, None),
            ("operator", "operator", None, VERIFIER, VERIFIER),
        ]

    async def test_nobody_signs_what_they_enter(self, berlin: Office) -> None:
        """Who enters the list and who signs it are two; a coordinator who does both is refused."""
        await berlin.people(ZHANG)
        came = await berlin.records(row("13900001111"), by=Acting(ActorId(VERIFIER), "volunteer"), signer=VERIFIER)
        assert came.counts == {"refused": 1}


async def test_a_duration_counts_through_a_clock_change(berlin: Office) -> None:
    """Two hours from half past one, in the night when an hour is left out, are two hours; and when one comes twice."""
    await berlin.people(ZHANG)
    came = await berlin.records(
        "手机,活动,类别,开始,分钟\n13900001111,守夜,公益,2026/3/29 1:30,120\n"
        "13900001111,守夜,公益,2026/10/25 1:30,120\n",
    )
    assert came.counts == {"logged": 2}
    minutes = "extract(epoch from ended_at - started_at)::int / 60"
    assert await berlin.ask(f"select minutes, {minutes} from service_record") == [(120, 120), (120, 120)]


@pytest.mark.drill
async def test_a_dry_run_sees_its_own_rows_and_writes_nothing(berlin: Office) -> None:
    """However long the list is, a dry run gives each row the verdict it will get: duplicates, full days, overlaps."""
    await berlin.people(ZHANG)
    days = [(month, day) for month in range(1, 10) for day in range(1, 21)]
    rows = [f"13900001111,清扫,公益,2026/{month}/{day} {hour}:00,1" for hour in range(4) for month, day in days]
    full = [f"13900001111,值守,公益,2026/10/1 {hour}:00,720" for hour in (0, 1, 2)]
    text = "\n".join(["手机,活动,类别,开始,分钟", *rows, *rows[:20], *full])
    for signer, counts in (
        (None, {"logged": 722, "same": 20, "refused": 1}),
        (VERIFIER, {"confirmed": 721, "refused": 2, "same": 20}),
    ):
        head = await berlin.head()
        dry = await berlin.records(text, dry_run=True, signer=signer)
        assert await berlin.head() == head
        if signer is None:
            assert dry.counts == counts
        assert [each.status for each in dry.verdicts] == [
            each.status for each in (await berlin.records(text, signer=signer)).verdicts
        ]
    assert dry.counts["confirmed"] == 721


async def test_a_list_that_is_not_clear_writes_nothing(berlin: Office) -> None:
    """What has to be said first is said before anything is written."""
    await berlin.people(ZHANG)
    head = await berlin.head()
    with pytest.raises(QuestionsError):
        await berlin.records("手机,活动,类别,开始,时长\n13900001111,清扫,公益,2026/3/1 8:30,2\n")
    assert await berlin.head() == head


async def test_what_the_bank_refuses_is_told_in_its_words(berlin: Office) -> None:
    """A year long gone, the future, an unknown organisation: each row gets the reason that the API gives."""
    await berlin.people(ZHANG)
    times = ("1926/3/1 8:30,1926/3/1 9:30", "2126/3/1 8:30,2126/3/1 9:30", "2024/2/29 8:30,2024/2/29 9:30")
    came: Came = await berlin.records(
        "\n".join(["手机,活动,类别,开始,结束", *(f"13900001111,清扫,公益,{each}" for each in times)])
    )
    assert [each.status for each in came.verdicts] == ["refused", "refused", "logged"]
    assert came.reasons[2] == "Times of service are between 1949 and 2199."
    assert came.reasons[3] == "Service can be logged only when it is over."


async def test_more_programmes_than_a_record_can_have_are_refused_in_the_words_of_the_list(berlin: Office) -> None:
    """A row that names twenty-one programmes is refused by the heading of the column."""
    await berlin.people(ZHANG)
    programmes = ";".join(f"项目{n}" for n in range(21))
    came = await berlin.records(f"手机,活动,类别,开始,分钟,项目\n13900001111,清扫,公益,2026/3/1 8:30,60,{programmes}\n")
    assert (came[2].reason or "").startswith("项目: ")
    assert (came[2].reason or "").endswith("holds too many values")
