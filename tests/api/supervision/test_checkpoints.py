"""Checkpoints and tiles, as anybody reads them without signing in."""

from base64 import b64decode
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import tile_path
from tlog_scales.tlog import Checkpoint, ConsistencyProof

from tests.api.world import Caller, World, said
from tests.proofs.conftest import sow
from tests.proofs.test_signer import tamper
from timebank.api.supervision.checkpoints import _tile_named
from timebank.proofs.tiles import Tile

Params = dict[str, Any]


class Elsewhere:
    """An independent program that reads nothing but the endpoints; what it lacks is fetched before it tries again."""

    def __init__(self, http: httpx.AsyncClient, params: Params) -> None:
        self._http, self._params = http, params
        self._known: dict[tuple[str, ...], bytes | None] = {}

    def get(self, *path: str) -> bytes | None:
        """What is known already."""
        if path not in self._known:
            raise _LackingError(path)
        return self._known[path]

    async def tried(self, what: Any, *given: Any) -> Any:
        """The result of what reads tiles."""
        while True:
            try:
                return what(*given)
            except _LackingError as lacking:
                path: tuple[str, ...] = lacking.args[0]
                answer = await self._http.get("/v1/audit/" + "/".join(path), params=self._params)
                self._known[path] = answer.content if answer.status_code == 200 else None


class _LackingError(Exception):
    pass


@pytest.fixture
async def long_log(own_world: World) -> World:
    """A bank with more than 256 facts, which are signed; nothing more may be written."""
    head = await own_world.services.ledger.store.head(own_world.bank_id)
    await sow(own_world.services.pool, own_world.bank_id, head, 700)
    await own_world.services.pool.execute("update bank set head = 700 where bank_id = $1", own_world.bank_id)
    await own_world.services.signer.sign(own_world.bank_id)
    return own_world


async def test_tiles_give_the_signed_root(long_log: World) -> None:
    """Whoever knows the log's key comes from the tiles alone to the root that is signed, and to every proof."""
    world, params = long_log, {"bank_id": str(long_log.bank_id)}
    elsewhere = Elsewhere(world.http, params)
    reader = TilesReader(elsewhere)
    checkpoint: Checkpoint = await elsewhere.tried(reader.get_checkpoint)
    keys = said(await world.http.get("/v1/audit/keys", params=params))
    assert checkpoint.origin == keys["origin"] == f"timebank/{world.bank_id}"
    (key,) = keys["verifier_keys"]
    checkpoint.verify(Vkey.from_string(key))
    assert checkpoint.size == 700
    assert await elsewhere.tried(reader.calculate_root_hash) == checkpoint.root_hash
    for index in (0, 255, 256, 699):
        proof = await elsewhere.tried(reader.get_inclusion_proof, index, 700)
        leaf = await world.services.pool.fetchval("select leaf from event where position = $1", index + 1)
        proof.check(leaf, checkpoint.root_hash)


async def test_the_log_only_grows(world: World) -> None:
    """From a checkpoint that one kept there is a proof to a later one, and to the one that is signed now."""
    signer, params = world.services.signer, {"bank_id": str(world.bank_id)}
    kept = await signer.sign(world.bank_id)
    assert kept
    for _ in range(5):
        await world.somebody()
    later = await signer.sign(world.bank_id)
    assert later
    for to in ({}, {"to": later.size}):
        found = said(await world.http.get("/v1/audit/consistency", params={"from": kept.size} | to | params))
        assert (found["old_size"], found["new_size"]) == (kept.size, later.size)
        hashes = [b64decode(each) for each in found["hashes"]]
        ConsistencyProof(kept.size, later.size, hashes).check(kept.root, later.root)
    for wrong in ({"from": later.size + 1}, {"from": 5, "to": 4}, {"from": 0, "to": later.size + 1}):
        said(await world.http.get("/v1/audit/consistency", params=wrong | params), 404)


