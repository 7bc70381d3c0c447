"""A connection without a socket: the server's real protocol at one end, a client in another thread at the other.

What the client reads is byte for byte what a socket would give it, and faults are what they are there.
"""

import contextlib
import errno
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from aktify_sandbox.originals import asyncio, os, threading
from aktify_sandbox.serving.hosting import Server
from aktify_sandbox.serving.protocol import SandboxProtocol


class Client:
    """The client's end. Its methods may be called in any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server) -> None:
        """Raises `ConnectionRefusedError` when the sandbox doesn't run (any more)."""
        self._loop = loop
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._ended = False
        self._broken = False
        self._waiting: list[Future[None]] = []
        self._transport = _Transport(loop, self)
        self._call(self._transport.open, server)
        if not server.is_open:
            raise ConnectionRefusedError("The sandbox has stopped.")

    def send(self, data: bytes) -> None:
        """Send bytes; to a server that has closed the connection they are lost, as with a socket."""
        with contextlib.suppress(ConnectionRefusedError):
            self._call(self._transport.receive, bytes(data))

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(ConnectionRefusedError):
            self._call(self._transport.client_leaves)
        self.end()

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read, be it the end."""
        with self._lock:
            return bool(self._buffer) or self._ended or self._broken

    def readable(self) -> "Future[None]":
        """Done as soon as there is something to read."""
        future: Future[None] = Future()
        with self._lock:
            ready = bool(self._buffer) or self._ended or self._broken
            if not ready:
                self._waiting.append(future)
        if ready:
            future.set_result(None)
        return future

    def take(self, most: int) -> bytes:
        """What can be read now; nothing is the end. Raises `ConnectionResetError`."""
        with self._lock:
            data = bytes(self._buffer[:most])
            del self._buffer[:most]
            if not data and self._broken:
                raise _reset()
            return data

    # what the server's end says

    def put(self, data: bytes) -> None:
        """More to read."""
        with self._lock:
            self._buffer += data
        self._wake()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._wake()

    def break_off(self) -> None:
        """The connection was reset."""
        self._broken = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def _call(self, do: Callable[..., None], *given: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(do, *given)
        except RuntimeError:  # the loop is closed
            raise ConnectionRefusedError("The sandbox has stopped.") from None


class _Protocol(SandboxProtocol):
    """The server's protocol, which resets this kind of connection in its own way."""

    def reset(self) -> None:
        """What a TCP reset is."""
        own: Any = self.transport
        own.reset()


class _Transport(asyncio.Transport):
    """The server's end. Its methods are called in the server's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client) -> None:
        super().__init__()
        self._loop = loop
        self._client = client
        self._closing = False
        self._client_left = False
        self._paused = False
        self._held_back: list[bytes] = []
        self._protocol: SandboxProtocol | None = None

    # what the client does

    def open(self, server: Server) -> None:
        """Connect."""
        if not server.is_open:
            self._client.end()
            return
        self._protocol = _Protocol(server.config, server.server_state, {}, self._loop)
        self._protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._closing or self._protocol is None:
            return
        if self._paused:
            self._held_back.append(data)
        else:
            self._protocol.data_received(data)

    def client_leaves(self) -> None:
        """The client hangs up; what it has sent is read all the same."""
        self._client_left = True
        if self._closing or self._protocol is None or self._paused:
            return
        if not self._protocol.eof_received():
            self.close()

    # what the server does

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Bytes for the client; one that has hung up answers with a reset."""
        if self._closing:
            return
        if self._client_left:
            self._end(_reset())
        else:
            self._client.put(bytes(data))

    def write_eof(self) -> None:
        """Say that nothing more comes, but read on."""
        self._client.end()

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def close(self) -> None:
        """Hang up; what was written arrives."""
        self._end(None)

    def abort(self) -> None:
        """The same at once."""
        self._end(None)

    def reset(self) -> None:
        """Break the connection off."""
        self._client.break_off()
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._client.end()
        if self._protocol is not None and not self._loop.is_closed():
            self._loop.call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Whether it is closed."""
        return self._closing

    def pause_reading(self) -> None:
        """Let what the client sends wait."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read what has waited."""
        self._paused = False
        self._loop.call_soon(self._catch_up)

    def is_reading(self) -> bool:
        """Whether what the client sends is read."""
        return not self._paused and not self._closing

    def _catch_up(self) -> None:
        while self._held_back and not self._paused and not self._closing:
            self.receive(self._held_back.pop(0))
        if self._client_left and not self._paused:
            self.client_leaves()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002  there is neither socket nor peer
        """Nothing is known of a client in the same process."""
        return default

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The server's."""
        assert self._protocol is not None  # noqa: S101  asked for by what it has made
        return self._protocol


def _reset() -> ConnectionResetError:
    """In the words of the system."""
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
