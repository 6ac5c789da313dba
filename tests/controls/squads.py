"""Squads: an endless supply of commands about the teams of the garden, by a chance of their own."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.controls.commands import confirm_service, correct_service, log_service
from tests.controls.people import ADMINISTRATOR, GARDEN, GARDENERS_PROGRAM, NOON, acting, span
from timebank.domain.identifiers import RecordId, ShiftId, TeamId, VolunteerId
from timebank.domain.kernel import Command
from timebank.domain.organisations.rotas import EndShift, SetShift
from timebank.domain.organisations.teams import (
    AcceptTeam,
    ApproveTeamMember,
    AskTeamMember,
    DeclineTeam,
    DissolveTeam,
    EndTeamMember,
    FoundTeam,
    NameCaptain,
    ProposeTeam,
    RenameTeam,
)
from timebank.domain.service.amending import AmendService
from timebank.domain.service.records import NO_TEAM


class Squads:
    """The garden founds teams and guides groups; people join and leave them, lead them, and are on duty."""

    def __init__(self, seed: int, people: list[VolunteerId]) -> None:
        self.random = Random(seed)
        self.people = people
        self.teams: list[TeamId] = []
        self.count = 0

    def found(self) -> list[Command]:
        """A group that is guided, whose captain is on duty, and has invited somebody; a team that has served."""
        captain, other = self.people[:2]
        team_id = self._new()
        theirs = self._on(team_id)
        self._new()
        propose = ProposeTeam(**(theirs | {"by": acting(captain)}), name="合唱队")
        invite = AskTeamMember(**(theirs | {"by": acting(captain)}), volunteer_id=other)
        return [propose, AcceptTeam(**theirs), invite, self._shift(team_id, captain), *self._served(other)]

    def _served(self, who: VolunteerId) -> list[Command]:
        """Somebody served in the name of a team, and of another, and of none, as it was put right."""
        patrol, other = self._new(), self._new()
        since = date(2026, 1, 1)
        first, second = RecordId("rec_patrol"), RecordId("rec_patrol_2")
        ids: Any = {"by": ADMINISTRATOR, "at": self.at, "organisation_id": GARDEN}
        return [
            FoundTeam(**ids, team_id=patrol, name="巡逻队", from_day=since),
            FoundTeam(**ids, team_id=other, name="夜巡队", from_day=since),
            log_service(record_id=first, volunteer_id=who, team_id=patrol, **span(1, days_ago=45, hour=20)),
            confirm_service(record_id=first),
            log_service(record_id=second, volunteer_id=who, **span(1, days_ago=46, hour=20)),
            AmendService(by=GARDENERS_PROGRAM, at=self.at, record_id=second, team_id=other),
            confirm_service(record_id=second),
            correct_service(record_id=second, team_id=NO_TEAM),
            correct_service(record_id=second, minutes=50),
            correct_service(record_id=second, team_id=patrol),
        ]

    def next(self, at: datetime = NOON) -> Command:
        """One more."""
        makers: Any = (
            (3, self._ask), (6, self._approve), (2, self._end), (2, self._captain), (5, self._set), (1, self._drop),
            (2, self._come), (1, self._decide), (1, self._rename), (1, self._dissolve),
        )  # fmt: skip
        weights, kinds = zip(*makers, strict=True)
        self.at = at
        command: Command = self.random.choices(kinds, weights)[0]()
        return command

    at = NOON

    def _new(self) -> TeamId:
        self.teams.append(TeamId(f"tea_{len(self.teams):04}"))
        return self.teams[-1]

    def _who(self) -> VolunteerId:
        return self.random.choice(self.people)

    def _on(self, team_id: TeamId | None = None, **said: Any) -> dict[str, Any]:
        by = self.random.choice((ADMINISTRATOR, ADMINISTRATOR, GARDENERS_PROGRAM))
        team_id = team_id or self.random.choice(self.teams)
        return {"by": by, "at": self.at, "organisation_id": GARDEN, "team_id": team_id} | said

    def _day(self) -> date:
        return self.at.date() + timedelta(days=self.random.randint(-9, 9))

    def _until(self, day: date) -> date | None:
        return self.random.choice((None, day, day + timedelta(days=self.random.randint(1, 20))))

    def _come(self) -> Command:
        if self.random.random() < 0.5:
            return ProposeTeam(**self._on(self._new(), by=acting(self._who())), name="太极拳队")
        is_guided = self.random.random() < 0.7
        return FoundTeam(**self._on(self._new()), name="巡逻队", from_day=self._day(), is_guided=is_guided)

    def _decide(self) -> Command:
        kind: Any = self.random.choice((AcceptTeam, AcceptTeam, DeclineTeam))
        command: Command = kind(**self._on())
        return command

    def _rename(self) -> Command:
        self.count += 1
        return RenameTeam(**self._on(), name=f"第{self.count}队")

    def _dissolve(self) -> Command:
        """Any but the first: something is to be left."""
        return DissolveTeam(**self._on(self.random.choice(self.teams[1:])), reason="人太少")

    def _own_or_other(self) -> dict[str, Any]:
        """Anybody but the first captain, who stays."""
        who = self.random.choice(self.people[1:])
        own = {"by": acting(who)} if self.random.random() < 0.7 else {}
        return self._on(volunteer_id=who, **own)

    def _ask(self) -> Command:
        return AskTeamMember(**self._own_or_other())

    def _approve(self) -> Command:
        return ApproveTeamMember(**self._own_or_other())

    def _end(self) -> Command:
        return EndTeamMember(**self._own_or_other())

    def _captain(self) -> Command:
        day = self._day()
        return NameCaptain(**self._on(volunteer_id=self._who()), from_day=day, until_day=self._until(day))

    def _set(self) -> Command:
        if self.random.random() < 0.5:
            return self._shift(self.teams[0], self.people[0])
        return self._shift(None, self._who())

    def _shift(self, team_id: TeamId | None, who: VolunteerId) -> Command:
        self.count += 1
        day = self._day()
        lasting = self.random.choice((self.random.randint(1, 90), self.random.randint(1, 1440)))
        return SetShift(
            **self._on(team_id, volunteer_id=who), shift_id=ShiftId(f"shf_{self.count:04}"), from_day=day,
            until_day=self._until(day), from_minute=self.random.randint(0, 1439), minutes=lasting,
        )  # fmt: skip

    def _drop(self) -> Command:
        shift_id = ShiftId(f"shf_{self.random.randint(1, self.count or 1):04}")
        return EndShift(**self._on(volunteer_id=self._who()), shift_id=shift_id)
