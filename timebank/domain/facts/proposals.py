"""Facts about service that people say they did for an organisation, outside its activities."""

from timebank.domain.identifiers import ActorId, OrganisationId, ProposalId, RecordId, TeamId, VolunteerId
from timebank.domain.kernel import Fact, Moment


class ServiceProposed(Fact, frozen=True, kw_only=True):
    """A volunteer says that they served; nobody is credited by their own word.

    `witness_id` is who saw it, `team_id` the team in whose name they say it was done.
    """

    TOPIC = "service-proposed"
    SAYS = "Service was proposed by a volunteer"
    TELLS = False
    proposal_id: ProposalId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    proposed_by: ActorId
    activity: str
    category: str
    started_at: Moment
    ended_at: Moment
    minutes: int
    place: str | None = None
    content: str | None = None
    witness_id: ActorId | None = None
    team_id: TeamId | None = None


class ProposalTakenUp(Fact, frozen=True, kw_only=True):
    """The organisation made it a record of its own, which somebody confirms."""

    TOPIC = "proposal-taken-up"
    SAYS = "Service that was proposed was taken up"
    SAYS_TO_THEM = "Service that you told of was taken up"
    proposal_id: ProposalId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    record_id: RecordId
    taken_up_by: ActorId


class ProposalDeclined(Fact, frozen=True, kw_only=True):
    """The organisation does not say so."""

    TOPIC = "proposal-declined"
    SAYS = "Service that was proposed was declined"
    SAYS_TO_THEM = "Service that you told of was declined"
    proposal_id: ProposalId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    declined_by: ActorId
    reason: str


class ProposalWithdrawn(Fact, frozen=True, kw_only=True):
    """Whoever proposed it took it back."""

    TOPIC = "proposal-withdrawn"
    SAYS = "Service that was proposed was taken back"
    TELLS = False
    proposal_id: ProposalId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
