"""The file of a backup: a gzipped tar, written and read from one end to the other, so that it can go through a pipe.

manifest.json           what it was taken of
event/000000.copy, …    a table's rows as COPY writes them, in pieces
end.json                how many rows there are of each table: without it the file is not whole
"""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, TypeVar

import msgspec

FORMAT = 1
PIECE_BYTES = 1024 * 1024
COMPRESSION = 3
"""Higher levels take far longer, and save little."""

UNREADABLE = (OSError, EOFError, tarfile.TarError, zlib.error)
"""How it shows that a file is not what it should be."""

T = TypeVar("T")

_PIECE = re.compile(r"(\w+)/\d+\.copy")


class BackupError(RuntimeError):
    """A file is no backup, is not whole, or cannot be restored here; the message says why."""


class BankThen(msgspec.Struct, frozen=True):
    """A bank, and where its log ended."""

    bank_id: str
    name: str
    head: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup was taken of: migrations, banks, and the columns of each table, in the order they are loaded in."""

    format: int
    program: str
    taken_at: str
    migrations: list[str]
    banks: list[BankThen]
    tables: dict[str, list[str]]


class End(msgspec.Struct, frozen=True):
    """That a backup is whole."""

    rows: dict[str, int]


class Writer:
    """Writes the file; `close` makes it whole."""

    def __init__(self, stream: IO[bytes], manifest: Manifest) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w")  # noqa: SIM115  # closed by `close`
        self._rows: dict[str, int] = {}
        self._table, self._piece, self._waiting = "", 0, bytearray()
        self._add("manifest.json", msgspec.json.encode(manifest))

    def begin(self, table: str) -> None:
        """What is written from now on are rows of this table."""
        self._flush()
        self._table, self._piece, self._rows[table] = table, 0, 0

    async def write(self, rows: bytes) -> None:
        """More of the table's rows; asynchronous because the driver asks for that."""
        # A line is a row: COPY writes line breaks within values as \\n.
        self._rows[self._table] += rows.count(b"\n")
        self._waiting += rows
        if len(self._waiting) >= PIECE_BYTES:
            self._flush()

    @property
    def written(self) -> int:
        """How many rows have been written."""
        return sum(self._rows.values())

    def close(self) -> None:
        """Say that this is all."""
        self._flush()
        self._add("end.json", msgspec.json.encode(End(self._rows)))
        self._tar.close()
        self._gzip.close()

    def _flush(self) -> None:
        if self._waiting:
            self._add(f"{self._table}/{self._piece:06}.copy", bytes(self._waiting))
            self._piece += 1
            self._waiting.clear()

    def _add(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))


class Reader:
    """Reads the file. Raises `BackupError` where it is none, or not whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._entries = self._read(stream)
        name, content = self._next()
        self.manifest = _decoded(name, content, "manifest.json", Manifest)
        if self.manifest.format != FORMAT:
            msg = f"this is a backup of format {self.manifest.format}, and this version of timebank reads {FORMAT}"
            raise BackupError(msg)
        self.end: End | None = None

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """The rows, piece by piece, each with its table. All have been read when this ends."""
        while True:
            name, content = self._next()
            if name == "end.json":
                self.end = _decoded(name, content, "end.json", End)
                self._must_be_over()
                return
            named = _PIECE.fullmatch(name)
            if not named or named[1] not in self.manifest.tables:
                msg = f"this is no backup: nobody knows what {name} is"
                raise BackupError(msg)
            yield named[1], content

    def _must_be_over(self) -> None:
        """Nothing follows; the checksum of the whole, which stands behind it, is compared too."""
        try:
            for name, _ in self._entries:
                msg = f"this is no backup: {name} comes after its end"
                raise BackupError(msg)
        except UNREADABLE as error:
            raise _unreadable(error) from None

    def _next(self) -> tuple[str, bytes]:
        try:
            return next(self._entries)
        except StopIteration:
            msg = "the backup is not whole: it ends before its end"
            raise BackupError(msg) from None
        except UNREADABLE as error:
            raise _unreadable(error) from None

    @staticmethod
    def _read(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
        with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                yield entry.name, content.read() if content else b""
            while unpacked.read(PIECE_BYTES):
                pass


def _unreadable(error: BaseException) -> BackupError:
    return BackupError(f"this is no backup, or not a whole one: {error}")


def _decoded(name: str, content: bytes, expected: str, kind: type[T]) -> T:
    try:
        if name == expected:
            decoded: Any = msgspec.json.decode(content, type=kind)
            return decoded  # type: ignore[no-any-return]  # of that type
    except msgspec.MsgspecError:
        pass
    msg = f"this is no backup: there is no {expected} where it should be"
    raise BackupError(msg)
