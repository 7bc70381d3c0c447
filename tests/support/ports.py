"""Ports that are bound later, or again."""

import contextlib
import random
import socket


def free_ports(count: int) -> list[int]:
    """Below those that the system gives to connections, so that none of them is taken before it is used."""
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.randrange(10_000, 32_000)
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    [found] = free_ports(1)
    return found
