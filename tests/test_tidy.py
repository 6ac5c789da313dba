"""The house rules that no linter knows. Every failure says what to do instead."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import quantiles
from string import Formatter

import pytest

from tests.helpers.slow import written_down
from tests.memories import MEMORIES
from tests.planted_faults import misplaced
from timebank.db.sql import load_statements
from timebank.domain.kernel import Fact, Memory
from timebank.domain.refusing import Refusal, every_refusal
from timebank.domain.vocabulary import FACTS

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "timebank").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
STATEMENTS = sorted((ROOT / "timebank").rglob("*.sql"))

LONGEST_FUNCTION = 50
LONGEST_FILE = 400
LARGEST_FOLDER = 15
USUAL_FUNCTION, LONG_FUNCTION = 7, 18
"""Lines of the median function, and of nine in ten."""
LONGEST_SUMMARY = 120

MAY_IMPORT = {
    "eventsourcing": ("timebank/domain/kernel.py", "timebank/ledger/"),
    "asyncpg": (
        "timebank/db/",
        "timebank/vault/",
        "timebank/ledger/",
        "timebank/proofs/",
        "timebank/projections/",
        "timebank/identity/",
        "timebank/cli/",
    ),
    "litestar": ("timebank/api/", "timebank/web/", "timebank/cli/"),
    "jinja2": ("timebank/web/http/showing.py",),
    "babel": ("timebank/words/",),
}
"""Outside libraries, and the only places that know them."""

CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "time_ns", "monotonic_ns", "perf_counter"}
CHANCE = {"uuid", "uuid_utils", "random", "secrets", "time", "asyncio", "threading"}


@cache
def tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(encoding="utf8"))


def name(path: Path) -> str:
    """A path as one would write it in the repository."""
    return path.relative_to(ROOT).as_posix()


def nodes(paths: list[Path], *kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """All nodes of some kinds, each with the place where it is."""
    for path in paths:
        for node in ast.walk(tree(path)):
            if isinstance(node, kinds):
                yield f"{name(path)}:{getattr(node, 'lineno', 1)}", node


def imports(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """All imported modules, each with the place where it is imported."""
    for place, node in nodes(paths, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from ((place, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield place, node.module


def called(call: ast.AST) -> str:
    """The last part of the name of what is called, or raised."""
    function = call.func if isinstance(call, ast.Call) else call
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def subclasses(base: type) -> list[type]:
    """All classes of ours below a base, however far."""
    below = [each for child in base.__subclasses__() for each in (child, *subclasses(child))]
    return [each for each in below if each.__module__.startswith("timebank.")]


DOMAIN = [path for path in MODULES if name(path).startswith("timebank/domain/")]
PURE = [path for path in DOMAIN if path.stem != "identifiers"]


class TestDomain:
    """The domain decides from facts, and from nothing else."""

    def test_waits_for_nothing(self) -> None:
        """Nothing in the domain is asynchronous."""
        waiting = [place for place, _ in nodes(DOMAIN, ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)]
        assert not waiting, f"{waiting}: recall what a decision needs as a memory, and keep waiting to the ledger"

    def test_has_no_clock(self) -> None:
        """Nothing in the domain asks what time it is."""
        clocks = [place for place, node in nodes(PURE, ast.Call) if called(node) in CLOCKS and _is_attribute(node)]
        assert not clocks, f"{clocks}: take now from `at` of the command"

    def test_leaves_nothing_to_chance(self) -> None:
        """Identifiers are made in one module, and handed to commands."""
        chance = [place for place, module in imports(PURE) if module.split(".")[0] in CHANCE]
        assert not chance, f"{chance}: make identifiers in identifiers.py only, and take them as fields of the command"

    def test_every_fact_is_in_the_vocabulary(self) -> None:
        """A fact that the codec does not know could be written and never read."""
        missing = {fact.__name__ for fact in subclasses(Fact)} - {fact.__name__ for fact in FACTS.values()}
        assert not missing, f"{missing}: put the fact into a module of domain/facts/"

    def test_topics_are_good_for_ever(self) -> None:
        """Every topic is unique, in kebab-case and without a version; what changes is added as a field."""
        topics = Counter(fact.TOPIC for fact in subclasses(Fact))  # type: ignore[attr-defined]
        wrong = [topic for topic, times in topics.items() if times > 1 or not re.fullmatch(r"[a-z]+(-[a-z]+)+", topic)]
        assert not wrong, f"{wrong}: choose noun-happened, once, without digits; add fields with defaults instead"

    def test_facts_say_what_they_mean_and_stay_so(self) -> None:
        """Every fact has a docstring of its own and is frozen."""
        wrong = [f for f in subclasses(Fact) if not vars(f).get("__doc__") or not f.__struct_config__.frozen]  # type: ignore[attr-defined]
        assert not wrong, f"{wrong}: add a docstring, and `frozen=True, kw_only=True`"

    @pytest.mark.parametrize("kind", MEMORIES, ids=lambda kind: kind.__name__)
    def test_memories_select_what_they_handle(self, kind: type[Memory]) -> None:
        """A memory's boundary has exactly the facts that its handlers are written for."""
        if "remember" in vars(kind) or ("remember" in vars(kind.__bases__[0]) and kind.__bases__[0] is not Memory):
            return  # it takes in whatever is posted, by one method
        written = Counter(_handled(kind.__name__))
        assert written == Counter(fact.__name__ for fact in kind.remembered())
        assert max(written.values()) == 1, f"{kind.__name__} has two handlers for one fact, and would use one only"
        assert kind.__bases__ == (Memory,), f"{kind.__name__}: handlers are not inherited; write a memory of its own"


