"""Archives made up by whoever has a key of another log, or none: the verifier believes a log by its own keys only."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.helpers.stranger import verify
from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.notes import VerifierKey, signed
from timebank.verifier.facts import leaf_of
from timebank.verifier.tree import Tree

OURS, ANOTHER, NEW = "timebank/ours", "timebank/another", "timebank/new"
KEYS = {log: Ed25519PrivateKey.generate() for log in (OURS, ANOTHER)}
FORGED = Ed25519PrivateKey.generate()


def key(log: str, private: Ed25519PrivateKey) -> str:
    """The key of a log as it is handed out."""
    return str(VerifierKey.of(log, private.public_key()))


def checkpoint(log: str, by: str) -> str:
    """A checkpoint over many facts that says to be of one log, signed by the key of one."""
    return str(signed(str(Checkpoint(log, 100, b"x" * 32)), by, [KEYS[by]]))


def announced(position: int, log: str) -> dict[str, object]:
    """A fact by which a log announces the forged key as that of some log."""
    data = json.dumps({"verifier_key": key(log, FORGED)})
    said = dict.fromkeys(("event_id", "actor", "authority", "request_id", "command_id"), "x")
    when = {"position": position, "recorded_at": "2026-01-01T00:00:00Z"}
    return said | when | {"topic": "signing-key-announced", "data": data, "tags": []}


def archive(
    folder: Path, log: str, by: Ed25519PrivateKey, changes: Sequence[str], announces: Sequence[str], unsigned: int = 0
) -> Path:
    """An archive of one log, signed by a key but for the last facts, with what it says of its keys."""
    (folder / "entries").mkdir(parents=True)
    facts, tree = [announced(position, each) for position, each in enumerate(announces, 1)], Tree()
    for fact in facts[: len(facts) - unsigned]:
        tree.add(leaf_of("bank", fact)[1])
    note = signed(str(Checkpoint(log, tree.size, tree.root())), log, [by])
    (folder / "entries/00000000.ndjson").write_text("".join(f"{json.dumps(each)}\n" for each in facts))
    (folder / "checkpoint.txt").write_text(str(note), encoding="utf8")
    (folder / "balances.ndjson").write_text("")
    (folder / "manifest.json").write_text(json.dumps({"bank_id": "bank", "key_changes": list(changes)}))
    return folder


def found(kept: Path, *said: Path | str, expect: int) -> str:
    """What the verifier says, by the keys of our log and of another."""
    keys = [each for log in KEYS for each in ("--key", key(log, KEYS[log]))]
    return verify(kept, *keys, "--kept", kept / "kept", *said, expect=expect)


@pytest.mark.parametrize(("says", "by"), [(ANOTHER, ANOTHER), (OURS, ANOTHER)])
def test_a_checkpoint_of_another_log_makes_no_key_ours(says: str, by: str, tmp_path: Path) -> None:
    """Checkpoints of another log that one trusts are public; and whoever has its key may write our name on one."""
    forged = archive(tmp_path / "ours", OURS, FORGED, [checkpoint(says, by)], [OURS])
    assert found(tmp_path, forged, expect=1).startswith("WRONG: ")


def test_a_log_announces_keys_of_its_own_only(tmp_path: Path) -> None:
    """Another log, which is what it says, makes no key one of ours for what is checked after it."""
    another = archive(tmp_path / "another", ANOTHER, KEYS[ANOTHER], [], [ANOTHER, OURS])
    text = (another / "checkpoint.txt").read_text(encoding="utf8")
    (another / "manifest.json").write_text(json.dumps({"bank_id": "bank", "key_changes": [text]}))
    ours = archive(tmp_path / "ours", OURS, FORGED, [], [OURS])
    assert found(tmp_path, another, expect=0).startswith("holds: ")
    assert found(tmp_path, another, ours, expect=1).startswith("WRONG: the checkpoint")


def test_facts_behind_the_signed_ones_are_found(tmp_path: Path) -> None:
    """Whoever hands an archive on adds facts to it, and what comes of them: nobody signed those."""
    longer = archive(tmp_path / "longer", OURS, KEYS[OURS], [], [OURS, OURS], unsigned=1)
    said = found(tmp_path, longer, expect=1)
    assert said == "WRONG: position 2 and all that follow are beyond what is signed\n"


def test_a_proof_of_growth_begins_with_something(tmp_path: Path) -> None:
    """Where no earlier checkpoint of the log is kept, a proof of consistency proves nothing, and that is said."""
    note, proof = tmp_path / "note", tmp_path / "proof"
    note.write_text(checkpoint(OURS, OURS), encoding="utf8")
    proof.write_text('{"hashes": []}')
    assert "no earlier checkpoint" in found(tmp_path, "--consistency", proof, note, expect=1)
    assert found(tmp_path, note, expect=0).startswith("holds: ")
    assert found(tmp_path, "--consistency", proof, note, expect=0).startswith("holds: ")
    proof.write_text('{"hashes": null}')
    assert found(tmp_path, "--consistency", proof, note, expect=1).startswith("WRONG: ")


def test_a_log_that_nobody_trusts_is_not_begun_by_ours(tmp_path: Path) -> None:
    """A checkpoint of ours, taken along, makes nobody believe a log of another name."""
    new = archive(tmp_path / "new", NEW, FORGED, [checkpoint(OURS, OURS)], [NEW])
    assert found(tmp_path, new, expect=1).startswith("WRONG: ")
