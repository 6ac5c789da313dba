"""How new an answer is: what is read of the log itself is as new as the log, and waits for no read model."""

from typing import Any

import pytest

from tests.api.world import World
from timebank.projections.machinery.runner import Runner


async def test_the_log_itself_is_read_without_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history, moments and proofs wait only for a position that is named; other questions wait in any case."""
    somebody = await world.with_credit(60)
    record_id = await world.log(somebody.id)
    (fact,) = (await world.administrator.get("/v1/audit/events", tag=record_id))["items"]
    waited: list[int] = []

    async def reach(_: Runner, __: Any, position: int, ___: float) -> bool:
        waited.append(position)
        return True

    monkeypatch.setattr(Runner, "is_at", lambda *_: False)
    monkeypatch.setattr(Runner, "reach", reach)
    event = f"/v1/audit/events/{fact['position']}"
    of_log = (
        *("/v1/audit/events", event, f"{event}/change", f"/v1/audit/requests/{fact['request_id']}"),
        *("/v1/audit/security", "/v1/audit/as-of", f"/v1/audit/as-of/volunteers/{somebody.id}"),
        f"/v1/volunteers/{somebody.id}/statement",
    )
    for path in of_log:
        await world.administrator.get(path)
        assert waited == [], path
        await world.administrator.get(path, min_position=fact["position"])
        assert waited, path
        waited.clear()
    await world.administrator.get(f"/v1/service-records/{record_id}")
    assert waited
