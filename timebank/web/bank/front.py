"""The front page: what this bank is, its open figures and rules, and how to come in; and settings of every page."""

import time
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response

from timebank.demo import known_world
from timebank.projections.credit import policies
from timebank.projections.credit.policies import PolicyView
from timebank.projections.recognition import leaderboards
from timebank.runtime.composition import Services
from timebank.web.http import crumbs
from timebank.web.http.pages import Page, switch
from timebank.web.http.safe import local
from timebank.web.http.visitors import Visitor

FIGURES_SECONDS = 60.0
"""So long the open figures are shown before they are asked for again."""

DOORS = (
    ("volunteer", "As a volunteer"),
    ("coordinator", "As an organisation"),
    ("verifier", "As one who confirms"),
    ("administrator", "As an administrator"),
    ("auditor", "As an auditor"),
)


async def front(visitor: Visitor) -> Response[Any]:
    """The front page; whoever has signed in is taken to their own."""
    if visitor.me and not visitor.query.get("stay"):
        return visitor.go("/home")
    bank_id = await the_bank(visitor)
    return visitor.show(
        "bank/front.html",
        figures=await _figures(visitor, bank_id) if bank_id else None,
        policy=await rule_book(visitor.services, bank_id, visitor.today) if bank_id else None,
        doors=[(who, text) for who, text in DOORS] if visitor.settings.demo else (),
        banks=await banks(visitor),
        has_oidc=visitor.services.oidc is not None,
    )


async def rules(visitor: Visitor) -> Response[Any]:
    """All versions of the rules, the newest first."""
    bank_id = await the_bank(visitor)
    adopted = await policies.adopted(visitor.services.pool, bank_id) if bank_id else []
    held = await rule_book(visitor.services, bank_id, visitor.today) if bank_id else None
    return visitor.show("credit/rules.html", policies=list(reversed(adopted)), current=held.version if held else None)


async def banks(visitor: Visitor) -> list[tuple[UUID, str]]:
    """The banks of this service, and what they are called; of demo worlds the newest, in which one can come in."""
    found = [(bank.bank_id, bank.name) for bank in await visitor.services.ledger.store.banks()]
    return found[-1:] if visitor.settings.demo else found


async def the_bank(visitor: Visitor) -> UUID | None:
    """The bank whose page it is: of whoever has signed in, or the only one."""
    if visitor.principal:
        return visitor.principal.bank_id
    found = await banks(visitor)
    return found[0][0] if len(found) == 1 else None


async def rule_book(services: Services, bank_id: UUID, day: date) -> PolicyView | None:
    """The rule book that is in force on a day; not one that was withdrawn, nor one that another has followed."""
    held = await policies.in_force(services.pool, bank_id, day)
    return next((each for each in await policies.adopted(services.pool, bank_id) if each.version == held.number), None)


async def _figures(visitor: Visitor, bank_id: UUID) -> dict[str, int]:
    """The minutes of confirmed service of this month, this year, and all time."""
    kept: dict[UUID, tuple[float, dict[str, int]]] = visitor.request.app.state.kept
    if bank_id in kept and kept[bank_id][0] > time.monotonic():
        return kept[bank_id][1]
    today, services = visitor.today, visitor.services
    periods = {"month": f"{today:%Y-%m}", "year": f"{today:%Y}", "all": "all"}
    figures = {
        name: (await leaderboards.leaderboard(services.pool, services.people, bank_id, period, None, 1)).total
        for name, period in periods.items()
    }
    kept[bank_id] = time.monotonic() + FIGURES_SECONDS, figures
    return figures


async def change_settings(visitor: Visitor) -> Response[Any]:
    """Another language, or another size of letters; back to the page where one was."""
    switch(visitor)
    return visitor.go(local(visitor.form.said("from")))


async def try_demo(visitor: Visitor) -> Response[Any]:
    """Come in as somebody of the demo world, where there is one."""
    services, world = visitor.services, None
    if visitor.settings.demo:
        world = await known_world(services)
    who = visitor.form.said("who")
    volunteer_id = getattr(world, who, None) if who in {each for each, _ in DOORS} else None
    if world is None or volunteer_id is None:
        return visitor.go("/")
    tokens = await services.sign_in.let_in(world.bank_id, volunteer_id, visitor.visit, "demo")
    visitor.keep(crumbs.FOR_WHOM, "")
    visitor.keep_session({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}, own_device=False)
    desk = f"/o/{world.organisation}"
    at = {"administrator": "/admin", "auditor": "/admin", "verifier": desk, "coordinator": desk}
    return visitor.go(at.get(who, "/home"))


PAGES = [
    Page("/", front, public=True),
    Page("/rules", rules, public=True),
    Page("/settings", act=change_settings, public=True, for_anybody=True),
    Page("/demo", act=try_demo, public=True),
]
