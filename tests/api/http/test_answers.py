"""What answers say beside their bodies, and how they are sent."""

import gzip
import re
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from litestar.routes import HTTPRoute

from tests.api.world import World, settled
from timebank.api.http.answering.compression import SHORTEST_BYTES
from timebank.api.http.describing.document import EXAMPLES

LONG = "/v1/service-records"


@pytest.mark.parametrize("path", ["/schema/openapi.json", "/problems"])
async def test_what_is_the_same_for_everybody_is_compressed_once(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for it again and again has nothing done for it."""
    first, plain = [await world.http.get(path, headers={"Accept-Encoding": each}) for each in ("gzip", "identity")]
    assert (first.headers["content-encoding"], plain.headers.get("content-encoding")) == ("gzip", None)
    assert first.content == plain.content
    monkeypatch.setattr(gzip, "compress", Mock(side_effect=AssertionError))
    monkeypatch.setattr(gzip, "GzipFile", Mock(side_effect=AssertionError))
    again = await world.http.get(path, headers={"Accept-Encoding": "gzip"})
    assert (again.content, again.headers["content-encoding"]) == (first.content, "gzip")


async def test_pages_say_where_the_next_is(own_world: World) -> None:
    """Whoever follows the links of pages reads the whole list, with the filters that they began with, once."""
    world = own_world
    somebody = await world.somebody()
    ids = [await world.log(somebody.id, days_ago=n) for n in range(1, 6)]
    number = (await somebody.get("/v1/me"))["volunteer"]["number"]
    asked: list[tuple[Any, str]] = [
        (world.administrator, f"/v1/service-records?limit=2&volunteer_id={number}"),
        (world.organisation, "/v1/service-records?order=newest&limit=2"),
    ]
    for caller, start in asked:
        found, path = [], start
        while path:
            response = await caller.ask("GET", path)
            found += [each["record_id"] for each in response.json()["items"]]
            link = re.fullmatch(r'<([^>]+)>; rel="next"', response.headers.get("link", ""))
            assert bool(link) == (response.json()["next"] is not None)
            path = link[1] if link else ""
        assert found == ids[::-1]
    page = await somebody.ask("GET", "/v1/me/statement?limit=1")
    assert ("link" in page.headers) == (page.json()["next"] is not None)


async def test_what_is_left_of_a_limit_is_told(url: str) -> None:
    """Each answer says how many requests are left, of how many; the one that is refused says none."""
    async with settled(url, rate_per_principal=20) as world:
        somebody = await world.somebody()
        told = [(await somebody.ask("GET", "/v1/me")).headers for _ in range(21)]
        assert {each["ratelimit-policy"] for each in told} == {'"principal";q=20;w=60'}
        left = [int(re.fullmatch(r'"principal";r=(\d+);t=\d+', each["ratelimit"])[1]) for each in told]  # type: ignore[index]
        assert left == sorted(left, reverse=True)
        assert (left[0], left[-1]) == (19, 0)
        assert '"principal";r=19' in (await world.volunteer.ask("GET", "/v1/me")).headers["ratelimit"]
        stranger = await world.http.get("/v1/me")
        assert stranger.headers["ratelimit"].startswith('"address";r=')
        assert "ratelimit" not in (await world.http.get("/health/ready")).headers


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_what_is_long_is_sent_shorter(world: World, form: str) -> None:
    """Lists, and tables while they are made, come compressed to whoever asks for it, and say the same."""
    somebody = await world.somebody()
    for n in range(1, 9):
        await world.log(somebody.id, days_ago=n)
    plain, packed, unwanted = [
        await somebody.ask("GET", LONG, params={"format": form}, headers={"Accept-Encoding": wanted})
        for wanted in ("identity", "br, gzip", "gzip;q=0")
    ]
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert int(packed.headers.get("content-length", 0)) < len(plain.content)
    assert plain.content == packed.content == unwanted.content
    assert "content-encoding" not in {*plain.headers, *unwanted.headers}


async def test_no_secret_is_compressed(world: World) -> None:
    """Neither what answers with a secret, nor what does something, nor what a cookie lets in; nor what is packed."""
    somebody = await world.with_credit(600, days_ago=9)
    reserved = await world.redeem(somebody, await world.reward())
    code = f"/v1/redemptions/{reserved['redemption_id']}"
    for n in range(1, 9):
        await world.log(somebody.id, days_ago=n)
    plain = [
        await somebody.ask("GET", f"{code}/code"),
        await somebody.ask("GET", f"{code}/qr"),
        await somebody.ask("GET", LONG, headers={"Cookie": "a=b"}),
        await somebody.ask("GET", LONG, params={"format": "xlsx"}),
        await world.administrator.ask("POST", "/v1/policies/preview", json={"rules": {}}),
        await world.http.post("/v1/sessions", json={"login": "1", "password": "2" * 900}),
    ]
    assert len(plain[1].content) > SHORTEST_BYTES
    for each in plain:
        assert each.request.headers["accept-encoding"].startswith("gzip")
        assert "content-encoding" not in each.headers


def test_every_body_has_an_example(world: World) -> None:
    """The description shows a good body of each kind, and each is what the operation takes."""
    kinds: dict[str, Any] = {}
    for route in world.app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            field = handler.parsed_data_field
            if field and not handler.opt.get("upload"):
                offered = (field.annotation, *(inner.annotation for inner in field.inner_types))
                kinds |= {kind.__name__: kind for kind in offered if is_body(kind)}
    assert set(EXAMPLES) == {*kinds, "Problem"}
    for name, kind in kinds.items():
        msgspec.convert(EXAMPLES[name], kind)


def is_body(kind: Any) -> bool:
    """Whether this is what a body is decoded as."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
