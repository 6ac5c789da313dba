"""Checks a time bank's log without the bank: receipts, proofs, archives, checkpoints, witnesses, balances.

This folder stands alone: it needs Python 3.11 and the package `cryptography`, no database and no network, and imports
nothing of the service. Copy it anywhere, read it, and run it: `python -m verifier --help`. What it goes by is RFC 6962
(the tree), and C2SP's signed-note, tlog-checkpoint, tlog-proof and tlog-cosignature. docs/audit.md says how to use it.
"""
