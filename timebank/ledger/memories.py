"""The memories a ledger keeps ready, so that a command costs the same for ten facts and for ten thousand."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any, TypeAlias

from timebank.domain.kernel import Fact, Memory

Key: TypeAlias = tuple[type[Memory], tuple[str, ...]]
State: TypeAlias = dict[str, Any]


class Memories:
    """Memories that are all as of the same position; the least recently used ones go when there are too many."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Memory] = OrderedDict()
        self._filed: defaultdict[str, dict[Key, Memory]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Memory | None:
        """The memory with that key, if it is kept."""
        memory = self._kept.get(key)
        if memory is not None:
            self._kept.move_to_end(key)
        return memory

    def keep(self, memory: Memory) -> None:
        """Keep a memory from now on."""
        self._kept[memory.key] = memory
        self._filed[_filing_tag(memory)][memory.key] = memory

    def advance(self, fact: Fact, tags: Iterable[str], before: dict[Key, State] | None = None) -> None:
        """Let every memory concerned take in a new fact; `before` gets what they were, for `restore`."""
        tags = set(tags)
        concerned = [
            memory
            for tag in (*tags, "")
            if tag in self._filed
            for memory in self._filed[tag].values()
            if type(fact) in type(memory).projected_types and tags.issuperset(memory.boundary_tags)
        ]
        for memory in concerned:
            if before is not None and memory.key not in before:
                before[memory.key] = _state_of(memory)
            memory.remember(fact)

    def restore(self, before: dict[Key, State]) -> None:
        """Make memories what they were before they took in what then did not happen."""
        for key, state in before.items():
            memory = self._kept.get(key)
            if memory is not None:
                memory.__dict__.clear()
                memory.__dict__.update(state)

    def forget_all(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._filed.clear()

    def shrink(self) -> None:
        """Drop what was not used for longest, down to the limit."""
        while len(self._kept) > self._limit:
            _, memory = self._kept.popitem(last=False)
            tag = _filing_tag(memory)
            del self._filed[tag][memory.key]
            if not self._filed[tag]:
                del self._filed[tag]


def _state_of(memory: Memory) -> State:
    """What a memory holds. Its values are plain, or sets and dictionaries of plain ones: copying those is enough."""
    return {name: value.copy() if isinstance(value, dict | set) else value for name, value in vars(memory).items()}


def _filing_tag(memory: Memory) -> str:
    return memory.boundary_tags[-1] if memory.boundary_tags else ""
