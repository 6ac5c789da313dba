"""Files that only their owner can read, and that are never half written."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

if sys.platform != "win32":
    import fcntl


def write_secret(path: Path, content: msgspec.Struct, *, anew: bool = False) -> None:
    """Replace a file of JSON; if it is to be `anew`, one that is there is left as it is."""
    write(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n", anew=anew)


def write(path: Path, content: bytes, *, anew: bool = False) -> None:
    """Replace a file in one step, for good: it is never half written, and nobody else ever reads it.

    Where a link is named, that is the file which it leads to: the link stays, and nothing old is left behind it.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if anew:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        else:
            draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        with contextlib.suppress(OSError):
            os.fsync(folder)
        os.close(folder)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else reads and replaces a file between these lines, in whatever process: they wait for each other."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
