"""Being a witness of other logs, over HTTP (C2SP tlog-witness)."""

from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter

from timebank.access.table import PUBLIC
from timebank.api.http.problems import answers, respond
from timebank.api.http.requests import BankRequest
from timebank.api.http.telling.troubles import Trouble
from timebank.proofs.witness import NotWitnessedError, StaleError

LONGEST_BODY = 65_536
SIZE = {"content-type": "text/x.tlog.size"}
"""Of an answer that is the size which was cosigned last: just so, with no `charset`, as programs compare it."""

OriginHash = Annotated[
    str, PathParameter(pattern=r"^[0-9a-f]{64}$(?!\n)", description="The SHA-256 of the log's name, in hexadecimal.")
]


class WitnessController(Controller):
    """`/v1/witness`: what C2SP calls the submission prefix and the monitoring prefix."""

    path = "/witness"
    tags = ("Audit",)
    security = ({},)

    @get("/key", media_type="text/plain", responses=answers(400, 401, 429, 500, 503), access=PUBLIC)
    async def get_witness_key(self, request: BankRequest) -> str:
        """By which key checkpoints of others are cosigned here: a C2SP verifier key."""
        return f"{request.services.witness.key}\n"

    @post(
        "/add-checkpoint",
        status_code=200,
        media_type="text/plain",
        responses=answers(400, 401, 403, 404, 409, 413, 422, 429, 500, 503),
        response_description="The cosignature, a line of a note.",
        access=PUBLIC,
        request_max_body_size=LONGEST_BODY,
    )
    async def add_checkpoint(self, request: BankRequest) -> Response[Any]:
        """Cosign a checkpoint of a log that is witnessed here, if it goes on from the one cosigned before.

        The body is text: `old` and a size, hashes that prove consistency, an empty line, and the checkpoint.
        """
        try:
            return Response(await request.services.witness.cosign(await request.body()), media_type="text/plain")
        except StaleError as stale:
            return Response(f"{stale.size}\n", status_code=stale.status, headers=SIZE)
        except NotWitnessedError as refused:
            return respond(request, Trouble(refused.status, "{said}", {"said": str(refused)}))

    @get(
        "/{origin_hash:str}/checkpoint",
        media_type="text/plain",
        responses=answers(400, 401, 404, 429, 500, 503),
        response_description="The checkpoint, signed by the log and by this witness.",
        access=PUBLIC,
    )
    async def get_witnessed_checkpoint(self, request: BankRequest, origin_hash: OriginHash) -> str:
        """The latest checkpoint of a log that was cosigned here."""
        found = await request.services.witness.latest(bytes.fromhex(origin_hash))
        if found is None:
            raise NotFoundException("Nothing of this log was cosigned here.")
        return found
