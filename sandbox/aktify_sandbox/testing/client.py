"""Our door, as Python code asks at it: of a sandbox in this process, or of one that runs elsewhere."""

import contextlib
import re
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from aktify_sandbox.errors import NoSandbox, SandboxMistake
from aktify_sandbox.exchange import Request
from aktify_sandbox.greenlets import monkey_patched_by
from aktify_sandbox.originals import asyncio, json, os, threading
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.testing.await_future import await_future
from aktify_sandbox.testing.call import ask
from aktify_sandbox.testing.connection import Answer, Broken, Connection
from aktify_sandbox.testing.tracebacks import hide_traceback

__tracebackhide__ = hide_traceback

_LOOK_SECONDS = 1
_PATIENCE = 30
_JSON = "application/json"

Query = Mapping[str, Any]


class Question(NamedTuple):
    """A request to our door."""

    method: str
    path: str
    """Behind `/_sandbox`."""
    content: Any = None
    query: Query = MappingProxyType({})
    """Those that are None are left out."""
    accept: str = _JSON
    seconds: float = 0
    """How long the answer may wait for something."""

    @property
    def patience(self) -> float:
        """How long to wait for the answer."""
        return _PATIENCE + self.seconds

    @property
    def target(self) -> str:
        """Path and query."""
        given = {name: value for name, value in self.query.items() if value is not None}
        return f"/_sandbox{self.path}" + (f"?{urlencode(given)}" if given else "")

    @property
    def body(self) -> bytes:
        """The content in JSON."""
        return b"" if self.content is None else json.dumps(self.content).encode()

    def headers(self, host: bytes, token: str | None) -> list[tuple[bytes, bytes]]:
        """Those of the request."""
        headers = [(b"host", host), (b"accept", self.accept.encode())]
        if self.content is not None:
            headers += [(b"content-type", _JSON.encode()), (b"content-length", b"%d" % len(self.body))]
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        return headers

    def as_http(self, host: bytes, token: str | None) -> bytes:
        """As it goes over a connection."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode()]
        lines += [b"%b: %b" % header for header in self.headers(host, token)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class Reply(NamedTuple):
    """An answer of our door."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Its content."""
        return json.loads(self.body)


class Door(Protocol):
    """Where to ask."""

    url: str

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `NoSandbox`."""

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""

    def close(self) -> None:
        """Ask no more."""


class Inside:
    """The door of a sandbox in this process: no socket, no HTTP."""

    def __init__(self, thread: ServerThread) -> None:
        self.thread = thread
        self.url = thread.url

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `SandboxDied`."""
        future = self._ask(question)
        while True:
            try:
                return future.result(_LOOK_SECONDS)
            except TimeoutError:
                self.thread.check()
            except BaseException:
                future.cancel()
                raise

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""
        return await await_future(self._ask(question))

    def close(self) -> None:
        """Nothing is open."""

    def _ask(self, question: Question) -> "Future[Reply]":
        self.thread.check()
        asked = _call(self.thread, question)
        try:
            assert self.thread.loop is not None  # noqa: S101  it has run
            return asyncio.run_coroutine_threadsafe(asked, self.thread.loop)
        except RuntimeError:  # its loop is closed
            asked.close()
            raise NoSandbox("The sandbox has stopped.") from None


async def _call(thread: ServerThread, question: Question) -> Reply:
    """One request to the admin API, by ASGI. Its answer is waited for as long as the question says."""
    path, _, query = question.target.partition("?")
    headers = question.headers(b"localhost", thread.settings.token)
    request = Request(question.method, path, headers, question.body, query.encode())
    status, body, gone = 500, bytearray(), asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    asking = asyncio.ensure_future(ask(thread, request, gone, send))
    try:
        await asyncio.wait([asking], timeout=question.patience)
    except asyncio.CancelledError:
        asking.cancel()
        raise
    gone.set()
    await asking
    return Reply(status, bytes(body))


class Outside:
    """The door of a sandbox that runs elsewhere."""

    def __init__(self, url: str, token: str | None = None, advice: str = "") -> None:
        """`advice` is what to do when no sandbox answers. Raises `SandboxMistake`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # a port that is none
            parts, port = urlsplit(""), None
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.path.strip("/")
            or parts.username
        ):
            raise SandboxMistake(f"{url} isn't a sandbox's address: write it as http://127.0.0.1:8509.")
        if token and not re.fullmatch("[!-~]+", token):
            raise SandboxMistake("The token is visible ASCII characters, no spaces or line breaks.")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._host, self._encrypted = parts.hostname, parts.scheme == "https"
        self._port = port or (443 if self._encrypted else 80)
        self._named = parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii")
        self._token = token
        self._advice = advice or "Is `aktify-sandbox serve` running there?"
        self._idle: list[Connection] = []
        self._process = os.getpid()

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `NoSandbox`."""
        try:
            connection = self._unused() or self._connection()
            answer = self._answer(connection, question)
        except Broken as error:
            raise self._nobody(error) from None
        if answer.leaves_open:
            self._idle.append(connection)
        else:
            connection.close()
        return self._reply(answer)

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""
        if monkey_patched_by():  # its sockets let others go on, and its threads would be none
            return self.ask(question)
        asked: Future[Reply] = Future()
        held: list[Connection] = []

        def work() -> None:
            try:
                held.append(self._connection())
                asked.set_result(self._reply(self._answer(held[0], question)))
            except Broken as error:
                _fail(asked, self._nobody(error))
            except BaseException as error:
                _fail(asked, error)

        threading.Thread(target=work, name="aktify-sandbox asks", daemon=True).start()
        try:
            return await await_future(asked)
        finally:
            for connection in held:
                connection.close()

    def close(self) -> None:
        """Ask no more."""
        while self._idle:
            self._idle.pop().close()

    def _unused(self) -> Connection | None:
        """An open connection; of several threads each takes its own, and a fork leaves its parent's alone."""
        if self._process != os.getpid():
            self._idle, self._process = [], os.getpid()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread was quicker
                connection = self._idle.pop()
                if connection.is_fresh:
                    return connection
                connection.close()
        return None

    def _connection(self) -> Connection:
        return Connection(self._host, self._port, encrypted=self._encrypted, seconds=_PATIENCE)

    def _answer(self, connection: Connection, question: Question) -> Answer:
        try:
            return connection.ask(question.as_http(self._named, self._token), question.patience)
        except BaseException:
            connection.close()
            raise

    def _nobody(self, error: Exception) -> NoSandbox:
        return NoSandbox(f"No sandbox answers at {self.url} ({error}). {self._advice}")

    def _reply(self, answer: Answer) -> Reply:
        ours = answer.headers.get("content-type", "").startswith(("application/", "text/plain"))
        if 300 <= answer.status < 400 or not (ours or answer.status == 204):
            raise NoSandbox(f"What answers at {self.url} isn't a sandbox. {self._advice}")
        return Reply(answer.status, answer.body)


def _fail(asked: "Future[Reply]", error: BaseException) -> None:
    with contextlib.suppress(InvalidStateError):  # nobody waits any more
        asked.set_exception(error)
