"""Importing people: each person once, or a question."""

import asyncio
from collections import Counter

import pytest

from tests.controls import KEY_FILE
from tests.exchange.imports.office import BERLIN, NOW, Office, people_of
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, VolunteerNumber, check_digit
from timebank.exchange.imports.volunteers import VolunteersImport
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.runtime.composition import running_services
from timebank.runtime.founding import OPERATOR
from timebank.runtime.settings import Settings

NODE_LEADER = Acting(ActorId("org_1"), "organisation")


async def names_and_phones(office: Office) -> int:
    """How many volunteers there are, besides the verifier."""
    ((count,),) = await office.ask("select count(*)::int - 1 from volunteer")
    return int(count)


async def test_somebody_is_one_person_in_every_spelling(berlin: Office) -> None:
    """The same name and phone, with and without the country or blanks, is registered once; the rest is told so."""
    text = "姓名,手机\n双录甲,13920000001\n双录甲,+86 139 2000 0001\n双录 甲,8613920000001\n"
    for dry_run in (True, False):
        came = await berlin.people(text, dry_run=dry_run)
        assert [each.status for each in came.verdicts] == ["registered", "same", "same"]
        assert came.reasons == {3: "the same person as in line 2", 4: "the same person as in line 2"}
    again = await berlin.people(text)
    assert again.counts == {"same": 3}
    assert again[2].number
    assert await names_and_phones(berlin) == 1


async def test_the_line_is_told_however_far_above_it_is(berlin: Office) -> None:
    """Somebody who was registered some chunks before is still somebody of this list."""
    rows = "".join(f"某{n},139{n:08}\n" for n in range(20))
    text = f"姓名,手机\n{rows}某0,13900000000\n"
    run = VolunteersImport(berlin.services, berlin.bank_id, OPERATOR, allowed=EVERYTHING)
    found = [verdict async for some in run.verdicts(people_of(text), 8) for _, verdict in some]
    assert found[-1].reason == f"the same person as in line 2, volunteer {found[0].number}"


async def test_a_name_with_a_note_is_nobody_new(berlin: Office) -> None:
    """With the phone of whoever is called so without it, it is that person; else it is asked what the name is."""
    number = (await berlin.people("姓名,手机\n张三,13900001111\n"))[2].number
    text = "姓名,手机,志愿者编号\n张三（组长）,13900001111,\n张三(代),13900002222,\n李四(代),,\n"
    came = await berlin.people(text + f"张三【大】,,{number}\n陈(小),,新\n")
    assert [each.status for each in came.verdicts] == ["same", "refused", "refused", "same", "registered"]
    assert came.reasons[2] == f'this is volunteer {number}; "张三(组长)" is compared without notes in brackets'
    assert "write the name alone, or 新" in came.reasons[4]


async def test_a_namesake_and_a_family_are_several(berlin: Office) -> None:
    """Another phone is another person, and so is another name under one phone."""
    came = await berlin.people("姓名,手机\n张三,13900001111\n张三,13900002222\n家甲,13920000071\n家乙,13920000071\n")
    assert came.counts == {"registered": 4}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_with_and_without_a_phone_is_a_question(berlin: Office, dry_run: bool) -> None:
    """On one list it is asked whether that is one person; put into words, it is two or one."""
    came = await berlin.people("姓名,手机\n头题,\n头题,13930000000\n", dry_run=dry_run)
    assert [each.status for each in came.verdicts] == ["registered", "refused"]
    assert came.reasons[3] == (
        '"头题" is there already, without a phone, in line 2: is it the same person? '
        "Put both into one row, or write 新 under 志愿者编号"
    )
    came = await berlin.people("姓名,手机,志愿者编号\n新题,,\n新题,13930000000,新\n", dry_run=dry_run)
    assert came.counts == {"registered": 2}


async def test_somebody_who_may_be_there_already_is_a_question(berlin: Office) -> None:
    """A phone comes later: whose number it is, or that it is somebody else, is for the office to say."""
    number = (await berlin.people("姓名\n头题\n"))[2].number or ""
    came = await berlin.people("姓名,手机\n头题,13930000000\n")
    assert came.counts == {"refused": 1}
    assert f"Write {number} under 志愿者编号 if so, and 新 if it is somebody else" in came.reasons[2]
    same = await berlin.people(f"姓名,手机,志愿者编号\n头题,13930000000,{number}\n")
    assert same.counts == {"different": 1}
    assert same.reasons[2] == f"this is volunteer {number}; but there is no phone there; an import changes nobody"
    assert await names_and_phones(berlin) == 1
    other = await berlin.people("姓名,手机,志愿者编号\n头题,13930000000,新\n")
    assert other.counts == {"registered": 1}
    assert (await berlin.people("姓名\n头题\n")).counts == {"same": 1}


