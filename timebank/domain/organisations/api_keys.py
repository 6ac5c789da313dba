"""API keys: what organisations' programs act with. That there is one is a fact; its secret only the program has.

There is a `Permission` for each kind of operation (listed in `facts/organisations.py`). What a key with it may do is
said by the operation's row in `access/table.py` (`permission=…`), and decided in `access/rights.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from timebank.domain.facts.organisations import ApiKeyIssued, ApiKeyReplaced, ApiKeyRevoked, Permission
from timebank.domain.identifiers import KeyId, OrganisationId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, Moment, about, event
from timebank.domain.organisations.memberships import MANAGES_MEMBERS, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import KeyNotInForce, KeyTermNotPossible, KeyUnknown, RoleMissing
from timebank.domain.text import Line, Text

Permissions = Annotated[tuple[Permission, ...], Meta(min_length=1, max_length=10)]
OverlapHours = Annotated[int, Meta(ge=0, le=30 * 24)]

LONGEST_TERM = timedelta(days=3653)


class ApiKey(Memory):
    """One key, as it now stands."""

    issued: ApiKeyIssued | None = None
    status = "unknown"
    expires_at: datetime | None = None

    def __init__(self, key_id: KeyId) -> None:
        super().__init__(key_id)
        self.key_id = key_id

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

    def must_manage(self, known: Known) -> None:
        """Refuse whoever does not manage the organisation, and its programs."""
        if self.by.organisation_id == self.organisation_id:
            raise RoleMissing(role=" or ".join(MANAGES_MEMBERS), organisation_id=self.organisation_id)
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)


class IssueKey(_OnKeys, frozen=True, kw_only=True):
    """Give a program of an organisation a key."""

    key_id: KeyId
    label: Line
    permissions: Permissions
    secret_hash: str
    expires_at: Moment | None = None

    def needs(self) -> Sequence[Key]:
        return about(Organisation, self.organisation_id), *right_of(self.by, self.organisation_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        self.must_manage(known)
        organisation.must_be_approved()
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

    def needs(self) -> Sequence[Key]:
        return about(ApiKey, self.key_id), *right_of(self.by, self.organisation_id)

    def managed(self, known: Known) -> ApiKeyIssued:
        """The key in question, as it was issued; refuses whoever does not manage it."""
        self.must_manage(known)
        key = known(ApiKey, self.key_id)
        if key.issued is None or key.issued.organisation_id != self.organisation_id:
            raise KeyUnknown(key_id=self.key_id)
        return key.issued


class RotateKey(_OnKey, frozen=True, kw_only=True):
    """Put another key in a key's place; for `overlap_hours` both are good, so that no program is cut off.

    Not while the organisation is suspended: then keys are revoked at most.
    """

    new_key_id: KeyId
    secret_hash: str
    overlap_hours: OverlapHours

    def needs(self) -> Sequence[Key]:
        return *super().needs(), about(Organisation, self.organisation_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        issued, key = self.managed(known), known(ApiKey, self.key_id)
        known(Organisation, self.organisation_id).must_be_approved()
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

    reason: Text | None = None

    def decide(self, known: Known) -> Iterator[Fact]:
        self.managed(known)
        key = known(ApiKey, self.key_id)
        if key.status == "revoked":
            raise KeyNotInForce(status=key.status)
        yield ApiKeyRevoked(key_id=self.key_id, organisation_id=self.organisation_id, reason=self.reason)
