from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    ZHAO,
    acting,
    in_office,
    member,
    on_behalf,
    standing,
)
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import (
    ApiKeyIssued,
    ApiKeyReplaced,
    ApiKeyRevoked,
    OrganisationRegistered,
    OrganisationSuspended,
    Role,
)
from timebank.domain.facts.people import VolunteerSuspended
from timebank.domain.identifiers import KeyId
from timebank.domain.kernel import Fact
from timebank.domain.organisations.api_keys import IssueKey, RevokeKey, RotateKey
from timebank.domain.organisations.refusals import (
    KeyNotInForce,
    KeyTermNotPossible,
    KeyUnknown,
    OrganisationNotApproved,
    OrganisationUnknown,
    RoleMissing,
)
from timebank.domain.refusals import YouAreSuspended

HOUR = timedelta(hours=1)
KEY = KeyId("key_1")
NEW = KeyId("key_2")
COORDINATOR = member(ZHAO, "coordinator")
ZHAO_SUSPENDED = VolunteerSuspended(volunteer_id=ZHAO, reason="代签")
MANAGERS: list[tuple[Acting, tuple[Fact, ...]]] = [
    (ADMINISTRATOR, ()),
    (in_office("administrator"), ()),
    (acting(ZHAO), COORDINATOR),
]
"""Who manages the keys of the garden, and what makes them so."""


def issue(by: Acting = ADMINISTRATOR, **changes: Any) -> IssueKey:
    """The garden's program is to log service."""
    fields: dict[str, Any] = {
        "organisation_id": GARDEN,
        "key_id": KEY,
        "label": "物业考勤",
        "permissions": ("read", "log-service"),
        "secret_hash": "a" * 64,
    }
    return IssueKey(by=by, at=NOON, **(fields | changes))


def issued(**changes: Any) -> ApiKeyIssued:
    """What `issue` comes to."""
    fields: dict[str, Any] = {
        "organisation_id": GARDEN,
        "key_id": KEY,
        "label": "物业考勤",
        "permissions": ("read", "log-service"),
        "secret_hash": "a" * 64,
    }
    return ApiKeyIssued(**(fields | changes))


def rotate(by: Acting = ADMINISTRATOR, overlap_hours: int = 24) -> RotateKey:
    """Another key is to take the place of the garden's."""
    return RotateKey(
        by=by,
        at=NOON,
        organisation_id=GARDEN,
        key_id=KEY,
        new_key_id=NEW,
        secret_hash="b" * 64,
        overlap_hours=overlap_hours,
    )


def rotated(expires_at: datetime, until: datetime | None = None) -> tuple[ApiKeyIssued, ApiKeyReplaced]:
    """The new key, and the end of the old one."""
    return (
        issued(key_id=NEW, secret_hash="b" * 64, expires_at=until, replaces=KEY),
        ApiKeyReplaced(key_id=KEY, organisation_id=GARDEN, replaced_by=NEW, expires_at=expires_at),
    )


def revoke(by: Acting = ADMINISTRATOR, **changes: Any) -> RevokeKey:
    """The garden's key is to be useless."""
    return RevokeKey(by=by, at=NOON, organisation_id=GARDEN, key_id=KEY, **changes)


REPLACED = ApiKeyReplaced(key_id=KEY, organisation_id=GARDEN, replaced_by=NEW, expires_at=NOON + HOUR)
REVOKED = ApiKeyRevoked(key_id=KEY, organisation_id=GARDEN)

COMMANDS = [(issue, standing()), (rotate, (*standing(), issued())), (revoke, (issued(),))]
"""Everything that is done to keys, and what has to be there for it."""


class TestIssueKey:
    """Giving a program a key."""

    @pytest.mark.parametrize(("by", "right"), MANAGERS)
    def test_issued_by_whoever_manages_the_organisation(self, by: Acting, right: tuple[Fact, ...]) -> None:
        """Administrators and coordinators of the organisation issue keys."""
        given(*standing(), *right).when(issue(by)).then(issued())

    def test_expires_when_it_is_to(self) -> None:
        """A key may be good for some time only."""
        given(*standing()).when(issue(expires_at=NOON + HOUR)).then(issued(expires_at=NOON + HOUR))

    def test_keeps_each_permission_once(self) -> None:
        """What is allowed twice is kept once."""
        given(*standing()).when(issue(permissions=("read", "log-service", "read"))).then(issued())

    @pytest.mark.parametrize("expires_at", [NOON, NOON - HOUR])
    def test_refused_when_it_would_be_over(self, expires_at: datetime) -> None:
        """A key is good for some time at least."""
        given(*standing()).when(issue(expires_at=expires_at)).then_refused(KeyTermNotPossible)

    def test_refused_for_an_unknown_organisation(self) -> None:
        """What is not there has no programs."""
        for by in (ADMINISTRATOR, GARDENERS_PROGRAM):
            given().when(issue(by)).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    def test_refused_unless_the_organisation_is_approved(self) -> None:
        """Only approved organisations have programs act."""
        new = OrganisationRegistered(organisation_id=GARDEN, name="百花园物业", kind="property-company")
        given(new).when(issue()).then_refused(OrganisationNotApproved, status="registered")
        suspended = OrganisationSuspended(organisation_id=GARDEN, reason="抽查")
        given(*standing(), suspended).when(issue()).then_refused(OrganisationNotApproved, status="suspended")


