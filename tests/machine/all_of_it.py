"""One history in which everything happens that can: chance alone would not bring it all about every time."""

from typing import Any

from timebank.domain.facts.credit import GiftRules, Rules
from timebank.domain.service.records import NO_TEAM

STRICT = Rules(
    credit_percent={"公益": 150}, other_percent=80, cap_per_day_minutes=400,
    gifts=GiftRules(minutes_max=60, minutes_max_per_month=100),
)  # fmt: skip
FREE: dict[str, Any] = {"cost_minutes": 10, "quota": None, "quota_per_person": None, "quota_every": None}
ALWAYS: dict[str, Any] = {"window": (None, None), "eligibility": {}, "slots": ()}
SAME: dict[str, Any] = dict.fromkeys(("span", "minutes", "on_duty", "activity", "category", "team"))
SWEEPING: dict[str, Any] = {"on_duty": False, "activity": "清扫", "category": "公益"}
OFFICE: dict[str, Any] = {"which": 0, "sensible": True, "who": "administrator"}
ANY: dict[str, Any] = {"which": 0, "sensible": True}


def live_through_it(state: Any) -> None:
    """All of it, in an order in which each can happen."""
    state.found(book=None, is_short=False, limits=FREE)
    for chapter in (bodies_and_members, service, rules, giving, rewards, races, teams, activities_and_places, going):
        chapter(state)


def bodies_and_members(state: Any) -> None:
    """Somebody joins, a body comes, is approved and suspended; memberships begin, change and end."""
    state.register(n=4)
    state.register(n=4)
    state.register_body()
    for suspend in (True, False, False, True):
        state.approve_body(n=1)
        state.suspend_or_reinstate_body(n=1, suspend=suspend)
    for accept in (True, False):
        state.add_member(body=0, n=0, role="member", accept=accept)
    state.add_member(body=0, n=4, role="member", accept=False)
    state.approve_member(body=0, n=4, accept=True)
    state.change_role(body=0, n=0, role="coordinator")
    state.end_membership(body=0, n=0)
    for granted in (True, False, True):
        state.consent(n=0, granted=granted)
    state.consent(n=3, granted=True)
    for suspend in (True, False):
        state.suspend_or_reinstate(n=3, suspend=suspend)


def service(state: Any) -> None:
    """Service is logged, amended, withdrawn, confirmed, rejected, corrected and voided; or refused, as too much is."""
    state.confirm(**OFFICE, minutes=30)
    state.log(n=0, body=0, span=(1, 8, 60), who="member", share=30, **SWEEPING)
    state.reject(**OFFICE)
    state.log_by_program(n=3, body=0, span=(4, 9, 60), **SWEEPING)
    sensibly = OFFICE | {"sensible": True}
    state.amend_record(**sensibly, **SAME | {"span": (2, 22, 240)})
    state.withdraw_record(**sensibly)
    state.log_by_program(n=0, body=0, span=(2, 9, 60), **SWEEPING)
    state.confirm(**OFFICE, minutes=None)
    state.reject(**OFFICE)
    for minutes in (1439, 120):
        state.log_by_program(n=1, body=0, span=(3, 0, minutes), **SWEEPING)
    state.serve(n=0, span=(1, 7, 540), activity="清扫", category="公益")
    state.correct(**OFFICE, **SAME | {"minutes": 60, "category": "文体"})
    state.void(**OFFICE | {"which": 1})
    state.catch_up()


def rules(state: Any) -> None:
    """A first version of the rules may reach back, others not; service of the night in which one begins is divided."""
    for days in (-1, 0, 1):
        state.adopt(rules=STRICT, days=days)
    state.adopt(rules=Rules(), days=1)
    state.withdraw_book(version=len(state.model.books))
    state.time_passes(hours=100)
    state.serve_as_a_book_begins(n=2)
    state.restart()
    state.repeat(which=0)


def teams(state: Any) -> None:
    """A body's own team and a group that it guides: people join, lead and leave; service is in the name of them."""
    own: dict[str, Any] = {"body": 0, "who": "administrator", "is_guided": False, "n": 0}
    state.found_team(**own, days=-40)
    state.found_team(**own, days=1)
    for accept in (True, False):
        state.found_team(**own | {"is_guided": True, "n": 3}, days=0)
        state.decide_on_team(**OFFICE, accept=accept)
    state.end_membership(body=0, n=4)
    first: dict[str, Any] = {"which": 0, "sensible": False, "who": "administrator"}
    for n, who, step in (
        (1, "administrator", "ask"), (1, "self", "approve"), (2, "self", "ask"), (4, "self", "ask"),
        (2, "administrator", "approve"),
    ):  # fmt: skip
        state.belong_to_team(**first | {"who": who}, n=n, step=step)
    state.name_captain(**first, n=1, days=-1, lasting=None)
    state.belong_to_team(**first | {"who": "captain"}, n=2, step="end")
    state.log_by_program(n=3, body=0, span=(1, 12, 60), team=0, **SWEEPING)
    last: dict[str, Any] = {"which": -1, "sensible": True}
    for of in (NO_TEAM, (False, 0)):
        state.amend_record(**last, who="body", **SAME | {"team": of})
    state.confirm(**OFFICE, minutes=None)
    for of in (NO_TEAM, (False, 0)):
        state.correct(**last, who="administrator", **SAME | {"team": of})
    state.log(n=3, body=0, span=(1, 14, 30), who="administrator", share=None, team=1, **SWEEPING)
    state.hold_activity(which=0, comers=[3], seats=None, forgets=False, team=0)
    state.dissolve_team(**first)


