"""A believable world to try the time bank on."""

from timebank.demo.trying import Credentials, Demo, give_credentials, known_world
from timebank.demo.world import make_world

__all__ = ["Credentials", "Demo", "give_credentials", "known_world", "make_world"]
