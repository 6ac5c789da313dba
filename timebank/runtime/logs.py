"""Logging: structlog to standard error, as JSON or for people. Never bodies, tokens or personal data.

What the server and other libraries log by way of Python's `logging` is written in the same form.
"""

import logging
import logging.config
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer

from timebank.runtime.clock import utc_now

# Tracebacks without local variables: those hold headers, with tokens in them, and bodies.
_TRACEBACK = ExceptionDictTransformer(show_locals=False)

_is_json = False


def configure(level: str = "info", style: str = "json") -> None:
    """Set up logging for this process, once: from which level on, and as "json" or for people ("console")."""
    global _is_json  # of this process, as is all of this
    _is_json = style == "json"
    last, factory = _as_json() if style == "json" else _for_people()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(for_libraries(level, style))
    logging.captureWarnings(True)


def for_libraries(level: str, style: str) -> dict[str, Any]:
    """The configuration of `logging`: that of the server, and of whatever else has something to say."""
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "lines"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": Lines, "style": style}},
        "handlers": {"lines": handler},
        "root": {"handlers": ["lines"], "level": "WARNING"},
        # The server names what it does by this logger; its parent's level is not asked.
        "loggers": {"_granian": {"handlers": ["lines"], "level": level.upper(), "propagate": False}},
    }


class Lines(logging.Formatter):
    """A record of `logging` as a line like our own."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._is_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, or a line for people."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat()
        line: dict[str, Any] = {"event": record.getMessage(), "logger": record.name}
        if not self._is_json:
            traceback = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
            return f"{when} [{record.levelname.lower():9}] {line['event']} [{record.name}]{traceback}"
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _TRACEBACK(record.exc_info)
        return _to_json(line | {"level": record.levelname.lower(), "timestamp": when}).decode()


def say(event: str, level: str = "info", **said: Any) -> bool:
    """Log a line whatever the level: that the service is there, or why it is not. False where lines are for people."""
    if not _is_json:
        return False
    line = {"event": event, **said, "level": level, "timestamp": utc_now().isoformat()}
    sys.stderr.write(f"{_to_json(line).decode()}\n")
    sys.stderr.flush()
    return True


def _as_json() -> tuple[list[Any], Any]:
    """The last processors, and the logger: one object a line."""
    tracebacks = structlog.processors.ExceptionRenderer(_TRACEBACK)
    renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    return [tracebacks, renderer], structlog.BytesLoggerFactory(sys.stderr.buffer)


def _for_people() -> tuple[list[Any], Any]:
    """The last processors, and the logger: lines with colours, where it is a terminal that shows them."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [renderer], structlog.PrintLoggerFactory(sys.stderr)


def _to_json(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
