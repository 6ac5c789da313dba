"""Facts about teams (队伍): groups of volunteers under an organisation, with a captain, members and a rota.

A team is an organisation's own, or a group without registration that the organisation guides (指导单位) and answers for
(志愿服务条例, art. 26).
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.identifiers import ActorId, OrganisationId, ShiftId, TeamId, VolunteerId
from timebank.domain.kernel import Fact

MinuteOfDay = Annotated[int, Meta(ge=0, lt=24 * 60)]
ShiftMinutes = Annotated[int, Meta(ge=1, le=24 * 60)]


class TeamProposed(Fact, frozen=True, kw_only=True):
    """A group without registration asks an organisation to guide it; whoever asks is to be its captain."""

    TOPIC = "team-proposed"
    SAYS = "A group asked to be guided"
    SAYS_TO_THEM = "A group was proposed in your name"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    name: str


class TeamDeclined(Fact, frozen=True, kw_only=True):
    """The organisation does not guide the group, or the group asks no more."""

    TOPIC = "team-declined"
    SAYS = "A group is not guided"
    SAYS_TO_THEM = "A group that you proposed is not guided"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


class TeamFounded(Fact, frozen=True, kw_only=True):
    """The team exists from a day on. `volunteer_id` is whoever asked for it, where it is a group that is guided."""

    TOPIC = "team-founded"
    SAYS = "A team was founded"
    SAYS_TO_THEM = "A team that you asked for was founded"
    team_id: TeamId
    organisation_id: OrganisationId
    name: str
    founded_by: ActorId
    from_day: date
    is_guided: bool = False
    volunteer_id: VolunteerId | None = None


class TeamRenamed(Fact, frozen=True, kw_only=True):
    """The team has another name."""

    TOPIC = "team-renamed"
    SAYS = "A team was renamed"
    team_id: TeamId
    organisation_id: OrganisationId
    name: str


class CaptainNamed(Fact, frozen=True, kw_only=True):
    """A member leads the team from a day on, until another (included) or until somebody else is named."""

    TOPIC = "captain-named"
    SAYS = "A captain was named"
    SAYS_TO_THEM = "You were named captain of a team"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    from_day: date
    until_day: date | None = None


class TeamMemberAsked(Fact, frozen=True, kw_only=True):
    """Somebody asks to join the team, or is invited to; the other side has still to agree."""

    TOPIC = "team-member-asked"
    SAYS = "Somebody asked to join a team, or was invited to"
    SAYS_TO_THEM = "You were invited to a team, or it was asked for you to join one"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    is_invited: bool


class TeamMemberJoined(Fact, frozen=True, kw_only=True):
    """Both sides agree: they belong to the team."""

    TOPIC = "team-member-joined"
    SAYS = "Somebody joined a team"
    SAYS_TO_THEM = "You belong to a team now"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId


class TeamMemberLeft(Fact, frozen=True, kw_only=True):
    """They do not join, or do not belong to the team any more; their shifts and their time as captain end with it."""

    TOPIC = "team-member-left"
    SAYS = "Somebody left a team"
    SAYS_TO_THEM = "You do not belong to a team any more, or do not join it"
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    reason: str | None = None


class ShiftSet(Fact, frozen=True, kw_only=True):
    """A member is on duty on a day, and on the same weekday of the weeks that follow until `until_day` (included).

    Where the two days are one it is a single shift. It starts so many minutes after local midnight, lasts so many
    minutes, and may go on after midnight.
    """

    TOPIC = "shift-set"
    SAYS = "Somebody was put on duty"
    SAYS_TO_THEM = "You were put on duty"
    shift_id: ShiftId
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId
    from_day: date
    until_day: date | None = None
    from_minute: MinuteOfDay
    minutes: ShiftMinutes


class ShiftEnded(Fact, frozen=True, kw_only=True):
    """The shift is taken from the rota."""

    TOPIC = "shift-ended"
    SAYS = "A shift was taken from a rota"
    SAYS_TO_THEM = "A shift of yours was taken from the rota"
    shift_id: ShiftId
    team_id: TeamId
    organisation_id: OrganisationId
    volunteer_id: VolunteerId


class TeamDissolved(Fact, frozen=True, kw_only=True):
    """There is no such team any more; a day was its last. Its members left it before."""

    TOPIC = "team-dissolved"
    SAYS = "A team was dissolved"
    team_id: TeamId
    organisation_id: OrganisationId
    on_day: date
    reason: str
