"""HTTP/1.1 as uvicorn speaks it with httptools, made stricter where httptools lets things pass.

Blanks and tabs around a header's value are no part of it (RFC 9110, 5.5): they are taken off here, once, for all who
compare. The application gets the headers as they were written too (`scope["aktify.headers"]`), for the record, and the
connection itself (`scope["aktify.connection"]`), for faults.
"""

import functools
import logging
import struct
from typing import TYPE_CHECKING, Any

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from aktify_sandbox.endpoint.delivery import Response
from aktify_sandbox.originals import asyncio, socket

if TYPE_CHECKING:
    from aktify_sandbox.endpoint.express import Express

BLANKS = b" \t"
"""What may stand around a header's value (RFC 9110, 5.6.3)."""
MAX_HEADER_BYTES = 65_536
_LINGER_SECONDS = 0.5
_FRAMING_PER_BYTE = 16
_SILENT = logging.Logger("aktify_sandbox", logging.CRITICAL + 1)
"""For uvicorn's words: our own recorder tells what went wrong, and the real loggers are the user's in a test."""


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
    _trailed = 0
    """Bytes of trailers."""
    _unanswered = 0
    """Requests that the application has and that aren't answered yet."""
    refusal: Response | None = None
    """What is said to bytes that aren't a request; nothing that follows them is read."""
    _refusal_sent = False
    _half_closed = False
    """Whether the client sends nothing more; it may still read."""
    _express: "Express | None" = None
    _quick = False
    """Whether the fast lane has served this connection since its idle timer was set."""
    _lone_head = b""
    """A head that came in a piece of its own, if the request isn't complete yet."""
    _early = b""
    """A known head whose body hasn't come yet."""
    pending = 0
    """Answers of the fast lane that wait for their records."""
    _declining = False
    """Whether the head asks for another protocol, so that it is to be read again without that wish."""
    _misread: bytearray | None = None
    """What came of a body whose chunks httptools doesn't see, so that the request is to be read again."""
    _held = False
    let_go = False
    """Whether the sandbox stops and waits no longer."""

    def data_received(self, data: bytes) -> None:
        """Read what came: by the fast lane if it is ordinary, else by the parser, within bounds."""
        if self.refusal:  # read on for a moment, else the client's system throws our answer away
            return
        data, self._early = self._early + data, b""
        fresh = self._is_between_requests
        if fresh and self._goes_by_express(data):
            return
        if self.pending:  # answers leave in the order of their requests
            self._express_flush()
        self._unset_keepalive_if_required()
        self._chunk, self._ended, before = len(data), 0, self._bodied
        self._feed(data)
        self._learn(data, fresh=fresh)
        self._bound(len(data), max(0, self._bodied - before))

    def _goes_by_express(self, data: bytes) -> bool:
        if self._express is None:
            return False
        if self._express.take(data, self):
            self._quick = True
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_handler()
            return True
        if not self._express.knows(data):
            return False
        self._unset_keepalive_if_required()
        self._early = data  # many clients send the body at once, but in a piece of its own
        return True

    def _read_early(self) -> None:
        """The head that waits for its body takes the ordinary way."""
        data, self._early = self._early, b""
        if data:
            self._unset_keepalive_if_required()
            self._chunk, self._ended = len(data), 0
            self._feed(data)

    def _bound(self, came: int, of_body: int) -> None:
        """Refuse a head before it is complete, and what frames a body, when they grow without an end."""
        if self._head >= 0:
            self._head += 0 if self._ended else came  # behind another request, only what follows is its own
            if self._head > MAX_HEADER_BYTES:
                self._refuse(431, b"The request's headers are larger than 64 kB.\n")
        elif not self._ended:
            self._framed += came - of_body
            if self._framed > MAX_HEADER_BYTES + came + _FRAMING_PER_BYTE * self._bodied:
                self._refuse(431, b"The chunks' extensions or trailers are larger than 64 kB.\n")

    def _learn(self, data: bytes, *, fresh: bool) -> None:
        """Remember the head of a request that came alone: whole in one piece, or its head in one of its own."""
        if self.refusal or self._head >= 0:
            return
        if fresh and self._ended == 0 and data.endswith(b"\r\n\r\n"):
            self._lone_head = data[:-4]
            return
        head = data[: max(0, data.find(b"\r\n\r\n"))] if fresh else self._lone_head
        scope: Any = self.scope
        if self._ended == 1 and self._at_boundary and head and self._express and self.cycle.keep_alive:
            self._express.remember(head, scope, self._written, self._bodied)
        if self._ended:
            self._lone_head = b""

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400, b"Invalid HTTP request received.\n")
        else:
            rest, self._misread = self._misread, None
            if rest is not None:
                self._read_again(bytes(rest))

    def _decline_upgrade(self, rest: bytes) -> None:
        """A server that doesn't speak another protocol ignores the wish for it (RFC 9110, 7.8); httptools can't."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(405, b"This is no proxy.\n")
            return
        self._declining = False
        self._read_again(rest)

    def _read_again(self, rest: bytes) -> None:
        """Read the head in a form that httptools understands, then what came behind it."""
        written = self._written
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % pair for pair in map(_without_upgrade, self.headers) if pair]
        self.parser = self._new_parser()
        self._feed(b"\r\n".join(lines) + b"\r\n\r\n")
        self._written[:] = written
        if rest:
            self._feed(rest)

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)
        return parser

    @property
    def _is_between_requests(self) -> bool:
        cycle = self.cycle
        done = cycle is None or cycle.response_complete
        return done and self._at_boundary and not self.refusal and not self.flow.write_paused

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
        self._quick = False  # it must be served again in the meantime
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
        self.logger, self.access_log = _SILENT, False
        super().connection_made(transport)
        self.parser = self._new_parser()
        self._express = getattr(self.app, "express", None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: a head that waited for its body is a request that was broken off."""
        self._read_early()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins: its head has everything still before it."""
        super().on_message_begin()
        self._head = self._bodied = self._framed = self._trailed = 0
        self._at_boundary = False
        self._written: list[tuple[bytes, bytes]] = []
        own: Any = self.scope  # ASGI allows names of our own
        own["aktify.headers"] = self._written
        own["aktify.connection"] = self

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header as it was written beside the lower-case one; a trailer is no header."""
        if self._head < 0:
            self._trailed += len(name) + len(value) + 4
            if self._trailed > MAX_HEADER_BYTES and not self.refusal:
                self._refuse(431, b"The trailers are larger than 64 kB.\n")
            return
        self._written.append((name, value))
        super().on_header(name, value.strip(BLANKS))

    def on_headers_complete(self) -> None:
        """Start the application, unless the head is too large."""
        came, self._head = self._head + self._chunk, -1
        version = self.parser.get_http_version()
        if self.refusal:
            return
        if version not in ("1.0", "1.1"):
            self._refuse(400, b"This server speaks HTTP/1.1.\n")
        elif came > MAX_HEADER_BYTES and len(self.url) + _size(self._written) > MAX_HEADER_BYTES:
            self._refuse(431, b"The request's headers are larger than 64 kB.\n")
        elif self.parser.should_upgrade():
            self._declining = True
        elif self._hides_its_chunks:
            self._misread = bytearray()
        else:
            self.expect_100_continue &= version == "1.1"  # HTTP/1.0 knows no such answer
            super().on_headers_complete()
            self._unanswered += 1
            if self._is_chunked is False:  # nobody can tell where its body ends (RFC 9112, 6.3)
                self._refuse(400, b"Invalid HTTP request received.\n")

    @property
    def _is_chunked(self) -> bool | None:
        """Whether the body is framed by chunks, as the last coding and once; None if no coding is named."""
        values = [value for name, value in self.headers if name == b"transfer-encoding"]
        codings = [coding.strip(BLANKS).lower() for coding in b",".join(values).split(b",")]
        return (codings.count(b"chunked") == 1 and codings[-1] == b"chunked") if values else None

    @property
    def _hides_its_chunks(self) -> bool:
        """Whether a tab behind `chunked` keeps httptools from seeing it."""
        names = [name.lower() for name, value in self._written if b"\t" in value[len(value.rstrip(BLANKS)) :]]
        return b"transfer-encoding" in names and bool(self._is_chunked)

    def on_body(self, body: bytes) -> None:
        """Part of a body, unless its head was refused."""
        if self._misread is not None:
            self._misread += body
            return
        self._bodied += len(body)
        if not self.refusal and not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole, unless its head was refused."""
        if self._declining:
            return
        self._ended += 1
        self._at_boundary = True
        if not self.refusal and not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """One answer less is owed: what waited for it may follow."""
        self._unanswered -= 1
        super().on_response_complete()
        self._send_refusal()
        self._close_if_nothing_is_owed()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it: whether to stay open
        """The client sends nothing more, but may still read the answers to what it has sent."""
        self._read_early()
        self._express_flush()
        self._half_closed = self._owes and not self.held
        return self._half_closed

    @property
    def held(self) -> bool:
        """Whether an answer is withheld on purpose; a client that has ended its side then counts as gone."""
        return self._held

    @held.setter
    def held(self, held: bool) -> None:
        self._held = held
        if held and self._half_closed:
            self.transport.close()

    @property
    def _half_sent(self) -> bool:
        """Whether the newest request that the application has is waiting for more of its body."""
        cycle: Any = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_complete

    @property
    def _owes(self) -> bool:
        return self._unanswered > self._half_sent or (self.refusal is not None and not self._refusal_sent)

    def _close_if_nothing_is_owed(self) -> None:
        if self._half_closed and not self._owes:
            self.transport.close()

    def abandon_half_sent(self) -> None:
        """At a stop: a request of which more is still to come, or whose answer is withheld, can't be waited for."""
        self.let_go = True
        if self._early or self.held or self._head > 0 or self._half_sent:
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
        """Say so as soon as all that came before is answered, and read nothing of what follows."""
        if self.refusal:
            return
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(words)),
            (b"connection", b"close"),
        ]
        self.refusal = Response(status, headers, words)
        self._send_refusal()

    def _send_refusal(self) -> None:
        if not self.refusal or self._refusal_sent or self._unanswered > self._half_sent:
            return
        self._refusal_sent = True
        if self.transport.is_closing():
            return
        own = _as_lines((*self.server_state.default_headers, *self.refusal.headers))
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[self.refusal.status], own, self.refusal.body))
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        if self._half_sent:  # its body is what is refused: the application records that, and answers nothing
            self.loop.call_soon(self._break_off)

    def _break_off(self) -> None:
        """No sooner than the application has taken what came of the body."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()


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
