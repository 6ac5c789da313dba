"""Who visits a page: in which language, with which session, for whom; and what they ask of the API."""

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response
from litestar.response import Redirect
from litestar.types import ASGIApp, Receive, Scope, Send

from timebank.api.http.devices import device_of
from timebank.api.http.positions import MIN_POSITION
from timebank.api.http.requests import RECEIPT_HEADER
from timebank.api.http.streams import Streamed
from timebank.api.http.strict_json import StrictRequest
from timebank.api.identity.cookies import own_cookies
from timebank.identity.failures import ProofNeeded
from timebank.identity.principals import Principal
from timebank.identity.security_log import Visit
from timebank.runtime.composition import Services
from timebank.runtime.settings import Settings
from timebank.web.http import crumbs
from timebank.web.http.asking import Answer, Api, Opened, Refused
from timebank.web.http.forms import Form
from timebank.web.http.telling.naming import in_words
from timebank.web.http.telling.words import Language, say, spoken

PageRequest = Request[Any, Any, Any]

LONGEST_TOKEN = 200
"""No refresh token is longer: what is would be remembered for nothing."""

VISITOR = "visitor"
"""Where a page's request says who looks at it."""

REPEAT_SECONDS = 20.0
"""So long the tokens that a browser was just given are good for its other requests, which still carry the old one."""


class SignInNeeded(Exception):  # noqa: N818  # it is answered with a page, and no error of ours
    """This page is for whoever has signed in."""


class FactorNeeded(Exception):  # noqa: N818
    """They have signed in, but have not said their second factor yet."""


