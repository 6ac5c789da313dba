"""How new an answer is: at least as new as a position of the log that a question names.

Whoever did something in one process and asks in another names the position that they were told. Every question of
somebody who has signed in understands it.
"""

from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from litestar.handlers.base import BaseRouteHandler
from msgspec import Meta

from timebank.api.http.telling.shapes import InvalidRequestError, field_trouble
from timebank.api.http.telling.troubles import FieldTrouble

MIN_POSITION = "min_position"
"""The parameter that every question has: as new as which position of the log its answer has to be."""

HIGHEST_POSITION = 2**53

NEVER_BEHIND = {"never_behind": True}
"""Said (as `opt`) by controllers that answer from the log, or what is written with it: they wait only if told to."""

Position = Annotated[int, Meta(ge=0, le=HIGHEST_POSITION)]


def is_question(handler: BaseRouteHandler) -> bool:
    """Whether an operation is a question of somebody known: strangers are answered from no read model."""
    methods: set[str] = getattr(handler, "http_methods", set())
    return methods == {"GET"} and not handler.opt["access"].public


def position_of(query: bytes) -> int:
    """As new as which position an answer has to be; 0 where the query says nothing. Raises `InvalidRequestError`.

    It is read before the guard puts ids into the query, so not by the request, which would remember it as it was.
    """
    said = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)).get(MIN_POSITION) if query else None
    if said is None:
        return 0
    try:
        return msgspec.convert(said, Position, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(field_trouble(str(error), MIN_POSITION)) from None


def not_yet() -> InvalidRequestError:
    """What is raised where nothing has been recorded at a position so far."""
    return InvalidRequestError(FieldTrouble(MIN_POSITION, "The log has not come to this position yet.", {}))
