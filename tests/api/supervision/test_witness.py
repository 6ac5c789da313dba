"""Being a witness over HTTP, as any log that speaks C2SP tlog-witness asks it."""

from collections.abc import AsyncIterator
from functools import partial
from hashlib import sha256
from uuid import uuid4

import pytest
from tlog_scales.signing import NoteSignature, Vkey
from tlog_scales.tlog import Checkpoint

from tests.api.conftest import kept
from tests.api.world import World, said, settled
from tests.proofs.test_merkle import LEAVES, mth
from tests.proofs.test_witness import KEY, OTHER, request
from timebank.proofs.notes import VerifierKey

LOG = f"log.example/{uuid4().hex}"
"""A log of the run's own: what was cosigned is kept beside the signing key too, which tests share."""


@pytest.fixture
async def witness(url: str) -> AsyncIterator[World]:
    """A bank that is a witness of another log."""
    async with kept(settled(url, witnessed_logs=str(VerifierKey.of(LOG, KEY.public_key())))) as world:
        yield world


async def test_a_log_has_its_checkpoints_cosigned(witness: World) -> None:
    """What goes on is cosigned; else the status says why not, and where the size is another one, which it is."""
    asked = partial(request, log=LOG)
    http, latest = witness.http, f"/v1/witness/{sha256(LOG.encode()).hexdigest()}/checkpoint"
    key = Vkey.from_string((await http.get("/v1/witness/key")).text.strip())
    said(await http.get(latest), 404)
    for old, new in ((0, 5), (5, 300)):
        answer = await http.post("/v1/witness/add-checkpoint", content=asked(old, new))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        line = NoteSignature.from_line(answer.text.rstrip("\n"))
        key.get_verifier().verify_note(line, Checkpoint(LOG, new, mth(LEAVES[:new]), []))
        assert answer.text in (await http.get(latest)).text
    stale = await http.post("/v1/witness/add-checkpoint", content=asked(5, 301))
    assert (stale.status_code, stale.text) == (409, "300\n")
    assert stale.headers["content-type"] == "text/x.tlog.size"
    for body, status in (
        (b"", 400), (asked(300, 301, key=OTHER), 403), (asked(300, 301, log="log.example/2"), 404),
        (asked(300, 301, root=bytes(32)), 422),
    ):  # fmt: skip
        said(await http.post("/v1/witness/add-checkpoint", content=body), status)
    note = Checkpoint.from_text((await http.get(latest)).text)
    assert (note.origin, note.size, note.root_hash) == (LOG, 300, mth(LEAVES[:300]))
