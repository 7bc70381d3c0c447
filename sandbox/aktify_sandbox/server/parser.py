"""Parses a connection's bytes into requests with httptools, more strictly where it is lax.

Blanks and tabs around a header's value aren't part of it (RFC 9110, 5.5); they are stripped here, once. The headers are
also kept as written, for the journal.
"""

import sys
import traceback
from typing import Protocol
from urllib.parse import unquote

import httptools

from aktify_sandbox.exchange import BLANKS, Headers, Request
from aktify_sandbox.server.refusals import (
    CHUNKS_TOO_LARGE,
    DEFECT,
    HEAD_TOO_LARGE,
    NO_END,
    NO_PROXY,
    TRAILERS_TOO_LARGE,
    Refusal,
    body_refusal,
    head_refusal,
    make_out,
    wrong_target,
    wrong_version,
)

MAX_HEADER_BYTES = 65_536
_FRAMING_PER_BYTE = 16


class Receiver(Protocol):
    """Gets what was parsed."""

    def on_head(self, request: Request, *, keeps_alive: bool, expects: bool) -> None:
        """A request's head is complete. Says whether its connection stays open, and whether it waits for `100
        Continue`.
        """

    def on_body(self, piece: bytes) -> None:
        """A part of its body."""

    def on_end(self) -> None:
        """The request is complete."""

    def on_refusal(self, refusal: Refusal, request: Request | None) -> None:
        """The bytes can't be parsed, and the rest is ignored. `request` is what could be parsed; None in a body."""


class RequestParser:
    """Parses the requests of one connection."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._parser = self._new_parser()
        self._target = b""
        self._written: Headers = []
        self.is_refusing = False
        self.is_inside = False
        """Whether a request has begun and isn't complete yet."""
        self._head = 0
        """Bytes of an incomplete head; -1 once it is complete."""
        self._earlier = bytearray()
        """How many of them came in earlier pieces."""
        self._follows = False
        """Whether the head began after another request in the same piece, so that its bytes aren't known."""
        self._came = 0
        """The length of the current piece."""
        self._ended = 0
        """How many requests have ended in it."""
        self._bodied = 0
        """Bytes of the body so far."""
        self._framed = 0
        """All other bytes after the head: chunk sizes, extensions and trailers."""
        self._trailed = 0
        """Bytes of trailers."""
        self._declining = False
        """Whether the head asks for another protocol, so that it must be parsed again without that header."""
        self._as_written: Headers | None = None
        """The headers of a head that is parsed again in another form."""
        self._misread: bytearray | None = None
        """The bytes of a body whose chunks httptools doesn't recognise, so that the request must be parsed again."""

    @property
    def has_begun(self) -> bool:
        """Whether a head has begun and isn't complete."""
        return self._head > 0

    def receive_data(self, data: bytes) -> None:
        """Parse a piece. A larger one may contain more requests."""
        self._came, self._ended, before = len(data), 0, self._bodied
        self._parse(data)
        if self.is_refusing:
            return
        if self._head >= 0:
            self._keep_beginning(data)
        elif not self._ended:
            self._framed += len(data) - max(0, self._bodied - before)
            if self._framed > MAX_HEADER_BYTES + len(data) + _FRAMING_PER_BYTE * self._bodied:
                self._refuse(CHUNKS_TOO_LARGE)

    def _keep_beginning(self, data: bytes) -> None:
        """An incomplete head must not grow without limit."""
        if self._ended:
            self._follows = True  # only a part of the piece belongs to it
            return
        self._head += len(data)
        self._earlier += data
        if self._head > MAX_HEADER_BYTES:
            self._refuse(HEAD_TOO_LARGE, self._made_out(bytes(self._earlier)))

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:  # a defect of the sandbox, not of the input
            traceback.print_exception(error.__context__ or error, file=sys.stderr)
            self._refuse(DEFECT)
        except httptools.HttpParserError as error:
            if not self.is_refusing:
                self._refuse_unparsed(data, f"{error}")
        else:
            rest, self._misread = self._misread, None
            if rest is not None:
                self._read_again(bytes(rest))

    def _refuse_unparsed(self, data: bytes, error: str) -> None:
        if self.is_inside and self._head < 0:
            self._refuse(body_refusal(error))
            return
        came = b"" if self._follows or self._ended else bytes(self._earlier) + data
        self._refuse(head_refusal(came, error), self._made_out(came))

    def _refuse(self, refusal: Refusal, request: Request | None = None) -> None:
        if not self.is_refusing:
            self.is_refusing = True
            self._receiver.on_refusal(refusal, request)

    def _made_out(self, came: bytes) -> Request:
        """The parts that can be seen of an invalid head."""
        method, target, version, written = make_out(came)
        path, _, query = target.partition(b"?")
        return Request(method, path.decode("latin-1"), written, b"", query, version)

    def _decline_upgrade(self, rest: bytes) -> None:
        """Ignore a request for another protocol, as servers may (RFC 9110, 7.8) but httptools can't."""
        if self._parser.get_method() == b"CONNECT":
            self._refuse(NO_PROXY, self._parsed())
            return
        self._declining = False
        self._read_again(rest)

    def _read_again(self, rest: bytes) -> None:
        """Parse the head in a form that httptools understands, then the bytes after it."""
        self._as_written = self._written
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self._target, version)]
        lines += [b"%b: %b" % pair for pair in map(_without_upgrade, self._written) if pair]
        self._parser = self._new_parser()
        self._parse(b"\r\n".join(lines) + b"\r\n\r\n")
        if rest:
            self._parse(rest)

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)
        return parser

    # callbacks of httptools

    def on_message_begin(self) -> None:
        """Start of a request: its head is still to come."""
        self._head = self._bodied = self._framed = self._trailed = 0
        self._target = b""
        self._written = []
        self.is_inside = True

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after a chunked body, which is ignored."""
        if self._head < 0:
            self._trailed += len(name) + len(value) + 4
            if self._trailed > MAX_HEADER_BYTES:
                self._refuse(TRAILERS_TOO_LARGE)
            return
        self._written.append((name, value))

    def on_headers_complete(self) -> None:
        """Report the head, unless it is refused."""
        came, self._head = self._head + self._came, -1
        self._follows = False
        if self.is_refusing:
            return
        self._earlier.clear()
        request = self._parsed()
        is_coded = b"transfer-encoding" in request.by_name
        if request.version not in ("1.0", "1.1"):
            self._refuse(wrong_version(f"HTTP/{request.version}"), request)
        elif came > MAX_HEADER_BYTES and len(self._target) + _size(self._written) > MAX_HEADER_BYTES:
            self._refuse(HEAD_TOO_LARGE, request)
        elif self._parser.should_upgrade():
            self._declining = True
        elif is_coded and _hides_its_chunks(request.headers, self._written):
            self._misread = bytearray()
        elif not request.path:
            self._refuse(wrong_target(self._target), request)
        else:
            self._as_written = None
            speaks = request.version == "1.1"
            self._receiver.on_head(
                request,
                keeps_alive=speaks and self._parser.should_keep_alive(),
                expects=speaks and request.by_name.get(b"expect") == b"100-continue",
            )
            if is_coded and not _is_chunked(
                request.headers
            ):  # where its body ends is ambiguous (RFC 9112, 6.3)
                self._refuse(NO_END)

    def on_body(self, body: bytes) -> None:
        """A part of a body, unless its head was refused."""
        if self._misread is not None:
            self._misread += body
            return
        self._bodied += len(body)
        if not self.is_refusing:
            self._receiver.on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete, unless its head was refused."""
        if self._declining or self._misread is not None:
            return
        self._ended += 1
        self.is_inside = False
        if not self.is_refusing:
            self._receiver.on_end()

    def _parsed(self) -> Request:
        path, query = _split(self._target)
        return Request(
            self._parser.get_method().decode("ascii"),
            path,
            self._as_written or self._written,
            b"",
            query,
            self._parser.get_http_version(),
        )


