"""The pages that the types of problems lead to: what each says, and what to do, in the language of whoever reads."""

from collections.abc import Sequence
from functools import cache
from html import escape
from http import HTTPStatus
from typing import Any, NamedTuple

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from timebank.api.http.problems import FAILURES, OTHERS
from timebank.api.http.telling.troubles import listener_of, status_of, title_of
from timebank.domain.refusing import every_refusal
from timebank.words import Language, translated

ADVICE = {
    400: "Look at the fields that are named, and send the request again as the API page describes it.",
    401: "Sign in again, or carry a valid API key.",
    403: "Somebody who has the right has to do it; the page on access says who may do what.",
    404: "Look at what was looked for: it is misspelt, of another bank, or not for you.",
    409: "Look at how things stand now, and decide anew: nothing was done.",
    413: "Divide the request into smaller ones.",
    422: "The request contradicts itself or the rules: change what it says. Nothing was done.",
    429: "Wait as long as the header Retry-After says, and send the request again with the same Idempotency-Key.",
    503: "Wait as long as the header Retry-After says, and send the request again with the same Idempotency-Key.",
}
"""What to do about a problem, by its status."""


class Kind(NamedTuple):
    """A kind of problem: its status, its title and what it says, in English, and the field it is about."""

    name: str
    status: int
    title: str
    template: str
    field: str | None = None


@cache
def kinds() -> Sequence[Kind]:
    """All kinds of problems, by name."""
    found = [
        Kind(name, status_of(refusal), title_of(name), _one_line(refusal), refusal.field)
        for name, refusal in every_refusal().items()
    ]
    found += [Kind(each.kind, status, title_of(each.kind), _one_line(each)) for each, status in FAILURES.items()]
    found += [Kind(name, status, HTTPStatus(status).phrase, template) for name, (status, template) in OTHERS.items()]
    return sorted(found)


def _one_line(kind: type[Exception]) -> str:
    return " ".join((kind.__doc__ or "").split())


@get("/problems", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def list_problems(request: Request[Any, Any, Any]) -> Response[str]:
    """Every kind of problem, in a table."""
    return _all_kinds(listener_of(request.scope).language)


@cache
def _all_kinds(language: Language) -> Response[str]:
    rows = "".join(
        f'<tr><td><a href="/problems/{each.name}">{each.name}</a><td>{each.status}<td>{_said(each, language)}'
        for each in kinds()
    )
    return _page(translated("All problems", language), f"<table>{rows}</table>", language)


@get("/problems/{kind:str}", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def explain_problem(request: Request[Any, Any, Any], kind: FromPath[str]) -> Response[str]:
    """What one kind of problem is."""
    language = listener_of(request.scope).language
    found = next((each for each in kinds() if each.name == kind), None)
    if found is None:
        raise NotFoundException
    facts = {
        "Status": str(found.status),
        "What it says": _said(found, language),
        "The field it is about": f"<code>{found.field}</code>" if found.field else "",
        "What to do": translated(ADVICE[found.status], language),
    }
    body = "".join(f"<dt>{translated(name, language)}<dd>{value}" for name, value in facts.items() if value)
    more = f'<p><a href="/problems">{translated("All problems", language)}</a>'
    return _page(translated(found.title, language, "title"), f"<dl>{body}</dl>{more}", language)


def _said(kind: Kind, language: Language) -> str:
    """What a kind of problem says, with its blanks set apart."""
    return escape(translated(kind.template, language)).replace("{", "<var>").replace("}", "</var>")


_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "dt{font-weight:bold;margin-top:1rem}dd{margin:0}td{padding:.3rem .8rem .3rem 0;vertical-align:top}"
)


def _page(title: str, body: str, language: Language) -> Response[str]:
    tag = "zh-Hans" if language == "zh" else "en"
    page = (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(page, media_type=MediaType.HTML, headers={"Content-Language": tag, "Vary": "Accept-Language"})
