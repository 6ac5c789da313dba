"""The memories a ledger keeps ready, so that a command costs the same for ten facts and for ten thousand."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable

from timebank.domain.kernel import Fact, Memory

type_and_tags = tuple[type[Memory], tuple[str, ...]]


class Memories:
    """Memories that are all as of the same position; the least recently used ones go when there are too many."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[type_and_tags, Memory] = OrderedDict()
        self._filed: defaultdict[str, dict[type_and_tags, Memory]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: type_and_tags) -> Memory | None:
        """The memory with that key, if it is kept."""
        memory = self._kept.get(key)
        if memory is not None:
            self._kept.move_to_end(key)
        return memory

    def keep(self, memory: Memory) -> None:
        """Keep a memory from now on."""
        self._kept[memory.key] = memory
        self._filed[_filing_tag(memory)][memory.key] = memory

    def advance(self, fact: Fact, tags: Iterable[str]) -> list[Memory]:
        """Let every memory concerned take in a new fact; says which."""
        tags = set(tags)
        concerned = [
            memory
            for tag in (*tags, "")
            if tag in self._filed
            for memory in self._filed[tag].values()
            if type(fact) in type(memory).projected_types and tags.issuperset(memory.boundary_tags)
        ]
        for memory in concerned:
            memory.remember(fact)
        return concerned

    def forget(self, memories: Iterable[Memory]) -> None:
        """Drop memories that took in what then did not happen; they are recalled from the log when needed again."""
        for memory in memories:
            if self._kept.pop(memory.key, None) is not None:
                self._unfile(memory)

    def forget_all(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._filed.clear()

    def shrink(self) -> None:
        """Drop what was not used for longest, down to the limit."""
        while len(self._kept) > self._limit:
            _, memory = self._kept.popitem(last=False)
            self._unfile(memory)

    def _unfile(self, memory: Memory) -> None:
        tag = _filing_tag(memory)
        del self._filed[tag][memory.key]
        if not self._filed[tag]:
            del self._filed[tag]


def _filing_tag(memory: Memory) -> str:
    return memory.boundary_tags[-1] if memory.boundary_tags else ""
