"""Who acts, and by which right."""

from typing import Literal

import msgspec

from timebank.domain.identifiers import ActorId, NodeId, OrganisationId, VolunteerId
from timebank.domain.refusals import OfficeMissing

Office = Literal["administrator", "auditor", "node-leader"]
"""What a volunteer can be appointed to in a bank; a node leader (网格长, 楼长) leads a place."""

BankOffice = Literal["administrator", "auditor"]
"""Those of them that are for the whole bank."""

Authority = Literal["operator", "administrator", "auditor", "node-leader", "organisation", "volunteer", "proxy"]
"""By which right somebody acts: in an office; as an organisation's own program; as a volunteer, in their own matters or
as a member; as somebody's proxy; or as the operator, who runs the machine and has its key file and database."""


class Acting(msgspec.Struct, frozen=True):
    """Who acts, and by which right they say they do; whether they have it is decided from facts (`authority.py`).

    `on_behalf_of` is whom a proxy acts for, `node_id` the place that an office is limited to, `key_issued_by` whoever
    issued the key that a program acts with.
    """

    actor: ActorId
    authority: Authority
    on_behalf_of: VolunteerId | None = None
    key_issued_by: ActorId | None = None
    node_id: NodeId | None = None

    @property
    def eyes(self) -> frozenset[str]:
        """Everybody whom the actor counts as, where several people have to look at something.

        A program counts as whoever issued its key too, and a proxy as whom they act for.

        Whoever records, whoever verifies and whoever benefits have to be three persons.
        """
        return frozenset(filter(None, (self.actor, self.key_issued_by, self.on_behalf_of)))

    @property
    def volunteer_id(self) -> VolunteerId | None:
        """The volunteer who acts, in whatever office, if it is one."""
        return VolunteerId(self.actor) if self.actor.startswith("vol_") else None

    @property
    def organisation_id(self) -> OrganisationId | None:
        """The organisation whose own program acts, if it is one."""
        return OrganisationId(self.actor) if self.authority == "organisation" else None

    @property
    def own_id(self) -> VolunteerId | None:
        """The volunteer whose own matters these are: whoever acts, or is acted for; nobody's where an office acts."""
        return self.on_behalf_of or (self.volunteer_id if self.authority == "volunteer" else None)

    @property
    def governs(self) -> bool:
        """Whether this is somebody who decides for the whole bank."""
        return self.authority in {"administrator", "operator"}


def must_govern(by: Acting) -> None:
    """Refuse unless it is an administrator who asks, or the operator."""
    if not by.governs:
        raise OfficeMissing(office="administrator")
