"""In which encoding a file of text is: by its mark, or because it can be no other; else that is a question."""

import codecs
import encodings
import pkgutil
import re
from collections.abc import Iterator
from encodings.aliases import aliases
from typing import IO, NamedTuple

from timebank.exchange.cells.errors import shown
from timebank.exchange.spreadsheets.columns import Vocabulary
from timebank.exchange.spreadsheets.errors import Question, QuestionsError, SpreadsheetError
from timebank.words import Phrase

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be")
_CANDIDATES = ("gb18030", "big5hkscs", "cp1252", "cp1250", "shift_jis", "euc_kr")
_SAME = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "utf-8": "utf-8", "cp936": "gb18030"}
_NOT_OF_FILES = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"}
"""What Python calls an encoding and no list is in: some of them take for ever."""
_OF_PYTHON = {*aliases, *(each.name for each in pkgutil.iter_modules(encodings.__path__))}
_BLOCK = 1024**2
_LOOKED_AT = 64 * 1024
_BETWEEN = re.compile(r"[,;\t|，\"\r\n]")


class Encoding(NamedTuple):
    """An encoding, and how many bytes of a mark stand before the text."""

    name: str
    mark: int = 0


def encoding_of(file: IO[bytes], wanted: str | None, vocabulary: Vocabulary) -> Encoding:
    """The encoding of a file: the one that is wanted, or the only one that it can be.

    Raises `SpreadsheetError` where it is not in that encoding, naming the line, and `QuestionsError` where it can be in
    several: bytes that are no UTF-8 are known for another encoding only by headings that we know in it.
    """
    file.seek(0)
    head = file.read(_LOOKED_AT)
    marked = next((Encoding(name, len(mark)) for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    encoding = _wanted(wanted, marked) if wanted else marked or _unmarked(file, head, vocabulary)
    _must_decode(file, encoding)
    return encoding


def _wanted(wanted: str, marked: Encoding | None) -> Encoding:
    spelt = encodings.normalize_encoding(wanted.strip()).lower()
    try:
        if spelt not in _OF_PYTHON:  # it would remember each name that it is asked for
            raise LookupError(spelt)
        name = codecs.lookup(spelt).name
        if name.replace("_", "-") in _NOT_OF_FILES:
            raise LookupError(name)
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise SpreadsheetError("There is no encoding {wanted}.", wanted=shown(wanted)) from None
    name = _SAME.get(name, name)
    if marked is None:
        return Encoding(name)
    if marked.name.removesuffix("-sig") not in {name.removesuffix("-sig"), f"{name}-le", f"{name}-be"}:
        template = "The file says by its first bytes that it is {marked}, not {wanted}."
        raise SpreadsheetError(template, marked=marked.name, wanted=wanted)
    return marked


def _unmarked(file: IO[bytes], head: bytes, vocabulary: Vocabulary) -> Encoding:
    if b"\0" in head:
        wide = [name for name in _WIDE if _known_headings(head, name, vocabulary, any_script=True)]
        if len(wide) == 1:
            return Encoding(wide[0])
        raise SpreadsheetError("The file holds NUL bytes, so it is no list: save it as .xlsx or as CSV UTF-8.")
    if _decodes(file, "utf-8"):
        return Encoding("utf-8")
    proven = [name for name in ("utf-8", *_CANDIDATES) if _known_headings(head, name, vocabulary)]
    if len(proven) == 1:
        return Encoding(proven[0])
    raise _doubtful(file, head)


def _known_headings(head: bytes, name: str, vocabulary: Vocabulary, *, any_script: bool = False) -> bool:
    """Whether the beginning of the file, read so, has headings that we know; in plain ASCII they prove nothing."""
    text = head.decode(name, "replace")
    parts = (part for line in text.splitlines()[:30] for part in _BETWEEN.split(line))
    return any((any_script or not part.isascii()) and vocabulary.meaning(part) for part in parts if part.strip())


def _doubtful(file: IO[bytes], head: bytes) -> SpreadsheetError:
    """What the first doubtful line would say in each encoding that the whole file can be in."""
    possible = [name for name in _CANDIDATES if _decodes(file, name)]
    lines = head.splitlines()
    number, line = next(
        ((number, line) for number, line in enumerate(lines, 1) if not line.isascii()), (len(lines), lines[-1])
    )
    if not possible:
        template = (
            "Line {line} cannot be read: the file is in none of the encodings {encodings}; "
            "save it as .xlsx or as CSV UTF-8."
        )
        return SpreadsheetError(template, line=number, encodings=", ".join(("utf-8", *_CANDIDATES)))
    readings: dict[str, str] = {}
    for name in possible:
        readings.setdefault(line.decode(name, "replace"), name)
    said = "; ".join(f"{name} → {shown(reading)}" for reading, name in readings.items())
    template = "It cannot be told in which encoding the file is. Line {line} reads: {said}. Which is right?"
    answers = tuple(f"encoding={name}" for name in readings.values())
    return QuestionsError([Question("encoding", Phrase(template, {"line": number, "said": said}), answers)])


def _decodes(file: IO[bytes], name: str) -> bool:
    try:
        for _ in _decoded(file, name, 0):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded(file: IO[bytes], name: str, skip: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(name)()
    file.seek(skip)
    while block := file.read(_BLOCK):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _must_decode(file: IO[bytes], encoding: Encoding) -> None:
    """Refuse what is not in the encoding, and NUL, which no office typed; naming the line."""
    name, lines = encoding.name.removesuffix("-sig"), 1
    try:
        for text in _decoded(file, name, encoding.mark):
            if "\0" in text:
                lines += text[: text.index("\0")].count("\n")
                template = "Line {line} holds a NUL byte, so this is no list: save it as .xlsx or as CSV UTF-8."
                raise SpreadsheetError(template, line=lines)
            lines += text.count("\n")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(name, "replace")
        template = (
            "Line {line} cannot be read as {encoding}: save the file as .xlsx or as CSV UTF-8, or say another encoding."
        )
        raise SpreadsheetError(template, line=lines + before.count("\n"), encoding=name) from None
    finally:
        file.seek(0)