async def test_which_bank_is_meant(own_world: World) -> None:
    """The only bank need not be named; of several, whoever asks tells which, or it is named."""
    await own_world.services.signer.sign(own_world.bank_id)
    http, one = own_world.http, Caller(own_world.http, "", own_world.volunteer.token)
    alone = await http.get("/v1/audit/checkpoint")
    assert alone.headers["content-type"] == "text/plain; charset=utf-8"
    assert alone.headers["cache-control"] == "no-store"
    other = World(own_world.app, http)
    await other.settle()
    await other.services.signer.sign(other.bank_id)
    assert said(await http.get("/v1/audit/checkpoint"), 422)["type"] == "/problems/bank-not-named"
    for answer in (
        await one.ask("GET", "/v1/audit/checkpoint"),
        await http.get("/v1/audit/checkpoint", params={"bank_id": str(own_world.bank_id)}),
        await other.volunteer.ask("GET", "/v1/audit/checkpoint", params={"bank_id": str(own_world.bank_id)}),
    ):
        assert answer.text == alone.text
    assert (await other.volunteer.ask("GET", "/v1/audit/checkpoint")).text.startswith(f"timebank/{other.bank_id}\n")
    said(await http.get("/v1/audit/checkpoint", params={"bank_id": str(uuid4())}), 404)
    said(await http.get("/v1/audit/checkpoint", headers={"Authorization": "Bearer x"}), 401)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *((path, 200) for path in ("0/000", "0/001", "0/002.p/188", "0/002.p/5", "1/000.p/2", "0/000.p/255")),
        *((path, 404) for path in ("0/002", "0/002.p/189", "0/003.p/1", "1/000", "1/000.p/3", "2/000.p/1", "63/000")),
        *(
            (path, 404)
            for path in ("64/000", "00/000", "0/0", "0/0000", "0/x000", "0/x000/000", "-1/000", "entries/000", "x")
        ),
        *((path, 404) for path in ("0/000.p/0", "0/000.p/256", "0/000.p/05", "0/000.p", f"0/{'x999/' * 12}999")),
    ],
)
async def test_tiles_have_the_names_of_the_specification(shared_log: World, path: str, status: int) -> None:
    """What the signed tree has is there, and cached for ever; what it has not, or is written otherwise, is not."""
    answer = await shared_log.http.get(f"/v1/audit/tile/{path}", params={"bank_id": str(shared_log.bank_id)})
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        assert len(answer.content) == 32 * int(path.partition(".p/")[2] or 256)


async def test_a_tile_is_kept_by_others_only_where_the_address_names_its_bank(shared_log: World) -> None:
    """Without a name it is that of whoever asks, and a cache between would hand it to those of another bank."""
    answer = await shared_log.volunteer.ask("GET", "/v1/audit/tile/0/000")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@given(level=st.integers(0, 63), number=st.integers(0, 10**15), width=st.integers(1, 256))
def test_tiles_of_long_logs_have_them_too(level: int, number: int, width: int) -> None:
    """A tile is known by the name that an independent program gives it, however far to the right it is."""
    named = "/".join(tile_path(level, number, width % 256)).removeprefix("tile/")
    assert _tile_named(named) == Tile(level, number, width)


@pytest.fixture(scope="module")
async def shared_log(world: World) -> World:
    """A further bank of the shared database, of 700 facts, which are signed."""
    other = World(world.app, world.http)
    await other.settle()
    head = await other.services.ledger.store.head(other.bank_id)
    await sow(other.services.pool, other.bank_id, head, 700)
    await other.services.pool.execute("update bank set head = 700 where bank_id = $1", other.bank_id)
    await other.services.signer.sign(other.bank_id)
    return other


async def test_a_damaged_log_proves_nothing(long_log: World) -> None:
    """Where the log lost what was signed, that is what is said, and not some proof."""
    world, params = long_log, {"bank_id": str(long_log.bank_id)}
    await tamper(world.services.owner, "delete from event where position = 300")
    answer = await world.http.get("/v1/audit/tile/0/001", params=params)
    assert said(answer, 503)["type"] == "/problems/log-damaged"


async def test_a_bank_that_signed_nothing_has_no_checkpoint(own_world: World) -> None:
    """Before the first checkpoint there is none, and one is told to ask again."""
    said(await own_world.http.get("/v1/audit/checkpoint"), 404)
