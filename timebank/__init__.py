"""A volunteer time bank: hours are facts in one ordered log, balances are projections of it."""

__version__ = "0.1.0"
