"""HTTP/1.1 as uvicorn speaks it with httptools, made stricter where httptools lets things pass.

The application gets the headers as they were written too (`scope["aktify.headers"]`), for the record, and the
connection itself (`scope["aktify.connection"]`), for faults.
"""

import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

MAX_HEADER_BYTES = 65_536
_LINGER_SECONDS = 0.5


class SandboxProtocol(HttpToolsProtocol):
    """One connection."""

    _head = 0
    """Bytes of a request's head that have come while it isn't complete; -1 once it is."""
    _chunk = 0
    _refused = False
    held = False
    """Whether an answer is withheld on purpose."""
    let_go = False
    """Whether the sandbox stops and waits no longer."""

    def data_received(self, data: bytes) -> None:
        """Bound the head before it is complete, else it would grow in memory without an end."""
        if self._refused:  # read on for a moment, else the client's system throws our answer away
            return
        self._chunk = len(data)
        super().data_received(data)
        if self._head >= 0:
            self._head += len(data)
            if self._head > MAX_HEADER_BYTES:
                self._refuse(431, b"The request's headers are larger than 64 kB.\n")

    def on_message_begin(self) -> None:
        """A request begins: its head has everything still before it."""
        super().on_message_begin()
        self._head = 0
        self._written: list[tuple[bytes, bytes]] = []
        own: Any = self.scope  # ASGI allows names of our own
        own["aktify.headers"] = self._written
        own["aktify.connection"] = self

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header as it was written beside the lower-case one."""
        self._written.append((name, value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the application, unless the head came whole but too large in one piece."""
        self._head = -1
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            self._refuse(400, b"This server speaks HTTP/1.1.\n")
        elif self._chunk > MAX_HEADER_BYTES and _size(self._written) > MAX_HEADER_BYTES:
            self._refuse(431, b"The request's headers are larger than 64 kB.\n")
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of a body, unless its head was refused."""
        if not self._refused and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole, unless its head was refused."""
        if not self._refused and not self.transport.is_closing():
            super().on_message_complete()

    def abandon_half_sent(self) -> None:
        """At a stop: a request of which more is still to come, or whose answer is withheld, can't be waited for."""
        cycle: Any = self.cycle
        self.let_go = True
        if (
            self.held
            or self._head > 0
            or (cycle is not None and cycle.more_body and not cycle.response_complete)
        ):
            self.transport.abort()

    def reset(self) -> None:
        """End the connection with a TCP reset: what was not sent yet is thrown away."""
        linger_no_time = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time
        )
        self.transport.abort()

    def end(self, last: bytes = b"") -> None:
        """Write these bytes as they are, and close the connection."""
        if last:
            self.transport.write(last)
        self.transport.close()

    def _refuse(self, status: int, words: bytes) -> None:
        self._refused = True
        head = (
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            % len(words)
        )
        self.transport.write(STATUS_LINE[status] + head + words)
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
