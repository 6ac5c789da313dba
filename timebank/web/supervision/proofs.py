"""One line of the history, proved: that it is in the signed log just as it was recorded; and its receipt to keep."""

import tempfile
from pathlib import Path
from typing import Any

from litestar import Response

from timebank.verifier.checking import Verifier
from timebank.verifier.notes import key_of
from timebank.verifier.tree import WrongError
from timebank.web.http.pages import Page
from timebank.web.http.visitors import Visitor


async def proof(visitor: Visitor) -> Response[Any]:
    """The proof, checked while one looks; to be taken along, and checked elsewhere."""
    position = visitor.path["position"]
    text = (await visitor.asked("GET", f"/audit/proof/{position}")).body.decode()
    keys = await visitor.get("/audit/keys", bank_id=str(visitor.bank_id))
    holds, said = _checked(text, keys["verifier_keys"])
    return visitor.show("supervision/proof.html", position=position, holds=holds, said=said, keys=keys["verifier_keys"])


def _checked(text: str, keys: list[str]) -> tuple[bool, str]:
    """Whether a proof holds by these keys, and which fact it is, or what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return True, Verifier({key_of(each) for each in keys}, set(), 0, [], Path(folder)).proof(text)
        except WrongError as wrong:
            return False, str(wrong)


async def proof_file(visitor: Visitor) -> Response[Any]:
    """The proof as a file."""
    return await visitor.hand_out(f"/audit/proof/{visitor.path['position']}")


async def receipt(visitor: Visitor) -> Response[Any]:
    """The receipt, as a drawing with a QR code."""
    return await visitor.hand_out(f"/audit/receipt/{visitor.path['position']}")


PAGES = [
    Page("/proofs/{position:str}", proof),
    Page("/proofs/{position:str}/receipt.svg", receipt),
    Page("/proofs/{position:str}/proof.export", proof_file),
]
