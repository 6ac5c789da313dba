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
