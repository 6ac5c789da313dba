"""The tree as it is kept: 256 hashes make a tile (C2SP tlog-tiles); the hash over each full tile is a row for good.

Tiles of level 0 are the leaves of the log itself. Any hash of the tree comes from few tiles, however long the log is.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.proofs.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Completed,
    Edge,
    Span,
    complete,
    consistency,
    inclusion,
    joined,
    node,
)

SQL = load_statements("timebank.proofs", "tiles.sql")

KEPT_TILES = 256
"""Of how many tiles all hashes are kept ready; each takes some 40 KB."""


class LogDamagedError(Exception):
    """The log, or the tree over it, is not what it was: something was changed or removed behind our back."""


class Tile(NamedTuple):
    """A tile, by its place and by how many hashes it has in a tree; below 256 it is partial."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @classmethod
    def of(cls, level: int, number: int, size: int) -> Self:
        """The tile at a place, as it is in a tree of `size` leaves. Its width is 0 where the tree has none there."""
        hashes = (size >> TILE_HEIGHT * level) - TILE_WIDTH * number
        return cls(level, number, min(max(hashes, 0), TILE_WIDTH))


class _Place(NamedTuple):
    """Where the hash of a complete subtree is: so many levels above a tile's hashes, from the left."""

    level: int
    number: int
    height: int
    across: int

    @classmethod
    def of(cls, subtree: Span) -> Self:
        level, height = divmod((subtree.end - subtree.start).bit_length() - 1, TILE_HEIGHT)
        nth = subtree.start >> TILE_HEIGHT * level + height
        number, across = divmod(nth, TILE_WIDTH >> height)
        return cls(level, number, height, across)


class Tiles:
    """Reads the trees of all banks of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._kept: OrderedDict[tuple[UUID, Tile], list[list[bytes]]] = OrderedDict()

    async def read(self, bank_id: UUID, tiles: Sequence[Tile]) -> list[bytes]:
        """The hashes of tiles, of each in one string of bytes. Raises `LogDamagedError` where some are missing."""
        levels, numbers, widths = zip(*tiles, strict=True)
        first = [number * TILE_WIDTH for number in numbers]
        rows = await self.pool.fetch(SQL["hashes"], bank_id, levels, first, widths)
        found: list[bytes] = [row["hashes"] or b"" for row in rows]
        for tile, hashes in zip(tiles, found, strict=True):
            if len(hashes) != tile.width * HASH_BYTES:
                msg = f"of tile {tile.number} of level {tile.level} there are not {tile.width} hashes"
                raise LogDamagedError(msg)
        return found

    async def root(self, bank_id: UUID, size: int) -> bytes:
        """The root of the tree over the first `size` facts."""
        (found,) = await self._hashes(bank_id, size, [Span(0, size)])
        return found

    async def edge(self, bank_id: UUID, size: int) -> Edge:
        """The right edge of the tree over the first `size` facts."""
        pieces = [[each] for each in complete(Span(0, size))]
        return Edge(size, await self._joined(bank_id, size, pieces))

    async def inclusion(self, bank_id: UUID, index: int, size: int) -> list[bytes]:
        """The proof that the fact at an index (its position - 1) is in the tree over the first `size` facts."""
        return await self._hashes(bank_id, size, inclusion(index, size))

    async def consistency(self, bank_id: UUID, old: int, new: int) -> list[bytes]:
        """The proof that the tree over the first `old` facts is the beginning of the one over the first `new`."""
        return await self._hashes(bank_id, new, consistency(old, new))

    async def _hashes(self, bank_id: UUID, size: int, spans: Iterable[Span]) -> list[bytes]:
        return await self._joined(bank_id, size, [list(complete(span)) for span in spans])

    async def _joined(self, bank_id: UUID, size: int, spans: Sequence[Sequence[Span]]) -> list[bytes]:
        """The hashes of spans, each given as the complete subtrees that it consists of."""
        places = [[_Place.of(subtree) for subtree in span] for span in spans]
        wanted = {(each.level, each.number): Tile.of(each.level, each.number, size) for span in places for each in span}
        tiles = await self._opened(bank_id, wanted.values())
        return [
            joined([tiles[wanted[each.level, each.number]][each.height][each.across] for each in span])
            for span in places
        ]

    async def _opened(self, bank_id: UUID, tiles: Iterable[Tile]) -> dict[Tile, list[list[bytes]]]:
        """Tiles with all hashes above theirs, level by level; those looked at last are kept ready."""
        found = {tile: self._kept[bank_id, tile] for tile in tiles if (bank_id, tile) in self._kept}
        missing = [tile for tile in tiles if tile not in found]
        if missing:
            for tile, hashes in zip(missing, await self.read(bank_id, missing), strict=True):
                found[tile] = _levels(hashes)
        for tile, levels in found.items():  # others may have put away meanwhile what was kept
            self._kept[bank_id, tile] = levels
            self._kept.move_to_end((bank_id, tile))
        while len(self._kept) > KEPT_TILES:
            self._kept.popitem(last=False)
        return found


def _levels(hashes: bytes) -> list[list[bytes]]:
    """All hashes of complete subtrees within a tile: of single hashes, of pairs, of fours, and so on."""
    levels = [[hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)])
    return levels


async def keep(connection: Connection, bank_id: UUID, completed: Sequence[Completed]) -> None:
    """Keep what is over tiles that are full, for good. Raises `LogDamagedError` where something else is kept."""
    if completed:
        columns = list(zip(*completed, strict=True))
        await connection.execute(SQL["keep"], bank_id, *columns)
        otherwise = await connection.fetchrow(SQL["otherwise"], bank_id, *columns)
        if otherwise:
            msg = f"tile {otherwise['number']} of level {otherwise['level']} is not what it was when it was kept"
            raise LogDamagedError(msg)
