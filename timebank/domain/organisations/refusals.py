"""Refusals about organisations, memberships, offices and API keys."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class OrganisationUnknown(NotFound):
    """There is no organisation {organisation_id} in this bank."""

    field = "organisation_id"


class MembershipUnknown(NotFound):
    """Volunteer {volunteer_id} has no open membership in organisation {organisation_id}."""

    field = "volunteer_id"


class AppointmentUnknown(NotFound):
    """There is no appointment {appointment_id} in force in this bank."""


class KeyUnknown(NotFound):
    """There is no API key {key_id} of this organisation."""


class EmploymentUnknown(NotFound):
    """There is no employment {employment_id} of this person in this organisation."""


class EmployeeIsDeclarer(Forbidden):
    """Nobody keeps the duty register about themselves, or about whom they spend for."""

    field = "volunteer_id"


class EmploymentEndsInThePast(Forbidden):
    """Who left on a day that is over is entered by an administrator: until then they counted as a colleague."""

    field = "until_day"


class TooManyEmployments(Conflict):
    """No more than {most} employments, or leaves, of one person are kept at one organisation."""

    field = "volunteer_id"


class LeaveInThePast(Forbidden):
    """Leave on a day that is over is noted by an administrator: until then the hours of that day were duty."""

    field = "first_day"


class DutyHoursOverlap(Conflict):
    """Hours of duty end after they begin, and nobody has two duties at one time."""

    field = "hours"


class RoleMissing(Forbidden):
    """This needs the role {role} in organisation {organisation_id}, approved and within its term."""


class NotWithinYourOffice(Forbidden):
    """More than you may give: leaders appoint deputies of their own, and nobody gives more than their own term."""


class KeyOfTheirOwn(Forbidden):
    """A key decides nothing about whoever issued it: somebody else has to, or they themselves, in person."""


class InvitationIsTheirs(Forbidden):
    """Whoever is invited accepts in person, or an administrator for them who did not invite; no proxy lets them in."""


class OfficialCodeTaken(Conflict):
    """Another organisation of this bank has the code {code}."""

    field = "official_code"


class OrganisationNotRegistered(Conflict):
    """Organisation {organisation_id} is {status}; only a newly registered one can be approved."""


class OrganisationNotApproved(Conflict):
    """Organisation {organisation_id} is {status}; it has to be approved first."""


class OrganisationNotSuspended(Conflict):
    """Organisation {organisation_id} is {status}, not suspended."""


class MembershipAlreadyOpen(Conflict):
    """Volunteer {volunteer_id} already has an open membership in organisation {organisation_id}."""

    field = "volunteer_id"


class MembershipNotPending(Conflict):
    """The membership is {status}; only a requested or invited one can be approved or declined."""


class MembershipIsAnother(Conflict):
    """Another membership waits now, for the role {role}: look at it again."""

    field = "membership_id"


class MembershipNotActive(Conflict):
    """The membership is {status}; only an approved one has a role."""


class AppointmentAlreadyHeld(Conflict):
    """Volunteer {volunteer_id} holds this office already, by appointment {appointment_id}."""

    field = "volunteer_id"


class LastAdministrator(Conflict):
    """A bank cannot be without an administrator: appoint another one first, without a term."""


class KeyNotInForce(Conflict):
    """The API key is {status}, and cannot be changed any more."""


class KeyTermNotPossible(Invalid):
    """An API key expires later than now, and within ten years."""

    field = "expires_at"


class InvitedInVain(Conflict):
    """They were invited {times} times, and it came to nothing: let them ask, or an administrator invite them."""

    field = "volunteer_id"


class TooManyInvitations(Conflict):
    """Of {most} invitations nobody knows yet what comes of them; take some back, or let an administrator invite."""


class InvitationUnknown(NotFound):
    """The organisation has no invitation {invitation_id}."""


class InvitationNotGood(Conflict):
    """This invitation is not good, or not any more: ask the organisation for another."""

    field = "invitation"


class TeamUnknown(NotFound):
    """There is no team {team_id} of this organisation."""

    field = "team_id"


class TeamNotActive(Conflict):
    """The team is {status}, or was not there on that day."""

    field = "team_id"


class TeamTakesMembers(Conflict):
    """Only members of the organisation join a team of its own."""

    field = "volunteer_id"


class InTeamAlready(Conflict):
    """Volunteer {volunteer_id} is in this team already, or has been asked or asks to join it."""

    field = "volunteer_id"


class NotInTeam(Conflict):
    """Volunteer {volunteer_id} does not belong to this team."""

    field = "volunteer_id"


class NotAsked(Conflict):
    """Volunteer {volunteer_id} does not ask to join this team; whoever is invited accepts in person."""

    field = "volunteer_id"


class ShiftUnknown(NotFound):
    """There is no shift {shift_id} of this person in the rota of this team."""


class TooManyShifts(Conflict):
    """Volunteer {volunteer_id} is on {most} shifts that are not over, and nobody is on more."""

    field = "volunteer_id"


class ShiftsOverlap(Conflict):
    """Volunteer {volunteer_id} is on duty at that time already: nobody is in two places at once."""

    field = "from_day"
