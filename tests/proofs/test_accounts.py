"""The verifier stands alone, and so says once more what moves minutes; both have to say the same."""

from collections import Counter

import msgspec
import pytest

from tests.domain.test_golden_facts import golden
from timebank.domain.credit.accounts import POSTED, postings
from timebank.domain.kernel import Fact
from timebank.ledger.codec import encode
from timebank.verifier import accounts

COMPARED = {"available", "reserved", "debt", "fund"}


def test_the_same_facts_move_minutes() -> None:
    """No fact that does something to an account is passed over, and no other is looked at."""
    assert {fact.TOPIC for fact in POSTED} == accounts.MOVING


@pytest.mark.parametrize("kind", POSTED, ids=lambda kind: kind.TOPIC)
def test_they_move_the_same(kind: type[Fact]) -> None:
    """What a fact does to what somebody can spend, has reserved or owes is the same by both."""
    fact = golden(kind.TOPIC)
    ours, theirs = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for posting in postings(fact):
        if posting.account in COMPARED:
            ours[posting.holder, posting.account] += -posting.minutes if posting.account == "debt" else posting.minutes
    for whose, account, minutes in accounts.postings(kind.TOPIC, msgspec.json.decode(encode(fact))):
        if account in COMPARED:
            theirs[whose, account] += minutes
    assert {key: n for key, n in ours.items() if n} == {key: n for key, n in theirs.items() if n}
