"""Importing who was in charge: members of the organisation, by number, phone or name."""

from typing import Any

from tests.exchange.imports.office import BODY, NOW, Office, records_of
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, VolunteerId, new_membership_id
from timebank.domain.organisations.memberships import AddMember, ApproveMembership
from timebank.projections.people import volunteers
from timebank.runtime.founding import OPERATOR

PEOPLE = "姓名,手机\n张三,13900001111\n李四,13900002222\n李四,13900003333\n王小明,13900004444\n赵六,13900005555\n"


def served(*charged: str, heading: str = "负责人") -> str:
    """A list on which Zhang served on a day of November after the other, each time with somebody in charge."""
    rows = [f"13900001111,清扫,公益,2026/11/{n} 8:30,2026/11/{n} 9:30,{who}" for n, who in enumerate(charged, 1)]
    return "\n".join([f"手机,活动,类别,开始,结束,{heading}", *rows, ""])


async def staffed(berlin: Office) -> dict[str, tuple[str, str]]:
    """The ids and numbers of the people, by what their phones end in; all but Zhao are members."""
    await berlin.people(PEOPLE)
    await berlin.ask("select 1")
    found = {}
    for last in "12345":
        services, phone = berlin.services, f"1390000{last * 4}"
        (meant,) = await volunteers.meant_by(services.pool, services.people, berlin.bank_id, phones=[phone])
        found[last] = meant.volunteer_id, str(meant.number)
        if last != "5":
            ids: dict[str, Any] = {"organisation_id": BODY, "volunteer_id": VolunteerId(meant.volunteer_id)}
            await berlin.do(AddMember(by=OPERATOR, at=NOW, membership_id=new_membership_id(), role="member", **ids))
            own = Acting(ActorId(meant.volunteer_id), "volunteer")
            await berlin.do(ApproveMembership(by=own, at=NOW, **ids))
    return found


async def test_who_was_in_charge_is_a_member(berlin: Office) -> None:
    """A number, a phone or a name names a member, however it is spaced and with a note behind; an empty cell nobody."""
    people = await staffed(berlin)
    came = await berlin.records(served(people["2"][1], "139 0000 3333", "王　小明", "王小明(组长)", "", "张三"))
    assert came.counts == {"logged": 6}
    assert came[5].note == '"王小明(组长)" is compared without notes in brackets'
    found = await berlin.ask("select person_in_charge_id from service_record order by local_date")
    assert found == [(people[who][0] if who else None,) for who in ("2", "3", "4", "4", None, "1")]


async def test_whoever_is_no_member_is_told_as_nobody_is(berlin: Office) -> None:
    """Somebody of the bank who is no member is refused in the same words as nobody; a name of two is asked for more."""
    people = await staffed(berlin)
    came = await berlin.records(
        served(people["5"][1], "500000000017", "赵六", "钱七", "李四", "13900005555"), dry_run=True
    )
    assert came.counts == {"refused": 6}
    for line, said in ((2, people["5"][1]), (3, "500000000017"), (4, "赵六"), (5, "钱七"), (7, "13900005555")):
        assert came.reasons[line] == f'负责人: "{said}" is no member of this organisation'
    assert came.reasons[6] == '负责人: "李四" may be several members of this organisation: write the number'


async def test_a_list_that_says_somebody_else_differs(berlin: Office) -> None:
    """A list that comes again and names another in charge differs, in their names; one that names nobody does not."""
    people = await staffed(berlin)
    await berlin.records(served("张三", ""))
    again = await berlin.records(served("", "王小明"))
    assert [each.status for each in again.verdicts] == ["waiting", "different"]
    assert "负责人: there nothing, here 王小明" in again.reasons[3]
    again = await berlin.records(served(people["1"][1]))
    assert [each.status for each in again.verdicts] == ["waiting"]
    again = await berlin.records(served(people["2"][1]))
    assert "负责人: there 张三, here 李四" in again.reasons[2]


async def test_a_column_that_may_be_of_them_is_asked_about(berlin: Office) -> None:
    """A heading that looks like it is not passed over; what stands under one that is read is shown as it was read."""
    opened = records_of(served("张三", heading="现场领队"))
    assert [each.about for each in opened.questions] == ["现场领队"]
    assert "column=现场领队=person_in_charge" in opened.questions[0].answers
    assert records_of(served("张三")).as_read.first[0].said["person_in_charge"] == "张三"
