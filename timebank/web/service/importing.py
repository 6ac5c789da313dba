"""Lists as offices have them: what is not clear is asked, then a verdict for each row, and then taking them in."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from timebank.api.http.streams import Streamed
from timebank.exchange.imports.results import TAKEN
from timebank.web.http.asking import Opened, Refused
from timebank.web.http.desks import at_desk
from timebank.web.http.keeping import Kept, keep, kept
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.telling.values import VALUES
from timebank.web.http.visitors import Visitor

OPTIONS = {"encoding", "sheet", "ignore", "column", "unit", "hidden"}
"""What can be said of a list, beside the list; the API's own names."""

SHOWN = 100
LONG = 400
"""From so many rows on it is told while they are done how many are."""

MARK, BEGINS, ENDS = "<!-- here -->", "<!-- begins -->", "<!-- ends -->"
"""Where a page that grows goes on, and what of the page without growing is shown there in the end."""


class Kind(NamedTuple):
    """A kind of list: where its pages are, what it is sent to, and what is said of it (keys of the catalogue)."""

    address: str
    path: str
    layout: str
    title: str
    about: str
    columns: str
    taken: str
    """The verdict on rows that are new."""
    then: str = ""
    offices: frozenset[str] = frozenset()
    """Who sends it, where it is not an organisation's."""

    @property
    def sentences(self) -> list[str]:
        """What is said of it, in English."""
        return [each for each in (self.title, self.about, self.columns, self.then) if each]

    def at(self, visitor: Visitor, where: str) -> str:
        """An address, of the organisation that the visitor is at."""
        return where.replace("{organisation_id:str}", visitor.path.get("organisation_id", ""))

    async def may(self, visitor: Visitor) -> None:
        """Raises `Refused` for whoever may not send such a list: what may be asked by those alone is asked."""
        if not self.offices:
            await visitor.get(f"/organisations/{visitor.path['organisation_id']}/proposals", limit=1)
        elif not self.offices & visitor.offices:
            detail = visitor.say("This page is for administrators.")
            raise Refused({"type": "/problems/office-missing", "title": "", "status": 403, "detail": detail})

    async def show(self, visitor: Visitor, template: str, **context: Any) -> Response[Any]:
        """A page about such a list."""
        if self.offices:
            await self.may(visitor)
        said = {"kind": self, "address": self.at(visitor, self.address), **context}
        return await (in_office if self.offices else at_desk)(visitor, template, **said)


async def choosing(kind: Kind, visitor: Visitor) -> Response[Any]:
    """Where to choose a list."""
    return await kind.show(visitor, "service/upload.html")


