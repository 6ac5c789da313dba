"""Checkpoints: what was signed of the log, the tree below it (C2SP tlog-tiles), and that nothing was taken back."""

import re
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from timebank.access.table import PUBLIC
from timebank.api.http.guard import bank_meant
from timebank.api.http.problems import answers
from timebank.api.http.requests import BankRequest
from timebank.proofs.checkpoints import encoded, origin_of
from timebank.proofs.entries import key_changes
from timebank.proofs.signer import Signed
from timebank.proofs.tiles import Tile

ANSWERS = answers(400, 401, 404, 422, 429, 500, 503)

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""A tile of a bank that the address names never changes. Without a name the address means another bank to others."""

BankId = Annotated[
    UUID | None,
    QueryParameter(description="The bank, if nobody is signed in and there are several; else whoever asks tells it."),
]

_TILE = re.compile(r"/?(0|[1-9][0-9]?)/((?!x000/)(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class LogKeys(msgspec.Struct, frozen=True, kw_only=True):
    """By which keys a bank's checkpoints are signed: C2SP verifier keys. While one is replaced there are two.

    `key_changes` are the checkpoints that an old and a new key signed together.
    """

    origin: str
    verifier_keys: list[str]
    key_changes: list[str]


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """The proof (RFC 6962, 2.1.2) that the first `old_size` facts are the beginning of the first `new_size`."""

    old_size: int
    new_size: int
    hashes: list[str]


class CheckpointController(Controller):
    """`/v1/audit`"""

    path = "/audit"
    tags = ("Audit",)
    security = ({},)

    @get("/checkpoint", responses=ANSWERS, media_type="text/plain", access=PUBLIC)
    async def get_checkpoint(self, request: BankRequest, bank_id: BankId = None) -> str:
        """How long the log is, and the root of the tree over it, signed: a C2SP `tlog-checkpoint`."""
        return (await _latest(request, await bank_meant(request, bank_id))).note

    @get("/keys", responses=ANSWERS, access=PUBLIC)
    async def get_log_keys(self, request: BankRequest, bank_id: BankId = None) -> LogKeys:
        """The keys that checkpoints are signed with. Take them from elsewhere, too, before you believe them."""
        bank = await bank_meant(request, bank_id)
        keys = request.services.signer.verifier_keys(bank)
        changes = await key_changes(request.pool, bank)
        return LogKeys(origin=origin_of(bank), verifier_keys=[str(key) for key in keys], key_changes=changes)

    @get(
        "/tile/{tile:path}",
        responses=ANSWERS,
        media_type="application/octet-stream",
        response_description="The hashes of the tile.",
        access=PUBLIC,
    )
    async def get_tile(self, request: BankRequest, tile: FromPath[Path], bank_id: BankId = None) -> Response[bytes]:
        """Up to 256 hashes of the tree, as C2SP `tlog-tiles` names them: `0/x001/234`; of fewer, `0/x001/234.p/5`."""
        bank, wanted = await bank_meant(request, bank_id), _tile_named(str(tile))
        there = Tile.of(wanted.level, wanted.number, (await _latest(request, bank)).size)
        if wanted.width > there.width:
            raise NotFoundException("The tree has no such tile.")
        (hashes,) = await request.services.signer.tiles.read(bank, [wanted])
        headers = FOR_EVER if bank_id else None
        return Response(hashes, media_type="application/octet-stream", headers=headers)

    @get("/consistency", responses=ANSWERS, access=PUBLIC)
    async def get_consistency(
        self,
        request: BankRequest,
        old: Annotated[int, QueryParameter(name="from", ge=0, le=2**53, description="The size of an earlier tree.")],
        new: Annotated[
            int | None, QueryParameter(name="to", ge=0, le=2**53, description="Of a later one; else the latest signed.")
        ] = None,
        bank_id: BankId = None,
    ) -> Consistency:
        """That an earlier tree is the beginning of a later one: nothing in it was changed, removed or inserted."""
        bank = await bank_meant(request, bank_id)
        size = (await _latest(request, bank)).size
        later = size if new is None else new
        if not old <= later <= size:
            raise NotFoundException("There are proofs from a size to one as large or larger, up to that of the log.")
        path = await request.services.signer.tiles.consistency(bank, old, later)
        return Consistency(old_size=old, new_size=later, hashes=[encoded(each) for each in path])


async def _latest(request: BankRequest, bank_id: UUID) -> Signed:
    latest = await request.services.cosigners.latest(bank_id)
    if latest is None:
        raise NotFoundException("Nothing was signed yet; ask again in some seconds.")
    return latest


def _tile_named(path: str) -> Tile:
    """The tile of a path. Raises `NotFoundException` for what is no tile's."""
    named = _TILE.fullmatch(path)
    level, width = (int(named[1]), int(named[3] or 256)) if named else (64, 0)
    if not named or level > 63 or not 0 < width <= 256 or named[3] == "256" or len(named[2]) > 40:
        raise NotFoundException("This names no tile.")
    return Tile(level, int(named[2].replace("x", "").replace("/", "")), width)
