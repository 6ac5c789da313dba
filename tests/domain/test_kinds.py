"""What names a thing of another kind than is meant names nothing, though facts have the tags of all they are about."""

from datetime import date
from typing import Any, get_args, get_type_hints

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    LI,
    NOON,
    NUMBER,
    RECORD,
    WANG,
    ZHAO,
    acting,
    confirmed,
    logged,
    member,
    membership_of,
    proxy,
    standing,
)
from tests.controls import registered as registered_as
from tests.given import Book
from tests.memories import MEMORIES
from timebank.domain.identifiers import (
    BEGINNINGS,
    KINDS,
    MembershipId,
    OrganisationId,
    RecordId,
    VolunteerId,
    number_tag,
)
from timebank.domain.kernel import NOTHING, Command, Fact, Memory
from timebank.domain.organisations.memberships import EndMembership
from timebank.domain.organisations.refusals import MembershipUnknown
from timebank.domain.people.proxies import EndProxy
from timebank.domain.people.refusals import ProxyUnknown, VolunteerUnknown
from timebank.domain.people.volunteers import SuspendVolunteer
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import RecordUnknown
from timebank.domain.service.reviews import ConfirmService
from timebank.ledger.audit import _amiss
from timebank.ledger.codec import Event, encode, new_id

VERIFIED = *standing(), registered_as(LI), *member(ZHAO, "verifier"), logged()
MEMBERSHIP: MembershipId = membership_of(ZHAO)["membership_id"]


def ids_of_other_kinds(hint: Any) -> list[Any]:
    """Identifiers of all kinds but those that are meant."""
    meant = get_args(hint) or (hint,)
    return [f"{begins}1" for begins, kind in BEGINNINGS.items() if kind not in meant]


@pytest.mark.parametrize("kind", MEMORIES, ids=lambda kind: kind.__name__)
def test_a_memory_about_something_of_another_kind_has_nothing_to_remember(kind: type[Memory]) -> None:
    """No fact is within it, though there are facts that have that very identifier as a tag."""
    hints = [hint for name, hint in get_type_hints(kind.__init__).items() if name != "return"]
    right = [date(2026, 1, 1) if hint is date else f"{_begins(hint)}1" for hint in hints]
    for place, hint in enumerate(hints):
        if hint is date or not _begins(hint):
            continue
        for other in ids_of_other_kinds(hint):
            memory = kind(*right[:place], other, *right[place + 1 :])
            assert not {other, *right} >= set(memory.boundary_tags)
    assert NOTHING not in kind(*right).boundary_tags


def _begins(hint: Any) -> str:
    return next((f"{begins}_" for begins, kind in KINDS.items() if kind in (get_args(hint) or (hint,))), "")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (ConfirmService(by=acting(ZHAO), at=NOON, record_id=RecordId(WANG)), RecordUnknown),
        (ConfirmService(by=acting(ZHAO), at=NOON, record_id=RecordId(GARDEN)), RecordUnknown),
        (
            EndMembership(by=acting(ZHAO), at=NOON, organisation_id=OrganisationId(MEMBERSHIP), volunteer_id=ZHAO),
            MembershipUnknown,
        ),
        (EndProxy(by=acting(WANG), at=NOON, volunteer_id=WANG, proxy_volunteer_id=WANG), ProxyUnknown),
        (EndProxy(by=acting(WANG), at=NOON, volunteer_id=WANG, proxy_volunteer_id=VolunteerId("prx_1")), ProxyUnknown),
        (
            SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=VolunteerId(number_tag(NUMBER)), reason="x"),
            VolunteerUnknown,
        ),
    ],
    ids=[
        "record by whom it is of",
        "record by its organisation",
        "membership by its id",
        "own",
        "proxy by its id",
        "number",
    ],
)
def test_nothing_is_decided_on_by_what_else_a_fact_is_about(command: Command, refusal: type[Refusal]) -> None:
    """A record was confirmed once by its id and once by the volunteer's: twice the credit for one service."""
    facts: tuple[Fact, ...] = *VERIFIED, proxy(proxy_volunteer_id=LI)
    with pytest.raises(refusal):
        Book(*facts).do(command)
    assert Book(*facts).do(ConfirmService(by=acting(ZHAO), at=NOON, record_id=RECORD)).credited_minutes == 120


def test_what_was_decided_so_before_is_found() -> None:
    """`timebank verify` names the facts that whoever did it has left."""
    fact = confirmed(record_id=RecordId(WANG))
    assert (confirmed().misnamed(), fact.misnamed()) == ([], ["record_id"])
    event = Event(new_id(), fact.TOPIC, encode(fact), tuple(fact.tags()), ZHAO, "volunteer", "", new_id())
    (finding,) = _amiss(7, event, is_sealed=True)
    assert finding == (7, f"its record_id is {WANG}, an identifier of another kind", True)
