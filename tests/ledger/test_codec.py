"""Facts to bytes and back; the hash that seals a row."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.controls import NOON, confirmed, logged
from timebank.domain.kernel import Fact
from timebank.domain.vocabulary import FACTS
from timebank.ledger.codec import Event, decode, encode, leaf, schema_of

BANK = UUID(int=1)
EVENT = Event(UUID(int=2), "service-logged", b"{}", ("a", "b"), "adm_lin", "administrator", "req", UUID(int=3))


@pytest.mark.parametrize(
    "fact", [logged(), confirmed(), logged(place="百步亭 🌳", programmes=("a", "b"), content='\n"\\')]
)
def test_a_fact_survives_its_bytes(fact: Fact) -> None:
    """What is read back equals what was written, and is written as the same bytes again."""
    data = encode(fact)
    assert decode(fact.TOPIC, data) == fact
    assert encode(decode(fact.TOPIC, data)) == data


def test_the_bytes_name_the_fields_in_their_declared_order() -> None:
    """The bytes are deterministic: JSON with its keys in the order of the declaration, and no class names."""
    data = msgspec.json.decode(encode(logged(place="x", programmes=("a",), is_late=True)))
    assert list(data) == [name for name in type(logged()).__struct_fields__ if name in data]
    assert {"record_id", "place", "programmes", "is_late"} <= data.keys()


def test_what_has_its_default_is_not_written() -> None:
    """A field that has its default takes no room in the log, and is read as such."""
    data = encode(confirmed())
    assert not {"reason", "policy_version", "rules_applied", "signed_by"} & msgspec.json.decode(data).keys()
    assert decode("service-confirmed", data) == confirmed(reason=None, policy_version=0, rules_applied=())


def test_unknown_fields_of_a_newer_program_are_overlooked() -> None:
    """A fact with a field that a later version added can still be read."""
    data = encode(confirmed())[:-1] + b',"since_version_2":[1]}'
    assert decode("service-confirmed", data) == confirmed()


def test_a_topic_nobody_knows_is_an_error() -> None:
    """A fact under an unknown topic is not guessed at."""
    with pytest.raises(KeyError):
        decode("service-dreamt", b"{}")


def test_the_leaf_is_for_ever() -> None:
    """The hash of a known row never changes: it is compared with hashes that were made years before."""
    assert leaf(BANK, 1, NOON, EVENT).hex() == "8a8db01783ba9bd8c6a3b1091b7844237867a971f89e1a18cf6c8ae0a2b2e773"


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": UUID(int=9)},
        {"topic": "service-voided"},
        {"data": b"{ }"},
        {"tags": ("b", "a")},
        {"tags": ("a,b",)},
        {"tags": ()},
        {"actor": "adm_lin "},
        {"authority": "volunteer"},
        {"request_id": ""},
        {"command_id": UUID(int=9)},
    ],
)
def test_the_leaf_covers_the_whole_row(changes: dict[str, Any]) -> None:
    """Whatever is changed about a row, its hash is another."""
    assert leaf(BANK, 1, NOON, EVENT._replace(**changes)) != leaf(BANK, 1, NOON, EVENT)


def test_the_leaf_covers_bank_position_and_time() -> None:
    """A row that is moved to another bank, position or time has another hash."""
    rows = {
        leaf(BANK, 1, NOON, EVENT),
        leaf(UUID(int=2), 1, NOON, EVENT),
        leaf(BANK, 2, NOON, EVENT),
        leaf(BANK, 1, NOON + timedelta(microseconds=1), EVENT),
    }
    assert len(rows) == 4


def test_the_leaf_does_not_depend_on_the_time_zone() -> None:
    """The same moment gives the same hash, whatever zone it is written in."""
    moment = datetime(2026, 11, 20, 4, 0, 0, 1, tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(hours=8)))
    assert leaf(BANK, 1, moment, EVENT) == leaf(BANK, 1, there, EVENT)


def test_neighbouring_fields_cannot_be_confused() -> None:
    """Moving letters from one field to the next changes the hash."""
    one, two = EVENT._replace(actor="ab", authority="c"), EVENT._replace(actor="a", authority="bc")
    assert leaf(BANK, 1, NOON, one) != leaf(BANK, 1, NOON, two)


@pytest.mark.parametrize("topic", FACTS)
def test_every_fact_has_a_schema(topic: str) -> None:
    """Every topic has a JSON Schema with all its fields."""
    schema = schema_of(topic)
    assert schema["$id"] == topic
    assert set(schema["properties"]) == set(FACTS[topic].__struct_fields__)
