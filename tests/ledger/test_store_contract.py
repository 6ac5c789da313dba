"""The store keeps the library's contract: one set of cases, run on our store and on the library's own in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, DCBRecorder, DCBSequencedEvent
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.databases import database
from tests.helpers.recorder import recorders

Make = Callable[[], DCBRecorder]


@pytest.fixture(scope="module")
def ours(cluster: str, template: str) -> Iterator[Make]:
    """Makes recorders on PostgreSQL, all in one database, each on a bank of its own."""
    with database(cluster, template) as url, recorders(url) as made:
        yield made.new


@pytest.fixture(params=["postgresql", "memory"])
def make(request: pytest.FixtureRequest, ours: Make) -> Make:
    """Makes empty recorders of one kind."""
    return InMemoryDCBRecorder if request.param == "memory" else ours


@pytest.fixture
def recorder(make: Make) -> DCBRecorder:
    """An empty recorder."""
    return make()


def event(kind: str, *tags: str) -> DCBEvent:
    """An event whose data say what it is."""
    return DCBEvent(type=kind, data=f"{kind} {' '.join(tags)}".encode(), tags=list(tags))


def item(types: str = "", tags: str = "") -> DCBQueryItem:
    """A query item: types and tags are separated by spaces."""
    return DCBQueryItem(types=types.split(), tags=tags.split())


def query(*items: DCBQueryItem) -> DCBQuery:
    """A query."""
    return DCBQuery(items=list(items))


def positions(recorder: DCBRecorder, asked: DCBQuery | None = None, **binds: Any) -> list[int]:
    """The positions of what a query finds."""
    return [found.position for found in recorder.read(asked, **binds)]


class TestLibrarySuite(DCBRecorderTestCase):
    """The library's own cases."""

    __test__ = False


def test_append_and_read_as_the_library_tests_them(recorder: DCBRecorder) -> None:
    """The library's own test of appending and reading passes."""
    TestLibrarySuite()._test_append_read(recorder)


def test_subscribe_as_the_library_tests_it(recorder: DCBRecorder) -> None:
    """The library's own test of subscribing passes."""
    TestLibrarySuite()._test_append_subscribe(recorder)


@pytest.fixture
def mixed(recorder: DCBRecorder) -> DCBRecorder:
    """Six events: with one tag, two, three, none; of three types."""
    recorder.append([event("A", "x"), event("B", "x", "y"), event("C")])
    recorder.append([event("A", "y"), event("A"), event("B", "z", "y", "x")])
    return recorder


