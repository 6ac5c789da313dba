"""Teams of an organisation: which there are, who belongs to them, who is on duty; and one's own teams."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from litestar import Response

from timebank.web.http.desks import at_desk, manages
from timebank.web.http.forms import Form
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor

SHOWN = 100
DAY_MINUTES = 24 * 60


async def teams(visitor: Visitor) -> Response[Any]:
    """The teams of the organisation, and where to found one."""
    path = f"/organisations/{visitor.path['organisation_id']}/teams"
    page = await visitor.get(path, after=visitor.query.get("after"), limit=SHOWN)
    return await at_desk(visitor, "organisations/teams.html", teams=page["items"], next=page["next"])


async def found(visitor: Visitor) -> Response[Any]:
    """Found one, or take a group under the organisation's guidance."""
    form, organisation_id = visitor.form, visitor.path["organisation_id"]
    body: dict[str, Any] = form.given("name") | form.days(visitor.today, from_day="refused")
    body["is_guided"] = form.said("is_guided") == "1"
    made = await visitor.post(f"/organisations/{organisation_id}/teams", body)
    return visitor.go(f"/teams/{organisation_id}/{made['team_id']}", "The team is founded. Invite its members.")


async def team(visitor: Visitor) -> Response[Any]:
    """One team: its people and its rota, for those who may see them, and its hours."""
    assert visitor.principal
    found = await visitor.get(_there(visitor), own=True)
    is_manager = manages(visitor, found["organisation_id"])
    members = await visitor.seen(f"{_there(visitor)}/members", limit=SHOWN, own=True)
    own_id = visitor.principal.actor
    own = next((each for each in (members or {"items": []})["items"] if each["volunteer_id"] == own_id), None)
    return visitor.show(
        "organisations/team.html",
        team=found,
        manages=is_manager,
        leads=is_manager or (members is not None and found["captain_id"] == own_id),
        is_own=own is not None,
        members=members,
        rota=await visitor.seen(f"{_there(visitor)}/shifts", limit=SHOWN, own=True),
        hours=await visitor.seen(f"{_there(visitor)}/hours", own=True),
    )


async def act(visitor: Visitor) -> Response[Any]:
    """Whatever is done about one team."""
    form, there = visitor.form, _there(visitor)
    what, somebody = form.said("what"), form.one("volunteer_id")
    match what:
        case "accept" | "decline":
            await visitor.post(f"{there}/{what}", own=True)
        case "rename":
            await visitor.post(f"{there}/rename", {"name": form.said("name")}, own=True)
        case "captain":
            await visitor.post(f"{there}/captain", {"volunteer_id": somebody})
        case "dissolve":
            await visitor.post(f"{there}/dissolve", {"reason": form.said("reason")})
        case "invite":
            await visitor.post(f"{there}/members", {"volunteer_id": _number(form)}, own=True)
        case "ask":
            await visitor.post(f"{there}/members", {"volunteer_id": "me"}, own=True)
        case "let-in":
            await visitor.post(f"{there}/members/{somebody}/approve", own=True)
        case "set-shift":
            await visitor.post(f"{there}/shifts", _shift(visitor), own=True)
        case "end-shift":
            await visitor.post(f"{there}/shifts/{form.one('shift_id')}/end", {"volunteer_id": somebody}, own=True)
        case _:
            await visitor.post(f"{there}/members/{somebody}/end", {}, own=True)
    return visitor.go(visitor.request.url.path, "It is done.")


async def own_teams(visitor: Visitor) -> Response[Any]:
    """One's own teams and shifts, and where a group asks for guidance."""
    organisations = (await visitor.get("/organisations", status="approved", limit=SHOWN))["items"]
    held = await visitor.get("/volunteers/me/teams", own=True)
    return visitor.show(
        "organisations/own_teams.html",
        teams=[each for each in held if each["status"] != "left"],
        shifts=await visitor.get("/volunteers/me/shifts", own=True),
        organisations=[(each["organisation_id"], each["name"]) for each in organisations],
    )


async def answer(visitor: Visitor) -> Response[Any]:
    """Accept an invitation, or leave; or ask an organisation to guide a group."""
    form, organisation_id = visitor.form, visitor.form.one("organisation_id")
    if form.said("what") == "propose":
        path = f"/organisations/{organisation_id}/teams/proposals"
        await visitor.post(path, {"name": form.said("name")}, own=True)
        return visitor.go("/more/teams", "The organisation is asked. It will answer.")
    verb = "approve" if form.said("what") == "approve" else "end"
    await visitor.post(f"/organisations/{organisation_id}/teams/{form.one('team_id')}/members/me/{verb}", own=True)
    return visitor.go("/more/teams", "It is done.")


def _there(visitor: Visitor) -> str:
    return f"/organisations/{visitor.path['organisation_id']}/teams/{visitor.path['team_id']}"


def _number(form: Form) -> str:
    return form.said("volunteer_id").replace(" ", "") or "-"


def _shift(visitor: Visitor) -> dict[str, Any]:
    """A shift, as the API takes it: its start and length in minutes, after midnight as well."""
    form, day = visitor.form, visitor.form.day("from_day", visitor.today, "next")
    start, end = (form.moment(day, name, visitor.zone) or "" for name in ("start", "end"))
    body: dict[str, Any] = {"volunteer_id": _number(form), "from_day": day, "from_minute": start, "minutes": end}
    body["until_day"] = form.day("until_day", visitor.today, "next") if form.said("weekly") == "1" else day
    with suppress(ValueError):
        times = [datetime.fromisoformat(each) for each in (start, end)]
        first, last = (each.hour * 60 + each.minute for each in times)
        body |= {"from_minute": first, "minutes": (last - first - 1) % DAY_MINUTES + 1}
    return body


PAGES = [
    Page("/o/{organisation_id:str}/teams", teams, found),
    Page("/teams/{organisation_id:str}/{team_id:str}", team, act),
    Page("/more/teams", own_teams, answer),
]
