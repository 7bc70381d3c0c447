"""HTTP to a sandbox that runs elsewhere, below all that a test replaces: no HTTP library's client, no `socket.socket`.

What replaces answers (respx, pytest-httpx, pook, VCR.py) or forbids connections (pytest-socket) does so for the code
under test. `_socket` is the class in C on which `socket.socket` stands.
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


class Answer:
    """What came back."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_whole = False
        self.has_head = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """More bytes of it; none is the end. Raises `BrokenConnectionError`."""
        if not data:
            framed = {"content-length", "transfer-encoding"} & set(self.headers)
            if framed or not self.has_head:
                raise BrokenConnectionError("it broke off its answer")
            self.is_whole = True
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise BrokenConnectionError("its answer isn't HTTP") from None

    @property
    def status(self) -> int:
        """Its status."""
        found: int = self._parser.get_status_code()
        return found

    @property
    def leaves_open(self) -> bool:
        """Whether another request may follow on the same connection."""
        return bool(self._parser.should_keep_alive())

    # what httptools says

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; the last one of its name counts."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body follows."""
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """That was all."""
        self.is_whole = True


class Connection:
    """A connection, for one request after the other."""

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
        """Whether it can still be used: the other side has neither closed it nor said anything."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def ask(self, request: bytes, seconds: float) -> Answer:
        """Send it and read the answer, for each piece of which it waits so long. Raises `BrokenConnectionError`."""
        answer = Answer()
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(request)
            while not answer.is_whole:
                answer.feed(self._socket.recv(_PIECE))
        except OSError as error:
            raise BrokenConnectionError(_reason(error)) from None
        return answer

    def close(self) -> None:
        """End it; who waits for an answer in another thread waits no longer."""
        with contextlib.suppress(OSError):  # the other side was first
            self._socket.shutdown(_socket.SHUT_RDWR)
        self._socket.close()


def _connected(host: str, port: int, seconds: float) -> Any:
    """Where greenlets stand for threads it is their socket, so that the others go on meanwhile. Raises `OSError`."""
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
