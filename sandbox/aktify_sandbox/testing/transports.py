"""httpx to the sandbox, whatever a URL's host is: in this process without a socket, elsewhere over one.

All between httpx and the bytes is what httpx itself uses, a connection of httpcore's; so requests are refused, answers
read and faults raised as in any other client. What takes the place of its pools and transports in a test (respx,
pytest-httpx, VCR.py) doesn't touch it.
"""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import httpcore
import httpx

from aktify_sandbox.await_future import await_future
from aktify_sandbox.testing.call import Call

if TYPE_CHECKING:
    from aktify_sandbox.server.thread import ServerThread

_IDLE_SECONDS = 5.0
"""As httpx has it."""

C = TypeVar("C", httpcore.HTTP11Connection, httpcore.AsyncHTTP11Connection)


class _Connections(Generic[C]):
    """To where: a sandbox in this process, or one elsewhere by its URL, whose connections are used again."""

    def __init__(self, sandbox: "ServerThread | str") -> None:
        self._url = httpcore.URL(sandbox) if isinstance(sandbox, str) else None
        self._thread = None if isinstance(sandbox, str) else sandbox
        self._used: set[C] = set()
        self._idle: list[C] = []

    def _asked(self, request: httpx.Request) -> httpcore.Request:
        url, to = request.url, self._url
        scheme, host, port = (to.scheme, to.host, to.port) if to else (url.raw_scheme, url.raw_host, url.port)
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )

    def _call(self) -> Call | None:
        """A request to a sandbox in this process."""
        if self._thread is None:
            return None
        try:
            return Call(self._thread)
        except ConnectionRefusedError as error:
            raise httpcore.ConnectError(str(error)) from error

    def _is_kept(self, connection: C) -> bool:
        """Whether a connection whose answer has been read is used again; else it is to be closed."""
        self._used.discard(connection)
        if self._url and connection.is_idle():
            self._idle.append(connection)
            return True
        return False


class Transport(_Connections[httpcore.HTTP11Connection], httpx.BaseTransport):
    """For `httpx.Client(transport=…)`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as over a socket."""
        asked = self._asked(request)
        with _as_httpx():
            connection = self._unused() or self._connected(asked)
            self._used.add(connection)
            try:
                answer = connection.handle_request(asked)
            except BaseException:
                self._end(connection)
                raise
        assert isinstance(answer.stream, Iterable)  # noqa: S101  the connection is a synchronous one
        return _answered(answer, _Stream(answer.stream, lambda: self._end(connection)))

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()
        for connection in [*self._used]:
            connection.close()

    def _unused(self) -> httpcore.HTTP11Connection | None:
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread was quicker
                connection = self._idle.pop()
                if not connection.has_expired():
                    return connection
                connection.close()
        return None

    def _connected(self, asked: httpcore.Request) -> httpcore.HTTP11Connection:
        call, origin = self._call(), asked.url.origin
        if call is not None:
            return httpcore.HTTP11Connection(origin, _Wire(call))
        seconds = asked.extensions.get("timeout", {}).get("connect")
        host = origin.host.decode("ascii")
        stream = httpcore.SyncBackend().connect_tcp(host, origin.port, seconds)
        if origin.scheme == b"https":
            stream = stream.start_tls(httpx.create_ssl_context(), host, seconds)
        return httpcore.HTTP11Connection(origin, stream, _IDLE_SECONDS)

    def _end(self, connection: httpcore.HTTP11Connection) -> None:
        if not self._is_kept(connection):
            connection.close()


class AsyncTransport(_Connections[httpcore.AsyncHTTP11Connection], httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=…)`, under asyncio and trio."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as over a socket."""
        asked = self._asked(request)
        with _as_httpx():
            connection = await self._unused() or await self._connected(asked)
            self._used.add(connection)
            try:
                answer = await connection.handle_async_request(asked)
            except BaseException:
                await self._end(connection)
                raise
        assert isinstance(answer.stream, AsyncIterable)  # noqa: S101  the connection is an asynchronous one
        return _answered(answer, _AsyncStream(answer.stream, lambda: self._end(connection)))

    async def aclose(self) -> None:
        """Close the connections."""
        while self._idle:
            await self._idle.pop().aclose()
        for connection in [*self._used]:
            await connection.aclose()

    async def _unused(self) -> httpcore.AsyncHTTP11Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _connected(self, asked: httpcore.Request) -> httpcore.AsyncHTTP11Connection:
        call, origin = self._call(), asked.url.origin
        if call is not None:
            return httpcore.AsyncHTTP11Connection(origin, _AsyncWire(call))
        seconds = asked.extensions.get("timeout", {}).get("connect")
        host = origin.host.decode("ascii")
        stream = await httpcore.AnyIOBackend().connect_tcp(host, origin.port, seconds)
        if origin.scheme == b"https":
            stream = await stream.start_tls(httpx.create_ssl_context(), host, seconds)
        return httpcore.AsyncHTTP11Connection(origin, stream, _IDLE_SECONDS)

    async def _end(self, connection: httpcore.AsyncHTTP11Connection) -> None:
        if not self._is_kept(connection):
            with anyio.CancelScope(shield=True):
                await connection.aclose()


# answers


def _answered(answer: httpcore.Response, stream: "_Stream | _AsyncStream") -> httpx.Response:
    return httpx.Response(
        answer.status, headers=answer.headers, stream=stream, extensions=dict(answer.extensions)
    )


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes], ended: Callable[[], None]) -> None:
        self._stream, self._ended = stream, ended

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        own: Any = self._stream
        own.close()
        self._ended()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterable[bytes], ended: Callable[[], Awaitable[None]]) -> None:
        self._stream, self._ended = stream, ended

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        own: Any = self._stream
        await own.aclose()
        await self._ended()


@contextlib.contextmanager
def _as_httpx() -> Generator[None, None, None]:
    """Turns exceptions of httpcore into those of httpx with the same name."""
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


# without a socket


def _send(call: Call, buffer: bytes) -> None:
    try:
        call.send(buffer)
    except BrokenPipeError as error:
        raise httpcore.WriteError(str(error)) from error
    except ConnectionRefusedError as error:
        raise httpcore.ConnectError(str(error)) from error


class _Wire(httpcore.NetworkStream):
    def __init__(self, call: Call) -> None:
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  h11 takes any number
        try:
            return self._call.taken(self._call.answer.result(timeout))
        except TimeoutError as error:
            raise httpcore.ReadTimeout("timed out") from error
        except ConnectionResetError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  nothing ever waits
        _send(self._call, buffer)

    def close(self) -> None:
        self._call.close()


class _AsyncWire(httpcore.AsyncNetworkStream):
    def __init__(self, call: Call) -> None:
        self._call = call

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109  httpcore says so
        try:
            with anyio.fail_after(timeout):
                return self._call.taken(await await_future(self._call.answer))
        except TimeoutError as error:
            raise httpcore.ReadTimeout("") from error
        except ConnectionResetError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  httpcore says so; nothing waits
        _send(self._call, buffer)

    async def aclose(self) -> None:
        self._call.close()
