"""Logging: structlog to standard error, as JSON or for people. Never bodies, tokens or personal data."""

import logging
import sys
from typing import Any

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer


def configure(level: str = "info", style: str = "json") -> None:
    """Set up logging for this process, once: from which level on, and as "json" or for people ("console")."""
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


def _as_json() -> tuple[list[Any], Any]:
    """The last processors, and the logger: one object a line."""
    # Tracebacks without local variables: those hold headers, with tokens in them, and bodies.
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
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
