"""What a decision knows: memories by kind and by whom they are about."""

from collections.abc import Iterator
from typing import NoReturn

from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Key, Known, Memory, about
from timebank.domain.service.records import ServiceRecord


class Many(dict[Key, Memory]):
    """Memories of which there are too many to go through."""

    def keys(self) -> NoReturn:  # type: ignore[override]
        raise AssertionError("all of them were gone through")

    def __iter__(self) -> Iterator[Key]:
        return self.keys()


def test_one_memory_more_costs_the_same_however_many_there_are() -> None:
    """A row of a signed list adds the record that it makes to what is known; nothing is copied for that."""
    one, other = (ServiceRecord(RecordId(each)) for each in ("rec_1", "rec_2"))
    known = Known(Many({about(ServiceRecord, one.record_id): one}))
    more = known.beside(about(ServiceRecord, other.record_id), other)
    assert more(ServiceRecord, one.record_id) is one
    assert more(ServiceRecord, other.record_id) is other


def test_what_is_said_beside_counts_for_more_whichever_way_it_is_asked() -> None:
    """The record that a row of a list makes is the one that its confirmation sees."""
    record_id = RecordId("rec_1")
    kept, beside = ServiceRecord(record_id), ServiceRecord(record_id)
    known = Known({about(ServiceRecord, record_id): kept})
    more = known.beside(about(ServiceRecord, record_id), beside)
    assert known.find(ServiceRecord, record_id) is known(ServiceRecord, record_id) is kept
    assert more.find(ServiceRecord, record_id) is more(ServiceRecord, record_id) is beside
    assert more.find(ServiceRecord, RecordId("rec_2")) is None
