"""The description of the API on the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.program import Program


@pytest.mark.release
def test_the_description_is_the_same_every_time(tmp_path: Path) -> None:
    """`openapi` prints the same bytes however Python orders its sets, and needs neither database nor service."""
    printed = []
    for seed in ("1", "2"):
        program = Program(tmp_path)
        program.environment["PYTHONHASHSEED"] = seed
        printed.append(program.run("openapi").out)
    assert printed[0] == printed[1]
    described = json.loads(printed[0])
    assert described["openapi"].startswith("3.1")
    assert "/v1/service-records" in described["paths"]
