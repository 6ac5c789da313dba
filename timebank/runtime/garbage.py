"""Python's collector of garbage: what is loaded, and what is remembered, lives long and holds no cycles."""

import gc


def collect_rarely() -> None:
    """Have the collector look through it all less often: a quarter of what it takes to start was spent so."""
    gc.set_threshold(50_000, 20, 50)