async def trial(kind: Kind, visitor: Visitor) -> Response[Any]:
    """What would become of each row; nothing is written yet. What cannot be told of the list is asked."""
    pasted = visitor.form.said("pasted")
    if pasted and not (visitor.file and visitor.file[1]):
        visitor.file = "pasted.csv", pasted.encode()
    if visitor.file is None:
        reason = visitor.say("Choose a file first: a spreadsheet (.xlsx, .xls, .ods) or CSV; or paste the rows.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "file", "reason": reason}]})
    return await _tried(kind, visitor, Kept("", *visitor.file))


async def answered(kind: Kind, visitor: Visitor) -> Response[Any]:
    """Try a list once more, with the answers to what was asked about it."""
    form, waiting = visitor.form, kept(visitor)
    answers = [form[name] for name in sorted(form) if name.startswith("answer-") and form[name]]
    return await _tried(kind, visitor, waiting._replace(said=(*form.ticked("said"), *answers)))


async def confirm(kind: Kind, visitor: Visitor) -> Response[Any]:
    """Record the rows that can be; the others can be had back as a file."""
    waiting = kept(visitor)._replace(said=tuple(visitor.form.ticked("said")))
    opened = await _import(kind, visitor, waiting, dry_run=False)
    return await _told(kind, visitor, "service/list_done.html", waiting, opened)


async def rejected(kind: Kind, visitor: Visitor) -> Response[Any]:
    """The rows that could not be recorded, with the reason beside each, to put right and send again."""
    waiting = kept(visitor)._replace(said=tuple(visitor.form.ticked("said")))
    return visitor.hand_on(await _import(kind, visitor, waiting, dry_run=True, answer="rejected"))


async def _tried(kind: Kind, visitor: Visitor, waiting: Kept) -> Response[Any]:
    """What comes of a list; one that was chosen just now is kept, where there is something to be said about it."""
    try:
        opened = await _import(kind, visitor, waiting, dry_run=True)
    except Refused as refused:
        if refused.kind != "list-not-clear":
            raise
        waiting = keep(visitor, waiting)
        questions = refused.problem["errors"]
        return await kind.show(
            visitor,
            "service/list_questions.html",
            status=422,
            kept=waiting,
            questions=questions,
            in_words=partial(_in_words, visitor),
        )
    return await _told(kind, visitor, "service/list.html", keep(visitor, waiting), opened)


def _in_words(visitor: Visitor, answer: str) -> str:
    """What an answer means, as `unit=时长=hours`."""
    option, _, value = answer.partition("=")
    heading, _, meaning = value.rpartition("=")
    match option:
        case "ignore":
            return visitor.say("Do not read the column “{heading}”", heading=value)
        case "column":
            word = visitor.say(VALUES.get(meaning, meaning))
            return visitor.say("“{heading}” says: {meaning}", heading=heading, meaning=word)
        case "unit":
            return visitor.say("The numbers in “{heading}” are {unit}", heading=heading, unit=visitor.say(meaning))
        case "sheet":
            return visitor.say("The list on the sheet “{name}”", name=value)
        case "hidden":
            return visitor.say("They are taken" if value == "take" else "They are left out")
    return value


async def _import(kind: Kind, visitor: Visitor, waiting: Kept, *, dry_run: bool, answer: str = "lines") -> Opened:
    said: dict[str, list[str]] = {}
    for each in waiting.said:
        option, _, value = each.partition("=")
        if option in OPTIONS:
            said.setdefault(option, []).append(value)
    return await visitor.opened(
        "POST", kind.at(visitor, kind.path), waiting.content, said | {"dry_run": str(dry_run).lower(), "answer": answer}
    )


async def _told(kind: Kind, visitor: Visitor, template: str, waiting: Kept, opened: Opened) -> Response[Any]:
    """A page with the verdicts. Of a long list, how many rows are done is shown while they are."""
    lines = _lines(opened)
    found = await anext(lines)
    if found["as_read"]["rows"] < LONG:
        async for _ in _judged(lines, found):
            pass
        return await kind.show(visitor, template, found=found, kept=waiting)
    page = await kind.show(visitor, "service/list_growing.html", found=found, mark=MARK)
    return Streamed(_growing(kind, visitor, page.content, template, waiting, _judged(lines, found), found), "text/html")


async def _lines(opened: Opened) -> AsyncGenerator[dict[str, Any]]:
    """The answer, line by line."""
    rest = b""
    async with aclosing(opened.pieces):
        async for piece in opened.pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield msgspec.json.decode(line)


async def _judged(lines: AsyncGenerator[dict[str, Any]], found: dict[str, Any]) -> AsyncGenerator[int]:
    """How many rows are done; what is to be shown of them is put into `found`."""
    found["shown"], found["counts"] = [], {}
    async with aclosing(lines):
        async for line in lines:
            if "done" in line:
                not_taken = [each for each in line["verdicts"] if each["status"] not in TAKEN]
                found["shown"] += not_taken[: SHOWN - len(found["shown"])]
                yield line["done"]
            else:
                found["counts"] = line["counts"]


async def _growing(
    kind: Kind,
    visitor: Visitor,
    page: str,
    template: str,
    waiting: Kept,
    done: AsyncGenerator[int],
    found: dict[str, Any],
) -> AsyncGenerator[bytes]:
    """The page in pieces: its head, how far it is, again and again, and what came of it."""
    before, _, after = page.partition(MARK)
    yield before.encode()
    async with aclosing(done):
        async for rows in done:
            step = visitor.show("service/list_step.html", done=rows, rows=found["as_read"]["rows"])
            yield step.content.encode()
    whole = (await kind.show(visitor, template, found=found, kept=waiting)).content
    yield (f"<p></p></div>{whole.partition(BEGINS)[2].partition(ENDS)[0]}" + after).encode()


KINDS = (
    Kind(
        "/o/{organisation_id:str}/list",
        "/organisations/{organisation_id:str}/service-records/import",
        "organisations/layout.html",
        "Upload a list",
        "The spreadsheet as you have it: one row for each person and activity, with who, what, when.",
        "Volunteer number or phone, name, activity, category, day, start, end, hours or minutes, capacity, place, "
        "programme, team, person in charge.",
        "logged",
        "Somebody else of your organisation confirms them.",
    ),
    Kind(
        "/admin/people/list",
        "/volunteers/import",
        "supervision/layout.html",
        "Register people by a list",
        "The spreadsheet as you have it: one row for each person. Whoever is registered already stays as they are.",
        "Name, phone, skills, volunteer number.",
        "registered",
        offices=frozenset({"administrator"}),
    ),
    Kind(
        "/admin/places/list",
        "/nodes/import",
        "supervision/layout.html",
        "Open places by a list",
        "The spreadsheet as you have it: one row for each place, and a column for each level. What is there already "
        "stays as it is.",
        "The levels as the rules call them, and from which day on.",
        "registered",
        offices=frozenset({"administrator"}),
    ),
    Kind(
        "/admin/residents/list",
        "/nodes/import-residents",
        "supervision/layout.html",
        "Say who lives where by a list",
        "The spreadsheet as you have it: one row for each person, with the place where they live or work.",
        "Volunteer number or phone, name, the levels as the rules call them, door, from which day on, lives or works.",
        "registered",
        offices=frozenset({"administrator"}),
    ),
)


def _pages_of(kind: Kind) -> list[Page]:
    """The pages of a kind of list."""
    again = partial(choosing, kind)
    return [
        Page(kind.address, again, partial(trial, kind), file=True, may=kind.may),
        Page(f"{kind.address}/answers", act=partial(answered, kind), again=again),
        Page(f"{kind.address}/confirm", act=partial(confirm, kind), again=again),
        Page(f"{kind.address}/rejected", act=partial(rejected, kind), again=again),
    ]


PAGES = [page for kind in KINDS for page in _pages_of(kind)]
