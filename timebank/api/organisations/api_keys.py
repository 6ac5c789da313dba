"""API keys: what the programs of an organisation act with."""

import secrets

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.api.http.guard import must_manage
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    do,
    now,
    page_of,
    services,
    wait_for_reads,
)
from timebank.domain.facts.organisations import ApiKeyIssued
from timebank.domain.identifiers import KeyId, OrganisationId, new_key_id
from timebank.domain.kernel import Moment
from timebank.domain.organisations.api_keys import IssueKey, OverlapHours, Permissions, RevokeKey, RotateKey
from timebank.domain.text import Line, Text
from timebank.identity.principals import api_key, secret_hash
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


class RevokeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, if there is something to say."""

    reason: Text | None = None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key. `api_key` is shown here and kept nowhere: null where the same request is repeated."""

    key_id: str
    organisation_id: str
    api_key: str | None
    position: int


class KeyStatus(msgspec.Struct, frozen=True):
    """How the key stands now."""

    key_id: str
    status: str
    position: int


class KeyController(Controller):
    """`/v1/organisations/{organisation_id}/keys`"""

    path = "/organisations/{organisation_id:str}/keys"
    tags = ("API keys",)

    @get(responses=READS)
    async def list_keys(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
    ) -> Page[ApiKeyView]:
        """An organisation's keys, those that are over as well; never their secrets."""
        await wait_for_reads(request, None)
        await must_manage(request, OrganisationId(organisation_id))
        found = await api_keys.page(services(request).pool, request.user.bank_id, organisation_id, after, limit + 1)
        return page_of(found, limit, "key_id")

    @post(responses=WRITES)
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
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            key_id=new_key_id(),
            label=data.label,
            permissions=data.permissions,
            secret_hash=secret_hash(secret),
            expires_at=data.expires_at,
        )
        return _issued(await do(request, command, idempotency_key), secret)

    @post("/{key_id:str}/rotate", responses=WRITES)
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
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            key_id=KeyId(key_id),
            new_key_id=new_key_id(),
            secret_hash=secret_hash(secret),
            overlap_hours=(data or RotateRequest()).overlap_hours,
        )
        return _issued(await do(request, command, idempotency_key), secret)

    @post("/{key_id:str}/revoke", status_code=200, responses=WRITES)
    async def revoke_key(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        key_id: FromPath[str],
        data: JSONBody[RevokeRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> KeyStatus:
        """Make a key useless, at once."""
        command = RevokeKey(
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            key_id=KeyId(key_id),
            reason=data.reason if data else None,
        )
        receipt = await do(request, command, idempotency_key)
        return KeyStatus(key_id, "revoked", receipt.position)


def _issued(receipt: Receipt, secret: str) -> NewKey:
    fact = receipt.facts[0]
    assert isinstance(fact, ApiKeyIssued)
    is_first = fact.secret_hash == secret_hash(secret)
    return NewKey(
        key_id=fact.key_id,
        organisation_id=fact.organisation_id,
        api_key=api_key(fact.key_id, secret) if is_first else None,
        position=receipt.position,
    )
