"""Ports for what tests start, and start again."""

import socket
from random import SystemRandom

OF_SERVERS = range(20_000, 32_000)
"""Below those that the system gives to whoever connects (Linux: from 32768 on).

One of those may be some connection's by the time that a server is started again.
"""


def free_port() -> int:
    """A port that nobody listens on, and no connection is given."""
    while True:
        port = SystemRandom().choice(OF_SERVERS)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
