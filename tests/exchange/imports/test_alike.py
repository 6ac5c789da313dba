"""Lists whose rows are much alike: what a row says is looked up, and not compared with all that there is."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from tests.exchange.imports.office import BODY, Office
from timebank.domain.identifiers import VolunteerNumber
from timebank.exchange.imports import charge, teams, who
from timebank.exchange.imports import volunteers as importing
from timebank.exchange.imports.rows import RowError
from timebank.identity.limits.comparisons import EVERYTHING
from timebank.projections.organisations.teams import TeamView
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import Meant

ROWS = 300
A_ROW = 20
"""So often something is looked at for one row, at the most."""

PHONE = "13900000000"


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, function: Callable[[str], str]) -> None:
        self.times, self._function = 0, function

    def __call__(self, text: str) -> str:
        self.times += 1
        return self._function(text)


def person(n: int, name: str, phone: str | None) -> Meant:
    """Somebody of a bank."""
    return Meant(volunteer_id=f"vol_{n}", number=f"{n:012}", name=name, phone=phone, door=None, skills=())


def said(name: str | None = None, phone: str | None = None, number: str | None = None) -> who.Who:
    """What a row says of somebody."""
    labels = {"name": "姓名", "phone": "手机", "number": "编号"}
    return who.Who(VolunteerNumber(number) if number else None, phone, name, labels)


async def test_many_of_one_name_are_not_compared_with_each_other(
    berlin: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a list of namesakes, each with a phone of their own, and tried or registered, each is looked up once."""
    spelt = Counted(importing.phone_spelling)
    monkeypatch.setattr(importing, "phone_spelling", spelt)
    text = "姓名,手机\n" + "".join(f"张伟,139{n:08}\n" for n in range(ROWS))
    for dry_run, status in ((True, "registered"), (False, "registered"), (False, "same")):
        assert (await berlin.people(text, dry_run=dry_run)).counts == {status: ROWS}
    assert spelt.times <= 3 * A_ROW * ROWS


def test_whoever_is_in_charge_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a large organisation each row names another member, by name, or by a phone that all of them share."""
    squeezed = Counted(who.squeeze)
    monkeypatch.setattr(who, "squeeze", squeezed)
    members = charge.Members([person(n, f"王{n}", PHONE) for n in range(ROWS)], EVERYTHING)
    for n in range(ROWS):
        assert members.meant(said(f"王{n}(组长)")).volunteer_id == f"vol_{n}"
        assert members.meant(said(f"王{n}", PHONE)).volunteer_id == f"vol_{n}"
        assert members.meant(said(number=f"{n:012}")).volunteer_id == f"vol_{n}"
    assert squeezed.times <= A_ROW * ROWS


def test_those_who_share_a_phone_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many people who were entered with one phone each row names another; namesakes are several."""
    squeezed = Counted(who.squeeze)
    monkeypatch.setattr(who, "squeeze", squeezed)
    people = who.People([person(n, f"王{n}", PHONE) for n in range(ROWS)], EVERYTHING)
    for n in range(ROWS):
        assert people.meant(said(f"王 {n}", PHONE)).volunteer_id == f"vol_{n}"
    with pytest.raises(RowError, match="several volunteers"):
        people.meant(said(None, PHONE))
    assert squeezed.times <= A_ROW * ROWS


def test_teams_that_there_are_not_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the teams of an organisation with very many none is said to be the nearest; of few teams one is."""
    squeezed, compared = Counted(teams.squeeze), list[int]()

    def nearest(name: str, names: Any) -> str:
        compared.append(len(names))
        return name

    monkeypatch.setattr(teams, "squeeze", squeezed)
    monkeypatch.setattr(teams, "nearest", nearest)
    since, day = date(2020, 1, 1), date(2026, 11, 20)
    view: dict[str, Any] = {"organisation_id": BODY, "from_day": since, "last_day": None}
    found = [TeamView(**_of_team(view | {"team_id": f"tea_{n}", "name": f"{n}队"})) for n in range(ROWS)]
    squads = teams.Squads(found)
    for n in range(ROWS):
        assert squads.meant(f"{n} 队", day) == f"tea_{n}"
        with pytest.raises(RowError):
            squads.meant(f"{n}组", day)
    assert squeezed.times <= A_ROW * ROWS
    assert (compared, teams.COMPARED < ROWS) == ([], True)
    with pytest.raises(RowError):
        teams.Squads(found[:10]).meant("10组", day)
    assert compared == [10]


def _of_team(fields: dict[str, Any]) -> dict[str, Any]:
    """All fields of a team's view; what is not said is nothing."""
    return dict.fromkeys(TeamView.__struct_fields__) | fields


class Namesakes:
    """A bank of people who are all meant: whoever asks for them is given them, and none of them can be opened."""

    async def fetch(self, *_: Any) -> list[dict[str, Any]]:
        """All of them."""
        ids = range(3 * volunteers.OPENED_AT_ONCE)
        return [{"volunteer_id": f"vol_{n}", "number": f"{n:012}", "counts": True} for n in ids]

    def phone_indexes(self, phone: str) -> list[str]:
        """By which a phone is found."""
        return [phone]

    def shown(self, *_: Any) -> None:
        """Nothing of them."""


async def test_very_many_who_may_be_meant_are_opened_in_stretches() -> None:
    """Others get their turn while those are opened who may be meant by rows of a list."""
    turns, everybody = 0, Namesakes()

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    given: Any = everybody
    found = await volunteers.meant_by(given, given, uuid4(), phones=[PHONE])
    counting.cancel()
    assert len(found) == 3 * volunteers.OPENED_AT_ONCE
    assert turns >= 2
