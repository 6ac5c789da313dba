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
from timebank.projections.credit.redemptions import RedemptionView
from timebank.projections.organisations import memberships, organisations, teams
from timebank.projections.organisations.memberships import MembershipView
from timebank.projections.organisations.teams import ShiftView, TeamMemberView, TeamView
from timebank.projections.people import volunteers
from timebank.projections.people.proxies import ProxyView
from timebank.projections.people.volunteers import Brief
from timebank.projections.places import nodes
from timebank.projections.service import records
from timebank.projections.service.proposals import ProposalView
from timebank.projections.service.records import ServiceRecordView
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
_NOT_CONFIRMED = {"logged", "rejected", "withdrawn"}


class Named(NamedTuple):
    """The items with their names, and how many other people are named in full."""

    items: list[Any]
    people: int


async def named(sight: Sight, people: People, items: Sequence[T]) -> Named:
    """Items with the names of whom they are about.

    Administrators see everybody, and so does whoever serves the organisation that an item is an affair of. In one's own
    affairs the others are named with their first character, but proxies see who it is that they may act for, and people
    of a team each other. Whom anybody can name, an organisation too sees by the first character: somebody who is only
    invited, or said no; who is no member, and a witness, or is said to have served and nobody who verifies looks at it;
    and whom one has reserved a reward for. Auditors see numbers, and no names.
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


async def _strangers(sight: Sight, items: Sequence[msgspec.Struct], served: Collection[str]) -> set[tuple[int, str]]:
    """Items (by their `id`) and fields of them that name no member, but a stranger to the organisation."""
    verified = frozenset(await sight.verified()) if any(isinstance(each, ServiceRecordView) for each in items) else ()
    named_by: dict[str, list[tuple[int, str, str]]] = {}
    for item in items:
        field = _may_be_strange(item, sight, verified)
        whom = getattr(item, field) if field else None
        if field and whom and item.organisation_id in served:  # type: ignore[attr-defined]
            named_by.setdefault(item.organisation_id, []).append((id(item), field, whom))  # type: ignore[attr-defined]
    strangers: set[tuple[int, str]] = set()
    for body, found in named_by.items():
        people = sorted({whom for _, _, whom in found})
        members = await memberships.approved_among(sight.pool, sight.bank_id, body, people)
        strangers |= {(item, field) for item, field, whom in found if whom not in members}
    return strangers


def _may_be_strange(item: msgspec.Struct, sight: Sight, verified: Collection[str]) -> str | None:
    """The field of an item for somebody who may have nothing to do with the organisation, and whom anybody could name.

    Who is said to have served is shown to somebody who verifies it, and is not who said so.
    """
    if isinstance(item, ProposalView):
        return "witness_id"
    if isinstance(item, ServiceRecordView) and item.status in _NOT_CONFIRMED:
        is_to_verify = item.organisation_id in verified and item.recorder_id not in sight.own_ids
        return None if is_to_verify else "volunteer_id"
    return None


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
    item: T, sight: Sight, known: _Known, served: frozenset[str], strangers: Collection[tuple[int, str]], seen: set[str]
) -> T:
    """One item; whoever is named in full is added to those seen."""
    blanks = _blanks(type(item))
    has_agreed = not isinstance(item, TeamMemberView | MembershipView) or item.status not in _AGREED_TO_NOTHING
    is_theirs = isinstance(item, RedemptionView) and item.reserved_by in sight.own_ids
    is_of_body = not is_theirs and any(getattr(item, field, None) in served for field in _AFFAIRS_OF)
    is_of_team = isinstance(item, _OF_TEAMS) and item.team_id in served
    is_affair = has_agreed and (is_of_body or is_of_team)
    is_own = isinstance(item, Notice) or any(getattr(item, field) in sight.own_ids for field in blanks)
    known_to = sight.own_ids | ({item.volunteer_id} if isinstance(item, ProxyView) and sight.is_proxy(item) else set())
    said: dict[str, Any] = {}
    for field, wanted in blanks.items():
        whom = getattr(item, field)
        person = known.people.get(whom)
        if person:
            is_strange = (id(item), field) in strangers
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
