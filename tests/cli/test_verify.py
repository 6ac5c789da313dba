"""Verifying the log and the read models, and rebuilding what differs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.cli.program import Program
from tests.helpers.databases import administer
from tests.runtime.test_rights import as_role
from timebank.cli.log import verify
from timebank.ledger.audit import Finding
from timebank.ledger.store import Bank
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import Progress
from timebank.proofs.notes import signed
from timebank.runtime.database.roles import SERVICE


async def test_verify_finds_what_was_tampered_with(program: Program, url: str) -> None:
    """A sound bank is said to be sound; a changed row of the log, or of a read model, is located, with exit code 1."""
    program.run("init", "甲", "--json")
    people = program.folder / "people.csv"
    people.write_text("姓名\n张三\n李四\n")
    program.run("import", "volunteers", people)
    program.run("rebuild")
    sound = program.run("verify").out
    assert "log: sound" in sound
    assert "DIFFERS" not in sound
    assert sound.count("equal") == len(EVERY)
    assert program.run("verify", "--since", "3").out.splitlines()[1:] == ["  log: sound"]
    connection = await asyncpg.connect(url)
    await connection.execute("update volunteer set status = 'suspended'")
    differs = program.run("verify", expect=1).out
    assert "volunteers: DIFFERS" in differs
    assert program.run("rebuild", "volunteers").out == "volunteers: rebuilt\n"
    program.run("verify")
    await connection.execute("alter table event disable trigger user")
    await connection.execute("update event set data = set_byte(data, 40, get_byte(data, 40) # 1) where position = 2")
    await connection.execute("alter table event enable trigger user")
    await connection.close()
    tampered = program.run("verify", expect=1).out
    assert "position 2: the row is not the one that was sealed" in tampered
    assert "1 findings" in tampered or "findings" in tampered


@pytest.mark.parametrize("damage", ["garbage", '{"volunteer_id": 5}', "{}"])
async def test_verify_goes_on_behind_a_fact_that_cannot_be_read(program: Program, url: str, damage: str) -> None:
    """It is named by its position, and each read model is: compared, or that it cannot be made of such a log."""
    program.run("init", "甲", "--json")
    program.run("rebuild")
    connection = await asyncpg.connect(url)
    await connection.execute("alter table event disable trigger user")
    damaged = "update event set data = convert_to($1, 'UTF8') where topic = 'volunteer-registered'"
    assert await connection.execute(damaged, damage) == "UPDATE 1"
    await connection.execute("alter table event enable trigger user")
    await connection.execute("alter table appointment drop column valid_until cascade")
    await connection.execute("drop table merge")
    told = program.run("verify", expect=1).out
    assert "position 2: the fact cannot be read" in told
    assert "volunteers: cannot be made anew of the log" in told
    assert "merges: its tables are not those of this version" in told
    assert "offices: its tables are not those of this version" in told
    assert told.count("equal") >= 5
    await connection.close()


NOTE = signed(f"timebank/bank\n1\n{'A' * 43}=\n", "timebank/bank", [Ed25519PrivateKey.generate()])


@pytest.mark.parametrize(
    "kept",
    [
        str(NOTE).encode(),
        b"\xef\xbb\xbf" + str(NOTE).encode(),
        f"{NOTE}\n\n".encode(),
        NOTE.line.encode(),
        f"{NOTE.line}\n".encode(),
        f"{NOTE.line}\n\n".encode(),
        b"\xef\xbb\xbf" + NOTE.line.encode() + b"\r\n",
    ],
    ids=["note", "marked note", "note, blank", "line", "whole line", "line, blank", "as Windows writes"],
)
def test_a_kept_checkpoint_is_read_as_it_was_kept(kept: bytes, tmp_path: Path) -> None:
    """What the API hands out as well as the line that is printed, in a file; and the line by itself."""
    file = tmp_path / "kept.txt"
    file.write_bytes(kept)
    assert verify._read_note(str(file)) == verify._read_note(NOTE.line) == NOTE


@pytest.mark.parametrize("kept", [b"", b"timebank/bank 1 x", b"\xff\xfe", b"\xff\n\n\xfe"])
def test_what_is_no_checkpoint_is_said(kept: bytes, tmp_path: Path) -> None:
    """Whatever else a file holds, it is refused with a sentence."""
    file = tmp_path / "kept.txt"
    file.write_bytes(kept)
    with pytest.raises(click.BadParameter):
        verify._read_note(str(file))


def test_what_is_no_text_is_said() -> None:
    """A byte on the command line that belongs to no character is refused with a sentence, too."""
    with pytest.raises(click.BadParameter) as refused:
        verify._read_note(f"文\udcff {NOTE.line}")
    assert "文\ufffd timebank/bank" in refused.value.format_message()


@pytest.mark.parametrize("interruption", [asyncio.CancelledError, SystemExit], ids=["waiting", "busy"])
async def test_an_interrupted_check_says_how_to_go_on(
    interruption: type[BaseException], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found until then is told, and from where the rest is checked."""

    async def check_log(_pool: Any, _bank_id: Any, progress: Progress, *_: Any, since: int) -> AsyncIterator[Finding]:
        progress(since + 7, 20)
        yield Finding(since + 8, "the tags are not those of the fact")
        raise interruption

    monkeypatch.setattr(verify, "check_log", check_log)
    services: Any = SimpleNamespace(pool=None)
    bank = Bank(uuid4(), 20, None, "甲", "Asia/Shanghai")
    with pytest.raises(interruption):
        await verify._verify_rows(services, bank, 3)
    told = capsys.readouterr().out
    assert "position 11: the tags are not those of the fact" in told
    assert f"checked up to position 10. --bank {bank.bank_id} --since 10 " in told


def test_rebuilding_names_the_role_that_it_needs(program: Program, url: str) -> None:
    """Whoever may only do what the service does is told that tables are made by the owner."""
    program.run("init", "甲", "--json")
    name = f"member-{uuid4().hex}"
    administer(url, f'create role "{name}" login in role {SERVICE}')
    try:
        refused = Program(program.folder, database_url=as_role(url, name)).run("rebuild", "volunteers", expect=1)
    finally:
        administer(url, f'drop role "{name}"')
    assert "needs the role that owns the database" in refused.failure
