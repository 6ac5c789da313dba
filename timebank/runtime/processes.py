"""Other processes: which one has a number, and waiting for one that is to do something."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 0.5


def ended(tool: "subprocess.Popen[bytes]", stdin: bytes, is_needed: Callable[[], bool]) -> int:
    """The exit code of a tool that is told something and waited for, as long as it is needed."""
    said: bytes | None = stdin
    while True:
        try:
            tool.communicate(said, timeout=LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            said = None  # it goes on with what it was told already
            if not is_needed():
                tool.terminate()
        else:
            return tool.returncode


def pid_in(lock: Path) -> int:
    """The process number in a lock file; 0 if there is none."""
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def command_of(pid: int) -> str:
    """The command line of a process; empty if it is gone, or dead and not yet collected by its parent."""
    if pid <= 0:
        return ""
    if sys.platform != "linux":
        command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")).strip()
    except OSError:
        return ""
