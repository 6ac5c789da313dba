"""Lists of service: what is not clear is asked, then a verdict for each row, and then recording them."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from litestar import Response

from timebank.api.http.streams import Streamed
from timebank.exchange.imports.results import TAKEN
from timebank.web.http.asking import Opened, Refused
from timebank.web.http.desks import at_desk
from timebank.web.http.keeping import Kept, keep, kept
from timebank.web.http.pages import Page
from timebank.web.http.telling.values import VALUES
from timebank.web.http.visitors import Visitor

OPTIONS = {"encoding", "sheet", "ignore", "column", "unit"}
"""What can be said of a list, beside the list; the API's own names."""

SHOWN = 100
LONG = 400
"""From so many rows on it is told while they are done how many are."""

MARK, BEGINS, ENDS = "<!-- here -->", "<!-- begins -->", "<!-- ends -->"
"""Where a page that grows goes on, and what of the page without growing is shown there in the end."""


async def may_log(visitor: Visitor) -> None:
    """Raises `Refused` for whoever may not log for the organisation: what may be asked by those alone is asked."""
    await visitor.get(f"/organisations/{visitor.path['organisation_id']}/proposals", limit=1)


async def choosing(visitor: Visitor) -> Response[Any]:
    """Where to choose a list."""
    return await at_desk(visitor, "service/upload.html")


async def trial(visitor: Visitor) -> Response[Any]:
    """What would become of each row; nothing is written yet. What cannot be told of the list is asked."""
    if visitor.file is None:
        reason = visitor.say("Choose a file first: a spreadsheet (.xlsx, .xls, .ods) or CSV.")
        raise Refused({"status": 422, "detail": reason, "errors": [{"field": "file", "reason": reason}]})
    return await _tried(visitor, Kept("", *visitor.file))


async def answered(visitor: Visitor) -> Response[Any]:
    """The same, of a list about which something was asked."""
    form, waiting = visitor.form, kept(visitor)
    answers = [form[name] for name in sorted(form) if name.startswith("answer-") and form[name]]
    return await _tried(visitor, waiting._replace(said=(*form.ticked("said"), *answers)))


async def confirm(visitor: Visitor) -> Response[Any]:
    """Record the rows that can be; the others can be had back as a file."""
    waiting = kept(visitor)._replace(said=tuple(visitor.form.ticked("said")))
    return await _told(visitor, "service/list_done.html", waiting, await _import(visitor, waiting, dry_run=False))


async def rejected(visitor: Visitor) -> Response[Any]:
    """The rows that could not be recorded, with the reason beside each, to put right and send again."""
    waiting = kept(visitor)._replace(said=tuple(visitor.form.ticked("said")))
    return visitor.hand_on(await _import(visitor, waiting, dry_run=True, answer="rejected"))


async def _tried(visitor: Visitor, waiting: Kept) -> Response[Any]:
    """What comes of a list; one that was chosen just now is kept, where there is something to be said about it."""
    try:
        opened = await _import(visitor, waiting, dry_run=True)
    except Refused as refused:
        if refused.kind != "list-not-clear":
            raise
        waiting = keep(visitor, waiting)
        questions = refused.problem["errors"]
        return await at_desk(
            visitor,
            "service/list_questions.html",
            status=422,
            kept=waiting,
            questions=questions,
            in_words=partial(_in_words, visitor),
        )
    return await _told(visitor, "service/list.html", keep(visitor, waiting), opened)


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
    return value


async def _import(visitor: Visitor, waiting: Kept, *, dry_run: bool, answer: str = "lines") -> Opened:
    said: dict[str, list[str]] = {}
    for each in waiting.said:
        option, _, value = each.partition("=")
        if option in OPTIONS:
            said.setdefault(option, []).append(value)
    path = f"/organisations/{visitor.path['organisation_id']}/service-records/import"
    return await visitor.opened(
        "POST", path, waiting.content, said | {"dry_run": str(dry_run).lower(), "answer": answer}
    )


async def _told(visitor: Visitor, template: str, waiting: Kept, opened: Opened) -> Response[Any]:
    """A page with the verdicts. Of a long list, how many rows are done is shown while they are."""
    lines = _lines(opened)
    found = await anext(lines)
    if found["as_read"]["rows"] < LONG:
        async for _ in _judged(lines, found):
            pass
        return await at_desk(visitor, template, found=found, kept=waiting)
    page = await at_desk(visitor, "service/list_growing.html", found=found, mark=MARK)
    return Streamed(_growing(visitor, page.content, template, waiting, _judged(lines, found), found), "text/html")


async def _lines(opened: Opened) -> AsyncIterator[dict[str, Any]]:
    """The answer, line by line."""
    rest = b""
    async for piece in opened.pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield msgspec.json.decode(line)


async def _judged(lines: AsyncIterator[dict[str, Any]], found: dict[str, Any]) -> AsyncIterator[int]:
    """How many rows are done; what is to be shown of them is put into `found`."""
    found["shown"], found["counts"] = [], {}
    async for line in lines:
        if "done" in line:
            found["shown"] += [each for each in line["verdicts"] if each["status"] not in TAKEN][
                : SHOWN - len(found["shown"])
            ]
            yield line["done"]
        else:
            found["counts"] = line["counts"]


async def _growing(
    visitor: Visitor, page: str, template: str, waiting: Kept, done: AsyncIterator[int], found: dict[str, Any]
) -> AsyncIterator[bytes]:
    """The page in pieces: its head, how far it is, again and again, and what came of it."""
    before, _, after = page.partition(MARK)
    yield before.encode()
    async for rows in done:
        step = visitor.show("service/list_step.html", done=rows, rows=found["as_read"]["rows"])
        yield step.content.encode()
    whole = (await at_desk(visitor, template, found=found, kept=waiting)).content
    yield (f"<p></p></div>{whole.partition(BEGINS)[2].partition(ENDS)[0]}" + after).encode()


PAGES = [
    Page("/o/{organisation_id:str}/list", choosing, trial, file=True, may=may_log),
    Page("/o/{organisation_id:str}/list/answers", act=answered, again=choosing),
    Page("/o/{organisation_id:str}/list/confirm", act=confirm, again=choosing),
    Page("/o/{organisation_id:str}/list/rejected", act=rejected, again=choosing),
]