def activities_and_places(state: Any) -> None:
    """Activities with and without seats, with and without their leader; people move, and the tree changes."""
    state.move_about(seed=2, count=60)
    state.hold_activity(which=0, comers=[2, 0], seats=1, forgets=False)
    state.hold_activity(which=0, comers=[1, 0, 2], seats=None, forgets=True)
    state.confirm(**OFFICE, minutes=None)
    state.move_about(seed=4, count=4)


def giving(state: Any) -> None:
    """Gifts within the rules and beyond them; donations, grants, and a fund that opens and closes."""
    state.give_again_and_again(which=0, to=1)
    state.give(n=0, to=1, amount=61)
    state.give(n=3, to=0, amount="one more")
    state.donate(n=1, **ANY, amount=20)
    state.grant(**ANY | {"sensible": False}, amount="one more")
    state.grant(**ANY, amount=1)
    state.spend_what_is_anothers(which=0, who=0)
    state.open_fund(keeper=None)
    state.close_fund(which=0)
    state.close_fund(which=2)
    state.adopt(rules=Rules(gifts=GiftRules(allowed=False)), days=1)
    state.time_passes(hours=30)
    state.give(n=0, to=1, amount=1)
    state.adopt(rules=Rules(), days=1)
    state.time_passes(hours=30)


def rewards(state: Any) -> None:
    """Rewards are offered, changed, and reserved; codes are accepted, given up, and forgotten."""
    state.offer(provider=0, limits=FREE, **ALWAYS | {"slots": ((30, 1), (60, 2))})
    state.offer_simply(limits=FREE)
    state.amend(which=3, provider=0, limits=FREE | {"quota": 2}, **ALWAYS)
    state.amend_nothing(which=3)
    state.pause(which=3)
    for sensible in (False, True):
        state.reserve(which=-1, sensible=sensible)
    state.resume(which=3)
    for which in (0, 1, 70):
        state.reserve(which=which, sensible=True)
    state.reserve(which=40, sensible=False)
    state.reserve_for_ones_own(which=0, who=0)
    state.reserve_until_none_is_left()
    state.reserve_all_there_is(which=1, is_more=True)
    state.fulfil_ones_own(which=1, is_payer=True)
    state.fulfil_nothing(body=0)
    state.fulfil(**ANY)
    state.void(**OFFICE)
    state.cancel(**ANY)
    state.come_too_late()
    state.sweep()
    state.reserve(**ANY)
    state.never_come(which=0)
    state.expire(which=0)
    state.withdraw(which=3)


def races(state: Any) -> None:
    """Several want the same at the same moment."""
    state.race_for_the_last_unit(share=50, count=3)
    for fund in (0, 1):
        state.race_for_the_last_minutes(which=0, fund=fund, count=3)
    state.reserve(**ANY)
    state.race_for_one_code(which=0, count=2)
    state.race_to_end(which=0, order=["fulfil", "cancel", "fulfil", "cancel"])
    state.race_of_gifts(which=0, count=3)
    for which in range(2):
        state.void(**OFFICE | {"which": which})
    state.race_with_one_key(**ANY, count=3)
    state.donate(n=1, **ANY, amount=20)
    state.race_for_the_last_of_a_fund(which=0, count=3)


def going(state: Any) -> None:
    """People leave, having said what becomes of their credit; one comes back, one is erased."""
    state.serve(n=1, span=(1, 7, 120), activity="清扫", category="公益")
    for rest in (None, "hold"):
        state.leave(n=1, rest=rest, who="self", fund=0)
    state.come_back(n=1)
    state.leave(n=1, rest="donate", who="office", fund=0)
    state.leave(n=1, rest="donate", who="self", fund=0)
    state.serve(n=4, span=(9, 3, 60), activity="清扫", category="公益")
    for kept, gone in ((0, 4), (0, 4), (4, 2), (0, 2)):
        state.merge(kept=kept, gone=gone)
    for which in (0, 1):
        state.void(**OFFICE | {"which": which})
    state.erase(n=3, rest="hold", who="self", fund=0)
    state.rebuild_one(projection="volunteers")
