"""HTTP/1.1 as uvicorn speaks it with httptools, made stricter where httptools lets things pass.

The application gets the headers as they were written too (`scope["aktify.headers"]`), for the record, and the
connection itself (`scope["aktify.connection"]`), for faults.
"""

import asyncio
import functools
import socket
import struct
from typing import TYPE_CHECKING, Any

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    from aktify_sandbox.express import Express

MAX_HEADER_BYTES = 65_536
_LINGER_SECONDS = 0.5
_FRAMING_PER_BYTE = 16


class SandboxProtocol(HttpToolsProtocol):
    """One connection."""

    _head = 0
    """Bytes of a request's head that have come while it isn't complete; -1 once it is."""
    _chunk = 0
    _ended = 0
    """How many requests have ended in the piece that is being read."""
    _at_boundary = True
    """Whether nothing of a request has come that isn't complete yet."""
    _client_shown: bytes | None = None
    _bodied = 0
    """Bytes of the body that have come."""
    _framed = 0
    """All other bytes behind the head: the chunks' sizes, extensions and trailers."""
    _refused = False
    _express: "Express | None" = None
    _quick = False
    """Whether the fast lane has served this connection since its idle timer was set."""
    pending = 0
    """Answers of the fast lane that wait for their records."""
    _declining = False
    """Whether the head asks for another protocol, so that it is to be read again without that wish."""
    held = False
    """Whether an answer is withheld on purpose."""
    let_go = False
    """Whether the sandbox stops and waits no longer."""

    def data_received(self, data: bytes) -> None:
        """Bound the head before it is complete, else it would grow in memory without an end."""
        if self._refused:  # read on for a moment, else the client's system throws our answer away
            return
        fresh = self._is_between_requests
        if fresh and self._express and self._express.take(data, self):
            self._quick = True
            return
        if self.pending:  # answers leave in the order of their requests
            self._express_flush()
        self._unset_keepalive_if_required()
        self._chunk, self._ended, before = len(data), 0, self._bodied
        self._feed(data)
        if fresh and self._ended == 1 and self._head < 0 and self._express and not self._refused:
            self._remember(data)
        if self._head >= 0:
            self._head += (
                0 if self._ended else len(data)
            )  # behind another request, only what follows is its own
            if self._head > MAX_HEADER_BYTES:
                self._refuse(431, b"The request's headers are larger than 64 kB.\n")
        elif not self._ended:
            self._framed += len(data) - max(0, self._bodied - before)
            if self._framed > MAX_HEADER_BYTES + len(data) + _FRAMING_PER_BYTE * self._bodied:
                self._refuse(431, b"The chunks' extensions or trailers are larger than 64 kB.\n")

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._refused:
                self.send_400_response("Invalid HTTP request received.")

    def _decline_upgrade(self, rest: bytes) -> None:
        """A server that doesn't speak another protocol ignores the wish for it (RFC 9110, 7.8); httptools can't."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(405, b"This is no proxy.\n")
            return
        written, self._declining = self._written, False
        lines = [b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url)]
        lines += [b"%b: %b" % pair for pair in map(_without_upgrade, written) if pair]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed(b"\r\n".join(lines) + b"\r\n\r\n")
        self._written[:] = written
        if rest:
            self._feed(rest)

    @property
    def _is_between_requests(self) -> bool:
        cycle = self.cycle
        done = cycle is None or cycle.response_complete
        return done and self._at_boundary and not self._refused and not self.flow.write_paused

    def _remember(self, data: bytes) -> None:
        """The head of a request that came whole, in one piece and alone, if it is to be kept alive behind it."""
        end = data.find(b"\r\n\r\n")
        scope: Any = self.scope
        if self._express and end > 0 and self.cycle.keep_alive:
            self._express.remember(data[:end], scope, self._written, len(data) - end - 4)

    def _express_flush(self) -> None:
        if self._express:
            self._express.flush()

    # what the fast lane asks of its connection

    @property
    def client_shown(self) -> bytes:
        """The client's address, in JSON."""
        if self._client_shown is None:
            host, port = self.client or ("", 0)
            self._client_shown = orjson.dumps(f"{host}:{port}" if self.client else None)
        return self._client_shown

    def default_headers(self) -> bytes:
        """The headers of every answer, as lines."""
        return _as_lines(tuple(self.server_state.default_headers))

    def write_answer(self, head_and_body: bytes) -> None:
        """Send it, if anybody still listens."""
        if not self.transport.is_closing():
            self.transport.write(head_and_body)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one that the fast lane has served meanwhile is not idle."""
        if not self._quick:
            super().timeout_keep_alive_handler()
            return
        self._quick = False
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def shutdown(self) -> None:
        """At a stop: what waits for its record is sent first."""
        if self.pending:
            self._express_flush()
        super().shutdown()

    # what httptools says

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client is there."""
        super().connection_made(transport)
        self._express = getattr(self.app, "express", None)

    def on_message_begin(self) -> None:
        """A request begins: its head has everything still before it."""
        super().on_message_begin()
        self._head = self._bodied = self._framed = 0
        self._at_boundary = False
        self._written: list[tuple[bytes, bytes]] = []
        own: Any = self.scope  # ASGI allows names of our own
        own["aktify.headers"] = self._written
        own["aktify.connection"] = self

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header as it was written beside the lower-case one; a trailer is no header."""
        if self._head < 0:
            return
        self._written.append((name, value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the application, unless the head came whole but too large in one piece."""
        self._head = -1
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            self._refuse(400, b"This server speaks HTTP/1.1.\n")
        elif self._chunk > MAX_HEADER_BYTES and _size(self._written) > MAX_HEADER_BYTES:
            self._refuse(431, b"The request's headers are larger than 64 kB.\n")
        elif self.parser.should_upgrade():
            self._declining = True
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Part of a body, unless its head was refused."""
        self._bodied += len(body)
        if not self._refused and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole, unless its head was refused."""
        if self._declining:
            return
        self._ended += 1
        self._at_boundary = True
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


@functools.lru_cache(maxsize=4)
def _as_lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % pair for pair in headers)


def _without_upgrade(header: tuple[bytes, bytes]) -> tuple[bytes, bytes] | None:
    name, value = header
    if name.lower() in (b"upgrade", b"http2-settings"):
        return None
    if name.lower() == b"connection":
        kept = [
            each for each in value.split(b",") if each.strip().lower() not in (b"upgrade", b"http2-settings")
        ]
        return (name, b",".join(kept)) if kept else None
    return header


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
