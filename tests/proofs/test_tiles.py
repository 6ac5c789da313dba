"""The tree as it is kept, and what is proved from it."""

import asyncio
from functools import cache
from random import Random
from uuid import UUID

import asyncpg
import pytest
from tlog_scales import tiles as oracle
from tlog_scales.reader import TilesReader

from tests.proofs.conftest import BANK, LONG, grow, leaf, sow
from timebank.db.connections import Pool
from timebank.proofs import tiles as kept
from timebank.proofs.merkle import Completed, Edge, check_consistency, check_inclusion
from timebank.proofs.tiles import LogDamagedError, Tile, Tiles

SIZES = [1, 2, 255, 256, 257, 511, 512, 5_000, 65_535, 65_536, 65_537, 65_793, LONG]


def root(size: int) -> bytes:
    """The root over the leaves that were sown."""
    return _roots()[size]


@cache
def _roots() -> dict[int, bytes]:
    roots, edge = {}, Edge()
    for position in range(1, LONG + 1):
        edge.add(leaf(position))
        roots[edge.size] = edge.root
    return roots


@pytest.mark.parametrize("size", SIZES)
async def test_any_leaf_of_any_tree_is_proved(long_pool: Pool, size: int) -> None:
    """The root of a tree of any size, and a proof for any leaf in it, come from the tiles."""
    tiles, chance = Tiles(long_pool), Random(size)
    assert await tiles.root(BANK, size) == root(size)
    for index in {0, size - 1, *(chance.randrange(size) for _ in range(20))}:
        path = await tiles.inclusion(BANK, index, size)
        check_inclusion(leaf(index + 1), index, size, path, root(size))


@pytest.mark.parametrize("new", SIZES)
async def test_any_tree_is_proved_to_begin_with_any_earlier_one(long_pool: Pool, new: int) -> None:
    """From each size to each later one there is a proof, from nothing and from itself included."""
    tiles = Tiles(long_pool)
    for old in {0, new, *(size for size in SIZES if size < new)}:
        path = await tiles.consistency(BANK, old, new)
        check_consistency(old, root(old) if old else await tiles.root(BANK, 0), new, root(new), path)


async def test_one_goes_on_from_what_is_kept(long_pool: Pool) -> None:
    """The right edge is had from the tiles, and grows from there to the same roots and the same tiles."""
    tiles = Tiles(long_pool)
    for old, new in ((0, 300), (255, 256), (300, 1_000), (65_000, 65_536), (65_600, LONG)):
        edge, whole = await tiles.edge(BANK, old), Edge()
        for position in range(old + 1, new + 1):
            edge.add(leaf(position))
        for position in range(1, new + 1):
            whole.add(leaf(position))
        assert edge.root == root(new)
        assert edge.completed == [each for each in whole.completed if each in edge.completed]
        assert len(edge.completed) == sum((new >> 8 * n) - (old >> 8 * n) for n in (1, 2))


async def test_tiles_are_those_of_the_specification(long_pool: Pool) -> None:
    """A library that knows nothing but tiles comes to the same root and the same proofs."""
    served = Served([])
    served.tiles = {
        tuple(oracle.tile_path(level, number, tile.width % 256)): (await Tiles(long_pool).read(BANK, [tile]))[0]
        for level in range(3)
        for number in range(300)
        if (tile := Tile.of(level, number, LONG)).width
    }
    reader = TilesReader(served)
    reader.set_size(LONG)
    assert reader.calculate_root_hash() == root(LONG)
    assert served.asked == {"tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1"}
    for index in (0, 70, 65_535, LONG - 1):
        proof = reader.get_inclusion_proof(index, LONG)
        assert proof.node_hashes == await Tiles(long_pool).inclusion(BANK, index, LONG)
    proof_from = reader.get_consistency_proof(40_000, LONG)
    assert proof_from.node_hashes == await Tiles(long_pool).consistency(BANK, 40_000, LONG)


class Served:
    """Tiles as a server would have them."""

    tiles: dict[tuple[str, ...], bytes]

    def __init__(self, asked: list[str]) -> None:
        self.asked = set(asked)

    def get(self, *path: str) -> bytes | None:
        """A tile by its path."""
        self.asked.add("/".join(path))
        return self.tiles.get(path)


async def test_tiles_are_looked_at_again_only_when_they_were_dropped(
    long_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few tiles are kept ready, proofs are the same."""
    monkeypatch.setattr(kept, "KEPT_TILES", 2)
    few = Tiles(long_pool)
    for index in (0, 30_000, 0, LONG - 1, 30_000):
        assert await few.inclusion(BANK, index, LONG) == await Tiles(long_pool).inclusion(BANK, index, LONG)


async def test_proofs_at_once_are_right(long_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one proof needs may be put away for another while the rest is read."""
    monkeypatch.setattr(kept, "KEPT_TILES", 2)
    few, sizes = Tiles(long_pool), [300 * number for number in range(1, 60)]
    expected = [await Tiles(long_pool).consistency(BANK, size, LONG) for size in sizes]

    async def one_after_the_other() -> list[list[bytes]]:
        return [await few.consistency(BANK, size, LONG) for size in sizes]

    found = await asyncio.gather(*(one_after_the_other() for _ in range(6)))
    assert found == [expected] * 6


async def test_a_leaf_that_is_missing_is_noticed(pool: Pool, bank_id: UUID) -> None:
    """Where a fact, or a tile, is gone there is no proof, and it is said where."""
    await sow(pool, bank_id, 0, 600)
    await grow(pool, bank_id, Edge(), 600)
    async with pool.acquire() as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from event where position = 300")
        with pytest.raises(LogDamagedError, match="tile 1 of level 0"):
            await Tiles(pool).inclusion(bank_id, 280, 600)
        await connection.execute("delete from tile where number = 0")
    with pytest.raises(LogDamagedError, match="tile 0 of level 1"):
        await Tiles(pool).inclusion(bank_id, 590, 600)


async def test_a_tile_is_kept_once(pool: Pool, bank_id: UUID) -> None:
    """The same tile may be kept again; another in its place is refused, and nothing can change or remove one."""
    await grow(pool, bank_id, Edge(), 600)
    await grow(pool, bank_id, Edge(), 600)
    async with pool.acquire() as connection:
        with pytest.raises(LogDamagedError, match="tile 1 of level 0"):
            await kept.keep(connection, bank_id, [Completed(0, 1, bytes(32))])
        for statement in ("update tile set level = 1", "delete from tile", "truncate tile"):
            with pytest.raises(asyncpg.RaiseError, match="never changed"):
                await connection.execute(statement)
