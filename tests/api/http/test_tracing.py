"""Trace context: what callers say about their trace is on the log lines, and goes on to whoever is called for them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from tests.api.world import World
from tests.helpers.gateway import gateway
from timebank.identity.senders import GatewaySender
from timebank.identity.tracing import carried, carry, trace_of, within

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged, with what is bound to the request."""
    before, kept = structlog.get_config(), structlog.testing.LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, kept])
    yield kept.entries
    structlog.configure(**before)


@pytest.mark.parametrize(
    "given",
    [
        "", "x", PARENT[:-1], f"{PARENT}0", f"{PARENT}-more", PARENT.upper(), f"ff{PARENT[2:]}", f" {PARENT}",
        f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}-0g", f"01{PARENT[2:]}more",
    ],
)  # fmt: skip
def test_what_is_no_trace(given: str) -> None:
    """What is not as the standard has it is no trace, and goes nowhere."""
    assert trace_of(given, "") is None


def test_a_trace_goes_on() -> None:
    """It goes on under its id and flags, from a span of ours, with what the caller's tools said if that is decent."""
    trace = trace_of(f"cc{PARENT[2:]}-what comes later", "a=1,b=2")
    assert trace is not None
    assert (trace.trace_id, trace.parent_id) == (TRACE, SPAN)
    assert trace.span_id != SPAN
    assert trace.headers == {"traceparent": f"00-{TRACE}-{trace.span_id}-01", "tracestate": "a=1,b=2"}
    for state in ("x" * 513, "a=1\r\nX-Evil: 1"):
        other = trace_of(PARENT, state)
        assert other is not None
        assert set(other.headers) == {"traceparent"}


async def test_log_lines_name_it(world: World, lines: list[Any]) -> None:
    """Every line that is logged for a request names its trace, and the next request has nothing of it."""
    await world.http.get("/v1/me", headers={"traceparent": PARENT, "tracestate": "a=1"})
    await world.http.get("/v1/me")
    traced, plain = [line for line in lines if line["event"] == "request"]
    assert (traced["trace_id"], traced["parent_id"]) == (TRACE, SPAN)
    assert "trace_id" not in plain


async def test_whoever_is_called_is_told() -> None:
    """The gateway for codes, and the OpenID provider, are told of the trace; without one they are told of none."""
    trace = trace_of(PARENT, "a=1")
    assert trace is not None
    async with gateway() as found:
        with within(trace):
            await GatewaySender(found.url, "").send("13900002222", "654321", 15)
            asked = httpx.Request("GET", "http://provider.example/")
            await carry(asked)
        await GatewaySender(found.url, "").send("13900002222", "654321", 15)
    assert [headers.get("traceparent") for _, headers, _ in found.taken] == [trace.headers["traceparent"], None]
    assert asked.headers["traceparent"] == trace.headers["traceparent"]
    assert carried() == {}
