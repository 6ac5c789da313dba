"""API keys: what organisations' programs act with. That there is one is a fact; its secret only the program has."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from timebank.domain.identifiers import KeyId, OrganisationId
from timebank.domain.kernel import Command, Fact, Memory, Moment, event
from timebank.domain.memberships import MANAGES_MEMBERS, must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import KeyNotInForce, KeyTermNotPossible, KeyUnknown, RoleMissing

Permission = Literal["read", "log-service", "verify-service", "manage-members", "register-volunteers", "fulfil-rewards"]
"""What a key is good for, within its one organisation."""

LONGEST_OVERLAP_HOURS = 30 * 24
LONGEST_TERM = timedelta(days=3653)


class ApiKeyIssued(Fact, frozen=True, kw_only=True):
    """A program of the organisation may act with a key. `secret_hash` is the SHA-256 of its 256 random bits, in hex."""

    TOPIC = "api-key-issued"
    key_id: KeyId
    organisation_id: OrganisationId
    label: str
    permissions: tuple[Permission, ...]
    secret_hash: str
    expires_at: Moment | None = None
    replaces: KeyId | None = None


class ApiKeyReplaced(Fact, frozen=True, kw_only=True):
    """Another key takes this one's place; until `expires_at` both are good."""

    TOPIC = "api-key-replaced"
    key_id: KeyId
    organisation_id: OrganisationId
    replaced_by: KeyId
    expires_at: Moment


class ApiKeyRevoked(Fact, frozen=True, kw_only=True):
    """The key is good for nothing any more."""

    TOPIC = "api-key-revoked"
    key_id: KeyId
    organisation_id: OrganisationId
    reason: str | None = None


class ApiKey(Memory):
    """One key, as it now stands."""

    issued: ApiKeyIssued | None = None
    status = "unknown"
    expires_at: datetime | None = None

    @event(ApiKeyIssued)
    def _(self, fact: ApiKeyIssued) -> None:
        self.issued, self.status, self.expires_at = fact, "in force", fact.expires_at

    @event(ApiKeyReplaced)
    def _(self, expires_at: datetime) -> None:
        self.status, self.expires_at = "replaced", expires_at

    @event(ApiKeyRevoked)
    def _(self) -> None:
        self.status = "revoked"


class _OnKeys(Command, frozen=True, kw_only=True):
    """What the commands on keys have in common: people manage them, programs do not."""

    organisation_id: OrganisationId

    def must_manage(self, right: Sequence[Memory]) -> None:
        if self.by.organisation_id == self.organisation_id or self.by.scope == self.organisation_id:
            raise RoleMissing(role=" or ".join(MANAGES_MEMBERS), organisation_id=self.organisation_id)
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), right)


class IssueKey(_OnKeys, frozen=True, kw_only=True):
    """Give a program of an organisation a key."""

    key_id: KeyId
    label: str
    permissions: tuple[Permission, ...]
    secret_hash: str
    expires_at: Moment | None = None

    def needs(self) -> Sequence[Memory]:
        return Organisation(self.organisation_id), *right_of(self.by, self.organisation_id)

    def decide(self, organisation: Organisation, *right: Memory) -> Iterator[Fact]:
        organisation.must_exist(self.organisation_id)
        self.must_manage(right)
        organisation.must_be_approved(self.organisation_id)
        if self.expires_at and not self.at < self.expires_at <= self.at + LONGEST_TERM:
            raise KeyTermNotPossible
        yield ApiKeyIssued(
            key_id=self.key_id,
            organisation_id=self.organisation_id,
            label=self.label,
            permissions=tuple(dict.fromkeys(self.permissions)),
            secret_hash=self.secret_hash,
            expires_at=self.expires_at,
        )


class _OnKey(_OnKeys, frozen=True, kw_only=True):
    """What the commands on an existing key have in common."""

    key_id: KeyId

    def needs(self) -> Sequence[Memory]:
        return ApiKey(self.key_id), *right_of(self.by, self.organisation_id)

    def must_be_managed(self, key: ApiKey, right: Sequence[Memory]) -> ApiKeyIssued:
        self.must_manage(right)
        if key.issued is None or key.issued.organisation_id != self.organisation_id:
            raise KeyUnknown(key_id=self.key_id)
        return key.issued


class RotateKey(_OnKey, frozen=True, kw_only=True):
    """Put another key in a key's place; for `overlap_hours` both are good, so that no program is cut off."""

    new_key_id: KeyId
    secret_hash: str
    overlap_hours: int

    def decide(self, key: ApiKey, *right: Memory) -> Iterator[Fact]:
        issued = self.must_be_managed(key, right)
        expired = key.expires_at is not None and key.expires_at <= self.at
        if key.status != "in force" or expired:
            raise KeyNotInForce(status="expired" if key.status == "in force" else key.status)
        until = self.at + timedelta(hours=self.overlap_hours)
        yield ApiKeyIssued(
            key_id=self.new_key_id,
            organisation_id=self.organisation_id,
            label=issued.label,
            permissions=issued.permissions,
            secret_hash=self.secret_hash,
            expires_at=issued.expires_at,
            replaces=self.key_id,
        )
        yield ApiKeyReplaced(
            key_id=self.key_id,
            organisation_id=self.organisation_id,
            replaced_by=self.new_key_id,
            expires_at=min(until, key.expires_at or until),
        )


class RevokeKey(_OnKey, frozen=True, kw_only=True):
    """Make a key useless, at once."""

    reason: str | None = None

    def decide(self, key: ApiKey, *right: Memory) -> Iterator[Fact]:
        self.must_be_managed(key, right)
        if key.status == "revoked":
            raise KeyNotInForce(status=key.status)
        yield ApiKeyRevoked(key_id=self.key_id, organisation_id=self.organisation_id, reason=self.reason)
