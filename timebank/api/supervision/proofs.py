"""Proofs: that a fact is in the log, as a file that is checked offline, and as a receipt to print."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter

from timebank.access.table import PROVE_FACT
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.api.supervision.receipts import drawn
from timebank.proofs.inclusion import Entry, entry, prove, receipt

Position = Annotated[int, PathParameter(ge=1, le=2**53, description="The position of the fact in the log.")]


class ProofController(Controller):
    """`/v1/audit`"""

    path = "/audit"
    tags = ("Audit",)
    opt = NEVER_BEHIND

    @get(
        "/proof/{position:int}",
        responses=READS,
        media_type="text/plain",
        response_description="The proof; its extra data are the fact as it is sealed.",
        access=PROVE_FACT,
    )
    async def prove_fact(self, request: BankRequest, position: Position) -> Response[str]:
        """The proof that a fact is in the log: a C2SP `tlog-proof`, checked without this service (docs/audit.md).

        Auditors get it for every fact, others for facts about themselves and for what they did.
        """
        found = await _seen(request, position)
        text = await prove(request.services.cosigners, request.bank_id, found)
        name = f'attachment; filename="{request.bank_id}-{position}.tlog-proof"'
        return Response(text, media_type="text/plain", headers={"Content-Disposition": name})

    @get(
        "/receipt/{position:int}",
        responses=READS,
        media_type="image/svg+xml",
        response_description="The receipt, with a QR code that holds the same.",
        access=PROVE_FACT,
    )
    async def print_receipt(self, request: BankRequest, position: Position) -> Response[str]:
        """A receipt for a fact, to print and keep: where in the log it is, and by which hash it is known again."""
        found = await _seen(request, position)
        line = receipt(request.bank_id, position, found.leaf)
        image = drawn(line, found.event.topic, found.recorded_at.astimezone(request.zone))
        return Response(image, media_type="image/svg+xml")


async def _seen(request: BankRequest, position: int) -> Entry:
    """A fact that the asker may see; to others there is none at its position."""
    found = await entry(request.pool, request.bank_id, position)
    if found is None or not request.sight.sees_fact(found.event):
        raise NotFoundException("There is no fact at this position, or not for you.")
    return found
