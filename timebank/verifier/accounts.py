"""What facts do to accounts, in minutes (docs/rules.md), and whether balances are what facts come to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .tree import WrongError, once

Posting = tuple[str, str, int]
SERVICE = "service-confirmed", "service-voided", "service-corrected"
REWARDS = "reward-reserved", "reward-fulfilled", "reservation-cancelled", "reservation-expired"
MOVING = {*SERVICE, *REWARDS, "credit-given", "credit-donated", "credit-granted", "registrations-merged"}
"""What the facts are called that move minutes."""


def postings(topic: str, fact: dict[str, Any]) -> Iterator[Posting]:
    """What a fact adds to whose account, in minutes."""
    if topic not in MOVING:
        return
    whose, cost = fact.get("volunteer_id", ""), fact.get("cost_minutes", 0)
    minutes, debt = fact.get("minutes", 0), fact.get("debt_change_minutes", 0)
    if topic in ("service-confirmed", "service-voided"):
        yield from served(whose, fact, -1 if topic == "service-voided" else 1)
        yield from received(fact.get("account_id") or whose, 0, debt)
    elif topic == "service-corrected":
        before = {name.removeprefix("previous_"): value for name, value in fact.items() if name[:9] == "previous_"}
        before["account_id"] = fact.get("account_id")
        yield from (*served(whose, before, -1), *served(whose, fact, 1))
        yield from received(fact.get("account_id") or whose, 0, debt)
    elif topic == "reward-reserved":
        yield from ((whose, "available", -cost), (whose, "reserved", cost))
    elif topic == "reward-fulfilled":
        yield from ((whose, "reserved", -cost), (whose, "redeemed", cost))
    elif topic in ("reservation-cancelled", "reservation-expired"):
        yield from ((whose, "reserved", -cost), *received(whose, cost, debt))
    elif topic == "credit-given":
        yield from ((whose, "available", -minutes), *received(fact["to_volunteer_id"], minutes, debt))
    elif topic == "credit-donated":
        yield from ((whose, "available", -minutes), (fact["fund_id"], "fund", minutes))
    elif topic == "credit-granted":
        yield fact["fund_id"], "fund", -minutes
        to_fund, to = fact.get("to_fund_id"), fact.get("to_volunteer_id")
        yield from [(to_fund, "fund", minutes)] if to_fund else received(to, minutes, debt) if to else ()
    elif topic == "registrations-merged":
        came, owed = fact.get("available_minutes", 0), fact.get("debt_minutes", 0)
        yield from ((fact["merged_id"], "available", -came), (fact["merged_id"], "debt", -owed))
        yield from received(fact["kept_id"], came - owed, debt)


def served(whose: str, fact: dict[str, Any], sign: int) -> Iterator[Posting]:
    """Service, and the credit it came to. Paid duty is not volunteering."""
    credited = sign * fact["credited_minutes"]
    yield from ((fact.get("account_id") or whose, "available", credited), (whose, "credited", credited))
    yield whose, "service", sign * fact["minutes"] * (fact["capacity"] != "staff-on-duty")


def received(whose: str, minutes: int, debt: int) -> Iterator[Posting]:
    """Credit that repays a debt first; what is missing becomes a debt."""
    yield from ((whose, "available", minutes + debt), (whose, "debt", debt))


def compare(accounts: dict[tuple[str, str], int], file: Path) -> None:
    """Compare the balances that an archive says with those that its facts come to."""
    said: dict[tuple[str, str], int] = {}
    for line in file.read_text(encoding="utf8").splitlines():
        holder, balances = json.loads(line, object_pairs_hook=once)
        for account, minutes in balances.items():
            if said.setdefault((holder, account), minutes) != minutes:
                raise WrongError(f"the account {account} of {holder} is said to be two things")
    for holder, account in said.keys() | accounts.keys():
        derived, shown = accounts.get((holder, account), 0), said.get((holder, account), 0)
        if derived != shown or derived < 0:
            raise WrongError(f"the account {account} of {holder} is said to be {shown}, and comes to {derived}")
