"""The signing key on the command line: shown, and replaced so that whoever trusts the old one trusts the new one."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.program import Program, Ran
from tests.helpers import stranger


def verify(program: Program, key: str, kept: str, *files: object, expect: int = 0) -> str:
    """What somebody is told who trusts a key, and has kept something before."""
    return stranger.verify(program.folder, "--key", key, "--kept", program.folder / kept, *files, expect=expect)


@pytest.mark.release
async def test_a_key_is_replaced_and_the_log_says_so(program: Program, tmp_path: Path) -> None:
    """After two rotations an archive is believed by whoever knows any of the keys; not if it hides the changes."""
    program.environment["TIMEBANK_SIGNING_KEY_FILE"] = str(tmp_path / "signing" / "signing.json")
    await program.arun("init", "甲")
    (old,) = (await program.arun("signing", "keys")).out.split()
    line = (await program.arun("signing", "checkpoint")).out.strip()
    (tmp_path / "line.txt").write_text(line)
    assert "holds" in verify(program, old, "a", tmp_path / "line.txt")
    (new,) = (await program.arun("signing", "rotate")).out.split()
    assert new != old
    assert (await program.arun("signing", "keys")).out.split() == [new]
    (newest,) = (await program.arun("signing", "rotate")).out.split()
    ran: Ran = await program.arun("verify", "--against", line)
    assert "log: sound" in ran.out
    folder = tmp_path / "archive"
    await program.arun("archive", "export", folder)
    for key in (old, new, newest):
        assert "holds" in verify(program, key, f"of {key[-4:]}".strip("="), folder)
    assert "holds" in verify(program, old, "a", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"key_changes": []}))
    assert "no key of its log that you trust" in verify(program, old, "b", folder, expect=1)
    await asyncio.to_thread((tmp_path / "line.txt").write_text, line.replace(line.split()[2], "A" * 43 + "="))
    assert "WRONG" in verify(program, old, "c", tmp_path / "line.txt", expect=1)
    refused = await program.arun("verify", "--against", line.replace(line.split()[2], "A" * 43 + "="), expect=1)
    assert "not to be believed" in refused.out
    assert (
        "none of these banks"
        in (await program.arun("verify", "--against", "a 1 " + "A" * 43 + "= — b AAAAAAAA", expect=2)).sentence
    )
