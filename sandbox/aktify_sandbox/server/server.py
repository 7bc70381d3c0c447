"""What `serve` and a sandbox in a thread share: the listening sockets, and an adapted uvicorn."""

import contextlib
import errno
import functools
import logging
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from aktify_sandbox.app import Application
from aktify_sandbox.errors import ServeError
from aktify_sandbox.originals import asyncio, socket, threading, time
from aktify_sandbox.server.protocol import SandboxProtocol

with contextlib.suppress(
    ImportError
):  # uvicorn imports it when it starts, and by then a test may have replaced sockets
    import uvloop  # noqa: F401  for its effect

_KEEP_ALIVE_SECONDS = 75
_STOP_SECONDS = 1
_TICK_SECONDS = 0.1
_TRIES = 20
"""How often to retry if a port that is free in one family is taken in the other."""
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The errors of a machine without IPv6."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets with one port: one for each address of `localhost`. Raises `ServeError`."""
    if host != "localhost":
        return [_bind(host, port)]
    tries = 1 if port else _TRIES
    for left in reversed(range(tries)):
        first = _bind("127.0.0.1", port)
        taken = first.getsockname()[1]
        try:
            return [first, _bind("::1", taken)]
        except ServeError as error:
            if error.reason in _NO_SUCH_FAMILY:
                return [first]
            first.close()
            if not left:
                raise
    raise AssertionError  # the last attempt returns or raises


def _bind(host: str, port: int) -> socket.socket:
    try:
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise ServeError(_why_not_bound(host, port, error), error.errno) from None
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2_048)
    except OSError as error:
        listening.close()
        raise ServeError(_why_not_bound(host, port, error), error.errno) from None
    return listening


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Fix: stop the program that uses it, or use --port 0."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is reserved by the system. Fix: use a --port above 1023."
    return f"{host}:{port} can't be listened on: {(error.strerror or str(error)).lower()}."


class _Config(uvicorn.Config):
    def configure_logging(self) -> None:
        """Leave the loggers alone: in a test they belong to the user."""


class Server(uvicorn.Server):
    """Uvicorn that reports when it is ready, stops immediately, and never waits for an incomplete request."""

    def __init__(self, app: Application, ready: Callable[[], None]) -> None:
        protocol: Any = functools.partial(SandboxProtocol, app.endpoint)
        super().__init__(
            _Config(
                app.asgi,
                http=protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )
        self._app = app
        self._ready = ready
        self._stopping = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether it accepts new connections."""
        return self.started and not self.should_exit

    def stop(self) -> None:
        """Stop soon. Call it in the server's own thread."""
        self.should_exit = True
        self._stopping.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until told to stop; uvicorn's logger is silent meanwhile, only in this thread."""
        with _muted():
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer requests, then report it."""
        await super().startup(sockets)
        await self.on_tick(0)  # so that the first answer has a date
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Like uvicorn's, but with the date of the real clock: a test may have replaced `time` and `datetime`."""
        if counter % 10 == 0:
            date = (b"date", _http_date(time.time()))
            self.server_state.default_headers = [date, *self.config.encoded_headers]
        return self.should_exit

    async def main_loop(self) -> None:
        """Like uvicorn's, but notices a stop immediately."""
        count = 0
        while not await self.on_tick(count):
            count += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close streams, jobs and incomplete requests immediately; complete ones get their answers if there is time."""
        self._app.close()
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in self._connections():
            connection.abandon_half_sent()
        await asyncio.sleep(0)
        for connection in self._connections():
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._all_done()
        for task in self.server_state.tasks:
            task.cancel()
        await self.abort_connections()

    async def abort_connections(self) -> None:
        """Close all open connections, so that the loop can be closed."""
        for listening in getattr(self, "servers", ()):
            listening.close()
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0)

    def _connections(self) -> list[SandboxProtocol]:
        return [each for each in self.server_state.connections if isinstance(each, SandboxProtocol)]

    async def _all_done(self) -> None:
        state, pause = self.server_state, 0.001
        while state.connections or state.tasks:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.05)
        for server in self.servers:
            await server.wait_closed()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: signals are handled elsewhere."""
        yield


def _http_date(seconds: float) -> bytes:
    """In the format of RFC 9110 (5.6.7), whatever the system's language."""
    at = time.gmtime(seconds)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
        at.tm_mon - 1
    ]
    day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][at.tm_wday]
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year} {clock} GMT".encode()


@contextlib.contextmanager
def _muted() -> Generator[None, None, None]:
    """The sandbox reports errors itself. Another server in this process may use the same logger."""
    here, logger = threading.get_ident(), logging.getLogger("uvicorn.error")

    def admits(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(admits)
    try:
        yield
    finally:
        logger.removeFilter(admits)
