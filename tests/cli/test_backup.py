"""Backing up and restoring by the command line: by files, and through pipes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, Program
from tests.helpers.databases import database
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.cli.database.backup import written


@pytest.fixture
def other(cluster: str, folder: Path) -> Iterator[Program]:
    """The program on another machine, with an empty database."""
    (folder / "other").mkdir()
    with database(cluster) as url:
        yield Program(folder, database_url=url, key_file=str(folder / "other" / "keys.json"))


def test_a_bank_moves(keyed: Program, other: Program, folder: Path) -> None:
    """What `backup` writes, keys apart, `restore` brings back on another machine, where `verify` finds it sound."""
    bank = keyed.run("init", "甲", "--json").json
    keyed.run("backup", folder / "bank.backup", "--keys", folder / "bank.keys")
    for file in (folder / "bank.backup", folder / "bank.keys"):
        assert file.stat().st_mode & 0o777 == 0o600
    keyed.run("backup", expect=2)
    told = other.run("restore", folder / "bank.backup", expect=1)
    assert told.sentence.startswith("Error: there is no key file")
    restored = other.run("restore", folder / "bank.backup", "--keys", folder / "bank.keys")
    assert "log: sound" in restored.out
    assert f"{bank['bank_id']}), 3 events" in other.run("verify").out
    before = sorted((each.name, each.read_bytes()) for each in (folder / "other").iterdir())
    foreign = folder / "foreign.keys"
    foreign.write_text('{"keys": {"current": "k1", "keys": {"k1": "x"}}}')
    again = other.run("restore", folder / "bank.backup", "--keys", foreign, expect=1)
    assert again.sentence.startswith("Error: there are banks in this")
    assert sorted((each.name, each.read_bytes()) for each in (folder / "other").iterdir()) == before


def test_two_at_once_do_not_mix(folder: Path) -> None:
    """One that begins while another is written to the same place leaves it alone; what is whole later stays."""
    file = folder / "bank.backup"
    with written(file) as earlier:
        earlier.write(b"ear")
        earlier.flush()
        with written(file) as later:
            later.write(b"later, and longer")
        assert file.read_bytes() == b"later, and longer"
        earlier.write(b"lier")
    assert file.read_bytes() == b"earlier"
    assert list(folder.iterdir()) == [file]


@pytest.mark.release
def test_through_pipes(keyed: Program, other: Program) -> None:
    """Where no file can be reached, as in a container, standard output holds the backup and nothing else."""
    keyed.run("init", "甲", "--json")

    def pipe(program: Program, *arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            [*PROGRAM, *arguments], input=given, env=program.environment, cwd=program.folder, stdout=subprocess.PIPE,
            timeout=PATIENCE_SECONDS, check=True,
        ).stdout  # fmt: skip

    pipe(other, "restore", "--keys", "-", given=pipe(keyed, "backup", "--keys", "-"))
    assert b"log: sound" in pipe(other, "restore", "-", given=pipe(keyed, "backup", "-"))
