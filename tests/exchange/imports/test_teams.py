"""Importing service in the name of teams: by what they are called, each within its time."""

from datetime import date
from typing import Any

from tests.controls import ADMINISTRATOR
from tests.exchange.imports.office import BODY, NOW, Office, records_of
from timebank.domain.identifiers import OrganisationId, TeamId
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.organisations.teams import DissolveTeam, FoundTeam

ZHANG = "姓名,手机\n张三,13900001111\n"
OTHERS = OrganisationId("org_2")


async def founded(berlin: Office, key: str, name: str, since: date, body: OrganisationId = BODY) -> dict[str, Any]:
    """A team that there is."""
    ids: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOW, "team_id": TeamId(f"tea_{key}"), "organisation_id": body}
    await berlin.do(FoundTeam(**ids, name=name, from_day=since))
    return ids


def served(*teams: str, heading: str = "队伍") -> str:
    """A list on which Zhang served on a day of November after the other, each time in the name of a team."""
    rows = [f"13900001111,清扫,公益,2026/11/{n} 8:30,2026/11/{n} 9:30,{team}" for n, team in enumerate(teams, 1)]
    return "\n".join([f"手机,活动,类别,开始,结束,{heading}", *rows, ""])


async def test_a_team_is_called_by_its_name(berlin: Office) -> None:
    """A row is in the name of the organisation's team called so, however it is spaced; an empty cell is of none."""
    await berlin.people(ZHANG)
    await founded(berlin, "patrol", "治安巡逻队", date(2020, 1, 1))
    came = await berlin.records(served("治安 巡逻队", "", "治安巡逻队", heading="所属队伍"))
    assert came.counts == {"logged": 3}
    found = await berlin.ask("select team_id from service_record order by local_date")
    assert found == [("tea_patrol",), (None,), ("tea_patrol",)]
    again = await berlin.records(served("治安巡逻队", "治安巡逻队"))
    assert [each.status for each in again.verdicts] == ["waiting", "different"]
    assert "队伍: there nothing, here 治安巡逻队" in again.reasons[3]


async def test_an_unknown_team_is_told_the_nearest(berlin: Office) -> None:
    """What is no team of the organisation is refused with the nearest that is; where there is none, that is said."""
    await berlin.people(ZHANG)
    lonely = await berlin.records(served("巡逻队"))
    assert lonely.reasons[2] == '"巡逻队": this organisation has no teams'
    for command in (
        RegisterOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=OTHERS, name="y", kind="enterprise"),
        ApproveOrganisation(by=ADMINISTRATOR, at=NOW, organisation_id=OTHERS),
    ):
        await berlin.do(command)
    await founded(berlin, "patrol", "治安巡逻队", date(2020, 1, 1))
    await founded(berlin, "choir", "文艺队", date(2020, 1, 1))
    await founded(berlin, "theirs", "理发队", date(2020, 1, 1), OTHERS)
    came = await berlin.records(served("文艺", "理发队", "文艺队"), dry_run=True)
    assert [each.status for each in came.verdicts] == ["refused", "refused", "logged"]
    assert came.reasons[2] == '"文艺" is no team of this organisation; the nearest is "文艺队"'
    assert '"理发队" is no team of this organisation' in came.reasons[3], "a team of others is none of its own"


async def test_a_team_is_there_in_its_time_only(berlin: Office) -> None:
    """Service after a team's last day is refused, and so is service before its first; of two of one name the one
    that was there is meant, and where both were, the row is refused.
    """
    await berlin.people(ZHANG)
    old = await founded(berlin, "old", "巡逻队", date(2026, 11, 2))
    await founded(berlin, "late", "舞蹈队", date(2026, 11, 3))
    await berlin.do(DissolveTeam(**(old | {"at": NOW.replace(day=4)}), reason="x"))
    came = await berlin.records(served("巡逻队", "舞蹈队", "巡逻队", "巡逻队", "巡逻队"), dry_run=True)
    assert [each.status for each in came.verdicts] == ["refused", "refused", "logged", "logged", "refused"]
    assert came.reasons[2] == '"巡逻队" is there from 2026-11-02 on only'
    assert came.reasons[3] == '"舞蹈队" is there from 2026-11-03 on only'
    assert came.reasons[6] == '"巡逻队" was dissolved: 2026-11-04 was its last day'
    await founded(berlin, "new", "巡逻队", date(2026, 11, 5))
    await founded(berlin, "double", "舞蹈队", date(2026, 11, 4))
    came = await berlin.records(served("x", "x", "舞蹈队", "舞蹈队", "巡逻队"), dry_run=True)
    assert [each.status for each in came.verdicts][2:] == ["logged", "refused", "logged"]
    assert "is the name of several teams" in came.reasons[5]


async def test_a_column_that_may_be_of_teams_is_asked_about(berlin: Office) -> None:
    """A heading that looks like teams is not passed over: it is asked whether it is one."""
    opened = records_of(served("x", heading="志愿服务队名"))
    assert [each.about for each in opened.questions] == ["志愿服务队名"]
    assert "column=志愿服务队名=team" in opened.questions[0].answers
