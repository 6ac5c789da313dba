"""How often somebody is invited, and how many at once: by an organisation, or by a team."""

from timebank.domain.facts.organisations import MembershipApproved, MembershipDeclined, MembershipInvited
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.domain.kernel import Memory, event
from timebank.domain.organisations.refusals import InvitedInVain, TooManyInvitations

MOST_IN_VAIN = 3
"""So often the same people invite somebody, if it comes to nothing each time; then it is for them to ask."""

MOST_INVITATIONS = 5_000
"""So many invitations of one organisation, or team, wait for an answer at most."""


class Invitations(Memory):
    """Whom an organisation has invited, and it is not known yet what comes of it."""

    def __init__(self, organisation_id: OrganisationId) -> None:
        super().__init__(organisation_id)
        self.waiting: set[VolunteerId] = set()

    @event(MembershipInvited)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.waiting.add(volunteer_id)

    @event(MembershipApproved)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.waiting.discard(volunteer_id)

    @event(MembershipDeclined)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.waiting.discard(volunteer_id)


def must_invite_seldom(times: int, waiting: int) -> None:
    """Refuse to invite somebody whom the same people have invited so often, or one more while very many wait."""
    if times >= MOST_IN_VAIN:
        raise InvitedInVain(times=times)
    if waiting >= MOST_INVITATIONS:
        raise TooManyInvitations(most=MOST_INVITATIONS)
