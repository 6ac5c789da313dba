"""What is checked: proofs, checkpoints and archives, by the keys one trusts and by what was kept before."""

import base64
import hashlib
import json
import re
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from .accounts import compare
from .facts import told
from .log import Log, check_file, entries_in
from .notes import Checkpoint, Key, checkpoint_of, key_of, must_extend, receipt_of, unbased
from .tree import WrongError, must_include, once


class Verifier:
    """What one trusts, what one has kept, and what is checked by that."""

    def __init__(self, keys: set[Key], witnesses: set[Key], wanted: int, receipts: list[str], kept: Path) -> None:
        self.keys, self.witnesses, self.wanted, self.kept = keys, witnesses, wanted, kept
        self.receipts, self.met = [receipt_of(each) for each in receipts], set[tuple[str, int]]()
        self.known = [checkpoint_of(file.read_text(encoding="utf8")) for file in sorted(kept.glob("*.checkpoint"))]

    def accept(self, checkpoint: Checkpoint) -> Checkpoint:
        """A checkpoint that is signed by the log, and by enough witnesses. Raises `WrongError`."""
        if not self.is_by_its_log(checkpoint):
            raise WrongError(f"the checkpoint of {checkpoint.size} facts is signed by no key of its log that you trust")
        if len(checkpoint.signers(self.witnesses)) < self.wanted:
            raise WrongError(f"the checkpoint of {checkpoint.size} facts lacks cosignatures: {self.wanted} are wanted")
        for other in self.known:
            if other[:2] == checkpoint[:2] and other.root != checkpoint.root:
                raise WrongError(f"{other.origin} has told two histories: two checkpoints of {other.size} facts differ")
        return checkpoint

    def is_by_its_log(self, checkpoint: Checkpoint) -> bool:
        """Whether a key of its log that one trusts signed it; a key of one log says nothing of another."""
        return {key.name for key in checkpoint.signers(self.keys)} == {checkpoint.origin}

    def learn(self, checkpoint: Checkpoint, path: list[bytes] | None = None) -> str:
        """Keep a checkpoint for the next time; with a proof of consistency, check it against the one kept last."""
        self.accept(checkpoint)
        earlier = [each for each in self.known if each.origin == checkpoint.origin and each.size <= checkpoint.size]
        if path is not None:
            if not earlier:
                kept = f"no earlier checkpoint of {checkpoint.origin} is kept, so nothing is proved by that"
                raise WrongError(f"{kept}: check it without the proof first")
            must_extend(max(earlier, key=lambda each: each.size), checkpoint, path)
        self.keep(checkpoint)
        return f"a checkpoint of {checkpoint.size} facts of {checkpoint.origin}"

    def keep(self, checkpoint: Checkpoint, leaves: bytes = b"") -> None:
        """Remember what was found to hold."""
        self.known.append(checkpoint)
        self.kept.mkdir(parents=True, exist_ok=True)
        signed = "".join(f"— {name} {base64.b64encode(i + raw).decode()}\n" for name, i, raw in checkpoint.signatures)
        note = self.file(checkpoint.origin, f"{checkpoint.size}.checkpoint")
        note.write_text(f"{checkpoint.text}\n{signed}", encoding="utf8")
        if leaves:
            self.file(checkpoint.origin, "leaves").write_bytes(leaves)

    def file(self, origin: str, what: str) -> Path:
        """Where something is kept about a log."""
        return self.kept / f"{re.sub('[^A-Za-z0-9-]', '_', origin)}.{what}"

    def expected(self, origin: str) -> dict[int, bytes]:
        """The leaves that receipts of a log say, by position. Raises `WrongError` where two of them differ."""
        found: dict[int, bytes] = {}
        for _, position, leaf in (each for each in self.receipts if each[0] == origin):
            if found.setdefault(position, leaf) != leaf:
                raise WrongError(f"position {position}: two of your receipts differ, so two histories were told")
        return found

    def end(self) -> None:
        """All files are checked. Raises `WrongError` if a receipt is of nothing that was in them."""
        for log, position, _ in self.receipts:
            if (log, position) not in self.met:
                raise WrongError(f"position {position} of {log}: you have a receipt, but nothing here is about it")

    def proof(self, text: str) -> str:
        """Check the proof of one fact (C2SP tlog-proof), and say which fact it is."""
        head, _, note = text.partition("\n\n")
        first, extra, at, *hashes = [*head.split("\n"), "", ""]
        if (first, extra[:6], at[:6]) != ("c2sp.org/tlog-proof@v1", "extra ", "index ") or not at[6:].isdigit():
            raise WrongError("this is no proof of a fact")
        row, index, path = unbased(extra[6:]), int(at[6:]), [unbased(each) for each in hashes if each]
        checkpoint, leaf = self.accept(checkpoint_of(note)), hashlib.sha256(b"\x00" + row).digest()
        must_include(leaf, index, checkpoint.size, path, checkpoint.root)
        position, expected = index + 1, self.expected(checkpoint.origin)
        if expected.get(position, leaf) != leaf:
            raise WrongError(f"position {position}: the fact is not the one of your receipt")
        shown = re.sub(r"[^\x20-\x7e\u00a0-\ufffc]+", " ", told(row, position))
        self.met.add((checkpoint.origin, position))
        self.keep(checkpoint)
        as_received = ", and is the fact of your receipt" if position in expected else ""
        return f"position {position} is in the log of {checkpoint.size} facts{as_received}: {shown}"

    def archive(self, folder: Path) -> str:
        """Check a whole log: every leaf, the tree, all checkpoints, the receipts, and the balances, made anew."""
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf8"), object_pairs_hook=once)
        final = checkpoint_of((folder / "checkpoint.txt").read_text(encoding="utf8"))
        changes = [checkpoint_of(each) for each in manifest["key_changes"]]
        log, accounts, last = self.begun([*changes, final]), defaultdict[tuple[str, str], int](int), 0
        files, check = entries_in(folder), partial(check_file, manifest["bank_id"])
        with ProcessPoolExecutor() if len(files) > 1 else nullcontext() as workers:
            for found in workers.map(check, files) if workers else map(check, files):
                if found.leaves and (found.first != log.tree.size + 1 or found.earliest < last):
                    raise WrongError(f"position {log.tree.size + 1} is missing, or not in order")
                last = found.latest
                log.take(found.leaves)
                for account, minutes in found.accounts.items():
                    accounts[account] += minutes
                self.trust(final.origin, found.keys, changes)
                if found.wrong:
                    raise WrongError(found.wrong)
        log.end()
        if log.tree.size > final.size:
            raise WrongError(f"position {final.size + 1} and all that follow are beyond what is signed")
        self.accept(final)
        compare(accounts, folder / "balances.ndjson")
        self.met.update((final.origin, position) for position in log.expected)
        self.keep(final, bytes(log.leaves))
        return f"{log.tree.size} facts of {final.origin}, their tree, its checkpoints and {len(accounts)} accounts"

    def begun(self, shown: list[Checkpoint]) -> Log:
        """A log before its first fact, with what is known of it and what is shown of it."""
        origin = shown[-1].origin
        kept = self.file(origin, "leaves")
        known = [each for each in self.known if each.origin == origin]
        own = [each for each in shown if each.origin == origin]
        return Log(known, own, self.expected(origin), kept.read_bytes() if kept.exists() else b"")

    def trust(self, origin: str, announced: list[tuple[int, str]], changes: list[Checkpoint]) -> None:
        """Trust new keys that a log announces for itself, if a key of it that is trusted signed a checkpoint over that.

        It has to be a checkpoint of this very log, since nothing else is compared with its facts.
        """
        for position, key in announced:
            over = (each for each in changes if each.origin == origin and each.size >= position)
            if key_of(key).name == origin and any(map(self.is_by_its_log, over)):
                self.keys.add(key_of(key))
