# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Scenes in which merging double registrations, or what comes after it, is refused; and what tests of it begin with."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.api.world import Caller, World, service

Scene = Callable[[World], Awaitable[httpx.Response]]


async def leader(world: World) -> Caller:
    """Somebody who may propose it, and is no administrator."""
    return await world.leader(await world.node())


async def proposed(world: World, kept: Caller, gone: Caller, by: Caller | None = None) -> str:
    """That they are merged is proposed; says under which identifier."""
    body = {"kept_volunteer_id": kept.id, "merged_volunteer_id": gone.id, "reason": "同一个人"}
    told = await (by or await leader(world)).post("/v1/merges", body, expect=201)
    merge_id: str = told["merge_id"]
    return merge_id


async def approved(world: World, kept: Caller, gone: Caller) -> dict[str, Any]:
    """They are merged."""
    merge_id = await proposed(world, kept, gone)
    told: dict[str, Any] = await world.administrator.post(f"/v1/merges/{merge_id}/approve", expect=200)
    return told


async def _two(world: World) -> tuple[Caller, Caller]:
    return await world.somebody(), await world.somebody()


async def _approve(world: World, merge_id: str) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/merges/{merge_id}/approve")


async def registration_merged(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    await approved(world, kept, gone)
    return await world.organisation.ask("POST", world.records, json=service(gone.id))


async def same_registration(world: World) -> httpx.Response:
    somebody = await world.somebody()
    body = {"kept_volunteer_id": somebody.id, "merged_volunteer_id": somebody.id, "reason": "x"}
    return await world.administrator.ask("POST", "/v1/merges", json=body)


async def merge_unknown(world: World) -> httpx.Response:
    return await _approve(world, "mrg_0")


async def merge_already_proposed(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    await proposed(world, kept, gone)
    body = {"kept_volunteer_id": gone.id, "merged_volunteer_id": kept.id, "reason": "x"}
    return await world.administrator.ask("POST", "/v1/merges", json=body)


async def merge_not_open(world: World) -> httpx.Response:
    merge_id = await proposed(world, *await _two(world))
    await world.administrator.post(f"/v1/merges/{merge_id}/decline", {"reason": "是两个人"}, expect=200)
    return await _approve(world, merge_id)


async def proposer_decides(world: World) -> httpx.Response:
    return await _approve(world, await proposed(world, *await _two(world), by=world.administrator))


async def merge_of_oneself(world: World) -> httpx.Response:
    return await _approve(world, await proposed(world, world.administrator, await world.somebody()))


async def proposer_benefits(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    proposer = await leader(world)
    merge_id = await proposed(world, kept, gone, proposer)
    may = {"proxy_volunteer_id": proposer.id, "scopes": ["view", "give"], "acts_per_day": 1}
    await world.administrator.post(f"/v1/volunteers/{kept.id}/proxies", may, expect=201)
    return await _approve(world, merge_id)


async def records_wait(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    await world.log(gone.id)
    return await _approve(world, await proposed(world, kept, gone))


async def proposals_wait(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    await world.proposal(gone)
    return await _approve(world, await proposed(world, kept, gone))


async def records_overlap(world: World) -> httpx.Response:
    kept, gone = await _two(world)
    for each in (kept, gone):
        await world.confirmed(each.id)
    return await _approve(world, await proposed(world, kept, gone))


MERGE_SCENES: dict[str, tuple[int, Scene]] = {
    "registration-merged": (409, registration_merged),
    "same-registration": (422, same_registration),
    "merge-unknown": (404, merge_unknown),
    "merge-already-proposed": (409, merge_already_proposed),
    "merge-not-open": (409, merge_not_open),
    "proposer-decides": (403, proposer_decides),
    "merge-of-oneself": (403, merge_of_oneself),
    "proposer-benefits": (403, proposer_benefits),
    "records-wait": (409, records_wait),
    "proposals-wait": (409, proposals_wait),
    "records-overlap": (409, records_overlap),
}
