"""Payloads as they were stored once, and the documented shape of each fact.

`tests/golden/facts/<topic>.json` has every field, `<topic>.minimal.json` none that has a default. They are kept for
ever: what a bank wrote years ago has to be readable. Run as a module, this file writes `docs/facts/` anew.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from tests.memories import MEMORIES, memories_of
from timebank.domain.identifiers import KINDS
from timebank.domain.kernel import Fact, Memory
from timebank.domain.vocabulary import FACTS, topics_under
from timebank.ledger.codec import decode, encode, schema_of

GOLDEN = Path(__file__).parents[1] / "golden" / "facts"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "facts"
REWRITE = "uv run python -m tests.domain.test_golden_facts"

BEFORE = {
    "volunteer-suspended": ("volunteer-registered",),
    "volunteer-reinstated": ("volunteer-registered", "volunteer-suspended"),
    "consent-given": ("volunteer-registered",),
    "consent-withdrawn": ("volunteer-registered", "consent-given"),
    "organisation-approved": ("organisation-registered",),
    "organisation-suspended": ("organisation-registered", "organisation-approved"),
    "organisation-reinstated": ("organisation-registered", "organisation-approved", "organisation-suspended"),
    "membership-approved": ("membership-invited",),
    "membership-declined": ("membership-invited",),
    "membership-role-changed": ("membership-requested", "membership-approved"),
    "membership-ended": ("membership-requested", "membership-approved", "membership-role-changed"),
    "personal-data-changed": ("volunteer-registered",),
    "volunteer-erased": ("volunteer-registered",),
    "policy-withdrawn": ("policy-adopted",),
    "appointment-ended": ("appointment-made",),
    "proxy-used": ("proxy-appointed",),
    "proxy-ended": ("proxy-appointed", "proxy-used"),
    "api-key-replaced": ("api-key-issued",),
    "api-key-revoked": ("api-key-issued", "api-key-replaced"),
    "service-amended": ("service-logged",),
    "service-withdrawn": ("service-logged",),
    "service-confirmed": ("service-logged",),
    "service-rejected": ("service-logged",),
    "service-corrected": ("service-logged", "service-confirmed"),
    "service-voided": ("service-logged", "service-confirmed", "service-corrected"),
    "volunteer-left": ("volunteer-registered",),
    "checked-in": ("sign-up-made",),
    "reward-amended": ("reward-published",),
    "reward-paused": ("reward-published",),
    "reward-resumed": ("reward-published", "reward-paused"),
    "reward-withdrawn": ("reward-published",),
    "reward-fulfilled": ("reward-reserved",),
    "reservation-cancelled": ("reward-reserved",),
    "reservation-expired": ("reward-reserved",),
    "credit-granted": ("fund-opened", "credit-donated"),
    "fund-closed": ("fund-opened",),
    "activity-published": ("activity-planned",),
    "activity-changed": ("activity-planned",),
    "activity-cancelled": ("activity-planned",),
    "activity-closed": ("activity-planned",),
    "sign-up-withdrawn": ("sign-up-made",),
    "sign-up-moved-up": ("sign-up-made",),
    "checked-out": ("checked-in",),
    "employment-ended": ("employment-declared",),
    "proposal-taken-up": ("service-proposed",),
    "proposal-declined": ("service-proposed",),
    "proposal-withdrawn": ("service-proposed",),
    "registration-accepted": ("volunteer-registered",),
    "registration-declined": ("volunteer-registered",),
    "volunteer-registered": ("invitation-made",),
    "invitation-withdrawn": ("invitation-made",),
    "team-declined": ("team-proposed",),
    "team-renamed": ("team-founded",),
    "captain-named": ("team-founded", "team-member-joined"),
    "team-member-left": ("team-founded", "team-member-joined", "captain-named", "shift-set"),
    "shift-ended": ("shift-set",),
    "team-dissolved": ("team-founded",),
    "merge-declined": ("merge-proposed",),
    "registrations-merged": ("volunteer-registered", "merge-proposed"),
    "node-renamed": ("node-opened",),
    "node-moved": ("node-opened",),
    "node-merged": ("node-opened",),
    "node-closed": ("node-opened",),
}
"""What has to have happened before a fact; nothing, for those that are not here. The golden facts tell one story."""


def payload(topic: str, variant: str = "") -> bytes:
    """The stored bytes of a topic's golden fact."""
    path = GOLDEN / f"{topic}{variant}.json"
    assert path.exists(), f"write a believable {topic} to tests/golden/facts/{path.name}, as one line of JSON"
    return path.read_bytes().rstrip(b"\n")


def golden(topic: str) -> Fact:
    """A topic's golden fact."""
    return decode(topic, payload(topic))


def schema_text(topic: str) -> str:
    """The documented shape of a fact, as it should be."""
    return json.dumps(schema_of(topic), ensure_ascii=False, indent=2) + "\n"


def remembering(fact: Fact) -> list[type[Memory]]:
    """The kinds of memory that handle a fact."""
    return [kind for kind in MEMORIES if type(fact) in kind.remembered()]