class TestRotateKey:
    """Putting another key in a key's place."""

    @pytest.mark.parametrize(("by", "right"), MANAGERS)
    def test_rotated_by_whoever_manages_the_organisation(self, by: Acting, right: tuple[Fact, ...]) -> None:
        """The new key is for the same, and the old one stays good for the hours that were asked for."""
        given(*standing(), issued(), *right).when(rotate(by)).then(*rotated(NOON + 24 * HOUR))

    def test_can_be_at_once(self) -> None:
        """Without an overlap the old key is good no longer."""
        given(*standing(), issued()).when(rotate(overlap_hours=0)).then(*rotated(NOON))

    @pytest.mark.parametrize(
        ("until", "expires_at"), [(NOON + HOUR, NOON + HOUR), (NOON + 25 * HOUR, NOON + 24 * HOUR)]
    )
    def test_lengthens_no_life(self, until: datetime, expires_at: datetime) -> None:
        """Neither the old key nor the new one is good for longer than the old one was to be."""
        given(*standing(), issued(expires_at=until)).when(rotate()).then(*rotated(expires_at, until))

    @pytest.mark.parametrize(
        ("history", "status"),
        [
            ((issued(), REPLACED), "replaced"),
            ((issued(), REVOKED), "revoked"),
            ((issued(), REPLACED, REVOKED), "revoked"),
            ((issued(expires_at=NOON), REVOKED), "revoked"),
            ((issued(expires_at=NOON),), "expired"),
            ((issued(expires_at=NOON - HOUR),), "expired"),
        ],
    )
    def test_refused_when_it_is_over(self, history: tuple[Fact, ...], status: str) -> None:
        """Only a key that is good, and has no successor, gets one."""
        given(*standing(), *history).when(rotate()).then_refused(KeyNotInForce, status=status)

    def test_refused_while_the_organisation_is_suspended(self) -> None:
        """It is given no other key, as it is given none."""
        there = *standing(), issued(), OrganisationSuspended(organisation_id=GARDEN, reason="抽查")
        given(*there).when(rotate()).then_refused(OrganisationNotApproved, status="suspended")


class TestRevokeKey:
    """Making a key useless."""

    @pytest.mark.parametrize(("by", "right"), MANAGERS)
    def test_revoked_by_whoever_manages_the_organisation(self, by: Acting, right: tuple[Fact, ...]) -> None:
        """A key is revoked, and why is kept."""
        revoked = ApiKeyRevoked(key_id=KEY, organisation_id=GARDEN, reason="泄露")
        given(issued(), *right).when(revoke(by, reason="泄露")).then(revoked)

    @pytest.mark.parametrize(
        "history",
        [(issued(), REPLACED), (issued(expires_at=NOON - HOUR),)],
        ids=["replaced", "expired"],
    )
    def test_possible_when_its_end_has_come(self, history: tuple[Fact, ...]) -> None:
        """A key whose end is near, or has come, is revoked as well."""
        given(*history).when(revoke()).then(REVOKED)

    def test_refused_when_it_is_revoked(self) -> None:
        """A key is revoked once."""
        given(issued(), REVOKED).when(revoke()).then_refused(KeyNotInForce, status="revoked")


class TestWhoManagesKeys:
    """People who manage the organisation do; programs and strangers do not."""

    @pytest.mark.parametrize("command", [rotate, revoke])
    def test_refused_for_an_unknown_key(self, command: Any) -> None:
        """What was never issued is neither replaced nor revoked."""
        given().when(command()).then_refused(KeyUnknown, key_id=KEY)

    @pytest.mark.parametrize("command", [rotate, revoke])
    def test_refused_for_another_organisations_key(self, command: Any) -> None:
        """Who manages one organisation does nothing to the keys of another."""
        of_clinic = issued(organisation_id=CLINIC)
        given(of_clinic).when(command()).then_refused(KeyUnknown, key_id=KEY)
        given(of_clinic, *COORDINATOR).when(command(acting(ZHAO))).then_refused(KeyUnknown, key_id=KEY)

    @pytest.mark.parametrize(("command", "history"), COMMANDS)
    def test_refused_for_its_own_program(self, command: Any, history: tuple[Fact, ...]) -> None:
        """No program makes itself a key, or does away with one."""
        decided = given(*history).when(command(GARDENERS_PROGRAM))
        decided.then_refused(RoleMissing, role="coordinator", organisation_id=GARDEN)

    @pytest.mark.parametrize(("command", "history"), COMMANDS)
    @pytest.mark.parametrize(
        "by", [acting(LI), in_office("auditor"), in_office("node-leader"), on_behalf(LI, ZHAO), CLINICS_PROGRAM]
    )
    def test_refused_for_strangers(self, command: Any, history: tuple[Fact, ...], by: Acting) -> None:
        """To whoever has nothing to do with an organisation it does not exist."""
        given(*history).when(command(by)).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize(("command", "history"), COMMANDS)
    @pytest.mark.parametrize("role", ["member", "recorder", "verifier", "merchant"])
    def test_refused_for_other_members(self, command: Any, history: tuple[Fact, ...], role: Role) -> None:
        """Managing keys needs a coordinator."""
        decided = given(*history, *member(ZHAO, role)).when(command(acting(ZHAO)))
        decided.then_refused(RoleMissing, role="coordinator", organisation_id=GARDEN)

    @pytest.mark.parametrize(("command", "history"), COMMANDS)
    def test_refused_for_a_suspended_coordinator(self, command: Any, history: tuple[Fact, ...]) -> None:
        """Who is suspended manages no keys."""
        given(*history, *COORDINATOR, ZHAO_SUSPENDED).when(command(acting(ZHAO))).then_refused(YouAreSuspended)
