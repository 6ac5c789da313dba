"""Notices: people are told what others did on their account, and auditors see the same."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access import notices
from timebank.access.notices import EVERYTHING, Notice, Reached
from timebank.access.table import OWN, VIEW_NOTICES
from timebank.api.http.lists import paged
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, Limit

_CURSOR = r"^[0-9]{1,16}-[0-9]{1,16}$(?!\n)"


Before = Annotated[str | None, QueryParameter(pattern=_CURSOR, description="The `next` of the page before.")]


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, the latest first, and the cursor of what was before; null where there is nothing more.

    `latest` is to be sent back when these have been read.
    """

    items: list[Notice]
    next: str | None
    latest: str


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to where somebody has read: the `latest` of the first page."""

    up_to: Annotated[str, msgspec.Meta(pattern=_CURSOR)]


class HaveRead(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where they have read, at least."""

    up_to: str


class NoticeController(Controller):
    """`/v1/volunteers/{volunteer_id}/notices`, and `/v1/me/notices`"""

    path = "/volunteers/{volunteer_id:str}/notices"
    tags = ("Audit",)

    @get(responses=READS, access=VIEW_NOTICES, lists=Notice)
    async def list_notices(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        after: Before = None,
        limit: Limit = 50,
        unread: Annotated[bool, QueryParameter(description="Only what has not been read yet.")] = False,
    ) -> Notices:
        """What others did on an account, latest first: codes, proxies, offices, records, resets, ended sessions; and
        what its owner would know as their own doing: passwords, second factors, sign-ins from new devices.
        """
        await request.must_be_known("volunteer_id", volunteer_id)
        pool, log, bank_id = request.pool, request.services.security_log, request.bank_id
        read = await notices.read_so_far(pool, bank_id, volunteer_id)
        since = read if unread else notices.NOTHING

        async def page(cursor: str | None, limit: int) -> Notices:
            before = Reached.parsed(cursor) if cursor else EVERYTHING
            found = await notices.page(pool, log, bank_id, volunteer_id, before=before, after=since, limit=limit + 1)
            items = found[:limit]
            more = str(notices.reached(items, before)) if len(found) > limit else None
            shown = await request.named(items, is_noted=True)
            return Notices(items=shown, next=more, latest=str(notices.newest(items, read)))

        return await paged(request, page, after, limit)

    @post("/read", status_code=200, responses=WRITES, access=OWN)
    async def mark_notices_read(
        self, request: BankRequest, volunteer_id: FromPath[str], data: JSONBody[ReadRequest]
    ) -> HaveRead:
        """Say up to where one has read; `GET /v1/me` counts what came after."""
        pool, log, up_to = request.pool, request.services.security_log, Reached.parsed(data.up_to)
        return HaveRead(up_to=str(await notices.mark_read(pool, log, request.bank_id, volunteer_id, up_to)))
