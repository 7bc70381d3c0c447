"""What `serve` and a sandbox beside a test share: the listening sockets, and uvicorn as we need it."""

import contextlib
import errno
import functools
import logging
import sys
from collections.abc import Callable, Generator
from typing import Any

import uvicorn

from aktify_sandbox.app import Application
from aktify_sandbox.errors import ServeError
from aktify_sandbox.originals import asyncio, socket, threading, time
from aktify_sandbox.server.protocol import SandboxProtocol

with contextlib.suppress(
    ImportError
):  # uvicorn does it when it starts, and a test may have replaced sockets then
    import uvloop  # noqa: F401  for its effect

_KEEP_ALIVE_SECONDS = 75
_STOP_SECONDS = 1
_TICK_SECONDS = 0.1
_TRIES = 20
"""How often a port that is free in one family may be taken in the other."""
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""A machine without IPv6."""


def say(text: str) -> None:
    """Something that a person should know, not in the way of what a program reads."""
    print(f"aktify-sandbox: {text}", file=sys.stderr, flush=True)  # noqa: T201  the user's terminal


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets, of one port: one for each address that `localhost` means. Raises `ServeError`."""
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
    raise AssertionError  # the last try returns or raises


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
        return f"Port {port} on {host} is taken: stop what uses it, or give --port 0 for a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is reserved by the system: give a --port above 1023."
    return f"{host}:{port} can't be listened on: {(error.strerror or str(error)).lower()}."


class _Config(uvicorn.Config):
    def configure_logging(self) -> None:
        """Leave the loggers as they are: in a test they are the user's."""


class Server(uvicorn.Server):
    """Uvicorn that says when it is ready, stops at once, and never waits for a request that isn't complete."""

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
        """Whether it takes new connections."""
        return self.started and not self.should_exit

    def stop(self) -> None:
        """End soon. Called in the server's own thread."""
        self.should_exit = True
        self._stopping.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Run until it is told to stop; uvicorn's logger is silent meanwhile, in this thread alone."""
        with _muted():
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests, then say so."""
        await super().startup(sockets)
        await self.on_tick(0)  # the first answer has a date
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn's, but the date comes from the true clock: a test may have replaced `time` and `datetime`."""
        if counter % 10 == 0:
            date = (b"date", _http_date(time.time()))
            self.server_state.default_headers = [date, *self.config.encoded_headers]
        return self.should_exit

    async def main_loop(self) -> None:
        """Uvicorn's, but a stop is noticed at once."""
        count = 0
        while not await self.on_tick(count):
            count += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of streams, long work and half-sent requests at once; complete ones get their answers, if in time."""
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
        """Close whatever is still open, so that its loop can be closed."""
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
        """Signals are none of its business."""
        yield


def _http_date(seconds: float) -> bytes:
    """As RFC 9110 (5.6.7) writes it, in whatever language this system speaks."""
    at = time.gmtime(seconds)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
        at.tm_mon - 1
    ]
    day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][at.tm_wday]
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year} {clock} GMT".encode()


@contextlib.contextmanager
def _muted() -> Generator[None, None, None]:
    """Our own journal tells what went wrong. Another server in this process may use the same logger."""
    here, logger = threading.get_ident(), logging.getLogger("uvicorn.error")

    def admits(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(admits)
    try:
        yield
    finally:
        logger.removeFilter(admits)