def _is_attribute(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)


def _handled(memory: str) -> Iterator[str]:
    for _, node in nodes(DOMAIN, ast.ClassDef):
        if isinstance(node, ast.ClassDef) and node.name == memory:
            for method in node.body:
                for decorator in getattr(method, "decorator_list", []):
                    if isinstance(decorator, ast.Call) and called(decorator) == "event":
                        yield called(decorator.args[0])


class TestRefusals:
    """Every refusal is a sentence, and every blank in it is filled in."""

    @pytest.mark.parametrize("refusal", every_refusal().values(), ids=lambda refusal: refusal.__name__)
    def test_is_told_what_its_message_mentions(self, refusal: type[Refusal]) -> None:
        """Wherever a refusal is made, it is given what its docstring has blanks for."""
        message = vars(refusal).get("__doc__")
        assert message, f"give {refusal.__name__} a docstring: it is what people read"
        blanks = {blank for _, blank, _, _ in Formatter().parse(message) if blank}
        sites = _made().get(refusal.__name__)
        assert sites, f"nothing raises {refusal.__name__}: delete it"
        for place, node in sites:
            told = {keyword.arg for keyword in getattr(node, "keywords", [])}
            assert blanks <= told or None in told, f"{place}: pass {blanks - told} to {refusal.__name__}"

    def test_every_one_is_reached_by_a_test_of_decisions(self) -> None:
        """There is an example of each refusal among the tests of the domain."""
        reached = {
            node.id
            for path in TESTS
            if name(path).startswith("tests/domain/")
            for call in ast.walk(tree(path))
            if isinstance(call, ast.Call) and called(call) in {"then_refused", "raises", "param"}
            for node in ast.walk(call)
            if isinstance(node, ast.Name)
        }
        of_the_ledger = {"IdempotencyKeyReused", "DocumentNumberTaken"}
        missing = {each.__name__ for each in every_refusal().values()} - reached - of_the_ledger
        assert not missing, f"{missing}: write given(…).when(…).then_refused(…)"


@cache
def _made() -> dict[str, list[tuple[str, ast.AST]]]:
    """Where what is called, or raised without a call, is; by its name."""
    made: dict[str, list[tuple[str, ast.AST]]] = {}
    for place, node in nodes(MODULES, ast.Call, ast.Raise):
        site = node.exc if isinstance(node, ast.Raise) else node
        if site and (isinstance(node, ast.Call) or not isinstance(site, ast.Call)):
            made.setdefault(called(site), []).append((place, site))
    return made