def _split(target: bytes) -> tuple[str, bytes]:
    """Path and query of a request's target; no path if it has none."""
    if target.startswith(b"/") and b"#" not in target:
        raw, _, query = target.partition(b"?")
    else:
        try:
            url = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            return "", b""
        raw, query = url.path or b"", url.query or b""
    path = raw.decode("latin-1")
    return (unquote(path) if "%" in path else path), query


def _is_chunked(headers: Headers) -> bool:
    """Whether the body is chunked, as the last coding and once."""
    values = [value for name, value in headers if name == b"transfer-encoding"]
    codings = [coding.strip(BLANKS).lower() for coding in b",".join(values).split(b",")]
    return codings.count(b"chunked") == 1 and codings[-1] == b"chunked"


def _hides_its_chunks(headers: Headers, written: Headers) -> bool:
    """Whether a tab after `chunked` keeps httptools from recognising it."""
    names = [name.lower() for name, value in written if b"\t" in value[len(value.rstrip(BLANKS)) :]]
    return b"transfer-encoding" in names and _is_chunked(headers)


def _without_upgrade(header: tuple[bytes, bytes]) -> tuple[bytes, bytes] | None:
    name, value = header[0].lower(), header[1].strip(BLANKS)
    if name in (b"upgrade", b"http2-settings"):
        return None
    if name == b"connection":
        kept = [
            each for each in value.split(b",") if each.strip().lower() not in (b"upgrade", b"http2-settings")
        ]
        return (name, b",".join(kept)) if kept else None
    return name, value


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
