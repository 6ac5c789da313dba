"""A believable world to try the time bank on."""

from timebank.demo.world import Demo, Doors, known_world, make_world, open_doors

__all__ = ["Demo", "Doors", "known_world", "make_world", "open_doors"]
