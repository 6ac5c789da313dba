"""Rights: by which rights of a row somebody may use an operation, from who they are and what it is about.

Pure: no I/O. What rests on memberships is decided in the domain, from facts, and so are offices and proxies, once more,
in the very decision they are used for.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from timebank.access.table import Access, let_in
from timebank.domain.acting import Acting
from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.people.refusals import ProxyNotAllowed, VolunteerUnknown
from timebank.domain.refusals import YouAreSuspended
from timebank.identity.principals import Principal
from timebank.projections.people.proxies import ProxyView
from timebank.words import told

LEAST_PEOPLE = 10
"""Of fewer than so many people together hours are told to those only who lead them, or audit the bank."""

MONTHS_ONLY = "Hours are told for whole months here: those of single days would tell what one person served."

NOT_OVER = "Hours of a month are told here when it is over: asked for daily, they would tell those of single days."

TELLS_OTHERS = "What was served here would tell what fewer than {least} people served at a place beside it."

TOO_FEW = "Fewer than {least} people are there: what they served would tell it of one of them."


class NotAllowed(Exception):  # noqa: N818  # an answer, not an error of ours
    """The row does not let them in; says whom it lets in: a template, and what fills its blanks."""

    def __init__(self, template: str, **details: Any) -> None:
        self.template, self.details = template, details
        super().__init__(told(template, details))


def rights_of(principal: Principal, access: Access, about: str | None, today: date) -> tuple[Acting, ...]:
    """The ways somebody can act who does so for themselves, in an office, or as a program; the first is tried first.

    Raises `NotAllowed`; or `VolunteerUnknown`, where others do not exist for those who have no business with them.
    """
    if principal.kind == "program":
        return (_of_program(principal, access),)
    rights = [principal.acting] if access.own and about == principal.actor else []
    rights += _of_offices(principal, access, about, today)
    about_oneself = access.people or (access.own and about is None)
    if (access.everybody or access.roles or about_oneself) and principal.acting not in rights:
        rights.append(principal.acting)
    if rights:
        return tuple(rights)
    if access.own:
        raise VolunteerUnknown(volunteer_id=about)
    raise NotAllowed("This is for {whom} only.", whom=let_in(access))


def _of_offices(principal: Principal, access: Access, about: str | None, today: date) -> Iterator[Acting]:
    for office in access.offices:
        for held in principal.offices:
            if held.office == office and held.in_force(today):
                yield Acting(principal.actor, office, node_id=NodeId(held.node_id) if held.node_id else None)


def _of_program(principal: Principal, access: Access) -> Acting:
    """By which right an API key acts: that of its organisation, where it has the permission that the row names."""
    if access.everybody or (access.permission and access.permission in principal.permissions):
        return principal.acting
    if access.permission:
        raise NotAllowed("This needs a key with the permission {permission}.", permission=access.permission)
    raise NotAllowed("This is for {whom} only.", whom=let_in(access))


def right_of_proxy(
    principal: Principal, access: Access, whom: str, proxies: Iterable[ProxyView], about: str | None, today: date
) -> Acting:
    """How somebody acts on behalf of `whom`, by the proxies there are; how often they may is decided in the domain.

    Raises `YouAreSuspended`, `NotAllowed`, `ProxyNotAllowed`, or `VolunteerUnknown` where it is about somebody else.
    """
    must_be_open_to_proxies(principal, access)
    if not any(_lets_act(each, principal, access, whom, today) for each in proxies):
        raise ProxyNotAllowed(volunteer_id=whom)
    if about not in (None, whom):
        raise VolunteerUnknown(volunteer_id=about)
    return Acting(principal.actor, "proxy", on_behalf_of=VolunteerId(whom))


def must_be_open_to_proxies(principal: Principal, access: Access) -> None:
    """Refuse what cannot be done on behalf of somebody else, and whoever may act for nobody at present."""
    if principal.is_suspended:
        raise YouAreSuspended
    if access.proxy is None:
        raise NotAllowed("This cannot be done on behalf of somebody else.")


def _lets_act(proxy: ProxyView, principal: Principal, access: Access, whom: str, today: date) -> bool:
    is_between_them = proxy.proxy_volunteer_id == principal.actor and proxy.volunteer_id == whom
    return is_between_them and proxy.in_force(today) and access.proxy in proxy.scopes
