"""Bytes to a real sandbox and back, and what it has recorded of them."""

import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any

from support.running import Sandboxed

ADDRESS = "127.0.0.1"
_SILENCE = 60.0


class Answers:
    """Reads answers off a connection, one by one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = b""

    def next(self) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None when the connection has ended (with nothing behind the last answer)."""
        while b"\r\n\r\n" not in self._held:
            if not self._more():
                assert self._held == b"", self._held
                return None
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        protocol, status, _ = first.split(" ", 2)
        assert protocol == "HTTP/1.1", first
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        while len(self._held) < length:
            assert self._more(), "the body of an answer was cut off"
        body, self._held = self._held[:length], self._held[length:]
        return int(status), headers, body

    def statuses(self) -> list[int]:
        """All that come until the connection ends; 0 for an end by a reset."""
        found = []
        try:
            while answer := self.next():
                found.append(answer[0])
        except ConnectionError:
            found.append(0)
        return found

    def _more(self) -> bool:
        chunk = self._connection.recv(262_144)
        self._held += chunk
        return bool(chunk)


def connect(sandbox: Sandboxed) -> socket.socket:
    """A connection on which nothing waits for ever."""
    connection = socket.create_connection((ADDRESS, sandbox.port), timeout=_SILENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def newest(sandbox: Sandboxed) -> int:
    """The number of the newest record; 0 when there is none."""
    found = sandbox.get("/_sandbox/requests?limit=1")["requests"]
    return int(found[0]["id"].removeprefix("r")) if found else 0


def recorded_after(sandbox: Sandboxed, number: int) -> list[dict[str, Any]]:
    """What was recorded behind that number, oldest first, as the list shows it."""
    return list(reversed(list(_newest_first(sandbox, number))))


def _newest_first(sandbox: Sandboxed, number: int) -> Iterator[dict[str, Any]]:
    before: str | None = ""
    while before is not None:
        page = sandbox.get(f"/_sandbox/requests?limit=1000{before and f'&before={before}'}")
        for record in page["requests"]:
            if int(record["id"].removeprefix("r")) <= number:
                return
            yield record
        before = page["next"]


def status_of(record: dict[str, Any]) -> int | None:
    """The status that was answered; None for a client that went away before."""
    return record["response"] and int(record["response"]["status"])


def settled(sandbox: Sandboxed, number: int, expected: Iterable[int | None]) -> list[dict[str, Any]]:
    """What was recorded behind that number, as soon as that is as much as expected, or after a while."""
    wanted = len(list(expected))
    deadline = time.monotonic() + _SILENCE
    while len(found := recorded_after(sandbox, number)) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)  # pause: between two looks that keep what was found
    return found
