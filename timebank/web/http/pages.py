"""What a page is: an address, what it shows, and what its form does; and how a form is refused that is not ours."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import HttpMethod, Response
from litestar.handlers import HTTPRouteHandler

from timebank.api.http.strict_json import FORM_BYTES, STRANGERS_BYTES
from timebank.api.http.telling.shapes import InvalidRequestError
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.web.http import crumbs, proving
from timebank.web.http.asking import Refused
from timebank.web.http.forms import Form, Unreadable
from timebank.web.http.safe import LONGEST
from timebank.web.http.tokens import must_be_own
from timebank.web.http.visitors import VISITOR, PageRequest, Visitor

Show = Callable[[Visitor], Awaitable[Response[Any]]]

FILE_BYTES = 11 * 1024 * 1024
"""How much may be sent where a file is chosen."""


class Page(msgspec.Struct, frozen=True):
    """A page. `again` is shown after `act` was refused, if the address has no `show` of its own."""

    path: str
    show: Show | None = None
    act: Show | None = None
    again: Show | None = None
    public: bool = False
    """Whether strangers see it."""
    half_way: bool = False
    """Whether it is for those too who have not said their second factor yet."""
    proof: bool = False
    """Whether one has to have said one's password lately, to do what it is for."""
    for_anybody: bool = False
    """Whether its form does the same for whomever one acts."""
    file: bool = False
    """Whether a file is chosen on it."""
    may: Callable[[Visitor], Awaitable[None]] | None = None
    """Refuses whoever may not do what it is for, before what they send is read."""

    @property
    def most_bytes(self) -> int:
        """How much its form may send."""
        return FILE_BYTES if self.file else STRANGERS_BYTES if self.public else FORM_BYTES

    @property
    def longest_field(self) -> int:
        """How many characters a field of its form may have."""
        return LONGEST if self.public else LONGEST_FIELD

    def handlers(self) -> list[HTTPRouteHandler]:
        """What serves it."""
        made = []
        if self.show:
            made.append(_handler(self, HttpMethod.GET, self._shown))
        if self.act:
            made.append(_handler(self, HttpMethod.POST, self._acted))
        return made

    async def _shown(self, visitor: Visitor) -> Response[Any]:
        assert self.show
        if self.proof and not await visitor.has_proved():
            return visitor.go(f"/prove?next={quote(visitor.request.url.path)}")
        try:
            return await self.show(visitor)
        except Unreadable as unreadable:
            if unreadable.field not in visitor.query:
                raise
            _put_aside(visitor, unreadable)
            return await self._shown(visitor)

    async def _acted(self, visitor: Visitor) -> Response[Any]:
        try:
            if self.may:
                await self.may(visitor)
            await _read_form(visitor, self.longest_field)
            must_be_own(visitor, for_anybody=self.for_anybody)
            return await proving.proved(visitor) or await self._done(visitor)
        except Refused as refused:
            if refused.kind == "proof-needed":
                back = visitor.request.url.path if self.show else visitor.form.said("from") or "/"
                return await proving.ask(visitor, back)
            shown = self.again or self.show
            if shown is None or refused.status == 401 or refused.status >= 500:
                raise
            visitor.problem = refused.problem
            return await shown(visitor)

    async def _done(self, visitor: Visitor) -> Response[Any]:
        """What the form says is done. Raises `Refused`, also of what cannot be read."""
        assert self.act
        try:
            return await self.act(visitor)
        except Unreadable as unreadable:
            raise Refused(unreadable.problem(visitor.language)) from None


def _put_aside(visitor: Visitor, unreadable: Unreadable) -> None:
    """Have the page shown without what cannot be read in its address, which is told beside the field."""
    typed = visitor.query.pop(unreadable.field)
    visitor.form = Form(visitor.form.lists | {unreadable.field: [typed]})
    before = visitor.problem or {"errors": []}
    problem = unreadable.problem(visitor.language)
    visitor.problem = problem | {"errors": [*before["errors"], *problem["errors"]]}


def _handler(page: Page, method: HttpMethod, serve: Show) -> HTTPRouteHandler:
    async def served(request: PageRequest) -> Response[Any]:
        visitor = Visitor(request)
        request.scope["state"][VISITOR] = visitor
        await visitor.come_in()
        if not (page.public or (page.half_way and visitor.principal)):
            visitor.must_be_in()
        return await serve(visitor)

    return HTTPRouteHandler(
        page.path,
        http_method=method,
        name=f"{method.value} {page.path}",
        opt={"page": page},
        status_code=200,
        include_in_schema=False,
        request_max_body_size=page.most_bytes,
    )(served)


LONGEST_FIELD = 20_000
"""So many characters a field of a form holds: what cannot be done is shown again, with why."""


async def _read_form(visitor: Visitor, most: int) -> None:
    """The fields of the form that came, and its file."""
    form = await visitor.request.form()
    fields: dict[str, list[Any]] = {}
    for name, value in form.items():
        if hasattr(value, "filename"):
            content = await value.read()
            if value.filename:
                visitor.file = value.filename, content
        elif "\x00" in name or "\x00" in value:
            # Neither PostgreSQL nor JSON that we take has it, and what is typed becomes part of both.
            raise InvalidRequestError(FieldTrouble("form", "It contains the character U+0000.", {}))
        elif len(value) > most:
            raise InvalidRequestError(FieldTrouble("form", "A field has more than {most} characters.", {"most": most}))
        else:
            fields.setdefault(name, []).append(value)
    visitor.form = Form(fields)


async def complete(message: Any, scope: Any) -> None:
    """Add to any answer what the browser is to keep, and what a page may load."""
    if message["type"] == "http.response.start":
        kept: dict[str, bytes] = scope["state"].get("cookies", {})
        said = {name for name, _ in message["headers"]}
        told = [(name, value) for name, value in HEADERS if name not in said]
        message["headers"] = [*message["headers"], *told, *((b"set-cookie", each) for each in kept.values())]


POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"font-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may load (Content Security Policy): files of ours, and nothing written into the page itself."""

HEADERS = [(b"content-security-policy", POLICY), (b"cache-control", b"no-store")]
"""Nothing personal stays in the browser's memory: the back button shows nothing after signing out."""


LANGUAGES = {"zh", "en"}


def switch(visitor: Visitor) -> None:
    """Keep another language, or another size of letters."""
    if visitor.form.said("language") in LANGUAGES:
        visitor.keep(crumbs.LANGUAGE, visitor.form["language"], crumbs.LONG_SECONDS)
    if visitor.form.said("large"):
        visitor.keep(crumbs.LARGE, "1" if visitor.form["large"] == "1" else "", crumbs.LONG_SECONDS)
