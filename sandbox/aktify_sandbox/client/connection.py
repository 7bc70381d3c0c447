"""HTTP to a sandbox elsewhere, on a level that tests don't patch: no HTTP library's client, no `socket.socket`.

Libraries that replace answers (respx, pytest-httpx, pook, VCR.py) or forbid connections (pytest-socket) mean the code
under test. `_socket` is the C module whose class `socket.socket` extends.
"""

import _socket
import contextlib
import ssl
from typing import Any

import httptools

from aktify_sandbox.greenlets import socket_module
from aktify_sandbox.originals import socket

_PIECE = 65_536


class BrokenConnectionError(Exception):
    """Why there is no answer, in words."""


class IncomingResponse:
    """An answer, read piece by piece."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_whole = False
        self.has_head = False
        self._parser = httptools.HttpResponseParser(self)

    def receive_data(self, data: bytes) -> None:
        """Take more bytes; an empty piece means the end. Raises `BrokenConnectionError`."""
        if not data:
            framed = {"content-length", "transfer-encoding"} & set(self.headers)
            if framed or not self.has_head:
                raise BrokenConnectionError("it didn't finish its answer")
            self.is_whole = True
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise BrokenConnectionError("its answer isn't HTTP") from None

    @property
    def status(self) -> int:
        """Its status code."""
        found: int = self._parser.get_status_code()
        return found

    @property
    def leaves_open(self) -> bool:
        """Whether the connection can be used for another request."""
        return bool(self._parser.should_keep_alive())

    # callbacks of httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; the last one of a name counts."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Start of the body."""
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """End of the message."""
        self.is_whole = True


class Connection:
    """A connection that sends one request after the other."""

    def __init__(self, host: str, port: int, *, encrypted: bool, seconds: float) -> None:
        """Raises `BrokenConnectionError`."""
        try:
            self._socket = _connected(host, port, seconds)
            if encrypted:
                self._socket = _encrypted(self._socket, host)
        except OSError as error:
            raise BrokenConnectionError(_reason(error)) from None

    @property
    def is_fresh(self) -> bool:
        """Whether it can still be used: the other side has neither closed it nor sent anything."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def ask(self, request: bytes, seconds: float) -> IncomingResponse:
        """Send a request and read its answer, waiting so long for each piece. Raises `BrokenConnectionError`."""
        answer = IncomingResponse()
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(request)
            while not answer.is_whole:
                answer.receive_data(self._socket.recv(_PIECE))
        except OSError as error:
            raise BrokenConnectionError(_reason(error)) from None
        return answer

    def close(self) -> None:
        """Close it; a thread that waits for an answer stops waiting."""
        with contextlib.suppress(OSError):  # the other side has closed it already
            self._socket.shutdown(_socket.SHUT_RDWR)
        self._socket.close()


def _connected(host: str, port: int, seconds: float) -> Any:
    """Under gevent or eventlet this is their socket, so that other greenlets run meanwhile. Raises `OSError`."""
    module: Any = socket_module() or _socket
    refused = OSError("no address")
    for family, kind, protocol, _, address in module.getaddrinfo(host, port, 0, _socket.SOCK_STREAM):
        found = module.socket(family, kind, protocol)
        try:
            found.settimeout(seconds)
            found.connect(address)
        except OSError as error:
            found.close()
            refused = error
        else:
            return found
    raise refused


def _encrypted(plain: Any, host: str) -> Any:
    """Raises `OSError`."""
    import httpx

    seconds = plain.gettimeout()
    whole = plain if isinstance(plain, socket.socket) else socket.socket(fileno=plain.detach())
    whole.settimeout(seconds)
    return httpx.create_ssl_context().wrap_socket(whole, server_hostname=host)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
