"""The rule book: a draft, based on the rules in force; what it would change, for whom; and adopting it."""

from typing import Any

from litestar import Response

from timebank.web.bank.front import rule_book
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def drafting(visitor: Visitor) -> Response[Any]:
    """Where to draft a rule book: as the one in force stands."""
    return await in_office(visitor, "credit/draft.html", policy=await _in_force(visitor), preview=None)


async def _in_force(visitor: Visitor) -> dict[str, Any] | None:
    held = await rule_book(visitor.services, visitor.bank_id, visitor.today)
    return next((each for each in await visitor.get("/policies") if held and each["version"] == held.version), None)


def _rules(visitor: Visitor) -> dict[str, Any]:
    """The rules that a form says."""
    form = visitor.form
    percents: dict[str, Any] = {}
    for line in form.said("credit_percent").splitlines():
        category, _, percent = line.replace("\uff1a", ":").rpartition(":")
        if category.strip():
            value = percent.strip().removesuffix("%").strip()
            percents[category.strip()] = int(value) if value.isdecimal() else value
    caps = {
        name: form.number(name) for name in ("cap_per_activity_minutes", "cap_per_day_minutes", "cap_total_minutes")
    }
    gifts = {name: form.number(f"gifts_{name}") for name in ("minutes_max", "minutes_max_per_month")}
    return {
        "credit_percent": percents,
        "other_percent": form.number("other_percent"),
        **caps,
        "gifts": {"allowed": form.said("gifts_allowed") == "yes", **gifts},
        "reservation_hours": form.number("reservation_hours"),
    }


async def draft(visitor: Visitor) -> Response[Any]:
    """Look what it would change, or adopt it."""
    form, rules = visitor.form, _rules(visitor)
    policy = await _in_force(visitor)
    if policy:
        rules = policy["rules"] | rules  # what the form does not ask stays as it is
    if form.said("what") == "adopt":
        day = form.day("effective_from", visitor.today, "next")
        body = {"resolution": form.said("resolution"), "effective_from": day, "rules": rules}
        await visitor.post("/policies", body)
        return visitor.go("/rules", "The rules are adopted.")
    preview = await visitor.post("/policies/preview", {"rules": rules})
    return await in_office(visitor, "credit/draft.html", policy=policy, preview=preview)


PAGES = [Page("/admin/rules", drafting, draft)]
