"""What a record says of service beside its times, and whether it may say so."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from timebank.domain.credit.categories import must_be_listed
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.service import ServiceAmended, ServiceCorrected, ServiceLogged
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Key, Known, about
from timebank.domain.organisations.memberships import Membership
from timebank.domain.service.refusals import PersonInChargeNotMember
from timebank.domain.text import Line

Programmes = Annotated[tuple[Line, ...], Meta(max_length=20)]

_LISTED = ("category", "activity", "person_in_charge_id")

Described: TypeAlias = ServiceLogged | ServiceAmended | ServiceCorrected
"""A fact that says what somebody did, and when."""

SAID = ("activity", "category", "capacity", "place", "content", "programmes", "person_in_charge_id")


def description(command: Command, before: Described) -> dict[str, Any]:
    """What a record says, as it will be: what the command says, else what it said before."""
    given = msgspec.structs.asdict(command)
    return {name: getattr(before, name) if given[name] is None else given[name] for name in SAID}


def description_of(fact: Described) -> dict[str, Any]:
    """What a record says."""
    return {name: getattr(fact, name) for name in SAID}


def digest_of(said: Mapping[str, Any]) -> str:
    """A digest of all that a record says: whoever names it has seen just that."""
    times = [said[name].astimezone(UTC) for name in ("started_at", "ended_at")]
    told = [*times, said["minutes"], said["team_id"], *(said[name] for name in SAID)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def memories_of_charge(organisation_id: OrganisationId, person_id: ActorId | None) -> Sequence[Key]:
    """The memory in which it is found whether a person in charge belongs to the organisation."""
    return (about(Membership, organisation_id, VolunteerId(person_id)),) if person_id else ()


def must_be_sayable(
    known: Known, organisation_id: OrganisationId, said: dict[str, Any], before: Described | None, day: date
) -> None:
    """Refuse a category or an activity that is not on the bank's list for the day, and who cannot have been in charge.

    What a record said `before` it may go on saying, of names on lists as long as it is of a day with the same rules.
    `known` has the rule book and, where one is new, the memory of the person in charge. Raises `CategoryNotListed`,
    `ActivityNotListed` or `PersonInChargeNotMember`.
    """
    book, was = known(RuleBook), description_of(before) if before else {}
    rules = book.on(day)
    may_stay = before is not None and book.on(before.local_date).number == rules.number
    new = {name: None if said[name] == was.get(name) else said[name] for name in _LISTED}
    listed = new if may_stay else said
    must_be_listed(rules.rules, category=listed["category"], activity=listed["activity"])
    person_id = new["person_in_charge_id"]
    if person_id and not known(Membership, organisation_id, VolunteerId(person_id)).lasts(day):
        raise PersonInChargeNotMember(volunteer_id=person_id)
