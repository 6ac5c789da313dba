"""Archives that somebody wrote to confuse the verifier: it says what is wrong, and where, and nothing else happens."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.stranger import verify
from timebank.verifier.accounts import compare
from timebank.verifier.log import check_file
from timebank.verifier.tree import WrongError

BANK = "01a21c27-25e7-71f8-bf84-70a24c18d81e"


def line(position: int = 3, **changes: Any) -> str:
    """A fact as an archive has it, with something else in it."""
    fact = {
        "position": position,
        "recorded_at": "2026-11-27T08:00:00Z",
        "event_id": BANK,
        "topic": "credit-given",
        "data": '{"volunteer_id":"a","to_volunteer_id":"b","minutes":1}',
        "tags": ["a", "b"],
        "actor": "a",
        "authority": "volunteer",
        "request_id": "",
        "command_id": BANK,
    }
    return json.dumps(fact | changes) + "\n"


ODD = {
    "an empty line": "\n",
    "deep": "[" * 200_000 + "\n",
    "a list": "[]\n",
    "null": "null\n",
    "no time": line(recorded_at=None),
    "no zone": line(recorded_at="2026-11-27T08:00:00"),
    "before all time": line(recorded_at="0001-01-01T00:00:00Z"),
    "position below zero": line(-5),
    "position without end": line(10**30),
    "position of a float": line().replace('"position": 3', '"position": 300.5'),
    "data of a number": line(data=7),
    "no tags": line(tags=None),
    "too many tags": line(tags=["x"] * 70_000),
    "two facts": line().rstrip() + line(),
    "more than a fact": line().rstrip() + " x\n",
    "an actor said twice": line().replace('"actor"', '"actor": "b", "actor"'),
    "actor too long": line(actor="x" * 70_000),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_line_that_is_no_fact_is_named(odd: str, tmp_path: Path) -> None:
    """What is before it counts, what is after it is not looked at; no odd line ends the verifier with a traceback."""
    file = tmp_path / "00000000.ndjson"
    file.write_text(line(1) + line(2) + odd + line(4), encoding="utf8")
    found = check_file(BANK, file)
    assert found.wrong == "position 3: a line of 00000000.ndjson is no fact"
    assert len(found.leaves) == 2 * 32
    file.write_text(odd, encoding="utf8")
    assert "is no fact" in check_file(BANK, file).wrong


@pytest.mark.parametrize("data", ["[" * 200_000, '{"minutes":1e999}', "[]", "7", '{"minutes":"x"} x'])
def test_data_that_nobody_can_read_are_named(data: str, tmp_path: Path) -> None:
    """The leaf is made of it as it stands; what it does to accounts nobody can say."""
    file = tmp_path / "00000000.ndjson"
    file.write_text(line(1) + line(2, data=data), encoding="utf8")
    assert check_file(BANK, file).wrong == "position 2: the fact cannot be read"


@pytest.mark.parametrize(
    ("said", "is_wrong"),
    [
        (['["a", {"available": 5}]'], False),
        (['["a", {"available": 5}]', '["b", {"fund": 0}]'], False),
        (['["a", {"available": 900}]', '["a", {"available": 5}]'], True),
        (['["a", {"available": 900, "available": 5}]'], True),
    ],
)
def test_a_balance_is_said_once(said: list[str], is_wrong: bool, tmp_path: Path) -> None:
    """Of two that are said of one account, the first may be what people read, and the last what is right."""
    (tmp_path / "balances.ndjson").write_text("".join(f"{each}\n" for each in said))
    expectation: Any = pytest.raises((WrongError, ValueError)) if is_wrong else nullcontext()
    with expectation:
        compare({("a", "available"): 5}, tmp_path / "balances.ndjson")


@pytest.mark.parametrize("manifest", ["[]", "[" * 200_000, "7", "{}", '{"key_changes":[1],"bank_id":"x"}'])
def test_a_folder_that_is_no_archive_is_told_so(manifest: str, tmp_path: Path) -> None:
    """Whatever is in its files."""
    (tmp_path / "manifest.json").write_text(manifest)
    (tmp_path / "checkpoint.txt").write_text(f"timebank/x\n1\n{'A' * 43}=\n\n— timebank/x AAAAAAAA\n", encoding="utf8")
    key = "timebank/01a21c27-25e7-71f8-bf84-70a24c18d81e+1356e350+AWYNJ/zPdb0dj3FrHRdCaSj14NVbi9pkjSB7TMOPwCjV"
    said = verify(tmp_path, "--key", key, "--kept", tmp_path / "kept", tmp_path, expect=1)
    assert said.startswith("WRONG: ")