async def test_what_differs_of_somebody_is_told(berlin: Office) -> None:
    """Other skills are no reason to register anybody again, nor changed by a list."""
    number = (await berlin.people("姓名,手机,技能\n张三,13900001111,理发;电工\n"))[2].number
    assert (await berlin.people("姓名,手机,技能\n张三,13900001111,电工;理发\n")).counts == {"same": 1}
    came = await berlin.people("姓名,手机,技能\n张三,13900001111,书法\n")
    assert came.reasons[2] == (
        f"this is volunteer {number}; but the skills there are 理发; 电工; an import changes nobody"
    )


async def test_a_number_has_to_be_whose_name_stands_beside_it(berlin: Office) -> None:
    """Nobody is taken for somebody else by a number; one that nobody has, or that is mistyped, is refused."""
    number = (await berlin.people("姓名,手机\n张三,13900001111\n"))[2].number
    text = f"姓名,志愿者编号\n李四,{number}\n张三,{number}\n张三,123456789015\n张三,123456789016\n"
    came = await berlin.people(text)
    assert [each.status for each in came.verdicts] == ["refused", "same", "refused", "refused"]
    assert came.reasons[2] == f'"李四" is not the name of {number} in this bank'
    assert "no volunteer of this bank" in came.reasons[4]
    assert "mistyped" in came.reasons[5]


async def test_programs_are_not_told_what_they_do_not_know(berlin: Office) -> None:
    """Of a namesake whose phone it does not have, an organisation's program learns neither number nor skills."""
    number = (await berlin.people("姓名,手机,技能\n张三,13900001111,理发\n李四,,\n"))[3].number or ""
    came = await berlin.people("姓名,手机,技能\n张三,13900001111,书法\n李四,13900002222,\n", by=NODE_LEADER)
    assert came.counts == {"different": 1, "refused": 1}
    assert "理发" not in came.reasons[2]
    assert number not in came.reasons[3]


async def test_lists_that_come_at_once_register_each_once(berlin: Office) -> None:
    """Two offices send the same people in one moment: whoever comes second is told who is there already."""
    people = "\n".join(["姓名,手机", *(f"张{chr(0x4E00 + n)},1390000{n:04}" for n in range(30))])
    first, second = await asyncio.gather(berlin.people(people), berlin.people(people))
    assert sorted([first.counts, second.counts], key=str) == [{"registered": 30}, {"same": 30}]


async def test_lists_of_many_banks_come_at_once(url: str) -> None:
    """However many banks take in lists at once, and with as few connections as there may be, each gets on."""
    settings = Settings(database_url=url, key_file=str(KEY_FILE), pool_size=4)
    people = "\n".join(["姓名,手机", *(f"张{chr(0x4E00 + n)},1390000{n:04}" for n in range(3))])
    async with running_services(settings, follow=False, clock=lambda: NOW) as services:
        offices = [Office(services) for _ in range(8)]
        for office in offices:
            await office.open(str(BERLIN))
        async with asyncio.timeout(PATIENCE_SECONDS):
            came = await asyncio.gather(*(office.people(people) for office in offices for _ in range(2)))
    assert Counter(str(each.counts) for each in came) == {"{'registered': 3}": 8, "{'same': 3}": 8}


async def test_a_number_that_is_taken_is_not_the_offices_problem(
    berlin: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a candidate number is taken, the next is tried."""
    candidates = iter(["500000000009", "500000000009", *(_number(n) for n in range(3))])
    monkeypatch.setattr(
        "timebank.exchange.imports.volunteers.new_volunteer_number", lambda: VolunteerNumber(next(candidates))
    )
    came = await berlin.people("姓名,手机\n张三,13900001111\n李四,13900002222\n")
    assert came.counts == {"registered": 2}


def _number(n: int) -> str:
    digits = f"{60_000_000_000 + n}"
    return digits + check_digit(digits)


async def test_what_no_volunteer_can_have_is_refused_in_the_words_of_the_list(berlin: Office) -> None:
    """Text that is too long, and more skills than there can be, are refused by the heading; other rows are taken."""
    skills = ";".join(f"技能{n}" for n in range(21))
    came = await berlin.people(f"姓名,特长\n{'张' * 201},\n李四,{skills}\n王五,{skills[:-5]}\n")
    assert [each.status for each in came.verdicts] == ["refused", "refused", "registered"]
    assert came.reasons[2] == f'姓名: "{"张" * 60}…" is too long, or holds characters that cannot be shown'
    assert came.reasons[3] == f'特长: "{skills[:60]}…" holds too many values'
