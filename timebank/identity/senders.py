"""Senders: how a code comes to a phone. By the operator's gateway for messages, or, to try things out, to a file.

None of them logs a code, and no code is kept longer than it is good.
"""

import asyncio
import fcntl
import json
import os
import ssl
import sys
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog

from timebank.identity.failures import CodeNotSent
from timebank.identity.tracing import carried

PATIENCE_SECONDS = 10.0
AT_ONCE = 4
"""So many codes are on their way to the gateway at a time; others wait."""

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Sends codes."""

    way: str

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Send a code that is good for some minutes. Raises `CodeNotSent`."""


class ConsoleSender:
    """Shows codes on standard error, to whoever runs the program."""

    way = "console"

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Show it."""
        sys.stderr.write(f"{_text(code, minutes)} [{phone}]\n")


class FileSender:
    """Writes codes to a file that only its owner can read, a line each; those that are over are taken out."""

    way = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Write it down."""
        line = f"{int(time.time() + 60 * minutes)} {phone.replace(' ', '')} {code}\n"
        try:
            await asyncio.to_thread(self._write, line)
        except OSError as error:
            log.warning("a code could not be written", path=str(self._path), error=str(error))
            raise CodeNotSent from None

    def _write(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(descriptor, 0o600)  # it may have been there before
        with os.fdopen(descriptor, "r+", encoding="utf8", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            kept = [each for each in file if _good_until(each) > time.time()]
            file.seek(0)
            file.truncate()
            file.writelines([*kept, line])


def _good_until(line: str) -> int:
    """Until when the code of a line is good; 0 of one that is none, or was not written to its end."""
    until = line.partition(" ")[0]
    return int(until) if until.isascii() and until.isdigit() and len(until) < 20 and line.endswith("\n") else 0


class GatewaySender:
    """Posts codes to the operator's gateway, as JSON with `phone`, `code`, `minutes` and `text`, and a bearer secret.

    Any answer of 2xx will do; redirects are not followed.
    """

    way = "message"

    def __init__(self, url: str, secret: str) -> None:
        self._url = urlsplit(url)
        self._secret = secret
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, phone: str, code: str, minutes: int) -> None:
        """Have it sent."""
        body = json.dumps({"phone": phone, "code": code, "minutes": minutes, "text": _text(code, minutes)})
        try:
            async with asyncio.timeout(2 * PATIENCE_SECONDS), self._places:
                status = await asyncio.to_thread(self._post, body.encode())
        except (OSError, HTTPException, ValueError) as error:
            log.warning("the gateway for codes does not answer", error=type(error).__name__)
            raise CodeNotSent from None
        if not 200 <= status < 300:
            log.warning("the gateway for codes refused", status=status)
            raise CodeNotSent

    def _post(self, body: bytes) -> int:
        where: dict[str, Any] = {"host": self._url.hostname, "port": self._url.port, "timeout": PATIENCE_SECONDS}
        connection = (
            HTTPSConnection(**where, context=ssl.create_default_context())
            if self._url.scheme == "https"
            else HTTPConnection(**where)
        )
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._secret}"} | carried()
        try:
            connection.request("POST", self._url._replace(scheme="", netloc="").geturl() or "/", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def _text(code: str, minutes: int) -> str:
    return f"时间银行验证码：{code}，{minutes}分钟内有效。请勿告诉他人。"
