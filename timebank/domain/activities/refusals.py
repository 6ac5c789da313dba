"""Refusals about activities."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class ActivityUnknown(NotFound):
    """There is no activity {activity_id} in this bank."""

    field = "activity_id"


class CodeNotValid(Forbidden):
    """This code is not the one shown at the place now: it turns twice a minute, so take the latest."""

    field = "code"


class ForMembersOnly(Forbidden):
    """This activity is for members of its organisation."""


class LeaderNotMember(Conflict):
    """Whoever leads an activity is a member of its organisation."""

    field = "leader_id"


class ActivityNotOpen(Conflict):
    """The activity is {status}: this is not possible any more, or not yet."""


class AlreadySignedUp(Conflict):
    """Volunteer {volunteer_id} has signed up for this activity already."""

    field = "volunteer_id"


class TooManySignUps(Conflict):
    """You have signed up for {open} activities that are not over, and can for {most} at once: sign off from some."""


class NotSignedUp(Conflict):
    """Volunteer {volunteer_id} has not signed up for this activity, or waits for a seat."""

    field = "volunteer_id"


class EntryDiffers(Conflict):
    """The entry {entry_id} was taken in before, and said something else."""

    field = "entry_id"


class AlreadyCheckedIn(Conflict):
    """Volunteer {volunteer_id} is there already."""

    field = "volunteer_id"


class NotCheckedIn(Conflict):
    """Volunteer {volunteer_id} is not there."""

    field = "volunteer_id"


class CheckedInElsewhere(Conflict):
    """Volunteer {volunteer_id} is, or was, at another activity at that time."""

    field = "volunteer_id"


class SeatsTaken(Conflict):
    """{taken} people have signed up: there cannot be fewer seats."""

    field = "seats"


class PresenceAlreadyLogged(Conflict):
    """There is a record of this presence already."""


class StillRunning(Conflict):
    """The activity is not over yet."""


class OutsideItsTime(Invalid):
    """The activity has no place for this moment: it is too early, too late, or has not come yet."""

    field = "moment"


class LeftUnsaid(Invalid):
    """It has to be said when they left."""

    field = "left_at"


class TooLateToSay(Conflict):
    """More than {days} days after an activity nobody can say any more when somebody left."""


class ActivityInThePast(Invalid):
    """An activity ends after it starts, within a day, and not before now."""

    field = "ends_at"


class TooManyCallUps(Conflict):
    """The organisation has called people up {most} times today, as often as the rules allow; an administrator can."""


class TooManyCalled(Invalid):
    """At most {most} people are called up at once."""

    field = "people"
