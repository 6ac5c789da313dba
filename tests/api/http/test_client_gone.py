"""A client that goes away while it sends its request."""

from typing import Any

import structlog.testing

from tests.api.world import World


async def test_a_body_that_stops_is_no_error(world: World) -> None:
    """It is one quiet line in the log, with status 499, and nothing is done."""
    coming = iter([{"type": "http.request", "body": b'{"name":', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    token = world.administrator.token.encode()
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/volunteers", "raw_path": b"/v1/volunteers", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", b"Bearer " + token), (b"content-type", b"application/json")],
        "client": ("192.0.2.1", 1), "server": ("test", 80),
    }  # fmt: skip
    head = await world.services.ledger.store.head(world.bank_id)
    with structlog.testing.capture_logs() as logs:
        await world.app(scope, receive, send)
    told = [(entry["event"], entry["log_level"], entry["status"]) for entry in logs]
    assert told == [("request", "info", 499)]
    assert sent[0]["status"] == 499
    assert await world.services.ledger.store.head(world.bank_id) == head
