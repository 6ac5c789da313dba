"""Somebody who reads pages without a browser: links, forms and what is said, as plain HTML has them."""

from html.parser import HTMLParser
from typing import Any

import httpx

from tests.api.world import World

VOID = {"input", "meta", "link", "br", "img", "hr", "rect", "path", "circle", "line"}


class Form:
    """A form: where it goes, and what it says as it stands."""

    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: dict[str, Any] = {}
        self.buttons: list[tuple[str, str]] = []
        self.typed: list[str] = []
        """The names of fields that people type into."""

    @property
    def is_unsafe(self) -> bool:
        """Whether it does something."""
        return self.method == "post"


class Seen(HTMLParser):
    """A page as it is read."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response, self.status = response, response.status_code
        self.path = response.url.path
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._form: Form | None = None
        self._open: list[str] = []
        self._area = self._select = ""
        if "html" in response.headers.get("content-type", ""):
            self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in what begins."""
        said = dict(attrs)
        self.tags.append((tag, said))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "a" and said.get("href"):
            self.links.append(said["href"] or "")
        if tag == "form":
            self._form = Form(
                said.get("action") or str(self.response.url.raw_path, "ascii"), said.get("method") or "get"
            )
            self.forms.append(self._form)
        if self._form is not None:
            self._take(tag, said)

    def _take(self, tag: str, said: dict[str, str | None]) -> None:
        assert self._form is not None
        name, value, kind = said.get("name") or "", said.get("value") or "", said.get("type") or "text"
        if tag == "button" and name:
            self._form.buttons.append((name, value))
        elif tag == "input" and name:
            if kind in ("checkbox", "radio"):
                if "checked" in said or (kind == "radio" and name not in self._form.fields):
                    self._form.fields[name] = value
            elif kind == "hidden" and name in self._form.fields:
                before = self._form.fields[name]
                self._form.fields[name] = [*(before if isinstance(before, list) else [before]), value]
            elif kind != "file":
                self._form.fields[name] = value
                if kind != "hidden":
                    self._form.typed.append(name)
        elif tag == "textarea":
            self._area = name
            self._form.fields[name] = ""
            self._form.typed.append(name)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in said or self._select not in self._form.fields):
            self._form.fields[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        """Take in what ends."""
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Take in what is said."""
        if self._area and self._form is not None:
            self._form.fields[self._area] += data
        if "style" in self._open or "script" in self._open:
            return
        self.text += data
        if self._open and self._open[-1] in ("h1", "h2"):
            self.headings.append(data)

    def form(self, action: str) -> Form:
        """The form that goes somewhere."""
        return next(each for each in self.forms if each.action == action)


class Reader:
    """A browser without scripts: it keeps cookies, follows redirects, and sends forms as they stand."""

    def __init__(self, world: World, language: str = "zh-CN") -> None:
        self.http = httpx.AsyncClient(
            transport=world.http._transport,
            base_url="http://127.0.0.1:8000",
            headers={"accept": "text/html", "accept-language": language},
            follow_redirects=True,
        )

    async def get(self, path: str) -> Seen:
        """A page."""
        return Seen(await self.http.get(path))

    async def send(self, form: Form, files: Any = None, **fields: Any) -> Seen:
        """What comes after a form was sent, with some fields filled in."""
        data = form.fields | fields
        return Seen(await self.http.request(form.method.upper(), form.action, data=data, files=files))


async def signed_in(world: World, volunteer_id: str, language: str = "zh-CN") -> Reader:
    """Somebody who has signed in just now."""
    caller = await world.caller(volunteer_id)
    reader = Reader(world, language)
    reader.http.cookies.set("timebank_access", caller.token, domain="127.0.0.1")
    return reader
