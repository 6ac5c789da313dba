"""The memories a ledger keeps ready, so that a command costs the same for ten facts and for ten thousand.

Those it does not keep are recalled from the log (`Knowledge` in `deciding.py`), or begin with a snapshot.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

from timebank.domain.kernel import Fact, Key, Known, Memory

State: TypeAlias = dict[str, Any]


_NONE: Mapping[Key, Memory] = {}


class Memories:
    """Memories that are all as of the same position; the least recently used ones go when there are too many."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Memory] = OrderedDict()
        self._filed: defaultdict[str, dict[Key, Memory]] = defaultdict(dict)
        self.known = Known(self._kept)
        self.folded: dict[Key, int] = {}
        """How many facts each has taken in here."""

    def __len__(self) -> int:
        return len(self._kept)

    def missing(self, keys: Iterable[Key]) -> dict[Key, Memory]:
        """Blank memories for those of the keys that have none here; the others count as used."""
        blank: dict[Key, Memory] = {}
        use = self._kept.move_to_end
        for key in keys:
            try:
                use(key)
            except KeyError:
                if key not in blank:
                    kind, whom = key
                    blank[key] = kind(*whom)
        return blank

    def keep(self, memories: dict[Key, Memory]) -> None:
        """Keep memories from now on."""
        for key, memory in memories.items():
            self._kept[key] = memory
            self._filed[_filing_tag(memory)][key] = memory

    def advance(self, fact: Fact, tags: Iterable[str], before: dict[Key, State] | None = None) -> None:
        """Let every memory concerned take in a new fact; `before` gets what they were, for `restore`."""
        tags, topic = {*tags, ""}, type(fact)
        for tag in tags:
            for key, memory in self._filed.get(tag, _NONE).items():
                if topic not in _takes_in(key[0]) or not tags.issuperset(memory.boundary_tags):
                    continue
                if before is not None and key not in before:
                    before[key] = memory.state()
                memory.remember(fact)
                self.folded[key] = self.folded.get(key, 0) + 1

    def restore(self, before: dict[Key, State]) -> None:
        """Make memories what they were before they took in what then did not happen."""
        for key, state in before.items():
            memory = self._kept.get(key)
            if memory is not None:
                memory.__dict__.clear()
                memory.__dict__.update(state)

    def state_of(self, key: Key) -> State | None:
        """What a memory holds now, if it is here."""
        memory = self._kept.get(key)
        return memory.state() if memory is not None else None

    def forget_all(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self.folded.clear()
        self._filed.clear()

    def shrink(self) -> None:
        """Drop what was not used for longest, down to the limit."""
        while len(self._kept) > self._limit:
            key, memory = self._kept.popitem(last=False)
            self.folded.pop(key, None)
            tag = _filing_tag(memory)
            del self._filed[tag][key]
            if not self._filed[tag]:
                del self._filed[tag]


@cache
def _takes_in(kind: type[Memory]) -> frozenset[type[Fact]]:
    return frozenset(kind.remembered())


def _filing_tag(memory: Memory) -> str:
    return memory.boundary_tags[-1] if memory.boundary_tags else ""