CASES: dict[str, tuple[DCBQuery, list[int]]] = {
    "no items": (query(), [1, 2, 3, 4, 5, 6]),
    "one type only": (query(item("A")), [1, 4, 5]),
    "an unknown type": (query(item("D")), []),
    "several types": (query(item("A C")), [1, 3, 4, 5]),
    "several types, one unknown": (query(item("C D")), [3]),
    "a type twice": (query(item("C C")), [3]),
    "one tag": (query(item(tags="x")), [1, 2, 6]),
    "an unknown tag": (query(item(tags="q")), []),
    "a tag only as a part of another": (query(item(tags="xy")), []),
    "two tags": (query(item(tags="x y")), [2, 6]),
    "two tags in the other order": (query(item(tags="y x")), [2, 6]),
    "a tag twice": (query(item(tags="y y")), [2, 4, 6]),
    "three tags": (query(item(tags="y x z")), [6]),
    "a known and an unknown tag": (query(item(tags="x q")), []),
    "types and tags": (query(item("A B", "y")), [2, 4, 6]),
    "a type that has not the tag": (query(item("C", "x")), []),
    "an item with neither": (query(item()), [1, 2, 3, 4, 5, 6]),
    "an item with neither among others": (query(item("C"), item()), [1, 2, 3, 4, 5, 6]),
    "several items, disjoint": (query(item("C"), item(tags="z")), [3, 6]),
    "several items that overlap": (query(item("A"), item(tags="x"), item("A", "x")), [1, 2, 4, 5, 6]),
    "the same item twice": (query(item("A"), item("A")), [1, 4, 5]),
    "tagged and untagged items": (query(item("C"), item("A", "y")), [3, 4]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_query_finds(mixed: DCBRecorder, case: str) -> None:
    """A query finds the events that match any item: one of its types, if it has any, and all of its tags."""
    asked, found = CASES[case]
    assert positions(mixed, asked) == found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("after", [0, 2, 5, 6, 99])
def test_a_query_after_a_position_finds_the_rest(mixed: DCBRecorder, case: str, after: int) -> None:
    """After a position, a query finds what comes later, also beyond the head."""
    asked, found = CASES[case]
    assert positions(mixed, asked, after=after) == [position for position in found if position > after]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("limit", [0, 1, 3, 99])
def test_a_limit_cuts_off(mixed: DCBRecorder, case: str, limit: int) -> None:
    """With a limit, the first so many are found, and the head is where the last one stands, or nowhere."""
    asked, found = CASES[case]
    response = mixed.read(asked, limit=limit)
    assert [each.position for each in response] == found[:limit]
    assert response.head == (found[:limit] or [None])[-1]


def test_the_head_without_a_limit_is_that_of_the_log(mixed: DCBRecorder) -> None:
    """Without a limit the head is the log's, whatever was found, so that a reader can go on from there."""
    assert mixed.read(query(item("D"))).head == 6
    assert mixed.read(after=99).head == 6


def test_nothing_is_read_from_an_empty_log(recorder: DCBRecorder) -> None:
    """An empty log has no events and no head."""
    response = recorder.read()
    assert (list(response), response.head) == ([], None)


def test_events_come_back_as_they_went_in(recorder: DCBRecorder) -> None:
    """Type, bytes and tags are kept: any bytes, and any letters."""
    given = [
        DCBEvent("类型", bytes(range(256)), ["公益", "a b", "quote'\"\\", "{curly,brace}", "NULL", "x" * 500]),
        DCBEvent("A", b"", []),
    ]
    recorder.append(given)
    assert [each.event for each in recorder.read()] == given
    assert positions(recorder, query(item(tags="NULL"))) == [1]
    assert positions(recorder, DCBQuery([DCBQueryItem(tags=["a b", "公益"])])) == [1]


def test_a_tag_given_twice_is_found_once(recorder: DCBRecorder) -> None:
    """An event that names a tag twice is one event under that tag."""
    recorder.append([event("A", "x", "x", "y")])
    assert positions(recorder, query(item(tags="x"))) == [1]
    assert [set(each.event.tags) for each in recorder.read()] == [{"x", "y"}]


def test_an_empty_condition_query_means_any_event(recorder: DCBRecorder) -> None:
    """A condition without a query lets an append pass only if nothing at all was appended."""
    assert recorder.append([event("A")], DCBAppendCondition()) == 1
    with pytest.raises(IntegrityError):
        recorder.append([event("A")], DCBAppendCondition())
    assert recorder.append([event("A")], DCBAppendCondition(after=1)) == 2


@pytest.mark.parametrize(
    ("condition", "fails"),
    [
        (query(item("A", "x")), True),
        (query(item(tags="x")), True),
        (query(item("A")), True),
        (query(item("A B", "x")), True),
        (query(item("A", "x y")), True),
        (query(item("A", "x y z")), False),
        (query(item("B", "x")), False),
        (query(item("A", "z")), False),
        (query(item("B"), item("A", "y")), True),
        (query(item("B"), item("A", "z")), False),
    ],
)
def test_a_condition_may_be_wider_or_narrower_than_the_tags(
    recorder: DCBRecorder, condition: DCBQuery, fails: bool
) -> None:
    """What counts is whether a recorded event matches, not which tags the new event has."""
    recorder.append([event("A", "x", "y")])
    if fails:
        with pytest.raises(IntegrityError):
            recorder.append([event("C", "q")], DCBAppendCondition(condition))
        assert recorder.append([event("C", "q")], DCBAppendCondition(condition, after=1)) == 2
    else:
        assert recorder.append([event("C", "q")], DCBAppendCondition(condition)) == 2


def test_a_condition_beyond_the_head_passes(mixed: DCBRecorder) -> None:
    """Nothing is after a position that does not exist yet."""
    assert mixed.append([event("A", "x")], DCBAppendCondition(query(item(tags="x")), after=99)) == 7


def test_a_failed_append_burns_no_position(mixed: DCBRecorder) -> None:
    """After an append that failed, with however many events, the next position is still the next."""
    for _ in range(3):
        with pytest.raises(IntegrityError):
            mixed.append([event("A"), event("B")], DCBAppendCondition(query(item("A"))))
    assert mixed.append([event("A"), event("B")]) == 8
    assert positions(mixed) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_the_events_of_one_append_do_not_trip_over_each_other(recorder: DCBRecorder) -> None:
    """A condition asks about what was there before, not about what comes with it."""
    assert recorder.append([event("A", "x"), event("A", "x")], DCBAppendCondition(query(item("A", "x")))) == 2


names = st.sampled_from(["a", "b", "c"])
events = st.builds(
    lambda kind, tags: event(kind, *tags), st.sampled_from("ABC"), st.lists(names, max_size=3, unique=True)
)
items = st.builds(DCBQueryItem, types=st.lists(st.sampled_from("ABC"), max_size=2), tags=st.lists(names, max_size=3))
queries = st.builds(DCBQuery, items=st.lists(items, max_size=3))
maybe = st.none() | st.integers(0, 12)
appends = st.tuples(
    st.just("append"),
    st.lists(events, min_size=1, max_size=3),
    st.none() | st.builds(DCBAppendCondition, fail_if_events_match=queries, after=maybe),
)
reads = st.tuples(st.just("read"), st.none() | queries, st.tuples(maybe, maybe))


def result(recorder: DCBRecorder, kind: str, first: Any, second: Any) -> Any:
    """What an operation comes to."""
    if kind == "append":
        try:
            return recorder.append(first, second)
        except IntegrityError:
            return "refused"
    response = recorder.read(first, after=second[0], limit=second[1])
    found: list[DCBSequencedEvent] = list(response)
    return found, response.head


@pytest.mark.drill
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(operations=st.lists(appends | reads, min_size=1, max_size=12))
def test_both_stores_answer_alike(ours: Make, operations: list[tuple[str, Any, Any]]) -> None:
    """Whatever is appended and asked, PostgreSQL and memory give the same answers."""
    one, other = ours(), InMemoryDCBRecorder()
    for operation in [*operations, ("read", None, (None, None))]:
        assert result(one, *operation) == result(other, *operation)
