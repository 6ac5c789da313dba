"""What is measured in a large bank is what is asked of it."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLANS, QUESTIONS = ROOT / "tests/projections/test_plans.py", ROOT / "benchmarks/setup/questions.py"


def asked(path: Path) -> set[str]:
    """The questions to read models that a module asks, by their whole names."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    called = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("timebank.projections")
        for alias in node.names
    }
    return set(_questions(tree, called))


def _questions(tree: ast.Module, called: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            name = f"{called[node.value.id]}.{node.attr}"
        elif isinstance(node, ast.Name) and node.id in called:
            name = called[node.id]
        else:
            continue
        module, _, function = name.rpartition(".")
        if inspect.iscoroutinefunction(getattr(import_module(module), function, None)):
            yield name


def test_every_list_is_measured() -> None:
    """Each list whose plan is read is also asked of banks of two sizes."""
    plans, measured = asked(PLANS), asked(QUESTIONS)
    assert len(plans) > 30
    missing = sorted(plans - measured)
    assert not missing, f"{missing}: ask this in {QUESTIONS.relative_to(ROOT)}"
