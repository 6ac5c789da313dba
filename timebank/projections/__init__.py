"""Read models: one module per question asked, its SQL beside it. All can be thrown away and rebuilt from the log.

Every module below a subject's folder that has a `PROJECTION` is found here; there is no list to keep.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from timebank.projections.machinery.projection import Projection


def _found() -> Iterator[Projection]:
    for module in walk_packages(__path__, f"{__name__}."):
        projection: Projection | None = getattr(import_module(module.name), "PROJECTION", None)
        if projection:
            yield projection


EVERY: tuple[Projection, ...] = tuple(sorted(_found(), key=lambda each: each.name))
"""All projections, by name."""

INLINE: tuple[Projection, ...] = tuple(each for each in EVERY if each.is_inline)
"""Those that are written in the append transaction itself, and so never behind the log."""

FOLLOWING: tuple[Projection, ...] = tuple(each for each in EVERY if not each.is_inline)
"""Those that follow the log, a moment behind it."""
