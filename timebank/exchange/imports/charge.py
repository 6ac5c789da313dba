"""Who was in charge (活动负责人) by what rows of a list say: a member of the organisation, by number, phone or name."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from timebank.domain.identifiers import OrganisationId
from timebank.domain.people.phones import phone_spelling
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.who import Called, Match, Who, must_be_looked_up, without_note
from timebank.identity.limits.comparisons import Allowance
from timebank.projections.organisations import memberships
from timebank.projections.people import volunteers
from timebank.projections.people.volunteers import Meant
from timebank.runtime.composition import Services

NO_MEMBER = "{said} is no member of this organisation"
SEVERAL_MEMBERS = "{said} may be several members of this organisation: write the number"

NOBODY = Called()


class Members:
    """Those members of an organisation who may be meant by some rows.

    Of others nothing is told, not even whether there are such people.
    """

    def __init__(self, found: Sequence[Meant], allowed: Allowance) -> None:
        self._allowed = allowed
        self._all = Called(found)
        self._numbered = {each.number: Called([each]) for each in found}
        self._with_phone: dict[str, Called] = defaultdict(Called)
        for each in found:
            if each.phone and each.phone_counts:
                self._with_phone[phone_spelling(each.phone)].add(each)

    def meant(self, who: Who) -> Match:
        """The member whom a cell names. Raises `RowError` if that is nobody, or not one alone."""
        what = next(each for each in ("number", "phone", "name") if getattr(who, each))
        said = who.said(what, getattr(who, what))
        those = self._those_of(who)
        must_be_looked_up(self._allowed, who, said, is_known=those is not NOBODY)
        named = those.by(who.name)
        if not named:
            raise RowError.of(NO_MEMBER, said=said)
        if len(named) > 1:
            raise RowError.of(SEVERAL_MEMBERS, said=said)
        return named[0]

    def _those_of(self, who: Who) -> Called:
        """Whoever has the number or the phone that is written, if one is."""
        if who.number:
            return self._numbered.get(who.number, NOBODY)
        return self._all if who.phone is None else self._with_phone.get(who.phone, NOBODY)


async def members_of(
    services: Services,
    bank_id: UUID,
    organisation_id: OrganisationId,
    wanted: Collection[Who],
    allowed: Allowance,
) -> Members:
    """The approved members of an organisation whom some cells may mean, as far as that is `allowed` to be found."""
    if not wanted:
        return Members((), allowed)
    names = {spelt for who in wanted if who.name for spelt in _spellings(who.name)}
    found = await volunteers.meant_by(
        services.pool,
        services.people,
        bank_id,
        numbers=sorted({who.number for who in wanted if who.number}),
        phones=sorted({who.phone for who in wanted if who.phone}),
        names=sorted(names),
    )
    ids = [each.volunteer_id for each in found]
    members = await memberships.approved_among(services.pool, bank_id, organisation_id, ids)
    return Members([each for each in found if each.volunteer_id in members], allowed)


def _spellings(name: str) -> set[str]:
    """How somebody may be registered who is written so: without a note behind, and without blanks between."""
    said = {name, without_note(name)}
    return said | {each.replace(" ", "") for each in said} | {squeeze(each) for each in said}


async def in_words(services: Services, bank_id: UUID, volunteer_ids: Collection[str]) -> dict[str, str]:
    """What people are called who are in charge: by name, else by number."""
    found = await volunteers.briefly(services.pool, services.people, bank_id, sorted(volunteer_ids))
    return {each: who.name or who.number or each for each, who in found.items()}
