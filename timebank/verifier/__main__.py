"""The command line of the verifier."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .checking import Verifier
from .notes import checkpoint_of, key_of, unbased
from .tree import UNREADABLE, WrongError


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        "timebank-verify", description="Check receipts, proofs, checkpoints and archives of a time bank."
    )
    parser.add_argument("files", nargs="*", type=Path, help="proofs, checkpoints, or the folder of an archive")
    parser.add_argument("--key", action="append", required=True, help="a verifier key of the log")
    parser.add_argument("--witness", action="append", default=[], help="a verifier key of a witness")
    parser.add_argument("--wanted", type=int, help="how many witnesses must have cosigned (all that are named)")
    parser.add_argument("--receipt", action="append", default=[], help="a receipt, in quotes: LOG POSITION LEAF")
    parser.add_argument("--consistency", type=Path, help="a proof of consistency, from the checkpoint kept last")
    parser.add_argument(
        "--kept", type=Path, default=Path.home() / ".timebank-verify", help="what is kept for next time"
    )
    given = parser.parse_args(arguments)
    try:
        keys, witnesses = set(map(key_of, given.key)), set(map(key_of, given.witness))
        wanted = len(witnesses) if given.wanted is None else given.wanted
        verifier = Verifier(keys, witnesses, wanted, given.receipt, given.kept)
        proof = list(map(unbased, json.loads(given.consistency.read_text())["hashes"])) if given.consistency else None
        held = []
        for file in given.files:
            text = "" if file.is_dir() else file.read_text(encoding="utf8")
            if file.is_dir():
                found = verifier.archive(file)
            elif text.startswith("c2sp.org/tlog-proof"):
                found = verifier.proof(text)
            else:
                found = verifier.learn(checkpoint_of(text), proof)
            held.append(f"holds: {file}: {found}\n")
        verifier.end()
        sys.stdout.writelines(held)
    except (WrongError, OSError, *UNREADABLE) as error:
        sys.stdout.write(f"WRONG: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
