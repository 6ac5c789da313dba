"""API keys: what the programs of an organisation act with."""

import secrets
from datetime import datetime

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import MAKE_KEYS, MANAGE_PROGRAMS
from timebank.api.http.lists import listed
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    Status,
    WhyRequest,
    happened,
)
from timebank.domain.facts.organisations import ApiKeyIssued
from timebank.domain.identifiers import KeyId, OrganisationId, new_key_id
from timebank.domain.kernel import Moment
from timebank.domain.organisations.api_keys import IssueKey, OverlapHours, Permissions, RevokeKey, RotateKey
from timebank.domain.text import Line
from timebank.identity.principals import api_key, last_used, secret_hash
from timebank.ledger.submission import Receipt
from timebank.projections.organisations import api_keys
from timebank.projections.organisations.api_keys import ApiKeyView


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the key is for, what it may do, and until when."""

    label: Line
    permissions: Permissions
    expires_at: Moment | None = None


class RotateRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many hours the old key stays good beside the new one."""

    overlap_hours: OverlapHours = 24


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key. `api_key` is shown here and kept nowhere: null where the same request is repeated."""

    key_id: str
    organisation_id: str
    api_key: str | None
    position: int


class KeySeen(ApiKeyView, frozen=True, kw_only=True):
    """A key as it stands, and when it was last used, to the minute."""

    last_used_at: datetime | None


class KeyStatus(Status, frozen=True, kw_only=True):
    """How the key stands now."""

    key_id: str


class KeyController(Controller):
    """`/v1/organisations/{organisation_id}/keys`"""

    path = "/organisations/{organisation_id:str}/keys"
    tags = ("API keys",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=MANAGE_PROGRAMS)
    async def list_keys(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
    ) -> Page[KeySeen]:
        """An organisation's keys, those that are over as well; never their secrets."""
        await request.must_be_known("organisation_id", organisation_id)
        await request.sight.must_manage(OrganisationId(organisation_id))

        async def page(after: str, limit: int) -> list[KeySeen]:
            items = await api_keys.page(request.pool, request.bank_id, organisation_id, after, limit)
            used = await last_used(request.pool, request.bank_id, [each.key_id for each in items])
            return [KeySeen(**msgspec.structs.asdict(each), last_used_at=used.get(each.key_id)) for each in items]

        return await listed(request, page, after, limit, "key_id")

    @post(responses=WRITES, access=MAKE_KEYS)
    async def issue_key(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[KeyRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> NewKey:
        """Make a key for a program of the organisation; it is shown only in this answer."""
        secret = secrets.token_urlsafe(32)
        command = IssueKey(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            key_id=new_key_id(),
            label=data.label,
            permissions=data.permissions,
            secret_hash=secret_hash(secret),
            expires_at=data.expires_at,
        )
        return _issued(await request.execute(command, idempotency_key), secret)

    @post("/{key_id:str}/rotate", responses=WRITES, access=MAKE_KEYS)
    async def rotate_key(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        key_id: FromPath[str],
        data: JSONBody[RotateRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> NewKey:
        """Put a new key in an old one's place; for some hours both are good."""
        secret = secrets.token_urlsafe(32)
        command = RotateKey(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            key_id=KeyId(key_id),
            new_key_id=new_key_id(),
            secret_hash=secret_hash(secret),
            overlap_hours=(data or RotateRequest()).overlap_hours,
        )
        return _issued(await request.execute(command, idempotency_key), secret)

    @post("/{key_id:str}/revoke", status_code=200, responses=WRITES, access=MANAGE_PROGRAMS)
    async def revoke_key(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        key_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> KeyStatus:
        """Make a key useless, at once."""
        command = RevokeKey(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            key_id=KeyId(key_id),
            reason=data.reason if data else None,
        )
        receipt = await request.execute(command, idempotency_key)
        return KeyStatus(key_id=key_id, status="revoked", position=receipt.position)


def _issued(receipt: Receipt, secret: str) -> NewKey:
    fact = happened(receipt, ApiKeyIssued)
    is_first = fact.secret_hash == secret_hash(secret)
    return NewKey(
        key_id=fact.key_id,
        organisation_id=fact.organisation_id,
        api_key=api_key(fact.key_id, secret) if is_first else None,
        position=receipt.position,
    )
