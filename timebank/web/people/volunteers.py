"""The register of people: finding, registering, handing out codes, suspending; and why a balance is what it is."""

import asyncio
from typing import Any

from litestar import Response

from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def people(visitor: Visitor) -> Response[Any]:
    """People found by name, number or phone."""
    query, after = visitor.query.get("query", "").strip(), visitor.query.get("after")
    wanted = "".join(query.split()) if query.replace(" ", "").isdecimal() else query
    page = await visitor.get("/volunteers", query=wanted or None, after=after, limit=30)
    return await in_office(visitor, "people/people.html", people=page["items"], next=page["next"], asked=query)


async def person(visitor: Visitor) -> Response[Any]:
    """One person: who they are, what they have and why, what they belong to."""
    who = visitor.path["volunteer_id"]
    found = await visitor.get(f"/volunteers/{who}")
    why, memberships, balance, alike = await asyncio.gather(
        visitor.seen(f"/volunteers/{who}/balance/why", language=visitor.language, limit=100),
        visitor.seen(f"/volunteers/{who}/memberships", limit=50),
        visitor.seen(f"/volunteers/{who}/balance"),
        _alike(visitor, found),
    )
    return await in_office(
        visitor,
        "people/person.html",
        person=found,
        balance=balance,
        why=why,
        alike=alike,
        memberships=memberships["items"] if memberships else [],
    )


async def _alike(visitor: Visitor, person: dict[str, Any]) -> list[dict[str, Any]]:
    """Who may be the same person, registered twice: with the same phone, or the same name and year of birth."""
    alike: dict[str, dict[str, Any]] = {}
    for query in filter(None, (person["phone"], person["birth_year"] and person["name"])):
        page = await visitor.seen("/volunteers", query=query, limit=20)
        alike |= {each["volunteer_id"]: each for each in (page["items"] if page else []) if _is_alike(each, person)}
    return list(alike.values())


def _is_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    is_another = one["volunteer_id"] != other["volunteer_id"] and one["status"] in {"active", "suspended"}
    same_phone = bool(one["phone"]) and one["phone"] == other["phone"]
    named = ("name", "birth_year")
    return is_another and (same_phone or all(one[each] and one[each] == other[each] for each in named))


async def registering(visitor: Visitor) -> Response[Any]:
    """Where to register somebody."""
    return await in_office(visitor, "people/register.html")


async def register(visitor: Visitor) -> Response[Any]:
    """Register somebody."""
    form = visitor.form
    body: dict[str, Any] = {"name": form.said("name")} | form.given("document_number")
    if form.said("phone"):
        body["phone"] = form["phone"].replace(" ", "")
    if form.said("birth_year"):
        body["birth_year"] = form.number("birth_year")
    made = await visitor.post("/volunteers", body)
    return visitor.go(f"/admin/people/{made['volunteer_id']}", "They are registered. Give them a code to sign in.")


async def hand_out_code(visitor: Visitor) -> Response[Any]:
    """Make a code to choose a password with, shown once."""
    made = await visitor.post(f"/volunteers/{visitor.path['volunteer_id']}/codes")
    return await in_office(visitor, "people/code.html", made=made)


async def hand_out_phone_code(visitor: Visitor) -> Response[Any]:
    """Make a code to verify a phone with, shown once."""
    made = await visitor.post(f"/volunteers/{visitor.path['volunteer_id']}/phone/codes")
    return await in_office(visitor, "people/phone_code.html", made=made)


async def departing(visitor: Visitor) -> Response[Any]:
    """Where to say that somebody leaves; what that means."""
    return await _parting(visitor, "people/departing.html")


async def depart(visitor: Visitor) -> Response[Any]:
    """They leave, and can come back."""
    await visitor.post(f"/volunteers/{visitor.path['volunteer_id']}/leave", _rest(visitor))
    return visitor.go(f"/admin/people/{visitor.path['volunteer_id']}", "It is done.")


async def erasing(visitor: Visitor) -> Response[Any]:
    """Where to erase all that is personal about somebody; what that means."""
    return await _parting(visitor, "people/erasing.html")


async def erase(visitor: Visitor) -> Response[Any]:
    """Erase it, for good."""
    await visitor.post(f"/volunteers/{visitor.path['volunteer_id']}/erase", _rest(visitor))
    return visitor.go("/admin/people", "All that was personal is erased. The history names nobody.")


async def _parting(visitor: Visitor, template: str) -> Response[Any]:
    """A page on which it is asked what is to become of somebody's time."""
    who = visitor.path["volunteer_id"]
    person = await visitor.get(f"/volunteers/{who}")
    can_give = person["status"] == "left" and await _seen_off_by_another(visitor)
    funds = (await visitor.get("/funds", limit=100))["items"] if can_give else []
    return await in_office(
        visitor,
        template,
        person=person,
        balance=await visitor.get(f"/volunteers/{who}/balance"),
        funds=[each for each in funds if each["status"] == "open"],
    )


async def _seen_off_by_another(visitor: Visitor) -> bool:
    """Whether another administrator had somebody leave: no one person gives away what they have."""
    asked = {"topic": "volunteer-left", "tag": visitor.path["volunteer_id"], "order": "newest", "limit": 1}
    found = await visitor.seen("/audit/events", params=asked)
    return bool(found) and found["items"][0]["data"].get("seen_off_by") not in (None, visitor.own_id)


def _rest(visitor: Visitor) -> dict[str, str]:
    """What is to become of it."""
    form = visitor.form
    return form.given("rest") | (form.given("fund_id") if form.said("rest") == "donate" else {})


async def change_standing(visitor: Visitor) -> Response[Any]:
    """Suspend or reinstate somebody, or end their sessions."""
    who, what = visitor.path["volunteer_id"], visitor.form.said("what")
    if what == "sessions":
        await visitor.asked("DELETE", f"/volunteers/{who}/sessions")
    else:
        verb = "reinstate" if what == "reinstate" else "suspend"
        await visitor.post(f"/volunteers/{who}/{verb}", {"reason": visitor.form.said("reason")})
    return visitor.go(f"/admin/people/{who}", "It is done.")


PAGES = [
    Page("/admin/people", people),
    Page("/admin/people/new", registering, register),
    Page("/admin/people/{volunteer_id:str}", person),
    Page("/admin/people/{volunteer_id:str}/code", act=hand_out_code, again=person),
    Page("/admin/people/{volunteer_id:str}/phone", act=hand_out_phone_code, again=person),
    Page("/admin/people/{volunteer_id:str}/leave", departing, depart, proof=True),
    Page("/admin/people/{volunteer_id:str}/erase", erasing, erase, proof=True),
    Page("/admin/people/{volunteer_id:str}/standing", act=change_standing, again=person),
]