def take_in(memories: Iterable[Memory], fact: Fact) -> None:
    """Let those memories remember a fact that it belongs to."""
    tags = set(fact.tags())
    for memory in memories:
        if type(fact) in memory.remembered() and tags.issuperset(memory.boundary_tags):
            memory.remember(fact)


UNMOVED = {
    ("Volunteer", "appointment-made"),
    ("Volunteer", "appointment-ended"),
    ("Administrators", "appointment-made"),
    ("Administrators", "appointment-ended"),
    ("Balance", "credit-granted"),
}
"""Where a memory takes in a golden fact that makes no difference to it: another office, a grant to another fund."""


@pytest.mark.parametrize("topic", FACTS)
class TestGoldenFact:
    """What was stored once can be read for ever."""

    def test_is_read_and_written_as_it_was(self, topic: str) -> None:
        """The golden payload has every field, and comes out of the codec byte by byte as it went in."""
        assert encode(golden(topic)) == payload(topic), (
            f"{topic} is no longer stored as it was. If it got a new field: keep the payload as it is under the name "
            f"{topic}.<what it lacks>.json, and add the field to {topic}.json"
        )

    def test_has_something_in_every_field(self, topic: str) -> None:
        """No optional field of the golden fact is left at its default."""
        fact = golden(topic)
        idle = [
            field.name
            for field in msgspec.structs.fields(type(fact))
            if not field.required and getattr(fact, field.name) == field.default
        ]
        assert not idle, f"give {idle} a value in tests/golden/facts/{topic}.json"

    def test_is_read_without_what_has_a_default(self, topic: str) -> None:
        """A payload from before the optional fields existed is read, and the fields have their defaults."""
        given = set(json.loads(payload(topic, ".minimal")))
        required = {field.name for field in msgspec.structs.fields(FACTS[topic]) if field.required}
        assert given == required, (
            f"{topic} gained or lost required fields {given ^ required}; stored facts lack new ones, so a new field "
            "needs a default"
        )
        decode(topic, payload(topic, ".minimal"))

    def test_older_ones_are_read(self, topic: str) -> None:
        """Payloads that were golden once can still be read."""
        for path in GOLDEN.glob(f"{topic}.*.json"):
            assert isinstance(decode(topic, path.read_bytes()), FACTS[topic])

    def test_is_remembered(self, topic: str) -> None:
        """Every kind of memory that handles the topic is another after the golden fact than before it."""
        fact = golden(topic)
        history = [golden(before) for before in BEFORE.get(topic, ())]
        for kind in remembering(fact):
            before, after = memories_of(kind, fact), memories_of(kind, fact)
            assert before, f"no {kind.__name__} can be made from {topic}, though it handles it"
            for past in history:
                take_in((*before, *after), past)
            take_in(after, fact)
            changed = [old.state() != new.state() for old, new in zip(before, after, strict=True)]
            assert any(changed) or (kind.__name__, topic) in UNMOVED, f"{kind.__name__} does nothing with {topic}"

    @pytest.mark.parametrize("variant", ["", ".minimal"])
    def test_is_remembered_alone(self, topic: str, variant: str) -> None:
        """A memory takes in any fact of its boundary and never raises, whatever it has not seen of what led to it."""
        fact = decode(topic, payload(topic, variant))
        for kind in remembering(fact):
            memories = memories_of(kind, fact)
            assert memories or variant, f"no {kind.__name__} can be made from {topic}, though it handles it"
            take_in(memories, fact)

    def test_is_looked_for_under_its_tags_only(self, topic: str) -> None:
        """Its topic is looked for under each kind of identifier that tags it, and under none that never does."""
        tags = {tag.partition("_")[0]: tag for tag in golden(topic).tags()}
        for prefix in KINDS:
            is_looked_for = topic in topics_under(tags.get(prefix, f"{prefix}_1"))
            assert is_looked_for == (prefix in tags), f"{topic} is looked for under {prefix}_…: {is_looked_for}"
        assert all(topic in topics_under(tag) for tag in tags.values())

    def test_is_documented(self, topic: str) -> None:
        """The committed JSON Schema is that of the fact."""
        path = DOCUMENTED / f"{topic}.json"
        written = path.read_text(encoding="utf8") if path.exists() else ""
        assert written == schema_text(topic), f"what is stored has changed; if that is meant: {REWRITE}"


def test_nothing_else_is_golden_or_documented() -> None:
    """A file for a topic that does not exist would promise something nobody keeps."""
    golden_topics = {path.name.split(".")[0] for path in GOLDEN.iterdir()}
    assert golden_topics == set(FACTS), "a topic is never renamed or dropped, because old banks have it stored"
    assert {path.stem for path in DOCUMENTED.iterdir()} == set(FACTS), f"run {REWRITE}"


def rewrite() -> None:
    """Document every fact as it is now, and nothing else."""
    DOCUMENTED.mkdir(parents=True, exist_ok=True)
    for path in DOCUMENTED.glob("*.json"):
        path.unlink()
    for topic in FACTS:
        (DOCUMENTED / f"{topic}.json").write_text(schema_text(topic), encoding="utf8")


if __name__ == "__main__":
    rewrite()