class Visitor:
    """Whoever looks at a page."""

    def __init__(self, request: PageRequest) -> None:
        self.request = request
        self.cookies = own_cookies(request.scope["headers"], secure=request.app.state.is_secure)
        self.path: dict[str, str] = {name: str(value) for name, value in request.path_params.items()}
        self.query: dict[str, str] = dict(request.query_params.items())
        self.form = Form({})
        self.file: tuple[str, bytes] | None = None
        self.problem: dict[str, Any] | None = None
        self.me: dict[str, Any] | None = None
        self.acts_for: dict[str, Any] | None = None
        self.principal: Principal | None = None
        self.bank_name = ""
        self._access = ""
        kept = self.cookies.get(crumbs.LANGUAGE)
        self.language: Language = "en" if kept == "en" else "zh"
        if kept not in ("zh", "en"):
            self.language = spoken(request.headers.get("accept-language", ""))
        self.is_large = self.cookies.get(crumbs.LARGE) == "1"
        if not self.cookies.get(crumbs.BROWSER):
            self.keep(crumbs.BROWSER, secrets.token_urlsafe(24))

    # What is known of them

    @property
    def services(self) -> Services:
        """The services behind it."""
        services: Services = self.request.app.state.api.app.state.services
        return services

    @property
    def settings(self) -> Settings:
        """How the service is set."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def bank_id(self) -> UUID:
        """The bank of whoever has signed in."""
        assert self.principal
        return self.principal.bank_id

    @property
    def zone(self) -> ZoneInfo:
        """The bank's time zone."""
        return ZoneInfo(self.principal.timezone if self.principal else "Asia/Shanghai")

    @property
    def today(self) -> Any:
        """The bank's local day."""
        return self.services.ledger.clock().astimezone(self.zone).date()

    @property
    def own_id(self) -> str:
        """Whose matters these are: their own, or of whom they act for."""
        assert self.me, "they have signed in"
        return str(self.acts_for["volunteer_id"] if self.acts_for else self.me["volunteer"]["volunteer_id"])

    @property
    def offices(self) -> set[str]:
        """The offices they hold today; none while they act for somebody else."""
        return set() if not self.me or self.acts_for else {each["office"] for each in self.me["offices"]}

    @property
    def governs(self) -> bool:
        """Whether they are an administrator or an auditor today: the administration's pages are for them."""
        return not self.offices.isdisjoint({"administrator", "auditor"})

    @property
    def roles(self) -> dict[str, str]:
        """Their roles, by organisation; none while they act for somebody else."""
        return {} if not self.me or self.acts_for else dict(self.me["roles"])

    def say(self, english: str, **blanks: Any) -> str:
        """A sentence in their language."""
        return say(self.language, english, **blanks)

    # Cookies

    def keep(self, name: str, value: str, seconds: int | None = None) -> None:
        """Have their browser keep something; an empty value is forgotten."""
        kept: dict[str, bytes] = self.request.scope["state"].setdefault("cookies", {})
        kept[name] = crumbs.cookie(name, value, secure=self.request.app.state.is_secure, seconds=seconds)
        self.cookies[name] = value

    def keep_session(self, tokens: Mapping[str, Any], *, own_device: bool | None = None) -> None:
        """Have their browser keep a session: as long as it is open, or on one's own device as long as it lasts."""
        stays = self.cookies.get(crumbs.OWN_DEVICE) == "1" if own_device is None else own_device
        seconds = crumbs.STAY_SECONDS if stays else None
        self.keep(crumbs.ACCESS, tokens["access_token"], seconds)
        self.keep(crumbs.REFRESH, tokens["refresh_token"], seconds)
        self.keep(crumbs.OWN_DEVICE, "1" if stays else "", seconds)
        if own_device is not None:
            # Whoever knew the browser's secret before does not know it any more.
            self.keep(crumbs.BROWSER, secrets.token_urlsafe(24))

    def forget_session(self) -> None:
        """Have their browser forget it."""
        for name in crumbs.OF_SESSION:
            self.keep(name, "")

    # Who they are

    async def come_in(self) -> None:
        """Find out who they are by what their browser keeps."""
        carried = self.cookies.get(crumbs.ACCESS, "")
        now = self.services.ledger.clock()
        found = await self.services.principals.find(carried, now) if carried else None
        if found is None and 0 < len(self.cookies.get(crumbs.REFRESH, "")) <= LONGEST_TOKEN:
            await self._refresh()
            carried = self._access
            found = await self.services.principals.find(carried, now) if carried else None
        if found and found.kind == "volunteer":
            self.principal, self._access = found, carried
            if not found.owes_factor:
                self.me = await self._own_matters()
                self._act_for(self.cookies.get(crumbs.FOR_WHOM, ""))
        await self._name_bank()

    async def _own_matters(self) -> Any:
        """Who they are, once read models have come to the last thing done from their browser, at whichever process.

        The page's other questions go to the same process, so they are as new. A position that cannot be had, as
        after a restore, is forgotten.
        """
        position = self.cookies.get(crumbs.POSITION)
        try:
            return await self.get("/me", own=True, params={MIN_POSITION: position or None})
        except Refused as refused:
            if not position or not _is_of_position(refused):
                raise
        self.keep(crumbs.POSITION, "")
        return await self.get("/me", own=True)

    async def _name_bank(self) -> None:
        """What the bank is called whose pages these are."""
        names: dict[Any, str] = self.request.app.state.bank_names
        bank_id = self.principal.bank_id if self.principal else None
        if not names or (bank_id and bank_id not in names):
            names |= {each.bank_id: each.name for each in await self.services.ledger.store.banks()}
        self.bank_name = names[bank_id] if bank_id else next(iter(names.values())) if len(names) == 1 else ""

    def _act_for(self, volunteer_id: str) -> None:
        assert self.me
        self.acts_for = next((each for each in self.me["acts_for"] if each["volunteer_id"] == volunteer_id), None)
        if volunteer_id and not self.acts_for:
            self.keep(crumbs.FOR_WHOM, "")

    async def _refresh(self) -> None:
        """New tokens for the refresh token; requests of one browser that come together get the same ones."""
        refresh_token, recent = self.cookies[crumbs.REFRESH], self.request.app.state.refreshed
        # Whoever copied it comes from elsewhere, and has the API tell that it was used.
        given = refresh_token, self.visit.address, self.visit.device
        now = time.monotonic()
        for old in [token for token, (until, _) in recent.items() if until < now]:
            del recent[old]
        async with self.request.app.state.refreshing.setdefault(given, asyncio.Lock()):  # nobody waits for others'
            if given not in recent:
                asked = await self._ask("POST", "/sessions/refresh", {"refresh_token": refresh_token}, {}, own=True)
                answer = await asked.whole()
                if answer.status >= 500 or answer.status == 429:
                    raise Refused(answer.json())
                until = time.monotonic() + REPEAT_SECONDS
                recent[given] = (until, answer.json() if answer.status < 300 else None)
        tokens = recent[given][1]
        if tokens is None:
            self.forget_session()
            return
        self._access = tokens["access_token"]
        self.keep_session(tokens)

    def must_be_in(self) -> None:
        """Refuse strangers. Raises `SignInNeeded`, or `FactorNeeded`."""
        if self.principal and self.principal.owes_factor:
            raise FactorNeeded
        if self.me is None:
            raise SignInNeeded

    async def has_proved(self) -> bool:
        """Whether they have said their password lately, as some operations demand."""
        assert self.principal
        try:
            now = self.services.ledger.clock()
            await self.services.sign_in.sessions.must_be_proved(self.principal.credential, now)
        except ProofNeeded:
            return False
        return True

    # Asking the API

    async def get(self, path: str, *, own: bool = False, params: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """The answer to a question. Raises `Refused`."""
        return (await self.asked("GET", path, None, {**(params or {}), **more}, own=own)).json()

    async def seen(self, path: str, **params: Any) -> Any:
        """The answer to a question that they may not be allowed to ask: then nothing."""
        try:
            return await self.get(path, **params)
        except Refused as refused:
            if refused.status in (403, 404):
                return None
            raise

    async def post(self, path: str, body: Any = None, *, own: bool = False, **params: Any) -> Any:
        """Have something done, once for each form that was shown. Raises `Refused`."""
        return (await self.asked("POST", path, body, params, own=own)).json()

    async def asked(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None, *, own: bool = False
    ) -> Answer:
        """The answer to any request; a form that is sent twice is one. Raises `Refused`."""
        return await (await self.opened(method, path, body, params, own=own)).whole()

    async def opened(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None, *, own: bool = False
    ) -> Opened:
        """Ask the API; gives the answer while it is still being made. Raises `Refused`."""
        opened = await self._ask(method, path, body, params or {}, own=own)
        if opened.status >= 400:
            raise Refused(await in_words((await opened.whole()).json(), self._told))
        return opened

    async def worded(self, results: list[dict[str, Any]], *ids: str) -> list[dict[str, Any]]:
        """Verdicts on several things, with names for ids; those of whom the form named are known from it."""
        known = {each: self.form.said(f"name-{each}") for each in ids}
        return [
            each | {"problem": await in_words(each["problem"], self._told, known)} if each.get("problem") else each
            for each in results
        ]

    async def _told(self, path: str) -> Any:
        """The answer to a question of their own; None, if it is refused."""
        answer = await (await self._ask("GET", path, None, {}, own=True)).whole()
        return answer.json() if answer.status < 300 else None

    def pass_on(self, answer: Answer) -> None:
        """Have the browser keep what the API wants it to keep."""
        kept: dict[str, bytes] = self.request.scope["state"].setdefault("cookies", {})
        kept |= {each.partition(b"=")[0].decode(): each for each in answer.cookies}

    async def _ask(self, method: str, path: str, body: Any, params: Mapping[str, Any], *, own: bool) -> Opened:
        api: Api = self.request.app.state.api
        is_raw = isinstance(body, bytes)
        sent = body if is_raw else b"" if body is None else msgspec.json.encode(body)
        headers = {"accept-language": self.language, "user-agent": self.request.headers.get("user-agent", "")}
        if path.startswith("/oidc"):
            headers["cookie"] = self.request.headers.get("cookie", "")
        if self._access:
            headers["authorization"] = f"Bearer {self._access}"
        if self.acts_for and not own:
            headers["on-behalf-of"] = self.acts_for["volunteer_id"]
        if method != "GET" and self.form.said("once"):
            headers["idempotency-key"] = self.form["once"]
        if sent:
            headers["content-type"] = "application/octet-stream" if is_raw else "application/json"
            headers["content-length"] = str(len(sent))
        opened = await api.ask(self.request.scope, method, path, headers, params, sent)
        if method != "GET" and (receipt := opened.headers.get(RECEIPT_HEADER.lower())):
            # A form that is sent again gets its old receipt: what was done since is later.
            positions = [receipt.partition(";")[0], self.cookies.get(crumbs.POSITION, "")]
            latest = max(int(each) for each in positions if each.isdecimal())
            self.keep(crumbs.POSITION, str(latest), crumbs.POSITION_SECONDS)
        return opened

    # Answering

    def show(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A page; after a form was refused with its status, and what was wrong beside the fields."""
        if self.problem and status == 200:
            status = int(self.problem["status"])
        told = self.cookies.get(crumbs.TOLD, "")
        if told:
            self.keep(crumbs.TOLD, "")
        html = self.request.app.state.shown(self, template, {"told": told, **context})
        return Response(html, status_code=status, media_type="text/html")

    async def hand_out(self, path: str, *, own: bool = False, name: str = "", **params: Any) -> Response[bytes]:
        """A file, handed on while the API makes it, under its name or another. Raises `Refused`."""
        return self.hand_on(await self.opened("GET", path, None, params, own=own), name)

    def hand_on(self, opened: Opened, name: str = "") -> Response[bytes]:
        """Hand on an answer that was asked for already, as a file."""
        handed_on = ("content-disposition", "x-accel-buffering")
        kept = {each: value for each, value in opened.headers.items() if each in handed_on}
        if name:
            kept["content-disposition"] = f'attachment; filename="{name}"'
        media_type = opened.headers.get("content-type", "application/octet-stream").partition(";")[0]
        return Streamed(opened.pieces, media_type, kept)

    def go(self, path: str, told: str = "") -> Redirect:
        """On to another page, which says `told`, a sentence of the catalogue, on top."""
        if told:
            self.keep(crumbs.TOLD, quote(told, safe=""))
        return Redirect(path, status_code=303)

    @property
    def visit(self) -> Visit:
        """When and whence they come."""
        state, device = self.request.scope["state"], device_of(self.request.headers.get("user-agent", ""))
        return Visit(self.services.ledger.clock(), state["address"], state["request_id"], device)

    def let_go(self) -> None:
        """Hold no more what they sent."""
        self.file = None
        self.form.clear()
        self.form.lists.clear()
        assert isinstance(self.request, StrictRequest), "it is the class of all requests"
        self.request.forget()


def _is_of_position(refused: Refused) -> bool:
    """Whether the API refused because of the position that an answer had to include, and not for anything else."""
    fields = {each["field"] for each in refused.problem.get("errors", ())}
    return refused.kind == "projection-behind" or MIN_POSITION in fields


def letting_go(next_app: ASGIApp) -> ASGIApp:
    """Have nothing that was sent to a page be in memory once it is answered.

    What templates are given holds itself, and so do visitors: the collector looks for that, and rarely.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await next_app(scope, receive, send)
        finally:
            visitor: Visitor | None = scope["state"].pop(VISITOR, None)
            if visitor:
                visitor.let_go()

    return served
