"""The program, loaded once and forked for each command: what a test waits for is the command, not Python's imports.

A fork is a process of its own all the same, with its own arguments, environment, folder and streams. How the program
starts from nothing is seen where a service is started. `python -m tests.cli.prepared FD` waits on a socket for
commands, until that is closed.
"""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from importlib import import_module
from typing import NoReturn

from timebank.cli import main
from timebank.cli.common import COMMANDS
from timebank.identity import passwords

LONGEST = 1_000_000
STREAMS = (0, 1, 2)


class Prepared:
    """A loaded program that can be forked."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.cli.prepared", str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)

    def run(
        self, arguments: list[str], environment: dict[str, str], folder: str, typed: str, seconds: float
    ) -> tuple[int, str, str]:
        """The exit code of a command, and what it said on standard output and error.

        Raises `AssertionError` after killing one that does not end in so many seconds.
        """
        (stdin, to_it), (out, stdout), (err, stderr), (told, tell) = (os.pipe() for _ in range(4))
        given = [stdin, stdout, stderr, tell]
        socket.send_fds(self._socket, [json.dumps([arguments, environment, folder]).encode()], given)
        for fd in given:
            os.close(fd)
        ended = os.fdopen(told)
        pid = int(ended.readline())
        said = [_Reader(out), _Reader(err)]
        _type(to_it, typed)
        late = threading.Timer(seconds, os.killpg, (pid, signal.SIGKILL))
        late.start()
        with ended:
            code = int(ended.readline())
        texts = [each.text() for each in said]
        is_late = not late.is_alive()
        late.cancel()
        assert not is_late, f"did not end in {seconds} seconds\n{texts[0]}\n{texts[1]}"
        return code, texts[0], texts[1]


@cache
def prepared() -> Prepared:
    """The one of this process."""
    return Prepared()


class _Reader(threading.Thread):
    """Reads a stream to its end, whoever has it open."""

    def __init__(self, stream: int) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._said = b""
        self.start()

    def run(self) -> None:
        with os.fdopen(self._stream, "rb") as file:
            self._said = file.read()

    def text(self) -> str:
        """What was said."""
        self.join()
        return self._said.decode()


def _type(stream: int, typed: str) -> None:
    try:
        with os.fdopen(stream, "w", encoding="utf-8") as file:
            file.write(typed)
    except BrokenPipeError:
        pass  # nobody listens any more


def _serve(commands: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, fds, _, _ = socket.recv_fds(commands, LONGEST, 4)
        if not request:
            return
        if not os.fork():
            commands.close()
            _follow(request, fds)
        for fd in fds:
            os.close(fd)


def _follow(request: bytes, fds: list[int]) -> NoReturn:
    """Fork the command, tell its number, and in the end its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, tell = fds
    pid = os.fork()
    if not pid:
        os.close(tell)
        _be(request, streams)
    for fd in streams:
        os.close(fd)
    os.write(tell, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(tell, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _be(request: bytes, streams: list[int]) -> NoReturn:
    """Be the command."""
    arguments, environment, folder = json.loads(request)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for stream, fd in zip(STREAMS, streams, strict=True):
        os.dup2(fd, stream)
        os.close(fd)
    sys.argv = ["timebank", *arguments]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for command in COMMANDS.values():
        import_module(f"timebank.cli.{command}")
    passwords._nobodys()  # each command that starts the services would work it out anew
    gc.collect()
    gc.freeze()  # what a fork looks through for garbage is copied for it
    _serve(socket.socket(fileno=int(sys.argv[1])))