class TestModules:
    """Each file is small, says what it is for, and knows few libraries."""

    @pytest.mark.parametrize("library", MAY_IMPORT)
    def test_libraries_stay_in_their_places(self, library: str) -> None:
        """An outside library is known in few places, so that a new version of it is met there only."""
        allowed = MAY_IMPORT[library]
        stray = [place for place, m in imports(MODULES) if m.split(".")[0] == library and not place.startswith(allowed)]
        assert not stray, f"{stray}: import {library} in {', '.join(allowed)} only, and take what you need from there"

    def test_say_what_they_are_for(self) -> None:
        """Every module starts with a line that says what it is for."""
        first_lines = {name(path): (ast.get_docstring(tree(path)) or "").split("\n")[0] for path in MODULES}
        wrong = [path for path, line in first_lines.items() if not 0 < len(line) <= LONGEST_SUMMARY]
        assert not wrong, f"{wrong}: begin with a docstring whose first line is at most {LONGEST_SUMMARY} characters"

    def test_are_short(self) -> None:
        """No file takes more than a few screens."""
        lengths = {name(path): len(path.read_text(encoding="utf8").splitlines()) for path in MODULES}
        wrong = {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE}
        assert not wrong, f"{wrong}: divide by subject what has more than {LONGEST_FILE} lines"

    def test_have_short_functions(self) -> None:
        """No function takes more than a screen."""
        found = nodes(MODULES, ast.FunctionDef, ast.AsyncFunctionDef)
        lengths = {f"{place} {node.name}": node.end_lineno - node.lineno + 1 for place, node in found}  # type: ignore[attr-defined]
        wrong = {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION}
        assert not wrong, f"{wrong}: name the parts of what has more than {LONGEST_FUNCTION} lines"
        deciles = quantiles(lengths.values(), n=10)
        assert deciles[4] <= USUAL_FUNCTION, f"functions grow: {deciles}"
        assert deciles[8] <= LONG_FUNCTION, f"functions grow: {deciles}"

    def test_lie_in_folders_that_can_be_looked_over(self) -> None:
        """No folder has more modules than can be looked over."""
        folders = Counter(path.parent for path in MODULES if path.name != "__init__.py")
        wrong = {name(folder): number for folder, number in folders.items() if number > LARGEST_FOLDER}
        assert not wrong, f"{wrong}: divide by subject what has more than {LARGEST_FOLDER} modules"

    def test_print_nothing(self) -> None:
        """Only the command line talks to whoever sits before it."""
        found = [place for place, node in nodes(MODULES, ast.Call) if called(node) == "print"]
        wrong = [place for place in found if not place.startswith("timebank/cli/")]
        assert not wrong, f"{wrong}: log it with structlog, or return it"


class TestStatements:
    """SQL is named, beside the module that runs it, and used."""

    def test_each_is_used_and_each_that_is_used_exists(self) -> None:
        """Names in `.sql` files and names in `SQL["…"]` are the same."""
        files = {f"{'.'.join(path.relative_to(ROOT).parts[:-1])}/{path.name}" for path in STATEMENTS}
        defined = {(file, each) for file in files for each in load_statements(*file.split("/"))}
        used = {(file, key) for path in MODULES for file, key in _used_statements(path)}
        assert not used - defined, f"{used - defined}: write these statements, or correct their names"
        assert not defined - used, f"{defined - used}: nothing runs these statements; delete them"


@cache
def _loaded(path: Path) -> dict[str, str]:
    """Which names of a module stand for the statements of which file."""
    loaded = {}
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and called(node.value) == "load_statements":
            package, file = (argument.value for argument in node.value.args)  # type: ignore[attr-defined]
            loaded[node.targets[0].id] = f"{package}/{file}"  # type: ignore[attr-defined]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("timebank"):
            source = ROOT.joinpath(*node.module.split(".")).with_suffix(".py")
            names = [alias for alias in node.names if alias.name.endswith("SQL")]
            loaded |= {alias.asname or alias.name: _loaded(source)[alias.name] for alias in names}
    return loaded


def _used_statements(path: Path) -> Iterator[tuple[str, str]]:
    loaded = _loaded(path)
    for place, node in nodes([path], ast.Subscript):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in loaded:
            assert isinstance(node.slice, ast.Constant), f"{place}: write the statement's name out, so it can be found"
            yield loaded[node.value.id], node.slice.value


def test_every_test_says_what_is_true() -> None:
    """Every test has a docstring that says, in a sentence, what holds when it passes."""
    found = nodes(TESTS, ast.FunctionDef, ast.AsyncFunctionDef)
    tests = [(place, node) for place, node in found if node.name.startswith("test_")]  # type: ignore[attr-defined]
    wrong = [place for place, node in tests if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert not wrong, f"{wrong}: add a one-sentence docstring"


def test_every_slow_test_is_there() -> None:
    """What is written down as slow is a test that there is."""
    for each in written_down():
        path, *_, name = each.split("::")
        assert f"def {name}(" in (Path(__file__).parent.parent / path).read_text(encoding="utf-8"), each


def test_every_planted_fault_has_its_place() -> None:
    """What the planted faults put in the place of something is there to be replaced, once."""
    assert misplaced() == []
