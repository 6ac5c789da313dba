"""Names: of the people and bodies in an answer, as far as whoever asks may see them.

A field `x_name`, `x_number` or `x_status` of a view is about whoever the field `x_id`, or `x`, names. It is filled in
here, and nowhere else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from timebank.access.notices import Notice
from timebank.access.sight import Sight, masked
from timebank.projections.activities import activities
from timebank.projections.credit import funds, rewards
from timebank.projections.organisations import memberships, organisations, teams
from timebank.projections.organisations.memberships import MembershipView
from timebank.projections.organisations.teams import ShiftView, TeamMemberView, TeamView
from timebank.projections.people import volunteers
from timebank.projections.people.proxies import ProxyView
from timebank.projections.people.volunteers import Brief
from timebank.projections.places import nodes
from timebank.projections.service import records
from timebank.projections.service.proposals import ProposalView
from timebank.vault.people import People

T = TypeVar("T", bound=msgspec.Struct)

_SAID = ("_name", "_number", "_status")
_AFFAIRS_OF = ("organisation_id", "provider_id")
_NAMES = (
    ("org_", organisations.names_of),
    ("tea_", teams.names_of),
    ("nod_", nodes.names_of),
    ("act_", activities.names_of),
    ("rew_", rewards.names_of),
    ("rec_", records.names_of),
)
"""What else has a name, by the kind of its id."""
_OF_TEAMS = (TeamView, TeamMemberView, ShiftView)
_AGREED_TO_NOTHING = ("invited", "declined")
_WITNESS = "witness_id"


class Named(NamedTuple):
    """The items with their names, and how many other people are named in full."""

    items: list[Any]
    people: int


async def named(sight: Sight, people: People, items: Sequence[T]) -> Named:
    """Items with the names of whom they are about.

    Administrators see everybody, and so does whoever serves the organisation that an item is an affair of. In one's own
    affairs the others are named with their first character, but proxies see who it is that they may act for, and people
    of a team each other. Of somebody who is only invited, or said no, and of a witness who is no
    member, an organisation too sees the first character: anybody can name them, and they are not told. Auditors see
    numbers, and no names.
    """
    ids = ids_to_name(items)
    if not ids:
        return Named(list(items), 0)
    known = await _known(sight, people, ids)
    served = frozenset() if sight.sees_people else frozenset(await sight.served())
    if not sight.sees_people and any(isinstance(item, _OF_TEAMS) for item in items):
        served |= await sight.teams()
    strangers = await _strangers(sight, items, served)
    seen: set[str] = set()
    filled = [_filled(item, sight, known, served, strangers, seen) for item in items]
    return Named(filled, len(seen))


def ids_to_name(items: Iterable[msgspec.Struct]) -> set[str]:
    """The ids in some items that a name, number or status is to be filled in for."""
    return {getattr(item, field) for item in items for field in _blanks(type(item))} - {None}


async def _strangers(sight: Sight, items: Iterable[msgspec.Struct], served: Collection[str]) -> set[tuple[str, str]]:
    """The witnesses in some self-reports who are no members, each with the organisation to which they are strangers."""
    named_by: dict[str, set[str]] = {}
    for item in items:
        if isinstance(item, ProposalView) and item.witness_id and item.organisation_id in served:
            named_by.setdefault(item.organisation_id, set()).add(item.witness_id)
    strangers: set[tuple[str, str]] = set()
    for body, witnesses in named_by.items():
        members = await memberships.approved_among(sight.pool, sight.bank_id, body, sorted(witnesses))
        strangers |= {(body, each) for each in witnesses - members}
    return strangers


class _Known(NamedTuple):
    """Who is known by which id: people, and the names of bodies and things."""

    people: Mapping[str, Brief]
    others: Mapping[str, str]


async def _known(sight: Sight, people: People, ids: Iterable[str]) -> _Known:
    def of(prefix: str) -> list[str]:
        return sorted(each for each in ids if each.startswith(prefix))

    found = await volunteers.briefly(sight.pool, people, sight.bank_id, of("vol_")) if of("vol_") else {}
    others: dict[str, str] = {}
    for prefix, names_of in _NAMES:
        if wanted := of(prefix):
            others |= await names_of(sight.pool, sight.bank_id, wanted)
    if of("fnd_"):
        others |= await funds.names(sight.pool, sight.bank_id)
    return _Known(found, others)


@cache
def _blanks(kind: type[msgspec.Struct]) -> dict[str, tuple[tuple[str, str], ...]]:
    """The fields that say who it is, each with those to be filled in, and with what."""
    names = kind.__struct_fields__
    blanks: dict[str, list[tuple[str, str]]] = {}
    for blank in names:
        for suffix in _SAID:
            stem = blank.removesuffix(suffix)
            of = next((each for each in (f"{stem}_id", stem) if each in names and each != blank), None)
            if of:
                blanks.setdefault(of, []).append((blank, suffix.removeprefix("_")))
    return {of: tuple(fields) for of, fields in blanks.items()}


def _filled(
    item: T, sight: Sight, known: _Known, served: frozenset[str], strangers: Collection[tuple[str, str]], seen: set[str]
) -> T:
    """One item; whoever is named in full is added to those seen."""
    blanks = _blanks(type(item))
    has_agreed = not isinstance(item, TeamMemberView | MembershipView) or item.status not in _AGREED_TO_NOTHING
    is_of_body = any(getattr(item, field, None) in served for field in _AFFAIRS_OF)
    is_of_team = isinstance(item, _OF_TEAMS) and item.team_id in served
    is_affair = has_agreed and (is_of_body or is_of_team)
    is_own = isinstance(item, Notice) or any(getattr(item, field) in sight.own_ids for field in blanks)
    known_to = sight.own_ids | ({item.volunteer_id} if isinstance(item, ProxyView) and sight.is_proxy(item) else set())
    said: dict[str, Any] = {}
    for field, wanted in blanks.items():
        whom = getattr(item, field)
        person = known.people.get(whom)
        if person:
            is_strange = field == _WITNESS and (getattr(item, "organisation_id", None), whom) in strangers
            is_seen = sight.sees_people or (is_affair and not is_strange) or whom in known_to
            if is_seen:
                seen |= {whom} - known_to
            else:
                name = masked(person.name) if is_own or is_of_team or is_of_body else None
                number = person.number if sight.sees_all else None
                person = Brief(name, number, person.status if sight.sees_all else None)
            said |= {blank: getattr(person, what) for blank, what in wanted}
        elif whom in known.others:
            said |= {blank: known.others[whom] for blank, what in wanted if what == "name"}
    return msgspec.structs.replace(item, **said) if said else item
