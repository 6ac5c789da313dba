"""Lists over HTTP: how one comes in, as a body or a form, how it is explained, and how the verdicts are sent."""

import base64
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import ExitStack, aclosing
from pathlib import PurePath
from typing import IO, Annotated, Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.params import QueryParameter

from timebank.api.http.requests import BankRequest
from timebank.api.http.streams import Streamed, started
from timebank.exchange.imports.chunks import Judged
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import NOT_IN, ListAsRead, RowVerdict
from timebank.exchange.imports.understood import Form, Understood
from timebank.exchange.spreadsheets.errors import SpreadsheetError, TooManyRowsError
from timebank.exchange.spreadsheets.headings import Hidden, Said
from timebank.exchange.spreadsheets.rejected import Rejected, suffix_of
from timebank.exchange.workbooks.opening import is_workbook as is_workbook_in
from timebank.identity.limits.throttle import Rate, TooManyRequestsError, TooMuchAtOnceError
from timebank.identity.limits.turns import Turns, beside

LIST_BYTES = 16 * 1024 * 1024
CHUNK = 200
"""How many rows are one transaction; fewer than elsewhere, so that other requests get their turn."""

_IN_MEMORY = 1024 * 1024
_BYTES_A_ROW = 256
_BLOCK = 48 * 1024

E = TypeVar("E")

DryRun = Annotated[bool, QueryParameter(description="Give the same verdicts, and write nothing.")]
Encoding = Annotated[
    str | None, QueryParameter(max_length=40, description="The encoding of a CSV file, where it cannot be told.")
]
Sheet = Annotated[
    str | None, QueryParameter(max_length=100, description="The sheet of a workbook, where a list is on several.")
]
Ignore = Annotated[
    list[str] | None, QueryParameter(description="Headings of columns that are not to be read (or #3, by their place).")
]
Columns = Annotated[
    list[str] | None,
    QueryParameter(name="column", description="What columns are to be read as: HEADING=COLUMN, as 联系=phone."),
]
Units = Annotated[
    list[str] | None,
    QueryParameter(name="unit", description="What bare numbers count: HEADING=UNIT, minutes, hours or days."),
]
HiddenRows = Annotated[
    Hidden | None,
    QueryParameter(name="hidden", description="What becomes of rows that the sheet hides: they are taken, or left."),
]
Answer = Annotated[
    Literal["verdicts", "lines", "rejected", "understood"],
    QueryParameter(
        description="What is sent: all verdicts as one JSON object; the same line by line as rows are done "
        "(application/x-ndjson), for long lists; only the file of the rows that were not taken; or a file of every row "
        "as it was understood, beside what became of it."
    ),
]


class RejectedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the rows that were not taken, each with the reason, in the form the list has. Mended, import it."""

    name: str
    media_type: str
    content_base64: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """How a list was understood, what has become of each of its rows, and the rows that were not taken."""

    as_read: ListAsRead
    dry_run: bool
    verdicts: list[RowVerdict]
    counts: dict[str, int]
    rejected: RejectedFile | None
    position: int


class Options(NamedTuple):
    """What a request says of a list, beside the list."""

    dry_run: bool
    answer: str
    said: Said


def options_of(
    request: BankRequest,
    dry_run: DryRun = False,
    answer: Answer = "verdicts",
    encoding: Encoding = None,
    sheet: Sheet = None,
    ignore: Ignore = None,
    columns: Columns = None,
    units: Units = None,
    hidden: HiddenRows = None,
) -> Options:
    """The parameters of a request, put together. Raises `SpreadsheetError`."""
    said = Said(
        encoding=encoding,
        sheet=sheet,
        ignore=tuple(ignore or ()),
        columns=_pairs(columns, "column"),
        units=_pairs(units, "unit"),
        hidden=hidden,
        language=request.listener.language,
        most_rows=request.app.state.rate_of_rows.per_minute,
    )
    return Options(dry_run, answer, said)


OPTIONS = {"options": Provide(options_of, sync_to_thread=False)}


def _pairs(options: list[str] | None, name: str) -> Mapping[str, Any]:
    pairs = {}
    for option in options or ():
        heading, equals, value = option.rpartition("=")
        if not equals or not heading.strip() or not value.strip():
            raise SpreadsheetError("{name}: {said} is not of the form HEADING=VALUE.", name=name, said=repr(option))
        pairs[heading.strip()] = value.strip()
    return pairs


class Upload(NamedTuple):
    """A list that came in: its file, and its name without what it ends in."""

    file: IO[bytes]
    stem: str


async def uploaded(request: BankRequest) -> Upload:
    """The list in a request: the body itself, or the file of a form. Raises `ValidationException` if there is none."""
    if request.content_type[0] == "multipart/form-data":
        files = [each for each in (await request.form()).values() if isinstance(each, UploadFile)]
        if len(files) != 1:
            told = "The form has to hold one file."
            raise ValidationException(told, extra=[{"message": told, "key": "body"}])
        return Upload(files[0].file, PurePath(files[0].filename or "list").stem)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed when the answer is sent
    try:
        async with aclosing(request.stream()) as body:
            async for part in body:
                file.write(part)
    except BaseException:
        file.close()
        raise
    return Upload(file, "list")


async def opened_within_limits(
    request: BankRequest, upload: Upload, open_list: Callable[[IO[bytes]], OpenedList[E]]
) -> OpenedList[E]:
    """The list, understood, when it is its sender's turn (`turns.py`); rows are counted, before by their weight.

    Raises `SpreadsheetError`, `TooManyRequestsError` or `TooMuchAtOnceError`.
    """
    state = request.app.state
    try:
        weighed = upload.file.seek(0, 2) // _BYTES_A_ROW
        _spend_rows(request, weighed)
        is_workbook = await beside(is_workbook_in, upload.file)
        turns: Turns = state.reading_workbooks if is_workbook else state.reading_lists
        async with turns.turn(request.user.turn_of):
            opened = await beside(open_list, upload.file)
        _spend_rows(request, opened.as_read.rows - weighed)
        opened.must_be_clear()
    except TooManyRowsError as error:
        upload.file.close()
        raise TooMuchAtOnceError(error.most + 1, error.most, "rows") from error
    except BaseException:
        upload.file.close()
        raise
    return opened


def _spend_rows(request: BankRequest, rows: int) -> None:
    rate: Rate = request.app.state.rate_of_rows
    if rows > rate.per_minute:
        raise TooMuchAtOnceError(rows, rate.per_minute, "rows")
    user = request.user
    wait = rate.wait(user.credential if user.kind == "program" else user.actor, time.monotonic(), max(rows, 1))
    if wait:
        raise TooManyRequestsError(wait)


async def answered(
    request: BankRequest,
    upload: Upload,
    opened: OpenedList[Any],
    verdicts: AsyncIterator[list[Judged]],
    options: Options,
) -> Response[Any]:
    """The verdicts on a list, sent while they come, in the form that is asked for."""
    sending = _Sending(request, upload, opened, verdicts, options)
    sending.begin()
    if options.answer in {"rejected", "understood"}:
        return await sending.file_alone()
    if options.answer == "lines":
        return Streamed(await started(sending.lines()), "application/x-ndjson")
    return Streamed(await started(sending.document()), "application/json")


class _Sending:
    """A list on its way in, and its verdicts on their way out."""

    def __init__(
        self,
        request: BankRequest,
        upload: Upload,
        opened: OpenedList[Any],
        verdicts: AsyncIterator[list[Judged]],
        options: Options,
    ) -> None:
        self._request = request
        self._upload = upload
        self._opened = opened
        self._verdicts = verdicts
        self._options = options
        self._writing: Turns = request.app.state.writing_lists
        self._under_way = ExitStack()
        self._counts: Counter[str] = Counter()
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed by `close`
        self._suffix = suffix_of(opened.table)
        self._rejected = Rejected(opened.table, self._file)
        form: Form = "csv" if self._suffix == ".csv" else "xlsx"
        self._understood = Understood(opened, self._file, form) if options.answer == "understood" else None

    def begin(self) -> None:
        """Count it as under way, until it is closed. Raises `TooManyRequestsError` where several of one person are."""
        try:
            self._under_way.enter_context(self._writing.begun(self._request.user.turn_of))
        except TooManyRequestsError:
            self._close()
            raise

    async def _judged(self) -> AsyncIterator[list[RowVerdict]]:
        """The verdicts; the rows that are not taken are kept. No more is taken of whoever is not let in any more."""
        await self._request.must_be_let_in_still()
        async for judged in self._verdicts:
            await self._beside(self._keep, judged)
            yield [verdict for _, verdict in judged]
            await self._request.must_be_let_in_still()
        await self._beside((self._understood or self._rejected).close)

    def _keep(self, judged: list[Judged]) -> None:
        for row, verdict in judged:
            self._counts[verdict.status] += 1
            if self._understood:
                self._understood.add(row, verdict)
            elif verdict.status in NOT_IN:
                self._rejected.add(row, verdict.reason or "")

    async def _beside(self, work: Callable[..., None], *given: Any) -> None:
        """Have the file written on beside the loop that serves others, when it is one's turn."""
        async with self._writing.turn(self._request.user.turn_of):
            await beside(work, *given)

    def _close(self) -> None:
        self._under_way.close()
        (self._understood or self._rejected).drop()
        self._file.close()
        self._upload.file.close()

    async def _position(self) -> int:
        return await self._request.services.ledger.store.head(self._request.bank_id)

    @property
    def _about(self) -> tuple[str, str]:
        """The name and the media type of the file."""
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        what = "understood" if self._understood else "rejected"
        return f"{self._upload.stem}.{what}{self._suffix}", "text/csv" if self._suffix == ".csv" else sheet

    def _base64(self) -> AsyncIterator[bytes]:
        return _in_base64(self._file)

    async def document(self) -> AsyncGenerator[bytes]:
        """All of it as one JSON object."""
        try:
            yield b'{"as_read":' + msgspec.json.encode(self._opened.as_read)
            yield b',"dry_run":' + msgspec.json.encode(self._options.dry_run) + b',"verdicts":['
            is_first = True
            async for verdicts in self._judged():
                if verdicts:
                    yield b"," * (not is_first) + msgspec.json.encode(verdicts)[1:-1]
                    is_first = False
            async for piece in self._rest(b"],"):
                yield piece
            yield b"}"
        finally:
            self._close()

    async def lines(self) -> AsyncGenerator[bytes]:
        """The answer as lines of JSON: how the list is understood, then verdicts as rows are done, then the rest."""
        try:
            yield msgspec.json.encode({"as_read": self._opened.as_read, "dry_run": self._options.dry_run}) + b"\n"
            done = 0
            async for verdicts in self._judged():
                done += len(verdicts)
                yield msgspec.json.encode({"done": done, "verdicts": verdicts}) + b"\n"
            async for piece in self._rest(b"{"):
                yield piece
            yield b"}\n"
        finally:
            self._close()

    async def _rest(self, before: bytes) -> AsyncIterator[bytes]:
        """The counts, the file, and the position."""
        yield before + b'"counts":' + msgspec.json.encode(dict(self._counts)) + b',"rejected":'
        if self._rejected.rows:
            name, media_type = self._about
            said = msgspec.json.encode({"name": name, "media_type": media_type})[:-1]
            yield said + b',"content_base64":"'
            async for piece in self._base64():
                yield piece
            yield b'"}'
        else:
            yield b"null"
        yield b',"position":' + msgspec.json.encode(await self._position())

    async def file_alone(self) -> Response[Any]:
        """The file of the rows that were not taken (204 if all were), or of all as they were understood."""
        try:
            async for _ in self._judged():
                pass
        except BaseException:
            self._close()
            raise
        if not (self._understood or self._rejected.rows):
            self._close()
            return Response(None, status_code=204)
        name, media_type = self._about
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return Streamed(await started(self._file_in_pieces()), media_type, headers)

    async def _file_in_pieces(self) -> AsyncGenerator[bytes]:
        try:
            self._file.seek(0)
            while block := self._file.read(_BLOCK):
                yield block
        finally:
            self._close()


async def _in_base64(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield base64.b64encode(block)
