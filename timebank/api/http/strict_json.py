"""Bodies: JSON straight into what the handler takes, strictly: `"5"` is no number, and 0 is not false; and forms."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, aclosing, nullcontext
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, State, UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import InternalServerException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import Empty
from msgspec import UNSET, UnsetType
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from timebank.identity.limits.turns import Turns

T = TypeVar("T")
U = TypeVar("U")

STRANGERS_BYTES, BATCH_BYTES = 16 * 1024, 4 * 1024 * 1024
"""How much may be said by whoever has not signed in, and how much where it is many things at once."""

MOST_VALUES = 100_000
"""So many values a body has at the most, by its commas and brackets: each of a million empty lists would be looked at,
and all others would wait."""

FORM_BYTES = 256 * 1024
FORM_FIELDS = 5_000
"""How much a form may say that holds no files: reading it keeps all others waiting."""

LONG_BYTES = 256 * 1024
LONG_BODIES = Turns(1)
"""Of longer bodies each person sends a few at once: they are in memory, or on the disk, until all of them has come."""

_FRACTION = re.compile(rb"[0-9][.eE]")

FORM_PARTS = 1_000
ENCODINGS = {"utf-8", "utf8", "us-ascii"}
"""What a part of a form may say that its text is in: all of them are read as UTF-8."""


STILL = "still"
"""Where a request says how to look whether whoever sent it is let in still: much takes a while, to come and to go."""


TURN = "turn"
"""Where it says how what is here gets its turn to be understood; that says if it took a while."""


def merged(given: T | UnsetType | None, nothing: T) -> T | None:
    """What a command is told: None for what stays, something empty for what goes (JSON Merge Patch, RFC 7396)."""
    return None if given is UNSET else nothing if given is None else given


class ClientGoneError(Exception):
    """Whoever asked went away before the whole request was here; nobody reads the answer."""


class StrictRequest(Request[U, Any, State], Generic[U]):
    """A request whose JSON is decoded in one go as the handler's `data`, by the rules of JSON Schema.

    Litestar would decode it twice, and as leniently as it has to read addresses, where everything is text.
    """

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes in. Raises `ClientGoneError` if it stops before its end.

        Once it is here, whoever sends it has to be let in still. Raises `TooManyRequestsError` where several long ones
        of one person are coming in.
        """
        come = 0
        with ExitStack() as place:
            try:
                async for part in super().stream():
                    before, come = come, come + len(part)
                    if before <= LONG_BYTES < come:
                        place.enter_context(LONG_BODIES.begun(self._sender))
                    yield part
            except InternalServerException as error:
                if error.detail == "client disconnected prematurely":
                    raise ClientGoneError from None
                raise
        await self.must_be_let_in_still()

    @property
    def _sender(self) -> str:
        """Who sends it; of whom nobody knows yet, whence it comes."""
        principal = self.scope["state"].get("principal")
        return str(principal.actor if principal else self.scope["state"]["address"])

    async def must_be_let_in_still(self) -> None:
        """Refuse whoever is not let in any more, while they are still sending, or being answered."""
        still: Callable[[], Awaitable[None]] | None = self.scope["state"].get(STILL)
        if still:
            await still()

    async def form(self) -> FormMultiDict:
        """The fields of a form, and its files; of another body nothing. Raises `ValidationException`.

        Litestar would read a form however long it is, and in whatever encoding it says, and remember it with all that
        people typed.
        """
        kind = self.content_type[0]
        if kind == RequestEncodingType.URL_ENCODED:
            return FormMultiDict(_fields(await self.body()))
        if kind != RequestEncodingType.MULTI_PART:
            return FormMultiDict()
        boundary = self.content_type[1].get("boundary", "")
        try:
            async with aclosing(self.stream()) as body:  # what is given up in the middle keeps no place
                parts = await parts_of(body, boundary.encode())
        except UnicodeError:
            raise ValidationException("The form is in no encoding that there is.") from None
        except MultipartError:
            raise ValidationException("Invalid multipart/form-data") from None
        # Files are closed when the answer is sent.
        files = {str(n): part for n, (_, part) in enumerate(parts) if isinstance(part, UploadFile)}
        self._connection_state.form = {**files}
        return FormMultiDict(parts)

    def forget(self) -> None:
        """Hold no more what was sent."""
        self._body = self._connection_state.body = Empty
        self._form = self._connection_state.form = Empty

    async def json(self) -> Any:
        """The body, as the type that the handler takes. Raises `ValidationException` for anything else.

        Raises `RequestEntityTooLarge` where it has very many values.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None, "only handlers that take a body ask for it"
        body = await self.body()
        turn: Callable[[], AbstractAsyncContextManager[bool]] | None = self.scope["state"].pop(TURN, None)
        async with turn() if turn else nullcontext(False) as has_waited:
            if has_waited:
                await self.must_be_let_in_still()
            return await self._understood(body, field.annotation)

    async def _understood(self, body: bytes, kind: Any) -> Any:
        if sum(body.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
            raise RequestEntityTooLarge
        try:
            return _decoder(kind).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if isinstance(error, msgspec.ValidationError) and not _FRACTION.search(body):
                raise ValidationException(str(error)) from None
            return _without_fractions(await self._plain(body), kind)

    async def _plain(self, body: bytes) -> Any:
        """The body as plain JSON. Raises `ValidationException` for what is none."""
        if not body:
            return await super().json()
        try:
            return msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise ValidationException(str(error)) from None


def _fields(body: bytes) -> list[tuple[str, str]]:
    """What a form says. Raises `RequestEntityTooLarge`."""
    if len(body) > FORM_BYTES or body.count(b"&") >= FORM_FIELDS:
        raise RequestEntityTooLarge
    return parse_qsl(body.decode("latin-1"), keep_blank_values=True)


async def parts_of(body: AsyncGenerator[bytes, None], boundary: bytes) -> list[tuple[str, Any]]:
    """The fields and files of a form that comes in parts. Raises `MultipartError`, or `UnicodeError`.

    No part says which of the encodings that Python has reads it: some take minutes, and each name is remembered, also
    of those there are not.
    """
    found: list[tuple[str, UploadFile | bytearray]] = []
    try:
        with PushMultipartParser(boundary, max_segment_count=FORM_PARTS) as parser:
            async for chunk in body:
                for piece in parser.parse(chunk) if chunk else ():
                    if isinstance(piece, MultipartSegment):
                        found.append((piece.name or "", _begun(piece)))
                    elif piece:
                        await _add(found[-1][1], piece)
        return [(name, await _whole(part)) for name, part in found]
    except BaseException:
        for _, part in found:
            if isinstance(part, UploadFile):
                part.file.close()
        raise


def _begun(part: MultipartSegment) -> UploadFile | bytearray:
    if part.filename:
        return UploadFile(part.content_type or "text/plain", part.filename)
    if part.charset and part.charset.lower() not in ENCODINGS:
        raise UnicodeError
    return bytearray()


async def _add(part: UploadFile | bytearray, piece: bytes | bytearray) -> None:
    if isinstance(part, UploadFile):
        await part.write(piece)
    else:
        part.extend(piece)


async def _whole(part: UploadFile | bytearray) -> UploadFile | str:
    if isinstance(part, UploadFile):
        await part.seek(0)
        return part
    return part.decode()


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def _without_fractions(plain: Any, kind: Any) -> Any:
    """The same, where 5.0 may be meant as the integer that JSON Schema says it is."""
    try:
        return msgspec.convert(_integral(plain), kind)
    except msgspec.ValidationError as error:
        raise ValidationException(str(error)) from None


def _integral(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_integral(each) for each in value]
    if isinstance(value, dict):
        return {name: _integral(each) for name, each in value.items()}
    return value
