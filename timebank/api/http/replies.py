"""Answers. Whatever zone times were kept in, an answer says them in the bank's, with its offset."""

from datetime import datetime, tzinfo
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse

from timebank.api.http.answering.headers import link_to_next, set_header

T = TypeVar("T")


class Reply(Response[T]):
    """What a handler returns, as it is sent to whoever asked."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        """The answer with its times in the bank's zone, and with the address of the next page in `Link`.

        Strangers, who have no bank yet, are told no times.
        """
        user = request.scope.get("user")
        if user is not None:
            self.content = in_zone(self.content, ZoneInfo(user.timezone))
            following = getattr(self.content, "next", None)
            if isinstance(self.content, msgspec.Struct) and following is not None:
                set_header(request.scope, "Link", link_to_next(request.scope, following))
        return super().to_asgi_response(app, request, **options)


def in_zone(value: T, zone: tzinfo) -> T:
    """The same value with all times in it in a zone; what is stored word for word (`msgspec.Raw`) stays as it is."""
    return cast("T", _in_zone(value, zone))


def _in_zone(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, msgspec.Struct):
        changed = {name: _in_zone(getattr(value, name), zone) for name in _timed(type(value))}
        return msgspec.structs.replace(value, **changed) if changed else value
    if isinstance(value, list | tuple):
        return [_in_zone(each, zone) for each in value]
    if isinstance(value, dict):
        return {name: _in_zone(each, zone) for name, each in value.items()}
    return value


@cache
def _timed(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a struct in which times can be; looked up once, since lists are long."""
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if _can_hold_time(hints[name]))


def _can_hold_time(hint: Any) -> bool:
    if isinstance(hint, TypeVar) or hint in (Any, object, datetime):
        return True
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return bool(_timed(hint))
    return any(_can_hold_time(each) for each in get_args(hint))
