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
"""The query parameter with the lowest position of the log that an answer has to include."""

HIGHEST_POSITION = 2**53

NEVER_BEHIND = {"never_behind": True}
"""The `opt` of controllers that read no read model which follows the log: the guard waits only if it is told to.

They read the log, what is written with it, or what is not in it, as sessions. What else they need waits by itself.
"""

Position = Annotated[int, Meta(ge=0, le=HIGHEST_POSITION)]


def is_question(handler: BaseRouteHandler) -> bool:
    """Whether an operation is a question of somebody known: public ones wait for no read model."""
    methods: set[str] = getattr(handler, "http_methods", set())
    return methods == {"GET"} and not handler.opt["access"].public


def position_of(query: bytes) -> int:
    """The lowest position that an answer has to include; 0 where the query says nothing. Raises `InvalidRequestError`.

    Parsed here, since a request keeps its query once it was read, and the guard still puts ids into it.
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
