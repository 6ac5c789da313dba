"""From the bytes of a file to its text, in the encodings that Excel and WPS write."""

import codecs

from timebank.exchange.spreadsheets.errors import SpreadsheetError

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_A_MARK = ("utf-8", "gb18030")


def decode(data: bytes) -> tuple[str, str]:
    """The encoding of a file, and its text without a byte order mark. Raises `SpreadsheetError`, naming the line."""
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)]
    failures: list[UnicodeDecodeError] = []
    for encoding in marked or _WITHOUT_A_MARK:
        try:
            text = data.decode(encoding.removesuffix("-sig")).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            failures.append(error)
        else:
            _must_hold_no_nul(text)
            return encoding, text
    raise _undecodable(data, failures)


def _undecodable(data: bytes, failures: list[UnicodeDecodeError]) -> SpreadsheetError:
    """Where decoding failed: of two encodings, the one that got further was probably meant."""
    furthest = max(failures, key=lambda failure: failure.start)
    line = data[: furthest.start].decode(furthest.encoding, "replace").count("\n") + 1
    tried = " nor ".join(failure.encoding for failure in failures)
    return SpreadsheetError(
        f"Line {line} cannot be read: byte {furthest.start} is not {tried}; save the file as CSV UTF-8."
    )


def _must_hold_no_nul(text: str) -> None:
    """Refuse NUL, which no office typed: the file is a workbook, or UTF-16 without its mark."""
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        raise SpreadsheetError(f"Line {line} holds a NUL byte, so this is no CSV file; save the file as CSV UTF-8.")
