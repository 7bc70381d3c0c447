"""httpx without a socket: its own HTTP, over a connection in memory, to a sandbox in this process.

For a sandbox that runs elsewhere there is a socket, but all else is the same: whatever a URL's host is, it answers.
"""

import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from typing import Any

import anyio
import httpcore
import httpx

from aktify_sandbox.embedded.crossing import outcome
from aktify_sandbox.serving.beside import Beside
from aktify_sandbox.serving.memory import Client

_LIMITS: dict[str, Any] = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 5.0}
"""Those of httpx."""


class Transport(httpx.BaseTransport):
    """For `httpx.Client(transport=…)`."""

    def __init__(self, sandbox: "Beside | str") -> None:
        """In this process, or by its URL."""
        self._url = sandbox if isinstance(sandbox, str) else None
        backend = None if isinstance(sandbox, str) else _Backend(sandbox)
        self._pool = httpcore.ConnectionPool(_context(self._url), network_backend=backend, **_LIMITS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as over a socket."""
        with _as_httpx():
            answer = self._pool.handle_request(_asked(request, self._url))
        assert isinstance(answer.stream, Iterable)  # noqa: S101  the pool is a synchronous one
        return _answered(answer, _Stream(answer.stream))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=…)`, under asyncio and trio."""

    def __init__(self, sandbox: "Beside | str") -> None:
        """In this process, or by its URL."""
        self._url = sandbox if isinstance(sandbox, str) else None
        backend = None if isinstance(sandbox, str) else _AsyncBackend(sandbox)
        self._pool = httpcore.AsyncConnectionPool(_context(self._url), network_backend=backend, **_LIMITS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as over a socket."""
        with _as_httpx():
            answer = await self._pool.handle_async_request(_asked(request, self._url))
        assert isinstance(answer.stream, AsyncIterable)  # noqa: S101  the pool is an asynchronous one
        return _answered(answer, _AsyncStream(answer.stream))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


def _context(url: str | None) -> ssl.SSLContext | None:
    """Without a socket none is ever used, though the pool wants one for `https://` URLs; this one is cheap."""
    return None if url else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _asked(request: httpx.Request, origin: str | None) -> httpcore.Request:
    url = request.url
    to = httpx.URL(origin) if origin else url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=to.raw_scheme, host=to.raw_host, port=to.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _answered(answer: httpcore.Response, stream: "_Stream | _AsyncStream") -> httpx.Response:
    return httpx.Response(
        answer.status, headers=answer.headers, stream=stream, extensions=dict(answer.extensions)
    )


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        own: Any = self._stream
        own.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        own: Any = self._stream
        await own.aclose()


@contextlib.contextmanager
def _as_httpx() -> Generator[None, None, None]:
    """What httpcore raises is raised as httpx does it: by the class of the same name."""
    try:
        yield
    except Exception as error:
        kind = next((each for each in map(_namesake, type(error).__mro__) if each), None)
        if kind is None:
            raise
        raise kind(str(error)) from error


def _namesake(kind: type) -> "type[httpx.TransportError] | None":
    if not kind.__module__.startswith("httpcore"):
        return None
    found = getattr(httpx, kind.__name__, None)
    return found if isinstance(found, type) and issubclass(found, httpx.TransportError) else None


# the connections


def _connected(beside: Beside) -> Client:
    try:
        return beside.connect()
    except ConnectionRefusedError as error:
        raise httpcore.ConnectError(str(error)) from error


def _taken(client: Client, most: int) -> bytes:
    try:
        return client.take(most)
    except ConnectionResetError as error:
        raise httpcore.ReadError(str(error)) from error


class _Backend(httpcore.NetworkBackend):
    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return _Wire(_connected(self._beside))


class _Wire(httpcore.NetworkStream):
    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._client.readable().result(timeout)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("timed out") from error
        return _taken(self._client, max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  nothing ever waits
        self._client.send(buffer)

    def close(self) -> None:
        self._client.close()

    def start_tls(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """An `https://` URL of the vendor's reaches the sandbox as it is."""
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._client.is_readable if info == "is_readable" else None


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, beside: Beside) -> None:
        self._beside = beside

    async def connect_tcp(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return _AsyncWire(_connected(self._beside))

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class _AsyncWire(httpcore.AsyncNetworkStream):
    def __init__(self, client: Client) -> None:
        self._client = client

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore says so
        try:
            with anyio.fail_after(timeout):
                await outcome(self._client.readable())
        except TimeoutError as error:
            raise httpcore.ReadTimeout("") from error
        return _taken(self._client, max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  httpcore says so; nothing waits
        self._client.send(buffer)

    async def aclose(self) -> None:
        self._client.close()

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """An `https://` URL of the vendor's reaches the sandbox as it is."""
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._client.is_readable if info == "is_readable" else None
