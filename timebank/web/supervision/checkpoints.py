"""The latest signed state of the history, verified while one looks; and whether it goes on from one kept earlier."""

import base64
import tempfile
from pathlib import Path
from typing import Any

from litestar import Response

from timebank.verifier.checking import Verifier
from timebank.verifier.notes import Checkpoint, checkpoint_of, key_of, must_extend, unbased
from timebank.verifier.tree import WrongError
from timebank.web.http.asking import Refused
from timebank.web.http.offices import in_office
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def checkpoint(visitor: Visitor, earlier: dict[str, Any] | None = None) -> Response[Any]:
    """What was signed last, whether the signature holds, and whether the history as it is now has that very seal."""
    bank = {"bank_id": str(visitor.bank_id)}
    try:
        note = (await visitor.asked("GET", "/audit/checkpoint", None, bank)).body.decode()
    except Refused as refused:
        if refused.status != 404:
            raise
        return await in_office(visitor, "supervision/checkpoint.html", note="")
    signed, keys = checkpoint_of(note), (await visitor.get("/audit/keys", params=bank))["verifier_keys"]
    now = await visitor.get("/audit/as-of", position=signed.size)
    return await in_office(
        visitor,
        "supervision/checkpoint.html",
        note=note,
        size=signed.size,
        keys=keys,
        is_signed=_wrong(signed, keys) is None,
        is_sealed=base64.b64encode(signed.root).decode() == now["root"],
        moment_of_last=now["recorded_at"],
        earlier=earlier,
    )


async def compare(visitor: Visitor) -> Response[Any]:
    """Whether the history as it was signed last begins with what was signed and kept earlier."""
    bank = {"bank_id": str(visitor.bank_id)}
    try:
        kept = checkpoint_of(visitor.form.said("kept").replace("\r", "").strip() + "\n")
    except (WrongError, ValueError):
        reason = visitor.say("This is no signed state of the history, or it was not copied whole.")
        field = {"field": "kept", "reason": reason}
        raise Refused({"status": 422, "detail": reason, "errors": [field]}) from None
    latest = checkpoint_of((await visitor.asked("GET", "/audit/checkpoint", None, bank)).body.decode())
    keys = (await visitor.get("/audit/keys", params=bank))["verifier_keys"]
    wrong = _wrong(kept, keys) or await _extended(visitor, kept, latest)
    return await checkpoint(visitor, {"size": kept.size, "holds": wrong is None, "said": wrong})


async def _extended(visitor: Visitor, kept: Checkpoint, latest: Checkpoint) -> str | None:
    """What is wrong, if the history does not go on from a state of it."""
    asked = {"from": kept.size, "to": latest.size, "bank_id": str(visitor.bank_id)}
    try:
        proof = await visitor.get("/audit/consistency", params=asked) if kept.size <= latest.size else {"hashes": []}
        must_extend(kept, latest, [unbased(each) for each in proof["hashes"]])
    except WrongError as wrong:
        return str(wrong)
    return None


def _wrong(signed: Checkpoint, keys: list[str]) -> str | None:
    """What is wrong with a signed state; nothing, if one of these keys signed it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Verifier({key_of(each) for each in keys}, set(), 0, [], Path(folder)).accept(signed)
        except WrongError as wrong:
            return str(wrong)
    return None


async def checkpoint_file(visitor: Visitor) -> Response[Any]:
    """What was signed last, to be kept."""
    return await visitor.hand_out("/audit/checkpoint", bank_id=str(visitor.bank_id))


PAGES = [
    Page("/admin/checkpoint", checkpoint, compare),
    Page("/admin/checkpoint.txt", checkpoint_file),
]
