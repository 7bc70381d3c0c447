"""A load generator for where `wrk` isn't installed: raw sockets under asyncio, the bytes prepared beforehand.

`python -m benchmarks.python_load PORT CONNECTIONS SECONDS FIRST DIFFERENT BEFORE ANSWERS PIECE…` prints what lead.lua
prints. With ANSWERS it sends until so many have come, else for SECONDS.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.leads import HOST, phone_number


class Sender:
    """What all connections share: which lead is next, what came back, when it is enough."""

    def __init__(self, leads: tuple[int, int, int], answers: int, seconds: float, pieces: list[str]) -> None:
        """`leads` is the first, how many different ones, how many were sent before."""
        self._leads, self._answers, self._pieces = leads, answers, pieces
        self.statuses: Counter[str] = Counter()
        self.times: list[float] = []
        self.sent = 0
        self.failed = 0
        self.over = asyncio.Event()
        self._deadline = float("inf") if answers else time.perf_counter() + seconds

    def next(self) -> bytes:
        """The next request."""
        first, different, before = self._leads
        place = first + (before + self.sent) % different
        self.sent += 1
        return phone_number(place).join(self._pieces).encode()

    def take(self, status: str, seconds: float) -> None:
        """An answer has come."""
        self.statuses[status] += 1
        self.times.append(seconds)
        if len(self.times) == self._answers or time.perf_counter() > self._deadline:
            self.over.set()


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is whole."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._waiting = b""
        self._began = 0.0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._sender.next())

    def data_received(self, data: bytes) -> None:
        """Go on when the answer is whole."""
        self._waiting += data
        head, found, body = self._waiting.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._waiting = b""
        self._sender.take(head[9:12].decode(), time.perf_counter() - self._began)
        if not self._sender.over.is_set():
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """A server that lets go before the end has failed; without connections there is nothing to wait for."""
        if not self._sender.over.is_set():
            self._sender.failed += 1
            self._sender.over.set()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def run(port: int, connections: int, sender: Sender) -> dict[str, Any]:
    """Send until it is enough."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(sender), HOST, port) for _ in range(connections)
    ]
    await sender.over.wait()
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.abort()
    times = sorted(sender.times) or [0.0]
    return {
        "statuses": sender.statuses,
        "sent": sender.sent,
        "failed": sender.failed,
        "seconds": seconds,
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
    }


async def main(arguments: list[str]) -> None:
    """Read what is wanted, and report."""
    port, connections, seconds, first, different, before, answers, *pieces = arguments
    leads = (int(first), int(different), int(before))
    sender = Sender(leads, int(answers), float(seconds), pieces)
    print("RESULT", json.dumps(await run(int(port), int(connections), sender)))


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1:]))
